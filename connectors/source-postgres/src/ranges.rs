//! Reading by ranges of a key what has no places to be read by: whether the server finds the rows of a range without reading all
//! of them, and the bounds of a part.

use crate::{bindings::exports::rapidbyte::connector::source as contract, inspect::explained_select};
use rapidbyte_postgres::{
    decision::{RangeKey, ReadDecision},
    prepare, relation,
    types::PgType,
};
use rapidbyte_postgres_guest::{Session, internal, prepare_error};
use rapidbyte_sdk::types::Error;

/// What is smaller is read in one part whatever it is.
const BYTES_MIN: u64 = 16 << 20;
/// So many parts are what the server's planner is asked about: a plan has no more (plans/src/planner/parts.rs), since what is done
/// again for each part is as much work as it was here.
const PARTS: u32 = 32;
/// All parts together may be expected to take so many times the work of all rows at once. By an index whose order is that of the
/// rows it is about 2, mostly for pages of the index, which the planner takes for four times as dear as they are in memory; by
/// one of another order it is more than 10, and by reading all rows for each part as many as there are parts.
const WORK_MAX: f64 = 3.0;
/// An index tells the bounds at once. What takes longer is not one that serves, whatever the planner expected.
const BOUNDS_SECS_MAX: u32 = 1;

/// A key in the words of connectors/postgres.
pub(crate) fn key(key: contract::RangeKey) -> RangeKey {
    RangeKey { column: key.column, native: key.native }
}

/// The key, where the server expects to find its ranges by an index, for about the work that all rows take. The bounds are asked for
/// to be estimated by, and go no further. `snapshot`: in the snapshot that is read, where they are asked for in any case.
pub(crate) fn observe(
    session: &mut Session,
    read: &ReadDecision,
    column: &str,
    (types, snapshot): (&[(String, PgType, bool)], bool),
) -> Result<Option<contract::RangeKey>, Error> {
    let native = types.iter().find(|(name, ..)| name == column).and_then(|(_, ty, _)| prepare::range_type(ty));
    let Some(native) = native.filter(|_| are_apart(&read.columns)) else { return Ok(None) };
    let key = RangeKey { column: column.to_owned(), native };
    let read = ReadDecision { partitions: PARTS, partition_key: Some(key.clone()), ..read.clone() };
    let prepared = |error| prepare_error(&error);
    let all = explained_select(session, &prepare::select(&read).map_err(prepared)?, None)?;
    if all.rows.saturating_mul(all.width.into()) < BYTES_MIN {
        return Ok(None);
    }
    let ask = prepare::bounds(&read, &key).map_err(prepared)?;
    if explained_select(session, &ask, None)?.cost * f64::from(PARTS) > all.cost {
        return Ok(None);
    }
    let bounds = if snapshot {
        bounds(session, &ask)?
    } else {
        // It is no part of the plan: whatever is in its way, the stream is read as a whole.
        let Ok(bounds) = bounds(session, &relation::read_only(&ask, BOUNDS_SECS_MAX)) else { return Ok(None) };
        bounds
    };
    let served = work(session, &read, &key, &bounds)?.is_some_and(|work| work <= all.cost * WORK_MAX);
    Ok(served.then_some(contract::RangeKey { column: key.column, native: key.native }))
}

/// The work of all parts; none where an index does not find the rows of each.
fn work(session: &mut Session, read: &ReadDecision, key: &RangeKey, bounds: &[String]) -> Result<Option<f64>, Error> {
    let prepared = |error| prepare_error(&error);
    let mut all = 0.0;
    for part in 0..read.partitions {
        let at = part as usize;
        let bound = |at: Option<usize>| at.and_then(|at| bounds.get(at)).map(String::as_str);
        let set = prepare::set_range(bound(at.checked_sub(1)), bound(Some(at))).map_err(prepared)?;
        let select = prepare::select_range(read, key, part).map_err(prepared)?;
        let answer = session.text(&relation::explain_range_query(&select, &set))?;
        let Some(work) = relation::range_work(&answer) else { return Ok(None) };
        all += work;
    }
    Ok(Some(all))
}

/// No SELECT can tell two columns of one name apart.
fn are_apart(columns: &[String]) -> bool {
    (1..columns.len()).all(|at| !columns[..at].contains(&columns[at]))
}

/// The bounds between the parts.
pub(crate) fn bounds(session: &mut Session, statement: &str) -> Result<Vec<String>, Error> {
    let value = |mut row: Vec<Option<String>>| row.pop().flatten().ok_or_else(|| internal("a bound is NULL"));
    session.query(statement)?.rows.into_iter().map(value).collect()
}

/// Hands the bounds of a part over; the values are the transaction's from here.
pub(crate) fn begin(session: &mut Session, interval: Option<&contract::KeyInterval>) -> Result<(), Error> {
    let Some(contract::KeyInterval { from, up_to }) = interval else { return Ok(()) };
    let set = prepare::set_range(from.as_deref(), up_to.as_deref()).map_err(|error| prepare_error(&error))?;
    session.query(&set).map(drop)
}
