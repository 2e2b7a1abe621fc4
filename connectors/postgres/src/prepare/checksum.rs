//! Checksums: the rows of one end as a count and a sum that no order of rows changes. Both ends say it in the same words, so
//! that equal rows give equal sums; what a sum is compared with is somebody else's business.

use super::{
    PrepareError,
    equal::{equal_as_records, is_of_the_server, type_of},
    ident, idents,
    names::Names,
    read::{conditions, origin, provided},
    statement,
};
use crate::{
    decision::{Disposition, Effect, Phase, PreparedWrite, Publication, ReadDecision, WriteDecision},
    ident::Ident,
    sql::Sql,
};

/// A column as a checksum shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The column.
    pub name: String,
    /// What it is cast to first: see [`crate::compare::Comparison`].
    pub cast: Option<String>,
}

/// The checksum over the rows that a decision reads.
pub fn stream_checksum(decision: &ReadDecision, columns: &[Checked]) -> Result<String, PrepareError> {
    let sql = sum(columns)?.part(&origin(&decision.relation)?);
    Ok(provided(sql, &conditions(decision)?).done())
}

/// The statements of a stream with the one that reads what they wrote. A new table is read before it takes its place, since
/// all others wait from then on; the rest once it is published.
pub fn with_checksum(decision: &WriteDecision, mut prepared: PreparedWrite) -> Result<PreparedWrite, PrepareError> {
    let sql = target_checksum(decision)?;
    let made = statement(Phase::Verify, Effect::Read, "rows and checksum of what was written", sql);
    let loaded = prepared.statements.iter().position(|statement| statement.phase == Phase::Load);
    match loaded.filter(|_| decision.publication == Publication::Swap) {
        Some(at) => prepared.statements.insert(at + 1, made),
        None => prepared.statements.push(made),
    }
    Ok(prepared)
}

fn target_checksum(decision: &WriteDecision) -> Result<Sql, PrepareError> {
    let names = Names::new(decision)?;
    let columns: Vec<Checked> =
        decision.columns.iter().map(|column| Checked { name: column.name.clone(), cast: None }).collect();
    let sql = sum(&columns)?;
    if decision.publication == Publication::Swap {
        return Ok(sql.name(&names.loaded));
    }
    let sql = sql.name(&names.target);
    if decision.create_table || decision.disposition == Disposition::Replace {
        return Ok(sql);
    }
    if decision.publication == Publication::Merge {
        let sql = sql.raw(" AS t WHERE EXISTS (SELECT FROM ").name(&names.loaded).raw(" AS s WHERE ");
        let key = idents(&decision.conflict_key)?;
        return Ok(sql.join(" AND ", &key, |sql, column| same_key(sql, column, type_of(decision, column))).raw(")"));
    }
    // Every row that this transaction wrote, and no other: a row that was there has the number of another transaction.
    Ok(sql.raw(" WHERE xmin = (SELECT pg_catalog.pg_current_xact_id()::xid)"))
}

/// The staged key is the target's. Text is the same where its bytes are, whatever collation either column has.
fn same_key(sql: Sql, column: &Ident, target: &str) -> Sql {
    if !is_of_the_server(target) {
        return equal_as_records(sql, column);
    }
    let collate = if has_collation(target) { " COLLATE \"C\"" } else { "" };
    sql.raw("s.").ident(column).raw(collate).raw(" = t.").ident(column).raw(collate)
}

fn has_collation(target: &str) -> bool {
    const COLLATED: [&str; 4] = ["text", "name", "bpchar", "character"];
    COLLATED.iter().any(|name| target.starts_with(name))
}

/// `SELECT <rows>, <sum> FROM `.
fn sum(columns: &[Checked]) -> Result<Sql, PrepareError> {
    let hash = row_hash(columns)?;
    Ok(Sql::new().raw("SELECT pg_catalog.count(*), coalesce(pg_catalog.sum(").part(&hash).raw("::numeric), 0) FROM "))
}

/// The hash of a row: 64 bits of its text, by which NULL and '' differ, and every value as its type writes it under the
/// settings of [`crate::session`]. The text is hashed in UTF-8, of which every byte that is not ASCII stands as an escape: the
/// same whatever the encodings of the databases are. No collation has a say in it.
pub(super) fn row_hash(columns: &[Checked]) -> Result<Sql, PrepareError> {
    let mut sql = Sql::new().raw("pg_catalog.hashtextextended(pg_catalog.encode(pg_catalog.convert_to(ROW(");
    for (at, column) in columns.iter().enumerate() {
        sql = shown(if at == 0 { sql } else { sql.raw(", ") }, &column.name, column.cast.as_deref())?;
    }
    Ok(sql.raw(")::text, 'UTF8'), 'escape') COLLATE \"C\", 0)"))
}

/// A column as it is shown.
pub(super) fn shown(sql: Sql, name: &str, cast: Option<&str>) -> Result<Sql, PrepareError> {
    let sql = sql.ident(&ident(name)?);
    let Some(cast) = cast else { return Ok(sql) };
    let (word, array) = cast.strip_suffix("[]").map_or((cast, ""), |word| (word, "[]"));
    let ty = cast_type(word).ok_or(PrepareError::Unsupported("values are cast for a comparison to few types only"))?;
    Ok(sql.raw("::").part(&ty).raw(array))
}

/// The types that [`crate::compare`] casts to. The word comes from the other end, so that it is read, not repeated.
fn cast_type(word: &str) -> Option<Sql> {
    if word == "double precision" {
        return Some(Sql::new().raw("double precision"));
    }
    let numbers = |rest: &str| -> Option<Vec<i16>> {
        rest.strip_suffix(')')?.split(',').map(|number| number.parse().ok()).collect()
    };
    let signed = |sql: Sql, number: i16| {
        let sql = if number < 0 { sql.raw("-") } else { sql };
        sql.number(u64::from(number.unsigned_abs()))
    };
    if let Some(rest) = word.strip_prefix("numeric(") {
        let numbers = numbers(rest).filter(|numbers| numbers.len() == 2)?;
        let sql = signed(Sql::new().raw("numeric("), numbers[0]).raw(",");
        return Some(signed(sql, numbers[1]).raw(")"));
    }
    let length: u32 = word.strip_prefix("character(")?.strip_suffix(')')?.parse().ok()?;
    Some(Sql::new().raw("character(").number(length.into()).raw(")"))
}
