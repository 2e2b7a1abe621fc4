//! Rows that the destination refuses, by `[on_row_error]`: the first one ends the run, or exactly they are left out or set
//! aside, with the reason, however rows enter.

use crate::world::{SOURCE, World};

/// Rows of a source in which these are refused, each for a reason of its own.
const POISON: &str = "CREATE TABLE poison (id int PRIMARY KEY, owner int, code text, n numeric, d date, doc json, label text, amount int); \
     INSERT INTO poison SELECT i, i % 10, 'code ' || i, i / 100.0, date '2020-01-01' + i, json_build_object('i', i), 'calm', i % 1000 \
     FROM generate_series(1, 2000) AS i; \
     UPDATE poison SET owner = 99 WHERE id = 17; UPDATE poison SET code = 'code 5' WHERE id = 100; \
     UPDATE poison SET amount = 5000 WHERE id = 101; UPDATE poison SET n = 'Infinity' WHERE id = 512; \
     UPDATE poison SET n = 'NaN' WHERE id = 600; UPDATE poison SET d = 'infinity' WHERE id = 999; \
     UPDATE poison SET d = '0044-03-15 BC' WHERE id = 1000; UPDATE poison SET doc = '{\"a\": \"\\u0000\"}' WHERE id = 1023; \
     UPDATE poison SET label = 'angry' WHERE id = 1500; UPDATE poison SET owner = NULL WHERE id = 2000; \
     CREATE TABLE sorted AS SELECT * FROM poison ORDER BY id; TRUNCATE poison; INSERT INTO poison SELECT * FROM sorted; DROP TABLE sorted";

/// Their numbers, and the SQLSTATE that each is refused with.
const REFUSED: [(u32, &str); 10] = [
    (17, "23503"),
    (100, "23505"),
    (101, "23514"),
    (512, "22003"),
    (600, "23514"),
    (999, "23514"),
    (1000, "23514"),
    (1023, "22P05"),
    (1500, "22P02"),
    (2000, "23502"),
];

const STRICT: &str = "CREATE TYPE mood AS ENUM ('calm'); CREATE DOMAIN small AS int CHECK (VALUE < 1000); \
     CREATE TABLE owners (id int PRIMARY KEY); INSERT INTO owners SELECT generate_series(0, 9); \
     CREATE TABLE poison (id int PRIMARY KEY, owner int NOT NULL REFERENCES owners, code text UNIQUE, n numeric CHECK (n <> 'NaN'), \
     d date CHECK (isfinite(d)) CHECK (extract(year FROM d) > 0), doc json CHECK (doc::jsonb IS NOT NULL), \
     label text CHECK (label::mood IS NOT NULL), amount small, n2 numeric(10, 2) GENERATED ALWAYS AS (n) STORED)";

/// How rows enter, and what the plan must say of it.
const WAYS: [(&str, &str, &str); 5] = [
    ("append", "copy", "COPY \"public\".\"poison\""),
    ("append", "insert", "INSERT INTO \"public\".\"poison\""),
    ("upsert", "auto", "ON CONFLICT (\"id\")"),
    ("replace", "auto", "TRUNCATE TABLE \"public\".\"poison\""),
    ("replace", "insert", "INSERT INTO \"public\".\"poison\""),
];

fn stream(table: &str, write: &str, strategy: &str, policy: &str) -> String {
    format!(
        "[[stream]]\ntable = \"public.{table}\"\nwrite = \"{write}\"\nstrategy = \"{strategy}\"\n\n[limits]\nbatch_rows = 300\n\n\
         [on_row_error]\n{policy}\n"
    )
}

fn quarantine(rows: u32) -> String {
    format!("policy = \"quarantine\"\nmax_rows = {rows}")
}

