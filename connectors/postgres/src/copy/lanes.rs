//! What a column of a batch is, decided once: which encoder it has in this stream ([`Plan`]), and its values downcast in
//! this batch ([`Lane`]). Used by the rows of COPY and by literals.

use super::{EncodeError, Rewrite};
use crate::{
    pair::{ColumnRefusal, Refusal, Step, pair},
    types::{
        PgType,
        arrow::{self, Carriage},
    },
};
use arrow_array::{
    Array, ArrowPrimitiveType, BinaryArray, BooleanArray, FixedSizeBinaryArray, PrimitiveArray, RecordBatch,
    StringArray,
    types::{
        Date32Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type, Time64MicrosecondType,
        TimestampMicrosecondType,
    },
};
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType, Schema};
use std::ops::Range;

/// How one column of a stream is written.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) column: String,
    data_type: DataType,
    /// The type below domains, at the source.
    pub(crate) source: PgType,
    pub(crate) target: PgType,
    carriage: Carriage,
    step: Step,
}

/// A plan for each field; as many targets as fields.
pub(crate) fn plans(schema: &Schema, targets: &[PgType]) -> Result<Vec<Plan>, ColumnRefusal> {
    if schema.fields().len() != targets.len() {
        let reason = format!("the stream has {} columns, and the target {}", schema.fields().len(), targets.len());
        return Err(ColumnRefusal { column: String::new(), refusal: Refusal::new(reason) });
    }
    schema.fields().iter().zip(targets).map(|(field, target)| plan(field, target)).collect()
}

fn plan(field: &arrow_schema::Field, target: &PgType) -> Result<Plan, ColumnRefusal> {
    let refused = |refusal| ColumnRefusal { column: field.name().clone(), refusal };
    let source = arrow::type_of(field).map_err(|error| refused(Refusal::new(error.to_string())))?;
    let step = pair(&source, target).map_err(refused)?.step;
    let (data_type, carriage) = arrow::carrier(&source);
    let (source, target) = (source.base().clone(), target.base().clone());
    Ok(Plan { column: field.name().clone(), data_type, source, target, carriage, step })
}

/// A column of a batch.
#[derive(Debug)]
pub(crate) struct Lane<'a> {
    pub(crate) column: &'a str,
    pub(crate) cells: Cells<'a>,
    nulls: Option<&'a NullBuffer>,
}

impl Lane<'_> {
    pub(crate) const fn has_nulls(&self) -> bool {
        self.nulls.is_some()
    }

    #[inline]
    pub(crate) fn is_null(&self, at: usize) -> bool {
        self.nulls.is_some_and(|nulls| nulls.is_null(at))
    }
}

/// Values of any length.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Values<'a> {
    ends: &'a [i32],
    bytes: &'a [u8],
}

impl<'a> Values<'a> {
    #[inline]
    #[allow(clippy::cast_sign_loss)] // The offsets of an Arrow array are neither negative nor falling.
    pub(crate) fn get(self, at: usize) -> &'a [u8] {
        &self.bytes[self.ends[at] as usize..self.ends[at + 1] as usize]
    }

    /// The bytes of all values in these rows.
    #[allow(clippy::cast_sign_loss)] // As above.
    pub(crate) fn bytes_of(self, rows: Range<usize>) -> usize {
        self.ends[rows.end] as usize - self.ends[rows.start] as usize
    }
}

