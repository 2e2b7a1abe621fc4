//! Several sessions at each end that share the parts of a load: each part once, whoever loads it, and one that fails is the end of
//! all.

use crate::{
    keeper::{Fate, apply_kept},
    parts::{assert_dropped, assert_whole, case},
    world::{Case, apply},
};
use rapidbyte_engine::{EngineError, Event, Level, Side};

/// Seven rows in three parts, and as many sessions at each end.
fn shared(source: &str, destination: &str) -> Case {
    let case = case(source, destination);
    Case { limits: case.limits.replace("parallel = 1", "parallel = 3"), ..case }
}

fn count(said: &[String], what: &str) -> usize {
    said.iter().filter(|one| *one == what).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_all_parts_arrive_once_whoever_loads_them() {
    let (outcome, heard, mut said) = apply_kept(&shared("", ""), Fate::Usual, true).await;
    let receipt = outcome.unwrap();
    assert_whole(&receipt);
    assert_eq!(receipt.consistency, "snapshot");
    said.sort();
    let records = ["numbers 0 3 3", "numbers 1 3 12", "numbers 2 1 6"];
    // The first session asks twice, and each of the others once.
    assert_eq!(said, [&["load 0"; 4][..], &records].concat());
    let calls = heard.calls();
    assert_eq!(["open", "load", "join-load", "commit", "close"].map(|call| count(&calls, call)), [3, 1, 2, 1, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_costs_no_part_that_is_there() {
    for (fate, times) in [(Fate::Lost, 2), (Fate::Recorded, 1)] {
        let (outcome, _, said) = apply_kept(&shared("", ""), fate, true).await;
        let receipt = outcome.unwrap();
        assert_whole(&receipt);
        let records = ["numbers 0 3 3", "numbers 1 3 12", "numbers 2 1 6"];
        assert_eq!(records.map(|record| count(&said, record)), [1, times, 1], "{said:?}");
        assert!(receipt.consistency == "resumed" || fate == Fate::Lost);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_whose_rows_differ_ends_all() {
    for fault in ["count-less", "count-more", "received-less"] {
        let (outcome, heard) = apply(&shared("", &format!("{fault}@finish-part"))).await;
        match outcome.unwrap_err() {
            // Of one of the parts.
            EngineError::Counts { rows_read: 1 | 3, .. } => {}
            other => panic!("{fault}: {other}"),
        }
        assert_dropped(&heard, fault);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_ends_one_ends_all_and_what_they_left_is_dropped() {
    for (source, destination, side) in [
        ("", "trap@join-load", Side::Destination),
        ("", "error@open-part", Side::Destination),
        ("trap@join-snapshot", "", Side::Source),
        ("error@next", "", Side::Source),
    ] {
        let (outcome, heard) = apply(&shared(source, destination)).await;
        let which = format!("{source}{destination}");
        assert_eq!(outcome.unwrap_err().side(), Some(side), "{which}");
        assert_dropped(&heard, &which);
    }
}

/// One that cannot begin is done without.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_cannot_join_is_not_missed() {
    for (source, destination) in [("", "error@join-load"), ("error@join-snapshot", "")] {
        let (outcome, heard) = apply(&shared(source, destination)).await;
        assert_whole(&outcome.unwrap());
        let warned = |event: &Event| matches!(event, Event::Log { level: Level::Warn, message, .. } if message.contains("one session less"));
        assert_eq!(heard.all().iter().filter(|event| warned(event)).count(), 2, "{source}{destination}");
    }
}
