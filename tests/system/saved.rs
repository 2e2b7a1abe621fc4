//! Saved plans: the same bytes twice, exactly that or nothing, once.

use crate::world::{Said, World};

const PEOPLE: &str = "CREATE TABLE people (id int PRIMARY KEY, name text NOT NULL, born date); \
     INSERT INTO people SELECT i, 'name ' || i, date '1950-01-01' + i FROM generate_series(1, 500) AS i; ANALYZE people";
const STREAM: &str = "[[stream]]\ntable = \"public.people\"\nwrite = \"upsert\"\n";

/// A world with a saved plan that holds: the destination has the table, the records, and half of the rows.
fn planned() -> World {
    let world = World::new(PEOPLE);
    world.apply(STREAM);
    world.destination("DELETE FROM people WHERE id > 250");
    save(&world, "plan.json");
    world
}

fn save(world: &World, name: &str) {
    let said = world.run(&["plan", "sync.toml", "--out", name]);
    assert_eq!(said.code, Some(0), "{said:#?}");
}

/// Refused with this code, and the message says it.
fn refused(world: &World, said: &Said, code: i32, words: &[&str], before: &str) {
    assert_eq!(said.code, Some(code), "{said:#?}");
    for word in words {
        assert!(said.stderr.contains(word), "{word}: {said:#?}");
    }
    assert_eq!(world.destination_picture(), before, "something was changed");
}

#[test]
fn the_same_bytes_twice_and_applied_once() {
    let world = planned();
    save(&world, "again.json");
    let bytes = |name: &str| std::fs::read(world.path(name)).unwrap();
    assert_eq!(bytes("plan.json"), bytes("again.json"));
    assert_eq!(world.run(&["show", "plan.json", "--check"]).code, Some(0));

    let said = world.run(&["apply", "plan.json"]);
    assert_eq!(said.code, Some(0), "{said:#?}");
    world.assert_same("people", "people");

    let before = world.destination_picture();
    for arguments in [&["apply", "plan.json"][..], &["apply", "again.json"], &["show", "plan.json", "--check"]] {
        refused(&world, &world.run(arguments), 3, &["the plan was applied by run"], &before);
    }
    assert_eq!(world.run(&["show", "plan.json"]).code, Some(0), "a spent plan can be read");
}

#[test]
fn another_run_in_between_supersedes_it() {
    let world = planned();
    world.apply(&format!("{STREAM}where = \"id < 10\"\n"));
    world.sync(STREAM);
    let before = world.destination_picture();
    refused(&world, &world.run(&["apply", "plan.json"]), 3, &["superseded", "of this sync was committed"], &before);
}

/// What is done to the table, at which end, and what the refusal names.
const MOVES: [(bool, &str, &str); 22] = [
    (true, "ADD COLUMN extra int", "columns, extra"),
    (true, "DROP COLUMN born", "columns, born"),
    (true, "ALTER born TYPE timestamp", "columns, born, native"),
    (true, "ALTER name DROP NOT NULL", "columns, name, nullable"),
    (true, "DROP CONSTRAINT people_pkey", "key"),
    (true, "ADD UNIQUE (name)", "unique_keys"),
    (true, "ENABLE ROW LEVEL SECURITY", "row-level security on"),
    (true, "CREATE INDEX moved ON people (born)", "index moved"),
    (true, "CREATE TRIGGER moved BEFORE UPDATE ON people FOR EACH ROW EXECUTE FUNCTION nothing()", "trigger moved"),
    (true, "CREATE VIEW moved AS SELECT id FROM people", "view public.moved"),
    (true, "DROP TABLE people CASCADE", "no such table"),
    (false, "ADD COLUMN extra int", "columns, extra"),
    (false, "DROP COLUMN born", "columns, born"),
    (false, "ALTER born TYPE timestamp", "columns, born, native"),
    (false, "ALTER name DROP NOT NULL", "columns, name, nullable"),
    (false, "DROP CONSTRAINT people_pkey", "keys"),
    (false, "ADD UNIQUE (name)", "people_name_key"),
    (false, "ENABLE ROW LEVEL SECURITY", "row_level_security"),
    (false, "CREATE INDEX moved ON people (born)", "index moved"),
    (false, "CREATE TRIGGER moved BEFORE UPDATE ON people FOR EACH ROW EXECUTE FUNCTION nothing()", "trigger moved"),
    (false, "CREATE VIEW moved AS SELECT id FROM people", "view public.moved"),
    (false, "DROP TABLE people CASCADE", "kind"),
];

