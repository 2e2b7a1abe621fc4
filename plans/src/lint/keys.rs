//! Lint: the key fits the disposition, and all of it is written.

use super::{Findings, observed};
use crate::{
    decision::{Disposition, Publication, Strategy},
    plan::{Plan, StreamPlan},
};

pub(super) fn check(plan: &Plan, stream: &StreamPlan, findings: &mut Findings<'_>) {
    if !stream.refusals.is_empty() {
        return;
    }
    let write = &stream.write;
    let new = write.disposition == Disposition::Append && stream.read.window.is_some();
    let upsert = write.disposition == Disposition::Upsert || new;
    let sweeps = write.disposition == Disposition::Sweep;
    let settles = upsert || sweeps || write.publication == Publication::Reconcile;
    findings.unless(
        settles != write.conflict_key.is_empty(),
        "what settles conflicts has a conflict key, and nothing else has one",
    );
    let merges = matches!(write.publication, Publication::Merge | Publication::Reconcile);
    findings.unless(!write.only_changed || merges, "rows are compared where nothing is merged");
    for name in write.conflict_key.iter().chain(&write.primary_key) {
        let column = write.columns.iter().find(|column| column.name == *name);
        findings.unless(column.is_some(), format!("key column {} is not written", crate::name::visible(name)));
        // Where the target takes no NULL, its server ends the run.
        let nullable = observed(plan, stream)
            .and_then(|seen| seen.source.columns.iter().find(|column| column.name == *name))
            .is_some_and(|source| source.nullable && column.is_none_or(|column| column.nullable));
        findings.unless(!nullable, format!("key column {} may be NULL", crate::name::visible(name)));
    }
    findings.unless(write.marks.is_none() || sweeps, "nothing is swept, and rows are marked");
    findings.unless(write.strategy != Strategy::Upsert || upsert, "strategy upsert serves no other disposition");
    findings.unless(write.strategy != Strategy::Insert || !upsert, "strategy insert settles no conflicts");
    let allowed: &[Publication] = match (write.disposition, write.strategy) {
        (Disposition::Sweep, _) => &[Publication::Sweep],
        (Disposition::Upsert | Disposition::Append, Strategy::Upsert) => &[Publication::Direct],
        _ if write.latest_by.is_some() => &[Publication::Merge],
        _ if write.create_table => &[Publication::Direct],
        _ if upsert => &[Publication::Merge],
        (Disposition::Append | Disposition::Upsert, _) => &[Publication::Direct],
        (Disposition::Replace, _) if write.row_errors.is_some() => &[Publication::Swap, Publication::Direct],
        (Disposition::Replace, _) => &[Publication::Swap, Publication::Refill, Publication::Reconcile],
    };
    let words = format!("{:?} by {:?} is not published by {:?}", write.disposition, write.strategy, write.publication);
    findings.unless(allowed.contains(&write.publication), words);
}
