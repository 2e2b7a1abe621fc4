//! pgbench's four tables by every disposition and strategy.

use crate::world::{SOURCE, World};

/// pgbench_history has no key: it is replaced or appended, never upserted.
const KEYED: [&str; 3] = ["pgbench_accounts", "pgbench_branches", "pgbench_tellers"];

fn world() -> World {
    let world = World::new("");
    let made = world.server.command("pgbench").args(["-i", "-s", "1", "-q", SOURCE]).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    let used = world.server.command("pgbench").args(["-t", "200", "-n", SOURCE]).output().unwrap();
    assert!(used.status.success(), "{used:?}");
    world
}

fn streams(tables: &[&str]) -> String {
    tables.iter().map(|table| ["[[stream]]\ntable = \"public.", table, "\"\n\n"].concat()).collect()
}

fn assert_all_same(world: &World, tables: &[&str]) {
    for table in tables {
        world.assert_same(table, table);
    }
}

fn all() -> Vec<&'static str> {
    KEYED.into_iter().chain(["pgbench_history"]).collect()
}

#[test]
fn replace_twice() {
    let world = world();
    let rest = format!("[defaults]\nwrite = \"replace\"\n\n{}", streams(&all()));
    let receipt = world.apply(&rest);
    assert_all_same(&world, &all());
    assert_eq!(receipt["streams"][0]["rows_read"], 100_000);
    assert_eq!(receipt["streams"][0]["verified"]["equal"], true);
    world.source(
        "UPDATE pgbench_accounts SET abalance = 7 WHERE aid % 3 = 0; DELETE FROM pgbench_accounts WHERE aid % 10 = 1",
    );
    world.apply(&rest);
    assert_all_same(&world, &all());
    let key = world.destination(
        "SELECT conname FROM pg_constraint WHERE conrelid = 'pgbench_accounts'::regclass AND contype = 'p'",
    );
    assert_eq!(key, "pgbench_accounts_pkey");
}

#[test]
fn append_into_empty_tables() {
    let world = world();
    world.apply(&format!("[defaults]\nwrite = \"append\"\n\n{}", streams(&all())));
    assert_all_same(&world, &all());
}

#[test]
fn upsert_twice_and_after_changes() {
    let world = world();
    let rest = format!("[defaults]\nwrite = \"upsert\"\n\n{}", streams(&KEYED));
    world.apply(&rest);
    assert_all_same(&world, &KEYED);
    world.apply(&rest);
    assert_all_same(&world, &KEYED);
    world.source(
        "UPDATE pgbench_accounts SET abalance = -1, filler = 'x' WHERE aid % 2 = 0; \
         INSERT INTO pgbench_accounts SELECT aid + 1000000, bid, abalance, filler FROM pgbench_accounts WHERE aid % 5 = 0",
    );
    world.apply(&rest);
    assert_all_same(&world, &KEYED);
}

#[test]
fn insert_strategy() {
    let world = world();
    let receipt =
        world.apply(&format!("[defaults]\nwrite = \"replace\"\nstrategy = \"insert\"\n\n{}", streams(&all())));
    assert_eq!(receipt["streams"][0]["strategy"], "insert");
    assert_all_same(&world, &all());
}

#[test]
fn upsert_strategy() {
    let world = world();
    let rest = format!("[defaults]\nwrite = \"upsert\"\nstrategy = \"upsert\"\n\n{}", streams(&KEYED));
    world.apply(&rest);
    world.source(
        "UPDATE pgbench_accounts SET abalance = 5 WHERE aid < 50000; DELETE FROM pgbench_accounts WHERE aid > 90000",
    );
    world.destination("DELETE FROM pgbench_accounts WHERE aid > 80000");
    world.apply(&rest);
    assert_all_same(&world, &KEYED);
}

#[test]
fn cursor_fetch() {
    let world = world();
    let rest = format!(
        "[defaults]\nwrite = \"replace\"\n\n[limits]\nfetch = \"cursor\"\nbatch_rows = 777\n\n{}",
        streams(&all())
    );
    world.apply(&rest);
    assert_all_same(&world, &all());
}

#[test]
fn compressed_channels() {
    let world = world();
    for compression in ["lz4", "zstd"] {
        let limits = format!("[limits]\ncompression = \"{compression}\"\n\n");
        world.apply(&format!("[defaults]\nwrite = \"replace\"\n\n{limits}{}", streams(&all())));
        assert_all_same(&world, &all());
    }
}
