//! Step: what of a stream is new. Owns the window, from which checkpoint it goes on, and which hazard remains.

use super::{
    facts::{CHILD, Facts, listed},
    key::known_unique,
};
use crate::{
    decision::{Nulls, Overlap, Relation, Window},
    digest::sha256_hex,
    figures,
    name::visible,
    observation::{RelationKind, SourceCursor, SourceStream, Step},
    report::{Report, Rule, Topic},
    spec::{Incremental, LateCommits},
};

/// The window of the stream; none: it is read in full.
pub(crate) fn choose(facts: Facts<'_>) -> (Option<Window>, Report) {
    let mut report = Report::default();
    let Some(wish) = &facts.stream.incremental else { return (None, report) };
    let Some(cursor) = &facts.source.cursor else {
        report.refuse_column(Rule::Unobserved, &wish.cursor, "the source said nothing about the cursor", "plan again");
        return (None, report);
    };
    if let Some(why) = &cursor.refused {
        let advice = "choose a column of whole numbers, numeric, a time, a date, text, uuid or xid8";
        report.refuse_column(Rule::Cursor, &wish.cursor, visible(why), advice);
    }
    refuse_overlap(wish, cursor, &mut report);
    let scope = scope(facts);
    let stale = stale(facts, wish, cursor, &scope);
    let because = match &stale {
        None => "the destination remembers up to where it has the rows".to_owned(),
        Some(why) => why.clone(),
    };
    let from = if stale.is_none() { "from the checkpoint" } else { "from the beginning" };
    report.because(Topic::Cursor, format!("{}, {from}", visible(&wish.cursor)), because);
    let late = late_commits(facts, wish, cursor, &mut report);
    if stale.is_none() {
        access(cursor, late || cursor.is_version, &mut report);
    }
    nulls(wish, cursor, &mut report);
    let unique = known_unique(facts, std::slice::from_ref(&wish.cursor));
    let window = Window {
        cursor: wish.cursor.clone(),
        native: cursor.native.clone(),
        scope,
        resumes: stale.is_none(),
        inclusive: !late && !unique,
        overlap: wish.overlap,
        late,
        nulls: if cursor.nullable { wish.nulls } else { Nulls::Absent },
    };
    (Some(window), report)
}

/// The source with the estimates of what is read: of all of it, where the checkpoint by which what is new was estimated cannot
/// be gone on from.
pub(crate) fn as_it_is_read(source: &SourceStream, window: Option<&Window>) -> SourceStream {
    let mut read = source.clone();
    if window.is_some_and(|window| !window.resumes) {
        read.statistics.rows = source.rows_in_all.or(source.statistics.rows);
    }
    read
}

/// What a checkpoint is for: it says nothing of rows that another condition would take, or that another table has.
fn scope(facts: Facts<'_>) -> String {
    let selection = &facts.stream.selection;
    let relation = match &selection.relation {
        Relation::Table(name) => name.to_string(),
        Relation::Query(sql) => sql.clone(),
    };
    let parts = [relation, selection.filter.clone().unwrap_or_default(), facts.target.name.to_string()];
    sha256_hex(parts.join("\u{1f}").as_bytes())[..16].to_owned()
}

/// Why the checkpoint, if there is one, cannot be gone on from. To begin anew is always safe: rows that are there already
/// are found by their key.
fn stale(facts: Facts<'_>, wish: &Incremental, cursor: &SourceCursor, scope: &str) -> Option<String> {
    let Some(found) = facts.checkpoint else { return Some("no checkpoint to go on from".to_owned()) };
    let name = &facts.target.name;
    if facts.absent() {
        Some(format!("there is a checkpoint, and {name} is gone"))
    } else if !found.same_target {
        Some(format!("there is a checkpoint, and {name} is another table since"))
    } else if found.cursor != wish.cursor {
        Some(format!("the checkpoint is of another cursor, {}", visible(&found.cursor)))
    } else if found.native != cursor.native {
        Some(format!("the checkpoint is of type {}", visible(&found.native)))
    } else if found.scope != scope {
        Some("the checkpoint is of another `where`, query or target".to_owned())
    } else {
        None
    }
}

