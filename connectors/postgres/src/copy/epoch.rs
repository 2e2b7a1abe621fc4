//! PostgreSQL counts days and microseconds from 2000-01-01, Arrow from 1970-01-01; and the ends of PostgreSQL's integers
//! are -infinity and infinity.
//!
//! The shift is a permutation of all integers, so that every value survives: the ends stay where they are; all others are
//! shifted with wrapping (timestamps after the year 294246 do not fit Arrow's range otherwise); and the two values that
//! would be shifted onto an end take the places that the ends left free.

/// Days from 1970-01-01 to 2000-01-01.
const DAYS: i32 = 10_957;
/// Microseconds from 1970-01-01 to 2000-01-01.
const MICROSECONDS: i64 = DAYS as i64 * 86_400_000_000;

macro_rules! shift {
    ($name:ident, $type:ty, $by:expr) => {
        #[inline]
        pub(crate) const fn $name(value: $type) -> $type {
            const MIN: $type = <$type>::MIN;
            const MAX: $type = <$type>::MAX;
            match (value, value.wrapping_add($by)) {
                (MIN | MAX, _) => value,
                (_, MIN) => MIN.wrapping_add($by),
                (_, MAX) => MAX.wrapping_add($by),
                (_, shifted) => shifted,
            }
        }
    };
}

shift!(date_to_arrow, i32, DAYS);
shift!(date_from_arrow, i32, -DAYS);
shift!(timestamp_to_arrow, i64, MICROSECONDS);
shift!(timestamp_from_arrow, i64, -MICROSECONDS);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Values at and around each place where the shift changes its rule.
    const SEAMS: [i64; 4] = [i64::MIN, i64::MIN.wrapping_sub(MICROSECONDS), i64::MAX, i64::MAX - MICROSECONDS];

    #[test]
    fn seams_survive() {
        for value in SEAMS.iter().flat_map(|seam| (-3..=3).map(|step| seam.wrapping_add(step))) {
            assert_eq!(timestamp_from_arrow(timestamp_to_arrow(value)), value);
            assert_eq!(timestamp_to_arrow(timestamp_from_arrow(value)), value);
        }
        for value in [i32::MIN, i32::MIN.wrapping_sub(DAYS), i32::MAX, i32::MAX - DAYS] {
            for value in (-3..=3).map(|step| value.wrapping_add(step)) {
                assert_eq!(date_from_arrow(date_to_arrow(value)), value);
                assert_eq!(date_to_arrow(date_from_arrow(value)), value);
            }
        }
    }

    #[test]
    fn known_days() {
        assert_eq!(date_to_arrow(0), 10_957);
        assert_eq!(timestamp_to_arrow(0), 946_684_800_000_000);
        assert_eq!((date_to_arrow(i32::MAX), timestamp_to_arrow(i64::MIN)), (i32::MAX, i64::MIN));
    }

    proptest! {
        /// The shift is a permutation.
        #[test]
        fn all_survive(date: i32, timestamp: i64) {
            prop_assert_eq!(date_from_arrow(date_to_arrow(date)), date);
            prop_assert_eq!(timestamp_from_arrow(timestamp_to_arrow(timestamp)), timestamp);
        }
    }
}
