//! Faults by people: definitions that change at either end while rows move, and records of another version.

use crate::{
    bank::{DIGEST, LATE},
    cell::Origin,
    lab::{DESTINATION, RUNTIME, SOURCE, connect, query},
    proxy::{Rule, What, When},
    scene::{Expect, Scene, Shot},
};
use std::time::{Duration, Instant};
use tokio_postgres::Client;

/// Drift, the source, the destination, data.
const NAMED: &[i32] = &[3, 4, 5, 6];

/// F17: the source's definitions change, before the lock or behind it.
pub(crate) fn of_the_source(scene: &mut Scene, turn: u64) -> Shot {
    match turn % 4 {
        // Between the lock and the snapshot; then among the rows.
        0 => behind_the_lock(scene, When::Says("pg_export_snapshot", ""), "TRUNCATE history"),
        1 => behind_the_lock(scene, AMONG_ROWS, "ALTER TABLE history DROP COLUMN note CASCADE"),
        2 => behind_the_lock(scene, AMONG_ROWS, "VACUUM FULL history"),
        _ => before_the_lock(scene),
    }
}

/// The second stream's rows are asked for.
const AMONG_ROWS: When = When::Says("COPY", "history");

/// The change must wait for the run, and so comes to nothing here.
fn behind_the_lock(scene: &mut Scene, when: When, sql: &'static str) -> Shot {
    let (act, said) = scene.lab.meanwhile(SOURCE, sql);
    // It would wait for a writer's open transaction as well, and prove nothing.
    let paused = scene.pause();
    scene.arm(vec![Rule::once(when, What::Meanwhile(act))], Vec::new());
    let mut shot = Shot::new(scene.apply(), None, Expect::Survives);
    shot.fired = scene.proxies_fired();
    drop(paused);
    let answer = said.lock().unwrap().clone();
    shot.wrong
        .extend((!answer.iter().any(|said| said.contains("55P03"))).then(|| format!("{sql} did not wait: {answer:?}")));
    shot
}

/// What is locked is what was planned, or the run does not begin.
fn before_the_lock(scene: &mut Scene) -> Shot {
    let (change, undo) = match scene.cell.origin("notes") {
        Origin::Taken => (
            "CREATE OR REPLACE VIEW notes_taken AS SELECT *, now() AS taken, 1 AS extra FROM notes",
            "DROP VIEW notes_taken; CREATE VIEW notes_taken AS SELECT *, now() AS taken FROM notes; GRANT SELECT ON notes_taken TO rapid",
        ),
        Origin::Table => ("ALTER TABLE notes ADD COLUMN extra int", "ALTER TABLE notes DROP COLUMN extra"),
        Origin::Versions => {
            ("ALTER TABLE notes_versions ADD COLUMN extra int", "ALTER TABLE notes_versions DROP COLUMN extra")
        }
    };
    let (act, _) = scene.lab.meanwhile(SOURCE, change);
    scene.arm(vec![Rule::once(When::Says("LOCK TABLE", ""), What::Meanwhile(act))], Vec::new());
    let mut shot = Shot::new(scene.apply(), None, Expect::Fails(&[3]));
    shot.fired = scene.proxies_fired();
    scene.lab.sql(SOURCE, undo);
    shot
}

/// F18: the destination's definitions and rights change when the run has looked at them.
pub(crate) fn of_the_destination(scene: &mut Scene, turn: u64) -> Shot {
    let (change, undo) = match turn % 3 {
        0 => ("ALTER TABLE notes ADD COLUMN extra int", "ALTER TABLE notes DROP COLUMN IF EXISTS extra"),
        1 => ("DROP TABLE notes", ""),
        _ => ("ALTER TABLE notes OWNER TO postgres", "ALTER TABLE notes OWNER TO rapid"),
    };
    let (act, said) = scene.lab.meanwhile(DESTINATION, change);
    scene.arm(vec![Rule::once(When::Says("COPY", "accounts"), What::Meanwhile(act))], Vec::new());
    let mut shot = Shot::new(scene.apply(), None, Expect::DoneOr(NAMED));
    // Where the run has a lock already the change waits, and comes to nothing here.
    let done = said.lock().unwrap().iter().all(|said| said == "done");
    shot.fired = scene.proxies_fired();
    if turn.is_multiple_of(3) && done {
        let there = "SELECT count(*) FROM pg_attribute WHERE attrelid = 'notes'::regclass AND attname = 'extra'";
        let lost = scene.lab.value(DESTINATION, there) == "0";
        shot.wrong.extend(lost.then(|| "a column that others added meanwhile is gone".to_owned()));
    }
    if !undo.is_empty() {
        scene.lab.sql(DESTINATION, undo);
    }
    shot
}

