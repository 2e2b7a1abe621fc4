//! Goals and what was measured of them: pure arithmetic, and the table that is printed.

use super::{
    runner::{Measured, Run},
    spread::Spread,
};
use std::fmt::Write;

/// What is looked at in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    /// Seconds from start to end.
    Wall,
    /// Seconds of the contender's own processes, user and system.
    Cpu,
    /// Seconds of the run alone, by the receipt, which leaves out planning; of the whole process where that does nothing else
    /// and writes none.
    Run,
    /// Its processor seconds.
    RunCpu,
    /// Bytes of the largest process.
    Peak,
    /// Seconds of a phase of the receipt, by its JSON pointer.
    Phase(&'static str),
}

/// What is to hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Goal {
    pub(super) name: &'static str,
    pub(super) trial: &'static str,
    pub(super) of: &'static str,
    /// The contender that it is divided by; none: the value itself is bounded.
    pub(super) against: Option<&'static str>,
    pub(super) measure: Measure,
    /// The largest ratio of the medians, or the largest median.
    pub(super) most: f64,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Verdict {
    /// Of the ratios round by round, with the ratio of the medians as its median; or of the values.
    pub(super) spread: Option<Spread>,
    pub(super) met: bool,
    /// Why nothing was measured.
    pub(super) reason: Option<String>,
}

impl Goal {
    pub(super) const fn ratio(
        name: &'static str,
        trial: &'static str,
        of: &'static str,
        against: &'static str,
        measure: Measure,
        most: f64,
    ) -> Self {
        Self { name, trial, of, against: Some(against), measure, most }
    }

    pub(super) const fn limit(
        name: &'static str,
        trial: &'static str,
        of: &'static str,
        measure: Measure,
        most: f64,
    ) -> Self {
        Self { name, trial, of, against: None, measure, most }
    }

    /// A value of this goal with its unit: ratios have none.
    fn show(&self, value: f64) -> String {
        match (self.against, self.measure) {
            (Some(_), _) => format!("{value:.2}"),
            (None, Measure::Peak) => format!("{:.1} MB", value / 1e6),
            (None, _) => format!("{:.1} ms", value * 1e3),
        }
    }

    fn says(&self) -> String {
        let measure = match self.measure {
            Measure::Wall => "wall",
            Measure::Cpu => "CPU",
            Measure::Run => "run",
            Measure::RunCpu => "run's CPU",
            Measure::Peak => "peak",
            Measure::Phase(_) => "load",
        };
        match self.against {
            Some(against) => format!("{} / {against}, {measure}", self.of),
            None => format!("{}, {measure}", self.of),
        }
    }
}

impl Verdict {
    fn not_measured(reason: String) -> Self {
        Self { spread: None, met: false, reason: Some(reason) }
    }

    pub(super) fn word(&self) -> &'static str {
        match (&self.reason, self.met) {
            (Some(_), _) => "not measured",
            (None, true) => "met",
            (None, false) => "NOT MET",
        }
    }
}

impl Measure {
    pub(super) fn of(self, run: &Run) -> Option<f64> {
        match self {
            Self::Wall => Some(run.cost.wall_secs),
            Self::Cpu => Some(run.cost.cpu_secs),
            Self::Run => match &run.receipt {
                Some(receipt) => receipt["duration_secs"].as_f64(),
                None => Some(run.cost.wall_secs),
            },
            Self::RunCpu => match &run.receipt {
                Some(receipt) => Some(receipt["cpu_secs"]["user"].as_f64()? + receipt["cpu_secs"]["system"].as_f64()?),
                None => Some(run.cost.cpu_secs),
            },
            Self::Peak => Some(run.cost.peak_bytes),
            Self::Phase(pointer) => run.receipt.as_ref()?["phases"].pointer(pointer)?.as_f64(),
        }
    }
}

/// Whether the goal is met by what its trial measured.
pub(super) fn judge(goal: &Goal, measured: &[Measured]) -> Verdict {
    let values = |name: &str| values(goal.measure, measured, name);
    let spread = match goal.against {
        None => values(goal.of).map(|own| Spread::of(own.into_iter().map(|(_, value)| value))),
        Some(against) => values(goal.of).and_then(|own| Ok(ratios(&own, &values(against)?))),
    };
    match spread {
        Err(reason) => Verdict::not_measured(reason),
        Ok(None) => Verdict::not_measured("no run counted".to_owned()),
        Ok(Some(spread)) => Verdict { spread: Some(spread), met: spread.median <= goal.most, reason: None },
    }
}

/// By round.
fn values(measure: Measure, measured: &[Measured], name: &str) -> Result<Vec<(u32, f64)>, String> {
    let Some(contender) = measured.iter().find(|contender| contender.name == name) else {
        return Err(format!("{name} did not run"));
    };
    if let Some(reason) = &contender.missing {
        return Err(format!("{name}: {reason}"));
    }
    let values = contender.runs.iter().map(|run| Some((run.round, measure.of(run)?)));
    values.collect::<Option<_>>().ok_or_else(|| format!("{name} does not say it"))
}

/// The ratio of the medians, between the least and the greatest ratio of one round.
fn ratios(own: &[(u32, f64)], other: &[(u32, f64)]) -> Option<Spread> {
    let of = |values: &[(u32, f64)]| Spread::of(values.iter().map(|(_, value)| *value));
    let median = of(own)?.median / of(other)?.median;
    let same_round = |(round, value): &(u32, f64)| {
        other.iter().find(|(other_round, _)| other_round == round).map(|(_, other)| value / other)
    };
    Spread::of(own.iter().filter_map(same_round)).map(|rounds| Spread { median, ..rounds })
}

