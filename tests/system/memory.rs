//! Memory of the whole process, by its own receipt, which takes it from the kernel.

use crate::world::World;

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
