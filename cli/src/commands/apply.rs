//! `rapidbyte apply`: shows the plan, asks where somebody can answer, runs it and prints the receipt.

use crate::{
    failure::{CANCELLED, DONE, DRIFT, ExitCode, Failure, USAGE, refused_plan},
    plan_file::{self, Input},
    progress::{Progress, Watch},
    receipt,
    runtime::Runtime,
    sync_file, timings,
    ui::Ui,
};
use clap::ValueEnum;
use rapidbyte_engine::{CancelToken, Engine, Receipt, RunOptions};
use rapidbyte_plans::{
    name::visible,
    plan::Plan,
    render::{self, Style},
    spec::Spec,
};
use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
};

const EXAMPLES: &str = "\
Examples:
  rapidbyte apply sync.toml
  rapidbyte apply plan.json             # what was reviewed, or nothing
  rapidbyte apply sync.toml --yes --report receipt.json
  rapidbyte apply sync.toml --allow-destructive --events ndjson 2> events.ndjson";

/// Show the plan, run it and print the receipt
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
#[allow(clippy::struct_excessive_bools)] // flags
pub(crate) struct Args {
    /// The sync file, or a saved plan: that one was reviewed, and nothing is asked
    #[arg(value_name = "SYNC.toml|PLAN.json")]
    input: PathBuf,

    /// Where a saved plan's sync file is, if it has moved
    #[arg(long, value_name = "SYNC.toml")]
    sync_file: Option<PathBuf>,

    /// Do not ask; without a terminal nothing is asked anyway
    #[arg(long, short)]
    yes: bool,

    /// Allow what takes away objects or rows that Rapidbyte did not put there
    #[arg(long)]
    allow_destructive: bool,

    /// Write the receipt as JSON
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,

    /// Show where the time went, after the receipt
    #[arg(long)]
    timings: bool,

    /// Write events to stderr, one JSON object a line, in place of words
    #[arg(long, value_name = "FORMAT")]
    pub(crate) events: Option<EventFormat>,

