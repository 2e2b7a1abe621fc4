//! What a destination needs to know of a relation that it writes: all that decides how it can be written, and all that
//! hangs on it.

use super::{ATTACHED, Dependent, KEY_COLUMNS, RelationKind, of_relation};
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
    pub deferrable: bool,
    pub nulls_not_distinct: bool,
}

/// The query for one target: always one row of [`TargetRelation`]. Relations of all kinds are found: a sequence, an index
/// or a composite type leaves no room for a table of its name.
///
/// # Errors
/// A name with a NUL byte.
pub fn target_query(name: &QualifiedName) -> Result<String, NulError> {
    let schema = name.schema.as_ref().map_or(super::DEFAULT_SCHEMA, |schema| schema.as_str());
    let sql = Sql::new()
        .raw("SELECT json_build_object('schema_exists', s.oid IS NOT NULL, 'can_create', CASE WHEN s.oid IS NULL ")
        .raw("THEN pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE') ")
        .raw("ELSE pg_catalog.has_schema_privilege(s.oid, 'CREATE') END, 'can_stage', ")
        .raw("pg_catalog.has_database_privilege(pg_catalog.current_database(), 'TEMPORARY'), 'can_record', ")
        .raw(CAN_RECORD)
        .raw(", 'table', (SELECT json_build_object(")
        .raw(TABLE)
        .raw(", 'keys', ")
        .raw(KEYS_BEFORE_COLUMNS)
        .raw(KEY_COLUMNS)
        .raw(KEYS_AFTER_COLUMNS)
        .raw(", 'dependents', (SELECT coalesce(json_agg(json_build_object('kind', d.kind, 'name', d.name) ORDER BY d.kind, d.name), '[]') FROM (")
        .join(" UNION ALL ", ATTACHED.into_iter().chain(DEPENDENTS), Sql::raw)
        .raw(") AS d(kind, name)), 'privileges', ")
        .raw(PRIVILEGES)
        .raw(")");
    Ok(of_relation(sql, name)?
        .raw("))::text FROM (VALUES (1)) AS one LEFT JOIN pg_catalog.pg_namespace s ON s.nspname = ")
        .literal(schema)?
        .done())
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
     'deferrable', NOT i.indimmediate, \
     'nulls_not_distinct', coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::bool, false), 'columns', ";

const KEYS_AFTER_COLUMNS: &str = ") ORDER BY NOT i.indisprimary, x.relname), '[]') FROM pg_catalog.pg_index i \
     JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid)";

const PRIVILEGES: &str = "(SELECT coalesce(json_agg(p.name ORDER BY p.name), '[]') FROM (VALUES \
     ('select', pg_catalog.has_table_privilege(c.oid, 'SELECT')), ('insert', pg_catalog.has_table_privilege(c.oid, 'INSERT')), \
     ('update', pg_catalog.has_table_privilege(c.oid, 'UPDATE')), ('delete', pg_catalog.has_table_privilege(c.oid, 'DELETE')), \
     ('truncate', pg_catalog.has_table_privilege(c.oid, 'TRUNCATE')), ('own', pg_catalog.pg_has_role(c.relowner, 'USAGE'))) \
     AS p(name, has) WHERE p.has)";

