//! Drift: how the world differs from what a plan observed, field by field. Estimates do not count: nothing fails because
//! a table grew. That a table was empty is no estimate, and the plan may rest on it: that it no longer is does count.

use crate::{
    decision::Statement,
    figures,
    name::visible,
    observation::{Observation, Privilege, StreamObservation, TargetState},
    plan::StreamPlan,
};
use serde_json::{Map, Value};
use similar::{ChangeTag, TextDiff};
use std::collections::{BTreeMap, BTreeSet};

/// Fields that are estimates, or follow from others; what another run means for a plan is said in `spent`.
const IGNORED: [&str; 7] = ["statistics", "rows", "rows_in_all", "last_run", "access", "access_late", "cores"];
/// The field whose presence alone counts.
const EXTENT: &str = "extent";
/// The field that holds the order of a list's items, beside them.
const ORDER: &str = "order";
/// Fields by which the items of a list are told apart, in the order in which they are asked.
const NAMES: [&str; 4] = ["stream", "name", "column", "purpose"];

/// One thing that moved.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Difference {
    /// The stream it concerns; none: an end, or the list of streams.
    pub stream: Option<String>,
    /// Where: "target, columns, total, native".
    pub what: String,
    /// As the plan saw it; none: it was not there.
    pub planned: Option<String>,
    /// As it is now; none: it is gone.
    pub now: Option<String>,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(stream) = &self.stream {
            write!(f, "{stream}: ")?;
        }
        match (&self.planned, &self.now) {
            (Some(planned), Some(now)) => write!(f, "{}: was {planned}, is {now}", self.what),
            (Some(planned), None) => write!(f, "{}: was {planned}, is gone", self.what),
            (None, now) => write!(f, "{}: is new: {}", self.what, now.as_deref().unwrap_or_default()),
        }
    }
}

impl Difference {
    /// What moved, and under it, as a diff has it, what was and what is.
    pub fn as_diff(&self) -> String {
        let stream = self.stream.as_ref().map_or_else(String::new, |stream| format!("{stream}: "));
        let side = |mark: char, value: &Option<String>| value.as_ref().map(|value| format!("\n{mark} {value}"));
        let sides = [side('-', &self.planned), side('+', &self.now)];
        format!("{stream}{}{}", self.what, sides.into_iter().flatten().collect::<String>())
    }
}

/// What moved between the plan's observation and now, in the order of the observation; empty: nothing.
pub fn compare(planned: &Observation, now: &Observation) -> Vec<Difference> {
    let mut found = filled(planned, now);
    let (planned, now) = (tree(planned), tree(now));
    walk(&mut Vec::new(), Some(&planned), Some(&now), &mut found);
    found
}

/// What is there now, but as the plan saw it where that is of use to parts alone and the stream has none.
pub fn as_needed(planned: &Observation, streams: &[StreamPlan], mut now: Observation) -> Observation {
    for stream in streams.iter().filter(|stream| !stream.write.parts) {
        let is_it = |seen: &&StreamObservation| seen.stream == stream.stream;
        let Some(before) = planned.streams.iter().find(is_it) else { continue };
        for seen in now.streams.iter_mut().filter(|seen| seen.stream == stream.stream) {
            seen.source.extent = before.source.extent;
            seen.source.ranges.clone_from(&before.source.ranges);
            if but_load(&seen.target).eq(but_load(&before.target)) {
                seen.target.privileges.clone_from(&before.target.privileges);
            }
        }
    }
    now
}

fn but_load(target: &TargetState) -> impl Iterator<Item = &Privilege> {
    target.privileges.iter().filter(|privilege| **privilege != Privilege::Load)
}

/// What begins a run: the plan's statements, or nothing where another run has executed them since.
///
/// # Errors
/// Others are missing now.
pub fn bookkeeping<'p>(planned: &'p [Statement], now: &[Statement]) -> Result<&'p [Statement], Vec<Difference>> {
    if now.is_empty() {
        return Ok(&[]);
    }
    if now == planned {
        return Ok(planned);
    }
    let count = |statements: &[Statement]| Some(figures::plural(statements.len() as u64, "statement", "statements"));
    let what = "bookkeeping".to_owned();
    Err(vec![Difference { stream: None, what, planned: count(planned), now: count(now) }])
}

/// Targets that were empty and are not any more: rows that nobody was asked about.
fn filled(planned: &Observation, now: &Observation) -> Vec<Difference> {
    let other = |stream: &str| now.streams.iter().find(|seen| seen.stream == stream);
    let both = planned.streams.iter().filter_map(|seen| Some((seen, &seen.target, &other(&seen.stream)?.target)));
    let filled = both.filter(|(_, before, after)| {
        before.rows == Some(0) && before.kind.is_some() && after.kind == before.kind && after.rows != Some(0)
    });
    let difference = |stream: &str| Difference {
        stream: Some(visible(stream)),
        what: "target, rows".to_owned(),
        planned: Some("none".to_owned()),
        now: Some("some".to_owned()),
    };
    filled.map(|(seen, _, _)| difference(&seen.stream)).collect()
}

