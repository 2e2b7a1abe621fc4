//! What is moved: a bank whose books balance in every snapshot and in no mixture of two. Writers transfer, insert, update
//! and delete all the time. Each row of `history` has its writer's next number and a digest of itself.

use crate::lab::{DESTINATION, Lab, ROLE, RUNTIME, SOURCE, connect, query};
use crate::seed::Rng;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};
use tokio::{
    sync::{OwnedRwLockWriteGuard, RwLock},
    task::JoinHandle,
};

pub(crate) const ACCOUNTS: u64 = 500;
/// Rows of history that are there from the start: some batches.
pub(crate) const HISTORY: u64 = 5_000;
/// What each account holds at first.
pub(crate) const BALANCE: u64 = 1_000;
const WRITERS: u64 = 2;
/// Between two transactions of a writer, so that there is time for others on two cores.
const PAUSE: Duration = Duration::from_millis(15);

/// `md5` of what a row of history says.
pub(crate) const DIGEST: &str = "md5(concat_ws(':', writer, seq, account, delta))";

/// The views are for appends: `taken` tells which snapshot a row is of.
pub(crate) fn fill(lab: &Lab) {
    lab.databases();
    let tables = format!(
        "CREATE TABLE accounts (id int PRIMARY KEY, balance bigint NOT NULL, filler text); \
         CREATE TABLE history (writer int, seq bigint, account int NOT NULL, delta bigint NOT NULL, digest text, note text, PRIMARY KEY (writer, seq)); \
         CREATE TABLE notes (id bigint PRIMARY KEY, body text, at timestamptz); \
         INSERT INTO accounts SELECT i, {BALANCE}, CASE WHEN i % 3 > 0 THEN repeat('x', i % 50) END FROM generate_series(1, {ACCOUNTS}) AS i; \
         INSERT INTO history SELECT writer, seq, account, delta, {DIGEST}, 'opened' FROM (SELECT 0 AS writer, i AS seq, 1 + i % {ACCOUNTS} AS account, 0 AS delta \
         FROM generate_series(1, {HISTORY}) AS i) AS h; \
         INSERT INTO notes SELECT i, 'note ' || i, now() FROM generate_series(1, 100) AS i"
    );
    lab.sql(SOURCE, &tables);
    for table in TABLES {
        lab.sql(SOURCE, &format!("CREATE VIEW {table}_taken AS SELECT *, now() AS taken FROM {table}"));
    }
    lab.sql(SOURCE, &format!("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {ROLE}; ANALYZE"));
    lab.sql(DESTINATION, "SELECT 1");
}

pub(crate) const TABLES: [&str; 3] = ["accounts", "history", "notes"];

/// Those that write to the source until they are dropped.
pub(crate) struct Writers {
    turn: Arc<RwLock<()>>,
    ended: Arc<AtomicBool>,
    /// Transactions.
    pub(crate) count: Arc<AtomicU64>,
    tasks: Vec<JoinHandle<()>>,
}

impl Writers {
    pub(crate) fn start(lab: &Lab, rng: &mut Rng) -> Self {
        let (turn, ended, count) = (Arc::default(), Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let port = lab.server.port();
        let tasks = (1..=WRITERS).map(|writer| {
            let rng = Rng::new(rng.next(), "writer");
            RUNTIME.spawn(write(port, writer, rng, Arc::clone(&turn), ended.clone(), count.clone()))
        });
        let tasks = tasks.collect();
        Self { turn, ended, count, tasks }
    }

    /// Nothing is written until the guard is dropped.
    pub(crate) fn pause(&self) -> OwnedRwLockWriteGuard<()> {
        RUNTIME.block_on(self.turn.clone().write_owned())
    }
}

impl Drop for Writers {
    fn drop(&mut self) {
        self.ended.store(true, SeqCst);
        for task in self.tasks.drain(..) {
            let ended = RUNTIME.block_on(task);
            assert!(std::thread::panicking() || ended.is_ok(), "a writer failed: {ended:?}");
        }
    }
}

async fn write(
    port: u16,
    writer: u64,
    mut rng: Rng,
    gate: Arc<RwLock<()>>,
    ended: Arc<AtomicBool>,
    count: Arc<AtomicU64>,
) {
    while !ended.load(SeqCst) {
        // The server may be on its way down or up; then it is tried again.
        let Ok(client) = connect(port, SOURCE).await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let last = format!("SELECT coalesce(max(seq), 0) FROM history WHERE writer = {writer}");
        let Ok(rows) = query(&client, &last).await else { continue };
        let mut seq: u64 = rows[0][0].as_deref().unwrap().parse().unwrap();
        while !ended.load(SeqCst) {
            let held = gate.read().await;
            if let Err(error) = query(&client, &transfer(writer, seq, &mut rng)).await {
                let is_gone = client.is_closed() || error.code().is_none_or(|state| state.code().starts_with("57"));
                // A lock that a fault waits for.
                let waited = error.code().is_some_and(|state| ["40P01", "55P03"].contains(&state.code()));
                assert!(is_gone || waited, "a writer: {error:?}");
                break;
            }
            seq += 2;
            count.fetch_add(1, SeqCst);
            drop(held);
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// One transaction. Some stay open for a while after their first statement, so that later ones commit before them.
fn transfer(writer: u64, seq: u64, rng: &mut Rng) -> String {
    let (one, other) = (1 + rng.below(ACCOUNTS), 1 + rng.below(ACCOUNTS));
    // In one order, so that writers do not wait for each other in a circle.
    let (first, second) = (one.min(other), one.max(other));
    let delta = i64::try_from(rng.below(100)).unwrap() - 50;
    let late = if rng.below(20) == 0 { "SELECT pg_sleep(0.03);" } else { "" };
    let note = writer * 1_000_000 + rng.below(200);
    let notes = match rng.below(3) {
        0 => format!("INSERT INTO notes VALUES ({note}, 'new', now()) ON CONFLICT DO NOTHING"),
        1 => format!("UPDATE notes SET body = body || '.', at = now() WHERE id = {}", 1 + rng.below(100)),
        _ => format!("DELETE FROM notes WHERE id = {note}"),
    };
    format!(
        "BEGIN; UPDATE accounts SET balance = balance - {delta} WHERE id = {first}; {late} \
         UPDATE accounts SET balance = balance + {delta} WHERE id = {second}; \
         INSERT INTO history SELECT writer, seq, account, delta, {DIGEST}, NULL FROM (VALUES \
         ({writer}, {}::bigint, {first}, {}::bigint), ({writer}, {}, {second}, {delta})) AS h (writer, seq, account, delta); {notes}; COMMIT",
        seq + 1,
        -delta,
        seq + 2
    )
}
