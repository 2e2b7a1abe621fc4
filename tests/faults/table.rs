//! The table of faults: what each is, in which cells, how often.

use crate::{
    cell::Cell,
    changes, kill, network,
    scene::{Scene, Shot},
    server, sessions,
};

/// A run with the fault; the number is the run's in its row.
pub(crate) type Shoot = fn(&mut Scene, u64) -> Shot;

/// What the server must be like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Server {
    Plain,
    Tls,
    /// With a small disk of its own, which only root can make.
    SmallDisk,
    /// The same for the write-ahead log.
    SmallLog,
}

/// A line of the table.
pub(crate) struct Fault {
    pub(crate) id: &'static str,
    pub(crate) what: &'static str,
    pub(crate) shoot: Shoot,
    pub(crate) server: Server,
    /// The cells in which it means something.
    pub(crate) in_cell: fn(Cell) -> bool,
    /// Runs in the reduced part, and in each cell of the whole table: there 1,000 SIGKILLs at any moment, and as many others.
    pub(crate) reduced: u64,
    pub(crate) whole: u64,
}

fn any(_: Cell) -> bool {
    true
}

const fn fault(id: &'static str, what: &'static str, shoot: Shoot, reduced: u64, whole: u64) -> Fault {
    Fault { id, what, shoot, server: Server::Plain, in_cell: any, reduced, whole }
}

pub(crate) fn all() -> Vec<Fault> {
    vec![
        fault("F1", "abort at a named point", kill::at_a_point, 10, 24),
        fault("F2", "SIGKILL at any moment", kill::at_any_moment, 10, 92),
        fault("F3", "COMMIT done, answer lost", network::answer_lost, 4, 8),
        fault("F4", "a backend is terminated", server::terminated, 3, 5),
        fault("F5", "TCP reset", network::reset, 3, 8),
        fault("F6", "black hole", network::black_hole, 1, 2),
        fault("F7", "drip, latency", network::slow, 1, 2),
        fault("F8a", "a flipped bit in a frame", network::flipped_in_a_frame, 2, 3),
        Fault { server: Server::Tls, ..fault("F8b", "a flipped bit under TLS", network::flipped_under_tls, 2, 3) },
        fault("F9", "the server restarts", server::restarted, 2, 4),
        fault("F10", "SIGKILL of a backend", server::backend_killed, 1, 3),
        Fault { server: Server::SmallDisk, ..fault("F11", "disk full", server::disk_full, 2, 2) },
        Fault { server: Server::SmallLog, ..fault("F12", "disk of the log full", server::log_full, 1, 2) },
        fault("F14", "deadlock", sessions::deadlock, 1, 2),
        fault("F15", "timeouts, no connection", sessions::impatient, 4, 4),
        fault("F16", "serialisation failure", sessions::serialization, 2, 2),
        fault("F17", "definitions of the source change", changes::of_the_source, 4, 4),
        fault("F18", "definitions of the destination change", changes::of_the_destination, 3, 3),
        fault("F19", "late commits, updates while reading", changes::late_commits, 2, 4),
        fault("F20", "the holder of the snapshot dies", server::snapshot_lost, 1, 3),
        fault("F21", "rows that are refused", changes::poison, 2, 2),
        fault("F22", "values beyond all limits", changes::huge, 1, 2),
        fault("F24", "two runs at once", kill::twice_at_once, 2, 4),
        fault("F25", "SIGINT, SIGTERM", kill::told_to_stop, 3, 5),
        fault("F26", "records of another version", changes::other_version, 4, 4),
    ]
}
