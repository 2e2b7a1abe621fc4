//! The statements of one snapshot that many sessions read (PostgreSQL manual, "Snapshot Synchronization Functions").

use crate::{ident::QualifiedName, literal::NulError, relation::schema_of, sql::Sql};

/// Begins what a source reads in.
pub const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";

/// Takes the snapshot and gives its name.
pub const EXPORT: &str = "SELECT pg_catalog.pg_export_snapshot()";

/// Whether a lock is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Wait {
    Yes,
    No,
}

/// Takes another session's snapshot; the first statement after [`BEGIN`].
///
/// # Errors
/// A token with a NUL byte.
pub fn import(token: &str) -> Result<String, NulError> {
    Ok(Sql::new().raw("SET TRANSACTION SNAPSHOT ").literal(token)?.done())
}

/// Asks which of these relations can be locked: tables, partitioned tables and views that are there and of which we may read all
/// columns, which LOCK TABLE wants. One row for each, with its place among them, in their order. None: there is nothing to ask.
///
/// # Errors
/// A name with a NUL byte.
pub fn lockable_query(relations: &[QualifiedName]) -> Result<Option<String>, NulError> {
    let mut wanted = Vec::with_capacity(relations.len());
    for (at, name) in relations.iter().enumerate() {
        let sql = Sql::new().raw("(").number(at as u64).raw(", ").literal(schema_of(name))?;
        wanted.push(sql.raw(", ").literal(name.name.as_str())?.raw(")"));
    }
    if wanted.is_empty() {
        return Ok(None);
    }
    let sql = Sql::new().raw("SELECT w.at FROM (VALUES ").join(", ", &wanted, Sql::part);
    let sql = sql.raw(
        ") AS w(at, schema, name) JOIN pg_catalog.pg_namespace n ON n.nspname = w.schema \
         JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = w.name \
         WHERE c.relkind IN ('r', 'p', 'v') AND pg_catalog.has_table_privilege(c.oid, 'SELECT') ORDER BY w.at",
    );
    Ok(Some(sql.done()))
}

/// Keeps the definitions of these relations as they are until the transaction ends. It takes no snapshot itself.
pub fn lock(relations: &[QualifiedName], wait: Wait) -> String {
    let sql = Sql::new().raw("LOCK TABLE ").join(", ", relations, Sql::name).raw(" IN ACCESS SHARE MODE");
    match wait {
        Wait::Yes => sql.done(),
        Wait::No => sql.raw(" NOWAIT").done(),
    }
}
