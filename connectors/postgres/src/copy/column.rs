//! One column that is being filled from cells in binary form. Nothing here knows rows.

use super::epoch;
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

/// The length of uuid.
const UUID_BYTES: usize = 16;

#[derive(Debug)]
pub(super) struct Column {
    values: Values,
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
        let mut ends = Vec::with_capacity(rows + 1);
        ends.push(0);
        Self { ends, bytes: Vec::with_capacity(bytes) }
    }

    #[inline]
    fn push(&mut self, value: &[u8]) -> Result<(), Fault> {
        let end = i32::try_from(self.bytes.len() + value.len()).map_err(|_| Fault::TooLarge)?;
        self.bytes.extend_from_slice(value);
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

#[inline]
fn fixed<const N: usize>(cell: &[u8]) -> Result<[u8; N], Fault> {
    cell.try_into().map_err(|_| Fault::Length { expected: N, found: cell.len() })
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

    #[inline]
    pub(super) fn push(&mut self, cell: Option<&[u8]>) -> Result<(), Fault> {
        let Some(cell) = cell else {
            self.push_null();
            return Ok(());
        };
        match &mut self.values {
            Values::Boolean(values) => match cell {
                [0] => values.append(false),
                [1] => values.append(true),
                [_] => return Err(Fault::Boolean),
                _ => return Err(Fault::Length { expected: 1, found: cell.len() }),
            },
            Values::Int16(values) => values.push(i16::from_be_bytes(fixed(cell)?)),
            Values::Int32(values) => values.push(i32::from_be_bytes(fixed(cell)?)),
            Values::Int64(values) | Values::Time(values) => values.push(i64::from_be_bytes(fixed(cell)?)),
            Values::Float32(values) => values.push(f32::from_be_bytes(fixed(cell)?)),
            Values::Float64(values) => values.push(f64::from_be_bytes(fixed(cell)?)),
            Values::Date(values) => values.push(epoch::date_to_arrow(i32::from_be_bytes(fixed(cell)?))),
            Values::Timestamp(values) => values.push(epoch::timestamp_to_arrow(i64::from_be_bytes(fixed(cell)?))),
            Values::Uuid(values) => values.extend_from_slice(&fixed::<UUID_BYTES>(cell)?),
            Values::Bytes(values) => values.push(cell)?,
            Values::Jsonb(values) => match cell {
                // PostgreSQL source, jsonb.c, jsonb_send: a version, then the text.
                [1, text @ ..] => values.push(text)?,
                _ => return Err(Fault::JsonbVersion),
            },
        }
        self.nulls.append_non_null();
        Ok(())
    }

    #[inline]
    fn push_null(&mut self) {
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

    /// The column as an array of `data_type`, and an empty column with as much room.
    pub(super) fn finish(&mut self, data_type: &DataType, nullable: bool) -> Result<ArrayRef, Fault> {
        let nulls = self.nulls.finish();
        let refused = !nullable && nulls.is_some();
        let array = self.array(data_type, nulls);
        if refused { Err(Fault::Null) } else { array }
    }

    fn array(&mut self, data_type: &DataType, nulls: Option<NullBuffer>) -> Result<ArrayRef, Fault> {
        Ok(match &mut self.values {
            Values::Boolean(values) => Arc::new(BooleanArray::new(values.finish(), nulls)),
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
    let room = Vec::with_capacity(values.len());
    std::mem::replace(values, room)
}
