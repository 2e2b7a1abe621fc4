//! When a new table may take the target's place: nothing of the old one may be lost by it. Owns that list of conditions.

use super::facts::{Facts, kind_words, listed};
use crate::{
    figures,
    name::visible,
    observation::{Dependent, Identity, Privilege, RelationKind},
};

/// Why the target cannot be swapped; none: it can. `alters`: columns of the target are changed with this run.
pub(crate) fn obstacle(facts: Facts<'_>, alters: bool) -> Option<String> {
    plain_table(facts)
        .or_else(|| all_is_carried(facts))
        .or_else(|| rights(facts))
        .or_else(|| alters.then(|| "its columns change with this run".to_owned()))
}

/// What hangs on the target, counted by its kinds: "2 indexes, a grant"; none: nothing.
pub(crate) fn carries(facts: Facts<'_>) -> Option<String> {
    let mut counts: Vec<(&str, u64)> = Vec::new();
    for kind in facts.target.dependents.iter().map(|item| family(&item.kind)) {
        match counts.iter_mut().find(|(counted, _)| *counted == kind) {
            Some((_, count)) => *count += 1,
            None => counts.push((kind, 1)),
        }
    }
    let words: Vec<String> = counts.into_iter().map(|(kind, count)| counted(kind, count)).collect();
    (!words.is_empty()).then(|| listed(&words))
}

/// "column comment" is a comment.
fn family(kind: &str) -> &str {
    match kind {
        "column comment" | "index comment" | "key comment" | "check comment" => "comment",
        "column grant" => "grant",
        "column storage" | "column statistics" => "column options",
        "storage" => "storage parameters",
        "generated" => "generated column",
        "clustered" => "cluster mark",
        other => other,
    }
}

/// "an index", "3 grants"; "statistics" has no other form.
fn counted(kind: &str, count: u64) -> String {
    let article = if kind.starts_with(['e', 'i']) { "an" } else { "a" };
    match (count, kind) {
        (_, kind) if kind.ends_with('s') => visible(kind),
        (1, kind) => format!("{article} {}", visible(kind)),
        (_, "index") => figures::plural(count, kind, "indexes"),
        (_, kind) => figures::plural(count, kind, &visible(&plural(kind))),
    }
}

fn plural(kind: &str) -> String {
    kind.strip_suffix('y')
        .filter(|_| !kind.ends_with("key"))
        .map_or_else(|| format!("{kind}s"), |stem| format!("{stem}ies"))
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

fn all_is_carried(facts: Facts<'_>) -> Option<String> {
    let target = facts.target;
    let shown = |item: &Dependent| format!("{} {}", visible(&item.kind), visible(&item.name));
    let staying: Vec<String> = target.dependents.iter().filter(|d| d.definition.is_none()).map(shown).collect();
    if !staying.is_empty() {
        return Some(format!("something hangs on it that a new table would not have: {}", listed(&staying)));
    }
    // Both follow from what hangs on it, where the destination names all of that.
    let lost = target.keys.iter().find(|key| !target.dependents.iter().any(|item| item.name == key.name));
    let identity = target.columns.iter().find(|column| column.identity != Identity::None);
    lost.map(|key| format!("a new table would not have its key {}", visible(&key.name))).or_else(|| {
        identity.map(|column| format!("column {} is an identity, which would begin anew", visible(&column.name)))
    })
}

/// The new table is made by reading the old one's columns, and belongs to whoever makes it.
fn rights(facts: Facts<'_>) -> Option<String> {
    let user = visible(facts.user());
    let lacks = |privilege, words: &str| (!facts.may(privilege)).then(|| format!("{user} {words}"));
    lacks(Privilege::Own, "does not own it")
        .or_else(|| lacks(Privilege::CreateInSchema, "may not create tables in its schema"))
        .or_else(|| lacks(Privilege::Select, "may not read it"))
}
