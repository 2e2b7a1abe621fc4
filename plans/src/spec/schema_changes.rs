//! `[schema_changes]`: what to do where the source moved since the last run. Owns the words and the defaults.

use super::reader::{Reader, Section};

/// A column that is new at the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NewColumn {
    /// The target gets it.
    #[default]
    Add,
    /// It is not read.
    Ignore,
    /// The plan is refused.
    Fail,
}

/// A column that the source has no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RemovedColumn {
    /// The target keeps it; new rows have none of its values.
    #[default]
    Keep,
    /// The plan is refused.
    Fail,
}

/// A column whose values no longer fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TypeChange {
    /// The target's type is altered where nothing is lost by it.
    Widen,
    /// The plan is refused.
    #[default]
    Fail,
}

/// A column that may be NULL now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Nullability {
    /// The target's column takes NULL, too.
    #[default]
    Relax,
    /// The plan is refused.
    Fail,
}

/// All four policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub struct SchemaChanges {
    pub new_column: NewColumn,
    pub removed_column: RemovedColumn,
    pub type_change: TypeChange,
    pub nullability: Nullability,
}

const KEYS: [&str; 4] = ["new_column", "removed_column", "type_change", "nullability"];

pub(crate) fn read(reader: &mut Reader<'_>, section: Section<'_>) -> SchemaChanges {
    reader.unknown_keys(section, &KEYS);
    SchemaChanges {
        new_column: word(
            reader,
            section,
            KEYS[0],
            &[("add", NewColumn::Add), ("ignore", NewColumn::Ignore), ("fail", NewColumn::Fail)],
        ),
        removed_column: word(reader, section, KEYS[1], &[("keep", RemovedColumn::Keep), ("fail", RemovedColumn::Fail)]),
        type_change: word(reader, section, KEYS[2], &[("widen", TypeChange::Widen), ("fail", TypeChange::Fail)]),
        nullability: word(reader, section, KEYS[3], &[("relax", Nullability::Relax), ("fail", Nullability::Fail)]),
    }
}

/// The policy that one key names; its default where the file says nothing, or something wrong.
fn word<T: Copy + Default>(reader: &mut Reader<'_>, section: Section<'_>, key: &str, words: &[(&str, T)]) -> T {
    section.get(key).and_then(|node| reader.word(key, node, words)).unwrap_or_default()
}
