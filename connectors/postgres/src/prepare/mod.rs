//! From decisions to exact statements. Pure: the same decision gives the same statements. Nothing here decides.

mod bookkeeping;
mod checksum;
mod compared;
mod equal;
mod names;
mod ours;
mod parts;
mod ranges;
mod read;
mod reject;
mod state;
mod swap;
mod sweep;
mod whole;
mod window;
mod write;

pub use bookkeeping::{
    Checkpoint, bookkeeping, bookkeeping_query, checkpoint_query, has_checkpoints, has_runs, has_targets,
    insert_receipt, last_runs_query, outcome_query, upsert_checkpoint,
};
pub use checksum::{Checked, stream_checksum, with_checksum};
pub use compared::{Compared, KeyColumn, Range, cuts, keyed_rows, summaries};
pub use ours::{FORGET_TARGETS, filled_query, others_query, update_target, upsert_target};
pub use parts::{drop_left, left_query, load_table, name_load, parts_query, record_part};
pub use ranges::{bounds, range_type, set_range};
pub use read::{CLOSE, fetch, read, select, select_range, touch};
pub(crate) use reject::COLUMNS as REJECTED_COLUMNS;
pub use reject::{RELEASE, Rejected, SAVEPOINT, UNDO, set_aside};
pub use state::{checkpoints_query, forget, receipt_query};
pub use swap::can_carry;
pub use whole::whole;
pub use window::{position, resume};
pub use write::{loaded_query, write};

use crate::{
    decision::{Effect, Phase, Statement},
    ident::{Ident, IdentError, QualifiedName},
    literal::NulError,
    relation::DEFAULT_SCHEMA,
    sql::Sql,
};

/// Why a decision has no statements.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PrepareError {
    /// A name that no server would store.
    #[error("{name:?} cannot be a name: {error}")]
    Name {
        /// The name.
        name: String,
        /// Why.
        #[source]
        error: IdentError,
    },
    /// A value with U+0000.
    #[error(transparent)]
    Nul(#[from] NulError),
    /// A decision that means nothing here.
    #[error("{0}")]
    Unsupported(&'static str),
}

fn ident(name: &str) -> Result<Ident, PrepareError> {
    Ident::new(name).map_err(|error| PrepareError::Name { name: name.to_owned(), error })
}

fn idents<'a>(names: impl IntoIterator<Item = &'a String>) -> Result<Vec<Ident>, PrepareError> {
    names.into_iter().map(|name| ident(name)).collect()
}

fn qualified(namespace: &str, name: &str) -> Result<QualifiedName, PrepareError> {
    // search_path is empty: a name without a schema must say the one it means.
    let schema = if namespace.is_empty() { DEFAULT_SCHEMA } else { namespace };
    Ok(QualifiedName { schema: Some(ident(schema)?), name: ident(name)? })
}

fn statement(phase: Phase, effect: Effect, purpose: impl Into<String>, sql: Sql) -> Statement {
    Statement { phase, effect, sql: sql.done(), purpose: purpose.into() }
}
