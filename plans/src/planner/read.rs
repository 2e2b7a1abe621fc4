//! Step: how the source is read. Owns the choice of the fetch and of the parts.

use super::facts::{CHILD, Facts, listed};
use crate::{
    decision::{ReadDecision, Window},
    name::visible,
    observation::Fetch,
    report::{Report, Rule, Topic},
};

/// The read decision.
pub(crate) fn choose(facts: Facts<'_>, window: Option<Window>, batch_rows: u32) -> (ReadDecision, Report) {
    let mut report = Report::default();
    let limits = &facts.spec.limits;
    let fetch = fetch(facts, &mut report);
    let children = facts.source.dependents.iter().filter(|found| found.kind == CHILD).map(|found| &found.name);
    let children: Vec<&String> = children.collect();
    if !children.is_empty() {
        report.note(format!("the rows of tables that inherit from it are read with its own: {}", listed(&children)));
    }
    let read = ReadDecision {
        selection: facts.stream.selection.clone(),
        columns: facts.source.columns.iter().map(|column| column.name.clone()).collect(),
        window,
        fetch,
        partitions: 1,
        partition_blocks: None,
        partition_key: None,
        readers: 1,
        batch_rows,
        batch_bytes: limits.batch_bytes,
        row_bytes: limits.row_bytes,
        checksum: None,
    };
    (read, report)
}

fn fetch(facts: Facts<'_>, report: &mut Report) -> Fetch {
    let offered = &facts.source.fetches;
    let note = || facts.source.fetch_note.as_deref().map_or_else(String::new, |note| format!(": {}", visible(note)));
    match (facts.spec.limits.fetch, offered.first()) {
        (Some(wish), _) if offered.contains(&wish) => {
            report.because(Topic::Read, word(wish), "the sync file asks for it");
            wish
        }
        (Some(wish), Some(_)) => {
            let reason = format!("limits.fetch = \"{}\" cannot be granted{}", word(wish), note());
            report.refuse(Rule::Fetch, reason, "leave limits.fetch out");
            wish
        }
        (None, Some(Fetch::Copy)) => {
            report.because(Topic::Read, word(Fetch::Copy), "COPY is the fastest way out");
            Fetch::Copy
        }
        (None, Some(Fetch::Cursor)) => {
            report.because(Topic::Read, word(Fetch::Cursor), format!("COPY cannot read this stream{}", note()));
            Fetch::Cursor
        }
        (wish, None) => {
            let reason = format!("the source cannot read this stream{}", note());
            report.refuse(Rule::Fetch, reason, "take the stream out, or read it by a query");
            wish.unwrap_or(Fetch::Copy)
        }
    }
}

fn word(fetch: Fetch) -> &'static str {
    match fetch {
        Fetch::Copy => "copy",
        Fetch::Cursor => "cursor",
    }
}
