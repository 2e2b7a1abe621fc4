//! `rapidbyte check`: the sync file alone, then both ends: connections, privileges, versions. Says every finding.

use crate::{
    failure::{self, DONE, ExitCode, Failure},
    runtime::Runtime,
    sync_file,
    ui::{GREEN, RED, Ui, YELLOW},
};
use rapidbyte_engine::{EndFindings, Finding, Severity};
use rapidbyte_plans::{figures::plural, name::visible};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  rapidbyte check sync.toml
  rapidbyte check sync.toml --offline";

/// Check the sync file, both connections, privileges and versions
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The sync file
    #[arg(value_name = "SYNC.toml")]
    sync: PathBuf,

    /// Check the file alone, connect to nothing
    #[arg(long)]
    offline: bool,
}

pub(crate) fn run(ui: Ui, args: &Args) -> Result<ExitCode, Failure> {
    let spec = sync_file::read(&args.sync)?;
    let entries = plural(spec.streams.len() as u64, "stream entry", "stream entries");
    ui.result(&format!("{GREEN}ok{GREEN:#}       {}: no mistakes, {entries}", args.sync.display()))?;
    if args.offline {
        return Ok(DONE);
    }
    let engine = super::engine(ui)?;
    let ends = Runtime::new()?.run(async { Ok(engine.check(&spec).await) })?;
    for end in &ends {
        for finding in &end.findings {
            ui.result(&line(end, finding))?;
        }
    }
    failure::of_findings(ends).map_or(Ok(DONE), Err)
}

fn line(end: &EndFindings, finding: &Finding) -> String {
    let mark = match finding.severity {
        Severity::Ok => format!("{GREEN}ok{GREEN:#}     "),
        Severity::Warning => format!("{YELLOW}warning{YELLOW:#}"),
        Severity::Failure => format!("{RED}failure{RED:#}"),
    };
    let text = format!("{mark}  {}: {}: {}", end.side, visible(&finding.subject), visible(&finding.message));
    match &finding.advice {
        Some(advice) => format!("{text}\n         {}", visible(advice)),
        None => text,
    }
}
