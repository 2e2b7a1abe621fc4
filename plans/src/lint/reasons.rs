//! Lint: every choice has a reason, every refusal says why and what to do.

use super::Findings;
use crate::{
    plan::{Plan, StreamPlan},
    report::{Refusal, Topic},
};

/// What every stream must give a reason for.
const TOPICS: [Topic; 6] = [Topic::Target, Topic::Key, Topic::Strategy, Topic::Publication, Topic::Read, Topic::Batch];

pub(super) fn check(plan: &Plan, stream: &StreamPlan, findings: &mut Findings<'_>) {
    for refusal in plan.refusals().iter().chain(&stream.refusals) {
        let Refusal { rule, reason, advice, .. } = refusal;
        findings.unless(!reason.is_empty() && !advice.is_empty(), format!("refusal {rule:?} lacks a reason or advice"));
    }
    if !stream.refusals.is_empty() {
        return;
    }
    for topic in TOPICS {
        let count = stream.reasons.iter().filter(|reason| reason.topic == topic).count();
        findings.unless(count == 1, format!("{count} reasons for {topic:?}"));
    }
    let filled = stream.reasons.iter().all(|reason| !reason.choice.is_empty() && !reason.because.is_empty());
    findings.unless(filled, "a reason is empty");
}