    /// Say nothing while rows move
    #[arg(long)]
    no_progress: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EventFormat {
    Ndjson,
}

pub(crate) fn run(ui: Ui, args: &Args) -> Result<ExitCode, Failure> {
    let input = plan_file::input(&args.input, args.sync_file.as_deref())?;
    let report =
        args.report.as_deref().map(|path| Report::open(path, &[&args.input, input.sync_file()])).transpose()?;
    let (runtime, engine) = (Runtime::new()?, super::engine(ui)?);
    let (plan, spec) = match input {
        Input::Sync(spec) => {
            let plan = show_plan(ui, &runtime, &engine, &spec)?;
            must_consent(ui, &runtime, &plan, args)?;
            (plan, *spec)
        }
        Input::Plan(saved) => {
            saved_plan(ui, &runtime, &engine, &saved, args)?;
            *saved
        }
    };
    let progress = if args.no_progress { Progress::Off } else { Progress::for_ui(ui) };
    let receipt = execute(ui, &runtime, &engine, &spec, &plan, progress)?;
    // The result first: the rows are there, whatever becomes of the report.
    ui.result(&receipt::text(&receipt, ui.width()))?;
    if args.timings {
        ui.result(&format!("\n{}", timings::text(&receipt)))?;
    }
    if let Some(report) = report {
        report.write(&receipt.json())?;
    }
    warn_of_refused(ui, &receipt);
    Ok(DONE)
}

/// A run whose refused rows are within the bound has done what was asked for: its exit code says so, and this says the rest.
fn warn_of_refused(ui: Ui, receipt: &Receipt) {
    for stream in &receipt.streams {
        if let Some(refused) = receipt::refused(stream) {
            ui.say(&format!("warning: {}: {refused}", visible(&stream.stream)));
        }
    }
}

/// Plans, and shows the plan as a part of the conversation: the result of apply is its receipt.
pub(super) fn show_plan(ui: Ui, runtime: &Runtime, engine: &Engine, spec: &Spec) -> Result<Plan, Failure> {
    let plan = runtime.run(async { Ok(engine.plan(spec).await?) })?;
    ui.say(&render::text(&plan, ui.width(), Style::Ansi));
    ui.say("");
    super::plan::can_run(&plan)?;
    Ok(plan)
}

/// A saved plan was reviewed: it is not asked about, but it must hold, and what destroys must be allowed all the same.
fn saved_plan(ui: Ui, runtime: &Runtime, engine: &Engine, saved: &(Plan, Spec), args: &Args) -> Result<(), Failure> {
    let (plan, spec) = saved;
    if plan.is_refused() {
        return Err(refused_plan(plan));
    }
    if plan.is_destructive() && !args.allow_destructive {
        return Err(not_allowed(plan));
    }
    runtime.run(async { Ok(engine.holds(spec, plan).await?) })?;
    // One that was edited does not hold: only now is what is unsound a defect.
    super::plan::can_run(plan)?;
    ui.say(&format!("the plan holds: {}", plan.digest()));
    Ok(())
}

/// Runs the plan while progress is shown, and stops in order on the first signal.
pub(super) fn execute(
    ui: Ui,
    runtime: &Runtime,
    engine: &Engine,
    spec: &Spec,
    plan: &Plan,
    progress: Progress,
) -> Result<Receipt, Failure> {
    let cancel = CancelToken::new();
    let watch = Watch::new(ui, progress);
    let options = RunOptions { events: watch.listener(), cancel: cancel.clone() };
    let notice = |signal| watch.say(&format!("{signal}: stopping in order; a second one stops at once"));
    let outcome = runtime.run_until_cancelled(&cancel, notice, async { Ok(engine.apply(spec, plan, options).await?) });
    watch.close();
    if progress != Progress::Off {
        ui.say("");
    }
    outcome
}

/// Whether a plan may run.
#[derive(Debug, PartialEq, Eq)]
enum Consent {
    Given,
    Declined,
    /// It destroys something, and nobody said that it may.
    NotAllowed,
}

/// A plan that destroys needs the flag or a typed yes, also after `--yes`; any other is asked about only where somebody
/// can answer and did not say `--yes`. `ask` gives none where nobody can.
fn consent<E>(
    is_destructive: bool,
    args: &Args,
    ask: impl FnOnce(&'static str) -> Result<Option<String>, E>,
) -> Result<Consent, E> {
    if is_destructive && !args.allow_destructive {
        let answer = ask("This destroys what Rapidbyte did not put there. Type yes to go on:")?;
        return Ok(if answer.as_deref() == Some("yes") { Consent::Given } else { Consent::NotAllowed });
    }
    if args.yes {
        return Ok(Consent::Given);
    }
    Ok(match ask("Apply? [y/N]")?.as_deref() {
        None | Some("y" | "Y" | "yes") => Consent::Given,
        Some(_) => Consent::Declined,
    })
}

fn must_consent(ui: Ui, runtime: &Runtime, plan: &Plan, args: &Args) -> Result<(), Failure> {
    // The runtime has taken over the signals, so it is the one to wait: Ctrl-C must end a question.
    let ask = |question| runtime.run_blocking(move || Ok(ui.ask(question)));
    match consent(plan.is_destructive(), args, ask)? {
        Consent::Given => Ok(()),
        Consent::Declined => {
            Err(Failure::new(CANCELLED, "not applied: the answer was no").advise("nothing was changed"))
        }
        Consent::NotAllowed => Err(not_allowed(plan)),
    }
}

fn not_allowed(plan: &Plan) -> Failure {
    let destroyed = plan.streams().iter().filter_map(|stream| {
        let destroys = stream.destroys.as_ref()?;
        Some(format!("{}: {}", visible(&stream.stream), visible(destroys)))
    });
    Failure::new(DRIFT, "the plan destroys what Rapidbyte did not put there, which was not allowed")
        .list(destroyed)
        .advise("nothing was changed; pass --allow-destructive, or type yes when asked, if that may go")
}

/// The receipt's file, opened before anything runs: a run whose report cannot be kept should not begin.
struct Report {
    path: PathBuf,
    file: File,
    /// It was not there before, so a run that fails leaves no empty file.
    is_new: bool,
    is_written: bool,
}

impl Report {
    /// `read` are the files of this command.
    fn open(path: &Path, read: &[&Path]) -> Result<Self, Failure> {
        read.iter().try_for_each(|read| sync_file::keep(read, path))?;
        let is_new = !path.exists();
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(path);
        let file = file.map_err(|error| Self::failure(path, &error))?;
        Ok(Self { path: path.to_owned(), file, is_new, is_written: false })
    }

    fn write(mut self, json: &str) -> Result<(), Failure> {
        self.is_written = true;
        let written = self.file.set_len(0).and_then(|()| writeln!(self.file, "{json}"));
        written.map_err(|error| Self::failure(&self.path, &error))
    }

    fn failure(path: &Path, error: &std::io::Error) -> Failure {
        Failure::new(USAGE, format!("cannot write the report to {}: {error}", path.display()))
            .advise("name a file in a folder that you may write to")
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        if self.is_new && !self.is_written {
            // An empty file that stays is ugly, nothing worse.
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn consents(flags: &str, is_destructive: bool, answer: Option<&str>) -> Consent {
        let args = Args {
            input: PathBuf::from("sync.toml"),
            sync_file: None,
            yes: flags.contains("yes"),
            allow_destructive: flags.contains("allow"),
            report: None,
            events: None,
            no_progress: false,
            timings: false,
        };
        consent::<()>(is_destructive, &args, |_| Ok(answer.map(str::to_owned))).unwrap()
    }

    #[test]
    fn without_a_terminal_only_what_destroys_is_held_back() {
        assert_eq!(consents("", false, None), Consent::Given);
        for flags in ["", "yes"] {
            assert_eq!(consents(flags, true, None), Consent::NotAllowed, "{flags}");
        }
    }

    #[test]
    fn the_flag_allows_and_still_asks_whether_to_begin() {
        assert_eq!(consents("allow yes", true, None), Consent::Given);
        assert_eq!(consents("allow", true, Some("y")), Consent::Given);
        assert_eq!(consents("allow", true, Some("")), Consent::Declined);
    }

    #[test]
    fn a_typed_yes_allows_and_a_y_does_not() {
        assert_eq!(consents("yes", true, Some("yes")), Consent::Given);
        assert_eq!(consents("yes", true, Some("y")), Consent::NotAllowed);
        assert_eq!(consents("", true, Some("")), Consent::NotAllowed);
    }

    #[test]
    fn anything_but_yes_declines() {
        assert_eq!(consents("", false, Some("y")), Consent::Given);
        for answer in ["", "n", "yep"] {
            assert_eq!(consents("", false, Some(answer)), Consent::Declined, "{answer}");
        }
        assert_eq!(consents("yes", false, Some("n")), Consent::Given);
    }
}
