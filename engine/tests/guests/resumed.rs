//! Loads in parts that break and are gone on from: what is recorded of them is believed as far as the source has read the same.

use crate::{
    keeper::{Fate, apply_kept},
    parts::{assert_whole, behind_another, case},
    world::Heard,
};
use rapidbyte_engine::{EngineError, Event};

fn retries(heard: &Heard) -> usize {
    heard.all().iter().filter(|event| matches!(event, Event::Retrying { .. })).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_whose_answer_is_lost_is_loaded_again_only_where_it_is_not_there() {
    for (fate, again) in [(Fate::Lost, &["others 1 3 12"][..]), (Fate::Recorded, &[])] {
        let (outcome, heard, said) = apply_kept(&behind_another(case("", "")), fate, true).await;
        let receipt = outcome.unwrap();
        assert_whole(&receipt);
        assert_eq!((receipt.streams[0].rows_written, receipt.consistency), (7, "resumed"));
        let first = ["load 0", "others 0 3 3", "others 1 3 12", "load 0"];
        assert_eq!(said, [&first, again, &["others 2 1 6", "load 0"]].concat());
        assert_eq!(retries(&heard), 1);
        assert!(!heard.calls().contains(&"discard".to_owned()), "{:?}", heard.calls());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_has_less_rows_than_were_read_is_not_gone_on_from() {
    let (outcome, heard, said) = apply_kept(&case("", "count-less@load"), Fate::Recorded, true).await;
    match outcome.unwrap_err() {
        EngineError::Counts { rows_read, rows_received, rows_written, .. } => {
            assert_eq!((rows_read, rows_received, rows_written), (3, 2, 2));
        }
        other => panic!("{other}"),
    }
    assert_eq!(said, ["load 0", "numbers 0 3 3", "numbers 1 3 12", "load 0"]);
    let calls = heard.calls();
    assert!(calls.ends_with(&["discard", "close"].map(str::to_owned)) && !calls.contains(&"commit".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_whose_snapshot_is_lost_begins_anew() {
    let (outcome, _, said) = apply_kept(&case("lost@server", ""), Fate::Recorded, true).await;
    let receipt = outcome.unwrap();
    assert_whole(&receipt);
    assert_eq!(receipt.consistency, "snapshot");
    let all = ["numbers 0 3 3", "numbers 1 3 12", "numbers 2 1 6"];
    assert_eq!(said, [&["load 0"], &all[..2], &["load 1"], &all, &["load 1"]].concat());
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_of_a_snapshot_that_is_lost_are_not_believed() {
    let (outcome, heard, said) = apply_kept(&case("lost@server", ""), Fate::Recorded, false).await;
    match outcome.unwrap_err() {
        EngineError::Counts { rows_read: 0, rows_received: 3, .. } => {}
        other => panic!("{other}"),
    }
    assert_eq!(said.last().unwrap(), "load 1");
    assert!(!heard.calls().contains(&"commit".to_owned()));
}
