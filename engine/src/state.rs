//! What a destination has recorded of a sync: up to where each stream is, and what the last runs did. Owns its JSON,
//! "rapidbyte.state/1"; schemas/state.schema.json says the same. Values of cursors stand here, as in the checkpoints themselves.

use crate::{
    Engine, EngineError,
    engine::Open,
    host::{DestinationGuest, Recorded, Records, World as _},
};
use rapidbyte_plans::{observation::PastRun, spec::Spec};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The kind and version of the JSON.
const SCHEMA: &str = "rapidbyte.state/1";

/// What is recorded of a sync.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct State {
    /// "rapidbyte.state/1".
    pub schema: &'static str,
    /// The sync's name.
    pub sync: String,
    /// Where it is recorded: host, port and database.
    pub destination: String,
    /// Ordered by stream.
    pub checkpoints: Vec<RecordedCheckpoint>,
    /// Newest first.
    pub runs: Vec<RecordedRun>,
}

/// Up to where a stream is in its target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordedCheckpoint {
    /// The stream.
    pub stream: String,
    /// The table that it was recorded for, as it is called now; none: it is gone.
    pub into: Option<String>,
    /// That is still what the run wrote to; false: the next run begins anew. None: the run's receipt is gone.
    pub same_target: Option<bool>,
    /// The cursor that it is of.
    pub cursor: String,
    /// The cursor's type.
    #[serde(rename = "type")]
    pub native: String,
    /// The highest value that was read; none: no row had one.
    pub value: Option<String>,
    /// What was written after, in the source's own terms.
    pub version: String,
    /// The run that recorded it.
    pub run: String,
    /// When that ended (ISO 8601, UTC); none: the run's receipt is gone.
    pub recorded_at: Option<String>,
}

/// A run that was committed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordedRun {
    /// Its name.
    pub run: String,
    /// The digest of its plan.
    pub plan: String,
    /// When it ended (ISO 8601, UTC).
    pub finished_at: String,
    /// What its receipt says; none: it is gone, or is none.
    pub receipt: Option<RecordedReceipt>,
}

/// What of a receipt is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedReceipt {
    /// "done".
    pub outcome: String,
    /// In the order of the plan.
    pub streams: Vec<RecordedStream>,
}

/// What a run did of one stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedStream {
    /// The stream.
    pub stream: String,
    /// Its target.
    pub into: String,
    /// Rows that came from the source.
    pub rows_read: u64,
    /// Rows that the destination wrote.
    pub rows_written: u64,
    /// Rows that it refused; receipts did not always say.
    #[serde(default)]
    pub rows_rejected: u64,
}

impl State {
    /// The JSON.
    pub fn json(&self) -> String {
        format!("{:#}", serde_json::json!(self))
    }
}

impl Engine {
    /// What the destination has recorded of a sync, with its newest runs, at most so many. The source is not asked; nothing changes.
    ///
    /// # Errors
    /// What the destination, or its connector, met.
    pub async fn state(&self, spec: &Spec, runs_max: u32) -> Result<State, EngineError> {
        let around = self.surroundings(&spec.limits);
        let Open { mut guest, end, .. } = self.open::<DestinationGuest>(&spec.destination, &around).await?;
        let Records { checkpoints, runs } = guest.state(spec.name.as_str(), runs_max).await?;
        let mut receipts = BTreeMap::new();
        for run in runs.iter().map(|run| &run.run).chain(checkpoints.iter().map(|recorded| &recorded.run)) {
            if !receipts.contains_key(run) {
                receipts.insert(run.clone(), receipt(guest.past_receipt(run).await?));
            }
        }
        guest.close().await?;
        Ok(State {
            schema: SCHEMA,
            sync: spec.name.as_str().to_owned(),
            destination: end.endpoint,
            checkpoints: checkpoints.into_iter().map(|recorded| checkpoint(recorded, &receipts)).collect(),
            runs: runs.into_iter().map(|run| past(run, &receipts)).collect(),
        })
    }

    /// Forgets the checkpoint of a stream, so that its next run begins anew.
    ///
    /// # Errors
    /// [`EngineError::UnknownCheckpoint`]; a run of the sync that is at work; what the destination, or its connector, met.
    pub async fn forget(&self, spec: &Spec, stream: &str) -> Result<(), EngineError> {
        let around = self.surroundings(&spec.limits);
        let sync = spec.name.as_str();
        let Open { mut guest, .. } = self.open::<DestinationGuest>(&spec.destination, &around).await?;
        if guest.forget(sync, stream).await? {
            return guest.close().await;
        }
        let known = guest.state(sync, 0).await?.checkpoints.into_iter().map(|recorded| recorded.stream).collect();
        guest.close().await?;
        Err(EngineError::UnknownCheckpoint { stream: stream.to_owned(), known })
    }
}

type Receipts = BTreeMap<String, Option<RecordedReceipt>>;

/// The records are a table that others may write to: what is no receipt is shown as none.
fn receipt(json: Option<String>) -> Option<RecordedReceipt> {
    serde_json::from_str(&json?).ok()
}

fn checkpoint(recorded: Recorded, receipts: &Receipts) -> RecordedCheckpoint {
    let Recorded { stream, target, cursor, native, value, version, run, at: recorded_at } = recorded;
    let into = target.map(|target| target.to_string());
    let wrote = receipts.get(&run).and_then(Option::as_ref);
    let wrote = wrote.and_then(|receipt| receipt.streams.iter().find(|wrote| wrote.stream == stream));
    let same_target = match (&into, wrote) {
        (None, _) => Some(false),
        (Some(into), Some(wrote)) => Some(*into == wrote.into),
        (Some(_), None) => None,
    };
    RecordedCheckpoint { stream, into, same_target, cursor, native, value, version, run, recorded_at }
}

fn past(past: PastRun, receipts: &Receipts) -> RecordedRun {
    let PastRun { run, plan, finished_at } = past;
    let receipt = receipts.get(&run).cloned().flatten();
    RecordedRun { run, plan, finished_at, receipt }
}
