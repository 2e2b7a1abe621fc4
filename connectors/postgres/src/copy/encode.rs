//! Arrow into the rows of COPY binary, row by row, with one reservation for a stretch of rows and plain stores. Which encoder
//! a column has follows from its Arrow type, the source's type and the target's ([`crate::pair`]); the rest is refused
//! beforehand.

use super::{
    lanes::{Cells, Lane, Plan, lanes, plans},
    numeric,
    row::Row,
    wire::Malformed,
};
use crate::{pair::ColumnRefusal, types::PgType};
use arrow_array::RecordBatch;
use arrow_schema::Schema;
use std::ops::Range;

/// Rows, and bytes but for one row, that room is taken for at once: enough to make it cheap, few enough that what was
/// cleared still lies in the cache nearest to the core when it is written.
const STRETCH_ROWS: usize = 64;
const STRETCH_BYTES: usize = 16 * 1024;

/// What is wrong with a value that is to be written. The value is not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ValueFault {
    /// The binary form is not that of its type.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// A text in a binary form is not UTF-8.
    #[error("a text is not valid UTF-8")]
    Utf8,
    /// A text holds U+0000, which no text of PostgreSQL can.
    #[error("a text holds a NUL character")]
    Nul,
    /// A NaN that is not the one that the text `NaN` stands for.
    #[error("a NaN has bits that no literal keeps; COPY keeps them")]
    NanBits,
    /// A value nested deeper than any type we know.
    #[error("a value is nested too deeply")]
    Deep,
    /// More bytes than a length of the protocol counts.
    #[error("a value has more than 2 GiB")]
    TooLarge,
}

/// Why a batch cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// A value; category `data`.
    #[error("column {column:?}: {fault}")]
    Column {
        /// The column.
        column: String,
        /// What is wrong.
        fault: ValueFault,
    },
    /// The batch has other columns than the stream: a defect of whoever sent it.
    #[error("a batch does not have the schema of its stream")]
    Schema,
    /// The rows of one statement do not fit a message of the protocol; category `data`.
    #[error("the rows of a statement have more than 4 GiB")]
    Statement,
}

/// Writes the batches of one stream to targets of given types.
#[derive(Debug)]
pub struct Encoder {
    plans: Vec<Plan>,
}

impl Encoder {
    /// Chooses an encoder for each field of the stream; `targets` are the types of the written columns, in the order of
    /// the fields, as the target's own catalog has them.
    pub fn new(schema: &Schema, targets: &[PgType]) -> Result<Self, ColumnRefusal> {
        Ok(Self { plans: plans(schema, targets)? })
    }

    /// Appends all rows of a batch, without the header and the trailer of a COPY.
    pub fn encode(&self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let mut rows = self.start(batch)?;
        while rows.encode_up_to(usize::MAX, out)? > 0 {}
        Ok(())
    }

    /// Prepares a batch: all type checks are done here, once.
    pub fn start<'a>(&'a self, batch: &'a RecordBatch) -> Result<EncodeRows<'a>, EncodeError> {
        let lanes = lanes(&self.plans, batch)?;
        let fixed_bytes = size_of::<i16>() + lanes.iter().map(fixed_bytes_max).sum::<usize>();
        let (next, rows) = (0, batch.num_rows());
        Ok(EncodeRows { lanes, fixed_bytes, next, rows })
    }
}

/// The rows of one batch that are not written yet.
#[derive(Debug)]
pub struct EncodeRows<'a> {
    lanes: Vec<Lane<'a>>,
    /// Bytes of a row at most, but for values of any length.
    fixed_bytes: usize,
    next: usize,
    rows: usize,
}

