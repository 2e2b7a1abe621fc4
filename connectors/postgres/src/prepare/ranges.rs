//! The statements of a stream whose parts are ranges of a key: what bounds them, and the rows of one. The bounds lie evenly between
//! the lowest and the highest value, so that an index tells them at once; where values do not lie evenly, parts differ in size,
//! and together they are the stream all the same. The ends are asked for once (OFFSET 0), and never cross. A part's bounds are handed over by settings of the transaction, which the
//! server's planner estimates by, so that a plan holds the exact statement and no value.

use super::{PrepareError, ident, read::origin};
use crate::{
    decision::{RangeKey, ReadDecision},
    sql::Sql,
    types::{Kind, PgType},
};

/// How values of a type are put on a line of numbers, and taken from it.
#[derive(Clone, Copy)]
enum Line {
    /// They are numbers.
    Number,
    /// By their first 60 bits: a bigint has 63, and hexadecimal digits four each.
    Uuid,
}

const HEX_DIGITS: u64 = 15;

/// The type of the bounds of a key's ranges; none: it has no even ranges.
pub fn range_type(ty: &PgType) -> Option<String> {
    let base = ty.base();
    let is_known = base.schema == "pg_catalog" && matches!(base.kind, Kind::Base);
    (is_known && line(&base.sql()).is_some()).then(|| base.sql())
}

fn line(native: &str) -> Option<Line> {
    match native {
        "smallint" | "integer" | "bigint" => Some(Line::Number),
        "uuid" => Some(Line::Uuid),
        _ => None,
    }
}

/// Hands the bounds of a part over; an empty one is none, and is not asked for.
pub fn set_range(from: Option<&str>, up_to: Option<&str>) -> Result<String, PrepareError> {
    let sql = Sql::new().raw("SELECT pg_catalog.set_config('rapidbyte.from', ").literal(from.unwrap_or_default())?;
    let sql = sql.raw(", true), pg_catalog.set_config('rapidbyte.up_to', ").literal(up_to.unwrap_or_default())?;
    Ok(sql.raw(", true)").done())
}

/// The statement that tells the bounds between so many parts, one a row, in their order; without rows any will do.
pub fn bounds(decision: &ReadDecision, key: &RangeKey) -> Result<String, PrepareError> {
    let line = line(&key.native).ok_or(NO_RANGES)?;
    let number = |order: &'static str| -> Result<Sql, PrepareError> {
        let column = ident(&key.column)?;
        let end = Sql::new().raw("(SELECT ").ident(&column).raw(" FROM ").part(&origin(&decision.relation)?);
        let end =
            end.raw(" WHERE ").ident(&column).raw(" IS NOT NULL ORDER BY ").ident(&column).raw(order).raw(" LIMIT 1)");
        Ok(match line {
            Line::Number => Sql::new().raw("coalesce(").part(&end).raw(", 0)::numeric"),
            Line::Uuid => {
                let sql = Sql::new().raw("('x0' || coalesce(pg_catalog.left(pg_catalog.replace(").part(&end);
                sql.raw("::text, '-', ''), ").number(HEX_DIGITS).raw("), '0'))::bit(64)::bigint::numeric")
            }
        })
    };
    let bound =
        Sql::new().raw("(low + pg_catalog.div((greatest(low, high) - low) * part, ").number(decision.partitions.into());
    let bound = bound.raw("))::bigint");
    let bound = match line {
        Line::Number => bound.raw("::text"),
        Line::Uuid => {
            let hex = Sql::new().raw("pg_catalog.lpad(pg_catalog.to_hex(").part(&bound).raw("), ").number(HEX_DIGITS);
            Sql::new().raw("pg_catalog.rpad(").part(&hex).raw(", '0'), 32, '0')::uuid::text")
        }
    };
    let last = u64::from(decision.partitions).saturating_sub(1);
    let sql = Sql::new().raw("SELECT ").part(&bound).raw(" FROM (SELECT ").part(&number("")?).raw(" AS low, ");
    let sql =
        sql.part(&number(" DESC")?).raw(" AS high OFFSET 0) AS ends, pg_catalog.generate_series(1, ").number(last);
    Ok(sql.raw(") AS part ORDER BY part").done())
}

/// The rows of one part. Those without a value are in the first, so that none is in no part.
pub(super) fn range_of(part: u32, partitions: u32, key: &RangeKey) -> Result<Sql, PrepareError> {
    line(&key.native).ok_or(NO_RANGES)?;
    let column = ident(&key.column)?;
    let is = |sql: Sql, sign: &'static str, setting: &'static str| {
        let sql = sql.ident(&column).raw(sign).raw("pg_catalog.current_setting('").raw(setting).raw("')::");
        sql.of_the_plan(&key.native)
    };
    let below = |sql| is(sql, " < ", "rapidbyte.up_to");
    if part == 0 {
        return Ok(below(Sql::new().raw("(")).raw(" OR ").ident(&column).raw(" IS NULL)"));
    }
    let from = is(Sql::new(), " >= ", "rapidbyte.from");
    Ok(if part + 1 == partitions { from } else { below(from.raw(" AND ")) })
}

const NO_RANGES: PrepareError = PrepareError::Unsupported("a key whose ranges are read is a whole number or a uuid");
