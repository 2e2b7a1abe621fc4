//! `verify` and verify = "checksum": a changed byte, a missing and a surplus row are found and named; what a trigger alters is
//! rolled back; what is equal is said to be.

use crate::world::{Said, World};
use serde_json::{Value, json};

/// Large enough for several rounds: 50,000 rows are cut into parts of 3,125, and these into parts of 196.
const ROWS: u32 = 50_000;

fn orders(key: &str) -> World {
    World::new(&format!(
        "CREATE TABLE orders (id int NOT NULL, region text NOT NULL, code uuid NOT NULL, total numeric(10,2), note text, at timestamptz NOT NULL, raw bytea NOT NULL, PRIMARY KEY ({key})); \
         INSERT INTO orders SELECT i, 'r' || i % 3, md5(i::text)::uuid, i * 1.01, CASE WHEN i % 5 > 0 THEN 'note ' || i END, \
         timestamptz '2026-01-01 00:00+00' + i * interval '1 second', int4send(i) \
         FROM generate_series(1, {ROWS}) AS i"
    ))
}

const REPLACE: &str = "[[stream]]\ntable = \"public.orders\"\nwrite = \"replace\"\n";

/// `verify` with its JSON, which its schema describes.
fn verify(world: &World, more: &[&str]) -> (Said, Value) {
    let said = world.run(&[&["verify", "sync.toml", "--format", "json"], more].concat());
    let found: Value = serde_json::from_str(&said.stdout).unwrap_or_else(|error| panic!("{error}: {said:#?}"));
    let schema = serde_json::from_str(include_str!("../../engine/schemas/verification.schema.json")).unwrap();
    let wrong: Vec<String> =
        jsonschema::validator_for(&schema).unwrap().iter_errors(&found).map(|error| error.to_string()).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    assert_eq!(said.code, Some(if found["equal"] == true { 0 } else { 6 }), "{said:#?}");
    (said, found)
}

/// The keys named of each kind, and that no other row is said to differ.
fn assert_found(found: &Value, missing: &Value, changed: &Value, surplus: &Value) {
    let stream = &found["streams"][0];
    let differences = &stream["differences"];
    for (kind, keys) in [("missing", missing), ("changed", changed), ("surplus", surplus)] {
        assert_eq!(&differences[kind]["first"], keys, "{kind}: {stream:#}");
        assert_eq!(differences[kind]["rows"], keys.as_array().unwrap().len(), "{kind}: {stream:#}");
    }
    assert_eq!(differences["unlocated"], Value::Null);
}

#[test]
fn one_changed_byte_a_missing_and_a_surplus_row_are_named() {
    let world = orders("id");
    let receipt = world.apply(&format!("{REPLACE}verify = \"checksum\"\n"));
    assert_eq!(
        receipt["streams"][0]["verified"],
        json!({ "source_rows": ROWS, "destination_rows": ROWS, "equal": true, "method": "checksum" })
    );
    assert_eq!(verify(&world, &[]).1["streams"][0]["outcome"], "equal");
    world.destination(
        "UPDATE orders SET note = 'Note 31337' WHERE id = 31337; DELETE FROM orders WHERE id = 4711; \
         INSERT INTO orders SELECT 77777, region, code, total, note, at, raw FROM orders WHERE id = 1",
    );
    let picture = world.destination_picture();
    let (said, found) = verify(&world, &[]);
    assert_found(&found, &json!([["4711"]]), &json!([["31337"]]), &json!([["77777"]]));
    assert!(!said.stderr.contains("31337"), "{said:#?}");
    assert_eq!(world.destination_picture(), picture);
    let said = world.run(&["verify", "sync.toml"]);
    assert_eq!(said.code, Some(6));
    for line in ["changed: 1 row\n    id = 31337", "missing in the destination: 1 row\n    id = 4711", "id = 77777"] {
        assert!(said.stdout.contains(line), "{said:#?}");
    }
    assert_eq!(world.run(&["verify", "sync.toml", "public.other"]).code, Some(2));
}

#[test]
fn keys_of_other_kinds() {
    // Text, which has no order of its own; two columns; a uuid, a time, bytes.
    for (key, named) in [
        ("region, id", json!([["r1", "31"]])),
        ("code", json!([["c16a5320-fa47-5530-d958-3c34fd356ef5"]])),
        ("at", json!([["2026-01-01 00:00:31+00"]])),
        ("raw, at", json!([["\\x0000001f", "2026-01-01 00:00:31+00"]])),
        ("region, code", json!([["r1", "c16a5320-fa47-5530-d958-3c34fd356ef5"]])),
    ] {
        let world = orders(key);
        world.apply(REPLACE);
        world.destination("UPDATE orders SET total = total + 0.01 WHERE id = 31");
        assert_found(&verify(&world, &[]).1, &json!([]), &named, &json!([]));
    }
}

