//! Checksums of guests: compared before the commit, and believed only where they are numbers.

use crate::world::{Case, SECRET, apply, engine};
use rapidbyte_engine::{EngineError, Method, Side};

fn case(source: &str, destination: &str) -> Case {
    Case {
        source: format!("mode = {source:?}\n"),
        destination: format!("mode = {destination:?}\n"),
        stream: "verify = \"checksum\"".to_owned(),
        ..Case::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_checksums_are_in_the_receipt() {
    let (outcome, _) = apply(&case("", "")).await;
    let verified = outcome.unwrap().streams[0].verified;
    assert_eq!((verified.source_rows, verified.equal, verified.method), (3, true, Method::Checksum));
    let (outcome, _) = apply(&Case::default()).await;
    assert_eq!(outcome.unwrap().streams[0].verified.method, Method::Counts);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_difference_ends_the_run() {
    for (source, destination) in [("other-sum@checksum", ""), ("", "other-sum@finish")] {
        let (outcome, heard) = apply(&case(source, destination)).await;
        match outcome.unwrap_err() {
            EngineError::Checksums { source_rows: 3, destination_rows: 3, .. } => {}
            other => panic!("{other}"),
        }
        let calls = heard.calls();
        assert!(!calls.contains(&"commit".to_owned()) && calls.contains(&"abort".to_owned()), "{calls:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sums_that_are_no_numbers_are_blamed() {
    for (source, destination, side) in [("words@checksum", "", Side::Source), ("", "words@finish", Side::Destination)] {
        match apply(&case(source, destination)).await.0.unwrap_err() {
            EngineError::Contract { side: blamed, .. } => assert_eq!(blamed, side),
            other => panic!("{other}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comparison_that_breaks_the_contract_is_blamed() {
    let found = engine().verify(&case("", "").spec(), &[], 10).await.unwrap();
    // The testing destination has no target.
    assert!(!found.equal && found.streams[0].because[0].contains("not there"), "{found:?}");
    for mode in ["words@summaries", "trap@summaries"] {
        let error = engine().verify(&case(mode, "").spec(), &[], 10).await.unwrap_err();
        assert_eq!(error.side(), Some(Side::Source), "{mode}: {error}");
        assert!(!format!("{error:?}").contains(SECRET));
    }
    let unknown = engine().verify(&case("", "").spec(), &["public.other".to_owned()], 10).await.unwrap_err();
    assert!(matches!(unknown, EngineError::UnknownStream { .. }), "{unknown}");
}