/// Numbers and SQLSTATEs of what was set aside by the newest run, by number.
fn set_aside(world: &World, table: &str) -> String {
    world.destination(&format!(
        "SELECT string_agg(format('%s %s', row::json ->> 'id', substring(reason from '\\((.....)\\)$')), ', ' \
         ORDER BY (row::json ->> 'id')::int) FROM {table}__rejected WHERE run = (SELECT run FROM _rapidbyte.runs ORDER BY number DESC LIMIT 1)"
    ))
}

fn refused() -> String {
    REFUSED.map(|(id, code)| format!("{id} {code}")).join(", ")
}

fn is_good(table: &str) -> String {
    let bad = REFUSED.map(|(id, _)| id.to_string()).join(", ");
    format!("(SELECT id, owner, code, n, d, doc::text, label, amount FROM {table} WHERE id NOT IN ({bad}))")
}

#[test]
fn exactly_the_refused_rows_are_set_aside_with_the_reason() {
    for (write, strategy, statement) in WAYS {
        let world = World::new(POISON);
        world.destination(STRICT);
        let path = world.sync(&stream("poison", write, strategy, &quarantine(10)));
        let plan = world.run(&["plan", path.to_str().unwrap()]);
        let words = plan.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(statement), "{write} {strategy}: {}", plan.stdout);
        let receipt = world.apply(&stream("poison", write, strategy, &quarantine(10)));
        let told = &receipt["streams"][0];
        let counts =
            [&told["rows_read"], &told["rows_written"], &told["rows_rejected"]].map(|rows| rows.as_u64().unwrap());
        assert_eq!(counts, [2000, 1990, 10], "{write} {strategy}");
        let verified = serde_json::json!({
            "source_rows": 2000, "destination_rows": 1990, "equal": true, "method": "counts"
        });
        assert_eq!(told["verified"], verified);
        assert_eq!(told["rejected_into"], "public.poison__rejected");
        assert_eq!(set_aside(&world, "poison"), refused(), "{write} {strategy}");
        world.assert_same(&is_good("poison"), &is_good("poison"));
        assert_eq!(world.destination("SELECT count(*) FROM poison"), "1990");
    }
}

#[test]
fn rows_that_are_skipped_are_counted_and_said() {
    for (write, strategy, _) in WAYS {
        let world = World::new(POISON);
        world.destination(STRICT);
        world.sync(&stream("poison", write, strategy, "policy = \"skip\"\nmax_rows = 10"));
        let said = world.run(&["apply", "sync.toml", "--yes", "--allow-destructive"]);
        assert_eq!(said.code, Some(0), "{said:#?}");
        assert!(said.stdout.contains("10 rows were refused, and left out"), "{said:#?}");
        assert!(said.stderr.contains("warning: public.poison: 10 rows were refused"), "{said:#?}");
        // Why, without a value.
        assert!(said.stderr.contains("a foreign key refuses a row (23503)"), "{said:#?}");
        assert!(!said.stderr.contains("angry") && !said.stderr.contains("5000"), "{said:#?}");
        world.assert_same(&is_good("poison"), &is_good("poison"));
        assert_eq!(world.destination("SELECT to_regclass('poison__rejected') IS NULL"), "t");
    }
}

#[test]
fn one_row_more_than_allowed_ends_the_run_and_changes_nothing() {
    for (write, strategy, _) in WAYS {
        let world = World::new(POISON);
        world.destination(STRICT);
        let before = world.destination_picture();
        for policy in ["policy = \"fail\"", "policy = \"skip\"\nmax_rows = 9", &quarantine(9)] {
            world.sync(&stream("poison", write, strategy, policy));
            let said = world.run(&["apply", "sync.toml", "--yes", "--allow-destructive"]);
            assert_eq!(said.code, Some(6), "{said:#?}");
            if !policy.contains("fail") {
                assert!(said.stderr.contains("10 rows were refused by then"), "{said:#?}");
                assert!(said.stderr.contains("1 × a foreign key refuses a row (23503)"), "{said:#?}");
            }
            assert!(!said.stderr.contains("angry") && !said.stderr.contains("5000"), "{said:#?}");
            assert_eq!(world.destination_picture(), before, "{write} {strategy} {policy}");
        }
    }
}

