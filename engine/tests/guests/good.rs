//! A run without faults: its receipt, its events, its calls in order.

use crate::world::{Case, apply, engine};
use rapidbyte_engine::{Event, Side};

#[tokio::test(flavor = "multi_thread")]
async fn rows_arrive_and_are_counted() {
    for compression in ["none", "lz4", "zstd"] {
        let case = Case {
            limits: format!("compression = \"{compression}\""),
            source: "rows = 5".to_owned(),
            ..Case::default()
        };
        let (outcome, heard) = apply(&case).await;
        let receipt = outcome.unwrap();
        let stream = &receipt.streams[0];
        assert_eq!((stream.rows_read, stream.rows_written, stream.batches), (5, 5, 3), "{compression}");
        assert!(stream.verified.equal);
        let begun = ["open", "server", "bookkeeping", "begin", "last-run", "inspect", "open-writer"];
        let ended = ["write", "write", "write", "finish", "commit", "close"];
        assert_eq!(heard.calls(), [&begun[..], &ended].concat());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_stream_arrives_as_well() {
    let (outcome, _) = apply(&Case { source: "rows = 0".to_owned(), ..Case::default() }).await;
    assert_eq!(outcome.unwrap().streams[0].rows_written, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn phases_of_each_side_add_up_to_the_duration() {
    let case =
        Case { source: "rows = 200000".to_owned(), limits: "compression = \"zstd\"".to_owned(), ..Case::default() };
    let receipt = apply(&case).await.0.unwrap();
    for sum in [receipt.phases.source.sum_secs(), receipt.phases.destination.sum_secs()] {
        assert!((sum / receipt.duration_secs - 1.0).abs() < 0.02, "{sum} of {}", receipt.json());
    }
    let engine = receipt.phases.engine;
    assert!(engine.sandbox_secs > 0.0 && engine.compress_secs > 0.0 && engine.decompress_secs > 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stored_receipt_is_the_returned_one_but_for_the_commit() {
    let (outcome, heard) = apply(&Case::default()).await;
    let receipt = outcome.unwrap();
    let stored = heard.all().into_iter().find_map(|event| match event {
        Event::Log { side: Some(Side::Destination), message, .. } => {
            serde_json::from_str::<serde_json::Value>(&message).ok()
        }
        _ => None,
    });
    let stored = stored.unwrap();
    let returned: serde_json::Value = serde_json::from_str(&receipt.json()).unwrap();
    for key in ["schema", "sync", "run", "plan", "outcome", "streams"] {
        assert_eq!(stored[key], returned[key], "{key}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_tell_the_run_from_its_start_to_its_commit() {
    let (outcome, heard) = apply(&Case::default()).await;
    let run = outcome.unwrap().run;
    let told: Vec<Event> = heard.all().into_iter().filter(|event| !matches!(event, Event::Log { .. })).collect();
    assert!(matches!(&told[0], Event::Started { run: started, streams: 1, .. } if *started == run));
    assert!(matches!(&told[1], Event::StreamStarted { rows_estimate: Some(3), .. }));
    assert!(matches!(&told[told.len() - 3], Event::StreamFinished { rows: 3, .. }));
    assert_eq!(told[told.len() - 2], Event::Committing);
    assert_eq!(told[told.len() - 1], Event::Committed { run });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_describes_itself() {
    let descriptions = engine().connectors().await.unwrap();
    let testing: Vec<_> = descriptions.iter().filter(|found| found.name == "testing").collect();
    assert_eq!(testing.iter().map(|found| found.side).collect::<Vec<_>>(), [Side::Source, Side::Destination]);
    assert!(testing[0].settings.iter().any(|setting| setting.name == "password" && setting.secret));
    assert_eq!(descriptions.iter().filter(|found| found.name == "postgres").count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn both_ends_are_checked_and_the_first_failure_hides_nothing() {
    let found = engine().check(&Case::source("error@check").spec()).await;
    assert_eq!(found.iter().map(|end| end.side).collect::<Vec<_>>(), [Side::Source, Side::Destination]);
    assert!(found[0].error.is_some() && found[1].error.is_none());
    assert_eq!(found[0].findings.len(), 2, "the connection, and the failure");
    assert_eq!(found[0].findings[1].advice.as_deref(), Some("do not ask for it"));
    assert_eq!(found[1].findings.len(), 2, "the connection, and the connector's own");
}
