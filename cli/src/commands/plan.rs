//! `rapidbyte plan`: shows what apply would do, and changes nothing anywhere.

use crate::{
    failure::{DONE, ExitCode, Failure, SOMETHING_TO_APPLY, refused_plan, unsound_plan},
    plan_file,
    runtime::Runtime,
    sync_file,
    ui::Ui,
};
use clap::ValueEnum;
use rapidbyte_plans::{
    lint,
    plan::Plan,
    render::{self, Style},
    spec,
};
use std::{path::PathBuf, time::Duration};

const EXAMPLES: &str = "\
Examples:
  rapidbyte plan sync.toml
  rapidbyte plan sync.toml --out plan.json       # then: rapidbyte apply plan.json
  rapidbyte plan sync.toml --out plan.json --valid-for 2h
  rapidbyte plan sync.toml --format json | jq .streams
  rapidbyte plan sync.toml --format markdown | gh pr comment --body-file -
  rapidbyte plan sync.toml --detailed-exitcode   # 8: there is something to apply";

/// Show what apply would do; changes nothing anywhere
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The sync file
    #[arg(value_name = "SYNC.toml")]
    sync: PathBuf,

    /// Save the plan as JSON, for `rapidbyte apply`; it holds no secret
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// How long the saved plan may be applied, as in 90s, 30m, 2h or 7d; for ever unless told
    #[arg(long, value_name = "TIME", requires = "out", value_parser = duration)]
    valid_for: Option<Duration>,

    /// How to print the plan; markdown is a comment for a pull request
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: PlanFormat,

    /// End with 8 instead of 0 where there is something to apply
    #[arg(long)]
    detailed_exitcode: bool,
}

/// How a plan is written: as every result, or as a comment for those who review it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlanFormat {
    Text,
    Json,
    Markdown,
}

impl PlanFormat {
    /// The plan so written.
    pub(super) fn shown(self, plan: &Plan, ui: Ui) -> String {
        match self {
            Self::Text => render::text(plan, ui.width(), Style::Ansi),
            Self::Json => plan.to_json(),
            Self::Markdown => render::markdown(plan),
        }
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let secs = spec::duration_secs(text).filter(|secs| *secs > 0);
    secs.map(Duration::from_secs).ok_or_else(|| "a whole number and a unit: s, m, h or d, as in 30m".to_owned())
}

pub(crate) fn run(ui: Ui, args: &Args) -> Result<ExitCode, Failure> {
    let spec = sync_file::read(&args.sync)?;
    if let Some(path) = &args.out {
        sync_file::keep(&args.sync, path)?;
    }
    let engine = super::engine(ui)?;
    let mut plan = Runtime::new()?.run(async { Ok(engine.plan(&spec).await?) })?;
    let sound = can_run(&plan);
    // Only what may be applied is saved, and the plan that is shown is the one that was saved.
    if let (Ok(()), Some(path)) = (&sound, &args.out) {
        plan = plan_file::write(path, plan, &args.sync, args.valid_for)?;
    }
    ui.result(&args.format.shown(&plan, ui))?;
    sound?;
    if let Some(path) = &args.out {
        ui.say(&format!("saved to {}: {}", path.display(), plan.digest()));
    }
    let something = args.detailed_exitcode && plan.has_changes();
    Ok(if something { SOMETHING_TO_APPLY } else { DONE })
}

/// Nothing stands in the way of the plan, and a second look, which knows nothing of how it was made, finds it sound.
pub(super) fn can_run(plan: &Plan) -> Result<(), Failure> {
    if plan.is_refused() {
        return Err(refused_plan(plan));
    }
    let findings = lint::lint(plan);
    if findings.is_empty() { Ok(()) } else { Err(unsound_plan(&findings)) }
}
