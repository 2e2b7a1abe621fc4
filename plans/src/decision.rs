//! What the planner decides for one stream, in neutral words, and what the connectors made of it: the exact statements.
//! Mirrored from the connector contract (connectors/wit). The planner fills decisions; nobody changes them afterwards.

use crate::{
    name::ObjectName,
    observation::{Dependent, Fetch, RangeKey},
};
use serde::{Deserialize, Serialize};
use std::num::NonZeroU64;

/// What happens to rows that are already there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Disposition {
    /// They stay; all rows of the stream are added.
    Append,
    /// They go; the target holds exactly the stream afterwards.
    Replace,
    /// Rows with the same key are updated, the others added.
    Upsert,
    /// The stream is keys alone: rows without one of these are deleted, or marked.
    Sweep,
}

/// How rows enter the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// COPY … FROM STDIN (FORMAT binary).
    Copy,
    /// INSERT with literals, many rows a statement.
    Insert,
    /// INSERT … ON CONFLICT, many rows a statement.
    Upsert,
}

/// How rows come to be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Publication {
    /// Written straight into the target, inside the run's transaction.
    Direct,
    /// Written into a new table that takes the target's place.
    Swap,
    /// Written into a staging table; the target is emptied and filled from it.
    Refill,
    /// Written into a staging table and merged from it by one statement.
    Merge,
    /// Written into a staging table; rows of the target whose key it lacks are deleted, the others updated or added.
    Reconcile,
    /// Written into a staging table; rows of the target whose key it lacks are deleted or marked, and none is added.
    Sweep,
}

/// How long a run waits for a lock of somebody else's: longer than any quick statement, shorter than people wait.
pub const LOCK_TIMEOUT_SECS: u32 = 30;

/// What is changed about a column of a target that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It is new, and takes NULL.
    Add,
    /// It gets a type that holds more.
    Widen,
    /// It takes NULL from now on.
    Relax,
    /// It is new, and tells since when a row is gone at the source.
    Mark,
}

/// A change of a target that is there, in the run's transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnChange {
    /// What is changed.
    pub kind: ChangeKind,
    /// The column.
    pub column: String,
    /// Its type afterwards.
    pub target: String,
}

/// What a statement does to the destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Makes an object: +
    Create,
    /// Changes an object: ~
    Change,
    /// Removes an object or rows that were there: -
    Remove,
    /// Writes rows.
    Write,
    /// Locks, settings.
    Control,
    /// Reads what was written: =
    Read,
}

/// When a statement runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Once per run, before the first stream.
    Bookkeeping,
    /// Before the first row of a stream that is loaded in parts, in a transaction of its own.
    Stage,
    /// When the run's transaction begins, before its last look at the world.
    Hold,
    /// Before the first row.
    Setup,
    /// How rows enter.
    Load,
    /// How rows that are refused are set aside.
    Reject,
    /// After the last row.
    Publish,
    /// What was written is read again, in its place among those that publish.
    Verify,
}

/// What is to be said of the target, or of a column of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comment {
    /// None: the target itself.
    pub column: Option<String>,
    /// As the source has it.
    pub text: String,
}

/// One statement, exactly as it will be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Statement {
    pub phase: Phase,
    pub effect: Effect,
    pub sql: String,
    pub purpose: String,
}

/// What of the source a stream takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Selection {
    /// A table, or a query's text.
    pub relation: Relation,
    /// In this order; none: all, in the table's order.
    pub columns: Option<Vec<String>>,
    /// Left out.
    pub exclude: Vec<String>,
    /// A condition in the source's language.
    pub filter: Option<String>,
    /// What orders rows by when they came, where that is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// A column by whose ranges rows may be read, where they have no places to be read by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ranges: Option<String>,
}

/// What a stream reads from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// A table or view.
    Table(ObjectName),
    /// One SELECT.
    Query(String),
}

/// How far before a checkpoint a window begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Overlap {
    Secs(u64),
    Number(u64),
}

/// What becomes of rows without a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nulls {
    /// There are none.
    Absent,
    /// The run ends.
    Refuse,
    /// They are read in every run.
    Always,
    /// They are never read.
    Never,
}

/// What of a stream is new since its checkpoint. The checkpoint's own position is not here: it is a value of a row, and the
/// destination has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// What orders rows by when they came.
    pub cursor: String,
    /// Its type in the source's words.
    pub native: String,
    /// What the checkpoint is for: source, condition and target. One for anything else is of no use.
    pub scope: String,
    /// There is a checkpoint to go on from.
    pub resumes: bool,
    /// Rows at the checkpoint come again.
    pub inclusive: bool,
    /// So much before the checkpoint comes again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap: Option<Overlap>,
    /// What was written by transactions that had not ended at the checkpoint comes whatever its cursor.
    pub late: bool,
    /// What becomes of rows without a cursor.
    pub nulls: Nulls,
}

