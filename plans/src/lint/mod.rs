//! A second look at a plan that knows nothing of how it was made: each rule asks the finished plan alone. A finding is a
//! defect of the planner or of a connector, never of the user.

mod batches;
mod columns;
mod keys;
mod objects;
mod reasons;
mod row_errors;
mod statements;
mod windows;

#[cfg(test)]
mod tests;

use crate::plan::{Plan, StreamPlan};

/// Something that must not be in a plan.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// The rule that found it.
    pub rule: &'static str,
    /// The stream; none: the plan.
    pub stream: Option<String>,
    /// What is wrong.
    pub message: String,
}

/// A rule that looks at one stream.
type StreamRule = fn(&Plan, &StreamPlan, &mut Findings<'_>);

const STREAM_RULES: [(&str, StreamRule); 8] = [
    ("reasons", reasons::check),
    ("columns", columns::check),
    ("keys", keys::check),
    ("batches", batches::check),
    ("statements", statements::check),
    ("objects", objects::check_stream),
    ("row_errors", row_errors::check),
    ("windows", windows::check),
];

/// Everything that is wrong with a plan; empty: nothing.
pub fn lint(plan: &Plan) -> Vec<Finding> {
    let mut all = Vec::new();
    objects::check_plan(plan, &mut Findings { rule: "objects", stream: None, all: &mut all });
    for stream in plan.streams() {
        for (rule, check) in STREAM_RULES {
            check(plan, stream, &mut Findings { rule, stream: Some(&stream.stream), all: &mut all });
        }
    }
    all
}

/// Where a rule puts what it finds.
pub(crate) struct Findings<'a> {
    rule: &'static str,
    stream: Option<&'a str>,
    all: &'a mut Vec<Finding>,
}

impl Findings<'_> {
    /// A finding unless `good`.
    fn unless(&mut self, good: bool, message: impl Into<String>) {
        if !good {
            let stream = self.stream.map(str::to_owned);
            self.all.push(Finding { rule: self.rule, stream, message: message.into() });
        }
    }
}

/// What the plan observed of a stream.
fn observed<'a>(plan: &'a Plan, stream: &StreamPlan) -> Option<&'a crate::observation::StreamObservation> {
    plan.observation().streams.iter().find(|seen| seen.stream == stream.stream)
}
