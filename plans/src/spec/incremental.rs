//! `sync`, `cursor` and what goes with them: a stream that brings what is new since its last run. Owns the words, and which
//! of them go together; what a cursor can be depends on the source.

use super::{
    duration,
    reader::{Node, Reader, Section},
};
use crate::decision::{Disposition, Nulls, Overlap};
use toml::de::DeValue;

/// The longest overlap: ten years.
const OVERLAP_SECS_MAX: u64 = 3_650 * 86_400;

/// Rows whose transactions end after later values of the cursor were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LateCommits {
    /// They are found by the transactions that wrote them.
    Guard,
    /// They are not looked for.
    Accept,
}

/// What is new since the last run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incremental {
    /// The column that orders rows by when they came, or what the source takes for one.
    pub cursor: String,
    /// What becomes of rows without a cursor.
    pub nulls: Nulls,
    /// How far back each run begins.
    pub overlap: Option<Overlap>,
    /// What is to be done about late commits; none: what the source can do.
    pub late_commits: Option<LateCommits>,
}

pub(super) const KEYS: [&str; 5] = ["sync", "cursor", "null_cursor", "overlap", "late_commits"];

const NULLS: [(&str, Nulls); 3] = [("refuse", Nulls::Refuse), ("always", Nulls::Always), ("never", Nulls::Never)];
const LATE: [(&str, LateCommits); 2] = [("guard", LateCommits::Guard), ("accept", LateCommits::Accept)];

/// What one section says.
#[derive(Default)]
pub(super) struct Wishes {
    incremental: Option<bool>,
    cursor: Option<String>,
    nulls: Option<Nulls>,
    overlap: Option<Overlap>,
    late_commits: Option<LateCommits>,
}

pub(super) fn wishes(reader: &mut Reader<'_>, section: Section<'_>) -> Wishes {
    let get = |key| section.get(key);
    Wishes {
        incremental: get("sync").and_then(|n| reader.word("sync", n, &[("full", false), ("incremental", true)])),
        cursor: get("cursor").and_then(|n| super::stream::filled(reader, "cursor", n)).map(|text| text.value),
        nulls: get("null_cursor").and_then(|n| reader.word("null_cursor", n, &NULLS)),
        overlap: get("overlap").and_then(|n| overlap(reader, n)),
        late_commits: get("late_commits").and_then(|n| reader.word("late_commits", n, &LATE)),
    }
}

/// "5m" before a time, 1000 before a number.
fn overlap(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<Overlap> {
    if let DeValue::Integer(_) = node.get_ref() {
        return reader.integer("overlap", node, 1, i64::MAX.unsigned_abs()).map(Overlap::Number);
    }
    duration::read(reader, "overlap", node, 1, OVERLAP_SECS_MAX).map(Overlap::Secs)
}

/// What a stream means by its own words and the defaults; none: it is read in full.
pub(super) fn choose(
    reader: &mut Reader<'_>,
    section: Section<'_>,
    own: Wishes,
    defaults: &Wishes,
    write: Option<Disposition>,
) -> Option<Incremental> {
    if own.incremental.or(defaults.incremental) != Some(true) {
        meaningless(reader, section);
        return None;
    }
    let place = section.get("sync").map_or(section.place, |node| reader.place(node));
    let nulls = own.nulls.or(defaults.nulls).unwrap_or(Nulls::Refuse);
    match write {
        Some(Disposition::Append) if nulls == Nulls::Always => {
            let message = "null_cursor = \"always\" would append rows without a cursor again in each run";
            reader.wrong(place, message, Some("use write = \"upsert\", or null_cursor = \"never\"".to_owned()));
        }
        Some(Disposition::Append | Disposition::Upsert) => {}
        Some(Disposition::Replace | Disposition::Sweep) | None => {
            let message = "incremental sync brings what is new, and write = \"replace\" would leave nothing else";
            reader.wrong(place, message, Some("use write = \"upsert\", or \"append\"".to_owned()));
        }
    }
    let Some(cursor) = own.cursor.or_else(|| defaults.cursor.clone()) else {
        let advice = "name the column that orders rows by when they came or changed: cursor = \"updated_at\"";
        reader.wrong(place, "incremental sync needs a `cursor`", Some(advice.to_owned()));
        return None;
    };
    let late_commits = own.late_commits.or(defaults.late_commits);
    Some(Incremental { cursor, nulls, overlap: own.overlap.or(defaults.overlap), late_commits })
}

/// A mistake for each word of the stream's own that says something of incremental sync.
fn meaningless(reader: &mut Reader<'_>, section: Section<'_>) {
    for key in &KEYS[1..] {
        if let Some((name, _)) = section.table.get_key_value(*key) {
            let advice = "take it out, or use sync = \"incremental\"".to_owned();
            reader.wrong(reader.at(name.span()), format!("`{key}` has no meaning in a full sync"), Some(advice));
        }
    }
}
