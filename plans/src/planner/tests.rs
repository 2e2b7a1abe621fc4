//! The planner against every golden case, and what no case shows.

use super::*;
use crate::{
    lint::lint,
    observation::{Dependent, TargetColumn, TargetKey},
    report::Rule,
    testing::{Case, PASSWORD, case, golden},
};
use std::collections::BTreeSet;

mod chosen;

#[test]
fn golden_cases_decide_and_lint() {
    for case in golden() {
        let plan = case.plan();
        let findings = lint(&plan);
        assert!(findings.is_empty(), "{}: {findings:?}", case.name);
        assert_eq!(plan.is_refused(), case.name.starts_with("refused-"), "{}", case.name);
        let shown = format!("{}{:?}{plan:?}", plan.to_json(), case.spec);
        assert!(!shown.contains(PASSWORD), "{}", case.name);
    }
}

#[test]
fn every_rule_has_its_case() {
    let mut seen = BTreeSet::new();
    for case in golden() {
        let draft = decide(&case.spec, &case.streams, &case.observation);
        let all = draft.streams.iter().flat_map(|stream| &stream.refusals).chain(&draft.refusals);
        seen.extend(all.map(|refusal| refusal.rule));
    }
    let all: BTreeSet<Rule> = ALL_RULES.into_iter().collect();
    assert_eq!(seen, all);
}

/// Counted by hand: a rule that is missing here makes [`every_rule_has_its_case`] fail once a case has it.
const ALL_RULES: [Rule; 31] = [
    Rule::Deletes,
    Rule::RowErrors,
    Rule::DestinationReadOnly,
    Rule::TargetShared,
    Rule::TargetIsSource,
    Rule::TargetKind,
    Rule::TargetNotInsertable,
    Rule::TargetDisposition,
    Rule::TargetDependents,
    Rule::NameTooLong,
    Rule::PrivilegeMissing,
    Rule::KeyMissing,
    Rule::KeyUnknown,
    Rule::KeyNullable,
    Rule::KeyNotUnique,
    Rule::ColumnUnreadable,
    Rule::ColumnRefused,
    Rule::ColumnGenerated,
    Rule::ColumnIdentity,
    Rule::ColumnAbsent,
    Rule::ColumnRequired,
    Rule::ColumnTwice,
    Rule::ColumnReserved,
    Rule::ColumnsNone,
    Rule::Cursor,
    Rule::LateCommits,
    Rule::StrategyWish,
    Rule::Fetch,
    Rule::Unobserved,
    Rule::SchemaChange,
    Rule::Checksum,
];

#[test]
fn refusals_name_the_grant() {
    let draft = |name: &str| {
        let case = case(name);
        decide(&case.spec, &case.streams, &case.observation).streams[0].refusals.clone()
    };
    assert_eq!(draft("refused-no-insert-privilege")[0].advice, "GRANT INSERT ON raw.orders TO loader;");
    let create = "GRANT CREATE, USAGE ON SCHEMA raw TO loader;";
    assert_eq!(draft("refused-no-create-privilege")[0].advice, create);
}

#[test]
fn sizes_follow_the_width_of_a_row() {
    let sizes = |name: &str| {
        let case = case(name);
        let write = decide(&case.spec, &case.streams, &case.observation).streams[0].write.clone();
        (write.batch_rows, write.insert_rows, write.insert_bytes)
    };
    // 4 MiB / 66,000 B = 63; 1 MiB / 66,000 B = 15.
    assert_eq!(sizes("wide-rows"), (63, 15, 1 << 20));
    assert_eq!(sizes("narrow-rows"), (10_000, 10_000, 1 << 20));
    assert_eq!(sizes("append-wish-insert-nested"), (10_000, 1_000, 1 << 20));
    assert_eq!(sizes("limits-small"), (100, 100, 1 << 20));
}

#[test]
fn a_created_table_has_the_key_and_its_columns_are_not_null() {
    let case = case("key-of-sync-file");
    let write = decide(&case.spec, &case.streams, &case.observation).streams[0].write.clone();
    assert_eq!(write.primary_key, ["customer", "id"]);
    assert!(write.columns.iter().all(|column| column.nullable == (column.name == "total")));
    assert!(write.conflict_key.is_empty());
}

#[test]
fn a_type_is_made_by_the_first_stream_that_needs_it() {
    let case = case("type-created-once");
    let draft = decide(&case.spec, &case.streams, &case.observation);
    let types: Vec<usize> = draft.streams.iter().map(|stream| stream.write.types.len()).collect();
    assert_eq!(types, [1, 0]);
}

