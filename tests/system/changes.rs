//! The source moves between two runs: what the target becomes, by policy, and what is refused before anything is touched.

use crate::world::World;

const ITEMS: &str = "CREATE TABLE items (id int PRIMARY KEY, label varchar(8) NOT NULL, size real); \
     INSERT INTO items SELECT i, 'item ' || i, i FROM generate_series(1, 300) AS i";

fn stream(write: &str, policies: &str) -> String {
    format!("[[stream]]\ntable = \"public.items\"\nwrite = \"{write}\"\n[schema_changes]\n{policies}\n")
}

/// The target's columns, as they are declared.
fn columns(world: &World) -> String {
    world.destination(
        "SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod) || CASE WHEN attnotnull THEN ' not null' ELSE '' END, ', ' \
         ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'items'::regclass AND attnum > 0 AND NOT attisdropped",
    )
}

/// A world in which a first run was made, and then the source moved.
fn moved(change: &str) -> World {
    let world = World::new(ITEMS);
    world.apply(&stream("upsert", ""));
    world.source(change);
    world
}

/// What `plan` says, and that apply says no as well and leaves everything as it was.
fn refused(world: &World, write: &str, policies: &str, words: &str) {
    let before = (world.destination_picture(), columns(world));
    world.sync(&stream(write, policies));
    for verb in ["plan", "apply"] {
        let said = world.run(&[verb, "sync.toml"]);
        assert_eq!(said.code, Some(2), "{said:#?}");
        assert!(said.stderr.contains(words), "{words}: {said:#?}");
    }
    assert_eq!((world.destination_picture(), columns(world)), before);
}

const BEFORE: &str = "id integer not null, label character varying(8) not null, size real";

#[test]
fn a_new_column_is_added_ignored_or_refused() {
    let change = "ALTER TABLE items ADD note text; UPDATE items SET note = 'note ' || id WHERE id % 3 = 0; \
                  INSERT INTO items VALUES (301, 'new', 1, 'n')";
    for write in ["upsert", "replace"] {
        let world = moved(change);
        refused(&world, write, "new_column = \"fail\"", "new at the source");
        world.apply(&stream(write, "new_column = \"ignore\""));
        assert_eq!(columns(&world), BEFORE);
        world.assert_same("(SELECT id, label, size FROM items)", "items");
        world.apply(&stream(write, ""));
        assert_eq!(columns(&world), format!("{BEFORE}, note text"));
        world.assert_same("items", "items");
        world.apply(&stream(write, ""));
        world.assert_same("items", "items");
    }
}

#[test]
fn an_append_gets_its_new_column_too() {
    let world = moved("ALTER TABLE items ADD note text DEFAULT 'x'; UPDATE items SET id = id + 1000");
    world.apply(&stream("append", ""));
    assert_eq!(columns(&world), format!("{BEFORE}, note text"));
    world.assert_same("items", "(SELECT * FROM items WHERE id > 1000)");
    assert_eq!(world.destination("SELECT count(*) FROM items WHERE note IS NULL"), "300");
}

#[test]
fn a_removed_column_is_kept_or_refused() {
    let world = moved("ALTER TABLE items DROP label; INSERT INTO items VALUES (301, 1)");
    refused(&world, "upsert", "removed_column = \"fail\"", "the stream has it no more");
    refused(&world, "upsert", "nullability = \"fail\"", "demands a value");
    world.apply(&stream("upsert", ""));
    assert_eq!(columns(&world), "id integer not null, label character varying(8), size real");
    world.assert_same("items", "(SELECT id, size FROM items)");
    assert_eq!(world.destination("SELECT count(*), count(label) FROM items"), "301|300", "what was there stays");
}

#[test]
fn a_renamed_column_is_seen_as_one_that_went_and_one_that_came() {
    let world = moved("ALTER TABLE items RENAME size TO weight");
    world.sync(&stream("upsert", ""));
    let said = world.run(&["plan", "sync.toml"]);
    assert!(said.stdout.contains("size went and weight came"), "{said:#?}");
    world.apply(&stream("upsert", ""));
    world.assert_same("items", "(SELECT id, label, weight FROM items)");
    assert_eq!(world.destination("SELECT count(size) FROM items"), "300");
}

