//! What has no places, as views and queries, in parts that are ranges of its key.

use crate::{
    lanes::{Stalled, WAITING, terminate_one},
    parts::{BIG, NEWS, WAITS, consistency, is_clean},
    world::World,
};

/// One that an index of `big` serves, and those that nothing serves, or not for all of their rows, or at two moments.
const VIEWS: &str = "CREATE VIEW more AS SELECT id, amount, word, amount * 2 AS twice FROM big WHERE amount > 0; \
     CREATE VIEW numbered AS SELECT row_number() OVER (ORDER BY word) AS id, amount, word FROM big; \
     CREATE VIEW named AS SELECT word AS id, amount, word || word AS words FROM big; \
     CREATE TABLE few AS SELECT * FROM big LIMIT 50; ANALYZE few; \
     CREATE VIEW mixed AS SELECT * FROM big UNION ALL SELECT (random() * 400000)::int, amount, word FROM few; \
     CREATE VIEW today AS SELECT * FROM big WHERE now() > '2020-01-01'; \
     CREATE TABLE far AS SELECT * FROM big UNION ALL VALUES (-2147483648, 7, 'low'), (2147483647, 7, 'high'); \
     ALTER TABLE far ADD PRIMARY KEY (id); VACUUM ANALYZE far; CREATE VIEW apart AS SELECT * FROM far; \
     CREATE MATERIALIZED VIEW kept AS SELECT * FROM big; CREATE UNIQUE INDEX ON kept (id); ANALYZE kept";

fn world() -> World {
    World::new(&format!("{BIG}; VACUUM ANALYZE big; {VIEWS}"))
}

fn limits(parallel: u32) -> String {
    format!("[limits]\npart_bytes = \"1MiB\"\nparallel = {parallel}\n\n")
}

fn view(name: &str) -> String {
    format!("[[stream]]\ntable = \"public.{name}\"\nkey = [\"id\"]\nwrite = \"replace\"\n")
}

/// What the plan says of the parts of a stream.
fn planned(world: &World, stream: &str) -> String {
    world.sync(stream);
    let said = world.run(&["plan", "sync.toml"]);
    assert_eq!(said.code, Some(0), "{said:#?}");
    said.stdout
}

#[test]
fn a_view_or_a_query_is_read_by_ranges_of_its_key() {
    let world = world();
    let query = "[[stream]]\nquery = \"SELECT * FROM public.more -- all\"\nname = \"asked\"\nkey = [\"id\"]\ninto = \"public.asked\"\n";
    for (parallel, stream, target) in
        [(1, view("more"), "more"), (3, view("more"), "more"), (3, view("kept"), "kept"), (3, query.into(), "asked")]
    {
        let stream = format!("{}{stream}verify = \"checksum\"\n", limits(parallel));
        let plan = planned(&world, &stream);
        assert!(plan.contains("by ranges of id") && plan.contains("each of the range that follows"), "{plan}");
        assert_eq!(plan.contains("3 at a time"), parallel == 3, "{plan}");
        let receipt = world.apply(&stream);
        assert_eq!(receipt["streams"][0]["verified"]["equal"], true, "{receipt}");
        world.assert_same(if target == "asked" { "more" } else { target }, target);
        is_clean(&world);
    }
}

#[test]
fn what_no_index_serves_is_read_as_a_whole() {
    let world = world();
    for (name, stream) in [
        ("numbered", view("numbered")),
        ("named", view("named")),
        ("mixed", view("mixed")),
        ("today", view("today")),
        // The key's least and greatest values lie far from all others, which would be in one part.
        ("apart", view("apart")),
        ("more", view("more").replace("write", "where = \"amount > 1\"\nwrite")),
        ("more", view("more").replace("id", "twice")),
        ("more", view("more").replace("key = [\"id\"]\n", "")),
    ] {
        let plan = planned(&world, &format!("{}{stream}", limits(1)));
        assert!(!plan.contains("by ranges of"), "{plan}");
        if name == "numbered" {
            world.apply(&stream);
            world.assert_same(name, name);
        }
    }
}

/// Whoever goes on after a break reads between the bounds that were there before.
#[test]
fn ranges_are_of_one_snapshot_and_are_gone_on_from() {
    let world = world();
    let wanted = world.source("SELECT count(*), sum(amount), sum(id::bigint) FROM more");
    world.sync(&format!("{}{}", limits(3), view("more")));
    let stalled = Stalled::begin(&world);
    world.source(&format!("{NEWS}; INSERT INTO big SELECT i, 1, 'new' FROM generate_series(500000, 900000) AS i"));
    terminate_one(&world, WAITS);
    stalled.end().ends(0, "57P01");
    assert_eq!(world.destination("SELECT count(*), sum(amount), sum(id::bigint) FROM more"), wanted);
    assert_eq!(consistency(&world), "resumed");
    is_clean(&world);
    assert_eq!(world.destination(&format!("{WAITING} {WAITS}")), "0");
}