#[test]
fn whatever_moves_at_either_end_is_named_and_nothing_is_changed() {
    let world = World::new(PEOPLE);
    let nothing = "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; \
                   CREATE ROLE loader LOGIN; GRANT ALL ON SCHEMA public TO loader";
    world.source(nothing);
    world.destination(
        "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; \
                       GRANT CREATE ON DATABASE destination TO loader; GRANT ALL ON SCHEMA public TO loader",
    );
    for (at_source, change, named) in MOVES {
        world.source(&format!("DROP TABLE IF EXISTS people CASCADE; {PEOPLE}"));
        world.destination("DROP TABLE IF EXISTS people CASCADE");
        world.apply(STREAM);
        // Row-level security holds for a role that neither owns the table nor is above it.
        world.destination("GRANT ALL ON people TO loader; GRANT USAGE ON SCHEMA _rapidbyte TO loader; GRANT ALL ON ALL TABLES IN SCHEMA _rapidbyte TO loader");
        let destination = world.server.url("destination").replace("postgres@", "loader@");
        world.sync_between(&world.server.url("source"), &destination, STREAM);
        save(&world, "plan.json");
        let sql = if change.starts_with("CREATE") || change.starts_with("DROP TABLE") {
            change.to_owned()
        } else {
            format!("ALTER TABLE people {change}")
        };
        if at_source {
            world.source(&sql)
        } else {
            world.destination(&sql)
        };
        let before = world.destination_picture();
        refused(&world, &world.run(&["apply", "plan.json"]), 3, &["not what the plan observed", named], &before);
        refused(&world, &world.run(&["show", "plan.json", "--check"]), 3, &[named], &before);
    }
}

#[test]
fn what_is_edited_expired_or_elsewhere_is_refused() {
    let world = planned();
    let before = world.destination_picture();
    let plan = std::fs::read_to_string(world.path("plan.json")).unwrap();
    let write = |name: &str, text: &str| std::fs::write(world.path(name), text).unwrap();

    write("edited.json", &plan.replace("ON CONFLICT (\\\"id\\\") DO UPDATE", "ON CONFLICT (\\\"id\\\") DO NOTHING --"));
    assert_ne!(std::fs::read_to_string(world.path("edited.json")).unwrap(), plan);
    refused(&world, &world.run(&["apply", "edited.json"]), 2, &["it was edited"], &before);
    write("expired.json", &plan.replace("\"expires_at\": null", "\"expires_at\": \"2001-01-01T00:00:00Z\""));
    refused(&world, &world.run(&["apply", "expired.json"]), 3, &["expired at 2001-01-01T00:00:00Z"], &before);
    write("short.json", &plan[..plan.len() / 2]);
    refused(&world, &world.run(&["apply", "short.json"]), 2, &["not a plan"], &before);

    let sync = std::fs::read_to_string(world.path("sync.toml")).unwrap();
    write("sync.toml", &format!("{sync}# more\n"));
    refused(&world, &world.run(&["apply", "plan.json"]), 3, &["sync file, sha256"], &before);
    std::fs::remove_file(world.path("sync.toml")).unwrap();
    refused(&world, &world.run(&["apply", "plan.json"]), 2, &["no such file", "--sync-file"], &before);
    write("moved.toml", &sync);
    let said = world.run(&["apply", "plan.json", "--sync-file", "moved.toml"]);
    assert_eq!(said.code, Some(0), "{said:#?}");
    world.assert_same("people", "people");
}

