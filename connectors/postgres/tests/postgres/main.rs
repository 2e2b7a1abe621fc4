//! What this crate says of PostgreSQL, held against a real server.

mod checksums;
mod db;
mod faults;
mod hanging;
mod moving;
mod names;
mod parsing;
mod parts;
mod prepared;
mod ranges;
mod rewriting;
mod roundtrip;
mod swapping;
mod types;
mod values;
mod widening;
mod windows;

use proptest::test_runner::{Config, TestRunner};

/// A failure prints its smallest case; nothing is written beside the sources.
fn runner(cases: u32) -> TestRunner {
    // A case that needs a server is slow to shrink.
    let max_shrink_iters = 200;
    TestRunner::new(Config { cases, max_shrink_iters, failure_persistence: None, ..Config::default() })
}
