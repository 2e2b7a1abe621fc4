//! Which streams a sync file means, now that the source's catalogue is known: wildcards, names, targets. Owns no choice
//! of how they are written.

use crate::{
    catalog::{Catalog, CatalogStream},
    decision::{Relation, Selection},
    name::ObjectName,
    observation::{RelationKind, StreamObservation},
    spec::{
        Incremental, Mistake, NewColumn, Pattern, Place, Reads, Spec, StreamSpec, WriteWishes, similar_word::nearest,
    },
};
use std::collections::{BTreeMap, BTreeSet};

/// One stream, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedStream {
    /// "public.orders", or the name of a query; unique in a sync.
    pub stream: String,
    /// Where the sync file says so.
    pub place: Place,
    /// What it reads.
    pub selection: Selection,
    /// Where its rows go.
    pub target: ObjectName,
    /// How it is to be written.
    pub wishes: WriteWishes,
    /// What is new since the last run; none: everything.
    pub incremental: Option<Incremental>,
}

impl ResolvedStream {
    /// The stream, these columns left out.
    #[must_use]
    pub fn without(&self, columns: &[String]) -> Self {
        let mut less = self.clone();
        match &mut less.selection.columns {
            Some(named) => named.retain(|name| !columns.contains(name)),
            None => less.selection.exclude.extend_from_slice(columns),
        }
        less
    }
}

/// The columns that are new at the source since the last run, where these are to be ignored. `seen` is of the whole stream.
pub fn ignored(spec: &Spec, seen: &StreamObservation) -> Vec<String> {
    let target = &seen.target;
    if spec.schema_changes.new_column != NewColumn::Ignore
        || target.kind.is_none()
        || !(target.filled_by_us || target.changed_by_others)
    {
        return Vec::new();
    }
    let is_there = |name: &String| target.columns.iter().any(|column| column.name == *name);
    let new = seen.source.columns.iter().map(|column| &column.name).filter(|name| !is_there(name));
    let ignored: Vec<String> = new.cloned().collect();
    if ignored.len() == seen.source.columns.len() { Vec::new() } else { ignored }
}

/// True where [`resolve`] needs the source's catalogue: some stream is a wildcard.
pub fn needs_catalog(spec: &Spec) -> bool {
    spec.streams.iter().any(|stream| match &stream.reads {
        Reads::Tables { patterns, .. } => patterns.iter().any(|(pattern, _)| pattern.literal().is_none()),
        Reads::Table(_) | Reads::Query { .. } => false,
    })
}

/// All streams of the sync, in the order of the file; those of a wildcard in the order of names.
///
/// # Errors
/// Every entry that matches nothing, and every stream that is there twice.
pub fn resolve(spec: &Spec, catalog: Option<&Catalog>) -> Result<Vec<ResolvedStream>, Vec<Mistake>> {
    let mut mistakes = Vec::new();
    let mut streams = Vec::new();
    for stream in &spec.streams {
        match &stream.reads {
            Reads::Table(table) => {
                missing(spec, catalog, table, stream.place, &mut mistakes);
                streams.push(of_table(spec, stream, table));
            }
            Reads::Query { sql, name } => streams.push(of_query(spec, stream, sql, name)),
            Reads::Tables { patterns, exclude } => {
                let tables = expand(spec, catalog, patterns, exclude, &mut mistakes);
                streams.extend(tables.iter().map(|table| of_table(spec, stream, table)));
            }
        }
    }
    twice(spec, &streams, &mut mistakes);
    if mistakes.is_empty() { Ok(streams) } else { Err(mistakes) }
}

fn of_table(spec: &Spec, stream: &StreamSpec, table: &ObjectName) -> ResolvedStream {
    resolved(spec, stream, table.to_string(), Relation::Table(table.clone()), table)
}

/// The first column of the key, where the stream may be read in parts: an index may serve a condition, and would not serve its parts.
fn ranges(from: &StreamSpec) -> Option<String> {
    let whole = from.incremental.is_none() && from.filter.is_none();
    from.wishes.key.iter().flatten().next().filter(|_| whole).cloned()
}

fn of_query(spec: &Spec, stream: &StreamSpec, sql: &str, name: &str) -> ResolvedStream {
    resolved(spec, stream, crate::name::visible(name), Relation::Query(sql.to_owned()), &ObjectName::new("", name))
}

