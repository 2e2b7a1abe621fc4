//! Compares what the source gave with what the destination took and wrote, and where the plan says so what both hold now,
//! before the commit. Pure.

use super::channel::Read;
use crate::{
    EngineError, Method, Side, Verified,
    host::{Counted, LoadedPart},
};
use rapidbyte_plans::{
    decision::Publication,
    observation::{RelationKind, TargetState},
    plan::StreamPlan,
};

/// Things that hang on a target and may take rows, or turn them into other rows, before its server counts them.
const COUNTS_CHANGE: [&str; 2] = ["trigger", "rule"];

/// The counts, and where the plan has a checksum at both ends, that it is the same.
///
/// # Errors
/// [`EngineError::Counts`] or [`EngineError::Checksums`] where they differ.
pub(super) fn compare(
    stream: &StreamPlan,
    target: &TargetState,
    read: Read,
    written: Counted,
) -> Result<Verified, EngineError> {
    let counted = counts(stream, target, read, written)?;
    if !stream.write.checksum {
        return Ok(counted);
    }
    match (read.checksum, written.checksum) {
        (Some(source), Some(destination)) if source == destination && source.rows == read.rows => {
            let (source_rows, destination_rows) = (source.rows, destination.rows);
            Ok(Verified { source_rows, destination_rows, equal: true, method: Method::Checksum })
        }
        (Some(source), Some(destination)) => Err(EngineError::Checksums {
            stream: stream.stream.clone(),
            source_rows: source.rows,
            destination_rows: destination.rows,
        }),
        _ => Err(EngineError::Defect(format!("stream {} has no checksum at both ends", stream.stream))),
    }
}

/// A part that is found there holds the rows that were read for it, which nobody has read without.
///
/// # Errors
/// [`EngineError::Counts`] where they differ.
pub(super) fn loaded(stream: &StreamPlan, rows_read: Option<&u64>, part: LoadedPart) -> Result<(), EngineError> {
    if rows_read == Some(&part.rows) {
        return Ok(());
    }
    Err(EngineError::Counts {
        stream: stream.stream.clone(),
        rows_read: rows_read.copied().unwrap_or(0),
        rows_received: part.rows,
        rows_written: part.rows,
    })
}

/// Every row of a part was received and loaded, and none was set aside.
///
/// # Errors
/// [`EngineError::Counts`] where they differ.
pub(super) fn part(stream: &StreamPlan, read: Read, written: Counted) -> Result<(), EngineError> {
    if read.rows == written.rows_received && read.rows == written.rows_loaded && written.rows_rejected == 0 {
        return Ok(());
    }
    Err(EngineError::Counts {
        stream: stream.stream.clone(),
        rows_read: read.rows,
        rows_received: written.rows_received,
        rows_written: written.rows_loaded,
    })
}

/// Every row that was read was received; and was written, where the server's count can say so.
///
/// # Errors
/// [`EngineError::Counts`] where they differ.
fn counts(stream: &StreamPlan, target: &TargetState, read: Read, written: Counted) -> Result<Verified, EngineError> {
    let publication = stream.write.publication;
    let staged = publication != Publication::Direct;
    // Where conflicts are settled the server counts what it changed: rows that are there already are not in it.
    let settles = !stream.write.conflict_key.is_empty() && (!stream.write.create_table || staged);
    let rejected = rejected(stream, written)?;
    let destination_rows = match (settles, staged) {
        (false, _) => written.rows_written,
        (true, true) => written.rows_loaded,
        (true, false) => written.rows_received - rejected,
    };
    let equal = read.rows == destination_rows.saturating_add(rejected);
    // Nothing stands between rows and a staging table.
    let loaded = written.rows_loaded.saturating_add(rejected);
    let arrived = read.rows == written.rows_received && (!staged || read.rows == loaded);
    if arrived && (equal || !must_be_equal(target)) {
        return Ok(Verified { source_rows: read.rows, destination_rows, equal, method: Method::Counts });
    }
    Err(EngineError::Counts {
        stream: stream.stream.clone(),
        rows_read: read.rows,
        rows_received: written.rows_received,
        rows_written: written.rows_written,
    })
}

/// The rows that were set aside: as many as the plan allows, of those that there were.
fn rejected(stream: &StreamPlan, written: Counted) -> Result<u64, EngineError> {
    let rows_max = stream.write.row_errors.as_ref().map_or(0, |errors| errors.rows_max.get());
    let rows = written.rows_rejected;
    if rows <= rows_max.min(written.rows_received) {
        return Ok(rows);
    }
    let what = format!("it set {rows} rows aside, and {rows_max} were allowed");
    Err(EngineError::Contract { side: Side::Destination, what })
}

/// The server's count of written rows must be that of the stream's, but where triggers and rules are between: the plan
/// says so, and the receipt says what came of it.
fn must_be_equal(target: &TargetState) -> bool {
    let table = matches!(target.kind, None | Some(RelationKind::Table | RelationKind::PartitionedTable));
    let between = target.dependents.iter().any(|item| COUNTS_CHANGE.iter().any(|kind| item.kind.contains(kind)));
    table && !between
}
