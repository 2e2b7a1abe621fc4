//! What is recorded of a sync, for whoever wants to see it, and how a checkpoint is forgotten.

use super::PrepareError;
use crate::sql::Sql;

/// Asks for all checkpoints of a sync, ordered by stream: stream, schema and name of the table that it was recorded for (NULL: it
/// is gone), cursor, type, value, version, the run that recorded it, and when that run ended (NULL: there is no record of it). The tables
/// of receipts and of checkpoints must be there.
pub fn checkpoints_query(sync: &str) -> Result<String, PrepareError> {
    let sql = Sql::new().raw(
        "SELECT k.stream, n.nspname::text, c.relname::text, k.cursor_column, k.cursor_type, k.value, k.version, k.run, \
         pg_catalog.to_char(r.finished_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') \
         FROM _rapidbyte.checkpoints k LEFT JOIN pg_catalog.pg_class c ON c.oid = k.target \
         LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace LEFT JOIN _rapidbyte.runs r ON r.run = k.run \
         WHERE k.sync = ",
    );
    Ok(sql.literal(sync)?.raw(" ORDER BY k.stream COLLATE \"C\"").done())
}

/// Asks for the receipt of a run: one row, or none. The table of receipts must be there.
pub fn receipt_query(run: &str) -> Result<String, PrepareError> {
    Ok(Sql::new().raw("SELECT receipt::text FROM _rapidbyte.runs WHERE run = ").literal(run)?.done())
}

/// Forgets the checkpoint of a stream; its tag tells whether there was one. The table of checkpoints must be there.
pub fn forget(sync: &str, stream: &str) -> Result<String, PrepareError> {
    let sql = Sql::new().raw("DELETE FROM _rapidbyte.checkpoints WHERE sync = ").literal(sync)?;
    Ok(sql.raw(" AND stream = ").literal(stream)?.done())
}
