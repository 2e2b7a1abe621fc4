//! The text of tsvector and tsquery.

use super::{
    codec::text,
    escape::{doubled, escape_tail},
    number::integer,
};
use crate::copy::{Malformed, ValueFault, wire::Wire};

fn lexeme(wire: &mut Wire<'_>, out: &mut Vec<u8>) -> Result<(), ValueFault> {
    out.push(b'\'');
    let start = out.len();
    text(wire.c_string()?, out)?;
    escape_tail(out, start, doubled);
    out.push(b'\'');
    Ok(())
}

/// PostgreSQL source, tsvector.c, tsvectorsend: how many lexemes; for each its text, how many positions, and the
/// positions with two bits of weight above.
pub(super) fn tsvector(wire: &mut Wire<'_>, out: &mut Vec<u8>) -> Result<(), ValueFault> {
    for at in 0..wire.i32()? {
        if at > 0 {
            out.push(b' ');
        }
        lexeme(wire, out)?;
        for at in 0..wire.u16()? {
            let position = wire.u16()?;
            out.push(if at == 0 { b':' } else { b',' });
            integer(position & 0x3fff, out);
            out.extend_from_slice([b"".as_slice(), b"C", b"B", b"A"][usize::from(position >> 14)]);
        }
    }
    Ok(())
}

/// Operators within operators: people nest a handful, and a hostile value must not overflow our stack.
const OPERATORS_DEEP_MAX: u32 = 512;

/// PostgreSQL source, tsquery.c, tsquerysend: how many items, then the items, an operator before its operands and the
/// right operand before the left one.
pub(super) fn tsquery(wire: &mut Wire<'_>, out: &mut Vec<u8>) -> Result<(), ValueFault> {
    if wire.i32()? == 0 {
        return Ok(());
    }
    item(wire, OPERATORS_DEEP_MAX, out)
}

fn item(wire: &mut Wire<'_>, deep_max: u32, out: &mut Vec<u8>) -> Result<(), ValueFault> {
    const VALUE: u8 = 1;
    const OPERATOR: u8 = 2;
    match wire.u8()? {
        VALUE => value(wire, out),
        OPERATOR => operator(wire, deep_max.checked_sub(1).ok_or(ValueFault::Deep)?, out),
        _ => Err(Malformed.into()),
    }
}

fn value(wire: &mut Wire<'_>, out: &mut Vec<u8>) -> Result<(), ValueFault> {
    let (weights, is_prefix) = (wire.u8()?, wire.u8()? != 0);
    lexeme(wire, out)?;
    if is_prefix || weights != 0 {
        out.push(b':');
    }
    if is_prefix {
        out.push(b'*');
    }
    out.extend((0..4).rev().filter(|bit| weights & (1 << bit) != 0).map(|bit| b"DCBA"[bit]));
    Ok(())
}

fn operator(wire: &mut Wire<'_>, deep_max: u32, out: &mut Vec<u8>) -> Result<(), ValueFault> {
    const NOT: u8 = 1;
    const AND: u8 = 2;
    const OR: u8 = 3;
    const PHRASE: u8 = 4;
    let operator = wire.u8()?;
    if operator == NOT {
        out.extend_from_slice(b"!(");
        item(wire, deep_max, out)?;
        out.push(b')');
        return Ok(());
    }
    let distance = if operator == PHRASE { wire.u16()? } else { 0 };
    out.push(b'(');
    let start = out.len();
    match operator {
        AND => out.extend_from_slice(b" & "),
        OR => out.extend_from_slice(b" | "),
        PHRASE => {
            out.extend_from_slice(b" <");
            integer(distance, out);
            out.extend_from_slice(b"> ");
        }
        _ => return Err(Malformed.into()),
    }
    item(wire, deep_max, out)?;
    let right_bytes = out.len() - start;
    item(wire, deep_max, out)?;
    // The right operand came first and stands second.
    out[start..].rotate_left(right_bytes);
    out.push(b')');
    Ok(())
}
