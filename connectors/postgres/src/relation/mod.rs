//! What the catalogs say of relations: queries whose result is JSON in one text column, and their parsers. Types are the
//! business of [`crate::types::catalog`].

mod source;
mod target;

pub use source::{DISCOVER_QUERY, Listed, SourceRelation, explain_query, explained, source_query};
pub use target::{Dependent, TargetKey, TargetRelation, TargetTable, any_row_query, target_query};

use crate::{
    ident::{IdentError, QualifiedName},
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

impl RelationKind {
    /// `LOCK TABLE` takes it.
    pub fn is_lockable(self) -> bool {
        matches!(self, Self::Table | Self::PartitionedTable | Self::View)
    }
}

/// `c` is the relation `name`, `n` its schema.
fn of_relation(sql: Sql, name: &QualifiedName) -> Result<Sql, crate::literal::NulError> {
    sql.raw(
        " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relname = ",
    )
    .literal(name.name.as_str())?
    .raw(" AND n.nspname = ")
    .literal(name.schema.as_ref().map_or(DEFAULT_SCHEMA, |schema| schema.as_str()))
}

/// The names of the columns of the unique index `i` on `c`, in the index's order.
const KEY_COLUMNS: &str = "(SELECT coalesce(json_agg(a.attname ORDER BY k.at), '[]') \
     FROM unnest(i.indkey) WITH ORDINALITY AS k(attnum, at) JOIN pg_catalog.pg_attribute a \
     ON a.attrelid = c.oid AND a.attnum = k.attnum WHERE k.at <= i.indnkeyatts)";
