//! Streams that are loaded in parts: what each end is asked for, and parts that are not what a destination says of them.

use crate::world::{Case, Heard, apply};
use rapidbyte_engine::{EngineError, Event, Level, Method, Receipt, Side};

/// Seven rows in three blocks, each a part of its own.
pub(crate) fn case(source: &str, destination: &str) -> Case {
    Case {
        source: format!("mode = \"parts@inspect {source}\"\nrows = 7"),
        destination: format!("mode = {destination:?}"),
        limits: "part_bytes = \"1MiB\"\nparallel = 1".to_owned(),
        stream: "verify = \"checksum\"".to_owned(),
    }
}

/// The same behind a stream that is not in parts, since it has a condition.
pub(crate) fn behind_another(case: Case) -> Case {
    let parted = format!("[[stream]]\ntable = \"public.others\"\nwrite = \"append\"\n{}", case.stream);
    Case { stream: format!("where = \"some\"\n{parted}"), ..case }
}

/// All rows are there once: those of a stream are 0 to 6, and their sum is compared.
pub(crate) fn assert_whole(receipt: &Receipt) {
    let stream = receipt.streams.last().unwrap();
    assert_eq!((stream.rows_read, stream.rows_written, stream.batches), (7, 7, 5));
    let verified = stream.verified;
    assert_eq!((verified.destination_rows, verified.equal, verified.method), (7, true, Method::Checksum));
}

/// Nothing was committed, and the last that was done is to drop what is left, on a session of its own.
pub(crate) fn assert_dropped(heard: &Heard, case: &str) {
    let calls = heard.calls();
    assert!(!calls.contains(&"commit".to_owned()), "{case}: {calls:?}");
    assert_eq!(calls[calls.len() - 4..], ["open", "server", "discard", "close"], "{case}: {calls:?}");
}

const BEGUN: [&str; 4] = ["bookkeeping", "begin", "last-run", "inspect"];
const PARTS: [&str; 11] = [
    "open-part",
    "write",
    "write",
    "finish-part",
    "open-part",
    "write",
    "write",
    "finish-part",
    "open-part",
    "write",
    "finish-part",
];

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_all_parts_arrive_once() {
    let (outcome, heard) = apply(&case("", "")).await;
    let receipt = outcome.unwrap();
    assert_whole(&receipt);
    assert_eq!(receipt.consistency, "snapshot");
    let ended = ["open-writer", "finish", "commit", "close"];
    assert_eq!(heard.calls(), [&["open", "server"][..], &BEGUN, &["load"], &PARTS, &BEGUN, &ended].concat());
    let told = |is: fn(&Event) -> bool| heard.all().iter().filter(|event| is(event)).count();
    assert_eq!(told(|event| matches!(event, Event::StreamStarted { .. })), 1);
    assert_eq!(told(|event| matches!(event, Event::StreamFinished { rows: 7, .. })), 1);
}