#[test]
fn text_keys_under_odd_collations() {
    let world = World::new(
        "CREATE TABLE words (w text COLLATE \"en-x-icu\" PRIMARY KEY, n int); \
         INSERT INTO words SELECT chr(65 + i % 58) || repeat(' ', i % 3) || chr(97 + i % 26) || i / 7, i FROM generate_series(1, 5000) AS i ON CONFLICT DO NOTHING; \
         INSERT INTO words VALUES ('é', 1), ('Z', 2), ('z', 3), ('it''s \\', 4), ('', 5)",
    );
    world.destination("CREATE TABLE words (w text COLLATE \"C\" PRIMARY KEY, n int)");
    world.apply(
        "[[stream]]\ntable = \"public.words\"\nwrite = \"upsert\"\nverify = \"checksum\"\nstrategy = \"copy\"\n",
    );
    assert_eq!(verify(&world, &[]).1["equal"], true);
    world.destination("UPDATE words SET n = -1 WHERE w IN ('it''s \\', ''); DELETE FROM words WHERE w = 'é'; INSERT INTO words VALUES ('É', 1)");
    assert_found(&verify(&world, &[]).1, &json!([["é"]]), &json!([[""], ["it's \\"]]), &json!([["É"]]));
}

#[test]
fn where_columns_and_into() {
    let world = orders("id");
    let stream = "[[stream]]\ntable = \"public.orders\"\ncolumns = [\"total\", \"id\"]\nwhere = \"region = 'r1' -- one\"\ninto = \"part\"\nwrite = \"replace\"\n";
    world.apply(&format!("{stream}verify = \"checksum\"\n"));
    world.destination("ALTER TABLE part ADD COLUMN other text DEFAULT 'x'");
    assert_eq!(verify(&world, &["public.orders"]).1["equal"], true);
    world.destination("UPDATE part SET total = 0 WHERE id = 4");
    assert_found(&verify(&world, &[]).1, &json!([]), &json!([["4"]]), &json!([]));
}

/// A numeric of another scale, a float of more bits and blanks of another number say the same.
#[test]
fn wider_types_are_equal() {
    let world = World::new(
        "CREATE TABLE t (id int PRIMARY KEY, n numeric(10,2), f real, c char(3), i int); INSERT INTO t VALUES (1, 1.10, 0.1, 'a', 5), (2, NULL, '-0', '', NULL)",
    );
    world.destination("CREATE TABLE t (id bigint PRIMARY KEY, n numeric(14,4), f double precision, c char(5), i numeric(20,3)); CREATE VIEW v AS TABLE t");
    let receipt = world.apply("[[stream]]\ntable = \"public.t\"\nwrite = \"replace\"\nverify = \"checksum\"\n");
    assert_eq!(receipt["streams"][0]["verified"]["method"], "checksum");
    assert_eq!(verify(&world, &[]).1["equal"], true);
    world.destination("UPDATE t SET i = i + 0.001 WHERE id = 1");
    assert_found(&verify(&world, &[]).1, &json!([]), &json!([["1"]]), &json!([]));
}

/// What an upsert or an append leaves at the destination is named, and is no difference.
#[test]
fn rows_that_may_stay() {
    let world = orders("id");
    world.apply("[[stream]]\ntable = \"public.orders\"\nwrite = \"upsert\"\nverify = \"checksum\"\n");
    world.source("DELETE FROM orders WHERE id IN (5, 40000)");
    let (_, found) = verify(&world, &[]);
    assert_eq!(found["equal"], true);
    assert_found(&found, &json!([]), &json!([]), &json!([["5"], ["40000"]]));
    world.sync(REPLACE);
    assert_eq!(verify(&world, &[]).1["equal"], false);
}

#[test]
fn without_a_key_or_a_target() {
    let world = World::new("CREATE TABLE t (a int); INSERT INTO t VALUES (1), (1), (NULL)");
    world.sync("[[stream]]\ntable = \"public.t\"\n");
    let stream = verify(&world, &[]).1["streams"][0].clone();
    assert_eq!((&stream["outcome"], &stream["source_rows"]), (&json!("different"), &json!(3)));
    world.apply("[[stream]]\ntable = \"public.t\"\n");
    assert_eq!(verify(&world, &[]).1["equal"], true);
    world.destination("UPDATE t SET a = 2 WHERE a IS NULL");
    let stream = verify(&world, &[]).1["streams"][0].clone();
    assert_eq!(
        (&stream["differences"], stream["because"][0].as_str().unwrap().contains("no key")),
        (&Value::Null, true)
    );
    world.destination("ALTER TABLE t RENAME COLUMN a TO b");
    assert_eq!(verify(&world, &[]).1["streams"][0]["outcome"], "incomparable");
}

