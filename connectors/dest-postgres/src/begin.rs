//! What a run holds: the lock of its sync, which whoever begins one, or changes what is recorded of one, has until the
//! transaction's end; its own; and tables that must not change.

use crate::bindings::exports::rapidbyte::connector::destination as contract;
use rapidbyte_postgres::{
    prepare,
    sql::Sql,
    sync_lock::{self, Holder},
};
use rapidbyte_postgres_guest::{Session, internal};
use rapidbyte_sdk::{
    host,
    types::{Category, Error},
};

/// PostgreSQL's code for a lock that did not come in time.
const LOCK_NOT_AVAILABLE: &str = "55P03";
/// And for a table that is not there, or its schema, that is something else by now, or somebody else's.
const MOVED: [&str; 4] = ["42P01", "3F000", "42809", "42501"];

/// Takes the lock in the transaction that is open, or rolls it back and says who has it.
pub(crate) fn lock(session: &mut Session, sync: &str) -> Result<(), Error> {
    if session.text(&sync_lock::attempt(sync).map_err(internal)?)? == "t" {
        return Ok(());
    }
    let holder = holder(session, sync)?;
    session.query(sync_lock::PATIENCE)?;
    match session.query(&sync_lock::wait(sync).map_err(internal)?) {
        Ok(_) => {
            if let Some(holder) = holder {
                host::log(host::Level::Warn, &format!("waited for another run of this sync: {}", holder.words()));
            }
            Ok(())
        }
        Err(error) if error.code.as_deref() == Some(LOCK_NOT_AVAILABLE) => {
            session.query("ROLLBACK")?;
            Err(busy(holder.as_ref()))
        }
        Err(error) => Err(error),
    }
}

/// What is held while the records of runs are made for the first time; no run has such a name.
pub(crate) const BOOKKEEPING: &str = "_rapidbyte";

/// Waits for the lock of a run, or of [`BOOKKEEPING`], and has it until the transaction's end.
pub(crate) fn hold_run(session: &mut Session, run: &str) -> Result<(), Error> {
    let sql = Sql::new().raw("SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended(").literal(run);
    session.query(&sql.map_err(internal)?.raw(", 0))").done()).map(drop)
}

/// Runs the statements that hold tables against changes. Where a table has moved, what the server says of it is given back: the
/// look at the world that follows tells better, and where it tells nothing that stands.
pub(crate) fn hold_all(session: &mut Session, holds: &[contract::Statement]) -> Result<Option<Error>, Error> {
    holds.iter().try_fold(None, |failed, statement| Ok(failed.or(hold(session, &statement.sql)?)))
}

fn hold(session: &mut Session, sql: &str) -> Result<Option<Error>, Error> {
    session.query(prepare::SAVEPOINT)?;
    match session.query(sql) {
        Ok(_) => session.query(prepare::RELEASE).map(|_| None),
        Err(error) if error.code.as_deref().is_some_and(|code| MOVED.contains(&code)) => {
            session.query(prepare::UNDO)?;
            Ok(Some(error))
        }
        Err(error) => Err(error),
    }
}

/// COMMIT of a transaction that failed before answers ROLLBACK, and is no error to the server.
pub(crate) fn commit(session: &mut Session) -> Result<(), Error> {
    let tag = session.query("COMMIT")?.tag;
    if tag == "COMMIT" { Ok(()) } else { Err(internal("the server rolled back what was to be committed")) }
}

fn holder(session: &mut Session, sync: &str) -> Result<Option<Holder>, Error> {
    let rows = session.query(&sync_lock::holder_query(sync).map_err(internal)?)?.rows;
    Ok(rows.into_iter().next().and_then(Holder::parse))
}

fn busy(holder: Option<&Holder>) -> Error {
    let message = "another run of this sync is at work";
    let Some(holder) = holder else {
        return Error::new(Category::Busy, message).advise("wait until it has ended, then apply again");
    };
    let advice = format!(
        "wait until it has ended, then apply again; one that hangs is ended at the destination by {}",
        holder.end()
    );
    Error::new(Category::Busy, format!("{message}: {}", holder.words())).advise(advice)
}
