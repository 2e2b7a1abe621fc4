//! The command line's global part: what every command shares. What a command takes alone stands in its own file.

use crate::commands::Command;
use clap::{Args, Parser, ValueEnum};

const EXAMPLES: &str = "\
Examples:
  rapidbyte demo                       the whole job on a throw-away PostgreSQL
  rapidbyte init                       write a commented sync.toml
  rapidbyte plan sync.toml             see what would happen; nothing changes
  rapidbyte apply sync.toml            do it

Exit codes: 0 done · 1 a defect · 2 usage or sync file · 3 drift, not allowed, or another run
4 source · 5 destination · 6 data · 7 cancelled or over its time · 8 something to apply, for plan";

/// Plan and apply database syncs that prove they lost nothing
#[derive(Debug, Parser)]
#[command(name = "rapidbyte", version, max_term_width = 100, after_help = EXAMPLES, disable_help_subcommand = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) global: Global,
}

/// What holds for every command.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// The least important messages of the run to show
    #[arg(long, global = true, value_name = "LEVEL", env = "RAPIDBYTE_LOG", default_value = "warn")]
    #[arg(hide_env_values = true)]
    pub(crate) log_level: LogLevel,

    /// When to use colour; auto obeys `NO_COLOR`
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,

    /// Say nothing but results, questions and errors
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
}

/// Most important first, so that a message is shown where its level is at most the wanted one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// When output is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

/// Parses the process's arguments. Help, version and mistakes end the process here: with 0, 0 and 2.
pub(crate) fn parse() -> Arguments {
    Arguments::parse()
}
