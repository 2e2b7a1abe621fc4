//! What a comparison of both ends found. Owns its JSON, "rapidbyte.verification/1"; schemas/verification.schema.json says the
//! same. Keys of rows stand here, which are cell values: whoever asks for a verification asks for these.

use rapidbyte_plans::decision::Disposition;
use serde::Serialize;

/// The kind and version of the JSON.
pub(crate) const SCHEMA: &str = "rapidbyte.verification/1";

/// What a comparison found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// "rapidbyte.verification/1".
    pub schema: &'static str,
    /// The sync's name.
    pub sync: String,
    /// Every stream is.
    pub equal: bool,
    /// In the order of the sync.
    pub streams: Vec<StreamVerification>,
}

/// How a stream and its target stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The target holds the stream: exactly, or where it keeps other rows, among them.
    Equal,
    /// It does not.
    Different,
    /// Nobody can say: a column cannot be compared.
    Incomparable,
}

/// What was found of one stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StreamVerification {
    /// The stream.
    pub stream: String,
    /// Its target.
    pub into: String,
    /// How it is written: where rows stay that the source has no more, those are no difference.
    pub write: Disposition,
    /// How they stand to each other.
    pub outcome: Outcome,
    /// Why, where rows do not say it.
    pub because: Vec<String>,
    /// The columns that tell rows apart; empty: nothing does, and no row is named.
    pub key: Vec<String>,
    /// Rows of the stream.
    pub source_rows: Option<u64>,
    /// Rows of the target.
    pub destination_rows: Option<u64>,
    /// The rows that differ; none: none do, or nothing tells them apart.
    pub differences: Option<Differences>,
}

/// Rows that differ.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Differences {
    /// At the source alone.
    pub missing: Keys,
    /// At both ends, and not the same.
    pub changed: Keys,
    /// At the destination alone.
    pub surplus: Keys,
    /// Rows among which there are more, not looked into; none: all is above.
    pub unlocated: Option<Unlocated>,
}

/// Rows of one kind, and the keys of the first of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Keys {
    /// How many were found.
    pub rows: u64,
    /// The text of each column of the key.
    pub first: Vec<Vec<String>>,
}

/// Rows among which there are differences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Unlocated {
    /// At the source.
    pub source_rows: u64,
    /// At the destination.
    pub destination_rows: u64,
}

impl Verification {
    /// The JSON.
    pub fn json(&self) -> String {
        format!("{:#}", serde_json::json!(self))
    }
}
