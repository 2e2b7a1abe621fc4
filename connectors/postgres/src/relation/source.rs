//! What a source needs to know of a relation that it reads, and which relations there are.

use super::{ATTACHED, Dependent, KEY_COLUMNS, RelationKind, Which, of_which};
use crate::{ident::QualifiedName, literal::NulError, sql::Sql};
use serde::Deserialize;

/// What a table takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extent {
    /// The blocks that its rows lie in.
    pub blocks: u64,
    /// With values that lie apart, and the maps of free and visible rows.
    pub bytes: u64,
}

/// A relation that is read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceRelation {
    /// What it is.
    pub kind: RelationKind,
    /// It has no pages, so no rows; estimates of the planner say otherwise.
    pub empty: bool,
    /// Where its rows lie; none where they have no places that stay, or that we may ask for.
    pub extent: Option<Extent>,
    /// The primary key's columns; empty: none.
    pub key: Vec<String>,
    /// The columns of other unique keys that hold no NULL.
    pub unique_keys: Vec<Vec<String>>,
    /// What COMMENT ON TABLE said of it.
    pub comment: Option<String>,
    /// What hangs on it, and that row-level security is on, ordered.
    pub dependents: Vec<Dependent>,
}

/// The query for one relation: no row where it is not there, otherwise one of [`SourceRelation`].
///
/// # Errors
/// A name with a NUL byte.
pub fn source_query(name: &QualifiedName) -> Result<String, NulError> {
    Ok(query(Which::Named(name))?.done())
}

/// The same of a relation that is named later.
pub(super) fn question() -> Result<Sql, NulError> {
    query(Which::Asked)
}

fn query(which: Which<'_>) -> Result<Sql, NulError> {
    let sql = Sql::new()
        .raw("SELECT json_build_object('kind', c.relkind, 'comment', pg_catalog.obj_description(c.oid, 'pg_class'), 'empty', c.relkind = 'r' AND NOT c.relhassubclass AND pg_catalog.pg_relation_size(c.oid) = 0, ")
        .raw(EXTENT)
        .raw("'key', coalesce((SELECT ")
        .raw(KEY_COLUMNS)
        .raw(" FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisprimary), '[]'), 'unique_keys', ")
        .raw("coalesce((SELECT json_agg(")
        .raw(KEY_COLUMNS)
        .raw(
            " ORDER BY i.indexrelid) FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisunique \
             AND i.indisvalid AND i.indimmediate AND NOT i.indisprimary AND i.indpred IS NULL AND i.indexprs IS NULL \
             AND NOT EXISTS (SELECT FROM unnest(i.indkey) AS k(attnum) JOIN pg_catalog.pg_attribute a \
             ON a.attrelid = c.oid AND a.attnum = k.attnum WHERE NOT a.attnotnull)), '[]'), 'dependents', ",
        )
        .raw("(SELECT coalesce(json_agg(json_build_object('kind', d.kind, 'name', d.name) ORDER BY d.kind, d.name), '[]') FROM (")
        .join(" UNION ALL ", ATTACHED.into_iter().chain([INDEXES, ROW_LEVEL_SECURITY, CHILDREN]), Sql::raw)
        .raw(") AS d(kind, name)))::text");
    Ok(of_which(sql, which)?.raw(" AND c.relkind IN ('r', 'p', 'f', 'v', 'm')"))
}

/// Of a table and all that are read with it, as partitions are, each of which is cut at the same blocks: the largest of them
/// counts.
const EXTENT: &str = "'extent', CASE WHEN c.relkind IN ('r', 'p') AND pg_catalog.has_table_privilege(c.oid, 'SELECT') \
     THEN ( \
     WITH RECURSIVE together(oid) AS (SELECT c.oid UNION SELECT h.inhrelid FROM pg_catalog.pg_inherits h \
     JOIN together g ON g.oid = h.inhparent) SELECT CASE WHEN bool_and(t.relkind = 'p' OR t.relkind = 'r' AND m.amname = 'heap') \
     THEN json_build_object('blocks', max(pg_catalog.pg_relation_size(t.oid)) / pg_catalog.current_setting('block_size')::int8, \
     'bytes', sum(pg_catalog.pg_table_size(t.oid))) END FROM together g JOIN pg_catalog.pg_class t ON t.oid = g.oid \
     LEFT JOIN pg_catalog.pg_am m ON m.oid = t.relam) END, ";

/// Tables that inherit from a table: its rows are read with theirs.
const CHILDREN: &str = "SELECT 'child', h.inhrelid::pg_catalog.regclass::text FROM pg_catalog.pg_inherits h \
     WHERE h.inhparent = c.oid AND c.relkind = 'r'";
const INDEXES: &str = "SELECT 'index', x.relname::text FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid \
     WHERE i.indrelid = c.oid AND NOT i.indisprimary";

const ROW_LEVEL_SECURITY: &str =
    "SELECT 'row-level security', CASE WHEN c.relforcerowsecurity THEN 'forced' ELSE 'on' END WHERE c.relrowsecurity";

/// A relation that a source offers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: RelationKind,
    /// Name and type of each column, in order.
    pub columns: Vec<(String, String)>,
    /// The primary key's columns.
    pub key: Vec<String>,
    /// Estimated rows; none where nobody has counted.
    pub rows: Option<u64>,
    /// Estimated bytes of a row.
    pub bytes_per_row: Option<u32>,
}

/// The query for all relations that the role may read, but for the system's own and ours: one row of [`Listed`] each.
pub const DISCOVER_QUERY: &str = "SELECT json_build_object('schema', n.nspname, 'name', c.relname, 'kind', c.relkind, \
     'columns', (SELECT coalesce(json_agg(json_build_array(a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod)) \
     ORDER BY a.attnum), '[]') FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), \
     'key', coalesce((SELECT (SELECT json_agg(a.attname ORDER BY k.at) FROM unnest(i.indkey) WITH ORDINALITY AS k(attnum, at) \
     JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum WHERE k.at <= i.indnkeyatts) \
     FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisprimary), '[]'), \
     'rows', CASE WHEN c.relkind = 'r' AND pg_catalog.pg_relation_size(c.oid) = 0 THEN 0 \
     WHEN c.reltuples >= 0 AND c.relkind IN ('r', 'm', 'p') THEN c.reltuples::int8 END, \
     'bytes_per_row', (SELECT pg_catalog.sum(s.avg_width)::int4 FROM pg_catalog.pg_stats s \
     WHERE s.schemaname = n.nspname AND s.tablename = c.relname AND NOT s.inherited))::text \
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND NOT c.relispartition AND c.relpersistence <> 't' \
     AND n.nspname NOT IN ('pg_catalog', 'information_schema', '_rapidbyte') AND n.nspname !~ '^pg_(toast|temp)' \
     AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_any_column_privilege(c.oid, 'SELECT') \
     ORDER BY n.nspname, c.relname";
