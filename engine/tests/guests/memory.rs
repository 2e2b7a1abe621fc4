//! Guests that want more than their share (trust.md S5 and S6).

use crate::world::{Case, apply, assert_a_good_run_works, engine};
use rapidbyte_engine::{EngineError, Event, Side};

#[tokio::test(flavor = "multi_thread")]
async fn memory_ends_at_the_guests_share() {
    for place in ["open", "next"] {
        let case = Case {
            limits: "memory = \"96MiB\"\nbatch_bytes = \"1MiB\"\nrow_bytes = \"1MiB\"".to_owned(),
            ..Case::source(&format!("memory@{place}"))
        };
        match apply(&case).await.0.unwrap_err() {
            EngineError::MemoryLimit { side: Side::Source, bytes_max } => assert_eq!(bytes_max, 36 << 20),
            other => panic!("{other}"),
        }
    }
    assert_a_good_run_works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_messages_is_dropped_and_counted() {
    let (outcome, heard) = apply(&Case::source("flood@next long-log@next")).await;
    outcome.unwrap();
    let said: Vec<String> = heard
        .all()
        .into_iter()
        .filter_map(|event| match event {
            Event::Log { side, message, .. } if side != Some(Side::Destination) => Some(message),
            _ => None,
        })
        .collect();
    assert!(said.len() < 2_000, "{} messages of 200,000 were heard", said.len());
    assert!(said.iter().any(|message| message.contains("messages of the source connector were dropped")));
    assert!(said.iter().all(|message| message.len() <= 4096 + "…".len()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_metrics_does_no_harm() {
    apply(&Case::source("metrics@next")).await.0.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn long_lists_and_texts_are_refused() {
    for mode in ["many-keys@inspect", "long-error@inspect"] {
        let (outcome, heard) = apply(&Case::source(mode)).await;
        let error = outcome.unwrap_err();
        let cut = error.connector().is_some_and(|error| error.message.len() <= 4096 + "…".len());
        assert!(cut || matches!(error, EngineError::Contract { .. }), "{mode}: {error}");
        assert!(heard.text().len() < 1 << 20);
    }
    let source = Case::source("many-streams@discover").spec().source;
    let error = engine().discover(&source).await.unwrap_err();
    assert!(matches!(error, EngineError::Contract { .. } | EngineError::MemoryLimit { .. }), "{error}");
    assert_a_good_run_works().await;
}
