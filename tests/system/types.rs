//! Every type, between databases whose OIDs differ, by COPY and by INSERT: the same text, and floats bit for bit.

use crate::world::{SOURCE, World};

/// What no sync makes: extensions and a range type. At both ends.
const PREREQUISITES: &str = include_str!("../../connectors/postgres/tests/every_type_prerequisites.sql");

/// Types and tables with edge values, one table per group; shared with the tests of the codec.
const EVERY_TYPE: &str = include_str!("../../connectors/postgres/tests/every_type.sql");

fn world() -> World {
    let world = World::new(&format!("{PREREQUISITES}; {EVERY_TYPE}"));
    // Types that take up OIDs, so that none of ours has the source's.
    world.destination("CREATE TYPE taken_a AS ENUM (); CREATE TYPE taken_b AS (x int); DROP TYPE taken_a, taken_b");
    world.destination(PREREQUISITES);
    world
}

fn tables(world: &World) -> Vec<String> {
    let names =
        "SELECT relname FROM pg_class WHERE relnamespace = 'every_type'::regnamespace AND relkind = 'r' ORDER BY 1";
    world.source(names).lines().map(str::to_owned).collect()
}

fn streams(strategy: &str) -> String {
    format!("[[stream]]\ntables = [\"every_type.*\"]\nwrite = \"replace\"\nstrategy = \"{strategy}\"\n")
}

/// Rows as text, sorted: the first that differs is seen in the message.
fn rows(table: &str) -> String {
    format!("SELECT t::text FROM every_type.{table} t ORDER BY t::text COLLATE \"C\"")
}

fn assert_everything_arrived(world: &World) {
    let tables = tables(world);
    assert!(tables.len() >= 10, "{tables:?}");
    for table in tables {
        let (source, destination) = (world.source(&rows(&table)), world.destination(&rows(&table)));
        assert!(!source.is_empty(), "{table} is empty");
        assert_eq!(source, destination, "every_type.{table}");
    }
    let bits = "SELECT string_agg(concat_ws(',', id, float4send(f4), float8send(f8)), ' ' ORDER BY id) FROM every_type.numbers";
    assert_eq!(world.source(bits), world.destination(bits));
    // But for the table with domains: their columns have the base types, as the plan says.
    let types = "SELECT attrelid::regclass || '.' || attname || ' ' || format_type(atttypid, atttypmod) || ' ' || attnotnull \
                 FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid WHERE c.relkind = 'r' AND attnum > 0 \
                 AND c.relnamespace = 'every_type'::regnamespace AND c.relname <> 'enums' ORDER BY 1";
    assert_eq!(world.source(types), world.destination(types));
}

#[test]
fn by_copy() {
    let world = world();
    world.apply(&streams("copy"));
    assert_everything_arrived(&world);
    // Again, onto the tables that are there now.
    world.apply(&streams("copy"));
    assert_everything_arrived(&world);
}

#[test]
fn by_cursor() {
    let world = world();
    world.apply(&format!("[limits]\nfetch = \"cursor\"\nbatch_rows = 3\n\n{}", streams("copy")));
    assert_everything_arrived(&world);
}

#[test]
fn by_insert() {
    let world = world();
    world.apply(&streams("insert"));
    assert_everything_arrived(&world);
}

#[test]
fn nothing_is_missing_either_way() {
    let world = world();
    let url = world.server.url(SOURCE);
    let text = format!(
        "version = 1\nname = \"beside\"\n[source]\nuse = \"postgres\"\nurl = \"{url}\"\n\
         [destination]\nuse = \"postgres\"\nurl = \"{url}\"\nschema = \"copied\"\n{}",
        streams("copy")
    );
    std::fs::write(world.path("sync.toml"), text).unwrap();
    let said = world.run(&["apply", "sync.toml", "--yes"]);
    assert_eq!(said.code, Some(0), "{said:#?}");
    for table in tables(&world) {
        for (one, other) in [("every_type", "copied"), ("copied", "every_type")] {
            let missing = format!(
                "SELECT count(*) FROM (SELECT t::text FROM {one}.{table} t EXCEPT ALL SELECT t::text FROM {other}.{table} t) AS missing"
            );
            assert_eq!(world.source(&missing), "0", "{table}: rows of {one} that {other} lacks");
        }
    }
}
