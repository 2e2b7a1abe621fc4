//! `[limits]`: what a run may use. Owns defaults and bounds, each with its reason.

use super::{
    byte_size, duration,
    reader::{Reader, Section},
};
use crate::{figures, observation::Fetch};
use serde::{Deserialize, Serialize};

const MIB: u64 = 1 << 20;

/// The whole run's memory where the file says nothing.
const MEMORY_BYTES: u64 = 128 * MIB;
/// Below this the defaults that follow from it leave less than ordinary rows need.
const MEMORY_BYTES_MIN: u64 = 32 * MIB;
/// Above this a typing error is likelier than a machine.
const MEMORY_BYTES_MAX: u64 = 1 << 40;
/// Large enough that the cost of a call vanishes, small enough to stay in caches and budgets.
const BATCH_BYTES: u64 = 4 * MIB;
const BATCH_BYTES_MIN: u64 = 64 * 1024;
/// A frame of a batch and one more row must stay under the 128 MiB that one call between host and guest may move.
const BATCH_BYTES_MAX: u64 = 64 * MIB;
const ROW_BYTES: u64 = 16 * MIB;
const ROW_BYTES_MIN: u64 = 1024;
/// As for a batch: both together stay under what one call may move.
const ROW_BYTES_MAX: u64 = 63 * MIB;
const BATCH_ROWS: u32 = 10_000;
/// Beyond this a batch of one-byte columns alone is larger than its bytes' default.
const BATCH_ROWS_MAX: u64 = 1_000_000;
/// Connections on one server; its own default is 100 for all users.
const PARALLEL_MAX: u64 = 64;
const RETRIES: u32 = 3;
const RETRIES_MAX: u64 = 100;
const TIMEOUT_SECS: u64 = 3_600;
/// Thirty days: a run that takes longer has stopped being a run.
const TIMEOUT_SECS_MAX: u64 = 30 * 86_400;
/// A batch exists at most here at once: the reader's arrays, its frame, the queue between, the writer's buffer.
const BATCH_COPIES: u64 = 4;

/// A part that is lost with its connection is read and written again: some seconds.
const PART_BYTES: u64 = 256 * MIB;
/// Smaller ones cost more in commits than they save.
const PART_BYTES_MIN: u64 = MIB;
/// Above what any table has: whoever wants no parts says so.
const PART_BYTES_MAX: u64 = 1 << 50;

/// How batches are compressed between the ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compression {
    /// Not at all.
    None,
    /// LZ4 frames.
    Lz4,
    /// Zstandard, level 1.
    Zstd,
}

/// What a run may use, checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Of the whole run: guests, batches in flight, buffers.
    pub memory_bytes: u64,
    /// A batch ends at whichever comes first: these bytes or the rows.
    pub batch_bytes: u32,
    /// Rows of a batch at most.
    pub batch_rows: u32,
    /// A larger row is an error.
    pub row_bytes: u32,
    /// How the source is to be read; none: the best way it offers.
    pub fetch: Option<Fetch>,
    /// Large tables are loaded in parts of about so many bytes, each committed by itself.
    #[serde(default = "part_bytes", skip_serializing_if = "is_usual")]
    pub part_bytes: u64,
    /// Readers and writers wished for; none: chosen.
    pub parallel: Option<u32>,
    /// Between the ends.
    pub compression: Compression,
    /// Of errors that may pass, per run.
    pub retries: u32,
    /// Of the whole run.
    pub timeout_secs: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self::within(MEMORY_BYTES)
    }
}

impl Limits {
    /// The defaults inside so much memory: a small budget has small batches and rows.
    fn within(memory_bytes: u64) -> Self {
        Self {
            memory_bytes,
            batch_bytes: narrow(BATCH_BYTES.min(memory_bytes / 16)),
            batch_rows: BATCH_ROWS,
            row_bytes: narrow(ROW_BYTES.min(memory_bytes / 8)),
            fetch: None,
            part_bytes: PART_BYTES,
            parallel: None,
            compression: Compression::None,
            retries: RETRIES,
            timeout_secs: TIMEOUT_SECS,
        }
    }

    /// What batches in flight can take at once.
    fn in_flight_bytes(&self) -> u64 {
        BATCH_COPIES * (u64::from(self.batch_bytes) + u64::from(self.row_bytes))
    }
}

