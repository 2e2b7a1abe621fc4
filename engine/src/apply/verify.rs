//! Compares what the source gave with what the destination took and wrote, before the commit. Pure.

use super::channel::Read;
use crate::{EngineError, Verified, host::Counted};
use rapidbyte_plans::{
    decision::Disposition,
    observation::{RelationKind, TargetState},
    plan::StreamPlan,
};

/// Things that hang on a target and may take rows, or turn them into other rows, before its server counts them.
const COUNTS_CHANGE: [&str; 2] = ["trigger", "rule"];

/// Every row that was read was received; and was written, where the server's count can say so.
///
/// # Errors
/// [`EngineError::Counts`] where they differ.
pub(super) fn counts(
    stream: &StreamPlan,
    target: &TargetState,
    read: Read,
    written: Counted,
) -> Result<Verified, EngineError> {
    let counted = is_counted(stream, target);
    let destination_rows = if counted { written.rows_written } else { written.rows_received };
    if read.rows == written.rows_received && read.rows == destination_rows {
        return Ok(Verified { source_rows: read.rows, destination_rows, equal: true });
    }
    Err(EngineError::Counts {
        stream: stream.stream.clone(),
        rows_read: read.rows,
        rows_received: written.rows_received,
        rows_written: written.rows_written,
    })
}

/// The server's count of written rows must be that of the stream's: not for upsert, where rows of one key are one row,
/// and not where triggers and rules are between.
fn is_counted(stream: &StreamPlan, target: &TargetState) -> bool {
    let table = matches!(target.kind, None | Some(RelationKind::Table | RelationKind::PartitionedTable));
    let between = target.dependents.iter().any(|item| COUNTS_CHANGE.iter().any(|kind| item.kind.contains(kind)));
    stream.write.disposition != Disposition::Upsert && table && !between
}
