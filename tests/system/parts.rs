//! Large tables in parts that are committed one by one: what breaks in the middle costs one part where the source's snapshot is
//! still there, and leaves nothing where it is not.

use crate::{
    replace::dump,
    together::{Held, spawn, until},
    world::{DESTINATION, SOURCE, Said, World, said},
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    ops::Range,
    process::Child,
    time::{Duration, Instant},
};

/// 40 MiB and more, so about so many parts.
pub(crate) const BIG: &str = "CREATE TABLE big (id int PRIMARY KEY, amount int NOT NULL, word text NOT NULL) WITH (autovacuum_enabled = off); \
     INSERT INTO big SELECT i, 100, repeat(md5(i::text), 2) FROM generate_series(1, 400000) AS i; ANALYZE big";
const STREAM: &str =
    "[limits]\npart_bytes = \"1MiB\"\nparallel = 1\n\n[[stream]]\ntable = \"public.big\"\nwrite = \"replace\"\n";
/// What no snapshot from before has, in the first of the parts and in the last; found by the key.
pub(crate) const NEWS: &str = "UPDATE big SET amount = 0 WHERE id IN (1, 100000, 200000, 300000, 400000); \
     DELETE FROM big WHERE id IN (2, 399999); INSERT INTO big VALUES (0, 0, '')";
/// Rows that were read from the first to the last, whoever read them.
const READ: &str = "SELECT coalesce(sum(seq_tup_read), 0)::bigint FROM pg_stat_user_tables WHERE relname = 'big'";

pub(crate) const TABLES: &str = "SELECT string_agg(relname, ' ' ORDER BY relname) AS names FROM pg_class \
     JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = '_rapidbyte' AND relkind = 'r'";
pub(crate) const WAITS: &str =
    "application_name = 'rapidbyte' AND wait_event_type = 'Lock' AND datname = 'destination'";

/// An apply that waits to record one of its parts.
struct Stalled {
    apply: Child,
    held: Held,
}

impl Stalled {
    fn begin(world: &World) -> Self {
        Self::behind(2, world, &["apply", "sync.toml", "--yes"])
    }

    /// Behind more than so many parts.
    fn behind(parts: u32, world: &World, arguments: &[&str]) -> Self {
        let apply = spawn(world, arguments);
        until(world, &format!("SELECT count(*) FROM ({TABLES}) AS t WHERE names LIKE '%\\_parts%'"), "1");
        let records = format!("SELECT '_rapidbyte.' || substring(names FROM '\\w+_parts') FROM ({TABLES}) AS t");
        let records = world.destination(&records);
        until(world, &format!("SELECT count(*) > {parts} FROM {records}"), "t");
        let held = Held::begin(world, DESTINATION, &format!("LOCK TABLE {records} IN EXCLUSIVE MODE"));
        until(world, &format!("SELECT count(*) FROM pg_stat_activity WHERE {WAITS}"), "1");
        Self { apply, held }
    }

    fn end(self) -> Said {
        self.held.end();
        said(&self.apply.wait_with_output().unwrap())
    }
}

