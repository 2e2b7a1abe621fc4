//! Lint: no two streams touch one object, and what is created was absent.

use super::{Findings, observed};
use crate::{
    decision::{Disposition, Effect, Publication},
    observation::{StreamObservation, TargetKey},
    plan::{PLAN_SCHEMA, Plan, StreamPlan},
};
use std::collections::BTreeSet;

pub(super) fn check_plan(plan: &Plan, findings: &mut Findings<'_>) {
    findings.unless(plan.schema() == PLAN_SCHEMA, "the plan's form is not known");
    findings.unless(!plan.streams().is_empty(), "the plan has no streams");
    let (mut names, mut targets, mut seeds, mut created) =
        (BTreeSet::new(), BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for stream in plan.streams() {
        findings.unless(names.insert(&stream.stream), format!("stream {} is there twice", stream.stream));
        if !stream.refusals.is_empty() {
            continue;
        }
        let target = &stream.write.target;
        if stream.write.disposition == Disposition::Sweep {
            let before = plan.streams().iter().take_while(|other| other.stream != stream.stream);
            let is_written = before.into_iter().any(|other| other.write.target == *target);
            findings.unless(is_written, format!("{target} is swept, and no stream before writes it"));
        } else {
            findings.unless(targets.insert(target), format!("{target} is written by two streams"));
        }
        findings.unless(seeds.insert(&stream.write.staging_seed), "two streams have one staging seed");
        let statements = stream.prepared.iter().flat_map(|prepared| &prepared.write.statements);
        for statement in statements.filter(|statement| statement.effect == Effect::Create) {
            findings.unless(created.insert(&statement.sql), format!("made twice: {}", statement.purpose));
        }
    }
}

pub(super) fn check_stream(plan: &Plan, stream: &StreamPlan, findings: &mut Findings<'_>) {
    let Some(seen) = observed(plan, stream).filter(|_| stream.refusals.is_empty()) else { return };
    let write = &stream.write;
    findings.unless(write.target == seen.target.name, "the target is not the one that was observed");
    findings.unless(write.create_table == seen.target.kind.is_none(), "a table is created exactly where none is");
    findings.unless(!write.create_schema || !seen.target.schema_exists, "the schema is there and would be created");
    let swaps = write.publication == Publication::Swap;
    findings.unless(
        !swaps || carried(stream, seen),
        "a target is swapped, and something hangs on it that the new table is not given",
    );
    findings.unless(swaps || write.carried.is_empty(), "nothing is swapped, and something is to be carried");
    findings.unless(
        !plan.observation().destination.read_only || !plan.refusals().is_empty(),
        "the destination takes no writes",
    );
}

/// All that hangs on the target is carried, as it was observed, and so is each of its keys.
fn carried(stream: &StreamPlan, seen: &StreamObservation) -> bool {
    let dependents = &seen.target.dependents;
    let named = |key: &TargetKey| dependents.iter().any(|item| item.name == key.name);
    stream.write.carried == *dependents
        && dependents.iter().all(|item| item.definition.is_some())
        && seen.target.keys.iter().all(named)
        && stream.write.changes.is_empty()
}
