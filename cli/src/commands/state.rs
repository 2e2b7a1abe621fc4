//! `rapidbyte state`: what the destination has recorded of a sync; `state reset` has it forget a checkpoint.

use super::Format;
use crate::{
    failure::{CANCELLED, DONE, DRIFT, ExitCode, Failure, USAGE},
    runtime::Runtime,
    sync_file,
    ui::{BOLD, DIM, Ui, YELLOW},
};
use rapidbyte_engine::{EngineError, RecordedCheckpoint, RecordedRun, State};
use rapidbyte_plans::{
    figures::{count, plural},
    name::visible,
};
use std::{fmt::Write, path::PathBuf};

const EXAMPLES: &str = "\
Examples:
  rapidbyte state sync.toml
  rapidbyte state sync.toml --format json | jq '.checkpoints[] | {stream, value}'
  rapidbyte state reset sync.toml public.orders

It asks the destination alone, and shows values of cursors: up to where each stream is there.";

const RESET_EXAMPLES: &str = "\
Examples:
  rapidbyte state reset sync.toml public.orders
  rapidbyte state reset sync.toml public.orders --yes

The rows stay. The next run reads all of the stream, and finds by their key which rows are there.
Exit codes: 2 no such checkpoint · 3 not allowed, or a run is at work · others as for every command";

/// Show up to where each stream is, and the last runs; `state reset` forgets a checkpoint
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    reset: Option<Reset>,

    /// The sync file
    #[arg(value_name = "SYNC.toml", required = true)]
    sync: Option<PathBuf>,

    /// How to print what is recorded
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,

    /// How many of the last runs to show
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(0..=1000))]
    runs: u32,
}

#[derive(Debug, clap::Subcommand)]
enum Reset {
    Reset(ResetArgs),
}

/// Forget the checkpoint of a stream, so that its next run begins anew
#[derive(Debug, clap::Args)]
#[command(after_help = RESET_EXAMPLES)]
struct ResetArgs {
    /// The sync file
    #[arg(value_name = "SYNC.toml")]
    sync: PathBuf,

    /// The stream
    #[arg(value_name = "STREAM")]
    stream: String,

    /// Do not ask; without a terminal nothing is forgotten otherwise
    #[arg(long, short)]
    yes: bool,
}

pub(crate) fn run(ui: Ui, args: &Args) -> Result<ExitCode, Failure> {
    if let Some(Reset::Reset(args)) = &args.reset {
        return reset(ui, args);
    }
    let sync = args.sync.as_deref().ok_or_else(|| Failure::new(USAGE, "no sync file was named"))?;
    let spec = sync_file::read(sync)?;
    let engine = super::engine(ui)?;
    let state = Runtime::new()?.run(async { Ok(engine.state(&spec, args.runs).await?) })?;
    ui.result(&match args.format {
        Format::Text => text(&state),
        Format::Json => state.json(),
    })?;
    Ok(DONE)
}

fn reset(ui: Ui, args: &ResetArgs) -> Result<ExitCode, Failure> {
    let spec = sync_file::read(&args.sync)?;
    let (runtime, engine) = (Runtime::new()?, super::engine(ui)?);
    if !args.yes {
        let state = runtime.run(async { Ok(engine.state(&spec, 0).await?) })?;
        let Some(checkpoint) = state.checkpoints.iter().find(|checkpoint| checkpoint.stream == args.stream) else {
            let known = state.checkpoints.into_iter().map(|checkpoint| checkpoint.stream).collect();
            return Err(EngineError::UnknownCheckpoint { stream: args.stream.clone(), known }.into());
        };
        ui.say(&checkpoint_text(checkpoint));
        let question = "The next run reads all of the stream again. Type yes to forget this checkpoint:";
        consented(runtime.run_blocking(move || Ok(ui.ask(question)))?.as_deref())?;
    }
    runtime.run(async { Ok(engine.forget(&spec, &args.stream).await?) })?;
    ui.result(&format!("{}: forgotten, the next run begins anew", visible(&args.stream)))?;
    Ok(DONE)
}

