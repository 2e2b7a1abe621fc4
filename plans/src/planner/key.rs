//! Step: which columns identify a row. Owns the choice of the key and whether a target can settle conflicts by it.

use super::{
    facts::{CHILD, COLUMN_OPTIONS, Facts, listed},
    shown,
};
use crate::{
    decision::Disposition,
    observation::{RelationKind, TargetKey},
    report::{Report, Rule, Topic},
    spec::similar_word::nearest,
};
use std::collections::BTreeSet;

/// The key of the stream; empty: none.
pub(crate) fn choose(facts: Facts<'_>) -> (Vec<String>, Report) {
    let mut report = Report::default();
    let key = match (&facts.stream.wishes.key, facts.appends_new()) {
        (Some(wish), _) => wished(facts, wish, &mut report),
        (None, Some(incremental)) => identity(facts, &incremental.cursor, &mut report),
        (None, None) => primary(facts, &mut report),
    };
    nullable(facts, &key, &mut report);
    if facts.settles() {
        for_upsert(facts, &key, &mut report);
    } else if facts.absent() && key.iter().all(|column| facts.source_column(column).is_some()) {
        doubtful(facts, &key, &mut report);
        again(facts, &key, &mut report);
    }
    (key, report)
}

fn wished(facts: Facts<'_>, wish: &[String], report: &mut Report) -> Vec<String> {
    let names = || facts.source.columns.iter().map(|column| column.name.as_str());
    for column in wish.iter().filter(|column| facts.source_column(column).is_none()) {
        let advice = match nearest(column, names()) {
            Some(near) => format!("did you mean {}?", crate::name::visible(near)),
            None => "name columns that the stream reads".to_owned(),
        };
        report.refuse_column(Rule::KeyUnknown, column, "`key` names it, and the stream has no such column", advice);
    }
    report.because(Topic::Key, listed(wish), "the sync file says so");
    wish.to_vec()
}

/// What tells a row that is appended from one that is there: the cursor, or the source's key and the cursor, since a row
/// comes again when it has changed.
fn identity(facts: Facts<'_>, cursor: &str, report: &mut Report) -> Vec<String> {
    let cursor = [cursor.to_owned()];
    let read = facts.source_column(&cursor[0]).is_some();
    if read && known_unique(facts, &cursor) {
        report.because(Topic::Key, listed(&cursor), "the cursor, which is unique at the source");
        return cursor.to_vec();
    }
    let mut key = facts.source.key.clone();
    if key.is_empty() || key.iter().any(|column| facts.source_column(column).is_none()) {
        report.because(
            Topic::Key,
            "none",
            "the source has no primary key among the columns read, and the cursor is not unique",
        );
        return Vec::new();
    }
    if read && !key.contains(&cursor[0]) {
        key.extend(cursor);
        report.because(
            Topic::Key,
            listed(&key),
            "the source's primary key and the cursor: a row that changes is added again",
        );
    } else {
        report.because(Topic::Key, listed(&key), "the source's primary key: a row is added once");
    }
    key
}

fn primary(facts: Facts<'_>, report: &mut Report) -> Vec<String> {
    let key = &facts.source.key;
    if key.is_empty() {
        report.because(Topic::Key, "none", "the source has no primary key, and the sync file names no `key`");
    } else if key.iter().all(|column| facts.source_column(column).is_some()) {
        report.because(Topic::Key, listed(key), "the source's primary key");
        return key.clone();
    } else {
        let because = format!("the source's primary key ({}) is not wholly among the columns read", listed(key));
        report.because(Topic::Key, "none", because);
    }
    Vec::new()
}

