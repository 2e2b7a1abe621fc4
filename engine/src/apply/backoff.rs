//! How long one waits before an attempt is repeated.

use std::{
    hash::{BuildHasher as _, RandomState},
    time::Duration,
};

/// The first pause, doubled for each further one: a server that restarts takes some seconds.
const FIRST: Duration = Duration::from_millis(500);
/// The longest: afterwards waiting longer mends nothing.
const LONGEST: Duration = Duration::from_secs(10);

/// The pause after so many repetitions.
pub(super) fn pause(repeated: u32) -> Duration {
    // Its keys are random.
    let random = RandomState::new().hash_one(repeated) >> 48;
    jittered(repeated, u16::try_from(random).unwrap_or(u16::MAX))
}

/// Between half of the doubled pause and all of it: runs that one cause has broken do not come back all at once.
fn jittered(repeated: u32, random: u16) -> Duration {
    let whole = FIRST.saturating_mul(1 << repeated.min(8)).min(LONGEST);
    whole / 2 + whole / 2 * u32::from(random) / u32::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_at_random_up_to_the_doubled_one() {
        let all = |random| (0..7).map(|repeated| jittered(repeated, random).as_millis()).collect::<Vec<_>>();
        assert_eq!(all(u16::MAX), [500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
        assert_eq!(all(0), [250, 500, 1_000, 2_000, 4_000, 5_000, 5_000]);
        assert_eq!(jittered(u32::MAX, u16::MAX), LONGEST);
        let halves = [0, 1, 2].map(|third| jittered(0, third * (u16::MAX / 3)).as_millis());
        assert_eq!(halves, [250, 333, 416]);
    }
}
