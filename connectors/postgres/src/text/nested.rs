//! The text of types that hold others: arrays, composites, ranges, multiranges, and hstore.

use super::{
    codec::{Codec, text},
    escape::{escape_tail, in_quotes, quote_tail},
    number::integer,
};
use crate::copy::{
    Malformed, ValueFault,
    wire::{Wire, range_flag},
};

/// Dimensions of an array at most (PostgreSQL source, utils/array.h, MAXDIM).
const DIMENSIONS_MAX: usize = 6;

/// PostgreSQL source, arrayfuncs.c, array_send. Lower bounds are written only where one is not 1.
pub(super) fn array(element: &Codec, delimiter: u8, wire: &mut Wire<'_>, out: &mut Vec<u8>) -> Result<(), ValueFault> {
    let count = usize::try_from(wire.i32()?).ok().filter(|count| *count <= DIMENSIONS_MAX).ok_or(Malformed)?;
    wire.take(size_of::<u32>() * 2)?; // Flags that say nothing new, and the element's type.
    let mut dimensions = [(0, 1); DIMENSIONS_MAX];
    for dimension in &mut dimensions[..count] {
        *dimension = (wire.i32()?, wire.i32()?);
        // The server sends an empty array as one without dimensions; a length of nothing would be endless text.
        if dimension.0 < 1 {
            return Err(Malformed.into());
        }
    }
    let dimensions = &dimensions[..count];
    if dimensions.is_empty() {
        out.extend_from_slice(b"{}");
        return Ok(());
    }
    if dimensions.iter().any(|(_, lower)| *lower != 1) {
        bounds(dimensions, out);
    }
    level(element, delimiter, dimensions, wire, out)
}

fn bounds(dimensions: &[(i32, i32)], out: &mut Vec<u8>) {
    for (length, lower) in dimensions {
        out.push(b'[');
        integer(*lower, out);
        out.push(b':');
        integer(i64::from(*lower) + i64::from(*length) - 1, out);
        out.push(b']');
    }
    out.push(b'=');
}

fn level(
    element: &Codec,
    delimiter: u8,
    dimensions: &[(i32, i32)],
    wire: &mut Wire<'_>,
    out: &mut Vec<u8>,
) -> Result<(), ValueFault> {
    let Some(((length, _), inner)) = dimensions.split_first() else {
        return cell(element, wire, b"NULL", out);
    };
    out.push(b'{');
    for at in 0..*length {
        if at > 0 {
            out.push(delimiter);
        }
        level(element, delimiter, inner, wire, out)?;
    }
    out.push(b'}');
    Ok(())
}

/// A length and a value, quoted where it must be.
fn cell(codec: &Codec, wire: &mut Wire<'_>, null: &[u8], out: &mut Vec<u8>) -> Result<(), ValueFault> {
    let Some(value) = wire.cell()? else {
        out.extend_from_slice(null);
        return Ok(());
    };
    let start = out.len();
    codec.write(value, out)?;
    quote_tail(out, start);
    Ok(())
}

/// An array of one dimension whose text is its numbers.
pub(super) fn vector(element: &Codec, wire: &mut Wire<'_>, out: &mut Vec<u8>) -> Result<(), ValueFault> {
    let count = wire.i32()?;
    wire.take(size_of::<u32>() * 2)?;
    let length = if count == 0 { 0 } else { wire.i32()? };
    if count == 1 {
        wire.i32()?; // The lower bound, which is 0 for every value of these types.
    }
    if count > 1 {
        return Err(Malformed.into());
    }
    for at in 0..length {
        if at > 0 {
            out.push(b' ');
        }
        element.write(wire.cell()?.ok_or(Malformed)?, out)?;
    }
    Ok(())
}

/// PostgreSQL source, rowtypes.c, record_send.
pub(super) fn composite(fields: &[Codec], wire: &mut Wire<'_>, out: &mut Vec<u8>) -> Result<(), ValueFault> {
    if usize::try_from(wire.i32()?) != Ok(fields.len()) {
        return Err(Malformed.into());
    }
    out.push(b'(');
    for (at, field) in fields.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        wire.u32()?; // The field's type.
        cell(field, wire, b"", out)?;
    }
    out.push(b')');
    Ok(())
}

/// PostgreSQL source, rangetypes.c, range_send.
pub(super) fn range(bound: &Codec, wire: &mut Wire<'_>, out: &mut Vec<u8>) -> Result<(), ValueFault> {
    use range_flag::{EMPTY, LOWER_INCLUSIVE, LOWER_INFINITE, UPPER_INCLUSIVE, UPPER_INFINITE};
    let flags = wire.u8()?;
    if flags & EMPTY != 0 {
        out.extend_from_slice(b"empty");
        return Ok(());
    }
    out.push(if flags & LOWER_INCLUSIVE == 0 { b'(' } else { b'[' });
    if flags & LOWER_INFINITE == 0 {
        bound_cell(bound, wire, out)?;
    }
    out.push(b',');
    if flags & UPPER_INFINITE == 0 {
        bound_cell(bound, wire, out)?;
    }
    out.push(if flags & UPPER_INCLUSIVE == 0 { b')' } else { b']' });
    Ok(())
}

/// A bound that is there is never NULL.
fn bound_cell(bound: &Codec, wire: &mut Wire<'_>, out: &mut Vec<u8>) -> Result<(), ValueFault> {
    let start = out.len();
    bound.write(wire.cell()?.ok_or(Malformed)?, out)?;
    quote_tail(out, start);
    Ok(())
}

/// PostgreSQL source, multirangetypes.c, multirange_send. Its ranges are not quoted.
pub(super) fn multirange(range: &Codec, wire: &mut Wire<'_>, out: &mut Vec<u8>) -> Result<(), ValueFault> {
    let count = wire.i32()?;
    out.push(b'{');
    for at in 0..count {
        if at > 0 {
            out.push(b',');
        }
        range.write(wire.cell()?.ok_or(Malformed)?, out)?;
    }
    out.push(b'}');
    Ok(())
}

/// PostgreSQL source, contrib/hstore/hstore_io.c, hstore_send: how many pairs; key and value of each, both counted.
pub(super) fn hstore(wire: &mut Wire<'_>, out: &mut Vec<u8>) -> Result<(), ValueFault> {
    for at in 0..wire.i32()? {
        if at > 0 {
            out.push(b',');
        }
        quoted(wire.cell()?.ok_or(Malformed)?, out)?;
        out.extend_from_slice(b"=>");
        match wire.cell()? {
            Some(value) => quoted(value, out)?,
            None => out.extend_from_slice(b"NULL"),
        }
    }
    Ok(())
}

fn quoted(bytes: &[u8], out: &mut Vec<u8>) -> Result<(), ValueFault> {
    out.push(b'"');
    let start = out.len();
    text(bytes, out)?;
    escape_tail(out, start, in_quotes);
    out.push(b'"');
    Ok(())
}
