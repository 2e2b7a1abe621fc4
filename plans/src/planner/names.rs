//! Step: names that the destination would cut. PostgreSQL cuts a longer name silently, and two may become one.

use super::facts::Facts;
use crate::{
    name::visible,
    report::{Report, Rule},
};

/// NAMEDATALEN - 1 (PostgreSQL manual, "Identifiers and Key Words"): the only destination that is known here.
pub(crate) const NAME_BYTES_MAX: usize = 63;

/// Names that are too long: of the target, and of the columns of a table that is created.
pub(crate) fn check(facts: Facts<'_>) -> Report {
    let mut report = Report::default();
    let target = &facts.target.name;
    for (name, what, advice) in [
        (&target.namespace, "schema", "choose a shorter `schema` of the destination"),
        (&target.name, "table", "choose a shorter name by `into`"),
    ] {
        if name.len() > NAME_BYTES_MAX {
            report.refuse(Rule::NameTooLong, format!("the {what}'s name {} {}", visible(name), too_long(name)), advice);
        }
    }
    let created = facts.source.columns.iter().filter(|column| facts.absent() && column.name.len() > NAME_BYTES_MAX);
    for column in created {
        let advice = "leave it out by exclude_columns, or rename it in a query";
        report.refuse_column(Rule::NameTooLong, &column.name, format!("its name {}", too_long(&column.name)), advice);
    }
    report
}

fn too_long(name: &str) -> String {
    format!("has {} bytes, and the destination cuts names at {NAME_BYTES_MAX}", name.len())
}
