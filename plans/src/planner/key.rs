//! Step: which columns identify a row. Owns the choice of the key and whether a target can settle conflicts by it.

use super::{
    facts::{Facts, listed},
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
    let key = match &facts.stream.wishes.key {
        Some(wish) => wished(facts, wish, &mut report),
        None => primary(facts, &mut report),
    };
    nullable(facts, &key, &mut report);
    if facts.stream.wishes.disposition == Disposition::Upsert {
        for_upsert(facts, &key, &mut report);
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

fn nullable(facts: Facts<'_>, key: &[String], report: &mut Report) {
    let open = |column: &&String| facts.source_column(column).is_some_and(|found| found.nullable);
    for column in key.iter().filter(open) {
        let reason = "it is part of the key and may be NULL: a NULL identifies nothing";
        report.refuse_column(
            Rule::KeyNullable,
            column,
            reason,
            "make it NOT NULL at the source, or choose another `key`",
        );
    }
}

fn for_upsert(facts: Facts<'_>, key: &[String], report: &mut Report) {
    if key.is_empty() {
        let advice = "name its columns: key = [\"id\"]; or use write = \"replace\" or \"append\"";
        report.refuse(
            Rule::KeyMissing,
            "an upsert needs a key, and the source has no primary key among the columns read",
            advice,
        );
        return;
    }
    if key.iter().any(|column| facts.source_column(column).is_none()) {
        return;
    }
    if may_have_keys(facts) && !facts.target.keys.iter().any(|found| settles(found, key)) {
        report.refuse(Rule::KeyNotUnique, why_not_unique(facts, key), unique_advice(facts, key));
    }
    if !known_unique(facts, key) {
        report.note(format!(
            "the source does not promise that ({}) is unique: a row that comes twice ends the run",
            listed(key)
        ));
    }
}

/// Views and foreign tables have none: the step for targets refuses them.
fn may_have_keys(facts: Facts<'_>) -> bool {
    matches!(facts.target.kind, Some(RelationKind::Table | RelationKind::PartitionedTable))
}

/// A key of the target can settle conflicts on these columns (PostgreSQL manual, INSERT, "ON CONFLICT Clause").
fn settles(found: &TargetKey, key: &[String]) -> bool {
    same(&found.columns, key) && obstacle(found).is_none()
}

fn obstacle(found: &TargetKey) -> Option<&'static str> {
    match found {
        TargetKey { partial: true, .. } => Some("covers only some rows"),
        TargetKey { expression: true, .. } => Some("is over an expression"),
        TargetKey { deferrable: true, .. } => Some("is deferrable"),
        _ => None,
    }
}

fn same(one: &[String], other: &[String]) -> bool {
    one.iter().collect::<BTreeSet<_>>() == other.iter().collect::<BTreeSet<_>>()
}

fn known_unique(facts: Facts<'_>, key: &[String]) -> bool {
    let unique = |found: &Vec<String>| !found.is_empty() && found.iter().all(|column| key.contains(column));
    unique(&facts.source.key) || facts.source.unique_keys.iter().any(unique)
}

fn why_not_unique(facts: Facts<'_>, key: &[String]) -> String {
    let near = facts.target.keys.iter().find(|found| same(&found.columns, key));
    match near.and_then(|found| Some((found, obstacle(found)?))) {
        Some((found, why)) => {
            format!("the target's unique key {} {why}: it cannot settle conflicts", crate::name::visible(&found.name))
        }
        None => format!("{} has no unique key on ({})", facts.target.name, listed(key)),
    }
}

fn unique_advice(facts: Facts<'_>, key: &[String]) -> String {
    let (target, columns) = (shown::object(&facts.target.name), shown::columns(key));
    format!("make one: ALTER TABLE {target} ADD UNIQUE ({columns}); or name another `key`")
}
