//! Memory of the whole process, by its own receipt, which takes it from the kernel.

use crate::world::{Said, World, said};
use std::process::Command;

/// Kilobytes of memory of its own that a run may write to, its code and what is reserved aside: the kernel refuses more.
const HARD_LIMIT_KIB: u32 = 128 * 1024;

/// What lies between the ends at a time depends on which of them is the faster just then; 4,000,000 rows are ten times as much.
const BETWEEN_BYTES: u64 = 24 << 20;

/// The same command under `ulimit -d`.
fn run_within(world: &World, kib: u32, arguments: &[&str]) -> Said {
    let command = world.command(arguments);
    let mut within = Command::new("sh");
    within.args(["-c", "ulimit -d \"$0\" && exec \"$@\"", &kib.to_string()]).arg(command.get_program());
    within.args(command.get_args()).current_dir(world.path("."));
    within.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    said(&within.output().unwrap())
}

fn peak_bytes(world: &World, rows: u32) -> u64 {
    world.source(&format!(
        "DROP TABLE IF EXISTS narrow; CREATE TABLE narrow AS SELECT i AS id, i % 7 AS kind, now() AS at, md5(i::text) AS word \
         FROM generate_series(1, {rows}) AS i; ANALYZE narrow"
    ));
    world.destination("DROP TABLE IF EXISTS narrow");
    world.sync("[limits]\nparallel = 2\n\n[[stream]]\ntable = \"public.narrow\"\nwrite = \"replace\"\n");
    run_within(world, HARD_LIMIT_KIB, &["apply", "sync.toml", "--yes", "--report", "receipt.json"])
        .ends(0, "2 at a time");
    world.assert_same("narrow", "narrow");
    let receipt = std::fs::read(world.path("receipt.json")).unwrap();
    serde_json::from_slice::<serde_json::Value>(&receipt).unwrap()["peak_memory_bytes"].as_u64().unwrap()
}

#[test]
fn more_rows_take_no_more_memory() {
    let world = World::new("");
    // Compiling the connectors takes more, once.
    world.run(&["connectors"]).ends(0, "");
    let (few, many) = (peak_bytes(&world, 1_000_000), peak_bytes(&world, 5_000_000));
    assert!(many < few + BETWEEN_BYTES, "{few} bytes for 1,000,000 rows, {many} for 5,000,000");
    // The limit is one: with a sixteenth of it nothing goes.
    let said = run_within(&world, HARD_LIMIT_KIB / 16, &["apply", "sync.toml", "--yes"]);
    assert_ne!(said.code, Some(0), "{said:#?}");
}

#[test]
fn a_large_table_fits_in_little_memory() {
    let world = World::new(
        "CREATE TABLE wide AS SELECT i AS id, repeat(md5(i::text), 32) AS filler FROM generate_series(1, 200000) AS i",
    );
    let receipt = world.apply("[[stream]]\ntable = \"public.wide\"\nwrite = \"replace\"\n");
    world.assert_same("wide", "wide");
    let peak_bytes = receipt["peak_memory_bytes"].as_u64().unwrap();
    // 200 MB of rows pass through; what is held is two guests, their code, and the batches in flight.
    assert!(receipt["streams"][0]["bytes_read"].as_u64().unwrap() > 200_000_000, "{receipt}");
    assert!((1..200_000_000).contains(&peak_bytes), "{peak_bytes} bytes");
}

#[test]
fn a_row_above_the_limit_is_an_error_that_names_it() {
    let world = World::new("CREATE TABLE large AS SELECT 1 AS id, repeat('x', 3000000) AS filler");
    world.sync("[limits]\nrow_bytes = \"1MiB\"\n\n[[stream]]\ntable = \"public.large\"\nwrite = \"replace\"\n");
    let said = world.run(&["apply", "sync.toml", "--yes"]);
    said.ends(6, "row_bytes");
    assert_eq!(world.destination("SELECT to_regclass('large') IS NULL"), "t");
}

/// Two sessions at each end have less memory each: where rows are too large for that one goes on alone.
#[test]
fn rows_that_fill_the_memory_of_several_sessions_pass_through_one() {
    let world = World::new(
        // A few to a block, or there would be one part.
        "CREATE TABLE large AS SELECT i AS id, repeat('x', 1800) AS pad, (SELECT string_agg(md5((i * 100000 + j)::text), '') \
         FROM generate_series(1, 125000) AS j) AS filler FROM generate_series(1, 24) AS i; ANALYZE large",
    );
    world.sync(
        "[limits]\nparallel = 4\npart_bytes = \"8MiB\"\n\n[[stream]]\ntable = \"public.large\"\nwrite = \"replace\"\n",
    );
    let said = world.run(&["apply", "sync.toml", "--yes"]);
    said.ends(0, "one goes on alone");
    world.assert_same("large", "large");
}
