//! Guests that do not come back (trust.md S4): stopped within their deadline and 100 ms, wherever they hang.

use crate::world::{COMPUTE, Case, apply, assert_a_good_run_works, engine};
use rapidbyte_engine::{EngineError, Side};
use std::time::{Duration, Instant};

/// The deadline and 100 ms; and as much again, for a machine that does other things beside.
const SLACK: Duration = Duration::from_millis(200);

async fn ends_in_time(case: &Case, side: Side, call: &str, limit: Duration) {
    let began = Instant::now();
    let (outcome, _) = apply(case).await;
    let took = began.elapsed();
    match outcome.unwrap_err() {
        EngineError::Deadline { side: found, call: at, .. } => assert_eq!((found, at), (side, call)),
        other => panic!("{call}: {other}"),
    }
    assert!(took < limit + SLACK, "{call}: {took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_computes_for_ever() {
    engine().connectors().await.unwrap(); // compiled beforehand: that is not the guest's time
    for (place, call) in [
        ("endpoints", "endpoints"),
        ("open", "session.open"),
        ("server", "session.server"),
        ("inspect", "session.inspect"),
        ("open-snapshot", "session.open-snapshot"),
        ("read", "session.read"),
        ("next", "reader.next"),
    ] {
        ends_in_time(&Case::source(&format!("hang@{place}")), Side::Source, call, COMPUTE).await;
    }
    let prepare = Case { stream: "where = \"hang@prepare\"".to_owned(), ..Case::default() };
    ends_in_time(&prepare, Side::Source, "prepare", COMPUTE).await;
    assert_a_good_run_works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_that_computes_for_ever() {
    engine().connectors().await.unwrap();
    for (place, call) in [
        ("endpoints", "endpoints"),
        ("open", "session.open"),
        ("bookkeeping", "session.bookkeeping"),
        ("parse", "session.parse"),
        ("begin", "session.begin"),
        ("open-writer", "session.open-writer"),
        ("write", "writer.write"),
        ("finish", "writer.finish"),
    ] {
        ends_in_time(&Case::destination(&format!("hang@{place}")), Side::Destination, call, COMPUTE).await;
    }
    assert_a_good_run_works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loop_of_calls_of_the_host_is_a_loop() {
    engine().connectors().await.unwrap();
    for fault in ["hang-log", "hang-metric"] {
        ends_in_time(&Case::source(&format!("{fault}@next")), Side::Source, "reader.next", COMPUTE).await;
    }
    assert_a_good_run_works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn recursion_without_end_is_a_trap() {
    for place in ["open", "next"] {
        let (outcome, _) = apply(&Case::source(&format!("recurse@{place}"))).await;
        match outcome.unwrap_err() {
            // The stack of Rust's locals lies in the guest's memory, and ends at its beginning.
            EngineError::Trap { side: Side::Source, reason, .. } => {
                assert!(reason.contains("stack") || reason.contains("out of bounds"), "{reason}");
            }
            other => panic!("{other}"),
        }
    }
    assert_a_good_run_works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trap_names_its_call() {
    let (outcome, _) = apply(&Case::destination("trap@write")).await;
    match outcome.unwrap_err() {
        EngineError::Trap { side: Side::Destination, call: "writer.write", reason } => {
            assert!(reason.contains("unreachable"), "{reason}");
        }
        other => panic!("{other}"),
    }
    assert_a_good_run_works().await;
}
