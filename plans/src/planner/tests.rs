//! The planner against every golden case: what is chosen in each, and that each rule has its case.

use super::*;
use crate::{
    lint::lint,
    observation::{Dependent, TargetColumn, TargetKey},
    report::Rule,
    testing::{Case, PASSWORD, case, golden},
};
use std::collections::BTreeSet;

/// What a case comes to, in a line: "copy swap +override", or the rules that refuse it.
fn outcome(name: &str) -> String {
    let case = case(name);
    let draft = decide(&case.spec, &case.streams, &case.observation);
    let rules = |refusals: &[Refusal]| refusals.iter().map(|refusal| format!("{:?}", refusal.rule)).collect::<Vec<_>>();
    let mut refused = rules(&draft.refusals);
    refused.extend(draft.streams.iter().flat_map(|stream| rules(&stream.refusals)));
    if !refused.is_empty() {
        return refused.join(" ");
    }
    let one = |stream: &StreamDraft| {
        let write = &stream.write;
        let flags = [
            (write.create_schema, " +schema"),
            (write.create_table, " +table"),
            (write.override_identity, " override"),
            (write.delete_instead_of_truncate, " delete"),
            (write.only_changed, " only-changed"),
            (!write.changes.is_empty(), " changes"),
            (stream.destroys.is_some(), " destroys"),
            (write.row_errors.is_some(), " aside"),
        ];
        let flags: String = flags.iter().filter(|(set, _)| *set).map(|(_, word)| *word).collect();
        format!("{:?} {:?}{flags}", write.strategy, write.publication).to_lowercase()
    };
    draft.streams.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// The decision table: case, what is chosen.
const CHOSEN: [(&str, &str); 99] = [
    ("verify-checksum-append", "copy direct"),
    ("verify-checksum-swap", "copy swap destroys"),
    ("verify-checksum-merge", "copy merge only-changed"),
    ("verify-checksum-few", "upsert direct"),
    ("verify-checksum-all-columns-key", "copy merge"),
    ("row-errors-schema-absent", "copy direct +schema +table aside"),
    ("row-errors-emptied-altered", "copy direct changes aside"),
    ("row-errors-quarantine", "copy direct aside"),
    ("row-errors-quarantine-there", "copy direct aside"),
    ("row-errors-skip", "copy direct aside"),
    ("row-errors-absent", "copy direct +table aside"),
    ("row-errors-upsert", "upsert direct aside"),
    ("row-errors-swap", "copy swap destroys aside"),
    ("row-errors-emptied", "copy direct destroys aside"),
    ("row-errors-emptied-delete", "copy direct delete destroys aside"),
    ("row-errors-emptied-row-level-security", "insert direct destroys aside"),
    ("append-absent", "copy direct +table"),
    ("replace-absent", "copy direct +table"),
    ("upsert-absent", "copy direct +table"),
    ("schema-absent", "copy direct +schema +table"),
    ("type-created-once", "copy direct +schema +table; copy direct +table"),
    ("no-estimates", "copy merge only-changed"),
    ("append-table", "copy direct"),
    ("upsert-absent-wish-upsert", "upsert direct +table"),
    ("append-view", "insert direct"),
    ("append-foreign-table", "insert direct"),
    ("append-row-level-security", "insert direct"),
    ("append-rules", "insert direct"),
    ("append-wish-insert", "insert direct"),
    ("append-partitioned-with-triggers", "copy direct"),
    ("append-identity-always-copy", "copy direct"),
    ("append-identity-always-insert", "insert direct override"),
    ("append-not-null-at-target", "copy direct"),
    ("append-filled-columns-of-target", "copy direct"),
    ("replace-swap", "copy swap destroys"),
    ("replace-swap-filled-by-us", "copy swap"),
    ("replace-swap-without-key", "copy swap destroys"),
    ("replace-empty", "copy swap"),
    ("replace-refill-view-hangs", "copy refill destroys"),
    ("replace-refill-not-owner", "copy refill destroys"),
    ("replace-refill-no-create", "copy refill destroys"),
    ("replace-refill-delete", "copy refill delete destroys"),
    ("replace-refill-partitioned", "copy refill destroys"),
    ("replace-swap-indexes", "copy swap destroys"),
    ("replace-swap-grants", "copy swap destroys"),
    ("replace-swap-columns", "copy swap destroys"),
    ("replace-swap-comments", "copy swap destroys"),
    ("replace-swap-computed", "copy swap destroys"),
    ("replace-swap-replica-identity", "copy swap destroys"),
    ("replace-swap-storage", "copy swap destroys"),
    ("replace-refill-trigger", "copy refill destroys"),
    ("replace-refill-publication", "copy refill destroys"),
    ("replace-refill-foreign-key-to", "copy refill destroys"),
    ("replace-refill-index", "copy refill destroys"),
    ("replace-refill-revoked", "copy refill delete destroys"),
    ("replace-swap-key-name", "copy swap destroys"),
    ("replace-refill-unlogged", "copy refill destroys"),
    ("replace-refill-row-level-security", "copy refill destroys"),
    ("replace-swap-other-order", "copy swap destroys"),
    ("replace-swap-other-key", "copy swap destroys"),
    ("replace-swap-unique-key", "copy swap destroys"),
    ("replace-swap-default", "copy swap destroys"),
    ("replace-refill-identity", "copy refill override destroys"),
    ("replace-swap-nullable", "copy swap destroys"),
    ("replace-swap-widened", "copy swap destroys"),
    ("replace-wish-insert", "insert swap destroys"),
    ("upsert-many-merge", "copy merge only-changed"),
    ("upsert-few-direct", "upsert direct"),
    ("upsert-few-not-known-unique", "copy merge"),
    ("upsert-query-absent", "copy direct +table"),
    ("upsert-key-nullable-at-source", "copy merge"),
    ("upsert-all-columns-not-known-unique", "copy merge"),
    ("upsert-wish-copy", "copy merge only-changed"),
    ("upsert-wish-upsert", "upsert direct"),
    ("upsert-identity-in-key", "upsert direct override"),
    ("upsert-without-literals", "copy merge only-changed"),
    ("upsert-nulls-not-distinct", "copy merge only-changed"),
    ("several-streams", "copy direct +table; copy direct"),
    ("change-added", "copy merge only-changed changes"),
    ("change-added-append", "copy direct changes"),
    ("change-added-replace", "copy refill changes"),
    ("change-ignored", "copy merge only-changed"),
    ("change-widened", "copy merge only-changed changes"),
    ("change-widened-replace", "copy refill changes"),
    ("change-relaxed", "copy merge only-changed changes"),
    ("change-removed", "copy merge only-changed"),
    ("change-removed-not-null", "copy merge only-changed changes"),
    ("change-renamed", "copy merge only-changed changes"),
    ("change-key-append", "copy direct"),
    ("change-narrowed", "copy merge only-changed"),
    ("replace-reconcile", "copy reconcile only-changed"),
    ("replace-reconcile-trigger", "copy reconcile"),
    ("replace-reconcile-not-ours", "copy reconcile only-changed destroys"),
    ("nothing-to-apply", "upsert direct"),
    ("nothing-to-apply-replace", "copy swap"),
    ("names-reserved", "copy merge only-changed"),
    ("names-case-only", "copy direct +table; copy direct +table"),
    ("change-commented", "copy merge only-changed"),
    ("append-absent-commented", "copy direct +table"),
];

const REFUSED: [(&str, &str); 72] = [
    ("refused-row-errors-merge", "RowErrors"),
    ("refused-row-errors-reconcile", "RowErrors"),
    ("refused-row-errors-wish-copy", "RowErrors"),
    ("refused-row-errors-foreign-key-to-itself", "RowErrors"),
    ("refused-row-errors-other-table", "RowErrors"),
    ("refused-row-errors-no-insert", "PrivilegeMissing"),
    ("refused-row-errors-no-create", "PrivilegeMissing"),
    ("refused-row-errors-long-name", "NameTooLong"),
    ("refused-row-errors-target-of-other", "TargetShared"),
    ("refused-read-only", "DestinationReadOnly"),
    ("refused-shared-target", "TargetShared TargetShared"),
    ("refused-target-is-source", "TargetIsSource"),
    ("refused-materialized-view", "TargetKind"),
    ("refused-sequence", "TargetKind"),
    ("refused-temporary", "TargetKind"),
    ("refused-target-read-by-other", "TargetIsSource"),
    ("refused-no-create-schema", "PrivilegeMissing"),
    ("refused-unique-key-also-deferrable", "KeyNotUnique"),
    ("refused-wish-upsert-not-unique", "StrategyWish"),
    ("refused-view-not-insertable", "TargetNotInsertable"),
    ("refused-replace-view", "TargetDisposition"),
    ("refused-replace-rules", "TargetDisposition"),
    ("refused-replace-foreign-table", "TargetDisposition"),
    ("refused-replace-foreign-keys", "TargetDependents"),
    ("refused-replace-children", "TargetDependents"),
    ("refused-replace-delete-under-rls", "TargetDisposition"),
    ("refused-upsert-view", "TargetDisposition"),
    ("refused-upsert-rules", "TargetDisposition"),
    ("refused-long-table-name", "NameTooLong"),
    ("refused-long-column-name", "NameTooLong"),
    ("refused-no-create-privilege", "PrivilegeMissing"),
    ("refused-no-insert-privilege", "PrivilegeMissing"),
    ("refused-no-update-privilege", "PrivilegeMissing PrivilegeMissing"),
    ("refused-no-truncate-privilege", "PrivilegeMissing"),
    ("refused-no-stage-privilege", "PrivilegeMissing"),
    ("refused-no-record-privilege", "PrivilegeMissing"),
    ("refused-upsert-without-key", "KeyMissing"),
    ("refused-key-unknown", "KeyUnknown"),
    ("refused-key-nullable", "KeyNullable"),
    ("refused-no-unique-key", "KeyNotUnique"),
    ("refused-unique-key-partial", "KeyNotUnique"),
    ("refused-unique-key-expression", "KeyNotUnique"),
    ("refused-unique-key-deferrable", "KeyNotUnique"),
    ("refused-column-unreadable", "ColumnUnreadable"),
    ("refused-column-narrowed", "ColumnRefused"),
    ("refused-column-generated", "ColumnGenerated"),
    ("refused-column-identity-updated", "ColumnIdentity"),
    ("refused-column-absent-at-target", "ColumnAbsent"),
    ("refused-column-required-by-target", "ColumnRequired"),
    ("refused-column-twice", "ColumnTwice"),
    ("refused-column-reserved", "ColumnReserved"),
    ("refused-no-columns", "ColumnsNone"),
    ("refused-wish-copy", "StrategyWish"),
    ("refused-wish-upsert", "StrategyWish"),
    ("refused-wish-insert-without-literals", "StrategyWish"),
    ("refused-fetch-wish", "Fetch"),
    ("refused-unobserved", "Unobserved"),
    ("refused-column-unobserved", "Unobserved"),
    ("refused-change-added-fail", "SchemaChange"),
    ("refused-change-added-not-owner", "PrivilegeMissing"),
    ("refused-change-widened-fail", "ColumnRefused"),
    ("refused-change-widened-view", "SchemaChange"),
    ("refused-change-widened-others", "ColumnRefused"),
    ("refused-change-relaxed-fail", "SchemaChange"),
    ("refused-change-removed-fail", "SchemaChange"),
    ("refused-change-key-upsert", "KeyNotUnique"),
    ("refused-replace-cascading-keys", "TargetDependents"),
    ("refused-replace-no-delete-privilege", "PrivilegeMissing"),
    ("refused-names-truncated", "NameTooLong NameTooLong"),
    ("refused-checksum-row-level-security", "Checksum"),
    ("refused-checksum-view", "Checksum"),
    ("refused-checksum-no-select-privilege", "PrivilegeMissing"),
];

#[test]
fn what_is_chosen() {
    for (name, wanted) in CHOSEN.iter().chain(&REFUSED) {
        assert_eq!(outcome(name), *wanted, "{name}");
    }
}

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
const ALL_RULES: [Rule; 30] = [
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
    // 4 MiB / 66,000 B = 63; 1 MiB / (2 × 66,000 B) = 7.
    assert_eq!(sizes("wide-rows"), (63, 7, 1 << 20));
    assert_eq!(sizes("narrow-rows"), (10_000, 1_000, 1 << 20));
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
