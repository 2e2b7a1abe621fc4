//! The targets that an observation describes: relations of every kind, their columns, keys and rows. Who may do what is
//! in `access.rs`, what hangs on them in `dependents.rs`.

use crate::{
    access,
    case::Case,
    dependents,
    source::believe,
    sql::{self, ident, object},
    values,
};
use rapidbyte_plans::{
    decision::Disposition,
    name::ObjectName,
    observation::{Dependent, Identity, QuarantineState, RelationKind, TargetColumn, TargetKey, TargetState},
};
use std::{collections::BTreeSet, fmt::Write as _, ops::RangeInclusive};

/// Rows that are there before: for an upsert some that the source has as well, otherwise none of them, so that keys hold.
const OVERLAPPING: RangeInclusive<u32> = 26..=75;
const APART: RangeInclusive<u32> = 1001..=1025;

/// Columns that are no key hold other values than the source's rows of the same number.
const OTHER_BY: u32 = 7;

/// The targets, and the records of those that runs of ours filled.
pub(crate) fn build(case: &Case, port: u16) -> String {
    let columns = targets(case).flat_map(|target| &target.columns);
    let mut sql = values::make_types(columns.map(|column| column.native.as_str()));
    for (at, target) in targets(case).enumerate().filter(|(_, target)| target.kind.is_some()) {
        sql.push_str(&dependents::sequences(target));
        sql.push_str(&relation(target, port));
        sql.push_str(&rows(case, target));
        if target.filled_by_us {
            let name = sql::literal(&object(&target.name));
            let sync = sql::literal(case.spec.name.as_str());
            let _ = writeln!(
                sql,
                "INSERT INTO _rapidbyte.targets (relation, run, changes, sync, own, seen) \
                 SELECT {name}::regclass, 'a run before', 0, {sync}, pg_current_xact_id(), pg_current_snapshot();"
            );
        }
        sql.push_str(&dependents::build(target, at));
        sql.push_str(&access::rights(case, target));
        if let Some(rows) = target.rows.filter(|rows| *rows > 0 && is_table(target)) {
            sql.push_str(&believe(&target.name, rows));
        }
    }
    case.observation
        .streams
        .iter()
        .filter_map(|seen| seen.quarantine.as_ref())
        .for_each(|it| sql.push_str(&quarantine(case, it)));
    sql
}

/// A table for refused rows that is there already: one as the product makes it, or one that lacks a column.
fn quarantine(case: &Case, seen: &QuarantineState) -> String {
    if !seen.exists {
        return String::new();
    }
    let name = object(&seen.name);
    let lacks = if seen.unfit.is_some() { format!("ALTER TABLE {name} DROP COLUMN stream;\n") } else { String::new() };
    let grant = if seen.may_insert {
        format!("GRANT INSERT ON {name} TO {};\n", ident(&case.observation.destination.user))
    } else {
        String::new()
    };
    format!(
        "CREATE TABLE {name} (run text NOT NULL, stream text NOT NULL, rejected_at timestamptz NOT NULL DEFAULT clock_timestamp(), \
         reason text NOT NULL, object text, \"row\" text NOT NULL);\n{lacks}{grant}"
    )
}

/// Where the rows of a target lie: behind a view or a foreign table there is a table.
pub(crate) fn stored(target: &TargetState) -> ObjectName {
    if is_table(target) { target.name.clone() } else { ObjectName::new("behind", &target.name.name) }
}

/// Each target once, though two streams may write it.
pub(crate) fn targets(case: &Case) -> impl Iterator<Item = &TargetState> {
    let mut seen = BTreeSet::new();
    let all = case.observation.streams.iter().map(|seen| &seen.target);
    all.filter(move |target| seen.insert(&target.name))
}

pub(crate) fn is_table(target: &TargetState) -> bool {
    matches!(target.kind, Some(RelationKind::Table | RelationKind::PartitionedTable))
}

fn relation(target: &TargetState, port: u16) -> String {
    let (name, stored) = (object(&target.name), object(&stored(target)));
    let columns: Vec<String> = target.columns.iter().map(|one| column(target, one)).collect();
    let table = |head: &str, table: &str| format!("CREATE {head} {table} ({})", columns.join(", "));
    let behind = format!("CREATE SCHEMA IF NOT EXISTS behind;\n{};\n", table("TABLE", &stored));
    match target.kind {
        Some(RelationKind::Table) => {
            let head = if target.unlogged { "UNLOGGED TABLE" } else { "TABLE" };
            format!("{};\n{}", table(head, &name), keys(target))
        }
        Some(RelationKind::PartitionedTable) => {
            let by = target.keys.first().map_or(&target.columns[0].name, |key| &key.columns[0]);
            let parts = dependents::partitions(target);
            format!("{} PARTITION BY HASH ({});\n{}{parts}", table("TABLE", &name), ident(by), keys(target))
        }
        Some(RelationKind::View) => {
            // A view with OFFSET is not one that the server can write through (manual, CREATE VIEW, "Updatable Views").
            let end = if target.insertable { "" } else { " OFFSET 0" };
            format!("{behind}CREATE VIEW {name} AS SELECT * FROM {stored}{end};\n")
        }
        Some(RelationKind::MaterializedView) => {
            format!("{behind}CREATE MATERIALIZED VIEW {name} AS SELECT * FROM {stored};\n")
        }
        Some(RelationKind::ForeignTable) => format!(
            "{behind}CREATE EXTENSION IF NOT EXISTS postgres_fdw;\nCREATE SERVER IF NOT EXISTS itself FOREIGN DATA WRAPPER postgres_fdw \
             OPTIONS (host '127.0.0.1', port '{port}', dbname 'destination');\n\
             CREATE USER MAPPING IF NOT EXISTS FOR PUBLIC SERVER itself OPTIONS (user 'postgres', password_required 'false');\n\
             {} SERVER itself OPTIONS (schema_name 'behind');\n",
            table("FOREIGN TABLE", &name)
        ),
        // The contract's word for all that is no relation with rows; a sequence is one of them.
        Some(RelationKind::Other) => format!("CREATE SEQUENCE {name};\n"),
        None => String::new(),
    }
}

