//! Lint: what is to be run is there, in its order, and staging ends in publishing.

use super::Findings;
use crate::{
    decision::{Effect, Phase, PreparedWrite, Publication, Strategy},
    plan::{Plan, StreamPlan},
    planner::Prepared,
};

pub(super) fn check(_: &Plan, stream: &StreamPlan, findings: &mut Findings<'_>) {
    let Some(Prepared { read, write }) = &stream.prepared else {
        findings.unless(!stream.refusals.is_empty(), "the stream is not refused and has no statements");
        return;
    };
    findings.unless(stream.refusals.is_empty(), "the stream is refused and has statements");
    findings.unless(read.statements.len() == stream.read.partitions as usize, "not one read statement for each part");
    let filled =
        read.statements.iter().chain(write.statements.iter().map(|s| &s.sql)).all(|sql| !sql.trim().is_empty());
    findings.unless(filled, "a statement is empty");
    let ordered = write.statements.windows(2).all(|pair| pair[0].phase <= pair[1].phase);
    findings.unless(ordered, "statements are not in the order of their phases");
    written(stream, write, findings);
}

fn written(stream: &StreamPlan, write: &PreparedWrite, findings: &mut Findings<'_>) {
    let count = |phase: Phase| write.statements.iter().filter(|statement| statement.phase == phase).count();
    findings.unless(count(Phase::Load) == 1, "rows do not enter by exactly one statement");
    findings.unless(count(Phase::Bookkeeping) == 0, "bookkeeping belongs to the run, not to a stream");
    let staged = stream.write.publication != Publication::Direct;
    findings.unless(!staged || count(Phase::Publish) > 0, "rows are staged and never published");
    findings.unless(!staged || count(Phase::Setup) > 0, "rows are staged and no staging table is made");
    let creates = write.statements.iter().any(|statement| statement.effect == Effect::Create);
    findings.unless(!stream.write.create_table || creates, "the table is to be created and no statement creates it");
    let clause = stream.write.strategy != Strategy::Upsert
        || write.conflict_clause.as_ref().is_some_and(|clause| !clause.is_empty());
    findings.unless(clause, "an upsert has no conflict clause");
}
