//! append, replace and upsert onto targets of many kinds: what arrives, and what stays as it was.

use crate::world::World;

const PEOPLE: &str = "CREATE TABLE people (id int PRIMARY KEY, name text NOT NULL, born date); \
     INSERT INTO people SELECT i, 'name ' || i, date '1950-01-01' + i FROM generate_series(1, 5000) AS i";

fn replace(table: &str) -> String {
    format!("[[stream]]\ntable = \"public.{table}\"\nwrite = \"replace\"\n")
}

#[test]
fn an_absent_target_gets_columns_not_null_and_key() {
    let world = World::new(PEOPLE);
    world.apply(&replace("people"));
    world.assert_same("people", "people");
    let columns = world.destination(
        "SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod) || CASE WHEN attnotnull THEN ' not null' ELSE '' END, ', ' \
         ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'people'::regclass AND attnum > 0",
    );
    assert_eq!(columns, "id integer not null, name text not null, born date");
    assert_eq!(
        world.destination("SELECT conname FROM pg_constraint WHERE conrelid = 'people'::regclass"),
        "people_pkey"
    );
}

#[test]
fn replace_keeps_what_hangs_on_the_target() {
    let world = World::new(PEOPLE);
    world.destination(
        "CREATE TABLE people (id int PRIMARY KEY, name text NOT NULL, born date DEFAULT '2000-01-01', note text DEFAULT 'none'); \
         INSERT INTO people VALUES (-1, 'before', NULL, 'x'); \
         CREATE VIEW names AS SELECT name FROM people; CREATE INDEX by_name ON people (name); \
         CREATE ROLE reader; GRANT SELECT ON people TO reader",
    );
    world.apply(&replace("people"));
    world.assert_same("people", "(SELECT id, name, born FROM people)");
    let left = "SELECT (SELECT count(*) FROM names), (SELECT count(*) FROM people WHERE note = 'none'), \
                to_regclass('by_name') IS NOT NULL, has_table_privilege('reader', 'people', 'SELECT')";
    assert_eq!(world.destination(left), "5000|5000|t|t");
}

#[test]
fn a_swapped_table_is_the_same_to_look_at() {
    let world = World::new(PEOPLE);
    world.apply(&replace("people"));
    let before = world.destination("SELECT 'people'::regclass::oid");
    world.source("DELETE FROM people WHERE id > 100; UPDATE people SET name = 'new' WHERE id = 1");
    world.apply(&replace("people"));
    world.assert_same("people", "people");
    assert_ne!(world.destination("SELECT 'people'::regclass::oid"), before, "it was refilled, not swapped");
    assert_eq!(world.destination("SELECT count(*) FROM pg_class WHERE relname LIKE 'rapidbyte%'"), "0");
}

#[test]
fn upsert_updates_adds_and_keeps() {
    let world = World::new(PEOPLE);
    world.destination(
        "CREATE TABLE people (id int PRIMARY KEY, name text NOT NULL, born date); \
         INSERT INTO people SELECT i, 'old', NULL FROM generate_series(4001, 6000) AS i",
    );
    for strategy in ["auto", "copy", "insert", "upsert"] {
        let stream = format!("[[stream]]\ntable = \"public.people\"\nwrite = \"upsert\"\nstrategy = \"{strategy}\"\n");
        world.apply(&stream);
        world.assert_same("people", "(SELECT * FROM people WHERE id <= 5000)");
        assert_eq!(world.destination("SELECT count(*) FROM people WHERE name = 'old'"), "1000", "{strategy}");
        world.destination("UPDATE people SET name = 'old' WHERE id > 2500; DELETE FROM people WHERE id < 100");
    }
}

#[test]
fn a_partitioned_target_and_one_with_triggers() {
    let world = World::new(PEOPLE);
    world.destination(
        "CREATE TABLE people (id int PRIMARY KEY, name text NOT NULL, born date) PARTITION BY RANGE (id); \
         CREATE TABLE people_low PARTITION OF people FOR VALUES FROM (MINVALUE) TO (2500); \
         CREATE TABLE people_high PARTITION OF people FOR VALUES FROM (2500) TO (MAXVALUE); \
         CREATE TABLE log (n bigint); CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN INSERT INTO public.log SELECT count(*) FROM added; RETURN NULL; END $$; \
         CREATE TRIGGER notes AFTER INSERT ON people REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION note()",
    );
    world.apply(&replace("people"));
    world.assert_same("people", "people");
    assert_eq!(world.destination("SELECT sum(n) FROM log"), "5000");
}

