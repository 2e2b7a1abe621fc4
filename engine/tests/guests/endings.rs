//! How runs end that are not let be: the wish to stop, the time limit, errors that pass, a commit whose answer is lost.

use crate::world::{Case, Heard, apply, apply_until, assert_a_good_run_works};
use rapidbyte_engine::{CancelToken, EngineError, Event};
use std::{
    io::Read,
    net::TcpListener,
    thread::JoinHandle,
    time::{Duration, Instant},
};
use tokio::sync::oneshot;

/// A server that says nothing. It tells when a guest waits for it, and what it is sent on a second connection.
struct Silent {
    port: u16,
    waiting: oneshot::Receiver<()>,
    second: JoinHandle<String>,
}

fn silent_server() -> Silent {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (told, waiting) = oneshot::channel();
    let serve = move || {
        let (mut first, _) = listener.accept().unwrap();
        first.read_exact(&mut [0]).unwrap();
        let _ = told.send(());
        let (mut second, _) = listener.accept().unwrap();
        let mut said = String::new();
        second.read_to_string(&mut said).unwrap();
        said
    };
    Silent { port, waiting, second: std::thread::spawn(serve) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_waits_for_its_server_is_stopped_and_the_server_is_told() {
    let Silent { port, waiting, second } = silent_server();
    let source = format!("mode = \"wait@next\"\nhost = \"127.0.0.1\"\nport = {port}");
    let cancel = CancelToken::new();
    let stop = cancel.clone();
    let case = Case { source, ..Case::default() };
    let running = tokio::spawn(async move { apply_until(&case, stop).await });
    waiting.await.unwrap();
    let began = Instant::now();
    cancel.cancel();
    let (outcome, heard) = running.await.unwrap();
    // Otherwise it waits for the silent server, for as long as the test may run.
    assert!(began.elapsed() < Duration::from_mins(1));
    assert!(matches!(outcome.unwrap_err(), EngineError::Cancelled));
    assert_eq!(second.join().unwrap(), "the wait was ended");
    assert!(!heard.calls().contains(&"commit".to_owned()));
    assert_a_good_run_works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_takes_too_long_is_ended() {
    let Silent { port, .. } = silent_server();
    let source = format!("mode = \"wait@next\"\nhost = \"127.0.0.1\"\nport = {port}");
    let case = Case { source, limits: "timeout = \"1s\"".to_owned(), ..Case::default() };
    let began = Instant::now();
    let (outcome, _) = apply(&case).await;
    assert!(matches!(outcome.unwrap_err(), EngineError::TimedOut { limit_secs: 1 }));
    // Otherwise it waits for the silent server, for as long as the test may run.
    assert!(began.elapsed() < Duration::from_mins(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_stopped_before_does_not_begin() {
    let cancel = CancelToken::new();
    cancel.cancel();
    let (outcome, heard) = apply_until(&Case::default(), cancel).await;
    assert!(matches!(outcome.unwrap_err(), EngineError::Cancelled));
    assert!(!heard.calls().contains(&"commit".to_owned()));
}

fn retries(heard: &Heard) -> usize {
    heard.all().iter().filter(|event| matches!(event, Event::Retrying { .. })).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_that_may_pass_is_tried_again_so_often() {
    for (limits, times) in [("retries = 2", 2), ("retries = 0", 0)] {
        let case = Case { limits: limits.to_owned(), ..Case::source("retryable@next") };
        let (outcome, heard) = apply(&case).await;
        assert_eq!(outcome.unwrap_err().connector().unwrap().message, "this may pass");
        assert_eq!(retries(&heard), times);
    }
    let (_, heard) = apply(&Case { limits: "retries = 2".to_owned(), ..Case::source("error@next") }).await;
    assert_eq!(retries(&heard), 0, "what does not pass is not tried again");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_of_a_side_ends_in_its_own_words() {
    for (case, stream) in
        [(Case::source("error@next"), Some("public.numbers")), (Case::destination("error@begin"), None)]
    {
        let (outcome, _) = apply(&case).await;
        match outcome.unwrap_err() {
            EngineError::Connector { stream: found, error, .. } => {
                assert_eq!(found.as_deref(), stream);
                assert_eq!(error.message, "this was asked for");
            }
            other => panic!("{other}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_to_the_commit_is_asked_for() {
    let (outcome, heard) = apply(&Case::destination("lost@commit committed@outcome")).await;
    assert_eq!(outcome.unwrap().outcome, "done");
    assert!(heard.all().contains(&Event::AskingOutcome));
    let calls = heard.calls();
    assert_eq!(calls.iter().filter(|call| *call == "open").count(), 2, "on a new session: {calls:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_did_not_happen_is_an_error() {
    let (outcome, heard) = apply(&Case::destination("lost@commit")).await;
    assert_eq!(outcome.unwrap_err().connector().unwrap().message, "the answer was lost");
    assert_eq!(heard.calls().iter().filter(|call| *call == "outcome").count(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_the_server_refuses_is_not_asked_for() {
    let (outcome, heard) = apply(&Case::destination("error@commit")).await;
    assert!(outcome.is_err());
    assert!(!heard.all().contains(&Event::AskingOutcome));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_plan_is_not_run() {
    let (outcome, heard) = apply(&Case::destination("refused@inspect")).await;
    assert!(matches!(outcome.unwrap_err(), EngineError::Refused(plan) if plan.is_refused()));
    assert_eq!(heard.calls(), [""; 0]);
}
