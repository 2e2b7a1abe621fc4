//! The plan as a file: its schema, its digest, its versions.

use crate::{
    plan::{Plan, PlanFileError},
    testing::{case, golden},
};
use serde_json::Value;

fn schema() -> jsonschema::Validator {
    jsonschema::validator_for(&serde_json::from_str(include_str!("../schemas/plan.schema.json")).unwrap()).unwrap()
}

#[test]
fn every_golden_plan_fits_the_schema() {
    let schema = schema();
    for case in golden() {
        let json: Value = serde_json::from_str(&case.plan().to_json()).unwrap();
        let errors: Vec<String> =
            schema.iter_errors(&json).map(|error| format!("{}: {error}", error.instance_path)).collect();
        assert!(errors.is_empty(), "{}: {errors:?}", case.name);
    }
}

/// The schema and the parser agree on every plan that lacks a field or has a strange one.
#[test]
fn the_schema_is_as_strict_as_the_parser() {
    let schema = schema();
    for name in ["several-streams", "refused-many", "type-created", "query"] {
        let whole: Value = serde_json::from_str(&case(name).plan().to_json()).unwrap();
        for pointer in objects(&whole, String::new()) {
            let fields: Vec<String> = whole.pointer(&pointer).unwrap().as_object().unwrap().keys().cloned().collect();
            for field in fields.iter().map(Some).chain([None]) {
                let mut changed = whole.clone();
                let object = changed.pointer_mut(&pointer).unwrap().as_object_mut().unwrap();
                match field {
                    Some(field) => drop(object.remove(field)),
                    None => drop(object.insert("strange".to_owned(), Value::Null)),
                }
                let parses = Plan::parse(&changed.to_string()).is_ok();
                // A missing optional value is null to the parser; the file always has the field.
                let null = field.is_some_and(|field| {
                    let mut empty = whole.clone();
                    *empty.pointer_mut(&format!("{pointer}/{field}")).unwrap() = Value::Null;
                    schema.is_valid(&empty)
                });
                assert!(schema.is_valid(&changed) == parses || null, "{name} {pointer} {field:?}");
            }
        }
    }
}

fn objects(value: &Value, at: String) -> Vec<String> {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(key, value)| (format!("{at}/{key}"), value)).collect(),
        Value::Array(items) => {
            items.iter().enumerate().map(|(index, value)| (format!("{at}/{index}"), value)).collect()
        }
        _ => return Vec::new(),
    };
    let own = value.is_object().then_some(at);
    own.into_iter().chain(children.into_iter().flat_map(|(at, value)| objects(value, at))).collect()
}

#[test]
fn another_version_is_refused_by_name() {
    let text = case("append-table").plan().to_json().replace("rapidbyte.plan/1", "rapidbyte.plan/9");
    assert!(matches!(Plan::parse(&text), Err(PlanFileError::Version { found }) if found == "rapidbyte.plan/9"));
    assert!(matches!(Plan::parse("{}"), Err(PlanFileError::Form(_))));
}

#[test]
fn the_digest_is_of_the_content() {
    let plan = case("append-table").plan();
    let compact = serde_json::to_string(&plan).unwrap();
    assert_eq!(Plan::parse(&compact).unwrap().digest(), plan.digest());
    assert!(plan.digest().starts_with("sha256:") && plan.digest().len() == 71);
    assert_ne!(plan.digest(), case("append-wish-insert").plan().digest());
}
