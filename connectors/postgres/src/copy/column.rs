//! One column that is being filled from cells in binary form. Nothing here knows rows.

use super::{
    epoch, short,
    wire::{Malformed, Wire},
};
use crate::types::PgType;
use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, FixedSizeBinaryArray, PrimitiveArray, StringArray,
    types::{
        ArrowPrimitiveType, Date32Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type,
        Time64MicrosecondType, TimestampMicrosecondType,
    },
};
use arrow_buffer::{BooleanBufferBuilder, Buffer, NullBuffer, NullBufferBuilder, OffsetBuffer, ScalarBuffer};
use arrow_schema::DataType;
use std::sync::Arc;

/// What is wrong with a cell or a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A value of a fixed length has another.
    #[error("a value has {found} bytes where its type has {expected}")]
    Length {
        /// The type's.
        expected: usize,
        /// The value's.
        found: usize,
    },
    /// A boolean is neither 0 nor 1.
    #[error("a boolean is neither true nor false")]
    Boolean,
    /// jsonb of a version that is not 1.
    #[error("a jsonb value has an unknown version")]
    JsonbVersion,
    /// A text is not UTF-8.
    #[error("a text is not valid UTF-8")]
    Utf8,
    /// NULL in a column that is NOT NULL.
    #[error("a NULL in a column that is NOT NULL")]
    Null,
    /// More than an Arrow array of 32-bit offsets holds.
    #[error("the values of a batch have more than 2 GiB")]
    TooLarge,
}

/// What stops a row at a cell; small, since it goes through every row.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stop {
    /// The row ends within it.
    Truncated,
    Fault(Fault),
}

