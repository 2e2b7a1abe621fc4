//! Compares what the source gave with what the destination took and wrote, before the commit. Pure.

use super::channel::Read;
use crate::{EngineError, Verified, host::Counted};
use rapidbyte_plans::{
    decision::Publication,
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
    let publication = stream.write.publication;
    let staged = publication != Publication::Direct;
    // Where conflicts are settled the server counts what it changed: rows that are there already are not in it.
    let settles = !stream.write.conflict_key.is_empty() && !stream.write.create_table;
    let destination_rows = match (settles, staged) {
        (false, _) => written.rows_written,
        (true, true) => written.rows_loaded,
        (true, false) => written.rows_received,
    };
    let equal = read.rows == destination_rows;
    // Nothing stands between rows and a staging table.
    let arrived = read.rows == written.rows_received && (!staged || read.rows == written.rows_loaded);
    if arrived && (equal || !must_be_equal(target)) {
        return Ok(Verified { source_rows: read.rows, destination_rows, equal });
    }
    Err(EngineError::Counts {
        stream: stream.stream.clone(),
        rows_read: read.rows,
        rows_received: written.rows_received,
        rows_written: written.rows_written,
    })
}

/// The server's count of written rows must be that of the stream's, but where triggers and rules are between: the plan
/// says so, and the receipt says what came of it.
fn must_be_equal(target: &TargetState) -> bool {
    let table = matches!(target.kind, None | Some(RelationKind::Table | RelationKind::PartitionedTable));
    let between = target.dependents.iter().any(|item| COUNTS_CHANGE.iter().any(|kind| item.kind.contains(kind)));
    table && !between
}
