//! Step: how large batches and INSERT statements are, from the width of a row and the limits. Owns the arithmetic and
//! shows it in each reason.

use super::facts::Facts;
use crate::{
    figures,
    report::{Report, Topic},
    spec::Limits,
};

/// Rows of one INSERT at most: beyond a thousand, planning the VALUES list costs what fewer round trips save.
const INSERT_ROWS_MAX: u32 = 1_000;
/// Text of one INSERT at most: the server's parser holds about ten times as much while it reads it.
const INSERT_BYTES_MAX: u32 = 1 << 20;
/// A literal takes up to twice its binary form: bytea as hexadecimal digits.
const LITERAL_FACTOR: u32 = 2;

/// Rows of a batch at most.
pub(crate) fn batch(facts: Facts<'_>) -> (u32, Report) {
    let limits = &facts.spec.limits;
    let mut report = Report::default();
    let (rows, because) = match facts.source.statistics.bytes_per_row.filter(|width| *width > 0) {
        None => (limits.batch_rows, "the limits; the source does not know how wide a row is".to_owned()),
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

/// Rows and bytes of one INSERT statement at most, and the reason for where they are used.
pub(crate) fn insert(facts: Facts<'_>, batch_rows: u32) -> (u32, u32, Report) {
    let mut report = Report::default();
    let most = INSERT_ROWS_MAX.min(batch_rows);
    let text = figures::bytes(INSERT_BYTES_MAX.into());
    let (rows, because) = match facts.source.statistics.bytes_per_row.filter(|width| *width > 0) {
        None => (most, format!("at most {} rows and {text} of text", figures::count(INSERT_ROWS_MAX.into()))),
        Some(width) => {
            let fitting = (INSERT_BYTES_MAX / width.saturating_mul(LITERAL_FACTOR)).max(1);
            let sum = format!(
                "{text} / ({LITERAL_FACTOR} × {} B a row) = {}",
                figures::count(width.into()),
                figures::plural(fitting.into(), "row", "rows")
            );
            (most.min(fitting), format!("{sum}, at most {}", figures::count(most.into())))
        }
    };
    report.because(Topic::Insert, format!("{} a statement", figures::plural(rows.into(), "row", "rows")), because);
    (rows, INSERT_BYTES_MAX, report)
}
