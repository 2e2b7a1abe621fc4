//! The plan: immutable, versioned, the same bytes for the same inputs, without a secret and without a choice left. Owns
//! its form as a file; how it came about is the planner's business.

use crate::{
    decision::{Disposition, ReadDecision, WriteDecision},
    digest::sha256_hex,
    name::is_hidden,
    observation::{Observation, StreamObservation},
    planner::{Draft, Estimates, Prepared, StreamDraft},
    report::{Reason, Refusal},
    spec::{Limits, Spec},
};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// The form of a plan file.
pub const PLAN_SCHEMA: &str = "rapidbyte.plan/1";

/// What is wrong with a plan file.
#[derive(Debug, thiserror::Error)]
pub enum PlanFileError {
    /// It is no JSON, or not a plan.
    #[error("not a plan: {0}")]
    Form(#[from] serde_json::Error),
    /// Another version wrote it.
    #[error("a plan of form \"{found}\"; this version reads \"{PLAN_SCHEMA}\"")]
    Version {
        /// What the file says.
        found: String,
    },
}

/// What was seen of one stream, in a word each: two plans with the same fingerprints rest on the same things.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fingerprints {
    /// sha256 (hex) of the source's observation: columns, keys, statistics.
    pub source: String,
    /// sha256 (hex) of the target's.
    pub target: String,
}

/// One stream of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamPlan {
    /// The stream's name.
    pub stream: String,
    /// How it is read.
    pub read: ReadDecision,
    /// How it is written.
    pub write: WriteDecision,
    /// The statements of both ends; none where the stream is refused.
    pub prepared: Option<Prepared>,
    /// Why each choice was made.
    pub reasons: Vec<Reason>,
    /// What stands in the way.
    pub refusals: Vec<Refusal>,
    /// What the user should know.
    pub notes: Vec<String>,
    /// What is destroyed; none where nothing of anybody's is.
    pub destroys: Option<String>,
    /// What the stream brings, by the source's estimates.
    pub estimates: Estimates,
    /// What was seen of it; none where the ends said nothing.
    pub fingerprints: Option<Fingerprints>,
}

/// What a run will do, all of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    schema: String,
    sync: String,
    sync_file: String,
    sync_file_sha256: String,
    expires_at: Option<String>,
    changes: bool,
    destructive: bool,
    limits: Limits,
    observation: Observation,
    refusals: Vec<Refusal>,
    streams: Vec<StreamPlan>,
}

impl Plan {
    /// Reads a plan file.
    ///
    /// # Errors
    /// It is no plan, or of another version.
    pub fn parse(text: &str) -> Result<Self, PlanFileError> {
        /// What every version of a plan has.
        #[derive(Deserialize)]
        struct Head {
            schema: String,
        }
        let head: Head = serde_json::from_str(text)?;
        if head.schema == PLAN_SCHEMA {
            Ok(serde_json::from_str(text)?)
        } else {
            Err(PlanFileError::Version { found: crate::name::visible(&head.schema) })
        }
    }

