//! `rapidbyte show`: renders a saved plan, also one that no longer holds, and says whether it does.

use super::plan::PlanFormat;
use crate::{
    failure::{DONE, ExitCode, Failure},
    plan_file,
    runtime::Runtime,
    ui::Ui,
};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  rapidbyte show plan.json
  rapidbyte show plan.json --format markdown
  rapidbyte show plan.json --check          # 0: it holds, 3: something moved, and what";

/// Show a saved plan, and say whether it still holds
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The saved plan
    #[arg(value_name = "PLAN.json")]
    plan: PathBuf,

    /// Look at both servers whether the plan still holds: ends with 3, and what moved, where it does not
    #[arg(long)]
    check: bool,

    /// Where the plan's sync file is, if it has moved; for --check
    #[arg(long, value_name = "SYNC.toml", requires = "check")]
    sync_file: Option<PathBuf>,

    /// How to print the plan
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: PlanFormat,
}

pub(crate) fn run(ui: Ui, args: &Args) -> Result<ExitCode, Failure> {
    let plan = plan_file::read(&args.plan)?;
    ui.result(&args.format.shown(&plan, ui))?;
    if args.check {
        let spec = plan_file::spec_of(&plan, &args.plan, args.sync_file.as_deref())?;
        let engine = super::engine(ui)?;
        Runtime::new()?.run(async { Ok(engine.holds(&spec, &plan).await?) })?;
        ui.say("the plan holds: nothing that it rests on has moved");
    }
    Ok(DONE)
}
