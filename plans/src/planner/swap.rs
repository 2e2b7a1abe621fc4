//! When a new table may take the target's place: nothing of the old one may be lost by it. Owns that list of conditions.

use super::facts::{Facts, kind_words, listed};
use crate::{
    name::visible,
    observation::{FitLabel, Identity, Privilege, RelationKind, TargetColumn},
};

/// Why the target cannot be swapped; none: it can. `key` is the stream's key.
pub(crate) fn obstacle(facts: Facts<'_>, key: &[String]) -> Option<String> {
    plain_table(facts)
        .or_else(|| nothing_hangs(facts))
        .or_else(|| rights(facts))
        .or_else(|| same_columns(facts))
        .or_else(|| same_key(facts, key))
}

fn plain_table(facts: Facts<'_>) -> Option<String> {
    let target = facts.target;
    match target.kind {
        Some(RelationKind::Table) if target.temporary => Some("it is temporary".to_owned()),
        Some(RelationKind::Table) if target.unlogged => Some("it is unlogged".to_owned()),
        Some(RelationKind::Table) if target.row_level_security => Some("it has row-level security".to_owned()),
        Some(RelationKind::Table) | None => None,
        Some(kind) => Some(format!("it is a {}", kind_words(kind))),
    }
}

fn nothing_hangs(facts: Facts<'_>) -> Option<String> {
    let shown = |kind: &str, name: &str| format!("{} {}", visible(kind), visible(name));
    let hanging: Vec<String> = facts.target.dependents.iter().map(|d| shown(&d.kind, &d.name)).collect();
    (!hanging.is_empty())
        .then(|| format!("something hangs on it that a new table would not have: {}", listed(&hanging)))
}

fn rights(facts: Facts<'_>) -> Option<String> {
    if !facts.may(Privilege::Own) {
        return Some(format!("{} does not own it", visible(facts.user)));
    }
    (!facts.may(Privilege::CreateInSchema))
        .then(|| format!("{} may not create tables in its schema", visible(facts.user)))
}

fn same_columns(facts: Facts<'_>) -> Option<String> {
    let there: Vec<&str> = facts.target.columns.iter().map(|column| column.name.as_str()).collect();
    let made: Vec<&str> = facts.source.columns.iter().map(|column| column.name.as_str()).collect();
    if there != made {
        return Some("its columns are not the stream's, in the stream's order".to_owned());
    }
    facts.target.columns.iter().find_map(|column| other_column(facts, column))
}

fn other_column(facts: Facts<'_>, column: &TargetColumn) -> Option<String> {
    let name = visible(&column.name);
    let exact = facts.fit(&column.name).is_some_and(|fit| fit.label == FitLabel::Exact && fit.target == column.native);
    let nullable = facts.source_column(&column.name).is_some_and(|source| source.nullable);
    if !exact {
        Some(format!("column {name} is not of the stream's type"))
    } else if column.has_default || column.generated || column.identity != Identity::None {
        Some(format!("column {name} has a default, is generated or an identity"))
    } else if column.nullable != nullable {
        Some(format!("column {name} differs in NOT NULL"))
    } else {
        None
    }
}

fn same_key(facts: Facts<'_>, key: &[String]) -> Option<String> {
    match facts.target.keys.as_slice() {
        [] => None,
        [one] if one.primary && !one.deferrable && one.columns == key => {
            // The name goes with the old table. Any other could be taken, and somebody may mean the old one by it.
            let usual = one.name == format!("{}_pkey", facts.target.name.name);
            (!usual).then(|| format!("its primary key has a name of its own: {}", visible(&one.name)))
        }
        [one] if one.primary => Some("its primary key is not the stream's key".to_owned()),
        _ => Some("it has unique keys beside a primary key".to_owned()),
    }
}
