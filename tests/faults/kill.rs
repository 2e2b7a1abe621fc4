//! Faults of the process itself: it is killed at a named point or at any moment, told to stop, or started twice.

use crate::{
    bank,
    scene::{Expect, Scene, Shot},
};
use nix::sys::signal::Signal;
use std::time::{Duration, Instant};

/// Fault points of the engine, and how often at most a run passes each.
pub(crate) const POINTS: [(&str, u64); 46] = [
    ("source.session.open.before", 2),
    ("source.session.open.sent", 4),
    ("source.session.open.after", 2),
    ("source.session.open-snapshot.before", 2),
    ("source.session.open-snapshot.sent", 8),
    ("source.session.open-snapshot.received", 8),
    ("source.session.open-snapshot.after", 1),
    ("source.session.inspect.before", 6),
    ("source.session.inspect.after", 6),
    ("source.session.read.before", 3),
    ("source.session.read.sent", 3),
    ("source.session.read.after", 3),
    ("source.reader.next.before", 10),
    ("source.reader.next.received", 10),
    ("source.reader.next.after", 10),
    ("source.session.close.before", 2),
    ("source.session.close.after", 2),
    ("destination.session.open.before", 2),
    ("destination.session.open.after", 2),
    ("destination.session.bookkeeping.after", 2),
    ("destination.session.begin.before", 1),
    ("destination.session.begin.sent", 4),
    ("destination.session.begin.received", 4),
    ("destination.session.begin.after", 1),
    ("destination.session.last-run.after", 2),
    ("destination.session.inspect.after", 6),
    ("destination.session.open-writer.before", 3),
    ("destination.session.open-writer.sent", 10),
    ("destination.session.open-writer.received", 10),
    ("destination.session.open-writer.after", 3),
    ("destination.writer.write.before", 9),
    ("destination.writer.write.sent", 2),
    ("destination.writer.write.after", 9),
    ("destination.writer.finish.before", 3),
    ("destination.writer.finish.sent", 8),
    ("destination.writer.finish.received", 8),
    ("destination.writer.finish.after", 3),
    ("engine.gate.passed", 1),
    ("destination.session.commit.before", 1),
    ("destination.session.commit.sent", 6),
    ("destination.session.commit.received", 6),
    ("destination.session.commit.after", 1),
    ("engine.committed", 1),
    ("destination.session.close.before", 2),
    ("destination.session.close.sent", 2),
    ("destination.session.close.after", 2),
];

/// Those that only a load in parts passes.
const POINTS_OF_PARTS: [(&str, u64); 8] = [
    ("destination.session.load.before", 1),
    ("destination.session.load.sent", 6),
    ("destination.session.load.received", 6),
    ("destination.session.load.after", 1),
    ("destination.session.open-part.before", 3),
    ("destination.session.open-part.sent", 6),
    ("destination.session.open-part.received", 6),
    ("destination.session.open-part.after", 3),
];

/// A stream that is written by INSERT has sent all when it is finished.
const ENDS_OF_A_COPY: [&str; 2] = ["destination.writer.finish.sent", "destination.writer.finish.received"];

/// F1: a run ends at a named point; run after run the next one, at any of its visits.
pub(crate) fn at_a_point(scene: &mut Scene, turn: u64) -> Shot {
    let passed = |point: &&(&str, u64)| scene.cell.strategy == "copy" || !ENDS_OF_A_COPY.contains(&point.0);
    let of_parts: &[(&str, u64)] = if scene.cell.parts { &POINTS_OF_PARTS } else { &[] };
    let points: Vec<_> = of_parts.iter().chain(&POINTS).collect();
    let (before, after) = points.split_at(usize::try_from(turn).unwrap() % points.len());
    let (point, visits) = **after.iter().chain(before).find(|point| passed(point)).unwrap();
    let visit = 1 + scene.rng.below(visits);
    let said = scene.start(Some(&format!("{point}:abort:{visit}"))).finish();
    let fired = (said.signal == Some(Signal::SIGABRT as i32)).then_some(said.ended);
    if fired.is_some() || visit == 1 {
        let mut shot = Shot::new(said, fired, Expect::Killed(Signal::SIGABRT as i32));
        shot.wrong.extend(fired.is_none().then(|| format!("no run passes {point}")));
        return shot;
    }
    // It is passed less often in this cell; the run counts for the records.
    let succeeded = u64::from(said.code == Some(0));
    // It has brought what was new.
    bank::renew(&scene.lab, scene.cell);
    let said = scene.start(Some(&format!("{point}:abort"))).finish();
    let fired = (said.signal == Some(Signal::SIGABRT as i32)).then_some(said.ended);
    let mut shot = Shot::new(said, fired, Expect::Killed(Signal::SIGABRT as i32));
    shot.wrong.extend(fired.is_none().then(|| format!("no run passes {point}")));
    shot.beside = succeeded;
    shot
}

/// F2: SIGKILL at any moment of a run.
pub(crate) fn at_any_moment(scene: &mut Scene, _: u64) -> Shot {
    let moment = scene.rng.moment(scene.calm);
    let mut running = scene.start(None);
    running.wait_until(moment);
    let fired = Instant::now();
    running.signal(Signal::SIGKILL);
    let said = running.finish();
    let fired = (said.signal == Some(Signal::SIGKILL as i32)).then_some(fired);
    Shot::new(said, fired, Expect::Killed(Signal::SIGKILL as i32))
}

/// F25: SIGINT or SIGTERM at any moment of a run.
pub(crate) fn told_to_stop(scene: &mut Scene, turn: u64) -> Shot {
    let signal = if turn.is_multiple_of(2) { Signal::SIGINT } else { Signal::SIGTERM };
    let moment = scene.rng.moment(scene.calm);
    let mut running = scene.start(None);
    let in_time = running.wait_until(moment);
    let fired = Instant::now();
    running.signal(signal);
    let said = running.finish();
    // Not one that was on its way out with all done.
    let fired = (in_time && (said.code != Some(0) || said.has("committing"))).then_some(fired);
    let mut shot = Shot::new(said, fired, Expect::Stops(signal as i32));
    let stopping = shot.said.ended.saturating_duration_since(shot.fired.unwrap_or(shot.said.ended));
    shot.wrong.extend((stopping > STOP_LIMIT).then(|| format!("it took {stopping:?} to stop")));
    shot
}

/// Stopping in order has 1.5 s for the server and one for the connections; three times that is too long on any machine.
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// F24: two runs of one sync at once: one of them has its way, the other one waits its turn, refuses, or plans anew what
/// is there by then.
pub(crate) fn twice_at_once(scene: &mut Scene, _: u64) -> Shot {
    let first = scene.start(None);
    let apart = scene.rng.moment(scene.calm / 3);
    std::thread::sleep(apart);
    let fired = Instant::now();
    let second = scene.start(None);
    let (first, second) = (first.finish(), second.finish());
    // They met where both had begun and one of them had to wait or was refused.
    let met = [&first, &second].iter().any(|said| said.code != Some(0) || said.has("retrying"));
    let (winner, other) = if first.code == Some(0) { (first, second) } else { (second, first) };
    let mut shot = Shot::new(winner, met.then_some(fired), Expect::DoneOr(&[]));
    shot.beside = u64::from(other.code == Some(0));
    if !matches!(other.code, Some(0 | 3 | 5)) {
        shot.wrong.push(format!("the other run: {}", other.end()));
    }
    shot
}
