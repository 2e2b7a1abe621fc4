//! What inspection of both ends said: neutral facts, mirrored from the connector contract (connectors/wit), on which a
//! plan rests. Nothing here decides anything.

mod incremental;
mod places;

pub use incremental::{SeenCheckpoint, SourceCursor, Step};
pub use places::{Extent, RangeKey};

use crate::{
    decision::{is_one, one},
    name::ObjectName,
};
use serde::{Deserialize, Serialize};

/// A column as the source describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceColumn {
    /// As the source stores it.
    pub name: String,
    /// The type in the source's own words: "numeric(10,2)".
    pub native: String,
    /// The Arrow type that carries it: "Int64", "Utf8", "Binary".
    pub arrow: String,
    /// How values travel.
    pub carriage: Carriage,
    /// May hold NULL.
    pub nullable: bool,
    /// Why the source cannot read this column at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// What its people say of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// How the values of a column travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Carriage {
    /// As the Arrow type says.
    Arrow,
    /// As bytes of the source's binary form, inside Arrow Binary.
    Wire,
}

/// Kinds of relations, at either end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum RelationKind {
    Table,
    PartitionedTable,
    ForeignTable,
    View,
    MaterializedView,
    Other,
}

/// Estimates of the server, never counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statistics {
    /// Rows; none where the server has no estimate.
    pub rows: Option<u64>,
    /// Bytes of an average row; none where the server has no estimate.
    pub bytes_per_row: Option<u32>,
}

/// How a source is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fetch {
    /// One COPY … TO STDOUT.
    Copy,
    /// A server-side cursor, fetched batch by batch.
    Cursor,
}

/// One stream as the source sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceStream {
    /// What it is.
    pub kind: RelationKind,
    /// The columns that the stream takes, in order.
    pub columns: Vec<SourceColumn>,
    /// sha256 (hex) of the Arrow schema message: the columns and all their metadata.
    pub schema_sha256: String,
    /// The primary key; empty: none.
    pub key: Vec<String>,
    /// Other unique keys without NULLs.
    pub unique_keys: Vec<Vec<String>>,
    /// What its people say of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// What hangs on it: nothing rests on these but that the table is the one that was reviewed.
    #[serde(default)]
    pub dependents: Vec<Dependent>,
    /// The cursor that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<SourceCursor>,
    /// Estimates: of what is new, where there is a checkpoint.
    pub statistics: Statistics,
    /// Rows of the whole of it, where only what is new is estimated above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows_in_all: Option<u64>,
    /// Where its rows lie, if it can be read by ranges of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extent: Option<Extent>,
    /// The key by whose ranges it can be read, where the selection asks for one and the source finds them without reading all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ranges: Option<RangeKey>,
    /// The ways it can be fetched, best first.
    pub fetches: Vec<Fetch>,
    /// Why one is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fetch_note: Option<String>,
}

/// How an identity column takes values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Identity {
    None,
    Always,
    ByDefault,
}

/// A column that the target has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct TargetColumn {
    pub name: String,
    pub native: String,
    pub nullable: bool,
    pub has_default: bool,
    pub generated: bool,
    pub identity: Identity,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// A unique key that the target has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, clippy::struct_excessive_bools)]
pub struct TargetKey {
    pub name: String,
    pub columns: Vec<String>,
    pub primary: bool,
    pub partial: bool,
    pub expression: bool,
    /// It takes values for equal that a column of it keeps apart.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub otherwise: bool,
    pub deferrable: bool,
    pub nulls_not_distinct: bool,
}

/// Something that hangs on a relation: the kind in the connector's words ("view", "foreign key from"), its name, and where
/// the destination can give it to a new table, what it does that by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Dependent {
    pub kind: String,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<String>,
}

/// What the destination's user may do with the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Privilege {
    Select,
    Insert,
    Update,
    Delete,
    Truncate,
    Own,
    CreateInSchema,
    /// Makes staging tables of its own, which end with its session.
    Stage,
    /// Writes the records of runs, or makes them where they are absent.
    Record,
    /// Makes tables beside these, which become tables like any other in the target's schema.
    Load,
}

/// What becomes of a column's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FitLabel {
    /// Bit for bit, same type.
    Exact,
    /// Every value keeps its meaning in a wider type.
    Widened,
    /// Some value could change: it is not moved.
    Refused,
}

