//! `deletes`: rows that the source has no more are deleted or marked, those and no others, in the run's own transaction.

use crate::world::World;
use serde_json::Value;

const ITEMS: &str = "CREATE TABLE items (id int PRIMARY KEY, note text, at timestamptz DEFAULT now()); \
     INSERT INTO items SELECT i, 'note ' || i, timestamptz '2026-01-01' + i * interval '1 min' FROM generate_series(1, 1000) AS i; \
     ANALYZE items";
const CHANGES: &str = "DELETE FROM items WHERE id % 100 = 0; UPDATE items SET note = 'changed', at = now() WHERE id = 1; \
     INSERT INTO items SELECT i, 'new', now() FROM generate_series(2001, 2010) AS i";
const INCREMENTAL: &str = "sync = \"incremental\"\ncursor = \"at\"\n";

fn stream(table: &str, more: &str) -> String {
    format!("[[stream]]\ntable = \"public.{table}\"\nwrite = \"upsert\"\n{more}")
}

/// Name, rows read and rows written of each stream.
fn counts(receipt: &Value) -> Vec<(&str, u64, u64)> {
    let number = |stream: &Value, field: &str| stream[field].as_u64().unwrap();
    let streams = receipt["streams"].as_array().unwrap().iter();
    streams
        .map(|one| (one["stream"].as_str().unwrap(), number(one, "rows_read"), number(one, "rows_written")))
        .collect()
}

#[test]
fn what_is_gone_at_the_source_goes() {
    for (more, read, written) in [("", 1000, 1000), (INCREMENTAL, 11, 11)] {
        let world = World::new(ITEMS);
        let sync = stream("items", &format!("deletes = \"sweep\"\n{more}"));
        assert_eq!(counts(&world.apply(&sync)), [("public.items", 1000, 1000)]);
        world.source(CHANGES);
        let plan = world.run(&["plan", "sync.toml"]);
        assert!(plan.stdout.contains("2 streams, 1 to upsert, 1 to sweep"), "{plan:#?}");
        assert!(plan.stdout.contains("- DELETE FROM") && !plan.stdout.contains("destroys"), "{plan:#?}");
        let said = world.run(&["apply", "sync.toml", "--yes", "--report", "first.json"]);
        assert_eq!(said.code, Some(0), "our own rows may go: {said:#?}");
        assert!(said.stdout.contains("10 rows deleted, or their mark changed"), "{said:#?}");
        let receipt: Value = serde_json::from_slice(&std::fs::read(world.path("first.json")).unwrap()).unwrap();
        assert_eq!(counts(&receipt), [("public.items", read, written), ("public.items (deletes)", 1000, 10)]);
        world.assert_same("items", "items");
        // A row that comes again, and nothing that goes.
        world.source("INSERT INTO items VALUES (100, 'again', '2025-01-01')");
        assert_eq!(counts(&world.apply(&sync))[1], ("public.items (deletes)", 1001, 0));
        world.assert_same("items", "items");
    }
}

#[test]
fn what_is_gone_is_marked_until_it_comes_again() {
    for more in ["", INCREMENTAL] {
        let world = World::new(ITEMS);
        let sync = stream("items", &format!("deletes = \"mark\"\ndeleted_column = \"gone since\"\n{more}"));
        world.apply(&sync);
        let marked = || world.destination("SELECT count(*), count(\"gone since\") FROM items");
        assert_eq!(marked(), "1000|0");
        world.source(CHANGES);
        world.apply(&sync);
        assert_eq!(marked(), "1010|10");
        let since = world.destination("SELECT max(\"gone since\") FROM items WHERE id % 100 = 0");
        world.apply(&sync);
        assert_eq!(world.destination("SELECT max(\"gone since\") FROM items"), since, "the first run said since when");
        world.source("INSERT INTO items VALUES (100, 'again', '2025-01-01'); DELETE FROM items WHERE id = 7");
        world.apply(&sync);
        assert_eq!(marked(), "1010|10");
        world.assert_same("items", "(SELECT id, note, at FROM items WHERE \"gone since\" IS NULL)");
    }
}

#[test]
fn a_table_that_is_there_gets_the_column() {
    let world = World::new(ITEMS);
    world.destination(
        "CREATE TABLE items (id int PRIMARY KEY, note text, at timestamptz); INSERT INTO items VALUES (5000)",
    );
    let sync = stream("items", "deletes = \"mark\"\n");
    world.apply(&sync);
    assert_eq!(world.destination("SELECT count(*), count(deleted_at) FROM items"), "1001|1");
    // The column is no column of the source that went.
    world.apply(&format!("{sync}\n[schema_changes]\nremoved_column = \"fail\"\n"));
    assert_eq!(world.destination("SELECT id FROM items WHERE deleted_at IS NOT NULL"), "5000");
}

