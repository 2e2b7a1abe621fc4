//! What goes wrong in the middle: the destination is afterwards as it was before.

use crate::world::World;
use rapidbyte_throwaway::Options;
use std::{
    io::{BufRead, BufReader},
    process::Stdio,
};

const STREAMS: &str = "[defaults]\nwrite = \"replace\"\n\n[[stream]]\ntable = \"public.first\"\n\n[[stream]]\ntable = \"public.second\"\n";

fn world() -> World {
    let world = World::new(
        "CREATE TABLE first AS SELECT i AS id, md5(i::text) AS word FROM generate_series(1, 300000) AS i; \
         ALTER TABLE first ADD PRIMARY KEY (id); \
         CREATE TABLE second (id int PRIMARY KEY, amount int NOT NULL); INSERT INTO second SELECT i, i FROM generate_series(1, 1000) AS i",
    );
    world.destination(
        "CREATE TABLE first (id int PRIMARY KEY, word text); INSERT INTO first VALUES (-1, 'before'); ANALYZE",
    );
    world
}

#[test]
fn a_row_that_is_refused_late_undoes_everything() {
    let world = world();
    world.destination("CREATE TABLE second (id int PRIMARY KEY, amount int NOT NULL CHECK (amount < 1000))");
    let before = world.destination_picture();
    world.sync(STREAMS);
    let said = world.run(&["apply", "sync.toml", "--yes", "--allow-destructive"]);
    said.ends(6, "second_amount_check");
    assert_eq!(world.destination_picture(), before);
}