/// Kind and name of all else that a table put in the place of `c` would have to carry over, or that writing to `c` sets off.
/// "foreign key from" is another table's that points here, cascading where a DELETE here changes rows there, "foreign key to"
/// one of `c` itself.
const DEPENDENTS: [&str; 15] = [
    "SELECT CASE WHEN k.confdeltype IN ('a', 'r') THEN 'foreign key from' ELSE 'cascading foreign key from' END, k.conname::text \
     FROM pg_catalog.pg_constraint k WHERE k.contype = 'f' AND k.confrelid = c.oid \
     AND k.conrelid <> c.oid AND k.conparentid = 0",
    "SELECT 'foreign key to', k.conname::text FROM pg_catalog.pg_constraint k WHERE k.contype = 'f' AND k.conrelid = c.oid",
    "SELECT CASE k.contype WHEN 'c' THEN 'check' ELSE 'exclusion' END, k.conname::text FROM pg_catalog.pg_constraint k \
     WHERE k.contype IN ('c', 'x') AND k.conrelid = c.oid",
    "SELECT DISTINCT 'grant', CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(g.grantee)::text END \
     FROM pg_catalog.aclexplode(c.relacl) g WHERE g.grantee <> c.relowner",
    "SELECT 'column grant', a.attname::text FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attacl IS NOT NULL",
    "SELECT 'publication', p.pubname::text FROM pg_catalog.pg_publication_rel r JOIN pg_catalog.pg_publication p ON p.oid = r.prpubid \
     WHERE r.prrelid = c.oid",
    "SELECT CASE WHEN a.attidentity <> '' THEN 'identity' WHEN a.attgenerated <> '' THEN 'generated' ELSE 'default' END, a.attname::text \
     FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND (a.atthasdef OR a.attidentity <> '')",
    "SELECT CASE WHEN h.inhparent = c.oid THEN 'child' ELSE 'parent' END, h.inhrelid::pg_catalog.regclass::text \
     FROM pg_catalog.pg_inherits h WHERE c.oid IN (h.inhparent, h.inhrelid)",
    "SELECT 'comment', coalesce(a.attname::text, c.relname::text) FROM pg_catalog.pg_description m LEFT JOIN pg_catalog.pg_attribute a \
     ON a.attrelid = c.oid AND a.attnum = m.objsubid AND m.objsubid > 0 \
     WHERE m.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND m.objoid = c.oid",
    "SELECT 'statistics', e.stxname::text FROM pg_catalog.pg_statistic_ext e WHERE e.stxrelid = c.oid",
    "SELECT 'storage', o.name FROM (VALUES (c.reloptions IS NOT NULL, 'options'), (c.reltablespace <> 0, 'tablespace'), \
     (c.relreplident <> 'd', 'replica identity'), (c.reloftype <> 0, 'type'), \
     (c.relkind = 'r' AND c.relam <> (SELECT m.oid FROM pg_catalog.pg_am m \
     WHERE m.amname = pg_catalog.current_setting('default_table_access_method')), 'access method')) AS o(has, name) WHERE o.has",
    // A table that we make is ours, and the role that owned the old one would be locked out.
    "SELECT 'owner', pg_catalog.pg_get_userbyid(c.relowner)::text WHERE pg_catalog.pg_get_userbyid(c.relowner) <> current_user",
    // A new table has what its maker grants by default, also to whom the old one was closed.
    "SELECT 'default privileges', pg_catalog.pg_get_userbyid(p.defaclrole)::text FROM pg_catalog.pg_default_acl p \
     WHERE p.defaclobjtype = 'r' AND p.defaclnamespace IN (0, c.relnamespace) \
     AND pg_catalog.pg_get_userbyid(p.defaclrole) = current_user",
    "SELECT 'column options', a.attname::text FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
     WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND (a.attstattarget >= 0 OR a.attoptions IS NOT NULL \
     OR a.attcompression <> '' OR a.attstorage <> t.typstorage OR a.attcollation <> t.typcollation)",
    // Functions by their body or arguments, columns of its row type, policies of other tables: DROP TABLE would fail.
    "SELECT 'user', pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid) FROM pg_catalog.pg_depend d \
     WHERE d.deptype = 'n' AND d.classid IN ('pg_catalog.pg_proc'::pg_catalog.regclass, 'pg_catalog.pg_class'::pg_catalog.regclass, \
     'pg_catalog.pg_policy'::pg_catalog.regclass, 'pg_catalog.pg_type'::pg_catalog.regclass) \
     AND NOT (d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid) \
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_policy p WHERE d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass \
     AND p.oid = d.objid AND p.polrelid = c.oid) \
     AND (d.refclassid, d.refobjid) IN (SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, c.oid UNION ALL \
     SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, y.oid FROM pg_catalog.pg_type y WHERE c.reltype <> 0 \
     AND (y.oid = c.reltype OR y.typelem = c.reltype))",
];