#[test]
fn row_level_security_makes_it_insert() {
    let world = World::new(PEOPLE);
    world.destination(
        "CREATE ROLE writer LOGIN; GRANT CREATE ON DATABASE destination TO writer; \
         CREATE TABLE people (id int PRIMARY KEY, name text NOT NULL, born date); ALTER TABLE people ENABLE ROW LEVEL SECURITY; \
         CREATE POLICY all_of_it ON people USING (true) WITH CHECK (id <> 13); GRANT SELECT, INSERT ON people TO writer",
    );
    let destination = world.server.url("destination").replace("postgres@", "writer@");
    let stream = "[[stream]]\ntable = \"public.people\"\nwrite = \"append\"\n";
    world.sync_between(&world.server.url("source"), &destination, stream);
    let said = world.run(&["apply", "sync.toml", "--yes"]);
    assert_eq!(said.code, Some(5), "the policy refuses row 13: {said:#?}");
    assert_eq!(world.destination("SELECT count(*) FROM people"), "0");
    world.source("DELETE FROM people WHERE id = 13");
    let said = world.run(&["apply", "sync.toml", "--yes"]);
    assert_eq!(said.code, Some(0), "{said:#?}");
    world.assert_same("people", "people");
}

#[test]
fn identity_and_generated_columns() {
    let world = World::new(
        "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a int); INSERT INTO t (a) SELECT i FROM generate_series(1, 50) AS i",
    );
    world.destination("CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a int, twice int GENERATED ALWAYS AS (a * 2) STORED)");
    for strategy in ["copy", "insert"] {
        world.destination("DELETE FROM t");
        world.apply(&format!("[[stream]]\ntable = \"public.t\"\nwrite = \"append\"\nstrategy = \"{strategy}\"\n"));
        world.assert_same("t", "(SELECT id, a FROM t)");
        assert_eq!(world.destination("SELECT count(*) FROM t WHERE twice = a * 2"), "50");
    }
}

#[test]
fn queries_columns_filters_and_other_names() {
    let world = World::new(PEOPLE);
    let query = "select id, upper(name) as shout from public.people where id % 7 = 0 -- every seventh";
    world.apply(&format!("[[stream]]\nquery = \"{query}\"\nname = \"shouts\"\nwrite = \"replace\"\n"));
    world.assert_same("(SELECT id, upper(name) AS shout FROM people WHERE id % 7 = 0)", "shouts");
    world.apply(
        "[[stream]]\ntable = \"public.people\"\ninto = \"elders\"\ncolumns = [\"name\", \"id\"]\nwhere = \"born < '1951-01-01'\"\nwrite = \"replace\"\n",
    );
    world.assert_same("(SELECT name, id FROM people WHERE born < '1951-01-01')", "elders");
}

#[test]
fn wildcards_hostile_names_and_another_schema() {
    let world = World::new(
        "CREATE TABLE \"Weird \"\"name\"\"; drop\" (\"sel\"\"ect\" int PRIMARY KEY, \"from\" text); \
         INSERT INTO \"Weird \"\"name\"\"; drop\" VALUES (1, 'it''s'), (2, NULL); CREATE TABLE empty (id int); CREATE TABLE left_out (id int)",
    );
    let url = |database: &str| world.server.url(database);
    let text = format!(
        "version = 1\nname = \"wild\"\n[source]\nuse = \"postgres\"\nurl = \"{}\"\n[destination]\nuse = \"postgres\"\nurl = \"{}\"\nschema = \"raw\"\n\
         [[stream]]\ntables = [\"public.*\"]\nexclude = [\"public.left_*\"]\nwrite = \"replace\"\n",
        url("source"),
        url("destination")
    );
    std::fs::write(world.path("sync.toml"), text).unwrap();
    let said = world.run(&["apply", "sync.toml", "--yes"]);
    assert_eq!(said.code, Some(0), "{said:#?}");
    world.assert_same("\"Weird \"\"name\"\"; drop\"", "raw.\"Weird \"\"name\"\"; drop\"");
    assert_eq!(
        world.destination("SELECT to_regclass('raw.empty') IS NOT NULL, to_regclass('raw.left_out') IS NULL"),
        "t|t"
    );
}

#[test]
fn one_snapshot_for_all_streams() {
    // The second stream's table is filled by a trigger of time: rows that come after the snapshot are not in it.
    let world = World::new(
        "CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a SELECT generate_series(1, 200000); CREATE TABLE b (id int PRIMARY KEY)",
    );
    world.sync("[defaults]\nwrite = \"replace\"\n[[stream]]\ntable = \"public.a\"\n[[stream]]\ntable = \"public.b\"\n");
    let child = world
        .command(&["apply", "sync.toml", "--yes", "--events", "ndjson", "--no-progress"])
        .stderr(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn();
    let mut child = child.unwrap();
    let events = std::io::BufRead::lines(std::io::BufReader::new(child.stderr.take().unwrap()));
    let mut events = events.map_while(Result::ok);
    assert!(events.any(|line| line.contains("\"progress\"") || line.contains("stream_started")), "no stream began");
    world.source("INSERT INTO b SELECT generate_series(1, 10)");
    events.for_each(drop);
    assert!(child.wait().unwrap().success());
    assert_eq!(world.destination("SELECT count(*) FROM b"), "0");
}
