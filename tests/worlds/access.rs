//! Who is who at the destination, who owns what, and what our user may do there: exactly what the observation says.

use crate::{
    case::Case,
    dependents,
    sql::{self, ident, object},
    target::{is_table, stored, targets},
};
use rapidbyte_plans::observation::{Observation, Privilege, RelationKind, TargetState};
use std::fmt::Write as _;

/// Owns what our user does not.
const KEEPER: &str = "keeper";

/// The statements that make the records of runs, as the case for a first run holds them; that case shows that they are
/// the product's own.
const FIRST_RUN: &str = include_str!("../golden/plans/first-run-bookkeeping/observation.json");

/// Roles, schemas and records of runs: all that is there before the targets are.
pub(crate) fn prepare(case: &Case) -> String {
    let destination = &case.observation.destination;
    let loader = ident(&destination.user);
    let mut sql = format!("CREATE ROLE {loader} LOGIN; CREATE ROLE {KEEPER};\n");
    sql.push_str(&dependents::roles(targets(case)));
    targets(case).for_each(|target| sql.push_str(&schema(target, &loader)));
    sql.push_str(&records(case, &loader));
    if !may(case, Privilege::Stage) {
        sql.push_str("REVOKE TEMPORARY ON DATABASE destination FROM PUBLIC;\n");
    }
    if targets(case).flat_map(|target| &target.fits).any(|fit| !fit.types.is_empty()) {
        // No observation says whether types can be made in their schema, which is the source's choice.
        let _ = writeln!(sql, "GRANT CREATE ON SCHEMA public TO {loader};");
    }
    if destination.read_only {
        let _ = writeln!(sql, "ALTER ROLE {loader} SET default_transaction_read_only = on;");
    }
    sql
}

/// Who owns a target, and what our user may do with it: an owner, too, can be denied something.
pub(crate) fn rights(case: &Case, target: &TargetState) -> String {
    let (name, loader) = (object(&target.name), ident(&case.observation.destination.user));
    let owns = target.privileges.contains(&Privilege::Own);
    let owner = if owns { loader.as_str() } else { KEEPER };
    let mut sql = format!("ALTER {} {name} OWNER TO {owner};\n", kind(target));
    if target.kind == Some(RelationKind::Other) {
        return sql;
    }
    for statistics in target.dependents.iter().filter(|it| it.kind == "statistics") {
        let (schema, name) = (ident(sql::schema(&target.name)), ident(&statistics.name));
        let _ = writeln!(sql, "ALTER STATISTICS {schema}.{name} OWNER TO {owner};");
    }
    if !is_table(target) {
        let stored = object(&stored(target));
        let _ = writeln!(sql, "GRANT USAGE ON SCHEMA behind TO {owner}; ALTER TABLE {stored} OWNER TO {owner};");
    }
    for (privilege, word) in PRIVILEGES {
        match (owns, target.privileges.contains(&privilege)) {
            (true, true) | (false, false) => {}
            (true, false) => sql.extend(["REVOKE ", word, " ON ", &name, " FROM ", &loader, ";\n"]),
            (false, true) => sql.extend(["GRANT ", word, " ON ", &name, " TO ", &loader, ";\n"]),
        }
    }
    sql
}

const PRIVILEGES: [(Privilege, &str); 5] = [
    (Privilege::Select, "SELECT"),
    (Privilege::Insert, "INSERT"),
    (Privilege::Update, "UPDATE"),
    (Privilege::Delete, "DELETE"),
    (Privilege::Truncate, "TRUNCATE"),
];

fn kind(target: &TargetState) -> &'static str {
    match target.kind {
        Some(RelationKind::View) => "VIEW",
        Some(RelationKind::MaterializedView) => "MATERIALIZED VIEW",
        Some(RelationKind::ForeignTable) => "FOREIGN TABLE",
        Some(RelationKind::Other) => "SEQUENCE",
        Some(RelationKind::Table | RelationKind::PartitionedTable) | None => "TABLE",
    }
}

/// A privilege that is no single target's.
fn may(case: &Case, privilege: Privilege) -> bool {
    targets(case).all(|target| target.privileges.contains(&privilege))
}

fn schema(target: &TargetState, loader: &str) -> String {
    let name = ident(sql::schema(&target.name));
    match (target.schema_exists, target.privileges.contains(&Privilege::CreateInSchema)) {
        (true, true) => {
            format!("CREATE SCHEMA IF NOT EXISTS {name}; GRANT USAGE, CREATE ON SCHEMA {name} TO {loader};\n")
        }
        (true, false) => format!("CREATE SCHEMA IF NOT EXISTS {name}; GRANT USAGE ON SCHEMA {name} TO {loader};\n"),
        (false, true) => format!("GRANT CREATE ON DATABASE destination TO {loader};\n"),
        (false, false) => String::new(),
    }
}

/// What records runs, but for what the case says is missing.
fn records(case: &Case, loader: &str) -> String {
    let first: Observation = serde_json::from_str(FIRST_RUN).unwrap();
    let is_missing = |sql: &str| case.observation.bookkeeping.iter().any(|missing| missing.sql == sql);
    let there = first.bookkeeping.iter().map(|statement| statement.sql.as_str()).filter(|sql| !is_missing(sql));
    let mut sql: String = there.flat_map(|statement| [statement, ";\n"]).collect();
    let grant = if sql.is_empty() {
        format!("GRANT CREATE ON DATABASE destination TO {loader};\n")
    } else {
        let rights = if may(case, Privilege::Load) { "ALL" } else { "USAGE" };
        format!(
            "GRANT {rights} ON SCHEMA _rapidbyte TO {loader}; GRANT ALL ON ALL TABLES IN SCHEMA _rapidbyte TO {loader};\n"
        )
    };
    if may(case, Privilege::Record) {
        sql.push_str(&grant);
    }
    sql
}
