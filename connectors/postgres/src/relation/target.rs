//! What a destination needs to know of a relation that it writes: all that decides how it can be written, and all that
//! hangs on it.

use super::{Dependent, KEY_COLUMNS, RelationKind, Which, dependents::dependents, of_which};
use crate::{ident::QualifiedName, literal::NulError, sql::Sql};
use serde::Deserialize;

/// A target, there or not.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools)] // each is a fact of its own, as the query tells it
pub struct TargetRelation {
    /// Its schema is there.
    pub schema_exists: bool,
    /// We may create in the schema, or the schema itself where it is absent.
    pub can_create: bool,
    /// We may make temporary tables.
    pub can_stage: bool,
    /// We may write what records runs, or make it where it is absent.
    pub can_record: bool,
    /// We may make tables beside the records of runs, or these themselves.
    pub can_load: bool,
    /// A new table that is made there and moved to its schema is as one that is made in it: no grants are given there by
    /// default, and no publication takes it in before its rows.
    pub can_move: bool,
    /// The relation; none: absent.
    pub table: Option<TargetTable>,
}

/// A target that is there.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetTable {
    /// What it is.
    pub kind: RelationKind,
    /// `t` temporary, `u` unlogged, `p` permanent.
    pub persistence: String,
    /// Row-level security holds for us.
    pub row_level_security: bool,
    /// Rows can be inserted at all.
    pub insertable: bool,
    /// Estimated rows; zero where it has no pages.
    pub rows: Option<u64>,
    /// It has pages that nobody has counted rows in, and [`any_row_query`] says quickly whether there are any: what a run
    /// wrote that was rolled back leaves pages.
    pub uncounted: bool,
    /// Unique keys, the primary one first.
    pub keys: Vec<TargetKey>,
    /// What COMMENT ON TABLE said of it.
    pub comment: Option<String>,
    /// What hangs on it, ordered.
    pub dependents: Vec<Dependent>,
    /// `select`, `insert`, `update`, `delete`, `truncate`, `own`: those that we have.
    pub privileges: Vec<String>,
}

/// A unique key.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, clippy::struct_excessive_bools)]
pub struct TargetKey {
    pub name: String,
    pub columns: Vec<String>,
    pub primary: bool,
    pub partial: bool,
    pub expression: bool,
    pub otherwise: bool,
    pub deferrable: bool,
    pub nulls_not_distinct: bool,
}

/// The query for one target: always one row of [`TargetRelation`]. Relations of all kinds are found: a sequence, an index
/// or a composite type leaves no room for a table of its name.
///
/// # Errors
/// A name with a NUL byte.
pub fn target_query(name: &QualifiedName) -> Result<String, NulError> {
    let which = Which::Named(name);
    Ok(query(which, &table(which)?)?.done())
}

/// The same of a target that is named later.
pub(super) fn question() -> Result<Sql, NulError> {
    query(Which::Asked, &table(Which::Asked)?)
}

/// The same of one that is not there: a server plans it in a tenth of the time.
pub(super) fn question_of_absent() -> Result<Sql, NulError> {
    query(Which::Asked, &Sql::new().raw("NULL"))
}

/// Asks whether there is a relation of this name: one row, one column, "t" or "f".
///
/// # Errors
/// A name with a NUL byte.
pub fn is_there_query(name: &QualifiedName) -> Result<String, NulError> {
    Ok(of_which(Sql::new().raw("SELECT EXISTS (SELECT"), Which::Named(name))?.raw(")").done())
}

fn query(which: Which<'_>, table: &Sql) -> Result<Sql, NulError> {
    let sql = Sql::new()
        .raw("SELECT json_build_object('schema_exists', s.oid IS NOT NULL, 'can_create', CASE WHEN s.oid IS NULL ")
        .raw("THEN pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE') ")
        .raw("ELSE pg_catalog.has_schema_privilege(s.oid, 'CREATE') END, 'can_stage', ")
        .raw("pg_catalog.has_database_privilege(pg_catalog.current_database(), 'TEMPORARY'), 'can_record', ")
        .raw(CAN_RECORD)
        .raw(", 'can_load', ")
        .raw(CAN_LOAD)
        .raw(", 'can_move', ")
        .raw(CAN_MOVE)
        .raw(", 'table', ")
        .part(table);
    which.schema(sql.raw(")::text FROM (VALUES (1)) AS one LEFT JOIN pg_catalog.pg_namespace s ON s.nspname = "))
}

/// All that is asked of the relation itself.
fn table(which: Which<'_>) -> Result<Sql, NulError> {
    let sql = Sql::new()
        .raw("(SELECT json_build_object(")
        .raw(TABLE)
        .raw(", 'keys', ")
        .raw(KEYS_BEFORE_COLUMNS)
        .raw(KEY_COLUMNS)
        .raw(KEYS_AFTER_COLUMNS)
        .raw(", 'dependents', ");
    let sql = dependents(sql).raw(", 'privileges', ").raw(PRIVILEGES).raw(")");
    Ok(of_which(sql, which)?.raw(")"))
}

/// Asks whether we may write what records runs, or make it where it is absent: one row, one column, "t" or "f".
pub fn can_record_query() -> String {
    Sql::new().raw("SELECT ").raw(CAN_RECORD).done()
}

/// Asks whether a table holds any row: one row, one column, "t" or "f".
pub fn any_row_query(name: &QualifiedName) -> String {
    Sql::new().raw("SELECT EXISTS (SELECT FROM ").name(name).raw(")").done()
}

