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
        if stream.write == Disposition::Sweep {
            let rows = plural(stream.rows_written, "row", "rows");
            let _ = writeln!(text, "    {rows} that the source has no more deleted or marked");
        }
        if let Some(refused) = refused(stream) {
            let _ = writeln!(text, "{RED}    {refused}{RED:#}");
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

/// What became of refused rows; none: there were none.
pub(crate) fn refused(stream: &StreamReceipt) -> Option<String> {
    let rows = stream.rows_rejected;
    let words = format!("{} {} refused", plural(rows, "row", "rows"), if rows == 1 { "was" } else { "were" });
    (rows > 0).then(|| match &stream.rejected_into {
        Some(table) => format!("{words}, and set aside in {}", visible(table)),
        None => format!("{words}, and left out"),
    })
}

fn headline(receipt: &Receipt) -> String {
    let rows = receipt.streams.iter().map(|stream| stream.rows_written).sum();
    format!(
        "{BOLD}{}: {}, {} in {}{BOLD:#}",
        receipt.outcome,
        plural(receipt.streams.len() as u64, "stream", "streams"),
        plural(rows, "row", "rows"),
        duration(took(receipt))
    )
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
    use rapidbyte_engine::{CpuSecs, Method, Phases, Verified};
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
    fn a_receipt_fits_80_columns() {
        let long = "a_table_with_a_very_long_name_as_they_happen_in_old_databases";
        let receipt = Receipt {
            schema: "rapidbyte.receipt/1",
            sync: "shop".to_owned(),
            run: "0192f3c4".to_owned(),
            plan: format!("sha256:{}", "ab".repeat(32)),
            outcome: "done",
            consistency: "snapshot",
            duration_secs: 4.25,
            peak_memory_bytes: 84 << 20,
            cpu_secs: CpuSecs { user: 1.5, system: 0.25 },
            streams: vec![
                stream("public.orders", "raw.orders", 1_000_000),
                stream("countries", "countries", 10),
                stream(&format!("public.{long}"), &format!("raw.{long}"), 0),
            ],
            phases: Phases::default(),
        };
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
