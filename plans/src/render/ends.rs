//! The head of a plan: its sync, both ends and what is left out.

use super::{page::Page, style::Role};
use crate::{name::visible, observation::End, plan::Plan, planner::listed};

pub(super) fn write(page: &mut Page, plan: &Plan) {
    let heading = page.style.paint(Role::Heading, &format!("Sync {}", visible(plan.sync())));
    page.line(&heading);
    page.blank();
    end(page, "from", &plan.observation().source);
    end(page, "to", &plan.observation().destination);
    if let Some(tables) = columnless(plan) {
        page.labelled("left out", &format!("{tables}: {NO_COLUMNS}"));
    }
}

pub(super) const NO_COLUMNS: &str = "without a column there is nothing to read";

/// The tables that are left out of wildcards.
pub(super) fn columnless(plan: &Plan) -> Option<String> {
    let tables = &plan.observation().columnless;
    (!tables.is_empty()).then(|| listed(tables))
}

fn end(page: &mut Page, label: &str, end: &End) {
    page.labelled(label, &format!("{}, as {}", visible(&end.endpoint), visible(&end.user)));
    let read_only = if end.read_only { ", read only" } else { "" };
    page.below(&format!("{}, {tls}{read_only}", visible(&end.product), tls = tls_words(end)));
}

pub(super) fn tls_words(end: &End) -> String {
    match end.tls.as_str() {
        "" | "disable" | "none" => "no TLS".to_owned(),
        mode => format!("TLS {}", visible(mode)),
    }
}
