//! Checkpoints of incremental streams, as the records have them.

use crate::{bindings::exports::rapidbyte::connector::destination as contract, decision::namespace, session::Inner};
use rapidbyte_postgres::prepare::{self, Checkpoint};
use rapidbyte_postgres_guest::{Session, internal, prepare_error};
use rapidbyte_sdk::types::{Error, ObjectName};

/// The checkpoint of a stream; none where nothing is recorded.
pub(crate) fn find(
    inner: &mut Inner,
    sync: &str,
    stream: &str,
    target: &ObjectName,
) -> Result<Option<contract::KnownCheckpoint>, Error> {
    if !inner.has(prepare::has_checkpoints)? {
        return Ok(None);
    }
    let sql = prepare::checkpoint_query(sync, stream, (namespace(target), &target.name));
    let Some(row) = inner.session.query(&sql.map_err(|error| prepare_error(&error))?)?.rows.pop() else {
        return Ok(None);
    };
    let [Some(cursor), Some(native), value, Some(version), Some(scope), Some(same), Some(run)] =
        <[_; 7]>::try_from(row).map_err(|_| internal("a checkpoint has other fields"))?
    else {
        return Err(internal("a checkpoint lacks a field"));
    };
    Ok(Some(contract::KnownCheckpoint { cursor, native, scope, value, version, same_target: same == "t", run }))
}

/// Records one, in the run's transaction.
pub(crate) fn record(
    session: &mut Session,
    sync: &str,
    run: &str,
    checkpoint: &contract::Checkpoint,
) -> Result<(), Error> {
    let contract::Checkpoint { stream, target, cursor, native, scope, value, version } = checkpoint;
    let sql = prepare::upsert_checkpoint(&Checkpoint {
        sync,
        stream,
        target: (namespace(target), &target.name),
        cursor,
        native,
        value: value.as_deref(),
        version,
        scope,
        run,
    });
    session.query(&sql.map_err(|error| prepare_error(&error))?).map(drop)
}
