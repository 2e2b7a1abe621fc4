//! Step: names that the destination would not keep. PostgreSQL cuts a longer name silently, and two may become one; and it
//! has columns of its own in every table.

use super::facts::Facts;
use crate::{
    decision::Relation,
    name::visible,
    observation::{RelationKind, SourceColumn},
    report::{Report, Rule},
};

/// NAMEDATALEN - 1 (PostgreSQL manual, "Identifiers and Key Words"): the only destination that is known here.
pub(crate) const NAME_BYTES_MAX: usize = 63;

/// The columns of every table that no other column may be called as (PostgreSQL manual, "System Columns").
const SYSTEM_COLUMNS: [&str; 6] = ["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"];

const RENAME: &str = "leave it out by exclude_columns, or rename it in a query";

/// Names that are too long, of the target and of the columns of a table that is created; and names of system columns.
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
        report.refuse_column(Rule::NameTooLong, &column.name, format!("its name {}", too_long(&column.name)), RENAME);
    }
    let is_query = matches!(facts.stream.selection.relation, Relation::Query(_));
    for column in facts.source.columns.iter().filter(|column| is_reserved(facts, column)) {
        let reason = "the destination has a system column of this name in every table";
        let advice = if is_query { "give it another name in the query, by AS" } else { RENAME };
        report.refuse_column(Rule::ColumnReserved, &column.name, reason, advice);
    }
    report
}

/// The target cannot get such a column; a view may have one.
pub(super) fn is_reserved(facts: Facts<'_>, column: &SourceColumn) -> bool {
    let judged = facts.target.kind != Some(RelationKind::Other) && facts.target_column(&column.name).is_none();
    judged && is_system_column(&column.name)
}

pub(super) fn is_system_column(name: &str) -> bool {
    SYSTEM_COLUMNS.contains(&name)
}

fn too_long(name: &str) -> String {
    format!("has {} bytes, and the destination cuts names at {NAME_BYTES_MAX}", name.len())
}
