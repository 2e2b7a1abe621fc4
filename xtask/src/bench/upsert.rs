//! `cargo xtask bench upsert`: an upsert of which half is new, by both ways of writing and by hand, in turns, at several
//! sizes; and whether the plan's own choice is the faster one.

use super::{
    ground::{Ground, TARGET},
    runner::Measured,
    spread::Spread,
    trial::{Contender, Start, Trial, Way},
    verdict::Measure,
    versus::summary,
    wish::Wish,
    workload::UPSERT,
};
use crate::process;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::{fs, path::Path, process::Command};

/// Below a batch, some batches, many.
const SIZES: [u32; 3] = [1_000, 100_000, 1_000_000];

const REPETITIONS: u32 = 5;

/// The two ways, by the wish that asks for each and by the word that a plan has for it.
const WAYS: [(&str, &str); 2] = [("copy", "COPY and a merge"), ("upsert", "INSERT ON CONFLICT")];

pub(super) fn run(arguments: &[String]) -> Result<()> {
    let wish = Wish::read(arguments, &["rows", "repetitions", "out"])?;
    wish.at_most_words(0)?;
    let mut session = super::session("upsert", &wish, REPETITIONS)?;
    for rows in wish.rows.map_or(SIZES.to_vec(), |rows| vec![rows]) {
        let mut contenders: Vec<Contender> = WAYS.iter().map(|(wish, name)| way(wish, name, rows)).collect();
        contenders.push(Contender::new("psql merge", Way::PipeMerge, &UPSERT, rows, Start::Filled));
        let measured = session.run(&Trial::new("upsert", contenders))?;
        let broken = measured.iter().find(|one| one.missing.is_some());
        ensure!(broken.is_none(), "{} must not fail", broken.map_or("", |one| &one.name));
        print!("\n{}{}", summary(&measured), verdict(&measured, chosen(&session.binary, rows)?));
    }
    println!("results: {}", session.recorder.path().display());
    Ok(())
}

fn way(wish: &str, name: &str, rows: u32) -> Contender {
    let stream = format!("write = \"upsert\"\nstrategy = \"{wish}\"\n");
    Contender { start: Start::Filled, ..Contender::apply(name, &stream, &UPSERT, rows) }
}

/// Which of [`WAYS`] the plan chooses by itself.
fn chosen(binary: &Path, rows: u32) -> Result<usize> {
    let ground = Ground::start()?;
    let source = ground.source(&UPSERT, rows)?;
    ground.renew(&ground.template(&way("auto", "auto", rows))?)?;
    let end = |name, database| format!("[{name}]\nuse = \"postgres\"\nurl = \"{}\"\n\n", ground.server.url(database));
    let ends = [end("source", &source.database), end("destination", TARGET)].concat();
    let sync = ground.folder().join("auto.toml");
    let text = format!("version = 1\nname = \"bench\"\n\n{ends}[[stream]]\n{}write = \"upsert\"\n", UPSERT.stream);
    fs::write(&sync, text).with_context(|| format!("cannot write {}", sync.display()))?;
    let printed = process::output(Command::new(binary).arg("plan").arg(sync).args(["--format", "json"]))?;
    let plan: Value = serde_json::from_str(&printed).context("the plan is not JSON")?;
    let strategy = plan["streams"][0]["write"]["strategy"].as_str().context("the plan has no strategy")?;
    let at = WAYS.iter().position(|(way, _)| *way == strategy);
    at.with_context(|| format!("the plan chose {strategy:?}, which was not measured"))
}

/// Whether the choice was right; where the spreads overlap nobody can tell.
fn verdict(measured: &[Measured], at: usize) -> String {
    let wall = |at: usize| Spread::of(measured[at].runs.iter().filter_map(|run| Measure::Wall.of(run)));
    let Some((own, other)) = wall(at).zip(wall(1 - at)) else { return "nothing was measured\n".to_owned() };
    let word = if own.median <= other.median {
        "the faster one"
    } else if other.is_below(&own) {
        "the slower one"
    } else {
        "the slower one by the median, within the spread"
    };
    format!("the plan chooses {}: {word}\n\n", WAYS[at].1)
}
