//! What is recorded of a sync: shown, and forgotten on demand.

use crate::{begin, bindings::exports::rapidbyte::connector::destination as contract};
use rapidbyte_postgres::{prepare, session};
use rapidbyte_postgres_guest::{Session, database_error, internal, prepare_error};
use rapidbyte_sdk::types::{Error, ObjectName};

/// All checkpoints and the newest runs, of one moment. What may not be read is an error, not nothing.
pub(crate) fn read(session: &mut Session, sync: &str, runs_max: u32) -> Result<contract::Records, Error> {
    session.query(session::BEGIN_COMPARISON)?;
    let there = session.query(&prepare::bookkeeping_query())?.rows;
    let (mut checkpoints, mut past) = (Vec::new(), Vec::new());
    if prepare::has_runs(&there) {
        past = runs(session, sync, runs_max)?;
        if prepare::has_checkpoints(&there) {
            checkpoints = self::checkpoints(session, sync)?;
        }
    }
    session.query("COMMIT")?;
    Ok(contract::Records { checkpoints, runs: past })
}

/// The newest runs, newest first. The table of receipts must be there.
pub(crate) fn runs(session: &mut Session, sync: &str, runs_max: u32) -> Result<Vec<contract::PastRun>, Error> {
    let sql = prepare::last_runs_query(sync, runs_max).map_err(|error| prepare_error(&error))?;
    let run = |row| match <[_; 3]>::try_from(row) {
        Ok([Some(run), Some(plan), Some(finished_at)]) => Ok(contract::PastRun { run, plan, finished_at }),
        _ => Err(internal("a record of a run lacks a field")),
    };
    session.query(&sql)?.rows.into_iter().map(run).collect()
}

fn checkpoints(session: &mut Session, sync: &str) -> Result<Vec<contract::RecordedCheckpoint>, Error> {
    let sql = prepare::checkpoints_query(sync).map_err(|error| prepare_error(&error))?;
    session.query(&sql)?.rows.into_iter().map(checkpoint).collect()
}

fn checkpoint(row: Vec<Option<String>>) -> Result<contract::RecordedCheckpoint, Error> {
    let lacks = || internal("a checkpoint lacks a field");
    let [Some(stream), namespace, name, Some(cursor), Some(native), value, Some(version), Some(run), recorded_at] =
        <[_; 9]>::try_from(row).map_err(|_| lacks())?
    else {
        return Err(lacks());
    };
    let target = namespace.zip(name).map(|(namespace, name)| ObjectName { namespace, name });
    Ok(contract::RecordedCheckpoint { stream, target, cursor, native, value, version, run, recorded_at })
}

/// The receipt of a run that is recorded.
pub(crate) fn receipt(session: &mut Session, run: &str) -> Result<Option<String>, Error> {
    if !prepare::has_runs(&session.query(&prepare::bookkeeping_query())?.rows) {
        return Ok(None);
    }
    let sql = prepare::receipt_query(run).map_err(|error| prepare_error(&error))?;
    Ok(session.query(&sql)?.rows.pop().and_then(|row| row.into_iter().next()).flatten())
}

/// Forgets the checkpoint of a stream; false: there is none.
pub(crate) fn forget(session: &mut Session, sync: &str, stream: &str) -> Result<bool, Error> {
    if !prepare::has_checkpoints(&session.query(&prepare::bookkeeping_query())?.rows) {
        return Ok(false);
    }
    let sql = prepare::forget(sync, stream).map_err(|error| prepare_error(&error))?;
    session.query(session::BEGIN_RUN)?;
    begin::lock(session, sync)?;
    let forgotten = session.client().execute(&sql).map_err(database_error)?;
    session.query("COMMIT")?;
    Ok(forgotten > 0)
}
