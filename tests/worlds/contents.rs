//! What tables hold, read with psql, and what they must hold after a run: bags of rows, so that nothing missing, doubled
//! or changed goes unnoticed.

use crate::sql::{ident, idents, object};
use rapidbyte_plans::{
    decision::{Disposition, Nulls, Relation},
    name::ObjectName,
    plan::StreamPlan,
};
use std::collections::BTreeSet;

/// The rows of one table, each the text of its key and of all its columns; sorted.
pub(crate) type Rows = Vec<(String, String)>;

/// The stream's rows at the source, as SQL.
pub(crate) fn of_source(stream: &StreamPlan) -> String {
    let selection = &stream.read.selection;
    let relation = match &selection.relation {
        Relation::Table(name) => object(name),
        Relation::Query(sql) => format!("({sql}) AS query"),
    };
    let never = stream.read.window.as_ref().filter(|window| window.nulls == Nulls::Never);
    let never = never.map(|window| format!("{} IS NOT NULL", ident(&window.cursor)));
    let conditions: Vec<String> = selection.filter.iter().cloned().chain(never).collect();
    let filter = if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
    query(stream, &format!("{relation}{filter}"))
}

/// The same columns of the stream's target, as SQL; those that it lacks, so far, are NULL.
pub(crate) fn of_target(stream: &StreamPlan, name: &ObjectName, lacks: &[String]) -> String {
    let nulls = lacks.iter().map(|column| format!(", NULL AS {}", ident(column))).collect::<Vec<_>>().concat();
    query(stream, &format!("(SELECT *{nulls} FROM {}) AS target", object(name)))
}

fn query(stream: &StreamPlan, from: &str) -> String {
    let (columns, key) = (idents(&stream.read.columns), idents(&stream.write.conflict_key));
    format!(
        "SELECT coalesce(json_agg(json_build_array(ROW({key})::text, ROW({columns})::text)), '[]') \
         FROM (SELECT {columns} FROM {from}) AS t"
    )
}

pub(crate) fn parse(json: &str) -> Rows {
    let mut rows: Rows = serde_json::from_str(json).unwrap();
    rows.sort();
    rows
}

/// What the target holds once what is new of `source` was added to what was there `before`: each row once.
pub(crate) fn with_new(before: &Rows, source: &Rows) -> Rows {
    let there: BTreeSet<&String> = before.iter().map(|(key, _)| key).collect();
    let new = source.iter().filter(|(key, _)| !there.contains(key));
    let mut rows: Rows = before.iter().chain(new).cloned().collect();
    rows.sort();
    rows
}

/// What the target holds once `source` was written to what was there `before`.
pub(crate) fn after(disposition: Disposition, before: &Rows, source: &Rows) -> Rows {
    let new: BTreeSet<&String> = source.iter().map(|(key, _)| key).collect();
    let stays = |(key, _): &&(String, String)| match disposition {
        Disposition::Append => true,
        Disposition::Replace => false,
        Disposition::Upsert | Disposition::Sweep => !new.contains(key),
    };
    let mut rows: Rows = before.iter().filter(stays).chain(source).cloned().collect();
    rows.sort();
    rows
}

/// What to show of two bags of rows that differ: how many are missing and how many too many, and some of them.
pub(crate) fn difference(found: &Rows, wanted: &Rows) -> String {
    let less = |one: &Rows, other: &Rows| {
        let mut left = other.clone();
        let mut only = one.clone();
        only.retain(|row| left.iter().position(|it| it == row).map(|at| left.swap_remove(at)).is_none());
        only
    };
    let (missing, extra) = (less(wanted, found), less(found, wanted));
    let some = |rows: &Rows| rows.iter().take(3).map(|(_, row)| format!("\n    {row}")).collect::<Vec<_>>().concat();
    let (some_missing, some_extra) = (some(&missing), some(&extra));
    format!("{} rows are missing{some_missing}\n  {} are too many{some_extra}", missing.len(), extra.len())
}
