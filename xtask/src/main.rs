//! `cargo xtask CHORE`: every chore of the project, one command each, for people and CI alike. Only words on the command
//! line are read here; each chore is a module. Nothing of the product may depend on this crate.
#![allow(clippy::print_stdout, clippy::print_stderr)] // a chore talks to whoever runs it

mod bench;
mod deny;
mod faultless;
mod imports;
mod licences;
mod lint;
mod measure;
mod metadata;
mod process;
mod setup;
mod suite;
mod tidy;

use anyhow::{Result, bail};
use std::{env, process::ExitCode};

const USAGE: &str = "\
cargo xtask CHORE

  setup            the wasm32-wasip2 target and a PostgreSQL server, where they are missing
  demo [ARGS]      builds rapidbyte and runs `rapidbyte demo ARGS`
  test [ARGS]      sets up, then runs every test; ARGS go to the test runner
  lint             format, clippy for host and guests, house rules, licences
  bench [ARGS]     rapidbyte against other ways to do the same; `cargo xtask bench help` lists the benches
  faults [ARGS]    breaks runs in every way of the table and compares what is left; --seed N, --only F3,F5,
                   --cells upsert/incremental, --runs N of each cell, --part 1/4 of all runs, --jobs N (2); --bugs plants
                   known mistakes, each of which must be found
";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match chore(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn chore(arguments: &[String]) -> Result<()> {
    let Some((name, rest)) = arguments.split_first() else { bail!("no chore named\n\n{USAGE}") };
    match name.as_str() {
        "setup" => setup::all(),
        "demo" => demo(rest),
        "test" => suite::run(rest),
        "lint" => lint::run(),
        "bench" => bench::run(rest),
        "faults" => faults(rest),
        measure::CHORE => measure::run(rest),
        "help" | "--help" | "-h" => {
            print!("{USAGE}");
            Ok(())
        }
        unknown => bail!("there is no chore {unknown:?}\n\n{USAGE}"),
    }
}

/// The whole table of tests/faults; a part of it is among the tests.
fn faults(arguments: &[String]) -> Result<()> {
    setup::all()?;
    // As the tests are built: one package by itself would have its dependencies built once more, with fewer features.
    let table = ["test", "--quiet", "--workspace", "--test", "faults", "--", "table"];
    process::run(process::cargo().args(table).args(arguments))
}

/// Builds as the tests are built, in the dev profile and with the features of their dependencies: whoever tries the demo and then
/// the tests, or the other way round, waits for one build of all that both stand on, and not for two.
fn demo(arguments: &[String]) -> Result<()> {
    setup::all()?;
    process::run(process::cargo().args(["test", "--quiet", "--test", "golden", "--no-run"]))?;
    let rapidbyte = process::target_dir().join("debug").join("rapidbyte");
    process::run(process::program(&rapidbyte.to_string_lossy()).arg("demo").args(arguments))
}
