//! Other tools for the same job.

use super::{
    trial::Start,
    ways::{Place, Ready},
    workload::Workload,
};
use anyhow::{Result, bail};

/// A tool that a trial can have among its contenders.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) name: &'static str,
    /// What it begins with: some tools make the table themselves.
    pub(super) start: Start,
}

impl Peer {
    pub(super) fn ready(&self, _place: &Place, _workload: &Workload) -> Result<Ready> {
        bail!("{} is not installed", self.name)
    }
}

const fn peer(name: &'static str) -> Peer {
    Peer { name, start: Start::Empty }
}

pub(super) static PEERS: [Peer; 7] =
    [peer("pgcopydb"), peer("duckdb"), peer("adbc"), peer("ingestr"), peer("sling"), peer("pgloader"), peer("dlt")];

/// The peer of that name.
pub(super) fn named(name: &str) -> Option<&'static Peer> {
    PEERS.iter().find(|peer| peer.name == name)
}
