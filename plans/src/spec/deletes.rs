//! `deletes` and `deleted_column`: what becomes of rows that the source has no more. Owns the words, and which of them go
//! together.

use super::{
    reader::{Reader, Section},
    stream::filled,
};
use crate::decision::Disposition;

/// What becomes of a target's rows that the stream has no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deletes {
    /// They stay.
    Ignore,
    /// They are deleted.
    Sweep,
    /// They are marked in this column of the target.
    Mark(String),
}

pub(super) const KEYS: [&str; 2] = ["deletes", "deleted_column"];

/// The column that tells since when a row is gone, where the sync file names none.
const COLUMN: &str = "deleted_at";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    Ignore,
    Sweep,
    Mark,
}

const WORDS: [(&str, Word); 3] = [("ignore", Word::Ignore), ("sweep", Word::Sweep), ("mark", Word::Mark)];

/// What one section says.
#[derive(Default)]
pub(super) struct Wishes {
    word: Option<Word>,
    column: Option<String>,
}

pub(super) fn wishes(reader: &mut Reader<'_>, section: Section<'_>) -> Wishes {
    Wishes {
        word: section.get("deletes").and_then(|n| reader.word("deletes", n, &WORDS)),
        column: section.get("deleted_column").and_then(|n| filled(reader, "deleted_column", n)).map(|text| text.value),
    }
}

/// What a stream means by its own words and the defaults; defaults hold for upserts alone.
pub(super) fn choose(
    reader: &mut Reader<'_>,
    section: Section<'_>,
    own: Wishes,
    defaults: &Wishes,
    write: Option<Disposition>,
) -> Deletes {
    let upserts = write == Some(Disposition::Upsert);
    let word = own.word.or_else(|| defaults.word.filter(|_| upserts)).unwrap_or(Word::Ignore);
    if !upserts && own.word.is_some_and(|word| word != Word::Ignore) {
        let (message, advice) = match write {
            Some(Disposition::Append) => ("an append keeps every row that it ever brought", "use write = \"upsert\""),
            _ => ("write = \"replace\" leaves no row that the source has no more", "take it out"),
        };
        wrong(reader, section, "deletes", message, advice);
    }
    if word != Word::Mark && own.column.is_some() {
        let message = "`deleted_column` has no meaning where no row is marked";
        wrong(reader, section, "deleted_column", message, "take it out, or use deletes = \"mark\"");
    }
    match word {
        Word::Ignore => Deletes::Ignore,
        Word::Sweep => Deletes::Sweep,
        Word::Mark => {
            let column = own.column.or_else(|| defaults.column.clone());
            Deletes::Mark(column.unwrap_or_else(|| COLUMN.to_owned()))
        }
    }
}

fn wrong(reader: &mut Reader<'_>, section: Section<'_>, key: &str, message: &str, advice: &str) {
    let place = section.table.get_key_value(key).map_or(section.place, |(name, _)| reader.at(name.span()));
    reader.wrong(place, message, Some(advice.to_owned()));
}
