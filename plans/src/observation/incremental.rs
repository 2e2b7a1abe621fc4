//! What both ends say of an incremental stream.

use serde::{Deserialize, Serialize};

/// How one steps back from a value of a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Not at all.
    None,
    /// By a number.
    Number,
    /// By a time.
    Time,
}

/// What the source says of the cursor that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools)]
pub struct SourceCursor {
    /// Its type, as values are compared in it.
    pub native: String,
    /// How one steps back.
    pub step: Step,
    /// Rows may lack one.
    pub nullable: bool,
    /// The source finds rows by it without reading all.
    pub indexed: bool,
    /// The transactions that wrote rows can be seen, so that late commits are found.
    pub versions: bool,
    /// It is those transactions themselves: every change is seen, and there is no column.
    pub is_version: bool,
    /// Why it cannot be one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// How the source expects to find what is new since the checkpoint: scans, indexes, relations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<String>,
    /// The same where late commits are looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_late: Option<String>,
}

/// What the destination remembers of an incremental stream, but for the position itself, which is a value of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeenCheckpoint {
    /// The cursor that it is of.
    pub cursor: String,
    /// Its type then.
    pub native: String,
    /// What it is for, as [`crate::decision::Window`] has it.
    pub scope: String,
    /// The target is the table that the rows went to.
    pub same_target: bool,
    /// The run that wrote it.
    pub run: String,
}
