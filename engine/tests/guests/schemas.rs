//! The JSON that machines read, against its schemas. The schemas are strict, so that a field that is added to one side
//! alone is noticed.

use crate::world::{Case, apply};
use rapidbyte_engine::{Event, Level};
use serde_json::Value;

fn schema(text: &str) -> jsonschema::Validator {
    jsonschema::validator_for(&serde_json::from_str(text).unwrap()).unwrap()
}

fn assert_valid(schema: &jsonschema::Validator, json: &str) {
    let value: Value = serde_json::from_str(json).unwrap();
    let wrong: Vec<String> = schema.iter_errors(&value).map(|error| error.to_string()).collect();
    assert!(wrong.is_empty(), "{json}: {wrong:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_is_what_its_schema_says() {
    let schema = schema(include_str!("../../schemas/receipt.schema.json"));
    let receipt = apply(&Case::default()).await.0.unwrap().json();
    assert_valid(&schema, &receipt);
    let mut wrong: Value = serde_json::from_str(&receipt).unwrap();
    wrong["streams"][0]["rows_written"] = Value::from(-1);
    assert!(!schema.is_valid(&wrong));
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_what_their_schema_says() {
    let schema = schema(include_str!("../../schemas/event.schema.json"));
    let (outcome, heard) = apply(&Case::destination("lost@commit committed@outcome")).await;
    outcome.unwrap();
    let others = [
        Event::Progress { stream: "s".to_owned(), rows: 1, bytes: 2 },
        Event::Retrying { attempt: 1, attempts_max: 3, backoff_ms: 500, reason: "r".to_owned() },
        Event::Log { side: None, level: Level::Warn, message: "m".to_owned() },
    ];
    for event in heard.all().into_iter().chain(others) {
        assert_valid(&schema, &event.json());
    }
    assert!(!schema.is_valid(&serde_json::json!({ "schema": "rapidbyte.event/1", "event": "progress" })));
}
