//! `timeout` and its like: "90s", "30m", "1h". Owns the units.

use super::reader::{Node, Reader};

const UNITS: [(&str, u64); 4] = [("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400)];

/// Seconds of a text such as "30m"; none where it is no duration.
pub fn parse(text: &str) -> Option<u64> {
    let (digits, factor) = UNITS.iter().find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, *factor)))?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

/// A duration from `min` to `max` seconds.
pub(crate) fn read(reader: &mut Reader<'_>, key: &str, node: &Node<'_>, min: u64, max: u64) -> Option<u64> {
    let text = reader.text(key, node)?;
    let Some(secs) = parse(&text.value) else {
        let advice = "a whole number and a unit: s, m, h or d, as in \"30m\"".to_owned();
        reader.wrong(text.place, format!("`{key}`: \"{}\" is not a duration", text.shown), Some(advice));
        return None;
    };
    if !(min..=max).contains(&secs) {
        reader.wrong(text.place, format!("`{key}` must be from {} to {}", shown(min), shown(max)), None);
        return None;
    }
    Some(secs)
}

/// Seconds as the file would have them: in the largest unit that divides them.
fn shown(secs: u64) -> String {
    let (unit, factor) = UNITS.iter().rfind(|(_, factor)| secs.is_multiple_of(*factor)).unwrap_or(&UNITS[0]);
    format!("{}{unit}", secs / factor)
}

#[cfg(test)]
mod tests {
    use super::{parse, shown};

    #[test]
    fn bounds() {
        assert_eq!([1, 90, 120, 7_200, 2_592_000].map(shown), ["1s", "90s", "2m", "2h", "30d"]);
    }

    #[test]
    fn durations() {
        assert_eq!(parse("1h"), Some(3_600));
        assert_eq!(parse("90s"), Some(90));
        for bad in ["", "1", "h", "1.5h", "-1h", "1 hour", "99999999999999999999d"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
