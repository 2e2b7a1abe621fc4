//! The engine's one error type. It says what happened and to whom; what it means for an exit code, and what to advise
//! beyond a connector's own advice, is its caller's table. No text here holds a secret or a cell value: what a guest
//! says has gone through redaction before it gets here.

use rapidbyte_plans::{drift::Difference, plan::Plan, spec::Mistake, spent::Spent};
use serde::Serialize;
use std::fmt;

/// Which end of a sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Where rows come from.
    Source,
    /// Where rows go.
    Destination,
}

impl Side {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Destination => "destination",
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What kind of thing went wrong at a connector; the contract's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// The settings are wrong or incomplete.
    Config,
    /// Name resolution, connecting, a connection that broke.
    Network,
    /// The peer could not be trusted, or does not speak TLS where it must.
    Tls,
    /// Who we say we are was refused.
    Authentication,
    /// What we may do was refused.
    Permission,
    /// A stream, table or column is not there.
    NotFound,
    /// A schema does not fit.
    Schema,
    /// A value was refused.
    Data,
    /// Disk, memory, connections: full.
    Resource,
    /// Someone else was in the way.
    Conflict,
    /// Another run of the same sync is at work.
    Busy,
    /// A deadline passed.
    Timeout,
    /// The run was cancelled.
    Cancelled,
    /// The peer answered what its protocol does not allow.
    Protocol,
    /// The peer cannot do what was asked.
    Unsupported,
    /// The connector's own defect.
    Internal,
}

/// What is lost when an error stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Scope {
    Run,
    Stream,
    Batch,
    Row,
}

/// An error that a connector reported: the world's or the user's fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{message}")]
pub struct ConnectorError {
    /// What kind of thing went wrong.
    pub category: Category,
    /// What is lost.
    pub scope: Scope,
    /// The same, done again on new sessions, may succeed without anyone changing anything.
    pub retryable: bool,
    /// The peer's own code: an SQLSTATE, for instance.
    pub code: Option<String>,
    /// The object: a table, a column, a host.
    pub subject: Option<String>,
    /// What happened, without a full stop.
    pub message: String,
    /// What the user can do.
    pub advice: Option<String>,
}

