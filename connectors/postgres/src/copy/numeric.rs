//! Integers in the binary form of numeric (PostgreSQL source, numeric.c, numeric_send): the number of digits, the weight of
//! the first, the sign, the digits after the point that are shown; then digits of base 10,000.

use super::row::Row;

/// Four numbers and the five digits of base 10,000 that an i64 has at most.
pub(super) const BYTES_MAX: usize = 4 * 2 + DIGITS_MAX as usize * 2;
const DIGITS_MAX: u16 = 5;
const NEGATIVE: u16 = 0x4000;

#[inline]
pub(super) fn put(row: &mut Row<'_>, value: i64) {
    let mut digits = [0_u16; DIGITS_MAX as usize];
    let mut left = value.unsigned_abs();
    let mut first = DIGITS_MAX;
    while left > 0 {
        first -= 1;
        digits[usize::from(first)] = (left % 10_000) as u16;
        left /= 10_000;
    }
    // Zeros at the end are not sent: the weight says where the first digit stands.
    let mut end = DIGITS_MAX;
    while end > first && digits[usize::from(end - 1)] == 0 {
        end -= 1;
    }
    let count = end - first;
    row.put((8 + 2 * u32::from(count)).to_be_bytes());
    row.put(count.to_be_bytes());
    row.put((DIGITS_MAX - first).saturating_sub(1).to_be_bytes());
    row.put(if value < 0 { NEGATIVE } else { 0 }.to_be_bytes());
    row.put(0_u16.to_be_bytes());
    for digit in &digits[usize::from(first)..usize::from(end)] {
        row.put(digit.to_be_bytes());
    }
}