/// The destination's verdict on one source column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnFit {
    /// The source column.
    pub column: String,
    /// The type at the destination, there or to be created.
    pub target: String,
    /// The verdict.
    pub label: FitLabel,
    /// Why it is widened or refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// It can travel as a literal of an INSERT.
    pub literal: bool,
    /// Its values are arrays or rows: an array of them comes apart further than into its elements.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub nested: bool,
    /// Statements that make the type first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<crate::decision::Statement>,
    /// Where it is refused: the type that the target's column can be altered to, losing nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alter: Option<String>,
    /// How its values are compared with those of the target.
    #[serde(default, skip_serializing_if = "Comparison::is_plain")]
    pub compared: Comparison,
}

/// How the values of a column are compared, so that equal ones have one text at both ends.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// The type that the source casts them to first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cast: Option<String>,
    /// The type of a bound, where both servers keep the values in one order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bounds: Option<String>,
    /// Why there is no such text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub obstacle: Option<String>,
}

impl Comparison {
    /// By their text as it is.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }
}

/// The target of one stream as the destination sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools)]
pub struct TargetState {
    /// Its name: the stream's `into` with the destination's schema.
    pub name: ObjectName,
    /// None: absent.
    pub kind: Option<RelationKind>,
    /// The schema is there.
    pub schema_exists: bool,
    /// Its columns, in order.
    pub columns: Vec<TargetColumn>,
    /// One verdict for each source column, in the source's order.
    pub fits: Vec<ColumnFit>,
    /// Its unique keys.
    pub keys: Vec<TargetKey>,
    /// Row-level security holds for our user.
    pub row_level_security: bool,
    /// Rows can be inserted at all (a view needs an INSTEAD OF trigger).
    pub insertable: bool,
    /// A temporary table.
    pub temporary: bool,
    /// An unlogged table.
    pub unlogged: bool,
    /// What hangs on it.
    pub dependents: Vec<Dependent>,
    /// What we may do.
    pub privileges: Vec<Privilege>,
    /// Estimated rows; zero where the server knows that it is empty.
    pub rows: Option<u64>,
    /// The destination's receipts say that a run of ours filled it: replacing such rows destroys nothing of anybody's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub filled_by_us: bool,
    /// A run of ours made or emptied it, and others have changed rows since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub changed_by_others: bool,
    /// What its people say of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// One end of a sync.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// The connector's name: "postgres".
    pub connector: String,
    /// sha256 (hex) of the component.
    pub component_sha256: String,
    /// "PostgreSQL 15.18".
    pub product: String,
    /// Host, port, database; never a password.
    pub endpoint: String,
    /// Our user there.
    pub user: String,
    /// How the connection is protected: "verify-full", "disable".
    pub tls: String,
    /// It takes no writes.
    pub read_only: bool,
}

/// One stream, seen from both ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamObservation {
    /// The stream's name: "public.orders", or the name of a query.
    pub stream: String,
    /// As the source sees it.
    pub source: SourceStream,
    /// As the destination sees it.
    pub target: TargetState,
    /// Columns that are new at the source and not read, as `schema_changes.new_column` says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignored: Vec<String>,
    /// Up to where it is in the destination, of an incremental stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<SeenCheckpoint>,
    /// The table for refused rows, where the sync file wants one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarantine: Option<QuarantineState>,
}

/// The table for refused rows as the destination sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuarantineState {
    /// Its name.
    pub name: ObjectName,
    /// It, or something else of its name, is there.
    pub exists: bool,
    /// Our user may add rows to it.
    pub may_insert: bool,
    /// Why it cannot take refused rows, as it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unfit: Option<String>,
}

/// A run that a destination has recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PastRun {
    /// Its name.
    pub run: String,
    /// The digest of the plan that it carried out.
    pub plan: String,
    /// When it ended: "2026-11-22T10:00:00Z".
    pub finished_at: String,
}

/// All that a plan rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observation {
    /// The source's end.
    pub source: End,
    /// The destination's end.
    pub destination: End,
    /// Statements needed before a run can be recorded at the destination; empty when all is there.
    pub bookkeeping: Vec<crate::decision::Statement>,
    /// The newest committed run of this sync; none: there is no record of one. A plan that has another one behind it is
    /// spent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_run: Option<PastRun>,
    /// In the order of the sync file; wildcards in the order of names.
    pub streams: Vec<StreamObservation>,
    /// Tables that a wildcard means and that have no columns: they hold nothing to read, and are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columnless: Vec<String>,
    /// Of the machine that made the plan: so many sessions can be kept busy.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub cores: u32,
}