/// A collation of the target's own may take "a" and "A" for one: rows that are there already are not passed over, so that the
/// server finds both in one statement and says so, in place of one that is silently lost.
#[test]
fn a_key_that_the_target_compares_otherwise_is_merged_whole() {
    for (name, wanted) in [
        ("upsert-many-merge", "copy merge"),
        ("upsert-few-direct", "copy merge"),
        ("replace-reconcile", "copy reconcile"),
    ] {
        for (native, is_text) in [("text", true), ("character varying(9)", true), ("bigint", false)] {
            let Case { spec, streams, mut observation, .. } = case(name);
            let target = &mut observation.streams[0].target;
            target.columns[0].native = native.to_owned();
            let (kind, column) = ("column options".to_owned(), target.columns[0].name.clone());
            target.dependents.push(Dependent { kind, name: column, definition: None });
            let write = decide(&spec, &streams, &observation).streams[0].write.clone();
            let chosen = format!("{:?} {:?}", write.strategy, write.publication).to_lowercase();
            assert_eq!(chosen == wanted && !write.only_changed, is_text, "{name}: {native}: {write:?}");
        }
    }
}

#[test]
fn a_reconciliation_says_what_stays_and_what_ends_it() {
    let Case { spec, streams, mut observation, .. } = case("replace-reconcile");
    let target = &mut observation.streams[0].target;
    let more = TargetColumn { name: "extra".to_owned(), nullable: true, ..target.columns[1].clone() };
    target.columns.push(more);
    let total = vec![target.columns[1].name.clone()];
    target.keys.push(TargetKey {
        name: "other".to_owned(),
        columns: total.clone(),
        primary: false,
        ..target.keys[0].clone()
    });
    observation.streams[0].source.unique_keys.push(total);
    let notes = decide(&spec, &streams, &observation).streams[0].notes.join("\n");
    for said in [
        "not in the stream: extra; new rows get what the target gives, and rows that are there keep theirs",
        "a row that comes with what another one has until then ends the run, and nothing is changed",
    ] {
        assert!(notes.contains(said), "{notes}");
    }
}

/// Whether the sync file names the columns or leaves them to the source.
#[test]
fn what_is_ignored_is_not_read() {
    let Case { spec, mut streams, observation, .. } = case("change-ignored");
    let read = |streams: &[ResolvedStream]| decide(&spec, streams, &observation).streams[0].read.clone();
    assert_eq!(read(&streams).selection.exclude, ["phone"]);
    streams[0].selection.columns = Some(["id", "phone", "customer", "total"].map(str::to_owned).to_vec());
    assert_eq!(read(&streams).selection.columns.unwrap(), ["id", "customer", "total"]);
}

/// The server has columns of its own in every table, old or new; in a view it has none.
#[test]
fn a_table_gets_no_system_column() {
    for (name, column, wanted) in [
        ("change-added", "note", &[Rule::ColumnReserved][..]),
        ("refused-column-absent-at-target", "total", &[Rule::ColumnReserved]),
        ("append-absent", "total", &[Rule::ColumnReserved]),
        ("append-view", "total", &[]),
    ] {
        let Case { spec, streams, mut observation, .. } = case(name);
        let seen = &mut observation.streams[0];
        let names = seen.source.columns.iter_mut().map(|column| &mut column.name);
        let names = names.chain(seen.target.columns.iter_mut().map(|column| &mut column.name));
        let names = names.chain(seen.target.fits.iter_mut().map(|fit| &mut fit.column));
        names.filter(|name| *name == column).for_each(|name| *name = "ctid".to_owned());
        let draft = &decide(&spec, &streams, &observation).streams[0];
        let refused: Vec<Rule> = draft.refusals.iter().map(|refusal| refusal.rule).collect();
        assert_eq!(refused, wanted, "{name}: {draft:?}");
        assert!(draft.write.changes.is_empty(), "{name}: {draft:?}");
    }
}

/// A partition's columns are those of its parent: the server alters neither without the other.
#[test]
fn what_has_a_parent_is_not_altered() {
    for (name, is_refused) in
        [("change-added", true), ("change-widened", true), ("change-relaxed", false), ("change-removed-not-null", true)]
    {
        let Case { spec, streams, mut observation, .. } = case(name);
        let parent = Dependent { kind: "parent".to_owned(), name: "raw.orders".to_owned(), definition: None };
        observation.streams[0].target.dependents.push(parent);
        let draft = &decide(&spec, &streams, &observation).streams[0];
        assert!(draft.write.changes.is_empty(), "{name}: {draft:?}");
        assert_eq!(!draft.refusals.is_empty(), is_refused, "{name}: {draft:?}");
    }
}
