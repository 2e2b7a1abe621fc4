//! Servers, functions, roles and texts that mean no good: nothing leaks, nothing hangs, nothing is lost, doubled or changed.

use crate::world::{Said, World};
use rapidbyte_throwaway::Options;
use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

const ROWS: &str = "CREATE TABLE t (id int PRIMARY KEY, w text); INSERT INTO t SELECT i, 'CELL' || i FROM generate_series(1, 1000) AS i";

fn append(more: &str) -> String {
    format!("[[stream]]\ntable = \"public.t\"\nwrite = \"append\"\n{more}\n[limits]\nretries = 0\n")
}

fn apply(world: &World, rest: &str) -> Said {
    world.sync(rest);
    world.run(&["apply", "sync.toml", "--yes", "--allow-destructive"])
}

/// A target whose trigger runs this for each row.
fn with_trigger(world: &World, body: &str) {
    world.destination(&format!(
        "DROP TABLE IF EXISTS t; CREATE TABLE t (id int PRIMARY KEY, w text); \
         CREATE OR REPLACE FUNCTION act() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body}; RETURN NEW; END $$; \
         CREATE TRIGGER acts BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION act()"
    ));
}

#[test]
fn a_trigger_cannot_smuggle_a_value_into_a_message() {
    let world = World::new(ROWS);
    for (sqlstate, code) in [("P0001", 6), ("U0001", 6), ("42501", 5), ("53100", 5), ("57014", 5), ("XX000", 6)] {
        let raise = format!(
            "IF NEW.id = 500 THEN RAISE 'it is %', NEW.w USING ERRCODE = '{sqlstate}', HINT = NEW.w, DETAIL = NEW.w, \
             TABLE = NEW.w, COLUMN = NEW.w, CONSTRAINT = NEW.w; END IF"
        );
        with_trigger(&world, &raise);
        for strategy in ["copy", "insert"] {
            let said = apply(&world, &append(&format!("strategy = \"{strategy}\"\n")));
            assert_eq!(said.code, Some(code), "{sqlstate} by {strategy}: {said:#?}");
            assert!(said.stderr.contains(sqlstate), "{said:#?}");
            assert!(!said.stderr.contains("CELL"), "{sqlstate} by {strategy}: {said:#?}");
        }
    }
}

#[test]
fn a_row_that_fails_at_the_source_does_not_leak() {
    let world = World::new(ROWS);
    let query = "select w::pg_catalog.regclass::text as x from public.t";
    let said = apply(&world, &format!("[[stream]]\nquery = \"{query}\"\nname = \"x\"\nwrite = \"append\"\n"));
    assert_eq!(said.code, Some(4), "{said:#?}");
    assert!(said.stderr.contains("42P01") && !said.stderr.contains("CELL"), "{said:#?}");
}

#[test]
fn a_trigger_that_talks_about_every_row_does_not_stop_the_run() {
    let world = World::new(ROWS);
    world.source("UPDATE t SET w = repeat(md5(w), 1000)");
    with_trigger(&world, "RAISE WARNING '%', repeat('x', 100000)");
    let said = apply(&world, &format!("{}timeout = \"1m\"\n", append("")));
    assert_eq!(said.code, Some(0), "{said:#?}");
    world.assert_same("t", "t");
}

#[test]
fn a_trigger_that_changes_what_rows_mean_is_noticed() {
    let world = World::new("CREATE TABLE t (id int PRIMARY KEY, w text); INSERT INTO t VALUES (1, 'é'), (2, '€')");
    for strategy in ["copy", "insert"] {
        with_trigger(&world, "PERFORM set_config('client_encoding', 'LATIN1', false)");
        let said = apply(&world, &append(&format!("strategy = \"{strategy}\"\n")));
        assert_eq!(said.code, Some(5), "{strategy}: {said:#?}");
        assert!(said.stderr.contains("client_encoding"), "{said:#?}");
        assert_eq!(world.destination("SELECT count(*) FROM t"), "0", "{strategy}");
    }
    with_trigger(
        &world,
        "PERFORM set_config('search_path', 'pg_temp, public', false), set_config('DateStyle', 'SQL', false)",
    );
    assert_eq!(apply(&world, &append("")).code, Some(0));
    world.assert_same("t", "t");
}

