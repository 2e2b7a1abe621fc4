//! What records runs at a destination: a schema, a table of receipts, one of checkpoints, one of the tables that hold
//! nothing but our rows.

use super::{PrepareError, qualified, statement};
use crate::{
    decision::{Effect, Phase, Statement},
    sql::Sql,
    types::catalog::TextRow,
};

/// What records runs, in the order in which it is made: what it is for, the condition that it is there, how it is made.
const OBJECTS: [(&str, &str, &str); 6] = [
    (
        "schema of the records of runs",
        "EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = '_rapidbyte')",
        "CREATE SCHEMA IF NOT EXISTS _rapidbyte",
    ),
    (
        "receipts of runs",
        "EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = '_rapidbyte' AND c.relname = 'runs')",
        "CREATE TABLE IF NOT EXISTS _rapidbyte.runs (sync text, number bigint GENERATED ALWAYS AS IDENTITY, \
         run text NOT NULL UNIQUE, plan text NOT NULL, finished_at timestamptz NOT NULL \
         DEFAULT pg_catalog.clock_timestamp(), receipt jsonb NOT NULL, PRIMARY KEY (sync, number))",
    ),
    (
        "checkpoints of streams",
        "EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = '_rapidbyte' AND c.relname = 'checkpoints')",
        "CREATE TABLE IF NOT EXISTS _rapidbyte.checkpoints (sync text, stream text, cursor_column text NOT NULL, \
         cursor_type text NOT NULL, value text NOT NULL, run text NOT NULL, PRIMARY KEY (sync, stream))",
    ),
    (
        "tables that hold our rows alone",
        "EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = '_rapidbyte' AND c.relname = 'targets')",
        "CREATE TABLE IF NOT EXISTS _rapidbyte.targets (relation regclass PRIMARY KEY, run text NOT NULL, changes bigint NOT NULL)",
    ),
    (
        "what a checkpoint is for",
        "EXISTS (SELECT FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = '_rapidbyte' AND c.relname = 'checkpoints' AND a.attname = 'scope')",
        "ALTER TABLE _rapidbyte.checkpoints ALTER COLUMN value DROP NOT NULL, \
         ADD COLUMN IF NOT EXISTS version text NOT NULL, ADD COLUMN IF NOT EXISTS scope text NOT NULL, \
         ADD COLUMN IF NOT EXISTS target regclass NOT NULL",
    ),
    (
        "which rows of a table are ours",
        "EXISTS (SELECT FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = '_rapidbyte' AND c.relname = 'targets' AND a.attname = 'seen')",
        "ALTER TABLE _rapidbyte.targets ADD COLUMN IF NOT EXISTS sync text, \
         ADD COLUMN IF NOT EXISTS own xid8, ADD COLUMN IF NOT EXISTS seen pg_snapshot",
    ),
];

/// Asks which of the objects are there: one row, a column of "t" or "f" for each.
pub fn bookkeeping_query() -> String {
    Sql::new().raw("SELECT ").join(", ", OBJECTS, |sql, (_, is_there, _)| sql.raw(is_there)).done()
}

/// Whether the answer to [`bookkeeping_query`] says that the receipts of runs are there.
pub fn has_runs(rows: &[TextRow]) -> bool {
    is_there(rows, 1)
}

/// Whether it says that checkpoints are there, with all that they have today.
pub fn has_checkpoints(rows: &[TextRow]) -> bool {
    is_there(rows, 2) && is_there(rows, 4)
}

/// Whether it says that the tables that hold our rows alone are recorded, with all that is said of them today.
pub fn has_targets(rows: &[TextRow]) -> bool {
    is_there(rows, 3) && is_there(rows, 5)
}

fn is_there(rows: &[TextRow], at: usize) -> bool {
    rows.first().and_then(|row| row.get(at)).and_then(Option::as_deref) == Some("t")
}

/// Makes those that the answer to [`bookkeeping_query`] says are missing.
pub fn bookkeeping(rows: &[TextRow]) -> Vec<Statement> {
    let missing = OBJECTS.into_iter().enumerate().filter(|(at, _)| !is_there(rows, *at));
    missing
        .map(|(_, (purpose, _, sql))| statement(Phase::Bookkeeping, Effect::Create, purpose, Sql::new().raw(sql)))
        .collect()
}