/// The bound is of the run: what one stream was refused counts for the next.
#[test]
fn the_bound_counts_all_streams_together() {
    let world = World::new(
        "CREATE TABLE a AS SELECT i AS id FROM generate_series(1, 100) AS i; CREATE TABLE b AS SELECT * FROM a",
    );
    world.destination("CREATE TABLE a (id int CHECK (id <> 50)); CREATE TABLE b (id int CHECK (id NOT IN (7, 8)))");
    let streams = |rows| {
        format!(
            "[defaults]\nwrite = \"append\"\n[[stream]]\ntables = [\"public.*\"]\n[on_row_error]\npolicy = \"skip\"\nmax_rows = {rows}\n"
        )
    };
    world.sync(&streams(2));
    let before = world.destination_picture();
    let said = world.run(&["apply", "sync.toml", "--yes"]);
    said.ends(6, "3 rows were refused by then");
    assert_eq!(world.destination_picture(), before);
    let receipt = world.apply(&streams(3));
    assert_eq!([0, 1].map(|at| receipt["streams"][at]["rows_rejected"].as_u64().unwrap()), [1, 2]);
    assert_eq!(world.destination("SELECT (SELECT count(*) FROM a), (SELECT count(*) FROM b)"), "99|98");
}

/// A new table takes the old one's place, and rows are refused by the keys that it is given first.
#[test]
fn a_swapped_table_refuses_by_its_keys() {
    let world = World::new(
        "CREATE TABLE t (id int PRIMARY KEY, mail text, age int); \
         INSERT INTO t SELECT i, 'm' || i, i FROM generate_series(1, 1000) AS i; \
         UPDATE t SET mail = 'm1' WHERE id IN (500, 700); UPDATE t SET age = -1 WHERE id = 900",
    );
    world.destination(
        "CREATE TABLE t (id int PRIMARY KEY, mail text, age int CHECK (age >= 0)); CREATE UNIQUE INDEX by_mail ON t (lower(mail)); \
         INSERT INTO t VALUES (-1, 'before', 1)",
    );
    let before = world.destination("SELECT 't'::regclass::oid");
    world.source(
        "CREATE TABLE order_of AS SELECT * FROM t ORDER BY id; TRUNCATE t; INSERT INTO t SELECT * FROM order_of",
    );
    for _ in 0..2 {
        world.sync(&stream("t", "replace", "auto", &quarantine(3)));
        // Rows that a run of ours put there need no leave to go, though some were refused.
        let is_ours = world.destination("SELECT to_regclass('_rapidbyte.runs') IS NOT NULL") == "t";
        let flags: &[&str] = if is_ours { &["--yes"] } else { &["--yes", "--allow-destructive"] };
        let said = world.run(&[&["apply", "sync.toml"], flags].concat());
        assert_eq!(said.code, Some(0), "{said:#?}");
        assert!(said.stdout.contains("3 rows were refused, and set aside in public.t__rejected"), "{said:#?}");
        assert_eq!(set_aside(&world, "t"), "500 23505, 700 23505, 900 23514");
        assert_eq!(world.destination("SELECT count(*), min(id) FROM t"), "997|1");
    }
    assert_ne!(world.destination("SELECT 't'::regclass::oid"), before, "it was not swapped");
    assert_eq!(world.destination("SELECT count(*), count(DISTINCT run) FROM t__rejected"), "6|2");
    assert_eq!(world.destination("SELECT string_agg(relname, ',' ORDER BY relname) FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid WHERE i.indrelid = 't'::regclass"), "by_mail,t_pkey");
}