/// Both observations as lines of text, with - and + where they differ and three lines around each place.
pub fn diff_text(planned: &Observation, now: &Observation) -> String {
    let lines = |observation| serde_json::to_string_pretty(&tree(observation)).unwrap_or_default() + "\n";
    let (planned, now) = (lines(planned), lines(now));
    let diff = TextDiff::from_lines(&planned, &now);
    // Three lines of context, as diff -u gives.
    let groups = diff.grouped_ops(3);
    let mut text = String::new();
    for change in groups.iter().flatten().flat_map(|op| diff.iter_changes(op)) {
        let mark = match change.tag() {
            ChangeTag::Delete => '-',
            ChangeTag::Insert => '+',
            ChangeTag::Equal => ' ',
        };
        text.push(mark);
        text.push_str(&visible(change.value().trim_end_matches('\n')));
        text.push('\n');
    }
    text
}

/// The observation as a tree in which the items of a list stand under their names.
fn tree(observation: &Observation) -> Value {
    named(serde_json::to_value(observation).unwrap_or_default())
}

fn named(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.into_iter().filter(|(key, _)| !IGNORED.contains(&key.as_str()));
            // How many is an estimate, that there are any is none.
            let known = |key: String, value| if key == EXTENT { (key, Value::Bool(true)) } else { (key, named(value)) };
            Value::Object(kept.map(|(key, value)| known(key, value)).collect())
        }
        Value::Array(items) if items.iter().any(|item| item_name(item).is_some()) => by_name(items),
        Value::Array(items) => Value::Array(items.into_iter().map(named).collect()),
        other => other,
    }
}

/// The items under their names, and the order of the names as one more field: a column that moved is drift, too.
fn by_name(items: Vec<Value>) -> Value {
    let mut fields = Map::new();
    let mut order = Vec::with_capacity(items.len());
    for item in items {
        let name = item_name(&item).unwrap_or_default();
        let mut unique = name.clone();
        // A column may well be called as the field that holds the order of all.
        while unique == ORDER || fields.contains_key(&unique) {
            unique.push('\'');
        }
        order.push(Value::String(unique.clone()));
        fields.insert(unique, named(item));
    }
    fields.insert(ORDER.to_owned(), Value::Array(order));
    Value::Object(fields)
}

fn item_name(item: &Value) -> Option<String> {
    NAMES.iter().find_map(|field| match item.get(field)? {
        Value::String(name) => {
            Some(item.get("kind").and_then(Value::as_str).map_or_else(|| name.clone(), |kind| format!("{kind} {name}")))
        }
        _ => None,
    })
}

fn walk(path: &mut Vec<String>, planned: Option<&Value>, now: Option<&Value>, found: &mut Vec<Difference>) {
    if planned == now {
        return;
    }
    let nothing = Map::new();
    if let (Some(planned), Some(now)) = (fields(planned, &nothing), fields(now, &nothing)) {
        let keys: BTreeSet<&String> = planned.keys().chain(now.keys()).collect();
        let same_items = same_names(planned, now);
        for key in keys {
            // Where items came or went, that is told by them, and their order says nothing more.
            if key == ORDER && !same_items {
                continue;
            }
            path.push(key.clone());
            walk(path, planned.get(key), now.get(key), found);
            path.pop();
        }
        return;
    }
    found.push(difference(path, planned, now));
}

/// The fields of an object; an empty list is a list of named items that has none.
fn fields<'a>(value: Option<&'a Value>, nothing: &'a Map<String, Value>) -> Option<&'a Map<String, Value>> {
    match value? {
        Value::Object(fields) => Some(fields),
        Value::Array(items) if items.is_empty() => Some(nothing),
        _ => None,
    }
}

fn same_names(planned: &Map<String, Value>, now: &Map<String, Value>) -> bool {
    planned.keys().collect::<BTreeSet<_>>() == now.keys().collect::<BTreeSet<_>>()
}

fn difference(path: &[String], planned: Option<&Value>, now: Option<&Value>) -> Difference {
    let (stream, rest) = match path {
        [head, stream, rest @ ..] if head == "streams" && !rest.is_empty() => (Some(visible(stream)), rest),
        all => (None, all),
    };
    let what = rest.iter().map(|part| visible(part)).collect::<Vec<_>>().join(", ");
    let shown = |value: Option<&Value>| value.filter(|value| !value.is_null()).map(summary);
    Difference { stream, what, planned: shown(planned), now: shown(now) }
}

/// A value on one line: of an object its plain fields.
fn summary(value: &Value) -> String {
    match value {
        Value::String(text) => visible(text),
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        Value::Array(items) => items.iter().map(summary).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => {
            let plain: BTreeMap<&String, String> = fields
                .iter()
                .filter(|(_, value)| !value.is_object() && !value.is_array() && !value.is_null())
                .map(|(key, value)| (key, summary(value)))
                .collect();
            plain.iter().map(|(key, value)| format!("{key} {value}")).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}
