//! Faults of the server: its backends, itself, its disk. Where nothing but time is lost the run goes on by itself.

use crate::{
    cell::Limits,
    lab::{DESTINATION, SOURCE},
    network::ENDS,
    proxy::{Rule, What, When},
    scene::{Expect, Scene, Shot},
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::time::{Duration, Instant};

/// A server notices at once that a backend is gone, but where it has no time at all.
const NOTICES: Duration = Duration::from_mins(1);

/// Starts a run and lets `act` loose on it once it has begun, at any moment of its rows; true: it could act.
fn while_it_runs(scene: &mut Scene, act: impl FnOnce(&mut Scene) -> bool) -> Shot {
    let moment = scene.rng.moment(scene.calm / 2);
    let mut running = scene.start(None);
    running.wait_for("started");
    std::thread::sleep(moment);
    let in_time = !running.is_over();
    let fired = Instant::now();
    let acted = in_time && act(scene);
    Shot::new(running.finish(), acted.then_some(fired), Expect::Survives)
}

/// F4: pg_terminate_backend of the reader or the writer.
pub(crate) fn terminated(scene: &mut Scene, turn: u64) -> Shot {
    let database = if turn.is_multiple_of(2) { SOURCE } else { DESTINATION };
    while_it_runs(scene, |scene| {
        let sql = format!(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'rapidbyte' AND datname = '{database}'"
        );
        scene.lab.value("postgres", &sql) != "0"
    })
}

/// F9: the server is stopped in order or at once, and started again.
pub(crate) fn restarted(scene: &mut Scene, turn: u64) -> Shot {
    let mode = if turn.is_multiple_of(2) { "fast" } else { "immediate" };
    while_it_runs(scene, |scene| {
        scene.lab.restart(mode);
        true
    })
}

/// F10: SIGKILL of a backend; the server ends all sessions and recovers.
pub(crate) fn backend_killed(scene: &mut Scene, _: u64) -> Shot {
    while_it_runs(scene, |scene| {
        let sql = "SELECT pid FROM pg_stat_activity WHERE application_name = 'rapidbyte' ORDER BY random() LIMIT 1";
        let Ok(pid) = scene.lab.value("postgres", sql).parse() else { return false };
        let killed = kill(Pid::from_raw(pid), Signal::SIGKILL).is_ok();
        // The server goes on until it notices: whoever asks before that would be in the middle of its recovery.
        let is_there = format!("SELECT 1 FROM pg_stat_activity WHERE pid = {pid}");
        let began = Instant::now();
        while killed && scene.lab.try_sql("postgres", &is_there).is_ok_and(|rows| !rows.is_empty()) {
            assert!(began.elapsed() < NOTICES, "the server does not notice that {pid} is gone");
        }
        killed
    })
}

/// F20: the session that holds the snapshot dies between two streams. Two snapshots are never mixed.
pub(crate) fn snapshot_lost(scene: &mut Scene, _: u64) -> Shot {
    let (act, _) = scene.lab.meanwhile(
        "postgres",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'rapidbyte' AND datname = 'source'",
    );
    scene.arm(vec![Rule::once(When::Says("COPY", "history"), What::Meanwhile(act))], Vec::new());
    let said = scene.apply();
    Shot::new(said, scene.proxies_fired(), Expect::Survives)
}

/// F11: the destination's tablespace is full, until somebody makes room: before the run is tried again, or once it has given up.
pub(crate) fn disk_full(scene: &mut Scene, turn: u64) -> Shot {
    let in_time = turn.is_multiple_of(2);
    let full = scene.lab.fill_disk();
    scene.sync(&Limits { retries: if in_time { 5 } else { 1 }, ..Limits::default() });
    let mut running = scene.start(None);
    if in_time {
        running.wait_for("retrying");
        scene.lab.free_disk();
    }
    let said = running.finish();
    if !in_time {
        scene.lab.free_disk();
    }
    scene.sync(&Limits::default());
    let fired = said.stderr.contains("53100").then_some(full);
    Shot::new(said, fired, if in_time { Expect::Survives } else { Expect::Fails(ENDS) })
}

/// F12: the disk of the write-ahead log is full among the rows, and the server goes down with it, until somebody makes
/// room.
pub(crate) fn log_full(scene: &mut Scene, _: u64) -> Shot {
    let flood = scene.lab.flood_log();
    scene.arm(vec![Rule::once(When::Says("COPY", "accounts"), What::Meanwhile(flood))], Vec::new());
    // Nobody makes room while it is tried again.
    scene.sync(&Limits { retries: 1, ..Limits::default() });
    let complaints = |scene: &Scene| scene.lab.server.log().unwrap().matches("No space left on device").count();
    let before = complaints(scene);
    // From here on the writers may be the first who want more room.
    let full = scene.lab.fill_disk();
    let said = scene.apply();
    scene.lab.free_disk();
    scene.sync(&Limits::default());
    let fired = (complaints(scene) > before).then_some(full);
    scene.lab.restart("immediate");
    Shot::new(said, fired, Expect::Fails(ENDS))
}
