//! Step: whether a stream is loaded in parts that are committed one by one, how large they are, and how many sessions share them.
//! Owns the arithmetic and the conditions: what is committed early must be a table of ours, and nothing that the run makes later.

use super::{StreamDraft, facts::Facts, route::Route};
use crate::{
    decision::{Publication, ReadDecision, Relation, Strategy, WriteDecision},
    figures,
    observation::{Extent, Privilege},
    report::{Report, Topic},
};

/// Fewer parts would save less than their tables cost.
const PARTS_MIN: u64 = 2;
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

/// So many parts of so many blocks, and so many sessions at each end that share them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Parts {
    count: u32,
    blocks: u32,
    readers: u32,
}

impl Parts {
    /// The stream is loaded as a whole after all.
    pub(crate) fn unset(stream: &mut StreamDraft, because: &str) {
        (stream.read.partitions, stream.read.partition_blocks, stream.write.parts) = (1, None, false);
        stream.read.readers = 1;
        if let Some(reason) = stream.reasons.iter_mut().find(|reason| reason.topic == Topic::Parts) {
            (reason.choice, reason.because) = ("1".to_owned(), because.to_owned());
        }
    }

    pub(crate) fn set(self, read: &mut ReadDecision, write: &mut WriteDecision) {
        (read.partitions, read.partition_blocks, write.parts) = (self.count, Some(self.blocks), true);
        read.readers = self.readers;
    }
}

/// The parts of a stream that is large enough, and why; none: it is loaded as a whole.
pub(crate) fn choose(facts: Facts<'_>, route: Route) -> (Option<Parts>, Report) {
    let mut report = Report::default();
    let parts = possible(facts, route, &mut report);
    let readers = parts.map_or(1, |parts| parts.readers);
    if let Some(parallel) = facts.spec.limits.parallel.filter(|parallel| *parallel > readers) {
        let used = if readers == 1 { "one reader and one writer are".to_owned() } else { format!("{readers} are") };
        report.note(format!("limits.parallel is {parallel}; {used} used"));
    }
    (parts, report)
}

fn possible(facts: Facts<'_>, route: Route, report: &mut Report) -> Option<Parts> {
    let extent = facts.source.extent.filter(|_| is_possible(facts, route))?;
    let columns = facts.source.columns.iter().map(|column| column.name.len() + 4).sum();
    let parts_max = PARTS_MAX.min(STATEMENTS_BYTES_MAX / statement_bytes(columns));
    let limits = &facts.spec.limits;
    let usual = if extent.bytes < SHARED_FROM { 1 } else { facts.observation.cores.clamp(1, READERS_MAX) };
    let readers = limits.parallel.unwrap_or(usual);
    let part_bytes = part_bytes(extent, limits.part_bytes, readers);
    let mut parts = cut(extent, part_bytes, parts_max)?;
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
    report.because(Topic::Parts, choice, because);
    Some(parts)
}

/// As large as the sync file says, or smaller, where there would not be enough of them to share.
fn part_bytes(extent: Extent, wished: u64, readers: u32) -> u64 {
    if readers < 2 {
        return wished;
    }
    let each = extent.bytes.div_ceil(u64::from(readers) * PARTS_EACH);
    each.max(SHARED_BYTES_MIN).min(wished)
}

fn is_possible(facts: Facts<'_>, route: Route) -> bool {
    let made = route.publication == Publication::Swap || route.publication == Publication::Direct && facts.absent();
    let whole = facts.stream.incremental.is_none() && matches!(facts.stream.selection.relation, Relation::Table(_));
    // An index may serve a filter, and would not serve its parts.
    let whole = whole && facts.stream.selection.filter.is_none();
    let plain = !facts.sets_aside() && facts.target.fits.iter().all(|fit| fit.types.is_empty());
    made && whole && plain && route.strategy == Strategy::Copy
}

/// Of one that reads a part: what stands around the columns, and these.
fn statement_bytes(columns: usize) -> u64 {
    400 + columns as u64
}

fn cut(Extent { blocks, bytes }: Extent, part_bytes: u64, parts_max: u64) -> Option<Parts> {
    let wished = bytes.div_ceil(part_bytes.max(1)).min(parts_max).min(blocks);
    if wished < PARTS_MIN {
        return None;
    }
    let each = blocks.div_ceil(wished);
    let (count, blocks) = (u32::try_from(blocks.div_ceil(each)).ok()?, u32::try_from(each).ok()?);
    Some(Parts { count, blocks, readers: 1 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn p1_parts_cover_all_blocks(blocks in 0_u64..(1 << 32), bytes in 0_u64..(1 << 50), part in 1_u64..(1 << 40)) {
            let Some(parts) = cut(Extent { blocks, bytes }, part, PARTS_MAX) else { return Ok(()) };
            let (count, each) = (u64::from(parts.count), u64::from(parts.blocks));
            prop_assert!((PARTS_MIN..=PARTS_MAX).contains(&count));
            prop_assert!(each * count >= blocks);
            prop_assert!(each * (count - 1) < blocks, "the last part is empty");
        }
    }
}
