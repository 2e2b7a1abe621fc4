//! What happens while the engine works, as it happens. Owns the words and the JSON of events; who shows them is the
//! caller's business.

use crate::Side;
use serde::Serialize;
use std::sync::Arc;

/// Takes events, from any thread; it must return soon, for the pumps wait for it.
pub type EventSink = Arc<dyn Fn(Event) + Send + Sync>;

/// The kind and version that every line of JSON carries.
const SCHEMA: &str = "rapidbyte.event/1";

/// How loud a log message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Level {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A run begins.
    Started {
        /// Its name, unique.
        run: String,
        /// The sync's name.
        sync: String,
        /// The plan's digest.
        plan: String,
        /// How many streams it has.
        streams: usize,
    },
    /// The first row of a stream is about to be read.
    StreamStarted {
        /// The stream.
        stream: String,
        /// Its target.
        into: String,
        /// The source's estimate.
        rows_estimate: Option<u64>,
    },
    /// So much of a stream has been taken by the destination; ten times a second at most.
    Progress {
        /// The stream.
        stream: String,
        /// Rows so far.
        rows: u64,
        /// Bytes of Arrow frames so far.
        bytes: u64,
    },
    /// All of a stream has been written, and counted; it is not committed yet.
    StreamFinished {
        /// The stream.
        stream: String,
        /// Rows that were read.
        rows: u64,
        /// Those of them that were refused and set aside.
        rows_rejected: u64,
        /// Bytes of Arrow frames.
        bytes: u64,
    },
    /// All streams have been written; the commit begins, and can no longer be cancelled.
    Committing,
    /// The answer to the commit was lost; the destination is being asked.
    AskingOutcome,
    /// A failure that may pass: the run begins again.
    Retrying {
        /// 1 for the first repetition.
        attempt: u32,
        /// How often it may be repeated.
        attempts_max: u32,
        /// After so long, in milliseconds.
        backoff_ms: u64,
        /// What failed.
        reason: String,
    },
    /// The run was committed.
    Committed {
        /// The run.
        run: String,
    },
    /// Somebody says something.
    Log {
        /// Which connector; none: the engine.
        side: Option<Side>,
        /// How loud.
        level: Level,
        /// What, without secrets; control characters escaped.
        message: String,
    },
}

#[derive(Serialize)]
struct Line<'a> {
    schema: &'static str,
    #[serde(flatten)]
    event: &'a Event,
}

impl Event {
    /// One line of JSON, without its line feed: the schema's name, "event", and the fields.
    pub fn json(&self) -> String {
        serde_json::json!(Line { schema: SCHEMA, event: self }).to_string()
    }
}