/// Nothing of a load is left, nobody holds the sync.
pub(crate) fn is_clean(world: &World) {
    assert_eq!(world.destination(TABLES), "checkpoints runs targets");
    until(world, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'", "0");
}

fn terminate(world: &World, whose: &str) {
    let ended = format!("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE {whose}");
    assert_eq!(world.destination(&ended), "1");
}

/// What the server counted until now: a session tells at its end.
fn settled_count(world: &World) -> String {
    until(world, "SELECT count(*) FROM pg_stat_activity WHERE datname = 'source'", "0");
    world.source(READ)
}

/// Waits until the source answers with such a number: it counts late.
fn until_source(world: &World, question: &str, numbers: Range<u64>) {
    let began = Instant::now();
    loop {
        let number = world.source(question).parse().unwrap();
        if numbers.contains(&number) {
            return;
        }
        assert!(number < numbers.end && began.elapsed() < Duration::from_mins(1), "{question} is {number}");
    }
}

pub(crate) fn consistency(world: &World) -> String {
    world.destination("SELECT receipt ->> 'consistency' FROM _rapidbyte.runs ORDER BY number DESC LIMIT 1")
}

/// All of it has arrived in this way, and nothing of the load is left.
pub(crate) fn arrived(world: &World, how: &str) {
    world.assert_same("big", "big");
    assert_eq!(consistency(world), how);
    is_clean(world);
}

#[test]
fn a_broken_connection_to_the_destination_costs_one_part() {
    let world = World::new(&BIG.replace("400000", "800000"));
    let before = settled_count(&world);
    world.sync(STREAM);
    let stalled = Stalled::behind(30, &world, &["apply", "sync.toml", "--yes"]);
    world.source(NEWS);
    terminate(&world, WAITS);
    stalled.end().ends(0, "57P01");
    assert_eq!(world.destination("SELECT count(*), sum(amount) FROM big"), "800000|80000000");
    assert_eq!(consistency(&world), "resumed");
    is_clean(&world);
    // The server's count of what was done to it is what ours was told.
    let counts =
        "SELECT t.changes = s.n_tup_ins FROM _rapidbyte.targets t JOIN pg_stat_user_tables s ON s.relid = t.relation";
    until(&world, counts, "t");
    // One part in 84 was written twice, and those that were on their way, a third of all at most, were read twice: not the
    // thirty before.
    let more = format!("SELECT ({READ}) - {before}");
    until_source(&world, &more, 800_000..1_200_000);
}

#[test]
fn a_broken_connection_to_the_source_begins_anew() {
    let world = World::new(BIG);
    world.sync(STREAM);
    let stalled = Stalled::begin(&world);
    world.source(NEWS);
    terminate(&world, &format!("application_name = 'rapidbyte' AND datname = '{SOURCE}'"));
    let said = stalled.end();
    assert_eq!(said.code, Some(0), "{said:#?}");
    assert!(said.stderr.contains("again in"), "{said:#?}");
    arrived(&world, "snapshot");
}

#[test]
fn what_a_killed_apply_has_loaded_goes_with_the_next() {
    let world = World::new(BIG);
    world.sync(STREAM);
    let mut stalled = Stalled::begin(&world);
    stalled.apply.kill().unwrap();
    stalled.apply.wait().unwrap();
    stalled.end();
    until(&world, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'rapidbyte'", "0");
    assert_ne!(world.destination(TABLES), "checkpoints runs targets", "what is committed stays");
    assert_eq!(world.destination("SELECT to_regclass('public.big') IS NULL"), "t", "and is no table of the user's");
    world.source(NEWS);
    world.apply(STREAM);
    arrived(&world, "snapshot");
}

/// Also where the next run loads nothing in parts, and reads another table.
#[test]
fn what_is_left_goes_with_any_run_of_the_sync() {
    let world = World::new(&format!("{BIG}; CREATE TABLE small (id int)"));
    world.sync(STREAM);
    let mut stalled = Stalled::begin(&world);
    stalled.apply.kill().unwrap();
    stalled.apply.wait().unwrap();
    stalled.end();
    world.sync("[[stream]]\ntable = \"public.small\"\nwrite = \"append\"\n");
    let other = world.path("sync.toml");
    let text = std::fs::read_to_string(&other).unwrap();
    std::fs::write(&other, text.replace("name = \"test\"", "name = \"other\"")).unwrap();
    let said = world.run(&["apply", "sync.toml", "--yes"]);
    assert_eq!(said.code, Some(0), "{said:#?}");
    assert_ne!(world.destination(TABLES), "checkpoints runs targets", "another sync's is not touched");
    world.apply("[[stream]]\ntable = \"public.small\"\nwrite = \"append\"\n");
    is_clean(&world);
}

#[test]
fn whoever_stops_a_load_leaves_nothing() {
    let world = World::new(BIG);
    world.sync(STREAM);
    let stalled = Stalled::begin(&world);
    kill(Pid::from_raw(i32::try_from(stalled.apply.id()).unwrap()), Signal::SIGINT).unwrap();
    // The statement that waits for the lock is ended; the records themselves can go when it is free.
    until(&world, &format!("SELECT count(*) FROM pg_stat_activity WHERE {WAITS} AND query LIKE 'INSERT%'"), "0");
    let said = stalled.end();
    assert_eq!(said.code, Some(7), "{said:#?}");
    assert_eq!(world.destination("SELECT to_regclass('public.big') IS NULL"), "t");
    is_clean(&world);
}

#[test]
fn rows_that_are_refused_late_leave_nothing() {
    let world = World::new(BIG);
    world.destination(
        "CREATE TABLE big (id int PRIMARY KEY CHECK (id < 400000), amount int NOT NULL, word text NOT NULL); ANALYZE",
    );
    world.sync(STREAM);
    let said = world.run(&["apply", "sync.toml", "--yes", "--allow-destructive"]);
    said.ends(6, "big_id_check");
    assert_eq!(world.destination("SELECT count(*) FROM big"), "0");
    assert_eq!(world.destination("SELECT count(*) FROM _rapidbyte.runs"), "0");
    is_clean(&world);
}

#[test]
fn while_one_loads_the_other_does_not_begin() {
    let world = World::new(BIG);
    world.sync(STREAM);
    let stalled = Stalled::begin(&world);
    let pid = world.destination(&format!("SELECT pid FROM pg_stat_activity WHERE {WAITS}"));
    world
        .run(&["apply", "sync.toml", "--yes"])
        .ends(3, &format!("another run of this sync is at work: process {pid} (rapidbyte)"));
    stalled.end().ends(0, "");
    world.assert_same("big", "big");
    is_clean(&world);
}

#[test]
fn a_swapped_table_is_the_same_to_look_at() {
    let world = World::new(BIG);
    world.destination(
        "CREATE ROLE reporter; CREATE TABLE big (id int PRIMARY KEY, amount int NOT NULL DEFAULT 7 CHECK (amount > -1), word text NOT NULL, \
         extra serial) WITH (fillfactor = 90); CREATE INDEX by_amount ON big (amount) WHERE amount > 100; \
         GRANT SELECT ON big TO reporter; GRANT UPDATE (word) ON big TO reporter; COMMENT ON TABLE big IS 'all'; \
         COMMENT ON COLUMN big.word IS 'twice'; CREATE STATISTICS both_of_it (dependencies) ON id, amount FROM big; \
         INSERT INTO big VALUES (-1, 1, ''); ANALYZE big",
    );
    let before = dump(&world);
    world.sync(STREAM);
    let plan = world.run(&["plan", "sync.toml", "--out", "plan.json"]);
    assert!(plan.stdout.contains("  parts       4") && plan.stdout.contains("by a swap"), "{plan:#?}");
    let stalled = Stalled::behind(2, &world, &["apply", "plan.json", "--yes", "--allow-destructive"]);
    assert_eq!(world.destination("SELECT count(*), min(id) FROM big"), "1|-1", "the old rows until the commit");
    terminate(&world, WAITS);
    stalled.end().ends(0, "57P01");
    assert_eq!(dump(&world), before);
    assert_eq!(world.destination("SELECT count(*), count(DISTINCT extra) FROM big"), "400000|400000");
    assert_eq!(consistency(&world), "resumed");
    is_clean(&world);
    // All of it is ours now.
    let said = world.run(&["apply", "sync.toml", "--yes"]);
    assert_eq!(said.code, Some(0), "{said:#?}");
    assert_eq!(dump(&world), before);
}

/// What changes between the parts and their place is drift.
#[test]
fn a_target_that_changes_while_parts_are_loaded_ends_the_run() {
    let world = World::new(BIG);
    world.sync(STREAM);
    let stalled = Stalled::begin(&world);
    world.destination("CREATE TABLE big (id int)");
    stalled.end().ends(3, "public.big");
    assert_eq!(world.destination("SELECT count(*) FROM big"), "0");
    is_clean(&world);
}

/// What a schema gives to new tables it gives to those that are made in it.
#[test]
fn where_a_new_table_would_be_another_it_is_loaded_as_a_whole() {
    for sql in [
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO reporter",
        "CREATE PUBLICATION everything FOR ALL TABLES",
    ] {
        let world = World::new(BIG);
        world.destination(&format!("CREATE ROLE reporter; {sql}"));
        world.sync(STREAM);
        let plan = world.run(&["plan", "sync.toml"]);
        assert!(plan.stdout.contains("  parts       1: "), "{plan:#?}");
        world.apply(STREAM);
        world.assert_same("big", "big");
        let granted = world.destination("SELECT has_table_privilege('reporter', 'big', 'SELECT')");
        assert_eq!(granted == "t", sql.starts_with("ALTER"));
    }
}

/// The target of a swap cannot be held: all is loaded by then, and waits for it.
#[test]
fn what_breaks_behind_the_last_part_costs_none() {
    let world = World::new(&format!("{BIG}; CREATE TABLE small AS SELECT generate_series(1, 1000) AS id"));
    world.destination("CREATE TABLE big (id int PRIMARY KEY, amount int NOT NULL, word text NOT NULL); ANALYZE big");
    let before = settled_count(&world);
    world
        .sync(&format!("{STREAM}verify = \"checksum\"\n\n[[stream]]\ntable = \"public.small\"\nwrite = \"replace\"\n"));
    let apply = spawn(&world, &["apply", "sync.toml", "--yes", "--allow-destructive"]);
    until(&world, "SELECT count(*) FROM pg_class WHERE relname LIKE 'rapidbyte%parts'", "1");
    // Readers do not wait for parts, and the last step of the swap waits for them.
    let reader = Held::begin(&world, DESTINATION, "SELECT count(*) FROM big");
    let waits = format!("{WAITS} AND query LIKE 'DROP TABLE%'");
    until(&world, &format!("SELECT count(*) FROM pg_stat_activity WHERE {waits}"), "1");
    world.source(NEWS);
    terminate(&world, &waits);
    reader.end();
    let said = said(&apply.wait_with_output().unwrap());
    said.ends(0, "57P01");
    assert_eq!(world.destination("SELECT count(*), sum(amount) FROM big"), "400000|40000000");
    world.assert_same("small", "small");
    assert_eq!(consistency(&world), "resumed");
    is_clean(&world);
    // The rows once, and their checksum at each attempt.
    let more = format!("SELECT ({READ}) - {before}");
    until_source(&world, &more, 1_200_000..1_201_000);
}

/// What hangs on the target is held from the last look on, also while others are still loaded; and what breaks among these
/// leaves rows on their way, which are passed over.
#[test]
fn what_breaks_among_other_streams_costs_no_part_and_loses_nothing_that_is_made_meanwhile() {
    let world = World::new(&format!(
        "{BIG}; CREATE TABLE other AS SELECT i AS id, repeat('x', 100) AS word FROM generate_series(1, 200000) AS i; ANALYZE other"
    ));
    world.destination(
        "CREATE TABLE big (id int PRIMARY KEY, amount int NOT NULL, word text NOT NULL); \
         CREATE TABLE other (id int, word text); ANALYZE",
    );
    let other = "[[stream]]\ntable = \"public.other\"\nwrite = \"append\"\n";
    world.sync(&format!("{STREAM}verify = \"checksum\"\n\n{other}"));
    let blocked = Held::begin(&world, DESTINATION, "LOCK TABLE other IN SHARE MODE");
    let apply = spawn(&world, &["apply", "sync.toml", "--yes", "--allow-destructive"]);
    until(&world, &format!("SELECT count(*) FROM pg_stat_activity WHERE {WAITS} AND query LIKE 'COPY %other%'"), "1");
    let index = "SET lock_timeout = '200ms'; CREATE INDEX late ON big (amount)";
    assert!(world.server.psql(DESTINATION, index).is_err(), "the table is held");
    terminate(&world, WAITS);
    blocked.end();
    said(&apply.wait_with_output().unwrap()).ends(0, "57P01");
    arrived(&world, "resumed");
    world.assert_same("other", "other");
}

#[test]
fn a_snapshot_that_is_lost_as_well_costs_no_repetition() {
    let world = World::new(BIG);
    world.sync(&STREAM.replace("[limits]", "[limits]\nretries = 1"));
    let stalled = Stalled::begin(&world);
    world.source(NEWS);
    terminate(&world, &format!("application_name = 'rapidbyte' AND datname = '{SOURCE}'"));
    terminate(&world, WAITS);
    let said = stalled.end();
    assert_eq!(said.code, Some(0), "{said:#?}");
    world.assert_same("big", "big");
    is_clean(&world);
}

/// A source that is held until the commit holds what a query reads, and the run would wait for itself.
#[test]
fn within_one_database_nothing_waits_for_itself() {
    let world = World::new(BIG);
    world.source("CREATE SCHEMA mart; CREATE TABLE mart.big (LIKE big INCLUDING ALL); ANALYZE");
    let url = world.server.url(SOURCE);
    let streams = format!(
        "schema = \"mart\"\n\n{STREAM}\n[[stream]]\nquery = \"SELECT count(*) AS rows FROM mart.big\"\nname = \"counted\"\nwrite = \"replace\"\n"
    );
    world.sync_between(&url, &url, &streams);
    let said = world.run(&["apply", "sync.toml", "--yes", "--allow-destructive"]);
    assert_eq!(said.code, Some(0), "{said:#?}");
    assert!(said.stderr.contains("  parts       1: a stream reads"), "{said:#?}");
    assert_eq!(world.source("SELECT count(*) FROM mart.big"), "400000");
}

/// What a saved plan in parts rests on is looked at again; where nothing is in parts, it is of no use and does not count.
#[test]
fn a_grant_by_default_after_the_plan_ends_only_what_it_concerns() {
    for (rows, code) in [("400000", 3), ("100", 0)] {
        let world = World::new(&BIG.replace("400000", rows));
        world.destination("CREATE ROLE reporter");
        world.sync(STREAM);
        let said = world.run(&["plan", "sync.toml", "--out", "plan.json"]);
        assert_eq!(said.stdout.contains("  parts       4"), code == 3, "{said:#?}");
        world.destination("ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO reporter");
        world.run(&["apply", "plan.json"]).ends(code, if code == 0 { "" } else { "load" });
        assert_eq!(world.destination("SELECT to_regclass('public.big') IS NULL"), if code == 0 { "f" } else { "t" });
    }
}
