//! What it means that two values are equal, by the type of their column.

use crate::{decision::WriteDecision, ident::Ident, sql::Sql};

/// The type in SQL that a written column has.
pub(super) fn type_of<'a>(decision: &'a WriteDecision, column: &Ident) -> &'a str {
    let found = decision.columns.iter().find(|written| written.name == column.as_str());
    found.map_or("", |written| written.target.as_str())
}

/// A type of pg_catalog: any other is written with its schema, in quotes.
pub(super) fn is_of_the_server(target: &str) -> bool {
    !target.is_empty() && !target.starts_with('"')
}

/// A staged column `s` is that of the target, `t`, where its type is somebody's: its operators may be in any schema, and records
/// compare by what the type itself says is equal.
pub(super) fn equal_as_records(sql: Sql, column: &Ident) -> Sql {
    let sql = sql.raw("ROW(s.").ident(column).raw(")::record OPERATOR(pg_catalog.=) ROW(t.");
    sql.ident(column).raw(")::record")
}

/// Two values that are equal are the same, bit for bit. Not so numbers with a scale or a signed zero, intervals, jsonb, what
/// is made of them, and types of others, of which nothing is known.
pub(super) fn is_same_if_equal(target: &str) -> bool {
    const SAME: [&str; 20] = [
        "bigint",
        "boolean",
        "bytea",
        "character",
        "character varying",
        "cidr",
        "date",
        "inet",
        "integer",
        "macaddr",
        "macaddr8",
        "money",
        "name",
        "oid",
        "smallint",
        "text",
        "time",
        "timestamp",
        "uuid",
        "\"char\"",
    ];
    let name = target.split_once('(').map_or(target, |(name, _)| name);
    let name = name.trim_end_matches(" without time zone").trim_end_matches(" with time zone");
    !target.ends_with("[]") && SAME.contains(&name)
}
