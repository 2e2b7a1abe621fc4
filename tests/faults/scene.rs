//! One cell of the table on one server: the bank, its writers, a reader, and the judgement of each run with a fault.

use crate::{
    apply::{self, Running, Said},
    bank::{self, Writers},
    cell::{self, Cell, Limits},
    lab::Lab,
    oracle,
    proxy::{Proxy, Rule, Way},
    readers::Readers,
    seed::Rng,
};
use std::{
    fs,
    sync::atomic::Ordering::SeqCst,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Runs that may follow a fault until one succeeds, and the time that all of them may take.
const TRIES_MAX: u32 = 6;
const RECOVERY_LIMIT: Duration = Duration::from_secs(90);
/// An append of whole tables begins anew after so many.
const APPENDED_MAX: u64 = 3;

/// How a run with a fault may end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expect {
    /// By a signal; whether it had committed is for the records to say.
    Killed(i32),
    /// It succeeds if it had begun when the fault came; otherwise it may fail with a name.
    Survives,
    /// It fails with one of these codes, and nothing has changed.
    Fails(&'static [i32]),
    /// It succeeds or fails with one of these codes.
    DoneOr(&'static [i32]),
    /// It stops in order, unless it was about to commit; before it listens to signals it ends by this one.
    Stops(i32),
}

/// A run with a fault.
pub(crate) struct Shot {
    pub(crate) said: Said,
    /// When the fault came; none: it did not.
    pub(crate) fired: Option<Instant>,
    pub(crate) expect: Expect,
    /// What the fault itself has found wrong.
    pub(crate) wrong: Vec<String>,
    /// Runs that succeeded beside it.
    pub(crate) beside: u64,
}

impl Shot {
    pub(crate) fn new(said: Said, fired: Option<Instant>, expect: Expect) -> Self {
        Self { said, fired, expect, wrong: Vec::new(), beside: 0 }
    }
}

/// What became of it.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) fired: bool,
    pub(crate) hung: bool,
    pub(crate) wrong: Vec<String>,
    /// From the fault to the success.
    pub(crate) recovered: Option<Duration>,
}

pub(crate) struct Scene {
    pub(crate) lab: Lab,
    pub(crate) cell: Cell,
    pub(crate) rng: Rng,
    pub(crate) folder: TempDir,
    /// What a run without a fault takes, and passes each way at each door.
    pub(crate) calm: Duration,
    pub(crate) source_bytes: [u64; 2],
    pub(crate) destination_bytes: [u64; 2],
    // Dropped before the server.
    readers: Option<Readers>,
    writers: Option<Writers>,
    runs: u64,
    /// Rules at both doors that no fault takes away: a planted mistake.
    bug: [Vec<Rule>; 2],
}

impl Scene {
    pub(crate) fn new(lab: Lab, cell: Cell, rng: Rng) -> Self {
        bank::fill(&lab, cell);
        let mut scene = Self {
            lab,
            cell,
            rng,
            folder: TempDir::new().unwrap(),
            calm: Duration::ZERO,
            source_bytes: [0; 2],
            destination_bytes: [0; 2],
            readers: None,
            writers: None,
            runs: 0,
            bug: [Vec::new(), Vec::new()],
        };
        scene.sync(&Limits::default());
        scene.must_succeed();
        scene.writers = Some(Writers::start(&scene.lab, &mut scene.rng));
        scene.readers = Some(Readers::start(&scene.lab, cell));
        scene.arm(Vec::new(), Vec::new());
        bank::renew(&scene.lab, cell);
        scene.calm = scene.must_succeed().took;
        let bytes = |proxy: &Proxy| [proxy.passed(Way::ToServer), proxy.passed(Way::ToClient)];
        (scene.source_bytes, scene.destination_bytes) = (bytes(&scene.lab.from), bytes(&scene.lab.into));
        scene
    }

    /// The server is the next cell's.
    pub(crate) fn into_lab(mut self) -> Lab {
        (self.readers, self.writers) = (None, None);
        self.lab.from.arm(Vec::new());
        self.lab.into.arm(Vec::new());
        self.lab
    }

    pub(crate) fn sync(&self, limits: &Limits) {
        fs::write(self.folder.path().join("sync.toml"), cell::sync_file(&self.lab, self.cell, limits)).unwrap();
    }

    pub(crate) fn arm(&self, source: Vec<Rule>, destination: Vec<Rule>) {
        // The fault's rules come first: a statement obeys one rule.
        self.lab.from.arm([source, self.bug[0].clone()].concat());
        self.lab.into.arm([destination, self.bug[1].clone()].concat());
    }

    /// Plants a mistake.
    pub(crate) fn plant(&mut self, source: Vec<Rule>, destination: Vec<Rule>) {
        self.bug = [source, destination];
        self.arm(Vec::new(), Vec::new());
    }

    /// Nothing is written at the source until the guard is dropped.
    pub(crate) fn pause(&self) -> Option<impl Sized + use<>> {
        self.writers.as_ref().map(Writers::pause)
    }

    /// Transactions of the writers so far.
    pub(crate) fn written(&self) -> u64 {
        self.writers.as_ref().map_or(0, Writers::count)
    }

    /// When a proxy last obeyed a rule.
    pub(crate) fn proxies_fired(&self) -> Option<Instant> {
        self.lab.from.fired().max(self.lab.into.fired())
    }

    pub(crate) fn start(&mut self, fault: Option<&str>) -> Running {
        self.runs += 1;
        apply::start(self.folder.path(), self.runs, fault)
    }

    pub(crate) fn apply(&mut self) -> Said {
        self.start(None).finish()
    }

    fn must_succeed(&mut self) -> Said {
        let said = self.apply();
        assert_eq!(said.code, Some(0), "{}: a run without a fault: {}", self.cell, said.end());
        said
    }

    /// One run with a fault, and what becomes of it.
    pub(crate) fn judge(&mut self, fault: impl FnOnce(&mut Self) -> Shot) -> Verdict {
        self.forget_appended();
        bank::renew(&self.lab, self.cell);
        let before = oracle::runs(&self.lab);
        let mut shot = fault(self);
        if self.bug.iter().all(Vec::is_empty) {
            self.lab.from.disarm();
            self.lab.into.disarm();
        }
        let mut verdict = Verdict { fired: shot.fired.is_some(), hung: shot.said.hung, ..Verdict::default() };
        verdict.wrong.append(&mut shot.wrong);
        self.lab.wait_until_up();
        verdict.wrong.extend(unexpected(&shot));
        verdict.wrong.extend(self.ledger(&shot, before));
        verdict.wrong.extend(oracle::whole(&self.lab, self.cell));
        let converged = if shot.said.code == Some(0) { Some(shot.said.ended) } else { self.recover(&mut verdict) };
        verdict.recovered = converged.zip(shot.fired).map(|(end, fired)| end.saturating_duration_since(fired));
        verdict.wrong.extend(oracle::left(&self.lab));
        verdict.wrong.extend(self.readers.as_ref().map(Readers::wrong).unwrap_or_default());
        if !verdict.wrong.is_empty() {
            verdict.wrong.push(shot.said.end());
        }
        verdict
    }

    /// Exit code and records tell the same.
    fn ledger(&self, shot: &Shot, before: u64) -> Option<String> {
        let more = oracle::runs(&self.lab).checked_sub(before + shot.beside);
        let agrees = match (shot.said.code, more) {
            (Some(0), more) => more == Some(1),
            // Nobody was told, so it may be either.
            (None, more) => more.is_some_and(|more| more <= 1),
            (Some(_), more) => {
                more == Some(0) || (more == Some(1) && shot.said.stderr.contains("could not be found out"))
            }
        };
        (!agrees)
            .then(|| format!("{before} runs were recorded before and {more:?} more after exit {:?}", shot.said.code))
    }

    /// Applies again until it succeeds. Half of the time the writers wait, so that both sides can be compared row by row.
    fn recover(&mut self, verdict: &mut Verdict) -> Option<Instant> {
        let paused = (self.rng.below(2) == 0).then(|| self.pause());
        let end = Instant::now() + RECOVERY_LIMIT;
        let mut failures = Vec::new();
        for _ in 0..TRIES_MAX {
            let said = self.apply();
            verdict.hung |= said.hung;
            if said.code == Some(0) {
                verdict.wrong.extend(oracle::whole(&self.lab, self.cell));
                if paused.is_some() {
                    verdict.wrong.extend(oracle::exact(&self.lab, self.cell));
                }
                return Some(said.ended);
            }
            failures.push(said.end());
            if Instant::now() > end {
                break;
            }
        }
        verdict.wrong.push(format!("it does not converge: {}", failures.join("\n")));
        None
    }

    /// The cell's end: the writers wait, and both sides are the same, row by row.
    pub(crate) fn close(&mut self) -> Vec<String> {
        self.forget_appended();
        let paused = self.pause();
        let said = self.apply();
        if said.code != Some(0) {
            return vec![format!("the last run: {}", said.end())];
        }
        let mut wrong = [oracle::whole(&self.lab, self.cell), oracle::exact(&self.lab, self.cell)].concat();
        drop(paused);
        wrong.extend(oracle::left(&self.lab));
        wrong.extend(self.readers.as_ref().map(Readers::wrong).unwrap_or_default());
        let idle = |count: u64, who: &str| (count == 0).then(|| format!("{who} did nothing"));
        wrong.extend(self.writers.as_ref().and_then(|writers| idle(writers.count(), "the writers")));
        wrong.extend(self.readers.as_ref().and_then(|readers| idle(readers.looks.load(SeqCst), "the reader")));
        wrong
    }

    fn forget_appended(&mut self) {
        if oracle::lies_side_by_side(self.cell) && oracle::runs(&self.lab) > APPENDED_MAX {
            // In one transaction, since readers look all the time; one snapshot stays.
            self.lab.sql(
                crate::lab::DESTINATION,
                "BEGIN; DELETE FROM accounts WHERE taken < (SELECT max(taken) FROM history); DELETE FROM notes WHERE taken < (SELECT max(taken) FROM history); \
                 DELETE FROM history WHERE taken < (SELECT max(taken) FROM history); \
                 DELETE FROM _rapidbyte.runs WHERE number < (SELECT max(number) FROM _rapidbyte.runs); COMMIT",
            );
        }
    }
}

fn unexpected(shot: &Shot) -> Option<String> {
    let code = shot.said.code;
    let named = |codes: &[i32]| code.is_some_and(|code| codes.contains(&code)) && shot.said.has("failed");
    let as_expected = match &shot.expect {
        Expect::Killed(signal) => shot.said.signal == Some(*signal),
        Expect::Survives => code == Some(0) || (!shot.said.has("started") && named(&[4, 5])),
        Expect::Fails(codes) => named(codes),
        Expect::DoneOr(codes) => code == Some(0) || named(codes),
        Expect::Stops(signal) => {
            let committing = code == Some(0) && shot.said.has("committing");
            committing || named(&[7]) || (shot.said.signal == Some(*signal) && !shot.said.has("started"))
        }
    };
    // A fault that did not come proves nothing, and a run without one succeeds.
    let as_expected = if shot.fired.is_some() { as_expected } else { code == Some(0) };
    (!as_expected && !shot.said.hung)
        .then(|| format!("expected {:?}, fault seen: {}", shot.expect, shot.fired.is_some()))
}
