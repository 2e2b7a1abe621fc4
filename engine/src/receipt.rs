//! What a run did, counted and verified. Owns the receipt's JSON, "rapidbyte.receipt/1"; schemas/receipt.schema.json says the
//! same.

use rapidbyte_plans::decision::{Disposition, Strategy};
use serde::Serialize;

/// The kind and version of the JSON.
pub(crate) const SCHEMA: &str = "rapidbyte.receipt/1";

/// What a run did. It is stored with the rows, in their transaction; that copy lacks the time of the commit itself.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Receipt {
    /// "rapidbyte.receipt/1".
    pub schema: &'static str,
    /// The sync's name.
    pub sync: String,
    /// The run, unique.
    pub run: String,
    /// The digest of the plan that was carried out.
    pub plan: String,
    /// "done".
    pub outcome: &'static str,
    /// "snapshot": all streams read one snapshot; "resumed": and some of the rows were loaded by an attempt that broke off.
    pub consistency: &'static str,
    /// From the beginning of the last attempt to the commit's answer.
    pub duration_secs: f64,
    /// Of the whole process, as the system counts it.
    pub peak_memory_bytes: u64,
    /// Of the whole process, during the run.
    pub cpu_secs: CpuSecs,
    /// In the order of the plan.
    pub streams: Vec<StreamReceipt>,
    /// Where the time went.
    pub phases: Phases,
}

/// Processor time.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
#[allow(missing_docs)]
pub struct CpuSecs {
    pub user: f64,
    pub system: f64,
}

/// What became of one stream.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StreamReceipt {
    /// The stream.
    pub stream: String,
    /// Its target.
    pub into: String,
    /// What happened to rows already there.
    pub write: Disposition,
    /// How rows entered.
    pub strategy: Strategy,
    /// "full".
    pub sync: &'static str,
    /// Rows that the source gave.
    pub rows_read: u64,
    /// Rows that the destination's server says it wrote.
    pub rows_written: u64,
    /// Rows that the destination refused, which were set aside as `[on_row_error]` says.
    pub rows_rejected: u64,
    /// The table that took them; none where no row was refused, or none is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejected_into: Option<String>,
    /// Bytes of Arrow frames.
    pub bytes_read: u64,
    /// Bytes that the destination sent to its server for the rows.
    pub bytes_written: u64,
    /// Arrow batches.
    pub batches: u64,
    /// None in a full sync.
    pub cursor: Option<Cursor>,
    /// What was compared before the commit.
    pub verified: Verified,
}

/// The window of an incremental stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct Cursor {
    pub column: String,
    pub from: Option<String>,
    pub to: Option<String>,
}

/// What was compared before the commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Rows that the source gave.
    pub source_rows: u64,
    /// Rows that reached the destination's server.
    pub destination_rows: u64,
    /// They are the same, but for the rows that were refused; by a checksum: every column of each of them is.
    pub equal: bool,
    /// What was compared.
    pub method: Method,
}

/// What rows are compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Their number.
    Counts,
    /// Their number, and a checksum over every column.
    Checksum,
}

/// Where the time went. Phases of one side do not overlap; each side's add up to the run's duration. Where a side has several
/// sessions they are the means over these.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
#[allow(missing_docs)]
pub struct Phases {
    pub source: SourcePhases,
    pub destination: DestinationPhases,
    pub engine: EnginePhases,
}

/// The source's time.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct SourcePhases {
    /// Loading the component from the cache or compiling it, and instantiating it.
    pub module_load_secs: f64,
    /// Until the server has let us in.
    pub connect_secs: f64,
    /// Taking the snapshot, inspecting in it, sending the query, and the checksum where one is wanted.
    pub query_secs: f64,
    /// Waiting for bytes of the server while a batch is made.
    pub fetch_secs: f64,
    /// The guest's own time while a batch is made.
    pub arrow_encode_secs: f64,
    /// Compressing frames, where the sync file asks for it.
    pub compress_secs: f64,
    /// Waiting for the destination: to be ready, for room in the channel, to finish and commit.
    pub emit_wait_secs: f64,
}

/// The destination's time.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct DestinationPhases {
    /// Loading the component from the cache or compiling it, and instantiating it.
    pub module_load_secs: f64,
    /// Until the server has let us in.
    pub connect_secs: f64,
    /// Beginning the run, inspecting in it, and the setup statements of each stream.
    pub setup_secs: f64,
    /// Waiting for the source.
    pub receive_wait_secs: f64,
    /// The guest's own time while it takes a batch.
    pub arrow_decode_secs: f64,
    /// Waiting for the server while a batch is taken.
    pub flush_secs: f64,
    /// Decompressing frames, where the sync file asks for compression.
    pub decompress_secs: f64,
    /// Finishing each stream: the last flush, the publish statements, and the checksum where one is wanted.
    pub finish_secs: f64,
    /// The commit, until its answer.
    pub commit_secs: f64,
}

/// The engine's own time, part of what the sides count.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct EnginePhases {
    /// Compressing frames.
    pub compress_secs: f64,
    /// Decompressing frames.
    pub decompress_secs: f64,
    /// Guest code at work, both sides, without the host functions that it waited for.
    pub sandbox_secs: f64,
}

/// Sums over the phases of one side.
macro_rules! sums {
    ($side:ident: $($phase:ident),+) => {
        impl $side {
            /// All of it.
            pub fn sum_secs(&self) -> f64 {
                0.0 $(+ self.$phase)+
            }

            /// Of several sessions side by side, each of which divides the same time.
            pub(crate) fn mean(of: &[Self]) -> Self {
                #[allow(clippy::cast_precision_loss)] // a few
                let count = of.len().max(1) as f64;
                Self { $($phase: of.iter().map(|one| one.$phase).sum::<f64>() / count),+ }
            }
        }
    };
}

sums!(SourcePhases: module_load_secs, connect_secs, query_secs, fetch_secs, arrow_encode_secs, compress_secs, emit_wait_secs);
sums!(
    DestinationPhases: module_load_secs, connect_secs, setup_secs, receive_wait_secs, arrow_decode_secs, flush_secs,
    decompress_secs, finish_secs, commit_secs
);

impl Receipt {
    /// The JSON that is stored, and that `--report` writes.
    pub fn json(&self) -> String {
        serde_json::json!(self).to_string()
    }
}
