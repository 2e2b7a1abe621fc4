//! An incremental run reads what is new and nothing else, says how, and says so where nothing is.

use crate::world::World;
use serde_json::Value;

fn orders(rows: u32) -> World {
    World::new(&format!(
        "CREATE TABLE orders (id int PRIMARY KEY, note text, at timestamptz NOT NULL); CREATE UNIQUE INDEX by_at ON orders (at); \
         INSERT INTO orders SELECT i, 'note ' || i, timestamptz '2026-01-01' + i * interval '1 s' FROM generate_series(1, {rows}) AS i; ANALYZE orders"
    ))
}

fn sync(late_commits: &str) -> String {
    format!(
        "[[stream]]\ntable = \"public.orders\"\nwrite = \"upsert\"\nsync = \"incremental\"\ncursor = \"at\"\nlate_commits = \"{late_commits}\"\n"
    )
}

fn rows_read(receipt: &Value) -> &Value {
    &receipt["streams"][0]["rows_read"]
}

#[test]
fn where_nothing_is_new_that_is_said() {
    let world = orders(100);
    world.apply(&sync("guard"));
    let said = world.run(&["apply", "sync.toml", "--yes"]);
    assert_eq!(said.code, Some(0), "{said:#?}");
    assert!(said.stdout.starts_with("done: 1 stream, nothing new in "), "{said:#?}");
    assert!(said.stdout.contains("\n    nothing new since at = 2026-01-01 00:01:40+00\n"), "{said:#?}");
    world.source("INSERT INTO orders VALUES (101, 'new', '2026-02-01')");
    let said = world.run(&["apply", "sync.toml", "--yes"]);
    assert!(said.stdout.starts_with("done: 1 stream, 1 row in ") && !said.stdout.contains("nothing"), "{said:#?}");
}

/// Rows that tie with the checkpoint come again where late commits are not looked for.
#[test]
fn where_rows_come_again_that_is_said() {
    let world = orders(100);
    world.source("DROP INDEX by_at");
    let rows: Vec<Value> = (0..2).map(|_| rows_read(&world.apply(&sync("accept"))).clone()).collect();
    assert_eq!(rows, [100, 1]);
    let said = world.run(&["apply", "sync.toml", "--yes"]);
    assert!(said.stdout.starts_with("done: 1 stream, 1 row in "), "{said:#?}");
    assert!(said.stdout.contains("\n    nothing beyond at = 2026-01-01 00:01:40+00: the rows"), "{said:#?}");
}

/// A checkpoint without a value is nothing to go on from.
#[test]
fn a_table_that_was_empty_at_first_is_followed() {
    let world = orders(0);
    for (insert, rows) in
        [("SELECT 1", 0), ("SELECT 1", 0), ("INSERT INTO orders VALUES (1, 'first', '2026-01-01')", 1)]
    {
        world.source(insert);
        assert_eq!(*rows_read(&world.apply(&sync("guard"))), rows, "{insert}");
    }
    world.assert_same("orders", "orders");
    let said = world.run(&["apply", "sync.toml", "--yes"]);
    assert!(said.stdout.contains("nothing new since at = 2026-01-01 00:00:00+00"), "{said:#?}");
}
