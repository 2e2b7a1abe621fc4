//! Every type, between two servers' databases with different OIDs, by COPY and by INSERT: text and binary forms alike.

use crate::world::World;

/// Types, tables with edge values, one table per group; shared with the tests of the codec.
const EVERY_TYPE: &str = include_str!("../../connectors/postgres/tests/every_type.sql");
