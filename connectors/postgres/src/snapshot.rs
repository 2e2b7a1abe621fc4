//! The statements of one snapshot that many sessions read (PostgreSQL manual, "Snapshot Synchronization Functions").

use crate::{ident::QualifiedName, literal::NulError, sql::Sql};

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

/// Keeps the definitions of these relations as they are until the transaction ends. It takes no snapshot itself.
pub fn lock(relations: &[QualifiedName], wait: Wait) -> String {
    let sql = Sql::new().raw("LOCK TABLE ").join(", ", relations, Sql::name).raw(" IN ACCESS SHARE MODE");
    match wait {
        Wait::Yes => sql.done(),
        Wait::No => sql.raw(" NOWAIT").done(),
    }
}
