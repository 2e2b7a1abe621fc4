//! Lint: every column of the observation is accounted for, and nothing is written that could change.

use super::{Findings, observed};
use crate::{
    observation::{FitLabel, Identity},
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
    for fit in seen.target.fits.iter().filter(|fit| fit.label == FitLabel::Refused) {
        let name = crate::name::visible(&fit.column);
        findings.unless(!written.contains(&fit.column.as_str()), format!("{name} is written and was refused"));
    }
    for column in &seen.target.columns {
        let name = crate::name::visible(&column.name);
        let is_written = written.contains(&column.name.as_str());
        findings.unless(!(is_written && column.generated), format!("{name} is written and generated"));
        let filled = column.nullable || column.has_default || column.generated || column.identity != Identity::None;
        findings.unless(is_written || filled, format!("{name} gets no value"));
        let wider = stream.write.columns.iter().find(|written| written.name == column.name);
        findings.unless(
            wider.is_none_or(|written| written.nullable == column.nullable),
            format!("{name} is NULL or not by whom"),
        );
    }
}
