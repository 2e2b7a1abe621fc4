//! Finds the rows of a batch that are refused, by halving it: a loader is asked to load parts until each row that is refused
//! stands alone. Pure but for the loader; owns the order and the number of the loads.

use std::ops::Range;

/// What loads parts of one batch.
pub trait Loader {
    /// Why rows are refused.
    type Refusal;
    /// What ends it all.
    type Error;

    /// Loads these rows, all or none of them; why they are refused, where they are. Parts come in the order of the batch,
    /// and no row comes again once it was loaded or set aside.
    ///
    /// # Errors
    /// What is not the fault of a row.
    fn load(&mut self, rows: Range<usize>) -> Result<Option<Self::Refusal>, Self::Error>;

    /// This one row was refused, by itself.
    ///
    /// # Errors
    /// There must not be so many.
    fn set_aside(&mut self, row: usize, refusal: Self::Refusal) -> Result<(), Self::Error>;
}

/// Loads all rows of a batch but those that are refused alone. Of `n` rows each refused one takes 2 · ⌈log₂ n⌉ loads at most
/// besides the first, which is of the whole batch; about half of these are refused.
///
/// # Errors
/// The loader's.
pub fn load<L: Loader>(loader: &mut L, rows: usize) -> Result<(), L::Error> {
    if rows > 0 {
        part(loader, 0..rows, false)?;
    }
    Ok(())
}

/// True where the part was loaded as a whole. `is_refused`: it was, or its other half tells that it would be. That guess may
/// be wrong where rows are refused for each other's sake; a row is set aside only when it was refused alone.
fn part<L: Loader>(loader: &mut L, rows: Range<usize>, is_refused: bool) -> Result<bool, L::Error> {
    if rows.len() == 1 || !is_refused {
        match loader.load(rows.clone())? {
            None => return Ok(true),
            Some(refusal) if rows.len() == 1 => {
                loader.set_aside(rows.start, refusal)?;
                return Ok(false);
            }
            Some(_) => {}
        }
    }
    let middle = rows.start + rows.len() / 2;
    let first_half = part(loader, rows.start..middle, false)?;
    part(loader, middle..rows.end, first_half)?;
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection::btree_set, prelude::*};
    use std::collections::BTreeSet;

    /// Refuses whatever holds a bad row, and notes what is asked of it.
    #[derive(Default)]
    struct Table {
        bad: BTreeSet<usize>,
        loaded: Vec<usize>,
        aside: BTreeSet<usize>,
        aside_max: Option<usize>,
        loads: usize,
        refused: usize,
    }

    impl Loader for Table {
        type Refusal = usize;
        type Error = &'static str;

        fn load(&mut self, rows: Range<usize>) -> Result<Option<usize>, &'static str> {
            assert!(!rows.is_empty());
            self.loads += 1;
            let first = self.bad.range(rows.clone()).next().copied();
            if first.is_some() {
                self.refused += 1;
            } else {
                self.loaded.extend(rows);
            }
            Ok(first)
        }

        fn set_aside(&mut self, row: usize, refusal: usize) -> Result<(), &'static str> {
            assert_eq!(row, refusal);
            assert!(self.aside.insert(row));
            if self.aside_max.is_some_and(|max| self.aside.len() > max) { Err("too many") } else { Ok(()) }
        }
    }

    proptest! {
        /// P1: exactly the bad rows are set aside, all others are loaded, once and in their order.
        /// P2: each bad row takes at most 2 · ⌈log₂ n⌉ loads besides the first one, and at most ⌈log₂ n⌉ + 1 are refused.
        #[test]
        fn bad_rows_are_found((rows, bad) in (1..3_000_usize).prop_flat_map(|rows| (Just(rows), btree_set(0..rows, 0..20)))) {
            let mut table = Table { bad: bad.clone(), ..Table::default() };
            load(&mut table, rows).unwrap();
            prop_assert_eq!(&table.aside, &bad);
            prop_assert_eq!(table.loaded, (0..rows).filter(|row| !bad.contains(row)).collect::<Vec<_>>());
            let depth = rows.next_power_of_two().trailing_zeros() as usize;
            prop_assert!(table.loads <= 1 + bad.len() * 2 * depth, "{} loads of {rows} rows", table.loads);
            prop_assert!(table.refused <= bad.len() * (depth + 1), "{} of them refused", table.refused);
        }

        /// P3: whatever rows are refused for each other's sake, each row is loaded or set aside, once, and what is refused
        /// only beside another row is not set aside.
        #[test]
        fn quarrelling_rows_are_kept(rows in 2..500_usize, seed in any::<u64>()) {
            struct Quarrel { pair: (usize, usize), loaded: Vec<usize> }
            impl Loader for Quarrel {
                type Refusal = ();
                type Error = &'static str;
                fn load(&mut self, rows: Range<usize>) -> Result<Option<()>, &'static str> {
                    let both = rows.contains(&self.pair.0) && rows.contains(&self.pair.1);
                    if !both { self.loaded.extend(rows); }
                    Ok(both.then_some(()))
                }
                fn set_aside(&mut self, _: usize, (): ()) -> Result<(), &'static str> { Err("it was not refused alone") }
            }
            let first = usize::try_from(seed % (rows as u64 - 1)).unwrap();
            let second = first + 1 + usize::try_from((seed >> 32) % (rows - first - 1) as u64).unwrap();
            let mut quarrel = Quarrel { pair: (first, second), loaded: Vec::new() };
            prop_assert_eq!(load(&mut quarrel, rows), Ok(()));
            prop_assert_eq!(quarrel.loaded, (0..rows).collect::<Vec<_>>());
        }
    }

    #[test]
    fn one_row_too_many_ends_it() {
        let mut table = Table { bad: (0..100).collect(), aside_max: Some(2), ..Table::default() };
        assert_eq!(load(&mut table, 100), Err("too many"));
        assert_eq!(table.aside.len(), 3);
        assert!(table.loads < 20, "{}", table.loads);
    }

    /// What the first half tells of the second is not asked again.
    #[test]
    fn a_bad_row_at_the_end_is_found_by_good_loads() {
        for (bad, loads, refused) in [(1023, 12, 2), (0, 21, 11)] {
            let mut table = Table { bad: [bad].into(), ..Table::default() };
            assert_eq!(load(&mut table, 1024), Ok(()));
            assert_eq!((table.loads, table.refused), (loads, refused), "{bad}");
        }
    }

    #[test]
    fn an_empty_batch_is_not_loaded() {
        let mut table = Table::default();
        assert_eq!(load(&mut table, 0), Ok(()));
        assert_eq!(table.loads, 0);
    }
}
