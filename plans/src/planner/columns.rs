//! Step: each column is written, or refused by name; each column of the target is provided for. Owns the rules of single
//! columns; the verdict exact, widened or refused is the destination's.

use super::{
    changes,
    facts::{Facts, listed},
    names, reconcile,
};
use crate::{
    decision::{ChangeKind, ColumnChange, Disposition, WriteColumn},
    name::visible,
    observation::{ColumnFit, FitLabel, Identity, RelationKind, SourceColumn},
    report::{Report, Rule},
    spec::Deletes,
};
use std::collections::BTreeSet;

const LEAVE_OUT: &str = "leave it out by exclude_columns";

/// The columns that are written, in the stream's order; `made` are the changes of the target before.
pub(crate) fn choose(facts: Facts<'_>, made: &[ColumnChange]) -> (Vec<WriteColumn>, Report) {
    let mut report = Report::default();
    if facts.source.columns.is_empty() {
        report.refuse(Rule::ColumnsNone, "the stream has no columns", "name columns that the source has in `columns`");
    }
    let mut seen = BTreeSet::new();
    let mut written = Vec::with_capacity(facts.source.columns.len());
    for column in &facts.source.columns {
        if !seen.insert(column.name.as_str()) {
            let advice = "give each column of the query a name of its own";
            report.refuse_column(Rule::ColumnTwice, &column.name, "the stream has two columns of this name", advice);
        } else if names::is_reserved(facts, column) {
            // The step for names has said so.
        } else if let Some(column) = one(facts, column, made, &mut report) {
            written.push(column);
        }
    }
    required(facts, &seen, made, &mut report);
    counters(facts, &seen, &mut report);
    (written, report)
}

fn is_changed(made: &[ColumnChange], kind: ChangeKind, column: &str) -> bool {
    made.iter().any(|change| change.kind == kind && change.column == column)
}

fn one(facts: Facts<'_>, column: &SourceColumn, made: &[ColumnChange], report: &mut Report) -> Option<WriteColumn> {
    if let Some(why) = &column.refused {
        report.refuse_column(Rule::ColumnUnreadable, &column.name, visible(why), LEAVE_OUT);
        return None;
    }
    let Some(fit) = facts.fit(&column.name) else {
        let reason = "the destination said nothing about it";
        report.refuse_column(Rule::Unobserved, &column.name, reason, "this is a defect of the destination's connector");
        return None;
    };
    if !existing(facts, column, made, report) {
        return None;
    }
    let widened = fit.alter.as_ref().filter(|_| is_changed(made, ChangeKind::Widen, &column.name));
    if fit.label == FitLabel::Refused && widened.is_none() {
        // Where it was to be widened, the step for changes has said why it cannot be.
        if !changes::is_widened(facts, fit) {
            unfit(facts, column, fit, report);
        }
        return None;
    }
    let relaxed = is_changed(made, ChangeKind::Relax, &column.name);
    let nullable = match facts.target_column(&column.name) {
        Some(target) => target.nullable || relaxed,
        // A column that is added has rows above it that lack it.
        None => column.nullable || !facts.absent(),
    };
    let target = widened.unwrap_or(&fit.target).clone();
    Some(WriteColumn { name: column.name.clone(), target, nullable })
}

fn unfit(facts: Facts<'_>, column: &SourceColumn, fit: &ColumnFit, report: &mut Report) {
    let why = fit.note.as_deref().unwrap_or("some of its values could change");
    let reason = format!("{} does not fit {}: {}", visible(&column.native), visible(&fit.target), visible(why));
    let advice = match &fit.alter {
        Some(_) if facts.ours() => format!("{LEAVE_OUT}, or set schema_changes.type_change = \"widen\""),
        Some(alter) => format!("{LEAVE_OUT}, or alter the target's type: {} holds both", visible(alter)),
        None => format!("{LEAVE_OUT}, or change the target's type"),
    };
    report.refuse_column(Rule::ColumnRefused, &column.name, reason, advice);
}

/// What an existing target says of the column; false: refused.
fn existing(facts: Facts<'_>, column: &SourceColumn, made: &[ColumnChange], report: &mut Report) -> bool {
    // A relation of another kind is refused as a whole, and has no columns to be judged by.
    let unjudged = facts.absent() || facts.target.kind == Some(RelationKind::Other);
    if unjudged || is_changed(made, ChangeKind::Add, &column.name) {
        return true;
    }
    let Some(target) = facts.target_column(&column.name) else {
        // Of a table of ours the step for changes has said why it gets none.
        if facts.ours() && facts.fit(&column.name).is_some_and(|fit| fit.label != FitLabel::Refused) {
            return false;
        }
        let reason = format!("{} has no such column", facts.target.name);
        let advice = format!("add it to the target as {}, or {LEAVE_OUT}", visible(&column.native));
        report.refuse_column(Rule::ColumnAbsent, &column.name, reason, advice);
        return false;
    };
    if target.generated {
        let reason = format!("{} computes it: nothing can be written there", facts.target.name);
        report.refuse_column(Rule::ColumnGenerated, &column.name, reason, LEAVE_OUT);
        return false;
    }
    if column.nullable && !target.nullable && !is_changed(made, ChangeKind::Relax, &column.name) {
        let name = visible(&column.name);
        report.note(format!(
            "{name} may be NULL at the source and not at the target: a NULL there {}",
            facts.refused_end()
        ));
    }
    true
}

/// Columns of the target that need a value which the stream does not bring.
fn required(facts: Facts<'_>, brought: &BTreeSet<&str>, made: &[ColumnChange], report: &mut Report) {
    let mut left = Vec::new();
    let marks = |name: &String| facts.stream.wishes.deletes == Deletes::Mark(name.clone());
    let others = facts.target.columns.iter().filter(|column| !brought.contains(column.name.as_str()));
    for column in others.filter(|column| !marks(&column.name)) {
        let filled = column.nullable || column.has_default || column.generated || column.identity != Identity::None;
        if filled || is_changed(made, ChangeKind::Relax, &column.name) {
            left.push(column.name.as_str());
            continue;
        }
        let reason =
            format!("{} demands a value (NOT NULL, no default), and the stream has no such column", facts.target.name);
        let advice = "take the column into the stream, or give it a default at the target";
        report.refuse_column(Rule::ColumnRequired, &column.name, reason, advice);
    }
    if !left.is_empty() {
        let there = match facts.stream.wishes.disposition {
            Disposition::Append => "",
            Disposition::Replace if !reconcile::is_wanted(facts) => ", and what they hold goes",
            Disposition::Replace | Disposition::Upsert | Disposition::Sweep => ", and rows that are there keep theirs",
        };
        report.note(format!("not in the stream: {}; new rows get what the target gives{there}", listed(&left)));
    }
}

/// Values that the target would count itself and is given: its counter does not follow them.
fn counters(facts: Facts<'_>, brought: &BTreeSet<&str>, report: &mut Report) {
    let columns = facts.target.columns.iter();
    let given = columns.filter(|column| column.identity != Identity::None && brought.contains(column.name.as_str()));
    for column in given {
        let name = visible(&column.name);
        report.note(format!("the target's counter of {name} stays where it is: rows of others may meet these later"));
    }
}
