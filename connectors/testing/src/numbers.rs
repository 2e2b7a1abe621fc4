//! The one stream of this connector, whatever it is called: a column "id" of numbers from 0, some in each block.

use arrow_array::{Int64Array, RecordBatch, cast::AsArray, types::Int64Type};
use arrow_schema::{DataType, Field, Schema};
use rapidbyte_sdk::{FrameWriter, fault, schema_frame, types::Error};
use std::{collections::HashMap, ops::Range, sync::Arc};

/// Rows of one block: so few that some rows lie in several.
pub(crate) const BLOCK_ROWS: u64 = 3;
/// What a block is said to take: as much as the smallest part that a sync file can ask for.
pub(crate) const BLOCK_BYTES: u64 = 1 << 20;

/// The statement for all numbers, and the beginning of those for parts.
const ALL: &str = "the numbers";
const SOME: &str = "the numbers in blocks ";

/// So many numbers, and their sum: what comes twice in place of another is seen.
#[derive(Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) rows: u64,
    pub(crate) sum: u64,
}

impl Tally {
    /// Of all that a source with so many rows has.
    pub(crate) fn of_all(rows: u64) -> Self {
        Self { rows, sum: rows * rows.saturating_sub(1) / 2 }
    }

    pub(crate) fn of_batch(batch: &RecordBatch) -> Self {
        let sum = batch.column(0).as_primitive::<Int64Type>().values().iter().map(|number| number.unsigned_abs()).sum();
        Self { rows: batch.num_rows() as u64, sum }
    }

    #[must_use]
    pub(crate) fn and(self, other: Self) -> Self {
        Self { rows: self.rows + other.rows, sum: self.sum + other.sum }
    }
}

/// One statement for each part of so many blocks; where they are no blocks each is for all.
pub(crate) fn statements(parts: u32, blocks: Option<u32>) -> Vec<String> {
    let Some(blocks) = blocks else { return vec![ALL.to_owned(); parts as usize] };
    (0..parts).map(|part| format!("{SOME}{}..{}", part * blocks, (part + 1) * blocks)).collect()
}

/// What a statement asks for, of so many rows.
pub(crate) fn asked(statement: &str, rows: u64) -> Range<u64> {
    let blocks = statement.strip_prefix(SOME).and_then(|blocks| blocks.split_once(".."));
    let number = |text: &str| text.parse().map_or(rows, |block: u64| rows.min(block * BLOCK_ROWS));
    blocks.map_or(0..rows, |(first, end)| number(first)..number(end))
}

pub(crate) fn schema() -> Schema {
    let metadata = HashMap::from([
        ("rapidbyte.native".to_owned(), "bigint".to_owned()),
        ("rapidbyte.carriage".to_owned(), "arrow".to_owned()),
    ]);
    Schema::new(vec![Field::new("id", DataType::Int64, false).with_metadata(metadata)])
}

pub(crate) fn schema_message() -> Result<Vec<u8>, Error> {
    schema_frame(&schema()).map_err(fault)
}

/// The numbers from `first`, so many, as a frame.
pub(crate) fn frame(first: u64, rows: u64) -> Result<Vec<u8>, Error> {
    let numbers = (first..first + rows).map(|number| i64::try_from(number).unwrap_or(i64::MAX));
    let column = Arc::new(Int64Array::from_iter_values(numbers));
    let schema = schema();
    let mut writer = FrameWriter::new(&schema).map_err(fault)?;
    let batch = RecordBatch::try_new(Arc::new(schema), vec![column]).map_err(fault)?;
    writer.frame(&batch).map_err(fault)
}
