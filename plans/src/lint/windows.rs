//! Lint: what is new has a cursor with its reasons, the statement that tells where it stands, and a key by which what comes
//! again is found.

use super::Findings;
use crate::{
    decision::{Disposition, Publication},
    plan::{Plan, StreamPlan},
    report::Topic,
};

pub(super) fn check(_: &Plan, stream: &StreamPlan, findings: &mut Findings<'_>) {
    if !stream.refusals.is_empty() {
        return;
    }
    let (window, write) = (stream.read.window.as_ref(), &stream.write);
    for topic in [Topic::Cursor, Topic::LateCommits] {
        let count = stream.reasons.iter().filter(|reason| reason.topic == topic).count();
        findings.unless(count == usize::from(window.is_some()), format!("{count} reasons for {topic:?}"));
    }
    let accesses = stream.reasons.iter().filter(|reason| reason.topic == Topic::Access).count();
    let resumes = window.is_some_and(|window| window.resumes);
    findings.unless(accesses <= usize::from(resumes), format!("{accesses} ways to what is new"));
    let tells = stream.prepared.as_ref().is_some_and(|prepared| prepared.read.position.is_some());
    findings.unless(tells == window.is_some(), "a window tells where it stands, and nothing else does");
    let named = window.is_none_or(|window| stream.read.selection.cursor.as_ref() == Some(&window.cursor));
    findings.unless(named, "the cursor is not the one that was looked at");
    findings.unless(
        window.is_none() || write.disposition != Disposition::Replace,
        "a part of the stream would replace all of the target",
    );
    let merges = write.disposition == Disposition::Upsert && write.publication == Publication::Merge;
    let latest = write.latest_by.as_ref();
    findings.unless(latest.is_none() || merges, "the latest row of a key is taken where nothing is merged");
    let is_cursor = latest.is_none_or(|column| window.is_some_and(|window| window.cursor == *column));
    findings.unless(is_cursor, "the latest row of a key is not told by the cursor");
}
