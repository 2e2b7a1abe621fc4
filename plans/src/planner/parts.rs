//! Step: whether a stream is loaded in parts that are committed one by one, and how large they are. Owns the arithmetic and the
//! conditions: what is committed early must be a table of ours, and nothing that the run makes later.

use super::{facts::Facts, route::Route};
use crate::{
    decision::{Publication, ReadDecision, Relation, Strategy, WriteDecision},
    figures,
    observation::{Extent, Privilege},
    report::{Report, Topic},
};

/// Fewer parts would save less than their tables cost.
const PARTS_MIN: u64 = 2;
/// Each has a statement of its own in the plan.
const PARTS_MAX: u64 = 1_000;

/// So many parts of so many blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Parts {
    count: u32,
    blocks: u32,
}

impl Parts {
    pub(crate) fn set(self, read: &mut ReadDecision, write: &mut WriteDecision) {
        (read.partitions, read.partition_blocks, write.parts) = (self.count, Some(self.blocks), true);
    }
}

/// The parts of a stream that is large enough, and why; none: it is loaded as a whole.
pub(crate) fn choose(facts: Facts<'_>, route: Route) -> (Option<Parts>, Report) {
    let mut report = Report::default();
    let part_bytes = facts.spec.limits.part_bytes;
    let extent = facts.source.extent.filter(|_| is_possible(facts, route));
    let Some(parts) = extent.and_then(|extent| cut(extent, part_bytes)) else {
        return (None, report);
    };
    if !facts.may(Privilege::Load) {
        let because = "a table made beside the records of runs is not allowed, or would have other grants or publications here; a connection that breaks costs the whole load";
        report.because(Topic::Parts, "1", because);
        return (None, report);
    }
    let choice = format!("{} of ~{}", figures::count(parts.count.into()), figures::bytes(part_bytes));
    let because = "each is committed beside the records of runs, so that a connection to the destination that breaks costs one part";
    report.because(Topic::Parts, choice, because);
    (Some(parts), report)
}

fn is_possible(facts: Facts<'_>, route: Route) -> bool {
    let made = route.publication == Publication::Swap || route.publication == Publication::Direct && facts.absent();
    let whole = facts.stream.incremental.is_none() && matches!(facts.stream.selection.relation, Relation::Table(_));
    // An index may serve a filter, and would not serve its parts.
    let whole = whole && facts.stream.selection.filter.is_none();
    let plain = !facts.sets_aside() && facts.target.fits.iter().all(|fit| fit.types.is_empty());
    made && whole && plain && route.strategy == Strategy::Copy
}

fn cut(Extent { blocks, bytes }: Extent, part_bytes: u64) -> Option<Parts> {
    let wished = bytes.div_ceil(part_bytes.max(1)).min(PARTS_MAX).min(blocks);
    if wished < PARTS_MIN {
        return None;
    }
    let each = blocks.div_ceil(wished);
    Some(Parts { count: u32::try_from(blocks.div_ceil(each)).ok()?, blocks: u32::try_from(each).ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn p1_parts_cover_all_blocks(blocks in 0_u64..(1 << 32), bytes in 0_u64..(1 << 50), part in 1_u64..(1 << 40)) {
            let Some(parts) = cut(Extent { blocks, bytes }, part) else { return Ok(()) };
            let (count, each) = (u64::from(parts.count), u64::from(parts.blocks));
            prop_assert!((PARTS_MIN..=PARTS_MAX).contains(&count));
            prop_assert!(each * count >= blocks);
            prop_assert!(each * (count - 1) < blocks, "the last part is empty");
        }
    }
}
