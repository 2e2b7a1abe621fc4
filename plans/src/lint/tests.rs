//! Each rule of the lint finds what it is there for: a good plan, broken in one place, has a finding.

use super::*;
use crate::testing::case;
use serde_json::{Value, json};

/// The rules that find something in the plan of a case after one value of its JSON was changed.
fn broken(name: &str, pointer: &str, value: Value) -> Vec<&'static str> {
    let mut json: Value = serde_json::from_str(&case(name).plan().to_json()).unwrap();
    *json.pointer_mut(pointer).unwrap() = value;
    let mut rules: Vec<&str> =
        lint(&Plan::parse(&json.to_string()).unwrap()).iter().map(|finding| finding.rule).collect();
    rules.dedup();
    rules
}

#[test]
fn a_good_plan_has_no_finding() {
    assert_eq!(broken("replace-swap", "/sync", json!("shop")), Vec::<&str>::new());
}

#[test]
fn what_is_broken_is_found() {
    for (name, pointer, value, rule) in [
        ("replace-swap", "/streams/0/reasons", json!([]), "reasons"),
        ("replace-swap", "/streams/0/reasons/0/because", json!(""), "reasons"),
        ("refused-key-unknown", "/streams/0/refusals/0/advice", json!(""), "reasons"),
        ("replace-swap", "/streams/0/write/columns", json!([]), "columns"),
        ("replace-swap", "/streams/0/write/columns/0/nullable", json!(true), "columns"),
        ("replace-swap", "/observation/streams/0/target/columns/1/generated", json!(true), "columns"),
        ("replace-swap", "/observation/streams/0/target/fits/1/label", json!("refused"), "columns"),
        (
            "append-filled-columns-of-target",
            "/observation/streams/0/target/columns/4/has_default",
            json!(false),
            "columns",
        ),
        ("upsert-many-merge", "/streams/0/write/conflict_key", json!([]), "keys"),
        ("upsert-many-merge", "/streams/0/write/conflict_key", json!(["gone"]), "keys"),
        ("upsert-key-nullable-at-source", "/streams/0/write/columns/1/nullable", json!(true), "keys"),
        ("append-table", "/streams/0/write/publication", json!("swap"), "keys"),
        ("append-table", "/streams/0/write/strategy", json!("upsert"), "keys"),
        ("append-table", "/streams/0/read/batch_rows", json!(0), "batches"),
        ("append-table", "/streams/0/write/batch_rows", json!(1), "batches"),
        ("append-table", "/streams/0/write/insert_rows", json!(0), "batches"),
        ("append-table", "/limits/memory_bytes", json!(1), "batches"),
        ("append-table", "/streams/0/prepared", json!(null), "statements"),
        ("append-table", "/streams/0/prepared/read/statements", json!([]), "statements"),
        ("append-table", "/streams/0/prepared/read/statements/0", json!(" "), "statements"),
        ("append-table", "/streams/0/prepared/write/statements", json!([]), "statements"),
        ("replace-swap", "/streams/0/prepared/write/statements/2/phase", json!("setup"), "statements"),
        ("replace-swap", "/streams/0/prepared/write/statements/0/phase", json!("publish"), "statements"),
        ("upsert-few-direct", "/streams/0/prepared/write/conflict_clause", json!(null), "statements"),
        ("append-absent", "/streams/0/prepared/write/statements/0/effect", json!("control"), "statements"),
        ("verify-checksum-merge", "/streams/0/prepared/read/checksum", json!(null), "statements"),
        ("verify-checksum-merge", "/streams/0/write/checksum", json!(false), "statements"),
        ("verify-checksum-merge", "/streams/0/read/checksum/0/name", json!("total"), "statements"),
        ("verify-checksum-merge", "/streams/0/prepared/write/statements/3/phase", json!("publish"), "statements"),
        ("verify-checksum-merge", "/streams/0/prepared/write/statements/3/effect", json!("write"), "statements"),
        ("several-streams", "/streams/1/stream", json!("public.items"), "objects"),
        ("several-streams", "/streams/1/write/target/name", json!("items"), "objects"),
        ("several-streams", "/streams/1/write/staging_seed", json!("2c716770662a2859"), "objects"),
        ("replace-swap", "/observation/streams/0/target/dependents", json!([{"kind": "view", "name": "v"}]), "objects"),
        ("replace-swap-grants", "/streams/0/write/carried", json!([]), "objects"),
        ("replace-swap-grants", "/streams/0/write/carried/0/definition", json!("SELECT TO PUBLIC"), "objects"),
        ("replace-swap", "/observation/streams/0/target/keys/0/name", json!("of_another_name"), "objects"),
        ("replace-swap-grants", "/streams/0/write/publication", json!("refill"), "objects"),
        ("replace-swap", "/observation/streams/0/target/kind", json!(null), "objects"),
        ("replace-swap", "/observation/destination/read_only", json!(true), "objects"),
        ("replace-swap", "/streams", json!([]), "objects"),
        ("row-errors-upsert", "/streams/0/write/publication", json!("merge"), "row_errors"),
        ("row-errors-emptied", "/streams/0/write/publication", json!("refill"), "keys"),
        ("row-errors-quarantine", "/streams/0/prepared/write/statements/2/phase", json!("load"), "row_errors"),
        ("row-errors-quarantine", "/streams/0/write/row_errors/quarantine", json!(null), "row_errors"),
        ("row-errors-quarantine", "/streams/0/write/row_errors/quarantine/create", json!(false), "row_errors"),
        ("row-errors-quarantine", "/streams/0/write/row_errors/quarantine/table/name", json!("orders"), "row_errors"),
        ("row-errors-quarantine-there", "/observation/streams/0/quarantine/may_insert", json!(false), "row_errors"),
        ("row-errors-quarantine", "/observation/streams/0/quarantine", json!(null), "row_errors"),
    ] {
        is_found(name, pointer, value, rule);
    }
}

#[test]
fn what_is_broken_of_windows_and_sweeps_is_found() {
    for (name, pointer, value, rule) in [
        ("deletes-mark", "/streams/1/write/disposition", json!("upsert"), "keys"),
        ("deletes-sweep", "/streams/1/write/publication", json!("merge"), "keys"),
        ("deletes-sweep", "/streams/1/write/conflict_key", json!([]), "keys"),
        ("deletes-sweep", "/streams/0/write/target/name", json!("items"), "objects"),
        ("incremental-resumes", "/streams/0/prepared/read/position", json!(null), "windows"),
        ("incremental-resumes", "/streams/0/read/window", json!(null), "windows"),
        ("incremental-resumes", "/streams/0/read/window/cursor", json!("id"), "windows"),
        ("incremental-resumes", "/streams/0/write/disposition", json!("replace"), "windows"),
        ("incremental-resumes", "/streams/0/reasons", json!([]), "windows"),
        ("incremental-latest-merge", "/streams/0/write/latest_by", json!("id"), "windows"),
        ("incremental-latest-merge", "/streams/0/write/publication", json!("direct"), "windows"),
    ] {
        is_found(name, pointer, value, rule);
    }
}

fn is_found(name: &str, pointer: &str, value: Value, rule: &str) {
    let rules = broken(name, pointer, value);
    assert!(rules.contains(&rule), "{name} {pointer}: {rules:?}");
}