/// Only a typed yes will do; none: nobody can answer.
fn consented(answer: Option<&str>) -> Result<(), Failure> {
    match answer {
        Some("yes") => Ok(()),
        Some(_) => Err(Failure::new(CANCELLED, "not forgotten: the answer was not yes").advise("nothing was changed")),
        None => Err(Failure::new(DRIFT, "nobody is there to ask whether the checkpoint may be forgotten")
            .advise("nothing was changed; pass --yes if it may")),
    }
}

fn text(state: &State) -> String {
    let mut text = format!("{BOLD}{}{BOLD:#} {DIM}at {}{DIM:#}\n", state.sync, visible(&state.destination));
    if state.checkpoints.is_empty() && state.runs.is_empty() {
        return text + "\nno run of this sync is recorded there";
    }
    for checkpoint in &state.checkpoints {
        text = text + "\n" + &checkpoint_text(checkpoint);
    }
    if state.checkpoints.is_empty() {
        text += "\nno checkpoint is recorded: no stream has been incremental, or each was reset\n";
    }
    if !state.runs.is_empty() {
        text = format!("{text}\n{BOLD}runs, newest first{BOLD:#}\n");
    }
    for run in &state.runs {
        text += &run_text(run);
    }
    text
}

fn checkpoint_text(checkpoint: &RecordedCheckpoint) -> String {
    let into = checkpoint.into.as_deref().map_or_else(|| "a table that is gone".to_owned(), visible);
    let mut text = format!("{BOLD}{} → {into}{BOLD:#}\n", visible(&checkpoint.stream));
    let value =
        checkpoint.value.as_deref().map_or_else(|| ", no value".to_owned(), |value| format!(" = {}", visible(value)));
    let (cursor, native, version) =
        (visible(&checkpoint.cursor), visible(&checkpoint.native), visible(&checkpoint.version));
    // Writing to a String does not fail.
    let _ = writeln!(text, "  {DIM}read up to{DIM:#}  {cursor}{value} ({native}), version {version}");
    let at = checkpoint.recorded_at.as_deref().map_or_else(|| "at a time nobody knows".to_owned(), visible);
    let _ = writeln!(text, "  {DIM}recorded{DIM:#}    {at} by run {}", visible(&checkpoint.run));
    let target = match (&checkpoint.into, checkpoint.same_target) {
        (_, Some(true)) => return text,
        (None, _) => "gone: the next run begins anew",
        (Some(_), Some(false)) => "was called otherwise when the run wrote to it: the next run begins anew",
        (Some(_), None) => "the receipt is gone that would say whether the run wrote to this table",
    };
    // As above.
    let _ = writeln!(text, "  {YELLOW}target{YELLOW:#}      {target}");
    text
}

