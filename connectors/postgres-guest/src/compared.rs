//! What either guest answers where its rows are compared with the other end's. Keys are cell values: they go to the host in
//! these answers and nowhere else.

use crate::{
    error::{internal, prepare_error},
    session::Session,
};
use rapidbyte_postgres::prepare::{self, Checked, Compared, KeyColumn, Range};
use rapidbyte_sdk::types::{self, Checksum, Error, KeyRange, KeyedRow};

type Row = Vec<Option<String>>;

/// Columns as a checksum shows them.
pub fn checked(columns: Vec<types::CheckedColumn>) -> Vec<Checked> {
    columns.into_iter().map(checked_column).collect()
}

/// The columns of a key.
pub fn key(columns: Vec<types::KeyColumn>) -> Vec<KeyColumn> {
    let column = |key: types::KeyColumn| KeyColumn { column: checked_column(key.column), bounds: key.bounds };
    columns.into_iter().map(column).collect()
}

fn checked_column(column: types::CheckedColumn) -> Checked {
    Checked { name: column.name, cast: column.cast }
}

fn range(range: KeyRange) -> Range {
    Range { after: range.after, up_to: range.up_to }
}

/// Runs the statement of a checksum.
///
/// # Errors
/// What the server refuses.
pub fn checksum(session: &mut Session, statement: &str) -> Result<Checksum, Error> {
    let row = session.query(statement)?.rows.pop().unwrap_or_default();
    let [rows, sum] = values(row)?;
    Ok(Checksum { rows: number(&rows)?, sum })
}

/// The checksums of a range's parts.
///
/// # Errors
/// What the server refuses.
pub fn summaries(
    session: &mut Session,
    of: &Compared,
    within: KeyRange,
    cuts: &[Vec<String>],
) -> Result<Vec<Checksum>, Error> {
    let sql = prepare::summaries(of, &range(within), cuts).map_err(|error| prepare_error(&error))?;
    let mut parts = vec![Checksum { rows: 0, sum: "0".to_owned() }; cuts.len() + 1];
    for row in session.query(&sql)?.rows {
        let [part, rows, sum] = values(row)?;
        let part = usize::try_from(number(&part)?).ok().and_then(|part| parts.get_mut(part));
        *part.ok_or_else(|| internal("the server counts more parts than there are"))? =
            Checksum { rows: number(&rows)?, sum };
    }
    Ok(parts)
}

/// The keys that part a range.
///
/// # Errors
/// What the server refuses.
pub fn cuts(
    session: &mut Session,
    of: &Compared,
    within: KeyRange,
    rows: u64,
    parts: u32,
) -> Result<Vec<Vec<String>>, Error> {
    let sql = prepare::cuts(of, &range(within), rows, parts).map_err(|error| prepare_error(&error))?;
    session.query(&sql)?.rows.into_iter().map(present).collect()
}

/// The first rows of a range.
///
/// # Errors
/// What the server refuses.
pub fn keyed_rows(session: &mut Session, of: &Compared, within: KeyRange, max: u32) -> Result<Vec<KeyedRow>, Error> {
    let sql = prepare::keyed_rows(of, &range(within), max).map_err(|error| prepare_error(&error))?;
    let keyed = |row: Row| {
        let mut key = present(row)?;
        let hash = key.pop().ok_or_else(|| internal("a row has no hash"))?;
        Ok(KeyedRow { key, hash })
    };
    session.query(&sql)?.rows.into_iter().map(keyed).collect()
}

fn values<const N: usize>(row: Row) -> Result<[String; N], Error> {
    present(row)?.try_into().map_err(|_| internal("a comparison has another number of columns"))
}

fn present(row: Row) -> Result<Vec<String>, Error> {
    let text = |value: Option<String>| value.ok_or_else(|| internal("a comparison answered NULL"));
    row.into_iter().map(text).collect()
}

fn number(text: &str) -> Result<u64, Error> {
    text.parse().map_err(|_| internal("the server counts in something else than numbers"))
}
