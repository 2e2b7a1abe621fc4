//! An incremental run reads what is new and nothing else, says how, and says so where nothing is.

use crate::world::World;
use serde_json::Value;

const ROWS: u32 = 200_000;

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
fn a_thousand_new_rows_among_many_are_all_that_is_read() {
    for (late_commits, way) in [("accept", "Index Scan using by_at on orders"), ("guard", "Seq Scan on orders")] {
        let world = orders(ROWS);
        world.apply(&sync(late_commits));
        world.source(
            "INSERT INTO orders SELECT i, 'new', timestamptz '2027-01-01' + i * interval '1 s' FROM generate_series(300001, 301000) AS i",
        );
        let plan = world.run(&["plan", "sync.toml", "--out", "plan.json"]);
        assert!(plan.stdout.contains(&format!("  found by    {way}: ")), "{plan:#?}");
        let scans = plan.stdout.contains("by a scan of all of ~");
        assert_eq!(scans, late_commits == "guard", "{plan:#?}");
        let saved = std::fs::read_to_string(world.path("plan.json")).unwrap();
        assert!(!saved.contains("2026-01") && !saved.contains("2027-01"), "{saved}");
        let shown = world.run(&["show", "plan.json", "--format", "markdown"]);
        assert!(shown.stdout.contains(&format!("| found by | {way} |")), "{shown:#?}");
        // The way is an estimate: that it is another one now is no drift.
        world.source("ANALYZE orders; CREATE STATISTICS more ON id, note FROM orders");
        assert_eq!(world.run(&["show", "plan.json", "--check"]).code, Some(0));
        assert_eq!(*rows_read(&world.apply(&sync(late_commits))), 1_000);
        world.assert_same("orders", "orders");
    }
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
