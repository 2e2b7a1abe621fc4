//! `rapidbyte demo`: the whole job on a throw-away PostgreSQL: sample tables, plan, apply, receipt, and a comparison of
//! both sides that the engine has no part in.

use super::apply;
use crate::{
    failure::{DATA, DONE, ExitCode, Failure, SOURCE, USAGE, defect},
    progress::Progress,
    receipt,
    runtime::Runtime,
    sync_file,
    ui::{GREEN, Ui},
};
use rapidbyte_plans::figures::count;
use rapidbyte_throwaway::{Options, Server, ThrowawayError};
use std::{fs, sync::Arc, time::Instant};

const EXAMPLES: &str = "\
Examples:
  rapidbyte demo
  rapidbyte demo --rows 1000000
  rapidbyte demo --keep                          # and look around with psql until Ctrl-C";

const SAMPLE: &str = include_str!("../demo/sample.sql");
const COMPARE: &str = include_str!("../demo/compare.sql");
const SYNC: &str = include_str!("../demo/sync.toml");

const SOURCE_DATABASE: &str = "demo_source";
const DESTINATION_DATABASE: &str = "demo_destination";

/// Run the whole job on a throw-away PostgreSQL with sample data
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Rows of the largest sample table
    // Ten million rows are 2 GB on disk; beyond it the sample's 32-bit arithmetic ends.
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    rows: u32,

    /// Keep the server and the sync file until Ctrl-C
    #[arg(long)]
    keep: bool,
}

pub(crate) fn run(ui: Ui, args: &Args) -> Result<ExitCode, Failure> {
    let runtime = Runtime::new()?;
    let server = Arc::new(start(ui, &runtime, args.rows)?);
    let folder = tempfile::Builder::new().prefix("rapidbyte-demo-").tempdir();
    let folder = folder.map_err(|error| Failure::new(USAGE, format!("cannot make a temporary folder: {error}")))?;
    let path = folder.path().join("sync.toml");
    let text = SYNC
        .replace("@source@", &server.url(SOURCE_DATABASE))
        .replace("@destination@", &server.url(DESTINATION_DATABASE));
    fs::write(&path, &text)
        .map_err(|error| Failure::new(USAGE, format!("cannot write {}: {error}", path.display())))?;
    ui.say(&format!("\n{}:\n\n{text}", path.display()));

    let spec = sync_file::read(&path)?;
    let engine = super::engine(ui)?;
    let plan = apply::show_plan(ui, &runtime, &engine, &spec)?;
    let receipt = apply::execute(ui, &runtime, &engine, &spec, &plan, Progress::for_ui(ui))?;
    ui.result(&receipt::text(&receipt, ui.width()))?;
    compare(ui, &runtime, &server)?;
    if args.keep {
        keep(ui, &runtime, &server, &path)?;
    }
    Ok(DONE)
}

/// A server with the sample in one database and nothing in the other.
fn start(ui: Ui, runtime: &Runtime, rows: u32) -> Result<Server, Failure> {
    ui.say("Starting a throw-away PostgreSQL …");
    let begun = Instant::now();
    let server = runtime.run_blocking(|| Ok(Server::start(&Options::default())?))?;
    ui.say(&format!("Filling the sample shop: {} rows in the largest table …", count(rows.into())));
    let server = runtime.run_blocking(move || {
        server.create_database(SOURCE_DATABASE)?;
        server.create_database(DESTINATION_DATABASE)?;
        server.psql(SOURCE_DATABASE, &["SET demo.rows = ", &rows.to_string(), ";\n", SAMPLE].concat())?;
        Ok(server)
    })?;
    ui.say(&format!("Ready after {}.", crate::number::duration(begun.elapsed())));
    Ok(server)
}

/// Asks both databases, through psql, for the count and the hashes of every table, and compares the answers.
fn compare(ui: Ui, runtime: &Runtime, server: &Arc<Server>) -> Result<(), Failure> {
    let shared = Arc::clone(server);
    let (source, destination) = runtime.run_blocking(move || {
        let ask = |database, schema| {
            shared.psql(database, &["SET search_path = ", schema, ";\nSET TIME ZONE 'UTC';\n", COMPARE].concat())
        };
        Ok((ask(SOURCE_DATABASE, "shop")?, ask(DESTINATION_DATABASE, "raw")?))
    })?;
    let tables = source.lines().count();
    let different: Vec<String> = source
        .lines()
        .filter(|line| !destination.lines().any(|other| other == *line))
        .map(|line| line.split('|').next().unwrap_or(line).to_owned())
        .collect();
    if !different.is_empty() || tables != destination.lines().count() || tables == 0 {
        return Err(Failure::new(DATA, "psql counted and hashed both sides, and they differ in").list(different));
    }
    ui.result(&format!("{GREEN}equal{GREEN:#}: psql counted and hashed every row of {tables} tables on both sides"))
}

fn keep(ui: Ui, runtime: &Runtime, server: &Server, path: &std::path::Path) -> Result<(), Failure> {
    ui.result(&format!(
        "sync file    {}\nsource       {}\ndestination  {}",
        path.display(),
        server.url(SOURCE_DATABASE),
        server.url(DESTINATION_DATABASE)
    ))?;
    ui.say("Kept until Ctrl-C.");
    runtime.wait_for_signal()
}

impl From<ThrowawayError> for Failure {
    fn from(error: ThrowawayError) -> Self {
        let code = match &error {
            // The sample's SQL is ours.
            ThrowawayError::Sql { .. } => return defect(error.to_string()),
            ThrowawayError::NotInstalled { .. }
            | ThrowawayError::Install { .. }
            | ThrowawayError::NoAccount { .. }
            | ThrowawayError::Ended { .. }
            | ThrowawayError::NotReady { .. }
            | ThrowawayError::Io { .. } => SOURCE,
        };
        let why = std::error::Error::source(&error).map(|why| format!(": {why}")).unwrap_or_default();
        Self::new(code, format!("the demo has no server: {error}{why}"))
    }
}
