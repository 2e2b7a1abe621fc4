//! Incremental sync: what is new arrives once, also where values tie, commits come late, cursors are NULL or runs fail.

use crate::world::World;
use serde_json::Value;
use std::io::Write as _;

const ORDERS: &str = "CREATE TABLE orders (id int PRIMARY KEY, note text, at timestamptz DEFAULT now()); \
     CREATE INDEX by_at ON orders (at); \
     INSERT INTO orders SELECT i, 'note ' || i, timestamptz '2026-01-01' + i * interval '1 min' FROM generate_series(1, 3000) AS i; ANALYZE orders";

fn stream(more: &str) -> String {
    format!("[[stream]]\ntable = \"public.orders\"\nsync = \"incremental\"\n{more}")
}

fn upsert(more: &str) -> String {
    stream(&format!("write = \"upsert\"\ncursor = \"at\"\n{more}"))
}

/// Rows read and written of the one stream.
fn counts(receipt: &Value) -> (u64, u64) {
    let stream = &receipt["streams"][0];
    assert_eq!(stream["sync"], "incremental");
    (stream["rows_read"].as_u64().unwrap(), stream["rows_written"].as_u64().unwrap())
}

#[test]
fn what_is_new_arrives_and_nothing_else_is_read() {
    let world = World::new(ORDERS);
    let sync = upsert("");
    assert_eq!(counts(&world.apply(&sync)), (3000, 3000));
    world.assert_same("orders", "orders");
    assert_eq!(counts(&world.apply(&sync)), (0, 0));
    world.source(
        "INSERT INTO orders SELECT i, 'new', timestamptz '2026-02-01' + i * interval '1 s' FROM generate_series(3001, 3100) AS i; \
         UPDATE orders SET note = 'changed', at = '2026-03-01' WHERE id <= 10",
    );
    let receipt = world.apply(&sync);
    assert_eq!(counts(&receipt), (110, 110));
    let cursor = &receipt["streams"][0]["cursor"];
    assert_eq!(cursor["column"], "at");
    assert_eq!(cursor["from"], "2026-01-03 02:00:00+00");
    assert_eq!(cursor["to"], "2026-03-01 00:00:00+00");
    world.assert_same("orders", "orders");
    assert_eq!(
        world.destination("SELECT count(*), max(value), max(cursor_type) FROM _rapidbyte.checkpoints"),
        "1|2026-03-01 00:00:00+00|timestamp with time zone"
    );
}

#[test]
fn rows_that_tie_with_the_checkpoint_are_neither_lost_nor_doubled() {
    for (late, dispositions) in [("guard", ["upsert", "append"]), ("accept", ["upsert", "append"])] {
        for write in dispositions {
            let world = World::new(ORDERS);
            let sync = stream(&format!("write = \"{write}\"\ncursor = \"at\"\nlate_commits = \"{late}\"\n"));
            world.apply(&sync);
            // The highest value again, under lower and higher keys, in another run.
            world.source(
                "INSERT INTO orders SELECT i, 'tie', (SELECT max(at) FROM orders) FROM (VALUES (-1), (9999)) AS t(i)",
            );
            world.apply(&sync);
            world.assert_same("orders", "orders");
            world.apply(&sync);
            world.assert_same("orders", "orders");
        }
    }
}

#[test]
fn a_transaction_that_commits_late_is_not_skipped() {
    let world = World::new(ORDERS);
    let sync = upsert("");
    let held = world.server.url(crate::world::SOURCE);
    let mut late = std::process::Command::new(world.server.binaries().program("psql"))
        .args(["-XAtq", "-v", "ON_ERROR_STOP=1", &held])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut typed = late.stdin.take().unwrap();
    writeln!(
        typed,
        "BEGIN; INSERT INTO orders VALUES (-5, 'late', '2025-12-31'); UPDATE orders SET note = 'late' WHERE id = 7;"
    )
    .unwrap();
    while world.source("SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'") == "0" {}
    world.apply(&sync);
    world.source("INSERT INTO orders VALUES (5000, 'later', '2026-06-01')");
    world.apply(&sync);
    writeln!(typed, "COMMIT;").unwrap();
    drop(typed);
    assert!(late.wait().unwrap().success());
    // The transaction's two rows, and what was written while it was open: it cannot be told whether that was seen.
    assert_eq!(counts(&world.apply(&sync)).0, 3);
    world.assert_same("orders", "orders");
    assert_eq!(counts(&world.apply(&sync)), (0, 0));
}

