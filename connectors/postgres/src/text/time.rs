//! The text of dates and times, in the ISO style, which the server reads whatever its DateStyle is.

use super::number::{integer, padded};
use crate::copy::{Malformed, ValueFault};

/// The zone of every timestamp with time zone: the value itself has none.
pub(super) const UTC: &[u8] = b"+00";

const DAY_MICROSECONDS: i64 = 86_400_000_000;

/// Days since 2000-01-01.
pub(super) fn date(days: i32, out: &mut Vec<u8>) {
    match days {
        i32::MAX => out.extend_from_slice(b"infinity"),
        i32::MIN => out.extend_from_slice(b"-infinity"),
        _ => {
            let after = calendar(i64::from(days), out);
            out.extend_from_slice(after);
        }
    }
}

/// Microseconds since 2000-01-01.
pub(super) fn timestamp(value: i64, zone: &[u8], out: &mut Vec<u8>) {
    match value {
        i64::MAX => out.extend_from_slice(b"infinity"),
        i64::MIN => out.extend_from_slice(b"-infinity"),
        _ => {
            let after = calendar(value.div_euclid(DAY_MICROSECONDS), out);
            out.push(b' ');
            clock(value.rem_euclid(DAY_MICROSECONDS), out);
            out.extend_from_slice(zone);
            out.extend_from_slice(after);
        }
    }
}

/// Microseconds since midnight; 24:00:00 is a time too.
pub(super) fn time(value: i64, out: &mut Vec<u8>) -> Result<(), ValueFault> {
    if !(0..=DAY_MICROSECONDS).contains(&value) {
        return Err(Malformed.into());
    }
    clock(value, out);
    Ok(())
}

/// A time, and seconds west of Greenwich.
pub(super) fn timetz(value: i64, west: i32, out: &mut Vec<u8>) -> Result<(), ValueFault> {
    time(value, out)?;
    out.push(if west > 0 { b'-' } else { b'+' });
    seconds(west.unsigned_abs(), out);
    Ok(())
}

/// Each part with its own sign and unit: no style of intervals reads it in another way. Since version 17 the ends of all
/// three together are infinity.
pub(super) fn interval(microseconds: i64, days: i32, months: i32, out: &mut Vec<u8>) {
    match (microseconds, days, months) {
        (i64::MAX, i32::MAX, i32::MAX) => out.extend_from_slice(b"infinity"),
        (i64::MIN, i32::MIN, i32::MIN) => out.extend_from_slice(b"-infinity"),
        _ => {
            integer(months, out);
            out.extend_from_slice(b" mons ");
            integer(days, out);
            out.extend_from_slice(b" days ");
            integer(microseconds, out);
            out.extend_from_slice(b" microseconds");
        }
    }
}

/// Of less than 25 hours.
fn clock(microseconds: i64, out: &mut Vec<u8>) {
    let microseconds = microseconds.unsigned_abs();
    seconds(u32::try_from(microseconds / 1_000_000).unwrap_or(u32::MAX), out);
    out.push(b'.');
    padded::<6>((microseconds % 1_000_000) as u32, out);
}

/// Hours, minutes and seconds.
fn seconds(count: u32, out: &mut Vec<u8>) {
    padded::<2>(count / 3600, out);
    out.push(b':');
    padded::<2>(count / 60 % 60, out);
    out.push(b':');
    padded::<2>(count % 60, out);
}

/// Year, month and day of a day since 2000-01-01 in the proleptic Gregorian calendar; returns what stands after the time
/// of day for years before Christ.
///
/// Counts in eras of 400 years that begin on the first of March, so that the leap day is the last of its year.
fn calendar(days: i64, out: &mut Vec<u8>) -> &'static [u8] {
    const ERA_DAYS: i64 = 146_097;
    /// Days from 0000-03-01 to 2000-01-01.
    const EPOCH: i64 = 730_425;
    let day = days + EPOCH;
    // Less than an era, so that the rest counts in 32 bits, which divide faster.
    let of_era = u32::try_from(day.rem_euclid(ERA_DAYS)).unwrap_or(0);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day_of_month = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = day.div_euclid(ERA_DAYS) * 400 + i64::from(year_of_era) + i64::from(month <= 2);
    // There is no year 0: it is the first before Christ.
    let (shown, after): (i64, &[u8]) = if year > 0 { (year, b"") } else { (1 - year, b" BC") };
    match u32::try_from(shown) {
        Ok(shown) if shown < 10_000 => padded::<4>(shown, out),
        _ => integer(shown, out),
    }
    out.push(b'-');
    padded::<2>(month, out);
    out.push(b'-');
    padded::<2>(day_of_month, out);
    after
}
