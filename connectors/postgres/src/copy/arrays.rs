//! The INSERT statements of one stream whose rows come as arrays, one of each column, all bound in one buffer. Elements of an
//! array have the form of cells of a COPY (PostgreSQL source, arrayfuncs.c, array_recv). Executing is the client's.

use super::{
    EncodeError,
    encode::{cell, fixed_bytes_max, variable_bytes},
    lanes::{Lane, Plan, lanes, plans},
    row::Row,
};
use crate::{client::HEADER_BYTES, pair::ColumnRefusal, types::PgType};
use arrow_array::RecordBatch;
use arrow_schema::Schema;
use std::ops::Range;

/// Before a parameter's elements: its length, and of the array the dimensions, flags, the element's type, how many elements,
/// and the number of the first one.
const HEAD_BYTES: usize = 6 * size_of::<i32>();

/// Turns the batches of one stream into arrays for columns of given types.
#[derive(Debug)]
pub struct ArrayWriter {
    plans: Vec<Plan>,
    /// Of the elements, below domains.
    element_oids: Vec<u32>,
}

impl ArrayWriter {
    /// Chooses an encoder for each field of the stream; `targets` as for [`super::Encoder::new`].
    pub fn new(schema: &Schema, targets: &[PgType]) -> Result<Self, ColumnRefusal> {
        let element_oids = targets.iter().map(|target| target.base().oid).collect();
        Ok(Self { plans: plans(schema, targets)?, element_oids })
    }

    /// The types of the elements, in the order of the columns.
    pub fn element_oids(&self) -> &[u32] {
        &self.element_oids
    }

    /// Prepares a batch: all type checks are done here, once.
    pub fn start<'a>(&'a self, batch: &'a RecordBatch) -> Result<ArrayRows<'a>, EncodeError> {
        let lanes = lanes(&self.plans, batch)?;
        let fixed_bytes = lanes.iter().map(fixed_bytes_max).sum();
        Ok(ArrayRows { lanes, element_oids: &self.element_oids, fixed_bytes, next: 0, rows: batch.num_rows() })
    }
}

/// The rows of one batch that are not written yet.
#[derive(Debug)]
pub struct ArrayRows<'a> {
    lanes: Vec<Lane<'a>>,
    element_oids: &'a [u32],
    /// Bytes of a row at most, but for values of any length.
    fixed_bytes: usize,
    next: usize,
    rows: usize,
}

impl ArrayRows<'_> {
    /// Appends the parameters of the next rows: at most so many, and so many bytes but for one row; returns how many.
    fn write(&mut self, rows_max: usize, bytes_max: usize, out: &mut Vec<u8>) -> Result<usize, EncodeError> {
        let rows = self.fitting(rows_max, bytes_max);
        if rows > 0 {
            let range = self.next..self.next + rows;
            for (lane, element_oid) in self.lanes.iter().zip(self.element_oids) {
                array(lane, *element_oid, range.clone(), out)?;
            }
            self.next += rows;
        }
        Ok(rows)
    }

    fn fitting(&self, rows_max: usize, bytes_max: usize) -> usize {
        let mut rows = rows_max.max(1).min(self.rows - self.next);
        while rows > 1 && self.bytes_max(rows) > bytes_max {
            rows /= 2;
        }
        rows
    }

    /// The bytes of the next rows at most.
    fn bytes_max(&self, rows: usize) -> usize {
        let values = self.lanes.iter().map(|lane| variable_bytes(lane, self.next..self.next + rows)).sum::<usize>();
        self.fixed_bytes.saturating_mul(rows).saturating_add(values)
    }
}

/// Appends a parameter: the column's values in these rows.
fn array(lane: &Lane<'_>, element_oid: u32, rows: Range<usize>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let refused = |fault| EncodeError::Column { column: lane.column.to_owned(), fault };
    let start = out.len();
    let room = fixed_bytes_max(lane).saturating_mul(rows.len()).saturating_add(variable_bytes(lane, rows.clone()));
    out.resize(start + HEAD_BYTES + room, 0);
    let mut row = Row::new(&mut out[start + HEAD_BYTES..]);
    let count = rows.len();
    for at in rows {
        cell(lane, at, &mut row).map_err(refused)?;
    }
    let end = start + HEAD_BYTES + row.written();
    out.truncate(end);
    let too_large = |_| refused(super::ValueFault::TooLarge);
    let length = i32::try_from(end - start - size_of::<i32>()).map_err(too_large)?;
    let count = i32::try_from(count).map_err(too_large)?;
    let mut head = Row::new(&mut out[start..start + HEAD_BYTES]);
    for number in [length, 1, i32::from(lane.has_nulls()), element_oid.cast_signed(), count, 1] {
        head.put(number.to_be_bytes());
    }
    Ok(())
}

/// Bind, Execute and Sync of a prepared statement (PostgreSQL manual, "Message Formats").
#[derive(Debug)]
pub struct ArrayStatement {
    message: Vec<u8>,
    /// Bind as far as its parameters.
    head_bytes: usize,
    rows_max: usize,
    bytes_max: usize,
}

/// Bind's end (results as text), Execute of the unnamed portal to its end, Sync.
const TAIL: [u8; 17] = *b"\0\0E\0\0\0\x09\0\0\0\0\0S\0\0\0\x04";

impl ArrayStatement {
    /// Of the prepared statement with this name, which has a parameter for each of so many columns. A statement has at most so
    /// many rows, and so many bytes but for one row.
    pub fn new(name: &str, columns: u16, (rows_max, bytes_max): (u32, usize)) -> Self {
        let mut message = Vec::with_capacity(bytes_max + bytes_max / 4);
        message.push(b'B');
        message.extend_from_slice(&[0; HEADER_BYTES - 1]);
        // The unnamed portal; the statement; all parameters are binary.
        message.push(0);
        message.extend_from_slice(name.as_bytes());
        message.extend_from_slice(b"\0\0\x01\0\x01");
        message.extend_from_slice(&columns.to_be_bytes());
        Self { head_bytes: message.len(), message, rows_max: rows_max as usize, bytes_max }
    }

    /// Binds the next rows, in place of those before; false: none are left.
    ///
    /// # Errors
    /// A value that cannot be written.
    pub fn fill(&mut self, rows: &mut ArrayRows<'_>) -> Result<bool, EncodeError> {
        self.message.truncate(self.head_bytes);
        if rows.write(self.rows_max, self.bytes_max, &mut self.message)? == 0 {
            return Ok(false);
        }
        // Two bytes of the tail are Bind's; its length does not count its tag.
        let length = u32::try_from(self.message.len() + 1).map_err(|_| EncodeError::Statement)?;
        self.message[1..HEADER_BYTES].copy_from_slice(&length.to_be_bytes());
        self.message.extend_from_slice(&TAIL);
        Ok(true)
    }

    /// What [`crate::client::Client::execute_bound`] sends.
    pub fn message(&self) -> &[u8] {
        &self.message
    }
}