/// A table that the run makes has its key before the first row, so that rows that come twice are refused one by one.
#[test]
fn a_new_table_refuses_what_comes_twice() {
    let world = World::new(
        "CREATE TABLE t AS SELECT i % 995 AS id, i AS n FROM generate_series(0, 999) AS i; ALTER TABLE t ALTER id SET NOT NULL",
    );
    let keyed = stream("t", "append", "auto", &quarantine(5)).replace("strategy", "key = [\"id\"]\nstrategy");
    let receipt = world.apply(&keyed);
    assert_eq!(receipt["streams"][0]["rows_rejected"], 5);
    assert_eq!(world.destination("SELECT count(*), max(n) FROM t"), "995|994");
    assert_eq!(set_aside(&world, "t"), "0 23505, 1 23505, 2 23505, 3 23505, 4 23505");
    assert_eq!(
        world.destination("SELECT DISTINCT object, stream FROM t__rejected"),
        "table public.t, constraint t_pkey|public.t"
    );
}

#[test]
fn what_a_trigger_raises_is_a_refusal_and_its_words_are_not_repeated() {
    let world =
        World::new("CREATE TABLE t AS SELECT i AS id, 'secret ' || i AS word FROM generate_series(1, 1000) AS i");
    world.destination(
        "CREATE TABLE t (id int, word text); CREATE TABLE seen (id int); \
         CREATE FUNCTION guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.seen VALUES (NEW.id); \
         IF NEW.id % 400 = 0 THEN RAISE EXCEPTION 'not %', NEW.word; END IF; RETURN NEW; END $$; \
         CREATE TRIGGER guards BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION guard()",
    );
    world.apply(&stream("t", "append", "auto", &quarantine(2)));
    assert_eq!(set_aside(&world, "t"), "400 P0001, 800 P0001");
    assert_eq!(world.destination("SELECT count(*) FROM t__rejected WHERE reason LIKE '%secret%'"), "0");
    // What the trigger did for rows that were refused was undone, and for the others done once.
    assert_eq!(world.destination("SELECT count(*), count(DISTINCT id) FROM seen"), "998|998");
}

/// A text that the destination's encoding has no letter for, and rows that it has none for either.
#[test]
fn a_text_that_the_database_cannot_hold_is_refused() {
    let world = World::new(
        "CREATE TABLE t (id int PRIMARY KEY, word text); INSERT INTO t VALUES (1, 'plain'), (2, 'très'), (3, '世界'), (4, '🦀')",
    );
    world
        .server
        .psql(SOURCE, "CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'")
        .unwrap();
    for strategy in ["copy", "insert"] {
        world.sync_between(
            &world.server.url(SOURCE),
            &world.server.url("latin"),
            &stream("t", "append", strategy, &quarantine(2)),
        );
        let said = world.run(&["apply", "sync.toml", "--yes"]);
        assert_eq!(said.code, Some(0), "{said:#?}");
        let latin = |sql: &str| world.server.psql("latin", sql).unwrap();
        assert_eq!(
            latin("SET client_encoding = 'UTF8'; SELECT string_agg(word, ',' ORDER BY id) FROM t"),
            "plain,très"
        );
        assert_eq!(
            latin("SELECT string_agg(row, ' ' ORDER BY row) FROM t__rejected"),
            r#"{"id": 3, "word": "\u4e16\u754c"} {"id": 4, "word": "\ud83e\udd80"}"#
        );
        assert_eq!(latin("SELECT bool_and(reason LIKE '%(22P05)') FROM t__rejected"), "t");
        latin("DROP TABLE t, t__rejected");
    }
}

