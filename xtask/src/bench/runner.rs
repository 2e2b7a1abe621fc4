//! Runs the contenders of a trial in turns and compares what arrived, every time. A contender that cannot run, crashes or
//! copies something else is missing from there on, loudly; the others go on.

use super::{
    ground::{Ground, Source},
    record::Recorder,
    trial::{Contender, Trial},
    verdict::Measure,
    ways::{self, Place, Ready},
};
use crate::measure::{Cost, cost};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::{fs, path::PathBuf};

/// The whole reason is printed when it comes, and stands in the results.
const REASON_CHARS_MAX: usize = 100;

/// What all trials of one call have in common.
pub(super) struct Session {
    /// The build of this tree.
    pub(super) binary: PathBuf,
    pub(super) recorder: Recorder,
    pub(super) repetitions: u32,
}

/// One measured run.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub(super) round: u32,
    pub(super) cost: Cost,
    pub(super) receipt: Option<Value>,
}

/// What became of a contender.
#[derive(Debug, Clone)]
pub(super) struct Measured {
    pub(super) name: String,
    pub(super) rows: u32,
    pub(super) version: String,
    /// The rounds that count; none where it is missing.
    pub(super) runs: Vec<Run>,
    /// Why there are none.
    pub(super) missing: Option<String>,
    /// A failure of it is a failure of the bench.
    pub(super) is_ours: bool,
}

/// A contender in its trial.
struct Entrant<'a> {
    contender: &'a Contender,
    source: Source,
    template: String,
    ready: Option<Ready>,
    measured: Measured,
}

impl Session {
    /// Runs the trial on a server of its own.
    pub(super) fn run(&mut self, trial: &Trial) -> Result<Vec<Measured>> {
        println!("\n{}: {}", trial.name, listing(trial));
        let ground = Ground::start()?;
        let mut entrants = Vec::new();
        for index in 0..trial.contenders.len() {
            entrants.push(self.entrant(&ground, trial, index)?);
        }
        if trial.contenders.len() > 1 && entrants.iter().filter(|entrant| entrant.ready.is_some()).count() < 2 {
            println!("{}: not run, since there is nothing to compare", trial.name);
            return Ok(entrants.into_iter().map(|entrant| entrant.measured).collect());
        }
        // Round 0 warms every cache; it is not counted.
        let rounds = if trial.once { 1..=1 } else { 0..=self.repetitions };
        for round in rounds {
            for turn in 0..entrants.len() {
                // Another one begins each round: to be behind the same one every time would be an advantage or the opposite.
                let index = (turn + usize::try_from(round)?) % entrants.len();
                self.turn(&ground, trial, &mut entrants[index], round)?;
            }
        }
        Ok(entrants.into_iter().map(|entrant| entrant.measured).collect())
    }

    fn entrant<'a>(&mut self, ground: &Ground, trial: &'a Trial, index: usize) -> Result<Entrant<'a>> {
        let contender = &trial.contenders[index];
        let source = ground.source(contender.workload, contender.rows)?;
        let template = ground.template(contender)?;
        ground.renew(&template)?;
        let place = Place { ground, source: &source, binary: &self.binary, index };
        let ready = ways::ready(contender, &place);
        let mut measured = Measured {
            name: contender.name.clone(),
            rows: contender.rows,
            version: ready.as_ref().map(|ready| ready.version.clone()).unwrap_or_default(),
            runs: Vec::new(),
            missing: None,
            is_ours: ways::is_ours(contender),
        };
        if let Err(error) = &ready {
            self.lose(trial, &mut measured, &format!("{error:#}"))?;
        }
        Ok(Entrant { contender, source, template, ready: ready.ok(), measured })
    }

    fn turn(&mut self, ground: &Ground, trial: &Trial, entrant: &mut Entrant, round: u32) -> Result<()> {
        let Some(ready) = &entrant.ready else { return Ok(()) };
        match once(ground, entrant, ready, round) {
            Err(error) => {
                self.lose(trial, &mut entrant.measured, &format!("{error:#}"))?;
                entrant.ready = None;
            }
            Ok(run) => {
                let (name, cost) = (&entrant.measured.name, run.cost);
                println!(
                    "{:<12}round {round}  {name:<22}{:>9.3} s{:>9.2} CPU s",
                    trial.name, cost.wall_secs, cost.cpu_secs
                );
                if round > 0 {
                    self.recorder.write("run", &line(trial, entrant, &run))?;
                    entrant.measured.runs.push(run);
                }
            }
        }
        Ok(())
    }

    fn lose(&mut self, trial: &Trial, measured: &mut Measured, reason: &str) -> Result<()> {
        let name = &measured.name;
        eprintln!("\n!!! {name} IS MISSING: {reason}\n");
        let lost = json!({"trial": trial.name, "variant": name, "rows": measured.rows, "reason": reason});
        self.recorder.write("missing", &lost)?;
        measured.runs.clear();
        measured.missing = Some(short(reason));
        Ok(())
    }
}

/// For a table: the last thing that was said before the measuring process said that it had failed.
fn short(reason: &str) -> String {
    let last = reason.lines().rev().find(|line| !line.trim().is_empty() && !line.starts_with("xtask: "));
    last.unwrap_or(reason).trim().chars().take(REASON_CHARS_MAX).collect()
}

fn once(ground: &Ground, entrant: &Entrant, ready: &Ready, round: u32) -> Result<Run> {
    ground.renew(&entrant.template)?;
    let cost = cost(&ready.command)?;
    if ready.writes {
        ground.compare(entrant.contender.workload, &entrant.source)?;
    }
    let read = |path: &PathBuf| -> Result<Value> {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_str(&text).context("the receipt is no JSON")
    };
    Ok(Run { round, cost, receipt: ready.receipt.as_ref().map(read).transpose()? })
}

fn line(trial: &Trial, entrant: &Entrant, run: &Run) -> Value {
    json!({
        "trial": trial.name,
        "variant": entrant.measured.name,
        "version": entrant.measured.version,
        "workload": entrant.contender.workload.name,
        "rows": entrant.measured.rows,
        "round": run.round,
        "wall_secs": run.cost.wall_secs,
        "cpu_secs": run.cost.cpu_secs,
        "peak_bytes": run.cost.peak_bytes,
        // The goals of the sandbox are judged by these.
        "run_secs": Measure::Run.of(run),
        "run_cpu_secs": Measure::RunCpu.of(run),
        "phases": run.receipt.as_ref().map(|receipt| &receipt["phases"]),
    })
}

fn listing(trial: &Trial) -> String {
    let one = |contender: &Contender| format!("{} ({} {})", contender.name, contender.rows, contender.workload.name);
    trial.contenders.iter().map(one).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_the_last_that_was_said() {
        let traceback =
            "`measure dlt` failed: Traceback:\n  File\nImportError: no dlt\nxtask: dlt failed (exit status: 1)\n";
        assert_eq!(short(traceback), "ImportError: no dlt");
        assert_eq!(short("no wheel"), "no wheel");
        assert_eq!(short(&"x".repeat(1000)).len(), REASON_CHARS_MAX);
    }
}
