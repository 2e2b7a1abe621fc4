//! Step: how large batches and INSERT statements are, from the width of a row and the limits. Owns the arithmetic and
//! shows it in each reason.

use super::facts::Facts;
use crate::{
    figures,
    report::{Report, Topic},
    spec::Limits,
};

/// Rows of one INSERT at most that are literals: beyond a thousand, planning the VALUES list costs what fewer round trips save.
const LITERAL_ROWS_MAX: u32 = 1_000;
/// Rows of one INSERT at most that are arrays: beyond ten thousand a round trip is nothing beside the rows.
const ARRAY_ROWS_MAX: u32 = 10_000;
/// Text of one INSERT at most: the server's parser holds about ten times as much while it reads it. Arrays are in the server's
/// memory as well, twice.
const INSERT_BYTES_MAX: u32 = 1 << 20;
/// A literal takes up to twice its binary form: bytea as hexadecimal digits.
const LITERAL_FACTOR: u32 = 2;

/// Rows of a batch at most.
pub(crate) fn batch(facts: Facts<'_>) -> (u32, Report) {
    let limits = &facts.spec.limits;
    let mut report = Report::default();
    let (rows, because) = match facts.source.statistics.bytes_per_row.filter(|width| *width > 0) {
        None => (limits.batch_rows, "the limits; the width of a row is unknown".to_owned()),
        Some(width) => sized(limits, width),
    };
    let choice =
        format!("{} or {}", figures::plural(rows.into(), "row", "rows"), figures::bytes(limits.batch_bytes.into()));
    report.because(Topic::Batch, choice, because);
    (rows, report)
}

fn sized(limits: &Limits, width: u32) -> (u32, String) {
    let fitting = (limits.batch_bytes / width).max(1);
    let bytes = figures::bytes(limits.batch_bytes.into());
    let sum = format!(
        "{bytes} / {} B a row = {}",
        figures::count(width.into()),
        figures::plural(fitting.into(), "row", "rows")
    );
    if limits.batch_rows <= fitting {
        (limits.batch_rows, format!("{sum}, and limits.batch_rows is {}", figures::count(limits.batch_rows.into())))
    } else {
        (fitting, format!("{sum}, below limits.batch_rows of {}", figures::count(limits.batch_rows.into())))
    }
}

/// The rows of an INSERT can be arrays: one of each column, none of them nested.
fn as_arrays(facts: Facts<'_>) -> bool {
    !facts.target.fits.is_empty() && !facts.target.fits.iter().any(|fit| fit.nested)
}

/// Whether an INSERT takes arrays, its rows and its bytes at most, and the reason for where they are used.
pub(crate) fn insert(facts: Facts<'_>, batch_rows: u32) -> (bool, u32, u32, Report) {
    let mut report = Report::default();
    let arrays = as_arrays(facts);
    let (rows_max, factor, what) =
        if arrays { (ARRAY_ROWS_MAX, 1, "arrays") } else { (LITERAL_ROWS_MAX, LITERAL_FACTOR, "text") };
    let most = rows_max.min(batch_rows);
    let bytes = figures::bytes(INSERT_BYTES_MAX.into());
    let (rows, because) = match facts.source.statistics.bytes_per_row.filter(|width| *width > 0) {
        None => (most, format!("at most {} rows and {bytes} of {what}", figures::count(rows_max.into()))),
        Some(width) => {
            let fitting = (INSERT_BYTES_MAX / width.saturating_mul(factor)).max(1);
            let width = figures::count(width.into());
            let row = if arrays { format!("{width} B a row") } else { format!("({factor} × {width} B a row)") };
            let sum = format!("{bytes} / {row} = {}", figures::plural(fitting.into(), "row", "rows"));
            (most.min(fitting), format!("{sum}, at most {}", figures::count(most.into())))
        }
    };
    report.because(Topic::Insert, format!("{} a statement", figures::plural(rows.into(), "row", "rows")), because);
    (arrays, rows, INSERT_BYTES_MAX, report)
}