#[test]
fn a_variable_of_another_value_is_another_plan() {
    let world = World::new(PEOPLE);
    world.sync("[[stream]]\ntable = \"public.people\"\nwrite = \"replace\"\nwhere = \"id < ${LAST}\"\n");
    let run = |arguments: &[&str], last: &str| {
        crate::world::said(&world.command(arguments).env("LAST", last).output().unwrap())
    };
    assert_eq!(run(&["plan", "sync.toml", "--out", "plan.json", "--valid-for", "1h"], "100").code, Some(0));
    let before = world.destination_picture();
    refused(&world, &run(&["apply", "plan.json"], "101"), 2, &["a variable has another value"], &before);
    assert_eq!(run(&["apply", "plan.json"], "100").code, Some(0));
    world.assert_same("(SELECT * FROM people WHERE id < 100)", "people");
}

#[test]
fn a_destructive_one_needs_the_flag() {
    let world = World::new(PEOPLE);
    world.destination("CREATE TABLE people (id int PRIMARY KEY, name text NOT NULL, born date); INSERT INTO people VALUES (1, 'mine', NULL)");
    world.sync("[[stream]]\ntable = \"public.people\"\nwrite = \"replace\"\n");
    save(&world, "plan.json");
    let before = world.destination_picture();
    refused(&world, &world.run(&["apply", "plan.json", "--yes"]), 3, &["--allow-destructive"], &before);
    assert_eq!(world.run(&["apply", "plan.json", "--allow-destructive"]).code, Some(0));
    world.assert_same("people", "people");
}

#[test]
fn nothing_to_apply_can_be_read() {
    let world = World::new("CREATE TABLE t (id int PRIMARY KEY)");
    world.sync("[[stream]]\ntable = \"public.t\"\nwrite = \"replace\"\n");
    let plan = |code: i32, changes: bool| {
        let said = world.run(&["plan", "sync.toml", "--detailed-exitcode", "--format", "json"]);
        assert_eq!(said.code, Some(code), "{said:#?}");
        let json: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
        assert_eq!(json["changes"], changes);
    };
    plan(8, true);
    assert_eq!(world.run(&["apply", "sync.toml"]).code, Some(0));
    plan(0, false);
    world.source("INSERT INTO t VALUES (1)");
    plan(8, true);
}

/// What the sync file says of new columns is a part of what was seen.
#[test]
fn other_columns_to_ignore_are_drift() {
    let world = planned();
    let stream = format!("{STREAM}[schema_changes]\nnew_column = \"ignore\"\n");
    world.source("ALTER TABLE people ADD one int");
    world.sync(&stream);
    save(&world, "plan.json");
    assert_eq!(world.run(&["show", "plan.json", "--check"]).code, Some(0));
    world.source("ALTER TABLE people ADD two int");
    let before = world.destination_picture();
    refused(
        &world,
        &world.run(&["apply", "plan.json"]),
        3,
        &["public.people: ignored", "- one\n", "+ one, two"],
        &before,
    );
    save(&world, "plan.json");
    assert_eq!(world.run(&["apply", "plan.json"]).code, Some(0));
    world.assert_same("(SELECT id, name, born FROM people)", "people");
}

/// Whoever took the streams out of a plan has no defect to report.
#[test]
fn a_plan_without_its_streams_was_edited() {
    let world = planned();
    let mut plan: serde_json::Value = serde_json::from_slice(&std::fs::read(world.path("plan.json")).unwrap()).unwrap();
    plan["streams"] = serde_json::json!([]);
    std::fs::write(world.path("edited.json"), plan.to_string()).unwrap();
    let before = world.destination_picture();
    refused(&world, &world.run(&["apply", "edited.json"]), 2, &["it was edited"], &before);
}