#[test]
fn parents_and_children_go_together() {
    let world = World::new(
        "CREATE TABLE people (id int PRIMARY KEY, name text); INSERT INTO people VALUES (1, 'a'), (2, 'b'), (3, 'c'); \
         CREATE TABLE pets (id int PRIMARY KEY, person int REFERENCES people); INSERT INTO pets VALUES (10, 1), (20, 2), (30, 3)",
    );
    world.destination(
        "CREATE TABLE people (id int PRIMARY KEY, name text); \
         CREATE TABLE pets (id int PRIMARY KEY, person int REFERENCES people)",
    );
    let sync = ["people", "pets"].map(|table| stream(table, "deletes = \"sweep\"\n")).join("\n");
    world.apply(&sync);
    world.source("DELETE FROM pets WHERE id = 20; DELETE FROM people WHERE id = 2; INSERT INTO people VALUES (4); INSERT INTO pets VALUES (40, 4)");
    world.apply(&sync);
    world.assert_same("people", "people");
    world.assert_same("pets", "pets");
    // Somebody's row points at one that goes: nothing is changed, not even what is new.
    world.destination("CREATE TABLE notes (person int REFERENCES people); INSERT INTO notes VALUES (1)");
    world.source("DELETE FROM pets WHERE id = 10; DELETE FROM people WHERE id = 1; INSERT INTO people VALUES (5)");
    let before = world.destination_picture();
    world.run(&["apply", "sync.toml", "--yes"]).ends(6, "notes_person_fkey");
    assert_eq!(world.destination_picture(), before);
}

#[test]
fn rows_of_others_go_only_when_that_was_said() {
    let world = World::new(ITEMS);
    let sync = stream("items", "deletes = \"sweep\"\n");
    world.apply(&sync);
    world.destination("INSERT INTO items VALUES (-1, 'somebody''s')");
    let before = world.destination_picture();
    let said = world.run(&["apply", "sync.toml"]);
    said.ends(3, "others have changed some");
    assert_eq!(world.destination_picture(), before);
    world.apply(&sync);
    world.assert_same("items", "items");
    assert_eq!(world.run(&["apply", "sync.toml"]).code, Some(0), "ours again");
}

#[test]
fn keys_of_many_kinds() {
    let world = World::new(
        "CREATE TYPE mood AS ENUM ('calm', 'angry'); \
         CREATE TABLE keys (n numeric, t text, m mood, u uuid, d date, x int, PRIMARY KEY (n, t, m, u, d)); \
         INSERT INTO keys SELECT i * 1.50, 'Key ' || i % 7, 'calm', md5(i::text)::uuid, date '2026-01-01' + i % 5, i \
         FROM generate_series(1, 300) AS i",
    );
    let sync = stream("keys", "deletes = \"sweep\"\n");
    world.apply(&sync);
    world.source("DELETE FROM keys WHERE x % 3 = 0");
    assert_eq!(counts(&world.apply(&sync))[1], ("public.keys (deletes)", 200, 100));
    let rows = |table: &str| format!("(SELECT n, t, m::text, u, d, x FROM {table})");
    world.assert_same(&rows("keys"), &rows("keys"));
}

#[test]
fn what_leaves_the_condition_goes_and_a_key_may_be_widened() {
    let world = World::new(ITEMS);
    let more = "deletes = \"sweep\"\nwhere = \"note <> 'hidden'\"\n";
    world.apply(&stream("items", more));
    world.source("UPDATE items SET note = 'hidden' WHERE id <= 5; ALTER TABLE items ALTER id TYPE bigint; INSERT INTO items VALUES (5000000000)");
    world.source("UPDATE items SET note = 'big' WHERE id = 5000000000");
    world.apply(&format!("{}\n[schema_changes]\ntype_change = \"widen\"\n", stream("items", more)));
    world.assert_same("(SELECT * FROM items WHERE note <> 'hidden')", "items");
}

#[test]
fn an_empty_source_empties() {
    let world = World::new(ITEMS);
    let sync = stream("items", "deletes = \"sweep\"\n");
    world.apply(&sync);
    world.source("TRUNCATE items; ANALYZE items");
    assert_eq!(counts(&world.apply(&sync))[1], ("public.items (deletes)", 0, 1000));
    assert_eq!(world.destination("SELECT count(*) FROM items"), "0");
}

#[test]
fn a_row_that_was_not_swept_is_a_difference() {
    let world = World::new(ITEMS);
    let sync = stream("items", "deletes = \"sweep\"\n");
    world.apply(&sync);
    world.destination("INSERT INTO items VALUES (-1, 'surplus')");
    let said = world.run(&["verify", "sync.toml"]);
    assert_eq!(said.code, Some(6), "{said:#?}");
    assert!(said.stdout.contains("only in the destination"), "{said:#?}");
    world.sync(&stream("items", "deletes = \"mark\"\n"));
    assert_eq!(world.run(&["verify", "sync.toml"]).code, Some(0), "marked rows may stay");
}

