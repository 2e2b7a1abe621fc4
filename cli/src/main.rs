//! The program `rapidbyte`: parses the command line, runs one command, ends with a documented exit code. This crate alone
//! prints, asks, exits and reads the environment; what a sync means and how it runs is decided in `plans` and `engine`.

mod arguments;
mod commands;
mod failure;
mod number;
mod panic;
mod plan_file;
mod progress;
mod receipt;
mod runtime;
mod surroundings;
mod sync_file;
mod timings;
mod ui;

fn main() -> std::process::ExitCode {
    panic::install_hook();
    let arguments = arguments::parse();
    let ui = ui::Ui::new(&arguments);
    match commands::run(ui, arguments) {
        Ok(code) => code.into(),
        Err(failure) => ui.fail(&failure),
    }
}
