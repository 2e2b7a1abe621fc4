//! By what a stream can be read in parts.

use serde::{Deserialize, Serialize};

/// Where the rows of a table lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extent {
    /// The blocks.
    pub blocks: u64,
    /// What it takes, with values that lie apart.
    pub bytes: u64,
}

/// A column by whose ranges rows are read, one range after the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RangeKey {
    /// The column.
    pub column: String,
    /// The type of its bounds in the source's words.
    pub native: String,
}
