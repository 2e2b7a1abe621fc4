//! Rows of literals for INSERT. Which form a column has is decided once per stream, columns are downcast once per batch,
//! and each value is written straight into the statement.

use super::{
    codec::Codec,
    escape::{doubled, escape_tail},
    number, time,
};
use crate::{
    copy::{
        EncodeError, ValueFault, epoch,
        lanes::{Cells, Lane, Plan, lanes, plans},
    },
    literal,
    pair::{ColumnRefusal, Refusal},
    types::PgType,
};
use arrow_array::RecordBatch;
use arrow_schema::Schema;

/// Values of this type have a text form here, so that they can be literals.
pub fn is_literal(ty: &PgType) -> bool {
    Codec::of(ty).is_some()
}

/// Writes the batches of one stream as literals for columns of given types.
#[derive(Debug)]
pub struct LiteralWriter {
    plans: Vec<Plan>,
    codecs: Vec<Codec>,
}

impl LiteralWriter {
    /// Chooses a text form for each field of the stream; `targets` as for [`crate::copy::Encoder::new`].
    pub fn new(schema: &Schema, targets: &[PgType]) -> Result<Self, ColumnRefusal> {
        let plans = plans(schema, targets)?;
        let codecs = plans.iter().map(codec).collect::<Result<_, _>>()?;
        Ok(Self { plans, codecs })
    }

    /// Prepares a batch: all type checks are done here, once.
    pub fn start<'a>(&'a self, batch: &'a RecordBatch) -> Result<LiteralRows<'a>, EncodeError> {
        let lanes = lanes(&self.plans, batch)?;
        Ok(LiteralRows { lanes, codecs: &self.codecs, next: 0, rows: batch.num_rows() })
    }
}

fn codec(plan: &Plan) -> Result<Codec, ColumnRefusal> {
    Codec::of(&plan.source).ok_or_else(|| {
        let reason = format!("the type {} has no text form here, so that it cannot be a literal", plan.source.sql());
        ColumnRefusal { column: plan.column.clone(), refusal: Refusal::new(reason).advice("use the strategy copy") }
    })
}

/// The rows of one batch that are not written yet.
#[derive(Debug)]
pub struct LiteralRows<'a> {
    lanes: Vec<Lane<'a>>,
    codecs: &'a [Codec],
    next: usize,
    rows: usize,
}

impl LiteralRows<'_> {
    /// Appends `(…),(…)`: at most `rows_max` rows, and no further one once `out` has `out_bytes_max` bytes, but at least
    /// one; returns how many, 0 when none are left. A caller keeps `out` between statements, so that it is grown once.
    pub fn write(&mut self, rows_max: u32, out_bytes_max: usize, out: &mut Vec<u8>) -> Result<u32, EncodeError> {
        let mut count = 0;
        while self.next < self.rows && count < rows_max.max(1) && (count == 0 || out.len() < out_bytes_max) {
            if count > 0 {
                out.push(b',');
            }
            self.row(out)?;
            self.next += 1;
            count += 1;
        }
        Ok(count)
    }

    fn row(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let mut before = b'(';
        for (lane, codec) in self.lanes.iter().zip(self.codecs) {
            out.push(before);
            before = b',';
            if lane.is_null(self.next) {
                out.extend_from_slice(b"NULL");
                continue;
            }
            cell(lane, codec, self.next, out)
                .map_err(|fault| EncodeError::Column { column: lane.column.to_owned(), fault })?;
        }
        out.push(b')');
        Ok(())
    }
}

fn cell(lane: &Lane<'_>, codec: &Codec, at: usize, out: &mut Vec<u8>) -> Result<(), ValueFault> {
    match lane.cells {
        Cells::Bytes(values) if !matches!(codec, Codec::Bytea) => {
            return literal::quote_utf8_into(out, values.get(at)).map_err(|_| ValueFault::Nul);
        }
        Cells::Jsonb(values) => return literal::quote_utf8_into(out, values.get(at)).map_err(|_| ValueFault::Nul),
        Cells::Bytes(values) => {
            out.extend_from_slice(b"E'\\\\x");
            number::hex(values.get(at), out);
        }
        Cells::Wire(values, _) if !codec.is_plain() => {
            out.extend_from_slice(b"E'");
            let start = out.len();
            codec.write(values.get(at), out)?;
            escape_tail(out, start, doubled);
        }
        _ => {
            out.push(b'\'');
            plain(lane.cells, codec, at, out)?;
        }
    }
    out.push(b'\'');
    Ok(())
}

/// Text without quotes and backslashes.
pub(super) fn plain(cells: Cells<'_>, codec: &Codec, at: usize, out: &mut Vec<u8>) -> Result<(), ValueFault> {
    match cells {
        Cells::Boolean(values) => out.push(if values.value(at) { b't' } else { b'f' }),
        Cells::Int16(values) | Cells::Int16As32(values) | Cells::Int16As64(values) | Cells::Int16AsNumeric(values) => {
            number::integer(values[at], out);
        }
        Cells::Int32(values) | Cells::Int32As64(values) | Cells::Int32AsNumeric(values) => {
            number::integer(values[at], out);
        }
        Cells::Int64(values) if matches!(codec, Codec::Time) => time::time(values[at], out)?,
        Cells::Int64(values) | Cells::Int64AsNumeric(values) => number::integer(values[at], out),
        Cells::Float32(values) => number::float4(values[at], out)?,
        Cells::Float32As64(values) => number::float8(f64::from(values[at]), out)?,
        Cells::Float64(values) => number::float8(values[at], out)?,
        Cells::Date(values) => time::date(epoch::date_from_arrow(values[at]), out),
        Cells::Timestamp(values) => {
            let zone = if matches!(codec, Codec::Timestamptz) { time::UTC } else { b"" };
            time::timestamp(epoch::timestamp_from_arrow(values[at]), zone, out);
        }
        Cells::Uuid(values) => number::uuid(&values[at * 16..][..16], out),
        Cells::Bytes(values) | Cells::Jsonb(values) | Cells::Wire(values, _) => codec.write(values.get(at), out)?,
    }
    Ok(())
}