#[test]
fn an_overlap_finds_what_is_late_where_versions_are_not_seen() {
    let world = World::new(&format!("{ORDERS}; CREATE VIEW orders_view AS SELECT * FROM orders"));
    let sync = "[[stream]]\ntable = \"public.orders_view\"\ninto = \"public.orders\"\nsync = \"incremental\"\nwrite = \"upsert\"\n\
         cursor = \"at\"\nkey = [\"id\"]\noverlap = \"10m\"\n";
    world.apply(sync);
    world
        .source("INSERT INTO orders VALUES (-1, 'five minutes late', (SELECT max(at) - interval '5 min' FROM orders))");
    assert_eq!(counts(&world.apply(sync)).0, 12);
    world.assert_same("orders", "orders");
}

#[test]
fn every_type_of_cursor_goes_on_where_it_was() {
    let types = [
        ("smallint", "i"),
        ("integer", "i * 100000"),
        ("bigint", "i * 10000000000"),
        ("numeric", "i + 0.125"),
        ("numeric(12,3)", "i + 0.125"),
        ("timestamp", "timestamp '2026-01-01' + i * interval '1 us'"),
        ("timestamptz(3)", "timestamptz '2026-01-01' + i * interval '1 ms'"),
        ("date", "date '2026-01-01' - 4000 + i"),
        ("text", "'it''s \\ ' || lpad(i::text, 5, '0')"),
        ("varchar(20)", "lpad(i::text, 5, '0')"),
        ("uuid", "('0192f3c4-0000-7000-8000-' || lpad(i::text, 12, '0'))::uuid"),
        ("xid8", "i::text::xid8"),
    ];
    for late in ["guard", "accept"] {
        let tables = types.iter().enumerate().map(|(at, (ty, value))| {
            format!("CREATE TABLE t{at} AS SELECT i AS id, ({value})::{ty} AS c FROM generate_series(1, 200) AS i; ALTER TABLE t{at} ADD PRIMARY KEY (id);")
        });
        let world = World::new(&tables.collect::<String>());
        let streams = (0..types.len()).map(|at| {
            format!(
                "[[stream]]\ntable = \"public.t{at}\"\nsync = \"incremental\"\nwrite = \"upsert\"\ncursor = \"c\"\nlate_commits = \"{late}\"\n"
            )
        });
        let sync: String = streams.collect();
        world.apply(&sync);
        for (at, (ty, value)) in types.iter().enumerate() {
            world.source(&format!("INSERT INTO t{at} SELECT i, ({value})::{ty} FROM generate_series(201, 210) AS i"));
        }
        let receipt = world.apply(&sync);
        for (at, (ty, _)) in types.iter().enumerate() {
            let stream = &receipt["streams"][at];
            let read = stream["rows_read"].as_u64().unwrap();
            let expected = if late == "guard" { 10 } else { 11 };
            assert_eq!(read, expected, "{ty}, {late}: {stream}");
            world.assert_same(&format!("t{at}"), &format!("t{at}"));
        }
    }
}

#[test]
fn versions_of_rows_are_a_cursor_of_their_own() {
    let world = World::new(ORDERS);
    let sync = stream("write = \"upsert\"\ncursor = \"xmin\"\n");
    world.apply(&sync);
    world.source(
        "UPDATE orders SET note = 'no cursor knows' WHERE id = 5; INSERT INTO orders VALUES (-3, 'x', '2000-01-01')",
    );
    assert_eq!(counts(&world.apply(&sync)), (2, 2));
    world.assert_same("orders", "orders");
    assert_eq!(counts(&world.apply(&sync)), (0, 0));
}

#[test]
fn rows_without_a_cursor_follow_the_rule() {
    for (rule, arrive) in [("always", 2), ("never", 0)] {
        let world = World::new(ORDERS);
        let sync = upsert(&format!("null_cursor = \"{rule}\"\nlate_commits = \"accept\"\n"));
        world.source("INSERT INTO orders VALUES (-1, 'null', NULL)");
        world.apply(&sync);
        world.source("INSERT INTO orders VALUES (-2, 'null', NULL)");
        world.apply(&sync);
        assert_eq!(world.destination("SELECT count(*) FROM orders WHERE id < 0"), arrive.to_string(), "{rule}");
    }
    let world = World::new(ORDERS);
    world.sync(&upsert(""));
    world.source("INSERT INTO orders VALUES (-1, 'null', NULL)");
    let before = world.destination_picture();
    let said = world.run(&["apply", "sync.toml", "--yes"]);
    said.ends(6, "a row has no value of the cursor");
    assert_eq!(world.destination_picture(), before);
}

#[test]
fn a_cursor_at_infinity_ends_the_run() {
    let world = World::new(ORDERS);
    world.sync(&upsert(""));
    world.source("INSERT INTO orders VALUES (-1, 'never', 'infinity')");
    let said = world.run(&["apply", "sync.toml", "--yes"]);
    said.ends(6, "nothing can follow");
}

