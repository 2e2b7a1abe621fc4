//! Guests that reach for what they were not given (trust.md S1 to S3): ended, and the run says what for.

use crate::world::{Case, apply, assert_a_good_run_works};
use rapidbyte_engine::{EngineError, Side};
use std::net::TcpListener;

async fn refused(mode: &str, what: &str) {
    match apply(&Case::source(mode)).await.0.unwrap_err() {
        EngineError::NotGranted { side: Side::Source, what: found } => assert!(found.contains(what), "{mode}: {found}"),
        other => panic!("{mode}: {other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_not_there() {
    for fault in ["read-file", "read-relative", "read-proc", "read-folder", "write-file"] {
        refused(&format!("{fault}@open"), "wasi:filesystem/").await;
    }
    assert!(!std::path::Path::new("/tmp/rapidbyte-was-here").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_are_the_environment_the_clock_and_the_terminal() {
    for (fault, what) in [
        ("env", "wasi:cli/environment"),
        ("env-all", "wasi:cli/environment"),
        ("args", "wasi:cli/environment"),
        ("wall-clock", "wasi:clocks/wall-clock"),
        ("monotonic-clock", "wasi:clocks/monotonic-clock"),
        ("sleep", "wasi:clocks/monotonic-clock"),
        ("stdin", "wasi:cli/stdin"),
        ("stdout", "wasi:cli/stdout"),
        ("exit", "wasi:cli/exit"),
    ] {
        refused(&format!("{fault}@next"), what).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sockets_of_the_standard_library_are_not_there() {
    for fault in ["tcp", "listen", "udp", "resolve"] {
        refused(&format!("{fault}@open"), "wasi:sockets/").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_granted_addresses_are_connected() {
    let canary = TcpListener::bind("127.0.0.1:0").unwrap();
    canary.set_nonblocking(true).unwrap();
    let port = canary.local_addr().unwrap().port();
    for host in
        ["127.0.0.1", "localhost", "::1", "::ffff:127.0.0.1", "0.0.0.0", "169.254.169.254", "2130706433", "127.1"]
    {
        refused(&format!("connect:{host}:{port}@open"), host).await;
        refused(&format!("connect:{host}:{port}@next"), host).await;
    }
    refused("unix:/run/docker.sock@open", "/run/docker.sock").await;
    assert!(canary.accept().is_err(), "somebody knocked");
    assert_a_good_run_works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_granted_host_grants_no_other_port() {
    let canary = TcpListener::bind("127.0.0.1:0").unwrap();
    canary.set_nonblocking(true).unwrap();
    let port = canary.local_addr().unwrap().port();
    let source = format!("mode = \"connect:127.0.0.1:{port}@open\"\nhost = \"127.0.0.1\"\nport = 1");
    let (outcome, _) = apply(&Case { source, ..Case::default() }).await;
    assert!(matches!(outcome.unwrap_err(), EngineError::NotGranted { .. }));
    assert!(canary.accept().is_err(), "somebody knocked");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_sync_file_does_not_name_is_not_granted() {
    let source = "mode = \"ask:evil.example.org:5432@endpoints\"\nhost = \"db.example.org\"\nport = 5432";
    let (outcome, _) = apply(&Case { source: source.to_owned(), ..Case::default() }).await;
    match outcome.unwrap_err() {
        EngineError::NotGranted { what, .. } => assert_eq!(what, "evil.example.org:5432"),
        other => panic!("{other}"),
    }
}