fn part_bytes() -> u64 {
    PART_BYTES
}

/// A plan need not say it.
#[allow(clippy::trivially_copy_pass_by_ref)] // as serde calls it
fn is_usual(part_bytes: &u64) -> bool {
    *part_bytes == PART_BYTES
}

/// Values here are bounded far below `u32::MAX`; saturating says so without a panic.
fn narrow(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

const KEYS: [&str; 10] = [
    "memory",
    "batch_bytes",
    "batch_rows",
    "row_bytes",
    "fetch",
    "part_bytes",
    "parallel",
    "compression",
    "retries",
    "timeout",
];

pub(crate) fn read(reader: &mut Reader<'_>, section: Section<'_>) -> Limits {
    reader.unknown_keys(section, &KEYS);
    let memory =
        section.get("memory").and_then(|n| byte_size::read(reader, "memory", n, MEMORY_BYTES_MIN, MEMORY_BYTES_MAX));
    let mut limits = Limits::within(memory.unwrap_or(MEMORY_BYTES));
    sizes(reader, section, &mut limits);
    words(reader, section, &mut limits);
    check_sum(reader, section, &limits);
    limits
}

fn sizes(reader: &mut Reader<'_>, section: Section<'_>, limits: &mut Limits) {
    let mut size = |key: &str, min, max| section.get(key).and_then(|n| byte_size::read(reader, key, n, min, max));
    if let Some(bytes) = size("batch_bytes", BATCH_BYTES_MIN, BATCH_BYTES_MAX) {
        limits.batch_bytes = narrow(bytes);
    }
    if let Some(bytes) = size("row_bytes", ROW_BYTES_MIN, ROW_BYTES_MAX) {
        limits.row_bytes = narrow(bytes);
    }
    if let Some(bytes) = size("part_bytes", PART_BYTES_MIN, PART_BYTES_MAX) {
        limits.part_bytes = bytes;
    }
    let mut count = |key: &str, min, max| section.get(key).and_then(|n| reader.integer(key, n, min, max));
    if let Some(rows) = count("batch_rows", 1, BATCH_ROWS_MAX) {
        limits.batch_rows = narrow(rows);
    }
    limits.parallel = count("parallel", 1, PARALLEL_MAX).map(narrow);
    if let Some(times) = count("retries", 0, RETRIES_MAX) {
        limits.retries = narrow(times);
    }
}

fn words(reader: &mut Reader<'_>, section: Section<'_>, limits: &mut Limits) {
    let fetches = [("copy", Fetch::Copy), ("cursor", Fetch::Cursor)];
    limits.fetch = section.get("fetch").and_then(|n| reader.word("fetch", n, &fetches));
    let ways = [("none", Compression::None), ("lz4", Compression::Lz4), ("zstd", Compression::Zstd)];
    if let Some(way) = section.get("compression").and_then(|n| reader.word("compression", n, &ways)) {
        limits.compression = way;
    }
    if let Some(secs) = section.get("timeout").and_then(|n| duration::read(reader, "timeout", n, 1, TIMEOUT_SECS_MAX)) {
        limits.timeout_secs = secs;
    }
}

fn check_sum(reader: &mut Reader<'_>, section: Section<'_>, limits: &Limits) {
    let need = limits.in_flight_bytes();
    if need <= limits.memory_bytes {
        return;
    }
    let message = format!(
        "`memory` of {} is too small: {BATCH_COPIES} × (batch_bytes {} + row_bytes {}) = {}",
        figures::bytes(limits.memory_bytes),
        figures::bytes(limits.batch_bytes.into()),
        figures::bytes(limits.row_bytes.into()),
        figures::bytes(need),
    );
    let place = ["memory", "row_bytes", "batch_bytes"].iter().find_map(|key| section.get(key)).map(|n| reader.place(n));
    let advice = "raise `memory`, or lower `batch_bytes` or `row_bytes`".to_owned();
    reader.wrong(place.unwrap_or(section.place), message, Some(advice));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_fit_every_memory() {
        for memory in [MEMORY_BYTES_MIN, 64 * MIB, MEMORY_BYTES, MEMORY_BYTES_MAX] {
            let limits = Limits::within(memory);
            assert!(limits.in_flight_bytes() <= memory, "{memory}");
        }
    }
}