/// The server's statistics count what was rolled back as well: it is nobody's change, and the next run needs no leave.
#[test]
fn what_was_rolled_back_is_nobodys_change() {
    for first in ["upsert\"\ndeletes = \"sweep", "replace"] {
        let world =
            World::new(&format!("{ITEMS}; CREATE TABLE later (id int PRIMARY KEY); INSERT INTO later VALUES (1)"));
        // A foreign key to it: a replace of it is done row by row.
        world.destination(
            "CREATE TABLE items (id int PRIMARY KEY, note text, at timestamptz); \
             CREATE TABLE notes (item int REFERENCES items); CREATE TABLE later (id int PRIMARY KEY CHECK (id < 10))",
        );
        let of = |table: &str, write: &str| format!("[[stream]]\ntable = \"public.{table}\"\nwrite = \"{write}\"\n");
        let sync = format!("{}{}", of("items", first), of("later", "upsert"));
        world.apply(&sync);
        // Somebody's transaction stays open over runs of ours, which are no less ours for that.
        let mut open = world.hold("BEGIN; SELECT pg_current_xact_id(); SELECT pg_sleep(600)");
        while world.destination(
            "SELECT count(*) FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND wait_event = 'PgSleep'",
        ) == "0"
        {
            std::thread::yield_now();
        }
        world.apply(&sync);
        world.source("UPDATE items SET note = 'changed once' WHERE id % 3 = 0");
        world.apply(&sync);
        world.source(
            "UPDATE items SET note = 'changed'; DELETE FROM items WHERE id < 20; INSERT INTO items VALUES (5000); \
             INSERT INTO later VALUES (11)",
        );
        world.run(&["apply", "sync.toml", "--yes"]).ends(6, "later_id_check");
        world.destination("SELECT pg_stat_force_next_flush()");
        world.source("DELETE FROM later WHERE id = 11");
        let said = world.run(&["apply", "sync.toml", "--yes"]);
        assert_eq!(said.code, Some(0), "{first}: {said:#?}");
        world.assert_same("items", "items");
        // And it is ours from there on, by the statistics alone.
        assert_eq!(world.run(&["apply", "sync.toml", "--yes"]).code, Some(0));
        world.destination("INSERT INTO items VALUES (-1); SELECT pg_stat_force_next_flush()");
        world.run(&["apply", "sync.toml", "--yes"]).ends(3, "others have changed some");
        open.kill().unwrap();
        open.wait().unwrap();
    }
}

#[test]
fn what_would_take_other_rows_along_is_refused() {
    let table = "CREATE TABLE items (id int PRIMARY KEY, note text, at timestamptz)";
    let one = "CREATE TABLE one PARTITION OF items FOR VALUES FROM (MINVALUE) TO (MAXVALUE)";
    let parted = format!("{table} PARTITION BY RANGE (id); {one}");
    for (there, words) in [
        (format!("{table}; CREATE TABLE archive () INHERITS (items)"), "tables inherit from public.items"),
        (
            format!("{table}; ALTER TABLE items ADD FOREIGN KEY (id) REFERENCES items ON DELETE CASCADE"),
            "to others of it",
        ),
        (format!("{table}; CREATE TABLE notes (item int REFERENCES items ON DELETE CASCADE)"), "and cascade"),
        (format!("{parted}; CREATE TABLE notes (item int REFERENCES one ON DELETE CASCADE)"), "and cascade"),
        (format!("{parted}; CREATE TABLE notes (item int REFERENCES items ON DELETE SET NULL)"), "and cascade"),
    ] {
        let world = World::new(ITEMS);
        world.destination(&there);
        world.sync(&stream("items", "deletes = \"sweep\"\n"));
        let said = world.run(&["plan", "sync.toml"]);
        assert_eq!(said.code, Some(2), "{there}: {said:#?}");
        let page = said.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(page.contains(words), "{words}: {said:#?}");
    }
}

#[test]
fn rows_of_another_sync_are_rows_of_others() {
    let world = World::new(ITEMS);
    let half = |more: &str| stream("items", more);
    let first = half("deletes = \"sweep\"\nwhere = \"id <= 500\"\n");
    world.apply(&first);
    let file = std::fs::read_to_string(world.sync(&half("where = \"id > 500\"\n"))).unwrap();
    std::fs::write(world.path("other.toml"), file.replace("name = \"test\"", "name = \"other\"")).unwrap();
    assert_eq!(world.run(&["apply", "other.toml", "--yes"]).code, Some(0));
    world.assert_same("items", "items");
    world.sync(&first);
    world.run(&["apply", "sync.toml", "--yes"]).ends(3, "others have changed some");
    world.assert_same("items", "items");
}

#[test]
fn a_column_of_somebody_s_is_no_mark() {
    let world = World::new(ITEMS);
    world.destination(
        "CREATE TABLE items (id int PRIMARY KEY, note text, at timestamptz, deleted_at timestamptz); \
         INSERT INTO items VALUES (1, 'theirs', now(), '2020-01-01')",
    );
    world.sync(&stream("items", "deletes = \"mark\"\n"));
    let said = world.run(&["plan", "sync.toml"]);
    assert_eq!(said.code, Some(2), "{said:#?}");
    let page = said.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(page.contains("COMMENT ON COLUMN public.items.deleted_at IS"), "{said:#?}");
    world.destination("COMMENT ON COLUMN items.deleted_at IS 'since when the row is gone at the source'");
    assert_eq!(world.run(&["apply", "sync.toml", "--yes"]).code, Some(0));
}
