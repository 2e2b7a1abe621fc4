//! Text literals: the one door through which a value enters SQL. Correct with standard_conforming_strings on and off,
//! in an encoding (UTF-8) in which no byte of a character can be mistaken for a quote or a backslash.

use crate::copy::short;

/// No text of PostgreSQL can hold U+0000, and a Query message ends there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a text holds a NUL character")]
pub struct NulError;

/// Appends a literal: `'…'` with `'` doubled; where the text holds a backslash, `E'…'` with `\` doubled too, because what
/// a backslash means in `'…'` depends on a setting and in `E'…'` does not (PostgreSQL manual, 4.1.2).
pub fn quote_into(sql: &mut Vec<u8>, text: &str) -> Result<(), NulError> {
    quote_utf8_into(sql, text.as_bytes())
}

/// The same for bytes that are known to be UTF-8.
pub(crate) fn quote_utf8_into(sql: &mut Vec<u8>, bytes: &[u8]) -> Result<(), NulError> {
    // Most texts hold nothing that must be escaped, and are looked through once.
    let Some(first) = memchr::memchr3(0, b'\'', b'\\', bytes) else {
        sql.push(b'\'');
        short::append(sql, bytes);
        sql.push(b'\'');
        return Ok(());
    };
    let (mut plain, mut rest) = bytes.split_at(first);
    if memchr::memchr(0, rest).is_some() {
        return Err(NulError);
    }
    if memchr::memchr(b'\\', rest).is_some() {
        sql.push(b'E');
    }
    sql.push(b'\'');
    while let Some((special, behind)) = rest.split_first() {
        sql.extend_from_slice(plain);
        sql.extend_from_slice(&[*special, *special]);
        let next = memchr::memchr2(b'\'', b'\\', behind).unwrap_or(behind.len());
        (plain, rest) = behind.split_at(next);
    }
    sql.extend_from_slice(plain);
    sql.push(b'\'');
    Ok(())
}

/// The literal of a text: see [`quote_into`].
pub fn quoted(text: &str) -> Result<String, NulError> {
    let mut sql = Vec::with_capacity(text.len() + 2);
    quote_into(&mut sql, text)?;
    // The input is UTF-8 and only whole ASCII characters were added.
    Ok(String::from_utf8_lossy(&sql).into_owned())
}
