//! The sync file: its text becomes a [`Spec`] that cannot be wrong, or all of its mistakes at once, each with its place.
//! One file per section or setting; none of them touches a file or the environment.

mod byte_size;
mod deletes;
mod duplicates;
mod duration;
mod end;
mod incremental;
mod limits;
mod on_row_error;
mod place;
mod reader;
mod schema_changes;
mod secret;
pub(crate) mod similar_word;
mod stream;
mod sync_name;
mod table_name;
mod variable;

#[cfg(test)]
mod tests;

pub use deletes::Deletes;
pub use duration::parse as duration_secs;
pub use end::EndSpec;
pub use incremental::{Incremental, LateCommits};
pub use limits::{Compression, Limits};
pub use on_row_error::OnRowError;
pub use place::{Mistake, Place};
pub use schema_changes::{NewColumn, Nullability, RemovedColumn, SchemaChanges, TypeChange};
pub use secret::Secret;
pub use stream::{Reads, StrategyWish, StreamSpec, Verify, WriteWishes};
pub use sync_name::{SYNC_NAME_BYTES_MAX, SyncName};
pub use table_name::Pattern;

use crate::digest::sha256_hex;
use reader::{Reader, Section};
use toml::de::DeTable;

/// The one version of the file format.
const VERSION: u64 = 1;
const START: Place = Place { line: 1, column: 1 };
const KEYS: [&str; 9] =
    ["version", "name", "source", "destination", "defaults", "stream", "limits", "schema_changes", "on_row_error"];

/// What a sync file says, checked; what depends on the servers is not decided here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// The file as the user named it, for mistakes that are found later.
    pub file: String,
    /// sha256 (hex) of the file's text as it stands, variables not expanded.
    pub sha256: String,
    /// Identifies checkpoints and receipts.
    pub name: SyncName,
    /// Where rows come from.
    pub source: EndSpec,
    /// Where they go.
    pub destination: EndSpec,
    /// The schema of targets whose `into` names none; none: the source's.
    pub destination_schema: Option<String>,
    /// At least one.
    pub streams: Vec<StreamSpec>,
    /// What a run may use.
    pub limits: Limits,
    /// What to do where the source moved since the last run.
    pub schema_changes: SchemaChanges,
    /// What becomes of rows that the destination refuses.
    pub on_row_error: OnRowError,
}

/// Parses a sync file. `file` is its name for mistakes, `env` answers variables.
///
/// # Errors
/// All mistakes, in the order of the file.
pub fn parse(text: &str, file: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<Spec, Vec<Mistake>> {
    let mut reader = Reader::new(file, text, env);
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let place = error.span().map_or(START, |span| reader.at(span));
        reader.wrong(place, format!("bad TOML: {}", error.message()), None);
    }
    if !errors.is_empty() {
        // What was recovered is a guess: its mistakes would not be the user's.
        return Err(reader.finish());
    }
    let spec = read(&mut reader, root.get_ref(), file, text);
    let mistakes = reader.finish();
    match spec {
        Some(spec) if mistakes.is_empty() => Ok(spec),
        _ => Err(mistakes),
    }
}

fn read(reader: &mut Reader<'_>, root: &DeTable<'_>, file: &str, text: &str) -> Option<Spec> {
    reader.unknown_keys(Section { title: "the file", place: START, table: root }, &KEYS);
    version(reader, root);
    let name = required(reader, root, "name", "name = \"shop\"").and_then(|node| sync_name::read(reader, node));
    let source = section(reader, root, "source", "[source]").and_then(|s| end::read(reader, s, &[]));
    let destination = section(reader, root, "destination", "[destination]");
    let schema = destination.and_then(|s| destination_schema(reader, s));
    let destination = destination.and_then(|s| end::read(reader, s, &["schema"]));
    let streams = stream::read(reader, root);
    duplicates::refuse(reader, &streams);
    let limits = reader.section(root, "limits", "[limits]").map(|s| limits::read(reader, s)).unwrap_or_default();
    let changes = reader.section(root, "schema_changes", "[schema_changes]");
    let schema_changes = changes.map(|s| schema_changes::read(reader, s)).unwrap_or_default();
    let refused = reader.section(root, "on_row_error", "[on_row_error]");
    let on_row_error = refused.map(|s| on_row_error::read(reader, s)).unwrap_or_default();
    Some(Spec {
        file: file.to_owned(),
        sha256: sha256_hex(text.as_bytes()),
        name: name?,
        source: source?,
        destination: destination?,
        destination_schema: schema,
        streams,
        limits,
        schema_changes,
        on_row_error,
    })
}

fn version(reader: &mut Reader<'_>, root: &DeTable<'_>) {
    let Some(node) = required(reader, root, "version", "version = 1") else { return };
    if let Some(version) = reader.integer("version", node, 0, u64::MAX)
        && version != VERSION
    {
        let message = format!("version {version} of the file format is not known");
        reader.wrong(reader.place(node), message, Some(format!("write version = {VERSION}")));
    }
}

fn required<'t>(
    reader: &mut Reader<'_>,
    root: &'t DeTable<'t>,
    key: &str,
    example: &str,
) -> Option<&'t reader::Node<'t>> {
    let node = root.get(key);
    if node.is_none() {
        reader.wrong(START, format!("the file lacks `{key}`"), Some(format!("begin with: {example}")));
    }
    node
}

fn section<'t>(reader: &mut Reader<'_>, root: &'t DeTable<'t>, key: &str, title: &'static str) -> Option<Section<'t>> {
    if root.get(key).is_none() {
        let advice = format!("add:\n    {title}\n    use = \"postgres\"\n    url = \"${{NAME_OF_A_VARIABLE}}\"");
        reader.wrong(START, format!("the file has no {title}"), Some(advice));
    }
    reader.section(root, key, title)
}

fn destination_schema(reader: &mut Reader<'_>, section: Section<'_>) -> Option<String> {
    let text = reader.text("schema", section.get("schema")?)?;
    if text.value.is_empty() || text.value.contains('\0') {
        reader.wrong(text.place, "`schema` is empty or holds a NUL character", None);
        return None;
    }
    Some(text.value)
}
