//! `rapidbyte state`: what is recorded of a sync is shown, and a checkpoint is forgotten on demand.

use crate::{
    together::Held,
    world::{DESTINATION, World},
};
use serde_json::Value;

const ORDERS: &str = "CREATE TABLE orders (id int PRIMARY KEY, note text, at timestamptz NOT NULL); \
     INSERT INTO orders SELECT i, 'note ' || i, timestamptz '2026-01-01' + i * interval '1 min' FROM generate_series(1, 100) AS i; \
     CREATE TABLE people (id int PRIMARY KEY); INSERT INTO people VALUES (1)";
const SYNC: &str = "[defaults]\nwrite = \"upsert\"\n\n[[stream]]\ntable = \"public.orders\"\nsync = \"incremental\"\ncursor = \"at\"\n\n\
     [[stream]]\ntable = \"public.people\"\nsync = \"incremental\"\ncursor = \"xmin\"\n";

/// `state` with its JSON, which its schema describes.
fn state(world: &World, more: &[&str]) -> Value {
    let said = world.run(&[&["state", "sync.toml", "--format", "json"], more].concat());
    assert_eq!(said.code, Some(0), "{said:#?}");
    let found: Value = serde_json::from_str(&said.stdout).unwrap();
    let schema = serde_json::from_str(include_str!("../../engine/schemas/state.schema.json")).unwrap();
    let wrong: Vec<String> =
        jsonschema::validator_for(&schema).unwrap().iter_errors(&found).map(|error| error.to_string()).collect();
    assert!(wrong.is_empty(), "{wrong:?}: {found:#}");
    found
}

#[test]
fn checkpoints_and_runs_are_shown_and_nothing_is_changed() {
    let world = World::new(ORDERS);
    world.sync(SYNC);
    let before = world.destination_picture();
    assert!(world.run(&["state", "sync.toml"]).stdout.ends_with("\nno run of this sync is recorded there\n"));
    assert_eq!(state(&world, &[])["runs"], Value::Array(Vec::new()));
    assert_eq!(world.destination_picture(), before);

    let first = world.apply(SYNC);
    world.source("INSERT INTO orders VALUES (101, 'new', '2026-02-01')");
    let second = world.apply(SYNC);
    let before = world.destination_picture();
    let found = state(&world, &[]);
    assert_eq!(world.destination_picture(), before);
    let orders = &found["checkpoints"][0];
    for (field, value) in [
        ("stream", "public.orders"),
        ("into", "public.orders"),
        ("cursor", "at"),
        ("type", "timestamp with time zone"),
        ("value", "2026-02-01 00:00:00+00"),
    ] {
        assert_eq!(orders[field], value, "{orders:#}");
    }
    assert_eq!((&orders["run"], &orders["same_target"]), (&second["run"], &Value::Bool(true)));
    let people = &found["checkpoints"][1];
    // Behind the transaction stands the server that it is of.
    let (version, value) = (people["version"].as_str().unwrap(), people["value"].as_str().unwrap());
    assert_eq!((&people["cursor"], version.split_once('@').unwrap().0), (&Value::from("xmin"), value));
    let runs: Vec<&Value> = found["runs"].as_array().unwrap().iter().map(|run| &run["run"]).collect();
    assert_eq!(runs, [&second["run"], &first["run"]]);
    assert_eq!(found["runs"][0]["receipt"]["streams"][0]["rows_read"], 1);
    assert_eq!(found["runs"][0]["finished_at"], orders["recorded_at"]);
    assert_eq!(state(&world, &["--runs", "1"])["runs"].as_array().unwrap().len(), 1);

    let said = world.run(&["state", "sync.toml"]);
    for line in [
        "public.orders → public.orders\n  read up to  at = 2026-02-01 00:00:00+00 (timestamp with time zone), version ",
        &format!("  read up to  xmin = {value} (xid8), version {version}\n"),
        "  done: 2 streams, 1 row read, 1 written\n",
        "  done: 2 streams, 101 rows read, 101 written\n",
    ] {
        assert!(said.stdout.contains(line), "{line}: {said:#?}");
    }
}

#[test]
fn a_target_that_is_another_table_is_told() {
    let world = World::new(ORDERS);
    world.apply(SYNC);
    world.destination(
        "ALTER TABLE orders RENAME TO old; CREATE TABLE orders (LIKE old INCLUDING ALL); DROP TABLE people",
    );
    let found = state(&world, &[]);
    let told = |at: usize| (found["checkpoints"][at]["into"].clone(), found["checkpoints"][at]["same_target"].clone());
    assert_eq!(told(0), (Value::from("public.old"), Value::Bool(false)));
    assert_eq!(told(1), (Value::Null, Value::Bool(false)));
    world.destination("ALTER TABLE old RENAME TO older; DELETE FROM _rapidbyte.runs");
    assert_eq!(state(&world, &[])["checkpoints"][0]["same_target"], Value::Null);
}

#[test]
fn a_reset_forgets_one_checkpoint_after_a_yes() {
    let world = World::new(ORDERS);
    world.apply(SYNC);
    let reset = |more: &[&str]| world.run(&[&["state", "reset", "sync.toml"], more].concat());
    let before = world.destination_picture();
    reset(&["public.orders"]).ends(3, "nobody is there to ask");
    reset(&["orders", "--yes"]).ends(2, "name one of: public.orders, public.people");
    let held = Held::begin(&world, DESTINATION, "SELECT pg_advisory_xact_lock(hashtextextended('sync test', 0))");
    reset(&["public.orders", "--yes"]).ends(3, "another run of this sync is at work: process ");
    held.end();
    assert_eq!(world.destination_picture(), before);

    let said = reset(&["public.orders", "--yes"]);
    assert_eq!((said.code, said.stdout.as_str()), (Some(0), "public.orders: forgotten, the next run begins anew\n"));
    assert_eq!(world.destination("SELECT stream FROM _rapidbyte.checkpoints"), "public.people");
    let plan = world.run(&["plan", "sync.toml"]).stdout;
    assert!(plan.contains("at, from the beginning") && plan.contains("xmin, from the checkpoint"), "{plan}");
    let receipt = world.apply(SYNC);
    assert_eq!((&receipt["streams"][0]["rows_read"], &receipt["streams"][1]["rows_read"]), (&100.into(), &0.into()));
    world.assert_same("orders", "orders");
}

#[test]
fn without_records_or_the_right_to_them_a_reset_says_so() {
    let world = World::new(ORDERS);
    world.sync(SYNC);
    let said = world.run(&["state", "reset", "sync.toml", "public.orders", "--yes"]);
    said.ends(2, "no checkpoint of stream public.orders is recorded");
    world.apply(SYNC);
    world.destination("CREATE ROLE reader LOGIN; GRANT USAGE ON SCHEMA _rapidbyte TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA _rapidbyte TO reader; CREATE ROLE stranger LOGIN");
    for (role, command, code) in [
        ("stranger", &["state", "sync.toml"][..], 5),
        ("reader", &["state", "sync.toml"], 0),
        ("reader", &["state", "reset", "sync.toml", "public.orders", "--yes"], 5),
    ] {
        let destination = world.server.url(DESTINATION).replace("postgres@", &format!("{role}@"));
        world.sync_between(&world.server.url("source"), &destination, SYNC);
        let said = world.run(command);
        assert_eq!(said.code, Some(code), "{role}: {said:#?}");
        assert!(code == 0 || said.stderr.contains("42501"), "{said:#?}");
    }
    assert_eq!(world.destination("SELECT count(*) FROM _rapidbyte.checkpoints"), "2");
}
