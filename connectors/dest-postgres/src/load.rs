//! How rows enter: COPY in binary form, or INSERT with literals. Each has one buffer for all of its statements or
//! frames, and no other copy of a row.

use crate::aside::AsideLoad;
use arrow_array::RecordBatch;
use arrow_schema::Schema;
use rapidbyte_postgres::{
    client::HEADER_BYTES,
    copy::{Encoder, HEADER, TRAILER},
    text::LiteralWriter,
    types::PgType,
};
use rapidbyte_postgres_guest::{Session, data_error, database_error, internal};
use rapidbyte_sdk::types::Error;

/// A CopyData of many rows: the server's own buffers are far smaller, and the boundary is at full speed from 64 KiB up.
const FRAME_BYTES: usize = 256 * 1024;

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
    frame: Vec<u8>,
    bytes: u64,
}

impl CopyLoad {
    /// Chooses the encoders.
    pub(crate) fn new(schema: &Schema, targets: &[PgType]) -> Result<Self, Error> {
        let encoder = Encoder::new(schema, targets).map_err(internal)?;
        Ok(Self { encoder, frame: Vec::with_capacity(FRAME_BYTES + FRAME_BYTES / 4), bytes: 0 })
    }

    /// Begins a COPY; one that was refused is forgotten.
    pub(crate) fn start(&mut self, session: &mut Session, sql: &str) -> Result<(), Error> {
        session.client().copy_in(sql).map_err(database_error)?;
        self.frame.clear();
        self.frame.extend_from_slice(&[0; HEADER_BYTES]);
        self.frame.extend_from_slice(&HEADER);
        Ok(())
    }

    pub(crate) fn write(&mut self, session: &mut Session, batch: &RecordBatch) -> Result<(), Error> {
        let mut rows = self.encoder.start(batch).map_err(|error| data_error(&error))?;
        while rows.encode_up_to(FRAME_BYTES, &mut self.frame).map_err(|error| data_error(&error))? > 0 {
            if self.frame.len() >= FRAME_BYTES {
                self.bytes += flush(session, &mut self.frame)?;
            }
        }
        Ok(())
    }

    /// Ends the COPY; the rows that the server counted.
    pub(crate) fn end(&mut self, session: &mut Session) -> Result<u64, Error> {
        self.frame.extend_from_slice(&TRAILER);
        self.bytes += flush(session, &mut self.frame)?;
        session.client().copy_done().map_err(database_error)
    }

    /// The bytes sent.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }
}

fn flush(session: &mut Session, frame: &mut Vec<u8>) -> Result<u64, Error> {
    session.client().copy_frame(frame).map_err(database_error)?;
    let bytes = frame.len() - HEADER_BYTES;
    frame.truncate(HEADER_BYTES);
    Ok(bytes as u64)
}

pub(crate) struct InsertLoad {
    literals: LiteralWriter,
    /// Room for the message's header, the head of the statement, and behind it rows and the tail.
    statement: Vec<u8>,
    head_bytes: usize,
    tail: Vec<u8>,
    rows_max: u32,
    bytes_max: usize,
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
        let mut statement = Vec::with_capacity(bytes_max as usize + FRAME_BYTES);
        statement.extend_from_slice(&[0; HEADER_BYTES]);
        statement.extend_from_slice(head.as_bytes());
        statement.push(b' ');
        let tail = tail.map(|tail| format!(" {tail}").into_bytes()).unwrap_or_default();
        Ok(Self {
            literals: LiteralWriter::new(schema, targets).map_err(internal)?,
            head_bytes: statement.len(),
            statement,
            tail,
            rows_max,
            bytes_max: bytes_max as usize,
            rows: 0,
            bytes: 0,
        })
    }

    pub(crate) fn write(&mut self, session: &mut Session, batch: &RecordBatch) -> Result<(), Error> {
        let mut rows = self.literals.start(batch).map_err(|error| data_error(&error))?;
        // What was refused may have been left in the middle.
        self.statement.truncate(self.head_bytes);
        loop {
            let written = rows.write(self.rows_max, self.bytes_max, &mut self.statement);
            if written.map_err(|error| data_error(&error))? == 0 {
                return Ok(());
            }
            self.statement.extend_from_slice(&self.tail);
            self.bytes += (self.statement.len() - HEADER_BYTES) as u64;
            self.rows += session.client().execute_frame(&mut self.statement).map_err(database_error)?;
            self.statement.truncate(self.head_bytes);
        }
    }

    /// The rows that the server counted, and the bytes sent.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.rows, self.bytes)
    }
}
