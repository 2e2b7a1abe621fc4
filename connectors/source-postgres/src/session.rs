//! The session that the contract speaks of: one PostgreSQL session, shared with its one reader.

use crate::{
    bindings::exports::rapidbyte::connector::source::{self as contract, GuestSession},
    discover, inspect, position, ranges, read, snapshot,
};
use rapidbyte_postgres::{
    prepare::{self, Compared},
    session::SOURCE_SETTINGS,
};
use rapidbyte_postgres_guest::{Session, compared, database_error, internal};
use rapidbyte_sdk::types::{Checksum, Error, Finding, KeyRange, KeyedRow, Server, Severity};
use std::{
    cell::{Cell, RefCell, RefMut},
    rc::Rc,
};

/// The PostgreSQL session; none once it was closed.
#[derive(Clone, Default)]
pub(crate) struct Shared {
    session: Rc<RefCell<Option<Session>>>,
    /// What a reader that was dropped before its end has left.
    left: Rc<Cell<Option<Left>>>,
    /// What is read is read in one.
    snapshot: Rc<Cell<bool>>,
}

/// What must be done before the session can be used again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Left {
    /// Rows are on their way, each at most so large.
    pub(crate) rows: Option<usize>,
    /// A cursor is open.
    pub(crate) cursor: bool,
}

impl Shared {
    /// The session, for one call, and its snapshot as it was before a reader that was left.
    pub(crate) fn lock(&self) -> Result<RefMut<'_, Session>, Error> {
        let session = self.session.try_borrow_mut().map_err(|_| internal("the session is in use"))?;
        let session = RefMut::filter_map(session, Option::as_mut).map_err(|_| internal("the session is closed"));
        let mut session = session?;
        if let Some(left) = self.left.take() {
            settle(&mut session, left)?;
        }
        Ok(session)
    }

    pub(crate) fn leave(&self, left: Left) {
        self.left.set(Some(left));
    }
}

/// Passes over the rows that are on their way, and closes the cursor.
fn settle(session: &mut Session, left: Left) -> Result<(), Error> {
    if let Some(row_bytes_max) = left.rows {
        session.client().skip_rows(row_bytes_max).map_err(database_error)?;
    }
    if left.cursor {
        session.query(prepare::CLOSE)?;
    }
    Ok(())
}

pub(crate) struct SourceSession(Shared);

impl GuestSession for SourceSession {
    fn open(settings: Vec<(String, String)>) -> Result<contract::Session, Error> {
        rapidbyte_sdk::report_panics();
        let session = Session::open(&settings, SOURCE_SETTINGS)?;
        let session = Rc::new(RefCell::new(Some(session)));
        Ok(contract::Session::new(Self(Shared { session, ..Shared::default() })))
    }

    fn server(&self) -> Result<Server, Error> {
        self.0.lock()?.server()
    }

    fn check(&self) -> Result<Vec<Finding>, Error> {
        let server = self.server()?;
        let standby = if server.read_only { " (read only, as a source may be)" } else { "" };
        let message = format!("logged in as {} to {}{standby}", server.user, server.product);
        Ok(vec![Finding { severity: Severity::Ok, subject: server.endpoint, message, advice: None }])
    }

    fn discover(&self) -> Result<Vec<contract::StreamInfo>, Error> {
        discover::streams(&mut *self.0.lock()?)
    }

    fn inspect(
        &self,
        selection: contract::Selection,
        after: Option<contract::KnownPosition>,
    ) -> Result<contract::StreamObservation, Error> {
        inspect::stream(&mut *self.0.lock()?, selection, after.as_ref(), self.0.snapshot.get())
    }

    fn open_snapshot(&self, relations: Vec<contract::Relation>) -> Result<String, Error> {
        self.0.snapshot.set(true);
        snapshot::open(&mut *self.0.lock()?, relations)
    }

    fn join_snapshot(&self, token: String, relations: Vec<contract::Relation>) -> Result<(), Error> {
        snapshot::join(&mut *self.0.lock()?, &token, relations)
    }

    fn position(&self, request: contract::PositionRequest) -> Result<contract::Position, Error> {
        position::position(&mut *self.0.lock()?, request)
    }

    fn bounds(&self, statement: String) -> Result<Vec<String>, Error> {
        ranges::bounds(&mut *self.0.lock()?, &statement)
    }

    fn read(&self, request: contract::ReadRequest) -> Result<contract::Reader, Error> {
        Ok(contract::Reader::new(read::BatchReader::begin(self.0.clone(), &request)?))
    }

    fn checksum(&self, statement: String) -> Result<Checksum, Error> {
        compared::checksum(&mut *self.0.lock()?, &statement)
    }

    fn summaries(
        &self,
        of: contract::Compared,
        range: KeyRange,
        cuts: Vec<Vec<String>>,
    ) -> Result<Vec<Checksum>, Error> {
        compared::summaries(&mut *self.0.lock()?, &rows_of(of), range, &cuts)
    }

    fn cuts(&self, of: contract::Compared, range: KeyRange, rows: u64, parts: u32) -> Result<Vec<Vec<String>>, Error> {
        compared::cuts(&mut *self.0.lock()?, &rows_of(of), range, rows, parts)
    }

    fn keyed_rows(&self, of: contract::Compared, range: KeyRange, max: u32) -> Result<Vec<KeyedRow>, Error> {
        compared::keyed_rows(&mut *self.0.lock()?, &rows_of(of), range, max)
    }

    fn close(&self) -> Result<(), Error> {
        let session = self.0.session.try_borrow_mut().map_err(|_| internal("the session is in use"))?.take();
        session.map_or(Ok(()), Session::close)
    }
}

fn rows_of(of: contract::Compared) -> Compared {
    Compared {
        relation: inspect::relation(of.selection.relation),
        filter: of.selection.filter,
        columns: compared::checked(of.columns),
        key: compared::key(of.key),
    }
}