fn run_text(run: &RecordedRun) -> String {
    let did = run.receipt.as_ref().map_or_else(
        || "its receipt cannot be read".to_owned(),
        |receipt| {
            let sum = |rows: fn(&rapidbyte_engine::RecordedStream) -> u64| receipt.streams.iter().map(rows).sum();
            let streams = plural(receipt.streams.len() as u64, "stream", "streams");
            let (read, written, rejected) =
                (sum(|stream| stream.rows_read), sum(|stream| stream.rows_written), sum(|stream| stream.rows_rejected));
            let rejected = if rejected > 0 { format!(", {} refused", count(rejected)) } else { String::new() };
            let (outcome, read) = (visible(&receipt.outcome), plural(read, "row", "rows"));
            format!("{outcome}: {streams}, {read} read, {} written{rejected}", count(written))
        },
    );
    format!("  {}  {did}\n    {DIM}run {}{DIM:#}\n", visible(&run.finished_at), visible(&run.run))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rapidbyte_engine::{RecordedReceipt, RecordedStream};

    fn checkpoint(stream: &str, into: Option<&str>, same_target: Option<bool>) -> RecordedCheckpoint {
        RecordedCheckpoint {
            stream: stream.to_owned(),
            into: into.map(str::to_owned),
            same_target,
            cursor: "updated_at".to_owned(),
            native: "timestamp with time zone".to_owned(),
            value: Some("2026-03-01 00:00:00+00".to_owned()),
            version: "745".to_owned(),
            run: "0192f3c4".to_owned(),
            recorded_at: Some("2026-03-01T12:00:00Z".to_owned()),
        }
    }

    fn past(rows_rejected: u64) -> RecordedRun {
        let stream = |stream: &str| RecordedStream {
            stream: stream.to_owned(),
            into: "raw.orders".to_owned(),
            rows_read: 1_000,
            rows_written: 1_000 - rows_rejected,
            rows_rejected,
        };
        let streams = vec![stream("public.orders"), stream("public.people")];
        RecordedRun {
            run: "0192f3c4".to_owned(),
            plan: "sha256:abab".to_owned(),
            finished_at: "2026-03-01T12:00:00Z".to_owned(),
            receipt: Some(RecordedReceipt { outcome: "done".to_owned(), streams }),
        }
    }

    fn shown(checkpoints: Vec<RecordedCheckpoint>, runs: Vec<RecordedRun>) -> String {
        let (sync, destination) = ("shop".to_owned(), "db.example.org:5432/warehouse".to_owned());
        let state = State { schema: "rapidbyte.state/1", sync, destination, checkpoints, runs };
        anstream::adapter::strip_str(&text(&state)).to_string()
    }

    #[test]
    fn checkpoints_and_runs_are_listed() {
        let empty = RecordedCheckpoint {
            cursor: "id".to_owned(),
            native: "bigint".to_owned(),
            value: None,
            ..checkpoint("public.people", Some("raw.people_old"), Some(false))
        };
        let orphan = RecordedCheckpoint { recorded_at: None, ..checkpoint("a\u{1b}[2J", Some("raw.a"), None) };
        let checkpoints = vec![
            checkpoint("public.orders", Some("raw.orders"), Some(true)),
            empty,
            checkpoint("public.gone", None, Some(false)),
            orphan,
        ];
        let unread = RecordedRun { receipt: None, ..past(0) };
        insta::assert_snapshot!(shown(checkpoints, vec![past(0), past(7), unread]), @r"
        shop at db.example.org:5432/warehouse

        public.orders → raw.orders
          read up to  updated_at = 2026-03-01 00:00:00+00 (timestamp with time zone), version 745
          recorded    2026-03-01T12:00:00Z by run 0192f3c4

        public.people → raw.people_old
          read up to  id, no value (bigint), version 745
          recorded    2026-03-01T12:00:00Z by run 0192f3c4
          target      was called otherwise when the run wrote to it: the next run begins anew

        public.gone → a table that is gone
          read up to  updated_at = 2026-03-01 00:00:00+00 (timestamp with time zone), version 745
          recorded    2026-03-01T12:00:00Z by run 0192f3c4
          target      gone: the next run begins anew

        a\u{1b}[2J → raw.a
          read up to  updated_at = 2026-03-01 00:00:00+00 (timestamp with time zone), version 745
          recorded    at a time nobody knows by run 0192f3c4
          target      the receipt is gone that would say whether the run wrote to this table

        runs, newest first
          2026-03-01T12:00:00Z  done: 2 streams, 2,000 rows read, 2,000 written
            run 0192f3c4
          2026-03-01T12:00:00Z  done: 2 streams, 2,000 rows read, 1,986 written, 14 refused
            run 0192f3c4
          2026-03-01T12:00:00Z  its receipt cannot be read
            run 0192f3c4
        ");
    }

    #[test]
    fn where_nothing_is_recorded_that_is_said() {
        insta::assert_snapshot!(shown(Vec::new(), Vec::new()), @r"
        shop at db.example.org:5432/warehouse

        no run of this sync is recorded there
        ");
        insta::assert_snapshot!(shown(Vec::new(), vec![past(0)]), @r"
        shop at db.example.org:5432/warehouse

        no checkpoint is recorded: no stream has been incremental, or each was reset

        runs, newest first
          2026-03-01T12:00:00Z  done: 2 streams, 2,000 rows read, 2,000 written
            run 0192f3c4
        ");
    }

    #[test]
    fn only_a_typed_yes_forgets() {
        assert!(consented(Some("yes")).is_ok());
        for (answer, code) in [(Some("y"), CANCELLED), (Some(""), CANCELLED), (None, DRIFT)] {
            assert_eq!(consented(answer).unwrap_err().code(), code, "{answer:?}");
        }
    }
}
