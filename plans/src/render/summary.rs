//! The last lines of a plan: how many streams do what, and how much.

use super::{page::Page, stream::Mark, style::Role};
use crate::{
    decision::Disposition,
    figures,
    plan::{Plan, StreamPlan},
    planner::Estimates,
};

/// What is said of a plan that cannot run.
pub(super) const REFUSED: &str = "nothing of it can be applied until that is settled.";

/// What is said of a plan that finds nothing to do.
pub(super) const NO_CHANGES: &str = "the source is empty, and so is what its rows would replace.";

pub(super) fn write(page: &mut Page, plan: &Plan) {
    page.hanging("", 0, &format!("Plan: {}", tally(plan)));
    if plan.is_refused() {
        let head = page.style.paint(Role::Remove, "Refused: ");
        page.hanging(&head, 9, REFUSED);
    } else if plan.is_destructive() {
        let head = page.style.paint(Role::Remove, "Destructive: ");
        page.hanging(&head, 13, &destruction(plan));
    } else if !plan.has_changes() {
        page.hanging("No changes: ", 12, NO_CHANGES);
    }
}

/// "rows of 2 tables are replaced."
pub(super) fn destruction(plan: &Plan) -> String {
    let removing = || plan.streams().iter().filter(|stream| Mark::of(stream) == Mark::Remove);
    let sweeps = removing().filter(|stream| stream.write.disposition == Disposition::Sweep).count();
    let number = removing().count();
    let verb = match number - sweeps {
        0 => "deleted",
        _ if sweeps == 0 => "replaced",
        _ => "replaced or deleted",
    };
    format!("rows of {} are {verb}.", figures::plural(number as u64, "table", "tables"))
}

/// "2 streams, 1 to create, 1 refused; ~1,234,000 rows, ~120 MiB".
pub(super) fn tally(plan: &Plan) -> String {
    let streams = plan.streams();
    let runs: Vec<&StreamPlan> = streams.iter().filter(|stream| stream.refusals.is_empty()).collect();
    let count = |wanted: &dyn Fn(&StreamPlan) -> bool| runs.iter().filter(|stream| wanted(stream)).count();
    let there =
        |stream: &StreamPlan, disposition| !stream.write.create_table && stream.write.disposition == disposition;
    let parts = [
        (count(&|stream| stream.write.create_table), "to create"),
        (count(&|stream| there(stream, Disposition::Replace)), "to replace"),
        (count(&|stream| there(stream, Disposition::Append)), "to append to"),
        (count(&|stream| there(stream, Disposition::Upsert)), "to upsert"),
        (count(&|stream| there(stream, Disposition::Sweep)), "to sweep"),
        (streams.len() - runs.len(), "refused"),
    ];
    let streams_text = figures::plural(streams.len() as u64, "stream", "streams");
    let said = parts.into_iter().filter(|(number, _)| *number > 0).map(|(number, words)| format!("{number} {words}"));
    let text = std::iter::once(streams_text).chain(said).collect::<Vec<_>>().join(", ");
    format!("{text}; {}", total(streams))
}

/// Of all streams that have an estimate, and whether some have none.
fn total(streams: &[StreamPlan]) -> String {
    let sum = |of: fn(&Estimates) -> Option<u64>| {
        let known = streams.iter().filter_map(|stream| of(&stream.estimates));
        known.reduce(u64::saturating_add)
    };
    let rows = sum(|estimates| estimates.rows);
    let known = super::amounts(Estimates { rows, bytes: sum(|estimates| estimates.bytes) });
    let partly = rows.is_some() && streams.iter().any(|stream| stream.estimates.rows.is_none());
    if partly { format!("{known}, and those of streams without an estimate") } else { known }
}
