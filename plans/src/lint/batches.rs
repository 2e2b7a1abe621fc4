//! Lint: sizes are above zero and inside the limits.

use super::Findings;
use crate::plan::{Plan, StreamPlan};

pub(super) fn check(plan: &Plan, stream: &StreamPlan, findings: &mut Findings<'_>) {
    let (limits, read, write) = (plan.limits(), &stream.read, &stream.write);
    findings.unless((1..=limits.batch_rows).contains(&read.batch_rows), "a batch has no rows, or more than the limit");
    findings.unless(write.batch_rows == read.batch_rows, "reader and writer have different batches");
    findings.unless(read.batch_bytes == limits.batch_bytes, "a batch has not the limit's bytes");
    findings.unless(
        u64::from(read.batch_bytes) + u64::from(read.row_bytes) <= limits.memory_bytes,
        "a batch is beyond the memory",
    );
    findings.unless((1..=read.batch_rows).contains(&write.insert_rows), "an INSERT has no rows, or more than a batch");
    findings.unless(write.insert_bytes > 0, "an INSERT has no bytes");
    findings.unless(read.partitions >= 1, "the stream has no parts");
}
