//! The statements of the reading side.

use super::{PrepareError, idents, qualified, ranges, window};
use crate::{
    decision::{Fetch, RangeKey, ReadDecision, Relation},
    sql::Sql,
};

/// The statements of a stream, one per partition: a COPY to read in binary format, or the declaration of the cursor that
/// [`fetch`] reads from.
pub fn read(decision: &ReadDecision) -> Result<Vec<String>, PrepareError> {
    let fetched = |select: &Sql| match decision.fetch {
        Fetch::Copy => Sql::new().raw("COPY (").part(select).raw(") TO STDOUT (FORMAT binary)").done(),
        Fetch::Cursor => {
            Sql::new().raw("DECLARE rapidbyte_rows BINARY NO SCROLL CURSOR WITHOUT HOLD FOR ").part(select).done()
        }
    };
    let partitions = decision.partitions;
    let is_table = matches!(decision.relation, Relation::Table(..));
    let part = |part: u32| match (decision.partition_blocks, &decision.partition_key) {
        (Some(blocks @ 1..), None) if is_table => blocks_of(part, blocks, part + 1 == partitions),
        (None, Some(key)) => ranges::range_of(part, partitions, key),
        _ => Err(NO_PARTS),
    };
    match (partitions, decision.partition_blocks, &decision.partition_key) {
        (1, None, None) => Ok(vec![fetched(&selected(decision, None)?)]),
        (2.., ..) => (0..partitions).map(|at| Ok(fetched(&selected(decision, Some(part(at)?))?))).collect(),
        _ => Err(NO_PARTS),
    }
}

const NO_PARTS: PrepareError = PrepareError::Unsupported(
    "a stream is read in one part, a table in some of so many blocks, or either by ranges of a key",
);

/// The rows of one part by their places: together the parts are the table, since a row that a snapshot sees has one place, and
/// keeps it while the table is locked against being written anew.
fn blocks_of(part: u32, blocks: u32, last: bool) -> Result<Sql, PrepareError> {
    let place = |sql: Sql, part: u32| -> Result<Sql, PrepareError> {
        let block = part.checked_mul(blocks).ok_or(NO_PARTS)?;
        Ok(sql.raw("'(").number(block.into()).raw(",0)'::pg_catalog.tid"))
    };
    let from = if part == 0 { None } else { Some(place(Sql::new().raw("ctid >= "), part)?) };
    let up_to = if last { None } else { Some(place(Sql::new().raw("ctid < "), part + 1)?) };
    Ok(Sql::new().join(" AND ", from.iter().chain(&up_to), Sql::part))
}

/// Fetches at most so many rows from the cursor that [`read`] declares.
pub fn fetch(rows: u32) -> String {
    Sql::new().raw("FETCH FORWARD ").number(u64::from(rows)).raw(" FROM rapidbyte_rows").done()
}

/// Ends the cursor, so that the next stream can have one.
pub const CLOSE: &str = "CLOSE rapidbyte_rows";

/// The SELECT alone, for the server's planner to explain.
pub fn select(decision: &ReadDecision) -> Result<String, PrepareError> {
    Ok(selected(decision, None)?.done())
}

/// Has a relation planned, and so locked, and reads nothing of it.
pub fn touch(relation: &Relation) -> Result<String, PrepareError> {
    Ok(Sql::new().raw("EXPLAIN SELECT FROM ").part(&origin(relation)?).done())
}

/// The same of one part that is a range of the key.
pub fn select_range(decision: &ReadDecision, key: &RangeKey, part: u32) -> Result<String, PrepareError> {
    let range = ranges::range_of(part, decision.partitions, key)?;
    Ok(selected(decision, Some(range))?.done())
}

fn selected(decision: &ReadDecision, part: Option<Sql>) -> Result<Sql, PrepareError> {
    let columns = idents(&decision.columns)?;
    let sql = Sql::new().raw("SELECT ").idents(&columns).raw(" FROM ").part(&origin(&decision.relation)?);
    let conditions = part.into_iter().chain(conditions(decision)?).collect::<Vec<_>>();
    Ok(provided(sql, &conditions))
}

/// What rows come from. The user's own SQL stands on lines of its own, so that a comment at its end ends there.
pub(super) fn origin(relation: &Relation) -> Result<Sql, PrepareError> {
    Ok(match relation {
        Relation::Table(namespace, name) => Sql::new().name(&qualified(namespace, name)?),
        Relation::Query(query) => Sql::new().raw("(\n").of_the_user(bare(query)).raw("\n) AS rapidbyte_query"),
    })
}

/// With all of these conditions.
pub(super) fn provided(sql: Sql, conditions: &[Sql]) -> Sql {
    if conditions.is_empty() { sql } else { sql.raw(" WHERE ").join(" AND ", conditions, Sql::part) }
}

pub(super) fn filter(decision: &ReadDecision) -> Option<Sql> {
    decision.filter.as_ref().map(|filter| Sql::new().raw("(\n").of_the_user(filter).raw("\n)"))
}

pub(super) fn conditions(decision: &ReadDecision) -> Result<Vec<Sql>, PrepareError> {
    let mut conditions = Vec::from_iter(filter(decision));
    if let Some(window) = &decision.window {
        conditions.extend(window::condition(window)?);
    }
    Ok(conditions)
}

/// A query without the semicolon that people end statements with.
fn bare(query: &str) -> &str {
    query.trim().trim_end_matches(';').trim_end()
}