    /// The file's text: one JSON document, indented, a newline at its end. What a terminal would obey stands there as an
    /// escape, which JSON reads as the same character.
    pub fn to_json(&self) -> String {
        // Serialising derived structs of text, numbers and lists into memory cannot fail.
        let json = serde_json::to_string_pretty(self).unwrap_or_default();
        let mut text = String::with_capacity(json.len() + 1);
        for c in json.chars() {
            if c != '\n' && is_hidden(c) {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    // Writing to a String cannot fail.
                    let _ = write!(text, "\\u{unit:04x}");
                }
            } else {
                text.push(c);
            }
        }
        text.push('\n');
        text
    }

    /// "sha256:…" over the compact JSON: the same plan has the same digest however its file is laid out.
    pub fn digest(&self) -> String {
        format!("sha256:{}", sha256_hex(&serde_json::to_vec(self).unwrap_or_default()))
    }

    /// The form: [`PLAN_SCHEMA`].
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// The sync's name.
    pub fn sync(&self) -> &str {
        &self.sync
    }

    /// The plan as it is saved: `sync_file` is the way to the sync file from the plan's folder, `expires_at` when the plan
    /// ends to hold (RFC 3339, UTC).
    #[must_use]
    pub fn saved(self, sync_file: String, expires_at: Option<String>) -> Self {
        Self { sync_file, expires_at, ..self }
    }

    /// Where the sync file is: a saved plan holds no secret, and needs it for those. From the plan's folder.
    pub fn sync_file(&self) -> &str {
        &self.sync_file
    }

    /// When the plan ends to hold; none: it does not.
    pub fn expires_at(&self) -> Option<&str> {
        self.expires_at.as_deref()
    }

    /// sha256 (hex) of the sync file's text.
    pub fn sync_file_sha256(&self) -> &str {
        &self.sync_file_sha256
    }

    /// What the run may use.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What the plan rests on.
    pub fn observation(&self) -> &Observation {
        &self.observation
    }

    /// What stands in the way of the whole plan; each stream has its own besides.
    pub fn refusals(&self) -> &[Refusal] {
        &self.refusals
    }

    /// In the order of the run.
    pub fn streams(&self) -> &[StreamPlan] {
        &self.streams
    }

    /// Sessions that share the parts of streams, at each end; 1 where nothing is in parts.
    pub fn lanes(&self) -> u32 {
        self.streams.iter().map(|stream| stream.read.readers).max().unwrap_or(1).max(1)
    }

    /// Something stands in the way: nothing of the plan may be run.
    pub fn is_refused(&self) -> bool {
        !self.refusals.is_empty() || self.streams.iter().any(|stream| !stream.refusals.is_empty())
    }

    /// It destroys something that may be someone's: to be allowed by name.
    pub fn is_destructive(&self) -> bool {
        self.destructive
    }

    /// There is something to do: something is made, changed or removed, or a row may come.
    pub fn has_changes(&self) -> bool {
        self.changes
    }

    /// The same decisions and statements for the same sync, whatever the plans were saved as: what an edited plan file, or a
    /// sync file with other variables, is not.
    pub fn decides_as(&self, other: &Self) -> bool {
        let saved = |plan: &Self| plan.clone().saved(String::new(), None);
        saved(self) == saved(other)
    }
}

/// Puts the plan together. `prepared` answers [`Draft::to_prepare`], in its order; a stream whose answer is missing has
/// no statements, which the lint finds.
pub fn assemble(spec: &Spec, observation: Observation, draft: Draft, prepared: Vec<Prepared>) -> Plan {
    let mut prepared = prepared.into_iter();
    let streams: Vec<StreamPlan> = draft
        .streams
        .into_iter()
        .map(|stream| {
            let answer = if stream.refusals.is_empty() { prepared.next() } else { None };
            let seen = observation.streams.iter().find(|seen| seen.stream == stream.stream);
            stream_plan(stream, answer, seen)
        })
        .collect();
    Plan {
        schema: PLAN_SCHEMA.to_owned(),
        sync: spec.name.to_string(),
        sync_file: spec.file.clone(),
        sync_file_sha256: spec.sha256.clone(),
        expires_at: None,
        changes: observation.streams.iter().zip(&streams).any(|(seen, stream)| changes(seen, stream)),
        destructive: streams.iter().any(|stream| stream.destroys.is_some()),
        limits: spec.limits.clone(),
        streams,
        refusals: draft.refusals,
        observation,
    }
}

fn stream_plan(draft: StreamDraft, prepared: Option<Prepared>, seen: Option<&StreamObservation>) -> StreamPlan {
    let StreamDraft { stream, read, write, reasons, refusals, notes, destroys, estimates } = draft;
    let fingerprints =
        seen.map(|seen| Fingerprints { source: fingerprint(&seen.source), target: fingerprint(&seen.target) });
    StreamPlan { stream, read, write, prepared, reasons, refusals, notes, destroys, estimates, fingerprints }
}

fn fingerprint(seen: &impl Serialize) -> String {
    // Serialising derived structs of text, numbers and lists into memory cannot fail.
    sha256_hex(&serde_json::to_vec(seen).unwrap_or_default())
}

/// False only where it is certain that a run would find nothing to do: the source is empty, and so is what it replaces.
fn changes(seen: &StreamObservation, stream: &StreamPlan) -> bool {
    let (write, target) = (&stream.write, &seen.target);
    let makes = write.create_schema || write.create_table || !write.types.is_empty();
    let quarantine = write.row_errors.iter().flat_map(|errors| &errors.quarantine);
    let makes = makes || quarantine.into_iter().any(|quarantine| quarantine.create);
    let alters = !write.changes.is_empty() || !write.comments.is_empty();
    let empties = matches!(write.disposition, Disposition::Replace | Disposition::Sweep) && target.rows != Some(0);
    makes || alters || empties || seen.source.statistics.rows != Some(0)
}
