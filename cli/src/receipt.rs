//! A receipt as people read it: the rows of both sides first, then what the run took.

use crate::{
    number::{duration, per_second},
    ui::{BOLD, DIM, GREEN, RED},
};
use rapidbyte_engine::{Receipt, StreamReceipt};
use rapidbyte_plans::{
    decision::Disposition,
    figures::{bytes, count, plural},
    name::visible,
};
use std::{fmt::Write, time::Duration};

/// "source rows" and "destination rows" with their gaps, and the verdict: what a line needs besides the name.
const FIGURES_WIDTH: usize = 2 + 13 + 2 + 16 + 2 + 7;

/// The receipt in lines of at most `width` columns, where the names allow.
pub(crate) fn text(receipt: &Receipt, width: usize) -> String {
    let names: Vec<String> = receipt.streams.iter().map(name).collect();
    let longest = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let name_width = longest.clamp("stream".len(), width.saturating_sub(FIGURES_WIDTH).max(20));
    let mut text = format!("{}\n\n", headline(receipt));
    // Writing to a String does not fail.
    let _ = writeln!(text, "{DIM}  {:name_width$}  {:>13}  {:>16}{DIM:#}", "stream", "source rows", "destination rows");
    for (stream, name) in receipt.streams.iter().zip(&names) {
        let _ = writeln!(text, "{}", line(stream, name, name_width));
        if let Some(swept) = swept(stream) {
            let _ = writeln!(text, "    {swept}");
        }
        if let Some(refused) = refused(stream) {
            let _ = writeln!(text, "{RED}    {refused}{RED:#}");
        }
        if let Some(still) = nothing_new(stream).or_else(|| nothing_beyond(stream)) {
            let _ = writeln!(text, "{DIM}    {still}{DIM:#}");
        }
    }
    let _ = write!(text, "\n{}", footer(receipt));
    text
}

fn name(stream: &StreamReceipt) -> String {
    match (visible(&stream.stream), visible(&stream.into)) {
        (stream, into) if stream == into => stream,
        (stream, into) => format!("{stream} → {into}"),
    }
}

fn line(stream: &StreamReceipt, name: &str, name_width: usize) -> String {
    let verified = &stream.verified;
    let verdict = if verified.equal { format!("{GREEN}equal{GREEN:#}") } else { format!("{RED}differ{RED:#}") };
    // A name that does not fit has a line of its own: names are never cut.
    let name = if name.chars().count() > name_width {
        format!("{name}\n  {:name_width$}", "")
    } else {
        format!("{name:name_width$}")
    };
    format!("  {name}  {:>13}  {:>16}  {verdict}", count(verified.source_rows), count(verified.destination_rows))
}

/// What a sweep has found; none: it is none.
fn swept(stream: &StreamReceipt) -> Option<String> {
    let rows = plural(stream.rows_written, "row", "rows");
    (stream.write == Disposition::Sweep).then(|| format!("{rows} deleted, or their mark changed"))
}

/// What became of refused rows; none: there were none.
pub(crate) fn refused(stream: &StreamReceipt) -> Option<String> {
    let rows = stream.rows_rejected;
    let words = format!("{} {} refused", plural(rows, "row", "rows"), if rows == 1 { "was" } else { "were" });
    (rows > 0).then(|| match &stream.rejected_into {
        Some(table) => format!("{words}, and set aside in {}", visible(table)),
        None => format!("{words}, and left out"),
    })
}

/// That an incremental stream had nothing new, and since when; none: it had, or is read in full.
fn nothing_new(stream: &StreamReceipt) -> Option<String> {
    let cursor = stream.cursor.as_ref().filter(|_| stream.rows_read == 0)?;
    let column = visible(&cursor.column);
    Some(match &cursor.from {
        Some(from) => format!("nothing new since {column} = {}", visible(from)),
        None => format!("no row yet, by {column}"),
    })
}

/// That all rows of an incremental stream came again or late: its checkpoint stays where it was.
fn nothing_beyond(stream: &StreamReceipt) -> Option<String> {
    let cursor = stream.cursor.as_ref().filter(|cursor| cursor.from == cursor.to)?;
    let (column, from) = (visible(&cursor.column), visible(cursor.from.as_ref()?));
    Some(format!("nothing beyond {column} = {from}: the rows that were read are at or before it"))
}

fn headline(receipt: &Receipt) -> String {
    let rows = receipt.streams.iter().map(|stream| stream.rows_written).sum();
    let is_new = |stream: &StreamReceipt| nothing_new(stream).is_none();
    let rows = if receipt.streams.iter().any(is_new) { plural(rows, "row", "rows") } else { "nothing new".to_owned() };
    let streams = plural(receipt.streams.len() as u64, "stream", "streams");
    format!("{BOLD}{}: {streams}, {rows} in {}{BOLD:#}", receipt.outcome, duration(took(receipt)))
}

fn footer(receipt: &Receipt) -> String {
    let rows = receipt.streams.iter().map(|stream| stream.rows_written).sum();
    let sent = receipt.streams.iter().map(|stream| stream.bytes_written).sum();
    let cpu = receipt.cpu_secs.user + receipt.cpu_secs.system;
    format!(
        "  {} rows/s, {} written, peak memory {}, CPU {cpu:.2} s\n{DIM}  run {}, {}, plan {}{DIM:#}",
        count(per_second(rows, took(receipt))),
        bytes(sent),
        bytes(receipt.peak_memory_bytes),
        receipt.run,
        receipt.consistency,
        receipt.plan.get(..SHORT_DIGEST).unwrap_or(&receipt.plan),
    )
}

