//! What `rapidbyte verify` asks either end: sums by ranges of a key, the keys that part a range, the rows of a small one. The
//! same words for both ends, so that both put the keys in one order.

use super::{
    PrepareError,
    checksum::{Checked, row_hash, shown},
    ident,
    read::{conditions, origin, provided},
};
use crate::{
    compare,
    decision::{Fetch, ReadDecision, Relation},
    sql::Sql,
};

/// The rows of one end. At the destination there is no filter, and no cast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// Where they are.
    pub relation: Relation,
    /// A condition in SQL, from the sync file.
    pub filter: Option<String>,
    /// The columns that are compared.
    pub columns: Vec<Checked>,
    /// What tells rows apart, in the order in which they are walked; empty: nothing.
    pub key: Vec<KeyColumn>,
}

/// One column of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyColumn {
    /// The column, as it is shown.
    pub column: Checked,
    /// The type of its bounds: see [`crate::compare::Comparison`].
    pub bounds: Option<String>,
}

/// Part of the keys, each bound as the text of its columns. Rows with a NULL in their key are in no range.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Range {
    /// Exclusive; none: from the first.
    pub after: Option<Vec<String>>,
    /// Inclusive; none: to the last.
    pub up_to: Option<Vec<String>>,
}

/// Rows and sum of each part of a range that is cut at these keys: number of the part, rows, sum. Parts without rows are not
/// among them.
pub fn summaries(of: &Compared, range: &Range, cuts: &[Vec<String>]) -> Result<String, PrepareError> {
    let mut part = Sql::new();
    for (at, cut) in cuts.iter().enumerate() {
        part = part.raw(" WHEN ").part(&compared(of, " <= ", cut)?).raw(" THEN ").number(at as u64);
    }
    let last = Sql::new().number(cuts.len() as u64);
    let part =
        if cuts.is_empty() { last } else { Sql::new().raw("CASE").part(&part).raw(" ELSE ").part(&last).raw(" END") };
    let sql =
        Sql::new().raw("SELECT ").part(&part).raw(" AS part, ").part(&row_hash(&of.columns)?).raw(" AS hash FROM ");
    Ok(Sql::new()
        .raw("SELECT part, pg_catalog.count(*), pg_catalog.sum(hash::numeric) FROM (")
        .part(&within(sql, of, range)?)
        .raw(") AS rapidbyte_parts GROUP BY part ORDER BY part")
        .done())
}

/// The keys that part a range of so many rows into parts of about one size.
pub fn cuts(of: &Compared, range: &Range, rows: u64, parts: u32) -> Result<String, PrepareError> {
    let step = rows.div_ceil(u64::from(parts.max(1))).max(1);
    let ordered = ordered(of)?;
    let mut sql = Sql::new().raw("SELECT ");
    for (at, key) in of.key.iter().enumerate() {
        sql = text(sql, key)?.raw(" AS key").number(at as u64).raw(", ");
    }
    let sql = sql.raw("pg_catalog.row_number() OVER (ORDER BY ").part(&ordered).raw(") AS place FROM ");
    let keys = Sql::new().join(", ", 0..of.key.len(), |sql, at| sql.raw("key").number(at as u64));
    Ok(Sql::new()
        .raw("SELECT ")
        .part(&keys)
        .raw(" FROM (")
        .part(&within(sql, of, range)?)
        .raw(") AS rapidbyte_places WHERE place % ")
        .number(step)
        .raw(" = 0 AND place < ")
        .number(rows)
        .raw(" ORDER BY place")
        .done())
}

/// The first rows of a range, in the order of the key: the text of its columns, and the row's hash.
pub fn keyed_rows(of: &Compared, range: &Range, max: u32) -> Result<String, PrepareError> {
    let mut sql = Sql::new().raw("SELECT ");
    for key in &of.key {
        sql = text(sql, key)?.raw(", ");
    }
    let hash = row_hash(&of.columns)?;
    let sql = within(sql.part(&hash).raw("::text FROM "), of, range)?;
    let sql = sql.raw(" ORDER BY ").part(&ordered(of)?).raw(", ").part(&hash).raw(" LIMIT ");
    Ok(sql.number(max.into()).done())
}

/// The rows of a range; without a key all rows.
fn within(sql: Sql, of: &Compared, range: &Range) -> Result<Sql, PrepareError> {
    let read = ReadDecision {
        relation: of.relation.clone(),
        columns: Vec::new(),
        filter: of.filter.clone(),
        fetch: Fetch::Copy,
        partitions: 1,
        partition_blocks: None,
        partition_key: None,
        window: None,
    };
    let mut conditions = conditions(&read)?;
    for key in &of.key {
        conditions.push(Sql::new().ident(&ident(&key.column.name)?).raw(" IS NOT NULL"));
    }
    for (operator, bound) in [(" > ", &range.after), (" <= ", &range.up_to)] {
        if let Some(bound) = bound {
            conditions.push(compared(of, operator, bound)?);
        }
    }
    Ok(provided(sql.part(&origin(&of.relation)?), &conditions))
}

/// The key beside a bound, column by column.
fn compared(of: &Compared, operator: &'static str, bound: &[String]) -> Result<Sql, PrepareError> {
    if bound.len() != of.key.len() || bound.is_empty() {
        return Err(PrepareError::Unsupported("a bound has as many values as the key has columns"));
    }
    let mut values = Sql::new();
    for (at, (key, value)) in of.key.iter().zip(bound).enumerate() {
        let sql = if at == 0 { values } else { values.raw(", ") };
        values = match by_value(key)? {
            Some(ty) => sql.literal(value)?.raw("::").raw(ty),
            None => sql.raw("pg_catalog.convert_to(").literal(value)?.raw(", 'UTF8')"),
        };
    }
    let ordered = ordered(of)?;
    if bound.len() == 1 {
        return Ok(ordered.raw(operator).part(&values));
    }
    Ok(Sql::new().raw("ROW(").part(&ordered).raw(")").raw(operator).raw("ROW(").part(&values).raw(")"))
}

/// What the rows are put in order by. Text has the order of its bytes in UTF-8, which is that of COLLATE "C" and the same at
/// both ends whatever the databases' encodings are; no index serves it.
fn ordered(of: &Compared) -> Result<Sql, PrepareError> {
    let mut sql = Sql::new();
    for (at, key) in of.key.iter().enumerate() {
        let before = if at == 0 { sql } else { sql.raw(", ") };
        sql = match by_value(key)? {
            Some(_) => before.ident(&ident(&key.column.name)?),
            None => text(before.raw("pg_catalog.convert_to("), key)?.raw(", 'UTF8')"),
        };
    }
    Ok(sql)
}

fn by_value(key: &KeyColumn) -> Result<Option<&'static str>, PrepareError> {
    let Some(word) = &key.bounds else { return Ok(None) };
    let known = compare::bound(word);
    known.map(Some).ok_or(PrepareError::Unsupported("bounds of a key have few types only"))
}

/// A key's column as text, as its type writes it: a cast would cut the blanks of char(n).
fn text(sql: Sql, key: &KeyColumn) -> Result<Sql, PrepareError> {
    Ok(shown(sql.raw("pg_catalog.concat("), &key.column.name, key.column.cast.as_deref())?.raw(")"))
}