#[test]
fn planning_runs_nothing_but_the_stream() {
    let world = World::new(ROWS);
    world.source(
        "CREATE TABLE victim (id int); CREATE FUNCTION act() RETURNS int LANGUAGE plpgsql IMMUTABLE AS \
         $$ BEGIN PERFORM public.act_now(); RETURN 1; END $$; \
         CREATE FUNCTION act_now() RETURNS void LANGUAGE sql VOLATILE AS 'DROP TABLE public.victim'",
    );
    for filter in ["true); DROP TABLE public.victim; SELECT (true", "id = public.act()"] {
        world.sync(&append(&format!("where = \"{filter}\"\n")));
        let said = world.run(&["plan", "sync.toml"]);
        assert_eq!(said.code, Some(4), "{filter}: {said:#?}");
        assert_eq!(world.source("SELECT to_regclass('victim') IS NOT NULL"), "t", "{filter}");
    }
}

#[test]
fn more_rows_are_expected_than_a_number_holds() {
    let world = World::new(ROWS);
    let series = "pg_catalog.generate_series(1, 1000000000)";
    let query = format!("select 1 as n from {series} a, {series} b, {series} c where a.a < b.b");
    world.sync(&format!("[[stream]]\nquery = \"{query}\"\nname = \"x\"\nwrite = \"append\"\n"));
    let said = world.run(&["plan", "sync.toml"]);
    assert_eq!(said.code, Some(0), "{said:#?}");
}

#[test]
fn a_role_that_may_read_one_column_reads_it() {
    let world = World::new(ROWS);
    world.source("CREATE ROLE narrow LOGIN; GRANT SELECT (id) ON t TO narrow");
    let source = world.server.url("source").replace("postgres@", "narrow@");
    world.sync_between(&source, &world.server.url("destination"), &append("columns = [\"id\"]\n"));
    let said = world.run(&["apply", "sync.toml", "--yes"]);
    assert_eq!(said.code, Some(0), "{said:#?}");
    world.assert_same("(SELECT id FROM t)", "t");
}

#[test]
fn waiting_for_the_other_side_is_no_idleness() {
    let world = World::new(ROWS);
    world.source("ALTER DATABASE source SET idle_in_transaction_session_timeout = '50ms'");
    with_trigger(&world, "PERFORM pg_sleep(0.002)");
    let said = apply(&world, &format!("{}fetch = \"cursor\"\nbatch_rows = 10\nmemory = \"64MiB\"\n", append("")));
    assert_eq!(said.code, Some(0), "{said:#?}");
    world.assert_same("t", "t");
}

#[test]
fn two_first_runs_at_a_time_both_succeed() {
    let world = World::new(ROWS);
    let names = ["a.toml", "b.toml", "c.toml"];
    for name in names {
        let path = world.sync(&append(&format!("into = \"{name}\"\n")));
        let text =
            std::fs::read_to_string(path).unwrap().replace("name = \"test\"", &format!("name = \"{}\"", &name[..1]));
        std::fs::write(world.path(name), text).unwrap();
    }
    let runs: Vec<_> = names.iter().map(|name| world.command(&["apply", name, "--yes"]).spawn().unwrap()).collect();
    for mut run in runs {
        assert!(run.wait().unwrap().success());
    }
    assert_eq!(world.destination("SELECT count(*) FROM _rapidbyte.runs"), "3");
}

#[test]
fn of_two_runs_of_one_sync_at_a_time_one_is_refused() {
    let world = World::new(ROWS);
    world.apply(&append(""));
    // Some seconds: both begin while neither has ended.
    with_trigger(&world, "PERFORM pg_sleep(0.004)");
    world.sync(&append(""));
    let start = || world.command(&["apply", "sync.toml", "--yes"]).spawn().unwrap();
    let codes = [start(), start()].map(|mut run| run.wait().unwrap().code());
    assert!(codes.contains(&Some(0)) && (codes.contains(&Some(3)) || codes.contains(&Some(5))), "{codes:?}");
    assert_eq!(world.destination("SELECT count(*) FROM t"), "1000");
    assert_eq!(world.destination("SELECT count(*) FROM _rapidbyte.runs"), "2");
}