/// A NULL in a key is refused where the target would take it; elsewhere its server ends the run: a primary key that is
/// made, like a column that is NOT NULL, takes none. A query's columns may always be NULL.
fn nullable(facts: Facts<'_>, key: &[String], report: &mut Report) {
    let open = |column: &&String| facts.source_column(column).is_some_and(|found| found.nullable);
    for column in key.iter().filter(open) {
        if facts.absent() {
            let name = crate::name::visible(column);
            report.note(format!(
                "{name} may be NULL at the source, and the primary key takes none: a NULL {}",
                facts.refused_end()
            ));
            continue;
        }
        if facts.target_column(column).is_some_and(|found| !found.nullable) {
            continue;
        }
        let reason = "it is part of the key and may be NULL: a NULL identifies nothing";
        report.refuse_column(
            Rule::KeyNullable,
            column,
            reason,
            "make it NOT NULL at either end, or choose another `key`",
        );
    }
}

fn for_upsert(facts: Facts<'_>, key: &[String], report: &mut Report) {
    if key.is_empty() {
        let (reason, advice) = match facts.stream.wishes.disposition {
            Disposition::Append => (
                "an append of what is new needs a key by which rows that are there already are told, and the source has none",
                "name its columns: key = [\"id\"]; or use a cursor that is unique",
            ),
            Disposition::Replace | Disposition::Upsert | Disposition::Sweep => (
                "an upsert needs a key, and the source has no primary key among the columns read",
                "name its columns: key = [\"id\"]; or use write = \"replace\" or \"append\"",
            ),
        };
        report.refuse(Rule::KeyMissing, reason, advice);
        return;
    }
    if key.iter().any(|column| facts.source_column(column).is_none()) {
        return;
    }
    if may_have_keys(facts) && !settled(&facts.target.keys, key) {
        report.refuse(Rule::KeyNotUnique, why_not_unique(facts, key), unique_advice(facts, key));
    }
    doubtful(facts, key, report);
}

/// The column by which one of several rows with one key is taken: the cursor of what is new.
pub(crate) fn latest_by(facts: Facts<'_>, key: &[String]) -> Option<String> {
    let cursor = &facts.stream.incremental.as_ref()?.cursor;
    let upserts = facts.stream.wishes.disposition == Disposition::Upsert && !key.is_empty();
    (upserts && facts.source_column(cursor).is_some() && !known_unique(facts, key)).then(|| cursor.clone())
}

/// Says that the key may come twice, and what follows: where all columns are the key, such rows are the same row.
fn doubtful(facts: Facts<'_>, key: &[String], report: &mut Report) {
    if key.is_empty() || known_unique(facts, key) {
        return;
    }
    let updates = facts.source.columns.iter().any(|column| !key.contains(&column.name));
    let follows = if updates || facts.absent() { facts.refused_end() } else { "is written once" };
    if let Some(cursor) = latest_by(facts, key) {
        let (key, cursor) = (listed(key), crate::name::visible(&cursor));
        report.note(format!("the source does not promise that ({key}) is unique: of such rows the one with the highest {cursor} is taken"));
        return;
    }
    let key = listed(key);
    report.note(format!("the source does not promise that ({key}) is unique: a row that comes twice {follows}"));
}

/// Says what the primary key of a table that an append makes means for the next run.
fn again(facts: Facts<'_>, key: &[String], report: &mut Report) {
    if facts.stream.wishes.disposition == Disposition::Append && !key.is_empty() {
        let key = listed(key);
        let end = if facts.sets_aside() {
            "a row that a later run brings again is refused"
        } else {
            "a later run that brings a row again ends there"
        };
        report.note(format!("the table gets the primary key ({key}): {end}"));
    }
}

/// Views and foreign tables have none: the step for targets refuses them.
fn may_have_keys(facts: Facts<'_>) -> bool {
    matches!(facts.target.kind, Some(RelationKind::Table | RelationKind::PartitionedTable))
}

