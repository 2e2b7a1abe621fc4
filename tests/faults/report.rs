//! What a line of the table has to show for itself, in numbers.

use crate::scene::Verdict;
use std::time::Duration;

#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) runs: u64,
    pub(crate) fired: u64,
    pub(crate) hangs: u64,
    pub(crate) differences: Vec<String>,
    pub(crate) recovered: Vec<Duration>,
    /// Why there were none, where there could not be any.
    pub(crate) skipped: Option<String>,
}

impl Tally {
    pub(crate) fn add(&mut self, verdict: &Verdict, what: &str) {
        self.runs += 1;
        self.fired += u64::from(verdict.fired);
        self.hangs += u64::from(verdict.hung);
        self.recovered.extend(verdict.recovered);
        if !verdict.wrong.is_empty() {
            self.differences.push(format!("{what}: {}", verdict.wrong.join("\n  ")));
        }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.runs += other.runs;
        self.fired += other.fired;
        self.hangs += other.hangs;
        self.differences.extend(other.differences);
        self.recovered.extend(other.recovered);
        self.skipped = self.skipped.take().or(other.skipped);
    }

    pub(crate) fn is_good(&self) -> bool {
        self.differences.is_empty() && self.hangs == 0 && (self.fired > 0 || self.skipped.is_some())
    }

    /// At so many percent of the recoveries, in seconds.
    fn seconds(&self, percent: usize) -> f64 {
        let mut sorted = self.recovered.clone();
        sorted.sort_unstable();
        let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
        sorted.get(at).map_or(0.0, Duration::as_secs_f64)
    }

    pub(crate) fn line(&self, id: &str, what: &str) -> String {
        let skipped = self.skipped.as_ref().map(|why| format!("  skipped: {why}")).unwrap_or_default();
        format!(
            "{id:<5}{what:<44}{:>6}{:>7}{:>13}{:>7}{:>9.2}{:>9.2}{skipped}",
            self.runs,
            self.fired,
            self.differences.len(),
            self.hangs,
            self.seconds(50),
            self.seconds(95),
        )
    }
}

pub(crate) const HEAD: &str =
    "     fault                                         runs  fired  differences  hangs  median s    95 % s";
