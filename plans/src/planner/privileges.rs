//! Step: what our user must be allowed at the destination for the route chosen. Owns that table; the GRANT it advises is
//! for people.

use super::{facts::Facts, route::Route, row_errors, shown};
use crate::{
    decision::{Disposition, Publication},
    name::ObjectName,
    observation::{Privilege, RelationKind},
    report::{Report, Rule},
};

/// Whether rows are removed by DELETE, and a refusal for each privilege that is missing.
pub(crate) fn check(facts: Facts<'_>, route: Route, updates: bool) -> (bool, Report) {
    let mut report = Report::default();
    let staged = matches!(route.publication, Publication::Refill | Publication::Merge | Publication::Reconcile);
    if staged && !facts.may(Privilege::Stage) {
        missing(facts, Privilege::Stage, &mut report);
    }
    let empties = route.publication == Publication::Refill || row_errors::empties(facts, route);
    let delete = empties && must_delete(facts);
    for privilege in needed(facts, route, updates, delete) {
        if !facts.may(privilege) {
            missing(facts, privilege, &mut report);
        }
    }
    if delete && facts.target.row_level_security {
        let reason = "row-level security would hide rows from the DELETE that empties the target";
        report.refuse(Rule::TargetDisposition, reason, grant(facts, "TRUNCATE"));
    } else if empties && facts.target.row_level_security {
        report.note("TRUNCATE removes rows that row-level security hides from this user, too");
    }
    (delete, report)
}

/// TRUNCATE has a privilege of its own, and DELETE empties as well.
fn must_delete(facts: Facts<'_>) -> bool {
    !facts.may(Privilege::Truncate) && facts.may(Privilege::Delete)
}

fn needed(facts: Facts<'_>, route: Route, updates: bool, delete: bool) -> Vec<Privilege> {
    if facts.absent() {
        return vec![Privilege::CreateInSchema];
    }
    // No grant makes a sequence or an index take rows.
    if facts.target.kind == Some(RelationKind::Other) {
        return Vec::new();
    }
    match route.publication {
        // The new table is made like the old one, whose columns are read for it; its owner may do the rest.
        Publication::Swap => vec![Privilege::Own, Privilege::Select, Privilege::CreateInSchema],
        Publication::Reconcile => {
            let update = updates.then_some(Privilege::Update);
            [Privilege::Select, Privilege::Insert, Privilege::Delete].into_iter().chain(update).collect()
        }
        _ if facts.stream.wishes.disposition == Disposition::Replace => {
            vec![Privilege::Insert, if delete { Privilege::Delete } else { Privilege::Truncate }]
        }
        // ON CONFLICT reads the key, and what it updates from (PostgreSQL manual, INSERT, "Privileges").
        _ if facts.settles() => {
            let update = updates.then_some(Privilege::Update);
            [Privilege::Insert, Privilege::Select].into_iter().chain(update).collect()
        }
        _ => vec![Privilege::Insert],
    }
}

/// INSERT on another table than the target.
pub(crate) fn missing_insert(facts: Facts<'_>, table: &ObjectName, report: &mut Report) {
    let reason = format!("{} lacks INSERT on {table}", crate::name::visible(facts.user()));
    let grant = format!("GRANT INSERT ON {} TO {};", shown::object(table), shown::identifier(facts.user()));
    report.refuse(Rule::PrivilegeMissing, reason, grant);
}

pub(crate) fn missing(facts: Facts<'_>, privilege: Privilege, report: &mut Report) {
    let (user, name) = (crate::name::visible(facts.user()), &facts.target.name);
    let (reason, advice) = match privilege {
        Privilege::Own => (format!("{user} does not own {name}"), "let its owner run the sync".to_owned()),
        // Where the schema is absent, this says whether we may make it (connectors/wit, `privilege`).
        Privilege::CreateInSchema if !facts.target.schema_exists => {
            let (schema, role) = (shown::identifier(&name.namespace), shown::identifier(facts.user()));
            let reason = format!("{user} may not create schema {}", crate::name::visible(&name.namespace));
            (reason, format!("CREATE SCHEMA {schema} AUTHORIZATION {role};"))
        }
        Privilege::CreateInSchema => {
            let schema = shown::identifier(&name.namespace);
            let grant = format!("GRANT CREATE, USAGE ON SCHEMA {schema} TO {};", shown::identifier(facts.user()));
            (format!("{user} may not create tables in schema {}", crate::name::visible(&name.namespace)), grant)
        }
        Privilege::Stage => {
            let grant = format!("grant TEMPORARY on the destination's database to {}", shown::identifier(facts.user()));
            (format!("{user} may not make the temporary table that rows are staged in"), grant)
        }
        other => (format!("{user} lacks {} on {name}", word(other)), grant(facts, word(other))),
    };
    report.refuse(Rule::PrivilegeMissing, reason, advice);
}

fn grant(facts: Facts<'_>, word: &str) -> String {
    format!("GRANT {word} ON {} TO {};", shown::object(&facts.target.name), shown::identifier(facts.user()))
}

fn word(privilege: Privilege) -> &'static str {
    match privilege {
        Privilege::Select => "SELECT",
        Privilege::Insert | Privilege::Record | Privilege::Load => "INSERT",
        Privilege::Update => "UPDATE",
        Privilege::Delete => "DELETE",
        Privilege::Truncate => "TRUNCATE",
        Privilege::Own => "OWNERSHIP",
        Privilege::CreateInSchema => "CREATE",
        Privilege::Stage => "TEMPORARY",
    }
}
