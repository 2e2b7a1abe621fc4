//! A plan for people and for machines. Owns layout and words; nothing is decided or printed here.

mod ends;
mod markdown;
mod page;
mod stream;
mod style;
mod summary;

#[cfg(test)]
mod tests;

pub use markdown::markdown;
pub use style::Style;

use crate::{figures, plan::Plan, planner::Estimates};
use page::Page;

/// What the statements are for that make the tables in which runs are recorded.
const BOOKKEEPING: &str = "Before the first stream, to record runs:";

/// A plan as text, `width` columns wide (80 is meant; at least 40).
pub fn text(plan: &Plan, width: usize, style: Style) -> String {
    let mut page = Page::new(width, style);
    ends::write(&mut page, plan);
    for stream in plan.streams() {
        page.blank();
        let seen = plan.observation().streams.iter().find(|seen| seen.stream == stream.stream);
        stream::write(&mut page, stream, seen);
    }
    if !plan.observation().bookkeeping.is_empty() {
        page.blank();
        page.line(BOOKKEEPING);
        for statement in &plan.observation().bookkeeping {
            stream::statement(&mut page, statement);
        }
    }
    if !plan.refusals().is_empty() {
        page.blank();
        stream::refusals(&mut page, plan.refusals());
    }
    page.blank();
    summary::write(&mut page, plan);
    page.finish()
}

/// A plan as its file's text: "rapidbyte.plan/1".
pub fn json(plan: &Plan) -> String {
    plan.to_json()
}

/// "~1,234,000 rows, ~120 MiB".
fn amounts(estimates: Estimates) -> String {
    match (estimates.rows, estimates.bytes) {
        (None, _) => "an unknown number of rows".to_owned(),
        (Some(rows), None) => format!("~{}", figures::plural(rows, "row", "rows")),
        (Some(rows), Some(bytes)) => format!("~{}, ~{}", figures::plural(rows, "row", "rows"), figures::bytes(bytes)),
    }
}