fn refuse_overlap(wish: &Incremental, cursor: &SourceCursor, report: &mut Report) {
    let (fits, example) = match wish.overlap {
        None => return,
        Some(Overlap::Secs(_)) => (cursor.step == Step::Time, "overlap = 1000"),
        Some(Overlap::Number(_)) => (cursor.step == Step::Number, "overlap = \"5m\""),
    };
    if fits || cursor.refused.is_some() {
        return;
    }
    let advice = match cursor.step {
        Step::None => "leave `overlap` out".to_owned(),
        Step::Number | Step::Time => format!("write {example}"),
    };
    let reason = format!("`overlap` cannot be taken from a value of type {}", visible(&cursor.native));
    report.refuse_column(Rule::Cursor, &wish.cursor, reason, advice);
}

/// Whether late commits are looked for, and the hazard that remains where they are not.
fn late_commits(facts: Facts<'_>, wish: &Incremental, cursor: &SourceCursor, report: &mut Report) -> bool {
    if cursor.refused.is_some() {
        return false;
    }
    if cursor.is_version {
        let because = format!("the transaction that wrote a row tells, {}", scans(facts));
        report.because(Topic::LateCommits, "seen", because);
        attached(facts, "are not seen", report);
        return false;
    }
    let guard = match wish.late_commits {
        Some(LateCommits::Accept) => false,
        Some(LateCommits::Guard) => {
            if !cursor.versions {
                let reason = "late_commits = \"guard\" cannot be granted: the source cannot see which transaction wrote a row here";
                report.refuse(Rule::LateCommits, reason, "read the table itself, or use `overlap`");
            }
            true
        }
        None => cursor.versions && wish.overlap.is_none(),
    };
    if guard {
        let because = format!("rows of transactions that had not ended at the checkpoint are found, {}", scans(facts));
        report.because(Topic::LateCommits, "seen", because);
        attached(facts, &format!("are seen where their {} is higher", visible(&wish.cursor)), report);
    } else {
        report.because(Topic::LateCommits, "not looked for", hazard(wish, cursor));
        if !cursor.indexed {
            report.note(format!(
                "no index of the source serves {}: each run scans all rows there",
                visible(&wish.cursor)
            ));
        }
    }
    guard
}

/// How the source finds what is new, where it said so.
fn access(cursor: &SourceCursor, late: bool, report: &mut Report) {
    let way = if late { &cursor.access_late } else { &cursor.access };
    if let Some(way) = way.as_ref().filter(|way| !way.is_empty()) {
        report.because(
            Topic::Access,
            visible(way),
            "so the source expects to find what is new, as its statistics are now",
        );
    }
}

/// Rows of a table that becomes part of this one keep the transactions that wrote them.
fn attached(facts: Facts<'_>, end: &str, report: &mut Report) {
    let has_parts = facts.source.dependents.iter().any(|found| found.kind == CHILD);
    if has_parts || facts.source.kind == RelationKind::PartitionedTable {
        report.note(format!("rows of a table that is attached later, written before the checkpoint, {end}"));
    }
}

fn scans(facts: Facts<'_>) -> String {
    let rows = facts
        .source
        .rows_in_all
        .or(facts.source.statistics.rows)
        .map_or_else(|| "all rows".to_owned(), |rows| format!("all of ~{}", figures::plural(rows, "row", "rows")));
    format!("by a scan of {rows} at the source")
}

fn hazard(wish: &Incremental, cursor: &SourceCursor) -> String {
    let name = visible(&wish.cursor);
    let remedy = match (cursor.versions, cursor.step) {
        (true, _) => "; late_commits = \"guard\" would find it",
        (false, Step::Time) => "; overlap = \"5m\" would read again what is that late",
        (false, Step::Number) => "; overlap = 1000 would read again what is that far back",
        (false, Step::None) => "",
    };
    match wish.overlap {
        Some(Overlap::Secs(secs)) => {
            format!("a row that commits more than {secs} s behind the highest {name} is not seen")
        }
        Some(Overlap::Number(number)) => {
            format!("a row that commits more than {} behind the highest {name} is not seen", figures::count(number))
        }
        None => format!("a row that commits after a higher {name} was read is not seen{remedy}"),
    }
}

fn nulls(wish: &Incremental, cursor: &SourceCursor, report: &mut Report) {
    if !cursor.nullable || cursor.is_version {
        return;
    }
    let name = listed(std::slice::from_ref(&wish.cursor));
    report.note(match wish.nulls {
        Nulls::Absent | Nulls::Refuse => {
            format!("{name} may be NULL: a row without it ends the run, and nothing is changed")
        }
        Nulls::Always => format!("rows without {name} are read in every run"),
        Nulls::Never => format!("rows without {name} are never read"),
    });
}