/// "sha256:" and twelve digits: enough to tell plans apart, and the line fits.
const SHORT_DIGEST: usize = 19;

fn took(receipt: &Receipt) -> Duration {
    Duration::try_from_secs_f64(receipt.duration_secs).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rapidbyte_engine::{CpuSecs, Cursor, Method, Phases, Verified};
    use rapidbyte_plans::decision::Strategy;

    fn stream(stream: &str, into: &str, rows: u64) -> StreamReceipt {
        StreamReceipt {
            stream: stream.to_owned(),
            into: into.to_owned(),
            write: Disposition::Replace,
            strategy: Strategy::Copy,
            sync: "full",
            rows_read: rows,
            rows_written: rows,
            rows_rejected: 0,
            rejected_into: None,
            bytes_read: rows * 100,
            bytes_written: rows * 120,
            batches: 1 + rows / 10_000,
            cursor: None,
            verified: Verified { source_rows: rows, destination_rows: rows, equal: true, method: Method::Counts },
        }
    }

    fn receipt() -> Receipt {
        Receipt {
            schema: "rapidbyte.receipt/1",
            sync: "shop".to_owned(),
            run: "0192f3c4".to_owned(),
            plan: format!("sha256:{}", "ab".repeat(32)),
            outcome: "done",
            consistency: "snapshot",
            duration_secs: 4.25,
            peak_memory_bytes: 84 << 20,
            cpu_secs: CpuSecs { user: 1.5, system: 0.25 },
            streams: Vec::new(),
            phases: Phases::default(),
        }
    }

    #[test]
    fn refused_rows_are_said() {
        let refused_rows = |rows, table: Option<&str>| {
            let table = table.map(str::to_owned);
            refused(&StreamReceipt { rows_rejected: rows, rejected_into: table, ..stream("a", "b", 10) })
        };
        assert_eq!(refused_rows(0, None), None);
        assert_eq!(refused_rows(1, None).as_deref(), Some("1 row was refused, and left out"));
        assert_eq!(
            refused_rows(1_000, Some("b__rejected")).as_deref(),
            Some("1,000 rows were refused, and set aside in b__rejected")
        );
    }

    #[test]
    fn that_nothing_was_new_is_said() {
        let cursor = |from: Option<&str>| {
            let (column, from) = ("updated_at".to_owned(), from.map(str::to_owned));
            Some(Cursor { column, to: from.clone(), from })
        };
        let incremental = |rows, from| {
            let sync = "incremental";
            StreamReceipt { sync, cursor: cursor(from), ..stream("public.orders", "raw.orders", rows) }
        };
        let nothing = |rows, from| nothing_new(&incremental(rows, from));
        assert_eq!(nothing(0, Some("2026-03-01")).as_deref(), Some("nothing new since updated_at = 2026-03-01"));
        assert_eq!(nothing(0, None).as_deref(), Some("no row yet, by updated_at"));
        assert_eq!((nothing(1, Some("a")), nothing_new(&stream("a", "b", 0))), (None, None));
        let beyond = "nothing beyond updated_at = a: the rows that were read are at or before it";
        assert_eq!(nothing_beyond(&incremental(1, Some("a"))).as_deref(), Some(beyond));
        assert_eq!((nothing_beyond(&incremental(1, None)), nothing_beyond(&stream("a", "b", 1))), (None, None));
        let headline_of = |streams| headline(&Receipt { streams, ..receipt() });
        let shown = |streams| anstream::adapter::strip_str(&headline_of(streams)).to_string();
        assert_eq!(shown(vec![incremental(0, None)]), "done: 1 stream, nothing new in 4.25 s");
        assert_eq!(shown(vec![incremental(0, None), stream("a", "b", 0)]), "done: 2 streams, 0 rows in 4.25 s");
    }

    #[test]
    fn a_receipt_fits_80_columns() {
        let long = "a_table_with_a_very_long_name_as_they_happen_in_old_databases";
        let streams = vec![
            stream("public.orders", "raw.orders", 1_000_000),
            stream("countries", "countries", 10),
            stream(&format!("public.{long}"), &format!("raw.{long}"), 0),
        ];
        let receipt = Receipt { streams, ..receipt() };
        insta::assert_snapshot!(anstream::adapter::strip_str(&text(&receipt, 80)).to_string(), @r"
        done: 3 streams, 1,000,010 rows in 4.25 s

          stream                                    source rows  destination rows
          public.orders → raw.orders                  1,000,000         1,000,000  equal
          countries                                          10                10  equal
          public.a_table_with_a_very_long_name_as_they_happen_in_old_databases → raw.a_table_with_a_very_long_name_as_they_happen_in_old_databases
                                                              0                 0  equal

          235,296 rows/s, 114 MiB written, peak memory 84 MiB, CPU 1.75 s
          run 0192f3c4, snapshot, plan sha256:abababababab
        ");
    }
}
