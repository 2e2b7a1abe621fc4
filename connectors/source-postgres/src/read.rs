//! The row path: COPY or a binary cursor, decoded from the host's buffer into column builders, batch by batch.

use crate::{
    bindings::exports::rapidbyte::connector::source::{self as contract, GuestReader},
    inspect::schema_of,
    position, ranges,
    session::{Left, Shared},
};
use rapidbyte_postgres::{
    client::{Fault, Rows},
    copy::{DecodeError, Decoder},
    prepare,
};
use rapidbyte_postgres_guest::{Session, database_error, internal};
use rapidbyte_sdk::{
    FrameWriter, host,
    types::{Batch, Category, Error, Scope},
};
use std::cell::RefCell;

/// Reads one statement's rows. It borrows the session for as long as it lives.
pub(crate) struct BatchReader {
    session: Shared,
    state: RefCell<State>,
}

struct State {
    decoder: Decoder,
    frames: FrameWriter,
    rows: RowSource,
    /// The rows of a FETCH are under way.
    fetching: bool,
    batch_rows: usize,
    batch_bytes: usize,
    row_bytes: usize,
    ended: bool,
}

/// Where rows come from.
enum RowSource {
    Copy,
    /// With the FETCH statement.
    Cursor(String),
}

/// What can stop a row: the connection, or what is in it.
enum RowError {
    Fault(Fault),
    Decode(DecodeError),
}

impl From<Fault> for RowError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<RowError> for Error {
    fn from(error: RowError) -> Self {
        match error {
            RowError::Fault(fault) => database_error(fault),
            RowError::Decode(error) => {
                Error::new(Category::Data, format!("a row cannot be read: {error}")).within(Scope::Row)
            }
        }
    }
}

impl BatchReader {
    pub(crate) fn begin(session: Shared, request: &contract::ReadRequest) -> Result<Self, Error> {
        let began = host::monotonic_now();
        let schema = schema_of(&request.schema)?;
        position::resume(&mut *session.lock()?, request.after.as_ref())?;
        ranges::begin(&mut *session.lock()?, request.interval.as_ref())?;
        let rows = begin_rows(&mut *session.lock()?, request)?;
        let state = State {
            decoder: Decoder::new(&schema).map_err(internal)?,
            frames: FrameWriter::new(&schema).map_err(internal)?,
            rows,
            fetching: false,
            batch_rows: request.batch_rows as usize,
            batch_bytes: request.batch_bytes as usize,
            row_bytes: request.row_bytes as usize,
            ended: false,
        };
        host::metric("query_secs", std::time::Duration::from_nanos(host::monotonic_now() - began).as_secs_f64());
        Ok(Self { session, state: RefCell::new(state) })
    }
}

fn begin_rows(session: &mut Session, request: &contract::ReadRequest) -> Result<RowSource, Error> {
    match request.fetch {
        contract::Fetch::Copy => {
            session.client().copy_out(&request.statement).map_err(database_error)?;
            Ok(RowSource::Copy)
        }
        contract::Fetch::Cursor => {
            session.query(&request.statement)?;
            Ok(RowSource::Cursor(prepare::fetch(request.batch_rows)))
        }
    }
}

/// Whoever reads next finds the session as it was.
impl Drop for BatchReader {
    fn drop(&mut self) {
        let state = self.state.get_mut();
        if state.ended {
            return;
        }
        let cursor = matches!(state.rows, RowSource::Cursor(_));
        let under_way = !cursor || state.fetching;
        self.session.leave(Left { rows: under_way.then_some(state.row_bytes), cursor });
    }
}

impl GuestReader for BatchReader {
    fn next(&self) -> Result<Option<Batch>, Error> {
        if host::cancelled() {
            return Err(Error::new(Category::Cancelled, "the run was cancelled"));
        }
        let mut state = self.state.borrow_mut();
        state.fill(&mut *self.session.lock()?)?;
        state.take_batch()
    }
}

impl State {
    /// Reads rows until a bound is met or there are no more.
    fn fill(&mut self, session: &mut Session) -> Result<(), Error> {
        while !self.ended && self.has_room() {
            match &self.rows {
                RowSource::Copy => self.copy_rows(session)?,
                RowSource::Cursor(_) if self.fetching => self.cursor_rows(session)?,
                RowSource::Cursor(fetch) => {
                    session.client().fetch(fetch).map_err(database_error)?;
                    self.fetching = true;
                }
            }
        }
        Ok(())
    }

    fn has_room(&self) -> bool {
        self.decoder.rows() < self.batch_rows && self.decoder.bytes() < self.batch_bytes
    }

    fn copy_rows(&mut self, session: &mut Session) -> Result<(), Error> {
        let row_bytes = self.row_bytes;
        let rows = session.client().next_rows(row_bytes, |body| {
            self.decoder.push_copy_data(body).map_err(RowError::Decode)?;
            Ok::<_, RowError>(self.has_room())
        })?;
        if let Rows::Done(_) = rows {
            if !self.decoder.is_ended() {
                return Err(Error::new(Category::Protocol, "the server ended COPY in the middle of a row"));
            }
            self.ended = true;
        }
        Ok(())
    }

    fn cursor_rows(&mut self, session: &mut Session) -> Result<(), Error> {
        let row_bytes = self.row_bytes;
        let rows = session.client().next_rows(row_bytes, |body| {
            self.decoder.push_row(body).map_err(RowError::Decode)?;
            Ok::<_, RowError>(self.has_room())
        })?;
        if let Rows::Done(fetched) = rows {
            self.fetching = false;
            // Fewer than were asked for: the cursor stands behind its last row.
            if fetched < self.batch_rows as u64 {
                session.query(prepare::CLOSE)?;
                self.ended = true;
            }
        }
        Ok(())
    }

    fn take_batch(&mut self) -> Result<Option<Batch>, Error> {
        let rows = u32::try_from(self.decoder.rows()).map_err(internal)?;
        if rows == 0 {
            return Ok(None);
        }
        let batch = self.decoder.finish().map_err(|error| Error::from(RowError::Decode(error)))?;
        let frame = self.frames.frame(&batch).map_err(internal)?;
        Ok(Some(Batch { rows, frame }))
    }
}
