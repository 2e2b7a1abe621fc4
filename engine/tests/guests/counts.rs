//! Counts that differ: the run ends before its commit.

use crate::world::{Case, apply};
use rapidbyte_engine::EngineError;

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_differ_are_not_committed() {
    for (fault, written, received) in
        [("count-more", 4, 3), ("count-less", 2, 3), ("received-less", 3, 2), ("absurd", u64::MAX, 3)]
    {
        let (outcome, heard) = apply(&Case::destination(&format!("{fault}@finish"))).await;
        match outcome.unwrap_err() {
            EngineError::Counts { rows_read, rows_received, rows_written, .. } => {
                assert_eq!((rows_read, rows_received, rows_written), (3, received, written), "{fault}");
            }
            other => panic!("{fault}: {other}"),
        }
        let calls = heard.calls();
        assert!(calls.contains(&"abort".to_owned()) && !calls.contains(&"commit".to_owned()), "{calls:?}");
    }
}

/// A connector that sets rows aside where the plan does not say that it may has lost them.
#[tokio::test(flavor = "multi_thread")]
async fn rows_that_nobody_allowed_to_be_refused_are_a_broken_contract() {
    let (outcome, heard) = apply(&Case::destination("rejected@finish")).await;
    assert!(matches!(outcome.unwrap_err(), EngineError::Contract { .. }));
    assert!(!heard.calls().contains(&"commit".to_owned()));
}
