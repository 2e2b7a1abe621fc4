//! Lint: where refused rows are set aside, each can be told from its neighbours, and the table that takes them is there, or
//! made, and nobody's target.

use super::{Findings, observed};
use crate::{
    decision::{Phase, Publication, Quarantine},
    plan::{Plan, StreamPlan},
};

pub(super) fn check(plan: &Plan, stream: &StreamPlan, findings: &mut Findings<'_>) {
    if !stream.refusals.is_empty() {
        return;
    }
    let quarantine = stream.write.row_errors.as_ref().and_then(|errors| errors.quarantine.as_ref());
    let statements = stream.prepared.iter().flat_map(|prepared| &prepared.write.statements);
    let aside = statements.filter(|statement| statement.phase == Phase::Reject).count();
    findings.unless(aside == usize::from(quarantine.is_some()), "not one statement sets refused rows aside");
    let one_by_one = matches!(stream.write.publication, Publication::Direct | Publication::Swap);
    findings.unless(
        stream.write.row_errors.is_none() || one_by_one,
        "refused rows are set aside, and could only be refused together, when they are published",
    );
    if let Some(quarantine) = quarantine {
        table(plan, stream, quarantine, findings);
    }
}

fn table(plan: &Plan, stream: &StreamPlan, quarantine: &Quarantine, findings: &mut Findings<'_>) {
    let seen = observed(plan, stream).and_then(|seen| seen.quarantine.as_ref());
    let fits = seen.is_some_and(|seen| {
        let there = seen.unfit.is_none() && seen.may_insert;
        seen.name == quarantine.table && seen.exists != quarantine.create && (quarantine.create || there)
    });
    findings.unless(fits, "the table for refused rows is not the one that was observed, or takes none");
    let mut runs = plan.streams().iter().filter(|other| other.refusals.is_empty());
    let is_target = runs.any(|other| other.write.target == quarantine.table);
    findings.unless(!is_target, "the table for refused rows is a target");
}
