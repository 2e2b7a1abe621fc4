//! Step: what is compared before the commit. Owns when a checksum can be had, and what it costs.

use super::{
    facts::{Facts, RULE, TRIGGER, kind_words, listed},
    key::{known_unique, latest_by},
    privileges,
    route::Route,
};
use crate::{
    decision::{ChangeKind, CheckedColumn, ColumnChange, Disposition, Publication, Relation, Strategy, WriteColumn},
    figures,
    observation::{Comparison, Privilege, RelationKind},
    report::{Report, Rule, Topic},
    spec::Verify,
};

const COUNTS: &str = "use verify = \"counts\"";

/// The sync file asks for a checksum.
pub(crate) fn is_wanted(facts: Facts<'_>) -> bool {
    facts.stream.wishes.verify == Some(Verify::Checksum)
}

/// Only staged keys tell which rows are the stream's: an upsert that updates nothing leaves rows that are there untouched, and
/// nothing about them says that they came again.
pub(crate) fn needs_staging(facts: Facts<'_>, key: &[String]) -> bool {
    is_wanted(facts)
        && facts.stream.wishes.disposition == Disposition::Upsert
        && facts.source.columns.iter().all(|column| key.contains(&column.name))
}

/// The columns as a checksum shows them; none: no checksum is wanted. `made` are the changes of the target before.
pub(crate) fn choose(
    facts: Facts<'_>,
    key: &[String],
    route: Route,
    columns: &[WriteColumn],
    made: &[ColumnChange],
) -> (Option<Vec<CheckedColumn>>, Report) {
    let mut report = Report::default();
    if !is_wanted(facts) {
        if facts.stream.wishes.verify.is_some() {
            let because = "the sync file asks for it: rows read and rows written are compared before the commit";
            report.because(Topic::Verify, "counts", because);
        }
        return (None, report);
    }
    report.because(Topic::Verify, "checksum", cost(facts, route));
    refuse_target(facts, route, &mut report);
    refuse_rows(facts, key, route, &mut report);
    notes(facts, route, columns, &mut report);
    let columns = columns.iter().map(|column| checked(facts, column, made, &mut report)).collect();
    (Some(columns), report)
}

/// What is read once more, at both ends.
fn cost(facts: Facts<'_>, route: Route) -> String {
    let about = |rows: Option<u64>, none: &str| {
        rows.map_or_else(|| none.to_owned(), |rows| format!("~{}", figures::plural(rows, "row", "rows")))
    };
    let stream = about(facts.source.statistics.rows, "all rows");
    let asks = "the sync file asks for it; it costs one more scan of";
    let whole = facts.absent() || facts.stream.wishes.disposition == Disposition::Replace;
    if whole {
        return format!("{asks} {stream} at both ends before the commit");
    }
    let target = about(facts.target.rows, "all rows of the target");
    let which = if route.publication == Publication::Merge { "that have a key of the stream" } else { "that it wrote" };
    format!("{asks} {stream} at the source and of {target} at the destination, to compare those {which}")
}

fn refuse_target(facts: Facts<'_>, route: Route, report: &mut Report) {
    let name = &facts.target.name;
    if let Some(kind @ (RelationKind::View | RelationKind::ForeignTable)) = facts.target.kind {
        let reason = format!("{name} is a {}: which of its rows the run wrote cannot be told", kind_words(kind));
        report.refuse(Rule::Checksum, reason, COUNTS);
    }
    if facts.target.row_level_security {
        let reason = format!("row-level security would hide rows of {name} from the checksum");
        report.refuse(Rule::Checksum, reason, COUNTS);
    }
    // The other routes read the target in any case.
    let only_writes = matches!(route.publication, Publication::Direct | Publication::Refill)
        && facts.stream.wishes.disposition != Disposition::Upsert;
    if !facts.absent() && only_writes && !facts.may(Privilege::Select) {
        privileges::missing(facts, Privilege::Select, report);
    }
}

fn refuse_rows(facts: Facts<'_>, key: &[String], route: Route, report: &mut Report) {
    if latest_by(facts, key).is_some() {
        let reason = "of rows with one key only the latest is written, and the checksum would be of all of them";
        report.refuse(Rule::Checksum, reason, COUNTS);
    }
    if facts.sets_aside() {
        let reason = "rows that are refused would be missing from it, and [on_row_error] lets a run go on without them";
        report.refuse(Rule::Checksum, reason, format!("use policy = \"fail\", or {COUNTS}"));
    }
    if facts.appends_new().is_some() {
        let reason = "a row that is there already stays as it is, and need not be what the source has now";
        report.refuse(Rule::Checksum, reason, format!("{COUNTS}; `rapidbyte verify` compares all rows at any time"));
    }
    if !needs_staging(facts, key) {
        return;
    }
    if route.strategy == Strategy::Upsert {
        let reason =
            "an INSERT that updates nothing leaves no trace of the rows that were there: a checksum needs staged keys";
        report.refuse(Rule::Checksum, reason, format!("use strategy = \"auto\", or {COUNTS}"));
    }
    if !known_unique(facts, key) {
        let key = listed(key);
        let reason = format!("({key}) need not be unique at the source, and a row that comes twice is written once");
        report.refuse(Rule::Checksum, reason, COUNTS);
    }
}

fn notes(facts: Facts<'_>, route: Route, columns: &[WriteColumn], report: &mut Report) {
    let between = [facts.dependents(TRIGGER), facts.dependents(RULE)].concat();
    // Nothing fires while a new table is filled.
    if !between.is_empty() && route.publication != Publication::Swap {
        let what = listed(&between);
        report.note(format!("a row that {what} changes, adds or leaves out is a difference, and ends the run"));
    }
    let written = |name: &String| columns.iter().any(|column| column.name == *name);
    if facts.target.columns.iter().any(|column| !written(&column.name)) {
        report.note("the checksum is of the written columns: what the target fills in itself is not compared");
    }
    if matches!(facts.stream.selection.relation, Relation::Query(_)) || facts.source.kind == RelationKind::View {
        report.note("the checksum reads the stream a second time: a query whose rows vary by themselves ends the run");
    }
}

/// A column that is altered first gets the type that the stream would make: its values read as at the source.
fn checked(facts: Facts<'_>, column: &WriteColumn, made: &[ColumnChange], report: &mut Report) -> CheckedColumn {
    let widened = made.iter().any(|change| change.kind == ChangeKind::Widen && change.column == column.name);
    let compared = facts.fit(&column.name).filter(|_| !widened).map(|fit| fit.compared.clone());
    let Comparison { cast, obstacle, .. } = compared.unwrap_or_default();
    if let Some(why) = obstacle {
        let advice = format!("leave it out by exclude_columns, or {COUNTS}");
        report.refuse_column(Rule::Checksum, &column.name, crate::name::visible(&why), advice);
    }
    CheckedColumn { name: column.name.clone(), cast }
}