#[test]
fn types_are_widened_by_wish_alone() {
    let change = "ALTER TABLE items ALTER id TYPE bigint, ALTER label TYPE text, ALTER size TYPE double precision; \
                  INSERT INTO items VALUES (5000000000, repeat('long', 9), 0.1::float8)";
    for write in ["upsert", "replace"] {
        let world = moved(change);
        refused(&world, write, "", "schema_changes.type_change = \"widen\"");
        world.destination("CREATE VIEW labels AS SELECT label FROM items");
        refused(&world, write, "type_change = \"widen\"", "public.labels may hang on it");
        world.destination("DROP VIEW labels");
        world.apply(&stream(write, "type_change = \"widen\""));
        assert_eq!(columns(&world), "id bigint not null, label text not null, size double precision");
        world.assert_same("items", "items");
    }
}

#[test]
fn a_narrowed_column_stays_wide() {
    let world = moved("ALTER TABLE items ALTER label TYPE varchar(7) USING left(label, 7), ALTER id TYPE smallint");
    world.apply(&stream("upsert", ""));
    assert_eq!(columns(&world), BEFORE);
    world.assert_same("(SELECT id::int, label, size FROM items)", "items");
}

#[test]
fn null_is_let_in_or_refused() {
    let change = "ALTER TABLE items ALTER label DROP NOT NULL; UPDATE items SET label = NULL WHERE id = 7";
    for write in ["upsert", "replace"] {
        let world = moved(change);
        refused(&world, write, "nullability = \"fail\"", "it may be NULL at the source");
        world.apply(&stream(write, ""));
        assert_eq!(columns(&world), "id integer not null, label character varying(8), size real");
        world.assert_same("items", "items");
    }
}

#[test]
fn a_changed_key_is_told_and_settles_nothing() {
    let world = moved("ALTER TABLE items DROP CONSTRAINT items_pkey, ADD PRIMARY KEY (label)");
    refused(&world, "upsert", "", "has no unique key on (label)");
    world.sync(&stream("replace", ""));
    let said = world.run(&["plan", "sync.toml"]);
    assert!(said.stdout.contains("the source's primary key is (label), the target's stays (id)"), "{said:#?}");
    world.apply(&stream("replace", ""));
    world.assert_same("items", "items");
}

/// Somebody else's table is never altered, whatever the policies say.
#[test]
fn a_table_of_others_is_left_as_it_is() {
    let world = World::new(ITEMS);
    world.destination("CREATE TABLE items (id int PRIMARY KEY, label varchar(4) NOT NULL)");
    refused(&world, "upsert", "new_column = \"add\"", "has no such column");
    world.destination("ALTER TABLE items ADD size real");
    refused(&world, "upsert", "type_change = \"widen\"", "alter the target's type: character varying(8) holds both");
}

/// What people say of a table travels with it, follows when they say something else, and nobody else's is touched.
#[test]
fn comments_travel_and_follow() {
    let said = "SELECT coalesce(obj_description('items'::regclass), '-') || ' ' || coalesce(col_description('items'::regclass, 1), '-') \
                || ' ' || coalesce(col_description('items'::regclass, 2), '-')";
    for write in ["upsert", "replace"] {
        let world = World::new(&format!(
            "{ITEMS}; COMMENT ON TABLE items IS 'it''s'; COMMENT ON COLUMN items.id IS E'the\\nkey'"
        ));
        world.apply(&stream(write, ""));
        assert_eq!(world.destination(said), "it's the\nkey -");
        world.source("COMMENT ON TABLE items IS 'more'; COMMENT ON COLUMN items.label IS 'new'; COMMENT ON COLUMN items.id IS NULL");
        world.sync(&stream(write, ""));
        let plan = world.run(&["plan", "sync.toml"]);
        assert!(plan.stdout.contains("comment on label"), "{plan:#?}");
        world.apply(&stream(write, ""));
        assert_eq!(world.destination(said), "more the\nkey new");
        world.assert_same("items", "items");
    }
    let world = World::new(&format!("{ITEMS}; COMMENT ON TABLE items IS 'theirs'"));
    world.destination(&format!("{ITEMS}; COMMENT ON TABLE items IS 'mine'"));
    world.apply(&stream("upsert", ""));
    assert_eq!(world.destination("SELECT obj_description('items'::regclass)"), "mine");
}
