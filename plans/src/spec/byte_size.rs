//! Sizes in bytes: "4MiB", "128 MiB", "64kB". Owns the units.

use super::reader::{Node, Reader};

/// Units, the longest first where one ends another. 1024 for the binary ones, 1000 for the decimal ones (IEC 80000-13).
const UNITS: [(&str, u64); 7] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("B", 1),
];

/// Bytes of a text such as "4MiB"; none where it is no size.
pub(crate) fn parse(text: &str) -> Option<u64> {
    let (digits, factor) = UNITS.iter().find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, *factor)))?;
    let digits = digits.trim_end();
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

/// A size from `min` to `max` bytes.
pub(crate) fn read(reader: &mut Reader<'_>, key: &str, node: &Node<'_>, min: u64, max: u64) -> Option<u64> {
    let text = reader.text(key, node)?;
    let Some(bytes) = parse(&text.value) else {
        let advice = "a whole number and a unit: B, KiB, MiB, GiB, kB, MB or GB, as in \"4MiB\"".to_owned();
        reader.wrong(text.place, format!("`{key}`: \"{}\" is not a size", text.shown), Some(advice));
        return None;
    };
    if !(min..=max).contains(&bytes) {
        reader.wrong(
            text.place,
            format!("`{key}` must be from {} to {}", crate::figures::bytes(min), crate::figures::bytes(max)),
            None,
        );
        return None;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn sizes() {
        assert_eq!(parse("4MiB"), Some(4 << 20));
        assert_eq!(parse("64 kB"), Some(64_000));
        assert_eq!(parse("7B"), Some(7));
        for bad in ["", "4", "MiB", "4mib", "-4MiB", "+4MiB", "4.5MiB", "99999999999GiB", "4MiBB"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
