//! Faults that any function can commit.
//!
//! trap, panic, hang, hang-log, hang-metric, recurse, memory, flood, metrics, error, retryable, secret, secret-log, long-error;
//! connect:ADDRESS and unix:PATH try to connect and pass over the answer; wait reads from the granted endpoint, which does
//! not answer; everything in `escape` as well. Others are known to the place where they happen.

use crate::escape;
use rapidbyte_sdk::{
    host::{self, Connection, Level},
    types::{Address, Category, Error},
};
use std::hint::black_box;

/// What is to be done, and with what.
pub(crate) struct Act<'a> {
    pub(crate) fault: &'a str,
    pub(crate) password: &'a str,
    pub(crate) target: Option<Address>,
}

pub(crate) fn commit(act: &Act<'_>) -> Result<(), Error> {
    match act.fault {
        "trap" => core::arch::wasm32::unreachable(),
        "panic" => panic!("the password is {}", act.password),
        "hang" => hang(|| ()),
        "hang-log" => hang(|| host::log(Level::Info, "again")),
        "hang-metric" => hang(|| host::metric("again", 1.0)),
        "recurse" => drop(black_box(recurse(black_box(1)))),
        "memory" => memory(),
        "flood" => (0..100_000).for_each(|number| host::log(Level::Info, &format!("message {number}"))),
        "long-log" => host::log(Level::Info, &"long ".repeat(100_000)),
        "metrics" => (0..10_000).for_each(|number| host::metric(&format!("metric_{number}"), 1.0)),
        "error" => return Err(Error::new(Category::Data, "this was asked for").advise("do not ask for it")),
        "retryable" => return Err(Error { retryable: true, ..Error::new(Category::Network, "this may pass") }),
        "secret" => return Err(secret(act.password)),
        "secret-log" => host::log(Level::Warn, &format!("the password is {}, again {}", act.password, act.password)),
        "long-error" => return Err(Error::new(Category::Data, "long ".repeat(1_000_000))),
        "wait" => wait(act.target.as_ref())?,
        "connect" => drop(Connection::connect(act.target.as_ref().ok_or_else(no_target)?)?),
        other => elsewhere(other),
    }
    Ok(())
}

fn elsewhere(fault: &str) {
    if let Some(path) = fault.strip_prefix("unix:") {
        let _ = Connection::connect(&Address::Unix(path.to_owned()));
    } else if let Some((host, port)) = fault.strip_prefix("connect:").and_then(|address| address.rsplit_once(':')) {
        let _ = Connection::connect(&Address::Tcp((host.to_owned(), port.parse().unwrap_or_default())));
    } else {
        escape::attempt(fault);
    }
}

fn hang(step: impl Fn()) {
    let mut number = 0_u64;
    while black_box(number) < u64::MAX {
        number += 1;
        step();
    }
}

fn recurse(depth: u64) -> u64 {
    let room = black_box([depth; 64]);
    if black_box(depth) == 0 { 0 } else { recurse(depth + 1) + room[7] }
}

fn memory() {
    let mut held = Vec::new();
    loop {
        held.push(black_box(vec![1_u8; 1 << 20]));
    }
}

fn secret(password: &str) -> Error {
    let said = format!("<{password}>");
    let error = Error::new(Category::Authentication, format!("postgres://me:{password}@db/x was refused"));
    Error { code: Some(said.clone()), ..error.about(said.clone()).advise(said) }
}

fn no_target() -> Error {
    Error::new(Category::Config, "this fault needs `host` and `port`")
}

/// Tells the server that the wait begins, then waits for a word of it.
fn wait(target: Option<&Address>) -> Result<(), Error> {
    let connection = Connection::connect(target.ok_or_else(no_target)?)?;
    connection.on_abort(b"the wait was ended");
    connection.write(b"!")?;
    while !connection.read(1)?.is_empty() {}
    Ok(())
}