impl EncodeRows<'_> {
    /// Appends rows until `out` has `out_bytes_max` bytes, at least one; returns how many, 0 when none are left.
    pub fn encode_up_to(&mut self, out_bytes_max: usize, out: &mut Vec<u8>) -> Result<usize, EncodeError> {
        let first = self.next;
        while self.next < self.rows && (self.next == first || out.len() < out_bytes_max) {
            let (rows, bytes_max) = self.stretch(STRETCH_BYTES.min(out_bytes_max.saturating_sub(out.len())));
            self.write(rows, bytes_max, out)?;
        }
        Ok(self.next - first)
    }

    /// How many of the next rows fit into so many bytes for certain, but at least one; and the bytes they have at most.
    fn stretch(&self, bytes: usize) -> (usize, usize) {
        let mut rows = STRETCH_ROWS.min(self.rows - self.next);
        loop {
            let end = self.next + rows;
            let values = self.lanes.iter().map(|lane| variable_bytes(lane, self.next..end)).sum::<usize>();
            let bytes_max = self.fixed_bytes.saturating_mul(rows).saturating_add(values);
            if bytes_max <= bytes || rows == 1 {
                return (rows, bytes_max);
            }
            rows /= 2;
        }
    }

    /// Appends so many rows; one that is wrong leaves those before it.
    fn write(&mut self, rows: usize, bytes_max: usize, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let start = out.len();
        out.resize(start + bytes_max, 0);
        let mut row = Row::new(&mut out[start..]);
        let (mut written, mut result) = (0, Ok(()));
        for at in self.next..self.next + rows {
            result = self.row(at, &mut row);
            if result.is_err() {
                break;
            }
            written = row.written();
            self.next += 1;
        }
        out.truncate(start + written);
        result
    }

    #[inline]
    fn row(&self, at: usize, row: &mut Row<'_>) -> Result<(), EncodeError> {
        // A table has at most 1,600 columns.
        row.put(u16::try_from(self.lanes.len()).unwrap_or(u16::MAX).to_be_bytes());
        for lane in &self.lanes {
            cell(lane, at, row).map_err(|fault| EncodeError::Column { column: lane.column.to_owned(), fault })?;
        }
        Ok(())
    }
}

/// Length and value of a cell at most; for values of any length the length alone.
pub(super) fn fixed_bytes_max(lane: &Lane<'_>) -> usize {
    const LENGTH: usize = size_of::<i32>();
    LENGTH
        + match lane.cells {
            Cells::Boolean(_) | Cells::Jsonb(_) => 1,
            Cells::Int16(_) => 2,
            Cells::Int32(_) | Cells::Int16As32(_) | Cells::Float32(_) | Cells::Date(_) => 4,
            Cells::Int64(_)
            | Cells::Int16As64(_)
            | Cells::Int32As64(_)
            | Cells::Float64(_)
            | Cells::Float32As64(_)
            | Cells::Timestamp(_) => 8,
            Cells::Uuid(_) => 16,
            Cells::Int16AsNumeric(_) | Cells::Int32AsNumeric(_) | Cells::Int64AsNumeric(_) => numeric::BYTES_MAX,
            Cells::Bytes(_) | Cells::Wire(..) => 0,
        }
}

/// The bytes of values of any length in these rows.
pub(super) fn variable_bytes(lane: &Lane<'_>, rows: Range<usize>) -> usize {
    match lane.cells {
        Cells::Bytes(values) | Cells::Jsonb(values) | Cells::Wire(values, _) => values.bytes_of(rows),
        _ => 0,
    }
}

#[inline]
pub(super) fn cell(lane: &Lane<'_>, at: usize, row: &mut Row<'_>) -> Result<(), ValueFault> {
    if lane.is_null(at) {
        row.put((-1_i32).to_be_bytes());
        return Ok(());
    }
    match lane.cells {
        Cells::Boolean(values) => row.cell([u8::from(values.value(at))]),
        Cells::Int16(values) => row.cell(values[at].to_be_bytes()),
        Cells::Int32(values) => row.cell(values[at].to_be_bytes()),
        Cells::Int64(values) => row.cell(values[at].to_be_bytes()),
        Cells::Int16As32(values) => row.cell(i32::from(values[at]).to_be_bytes()),
        Cells::Int16As64(values) => row.cell(i64::from(values[at]).to_be_bytes()),
        Cells::Int32As64(values) => row.cell(i64::from(values[at]).to_be_bytes()),
        Cells::Int16AsNumeric(values) => numeric::put(row, i64::from(values[at])),
        Cells::Int32AsNumeric(values) => numeric::put(row, i64::from(values[at])),
        Cells::Int64AsNumeric(values) => numeric::put(row, values[at]),
        Cells::Float32(values) => row.cell(values[at].to_be_bytes()),
        Cells::Float64(values) => row.cell(values[at].to_be_bytes()),
        Cells::Float32As64(values) => row.cell(f64::from(values[at]).to_be_bytes()),
        Cells::Date(values) => row.cell(super::epoch::date_from_arrow(values[at]).to_be_bytes()),
        Cells::Timestamp(values) => row.cell(super::epoch::timestamp_from_arrow(values[at]).to_be_bytes()),
        Cells::Uuid(values) => row.bytes(&values[at * 16..][..16])?,
        Cells::Bytes(values) => row.bytes(values.get(at))?,
        Cells::Jsonb(values) => row.versioned(1, values.get(at))?,
        Cells::Wire(values, rewrite) => {
            let value = values.get(at);
            row.bytes(value)?;
            rewrite.apply(row.last(value.len()))?;
        }
    }
    Ok(())
}
