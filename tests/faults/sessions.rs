//! Faults by other sessions and by what the server allows: deadlocks, timeouts, too many connections, conflicts.

use crate::{
    cell::{Limits, Write},
    lab::{DESTINATION, ROLE, RUNTIME, connect, query},
    network::ENDS,
    proxy::{Rule, What, When},
    scene::{Expect, Scene, Shot},
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// F14: another session wants both tables in the other order, and the server chooses us as the victim.
pub(crate) fn deadlock(scene: &mut Scene, _: u64) -> Shot {
    let port = scene.lab.server.port();
    // What is swapped is held from the start, against all but those who read and write.
    let mode = if scene.cell.write == Write::Replace { "ROW EXCLUSIVE" } else { "SHARE" };
    let act = Arc::new(move || {
        let held = RUNTIME.block_on(async {
            let client = connect(port, DESTINATION).await.unwrap();
            // The run may have it already: then it must not wait for rows that wait for this.
            let lock = format!(
                "SET deadlock_timeout = '1h'; SET lock_timeout = '200ms'; BEGIN; LOCK TABLE history IN {mode} MODE"
            );
            query(&client, &lock).await.map(|_| client)
        });
        let Ok(client) = held else { return };
        // The other table once the run has it. Whatever becomes of this session, it ends.
        RUNTIME.spawn(async move {
            let held = format!(
                "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.relation = 'accounts'::regclass \
                 AND l.granted AND l.mode IN ('RowExclusiveLock', 'AccessExclusiveLock') AND a.usename = '{ROLE}'"
            );
            let began = Instant::now();
            while began.elapsed() < Duration::from_secs(5) {
                if query(&client, &held).await.is_ok_and(|rows| rows[0][0].as_deref() != Some("0")) {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            let _ = query(&client, "SET lock_timeout = '10s'; LOCK TABLE accounts IN SHARE MODE; COMMIT").await;
        });
    });
    scene.arm(vec![Rule::once(When::Says("COPY", "history"), What::Meanwhile(act))], Vec::new());
    let said = scene.apply();
    let fired = scene.proxies_fired().filter(|_| said.stderr.contains("deadlock"));
    Shot::new(said, fired, Expect::Survives)
}

/// F15: a statement that waits is cancelled by the role's own limit; a lock that is held for a while, or too long; no
/// connection is left.
pub(crate) fn impatient(scene: &mut Scene, turn: u64) -> Shot {
    if turn % 4 == 1 {
        return lock_timeout(scene, Some(Duration::from_millis(900)));
    }
    // What does not pass by itself is tried twice: the pauses between five tries are as long as a run may take.
    scene.sync(&Limits { retries: 1, ..Limits::default() });
    let shot = match turn % 4 {
        0 => statement_timeout(scene),
        2 => lock_timeout(scene, None),
        _ => no_connection(scene),
    };
    scene.sync(&Limits::default());
    shot
}

fn statement_timeout(scene: &mut Scene) -> Shot {
    scene.lab.sql("postgres", &format!("ALTER ROLE {ROLE} IN DATABASE {DESTINATION} SET statement_timeout = '300ms'"));
    // Upserts and appends wait at their rows, a replace where it takes the table's place.
    let port = scene.lab.server.port();
    let (held, release) = lock_when_it_begins(port, None);
    scene.arm(Vec::new(), vec![held]);
    let said = scene.apply();
    release();
    scene.lab.sql("postgres", &format!("ALTER ROLE {ROLE} IN DATABASE {DESTINATION} RESET statement_timeout"));
    let fired =
        scene.proxies_fired().filter(|_| said.stderr.contains("57014") || said.stderr.contains("statement timeout"));
    Shot::new(said, fired, Expect::Fails(ENDS))
}

/// The rule that locks `notes` when the run has looked at everything, for so long or until released, and the release.
fn lock_when_it_begins(port: u16, held_for: Option<Duration>) -> (Rule, impl FnOnce()) {
    let held = Arc::new(std::sync::Mutex::new(None));
    let of_rule = held.clone();
    let act = Arc::new(move || {
        let client = RUNTIME.block_on(async {
            let client = connect(port, DESTINATION).await.unwrap();
            query(&client, "BEGIN; LOCK TABLE notes IN ACCESS EXCLUSIVE MODE").await.unwrap();
            client
        });
        match held_for {
            Some(held_for) => drop(RUNTIME.spawn(async move {
                tokio::time::sleep(held_for).await;
                drop(client);
            })),
            None => *of_rule.lock().unwrap() = Some(client),
        }
    });
    let rule = Rule::once(When::Says("SET LOCAL lock_timeout", ""), What::Meanwhile(act));
    (rule, move || drop(held.lock().unwrap().take()))
}

fn lock_timeout(scene: &mut Scene, held_for: Option<Duration>) -> Shot {
    let (held, release) = lock_when_it_begins(scene.lab.server.port(), held_for);
    // The plan's 30 s for a lock would make each run of this as long.
    let shorter = What::Instead("SET LOCAL lock_timeout = 250".to_owned());
    scene.arm(Vec::new(), vec![held, Rule::always(When::Says("SET LOCAL lock_timeout", ""), shorter)]);
    let said = scene.apply();
    release();
    let fired = scene.proxies_fired().filter(|_| said.has("retrying"));
    Shot::new(said, fired, if held_for.is_some() { Expect::Survives } else { Expect::Fails(ENDS) })
}

fn no_connection(scene: &mut Scene) -> Shot {
    scene.lab.sql("postgres", &format!("ALTER ROLE {ROLE} CONNECTION LIMIT 1"));
    let full = Instant::now();
    let said = scene.apply();
    scene.lab.sql("postgres", &format!("ALTER ROLE {ROLE} CONNECTION LIMIT -1"));
    let fired = said.stderr.contains("53300").then_some(full);
    Shot::new(said, fired, Expect::DoneOr(ENDS))
}

/// F16: the server asks for a repetition, at the run's first statement or at its last.
pub(crate) fn serialization(scene: &mut Scene, turn: u64) -> Shot {
    let raise = "DO $$ BEGIN RAISE EXCEPTION 'could not serialize access' USING ERRCODE = '40001'; END $$";
    let when = if turn.is_multiple_of(2) { When::Says("SET LOCAL lock_timeout", "") } else { When::Is("COMMIT") };
    scene.arm(Vec::new(), vec![Rule::once(when, What::Instead(raise.to_owned()))]);
    let said = scene.apply();
    let mut shot = Shot::new(said, scene.proxies_fired(), Expect::Survives);
    shot.wrong.extend((!shot.said.has("retrying")).then(|| "it was not repeated".to_owned()));
    shot
}
