//! Wrong things: the exit code, and a message that says what, where and what to do. The destination stays as it was.

use crate::world::{DESTINATION, SOURCE, Said, World};

const STREAM: &str = "[[stream]]\ntable = \"public.t\"\nwrite = \"replace\"\n";

fn world() -> World {
    let world = World::new("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2)");
    world.destination("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (99)");
    world
}

/// Runs plan and apply, which must both fail with this code, say each of these words, and change nothing.
fn fails(world: &World, code: i32, words: &[&str]) {
    let before = world.destination_picture();
    for arguments in [&["plan", "sync.toml"][..], &["apply", "sync.toml", "--yes", "--allow-destructive"]] {
        let said = world.run(arguments);
        assert_eq!(said.code, Some(code), "{arguments:?}: {said:#?}");
        for word in words {
            assert!(said.stderr.contains(word), "{arguments:?} does not say {word:?}: {said:#?}");
        }
    }
    assert_eq!(world.destination_picture(), before);
}

fn with_text(world: &World, text: &str) {
    std::fs::write(world.path("sync.toml"), text).unwrap();
}

#[test]
fn of_the_sync_file() {
    let world = world();
    fails(&world, 2, &["sync.toml"]);
    with_text(&world, "version = 1\nname = [\n");
    fails(&world, 2, &["sync.toml:"]);
    world.sync(&STREAM.replace("write", "wriet"));
    fails(&world, 2, &["sync.toml:14:1", "wriet", "did you mean", "write"]);
    let unset = world.server.url(SOURCE).replace("127.0.0.1", "${NOWHERE_SET_HOST}");
    world.sync_between(&unset, &world.server.url(DESTINATION), STREAM);
    fails(&world, 2, &["sync.toml:6", "NOWHERE_SET_HOST"]);
    world.sync("[[stream]]\ntable = \"public.t\"\nwrite = \"replace\"\nsync = \"incremental\"\n");
    fails(&world, 2, &["incremental", "upsert"]);
}

#[test]
fn of_the_ends() {
    let world = world();
    let (source, destination) = (world.server.url(SOURCE), world.server.url(DESTINATION));
    let nobody = free_port();
    let closed = |url: &str| url.replace(&format!(":{}", world.server.port()), &format!(":{nobody}"));
    world.sync_between(&closed(&source), &destination, STREAM);
    fails(&world, 4, &["source", "127.0.0.1"]);
    world.sync_between(&source, &closed(&destination), STREAM);
    fails(&world, 5, &["destination", "127.0.0.1"]);
    world.sync_between("postgres://u@no-such-host.invalid/x", &destination, STREAM);
    fails(&world, 4, &["no-such-host.invalid"]);
    world.sync_between(&world.server.url("absent"), &destination, STREAM);
    fails(&world, 4, &["absent"]);
    world.sync_between(&source, "mysql://u@h/x", STREAM);
    fails(&world, 2, &["postgres://"]);
}

#[test]
fn of_streams() {
    let world = world();
    world.sync("[[stream]]\ntable = \"public.tt\"\nwrite = \"replace\"\n");
    fails(&world, 4, &["tt", "discover"]);
    world.sync("[[stream]]\ntable = \"public.t\"\nwrite = \"replace\"\ncolumns = [\"id\", \"nme\"]\n");
    fails(&world, 4, &["nme"]);
    world.sync("[[stream]]\ntable = \"public.t\"\nwrite = \"replace\"\nwhere = \"id = = 1\"\n");
    fails(&world, 4, &["syntax"]);
    world.source("CREATE TABLE odd (id int, acl aclitem, class regclass)");
    world.sync("[[stream]]\ntable = \"public.odd\"\nwrite = \"replace\"\n");
    fails(&world, 2, &["acl", "class", "exclude_columns"]);
    world.source("CREATE TABLE narrow (id bigint)");
    world.destination("CREATE TABLE narrow (id int)");
    world.sync("[[stream]]\ntable = \"public.narrow\"\nwrite = \"append\"\n");
    fails(&world, 2, &["id", "bigint", "integer"]);
}

#[test]
fn of_privileges() {
    let world = world();
    world.source("CREATE ROLE stranger LOGIN");
    let stranger = |database: &str| world.server.url(database).replace("postgres@", "stranger@");
    world.sync_between(&stranger(SOURCE), &world.server.url(DESTINATION), STREAM);
    fails(&world, 4, &["permission", "t"]);
    world.sync_between(&world.server.url(SOURCE), &stranger(DESTINATION), STREAM);
    fails(&world, 5, &["GRANT", "t", "_rapidbyte"]);
    // All that the table needs, but nowhere to record the run: the plan says so, not the commit.
    world.destination("GRANT INSERT, SELECT, TRUNCATE ON t TO stranger");
    world.sync_between(&world.server.url(SOURCE), &stranger(DESTINATION), STREAM);
    fails(&world, 5, &["_rapidbyte AUTHORIZATION"]);
}

