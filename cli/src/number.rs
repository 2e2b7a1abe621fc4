//! Times and rates as people read them; counts and sizes are in `plans`, whose plans show them too.

use std::time::Duration;

/// "0.42 s", "12.3 s", "4 min 07 s", "2 h 05 min".
pub(crate) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..10 => format!("{:.2} s", duration.as_secs_f64()),
        10..60 => format!("{:.1} s", duration.as_secs_f64()),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60),
    }
}

/// How many a second, whole; 0 where no time passed.
pub(crate) fn per_second(number: u64, duration: Duration) -> u64 {
    let millis = duration.as_millis();
    if millis == 0 {
        return 0;
    }
    u64::try_from(u128::from(number) * 1000 / millis).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_take_the_unit_that_fits() {
        let shown: Vec<String> =
            [0, 420, 12_340, 247_000, 7_500_000].into_iter().map(|ms| duration(Duration::from_millis(ms))).collect();
        assert_eq!(shown, ["0.00 s", "0.42 s", "12.3 s", "4 min 07 s", "2 h 05 min"]);
    }

    #[test]
    fn a_rate_needs_time() {
        assert_eq!(per_second(1000, Duration::from_millis(500)), 2000);
        assert_eq!(per_second(1000, Duration::ZERO), 0);
    }
}
