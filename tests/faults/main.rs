//! Faults while rows move: a run is broken in every way of the table, applied again, and what is then at the destination
//! is compared by an oracle that does not know Rapidbyte. By default a reduced part runs, one test for each fault; with
//! `table` as its first argument this prints the whole table (`cargo xtask faults`).

// A test that cannot go on fails, and says where.
#![allow(clippy::unwrap_used, clippy::expect_used)]
#![allow(clippy::print_stdout, clippy::print_stderr)] // the table is what it is for
#![allow(clippy::format_push_string)] // short texts, built once

mod apply;
mod bank;
mod bugs;
mod cell;
mod changes;
mod histories;
mod kill;
mod lab;
mod link;
mod network;
mod oracle;
mod phases;
mod proxy;
mod readers;
mod report;
mod run;
mod scene;
mod seed;
mod server;
mod sessions;
mod table;
mod wire;

use libtest_mimic::{Arguments, Trial};
use std::process::ExitCode;

/// Of the reduced part: the same each time, so that a red CI is everybody's red.
const SEED: u64 = 20_261_123;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == "table") {
        return run::table(&arguments[1..]);
    }
    let trials = table::all().into_iter().map(|fault| {
        let name = format!("{}_{}", fault.id, fault.what.replace([' ', ','], "_"));
        Trial::test(name, move || run::reduced(&fault, SEED).map_err(Into::into))
    });
    let bugs = bugs::all().into_iter().map(|bug| {
        let name = format!("bug_{}_is_caught_by_{}", bug.name.replace(' ', "_"), bug.found_by);
        Trial::test(name, move || run::sensitive(&bug, SEED).map(drop).map_err(Into::into))
    });
    let all = trials.chain(bugs).chain(histories::trials()).chain(phases::trials());
    libtest_mimic::run(&Arguments::from_args(), all.collect()).exit_code()
}
