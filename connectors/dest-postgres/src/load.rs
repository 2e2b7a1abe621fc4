//! How rows enter: COPY in binary form, or INSERT with literals. Each has one buffer for all of its statements or
//! frames, and no other copy of a row.

use crate::aside::AsideLoad;
use arrow_array::RecordBatch;
use arrow_schema::Schema;
use rapidbyte_postgres::{
    copy::{CopyFrame, Encoder},
    text::{InsertStatement, LiteralWriter},
    types::PgType,
};
use rapidbyte_postgres_guest::{Session, data_error, database_error, internal};
use rapidbyte_sdk::types::Error;

/// Rows entering by one way.
pub(crate) enum Load {
    Copy(CopyLoad),
    Insert(InsertLoad),
    /// Either, refused rows aside.
    Aside(AsideLoad),
    /// They have, in parts: their number, and the bytes that were sent.
    Done(u64, u64),
}

pub(crate) struct CopyLoad {
    encoder: Encoder,
    frame: CopyFrame,
    bytes: u64,
}

impl CopyLoad {
    /// Chooses the encoders.
    pub(crate) fn new(schema: &Schema, targets: &[PgType]) -> Result<Self, Error> {
        let encoder = Encoder::new(schema, targets).map_err(internal)?;
        Ok(Self { encoder, frame: CopyFrame::default(), bytes: 0 })
    }

    /// Begins a COPY; one that was refused is forgotten.
    pub(crate) fn start(&mut self, session: &mut Session, sql: &str) -> Result<(), Error> {
        session.client().copy_in(sql).map_err(database_error)?;
        self.frame.begin();
        Ok(())
    }

    pub(crate) fn write(&mut self, session: &mut Session, batch: &RecordBatch) -> Result<(), Error> {
        let mut rows = self.encoder.start(batch).map_err(|error| data_error(&error))?;
        while self.frame.fill(&mut rows).map_err(|error| data_error(&error))? {
            self.bytes += flush(session, &mut self.frame)?;
        }
        Ok(())
    }

    /// Ends the COPY; the rows that the server counted.
    pub(crate) fn end(&mut self, session: &mut Session) -> Result<u64, Error> {
        self.frame.end();
        self.bytes += flush(session, &mut self.frame)?;
        session.client().copy_done().map_err(database_error)
    }

    /// The bytes sent.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }
}

fn flush(session: &mut Session, frame: &mut CopyFrame) -> Result<u64, Error> {
    session.client().copy_frame(frame.message()).map_err(database_error)?;
    Ok(frame.clear() as u64)
}

pub(crate) struct InsertLoad {
    literals: LiteralWriter,
    statement: InsertStatement,
    rows: u64,
    bytes: u64,
}

impl InsertLoad {
    /// `head` ends with VALUES; `tail` is the conflict clause; a statement has at most so many rows, and so many bytes
    /// but for one row.
    pub(crate) fn new(
        schema: &Schema,
        targets: &[PgType],
        (head, tail): (&str, Option<&str>),
        (rows_max, bytes_max): (u32, u32),
    ) -> Result<Self, Error> {
        let literals = LiteralWriter::new(schema, targets).map_err(internal)?;
        let statement = InsertStatement::new(head, tail, (rows_max, bytes_max as usize));
        Ok(Self { literals, statement, rows: 0, bytes: 0 })
    }

    pub(crate) fn write(&mut self, session: &mut Session, batch: &RecordBatch) -> Result<(), Error> {
        let mut rows = self.literals.start(batch).map_err(|error| data_error(&error))?;
        while self.statement.fill(&mut rows).map_err(|error| data_error(&error))? {
            self.bytes += self.statement.sql().len() as u64;
            self.rows += session.client().execute_frame(self.statement.message()).map_err(database_error)?;
        }
        Ok(())
    }

    /// The rows that the server counted, and the bytes sent.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.rows, self.bytes)
    }
}
