//! Numbers for people: thousands with commas, bytes in binary units. Owns no rounding of anything that is decided.

/// "1,234,000".
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// "120 MiB", "1.5 GiB", "108 B": one decimal below ten of a unit, where it is not zero.
pub fn bytes(value: u64) -> String {
    const UNITS: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let (mut unit, mut scale) = (0, 1_u64);
    while unit + 1 < UNITS.len() && value / scale >= 1024 {
        (unit, scale) = (unit + 1, scale << 10);
    }
    let (whole, tenths) = (value / scale, (value % scale) * 10 / scale.max(1));
    if whole < 10 && tenths > 0 {
        format!("{whole}.{tenths} {}", UNITS[unit])
    } else {
        format!("{} {}", count(whole), UNITS[unit])
    }
}

/// "1 row", "3 rows".
pub fn plural(value: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(value), if value == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!((plural(1, "row", "rows"), plural(2, "row", "rows")), ("1 row".into(), "2 rows".into()));
    }

    #[test]
    fn sizes() {
        assert_eq!([0, 108, 1024, 1536, 120 << 20].map(bytes), ["0 B", "108 B", "1 KiB", "1.5 KiB", "120 MiB"]);
        assert_eq!(bytes(u64::MAX), "15 EiB");
    }
}
