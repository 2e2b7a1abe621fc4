//! `rapidbyte verify`: compares both ends, per stream, and names the keys of rows that differ. Changes nothing.

use super::Format;
use crate::{
    failure::{DATA, DONE, ExitCode, Failure},
    runtime::Runtime,
    sync_file,
    ui::{BOLD, DIM, GREEN, RED, Ui, YELLOW},
};
use rapidbyte_engine::{Keys, Outcome, StreamVerification, Unlocated, Verification};
use rapidbyte_plans::{
    decision::Disposition,
    figures::{count, plural},
    name::visible,
};
use std::{fmt::Write, path::PathBuf};

const EXAMPLES: &str = "\
Examples:
  rapidbyte verify sync.toml
  rapidbyte verify sync.toml public.orders --max-keys 100
  rapidbyte verify sync.toml --format json | jq '.streams[].differences.changed.first'

It reads every row at both ends once, and ranges that differ a few times more. Keys of rows that
differ are printed, and stand nowhere else. Rows that only the destination has are a difference
where the stream replaces them.
Exit codes: 0 equal · 6 different, or not to be compared · others as for every command";

/// Compare both ends, rows and checksums, and name the keys of rows that differ; changes nothing
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The sync file
    #[arg(value_name = "SYNC.toml")]
    sync: PathBuf,

    /// The streams to compare; all unless told
    #[arg(value_name = "STREAM")]
    streams: Vec<String>,

    /// How to print what was found
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,

    /// How many keys to name of each kind of difference
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(0..=1000))]
    max_keys: u16,
}

pub(crate) fn run(ui: Ui, args: &Args) -> Result<ExitCode, Failure> {
    let spec = sync_file::read(&args.sync)?;
    let engine = super::engine(ui)?;
    let verifying = async { Ok(engine.verify(&spec, &args.streams, args.max_keys.into()).await?) };
    let found = Runtime::new()?.run(verifying)?;
    ui.result(&match args.format {
        Format::Text => text(&found),
        Format::Json => found.json(),
    })?;
    if found.equal { Ok(DONE) } else { Err(differ(&found)) }
}

fn differ(found: &Verification) -> Failure {
    let unlike = found.streams.iter().filter(|stream| stream.outcome != Outcome::Equal).count() as u64;
    let of = plural(found.streams.len() as u64, "stream", "streams");
    let verb = if unlike == 1 { "differs or cannot" } else { "differ or cannot" };
    Failure::new(DATA, format!("{} of {of} {verb} be compared", count(unlike)))
        .advise("nothing was changed; apply the sync again, and look for who else writes to the destination")
}

fn text(found: &Verification) -> String {
    let streams: Vec<String> = found.streams.iter().map(stream_text).collect();
    streams.join("\n")
}

fn stream_text(stream: &StreamVerification) -> String {
    let verdict = match stream.outcome {
        Outcome::Equal => format!("{GREEN}equal{GREEN:#}"),
        Outcome::Different => format!("{RED}different{RED:#}"),
        Outcome::Incomparable => format!("{YELLOW}not compared{YELLOW:#}"),
    };
    let rows = |rows: Option<u64>| rows.map_or_else(|| "unknown".to_owned(), count);
    let mut text = format!(
        "{BOLD}{} → {}{BOLD:#}  {verdict}\n  {DIM}rows{DIM:#}  {} at the source, {} at the destination\n",
        visible(&stream.stream),
        visible(&stream.into),
        rows(stream.source_rows),
        rows(stream.destination_rows)
    );
    for why in &stream.because {
        // Writing to a String does not fail.
        let _ = writeln!(text, "  {why}");
    }
    if let Some(differences) = &stream.differences {
        let alone = match stream.write {
            Disposition::Replace | Disposition::Sweep => "only in the destination",
            Disposition::Append | Disposition::Upsert => "only in the destination, where they may stay",
        };
        let kinds = [
            ("missing in the destination", &differences.missing),
            ("changed", &differences.changed),
            (alone, &differences.surplus),
        ];
        for (kind, keys) in kinds.into_iter().filter(|(_, keys)| keys.rows > 0) {
            text.push_str(&keys_text(kind, keys, &stream.key));
        }
        if let Some(unlocated) = differences.unlocated {
            text.push_str(&unlocated_text(unlocated));
        }
    }
    text
}

fn keys_text(kind: &str, keys: &Keys, columns: &[String]) -> String {
    let mut text = format!("  {kind}: {}\n", plural(keys.rows, "row", "rows"));
    for key in &keys.first {
        let named = columns.iter().zip(key).map(|(column, value)| format!("{} = {}", visible(column), visible(value)));
        // Writing to a String does not fail.
        let _ = writeln!(text, "    {}", named.collect::<Vec<_>>().join(", "));
    }
    let more = keys.rows.saturating_sub(keys.first.len() as u64);
    if more > 0 && !keys.first.is_empty() {
        // As above.
        let _ = writeln!(text, "    {DIM}and {} more{DIM:#}", count(more));
    }
    text
}

fn unlocated_text(unlocated: Unlocated) -> String {
    format!(
        "  more differ among {} at the source and {} at the destination\n",
        plural(unlocated.source_rows, "row", "rows"),
        plural(unlocated.destination_rows, "row", "rows")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use rapidbyte_engine::Differences;

    #[test]
    fn differences_are_named_by_their_keys() {
        let keys = |rows, first: &[&[&str]]| Keys {
            rows,
            first: first.iter().map(|key| key.iter().map(|&value| value.to_owned()).collect()).collect(),
        };
        let stream = StreamVerification {
            stream: "public.orders".to_owned(),
            into: "raw.orders".to_owned(),
            write: Disposition::Replace,
            outcome: Outcome::Different,
            because: vec!["rows with a NULL in their key differ, and cannot be named".to_owned()],
            key: vec!["region".to_owned(), "id".to_owned()],
            source_rows: Some(1_000_000),
            destination_rows: Some(999_999),
            differences: Some(Differences {
                missing: keys(2_345, &[&["eu", "1"], &["eu\u{1b}[2J", "2"]]),
                changed: keys(1, &[&["us", "7"]]),
                surplus: keys(0, &[]),
                unlocated: Some(Unlocated { source_rows: 4_000, destination_rows: 1 }),
            }),
        };
        let equal = StreamVerification {
            write: Disposition::Upsert,
            outcome: Outcome::Equal,
            because: Vec::new(),
            differences: Some(Differences { surplus: keys(1, &[&["eu", "9"]]), ..Differences::default() }),
            ..stream.clone()
        };
        let found = Verification {
            schema: "rapidbyte.verification/1",
            sync: "shop".to_owned(),
            equal: false,
            streams: vec![stream, equal],
        };
        insta::assert_snapshot!(anstream::adapter::strip_str(&text(&found)).to_string(), @r"
        public.orders → raw.orders  different
          rows  1,000,000 at the source, 999,999 at the destination
          rows with a NULL in their key differ, and cannot be named
          missing in the destination: 2,345 rows
            region = eu, id = 1
            region = eu\u{1b}[2J, id = 2
            and 2,343 more
          changed: 1 row
            region = us, id = 7
          more differ among 4,000 rows at the source and 1 row at the destination

        public.orders → raw.orders  equal
          rows  1,000,000 at the source, 999,999 at the destination
          only in the destination, where they may stay: 1 row
            region = eu, id = 9
        ");
    }
}
