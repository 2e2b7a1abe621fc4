//! Lint: every column of the observation is accounted for, and nothing is written that could change.

use super::{Findings, observed};
use crate::{
    decision::{ChangeKind, Disposition},
    observation::{FitLabel, Identity, StreamObservation},
    plan::{Plan, StreamPlan},
};

pub(super) fn check(plan: &Plan, stream: &StreamPlan, findings: &mut Findings<'_>) {
    if !stream.refusals.is_empty() {
        return;
    }
    let Some(seen) = observed(plan, stream) else {
        findings.unless(false, "the plan holds no observation of the stream");
        return;
    };
    let written: Vec<&str> = stream.write.columns.iter().map(|column| column.name.as_str()).collect();
    let read: Vec<&str> = seen.source.columns.iter().map(|column| column.name.as_str()).collect();
    findings.unless(written == read, "the columns written are not the columns read, in their order");
    let changed = |kind: ChangeKind, name: &str| {
        stream.write.changes.iter().any(|change| change.kind == kind && change.column == name)
    };
    for fit in seen.target.fits.iter().filter(|fit| fit.label == FitLabel::Refused) {
        let name = crate::name::visible(&fit.column);
        // The stream before a sweep has widened it.
        let sweeps = stream.write.disposition == Disposition::Sweep;
        let widened = fit.alter.is_some() && (sweeps || changed(ChangeKind::Widen, &fit.column));
        findings
            .unless(widened || !written.contains(&fit.column.as_str()), format!("{name} is written and was refused"));
    }
    for column in &seen.target.columns {
        let name = crate::name::visible(&column.name);
        let is_written = written.contains(&column.name.as_str());
        findings.unless(!(is_written && column.generated), format!("{name} is written and generated"));
        let filled = column.nullable || column.has_default || column.generated || column.identity != Identity::None;
        let relaxed = changed(ChangeKind::Relax, &column.name);
        let adds = stream.write.disposition != Disposition::Sweep;
        findings.unless(is_written || filled || relaxed || !adds, format!("{name} gets no value"));
        let wider = stream.write.columns.iter().find(|written| written.name == column.name);
        findings.unless(
            wider.is_none_or(|written| written.nullable == (column.nullable || relaxed)),
            format!("{name} is NULL or not by whom"),
        );
    }
    changes(stream, seen, findings);
}

/// Only a table of ours is changed, each column at most once a kind, and a column is added exactly where there is none.
fn changes(stream: &StreamPlan, seen: &StreamObservation, findings: &mut Findings<'_>) {
    let changes = &stream.write.changes;
    findings.unless(
        changes.iter().all(|change| change.kind == ChangeKind::Mark)
            || seen.target.filled_by_us
            || seen.target.changed_by_others,
        "columns of somebody else's table are changed",
    );
    let there = |name: &str| seen.target.columns.iter().any(|column| column.name == name);
    for (at, change) in changes.iter().enumerate() {
        let name = crate::name::visible(&change.column);
        let is_new = matches!(change.kind, ChangeKind::Add | ChangeKind::Mark);
        findings.unless(is_new != there(&change.column), format!("{name} is added or there"));
        findings.unless(!changes[..at].contains(change), format!("{name} is changed twice"));
    }
}