/// The last part has what is left, be that a single row or as many as in the others.
#[tokio::test(flavor = "multi_thread")]
async fn blocks_are_divided_without_a_rest() {
    for (rows, parts) in [(7, 2), (9, 2), (12, 2), (13, 3)] {
        let Case { limits, source, .. } = case("", "");
        let (limits, source) = (limits.replace("1MiB", "2MiB"), source.replace("= 7", &format!("= {rows}")));
        let (outcome, heard) = apply(&Case { source, limits, ..case("", "") }).await;
        let stream = &outcome.unwrap().streams[0];
        assert_eq!((stream.rows_read, stream.rows_written, stream.verified.equal), (rows, rows, true));
        assert_eq!(heard.calls().iter().filter(|call| *call == "open-part").count(), parts, "{rows}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_come_before_what_is_loaded_as_a_whole() {
    let (outcome, heard) = apply(&behind_another(case("", ""))).await;
    let receipt = outcome.unwrap();
    assert_whole(&receipt);
    assert_eq!((receipt.streams[0].rows_read, receipt.streams[0].rows_written), (7, 7));
    let begun = [&BEGUN[..], &["inspect"]].concat();
    let whole = ["open-writer", "write", "write", "write", "write", "finish"];
    let ended = ["open-writer", "finish", "commit", "close"];
    let calls = [&["open", "server"][..], &begun, &["load"], &PARTS, &begun, &whole, &ended].concat();
    assert_eq!(heard.calls(), calls);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_nobody_loaded_is_not_believed() {
    for case in [case("", "unloaded@load"), behind_another(case("", "unloaded@load"))] {
        let stream = if case.stream.contains("others") { "public.others" } else { "public.numbers" };
        // A checksum would tell as well, at the end of everything.
        let (outcome, heard) = apply(&Case { stream: case.stream.replace("checksum", "counts"), ..case }).await;
        match outcome.unwrap_err() {
            EngineError::Counts { stream: found, rows_read: 0, rows_received: 3, .. } => assert_eq!(found, stream),
            other => panic!("{other}"),
        }
        assert!(heard.calls().contains(&"abort".to_owned()) && !heard.calls().contains(&"open-part".to_owned()));
        assert_dropped(&heard, stream);
    }
}

/// Each is noticed at the part itself; the rows of the whole stream would tell as well, once it is loaded.
#[tokio::test(flavor = "multi_thread")]
async fn a_part_whose_rows_differ_ends_the_run() {
    for (fault, written, received) in [("count-less", 2, 3), ("count-more", 4, 3), ("received-less", 3, 2)] {
        let (outcome, heard) = apply(&case("", &format!("{fault}@finish-part"))).await;
        match outcome.unwrap_err() {
            EngineError::Counts { rows_read, rows_received, rows_written, .. } => {
                assert_eq!((rows_read, rows_received, rows_written), (3, received, written), "{fault}");
            }
            other => panic!("{fault}: {other}"),
        }
        let calls = heard.calls();
        assert_eq!(calls.iter().filter(|call| *call == "open-part").count(), 1, "{fault}: {calls:?}");
        assert!(calls.contains(&"abort".to_owned()), "{fault}: {calls:?}");
        assert_dropped(&heard, fault);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_that_are_fewer_rows_together_end_the_run() {
    for (fault, written, received) in [("count-less", 6, 7), ("received-less", 7, 6)] {
        let (outcome, heard) = apply(&case("", &format!("{fault}@finish"))).await;
        match outcome.unwrap_err() {
            EngineError::Counts { rows_read, rows_received, rows_written, .. } => {
                assert_eq!((rows_read, rows_received, rows_written), (7, received, written), "{fault}");
            }
            other => panic!("{fault}: {other}"),
        }
        assert_dropped(&heard, fault);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_ends_a_load_what_it_left_is_dropped() {
    for destination in ["error@load", "trap@load", "silent@load", "error@open-part", "trap@write", "error@finish-part"]
    {
        let (outcome, heard) = apply(&case("", destination)).await;
        assert_eq!(outcome.unwrap_err().side(), Some(Side::Destination), "{destination}");
        assert_dropped(&heard, destination);
    }
    let (outcome, heard) = apply(&case("error@next", "")).await;
    assert_eq!(outcome.unwrap_err().side(), Some(Side::Source));
    assert_dropped(&heard, "error@next");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_dropped_is_told_beside_the_error() {
    let (outcome, heard) = apply(&case("", "count-less@finish-part error@discard")).await;
    assert!(matches!(outcome.unwrap_err(), EngineError::Counts { .. }));
    let is_told = |event: &Event| match event {
        Event::Log { level: Level::Warn, message, .. } => {
            message.starts_with("what was loaded in parts is left") && message.contains("this was asked for")
        }
        _ => false,
    };
    assert_eq!(heard.all().iter().filter(|event| is_told(event)).count(), 1);
}
