//! `rapidbyte completions`: the script that teaches a shell the commands and flags.

use crate::{
    arguments::Arguments,
    failure::{DONE, ExitCode, Failure},
    ui::Ui,
};
use clap::CommandFactory;
use clap_complete::Shell;

const EXAMPLES: &str = "\
Examples:
  rapidbyte completions bash > ~/.local/share/bash-completion/completions/rapidbyte
  rapidbyte completions zsh > \"${fpath[1]}/_rapidbyte\"
  rapidbyte completions fish > ~/.config/fish/completions/rapidbyte.fish";

/// Print a completion script for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The shell to print the script for
    shell: Shell,
}

pub(crate) fn run(ui: Ui, args: &Args) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Arguments::command(), "rapidbyte", &mut script);
    ui.result(&String::from_utf8_lossy(&script))?;
    Ok(DONE)
}
