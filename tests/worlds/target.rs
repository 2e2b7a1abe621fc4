//! The destination that an observation describes: schemas, targets of every kind, their keys and rows, who owns them and
//! what our user may do. What hangs on a target is in `dependents.rs`.

use crate::{
    case::Case,
    dependents,
    source::believe,
    sql::{self, ident, object},
    values,
};
use rapidbyte_plans::{
    decision::Disposition,
    name::ObjectName,
    observation::{Identity, Privilege, RelationKind, TargetColumn, TargetKey, TargetState},
};
use std::{collections::BTreeSet, fmt::Write as _, ops::RangeInclusive};

/// Owns what our user does not.
const KEEPER: &str = "keeper";

/// Rows that are there before: for an upsert some that the source has as well, otherwise none of them, so that keys hold.
const OVERLAPPING: RangeInclusive<u32> = 26..=75;
const APART: RangeInclusive<u32> = 1001..=1025;

/// Columns that are no key hold other values than the source's rows of the same number.
const OTHER_BY: u32 = 7;

/// The statements of the records of runs, as the case for a first run holds them; that case shows that they are the
/// product's own.
const FIRST_RUN: &str = include_str!("../golden/plans/first-run-bookkeeping/observation.json");

/// Roles, schemas and records of runs: all that is there before a first run.
pub(crate) fn prepare(case: &Case) -> String {
    let observation = &case.observation;
    let loader = ident(&observation.destination.user);
    let mut sql = format!(
        "CREATE ROLE {loader} LOGIN; CREATE ROLE {KEEPER};\n{}",
        dependents::roles(observation.streams.iter().map(|seen| &seen.target))
    );
    for target in targets(case) {
        sql.push_str(&schema(target, &loader));
    }
    sql + &records(case, &loader)
}

/// The targets; those that runs of ours filled are there already.
pub(crate) fn build(case: &Case, port: u16) -> String {
    let columns = targets(case).flat_map(|target| &target.columns);
    let mut sql = values::make_types(columns.map(|column| column.native.as_str()));
    for (at, target) in targets(case).enumerate().filter(|(_, target)| target.kind.is_some()) {
        if !target.filled_by_us {
            sql.push_str(&relation(target, port));
            sql.push_str(&rows(case, target));
        }
        sql.push_str(&dependents::build(target, at));
        sql.push_str(&rights(case, target));
        if let Some(rows) = target.rows.filter(|rows| *rows > 0 && is_table(target)) {
            sql.push_str(&believe(&target.name, rows));
        }
    }
    if case.observation.destination.read_only {
        let loader = ident(&case.observation.destination.user);
        let _ = writeln!(sql, "ALTER ROLE {loader} SET default_transaction_read_only = on;");
    }
    sql
}

/// Where the rows of a target lie: behind a view or a foreign table there is a table.
pub(crate) fn stored(target: &TargetState) -> ObjectName {
    if is_table(target) { target.name.clone() } else { ObjectName::new("behind", &target.name.name) }
}

/// Each target once, though two streams may write it.
fn targets(case: &Case) -> impl Iterator<Item = &TargetState> {
    let mut seen = BTreeSet::new();
    let all = case.observation.streams.iter().map(|seen| &seen.target);
    all.filter(move |target| seen.insert(&target.name))
}

fn is_table(target: &TargetState) -> bool {
    matches!(target.kind, Some(RelationKind::Table | RelationKind::PartitionedTable))
}

fn schema(target: &TargetState, loader: &str) -> String {
    let name = ident(sql::schema(&target.name));
    let may_create = target.privileges.contains(&Privilege::CreateInSchema);
    match (target.schema_exists, may_create) {
        (true, true) => {
            format!("CREATE SCHEMA IF NOT EXISTS {name}; GRANT USAGE, CREATE ON SCHEMA {name} TO {loader};\n")
        }
        (true, false) => format!("CREATE SCHEMA IF NOT EXISTS {name}; GRANT USAGE ON SCHEMA {name} TO {loader};\n"),
        (false, true) => format!("GRANT CREATE ON DATABASE destination TO {loader};\n"),
        (false, false) => String::new(),
    }
}

fn records(case: &Case, loader: &str) -> String {
    let first: rapidbyte_plans::observation::Observation = serde_json::from_str(FIRST_RUN).unwrap();
    let missing = |sql: &String| case.observation.bookkeeping.iter().any(|statement| statement.sql == *sql);
    let there: Vec<String> =
        first.bookkeeping.into_iter().map(|statement| statement.sql).filter(|sql| !missing(sql)).collect();
    let may = |privilege| targets(case).all(|target| target.privileges.contains(&privilege));
    let mut sql: String = there.iter().map(|statement| format!("{statement};\n")).collect();
    if may(Privilege::Record) && there.is_empty() {
        let _ = writeln!(sql, "GRANT CREATE ON DATABASE destination TO {loader};");
    } else if may(Privilege::Record) {
        let _ = writeln!(sql, "GRANT ALL ON SCHEMA _rapidbyte TO {loader};");
        let _ = writeln!(sql, "GRANT ALL ON ALL TABLES IN SCHEMA _rapidbyte TO {loader};");
    }
    if targets(case).flat_map(|target| &target.fits).any(|fit| !fit.types.is_empty()) {
        // No observation says whether types can be made in their schema, which the source chose.
        let _ = writeln!(sql, "GRANT CREATE ON SCHEMA public TO {loader};");
    }
    if !may(Privilege::Stage) {
        sql.push_str("REVOKE TEMPORARY ON DATABASE destination FROM PUBLIC;\n");
    }
    sql
}