/// Records a run; `receipt` is JSON. A second record of one run is an error (23505).
pub fn insert_receipt(run: &str, sync: &str, plan: &str, receipt: &str) -> Result<String, PrepareError> {
    let sql = Sql::new().raw("INSERT INTO _rapidbyte.runs (run, sync, plan, receipt) VALUES (");
    Ok(values(sql, &[run, sync, plan, receipt])?.raw(")").done())
}

/// Up to where a stream is in its target.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Checkpoint<'a> {
    pub sync: &'a str,
    pub stream: &'a str,
    /// Schema and name.
    pub target: (&'a str, &'a str),
    pub cursor: &'a str,
    pub native: &'a str,
    /// None: no row has a value.
    pub value: Option<&'a str>,
    pub version: &'a str,
    pub scope: &'a str,
    pub run: &'a str,
}

/// Records up to where a stream's rows are in the destination. The target must be there.
pub fn upsert_checkpoint(checkpoint: &Checkpoint<'_>) -> Result<String, PrepareError> {
    let Checkpoint { sync, stream, target, cursor, native, value, version, scope, run } = checkpoint;
    let sql = Sql::new().raw(
        "INSERT INTO _rapidbyte.checkpoints \
         (sync, stream, cursor_column, cursor_type, version, scope, run, value, target) VALUES (",
    );
    let sql = values(sql, &[sync, stream, cursor, native, version, scope, run])?.raw(", ");
    let sql = match value {
        Some(value) => sql.literal(value)?,
        None => sql.raw("NULL"),
    };
    let target = qualified(target.0, target.1)?;
    let sql = sql.raw(", pg_catalog.to_regclass(").literal(&target.quoted())?;
    Ok(sql
        .raw(
            ")) ON CONFLICT (sync, stream) DO UPDATE SET cursor_column = EXCLUDED.cursor_column, \
             cursor_type = EXCLUDED.cursor_type, value = EXCLUDED.value, version = EXCLUDED.version, \
             scope = EXCLUDED.scope, target = EXCLUDED.target, run = EXCLUDED.run",
        )
        .done())
}

/// Asks for the checkpoint of a stream: cursor, type, value, version, scope, "t" where its target is this table, and the run
/// that recorded it; no row: there is none. The table of checkpoints must be there.
pub fn checkpoint_query(sync: &str, stream: &str, target: (&str, &str)) -> Result<String, PrepareError> {
    let target = qualified(target.0, target.1)?;
    let sql = Sql::new()
        .raw("SELECT cursor_column, cursor_type, value, version, scope, CASE WHEN target = pg_catalog.to_regclass(");
    let sql =
        sql.literal(&target.quoted())?.raw(") THEN 't' ELSE 'f' END, run FROM _rapidbyte.checkpoints WHERE sync = ");
    Ok(sql.literal(sync)?.raw(" AND stream = ").literal(stream)?.done())
}

/// Asks whether a run was recorded: one row, one column, "t" or "f". The table of receipts must be there.
pub fn outcome_query(run: &str) -> Result<String, PrepareError> {
    let sql = Sql::new().raw("SELECT EXISTS (SELECT FROM _rapidbyte.runs WHERE run = ").literal(run)?;
    Ok(sql.raw(")").done())
}

/// Asks for the newest runs of a sync, newest first, at most so many: name, digest of the plan and when it ended. Runs of
/// one sync exclude each other, so that their numbers are in the order of their commits. The table of receipts must be
/// there.
pub fn last_runs_query(sync: &str, runs_max: u32) -> Result<String, PrepareError> {
    let sql = Sql::new().raw(
        "SELECT run, plan, pg_catalog.to_char(finished_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') \
         FROM _rapidbyte.runs WHERE sync = ",
    );
    Ok(sql.literal(sync)?.raw(" ORDER BY number DESC LIMIT ").number(runs_max.into()).done())
}

fn values(mut sql: Sql, values: &[&str]) -> Result<Sql, PrepareError> {
    for (at, value) in values.iter().enumerate() {
        sql = if at == 0 { sql } else { sql.raw(", ") }.literal(value)?;
    }
    Ok(sql)
}
