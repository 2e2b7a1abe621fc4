//! Drift: every kind of change has its name, and estimates have none.

use crate::{
    drift::{compare, diff_text},
    observation::Observation,
    testing::case,
};
use serde_json::{Value, json};

/// The differences after one value of the observation was changed.
fn moved(pointer: &str, value: Value) -> Vec<String> {
    let planned = case("several-streams").observation;
    let mut json = serde_json::to_value(&planned).unwrap();
    *json.pointer_mut(pointer).unwrap() = value;
    let now: Observation = serde_json::from_value(json).unwrap();
    let differences = compare(&planned, &now);
    assert_eq!(differences.is_empty(), diff_text(&planned, &now).is_empty());
    differences.iter().map(ToString::to_string).collect()
}

#[test]
fn estimates_do_not_count() {
    for pointer in
        ["/streams/1/source/statistics/rows", "/streams/1/source/statistics/bytes_per_row", "/streams/1/target/rows"]
    {
        assert_eq!(moved(pointer, json!(7)), Vec::<String>::new());
    }
}

#[test]
fn nor_does_the_way_to_what_is_new() {
    let planned = case("incremental-resumes").observation;
    let mut now = planned.clone();
    let cursor = now.streams[0].source.cursor.as_mut().unwrap();
    assert!(cursor.access.take().is_some() && cursor.access_late.take().is_some());
    assert_eq!(compare(&planned, &now), Vec::new());
    now.streams[0].source.cursor.as_mut().unwrap().indexed ^= true;
    assert_eq!(compare(&planned, &now).len(), 1);
}

#[test]
fn each_field_by_its_name() {
    let column = json!({"name": "note", "native": "text", "nullable": true, "has_default": false, "generated": false, "identity": "none"});
    let columns = case("several-streams").observation.streams[1].target.columns.clone();
    let mut more = serde_json::to_value(&columns).unwrap();
    more.as_array_mut().unwrap().push(column);
    let hanging = case("several-streams").observation.streams[1].target.dependents.clone();
    let mut other = serde_json::to_value(&hanging).unwrap();
    other[0]["definition"] = json!("PRIMARY KEY (id, total)");
    let mut viewed = serde_json::to_value(&hanging).unwrap();
    viewed.as_array_mut().unwrap().push(json!({"kind": "view", "name": "raw.recent"}));
    let mut turned = serde_json::to_value(&columns).unwrap();
    turned.as_array_mut().unwrap().reverse();
    for (pointer, value, wanted) in [
        ("/destination/product", json!("PostgreSQL 18"), "destination, product: was PostgreSQL 17.2, is PostgreSQL 18"),
        ("/source/component_sha256", json!("00"), &format!("source, component_sha256: was {}, is 00", "a1".repeat(32))),
        (
            "/streams/1/target/columns/0/native",
            json!("integer"),
            "public.orders: target, columns, id, native: was bigint, is integer",
        ),
        (
            "/streams/1/target/row_level_security",
            json!(true),
            "public.orders: target, row_level_security: was false, is true",
        ),
        (
            "/streams/1/target/dependents",
            viewed,
            "public.orders: target, dependents, view raw.recent: is new: kind view, name raw.recent",
        ),
        (
            "/streams/1/target/dependents",
            other,
            "public.orders: target, dependents, primary key orders_pkey, definition: was PRIMARY KEY (id), is PRIMARY KEY (id, total)",
        ),
        (
            "/streams/1/target/columns",
            more,
            "public.orders: target, columns, note: is new: generated false, has_default false, identity none, name note, \
             native text, nullable true",
        ),
        ("/streams/1/target/columns", turned, "public.orders: target, columns, order: was id, total, is total, id"),
        ("/streams/0/target/kind", json!("table"), "public.items: target, kind: is new: table"),
        ("/streams/1/source/key", json!([]), "public.orders: source, key: was id, is none"),
    ] {
        let found = moved(pointer, value);
        assert!(found.iter().any(|line| line.starts_with(wanted)), "{pointer}: {found:?}");
        assert_eq!(found.len(), 1, "{pointer}: {found:?}");
    }
}

#[test]
fn a_column_that_is_called_order() {
    let mut planned = case("several-streams").observation;
    planned.streams[1].target.columns[0].name = "order".to_owned();
    planned.streams[1].source.columns[0].name = "order".to_owned();
    let mut now = planned.clone();
    now.streams[1].target.columns[0].native = "integer".to_owned();
    now.streams[1].source.columns[0].nullable = true;
    let found: Vec<String> = compare(&planned, &now).iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "public.orders: source, columns, order', nullable: was false, is true",
            "public.orders: target, columns, order', native: was bigint, is integer",
        ]
    );
    now.streams[1].target.columns.remove(0);
    assert_eq!(compare(&planned, &now).len(), 2, "a column that went says nothing more of the order");
}

#[test]
fn a_table_that_was_empty() {
    let planned = case("replace-empty").observation;
    let mut now = planned.clone();
    now.streams[0].target.rows = None;
    let found: Vec<String> = compare(&planned, &now).iter().map(ToString::to_string).collect();
    assert_eq!(found, ["public.orders: target, rows: was none, is some"]);
    assert!(compare(&now, &planned).is_empty());
}

#[test]
fn a_stream_that_went() {
    let planned = case("several-streams").observation;
    let mut now = planned.clone();
    now.streams.remove(1);
    let found: Vec<String> = compare(&planned, &now).iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("streams, public.orders: was ") && found[0].ends_with("is gone"), "{found:?}");
}