/// How a stream is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadDecision {
    /// What is taken.
    pub selection: Selection,
    /// All columns by name, in order: what the source adds later is drift, not a surprise.
    pub columns: Vec<String>,
    /// Only what is new; none: everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// How.
    pub fetch: Fetch,
    /// In how many parts, at least 1.
    pub partitions: u32,
    /// The blocks of each part but the last, which has what is left; none: there is one part, or parts are ranges of a key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition_blocks: Option<u32>,
    /// Whose ranges the parts are. Their bounds are values of rows, and are asked for when the plan is applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition_key: Option<RangeKey>,
    /// So many sessions share the parts, at each end.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub readers: u32,
    /// Rows in a batch at most.
    pub batch_rows: u32,
    /// Bytes in a batch at most, but for one row.
    pub batch_bytes: u32,
    /// A larger row is an error.
    pub row_bytes: u32,
    /// All columns again, as a checksum over the stream shows them; none: no checksum is wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<Vec<CheckedColumn>>,
}

pub(crate) fn one() -> u32 {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref)] // as serde calls it
pub(crate) fn is_one(count: &u32) -> bool {
    *count == 1
}

/// A column as a checksum shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckedColumn {
    /// The column.
    pub name: String,
    /// The type that the source casts it to first, so that its values read as at the destination.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cast: Option<String>,
}

/// A column written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct WriteColumn {
    pub name: String,
    pub target: String,
    pub nullable: bool,
}

/// How a stream is written: all that the destination needs to make its statements.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools)]
pub struct WriteDecision {
    /// Makes names of staging tables; the same for each run of one sync and stream.
    pub staging_seed: String,
    /// Where rows go.
    pub target: ObjectName,
    /// The schema is created.
    pub create_schema: bool,
    /// The table is created.
    pub create_table: bool,
    /// Statements that make missing types first, each once.
    pub types: Vec<Statement>,
    /// Changes of the table that is there.
    pub changes: Vec<ColumnChange>,
    /// What the source says of the table and its columns, and the target does not yet.
    pub comments: Vec<Comment>,
    /// What happens to rows already there.
    pub disposition: Disposition,
    /// How rows enter.
    pub strategy: Strategy,
    /// How they come to be seen.
    pub publication: Publication,
    /// What a swapped-in table is given: all that hangs on the target.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub carried: Vec<Dependent>,
    /// Rows enter a table of ours part by part, each committed by itself; the table becomes the target in the run's transaction.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub parts: bool,
    /// In the order of the stream.
    pub columns: Vec<WriteColumn>,
    /// The primary key of a table that is created.
    pub primary_key: Vec<String>,
    /// What identifies a row for upsert and reconcile.
    pub conflict_key: Vec<String>,
    /// Merge and reconcile: rows that are there already, bit for bit, are left alone.
    pub only_changed: bool,
    /// Merge: of rows with one key only that with the highest value of this column is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_by: Option<String>,
    /// Sweep: rows are not deleted but have the time in this column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marks: Option<String>,
    /// A written column is an identity that the server generates always.
    pub override_identity: bool,
    /// DELETE where TRUNCATE is not possible.
    pub delete_instead_of_truncate: bool,
    /// INSERT takes its rows as one array of each column, not as literals.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub arrays: bool,
    /// Rows of one INSERT statement at most.
    pub insert_rows: u32,
    /// Bytes of one INSERT statement at most.
    pub insert_bytes: u32,
    /// Rows of one batch at most.
    pub batch_rows: u32,
    /// What was written is read again, as a checksum.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub checksum: bool,
    /// Rows that the destination refuses are set aside; none: the first one ends the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row_errors: Option<RowErrors>,
}

/// How rows that the destination refuses are set aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowErrors {
    /// So many in a run, over all of its streams; one more ends it.
    pub rows_max: NonZeroU64,
    /// Where they go; none: they are counted and left out.
    pub quarantine: Option<Quarantine>,
}

/// The table that takes refused rows, with the reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quarantine {
    /// Its name.
    pub table: ObjectName,
    /// It is created.
    pub create: bool,
    /// What the stream is called there.
    pub stream: String,
}

/// What the source made of a [`ReadDecision`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreparedRead {
    /// One per partition, sent verbatim.
    pub statements: Vec<String>,
    /// Tells where an incremental stream stands in the run's snapshot, sent verbatim before the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<String>,
    /// The checksum over the stream, in the same snapshot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<String>,
    /// Tells the bounds between parts that are ranges of a key, in the same snapshot, sent verbatim before the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bounds: Option<String>,
}

/// What the destination made of a [`WriteDecision`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreparedWrite {
    /// In the order of execution.
    pub statements: Vec<Statement>,
    /// "ON CONFLICT …".
    pub conflict_clause: Option<String>,
}
