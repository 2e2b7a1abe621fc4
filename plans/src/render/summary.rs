//! The last lines of a plan: how many streams do what, and how much.

use super::{page::Page, stream::Mark, style::Role};
use crate::{
    decision::Disposition,
    figures,
    plan::{Plan, StreamPlan},
    planner::Estimates,
};

pub(super) fn write(page: &mut Page, plan: &Plan) {
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
        (streams.len() - runs.len(), "refused"),
    ];
    let streams_text = figures::plural(streams.len() as u64, "stream", "streams");
    let said = parts.into_iter().filter(|(number, _)| *number > 0).map(|(number, words)| format!("{number} {words}"));
    let text = std::iter::once(streams_text).chain(said).collect::<Vec<_>>().join(", ");
    page.hanging("", 0, &format!("Plan: {text}; {}", total(streams)));
    if plan.is_refused() {
        let head = page.style.paint(Role::Remove, "Refused: ");
        page.hanging(&head, 9, "nothing of it can be applied until that is settled.");
    } else if plan.is_destructive() {
        let number = count(&|stream| Mark::of(stream) == Mark::Remove) as u64;
        let head = page.style.paint(Role::Remove, "Destructive: ");
        page.hanging(&head, 13, &format!("rows of {} are replaced.", figures::plural(number, "table", "tables")));
    } else if !plan.has_changes() {
        page.hanging("No changes: ", 12, "the source is empty, and so is what its rows would replace.");
    }
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