#[test]
fn a_destructive_plan_needs_a_yes() {
    let world = world();
    world.sync(STREAM);
    let before = world.destination_picture();
    let said = world.run(&["apply", "sync.toml"]);
    said.ends(3, "--allow-destructive");
    assert_eq!(world.destination_picture(), before);
}

#[test]
fn plan_changes_nothing_and_says_what_there_is_to_do() {
    let world = world();
    world.sync(STREAM);
    let before = world.destination_picture();
    let Said { code, stdout, .. } = world.run(&["plan", "sync.toml"]);
    assert_eq!(code, Some(0));
    assert!(stdout.contains("public.t"), "{stdout}");
    assert!(stdout.lines().all(|line| line.chars().count() <= 80), "wider than 80 columns:\n{stdout}");
    assert_eq!(world.run(&["plan", "sync.toml", "--detailed-exitcode"]).code, Some(8));
    assert_eq!(world.destination_picture(), before);
}

#[test]
fn check_and_discover() {
    let world = world();
    world.sync(STREAM);
    let said = world.run(&["check", "sync.toml"]);
    assert_eq!(said.code, Some(0), "{said:#?}");
    let said = world.run(&["discover", "sync.toml", "--format", "json"]);
    assert_eq!(said.code, Some(0), "{said:#?}");
    let catalog: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(catalog["streams"][0]["name"]["name"], "t", "{catalog}");
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn a_type_that_may_not_be_made_is_refused_by_the_plan() {
    let world = World::new("CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TABLE t (id int PRIMARY KEY, m mood)");
    world.destination(
        "CREATE ROLE loader LOGIN; CREATE SCHEMA raw AUTHORIZATION loader; CREATE SCHEMA _rapidbyte AUTHORIZATION loader; \
         REVOKE CREATE ON SCHEMA public FROM PUBLIC",
    );
    let destination = world.server.url("destination").replace("postgres@", "loader@");
    world.sync_between(
        &world.server.url("source"),
        &destination,
        "[[stream]]\ntable = \"public.t\"\ninto = \"raw.t\"\nwrite = \"replace\"\n",
    );
    let said = world.run(&["plan", "sync.toml"]);
    said.ends(2, "may not make it");
    world.destination("GRANT CREATE ON SCHEMA public TO loader");
    assert_eq!(world.run(&["apply", "sync.toml"]).code, Some(0));
}

#[test]
fn one_table_by_two_names_is_one_target() {
    let world = World::new("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)");
    world.sync("[defaults]\nwrite = \"append\"\n[[stream]]\ntable = \"t\"\n[[stream]]\ntable = \"public.t\"\n");
    let said = world.run(&["plan", "sync.toml"]);
    said.ends(2, "stream t writes public.t, too");
    world.sync("[[stream]]\ntable = \"public.t\"\ninto = \"pg_own.t\"\nwrite = \"replace\"\n");
    let said = world.run(&["plan", "sync.toml"]);
    said.ends(2, "the server's own");
}

#[test]
fn children_are_told_of() {
    let world = World::new(
        "CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE t_old () INHERITS (t); INSERT INTO t_old VALUES (1); INSERT INTO t VALUES (2)",
    );
    world.sync("[[stream]]\ntable = \"public.t\"\nwrite = \"replace\"\n");
    let said = world.run(&["plan", "sync.toml"]);
    assert!(
        said.stdout.contains("public.t_old") && said.stdout.contains("does not promise that (id) is unique"),
        "{said:#?}"
    );
    assert_eq!(world.run(&["apply", "sync.toml"]).code, Some(0));
    assert_eq!(world.destination("SELECT sum(id) FROM t"), "3");
}

/// An index that takes for equal what the column keeps apart would make one row of two.
#[test]
fn a_key_in_another_sense_of_equality_settles_nothing() {
    let world = World::new("CREATE TABLE t (k text PRIMARY KEY, v int); INSERT INTO t VALUES ('a', 1), ('A', 2)");
    world.destination(
        "CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false); \
         CREATE TABLE t (k text NOT NULL, v int); CREATE UNIQUE INDEX loose ON t (k COLLATE ci)",
    );
    world.sync(
        "[[stream]]\ntable = \"public.t\"\nwrite = \"upsert\"\nstrategy = \"upsert\"\n[limits]\nbatch_rows = 1\n",
    );
    let said = world.run(&["apply", "sync.toml"]);
    said.ends(2, "loose");
    world.destination("CREATE UNIQUE INDEX strict ON t (k)");
    let said = world.run(&["apply", "sync.toml"]);
    assert_eq!(said.code, Some(2), "the loose one is in the way: {said:#?}");
    world.destination("DROP INDEX loose");
    assert_eq!(world.run(&["apply", "sync.toml"]).code, Some(0));
    world.assert_same("t", "t");
}