/// Every type of value can be read in the row that was set aside, as PostgreSQL reads it.
#[test]
fn a_row_stands_there_as_json() {
    let world = World::new(
        "CREATE TYPE mood AS ENUM ('calm', 'so\"so'); CREATE TYPE pair AS (a int, b text); CREATE TABLE t (id int, yes bool, big bigint, f float8, n numeric(10, 2), \
         word text, raw bytea, at timestamptz, day date, during interval, doc jsonb, many text[], feeling mood, both_ pair, nothing text, ranged int4range); \
         INSERT INTO t VALUES (1, true, -9223372036854775808, 'NaN', 1.50, E'a\"b\\\\c\\n\u{1f980}', '\\xdeadbeef', '2020-01-02 03:04:05.6+00', 'infinity', \
         '1 day 02:00', '{\"k\": [1, null]}', ARRAY['x', NULL, 'y,z'], 'so\"so', ROW(7, 'seven'), NULL, '[1,5)')",
    );
    world.destination("CREATE TYPE mood AS ENUM ('calm', 'so\"so'); CREATE TYPE pair AS (a int, b text); CREATE TABLE t (id int CHECK (id > 1), yes bool, big bigint, f float8, n numeric(10, 2), \
         word text, raw bytea, at timestamptz, day date, during interval, doc jsonb, many text[], feeling mood, both_ pair, nothing text, ranged int4range)");
    world.apply(&stream("t", "append", "auto", &quarantine(1)));
    let row: serde_json::Value = serde_json::from_str(&world.destination("SELECT row FROM t__rejected")).unwrap();
    assert_eq!(
        row,
        serde_json::json!({"id": 1, "yes": true, "big": i64::MIN, "f": "NaN", "n": 1.50, "word": "a\"b\\c\n🦀", "raw": "\\xdeadbeef",
            "at": "2020-01-02 03:04:05.600000+00", "day": "infinity", "during": "0 mons 1 days 7200000000 microseconds", "doc": {"k": [1, null]},
            "many": "{x,NULL,\"y,z\"}", "feeling": "so\"so", "both_": "(7,seven)", "nothing": null, "ranged": "[1,5)"})
    );
}

/// Deferred constraints are looked at by the commit alone, which ends the run: the plan says so.
#[test]
fn what_waits_for_the_commit_still_ends_the_run() {
    let world = World::new("CREATE TABLE t AS SELECT i % 99 AS id FROM generate_series(1, 100) AS i");
    world.destination("CREATE TABLE t (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)");
    world.sync(&stream("t", "append", "auto", &quarantine(5)));
    let before = world.destination_picture();
    let plan = world.run(&["plan", "sync.toml"]);
    assert!(plan.stdout.contains("deferred constraints"), "{plan:#?}");
    let said = world.run(&["apply", "sync.toml", "--yes"]);
    assert_eq!(said.code, Some(6), "{said:#?}");
    assert_eq!(world.destination_picture(), before);
}

#[test]
fn a_table_for_refused_rows_that_is_another_is_refused_by_the_plan() {
    let world = World::new("CREATE TABLE t (id int PRIMARY KEY, parent int)");
    world.destination("CREATE TABLE t (id int PRIMARY KEY, parent int REFERENCES t); CREATE TABLE u (id int PRIMARY KEY, parent int); CREATE TABLE u__rejected (run text)");
    let plan = |rest: &str| {
        world.sync(rest);
        world.run(&["plan", "sync.toml"])
    };
    let said = plan(&stream("t", "append", "auto", &quarantine(1)));
    assert_eq!(said.code, Some(2), "{said:#?}");
    assert!(said.stdout.contains("point at each"), "{said:#?}");
    let into = stream("t", "append", "auto", &quarantine(1)).replace("strategy", "into = \"u\"\nstrategy");
    let said = plan(&into);
    assert_eq!(said.code, Some(2), "{said:#?}");
    assert!(said.stdout.contains("it has no column"), "{said:#?}");
    // Columns that others add and that may be left out are no obstacle.
    world.destination("DROP TABLE u__rejected");
    world.apply(&into);
    world.destination("ALTER TABLE u__rejected ADD settled_by text, ADD settled bool NOT NULL DEFAULT false");
    world.apply(&into);
    // It is drift where it changes between plan and apply.
    let plan = world.path("plan.json");
    assert_eq!(world.run(&["plan", "sync.toml", "--out", plan.to_str().unwrap()]).code, Some(0));
    world.destination("ALTER TABLE u__rejected DROP COLUMN reason");
    let said = world.run(&["apply", plan.to_str().unwrap()]);
    said.ends(3, "quarantine");
}
