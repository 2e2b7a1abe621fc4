//! Streams that are loaded in parts: their tables, and what is recorded of each part. The session holds the sync from the first
//! table to the run's own transaction, so that nobody else's load is among them.

use crate::{
    begin,
    bindings::exports::rapidbyte::connector::destination as contract,
    decision,
    session::{Inner, Stage},
};
use rapidbyte_postgres::{
    decision::WriteDecision,
    prepare::{self, PrepareError},
    session, sync_lock,
    types::catalog::TextRow,
};
use rapidbyte_postgres_guest::{Session, internal, prepare_error};
use rapidbyte_sdk::{host, types::Error};

/// A run that is about to commit waits no longer for what another one has left.
const CLEAR_TIMEOUT_MS: u32 = 1_000;

/// Commits what the run has begun, with the tables of this load; the parts that are in them, for each request.
pub(crate) fn load(
    inner: &mut Inner,
    name: &str,
    requests: Vec<contract::WriteRequest>,
) -> Result<Vec<Vec<contract::LoadedPart>>, Error> {
    let Stage::Running { sync, .. } = inner.stage.clone() else { return Err(internal("a load needs a run")) };
    inner.held()?;
    inner.session.query(&sync_lock::keep(&sync).map_err(internal)?)?;
    inner.session.query(&sync_lock::load_alone(name).map_err(internal)?)?;
    let (mine, others): (Vec<_>, Vec<_>) =
        left(&mut inner.session, &sync)?.into_iter().partition(|(_, load)| load == name);
    drop_all(&mut inner.session, &others)?;
    let mut loaded = Vec::with_capacity(requests.len());
    for contract::WriteRequest { decision, prepared, .. } in requests {
        let decision = decision::write(decision);
        let table = sql(prepare::load_table(&decision))?;
        if !mine.iter().any(|(mine, _)| *mine == table) {
            let stages = prepared.statements.iter().filter(|statement| statement.phase == contract::Phase::Stage);
            for statement in stages {
                inner.session.query(&statement.sql)?;
            }
            inner.session.query(&sql(prepare::name_load(&decision, name, &sync))?)?;
        }
        loaded.push(parts(&mut inner.session, &decision)?);
    }
    begin::commit(&mut inner.session)?;
    inner.stage = Stage::Loading { sync };
    Ok(loaded)
}

/// Loads parts beside the session that has begun the load.
pub(crate) fn join(inner: &mut Inner, name: &str) -> Result<(), Error> {
    if inner.stage != Stage::Idle {
        return Err(internal("a session of its own joins a load"));
    }
    inner.session.query(&sync_lock::join_load(name).map_err(internal)?)?;
    inner.stage = Stage::Joined;
    Ok(())
}

/// The run's transaction holds the sync from now on, and to its end, however that comes.
pub(crate) fn let_go(session: &mut Session, sync: &str) -> Result<(), Error> {
    session.query(&sync_lock::let_go(sync).map_err(internal)?).map(drop)
}

/// Drops what loads of the sync have left, once none is at work.
pub(crate) fn discard(inner: &mut Inner, sync: &str) -> Result<(), Error> {
    if inner.stage != Stage::Idle {
        return Err(internal("a run drops what is left itself"));
    }
    let session = &mut inner.session;
    for sql in [session::BEGIN_RUN, sync_lock::PATIENCE, &sync_lock::wait(sync).map_err(internal)?] {
        session.query(sql)?;
    }
    let left = left(session, sync)?;
    drop_all(session, &left)?;
    begin::commit(session)
}

/// Drops what loads of the sync have left, at the end of a run that needs none of it: whoever is in the way of that is not in the
/// way of the run.
pub(crate) fn clear(session: &mut Session, sync: &str, lock_timeout_ms: u32) -> Result<(), Error> {
    let left = left(session, sync)?;
    if left.is_empty() {
        return Ok(());
    }
    session.query(prepare::SAVEPOINT)?;
    session.query(&session::lock_timeout(CLEAR_TIMEOUT_MS))?;
    match drop_all(session, &left) {
        Ok(()) => {
            session.query(prepare::RELEASE)?;
            session.query(&session::lock_timeout(lock_timeout_ms)).map(drop)
        }
        Err(error) if error.code.is_some() => {
            session.query(prepare::UNDO)?;
            host::log(host::Level::Warn, &format!("what a load has left stays for the next run: {}", error.message));
            Ok(())
        }
        Err(error) => Err(error),
    }
}

/// What loads of the sync have left: each table's name, and its load's.
fn left(session: &mut Session, sync: &str) -> Result<Vec<(String, String)>, Error> {
    let named = |row: TextRow| match <[_; 2]>::try_from(row) {
        Ok([Some(table), Some(load)]) => Ok((table, load)),
        _ => Err(internal("a load has no name")),
    };
    session.query(&sql(prepare::left_query(sync))?)?.rows.into_iter().map(named).collect()
}

fn drop_all(session: &mut Session, left: &[(String, String)]) -> Result<(), Error> {
    left.iter().try_for_each(|(table, _)| session.query(&sql(prepare::drop_left(table))?).map(drop))
}

/// The parts of a stream that are recorded.
pub(crate) fn parts(session: &mut Session, decision: &WriteDecision) -> Result<Vec<contract::LoadedPart>, Error> {
    let part = |row: TextRow| {
        let number = |at: usize| row.get(at).and_then(Option::as_deref).and_then(|text| text.parse::<u64>().ok());
        let part = number(0).and_then(|part| u32::try_from(part).ok());
        let found = part.zip(number(1)).zip(number(2));
        let ((part, rows), bytes_written) = found.ok_or_else(|| internal("a part is recorded otherwise"))?;
        Ok(contract::LoadedPart { part, rows, bytes_written })
    };
    session.query(&sql(prepare::parts_query(decision))?)?.rows.into_iter().map(part).collect()
}

/// Records a part and commits it.
pub(crate) fn commit(inner: &mut Inner, decision: &WriteDecision, part: u32, counts: (u64, u64)) -> Result<(), Error> {
    let record = sql(prepare::record_part(decision, part, counts.0, counts.1))?;
    inner.session.query(&record)?;
    begin::commit(&mut inner.session)
}

/// Begins the transaction of a part.
pub(crate) fn begin(inner: &mut Inner) -> Result<(), Error> {
    if !matches!(inner.stage, Stage::Loading { .. } | Stage::Joined) {
        return Err(internal("a part needs a load"));
    }
    inner.session.query(session::BEGIN_PART).map(drop)
}

fn sql(made: Result<String, PrepareError>) -> Result<String, Error> {
    made.map_err(|error| prepare_error(&error))
}