/// Why the engine could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A connector reported an error.
    #[error("the {side} failed{}: {error}", of(stream.as_deref()))]
    Connector {
        /// Whose connector.
        side: Side,
        /// The stream at work, where there was one.
        stream: Option<String>,
        /// What it said.
        error: Box<ConnectorError>,
    },
    /// A connector trapped: its own defect.
    #[error("the {side} connector crashed in {call}: {reason}")]
    Trap {
        /// Whose connector.
        side: Side,
        /// The contract's function: "session.open".
        call: &'static str,
        /// wasmtime's word for the trap.
        reason: String,
    },
    /// A connector computed, or a call took, longer than it may.
    #[error("the {side} connector was stopped in {call}: {what} for {limit_secs} s")]
    Deadline {
        /// Whose connector.
        side: Side,
        /// The contract's function.
        call: &'static str,
        /// What it did: "it computed without reading or writing".
        what: &'static str,
        /// How long it may.
        limit_secs: f64,
    },
    /// A connector waited for its server longer than a call may.
    #[error("the {side}'s server gave no answer to {call} within {limit_secs} s")]
    NoAnswer {
        /// Whose server.
        side: Side,
        /// The contract's function.
        call: &'static str,
        /// How long it may.
        limit_secs: f64,
    },
    /// A connector asked for more memory than its share.
    #[error("the {side} connector needs more than its {bytes_max} bytes of memory")]
    MemoryLimit {
        /// Whose connector.
        side: Side,
        /// Its share.
        bytes_max: u64,
    },
    /// A connector reached for what it was not given.
    #[error("the {side} connector reached for what it was not granted: {what}")]
    NotGranted {
        /// Whose connector.
        side: Side,
        /// An address, a file of certificates, or the name of a WASI import.
        what: String,
    },
    /// A connector broke the contract.
    #[error("the {side} connector broke its contract: {what}")]
    Contract {
        /// Whose connector.
        side: Side,
        /// The MUST that it broke.
        what: String,
    },
    /// No connector of this name is known.
    #[error("there is no {side} connector \"{name}\"")]
    UnknownConnector {
        /// The role wanted.
        side: Side,
        /// The name in the sync file.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// The world is not what the plan observed.
    #[error("the world is not what the plan observed")]
    Drift(Vec<Difference>),
    /// The plan has been used, or another run came between.
    #[error("{0}")]
    Spent(Spent),
    /// The plan refuses something.
    #[error("the plan refuses a stream or column")]
    Refused(Box<Plan>),
    /// The plan is not a plan of this sync file.
    #[error("the plan is not what this sync file leads to: {0}")]
    ForeignPlan(String),
    /// The sync file names what the source does not offer.
    #[error("the sync file is wrong")]
    Spec(Vec<Mistake>),
    /// The ends counted different rows: nothing was committed.
    #[error(
        "stream {stream}: the source gave {rows_read} rows, the destination took {rows_received} and wrote {rows_written}"
    )]
    Counts {
        /// The stream.
        stream: String,
        /// Rows that the source gave.
        rows_read: u64,
        /// Rows that the destination took.
        rows_received: u64,
        /// Rows that its server says it wrote.
        rows_written: u64,
    },
    /// Rows changed on their way: nothing was committed.
    #[error(
        "stream {stream}: {source_rows} rows at the source and {destination_rows} at the destination do not have the same \
         checksum"
    )]
    Checksums {
        /// The stream.
        stream: String,
        /// Rows of the stream.
        source_rows: u64,
        /// Rows that were compared with them.
        destination_rows: u64,
    },
    /// The sync has no such stream.
    #[error("the sync has no stream {stream}")]
    UnknownStream {
        /// What was asked for.
        stream: String,
        /// What there is.
        known: Vec<String>,
    },
    /// No checkpoint of such a stream is recorded.
    #[error("no checkpoint of stream {stream} is recorded")]
    UnknownCheckpoint {
        /// What was asked for.
        stream: String,
        /// What there is.
        known: Vec<String>,
    },
    /// The answer to COMMIT was lost and nobody could be asked: the run is in the destination wholly or not at all.
    #[error("the answer to the commit of run {run} was lost, and asking again failed")]
    OutcomeUnknown {
        /// The run.
        run: String,
        /// Why asking failed.
        #[source]
        source: Box<EngineError>,
    },
    /// The caller said stop. Nothing was committed.
    #[error("cancelled")]
    Cancelled,
    /// The run took longer than the sync file allows. Nothing was committed.
    #[error("the run took longer than {limit_secs} s")]
    TimedOut {
        /// The sync file's limit.
        limit_secs: u64,
    },
    /// The engine's own defect, or a machine that does not give what the engine needs.
    #[error("the engine failed: {0}")]
    Defect(String),
}

impl From<Vec<Difference>> for EngineError {
    fn from(differences: Vec<Difference>) -> Self {
        Self::Drift(differences)
    }
}

impl EngineError {
    /// Whose fault or misfortune it is, where it is one side's.
    pub fn side(&self) -> Option<Side> {
        match self {
            Self::Connector { side, .. }
            | Self::Trap { side, .. }
            | Self::Deadline { side, .. }
            | Self::NoAnswer { side, .. }
            | Self::MemoryLimit { side, .. }
            | Self::NotGranted { side, .. }
            | Self::Contract { side, .. }
            | Self::UnknownConnector { side, .. } => Some(*side),
            Self::Drift(_)
            | Self::Spent(_)
            | Self::Refused(_)
            | Self::ForeignPlan(_)
            | Self::Spec(_)
            | Self::Counts { .. }
            | Self::Checksums { .. }
            | Self::UnknownStream { .. }
            | Self::UnknownCheckpoint { .. }
            | Self::OutcomeUnknown { .. }
            | Self::Cancelled
            | Self::TimedOut { .. }
            | Self::Defect(_) => None,
        }
    }

    /// The connector's own words, where it had any.
    pub fn connector(&self) -> Option<&ConnectorError> {
        match self {
            Self::Connector { error, .. } => Some(error),
            _ => None,
        }
    }

    /// Names the stream that was at work.
    #[must_use]
    pub(crate) fn in_stream(mut self, name: &str) -> Self {
        if let Self::Connector { stream, .. } = &mut self {
            stream.get_or_insert_with(|| name.to_owned());
        }
        self
    }
}

fn of(stream: Option<&str>) -> String {
    stream.map_or_else(String::new, |stream| format!(" in stream {stream}"))
}
