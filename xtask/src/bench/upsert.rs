//! `cargo xtask bench upsert`: an upsert onto a table that holds half of the rows, by both ways of writing, in turns, at
//! several sizes; and whether the plan's own choice is the faster one. What arrived is compared every time.

use super::{CONTENT, TABLE, Variant, Wish, fill, once, options, spread, summary, sync_file};
use crate::process;
use anyhow::{Context, Result, ensure};
use rapidbyte_throwaway::Server;
use serde_json::Value;
use std::{fs, path::Path, process::Command};

/// Below a batch, some batches, many.
const SIZES: [u32; 3] = [1_000, 100_000, 1_000_000];

/// The table of the destination before each run: every second row, with another amount.
const HALF: &str = "DROP TABLE IF EXISTS half; CREATE TABLE half AS SELECT * FROM bench_events WHERE id % 2 = 0; \
                    UPDATE half SET amount = 0";
const BEFORE: &str = "INSERT INTO bench_events SELECT * FROM half; VACUUM ANALYZE bench_events";

/// The two ways, by the wish that asks for each and by the word that a plan has for it.
const WAYS: [(&str, &str); 2] = [("copy", "COPY and a merge"), ("upsert", "INSERT ON CONFLICT")];

pub(super) fn run(wish: &Wish) -> Result<()> {
    for rows in wish.rows.map_or(SIZES.to_vec(), |rows| vec![rows]) {
        let server = Server::start(&options())?;
        let expected = fill(&server, rows)?;
        super::fill_table(&server, "target", rows)?;
        server.psql("target", HALF)?;
        ensure!(server.psql("target", CONTENT)? == expected, "both databases begin with the same rows");
        let folder = tempfile::tempdir()?;
        let mut variants = WAYS.map(|(strategy, name)| way(&server, folder.path(), strategy, name));
        for round in 0..=wish.repetitions {
            for variant in &mut variants {
                let variant = variant.as_mut().map_err(|error| anyhow::anyhow!("{error:#}"))?;
                let cost = once(&server, variant, &expected)?;
                variant.costs.extend((round > 0).then_some(cost));
            }
        }
        let variants = variants.into_iter().collect::<Result<Vec<_>>>()?;
        server.psql("target", &[TABLE, BEFORE].join(";\n"))?;
        print!("{}{}", summary(&variants), verdict(&variants, chosen(&server, folder.path())?));
    }
    Ok(())
}

fn way(server: &Server, folder: &Path, strategy: &str, name: &'static str) -> Result<Variant> {
    let mut command = Command::new(process::target_dir().join("release/rapidbyte"));
    command.arg("apply").arg(sync(server, folder, strategy)?).args(["--yes", "--no-progress"]);
    Ok(Variant { name, command, before: [TABLE, BEFORE].join(";\n"), costs: Vec::new() })
}

fn sync(server: &Server, folder: &Path, strategy: &str) -> Result<std::path::PathBuf> {
    let path = folder.join(format!("{strategy}.toml"));
    let text = sync_file(server, &format!("write = \"upsert\"\nstrategy = \"{strategy}\"\n"));
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

/// Which of [`WAYS`] the plan chooses by itself.
fn chosen(server: &Server, folder: &Path) -> Result<usize> {
    let mut plan = Command::new(process::target_dir().join("release/rapidbyte"));
    let printed = process::output(plan.arg("plan").arg(sync(server, folder, "auto")?).args(["--format", "json"]))?;
    let plan: Value = serde_json::from_str(&printed).context("the plan is not JSON")?;
    let strategy = plan["streams"][0]["write"]["strategy"].as_str().context("the plan has no strategy")?;
    let at = WAYS.iter().position(|(way, _)| *way == strategy);
    at.with_context(|| format!("the plan chose {strategy:?}, which was not measured"))
}

/// Whether the choice was right; where the spreads overlap nobody can tell.
fn verdict(variants: &[Variant], at: usize) -> String {
    let wall = |at: usize| spread(&variants[at].costs, |cost| cost.wall_secs);
    let (own, other) = (wall(at), wall(1 - at));
    let word = if own.median <= other.median {
        "the faster one"
    } else if own.least <= other.most {
        "the slower one by the median, within the spread"
    } else {
        "the slower one"
    };
    format!("the plan chooses {}: {word}\n\n", WAYS[at].1)
}