fn resolved(
    spec: &Spec,
    from: &StreamSpec,
    stream: String,
    relation: Relation,
    default: &ObjectName,
) -> ResolvedStream {
    let wanted = from.into.as_ref().unwrap_or(default);
    let explicit = from.into.as_ref().map(|into| into.namespace.as_str()).filter(|namespace| !namespace.is_empty());
    let namespace = explicit.or(spec.destination_schema.as_deref()).unwrap_or(&default.namespace);
    ResolvedStream {
        stream,
        place: from.place,
        selection: Selection {
            relation,
            columns: from.columns.clone(),
            exclude: from.exclude_columns.clone(),
            filter: from.filter.clone(),
            cursor: from.incremental.as_ref().map(|incremental| incremental.cursor.clone()),
            ranges: ranges(from),
        },
        target: ObjectName::new(namespace, &wanted.name),
        wishes: from.wishes.clone(),
        incremental: from.incremental.clone(),
    }
}

/// The tables of a `tables` list: what its entries match, less what is excluded, each once, ordered by name. A wildcard
/// takes tables and partitioned tables that have columns; a view or foreign table must be named.
fn expand(
    spec: &Spec,
    catalog: Option<&Catalog>,
    patterns: &[(Pattern, Place)],
    exclude: &[Pattern],
    mistakes: &mut Vec<Mistake>,
) -> BTreeSet<ObjectName> {
    let mut tables = BTreeSet::new();
    for (pattern, place) in patterns {
        let found: Vec<ObjectName> = match (pattern.literal(), catalog) {
            (Some(table), _) => {
                missing(spec, catalog, &table, *place, mistakes);
                vec![table]
            }
            (None, Some(catalog)) => {
                let listed = matching(catalog, pattern).filter(|listed| !listed.columns.is_empty());
                listed.map(|listed| listed.name.clone()).collect()
            }
            (None, None) => Vec::new(),
        };
        let kept: Vec<ObjectName> =
            found.into_iter().filter(|table| !exclude.iter().any(|pattern| pattern.matches(table))).collect();
        if kept.is_empty() {
            let advice = "see what there is: rapidbyte discover".to_owned();
            let message = "the source offers no table that this entry means and `exclude` leaves";
            mistakes.push(Mistake::new(&spec.file, *place, message, Some(advice)));
        }
        tables.extend(kept);
    }
    tables
}

fn matching<'a>(catalog: &'a Catalog, pattern: &'a Pattern) -> impl Iterator<Item = &'a CatalogStream> {
    let table = |kind: RelationKind| matches!(kind, RelationKind::Table | RelationKind::PartitionedTable);
    catalog.streams.iter().filter(move |listed| table(listed.kind) && pattern.matches(&listed.name))
}

/// The tables that wildcards mean and that have no columns, ordered by name.
pub fn columnless(spec: &Spec, catalog: Option<&Catalog>) -> Vec<String> {
    let mut found = BTreeSet::new();
    for stream in &spec.streams {
        let (Reads::Tables { patterns, exclude }, Some(catalog)) = (&stream.reads, catalog) else { continue };
        let wild = patterns.iter().map(|(pattern, _)| pattern).filter(|pattern| pattern.literal().is_none());
        let none = wild.flat_map(|pattern| matching(catalog, pattern)).filter(|listed| listed.columns.is_empty());
        let kept = none.filter(|listed| !exclude.iter().any(|pattern| pattern.matches(&listed.name)));
        found.extend(kept.map(|listed| listed.name.to_string()));
    }
    found.into_iter().collect()
}

/// A mistake where the catalogue is known and does not hold a table that is named with its schema.
fn missing(spec: &Spec, catalog: Option<&Catalog>, table: &ObjectName, place: Place, mistakes: &mut Vec<Mistake>) {
    let Some(catalog) = catalog else { return };
    if table.namespace.is_empty() || catalog.streams.iter().any(|stream| stream.name == *table) {
        return;
    }
    let names: Vec<String> = catalog.streams.iter().map(|stream| stream.name.to_string()).collect();
    let advice = match nearest(&table.to_string(), names.iter().map(String::as_str)) {
        Some(near) => format!("did you mean {near}?"),
        None => "it is not there, or this user may not read it; see what there is: rapidbyte discover".to_owned(),
    };
    mistakes.push(Mistake::new(&spec.file, place, format!("the source offers no {table}"), Some(advice)));
}

fn twice(spec: &Spec, streams: &[ResolvedStream], mistakes: &mut Vec<Mistake>) {
    let mut first: BTreeMap<&str, Place> = BTreeMap::new();
    for stream in streams {
        if let Some(before) = first.get(stream.stream.as_str()) {
            let message = format!("stream {} is already read by line {}", stream.stream, before.line);
            let advice = "take one of them out, or leave it to one by `exclude`".to_owned();
            mistakes.push(Mistake::new(&spec.file, stream.place, message, Some(advice)));
        } else {
            first.insert(&stream.stream, stream.place);
        }
    }
}
