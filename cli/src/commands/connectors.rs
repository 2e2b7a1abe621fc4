//! `rapidbyte connectors`: which connectors there are, what they are and what they ask for.

use super::Format;
use crate::{
    failure::{DONE, ExitCode, Failure},
    runtime::Runtime,
    ui::{BOLD, DIM, Ui},
};
use rapidbyte_engine::ConnectorDescription;
use rapidbyte_plans::name::visible;
use std::fmt::Write;

const EXAMPLES: &str = "\
Examples:
  rapidbyte connectors
  rapidbyte connectors --format json";

/// List the built-in connectors: role, digest, settings, permissions they ask for
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// How to print them
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

pub(crate) fn run(ui: Ui, args: &Args) -> Result<ExitCode, Failure> {
    let engine = super::engine(ui)?;
    let connectors = Runtime::new()?.run(async { Ok(engine.connectors().await?) })?;
    ui.result(&match args.format {
        Format::Text => connectors.iter().map(text).collect::<Vec<_>>().join("\n"),
        Format::Json => {
            format!("{:#}", serde_json::json!({ "schema": "rapidbyte.connectors/1", "connectors": connectors }))
        }
    })?;
    Ok(DONE)
}

fn text(connector: &ConnectorDescription) -> String {
    let mut text = format!(
        "{BOLD}{}{BOLD:#} {} {}\n  {}\n  {DIM}sha256:{}{DIM:#}\n  asks for\n",
        visible(&connector.name),
        connector.side,
        visible(&connector.version),
        visible(&connector.summary),
        connector.sha256
    );
    // Writing to a String does not fail.
    for permission in &connector.permissions {
        let _ = writeln!(text, "    {}", visible(permission));
    }
    let _ = writeln!(text, "  settings");
    let width = connector.settings.iter().map(|setting| setting.name.chars().count()).max().unwrap_or(0);
    for setting in &connector.settings {
        let required = if setting.required { " (required)" } else { "" };
        let secret = if setting.secret { " (secret)" } else { "" };
        let _ =
            writeln!(text, "    {:width$}  {}{required}{secret}", visible(&setting.name), visible(&setting.summary));
    }
    text
}
