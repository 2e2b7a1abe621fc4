//! What runs against what: contenders that take turns on one server. Plain values; `ways` makes commands of them and
//! `runner` runs these.

use super::{peers::Peer, workload::Workload};
use std::path::PathBuf;

/// Contenders that are measured in turns.
#[derive(Debug, Clone)]
pub(super) struct Trial {
    pub(super) name: &'static str,
    pub(super) contenders: Vec<Contender>,
    /// What is so large, and varies so little, that it runs once, unwarmed.
    pub(super) once: bool,
}

/// One way to do a job of one size.
#[derive(Debug, Clone)]
pub(super) struct Contender {
    pub(super) name: String,
    pub(super) way: Way,
    pub(super) workload: &'static Workload,
    pub(super) rows: u32,
    pub(super) start: Start,
}

/// What does it.
#[derive(Debug, Clone)]
pub(super) enum Way {
    /// `rapidbyte apply`.
    Apply(Apply),
    /// `rapidbyte plan`, which changes nothing.
    Plan,
    /// The plan of such a run, carried out by connectors that are linked natively.
    Native(Apply),
    /// COPY from psql to psql.
    Pipe,
    /// The same into a temporary table, from which rows are upserted.
    PipeMerge,
    /// A native client that inserts arrays.
    Unnest,
    /// Another tool.
    Peer(&'static Peer),
}

/// How the stream is written.
#[derive(Debug, Clone, Default)]
pub(super) struct Apply {
    /// Keys of the stream, a line each.
    pub(super) stream: String,
    /// Keys of `[limits]`, a line each.
    pub(super) limits: String,
    /// A slow network stands before the source, and carries so much in a second.
    pub(super) megabits: Option<u32>,
    /// Another build than the one of this tree.
    pub(super) binary: Option<PathBuf>,
}

/// What the destination holds before each run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// Nothing: whoever comes makes the tables.
    Empty,
    /// The tables, empty, with their keys.
    Tables,
    /// The tables, and what the workload puts there.
    Filled,
}

impl Trial {
    pub(super) fn new(name: &'static str, contenders: Vec<Contender>) -> Self {
        Self { name, contenders, once: false }
    }

    pub(super) fn once(self) -> Self {
        Self { once: true, ..self }
    }

    /// The trial at another size.
    pub(super) fn scaled(mut self, scale: f64) -> Self {
        for contender in &mut self.contenders {
            contender.rows = scaled(contender.rows, scale);
        }
        self
    }
}

/// At least eight rows: one for each table of those that have most.
fn scaled(rows: u32, scale: f64) -> u32 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // at most `rows`: a scale is at most 1
    let scaled = (f64::from(rows) * scale).round() as u32;
    scaled.max(8)
}

impl Contender {
    pub(super) fn new(name: &str, way: Way, workload: &'static Workload, rows: u32, start: Start) -> Self {
        Self { name: name.to_owned(), way, workload, rows, start }
    }

    /// `rapidbyte apply` into nothing.
    pub(super) fn apply(name: &str, stream: &str, workload: &'static Workload, rows: u32) -> Self {
        let apply = Apply { stream: stream.to_owned(), ..Apply::default() };
        Self::new(name, Way::Apply(apply), workload, rows, Start::Empty)
    }

    /// `psql | psql` into the tables with their keys.
    pub(super) fn pipe(workload: &'static Workload, rows: u32) -> Self {
        Self::new("psql", Way::Pipe, workload, rows, Start::Tables)
    }

    pub(super) fn peer(peer: &'static Peer, workload: &'static Workload, rows: u32) -> Self {
        Self::new(peer.name, Way::Peer(peer), workload, rows, peer.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_scaled() {
        assert_eq!(scaled(1_000_000, 0.1), 100_000);
        assert_eq!(scaled(100_000_000, 1.0), 100_000_000);
        assert_eq!(scaled(1000, 0.000_001), 8);
    }
}