#[test]
fn a_checkpoint_of_something_else_is_not_gone_on_from() {
    let world = World::new(ORDERS);
    world.apply(&upsert(""));
    for (sync, then) in [
        (upsert("where = \"id > 10\"\n"), ""),
        (stream("write = \"upsert\"\ncursor = \"id\"\n"), ""),
        (upsert(""), "DROP TABLE orders"),
        (upsert(""), "ALTER TABLE orders RENAME TO old; CREATE TABLE orders (LIKE old INCLUDING ALL)"),
    ] {
        world.destination(if then.is_empty() { "SELECT 1" } else { then });
        let read = counts(&world.apply(&sync)).0;
        assert!(read >= 2990, "{read} rows of {sync} after {then}");
        world.assert_same("orders", "orders");
    }
}

#[test]
fn a_run_that_fails_leaves_the_checkpoint_where_it_was() {
    let world = World::new(ORDERS);
    world.apply(&upsert(""));
    world.destination("ALTER TABLE orders ADD CHECK (note <> 'bad')");
    let before = world.destination("SELECT * FROM _rapidbyte.checkpoints");
    world.source("INSERT INTO orders VALUES (4000, 'bad', '2026-05-01'), (4001, 'good', '2026-05-02')");
    world.sync(&upsert(""));
    let said = world.run(&["apply", "sync.toml", "--yes"]);
    assert_eq!(said.code, Some(6), "{said:#?}");
    assert_eq!(world.destination("SELECT * FROM _rapidbyte.checkpoints"), before);
    world.source("UPDATE orders SET note = 'mended' WHERE id = 4000");
    assert_eq!(counts(&world.apply(&upsert(""))), (2, 2));
    world.assert_same("orders", "orders");
}

#[test]
fn no_value_of_a_row_is_in_a_saved_plan() {
    let world = World::new(ORDERS);
    let sync = upsert("");
    world.apply(&sync);
    world.source("INSERT INTO orders VALUES (5000, 'later', '2026-06-01')");
    let said = world.run(&["plan", "sync.toml", "--out", "plan.json"]);
    assert_eq!(said.code, Some(0), "{said:#?}");
    let plan = std::fs::read_to_string(world.path("plan.json")).unwrap();
    assert!(!plan.contains("2026-01") && !plan.contains("2026-06"), "{plan}");
    let said = world.run(&["apply", "plan.json"]);
    assert_eq!(said.code, Some(0), "{said:#?}");
    world.assert_same("orders", "orders");
    let said = world.run(&["apply", "plan.json"]);
    assert_eq!(said.code, Some(3), "{said:#?}");
}

#[test]
fn of_rows_with_one_key_the_latest_stays() {
    let sync = stream("write = \"upsert\"\ncursor = \"at\"\nkey = [\"id\"]\n");
    let world = World::new(&format!(
        "{ORDERS}; ALTER TABLE orders DROP CONSTRAINT orders_pkey; ALTER TABLE orders ALTER id SET NOT NULL"
    ));
    world.source(
        "INSERT INTO orders VALUES (1, 'older', '2025-01-01'), (1, 'newest', '2026-06-01'), (1, 'newer', '2026-05-01')",
    );
    assert_eq!(counts(&world.apply(&sync)), (3003, 3000));
    let latest = "(SELECT DISTINCT ON (id) * FROM orders ORDER BY id, at DESC)";
    world.assert_same(latest, "orders");
    world.source("INSERT INTO orders VALUES (2, 'new', '2026-07-02'), (2, 'newest', '2026-07-03')");
    world.apply(&sync);
    world.assert_same(latest, "orders");
}

/// After a failover to a server that is no physical copy its transactions have other numbers: none can be compared.
#[test]
fn a_checkpoint_of_another_server_is_not_gone_on_from() {
    let world = World::new(ORDERS);
    let sync = upsert("");
    world.apply(&sync);
    let system = world.source("SELECT system_identifier FROM pg_control_system()");
    assert!(world.destination("SELECT version FROM _rapidbyte.checkpoints").ends_with(&format!("@{system}")));
    world.destination("UPDATE _rapidbyte.checkpoints SET version = split_part(version, '@', 1) || '@1'");
    let before = world.destination_picture();
    world.run(&["apply", "sync.toml", "--yes"]).ends(4, "it was restored, or is another server");
    assert_eq!(world.destination_picture(), before);
    assert_eq!(world.run(&["state", "reset", "sync.toml", "public.orders", "--yes"]).code, Some(0));
    assert_eq!(counts(&world.apply(&sync)).0, 3000);
    // Where nobody may know the server, nothing is lost but this.
    world.source("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC; CREATE ROLE plain LOGIN; GRANT SELECT ON orders TO plain");
    let plain = world.server.url(crate::world::SOURCE).replacen("postgres@", "plain@", 1);
    world.sync_between(&plain, &world.server.url(crate::world::DESTINATION), &sync);
    assert_eq!(world.run(&["apply", "sync.toml", "--yes"]).code, Some(0));
    assert!(world.destination("SELECT version FROM _rapidbyte.checkpoints").ends_with('@'));
}
