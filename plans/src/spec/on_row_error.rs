//! `[on_row_error]`: what becomes of rows that the destination refuses. Owns the words, the default, and that there is no
//! policy without a bound.

use super::{
    place::Place,
    reader::{Reader, Section},
};
use std::num::NonZeroU64;

/// What becomes of rows that the destination refuses. The bound is of the run: one row more ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnRowError {
    /// The first one ends the run.
    #[default]
    Fail,
    /// They are counted and left out.
    Skip(NonZeroU64),
    /// They go into a table beside the target, with the reason.
    Quarantine(NonZeroU64),
}

impl OnRowError {
    /// How many rows of a run may be refused; none: not one.
    pub fn rows_max(self) -> Option<NonZeroU64> {
        match self {
            Self::Fail => None,
            Self::Skip(rows) | Self::Quarantine(rows) => Some(rows),
        }
    }
}

/// The policies, before their bound is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Policy {
    #[default]
    Fail,
    Skip,
    Quarantine,
}

const POLICIES: [(&str, Policy); 3] =
    [("fail", Policy::Fail), ("skip", Policy::Skip), ("quarantine", Policy::Quarantine)];

pub(crate) fn read(reader: &mut Reader<'_>, section: Section<'_>) -> OnRowError {
    reader.unknown_keys(section, &["policy", "max_rows"]);
    let rows = section.get("max_rows");
    let place = rows.map_or(section.place, |node| reader.place(node));
    let rows_max = rows.and_then(|node| reader.integer("max_rows", node, 0, u64::MAX));
    let Some(node) = section.get("policy") else {
        return bounded(reader, Policy::Fail, rows_max, place);
    };
    let policy = reader.word("policy", node, &POLICIES);
    if rows.is_some() && rows_max.is_none() {
        // Said already.
        return OnRowError::Fail;
    }
    let place = if rows.is_some() { place } else { reader.place(node) };
    policy.map_or(OnRowError::Fail, |policy| bounded(reader, policy, rows_max, place))
}

/// A policy with its bound, or what is wrong with the two together.
fn bounded(reader: &mut Reader<'_>, policy: Policy, rows_max: Option<u64>, place: Place) -> OnRowError {
    let rows = rows_max.and_then(NonZeroU64::new);
    match (policy, rows) {
        (Policy::Fail, None) => OnRowError::Fail,
        (Policy::Fail, Some(_)) => {
            let message = "`max_rows` has no meaning with policy = \"fail\": the first refused row ends the run";
            let advice = "use max_rows = 0, or policy = \"skip\" or \"quarantine\"".to_owned();
            reader.wrong(place, message, Some(advice));
            OnRowError::Fail
        }
        (Policy::Skip, Some(rows)) => OnRowError::Skip(rows),
        (Policy::Quarantine, Some(rows)) => OnRowError::Quarantine(rows),
        (Policy::Skip | Policy::Quarantine, None) => {
            let message = "`max_rows` must be 1 or more with this policy: it has no default";
            reader.wrong(place, message, Some("say how many refused rows a run may have: max_rows = 100".to_owned()));
            OnRowError::Fail
        }
    }
}
