//! Where the time of a run went, as a tree: each side's phases add up to all of it.

use crate::{
    number::duration,
    ui::{BOLD, DIM},
};
use rapidbyte_engine::{DestinationPhases, Receipt, SourcePhases};
use std::{fmt::Write, time::Duration};

/// A phase: what it is, its seconds, and whether somebody else works meanwhile.
type Phase = (&'static str, f64, Doing);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doing {
    Work,
    /// For its server.
    Server,
    /// For the other side.
    Other,
}

impl Doing {
    fn word(self) -> &'static str {
        match self {
            Self::Work => "at work",
            Self::Server => "waits for its server",
            Self::Other => "waits for the other side",
        }
    }
}

/// Columns of a bar.
const BAR: f64 = 20.0;

/// The tree, largest phases as they come in a run; those that took no time are left out.
pub(crate) fn text(receipt: &Receipt) -> String {
    let phases = &receipt.phases;
    let mut text = side("source", &source(&phases.source), receipt.duration_secs);
    text += &side("destination", &destination(&phases.destination), receipt.duration_secs);
    let sandbox = shown(phases.engine.sandbox_secs);
    // Writing to a String does not fail.
    let _ = write!(text, "{DIM}  in the sandbox, both sides, all sessions: {sandbox}{DIM:#}");
    text
}

fn source(of: &SourcePhases) -> [Phase; 7] {
    [
        ("load the connector", of.module_load_secs, Doing::Work),
        ("connect", of.connect_secs, Doing::Server),
        ("snapshot, queries", of.query_secs, Doing::Server),
        ("fetch", of.fetch_secs, Doing::Server),
        ("decode rows to Arrow", of.arrow_encode_secs, Doing::Work),
        ("compress", of.compress_secs, Doing::Work),
        ("emit", of.emit_wait_secs, Doing::Other),
    ]
}

fn destination(of: &DestinationPhases) -> [Phase; 9] {
    [
        ("load the connector", of.module_load_secs, Doing::Work),
        ("connect", of.connect_secs, Doing::Server),
        ("set up", of.setup_secs, Doing::Server),
        ("receive", of.receive_wait_secs, Doing::Other),
        ("decompress", of.decompress_secs, Doing::Work),
        ("encode rows from Arrow", of.arrow_decode_secs, Doing::Work),
        ("flush", of.flush_secs, Doing::Server),
        ("finish, publish", of.finish_secs, Doing::Server),
        ("commit", of.commit_secs, Doing::Server),
    ]
}

fn side(name: &str, phases: &[Phase], all_secs: f64) -> String {
    let sum: f64 = phases.iter().map(|(_, secs, _)| secs).sum();
    let mut text = format!("  {BOLD}{name}{BOLD:#}  {}\n", shown(sum));
    for (phase, secs, doing) in phases.iter().filter(|(_, secs, _)| *secs >= 0.000_5) {
        let share = (secs / all_secs.max(f64::MIN_POSITIVE)).clamp(0.0, 1.0);
        let (bar, percent) = (bar(share), share * 100.0);
        let _ = writeln!(
            text,
            "    {phase:<22}  {:>10}  {percent:>3.0} %  {bar} {DIM}{}{DIM:#}",
            shown(*secs),
            doing.word()
        );
    }
    text
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // between 0 and 20
fn bar(share: f64) -> String {
    let columns = (share * BAR).round() as usize;
    format!("{:<20}", "█".repeat(columns))
}

fn shown(secs: f64) -> String {
    duration(Duration::try_from_secs_f64(secs).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_are_a_tree() {
        let source = SourcePhases { fetch_secs: 0.75, arrow_encode_secs: 0.25, ..SourcePhases::default() };
        let text = side("source", &super::source(&source), 1.0);
        insta::assert_snapshot!(anstream::adapter::strip_str(&text).to_string(), @r"
          source  1.00 s
            fetch                       0.75 s   75 %  ███████████████      waits for its server
            decode rows to Arrow        0.25 s   25 %  █████                at work
        ");
    }
}
