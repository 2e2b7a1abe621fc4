//! `cargo xtask bench`: what Rapidbyte costs beside other ways to do the same, in turns, on a server with everything logged
//! and fsync on. What arrived is compared every time: a benchmark that never compares content measures nothing.

mod chart;
mod compare;
mod decision;
mod goals;
mod ground;
mod machine;
mod matrix;
mod mode;
mod network;
mod peers;
mod profile;
mod record;
mod report;
mod runner;
mod sandbox;
mod spread;
mod trial;
mod upsert;
mod verdict;
mod versus;
mod ways;
mod wish;
mod workload;

use crate::{faultless, process, setup};
use anyhow::{Context, Result, ensure};
use record::Recorder;
use runner::Session;
use std::{fs, path::PathBuf};
use wish::Wish;

pub(crate) const USAGE: &str = "\
cargo xtask bench [NAME]         rapidbyte against others, one workload: --rows N, --repetitions N, --vs psql,pgcopydb,…
cargo xtask bench goals          the table of goals: --scale 0.1 or --rows N, --only NAME,…, --repetitions N
cargo xtask bench upsert         both ways of an upsert at three sizes, and whether the plan chose the faster
cargo xtask bench matrix         1K to 10M rows by INSERT, COPY, upsert by none, lz4, zstd: --rows N is the largest size,
                                 --megabits N what a slow network before the source carries in a second
cargo xtask bench compare A B [ROWS]   two commits; fails where one is worse, as far as the spreads allow to say so
cargo xtask bench profile ROWS copy|insert|upsert   for the Firefox Profiler: --with samply or --with perf
cargo xtask bench sandbox        sandboxed against native connectors: takes what goals takes
cargo xtask bench table FILE     what a file of results says
cargo xtask bench chart FILE     the same as a chart, SVG: --out FILE.svg

What measures takes --out FILE.jsonl and --repetitions N. docs/benchmarks.md says what is measured and how.
";

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let (name, rest) = arguments.split_first().map_or(("", arguments), |(name, rest)| (name.as_str(), rest));
    match name {
        "goals" => goals::run(rest),
        "upsert" => upsert::run(rest),
        "matrix" => matrix::run(rest),
        "compare" => compare::run(rest),
        "profile" => profile::run(rest),
        "table" => report::table(rest),
        "chart" => report::draw(rest),
        "sandbox" => goals::run(&[&["--only".to_owned(), "sandbox".to_owned()], rest].concat()),
        "help" | "--help" => {
            print!("{USAGE}");
            Ok(())
        }
        _ => versus::run(arguments),
    }
}

/// Builds what is measured and opens the file of results.
fn session(bench: &str, wish: &Wish, repetitions: u32) -> Result<Session> {
    setup::all()?;
    let recorder = Recorder::open(bench, wish.out.as_deref())?;
    Ok(Session { binary: build()?, recorder, repetitions: wish.repetitions.unwrap_or(repetitions) })
}

/// A release build of the tree as it is, without fault points.
fn build() -> Result<PathBuf> {
    process::run(process::cargo().args(["build", "--release", "--package", "rapidbyte"]))?;
    let path = process::target_dir().join("release/rapidbyte");
    let binary = fs::read(&path).context("cannot read what was built")?;
    ensure!(!faultless::is_marked(&binary), "the release binary has fault points");
    Ok(path)
}

/// A folder of the benches' own, which `cargo clean` removes.
fn folder(name: &str) -> Result<PathBuf> {
    let path = process::target_dir().join("bench").join(name);
    fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
    Ok(path)
}
