//! The session that the contract speaks of: one PostgreSQL session, shared with its one reader.

use crate::{
    bindings::exports::rapidbyte::connector::source::{self as contract, GuestSession},
    discover, inspect, position, read, snapshot,
};
use rapidbyte_postgres::{prepare::Compared, session::SOURCE_SETTINGS};
use rapidbyte_postgres_guest::{Session, compared, internal};
use rapidbyte_sdk::types::{Checksum, Error, Finding, KeyRange, KeyedRow, Server, Severity};
use std::{
    cell::{RefCell, RefMut},
    rc::Rc,
};

/// The PostgreSQL session; none once it was closed.
#[derive(Clone)]
pub(crate) struct Shared(Rc<RefCell<Option<Session>>>);

impl Shared {
    /// The session, for one call.
    pub(crate) fn lock(&self) -> Result<RefMut<'_, Session>, Error> {
        let session = self.0.try_borrow_mut().map_err(|_| internal("the session is in use"))?;
        RefMut::filter_map(session, Option::as_mut).map_err(|_| internal("the session is closed"))
    }
}

pub(crate) struct SourceSession(Shared);

impl GuestSession for SourceSession {
    fn open(settings: Vec<(String, String)>) -> Result<contract::Session, Error> {
        rapidbyte_sdk::report_panics();
        let session = Session::open(&settings, SOURCE_SETTINGS)?;
        Ok(contract::Session::new(Self(Shared(Rc::new(RefCell::new(Some(session)))))))
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
        inspect::stream(&mut *self.0.lock()?, selection, after.as_ref())
    }

    fn open_snapshot(&self, relations: Vec<contract::Relation>) -> Result<String, Error> {
        snapshot::open(&mut *self.0.lock()?, relations)
    }

    fn join_snapshot(&self, token: String, relations: Vec<contract::Relation>) -> Result<(), Error> {
        snapshot::join(&mut *self.0.lock()?, &token, relations)
    }

    fn position(&self, request: contract::PositionRequest) -> Result<contract::Position, Error> {
        position::position(&mut *self.0.lock()?, request)
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
        let session = self.0.0.try_borrow_mut().map_err(|_| internal("the session is in use"))?.take();
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
