//! Step: who waits for whom while a stream is written, and what it takes of the destination's disk and WAL. Owns the words and
//! the arithmetic; nothing is decided by them.

use super::{Estimates, facts::Facts, route::Route, row_errors};
use crate::{
    decision::{LOCK_TIMEOUT_SECS, Publication, Strategy},
    figures,
    report::{Report, Topic},
};

/// What the plan says of locks and room; `alters`: columns of the target are changed first; `delete`: it is emptied row by row.
pub(crate) fn tell(facts: Facts<'_>, route: Route, estimates: Estimates, alters: bool, delete: bool) -> Report {
    let mut report = Report::default();
    if !facts.absent() {
        let because = format!("the run itself waits at most {LOCK_TIMEOUT_SECS} s for a lock of others");
        let emptied = row_errors::empties(facts, route);
        report.because(Topic::Lock, waiting(route, alters, delete, emptied), because);
    }
    if let Some(bytes) = estimates.bytes {
        let (disk, because) = room(route.publication);
        let sizes = [bytes.saturating_mul(disk), bytes].map(figures::bytes);
        report.because(Topic::Room, format!("~{} of disk, ~{} of WAL", sizes[0], sizes[1]), because);
    }
    report
}

fn waiting(route: Route, alters: bool, delete: bool, emptied: bool) -> &'static str {
    match (route.publication, alters) {
        (Publication::Direct, true) => "readers and writers wait for the commit: the table is altered first",
        (Publication::Direct, false) if emptied && delete => "readers go on; writers wait for the commit",
        (Publication::Direct, false) if emptied => {
            "readers and writers wait for the commit: the target is emptied first"
        }
        (_, true) => "readers and writers wait from the change of columns to the commit",
        (Publication::Direct, false) if route.strategy == Strategy::Upsert => {
            "readers go on; writers of the same rows wait for the commit"
        }
        (Publication::Direct, false) => "readers and writers go on",
        (Publication::Swap, false) => {
            "readers and writers wait while the old table is dropped and the new one renamed; changes of the table, and VACUUM, \
             wait for the commit"
        }
        (Publication::Refill, false) if delete => "readers go on; writers wait while the target is filled anew",
        (Publication::Refill, false) => {
            "readers and writers wait while the target is filled anew from the staging table"
        }
        (Publication::Merge, false) => "readers go on; writers of the same rows wait for the commit",
        (Publication::Reconcile | Publication::Sweep, false) => {
            "readers go on; writers wait while rows are brought in line"
        }
    }
}

/// How often the stream's bytes stand on disk until the commit, indexes aside, and why. A staging table that ends with the
/// session is not logged.
fn room(publication: Publication) -> (u64, &'static str) {
    match publication {
        Publication::Direct => (1, "the stream once; indexes come on top"),
        Publication::Swap => (1, "the new table beside the old one until the commit; indexes come on top"),
        Publication::Refill => (2, "the staging table, which has no WAL, and the target; indexes come on top"),
        Publication::Merge | Publication::Reconcile | Publication::Sweep => {
            (2, "the staging table, which has no WAL, and at most all rows anew; indexes come on top")
        }
    }
}
