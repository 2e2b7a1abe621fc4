//! `cargo xtask bench compare REF REF [ROWS]`: two commits, built from a worktree and run in turns. It says what became slower
//! only where the spreads allow the claim.

use super::{
    decision::Decision,
    machine,
    mode::MODES,
    runner::{Measured, Run},
    spread::Spread,
    trial::{Apply, Trial},
    wish::{Wish, number},
};
use crate::process::{self, program};
use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

const ROWS: u32 = 200_000;
const REPETITIONS: u32 = 7;

/// Throughput down by more than 5 %.
const WALL_LIMIT: f64 = 1.0 / 0.95;
/// A phase up by more than 20 %.
const PHASE_LIMIT: f64 = 1.2;
/// A module's load doubled.
const LOAD_LIMIT: f64 = 2.0;

/// A phase that takes less of a run is no cost, whatever becomes of it.
const PHASE_SHARE_LEAST: f64 = 0.01;

/// What is compared, before and after.
struct Line {
    what: String,
    before: Spread,
    after: Spread,
    decision: Decision,
}

pub(super) fn run(arguments: &[String]) -> Result<()> {
    let wish = Wish::read(arguments, &["rows", "repetitions", "out"])?;
    wish.at_most_words(3)?;
    let (Some(before), Some(after)) = (wish.words.first(), wish.words.get(1)) else {
        bail!("compare needs two commits: bench compare main HEAD");
    };
    let rows = wish.words.get(2).map(|word| number(word)).transpose()?.or(wish.rows).unwrap_or(ROWS);
    ensure!(
        !machine::is_dirty(),
        "the tree holds changes that no commit has: commit them, so that it is clear what runs"
    );
    let shas = [commit(before)?, commit(after)?];
    ensure!(shas[0] != shas[1], "{before} and {after} are the same commit, {}", shas[0]);
    let mut session = super::session("compare", &wish, REPETITIONS)?;
    let binaries = builds(&shas)?;
    let mut worse = Vec::new();
    for mode in &MODES {
        let contenders = shas.iter().zip(&binaries).map(|(sha, binary)| {
            mode.contender(&sha[..12], rows, Apply { binary: Some(binary.clone()), ..Apply::default() })
        });
        let measured = session.run(&Trial::new(mode.name, contenders.collect()))?;
        let lines = lines(&measured)?;
        print!("\n{}", table(mode.name, &lines));
        for line in &lines {
            session.recorder.write("decision", &record(mode.name, &shas, line))?;
            worse.extend((line.decision == Decision::Worse).then(|| format!("{}: {}", mode.name, line.what)));
        }
    }
    println!("\nresults: {}", session.recorder.path().display());
    ensure!(worse.is_empty(), "{after} is worse than {before} in {}", worse.join(", "));
    Ok(())
}

/// The commit that a reference names.
fn commit(reference: &str) -> Result<String> {
    let mut parse = program("git");
    parse.args(["rev-parse", "--verify", "--quiet", "--end-of-options", &[reference, "^{commit}"].concat()]);
    let sha = process::output(&mut parse).with_context(|| format!("{reference:?} names no commit"))?;
    Ok(sha.trim_end().to_owned())
}

/// Builds both, one after the other in one worktree: cargo tells what to build anew by the times of files, which a checkout
/// renews where they differ. Of two worktrees it could take the one's crates for the other's.
fn builds(shas: &[String; 2]) -> Result<Vec<PathBuf>> {
    let folder = super::folder("compare")?;
    let binary = |sha: &String| folder.join(sha).join("rapidbyte");
    if !shas.iter().all(|sha| binary(sha).exists()) {
        let (tree, target) = (folder.join("tree"), folder.join("target"));
        seed(&target)?;
        discard(&tree)?;
        process::run(program("git").args(["worktree", "add", "--force", "--detach"]).arg(&tree).arg(&shas[0]))?;
        let built = shas.iter().try_for_each(|sha| build(&tree, &target, sha, &binary(sha)));
        discard(&tree)?;
        built?;
    }
    Ok(shas.iter().map(binary).collect())
}

/// Dependencies that this tree's own build has, so that they are not built again. What is of the workspace is older than
/// the files of a new worktree and is built.
fn seed(target: &Path) -> Result<()> {
    if target.exists() {
        return Ok(());
    }
    fs::create_dir_all(target).with_context(|| format!("cannot make {}", target.display()))?;
    let built = ["release", "guests"].map(|name| process::target_dir().join(name));
    process::run(program("cp").arg("-a").args(built.iter().filter(|folder| folder.exists())).arg(target))
}

fn discard(tree: &Path) -> Result<()> {
    if tree.exists() {
        fs::remove_dir_all(tree).with_context(|| format!("cannot remove {}", tree.display()))?;
    }
    process::run(program("git").args(["worktree", "prune"]))
}

fn build(tree: &Path, target: &Path, sha: &str, binary: &Path) -> Result<()> {
    process::run(program("git").arg("-C").arg(tree).args(["checkout", "--quiet", "--detach", "--force", sha]))?;
    let mut cargo = process::cargo();
    cargo.args(["build", "--release", "--package", "rapidbyte"]).current_dir(tree).env("CARGO_TARGET_DIR", target);
    process::run(&mut cargo).with_context(|| format!("{sha} cannot be built"))?;
    fs::create_dir_all(binary.parent().unwrap_or(tree)).context("cannot make a folder for the binary")?;
    let built = target.join("release/rapidbyte");
    fs::copy(&built, binary).with_context(|| format!("cannot copy {}", built.display()))?;
    Ok(())
}

