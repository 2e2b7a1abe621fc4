//! Finds the rows that differ by halving: a range whose checksums differ is cut into parts, and only those parts that differ are
//! looked into, until a part is small enough to compare its rows by key and hash. Owns how many questions are asked; both
//! ends answer the same one at the same time.

use super::parts::{differences, parts, useful};
use crate::{
    Differences, EngineError, Unlocated,
    host::{Checksum, Key, KeyRange, Rows},
};

/// Parts of a range: each round reads a range once at both ends, and three rounds take a million rows to 244.
const PARTS: u32 = 16;
/// Rows whose keys and hashes are compared one by one: some 50 KiB of an answer.
const ROWS_MAX: u32 = 1_000;
/// Ranges that are looked into where it is settled that the ends differ: what is beyond is counted, not named.
const LOOKED_MAX: u32 = 200;

/// A range, and what each end says of it.
struct Part {
    range: KeyRange,
    source: Checksum,
    destination: Checksum,
}

/// A search for the rows that differ.
pub(super) struct Bisection<'a, S, D> {
    source: &'a mut S,
    destination: &'a mut D,
    keys_max: usize,
    /// Rows at the destination alone do not settle that the ends differ.
    keeps: bool,
    looked: u32,
    pub(super) found: Differences,
}

/// The checksums of a range's parts at both ends.
pub(super) async fn sums<S: Rows, D: Rows>(
    source: &mut S,
    destination: &mut D,
    range: &KeyRange,
    cuts: &[Key],
) -> Result<Vec<(Checksum, Checksum)>, EngineError> {
    let (source, destination) = tokio::join!(source.summaries(range, cuts), destination.summaries(range, cuts));
    Ok(source?.into_iter().zip(destination?).collect())
}

impl<'a, S: Rows, D: Rows> Bisection<'a, S, D> {
    pub(super) fn new(source: &'a mut S, destination: &'a mut D, keys_max: usize, keeps: bool) -> Self {
        Self { source, destination, keys_max, keeps, looked: 0, found: Differences::default() }
    }

    /// Looks through all rows with a key; what both ends say of all of these.
    pub(super) async fn run(&mut self) -> Result<(Checksum, Checksum), EngineError> {
        let range = KeyRange::default();
        let (source, destination) = sums(self.source, self.destination, &range, &[]).await?.remove(0);
        let mut left = vec![Part { range, source, destination }];
        while let Some(part) = left.pop() {
            if part.source != part.destination {
                let mut further = self.look(part).await?;
                // The first keys come first.
                further.reverse();
                left.append(&mut further);
            }
        }
        Ok((source, destination))
    }

    /// Looks into a range: its rows are told apart, or it is cut.
    async fn look(&mut self, part: Part) -> Result<Vec<Part>, EngineError> {
        let (ours, theirs) = (part.source.rows, part.destination.rows);
        if ours == 0 || theirs == 0 {
            self.one_sided(&part).await?;
            return Ok(Vec::new());
        }
        if self.looked >= LOOKED_MAX && self.is_settled() {
            self.pass_over(&part);
            return Ok(Vec::new());
        }
        self.looked += 1;
        let rows = ours.max(theirs);
        if rows <= u64::from(ROWS_MAX) {
            self.row_by_row(&part).await?;
            return Ok(Vec::new());
        }
        let cuts = if ours >= theirs {
            self.source.cuts(&part.range, rows, PARTS).await?
        } else {
            self.destination.cuts(&part.range, rows, PARTS).await?
        };
        let cuts = useful(&part.range, cuts);
        if cuts.is_empty() {
            // More rows of one key than are told apart.
            self.pass_over(&part);
            return Ok(Vec::new());
        }
        let sums = sums(self.source, self.destination, &part.range, &cuts).await?;
        let cut = parts(&part.range, &cuts).into_iter().zip(sums);
        Ok(cut.map(|(range, (source, destination))| Part { range, source, destination }).collect())
    }

    fn is_settled(&self) -> bool {
        let Differences { missing, changed, surplus, .. } = &self.found;
        missing.rows + changed.rows + if self.keeps { 0 } else { surplus.rows } > 0
    }

    fn pass_over(&mut self, part: &Part) {
        let unlocated = self.found.unlocated.get_or_insert_with(Unlocated::default);
        unlocated.source_rows += part.source.rows;
        unlocated.destination_rows += part.destination.rows;
    }

    /// One end has no row in the range: all of the other's differ, however many they are.
    async fn one_sided(&mut self, part: &Part) -> Result<(), EngineError> {
        let is_missing = part.destination.rows == 0;
        let kind = if is_missing { &self.found.missing } else { &self.found.surplus };
        let room = self.keys_max.saturating_sub(kind.first.len()).min(ROWS_MAX as usize);
        let max = u32::try_from(room).unwrap_or(ROWS_MAX);
        let rows = match (max, is_missing) {
            (0, _) => Vec::new(),
            (_, true) => self.source.keyed_rows(&part.range, max).await?,
            (_, false) => self.destination.keyed_rows(&part.range, max).await?,
        };
        let kind = if is_missing { &mut self.found.missing } else { &mut self.found.surplus };
        kind.rows += part.source.rows + part.destination.rows;
        kind.first.extend(rows.into_iter().map(|row| row.key));
        Ok(())
    }

    async fn row_by_row(&mut self, part: &Part) -> Result<(), EngineError> {
        let range = &part.range;
        let (ours, theirs) =
            tokio::join!(self.source.keyed_rows(range, ROWS_MAX), self.destination.keyed_rows(range, ROWS_MAX));
        let max = self.keys_max;
        for (key, [missing, changed, surplus]) in differences(&ours?, &theirs?) {
            self.found.missing.add(&key, missing, max);
            self.found.changed.add(&key, changed, max);
            self.found.surplus.add(&key, surplus, max);
        }
        Ok(())
    }
}
