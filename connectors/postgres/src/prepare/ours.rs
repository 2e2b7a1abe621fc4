//! Whose rows a table holds: what is recorded of it at the end of each run of ours, and how that is asked. The server's
//! statistics tell at once that nobody changed a row; where they have counted any, which may as well have been a run of ours that
//! was rolled back, the transactions that wrote the rows tell.

use super::{PrepareError, qualified};
use crate::sql::Sql;

/// Of the table `r` and its partitions, as the server's statistics say. They begin anew after a crash, never go back otherwise,
/// learn of a transaction after its end, and count what was rolled back.
macro_rules! counted {
    ($($counter:literal),+) => {
        concat!(
            "(SELECT coalesce(sum(0", $(" + pg_catalog.pg_stat_get_", $counter, "(p.oid)",)+ "), 0)::bigint \
             FROM (SELECT r.oid UNION SELECT relid FROM pg_catalog.pg_partition_tree(r.oid)) AS p(oid))"
        )
    };
}

/// How often rows were inserted, updated and deleted.
const CHANGES: &str = counted!("tuples_inserted", "tuples_updated", "tuples_deleted");
/// The same of this transaction alone.
const OWN_CHANGES: &str = counted!("xact_tuples_inserted", "xact_tuples_updated", "xact_tuples_deleted");

/// The largest table whose rows are asked: a scan of more may take longer than an answer of the catalogue may.
const LOOKED_AT_BYTES_MAX: u64 = 8 << 30;
const BYTES: &str = "(SELECT sum(pg_catalog.pg_relation_size(p.oid)) \
     FROM (SELECT r.oid UNION SELECT relid FROM pg_catalog.pg_partition_tree(r.oid)) AS p(oid))";

/// The transaction that writes a record, and what it sees: rows of any other that had not ended by then are somebody's.
const NOW: &str = "pg_catalog.pg_current_xact_id(), pg_catalog.pg_current_snapshot()";

/// Records that all rows of a table came by runs of this sync, by this one last. By OID, so that a table that somebody makes
/// later under the same name is not taken for ours; and with the changes that it has seen by then.
pub fn upsert_target(namespace: &str, name: &str, sync: &str, run: &str) -> Result<String, PrepareError> {
    let sql = Sql::new().raw("INSERT INTO _rapidbyte.targets (relation, sync, run, changes, own, seen) SELECT r.oid, ");
    let sql = sql.literal(sync)?.raw(", ").literal(run)?.raw(", ").raw(CHANGES).raw(" + ").raw(OWN_CHANGES);
    let sql = of_table(sql.raw(", ").raw(NOW).raw(" FROM "), namespace, name)?;
    Ok(sql
        .raw(
            " ON CONFLICT (relation) DO UPDATE SET sync = EXCLUDED.sync, run = EXCLUDED.run, \
             changes = EXCLUDED.changes, own = EXCLUDED.own, seen = EXCLUDED.seen",
        )
        .done())
}

/// Records that a table that held our rows alone still does: whatever this run changed of it is ours. Of a table that another
/// sync writes as well no sync may say that all rows are its own.
pub fn update_target(namespace: &str, name: &str, sync: &str, run: &str) -> Result<String, PrepareError> {
    let sql = Sql::new().raw("UPDATE _rapidbyte.targets AS t SET sync = CASE WHEN t.sync = ").literal(sync)?;
    let sql = sql.raw(" THEN t.sync END, run = ").literal(run)?;
    let sql = sql.raw(", changes = ").raw(CHANGES).raw(" + ").raw(OWN_CHANGES);
    let sql = of_table(sql.raw(", (own, seen) = (SELECT ").raw(NOW).raw(") FROM "), namespace, name)?;
    Ok(sql.raw(" WHERE t.relation = r.oid AND t.changes = ").raw(CHANGES).done())
}

/// Forgets tables that are gone: an OID comes again some day.
pub const FORGET_TARGETS: &str =
    "DELETE FROM _rapidbyte.targets WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = relation)";

/// Asks whose rows a table holds: one row, one column, "ours" where all came by this sync, "changed" where others, be it
/// another sync, have changed some since, "doubt" where only [`others_query`] tells, or "theirs". The table of targets must be
/// there.
pub fn filled_query(namespace: &str, name: &str, sync: &str) -> Result<String, PrepareError> {
    let sql = Sql::new().raw("SELECT coalesce((SELECT CASE WHEN t.sync IS DISTINCT FROM ").literal(sync)?;
    let sql = sql.raw(" THEN 'changed' WHEN t.changes = ").raw(CHANGES).raw(" THEN 'ours' WHEN ").raw(BYTES);
    let sql = sql.raw(" > ").number(LOOKED_AT_BYTES_MAX).raw(" THEN 'changed' ELSE 'doubt' END ");
    let sql = sql.raw("FROM _rapidbyte.targets t WHERE t.relation = r.oid), 'theirs') FROM ");
    Ok(of_table(sql, namespace, name)?.done())
}

/// Asks whether a row of a recorded table was written by others since: one row, one column, "t" or "f". All rows are looked at,
/// and each must be readable. A row has the lower half of its transaction's number, to which its age gives the upper one.
pub fn others_query(namespace: &str, name: &str) -> Result<String, PrepareError> {
    let table = qualified(namespace, name)?;
    let sql = Sql::new().raw("SELECT EXISTS (SELECT FROM ").name(&table).raw(" AS x, _rapidbyte.targets AS t ");
    let sql = sql.raw("WHERE t.relation = pg_catalog.to_regclass(").literal(&table.quoted())?;
    let sql = sql.raw(
        ") AND x.xmin <> t.own::xid AND pg_catalog.age(x.xmin) <= pg_catalog.age(pg_catalog.pg_snapshot_xmin(t.seen)::xid) \
         AND NOT pg_catalog.pg_visible_in_snapshot((t.own::text::bigint + pg_catalog.age(t.own::xid) \
         - pg_catalog.age(x.xmin))::text::xid8, t.seen))",
    );
    Ok(sql.done())
}

/// `r.oid` is the table's, or NULL where there is none.
fn of_table(sql: Sql, namespace: &str, name: &str) -> Result<Sql, PrepareError> {
    let table = qualified(namespace, name)?;
    Ok(sql.raw("(SELECT pg_catalog.to_regclass(").literal(&table.quoted())?.raw(") AS oid) AS r"))
}
