//! The head of a plan: its sync and both ends.

use super::{page::Page, style::Role};
use crate::{name::visible, observation::End, plan::Plan};

pub(super) fn write(page: &mut Page, plan: &Plan) {
    let heading = page.style.paint(Role::Heading, &format!("Sync {}", visible(plan.sync())));
    page.line(&heading);
    page.blank();
    end(page, "from", &plan.observation().source);
    end(page, "to", &plan.observation().destination);
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
