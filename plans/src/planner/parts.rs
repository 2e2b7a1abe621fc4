//! Step: whether a stream is loaded in parts that are committed one by one, how large they are, and how many sessions share them.
//! Owns the arithmetic and the conditions: what is committed early must be a table of ours, and nothing that the run makes later.

use super::{StreamDraft, facts::Facts, route::Route};
use crate::{
    decision::{Publication, ReadDecision, Relation, Strategy, WriteDecision},
    figures,
    name::visible,
    observation::{Privilege, RangeKey, Statistics},
    report::{Report, Topic},
};

/// Fewer parts would save less than their tables cost.
const PARTS_MIN: u64 = 2;
/// Of parts that are ranges of a key: what the source does again for each of them it has weighed for so many
/// (connectors/source-postgres/src/ranges.rs).
const RANGES_MAX: u64 = 32;
/// Each has a statement of its own in the plan,
const PARTS_MAX: u64 = 1_000;
/// and all of them have to fit into a connector's memory some times over.
const STATEMENTS_BYTES_MAX: u64 = 2 << 20;
/// Parts that sessions share cost a transaction and a commit each, some milliseconds, and so much is copied in fifty.
const SHARED_BYTES_MIN: u64 = 8 << 20;
/// Unless told: what is smaller is there in half a second, and in one transaction leaves nothing whatever becomes of it.
const SHARED_FROM: u64 = 64 << 20;
/// To each session so many, that all of them end at about one time.
const PARTS_EACH: u64 = 8;
/// Unless told: a server has other users.
const READERS_MAX: u32 = 4;

/// So many parts, and so many sessions at each end that share them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parts {
    count: u32,
    by: By,
    readers: u32,
}

/// What tells the rows of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
enum By {
    /// So many blocks of a table are a part.
    Blocks(u32),
    /// Ranges of a key.
    Key(RangeKey),
}

impl Parts {
    /// The stream is loaded as a whole after all.
    pub(crate) fn unset(stream: &mut StreamDraft, because: &str) {
        (stream.read.partitions, stream.read.readers, stream.write.parts) = (1, 1, false);
        (stream.read.partition_blocks, stream.read.partition_key) = (None, None);
        if let Some(reason) = stream.reasons.iter_mut().find(|reason| reason.topic == Topic::Parts) {
            (reason.choice, reason.because) = ("1".to_owned(), because.to_owned());
        }
    }

    pub(crate) fn set(self, read: &mut ReadDecision, write: &mut WriteDecision) {
        (read.partitions, read.readers, write.parts) = (self.count, self.readers, true);
        (read.partition_blocks, read.partition_key) = match self.by {
            By::Blocks(blocks) => (Some(blocks), None),
            By::Key(key) => (None, Some(key)),
        };
    }
}

/// The parts of a stream that is large enough, and why; none: it is loaded as a whole.
pub(crate) fn choose(facts: Facts<'_>, route: Route) -> (Option<Parts>, Report) {
    let mut report = Report::default();
    let parts = possible(facts, route, &mut report);
    let readers = parts.as_ref().map_or(1, |parts| parts.readers);
    if let Some(parallel) = facts.spec.limits.parallel.filter(|parallel| *parallel > readers) {
        let used = if readers == 1 { "one reader and one writer are".to_owned() } else { format!("{readers} are") };
        report.note(format!("limits.parallel is {parallel}; {used} used"));
    }
    (parts, report)
}

