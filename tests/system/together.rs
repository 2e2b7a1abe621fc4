//! Runs of one sync at the same time: one runs, the others end and say who is in the way.

use crate::world::{DESTINATION, SOURCE, Said, World, said};
use std::{
    io::Write as _,
    process::{Child, ChildStdin, Command, Stdio},
    time::{Duration, Instant},
};

/// Reading it waits for whoever holds lock 7 of the source.
const SLOW: &str = "[[stream]]\nquery = \"SELECT id, pg_catalog.pg_advisory_lock_shared(7)::text AS waited FROM public.t\"\nname = \"t\"\nwrite = \"append\"\n";

/// A session that holds a lock until it is told to end.
pub(crate) struct Held {
    psql: Child,
    typed: ChildStdin,
}

impl Held {
    pub(crate) fn begin(world: &World, database: &str, sql: &str) -> Self {
        let mut psql = Command::new(world.server.binaries().program("psql"))
            .args(["-XAtq", "-v", "ON_ERROR_STOP=1", &world.server.url(database)])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut typed = psql.stdin.take().unwrap();
        writeln!(typed, "SET application_name = 'held'; BEGIN; {sql};").unwrap();
        until(
            world,
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'held' AND state = 'idle in transaction'",
            "1",
        );
        Self { psql, typed }
    }

    pub(crate) fn end(mut self) {
        writeln!(self.typed, "COMMIT;").unwrap();
        drop(self.typed);
        assert!(self.psql.wait().unwrap().success());
    }
}

/// Waits until the destination answers so.
pub(crate) fn until(world: &World, question: &str, answer: &str) {
    let began = Instant::now();
    while world.destination(question) != answer {
        assert!(began.elapsed() < Duration::from_mins(1), "{question} is not {answer}");
    }
}

const APPLY: [&str; 3] = ["apply", "sync.toml", "--yes"];

pub(crate) fn spawn(world: &World, arguments: &[&str]) -> Child {
    let mut command = world.command(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Which of the two has ended, and what it said; the other one.
fn first(mut one: Child, mut other: Child) -> (Said, Child) {
    loop {
        if one.try_wait().unwrap().is_some() {
            return (said(&one.wait_with_output().unwrap()), other);
        }
        if other.try_wait().unwrap().is_some() {
            return (said(&other.wait_with_output().unwrap()), one);
        }
    }
}

const HOLDER: &str = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted \
     AND (classid::bigint << 32 | objid::bigint) = hashtextextended('sync test', 0) AND database = (SELECT oid FROM pg_database WHERE datname = 'destination')";

#[test]
fn of_two_applies_at_once_one_runs_and_the_other_says_who_it_is() {
    let world = World::new("CREATE TABLE t (id int); INSERT INTO t SELECT generate_series(1, 1000)");
    world.sync(SLOW);
    let held = Held::begin(&world, SOURCE, "SELECT pg_advisory_lock(7)");
    let (refused, running) = first(spawn(&world, &APPLY), spawn(&world, &APPLY));
    let pid = world.destination(HOLDER);
    refused.ends(3, &format!("another run of this sync is at work: process {pid} (rapidbyte) of user postgres, from "));
    for words in [", since 20", &format!("SELECT pg_catalog.pg_terminate_backend({pid})")] {
        assert!(refused.stderr.contains(words), "{words}: {refused:#?}");
    }
    assert!(!refused.stderr.contains("again in"), "it is not repeated: {refused:#?}");
    held.end();
    let ran = said(&running.wait_with_output().unwrap());
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert_eq!(world.destination("SELECT count(*) FROM _rapidbyte.runs"), "1");
    assert_eq!(world.destination("SELECT count(*), count(DISTINCT id) FROM t"), "1000|1000");
}

/// As a session whose client was killed: the server ends it a moment later.
#[test]
fn whoever_is_about_to_end_is_waited_for() {
    let world = World::new("CREATE TABLE t (id int); INSERT INTO t VALUES (1)");
    world.sync("[[stream]]\ntable = \"public.t\"\nwrite = \"append\"\n");
    let held = Held::begin(&world, DESTINATION, "SELECT pg_advisory_xact_lock(hashtextextended('sync test', 0))");
    let pid = world.destination(HOLDER);
    let running = spawn(&world, &APPLY);
    until(&world, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted", "1");
    held.end();
    let ran = said(&running.wait_with_output().unwrap());
    ran.ends(0, &format!("waited for another run of this sync: process {pid} (held) of user postgres"));
}

/// A role that may not see other roles' sessions is told what it may know.
#[test]
fn of_another_roles_session_less_is_said() {
    let world = World::new("CREATE TABLE t (id int); INSERT INTO t VALUES (1)");
    world.destination("CREATE ROLE loader LOGIN; GRANT CREATE ON DATABASE destination TO loader; GRANT ALL ON SCHEMA public TO loader");
    let destination = world.server.url(DESTINATION).replace("postgres@", "loader@");
    world.sync_between(
        &world.server.url(SOURCE),
        &destination,
        "[[stream]]\ntable = \"public.t\"\nwrite = \"append\"\n",
    );
    let held = Held::begin(&world, DESTINATION, "SELECT pg_advisory_xact_lock(hashtextextended('sync test', 0))");
    let pid = world.destination(HOLDER);
    let refused = world.run(&["apply", "sync.toml", "--yes"]);
    refused.ends(3, &format!("another run of this sync is at work: process {pid} (held) of user postgres\n"));
    held.end();
}
