//! plans/examples/demo.md is what the demo plans, as Markdown: what differs from one server to the next is replaced by words.

use crate::world::{Said, World};
use std::path::Path;

const SAMPLE: &str = include_str!("../../cli/src/demo/sample.sql");
const SYNC: &str = include_str!("../../cli/src/demo/sync.toml");
const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../plans/examples/demo.md");

/// Up to 30,000 rows of a table are all in ANALYZE's sample (300 × default_statistics_target), so that its estimates are the
/// same each time; the demo's own default is more.
const ROWS: &str = "SET demo.rows = 20000;\n";

/// The demo's databases, its sync file in the world's folder, and its plan.
fn plan(world: &World) -> String {
    let url = |name| {
        world.server.create_database(name).unwrap();
        world.server.url(name)
    };
    let sync = SYNC.replace("@source@", &url("demo_source")).replace("@destination@", &url("demo_destination"));
    world.server.psql("demo_source", &[ROWS, SAMPLE].concat()).unwrap();
    std::fs::write(world.path("sync.toml"), sync).unwrap();
    let Said { code, stdout, stderr } = world.run(&["plan", "sync.toml", "--format", "markdown", "--out", "plan.json"]);
    assert_eq!(code, Some(0), "{stderr}");
    stdout
}

/// The comment without the port, the version and the two digests.
fn anywhere(world: &World, comment: &str) -> String {
    let plan: serde_json::Value = serde_json::from_slice(&std::fs::read(world.path("plan.json")).unwrap()).unwrap();
    let product = plan["observation"]["source"]["product"].as_str().unwrap();
    let comment = comment
        .replace(&format!("127.0.0.1:{}", world.server.port()), "HOST:PORT")
        .replace(product, "PostgreSQL VERSION");
    let mut parts = comment.split("sha256:");
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |text, part| text + "sha256:DIGEST" + part.trim_start_matches(|c: char| c.is_ascii_hexdigit()))
}

/// Written anew by INSTA_UPDATE=always, as the snapshots are.
#[test]
fn the_demo_as_markdown() {
    let world = World::new("");
    let comment = anywhere(&world, &plan(&world));
    if std::env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always") {
        std::fs::create_dir_all(Path::new(EXAMPLE).parent().unwrap()).unwrap();
        std::fs::write(EXAMPLE, &comment).unwrap();
    }
    let example = std::fs::read_to_string(EXAMPLE).unwrap_or_default();
    let differ = comment.lines().zip(example.lines()).find(|(now, then)| now != then);
    assert_eq!(differ, None, "the first line that differs: what is planned now, what the example says");
    assert_eq!(comment, example);
}
