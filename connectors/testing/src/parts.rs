//! The parts that the destination has: in its session, and at the endpoint that the sync file names, which keeps them beyond it.
//!
//! A connection to the endpoint is one line of ours and its answer, "ok" and the lines that it keeps. "load NAME" begins a load,
//! or finds it again; "TARGET PART ROWS SUM" records a part. Without an answer the connection broke. Sessions that share a load
//! know of each other by the endpoint alone.

use crate::numbers::Tally;
use rapidbyte_sdk::{
    host::Connection,
    types::{Address, Category, Error},
};
use std::{cell::RefCell, collections::BTreeMap};

/// The most that one read of an answer takes; answers are far shorter.
const READ_BYTES: u32 = 4096;

pub(crate) struct Parts {
    /// By target and number.
    loaded: RefCell<BTreeMap<(String, u32), Tally>>,
    load: RefCell<String>,
    keeper: Option<Address>,
}

impl Parts {
    pub(crate) fn new(keeper: Option<Address>) -> Self {
        Self { loaded: RefCell::default(), load: RefCell::default(), keeper }
    }

    /// Begins a load, or finds what is kept of it.
    pub(crate) fn find(&self, load: &str) -> Result<(), Error> {
        let kept = self.ask(&format!("load {load}"))?;
        *self.loaded.borrow_mut() = kept.lines().filter_map(record).collect();
        load.clone_into(&mut self.load.borrow_mut());
        Ok(())
    }

    pub(crate) fn record(&self, target: &str, part: u32, tally: Tally) -> Result<(), Error> {
        self.ask(&format!("{target} {part} {} {}", tally.rows, tally.sum))?;
        self.loaded.borrow_mut().insert((target.to_owned(), part), tally);
        Ok(())
    }

    /// The parts of a target, and the rows of each.
    pub(crate) fn of(&self, target: &str) -> Vec<(u32, u64)> {
        let loaded = self.loaded.borrow();
        let of = loaded.iter().filter(|((name, _), _)| name == target);
        of.map(|((_, part), tally)| (*part, tally.rows)).collect()
    }

    /// All parts of a target together, also those of other sessions.
    pub(crate) fn whole(&self, target: &str) -> Result<Tally, Error> {
        if self.keeper.is_some() {
            let load = self.load.borrow().clone();
            self.find(&load)?;
        }
        let loaded = self.loaded.borrow();
        let of = loaded.iter().filter(|((name, _), _)| name == target);
        Ok(of.fold(Tally::default(), |sum, (_, tally)| sum.and(*tally)))
    }

    /// What the endpoint answers; where there is none it has nothing to say.
    fn ask(&self, line: &str) -> Result<String, Error> {
        let Some(keeper) = &self.keeper else { return Ok(String::new()) };
        let connection = Connection::connect(keeper)?;
        connection.write(format!("{line}\n").as_bytes())?;
        let mut answer = Vec::new();
        loop {
            match connection.read(READ_BYTES)? {
                bytes if bytes.is_empty() => break,
                bytes => answer.extend(bytes),
            }
        }
        let answer = String::from_utf8_lossy(&answer);
        let broken = || Error { retryable: true, ..Error::new(Category::Network, "the connection broke") };
        answer.strip_prefix("ok\n").map(str::to_owned).ok_or_else(broken)
    }
}

/// A part as it is kept.
fn record(line: &str) -> Option<((String, u32), Tally)> {
    let mut words = line.split(' ');
    let target = words.next()?.to_owned();
    let part = words.next()?.parse().ok()?;
    let (rows, sum) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    Some(((target, part), Tally { rows, sum }))
}
