//! COPY binary into Arrow: one pass over a row's bytes, straight into columns. No allocation per row or cell. What is
//! wrong is told by column and kind, never by value.

use super::{
    HEADER,
    column::{self, Column, Fault},
    wire::Wire,
};
use crate::types::arrow::{FieldError, type_of};
use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::SchemaRef;

/// Why bytes are no rows of the stream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// A cell.
    #[error("column {column:?}: {fault}")]
    Column {
        /// The column.
        column: String,
        /// What is wrong with it.
        fault: Fault,
    },
    /// A row with more or fewer cells than the stream has columns.
    #[error("a row has {found} fields, and the stream {expected} columns")]
    FieldCount {
        /// The stream's.
        expected: usize,
        /// The row's.
        found: i16,
    },
    /// The first bytes are not those of COPY binary.
    #[error("the COPY does not begin with the signature of its binary format")]
    Signature,
    /// The header demands what we do not know (its critical flags).
    #[error("the COPY's header has flags that are unknown")]
    Flags,
    /// A length that leads past the end of the row.
    #[error("a row ends within a field")]
    Truncated,
    /// Bytes after a row's last field, or after the end of the COPY.
    #[error("there are bytes after the last field")]
    Trailing,
    /// Columns that are no batch; only a schema that is not ours leads here.
    #[error("the columns do not fit the stream's schema")]
    Schema,
}

/// Where in a COPY the next bytes stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Header,
    Rows,
    End,
}

/// Why a row is none, small enough to be handed through every row: [`DecodeError`] is made of it where it is told.
#[derive(Debug, Clone, Copy)]
enum Stop {
    FieldCount(i16),
    Trailing,
    Column(usize, column::Stop),
}

/// Collects rows into a batch. After an error the decoder holds the rows before it.
#[derive(Debug)]
pub struct Decoder {
    schema: SchemaRef,
    columns: Vec<Column>,
    rows: usize,
    bytes: usize,
    place: Place,
    /// The beginning of a row whose end has not come yet.
    pending: Vec<u8>,
}

impl Decoder {
    /// A decoder for the fields of a schema that [`crate::types::arrow::field`] made.
    pub fn new(schema: &SchemaRef) -> Result<Self, FieldError> {
        let columns = schema
            .fields()
            .iter()
            .map(|field| Ok(Column::new(&type_of(field)?, field.data_type())))
            .collect::<Result<_, FieldError>>()?;
        let schema = schema.clone();
        Ok(Self { schema, columns, rows: 0, bytes: 0, place: Place::Header, pending: Vec::new() })
    }

    /// Takes the contents of one CopyData message: header, rows, trailer, whatever comes. A row may be spread over
    /// messages, though servers send whole rows.
    pub fn push_copy_data(&mut self, bytes: &[u8]) -> Result<(), DecodeError> {
        if self.pending.is_empty() {
            let taken = self.take(bytes)?;
            self.pending.extend_from_slice(&bytes[taken..]);
            return Ok(());
        }
        let mut pending = std::mem::take(&mut self.pending);
        pending.extend_from_slice(bytes);
        let taken = self.take(&pending)?;
        pending.drain(..taken);
        self.pending = pending;
        Ok(())
    }

    /// Takes one row: a tuple of a COPY, or the contents of a DataRow message in binary format, which look the same.
    pub fn push_row(&mut self, row: &[u8]) -> Result<(), DecodeError> {
        let mut wire = Wire::new(row);
        let count = wire.i16().map_err(|_| DecodeError::Truncated)?;
        let taken = self.cells(count, &mut wire).and_then(|()| wire.end().map_err(|_| Stop::Trailing));
        taken.map_err(|stop| self.refused(stop))?;
        self.rows += 1;
        self.bytes += row.len();
        Ok(())
    }

    /// Rows held.
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// Bytes of the rows held, as they came.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// The COPY's trailer has come, and nothing is missing.
    pub fn is_ended(&self) -> bool {
        self.place == Place::End && self.pending.is_empty()
    }

    /// The rows held, as a batch; none are held afterwards. Checks that texts are UTF-8 and that columns without NULL
    /// hold none.
    pub fn finish(&mut self) -> Result<RecordBatch, DecodeError> {
        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(self.columns.len());
        for (column, field) in self.columns.iter_mut().zip(self.schema.fields()) {
            let array = column
                .finish(rows, field.data_type(), field.is_nullable())
                .map_err(|fault| DecodeError::Column { column: field.name().clone(), fault });
            arrays.push(array?);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(self.schema.clone(), arrays, &options).map_err(|_| DecodeError::Schema)
    }

    /// Takes what is whole; returns how many bytes that was.
    fn take(&mut self, bytes: &[u8]) -> Result<usize, DecodeError> {
        let mut at = 0;
        if self.place == Place::Header {
            let Some(header) = header_bytes(bytes)? else { return Ok(0) };
            at = header;
            self.place = Place::Rows;
        }
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            if self.place == Place::End {
                return Err(DecodeError::Trailing);
            }
            let mut wire = Wire::new(rest);
            let Ok(count) = wire.i16() else { return Ok(at) };
            if count == -1 {
                self.place = Place::End;
                at += 2;
                continue;
            }
            match self.cells(count, &mut wire).map_err(|stop| self.refused(stop)) {
                Err(DecodeError::Truncated) => return Ok(at),
                taken => taken?,
            }
            let row_bytes = rest.len() - wire.rest().len();
            self.rows += 1;
            self.bytes += row_bytes;
            at += row_bytes;
        }
        Ok(at)
    }

    #[inline]
    fn cells(&mut self, count: i16, wire: &mut Wire<'_>) -> Result<(), Stop> {
        if usize::try_from(count) != Ok(self.columns.len()) {
            return Err(Stop::FieldCount(count));
        }
        for (at, column) in self.columns.iter_mut().enumerate() {
            column.take(self.rows, wire).map_err(|stop| Stop::Column(at, stop))?;
        }
        Ok(())
    }

    /// Forgets the first cells of a row that did not go well, and says why it did not.
    #[cold]
    fn refused(&mut self, stop: Stop) -> DecodeError {
        self.columns.iter_mut().for_each(|column| column.truncate(self.rows));
        match stop {
            Stop::FieldCount(found) => DecodeError::FieldCount { expected: self.columns.len(), found },
            Stop::Trailing => DecodeError::Trailing,
            Stop::Column(_, column::Stop::Truncated) => DecodeError::Truncated,
            Stop::Column(at, column::Stop::Fault(fault)) => {
                DecodeError::Column { column: self.schema.field(at).name().clone(), fault }
            }
        }
    }
}

/// The length of a COPY's header; none where it has not come whole.
fn header_bytes(bytes: &[u8]) -> Result<Option<usize>, DecodeError> {
    /// Bits 16 to 31 are flags that a reader must know; of them 16 (rows with OIDs) has not been sent since version 12.
    const CRITICAL: u32 = 0xffff_0000;
    const SIGNATURE_BYTES: usize = 11;
    let seen = bytes.len().min(SIGNATURE_BYTES);
    if bytes[..seen] != HEADER[..seen] {
        return Err(DecodeError::Signature);
    }
    let mut wire = Wire::new(&bytes[seen..]);
    let (Ok(flags), Ok(extension)) = (wire.u32(), wire.u32()) else { return Ok(None) };
    if flags & CRITICAL != 0 {
        return Err(DecodeError::Flags);
    }
    let whole = usize::try_from(extension).ok().and_then(|extension| extension.checked_add(HEADER.len()));
    Ok(whole.filter(|whole| *whole <= bytes.len()))
}