/// Goal, bound, measured, spread, verdict: one line each.
pub(super) fn table(verdicts: &[(&Goal, Verdict)]) -> String {
    let mut text = format!("{:<15}{:<36}{:>10}{:>11}{:>22}  \n", "goal", "what", "at most", "measured", "spread");
    for (goal, verdict) in verdicts {
        let (measured, range) = match verdict.spread {
            None => ("-".to_owned(), "-".to_owned()),
            Some(found) => (goal.show(found.median), [goal.show(found.least), goal.show(found.most)].join("..")),
        };
        let reason = verdict.reason.as_ref().map(|reason| [": ", reason].concat()).unwrap_or_default();
        let (name, says, most, word) = (goal.name, goal.says(), goal.show(goal.most), verdict.word());
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name:<15}{says:<36}{most:>10}{measured:>11}{range:>22}  {word}{reason}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Cost;
    use serde_json::json;

    fn measured(name: &str, walls: &[f64]) -> Measured {
        let run = |(at, wall_secs): (usize, &f64)| Run {
            round: u32::try_from(at).unwrap() + 1,
            cost: Cost { wall_secs: *wall_secs, cpu_secs: 1.0, peak_bytes: 64e6 },
            receipt: Some(json!({"phases": {"source": {"module_load_secs": 0.004}}})),
        };
        Measured {
            name: name.to_owned(),
            rows: 10,
            version: String::new(),
            runs: walls.iter().enumerate().map(run).collect(),
            missing: None,
            is_ours: true,
        }
    }

    const FAST: Goal = Goal::ratio("fast", "keyed", "ours", "theirs", Measure::Wall, 0.7);

    #[test]
    fn a_ratio_is_of_the_medians_and_its_spread_of_the_rounds() {
        let both = [measured("ours", &[1.0, 1.2, 4.0]), measured("theirs", &[2.0, 2.0, 4.0])];
        let verdict = judge(&FAST, &both);
        assert_eq!(verdict.spread, Some(Spread { least: 0.5, median: 0.6, most: 1.0 }));
        assert_eq!(verdict.word(), "met");
        assert_eq!(judge(&Goal { most: 0.59, ..FAST }, &both).word(), "NOT MET");
    }

    #[test]
    fn limits_are_of_the_value_itself() {
        let ours = [measured("ours", &[0.07, 0.09])];
        assert!(!judge(&Goal::limit("plan", "start", "ours", Measure::Wall, 0.079), &ours).met);
        assert!(
            judge(&Goal::limit("load", "start", "ours", Measure::Phase("/source/module_load_secs"), 0.005), &ours).met
        );
    }

    #[test]
    fn a_run_is_what_its_receipt_says_of_it() {
        let (mut sandboxed, native) = (measured("ours", &[1.0]), measured("theirs", &[0.5]));
        let run = &mut sandboxed.runs[0];
        let of = |run: &Run| (Measure::Run.of(run), Measure::RunCpu.of(run));
        assert_eq!(of(run), (None, None), "a receipt that does not say it is not replaced by the process");
        run.receipt = Some(json!({"duration_secs": 0.75, "cpu_secs": {"user": 0.5, "system": 0.25}}));
        assert_eq!(of(run), (Some(0.75), Some(0.75)));
        run.receipt = None;
        assert_eq!(of(run), (Some(1.0), Some(1.0)));
        let goal = Goal { measure: Measure::Run, ..FAST };
        assert_eq!(judge(&goal, &[sandboxed, native]).reason.as_deref(), Some("theirs does not say it"));
    }

    #[test]
    fn what_is_missing_is_not_measured() {
        let mut theirs = measured("theirs", &[]);
        theirs.missing = Some("it crashed".to_owned());
        let verdict = judge(&FAST, &[measured("ours", &[1.0]), theirs]);
        assert_eq!((verdict.word(), verdict.reason.as_deref()), ("not measured", Some("theirs: it crashed")));
        assert_eq!(judge(&FAST, &[]).reason.as_deref(), Some("ours did not run"));
        assert_eq!(
            judge(&FAST, &[measured("ours", &[]), measured("theirs", &[])]).reason.as_deref(),
            Some("no run counted")
        );
        let phase = Goal::limit("load", "start", "ours", Measure::Phase("/engine/nothing"), 1.0);
        assert_eq!(judge(&phase, &[measured("ours", &[1.0])]).reason.as_deref(), Some("ours does not say it"));
    }

    #[test]
    fn the_table_has_a_line_for_each_goal() {
        let memory = Goal::limit("memory", "memory", "ours", Measure::Peak, 128e6);
        let both = [measured("ours", &[1.0, 2.0]), measured("theirs", &[4.0, 4.0])];
        let lost = Verdict::not_measured("no wheel".to_owned());
        let text = table(&[(&FAST, judge(&FAST, &both)), (&memory, judge(&memory, &both)), (&FAST, lost)]);
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines[0], ["goal", "what", "at", "most", "measured", "spread"]);
        assert_eq!(lines[1], ["fast", "ours", "/", "theirs,", "wall", "0.70", "0.38", "0.25..0.50", "met"]);
        let megabytes = ["memory", "ours,", "peak", "128.0", "MB", "64.0", "MB", "64.0", "MB..64.0", "MB", "met"];
        assert_eq!(lines[2], megabytes);
        assert!(text.ends_with("-  not measured: no wheel\n"), "{text}");
    }
}