/// F19: transactions that commit late, equal times, a clock that goes back, updates while the source is read: nothing is
/// held back but time.
pub(crate) fn late_commits(scene: &mut Scene, _: u64) -> Shot {
    let late = Late::begin(scene);
    // A checkpoint is taken while it is open.
    let beside = scene.apply();
    late.commit();
    let act = std::sync::Arc::new(|| std::thread::sleep(Duration::from_millis(120)));
    scene.arm(vec![Rule::once(When::Says("COPY", "history"), What::Meanwhile(act))], Vec::new());
    let before = scene.written();
    let said = scene.apply();
    let fired = scene.proxies_fired().filter(|_| scene.written() > before);
    let mut shot = Shot::new(said, fired, Expect::Survives);
    shot.beside = u64::from(beside.code == Some(0));
    if beside.code != Some(0) {
        shot.wrong.push(format!("the run before: {}", beside.end()));
    }
    if shot.said.code == Some(0) {
        let last = format!("SELECT coalesce(max(seq), 0) FROM history WHERE writer = {LATE}");
        let (there, here) = (scene.lab.value(DESTINATION, &last), scene.lab.value(SOURCE, &last));
        shot.wrong.extend((there != here).then(|| "rows that were committed late are missing".to_owned()));
    }
    shot
}

/// A transaction that is open while runs come and go, whose rows are an hour old.
struct Late(Client);

impl Late {
    fn begin(scene: &Scene) -> Self {
        let sql = format!(
            "BEGIN; INSERT INTO history SELECT writer, seq, account, delta, {DIGEST}, 'late', now() - interval '1 hour' FROM (SELECT {LATE} AS writer, \
             i + (SELECT count(*) FROM history WHERE writer = {LATE}) AS seq, i AS account, 0 AS delta FROM generate_series(1, 3) AS i) AS h"
        );
        Self(RUNTIME.block_on(async {
            let client = connect(scene.lab.server.port(), SOURCE).await.unwrap();
            query(&client, &sql).await.unwrap();
            client
        }))
    }

    fn commit(self) {
        RUNTIME.block_on(query(&self.0, "COMMIT")).unwrap();
    }
}

/// F21: a row that the destination refuses. Nothing has changed.
pub(crate) fn poison(scene: &mut Scene, turn: u64) -> Shot {
    let (guard, row, undo) = match turn % 2 {
        0 => (
            "ALTER TABLE notes ADD CONSTRAINT no_poison CHECK (body <> 'poison')",
            "INSERT INTO notes VALUES (-1, 'poison', now())",
            "ALTER TABLE notes DROP CONSTRAINT IF EXISTS no_poison",
        ),
        _ => (
            "CREATE UNIQUE INDEX no_twins ON notes (body) WHERE body LIKE 'twin%'",
            "INSERT INTO notes VALUES (-1, 'twin', now()), (-2, 'twin', now())",
            "DROP INDEX IF EXISTS no_twins",
        ),
    };
    scene.lab.sql(DESTINATION, guard);
    scene.lab.sql(SOURCE, row);
    let fired = Instant::now();
    let said = scene.apply();
    forget_notes(scene);
    scene.lab.sql(DESTINATION, undo);
    Shot::new(said, Some(fired), Expect::Fails(&[2, 3, 6]))
}

/// Those that no run could bring.
fn forget_notes(scene: &Scene) {
    scene.lab.sql(SOURCE, "DELETE FROM notes WHERE id < 0");
    if scene.cell.origin("notes") == Origin::Versions {
        scene.lab.sql(SOURCE, "DELETE FROM notes_versions WHERE id < 0");
    }
}

/// F22: a value that no limit allows: 20 MB and 200 MB.
pub(crate) fn huge(scene: &mut Scene, turn: u64) -> Shot {
    let bytes = if turn.is_multiple_of(2) { 20_000_000 } else { 200_000_000 };
    scene.lab.sql(SOURCE, &format!("INSERT INTO notes VALUES (-1, repeat('x', {bytes}), now())"));
    let fired = Instant::now();
    let said = scene.apply();
    forget_notes(scene);
    Shot::new(said, Some(fired), Expect::Fails(&[6]))
}

/// F26: the records are of another version: an older one lacks a table or a column, a newer one demands more.
pub(crate) fn other_version(scene: &mut Scene, turn: u64) -> Shot {
    let (change, undo) = match turn % 4 {
        0 => ("DROP TABLE _rapidbyte.checkpoints", ""),
        3 => ("ALTER TABLE _rapidbyte.targets DROP COLUMN sync, DROP COLUMN own, DROP COLUMN seen", ""),
        1 => (
            "ALTER TABLE _rapidbyte.targets RENAME changes TO older",
            "ALTER TABLE _rapidbyte.targets RENAME older TO changes",
        ),
        _ => (
            "ALTER TABLE _rapidbyte.runs ADD COLUMN newer int; ALTER TABLE _rapidbyte.runs ADD CHECK (newer IS NOT NULL) NOT VALID",
            "ALTER TABLE _rapidbyte.runs DROP COLUMN newer",
        ),
    };
    scene.lab.sql(DESTINATION, change);
    let fired = Instant::now();
    let said = scene.apply();
    if !undo.is_empty() {
        scene.lab.sql(DESTINATION, undo);
    }
    let expect = if undo.is_empty() { Expect::Survives } else { Expect::Fails(NAMED) };
    Shot::new(said, Some(fired), expect)
}
