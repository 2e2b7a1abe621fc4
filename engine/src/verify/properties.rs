//! The search for rows that differ, over random tables in memory.

use super::bisect::Bisection;
use crate::{
    Differences, EngineError, Keys,
    host::{Checksum, Key, KeyRange, KeyedRow, Rows},
};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Rows by key, as an end that puts keys in the order of their text; it counts what it was asked.
#[derive(Debug, Clone, Default)]
struct Table {
    rows: Vec<(String, i64)>,
    asked: u32,
}

impl Table {
    fn of(mut rows: Vec<(String, i64)>) -> Self {
        rows.sort();
        Self { rows, asked: 0 }
    }

    fn within(&self, range: &KeyRange) -> &[(String, i64)] {
        let is_before = |key: &String| range.after.as_ref().is_some_and(|after| *key <= after[0]);
        let is_within = |key: &String| range.up_to.as_ref().is_none_or(|up_to| *key <= up_to[0]);
        let from = self.rows.partition_point(|(key, _)| is_before(key));
        let to = self.rows.partition_point(|(key, _)| is_within(key));
        &self.rows[from..to.max(from)]
    }
}

impl Rows for Table {
    async fn summaries(&mut self, range: &KeyRange, cuts: &[Key]) -> Result<Vec<Checksum>, EngineError> {
        self.asked += 1;
        let mut sums = vec![Checksum::default(); cuts.len() + 1];
        for (key, hash) in self.within(range) {
            let part = cuts.iter().position(|cut| *key <= cut[0]).unwrap_or(cuts.len());
            sums[part].rows += 1;
            // A hash of key and value, as a row's would be.
            let mixed = key.bytes().fold(*hash, |sum, byte| sum.wrapping_mul(0x100_0193) ^ i64::from(byte));
            sums[part].sum += i128::from(mixed);
        }
        Ok(sums)
    }

    async fn cuts(&mut self, range: &KeyRange, rows: u64, parts: u32) -> Result<Vec<Key>, EngineError> {
        let step = usize::try_from(rows.div_ceil(u64::from(parts)).max(1)).unwrap();
        let found = self.within(range);
        assert_eq!(found.len() as u64, rows, "a range is cut by the end that has so many rows");
        Ok((step..found.len()).step_by(step).map(|at| vec![found[at - 1].0.clone()]).collect())
    }

    async fn keyed_rows(&mut self, range: &KeyRange, max: u32) -> Result<Vec<KeyedRow>, EngineError> {
        let rows = self.within(range).iter().take(max as usize);
        Ok(rows.map(|(key, hash)| KeyedRow { key: vec![key.clone()], hash: hash.to_string() }).collect())
    }
}

fn search(source: &Table, destination: &Table, keys_max: usize, keeps: bool) -> (Differences, u32) {
    let (mut source, mut destination) = (source.clone(), destination.clone());
    let mut bisection = Bisection::new(&mut source, &mut destination, keys_max, keeps);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(bisection.run()).unwrap();
    let found = bisection.found;
    (found, source.asked)
}

/// What differs, found by looking at every row.
fn by_hand(source: &Table, destination: &Table) -> [BTreeMap<String, u64>; 3] {
    let mut keys: BTreeMap<&String, [Vec<i64>; 2]> = BTreeMap::new();
    for (side, table) in [source, destination].into_iter().enumerate() {
        for (key, hash) in &table.rows {
            keys.entry(key).or_default()[side].push(*hash);
        }
    }
    let mut found = [BTreeMap::new(), BTreeMap::new(), BTreeMap::new()];
    for (key, [ours, mut theirs]) in keys {
        let mut missing = 0;
        for hash in ours {
            match theirs.iter().position(|other| *other == hash) {
                Some(at) => drop(theirs.remove(at)),
                None => missing += 1,
            }
        }
        let changed = missing.min(theirs.len() as u64);
        for (kind, count) in [missing - changed, changed, theirs.len() as u64 - changed].into_iter().enumerate() {
            if count > 0 {
                found[kind].insert(key.clone(), count);
            }
        }
    }
    found
}

fn name(number: u32) -> String {
    format!("{number:06}")
}

