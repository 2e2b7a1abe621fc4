//! The text of geometric types: coordinates are double precision.

use super::number::float8;
use crate::copy::{Malformed, ValueFault, wire::Wire};

fn coordinate(wire: &mut Wire<'_>, out: &mut Vec<u8>) -> Result<(), ValueFault> {
    float8(f64::from_bits(wire.u64()?), out)
}

pub(super) fn point(wire: &mut Wire<'_>, out: &mut Vec<u8>) -> Result<(), ValueFault> {
    out.push(b'(');
    coordinate(wire, out)?;
    out.push(b',');
    coordinate(wire, out)?;
    out.push(b')');
    Ok(())
}

/// Points with commas between: the text of lseg and box.
pub(super) fn points(wire: &mut Wire<'_>, count: i32, out: &mut Vec<u8>) -> Result<(), ValueFault> {
    for at in 0..count {
        if at > 0 {
            out.push(b',');
        }
        point(wire, out)?;
    }
    Ok(())
}

fn counted(wire: &mut Wire<'_>, around: [u8; 2], out: &mut Vec<u8>) -> Result<(), ValueFault> {
    let count = wire.i32()?;
    if count < 1 {
        return Err(Malformed.into());
    }
    out.push(around[0]);
    points(wire, count, out)?;
    out.push(around[1]);
    Ok(())
}

/// Whether it is closed, how many points, the points.
pub(super) fn path(wire: &mut Wire<'_>, out: &mut Vec<u8>) -> Result<(), ValueFault> {
    let around = if wire.u8()? == 0 { *b"[]" } else { *b"()" };
    counted(wire, around, out)
}

/// How many points, the points.
pub(super) fn polygon(wire: &mut Wire<'_>, out: &mut Vec<u8>) -> Result<(), ValueFault> {
    counted(wire, *b"()", out)
}

/// The three coefficients.
pub(super) fn line(wire: &mut Wire<'_>, out: &mut Vec<u8>) -> Result<(), ValueFault> {
    for before in *b"{,," {
        out.push(before);
        coordinate(wire, out)?;
    }
    out.push(b'}');
    Ok(())
}

/// The centre and the radius.
pub(super) fn circle(wire: &mut Wire<'_>, out: &mut Vec<u8>) -> Result<(), ValueFault> {
    out.push(b'<');
    point(wire, out)?;
    out.push(b',');
    coordinate(wire, out)?;
    out.push(b'>');
    Ok(())
}
