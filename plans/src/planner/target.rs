//! Step: can this target take this disposition at all, and what of it is created. Owns the rules of kinds of targets and
//! of what hangs on them.

use super::{
    facts::{CHILD, Facts, RULE, TRIGGER, kind_words, listed},
    key, reconcile,
};
use crate::{
    decision::Disposition,
    figures,
    name::visible,
    observation::RelationKind,
    report::{Report, Rule, Topic},
};

/// What the target's kind and dependents allow.
pub(crate) fn check(facts: Facts<'_>, key: &[String]) -> Report {
    let mut report = Report::default();
    let Some(kind) = facts.target.kind else {
        let because = if facts.target.schema_exists { "it is absent" } else { "neither it nor its schema is there" };
        report.because(Topic::Target, "create", because);
        return report;
    };
    kind_takes_rows(facts, kind, &mut report);
    temporary(facts, &mut report);
    match facts.stream.wishes.disposition {
        Disposition::Append if !facts.settles() => append(facts, kind, &mut report),
        Disposition::Replace => replace(facts, kind, &mut report),
        Disposition::Append | Disposition::Upsert | Disposition::Sweep => upsert(facts, kind, &mut report),
    }
    let triggers = facts.dependents(TRIGGER);
    if !triggers.is_empty() {
        report
            .note(format!("triggers of the target fire, and may change rows or leave them out: {}", listed(&triggers)));
    }
    if kind == RelationKind::ForeignTable {
        report.note("another server holds the target: it commits by itself, and a failure may leave rows there");
    }
    keys(facts, key, &mut report);
    if facts.target.unlogged {
        report.note("the target is unlogged: a crash of its server empties it");
    }
    report
}

fn kind_takes_rows(facts: Facts<'_>, kind: RelationKind, report: &mut Report) {
    let name = &facts.target.name;
    match kind {
        RelationKind::MaterializedView | RelationKind::Other => {
            let reason = format!("{name} is a {}: it takes no rows", kind_words(kind));
            report.refuse(Rule::TargetKind, reason, "choose another target by `into`");
        }
        _ if !facts.target.insertable => {
            let reason = format!("{name} is a {} that takes no rows", kind_words(kind));
            let advice = "give it an INSTEAD OF INSERT trigger, or choose the table behind it by `into`";
            report.refuse(Rule::TargetNotInsertable, reason, advice);
        }
        _ => {}
    }
}

/// A temporary table is its session's alone, and a run has a session of its own.
fn temporary(facts: Facts<'_>, report: &mut Report) {
    if facts.target.temporary {
        let reason = format!("{} is a temporary table of another session: no one else can write it", facts.target.name);
        report.refuse(Rule::TargetKind, reason, "choose another target by `into`");
    }
}

fn append(facts: Facts<'_>, kind: RelationKind, report: &mut Report) {
    report.because(Topic::Target, "keep", format!("rows are added to the {} that is there", kind_words(kind)));
    let rules = facts.dependents(RULE);
    if !rules.is_empty() {
        report.note(format!("rules of the target rewrite what is written: {}", listed(&rules)));
    }
}

/// What the target's unique keys do to rows that the source does not keep apart, or that are there already. The key by
/// which an upsert settles conflicts is not among them.
fn keys(facts: Facts<'_>, conflict_key: &[String], report: &mut Report) {
    for key in &facts.target.keys {
        let is_conflict_key = key::same(&key.columns, conflict_key);
        let what = if key.primary { "primary key" } else { "unique key" };
        let columns = if key.expression { visible(&key.name) } else { format!("({})", listed(&key.columns)) };
        let ends = match facts.stream.wishes.disposition {
            _ if facts.settles() && is_conflict_key => continue,
            Disposition::Append if !facts.settles() => "a row that is already there",
            Disposition::Append | Disposition::Upsert | Disposition::Sweep => "a row that meets another one there",
            // Also one that the source keeps: two rows that exchange its values are updated one after the other.
            Disposition::Replace if reconcile::is_wanted(facts) && !is_conflict_key => {
                "a row that comes with what another one has until then"
            }
            Disposition::Replace if !key.expression && key::known_unique(facts, &key.columns) => continue,
            Disposition::Replace => "a row of the source that comes twice there",
        };
        // What waits for the commit is refused with it.
        let is_refused = facts.sets_aside() && !key.deferrable;
        let end = if is_refused { "is refused" } else { "ends the run, and nothing is changed" };
        report.note(format!("the target has a {what} {columns}: {ends} {end}"));
    }
}

fn replace(facts: Facts<'_>, kind: RelationKind, report: &mut Report) {
    let holds = match facts.target.rows {
        Some(0) => "is empty".to_owned(),
        Some(rows) => format!("holds about {}, and they go", figures::plural(rows, "row", "rows")),
        None => "holds an unknown number of rows, and they go".to_owned(),
    };
    report.because(Topic::Target, "replace", format!("the {} that is there {holds}", kind_words(kind)));
    let name = &facts.target.name;
    if kind == RelationKind::View {
        let advice = "choose the table behind it by `into`, or use write = \"append\"";
        report.refuse(
            Rule::TargetDisposition,
            format!("{name} is a view: what it shows cannot be emptied safely"),
            advice,
        );
    }
    if kind == RelationKind::ForeignTable {
        let reason = format!("{name} is a foreign table: it cannot be locked, and readers could see it half filled");
        report.refuse(Rule::TargetDisposition, reason, "choose a table by `into`, or use write = \"append\"");
    }
    let rules = facts.dependents(RULE);
    if !rules.is_empty() {
        let reason = format!(
            "rules of {name} rewrite what is written ({}): it might not hold the stream afterwards",
            listed(&rules)
        );
        report.refuse(Rule::TargetDisposition, reason, "drop the rules, or use write = \"append\"");
    }
    let children = facts.dependents(CHILD);
    if kind == RelationKind::Table && !children.is_empty() {
        let reason = format!("tables inherit from {name} ({}): emptying it would empty them", listed(&children));
        report.refuse(Rule::TargetDependents, reason, "choose another target by `into`, or use write = \"append\"");
    }
}

fn upsert(facts: Facts<'_>, kind: RelationKind, report: &mut Report) {
    let upserts = facts.stream.wishes.disposition == Disposition::Upsert;
    let what = if upserts { "rows are updated in or added to" } else { "rows that are new are added to" };
    report.because(Topic::Target, "keep", format!("{what} the {} that is there", kind_words(kind)));
    let name = &facts.target.name;
    if matches!(kind, RelationKind::View | RelationKind::ForeignTable) {
        let reason = format!("{name} is a {}: conflicts cannot be settled there", kind_words(kind));
        report.refuse(Rule::TargetDisposition, reason, "choose a table by `into`, or use write = \"append\"");
    }
    let rules = facts.dependents(RULE);
    if !rules.is_empty() {
        let reason = format!("{name} has rules ({}): ON CONFLICT cannot be used with them", listed(&rules));
        report.refuse(Rule::TargetDisposition, reason, "drop the rules, or use write = \"append\"");
    }
}
