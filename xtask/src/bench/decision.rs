//! Whether a change made something slower: pure arithmetic. A claim is made only where the spreads do not overlap; on a noisy
//! machine two medians always differ.

use super::spread::Spread;

/// What can be said of two measurements of one cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    /// Costs more than the limit allows: every value is above every earlier one.
    Worse,
    /// Costs less by as much, as surely.
    Better,
    /// The medians differ by less than the limit.
    Within,
    /// The medians differ by more, and the spreads overlap.
    NotDecided,
}

impl Decision {
    /// `limit` is the ratio of the medians from which on a difference matters, above 1.
    pub(super) fn of(before: &Spread, after: &Spread, limit: f64) -> Self {
        let ratio = after.median / before.median;
        if ratio > limit {
            if before.is_below(after) { Self::Worse } else { Self::NotDecided }
        } else if ratio < 1.0 / limit {
            if after.is_below(before) { Self::Better } else { Self::NotDecided }
        } else {
            Self::Within
        }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Worse => "WORSE",
            Self::Better => "better",
            Self::Within => "within the limit",
            Self::NotDecided => "not decided",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(before: [f64; 3], after: [f64; 3], limit: f64) -> Decision {
        Decision::of(&Spread::of(before).unwrap(), &Spread::of(after).unwrap(), limit)
    }

    #[test]
    fn what_is_slower_by_more_than_the_limit_is_worse() {
        assert_eq!(decide([1.0, 1.01, 1.02], [1.09, 1.1, 1.2], 1.05), Decision::Worse);
        assert_eq!(decide([1.09, 1.1, 1.2], [1.0, 1.01, 1.02], 1.05), Decision::Better);
    }

    #[test]
    fn where_spreads_overlap_nothing_is_decided() {
        assert_eq!(decide([1.0, 1.01, 1.1], [1.09, 1.1, 1.2], 1.05), Decision::NotDecided);
        assert_eq!(decide([0.5, 2.0, 3.0], [0.6, 1.0, 3.1], 1.05), Decision::NotDecided);
        // They touch.
        assert_eq!(decide([1.0, 1.0, 1.0], [1.0, 3.0, 3.0], 2.0), Decision::NotDecided);
    }

    #[test]
    fn a_small_difference_is_none_however_sure() {
        assert_eq!(decide([1.0, 1.0, 1.0], [1.04, 1.04, 1.04], 1.05), Decision::Within);
        assert_eq!(decide([1.0, 1.0, 1.0], [1.15, 1.19, 1.2], 1.2), Decision::Within);
    }
}