fn relation(target: &TargetState, port: u16) -> String {
    let (name, stored) = (object(&target.name), object(&stored(target)));
    let columns: Vec<String> = target.columns.iter().map(column).collect();
    let table = |head: &str, table: &str| format!("CREATE {head} {table} ({})", columns.join(", "));
    let behind = format!("CREATE SCHEMA IF NOT EXISTS behind;\n{};\n", table("TABLE", &stored));
    match target.kind {
        Some(RelationKind::Table) => {
            let head = if target.unlogged { "UNLOGGED TABLE" } else { "TABLE" };
            format!("{};\n{}", table(head, &name), keys(target))
        }
        Some(RelationKind::PartitionedTable) => {
            let by = target.keys.first().map_or(&target.columns[0].name, |key| &key.columns[0]);
            format!("{} PARTITION BY HASH ({});\n{}", table("TABLE", &name), ident(by), keys(target))
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
            "{behind}CREATE EXTENSION IF NOT EXISTS postgres_fdw;\nCREATE SERVER itself FOREIGN DATA WRAPPER postgres_fdw \
             OPTIONS (host '127.0.0.1', port '{port}', dbname 'destination');\n\
             CREATE USER MAPPING FOR PUBLIC SERVER itself OPTIONS (user 'postgres', password_required 'false');\n\
             {} SERVER itself OPTIONS (schema_name 'behind');\n",
            table("FOREIGN TABLE", &name)
        ),
        // The contract's word for all that is no relation with rows; a sequence is one of them.
        Some(RelationKind::Other) => format!("CREATE SEQUENCE {name};\n"),
        None => String::new(),
    }
}

fn column(column: &TargetColumn) -> String {
    let mut sql = format!("{} {}", ident(&column.name), column.native);
    if !column.nullable {
        sql.push_str(" NOT NULL");
    }
    let value = || values::value(&column.native, "0");
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

fn keys(target: &TargetState) -> String {
    target.keys.iter().map(|one| key(&object(&target.name), one)).collect()
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

/// Rows that somebody else put there. A target without partitions has none to take them until its children are there.
fn rows(case: &Case, target: &TargetState) -> String {
    if target.rows == Some(0) || target.kind == Some(RelationKind::Other) {
        return String::new();
    }
    let streams = case.streams.iter().filter(|stream| stream.target == target.name);
    let upserts = streams.clone().any(|stream| stream.wishes.disposition == Disposition::Upsert);
    let range = if upserts { OVERLAPPING } else { APART };
    let brought: BTreeSet<&str> = case
        .observation
        .streams
        .iter()
        .flat_map(|seen| &seen.source.columns)
        .map(|column| column.name.as_str())
        .collect();
    let is_counted = |column: &TargetColumn| column.has_default || column.identity != Identity::None;
    let given: Vec<&TargetColumn> = target
        .columns
        .iter()
        .filter(|column| !column.generated && (brought.contains(column.name.as_str()) || !is_counted(column)))
        .collect();
    let in_key = |name: &String| target.keys.iter().any(|key| key.columns.contains(name));
    let value = |column: &&TargetColumn| {
        let i = if in_key(&column.name) { "i".to_owned() } else { format!("i + {OTHER_BY}") };
        values::value(&column.native, &i)
    };
    let children = dependents::partitions(target);
    let refresh = if target.kind == Some(RelationKind::MaterializedView) { "REFRESH MATERIALIZED VIEW" } else { "" };
    let refresh = if refresh.is_empty() { String::new() } else { format!("{refresh} {};\n", object(&target.name)) };
    format!(
        "{children}INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM generate_series({}, {}) AS i;\n{refresh}",
        object(&stored(target)),
        sql::idents(given.iter().map(|column| &column.name)),
        given.iter().map(value).collect::<Vec<_>>().join(", "),
        range.start(),
        range.end()
    )
}

/// Who owns the target, and what our user may do with it. An owner can be denied as well.
fn rights(case: &Case, target: &TargetState) -> String {
    const GRANTS: [(Privilege, &str); 5] = [
        (Privilege::Select, "SELECT"),
        (Privilege::Insert, "INSERT"),
        (Privilege::Update, "UPDATE"),
        (Privilege::Delete, "DELETE"),
        (Privilege::Truncate, "TRUNCATE"),
    ];
    let (name, loader) = (object(&target.name), ident(&case.observation.destination.user));
    let owns = target.privileges.contains(&Privilege::Own);
    let owner = if owns { loader.as_str() } else { KEEPER };
    let kind = match target.kind {
        Some(RelationKind::View) => "VIEW",
        Some(RelationKind::MaterializedView) => "MATERIALIZED VIEW",
        Some(RelationKind::ForeignTable) => "FOREIGN TABLE",
        Some(RelationKind::Other) => "SEQUENCE",
        _ => "TABLE",
    };
    let mut sql = format!("ALTER {kind} {name} OWNER TO {owner};\n");
    if !is_table(target) && kind != "SEQUENCE" {
        let _ = writeln!(
            sql,
            "GRANT USAGE ON SCHEMA behind TO {owner}; ALTER TABLE {} OWNER TO {owner};",
            object(&stored(target))
        );
    }
    for (_, word) in
        GRANTS.iter().filter(|(privilege, _)| kind != "SEQUENCE" && owns != target.privileges.contains(privilege))
    {
        let statement =
            if owns { format!("REVOKE {word} ON {name} FROM") } else { format!("GRANT {word} ON {name} TO") };
        let _ = writeln!(sql, "{statement} {loader};");
    }
    sql
}
