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
}
