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
/// One part of so many is what the server's planner is asked about.
const PARTS: u32 = 16;
/// All parts together may be expected to take so many times the work of all rows at once. By an index whose order is that of the
/// rows it is about 2, mostly for pages of the index, which the planner takes for four times as dear as they are in memory; by
/// one of another order it is more than 10, and by reading all rows for each part as many as there are parts.
const WORK_MAX: f64 = 3.0;

/// A key in the words of connectors/postgres.
pub(crate) fn key(key: contract::RangeKey) -> RangeKey {
    RangeKey { column: key.column, native: key.native }
}

/// The key, where the server expects to find its ranges for about the work that all rows take. The bounds are asked for to be
/// estimated by, if an index tells them, and go no further.
pub(crate) fn observe(
    session: &mut Session,
    read: &ReadDecision,
    column: &str,
    types: &[(String, PgType, bool)],
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
    let bounds = bounds(session, &relation::read_only(&ask))?;
    let middle = bounds.get(6..8).ok_or_else(|| internal("there are other bounds than were asked for"))?;
    let set = prepare::set_range(Some(&middle[0]), Some(&middle[1])).map_err(prepared)?;
    let part = prepare::select_range(&read, &key, 7).map_err(prepared)?;
    let part = explained_select(session, &part, Some(&set))?;
    let is_served = part.cost * f64::from(PARTS) <= all.cost * WORK_MAX;
    Ok(is_served.then_some(contract::RangeKey { column: key.column, native: key.native }))
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
