//! What hangs on a target: kind, name and, where a new table that takes its place can be given it, the definition, as the
//! server writes it. What is made of a definition is the business of [`crate::prepare`]; both know the kinds.

use super::ATTACHED;
use crate::sql::Sql;

/// Appends a JSON list of all that hangs on `c`, which lies in the schema `n`, in a fixed order.
pub(super) fn dependents(sql: Sql) -> Sql {
    sql.raw(
        "(SELECT coalesce(json_agg(json_build_object('kind', d.kind, 'name', d.name, 'definition', d.definition) \
         ORDER BY d.kind, d.name, d.definition), '[]') FROM (SELECT a.kind, a.name, NULL::text FROM (",
    )
    .join(" UNION ALL ", ATTACHED.into_iter().chain(STAYING), Sql::raw)
    .raw(") AS a(kind, name) UNION ALL ")
    .join(" UNION ALL ", CARRIED.into_iter().chain(COMMENTS).chain(STORED).chain(GRANTED), Sql::raw)
    .raw(") AS d(kind, name, definition))")
}

/// Kind and name of what a new table cannot be given, each for its reason. "foreign key from" is another table's that points
/// here, cascading where a DELETE here changes rows there, "foreign key to" one of `c` itself, "foreign key to itself" one that
/// points at other rows of `c` as they are at the end of a statement.
///
/// A key that points at a partition of `c`, or at what `c` is a partition of, points at rows of `c` as well.
const STAYING: [&str; 10] = [
    "SELECT CASE WHEN k.conrelid = ANY (l.relids) THEN 'cascading foreign key to itself' \
     WHEN k.confdeltype IN ('a', 'r') THEN 'foreign key from' ELSE 'cascading foreign key from' END, k.conname::text \
     FROM pg_catalog.pg_constraint k, LATERAL (SELECT array_agg(f.relid) FROM (SELECT c.oid UNION SELECT relid \
     FROM pg_catalog.pg_partition_tree(c.oid) UNION SELECT relid FROM pg_catalog.pg_partition_ancestors(c.oid)) AS f(relid)) AS l(relids) \
     WHERE k.contype = 'f' AND k.conparentid = 0 AND k.confrelid = ANY (l.relids) \
     AND (k.conrelid <> ALL (l.relids) OR k.confdeltype NOT IN ('a', 'r'))",
    // Dropping one locks the table it points at against readers, until the commit.
    "SELECT CASE WHEN k.confrelid = c.oid AND NOT k.condeferred THEN 'foreign key to itself' ELSE 'foreign key to' END, k.conname::text FROM pg_catalog.pg_constraint k WHERE k.contype = 'f' AND k.conrelid = c.oid",
    // Subscribers would miss the rows of a table that was not published when they entered, and those of FOR ALL TABLES would
    // be sent rows of a table that they do not have.
    "SELECT 'publication', t.pubname::text FROM pg_catalog.pg_publication_tables t \
     WHERE t.schemaname = n.nspname AND t.tablename = c.relname",
    // Its sequence belongs to the column and can neither be given to another nor be locked while a new one is set.
    "SELECT 'identity', a.attname::text FROM pg_catalog.pg_attribute a \
     WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attidentity <> ''",
    "SELECT CASE WHEN h.inhparent = c.oid THEN 'child' ELSE 'parent' END, h.inhrelid::pg_catalog.regclass::text \
     FROM pg_catalog.pg_inherits h WHERE c.oid IN (h.inhparent, h.inhrelid)",
    "SELECT 'storage', o.name FROM (VALUES (c.reltablespace <> 0, 'tablespace'), (c.reloftype <> 0, 'type'), \
     (c.relrowsecurity OR c.relforcerowsecurity, 'row-level security'), \
     (c.relkind = 'r' AND c.relam <> (SELECT m.oid FROM pg_catalog.pg_am m \
     WHERE m.amname = pg_catalog.current_setting('default_table_access_method')), 'access method')) AS o(has, name) WHERE o.has",
    // A table that we make is ours, and the role that owned the old one would be locked out.
    "SELECT 'owner', pg_catalog.pg_get_userbyid(c.relowner)::text WHERE pg_catalog.pg_get_userbyid(c.relowner) <> current_user",
    // What the owner took from himself he would have again.
    "SELECT 'revoked from owner', p.privilege_type FROM pg_catalog.aclexplode(pg_catalog.acldefault('r', c.relowner)) p \
     WHERE c.relkind = 'r' AND c.relacl IS NOT NULL AND NOT EXISTS (SELECT FROM pg_catalog.aclexplode(c.relacl) g \
     WHERE g.grantee = c.relowner AND g.privilege_type = p.privilege_type)",
    "SELECT 'security label', l.provider FROM pg_catalog.pg_seclabel l \
     WHERE l.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND l.objoid = c.oid",
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

/// Indexes, keys, checks and extended statistics. A definition is what follows the names, where the server's text begins with
/// exactly these. An expression over the whole row (`varattno 0`, PostgreSQL source, nodes/primnodes.h) names the table and
/// cannot be given to another; nor can what lies in a tablespace of its own, or is not as it should be.
const CARRIED: [&str; 5] = [
    "SELECT 'index', x.relname::text, CASE WHEN i.indisvalid AND i.indisready AND x.reltablespace = 0 \
     AND concat(i.indexprs::text, i.indpred::text) !~ ':varattno 0 ' AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a \
     WHERE a.attrelid = x.oid AND a.attstattarget >= 0) AND \"left\"(s.text, length(s.head)) = s.head \
     THEN CASE WHEN i.indisunique THEN 'UNIQUE INDEX ' ELSE 'INDEX ' END || substr(s.text, length(s.head) + 1) END \
     FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid, \
     LATERAL (SELECT pg_catalog.pg_get_indexdef(x.oid), pg_catalog.format('CREATE %sINDEX %I ON %I.%I ', \
     CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END, x.relname, n.nspname, c.relname)) AS s(text, head) \
     WHERE i.indrelid = c.oid AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k \
     WHERE k.conindid = x.oid AND k.conrelid = c.oid AND k.contype IN ('p', 'u', 'x'))",
    // The server leaves out the options; they stand before what makes a key deferrable, or an exclusion partial.
    "SELECT CASE k.contype WHEN 'p' THEN 'primary key' WHEN 'u' THEN 'unique key' ELSE 'exclusion' END, k.conname::text, \
     CASE WHEN i.indisvalid AND x.reltablespace = 0 AND x.relname = k.conname AND concat(i.indexprs::text, i.indpred::text) !~ ':varattno 0 ' \
     THEN pg_catalog.pg_get_constraintdef(k.oid) || CASE WHEN x.reloptions IS NULL THEN '' \
     WHEN k.contype = 'x' OR k.condeferrable THEN NULL ELSE (SELECT ' WITH (' || \
     string_agg(pg_catalog.format('%I = %L', o.option_name, o.option_value), ', ') || ')' \
     FROM pg_catalog.pg_options_to_table(x.reloptions) o) END END FROM pg_catalog.pg_constraint k \
     JOIN pg_catalog.pg_index i ON i.indexrelid = k.conindid JOIN pg_catalog.pg_class x ON x.oid = k.conindid \
     WHERE k.conrelid = c.oid AND k.contype IN ('p', 'u', 'x')",
    "SELECT 'check', k.conname::text, CASE WHEN k.convalidated AND k.conbin::text !~ ':varattno 0 ' \
     THEN pg_catalog.pg_get_constraintdef(k.oid) END FROM pg_catalog.pg_constraint k WHERE k.contype = 'c' AND k.conrelid = c.oid",
    "SELECT 'statistics', e.stxname::text, CASE WHEN e.stxnamespace = c.relnamespace AND e.stxowner = c.relowner \
     AND coalesce((to_jsonb(e) ->> 'stxstattarget')::int4, -1) = -1 AND coalesce(to_jsonb(e) ->> 'stxexprs', '') !~ ':varattno 0 ' \
     AND pg_catalog.obj_description(e.oid, 'pg_statistic_ext') IS NULL AND \"left\"(s.text, length(s.head)) = s.head \
     AND \"right\"(s.text, length(s.tail)) = s.tail \
     THEN substr(s.text, length(s.head) + 1, length(s.text) - length(s.head) - length(s.tail)) END \
     FROM pg_catalog.pg_statistic_ext e, LATERAL (SELECT pg_catalog.pg_get_statisticsobjdef(e.oid), \
     pg_catalog.format('CREATE STATISTICS %I.%I ', n.nspname, e.stxname), pg_catalog.format(' FROM %I.%I', n.nspname, c.relname)) \
     AS s(text, head, tail) WHERE e.stxrelid = c.oid",
    "SELECT 'clustered', x.relname::text, 'CLUSTER' FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid \
     WHERE i.indrelid = c.oid AND i.indisclustered",
];

const COMMENTS: [&str; 3] = [
    "SELECT CASE WHEN m.objsubid = 0 THEN 'comment' ELSE 'column comment' END, coalesce(a.attname::text, c.relname::text), m.description \
     FROM pg_catalog.pg_description m LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = m.objsubid AND m.objsubid > 0 \
     WHERE m.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND m.objoid = c.oid",
    "SELECT 'index comment', x.relname::text, m.description FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid \
     JOIN pg_catalog.pg_description m ON m.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND m.objoid = x.oid \
     WHERE i.indrelid = c.oid",
    "SELECT CASE k.contype WHEN 'c' THEN 'check comment' ELSE 'key comment' END, k.conname::text, m.description \
     FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_description m \
     ON m.classoid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND m.objoid = k.oid \
     WHERE k.conrelid = c.oid AND k.contype IN ('c', 'p', 'u', 'x')",
];

/// How `c` and its columns store values, and what fills them.
const STORED: [&str; 7] = [
    "SELECT CASE WHEN a.attgenerated <> '' THEN 'generated' ELSE 'default' END, a.attname::text, \
     CASE WHEN e.adbin::text !~ ':varattno 0 ' THEN pg_catalog.pg_get_expr(e.adbin, e.adrelid) END \
     FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_attrdef e ON e.adrelid = a.attrelid AND e.adnum = a.attnum \
     WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped",
    // A sequence that goes with a column: of a serial, or given by ALTER SEQUENCE … OWNED BY.
    "SELECT 'sequence', q.relname::text, CASE WHEN q.relnamespace = c.relnamespace THEN a.attname::text END FROM pg_catalog.pg_depend d \
     JOIN pg_catalog.pg_class q ON q.oid = d.objid AND q.relkind = 'S' JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid \
     WHERE d.deptype = 'a' AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass \
     AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = c.oid AND d.refobjsubid > 0",
    "SELECT 'storage', 'options', string_agg(pg_catalog.format('%s%I = %L', o.prefix, o.name, o.value), ', ' ORDER BY o.prefix, o.at) \
     FROM (SELECT '', h.* FROM pg_catalog.pg_options_to_table(c.reloptions) WITH ORDINALITY AS h UNION ALL \
     SELECT 'toast.', h.* FROM pg_catalog.pg_class t, pg_catalog.pg_options_to_table(t.reloptions) WITH ORDINALITY AS h \
     WHERE t.oid = c.reltoastrelid) AS o(prefix, name, value, at) HAVING count(*) > 0",
    "SELECT 'replica identity', CASE c.relreplident WHEN 'f' THEN 'full' WHEN 'n' THEN 'nothing' \
     ELSE coalesce(x.relname::text, 'index') END, CASE c.relreplident WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING' \
     ELSE CASE WHEN x.oid IS NOT NULL THEN 'USING INDEX' END END \
     FROM (VALUES (1)) AS one LEFT JOIN (pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid) \
     ON i.indrelid = c.oid AND i.indisreplident WHERE c.relkind = 'r' AND c.relreplident <> 'd'",
    "SELECT 'column statistics', a.attname::text, a.attstattarget::text FROM pg_catalog.pg_attribute a \
     WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attstattarget >= 0",
    "SELECT 'column options', a.attname::text, (SELECT string_agg(pg_catalog.format('%I = %L', o.option_name, o.option_value), ', ') \
     FROM pg_catalog.pg_options_to_table(a.attoptions) o) FROM pg_catalog.pg_attribute a \
     WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attoptions IS NOT NULL",
    "SELECT 'column storage', a.attname::text, concat_ws(' ', a.attstorage, a.attcompression, l.collname) \
     FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
     LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation AND a.attcollation <> t.typcollation \
     WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
     AND (a.attcompression <> '' OR a.attstorage <> t.typstorage OR a.attcollation <> t.typcollation)",
];

/// Grants that the owner made: GRANT makes its own grantor of whoever runs it.
const GRANTED: [&str; 3] = [
    "SELECT 'grant', CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(g.grantee)::text END, \
     CASE WHEN bool_and(g.grantor = c.relowner) THEN string_agg(g.privilege_type, ', ' ORDER BY g.privilege_type) || ' TO ' || \
     CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_catalog.pg_get_userbyid(g.grantee)) END || \
     CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END END \
     FROM pg_catalog.aclexplode(c.relacl) g WHERE g.grantee <> c.relowner GROUP BY g.grantee, g.is_grantable",
    "SELECT 'column grant', a.attname::text, CASE WHEN a.attnum > 0 AND bool_and(g.grantor = c.relowner) \
     THEN string_agg(g.privilege_type, ', ' ORDER BY g.privilege_type) || ' TO ' || \
     CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_catalog.pg_get_userbyid(g.grantee)) END || \
     CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END END \
     FROM pg_catalog.pg_attribute a, pg_catalog.aclexplode(a.attacl) g \
     WHERE a.attrelid = c.oid AND NOT a.attisdropped GROUP BY a.attnum, a.attname, g.grantee, g.is_grantable",
    // A new table has what its maker grants by default, also to whom the old one was closed: that is taken back first. What
    // a maker does not grant himself cannot be told from here.
    "SELECT 'default privileges', pg_catalog.pg_get_userbyid(p.defaclrole)::text, \
     CASE WHEN bool_and(p.defaclnamespace <> 0 OR (SELECT count(*) FROM pg_catalog.aclexplode(p.defaclacl) g WHERE g.grantee = p.defaclrole) \
     = (SELECT count(*) FROM pg_catalog.aclexplode(pg_catalog.acldefault('r', p.defaclrole)))) THEN \
     (SELECT string_agg(DISTINCT CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_catalog.pg_get_userbyid(g.grantee)) END, ', ') \
     FROM pg_catalog.pg_default_acl o, pg_catalog.aclexplode(o.defaclacl) g WHERE o.defaclobjtype = 'r' \
     AND o.defaclnamespace IN (0, c.relnamespace) AND o.defaclrole = p.defaclrole AND g.grantee <> o.defaclrole) END \
     FROM pg_catalog.pg_default_acl p WHERE p.defaclobjtype = 'r' AND p.defaclnamespace IN (0, c.relnamespace) \
     AND pg_catalog.pg_get_userbyid(p.defaclrole) = current_user GROUP BY p.defaclrole",
];