/// The keys of the target can settle conflicts on these columns (PostgreSQL manual, INSERT, "ON CONFLICT Clause"). A
/// deferrable key on them is in the way even beside one that is not: the server takes all that fit, and refuses that one. One
/// that takes other values for equal would settle what is no conflict, and of two rows one would be lost.
pub(crate) fn settled(keys: &[TargetKey], key: &[String]) -> bool {
    let on_these = || keys.iter().filter(|found| same(&found.columns, key));
    !on_these().any(is_in_the_way) && on_these().any(|found| obstacle(found).is_none())
}

fn is_in_the_way(found: &TargetKey) -> bool {
    found.deferrable || found.otherwise
}

fn obstacle(found: &TargetKey) -> Option<&'static str> {
    match found {
        TargetKey { partial: true, .. } => Some("covers only some rows"),
        TargetKey { expression: true, .. } => Some("is over an expression"),
        TargetKey { otherwise: true, .. } => Some("takes values for equal that its columns keep apart"),
        TargetKey { deferrable: true, .. } => Some("is deferrable"),
        _ => None,
    }
}

pub(crate) fn same(one: &[String], other: &[String]) -> bool {
    one.iter().collect::<BTreeSet<_>>() == other.iter().collect::<BTreeSet<_>>()
}

/// The source promises that no two rows have the same values in these columns.
pub(crate) fn known_unique(facts: Facts<'_>, key: &[String]) -> bool {
    let unique = |found: &Vec<String>| !found.is_empty() && found.iter().all(|column| key.contains(column));
    // A key of a table says nothing of the tables that inherit from it (PostgreSQL manual, 5.10.1, "Caveats").
    if facts.source.dependents.iter().any(|found| found.kind == CHILD) {
        return false;
    }
    unique(&facts.source.key) || facts.source.unique_keys.iter().any(unique)
}

/// The target may take two values of the key for one that the source keeps apart: a column of text has options of its own
/// there, and a collation is one of them.
pub(crate) fn compared_otherwise(facts: Facts<'_>, key: &[String]) -> bool {
    let own = |column: &String| facts.target.dependents.iter().any(|d| d.kind == COLUMN_OPTIONS && d.name == *column);
    let is_text = |native: &str| {
        // A type of somebody's, in quotes, may be made of text.
        native.ends_with("[]") || ["\"", "text", "char", "bpchar", "name"].iter().any(|text| native.starts_with(text))
    };
    key.iter().any(|column| own(column) && facts.target_column(column).is_some_and(|found| is_text(&found.native)))
}

fn why_not_unique(facts: Facts<'_>, key: &[String]) -> String {
    match in_the_way(facts, key) {
        Some((found, why)) => {
            format!("the target's unique key {} {why}: it cannot settle conflicts", crate::name::visible(&found.name))
        }
        None => format!("{} has no unique key on ({})", facts.target.name, listed(key)),
    }
}

/// A key on these columns that cannot settle conflicts, and why; a deferrable one first, as it must go.
fn in_the_way<'a>(facts: Facts<'a>, key: &[String]) -> Option<(&'a TargetKey, &'static str)> {
    let found = facts.target.keys.iter().filter(|found| same(&found.columns, key));
    let (found, why) =
        found.filter_map(|found| Some((found, obstacle(found)?))).max_by_key(|(key, _)| is_in_the_way(key))?;
    Some((found, why))
}

fn unique_advice(facts: Facts<'_>, key: &[String]) -> String {
    let (target, columns) = (shown::object(&facts.target.name), shown::columns(key));
    match in_the_way(facts, key) {
        Some((found, _)) if found.deferrable => {
            let kind = if found.primary { "PRIMARY KEY" } else { "UNIQUE" };
            let name = shown::identifier(&found.name);
            format!("make it immediate: ALTER TABLE {target} DROP CONSTRAINT {name}, ADD {kind} ({columns});")
        }
        Some((found, _)) if found.otherwise => {
            let name = shown::identifier(&found.name);
            format!("drop {name} and make one on the columns as they are, or name another `key`")
        }
        _ => format!("make one: ALTER TABLE {target} ADD UNIQUE ({columns}); or name another `key`"),
    }
}
