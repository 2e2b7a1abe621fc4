//! How rows enter: COPY in binary form, or INSERT with arrays or literals. Each has one buffer for all of its statements or
//! frames, and no other copy of a row.

use crate::aside::AsideLoad;
use arrow_array::RecordBatch;
use arrow_schema::Schema;
use rapidbyte_postgres::{
    copy::{ArrayStatement, ArrayWriter, CopyFrame, Encoder},
    text::{InsertStatement, LiteralWriter},
    types::{PgType, arrays},
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
    form: Form,
    rows: u64,
    bytes: u64,
}

/// How the rows of a statement are written.
enum Form {
    Literals(LiteralWriter, InsertStatement),
    Arrays(ArrayWriter, ArrayStatement),
}

/// What the one prepared statement of a session is called.
const PREPARED: &str = "rapidbyte_rows";

impl InsertLoad {
    /// `head` ends with VALUES; `tail` is the conflict clause; a statement has at most so many rows, and so many bytes
    /// but for one row.
    pub(crate) fn literals(
        schema: &Schema,
        targets: &[PgType],
        (head, tail): (&str, Option<&str>),
        (rows_max, bytes_max): (u32, u32),
    ) -> Result<Self, Error> {
        let literals = LiteralWriter::new(schema, targets).map_err(internal)?;
        let statement = InsertStatement::new(head, tail, (rows_max, bytes_max as usize));
        Ok(Self { form: Form::Literals(literals, statement), rows: 0, bytes: 0 })
    }

    /// `head` has a parameter for each column; else as [`Self::literals`].
    pub(crate) fn arrays(
        session: &mut Session,
        schema: &Schema,
        targets: &[PgType],
        (head, tail): (&str, Option<&str>),
        (rows_max, bytes_max): (u32, u32),
    ) -> Result<Self, Error> {
        let writer = ArrayWriter::new(schema, targets).map_err(internal)?;
        let rows = session.query(&arrays::query(writer.element_oids()))?.rows;
        let types = arrays::answer(&rows, writer.element_oids());
        let types = types.ok_or_else(|| internal("a column's type has no arrays"))?;
        let sql = tail.map_or_else(|| head.to_owned(), |tail| format!("{head} {tail}"));
        session.client().prepare(PREPARED, &sql, &types).map_err(database_error)?;
        let columns = u16::try_from(types.len()).map_err(internal)?;
        let statement = ArrayStatement::new(PREPARED, columns, (rows_max, bytes_max as usize));
        Ok(Self { form: Form::Arrays(writer, statement), rows: 0, bytes: 0 })
    }

    pub(crate) fn write(&mut self, session: &mut Session, batch: &RecordBatch) -> Result<(), Error> {
        match &mut self.form {
            Form::Literals(literals, statement) => {
                let mut rows = literals.start(batch).map_err(|error| data_error(&error))?;
                while statement.fill(&mut rows).map_err(|error| data_error(&error))? {
                    self.bytes += statement.sql().len() as u64;
                    self.rows += session.client().execute_frame(statement.message()).map_err(database_error)?;
                }
            }
            Form::Arrays(arrays, statement) => {
                let mut rows = arrays.start(batch).map_err(|error| data_error(&error))?;
                while statement.fill(&mut rows).map_err(|error| data_error(&error))? {
                    self.bytes += statement.message().len() as u64;
                    self.rows += session.client().execute_bound(statement.message()).map_err(database_error)?;
                }
            }
        }
        Ok(())
    }

    /// The rows that the server counted, and the bytes sent.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.rows, self.bytes)
    }
}