impl From<Malformed> for Stop {
    fn from(_: Malformed) -> Self {
        Self::Truncated
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// The length of uuid.
const UUID_BYTES: usize = 16;

#[derive(Debug)]
pub(super) struct Column {
    values: Values,
    /// As far as the last NULL: a value costs nothing here.
    nulls: NullBufferBuilder,
}

#[derive(Debug)]
enum Values {
    Boolean(BooleanBufferBuilder),
    Int16(Vec<i16>),
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Float32(Vec<f32>),
    Float64(Vec<f64>),
    Date(Vec<i32>),
    Time(Vec<i64>),
    Timestamp(Vec<i64>),
    Uuid(Vec<u8>),
    /// Text, bytea, and all that travels in wire form.
    Bytes(Bytes),
    Jsonb(Bytes),
}

/// Values of any length: where each ends, and all of them.
#[derive(Debug)]
struct Bytes {
    ends: Vec<i32>,
    bytes: Vec<u8>,
}

impl Bytes {
    fn with_capacity(rows: usize, bytes: usize) -> Self {
        let mut ends = Vec::with_capacity(room(rows) + 1);
        ends.push(0);
        Self { ends, bytes: Vec::with_capacity(room(bytes)) }
    }

    #[inline]
    fn push(&mut self, value: &[u8]) -> Result<(), Fault> {
        let end = i32::try_from(self.bytes.len() + value.len()).map_err(|_| Fault::TooLarge)?;
        short::append(&mut self.bytes, value);
        self.ends.push(end);
        Ok(())
    }

    #[inline]
    fn push_null(&mut self) {
        let end = self.ends.last().copied().unwrap_or(0);
        self.ends.push(end);
    }

    fn truncate(&mut self, rows: usize) {
        self.ends.truncate(rows + 1);
        let end = self.ends.last().copied().unwrap_or(0);
        self.bytes.truncate(usize::try_from(end).unwrap_or(0));
    }

    /// Hands out what is there and keeps room for as much again.
    fn finish(&mut self) -> (OffsetBuffer<i32>, Buffer) {
        let next = Self::with_capacity(self.ends.len(), self.bytes.len());
        let full = std::mem::replace(self, next);
        (OffsetBuffer::new(ScalarBuffer::from(full.ends)), Buffer::from_vec(full.bytes))
    }
}

/// Room for as much as the batch before had, and an eighth more: values of any length differ from batch to batch, and to
/// grow by a byte would be to copy all and to take twice as much.
const fn room(before: usize) -> usize {
    before + before / 8
}

#[inline]
fn number<T, const N: usize>(values: &mut Vec<T>, wire: &mut Wire<'_>, from: impl FnOnce([u8; N]) -> T) -> Option<()> {
    wire.cell_of().map(|cell| values.push(from(cell)))
}

impl Column {
    /// `data_type` carries `ty`: [`crate::types::arrow::type_of`] has checked that.
    pub(super) fn new(ty: &PgType, data_type: &DataType) -> Self {
        let values = match data_type {
            DataType::Boolean => Values::Boolean(BooleanBufferBuilder::new(0)),
            DataType::Int16 => Values::Int16(Vec::new()),
            DataType::Int32 => Values::Int32(Vec::new()),
            DataType::Int64 => Values::Int64(Vec::new()),
            DataType::Float32 => Values::Float32(Vec::new()),
            DataType::Float64 => Values::Float64(Vec::new()),
            DataType::Date32 => Values::Date(Vec::new()),
            DataType::Time64(_) => Values::Time(Vec::new()),
            DataType::Timestamp(..) => Values::Timestamp(Vec::new()),
            DataType::FixedSizeBinary(_) => Values::Uuid(Vec::new()),
            _ if ty.base().builtin_name() == Some("jsonb") => Values::Jsonb(Bytes::with_capacity(0, 0)),
            _ => Values::Bytes(Bytes::with_capacity(0, 0)),
        };
        Self { values, nulls: NullBufferBuilder::new(0) }
    }

    /// Takes the next cell of the row with this number, which is how many cells are there.
    #[inline]
    pub(super) fn take(&mut self, row: usize, wire: &mut Wire<'_>) -> Result<(), Stop> {
        let taken = match &mut self.values {
            Values::Boolean(values) => match wire.cell_of() {
                Some([value @ (0 | 1)]) => {
                    values.append(value == 1);
                    Some(())
                }
                Some(_) => return Err(Stop::Fault(Fault::Boolean)),
                None => None,
            },
            Values::Int16(values) => number(values, wire, i16::from_be_bytes),
            Values::Int32(values) => number(values, wire, i32::from_be_bytes),
            Values::Int64(values) | Values::Time(values) => number(values, wire, i64::from_be_bytes),
            Values::Float32(values) => number(values, wire, f32::from_be_bytes),
            Values::Float64(values) => number(values, wire, f64::from_be_bytes),
            Values::Date(values) => number(values, wire, |cell| epoch::date_to_arrow(i32::from_be_bytes(cell))),
            Values::Timestamp(values) => {
                number(values, wire, |cell| epoch::timestamp_to_arrow(i64::from_be_bytes(cell)))
            }
            Values::Uuid(values) => wire.cell_of::<UUID_BYTES>().map(|value| values.extend_from_slice(&value)),
            Values::Bytes(values) => wire.value()?.map(|value| values.push(value)).transpose()?,
            Values::Jsonb(values) => match wire.value()? {
                // PostgreSQL source, jsonb.c, jsonb_send: a version, then the text.
                Some([1, text @ ..]) => Some(values.push(text)?),
                Some(_) => return Err(Stop::Fault(Fault::JsonbVersion)),
                None => None,
            },
        };
        taken.map_or_else(|| self.take_other(row, wire), Ok)
    }

    /// Takes a cell that does not have its type's length: NULL, or none of its values.
    fn take_other(&mut self, row: usize, wire: &mut Wire<'_>) -> Result<(), Stop> {
        if let Some(cell) = wire.cell()? {
            return Err(Stop::Fault(Fault::Length { expected: self.value_bytes(), found: cell.len() }));
        }
        self.push_null(row);
        Ok(())
    }

    /// The length of the type's values, where they have one.
    fn value_bytes(&self) -> usize {
        match self.values {
            Values::Boolean(_) => 1,
            Values::Int16(_) => 2,
            Values::Int32(_) | Values::Float32(_) | Values::Date(_) => 4,
            Values::Int64(_) | Values::Float64(_) | Values::Time(_) | Values::Timestamp(_) => 8,
            Values::Uuid(_) => UUID_BYTES,
            Values::Bytes(_) | Values::Jsonb(_) => 0,
        }
    }

    fn push_null(&mut self, row: usize) {
        self.catch_up(row);
        self.nulls.append_null();
        match &mut self.values {
            Values::Boolean(values) => values.append(false),
            Values::Int16(values) => values.push(0),
            Values::Int32(values) | Values::Date(values) => values.push(0),
            Values::Int64(values) | Values::Time(values) | Values::Timestamp(values) => values.push(0),
            Values::Float32(values) => values.push(0.0),
            Values::Float64(values) => values.push(0.0),
            Values::Uuid(values) => values.extend_from_slice(&[0; UUID_BYTES]),
            Values::Bytes(values) | Values::Jsonb(values) => values.push_null(),
        }
    }

    /// Tells the values since the last NULL.
    fn catch_up(&mut self, rows: usize) {
        self.nulls.append_n_non_nulls(rows.saturating_sub(self.nulls.len()));
    }

    /// Forgets all cells after the first `rows`.
    pub(super) fn truncate(&mut self, rows: usize) {
        self.nulls.truncate(rows);
        match &mut self.values {
            Values::Boolean(values) => values.truncate(rows),
            Values::Int16(values) => values.truncate(rows),
            Values::Int32(values) | Values::Date(values) => values.truncate(rows),
            Values::Int64(values) | Values::Time(values) | Values::Timestamp(values) => values.truncate(rows),
            Values::Float32(values) => values.truncate(rows),
            Values::Float64(values) => values.truncate(rows),
            Values::Uuid(values) => values.truncate(rows * UUID_BYTES),
            Values::Bytes(values) | Values::Jsonb(values) => values.truncate(rows),
        }
    }

    /// The column of so many rows as an array of `data_type`, and an empty column with as much room.
    pub(super) fn finish(&mut self, rows: usize, data_type: &DataType, nullable: bool) -> Result<ArrayRef, Fault> {
        self.catch_up(rows);
        // A NULL in a row that was forgotten leaves a bitmap without one.
        let nulls = self.nulls.finish().filter(|nulls| nulls.null_count() > 0);
        self.nulls = NullBufferBuilder::new(room(rows));
        let refused = !nullable && nulls.is_some();
        let array = self.array(data_type, nulls);
        if refused { Err(Fault::Null) } else { array }
    }

    fn array(&mut self, data_type: &DataType, nulls: Option<NullBuffer>) -> Result<ArrayRef, Fault> {
        Ok(match &mut self.values {
            Values::Boolean(values) => {
                let next = BooleanBufferBuilder::new(room(values.len()));
                Arc::new(BooleanArray::new(std::mem::replace(values, next).build(), nulls))
            }
            Values::Int16(values) => primitive::<Int16Type>(values, data_type, nulls),
            Values::Int32(values) => primitive::<Int32Type>(values, data_type, nulls),
            Values::Int64(values) => primitive::<Int64Type>(values, data_type, nulls),
            Values::Float32(values) => primitive::<Float32Type>(values, data_type, nulls),
            Values::Float64(values) => primitive::<Float64Type>(values, data_type, nulls),
            Values::Date(values) => primitive::<Date32Type>(values, data_type, nulls),
            Values::Time(values) => primitive::<Time64MicrosecondType>(values, data_type, nulls),
            Values::Timestamp(values) => primitive::<TimestampMicrosecondType>(values, data_type, nulls),
            Values::Uuid(values) => {
                let bytes = Buffer::from_vec(renew(values));
                let array = FixedSizeBinaryArray::try_new(16, bytes, nulls);
                Arc::new(array.map_err(|_| Fault::Length { expected: UUID_BYTES, found: 0 })?)
            }
            Values::Bytes(values) | Values::Jsonb(values) => {
                let (ends, bytes) = values.finish();
                match data_type {
                    DataType::Utf8 => Arc::new(StringArray::try_new(ends, bytes, nulls).map_err(|_| Fault::Utf8)?),
                    _ => Arc::new(BinaryArray::new(ends, bytes, nulls)),
                }
            }
        })
    }
}

fn primitive<T: ArrowPrimitiveType>(
    values: &mut Vec<T::Native>,
    data_type: &DataType,
    nulls: Option<NullBuffer>,
) -> ArrayRef {
    let values = ScalarBuffer::from(renew(values));
    Arc::new(PrimitiveArray::<T>::new(values, nulls).with_data_type(data_type.clone()))
}

/// Takes the values and leaves room for as many.
fn renew<T>(values: &mut Vec<T>) -> Vec<T> {
    let next = Vec::with_capacity(room(values.len()));
    std::mem::replace(values, next)
}
