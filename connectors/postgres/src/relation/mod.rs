//! What the catalogs say of relations: queries whose result is JSON in one text column, and their parsers. Types are the
//! business of [`crate::types::catalog`].

mod dependents;
mod explain;
mod quarantine;
mod question;
mod source;
mod target;

pub use explain::{Explained, explain_query, explain_range_query, explained, range_work, read_only};
pub use quarantine::{QuarantineTable, quarantine_query};
pub use question::{AS_BEFORE, Question};
pub use source::{DISCOVER_QUERY, Extent, Listed, SourceRelation, source_query};
pub use target::{
    TargetKey, TargetRelation, TargetTable, any_row_query, can_record_query, is_there_query, target_query,
};

use crate::{
    ident::{IdentError, QualifiedName},
    literal::NulError,
    sql::Sql,
};
use serde::Deserialize;

/// Where a name without a schema lives: search_path is empty, and this is where PostgreSQL puts tables unless told.
pub const DEFAULT_SCHEMA: &str = "public";

/// A relation's name in the schema that it means.
///
/// # Errors
/// A name that PostgreSQL cannot have.
pub fn qualified(namespace: &str, name: &str) -> Result<QualifiedName, IdentError> {
    QualifiedName::new(if namespace.is_empty() { DEFAULT_SCHEMA } else { namespace }, name)
}

/// Something that hangs on a relation.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Dependent {
    pub kind: String,
    pub name: String,
    /// What [`crate::prepare`] gives it to a new table by, in SQL that the server wrote; none: it cannot be given.
    #[serde(default)]
    pub definition: Option<String>,
}

/// Kinds of relations, by `pg_class.relkind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[allow(missing_docs)]
pub enum RelationKind {
    #[serde(rename = "r")]
    Table,
    #[serde(rename = "p")]
    PartitionedTable,
    #[serde(rename = "f")]
    ForeignTable,
    #[serde(rename = "v")]
    View,
    #[serde(rename = "m")]
    MaterializedView,
    #[serde(other)]
    Other,
}

/// `c` is the relation `name`, `n` its schema.
pub(crate) fn of_relation(sql: Sql, name: &QualifiedName) -> Result<Sql, NulError> {
    of_which(sql, Which::Named(name))
}

/// The same, of one that is named when the question is asked.
fn of_which(sql: Sql, which: Which<'_>) -> Result<Sql, NulError> {
    let sql = sql.raw(
        " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relname = ",
    );
    which.schema(which.name(sql)?.raw(" AND n.nspname = "))
}

/// Which relation a question is of.
#[derive(Clone, Copy)]
enum Which<'a> {
    Named(&'a QualifiedName),
    /// The one that EXECUTE names.
    Asked,
}

impl Which<'_> {
    fn name(self, sql: Sql) -> Result<Sql, NulError> {
        match self {
            Self::Named(name) => sql.literal(name.name.as_str()),
            Self::Asked => Ok(sql.raw("$2")),
        }
    }

    fn schema(self, sql: Sql) -> Result<Sql, NulError> {
        match self {
            Self::Named(name) => sql.literal(schema_of(name)),
            Self::Asked => Ok(sql.raw("$1")),
        }
    }
}

pub(crate) fn schema_of(name: &QualifiedName) -> &str {
    name.schema.as_ref().map_or(DEFAULT_SCHEMA, |schema| schema.as_str())
}

/// The names of the columns of the unique index `i` on `c`, in the index's order.
const KEY_COLUMNS: &str = "(SELECT coalesce(json_agg(a.attname ORDER BY k.at), '[]') \
     FROM unnest(i.indkey) WITH ORDINALITY AS k(attnum, at) JOIN pg_catalog.pg_attribute a \
     ON a.attrelid = c.oid AND a.attnum = k.attnum WHERE k.at <= i.indnkeyatts)";

/// Kind and name of what hangs on `c` at either end: views on it, its triggers, rules and policies.
const ATTACHED: [&str; 4] = [
    "SELECT DISTINCT CASE v.relkind WHEN 'm' THEN 'materialized view' ELSE 'view' END, vn.nspname || '.' || v.relname \
     FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_rewrite r ON r.oid = d.objid JOIN pg_catalog.pg_class v ON v.oid = r.ev_class \
     JOIN pg_catalog.pg_namespace vn ON vn.oid = v.relnamespace WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass \
     AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = c.oid AND v.oid <> c.oid",
    "SELECT 'trigger', t.tgname::text FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal",
    "SELECT 'rule', r.rulename::text FROM pg_catalog.pg_rewrite r WHERE r.ev_class = c.oid AND r.rulename <> '_RETURN'",
    "SELECT 'policy', p.polname::text FROM pg_catalog.pg_policy p WHERE p.polrelid = c.oid",
];
