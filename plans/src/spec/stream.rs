//! `[[stream]]` and `[defaults]`: what is read and how it is to be written. Owns which keys go together; names are in
//! `table_name.rs`.

use super::{
    deletes::{self, Deletes},
    incremental::{self, Incremental},
    place::Place,
    reader::{Node, Reader, Section, Text, shorten},
    table_name::{self, Pattern},
};
use crate::{decision::Disposition, name::ObjectName};
use serde::{Deserialize, Serialize};
use toml::de::{DeTable, DeValue};

/// What a stream reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reads {
    /// One table or view; without a schema its namespace is empty.
    Table(ObjectName),
    /// All tables that match, but for some.
    Tables {
        /// Each with the place of its entry.
        patterns: Vec<(Pattern, Place)>,
        /// Left out.
        exclude: Vec<Pattern>,
    },
    /// One SELECT under a name.
    Query {
        /// Its text.
        sql: String,
        /// The stream's name.
        name: String,
    },
}

/// How rows are to enter, as far as the user minds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum StrategyWish {
    Auto,
    Copy,
    Insert,
    Upsert,
}

/// What is compared before a run is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verify {
    /// Rows read and rows written.
    Counts,
    /// And a checksum over every column.
    Checksum,
}

/// How a stream is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteWishes {
    /// What happens to rows that are there.
    pub disposition: Disposition,
    /// How rows enter.
    pub strategy: StrategyWish,
    /// The columns that identify a row; none: the source's primary key.
    pub key: Option<Vec<String>>,
    /// What is compared before the commit; none: the counts.
    pub verify: Option<Verify>,
    /// What becomes of rows that the source has no more; of a replace all are gone.
    pub deletes: Deletes,
}

/// One `[[stream]]`, with the defaults filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamSpec {
    /// Where the file says what is read.
    pub place: Place,
    /// What is read.
    pub reads: Reads,
    /// In this order; none: all.
    pub columns: Option<Vec<String>>,
    /// Left out.
    pub exclude_columns: Vec<String>,
    /// A condition in the source's language.
    pub filter: Option<String>,
    /// Where rows go; without a schema its namespace is empty. None: the same name.
    pub into: Option<ObjectName>,
    /// What is new since the last run; none: everything.
    pub incremental: Option<Incremental>,
    /// How it is to be written.
    pub wishes: WriteWishes,
}

/// Keys that `[defaults]` may hold as well.
const SHARED: [&str; 7] = ["write", "key", "columns", "exclude_columns", "where", "strategy", "verify"];
/// Keys that say what one stream is.
const OWN: [&str; 6] = ["table", "tables", "exclude", "query", "name", "into"];
/// A full refresh leaves exactly the source's rows: what running it again should leave, too.
const WRITE_DEFAULT: Disposition = Disposition::Replace;

const DISPOSITIONS: [(&str, Disposition); 3] =
    [("append", Disposition::Append), ("replace", Disposition::Replace), ("upsert", Disposition::Upsert)];
const STRATEGIES: [(&str, StrategyWish); 4] = [
    ("auto", StrategyWish::Auto),
    ("copy", StrategyWish::Copy),
    ("insert", StrategyWish::Insert),
    ("upsert", StrategyWish::Upsert),
];
const VERIFICATIONS: [(&str, Verify); 2] = [("counts", Verify::Counts), ("checksum", Verify::Checksum)];

/// What a stream and the defaults have in common.
#[derive(Default)]
struct Shared {
    write: Option<Disposition>,
    strategy: Option<StrategyWish>,
    key: Option<Vec<String>>,
    columns: Option<Vec<String>>,
    exclude_columns: Option<Vec<String>>,
    filter: Option<String>,
    incremental: incremental::Wishes,
    verify: Option<Verify>,
    deletes: deletes::Wishes,
}

const NO_STREAM: &str = "say what is read:\n    [[stream]]\n    table = \"public.orders\"";

/// Reads all streams. An empty list always comes with a mistake.
pub(crate) fn read(reader: &mut Reader<'_>, root: &DeTable<'_>) -> Vec<StreamSpec> {
    let defaults =
        reader.section(root, "defaults", "[defaults]").map(|section| defaults(reader, section)).unwrap_or_default();
    let Some((key, node)) = root.get_key_value("stream") else {
        reader.wrong(Place { line: 1, column: 1 }, "the file has no [[stream]]", Some(NO_STREAM.to_owned()));
        return Vec::new();
    };
    let DeValue::Array(items) = node.get_ref() else {
        let advice = Some("write each stream under [[stream]], in double brackets".to_owned());
        reader.wrong(reader.at(key.span()), "`stream` must be a list of sections", advice);
        return Vec::new();
    };
    if items.is_empty() {
        reader.wrong(reader.place(node), "the file has no [[stream]]", Some(NO_STREAM.to_owned()));
    }
    items.iter().filter_map(|item| stream(reader, item, &defaults)).collect()
}

