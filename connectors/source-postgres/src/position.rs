//! Where an incremental stream stands: handing a position over, and asking for the next one.

use crate::bindings::exports::rapidbyte::connector::source as contract;
use rapidbyte_postgres::{
    cursor::{self, Step, VERSIONS},
    decision::{Nulls, Overlap, Window},
    ident::QualifiedName,
    prepare,
    types::PgType,
};
use rapidbyte_postgres_guest::{Session, internal, json_row, name_error, prepare_error};
use rapidbyte_sdk::types::{Category, Error};

/// Ages of transactions can be told apart up to here; the rest of the way to the turn of their counter is for safety.
const AGE_MAX: u64 = 2_000_000_000;

/// A window in the words of connectors/postgres.
pub(crate) fn window(window: contract::Window) -> Window {
    let contract::Window { cursor, native, resumes, inclusive, overlap, late, nulls } = window;
    Window {
        column: cursor,
        native,
        resumes,
        inclusive,
        overlap: overlap.map(|overlap| match overlap {
            contract::Overlap::Secs(secs) => Overlap::Secs(secs),
            contract::Overlap::Number(number) => Overlap::Number(number),
        }),
        late,
        nulls: match nulls {
            contract::Nulls::Absent => Nulls::Absent,
            contract::Nulls::Refuse => Nulls::Refuse,
            contract::Nulls::Always => Nulls::Always,
            contract::Nulls::Never => Nulls::Never,
        },
    }
}

/// What the relation says of a cursor; `types` are those of its columns, `table` its name where it has one.
pub(crate) fn observe(
    session: &mut Session,
    column: &str,
    types: &[(String, PgType, bool)],
    table: Option<&QualifiedName>,
) -> Result<contract::CursorObservation, Error> {
    let served = match table {
        Some(table) => served(session, table, column)?,
        None => cursor::Served::default(),
    };
    if column == VERSIONS {
        return Ok(of_versions(served.versions));
    }
    let (_, ty, nullable) = types.iter().find(|(name, ..)| name == column).ok_or_else(|| {
        let absent = Error::new(Category::NotFound, "the stream has no such column").about(format!("column {column}"));
        absent.advise("check `cursor` in the sync file")
    })?;
    let (native, step, refused) = match cursor::step(ty) {
        Ok((native, step)) => (native, step, None),
        Err(why) => (ty.sql(), Step::None, Some(why)),
    };
    Ok(contract::CursorObservation {
        native,
        step: step_out(step),
        nullable: *nullable,
        indexed: served.indexed,
        versions: served.versions,
        is_version: false,
        refused,
        access: None,
        access_late: None,
    })
}

fn served(session: &mut Session, table: &QualifiedName, column: &str) -> Result<cursor::Served, Error> {
    let sql = cursor::served_query(table, column).map_err(|error| name_error(&error))?;
    let rows = session.query(&sql)?.rows;
    rows.first().map_or_else(|| Ok(cursor::Served::default()), |row| json_row(row))
}

fn of_versions(versions: bool) -> contract::CursorObservation {
    contract::CursorObservation {
        native: "xid8".to_owned(),
        step: contract::Step::None,
        nullable: false,
        indexed: false,
        versions,
        is_version: true,
        refused: (!versions).then(|| "only tables know the transactions that wrote their rows".to_owned()),
        access: None,
        access_late: None,
    }
}

fn step_out(step: Step) -> contract::Step {
    match step {
        Step::None => contract::Step::None,
        Step::Number => contract::Step::Number,
        Step::Time => contract::Step::Time,
    }
}

/// Hands over from where a window goes on; the values are the transaction's from here.
pub(crate) fn resume(session: &mut Session, after: Option<&contract::Position>) -> Result<(), Error> {
    let Some(after) = after else { return Ok(()) };
    session.query(&resumption(after)?).map(drop)
}

/// The statement that does.
pub(crate) fn resumption(after: &contract::Position) -> Result<String, Error> {
    let value = after.value.as_deref().unwrap_or_default();
    prepare::resume(value, parts(&after.version).0).map_err(|error| prepare_error(&error))
}

/// Asks where the stream stands now.
pub(crate) fn position(session: &mut Session, request: contract::PositionRequest) -> Result<contract::Position, Error> {
    let contract::PositionRequest { statement, window, after } = request;
    resume(session, after.as_ref())?;
    let row = session.query(&statement)?.rows.pop().unwrap_or_default();
    let [value, Some(version), Some(next), Some(refused)] = <[_; 4]>::try_from(row).map_err(|_| no_answer())? else {
        return Err(no_answer());
    };
    let about = |error: Error| error.about(format!("cursor {}", window.cursor));
    if refused == "t" {
        let error = Error::new(Category::Data, "a row has no value of the cursor");
        return Err(about(error).advise("fill it, leave such rows out by `where`, or set null_cursor"));
    }
    let mut version = version;
    if window.late || window.cursor == VERSIONS {
        let system = system(session)?;
        known(after.as_ref(), &next, &system).map_err(about)?;
        version = format!("{version}@{system}");
    }
    if value.as_deref().is_some_and(|value| cursor::is_the_end(value, &window.native)) {
        let error = Error::new(Category::Data, "the cursor's highest value is one that nothing can follow");
        return Err(about(error).advise("leave such rows out by `where`, or choose another cursor"));
    }
    Ok(contract::Position { value, version })
}

/// A version's transaction, and the server whose transaction it is; empty: nobody knows.
fn parts(version: &str) -> (&str, &str) {
    version.split_once('@').unwrap_or((version, ""))
}

/// What tells a server, and its physical copies, from every other one; empty: we may not know.
fn system(session: &mut Session) -> Result<String, Error> {
    if session.text(cursor::MAY_KNOW_SYSTEM_QUERY)? == "t" {
        session.text(cursor::SYSTEM_QUERY)
    } else {
        Ok(String::new())
    }
}

/// The checkpoint's version is one of this server's, and not too old to be compared.
fn known(after: Option<&contract::Position>, next: &str, system: &str) -> Result<(), Error> {
    let Some(after) = after else { return Ok(()) };
    let number = |text: &str| text.parse::<u64>().map_err(|_| no_answer());
    let (then, then_system) = parts(&after.version);
    let (then, next) = (number(then)?, number(next)?);
    let is_other = !then_system.is_empty() && !system.is_empty() && then_system != system;
    let advice = "`rapidbyte state reset` forgets it, and the next run begins anew";
    if then > next || is_other {
        let message = "the checkpoint is not of this source as it is: it was restored, or is another server";
        return Err(Error::new(Category::Unsupported, message).advise(advice));
    }
    if next - then > AGE_MAX {
        let message = "the source has seen more transactions since the checkpoint than its rows can tell apart";
        return Err(Error::new(Category::Unsupported, message).advise(advice));
    }
    Ok(())
}

fn no_answer() -> Error {
    internal("the source did not tell where the stream stands")
}

/// The window by which what is new is estimated.
pub(crate) fn estimated(column: &str, seen: &contract::CursorObservation) -> Window {
    Window {
        column: column.to_owned(),
        native: seen.native.clone(),
        resumes: true,
        inclusive: false,
        overlap: None,
        late: false,
        nulls: Nulls::Absent,
    }
}
