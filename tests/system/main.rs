//! The whole product against real servers: the binary, both components, PostgreSQL. Each test has a server of its own
//! and looks at the result with psql, never through Rapidbyte.

// A test that cannot go on fails, and says where.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod changes;
mod deletes;
mod dispositions;
mod example;
mod failures;
mod hostile;
mod incremental;
mod lanes;
mod login;
mod memory;
mod mistakes;
mod new_rows;
mod parts;
mod pgbench;
mod ranges;
mod refused;
mod replace;
mod saved;
mod state;
mod together;
mod types;
mod verify;
mod world;
