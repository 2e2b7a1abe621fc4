//! Step: foreign keys that point at a table which is replaced. Neither a new table nor an empty one could keep them, so its
//! rows are brought in line one by one, or the stream is refused. Owns when that is possible.

use super::{
    facts::{CASCADING_KEY_FROM, FOREIGN_KEY_FROM, Facts, listed},
    key,
};
use crate::{
    decision::Disposition,
    name::visible,
    report::{Report, Rule},
};

/// The stream replaces a table that foreign keys point at.
pub(crate) fn is_wanted(facts: Facts<'_>) -> bool {
    facts.stream.wishes.disposition == Disposition::Replace && !pointing(facts).is_empty()
}

/// Refuses where it is wanted and cannot be done.
pub(crate) fn check(facts: Facts<'_>, key: &[String]) -> Report {
    let mut report = Report::default();
    let name = &facts.target.name;
    let cascading = facts.dependents(CASCADING_KEY_FROM);
    if facts.stream.wishes.disposition == Disposition::Replace && !cascading.is_empty() {
        let keys = listed(&cascading);
        let reason =
            format!("foreign keys point at {name} and cascade ({keys}): rows of other tables would go with its own");
        let advice = "use write = \"upsert\", or make the foreign keys ON DELETE NO ACTION";
        report.refuse(Rule::TargetDependents, reason, advice);
    } else if is_wanted(facts) {
        let keys = listed(&pointing(facts));
        match obstacle(facts, key) {
            Some(why) => {
                let reason =
                    format!("foreign keys point at {name} ({keys}), and its rows cannot be brought in line: {why}");
                report.refuse(Rule::TargetDependents, reason, "use write = \"upsert\", or drop the foreign keys");
            }
            None => report.note(
                "a row that the source has no more and others still point at ends the run, and nothing is changed",
            ),
        }
    }
    report
}

fn pointing(facts: Facts<'_>) -> Vec<String> {
    facts.dependents(FOREIGN_KEY_FROM)
}

/// Why rows cannot be found by a key, updated, added and deleted.
fn obstacle(facts: Facts<'_>, key: &[String]) -> Option<String> {
    let open = |column: &&String| {
        let source = facts.source_column(column).is_none_or(|found| found.nullable);
        source && facts.target_column(column).is_none_or(|found| found.nullable)
    };
    let fixed = |name: &&str| facts.always_generated(name) && !key.iter().any(|column| column == name);
    let columns = || facts.source.columns.iter().map(|column| column.name.as_str());
    if key.is_empty() {
        Some("the stream has no key".to_owned())
    } else if !key::known_unique(facts, key) {
        Some(format!("({}) need not be unique at the source", listed(key)))
    } else if !key::settled(&facts.target.keys, key) {
        Some(format!("{} has no unique key on ({}) that settles conflicts", facts.target.name, listed(key)))
    } else if let Some(column) = key.iter().find(open) {
        Some(format!("{} may be NULL", visible(column)))
    } else if facts.target.row_level_security {
        Some("row-level security would hide rows from the DELETE".to_owned())
    } else {
        columns()
            .find(fixed)
            .map(|column| format!("{} is always generated there, and an update cannot set it", visible(column)))
    }
}
