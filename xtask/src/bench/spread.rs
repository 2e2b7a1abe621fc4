//! Medians and spreads. Pure arithmetic: no opinion of what is good.

/// Of some measured values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Spread {
    pub(super) least: f64,
    pub(super) median: f64,
    pub(super) most: f64,
}

impl Spread {
    /// None where there is nothing; of an even number the median is between the two middle ones.
    pub(super) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let (least, most) = (*values.first()?, *values.last()?);
        let (low, high) = (values[(values.len() - 1) / 2], values[values.len() / 2]);
        Some(Self { least, median: f64::midpoint(low, high), most })
    }

    /// Whether every value of this one is below every value of the other.
    pub(super) fn is_below(&self, other: &Self) -> bool {
        self.most < other.least
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(least: f64, median: f64, most: f64) -> Spread {
        Spread { least, median, most }
    }

    #[test]
    fn a_spread_is_of_the_sorted_values() {
        assert_eq!(Spread::of([3.0, 1.0, 2.0]), Some(spread(1.0, 2.0, 3.0)));
        assert_eq!(Spread::of([4.0, 1.0, 2.0, 8.0]), Some(spread(1.0, 3.0, 8.0)));
        assert_eq!(Spread::of([]), None);
    }

    #[test]
    fn spreads_that_touch_are_not_apart() {
        assert!(spread(1.0, 2.0, 3.0).is_below(&spread(3.1, 4.0, 5.0)));
        assert!(!spread(1.0, 2.0, 3.0).is_below(&spread(3.0, 4.0, 5.0)));
        assert!(!spread(3.1, 4.0, 5.0).is_below(&spread(1.0, 2.0, 3.0)));
    }
}
