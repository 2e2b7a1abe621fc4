//! Guests that break the contract with what they say (trust.md S7): blamed, and nothing is committed.

use crate::world::{Case, apply, assert_a_good_run_works};
use rapidbyte_engine::{EngineError, Side};

#[tokio::test(flavor = "multi_thread")]
async fn frames_that_are_none() {
    for fault in ["rows-more", "rows-less", "empty", "too-many", "huge", "garbage", "cut", "schema"] {
        let limits = "batch_bytes = \"1MiB\"\nrow_bytes = \"1MiB\"".to_owned();
        let (outcome, heard) = apply(&Case { limits, ..Case::source(&format!("{fault}@next")) }).await;
        match outcome.unwrap_err() {
            EngineError::Contract { side: Side::Source, .. } => {}
            other => panic!("{fault}: {other}"),
        }
        assert!(!heard.calls().contains(&"commit".to_owned()), "{fault}");
        assert!(heard.calls().contains(&"abort".to_owned()), "{fault}: {:?}", heard.calls());
    }
    assert_a_good_run_works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn schemas_that_are_none() {
    for fault in ["garbage", "short"] {
        let (outcome, _) = apply(&Case::source(&format!("{fault}@inspect"))).await;
        assert!(matches!(outcome.unwrap_err(), EngineError::Contract { side: Side::Source, .. }), "{fault}");
    }
}

/// Rows between a bound that is missing and the next one would be in no part.
#[tokio::test(flavor = "multi_thread")]
async fn too_few_bounds_between_parts() {
    let source = "mode = \"ranges@inspect\"\nrows = 1000000".to_owned();
    let (limits, stream) = ("part_bytes = \"2MiB\"\nparallel = 1".to_owned(), "key = [\"id\"]".to_owned());
    let (outcome, heard) = apply(&Case { source, limits, stream, ..Case::source("") }).await;
    match outcome.unwrap_err() {
        EngineError::Contract { side: Side::Source, what, .. } => {
            assert!(what.contains("1 bounds between 4"), "{what}");
        }
        other => panic!("{other}"),
    }
    assert!(!heard.calls().contains(&"open-part".to_owned()), "{:?}", heard.calls());
}

#[tokio::test(flavor = "multi_thread")]
async fn absurd_estimates_do_no_harm() {
    let (outcome, _) = apply(&Case::source("absurd@inspect")).await;
    assert_eq!(outcome.unwrap().streams[0].rows_written, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_world_that_moves_between_plan_and_run_is_drift() {
    let (outcome, heard) = apply(&Case::source("drift@inspect")).await;
    match outcome.unwrap_err() {
        EngineError::Drift(moved) => assert!(moved.iter().any(|one| one.what.contains("key")), "{moved:?}"),
        other => panic!("{other}"),
    }
    let calls = heard.calls();
    assert!(calls.contains(&"abort".to_owned()) && !calls.contains(&"open-writer".to_owned()), "{calls:?}");
}