#[test]
fn a_killed_apply_leaves_nothing() {
    let world = world();
    let before = world.destination_picture();
    world.sync(STREAMS);
    let mut child = world
        .command(&["apply", "sync.toml", "--yes", "--allow-destructive", "--events", "ndjson", "--no-progress"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The first progress of the first stream: rows are on their way.
    let events = BufReader::new(child.stderr.take().unwrap()).lines();
    let seen = events.map_while(Result::ok).find(|line| line.contains("\"progress\""));
    assert!(seen.is_some(), "no progress was seen before the end");
    child.kill().unwrap();
    child.wait().unwrap();
    settled(&world);
    assert_eq!(world.destination_picture(), before);
    world.apply(STREAMS);
    world.assert_same("first", "first");
    world.assert_same("second", "second");
}

#[test]
fn a_terminated_backend_is_a_named_failure() {
    let world = world();
    let before = world.destination_picture();
    // The trigger ends its own session when the last stream is published.
    world.destination(
        "CREATE TABLE second (id int PRIMARY KEY, amount int NOT NULL); \
         CREATE FUNCTION end_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$; \
         CREATE TRIGGER ends AFTER INSERT ON second FOR EACH STATEMENT EXECUTE FUNCTION end_it()",
    );
    let with_trigger = world.destination_picture();
    assert_ne!(before, with_trigger);
    world.sync(STREAMS);
    let said = world.run(&["apply", "sync.toml", "--yes", "--allow-destructive"]);
    assert_eq!(said.code, Some(5), "{said:#?}");
    settled(&world);
    assert_eq!(world.destination_picture(), with_trigger);
}

#[test]
fn a_full_disk_is_a_named_failure() {
    // temp_file_limit is the nearest to a full disk that needs no mount: staging for a refill is no temporary file,
    // but a sort for the key is.
    let options = Options {
        settings: vec![("temp_file_limit".into(), "64kB".into()), ("maintenance_work_mem".into(), "1MB".into())],
        ..Options::default()
    };
    let world = World::with_options(
        &options,
        "SET temp_file_limit = -1; CREATE TABLE big AS SELECT i AS id, md5(i::text) AS word FROM generate_series(1, 300000) AS i; ALTER TABLE big ADD PRIMARY KEY (id)",
    );
    let before = world.destination_picture();
    world.sync("[[stream]]\ntable = \"public.big\"\nwrite = \"replace\"\n");
    let said = world.run(&["apply", "sync.toml", "--yes"]);
    assert_eq!(said.code, Some(5), "{said:#?}");
    assert!(said.stderr.contains("53400") || said.stderr.contains("53100"), "{said:#?}");
    assert_eq!(world.destination_picture(), before);
}

#[test]
fn a_full_disk_on_which_room_is_made_is_waited_for() {
    let world = world();
    // A sequence does not go back with a run.
    world.destination(
        "CREATE TABLE second (id int PRIMARY KEY, amount int NOT NULL); CREATE SEQUENCE tries; \
         CREATE FUNCTION fills() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         IF nextval('public.tries') < 3 THEN RAISE 'no room' USING ERRCODE = '53100'; END IF; RETURN NULL; END $$; \
         CREATE TRIGGER fills AFTER INSERT ON second FOR EACH STATEMENT EXECUTE FUNCTION fills()",
    );
    world.sync(STREAMS);
    let said = world.run(&["apply", "sync.toml", "--yes", "--allow-destructive"]);
    assert_eq!(said.code, Some(0), "{said:#?}");
    assert_eq!(said.stderr.matches("53100").count(), 2, "{said:#?}");
    world.assert_same("first", "first");
    world.assert_same("second", "second");
}

#[test]
fn a_read_only_destination_is_refused_by_the_plan() {
    let world = world();
    let before = world.destination_picture();
    world.destination("ALTER DATABASE destination SET default_transaction_read_only = on");
    world.sync(STREAMS);
    let said = world.run(&["apply", "sync.toml", "--yes", "--allow-destructive"]);
    assert_eq!(said.code, Some(5), "{said:#?}");
    assert!(said.stderr.contains("read only") || said.stderr.contains("no writes"), "{said:#?}");
    assert_eq!(world.destination_picture(), before);
}

#[test]
fn a_key_that_is_there_already_refuses_an_append() {
    let world = World::new("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)");
    world.apply("[[stream]]\ntable = \"public.t\"\nwrite = \"append\"\n");
    // The same key again: append adds, and the key refuses.
    world.sync("[[stream]]\ntable = \"public.t\"\nwrite = \"append\"\n");
    let before = world.destination_picture();
    let said = world.run(&["apply", "sync.toml", "--yes"]);
    said.ends(6, "t_pkey");
    assert_eq!(world.destination_picture(), before);
}

/// Waits until the server has ended the sessions of a binary that is gone, so that what they held is rolled back.
fn settled(world: &World) {
    world.destination(
        "DO $$ BEGIN FOR i IN 1..600 LOOP \
         EXIT WHEN NOT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'rapidbyte'); \
         PERFORM pg_sleep(0.05); PERFORM pg_stat_clear_snapshot(); END LOOP; \
         IF EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'rapidbyte') THEN RAISE 'sessions are left'; END IF; END $$",
    );
}

#[test]
fn records_that_lack_a_table_are_made_whole() {
    let table = "(id int PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())";
    let world = World::new(&format!(
        "CREATE TABLE items {table}; CREATE TABLE news {table}; INSERT INTO items VALUES (1); INSERT INTO news VALUES (1)"
    ));
    let sync = "[[stream]]\ntable = \"public.items\"\nwrite = \"replace\"\n\n\
         [[stream]]\ntable = \"public.news\"\nwrite = \"upsert\"\nsync = \"incremental\"\ncursor = \"at\"\n";
    world.apply(sync);
    let losses = [
        "DROP TABLE _rapidbyte.runs",
        "DROP TABLE _rapidbyte.checkpoints",
        "ALTER TABLE _rapidbyte.targets DROP COLUMN sync, DROP COLUMN own, DROP COLUMN seen",
        "DROP TABLE _rapidbyte.targets",
    ];
    for (at, loss) in losses.into_iter().enumerate() {
        world.destination(loss);
        world.source(&format!("INSERT INTO items VALUES ({0}); INSERT INTO news VALUES ({0})", at + 2));
        // What no record says any more to be ours is replaced where that is allowed.
        world.apply(sync);
        world.assert_same("items", "items");
        world.assert_same("news", "news");
    }
}
