//! How refused rows are set aside: the savepoint that each part of a batch is loaded under, and the table that takes the
//! rows, with the reason. Owns that table's columns.

use super::{PrepareError, qualified, statement};
use crate::{
    decision::{Effect, Phase, Quarantine, Statement},
    sql::Sql,
};

/// Before a part of a batch is loaded.
pub const SAVEPOINT: &str = "SAVEPOINT rapidbyte_rows";
/// It was loaded.
pub const RELEASE: &str = "RELEASE SAVEPOINT rapidbyte_rows";
/// Some row of it was refused: it was not loaded.
pub const UNDO: &str = "ROLLBACK TO SAVEPOINT rapidbyte_rows; RELEASE SAVEPOINT rapidbyte_rows";

/// The columns of the table: name, type as the server calls it, and what stands behind the type.
pub(crate) const COLUMNS: [(&str, &str, &str); 6] = [
    ("run", "text", " NOT NULL"),
    ("stream", "text", " NOT NULL"),
    ("rejected_at", "timestamp with time zone", " NOT NULL DEFAULT pg_catalog.clock_timestamp()"),
    ("reason", "text", " NOT NULL"),
    ("object", "text", ""),
    ("row", "text", " NOT NULL"),
];

/// What is said of a refused row. No value of a cell stands in any field but the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rejected<'a> {
    /// The run.
    pub run: &'a str,
    /// The stream.
    pub stream: &'a str,
    /// Why, with the SQLSTATE.
    pub reason: &'a str,
    /// Table, column and constraint, as far as the server names them.
    pub object: Option<&'a str>,
    /// The row, as JSON.
    pub row: &'a str,
}

/// The statement that makes the table.
pub(super) fn create(quarantine: &Quarantine) -> Result<Statement, PrepareError> {
    let sql = Sql::new().raw("CREATE TABLE ").name(&qualified(&quarantine.namespace, &quarantine.name)?).raw(" (");
    let sql = sql.join(", ", COLUMNS, |sql, (name, ty, rest)| sql.raw("\"").raw(name).raw("\" ").raw(ty).raw(rest));
    Ok(statement(Phase::Setup, Effect::Create, "table for refused rows", sql.raw(")")))
}

/// The head of the INSERT for a refused row.
pub(super) fn insert(quarantine: &Quarantine) -> Result<Statement, PrepareError> {
    let sql = Sql::new().raw("INSERT INTO ").name(&qualified(&quarantine.namespace, &quarantine.name)?);
    let sql = sql.raw(" (run, stream, reason, object, \"row\") VALUES");
    Ok(statement(Phase::Reject, Effect::Write, "refused rows, with the reason", sql))
}

/// Sets one row aside; `head` is of the plan.
///
/// # Errors
/// A text with U+0000.
pub fn set_aside(head: &str, rejected: Rejected<'_>) -> Result<String, PrepareError> {
    let Rejected { run, stream, reason, object, row } = rejected;
    let sql = Sql::new().of_the_plan(head).raw(" (").literal(run)?.raw(", ").literal(stream)?;
    let sql = sql.raw(", ").literal(reason)?.raw(", ");
    let sql = match object {
        Some(object) => sql.literal(object)?,
        None => sql.raw("NULL"),
    };
    Ok(sql.raw(", ").literal(row)?.raw(")").done())
}

/// The same for a server that is to parse it: values of nothing.
pub(super) fn parsed(head: &str) -> String {
    Sql::new().of_the_plan(head).raw(" (NULL, NULL, NULL, NULL, NULL)").done()
}
