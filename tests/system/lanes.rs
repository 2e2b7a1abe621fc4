//! Several sessions at each end share the parts of what is loaded: they read one snapshot, and the run needs all of them.

use crate::{
    parts::{BIG, NEWS, TABLES, WAITS, arrived, consistency, is_clean},
    together::{Held, spawn, until},
    world::{DESTINATION, SOURCE, Said, World, said},
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::process::Child;

const STREAM: &str =
    "[limits]\npart_bytes = \"1MiB\"\nparallel = 3\n\n[[stream]]\ntable = \"public.big\"\nwrite = \"replace\"\n";
pub(crate) const WAITING: &str = "SELECT count(*) FROM pg_stat_activity WHERE";

/// An apply of which all three sessions at the destination wait to record a part.
pub(crate) struct Stalled {
    apply: Child,
    held: Held,
}

impl Stalled {
    pub(crate) fn begin(world: &World) -> Self {
        let apply = spawn(world, &["apply", "sync.toml", "--yes"]);
        until(world, &format!("SELECT count(*) FROM ({TABLES}) AS t WHERE names LIKE '%\\_parts%'"), "1");
        let records = format!("SELECT '_rapidbyte.' || substring(names FROM '\\w+_parts') FROM ({TABLES}) AS t");
        let records = world.destination(&records);
        until(world, &format!("SELECT count(*) > 2 FROM {records}"), "t");
        let held = Held::begin(world, DESTINATION, &format!("LOCK TABLE {records} IN EXCLUSIVE MODE"));
        until(world, &format!("{WAITING} {WAITS}"), "3");
        Self { apply, held }
    }

    pub(crate) fn end(self) -> Said {
        self.held.end();
        said(&self.apply.wait_with_output().unwrap())
    }
}

/// Ends one session, which is not the one that began last or first.
pub(crate) fn terminate_one(world: &World, whose: &str) {
    let one = format!("SELECT pid FROM pg_stat_activity WHERE {whose} ORDER BY backend_start OFFSET 1 LIMIT 1");
    assert_eq!(world.destination(&format!("SELECT count(pg_terminate_backend(pid)) FROM ({one}) AS one")), "1");
}

#[test]
fn what_changes_meanwhile_is_in_no_part() {
    let world = World::new(BIG);
    world.sync(STREAM);
    let stalled = Stalled::begin(&world);
    world.source(NEWS);
    stalled.end().ends(0, "3 at a time");
    assert_eq!(world.destination("SELECT count(*), sum(amount) FROM big"), "400000|40000000");
    assert_eq!(consistency(&world), "snapshot");
    is_clean(&world);
}

#[test]
fn tables_are_loaded_side_by_side_and_every_second_is_accounted_for() {
    let world = World::new(&format!("{BIG}; CREATE TABLE other AS SELECT * FROM big; ANALYZE other"));
    let streams = STREAM.replace("public.big\"", "public.big\"\nverify = \"checksum\"");
    let receipt = world.apply(&format!("{streams}\n[[stream]]\ntable = \"public.other\"\nwrite = \"replace\"\n"));
    arrived(&world, "snapshot");
    world.assert_same("other", "other");
    let duration = receipt["duration_secs"].as_f64().unwrap();
    for side in ["source", "destination"] {
        let phases = receipt["phases"][side].as_object().unwrap();
        let sum: f64 = phases.values().map(|secs| secs.as_f64().unwrap()).sum();
        assert!((sum - duration).abs() <= 0.02 * duration, "{side}: {sum} of {duration}");
    }
}

#[test]
fn one_that_breaks_at_the_destination_costs_what_is_on_its_way() {
    let world = World::new(BIG);
    world.sync(STREAM);
    let stalled = Stalled::begin(&world);
    world.source(NEWS);
    terminate_one(&world, WAITS);
    stalled.end().ends(0, "57P01");
    assert_eq!(world.destination("SELECT count(*), sum(amount) FROM big"), "400000|40000000");
    assert_eq!(consistency(&world), "resumed");
    is_clean(&world);
}

#[test]
fn one_that_breaks_at_the_source_begins_all_anew() {
    let world = World::new(BIG);
    world.sync(STREAM);
    let stalled = Stalled::begin(&world);
    world.source(NEWS);
    terminate_one(&world, &format!("application_name = 'rapidbyte' AND datname = '{SOURCE}'"));
    let said = stalled.end();
    assert!(said.code == Some(0) && said.stderr.contains("again in"), "{said:#?}");
    arrived(&world, "snapshot");
}

#[test]
fn whoever_stops_them_leaves_nothing() {
    let world = World::new(BIG);
    world.sync(STREAM);
    let stalled = Stalled::begin(&world);
    kill(Pid::from_raw(i32::try_from(stalled.apply.id()).unwrap()), Signal::SIGINT).unwrap();
    until(&world, &format!("{WAITING} {WAITS} AND query LIKE 'INSERT%'"), "0");
    assert_eq!(stalled.end().code, Some(7));
    assert_eq!(world.destination("SELECT to_regclass('public.big') IS NULL"), "t");
    is_clean(&world);
}

/// A server that has few sessions to give is no reason to fail.
#[test]
fn those_that_are_not_let_in_are_done_without() {
    for (database, role) in [(SOURCE, "few"), (DESTINATION, "rapid")] {
        let world = World::new(BIG);
        let make = format!("CREATE ROLE {role} SUPERUSER LOGIN");
        world.destination(&make);
        let of = |name| world.server.url(name).replacen("postgres@", &format!("{role}@"), 1);
        let ends = if database == SOURCE {
            (of(SOURCE), world.server.url(DESTINATION))
        } else {
            (world.server.url(SOURCE), of(DESTINATION))
        };
        world.sync_between(&ends.0, &ends.1, &STREAM.replace("parallel = 3", "parallel = 8"));
        // Superusers are let in above a role's limit, not above that of a database.
        world.destination(&format!(
            "ALTER ROLE {role} NOSUPERUSER CONNECTION LIMIT 2; ALTER DATABASE {database} OWNER TO {role}"
        ));
        world
            .server
            .psql(database, &format!("GRANT ALL ON SCHEMA public TO {role}; ALTER SCHEMA public OWNER TO {role}"))
            .unwrap();
        if database == SOURCE {
            world.source(&format!("ALTER TABLE big OWNER TO {role}"));
        }
        let said = world.run(&["apply", "sync.toml", "--yes"]);
        said.ends(0, "one session less");
        world.assert_same("big", "big");
    }
}
