//! The text of numbers, and of what is written in digits. Binary forms are those of the types' send functions.

use crate::copy::{Malformed, ValueFault, short, wire::Wire};

pub(super) fn integer(value: impl itoa::Integer, out: &mut Vec<u8>) {
    short::append(out, itoa::Buffer::new().format(value).as_bytes());
}

/// A number of exactly so many digits, zeros first.
#[inline]
pub(super) fn padded<const DIGITS: usize>(value: u32, out: &mut Vec<u8>) {
    let mut digits = [0; DIGITS];
    let mut left = value;
    for place in digits.iter_mut().rev() {
        // A digit is below 10.
        *place = b'0' + (left % 10) as u8;
        left /= 10;
    }
    out.extend_from_slice(&digits);
}

/// The bits of what PostgreSQL's input reads `NaN` as (PostgreSQL source, utils/float.h, get_float8_nan).
const NAN4: u32 = 0x7fc0_0000;
const NAN8: u64 = 0x7ff8_0000_0000_0000;

/// The shortest text that is read as the same bits.
pub(super) fn float4(value: f32, out: &mut Vec<u8>) -> Result<(), ValueFault> {
    float(value, value.is_nan().then_some(value.to_bits() == NAN4), value.is_sign_negative(), value.is_finite(), out)
}

/// The shortest text that is read as the same bits.
pub(super) fn float8(value: f64, out: &mut Vec<u8>) -> Result<(), ValueFault> {
    float(value, value.is_nan().then_some(value.to_bits() == NAN8), value.is_sign_negative(), value.is_finite(), out)
}

fn float(
    value: impl zmij::Float,
    canonical_nan: Option<bool>,
    negative: bool,
    finite: bool,
    out: &mut Vec<u8>,
) -> Result<(), ValueFault> {
    let mut buffer = zmij::Buffer::new();
    let text = match (canonical_nan, finite, negative) {
        (Some(false), ..) => return Err(ValueFault::NanBits),
        (Some(true), ..) => "NaN",
        (None, true, _) => buffer.format_finite(value),
        (None, false, false) => "Infinity",
        (None, false, true) => "-Infinity",
    };
    short::append(out, text.as_bytes());
    Ok(())
}

/// PostgreSQL source, numeric.c, numeric_send: how many digits of base 10,000, the power of the first, the sign, the
/// decimals shown; then the digits.
pub(super) fn numeric(wire: &mut Wire<'_>, out: &mut Vec<u8>) -> Result<(), ValueFault> {
    const DECIMALS_MAX: u16 = 0x3fff;
    let (count, weight, sign, decimals) = (wire.u16()?, wire.i16()?, wire.u16()?, wire.u16()?);
    let digits = wire.take(usize::from(count) * 2)?;
    match sign {
        0 => {}
        0x4000 => out.push(b'-'),
        0xc000 => out.extend_from_slice(b"NaN"),
        0xd000 => out.extend_from_slice(b"Infinity"),
        0xf000 => out.extend_from_slice(b"-Infinity"),
        _ => return Err(Malformed.into()),
    }
    if sign >= 0xc000 {
        return Ok(());
    }
    if decimals > DECIMALS_MAX {
        return Err(Malformed.into());
    }
    let weight = i32::from(weight);
    let digit = |power: i32| {
        let pair = usize::try_from(weight - power).ok().and_then(|at| digits.get(at * 2..at * 2 + 2));
        u32::from(pair.map_or(0, |pair| u16::from_be_bytes([pair[0], pair[1]])))
    };
    integer(digit(weight.max(0)) * u32::from(weight >= 0), out);
    for power in (0..weight).rev() {
        padded::<4>(digit(power), out);
    }
    if decimals > 0 {
        out.push(b'.');
        let end = out.len() + usize::from(decimals);
        let powers = i32::from(decimals.div_ceil(4));
        (1..=powers).for_each(|power| padded::<4>(digit(-power), out));
        out.truncate(end);
    }
    Ok(())
}

/// Hundredths, as lc_monetary C has them.
pub(super) fn money(value: i64, out: &mut Vec<u8>) {
    if value < 0 {
        out.push(b'-');
    }
    integer(value.unsigned_abs() / 100, out);
    out.push(b'.');
    padded::<2>((value.unsigned_abs() % 100) as u32, out);
}

/// PostgreSQL source, varbit.c, varbit_send: how many bits, then the bytes, the highest bit first.
pub(super) fn bits(wire: &mut Wire<'_>, out: &mut Vec<u8>) -> Result<(), ValueFault> {
    let count = usize::try_from(wire.i32()?).map_err(|_| Malformed)?;
    let bytes = wire.take(count.div_ceil(8))?;
    out.extend((0..count).map(|at| b'0' + ((bytes[at / 8] >> (7 - at % 8)) & 1)));
    Ok(())
}

const HEX: &[u8; 16] = b"0123456789abcdef";

pub(super) fn hex(bytes: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + 2 * bytes.len(), 0);
    for (pair, byte) in out[start..].chunks_exact_mut(2).zip(bytes) {
        pair[0] = HEX[usize::from(byte >> 4)];
        pair[1] = HEX[usize::from(byte & 15)];
    }
}

/// The server takes a uuid's digits without hyphens too.
pub(super) fn uuid(bytes: &[u8], out: &mut Vec<u8>) {
    hex(bytes, out);
}

pub(super) fn lsn(value: u64, out: &mut Vec<u8>) {
    hex(&value.to_be_bytes()[..4], out);
    out.push(b'/');
    hex(&value.to_be_bytes()[4..], out);
}

/// PostgreSQL source, xid8funcs.c, pg_snapshot_send: how many, the first and last bounds, then each.
pub(super) fn snapshot(wire: &mut Wire<'_>, out: &mut Vec<u8>) -> Result<(), ValueFault> {
    let count = wire.i32()?;
    integer(wire.i64()?, out);
    out.push(b':');
    integer(wire.i64()?, out);
    out.push(b':');
    for at in 0..count {
        if at > 0 {
            out.push(b',');
        }
        integer(wire.i64()?, out);
    }
    Ok(())
}

pub(super) fn tid(block: u32, offset: u16, out: &mut Vec<u8>) {
    out.push(b'(');
    integer(block, out);
    out.push(b',');
    integer(offset, out);
    out.push(b')');
}