#[test]
fn a_broken_run_is_repeated_and_nothing_is_doubled() {
    let world = World::new(ROWS);
    world.destination("CREATE TABLE once (gone bool)");
    // The first session that gets to row 900 is ended; a sequence outlives its rollback. What it wrote stays as dead rows.
    world.destination("CREATE SEQUENCE turns");
    with_trigger(
        &world,
        "IF NEW.id = 900 AND nextval('public.turns') = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF",
    );
    world.apply("[[stream]]\ntable = \"public.t\"\nwrite = \"append\"\n");
    assert_eq!(world.destination("SELECT last_value FROM turns"), "2");
    world.assert_same("t", "t");
}

/// Code of a CancelRequest (PostgreSQL manual, "Message Formats").
const CANCEL: [u8; 4] = 80_877_102_u32.to_be_bytes();

/// Passes bytes on, but for requests to cancel, and takes the answer to the first COMMIT away: the client's side breaks, the
/// server's stays open.
fn swallow_first_commit(server_port: u16) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let swallowed = Arc::new(AtomicBool::new(false));
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let server = TcpStream::connect(("127.0.0.1", server_port)).unwrap();
            let swallowed = swallowed.clone();
            std::thread::spawn(move || between(client, server, &swallowed));
        }
    });
    port
}

fn between(mut client: TcpStream, mut server: TcpStream, swallowed: &AtomicBool) {
    let (mut back, mut out) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    let answers = std::thread::spawn(move || drop(std::io::copy(&mut back, &mut out)));
    let mut buffer = vec![0; 1 << 16];
    while let Ok(length @ 1..) = client.read(&mut buffer) {
        let sent = &buffer[..length];
        if sent.get(4..8) == Some(&CANCEL) {
            return;
        }
        let commits = sent.windows(7).any(|window| window == b"COMMIT\0");
        if commits && !swallowed.swap(true, Ordering::SeqCst) {
            client.shutdown(Shutdown::Both).unwrap();
            server.write_all(sent).unwrap();
            answers.join().unwrap();
            return;
        }
        if server.write_all(sent).is_err() {
            break;
        }
    }
    let _ = server.shutdown(Shutdown::Both);
}

#[test]
fn a_commit_that_takes_its_time_is_not_done_again() {
    // Longer than anybody asks without waiting: a run that is said to be lost is repeated, and its rows come twice.
    let world = World::with_options(&Options::default(), ROWS);
    world.destination(
        "CREATE TABLE t (id int, w text); CREATE FUNCTION rest() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN IF NEW.id = 1 THEN PERFORM pg_sleep(6); END IF; RETURN NULL; END $$; \
         CREATE CONSTRAINT TRIGGER rests AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION rest()",
    );
    let port = swallow_first_commit(world.server.port());
    let destination = world.server.url("destination").replace(&world.server.port().to_string(), &port.to_string());
    let stream = "[[stream]]\ntable = \"public.t\"\nwrite = \"append\"\n";
    world.sync_between(&world.server.url("source"), &destination, stream);
    let said = world.run(&["apply", "sync.toml", "--yes"]);
    assert_eq!(said.code, Some(0), "{said:#?}");
    world.assert_same("t", "t");
    assert_eq!(world.destination("SELECT count(*) FROM _rapidbyte.runs"), "1");
}

#[test]
fn a_trigger_that_trusts_the_search_path_is_told_how_not_to() {
    let world = World::new(ROWS);
    with_trigger(&world, "INSERT INTO log VALUES (NEW.id)");
    world.destination("CREATE TABLE log (id int)");
    let said = apply(&world, &append(""));
    said.ends(5, "search_path is empty");
    assert!(said.stderr.contains("ALTER FUNCTION"), "{said:#?}");
    assert_eq!(world.destination("SELECT count(*) FROM t"), "0");
    world.destination("ALTER FUNCTION act() SET search_path = public");
    assert_eq!(apply(&world, &append("")).code, Some(0));
    assert_eq!(world.destination("SELECT count(*) FROM log"), "1000");
}