/// The whole and every phase that matters. Waiting for the other side is the other side's cost.
fn lines(measured: &[Measured]) -> Result<Vec<Line>> {
    let [before, after] = measured else { bail!("two commits are compared") };
    for one in [before, after] {
        ensure!(one.missing.is_none(), "{} failed: {}", one.name, one.missing.as_deref().unwrap_or_default());
    }
    let wall = |run: &Run| Some(run.cost.wall_secs);
    let whole = line("wall", before, after, WALL_LIMIT, wall).context("nothing was measured")?;
    let least = PHASE_SHARE_LEAST * whole.before.median;
    let mut lines = vec![whole];
    for phase in phases(before).into_iter().filter(|phase| !phase.ends_with("_wait_secs")) {
        let is_load = phase.ends_with("module_load_secs");
        let limit = if is_load { LOAD_LIMIT } else { PHASE_LIMIT };
        let value = |run: &Run| run.receipt.as_ref()?["phases"].pointer(&phase)?.as_f64();
        // A phase that only one of both has is not compared.
        let found = line(&phase[1..], before, after, limit, value);
        lines.extend(found.filter(|line| is_load || line.before.median.max(line.after.median) >= least));
    }
    Ok(lines)
}

fn line(
    what: &str,
    before: &Measured,
    after: &Measured,
    limit: f64,
    value: impl Fn(&Run) -> Option<f64>,
) -> Option<Line> {
    let spread = |one: &Measured| Spread::of(one.runs.iter().filter_map(&value));
    let (before, after) = (spread(before)?, spread(after)?);
    Some(Line { what: what.to_owned(), before, after, decision: Decision::of(&before, &after, limit) })
}

/// JSON pointers of all phases in the first receipt.
fn phases(measured: &Measured) -> Vec<String> {
    let receipt = measured.runs.first().and_then(|run| run.receipt.as_ref());
    let sides = receipt.and_then(|receipt| receipt["phases"].as_object()).into_iter().flatten();
    let of_side = |(side, phases): (&String, &Value)| {
        let names = phases.as_object().into_iter().flatten();
        names.map(|(name, _)| format!("/{side}/{name}")).collect::<Vec<_>>()
    };
    sides.flat_map(of_side).collect()
}

fn table(name: &str, lines: &[Line]) -> String {
    let mut text =
        format!("{name:<30}{:>10}{:>20}{:>10}{:>20}{:>7}\n", "before ms", "spread", "after ms", "spread", "ratio");
    for line in lines {
        let show = |spread: &Spread| {
            let range = format!("{:.1}..{:.1}", spread.least * 1e3, spread.most * 1e3);
            format!("{:>10.1}{range:>20}", spread.median * 1e3)
        };
        let (before, after, word) = (show(&line.before), show(&line.after), line.decision.word());
        let ratio = line.after.median / line.before.median;
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{:<30}{before}{after}{ratio:>7.2}  {word}", line.what);
    }
    text
}

fn record(name: &str, shas: &[String; 2], line: &Line) -> Value {
    json!({
        "trial": name,
        "what": line.what,
        "before": {"git": shas[0], "median_secs": line.before.median, "least": line.before.least, "most": line.before.most},
        "after": {"git": shas[1], "median_secs": line.after.median, "least": line.after.least, "most": line.after.most},
        "decision": line.decision.word(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Cost;

    fn measured(wall_secs: f64, fetch_secs: f64) -> Measured {
        let phases = json!({"source": {"fetch_secs": fetch_secs, "emit_wait_secs": 9.0, "connect_secs": 0.001, "module_load_secs": 1e-4}});
        let cost = Cost { wall_secs, cpu_secs: 1.0, peak_bytes: 1.0 };
        Measured {
            name: "abc".to_owned(),
            rows: 1,
            version: String::new(),
            runs: vec![Run { round: 1, cost, receipt: Some(json!({ "phases": phases })) }],
            missing: None,
            is_ours: true,
        }
    }

    #[test]
    fn phases_that_matter_are_compared() {
        let lines = lines(&[measured(1.0, 0.5), measured(1.02, 0.7)]).unwrap();
        let found: Vec<(&str, Decision)> = lines.iter().map(|line| (line.what.as_str(), line.decision)).collect();
        assert_eq!(
            found,
            [
                ("wall", Decision::Within),
                ("source/fetch_secs", Decision::Worse),
                ("source/module_load_secs", Decision::Within),
            ]
        );
        let text = table("copy", &lines);
        assert!(text.contains("source/fetch_secs"), "{text}");
        assert!(text.contains("1.40  WORSE"), "{text}");
    }

    #[test]
    fn what_failed_is_not_compared() {
        let mut failed = measured(1.0, 1.0);
        failed.missing = Some("it crashed".to_owned());
        assert!(lines(&[measured(1.0, 1.0), failed]).is_err());
        assert!(lines(&[measured(1.0, 1.0)]).is_err());
    }

    #[test]
    fn only_commits_are_compared() {
        assert!(commit("no such reference").is_err());
        assert!(commit("--all").is_err());
    }
}
