//! One file per verb: its arguments, its examples and what it does. A command returns its result's exit code or a
//! [`Failure`]; it never ends the process itself.

pub(crate) mod apply;
mod check;
mod completions;
mod connectors;
mod demo;
mod discover;
mod init;
mod plan;
mod show;
mod state;
mod verify;

use crate::{
    arguments::Arguments,
    failure::{ExitCode, Failure},
    progress::{Progress, Watch},
    surroundings,
    ui::Ui,
};
use clap::{Subcommand, ValueEnum};
use rapidbyte_engine::{Engine, EngineOptions, FAULT_VARIABLE};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Plan(plan::Args),
    Apply(apply::Args),
    Show(show::Args),
    Check(check::Args),
    Verify(verify::Args),
    State(state::Args),
    Discover(discover::Args),
    Connectors(connectors::Args),
    Init(init::Args),
    Demo(demo::Args),
    Completions(completions::Args),
}

/// How a result is written that people and programs may want.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
}

/// Runs the command that was asked for.
pub(crate) fn run(ui: Ui, arguments: Arguments) -> Result<ExitCode, Failure> {
    match arguments.command {
        Command::Plan(args) => plan::run(ui, &args),
        Command::Apply(args) => apply::run(ui, &args),
        Command::Show(args) => show::run(ui, &args),
        Command::Check(args) => check::run(ui, &args),
        Command::Verify(args) => verify::run(ui, &args),
        Command::State(args) => state::run(ui, &args),
        Command::Discover(args) => discover::run(ui, &args),
        Command::Connectors(args) => connectors::run(ui, &args),
        Command::Init(args) => init::run(ui, &args),
        Command::Demo(args) => demo::run(ui, &args),
        Command::Completions(args) => completions::run(ui, &args),
    }
}

/// The engine, for those commands that need one.
fn engine(ui: Ui) -> Result<Engine, Failure> {
    // What is said outside of a run has no progress to show.
    let events = Watch::new(ui, Progress::Off).listener();
    let fault = FAULT_VARIABLE.and_then(surroundings::variable);
    let options = EngineOptions { cache_dir: surroundings::cache_dir(), events, fault, ..EngineOptions::default() };
    Ok(Engine::new(options)?)
}
