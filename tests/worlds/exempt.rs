//! The cases that are not run here, or not to their end, each with its reason.

use crate::case::Case;

/// No world in one PostgreSQL server is like this.
const IMPOSSIBLE: [(&str, &str); 7] = [
    ("refused-unobserved", "only a defective connector leaves out a stream that it was asked about"),
    ("refused-column-unobserved", "only a defective connector leaves out a column that it was asked about"),
    ("refused-fetch-none", "the PostgreSQL source offers both ways of reading for all that it reads"),
    ("refused-fetch-wish", "the PostgreSQL source offers both ways of reading for all that it reads"),
    ("refused-long-column-name", "a server stores no name of 64 bytes"),
    ("refused-names-truncated", "a server stores no name of 68 bytes"),
    ("refused-temporary", "a temporary table has a schema of its session's own, never one that is called raw"),
];

/// Something says no before there is a plan: exit code, and words of the message.
const SOONER: [(&str, i32, &str); 2] = [
    ("refused-long-table-name", 2, "PostgreSQL cuts names at 63"),
    ("refused-no-columns", 2, "no column is left to read"),
];

pub(crate) fn is_impossible(case: &Case) -> bool {
    IMPOSSIBLE.iter().any(|(name, _)| *name == case.name)
        // What was brought by runs before is for the system tests: they have made these runs.
        || case.observation.streams.iter().any(|seen| seen.checkpoint.is_some())
}

pub(crate) fn sooner(case: &str) -> Option<(i32, &'static str)> {
    SOONER.iter().find(|(name, _, _)| *name == case).map(|(_, code, words)| (*code, *words))
}

/// A case that was renamed or removed leaves no entry behind.
pub(crate) fn all_are_there(cases: &std::path::Path) {
    for name in IMPOSSIBLE.iter().map(|(name, _)| name).chain(SOONER.iter().map(|(name, _, _)| name)) {
        assert!(cases.join(name).is_dir(), "{name} is listed and there is no such case");
    }
}