fn column(target: &TargetState, column: &TargetColumn) -> String {
    let mut sql = format!("{} {}", ident(&column.name), column.native);
    if !column.nullable {
        sql.push_str(" NOT NULL");
    }
    let fills = |kind: &str| kind == "default" || kind == "generated";
    let defined = target.dependents.iter().find(|it| it.name == column.name && fills(&it.kind));
    let defined = defined.and_then(|it| it.definition.clone());
    let value = || defined.clone().unwrap_or_else(|| values::value(&column.native, "0"));
    if column.generated {
        let _ = write!(sql, " GENERATED ALWAYS AS ({}) STORED", value());
    } else if column.has_default {
        let _ = write!(sql, " DEFAULT {}", value());
    }
    match column.identity {
        Identity::None => {}
        Identity::Always => sql.push_str(" GENERATED ALWAYS AS IDENTITY"),
        Identity::ByDefault => sql.push_str(" GENERATED BY DEFAULT AS IDENTITY"),
    }
    sql
}

/// A unique index that hangs on the target is made with what else does.
fn keys(target: &TargetState) -> String {
    let defined = |key: &TargetKey| {
        let is_index = |it: &Dependent| it.kind == "index" && it.name == key.name && it.definition.is_some();
        target.dependents.iter().any(is_index)
    };
    target.keys.iter().filter(|one| !defined(one)).map(|one| key(&object(&target.name), one)).collect()
}

fn key(table: &str, key: &TargetKey) -> String {
    let (name, columns) = (ident(&key.name), sql::idents(&key.columns));
    if key.partial || key.expression {
        let expression = if key.expression { ", (1)" } else { "" };
        let condition =
            if key.partial { format!(" WHERE {} IS NOT NULL", ident(&key.columns[0])) } else { String::new() };
        return format!("CREATE UNIQUE INDEX {name} ON {table} ({columns}{expression}){condition};\n");
    }
    let kind = if key.primary { "PRIMARY KEY" } else { "UNIQUE" };
    let nulls = if key.nulls_not_distinct { " NULLS NOT DISTINCT" } else { "" };
    let deferrable = if key.deferrable { " DEFERRABLE" } else { "" };
    format!("ALTER TABLE {table} ADD CONSTRAINT {name} {kind}{nulls} ({columns}){deferrable};\n")
}

/// Rows that somebody else put there.
fn rows(case: &Case, target: &TargetState) -> String {
    if target.rows == Some(0) || target.kind == Some(RelationKind::Other) {
        return String::new();
    }
    let given: Vec<&TargetColumn> = target.columns.iter().filter(|column| is_given(case, column)).collect();
    let in_key = |name: &String| target.keys.iter().any(|key| key.columns.contains(name));
    let value = |column: &&TargetColumn| {
        let i = if in_key(&column.name) { "i".to_owned() } else { format!("i + {OTHER_BY}") };
        values::value(&column.native, &i)
    };
    let range = numbers(case, target);
    let mut sql = format!(
        "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM generate_series({}, {}) AS i;\n",
        object(&stored(target)),
        sql::idents(given.iter().map(|column| &column.name)),
        given.iter().map(value).collect::<Vec<_>>().join(", "),
        range.start(),
        range.end()
    );
    if target.kind == Some(RelationKind::MaterializedView) {
        let _ = writeln!(sql, "REFRESH MATERIALIZED VIEW {};", object(&target.name));
    }
    sql
}

fn numbers(case: &Case, target: &TargetState) -> RangeInclusive<u32> {
    let mut streams = case.streams.iter().filter(|stream| stream.target == target.name);
    let upserts = streams.any(|stream| stream.wishes.disposition == Disposition::Upsert);
    if upserts { OVERLAPPING } else { APART }
}

/// What no stream brings and the target fills by itself is left to it.
fn is_given(case: &Case, column: &TargetColumn) -> bool {
    let mut brought = case.observation.streams.iter().flat_map(|seen| &seen.source.columns);
    let is_filled = column.has_default || column.identity != Identity::None;
    !column.generated && (!is_filled || brought.any(|source| source.name == column.name))
}