fn defaults(reader: &mut Reader<'_>, section: Section<'_>) -> Shared {
    let mut known = shared_keys();
    for key in OWN {
        if let Some((name, _)) = section.table.get_key_value(key) {
            let message = format!("`{key}` says what one stream is: it cannot be a default");
            reader.wrong(reader.at(name.span()), message, Some("move it to a [[stream]]".to_owned()));
            known.push(key);
        }
    }
    reader.unknown_keys(section, &known);
    shared(reader, section)
}

fn shared_keys() -> Vec<&'static str> {
    [SHARED.as_slice(), incremental::KEYS.as_slice(), deletes::KEYS.as_slice()].concat()
}

fn shared(reader: &mut Reader<'_>, section: Section<'_>) -> Shared {
    Shared {
        write: section.get("write").and_then(|n| reader.word("write", n, &DISPOSITIONS)),
        strategy: section.get("strategy").and_then(|n| reader.word("strategy", n, &STRATEGIES)),
        key: section.get("key").and_then(|n| columns(reader, "key", n)),
        columns: section.get("columns").and_then(|n| columns(reader, "columns", n)),
        exclude_columns: section.get("exclude_columns").and_then(|n| columns(reader, "exclude_columns", n)),
        filter: section.get("where").and_then(|n| filled(reader, "where", n)).map(|text| text.value),
        incremental: incremental::wishes(reader, section),
        deletes: deletes::wishes(reader, section),
        verify: section.get("verify").and_then(|n| reader.word("verify", n, &VERIFICATIONS)),
    }
}

fn stream(reader: &mut Reader<'_>, node: &Node<'_>, defaults: &Shared) -> Option<StreamSpec> {
    let DeValue::Table(table) = node.get_ref() else {
        reader.wrong_kind("stream", node, "a section [[stream]]");
        return None;
    };
    let section = Section { title: "[[stream]]", place: reader.place(node), table };
    reader.unknown_keys(section, &[OWN.as_slice(), &shared_keys()].concat());
    let own = shared(reader, section);
    let reads = reads(reader, section);
    let into = section.get("into").and_then(|n| into(reader, section, n));
    let write = own.write.or(defaults.write);
    let incremental = incremental::choose(reader, section, own.incremental, &defaults.incremental, write);
    let deletes = deletes::choose(reader, section, own.deletes, &defaults.deletes, write);
    let (reads, place) = reads?;
    Some(StreamSpec {
        place,
        reads,
        // What a stream says of its columns replaces what the defaults say of them, both ways.
        exclude_columns: own
            .exclude_columns
            .or_else(|| if own.columns.is_some() { None } else { defaults.exclude_columns.clone() })
            .unwrap_or_default(),
        columns: own.columns.or_else(|| defaults.columns.clone()),
        filter: own.filter.or_else(|| defaults.filter.clone()),
        into,
        incremental,
        wishes: WriteWishes {
            disposition: write.unwrap_or(WRITE_DEFAULT),
            strategy: own.strategy.or(defaults.strategy).unwrap_or(StrategyWish::Auto),
            key: own.key.or_else(|| defaults.key.clone()),
            verify: own.verify.or(defaults.verify),
            deletes,
        },
    })
}

fn reads(reader: &mut Reader<'_>, section: Section<'_>) -> Option<(Reads, Place)> {
    let given: Vec<&str> = ["table", "tables", "query"].into_iter().filter(|key| section.get(key).is_some()).collect();
    for (key, with) in [("exclude", "tables"), ("name", "query")] {
        if let Some((name, _)) = section.table.get_key_value(key)
            && section.get(with).is_none()
        {
            let advice = (key == "name").then(|| "a table's target is named by `into`".to_owned());
            reader.wrong(reader.at(name.span()), format!("`{key}` goes with `{with}` only"), advice);
        }
    }
    match given.as_slice() {
        [] => {
            let advice = "give one of `table`, `tables` and `query`".to_owned();
            reader.wrong(section.place, "the stream does not say what it reads", Some(advice));
            None
        }
        [one] => {
            let node = section.get(one)?;
            let place = reader.place(node);
            let reads = match *one {
                "table" => table(reader, "table", node).map(Reads::Table),
                "tables" => tables(reader, section, node),
                _ => query(reader, section, node),
            };
            Some((reads?, place))
        }
        [first, .., last] => {
            let (name, _) = section.table.get_key_value(*last)?;
            let message = format!("a stream reads one thing, and this one has `{first}` and `{last}`");
            reader.wrong(reader.at(name.span()), message, Some("make two streams of it".to_owned()));
            None
        }
    }
}

