//! The three ways to write that every size, compression, commit and profile is looked at by.

use super::{
    trial::{Apply, Contender, Start, Way},
    workload::{EVENTS, UPSERT, Workload},
};

/// One way to write.
#[derive(Debug)]
pub(super) struct Mode {
    pub(super) name: &'static str,
    stream: &'static str,
    pub(super) workload: &'static Workload,
    start: Start,
}

pub(super) static MODES: [Mode; 3] = [
    Mode {
        name: "insert",
        stream: "write = \"replace\"\nstrategy = \"insert\"\n",
        workload: &EVENTS,
        start: Start::Empty,
    },
    Mode { name: "copy", stream: "write = \"replace\"\nstrategy = \"copy\"\n", workload: &EVENTS, start: Start::Empty },
    Mode { name: "upsert", stream: "write = \"upsert\"\n", workload: &UPSERT, start: Start::Filled },
];

impl Mode {
    /// A contender that writes so; limits and binary of `apply` are kept.
    pub(super) fn contender(&self, name: &str, rows: u32, apply: Apply) -> Contender {
        let apply = Apply { stream: self.stream.to_owned(), ..apply };
        Contender::new(name, Way::Apply(apply), self.workload, rows, self.start)
    }
}