/// Reading and writing each table of the records that is there, CREATE for those that are not.
const CAN_RECORD: &str = "coalesce((SELECT pg_catalog.has_schema_privilege(r.oid, 'USAGE') AND (SELECT bool_and(\
     CASE WHEN t.oid IS NULL THEN pg_catalog.has_schema_privilege(r.oid, 'CREATE') \
     ELSE pg_catalog.has_table_privilege(t.oid, 'SELECT') AND pg_catalog.has_table_privilege(t.oid, 'INSERT') \
     AND pg_catalog.has_table_privilege(t.oid, 'UPDATE') AND pg_catalog.has_table_privilege(t.oid, 'DELETE') END) \
     FROM (VALUES ('runs'), ('checkpoints'), ('targets')) AS wanted(name) \
     LEFT JOIN pg_catalog.pg_class t ON t.relnamespace = r.oid AND t.relname = wanted.name) \
     FROM pg_catalog.pg_namespace r WHERE r.nspname = '_rapidbyte'), \
     pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE'))";

/// Nothing is granted by default on what we make in this schema.
macro_rules! grants_nothing {
    ($schema:literal) => {
        concat!(
            "NOT EXISTS (SELECT FROM pg_catalog.pg_default_acl d JOIN pg_catalog.pg_roles u ON u.oid = d.defaclrole \
             WHERE d.defaclobjtype = 'r' AND u.rolname = current_user AND d.defaclnamespace = ",
            $schema,
            ")"
        )
    };
}

/// CREATE in the schema of the records, or for it. What is granted there by default would go with a table.
const CAN_LOAD: &str = concat!(
    "coalesce((SELECT pg_catalog.has_schema_privilege(r.oid, 'USAGE') AND pg_catalog.has_schema_privilege(r.oid, 'CREATE') AND ",
    grants_nothing!("r.oid"),
    " FROM pg_catalog.pg_namespace r WHERE r.nspname = '_rapidbyte'), \
     pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE'))"
);

/// For schema `s`. A publication may take in all tables, or, from PostgreSQL 15 on, those of a schema.
const CAN_MOVE: &str = concat!(
    grants_nothing!("s.oid"),
    " AND NOT EXISTS (SELECT FROM pg_catalog.pg_publication p WHERE p.puballtables) \
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend x WHERE x.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass \
     AND x.refobjid IN (s.oid, (SELECT r.oid FROM pg_catalog.pg_namespace r WHERE r.nspname = '_rapidbyte')) \
     AND x.classid = pg_catalog.to_regclass('pg_catalog.pg_publication_namespace'))"
);

/// A gibibyte of dead rows is read in a second or a few. `pg_relation_is_updatable` answers bits by command; INSERT is bit 3 (PostgreSQL source, nodes/nodes.h, CmdType).
const TABLE: &str = "'kind', c.relkind, 'comment', pg_catalog.obj_description(c.oid, 'pg_class'), 'persistence', c.relpersistence, \
     'row_level_security', pg_catalog.row_security_active(c.oid), \
     'insertable', CASE WHEN c.relkind IN ('r', 'p') THEN true WHEN c.relkind = 'm' THEN false \
     ELSE pg_catalog.pg_relation_is_updatable(c.oid, true) & 8 = 8 END, \
     'rows', CASE WHEN c.relkind = 'r' AND pg_catalog.pg_relation_size(c.oid) = 0 THEN 0 \
     WHEN c.reltuples > 0 AND c.relkind IN ('r', 'p') THEN c.reltuples::int8 END, \
     'uncounted', c.relkind = 'r' AND c.reltuples <= 0 AND pg_catalog.pg_relation_size(c.oid) BETWEEN 1 AND 1073741824 \
     AND pg_catalog.has_table_privilege(c.oid, 'SELECT') AND NOT pg_catalog.row_security_active(c.oid)";

/// `indnullsnotdistinct` is a column since PostgreSQL 15.
const KEYS_BEFORE_COLUMNS: &str = "(SELECT coalesce(json_agg(json_build_object('name', x.relname, \
     'primary', i.indisprimary, 'partial', i.indpred IS NOT NULL, 'expression', i.indexprs IS NOT NULL, \
     'otherwise', EXISTS (\
     SELECT FROM unnest(i.indcollation) WITH ORDINALITY AS k(sense, at) JOIN pg_catalog.pg_collation o ON o.oid = k.sense \
     JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[k.at - 1] \
     WHERE NOT o.collisdeterministic AND a.attcollation <> k.sense), \
     'deferrable', NOT i.indimmediate, \
     'nulls_not_distinct', coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::bool, false), 'columns', ";

const KEYS_AFTER_COLUMNS: &str = ") ORDER BY NOT i.indisprimary, x.relname), '[]') FROM pg_catalog.pg_index i \
     JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid)";

const PRIVILEGES: &str = "(SELECT coalesce(json_agg(p.name ORDER BY p.name), '[]') FROM (VALUES \
     ('select', pg_catalog.has_table_privilege(c.oid, 'SELECT')), ('insert', pg_catalog.has_table_privilege(c.oid, 'INSERT')), \
     ('update', pg_catalog.has_table_privilege(c.oid, 'UPDATE')), ('delete', pg_catalog.has_table_privilege(c.oid, 'DELETE')), \
     ('truncate', pg_catalog.has_table_privilege(c.oid, 'TRUNCATE')), ('own', pg_catalog.pg_has_role(c.relowner, 'USAGE'))) \
     AS p(name, has) WHERE p.has)";