/// A trigger that alters one value, drops a row or adds one: nothing is committed, by whatever route the rows come.
#[test]
fn what_a_trigger_alters_is_rolled_back() {
    let target = "CREATE TABLE orders (id int PRIMARY KEY, region text, code uuid, total numeric(10,2), note text, at timestamptz, raw bytea); \
        INSERT INTO orders (id, note) SELECT i, 'old' FROM generate_series(49000, 49999) AS i; \
        CREATE FUNCTION alter_one() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
        IF NEW.id = 31337 THEN NEW.note := 'altered'; END IF; RETURN NEW; END $$; \
        CREATE TRIGGER alter_one BEFORE INSERT OR UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION alter_one()";
    let few = "where = \"id BETWEEN 31300 AND 31400\"\n";
    for stream in [
        "write = \"replace\"\n".to_owned(),
        "write = \"upsert\"\n".to_owned(),
        format!("write = \"upsert\"\nstrategy = \"upsert\"\n{few}"),
        format!("write = \"append\"\n{few}"),
    ] {
        let world = orders("id");
        world.destination(target);
        let before = world.destination("SELECT count(*), sum(hashtextextended(t::text, 0)::numeric) FROM orders t");
        let sync = |verify: &str| {
            world.sync(&format!("[[stream]]\ntable = \"public.orders\"\n{stream}verify = \"{verify}\"\n"))
        };
        sync("checksum");
        let said = world.run(&["apply", "sync.toml", "--yes", "--allow-destructive"]);
        assert_eq!(said.code, Some(6), "{stream}: {said:#?}");
        assert!(said.stderr.contains("do not have the same checksum"), "{said:#?}");
        assert_eq!(
            world.destination("SELECT count(*), sum(hashtextextended(t::text, 0)::numeric) FROM orders t"),
            before
        );
        assert_eq!(world.destination("SELECT to_regclass('_rapidbyte.runs') IS NULL"), "t");
        // The counts see nothing of it; without the trigger the same sync goes through.
        sync("counts");
        assert_eq!(world.run(&["apply", "sync.toml", "--yes", "--allow-destructive"]).code, Some(0), "{stream}");
        world.destination("DROP TRIGGER alter_one ON orders; DELETE FROM orders WHERE id < 49000");
        sync("checksum");
        let said = world.run(&["apply", "sync.toml", "--yes", "--allow-destructive"]);
        assert_eq!(said.code, Some(0), "{stream}: {said:#?}");
    }
}

/// Only the rows that a run added count, whatever is there already, and whatever a trigger adds to them.
#[test]
fn an_append_compares_what_it_added() {
    let world = World::new("CREATE TABLE t (a int); INSERT INTO t SELECT generate_series(1, 100)");
    world.destination(
        "CREATE TABLE t (a int, at timestamptz DEFAULT now()) PARTITION BY RANGE (a); CREATE TABLE t_all PARTITION OF t DEFAULT; INSERT INTO t VALUES (1), (2)",
    );
    let append = "[[stream]]\ntable = \"public.t\"\nwrite = \"append\"\nverify = \"checksum\"\n";
    for rows in [100, 100] {
        assert_eq!(world.apply(append)["streams"][0]["verified"]["destination_rows"], rows);
    }
    world.destination(
        "CREATE FUNCTION more() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.t VALUES (-1); RETURN NULL; END $$; \
         CREATE TRIGGER more AFTER INSERT ON t FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION more()",
    );
    assert_eq!(world.run(&["apply", "sync.toml", "--yes"]).code, Some(6));
    assert_eq!(world.destination("SELECT count(*) FROM t"), "202");
}

/// Keys that are all there is to a row, some there already: staged keys tell which rows are the stream's.
#[test]
fn an_upsert_of_nothing_but_keys() {
    let world = World::new(
        "CREATE TABLE t (a int, b text, PRIMARY KEY (a, b)); INSERT INTO t SELECT i, 'x' FROM generate_series(1, 50) AS i",
    );
    world.destination("CREATE TABLE t (a int, b text COLLATE \"C\", PRIMARY KEY (a, b)); INSERT INTO t SELECT i, 'x' FROM generate_series(26, 99) AS i");
    let receipt = world.apply("[[stream]]\ntable = \"public.t\"\nwrite = \"upsert\"\nverify = \"checksum\"\n");
    assert_eq!(receipt["streams"][0]["verified"]["destination_rows"], 50);
    assert_eq!(world.destination("SELECT count(*) FROM t"), "99");
}
