//! Ranges of keys and what two small lists of rows have in common. Pure.

use crate::{
    Keys,
    host::{Key, KeyRange, KeyedRow},
};
use std::collections::{BTreeMap, BTreeSet};

/// The parts of a range that is cut at these keys, in their order.
pub(super) fn parts(range: &KeyRange, cuts: &[Key]) -> Vec<KeyRange> {
    let starts = std::iter::once(range.after.clone()).chain(cuts.iter().cloned().map(Some));
    let ends = cuts.iter().cloned().map(Some).chain(std::iter::once(range.up_to.clone()));
    starts.zip(ends).map(|(after, up_to)| KeyRange { after, up_to }).collect()
}

/// The cuts that part a range: each once, and none at its end.
pub(super) fn useful(range: &KeyRange, mut cuts: Vec<Key>) -> Vec<Key> {
    cuts.dedup();
    cuts.retain(|cut| Some(cut) != range.up_to.as_ref() && Some(cut) != range.after.as_ref());
    cuts
}

impl Keys {
    /// So many rows with this key, of which at most so many keys are named.
    pub(super) fn add(&mut self, key: &Key, rows: u64, keys_max: usize) {
        self.rows += rows;
        if rows > 0 && self.first.len() < keys_max {
            self.first.push(key.clone());
        }
    }
}

/// How many rows of one key differ: missing, changed, surplus. A key may come more than once.
fn of_key(source: &[&str], destination: &[&str]) -> [u64; 3] {
    let mut left = destination.to_vec();
    let mut missing = 0_u64;
    for hash in source {
        match left.iter().position(|other| other == hash) {
            Some(at) => drop(left.swap_remove(at)),
            None => missing += 1,
        }
    }
    let surplus = left.len() as u64;
    let changed = missing.min(surplus);
    [missing - changed, changed, surplus - changed]
}

/// Each key that differs, in the order of the rows, with how many of its rows are missing, changed, surplus.
pub(super) fn differences(source: &[KeyedRow], destination: &[KeyedRow]) -> Vec<(Key, [u64; 3])> {
    let (ours, theirs) = (by_key(source), by_key(destination));
    let mut told = BTreeSet::new();
    let in_order = source.iter().chain(destination).map(|row| &row.key).filter(|key| told.insert(*key));
    let none = Vec::new();
    let counted =
        in_order.map(|key| (key.clone(), of_key(ours.get(key).unwrap_or(&none), theirs.get(key).unwrap_or(&none))));
    counted.filter(|(_, counts)| counts.iter().any(|count| *count > 0)).collect()
}

fn by_key(rows: &[KeyedRow]) -> BTreeMap<&Key, Vec<&str>> {
    let mut found: BTreeMap<&Key, Vec<&str>> = BTreeMap::new();
    for row in rows {
        found.entry(&row.key).or_default().push(&row.hash);
    }
    found
}
