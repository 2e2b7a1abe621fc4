//! What was decided, mirrored from the connector contract in plain types, and the statements made of it. Nothing here
//! decides or builds anything.

/// What happens to rows that are already there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// They stay.
    Append,
    /// They go.
    Replace,
    /// Rows with the same key are updated.
    Upsert,
    /// The stream is keys alone: rows without one of these are deleted, or marked.
    Sweep,
}

/// How rows enter the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// COPY … FROM STDIN (FORMAT binary).
    Copy,
    /// INSERT with literals, many rows a statement.
    Insert,
    /// INSERT … ON CONFLICT, many rows a statement.
    Upsert,
}

/// How rows come to be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Publication {
    /// Written straight into the target.
    Direct,
    /// Written into a new table that takes the target's place.
    Swap,
    /// Written into a staging table; the target is emptied and filled from it.
    Refill,
    /// Written into a staging table and merged from it.
    Merge,
    /// Written into a staging table; the target is brought in line with it, row by row.
    Reconcile,
    /// Written into a staging table; rows of the target whose key it lacks are deleted or marked.
    Sweep,
}

/// What a statement does to the destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Makes an object.
    Create,
    /// Changes an object.
    Change,
    /// Removes an object or rows that were there.
    Remove,
    /// Writes rows.
    Write,
    /// Locks, settings.
    Control,
    /// Reads what was written.
    Read,
}

/// When a statement runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    /// How a refused row is set aside.
    Reject,
    /// After the last row.
    Publish,
    /// What was written is read again, before or after it is published.
    Verify,
}

/// One statement, exactly as it will be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// When it runs.
    pub phase: Phase,
    /// What it does.
    pub effect: Effect,
    /// The text.
    pub sql: String,
    /// What it is for, in a few words.
    pub purpose: String,
}

/// What is changed about a column of a table that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// It is new.
    Add,
    /// It gets a type that holds more.
    Widen,
    /// It takes NULL.
    Relax,
    /// It is new, and tells since when a row is gone at the source.
    Mark,
}

/// A change of a table that is there. `target` is SQL of a type that [`crate::fit`] made.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct ColumnChange {
    pub kind: ChangeKind,
    pub column: String,
    pub target: String,
}

/// A column written. `target` is SQL of a type that [`crate::fit`] made.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct WriteColumn {
    pub name: String,
    pub target: String,
    pub nullable: bool,
}

/// What hangs on a table that is swapped, by the words of [`crate::relation::Dependent`]. `definition` is SQL of the server
/// that the table is on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Carried {
    pub kind: String,
    pub name: String,
    pub definition: String,
}

/// All that must be known to write one stream.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // As the contract has it.
pub struct WriteDecision {
    /// Makes names of staging tables.
    pub staging_seed: String,
    /// The target's schema.
    pub namespace: String,
    /// The target's name.
    pub name: String,
    /// The schema is created.
    pub create_schema: bool,
    /// The table is created.
    pub create_table: bool,
    /// Statements that make missing types first, each once.
    pub types: Vec<Statement>,
    /// Changes of the table that is there.
    pub changes: Vec<ColumnChange>,
    /// What is to be said of columns, or of the table where there is none.
    pub comments: Vec<(Option<String>, String)>,
    /// What happens to rows already there.
    pub disposition: Disposition,
    /// How rows enter.
    pub strategy: Strategy,
    /// How they come to be seen.
    pub publication: Publication,
    /// What a swapped-in table is given.
    pub carried: Vec<Carried>,
    /// Rows enter a table of ours part by part, which becomes the target.
    pub parts: bool,
    /// In the order of the stream.
    pub columns: Vec<WriteColumn>,
    /// The primary key of a table that is created.
    pub primary_key: Vec<String>,
    /// What identifies a row for upsert and reconcile.
    pub conflict_key: Vec<String>,
    /// Rows that are there already, bit for bit, are left alone.
    pub only_changed: bool,
    /// Merge: of staged rows with one key only that with the highest value of this column.
    pub latest_by: Option<String>,
    /// Sweep: rows are not deleted but have the time in this column.
    pub marks: Option<String>,
    /// A written column is an identity that the server generates always.
    pub override_identity: bool,
    /// DELETE where TRUNCATE is not possible.
    pub delete_instead_of_truncate: bool,
    /// INSERT takes its rows as one array of each column, not as literals.
    pub arrays: bool,
    /// Refused rows are set aside; none: the first one ends the run.
    pub row_errors: Option<RowErrors>,
}

/// How refused rows are set aside.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RowErrors {
    /// Where they go; none: they are counted.
    pub quarantine: Option<Quarantine>,
}

/// The table that takes refused rows: schema and name, and whether it is created.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Quarantine {
    pub namespace: String,
    pub name: String,
    pub create: bool,
}

/// What is made of a [`WriteDecision`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreparedWrite {
    /// In the order of execution. There is one of phase [`Phase::Load`]: a whole COPY, or the head of each INSERT, up to
    /// and with VALUES.
    pub statements: Vec<Statement>,
    /// "ON CONFLICT …": the end of each INSERT, or the end of the merging statement.
    pub conflict_clause: Option<String>,
}

/// What a stream reads from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Relation {
    /// A table or view: schema and name.
    Table(String, String),
    /// One SELECT.
    Query(String),
}

/// How a source is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fetch {
    /// One COPY … TO STDOUT.
    Copy,
    /// A server-side cursor.
    Cursor,
}

/// Only rows that are new since a checkpoint, whose position [`crate::prepare::resume`] hands over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// The column, or [`crate::cursor::VERSIONS`].
    pub column: String,
    /// Its type in SQL.
    pub native: String,
    /// There is a checkpoint to go on from.
    pub resumes: bool,
    /// Rows that are at the checkpoint come again.
    pub inclusive: bool,
    /// So much before the checkpoint comes again.
    pub overlap: Option<Overlap>,
    /// What was written by transactions that had not ended at the checkpoint comes whatever its cursor.
    pub late: bool,
    /// What becomes of rows without a cursor.
    pub nulls: Nulls,
}

/// How far before a checkpoint a window begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Overlap {
    Secs(u64),
    Number(u64),
}

/// Rows whose cursor is NULL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Nulls {
    /// There are none.
    Absent,
    Refuse,
    Always,
    Never,
}

/// A column by whose ranges rows are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RangeKey {
    /// Its name.
    pub column: String,
    /// The type of bounds: one that [`crate::prepare::range_type`] gave.
    pub native: String,
}

/// How a stream is read. `columns` are the fields of the stream's schema, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadDecision {
    /// From what.
    pub relation: Relation,
    /// The columns.
    pub columns: Vec<String>,
    /// A condition in SQL, from the sync file.
    pub filter: Option<String>,
    /// How.
    pub fetch: Fetch,
    /// In how many parts.
    pub partitions: u32,
    /// The blocks of each part but the last; none: there is one part, or parts are ranges of a key.
    pub partition_blocks: Option<u32>,
    /// Whose ranges the parts are.
    pub partition_key: Option<RangeKey>,
    /// Only these rows.
    pub window: Option<Window>,
}