/// A table, and what was done to a copy of it: rows taken away, added, changed; some keys come twice.
fn tables() -> impl Strategy<Value = (Table, Table)> {
    let change = (0..9_000_u32, 0..4_u8);
    (0..9_000_u32, prop::collection::vec(change, 0..30), any::<bool>()).prop_map(|(rows, changes, twice)| {
        let mut all: Vec<(String, i64)> = (0..rows).map(|at| (name(at), i64::from(at))).collect();
        if twice {
            all.extend((0..rows).step_by(7).map(|at| (name(at), -1)));
        }
        let mut changed = all.clone();
        for (at, what) in changes {
            let index = (!changed.is_empty()).then(|| at as usize % changed.len());
            match (what, index) {
                (0, Some(index)) => drop(changed.swap_remove(index)),
                (1, Some(index)) => changed[index].1 = -2,
                (2, Some(index)) => changed.push(changed[index].clone()),
                _ => changed.push((name(at + 4_000), -3)),
            }
        }
        (Table::of(all), Table::of(changed))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// P1: every row that differs is found, as what it is, and no other; the first keys are named in their order.
    #[test]
    fn what_differs_is_found((source, destination) in tables(), keys_max in 0..40_usize) {
        let (found, _) = search(&source, &destination, keys_max, false);
        let wanted = by_hand(&source, &destination);
        prop_assert_eq!(found.unlocated, None);
        for (found, wanted) in [found.missing, found.changed, found.surplus].into_iter().zip(wanted) {
            prop_assert_eq!(found.rows, wanted.values().sum::<u64>());
            let first: Vec<Key> = wanted.into_keys().map(|key| vec![key]).collect();
            let named = first.len().min(keys_max);
            // A range of one end alone names a key once for each of its rows.
            let mut distinct = found.first.clone();
            distinct.dedup();
            prop_assert_eq!(&distinct[..], &first[..distinct.len().min(named)], "not the first ones");
            prop_assert!(found.first.len() <= keys_max, "too many");
            prop_assert!(distinct.len() == named || found.first.len() == keys_max, "too few");
        }
    }
}

fn filled(rows: std::ops::Range<u32>, hash: i64) -> Table {
    Table::of(rows.map(|at| (name(at), hash)).collect())
}

/// A table is not fetched for one row that differs: it is summed, cut twice, and the rows of one part are told apart.
#[test]
fn one_row_takes_few_questions() {
    let (source, mut destination) = (filled(0..100_000, 1), filled(0..100_000, 1));
    destination.rows[12_345].1 = 2;
    let (found, asked) = search(&source, &destination, 10, false);
    assert_eq!(found.changed, Keys { rows: 1, first: vec![vec![name(12_345)]] });
    assert_eq!((found.missing.rows, found.surplus.rows, found.unlocated, asked), (0, 0, None, 3));
}

/// Where everything differs the search ends, and says among how many rows there is more.
#[test]
fn where_all_differs_the_search_is_bounded() {
    let (source, destination) = (filled(0..250_000, 1), filled(0..250_000, 2));
    let (found, asked) = search(&source, &destination, 10, false);
    assert_eq!(found.changed.first.len(), 10);
    let more = found.unlocated.unwrap();
    assert_eq!((more.source_rows, more.destination_rows), (250_000 - found.changed.rows, 250_000 - found.changed.rows));
    assert!(asked <= 201, "{asked}");
}

/// An end without rows is counted, not searched; rows that may stay do not end a search.
#[test]
fn rows_of_one_end_are_counted() {
    let (source, none) = (filled(0..100_000, 1), Table::default());
    let (found, asked) = search(&source, &none, 2, false);
    assert_eq!((found.missing.rows, found.missing.first, asked), (100_000, vec![vec![name(0)], vec![name(1)]], 1));
    let odd = Table::of((0..100_000).step_by(2).map(|at| (name(at), 1)).collect());
    let (found, _) = search(&odd, &filled(0..100_000, 1), 1, true);
    assert_eq!((found.missing.rows, found.changed.rows, found.surplus.rows, found.unlocated), (0, 0, 50_000, None));
}

/// Rows of one key that nothing tells apart are passed over, and said to be.
#[test]
fn one_key_of_many_rows_ends_the_search() {
    let same = |hash: i64| Table::of((0..5_000_i64).map(|at| ("k".to_owned(), at * hash)).collect());
    let (found, _) = search(&same(1), &same(2), 10, false);
    assert_eq!(found.unlocated.map(|rows| (rows.source_rows, rows.destination_rows)), Some((5_000, 5_000)));
}