/// The values of a column, with what becomes of each.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cells<'a> {
    Boolean(&'a BooleanArray),
    Int16(&'a [i16]),
    Int16As32(&'a [i16]),
    Int16As64(&'a [i16]),
    Int16AsNumeric(&'a [i16]),
    Int32(&'a [i32]),
    Int32As64(&'a [i32]),
    Int32AsNumeric(&'a [i32]),
    /// bigint and time.
    Int64(&'a [i64]),
    Int64AsNumeric(&'a [i64]),
    Float32(&'a [f32]),
    Float32As64(&'a [f32]),
    Float64(&'a [f64]),
    Date(&'a [i32]),
    Timestamp(&'a [i64]),
    Uuid(&'a [u8]),
    /// Texts and bytea.
    Bytes(Values<'a>),
    Jsonb(Values<'a>),
    /// PostgreSQL's binary form, with the OIDs to replace.
    Wire(Values<'a>, &'a Rewrite),
}

/// The columns of a batch by the plans of its stream.
pub(crate) fn lanes<'a>(plans: &'a [Plan], batch: &'a RecordBatch) -> Result<Vec<Lane<'a>>, EncodeError> {
    if plans.len() != batch.num_columns() {
        return Err(EncodeError::Schema);
    }
    let mut lanes = Vec::with_capacity(plans.len());
    for (plan, array) in plans.iter().zip(batch.columns()) {
        lanes.push(lane(plan, array)?);
    }
    Ok(lanes)
}

fn lane<'a>(plan: &'a Plan, array: &'a dyn Array) -> Result<Lane<'a>, EncodeError> {
    if *array.data_type() != plan.data_type {
        return Err(EncodeError::Schema);
    }
    let cells = cells(plan, array).ok_or(EncodeError::Schema)?;
    // A bitmap without a NULL is not asked for each value.
    let nulls = array.nulls().filter(|nulls| nulls.null_count() > 0);
    Ok(Lane { column: &plan.column, cells, nulls })
}

fn cells<'a>(plan: &'a Plan, array: &'a dyn Array) -> Option<Cells<'a>> {
    let wider = plan.target.builtin_name();
    Some(match (array.data_type(), &plan.step) {
        (DataType::Boolean, _) => Cells::Boolean(array.as_any().downcast_ref()?),
        (DataType::Int16, Step::Integer) if wider == Some("int4") => Cells::Int16As32(numbers::<Int16Type>(array)?),
        (DataType::Int16, Step::Integer) => Cells::Int16As64(numbers::<Int16Type>(array)?),
        (DataType::Int16, Step::Numeric) => Cells::Int16AsNumeric(numbers::<Int16Type>(array)?),
        (DataType::Int16, _) => Cells::Int16(numbers::<Int16Type>(array)?),
        (DataType::Int32, Step::Integer) => Cells::Int32As64(numbers::<Int32Type>(array)?),
        (DataType::Int32, Step::Numeric) => Cells::Int32AsNumeric(numbers::<Int32Type>(array)?),
        (DataType::Int32, _) => Cells::Int32(numbers::<Int32Type>(array)?),
        (DataType::Int64, Step::Numeric) => Cells::Int64AsNumeric(numbers::<Int64Type>(array)?),
        (DataType::Int64, _) => Cells::Int64(numbers::<Int64Type>(array)?),
        (DataType::Float32, Step::Double) => Cells::Float32As64(numbers::<Float32Type>(array)?),
        (DataType::Float32, _) => Cells::Float32(numbers::<Float32Type>(array)?),
        (DataType::Float64, _) => Cells::Float64(numbers::<Float64Type>(array)?),
        (DataType::Date32, _) => Cells::Date(numbers::<Date32Type>(array)?),
        (DataType::Time64(_), _) => Cells::Int64(numbers::<Time64MicrosecondType>(array)?),
        (DataType::Timestamp(..), _) => Cells::Timestamp(numbers::<TimestampMicrosecondType>(array)?),
        (DataType::FixedSizeBinary(_), _) => {
            Cells::Uuid(array.as_any().downcast_ref::<FixedSizeBinaryArray>()?.value_data())
        }
        (DataType::Utf8, _) => {
            let array: &StringArray = array.as_any().downcast_ref()?;
            let values = Values { ends: array.value_offsets(), bytes: array.value_data() };
            let is_jsonb = plan.source.builtin_name() == Some("jsonb");
            if is_jsonb { Cells::Jsonb(values) } else { Cells::Bytes(values) }
        }
        (DataType::Binary, step) => {
            let array: &BinaryArray = array.as_any().downcast_ref()?;
            let values = Values { ends: array.value_offsets(), bytes: array.value_data() };
            match (plan.carriage, step) {
                (Carriage::Wire, Step::Bytes(rewrite)) => Cells::Wire(values, rewrite),
                _ => Cells::Bytes(values),
            }
        }
        _ => return None,
    })
}

fn numbers<T: ArrowPrimitiveType>(array: &dyn Array) -> Option<&[T::Native]> {
    Some(array.as_any().downcast_ref::<PrimitiveArray<T>>()?.values())
}