fn possible(facts: Facts<'_>, route: Route, report: &mut Report) -> Option<Parts> {
    let bytes = bytes(facts).filter(|_| is_possible(facts, route))?;
    let limits = &facts.spec.limits;
    let usual = if bytes < SHARED_FROM { 1 } else { facts.observation.cores.clamp(1, READERS_MAX) };
    let readers = limits.parallel.unwrap_or(usual);
    let part_bytes = part_bytes(bytes, limits.part_bytes, readers);
    let mut parts = cut(facts, bytes, part_bytes)?;
    if !facts.may(Privilege::Load) {
        let because = "a table made beside the records of runs is not allowed, or would have other grants or publications here; a connection that breaks costs the whole load";
        report.because(Topic::Parts, "1", because);
        return None;
    }
    parts.readers = readers.min(parts.count);
    let mut choice = format!("{} of ~{}", figures::count(parts.count.into()), figures::bytes(part_bytes));
    let mut because = "each is committed beside the records of runs, so that a connection to the destination that breaks costs one part".to_owned();
    if parts.readers > 1 {
        choice = format!("{choice}, {} at a time", parts.readers);
        because = format!("{} sessions at each end share them; {because}", parts.readers);
    }
    if let By::Key(key) = &parts.by {
        choice = format!("{choice}, by ranges of {}", visible(&key.column));
        because = format!("an index finds the rows of a range; {because}");
    }
    report.because(Topic::Parts, choice, because);
    Some(parts)
}

/// As large as the sync file says, or smaller, where there would not be enough of them to share.
fn part_bytes(bytes: u64, wished: u64, readers: u32) -> u64 {
    if readers < 2 {
        return wished;
    }
    let each = bytes.div_ceil(u64::from(readers) * PARTS_EACH);
    each.max(SHARED_BYTES_MIN).min(wished)
}

fn is_possible(facts: Facts<'_>, route: Route) -> bool {
    let made = route.publication == Publication::Swap || route.publication == Publication::Direct && facts.absent();
    // An index may serve a filter, and would not serve its parts.
    let whole = facts.stream.incremental.is_none() && facts.stream.selection.filter.is_none();
    let plain = !facts.sets_aside() && facts.target.fits.iter().all(|fit| fit.types.is_empty());
    made && whole && plain && route.strategy == Strategy::Copy
}

/// What the stream takes, where it can be read in parts.
fn bytes(facts: Facts<'_>) -> Option<u64> {
    let Statistics { rows, bytes_per_row } = facts.source.statistics;
    let expected = || rows?.checked_mul(bytes_per_row?.into());
    match (facts.source.extent, &facts.source.ranges) {
        (Some(extent), _) => Some(extent.bytes),
        (None, Some(_)) => expected(),
        (None, None) => None,
    }
}

fn cut(facts: Facts<'_>, bytes: u64, part_bytes: u64) -> Option<Parts> {
    let parts_max = PARTS_MAX.min(STATEMENTS_BYTES_MAX / statement_bytes(facts));
    let wished = bytes.div_ceil(part_bytes.max(1)).min(parts_max);
    let (count, by) = match facts.source.extent {
        Some(extent) => {
            let (count, blocks) = cut_blocks(extent.blocks, wished)?;
            (count, By::Blocks(blocks))
        }
        None if wished < PARTS_MIN => return None,
        None => (u32::try_from(wished.min(RANGES_MAX)).ok()?, By::Key(facts.source.ranges.clone()?)),
    };
    Some(Parts { count, by, readers: 1 })
}

/// Of one that reads a part: what stands around the columns and the query, and these.
fn statement_bytes(facts: Facts<'_>) -> u64 {
    let columns: usize = facts.source.columns.iter().map(|column| column.name.len() + 4).sum();
    let query = match &facts.stream.selection.relation {
        Relation::Query(query) => query.len(),
        Relation::Table(_) => 0,
    };
    600 + (columns + query) as u64
}

/// About so many parts, and the blocks of each.
fn cut_blocks(blocks: u64, wished: u64) -> Option<(u32, u32)> {
    let wished = wished.min(blocks);
    if wished < PARTS_MIN {
        return None;
    }
    let each = blocks.div_ceil(wished);
    Some((u32::try_from(blocks.div_ceil(each)).ok()?, u32::try_from(each).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn p1_parts_cover_all_blocks(blocks in 0_u64..(1 << 32), wished in 0..=PARTS_MAX) {
            let Some((count, each)) = cut_blocks(blocks, wished) else { return Ok(()) };
            let (count, each) = (u64::from(count), u64::from(each));
            prop_assert!((PARTS_MIN..=PARTS_MAX).contains(&count));
            prop_assert!(each * count >= blocks);
            prop_assert!(each * (count - 1) < blocks, "the last part is empty");
        }
    }
}
