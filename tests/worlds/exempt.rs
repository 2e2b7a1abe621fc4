//! The cases that are not run here, or not to their end, each with its reason.

/// No world in one PostgreSQL server is like this.
const IMPOSSIBLE: [(&str, &str); 0] = [];

/// Something says no before there is a plan: exit code, and words of the message.
const SOONER: [(&str, i32, &str); 0] = [];

pub(crate) fn is_impossible(case: &str) -> bool {
    IMPOSSIBLE.iter().any(|(name, _)| *name == case)
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