/// A string that is not blank.
pub(super) fn filled(reader: &mut Reader<'_>, key: &str, node: &Node<'_>) -> Option<Text> {
    let text = reader.text(key, node)?;
    if text.value.trim().is_empty() || text.value.contains('\0') {
        reader.wrong(text.place, format!("`{key}` is empty or holds a NUL character"), None);
        return None;
    }
    Some(text)
}

fn table(reader: &mut Reader<'_>, key: &str, node: &Node<'_>) -> Option<ObjectName> {
    let text = reader.text(key, node)?;
    match table_name::parse(&text.value) {
        Ok(name) => Some(name),
        Err(bad) => {
            let advice = (bad == table_name::BadName::Star).then(|| format!("tables = [\"{}\"]", text.shown));
            reader.wrong(text.place, format!("`{key}`: \"{}\": {bad}", text.shown), advice);
            None
        }
    }
}

fn tables(reader: &mut Reader<'_>, section: Section<'_>, node: &Node<'_>) -> Option<Reads> {
    let patterns = patterns(reader, "tables", node)?;
    if patterns.is_empty() {
        reader.wrong(reader.place(node), "`tables` is empty", None);
        return None;
    }
    let exclude = match section.get("exclude") {
        Some(node) => self::patterns(reader, "exclude", node)?,
        None => Vec::new(),
    };
    Some(Reads::Tables { patterns, exclude: exclude.into_iter().map(|(pattern, _)| pattern).collect() })
}

fn patterns(reader: &mut Reader<'_>, key: &str, node: &Node<'_>) -> Option<Vec<(Pattern, Place)>> {
    let texts = reader.texts(key, node)?;
    let mut found = Vec::with_capacity(texts.len());
    for text in &texts {
        match Pattern::parse(&text.value) {
            Ok(pattern) => found.push((pattern, text.place)),
            Err(bad) => reader.wrong(text.place, format!("`{key}`: \"{}\": {bad}", text.shown), None),
        }
    }
    (found.len() == texts.len()).then_some(found)
}

fn query(reader: &mut Reader<'_>, section: Section<'_>, node: &Node<'_>) -> Option<Reads> {
    let sql = filled(reader, "query", node);
    let Some(name) = section.get("name") else {
        let advice = "name the stream and its target: name = \"orders\"".to_owned();
        reader.wrong(reader.place(node), "a `query` needs a `name`", Some(advice));
        return None;
    };
    let name = filled(reader, "name", name)?;
    Some(Reads::Query { sql: sql?.value, name: name.value })
}

fn into(reader: &mut Reader<'_>, section: Section<'_>, node: &Node<'_>) -> Option<ObjectName> {
    if section.get("tables").is_some() {
        let advice = "each table goes into one of its own name; name a table by `table` to choose another".to_owned();
        reader.wrong(reader.place(node), "`into` cannot be given with `tables`", Some(advice));
        return None;
    }
    table(reader, "into", node)
}

/// A list of column names: none empty, none twice, not an empty list.
fn columns(reader: &mut Reader<'_>, key: &str, node: &Node<'_>) -> Option<Vec<String>> {
    let texts = reader.texts(key, node)?;
    if texts.is_empty() {
        reader.wrong(reader.place(node), format!("`{key}` is empty"), None);
        return None;
    }
    let mut names: Vec<String> = Vec::with_capacity(texts.len());
    let mut good = true;
    for text in texts {
        if text.value.is_empty() || text.value.contains('\0') {
            reader.wrong(text.place, format!("`{key}` holds a name that is empty or has a NUL character"), None);
            good = false;
        } else if names.contains(&text.value) {
            reader.wrong(text.place, format!("`{key}` holds \"{}\" twice", shorten(&text.shown)), None);
            good = false;
        }
        names.push(text.value);
    }
    good.then_some(names)
}
