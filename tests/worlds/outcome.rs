//! What a plan comes to, whether the planner made it from the case's files or the binary from a server; and whether the
//! binary saw the world that the case describes.

use crate::case::Case;
use rapidbyte_plans::{
    decision::{CheckedColumn, ColumnChange, Comment, Publication, RowErrors, Strategy},
    drift,
    observation::{Dependent, Fetch, FitLabel, Observation, RelationKind, StreamObservation},
    plan::{Plan, StreamPlan},
    report::Rule,
};

/// What a plan comes to; where anything is refused, only that.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The rules of the whole plan, then of each stream.
    Refused(Vec<Rule>),
    Chosen(Vec<Chosen>),
}

#[derive(Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // each is a choice of its own, as the plan has it
pub(crate) struct Chosen {
    stream: String,
    strategy: Strategy,
    publication: Publication,
    /// None where the case's source offers less than a PostgreSQL server does.
    fetch: Option<Fetch>,
    creates: (bool, bool),
    override_identity: bool,
    deletes: bool,
    primary_key: Vec<String>,
    conflict_key: Vec<String>,
    only_changed: bool,
    latest_by: Option<String>,
    changes: Vec<ColumnChange>,
    comments: Vec<Comment>,
    checksum: Option<Vec<CheckedColumn>>,
    destroys: bool,
    row_errors: Option<RowErrors>,
}

impl Outcome {
    pub(crate) fn of(case: &Case, plan: &Plan) -> Self {
        let refusals = plan.refusals().iter().chain(plan.streams().iter().flat_map(|stream| &stream.refusals));
        let rules: Vec<Rule> = refusals.map(|refusal| refusal.rule).collect();
        if rules.is_empty() {
            Self::Chosen(plan.streams().iter().map(|stream| Chosen::of(case, stream)).collect())
        } else {
            Self::Refused(rules)
        }
    }
}

impl Chosen {
    fn of(case: &Case, plan: &StreamPlan) -> Self {
        let seen = case.observation.streams.iter().find(|seen| seen.stream == plan.stream).unwrap();
        let offers_both = seen.source.fetches == [Fetch::Copy, Fetch::Cursor];
        let write = &plan.write;
        Self {
            stream: plan.stream.clone(),
            strategy: write.strategy,
            publication: write.publication,
            fetch: offers_both.then_some(plan.read.fetch),
            creates: (write.create_schema, write.create_table),
            override_identity: write.override_identity,
            deletes: write.delete_instead_of_truncate,
            primary_key: write.primary_key.clone(),
            conflict_key: write.conflict_key.clone(),
            only_changed: write.only_changed,
            latest_by: write.latest_by.clone(),
            changes: write.changes.clone(),
            comments: write.comments.clone(),
            checksum: plan.read.checksum.clone(),
            destroys: plan.destroys.is_some(),
            row_errors: write.row_errors.clone(),
        }
    }
}

/// The documented exit code of a plan that is refused by these rules: 5 where the destination's server alone says no.
pub(crate) fn exit_code(rules: &[Rule]) -> i32 {
    let by_destination = |rule: &Rule| matches!(rule, Rule::DestinationReadOnly | Rule::PrivilegeMissing);
    if rules.iter().all(by_destination) { 5 } else { 2 }
}

/// How the world that was built differs from the one that the case describes, as the product sees both.
pub(crate) fn differences(case: &Case, real: &Observation) -> Vec<String> {
    let (mut wanted, mut real) = (case.observation.clone(), real.clone());
    wanted.source.clone_from(&real.source);
    let read_only = wanted.destination.read_only;
    wanted.destination.clone_from(&real.destination);
    wanted.destination.read_only = read_only;
    for (wanted, real) in wanted.streams.iter_mut().zip(&mut real.streams) {
        as_postgres_says(wanted, real);
    }
    drift::compare(&wanted, &real).iter().map(ToString::to_string).collect()
}

/// What a case may leave open, or say in another way, because no choice rests on it.
fn as_postgres_says(wanted: &mut StreamObservation, real: &mut StreamObservation) {
    source(wanted, real);
    target(wanted, real);
    for (wanted, real) in wanted.target.fits.iter_mut().zip(&mut real.target.fits) {
        wanted.note.clone_from(&real.note);
        // Only `rapidbyte verify` asks in what order a server keeps a key.
        wanted.compared.bounds.clone_from(&real.compared.bounds);
        if wanted.label == FitLabel::Refused {
            wanted.literal = real.literal;
        }
    }
}

fn source(wanted: &mut StreamObservation, real: &StreamObservation) {
    unreadable(wanted, real);
    let (wanted, real) = (&mut wanted.source, &real.source);
    let is_view = matches!(wanted.kind, RelationKind::View | RelationKind::MaterializedView);
    wanted.schema_sha256.clone_from(&real.schema_sha256);
    wanted.dependents.clone_from(&real.dependents);
    wanted.fetches.clone_from(&real.fetches);
    wanted.extent = real.extent;
    wanted.ranges.clone_from(&real.ranges);
    wanted.fetch_note.clone_from(&real.fetch_note);
    if !wanted.key.iter().all(|key| wanted.columns.iter().any(|column| column.name == *key)) {
        wanted.key.clear();
    }
    for (wanted, real) in wanted.columns.iter_mut().zip(&real.columns) {
        // No column of a view is NOT NULL.
        wanted.nullable |= is_view;
        // A version of the Arrow library shows a type as it likes.
        wanted.arrow.clone_from(&real.arrow);
    }
}

/// There is one way to be unreadable here, and the destination's verdict follows from it.
fn unreadable(wanted: &mut StreamObservation, real: &StreamObservation) {
    let columns = wanted.source.columns.iter_mut().zip(&real.source.columns);
    for (wanted_column, column) in columns.filter(|(wanted, real)| wanted.refused.is_some() && real.refused.is_some()) {
        wanted_column.clone_from(column);
        let verdict = real.target.fits.iter().find(|fit| fit.column == column.name);
        let fits = wanted.target.fits.iter_mut().filter(|fit| fit.column == column.name);
        fits.zip(verdict).for_each(|(fit, verdict)| fit.clone_from(verdict));
    }
}

fn target(wanted: &mut StreamObservation, real: &mut StreamObservation) {
    let (wanted, real) = (&mut wanted.target, &mut real.target);
    if wanted.kind.is_none() {
        wanted.insertable = real.insertable;
    }
    if matches!(wanted.kind, Some(RelationKind::View | RelationKind::MaterializedView)) {
        wanted.columns.iter_mut().for_each(|column| column.nullable = true);
    }
    // More hangs on a real table than a case names: its keys' indexes, its owner.
    let is_there = |it: &&Dependent| {
        let same = |found: &&Dependent| (&found.kind, &found.name) == (&it.kind, &it.name);
        real.dependents
            .iter()
            .find(same)
            .is_some_and(|found| it.definition.is_none() || found.definition == it.definition)
    };
    let missing: Vec<Dependent> = wanted.dependents.iter().filter(|it| !is_there(it)).cloned().collect();
    wanted.dependents = real.dependents.iter().cloned().chain(missing).collect();
    wanted.privileges.sort_unstable();
    real.privileges.sort_unstable();
}
