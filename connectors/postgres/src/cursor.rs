//! What can order the rows of an incremental stream.

use crate::{
    ident::QualifiedName,
    literal::NulError,
    relation::of_relation,
    sql::Sql,
    types::{Kind, PgType},
};
use serde::Deserialize;

/// Asks whether [`SYSTEM_QUERY`] may be asked.
pub const MAY_KNOW_SYSTEM_QUERY: &str =
    "SELECT pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')";
/// Asks what tells a server, and its physical copies, from every other one.
pub const SYSTEM_QUERY: &str = "SELECT system_identifier FROM pg_catalog.pg_control_system()";

/// Instead of a column: the transaction that wrote a row's version, by which every change is seen.
pub const VERSIONS: &str = "xmin";

/// How one steps back from a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Not at all.
    None,
    /// By a number.
    Number,
    /// By seconds.
    Time,
}

/// The type that values of a column are compared in, and how one steps back from one; an error says why they cannot be.
pub fn step(ty: &PgType) -> Result<(String, Step), String> {
    let base = ty.base();
    let step = match (base.schema.as_str(), base.name.as_str(), &base.kind) {
        ("pg_catalog", "int2" | "int4" | "int8" | "numeric", Kind::Base) => Step::Number,
        ("pg_catalog", "timestamp" | "timestamptz" | "date", Kind::Base) => Step::Time,
        ("pg_catalog", "text" | "varchar" | "bpchar" | "uuid" | "xid8", Kind::Base) => Step::None,
        _ => return Err(format!("{} does not order rows by when they came", ty.sql())),
    };
    Ok((base.sql(), step))
}

/// What a table says of a cursor on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Served {
    /// An index begins with the column and covers all rows.
    pub indexed: bool,
    /// The transactions that wrote its rows can be seen.
    pub versions: bool,
}

/// Asks for [`Served`]: one row, or none where the relation is not there.
///
/// # Errors
/// A name with a NUL byte.
pub fn served_query(name: &QualifiedName, column: &str) -> Result<String, NulError> {
    let sql = Sql::new()
        .raw(
            "SELECT json_build_object('indexed', EXISTS (SELECT FROM pg_catalog.pg_index i JOIN pg_catalog.pg_attribute a \
             ON a.attrelid = c.oid AND a.attnum = i.indkey[0] JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid \
             JOIN pg_catalog.pg_am m ON m.oid = x.relam WHERE i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NULL \
             AND m.amname = 'btree' AND a.attname = ",
        )
        .literal(column)?
        .raw(
            "), 'versions', c.relkind IN ('r', 'p') AND NOT EXISTS (WITH RECURSIVE t(oid) AS (SELECT c.oid UNION \
             SELECT h.inhrelid FROM pg_catalog.pg_inherits h JOIN t ON t.oid = h.inhparent) SELECT FROM t \
             JOIN pg_catalog.pg_class k ON k.oid = t.oid LEFT JOIN pg_catalog.pg_am m ON m.oid = k.relam \
             WHERE k.relkind <> 'p' AND m.amname IS DISTINCT FROM 'heap'))::text",
        );
    Ok(of_relation(sql, name)?.done())
}

/// A value beyond which nothing can come: with it as the checkpoint no later row would be seen.
pub fn is_the_end(value: &str, native: &str) -> bool {
    let has_one = ["timestamp", "date", "numeric"].iter().any(|name| native.starts_with(name));
    has_one && ["infinity", "Infinity", "NaN"].contains(&value)
}
