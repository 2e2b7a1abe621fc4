//! `rapidbyte plan`: shows what apply would do, and changes nothing anywhere.

use crate::{
    failure::{DONE, ExitCode, Failure, SOMETHING_TO_APPLY, USAGE, refused_plan, unsound_plan},
    runtime::Runtime,
    sync_file,
    ui::Ui,
};
use rapidbyte_plans::{
    lint,
    plan::Plan,
    render::{self, Style},
};
use std::{
    fs,
    path::{Path, PathBuf},
};

const EXAMPLES: &str = "\
Examples:
  rapidbyte plan sync.toml
  rapidbyte plan sync.toml --out plan.json
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

    /// Save the plan as JSON; it holds no secret
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// How to print the plan; markdown is a comment for a pull request
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: PlanFormat,

    /// End with 8 instead of 0 where there is something to apply
    #[arg(long)]
    detailed_exitcode: bool,
}

/// How a plan is written: as every result, or as a comment for those who review it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum PlanFormat {
    Text,
    Json,
    Markdown,
}

pub(crate) fn run(ui: Ui, args: &Args) -> Result<ExitCode, Failure> {
    let spec = sync_file::read(&args.sync)?;
    let engine = super::engine(ui)?;
    let plan = Runtime::new()?.run(async { Ok(engine.plan(&spec).await?) })?;
    ui.result(&match args.format {
        PlanFormat::Text => render::text(&plan, ui.width(), Style::Ansi),
        PlanFormat::Json => plan.to_json(),
        PlanFormat::Markdown => render::markdown(&plan),
    })?;
    can_run(&plan)?;
    if let Some(path) = &args.out {
        save(path, &plan)?;
        ui.say(&format!("saved to {}", path.display()));
    }
    let something = args.detailed_exitcode && !plan.streams().is_empty();
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

fn save(path: &Path, plan: &Plan) -> Result<(), Failure> {
    fs::write(path, plan.to_json()).map_err(|error| {
        Failure::new(USAGE, format!("cannot save the plan to {}: {error}", path.display()))
            .advise("name a file in a folder that you may write to")
    })
}
