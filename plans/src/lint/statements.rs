//! Lint: what is to be run is there, in its order, and staging ends in publishing.

use super::Findings;
use crate::{
    decision::{Effect, Phase, PreparedRead, PreparedWrite, Publication, Statement, Strategy},
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
    let bounded = read.bounds.is_some() == stream.read.partition_key.is_some();
    findings
        .unless(bounded, "parts are ranges of a key, and nothing tells their bounds, or bounds are told for nothing");
    let filled =
        read.statements.iter().chain(write.statements.iter().map(|s| &s.sql)).all(|sql| !sql.trim().is_empty());
    findings.unless(filled, "a statement is empty");
    // What was written is read among the statements that publish it.
    let steps: Vec<Phase> = write.statements.iter().map(|s| s.phase).filter(|phase| *phase != Phase::Verify).collect();
    findings.unless(steps.is_sorted(), "statements are not in the order of their phases");
    written(stream, write, findings);
    checked(stream, read, write, findings);
}

/// Both ends say a checksum, over the same columns, or neither; and nothing else is read after the rows.
fn checked(stream: &StreamPlan, read: &PreparedRead, write: &PreparedWrite, findings: &mut Findings<'_>) {
    let wanted = stream.write.checksum;
    findings.unless(read.checksum.is_some() == wanted, "one end says a checksum and the other does not");
    let verify = |statement: &Statement| statement.phase == Phase::Verify;
    let at: Vec<usize> = (0..write.statements.len()).filter(|at| verify(&write.statements[*at])).collect();
    findings.unless(at.len() == usize::from(wanted), "not one checksum of what was written");
    let load = write.statements.iter().position(|statement| statement.phase == Phase::Load);
    findings.unless(at.iter().all(|at| Some(*at) > load), "what is written is summed before it is there");
    let reads = write.statements.iter().all(|statement| verify(statement) == (statement.effect == Effect::Read));
    findings.unless(reads, "a statement that only reads is no checksum, or a checksum does more");
    let shown = stream.read.checksum.iter().flatten().map(|column| &column.name);
    let same = shown.eq(stream.write.columns.iter().map(|column| &column.name));
    findings.unless(!wanted || same, "the ends do not sum the same columns");
}

fn written(stream: &StreamPlan, write: &PreparedWrite, findings: &mut Findings<'_>) {
    let count = |phase: Phase| write.statements.iter().filter(|statement| statement.phase == phase).count();
    findings.unless(count(Phase::Load) == 1, "rows do not enter by exactly one statement");
    findings.unless(count(Phase::Bookkeeping) == 0, "bookkeeping belongs to the run, not to a stream");
    let staged = stream.write.publication != Publication::Direct;
    findings.unless(!staged || count(Phase::Publish) > 0, "rows are staged and never published");
    findings.unless(stream.write.parts == (count(Phase::Stage) > 0), "parts are committed, and nothing takes them");
    findings.unless(stream.write.parts == (stream.read.partitions > 1), "one end has parts, and the other has none");
    findings.unless(
        !staged || count(Phase::Setup) + count(Phase::Stage) > 0,
        "rows are staged and no staging table is made",
    );
    let creates = write.statements.iter().any(|statement| statement.effect == Effect::Create);
    findings.unless(!stream.write.create_table || creates, "the table is to be created and no statement creates it");
    let clause = stream.write.strategy != Strategy::Upsert
        || write.conflict_clause.as_ref().is_some_and(|clause| !clause.is_empty());
    findings.unless(clause, "an upsert has no conflict clause");
}
