//! Step: rows that the destination refuses, where the sync file wants the run to go on without them. Owns which ways of
//! writing can tell a refused row from its neighbours, and what the plan says of it; which way is taken is route.rs.

use super::{
    facts::{FOREIGN_KEY_TO_ITSELF, Facts, listed},
    names::NAME_BYTES_MAX,
    privileges,
    route::{Route, no_upsert},
};
use crate::{
    decision::{Disposition, Publication, Quarantine, RowErrors, Strategy},
    figures,
    name::visible,
    observation::{Privilege, QuarantineState},
    quarantine::quarantine_of,
    report::{Report, Rule, Topic},
};
use std::num::NonZeroU64;

/// The server's end of each COPY is waited for: 1,000,000 rows of 60 bytes took 1.3 to 1.7 times as long in batches of 10,000
/// rows, and 2.2 times in batches of 1,000, as in one COPY. An INSERT waits for its statements anyway.
const A_COPY_EACH: &str =
    "a COPY of its own under a savepoint, which takes about 1.5 times as long as one COPY, and longer in small batches";

/// How refused rows are set aside; none: the first one ends the run. `batch_rows`: of one batch at most.
pub(crate) fn choose(
    facts: Facts<'_>,
    quarantine: Option<&QuarantineState>,
    (route, key): (Route, &[String]),
    batch_rows: u32,
) -> (Option<RowErrors>, Report) {
    let mut report = Report::default();
    let Some(rows_max) = facts.spec.on_row_error.rows_max() else { return (None, report) };
    refuse_route(facts, route, key, &mut report);
    let quarantine = quarantine_of(facts.spec, &facts.target.name).and_then(|table| {
        if table.name.len() > NAME_BYTES_MAX {
            let reason = format!(
                "the name of the table for refused rows, {}, has {} bytes, and the destination cuts names at {NAME_BYTES_MAX}",
                visible(&table.name),
                table.name.len()
            );
            report.refuse(Rule::NameTooLong, reason, "choose a shorter name by `into`");
            return None;
        }
        let Some(seen) = quarantine.filter(|seen| seen.name == table) else {
            report.refuse(Rule::Unobserved, format!("the destination said nothing about {table}"), "plan again");
            return None;
        };
        refuse_table(facts, route, seen, &mut report);
        Some(Quarantine { table, create: !seen.exists, stream: facts.stream.stream.clone() })
    });
    tell((facts, route, key), (rows_max, quarantine.as_ref()), batch_rows, &mut report);
    (Some(RowErrors { rows_max, quarantine }), report)
}

/// Ways of writing in which rows are refused together, or for what others do.
fn refuse_route(facts: Facts<'_>, route: Route, key: &[String], report: &mut Report) {
    let name = &facts.target.name;
    let fail = "use policy = \"fail\" under [on_row_error]";
    match route.publication {
        Publication::Direct | Publication::Swap => {}
        Publication::Refill | Publication::Merge => {
            let why = no_upsert(facts, key).unwrap_or_default();
            let reason = format!(
                "refused rows can be told apart where they enter {name} by INSERT … ON CONFLICT, not where one statement merges \
                 them, and INSERT cannot be used: {why}"
            );
            report.refuse(Rule::RowErrors, reason, fail);
        }
        Publication::Reconcile | Publication::Sweep => {
            let reason = format!(
                "foreign keys point at {name}, so that one statement brings its rows in line: refused rows cannot be told apart"
            );
            report.refuse(Rule::RowErrors, reason, format!("{fail}, or write = \"upsert\""));
        }
    }
    let own = facts.dependents(FOREIGN_KEY_TO_ITSELF);
    if !own.is_empty() {
        let reason = format!(
            "rows of {name} point at each other ({}), and one that points at a later batch would be refused",
            listed(&own)
        );
        report.refuse(Rule::RowErrors, reason, format!("{fail}, or make the foreign key INITIALLY DEFERRED"));
    }
}

/// The table for refused rows cannot take them, or is not ours to make or fill.
fn refuse_table(facts: Facts<'_>, route: Route, seen: &QuarantineState, report: &mut Report) {
    let table = &seen.name;
    if let Some(why) = &seen.unfit {
        let reason = format!("{table} cannot take refused rows: {}", visible(why));
        let advice = "rename or drop it, or use policy = \"skip\" under [on_row_error]";
        report.refuse(Rule::RowErrors, reason, advice);
    } else if seen.exists && !seen.may_insert {
        privileges::missing_insert(facts, table, report);
    }
    // Where the target itself is made this is asked for already.
    let asked = facts.absent() || route.publication == Publication::Swap;
    if !seen.exists && !asked && !facts.may(Privilege::CreateInSchema) {
        privileges::missing(facts, Privilege::CreateInSchema, report);
    }
}

fn tell(
    (facts, route, key): (Facts<'_>, Route, &[String]),
    (rows_max, quarantine): (NonZeroU64, Option<&Quarantine>),
    batch_rows: u32,
    report: &mut Report,
) {
    let bound = format!("at most {} of the run", figures::plural(rows_max.get(), "row", "rows"));
    let choice = match quarantine {
        Some(quarantine) => format!("set aside in {}, {bound}", quarantine.table),
        None => format!("counted and left out, {bound}"),
    };
    let load = if route.strategy == Strategy::Copy { A_COPY_EACH } else { "under a savepoint" };
    let because = format!(
        "each batch is {load}; one that is refused is halved until the rows that are refused stand alone, at most {} loads \
         for a row{}",
        loads_max(batch_rows),
        keys_first(facts, route, key)
    );
    report.because(Topic::RowErrors, choice, because);
    report.note(
        "a row is refused by its types, by constraints, by a trigger's exception or a view's check option; what waits for the \
         commit (deferred constraints), and a row that the source cannot give (limits.row_bytes), end the run",
    );
}

/// Both halves of each halving, and the whole batch before: connectors/postgres, bisect.rs.
fn loads_max(batch_rows: u32) -> u32 {
    2 * batch_rows.max(1).next_power_of_two().trailing_zeros() + 1
}

fn keys_first(facts: Facts<'_>, route: Route, key: &[String]) -> &'static str {
    let made = facts.absent() && !key.is_empty();
    let swapped = route.publication == Publication::Swap && !facts.target.keys.is_empty();
    if made || swapped { "; keys stand before the first row, which takes longer than making them last" } else { "" }
}

/// The target is emptied and filled itself: a new table could not take its place, and refused rows of a staging table could
/// not be told apart.
pub(crate) fn empties(facts: Facts<'_>, route: Route) -> bool {
    let replaces = facts.stream.wishes.disposition == Disposition::Replace && !facts.absent();
    replaces && route.publication == Publication::Direct
}
