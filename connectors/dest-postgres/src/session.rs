//! The session that the contract speaks of: one PostgreSQL session, one run on it, one writer at a time. Everything
//! between `begin` and `commit` is one transaction, so whatever fails leaves nothing.

use crate::{
    bindings::exports::rapidbyte::connector::destination::{self as contract, GuestSession},
    checkpoint,
    decision::{namespace, statement_out},
    inspect, parse, parts, state,
    write::StreamWriter,
};
use rapidbyte_postgres::{
    decision::Relation,
    prepare::{self, Compared},
    relation, session,
    types::{PgType, catalog::TextRow},
};
use rapidbyte_postgres_guest::{Session, compared, internal, prepare_error};
use rapidbyte_sdk::types::{Checksum, Error, Finding, KeyRange, KeyedRow, ObjectName, Server, Severity};
use std::{
    cell::{RefCell, RefMut},
    rc::Rc,
};

/// What the session is in the middle of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stage {
    Idle,
    /// Streams are loaded in parts; there is a transaction while one is.
    Loading {
        sync: String,
    },
    /// The same, beside another session.
    Joined,
    Running {
        run: String,
        sync: String,
        plan: String,
        lock_timeout_ms: u32,
    },
    /// Committed or rolled back, or begun to compare.
    Ended,
}

/// The session and what it is in the middle of.
pub(crate) struct Inner {
    pub(crate) session: Session,
    pub(crate) stage: Stage,
    /// Tables that this run has written, and whether it made or emptied them: all their rows are its own then.
    pub(crate) written: Vec<(ObjectName, bool)>,
    /// Tables that were changed, as the server's statistics have it, and whose rows are ours alone all the same.
    pub(crate) confirmed: Vec<(String, String)>,
    /// Why a table could not be held.
    pub(crate) unheld: Option<Error>,
    /// The stream whose part was loaded last, by its staging table, and the types of its columns there.
    pub(crate) part_types: Option<(String, Rc<[PgType]>)>,
    /// A COPY is open: before anything else it must be ended or broken off.
    pub(crate) copying: bool,
    /// Rows of this run that were refused and set aside.
    pub(crate) rejected: u64,
    /// Which parts of the records of runs are there, and whether we may read them; none: nobody has asked.
    pub(crate) records: Option<(Vec<TextRow>, bool)>,
}

/// The session; none once it was closed.
#[derive(Clone)]
pub(crate) struct Shared(Rc<RefCell<Option<Inner>>>);

impl Shared {
    /// The session, for one call.
    pub(crate) fn lock(&self) -> Result<RefMut<'_, Inner>, Error> {
        let inner = self.0.try_borrow_mut().map_err(|_| internal("the session is in use"))?;
        RefMut::filter_map(inner, Option::as_mut).map_err(|_| internal("the session is closed"))
    }
}

pub(crate) struct DestinationSession(Shared);

impl GuestSession for DestinationSession {
    fn open(settings: Vec<(String, String)>) -> Result<contract::Session, Error> {
        rapidbyte_sdk::report_panics();
        let session = Session::open(&settings, &[])?;
        let (stage, written, confirmed) = (Stage::Idle, Vec::new(), Vec::new());
        let (unheld, part_types, records) = (None, None, None);
        let inner =
            Inner { session, stage, written, confirmed, unheld, part_types, copying: false, rejected: 0, records };
        Ok(contract::Session::new(Self(Shared(Rc::new(RefCell::new(Some(inner)))))))
    }

    fn server(&self) -> Result<Server, Error> {
        self.0.lock()?.session.server()
    }

    fn check(&self) -> Result<Vec<Finding>, Error> {
        self.0.lock()?.check()
    }

    fn inspect(&self, sync: String, target: ObjectName, schema: Vec<u8>) -> Result<contract::TargetObservation, Error> {
        self.0.lock()?.inspect(&sync, &target, &schema)
    }

    fn quarantine(&self, table: ObjectName) -> Result<contract::QuarantineState, Error> {
        inspect::quarantine(&mut self.0.lock()?.session, &table)
    }

    fn bookkeeping(&self) -> Result<Vec<contract::Statement>, Error> {
        let missing = self.0.lock()?.bookkeeping()?;
        Ok(missing)
    }

    fn last_run(&self, sync: String) -> Result<Option<contract::PastRun>, Error> {
        self.0.lock()?.last_run(&sync)
    }

    fn checkpoint(
        &self,
        sync: String,
        stream: String,
        target: ObjectName,
    ) -> Result<Option<contract::KnownCheckpoint>, Error> {
        checkpoint::find(&mut *self.0.lock()?, &sync, &stream, &target)
    }

    fn state(&self, sync: String, runs_max: u32) -> Result<contract::Records, Error> {
        state::read(self.0.lock()?.idle()?, &sync, runs_max)
    }

    fn receipt(&self, run: String) -> Result<Option<String>, Error> {
        state::receipt(&mut self.0.lock()?.session, &run)
    }

    fn forget(&self, sync: String, stream: String) -> Result<bool, Error> {
        state::forget(self.0.lock()?.idle()?, &sync, &stream)
    }

    fn parse(&self, decision: contract::WriteDecision, prepared: contract::PreparedWrite) -> Result<(), Error> {
        parse::parse(&mut self.0.lock()?.session, decision, prepared)
    }

    fn begin(&self, run: contract::RunInfo) -> Result<(), Error> {
        self.0.lock()?.begin(run)
    }

    fn load(
        &self,
        name: String,
        requests: Vec<contract::WriteRequest>,
    ) -> Result<Vec<Vec<contract::LoadedPart>>, Error> {
        parts::load(&mut *self.0.lock()?, &name, requests)
    }

    fn join_load(&self, name: String) -> Result<(), Error> {
        parts::join(&mut *self.0.lock()?, &name)
    }

    fn open_part(&self, request: contract::WriteRequest, part: u32) -> Result<contract::Writer, Error> {
        Ok(contract::Writer::new(StreamWriter::open_part(self.0.clone(), request, part)?))
    }

    fn open_writer(&self, request: contract::WriteRequest) -> Result<contract::Writer, Error> {
        if !matches!(self.0.lock()?.stage, Stage::Running { .. }) {
            return Err(internal("a writer needs a run"));
        }
        Ok(contract::Writer::new(StreamWriter::open(self.0.clone(), request)?))
    }

    fn commit(&self, checkpoints: Vec<contract::Checkpoint>, receipt: String) -> Result<(), Error> {
        self.0.lock()?.commit(&checkpoints, &receipt)
    }

    fn abort(&self) -> Result<(), Error> {
        self.0.lock()?.abort()
    }

    fn discard(&self, sync: String) -> Result<(), Error> {
        parts::discard(&mut *self.0.lock()?, &sync)
    }

    fn outcome(&self, run: String) -> Result<contract::RunOutcome, Error> {
        self.0.lock()?.outcome(&run)
    }

    fn begin_comparison(&self) -> Result<(), Error> {
        let inner = &mut *self.0.lock()?;
        if inner.stage != Stage::Idle {
            return Err(internal("a session has one transaction"));
        }
        inner.session.query(session::BEGIN_COMPARISON)?;
        inner.stage = Stage::Ended;
        Ok(())
    }

    fn summaries(
        &self,
        of: contract::Compared,
        range: KeyRange,
        cuts: Vec<Vec<String>>,
    ) -> Result<Vec<Checksum>, Error> {
        compared::summaries(&mut self.0.lock()?.session, &rows_of(of), range, &cuts)
    }

    fn cuts(&self, of: contract::Compared, range: KeyRange, rows: u64, parts: u32) -> Result<Vec<Vec<String>>, Error> {
        compared::cuts(&mut self.0.lock()?.session, &rows_of(of), range, rows, parts)
    }

    fn keyed_rows(&self, of: contract::Compared, range: KeyRange, max: u32) -> Result<Vec<KeyedRow>, Error> {
        compared::keyed_rows(&mut self.0.lock()?.session, &rows_of(of), range, max)
    }

    fn close(&self) -> Result<(), Error> {
        let inner = self.0.0.try_borrow_mut().map_err(|_| internal("the session is in use"))?.take();
        inner.map_or(Ok(()), |inner| inner.session.close())
    }
}

fn rows_of(of: contract::Compared) -> Compared {
    Compared {
        relation: Relation::Table(namespace(&of.target).to_owned(), of.target.name),
        filter: None,
        columns: compared::checked(of.columns),
        key: compared::key(of.key),
    }
}

impl Inner {
    /// The name of the run that is at work.
    pub(crate) fn run(&self) -> Result<&str, Error> {
        match &self.stage {
            Stage::Running { run, .. } => Ok(run),
            Stage::Idle | Stage::Loading { .. } | Stage::Joined | Stage::Ended => Err(internal("there is no run")),
        }
    }

    /// The session outside of any transaction.
    fn idle(&mut self) -> Result<&mut Session, Error> {
        if self.stage == Stage::Idle { Ok(&mut self.session) } else { Err(internal("a session has one transaction")) }
    }

    fn check(&mut self) -> Result<Vec<Finding>, Error> {
        let server = self.session.server()?;
        let finding = |severity, message: String, advice: Option<&str>| Finding {
            severity,
            subject: server.endpoint.clone(),
            message,
            advice: advice.map(str::to_owned),
        };
        let login = format!("logged in as {} to {}", server.user, server.product);
        let mut findings = vec![finding(Severity::Ok, login, None)];
        if server.read_only {
            let advice = "use the primary, or lift default_transaction_read_only";
            findings.push(finding(Severity::Failure, "the database takes no writes".to_owned(), Some(advice)));
        }
        let missing = self.bookkeeping()?;
        let may_create = self.session.text(session::MAY_CREATE_SCHEMA_QUERY)? == "true";
        if !missing.is_empty() && !may_create {
            let advice =
                "grant CREATE on the database, or let an administrator create the schema _rapidbyte for this role";
            findings.push(finding(
                Severity::Failure,
                "runs cannot be recorded: no right to create a schema".to_owned(),
                Some(advice),
            ));
        }
        Ok(findings)
    }

    fn inspect(
        &mut self,
        sync: &str,
        target: &ObjectName,
        schema: &[u8],
    ) -> Result<contract::TargetObservation, Error> {
        let mut seen = inspect::target(&mut self.session, target, schema)?;
        if seen.kind.is_some() && self.has(prepare::has_targets)? {
            let may_look = seen.privileges.contains(&contract::Privilege::Select);
            let whose = self.whose(sync, target, may_look)?;
            (seen.filled_by_us, seen.changed_by_others) = (whose == "ours", whose == "changed");
        }
        Ok(seen)
    }

    /// "ours", "changed" or "theirs".
    fn whose(&mut self, sync: &str, target: &ObjectName, may_look: bool) -> Result<String, Error> {
        let sql = prepare::filled_query(namespace(target), &target.name, sync);
        let sql = sql.map_err(|error| prepare_error(&error))?;
        let whose = self.session.text(&sql)?;
        if whose != "doubt" {
            return Ok(whose);
        }
        let sql = prepare::others_query(namespace(target), &target.name).map_err(|error| prepare_error(&error))?;
        if !may_look || self.session.text(&sql)? != "f" {
            return Ok("changed".to_owned());
        }
        self.confirmed.push((target.namespace.clone(), target.name.clone()));
        Ok("ours".to_owned())
    }

    pub(crate) fn bookkeeping(&mut self) -> Result<Vec<contract::Statement>, Error> {
        let there = self.session.query(&prepare::bookkeeping_query())?.rows;
        let missing = prepare::bookkeeping(&there).into_iter().map(statement_out).collect();
        let may_read = self.session.text(&relation::can_record_query())? == "t";
        self.records = Some((there, may_read));
        Ok(missing)
    }

    /// A part of the records is there, and we may read it: what is hidden from us is not there, and a plan says so. Where
    /// another part is missing this one tells all the same. It is as the session found it first: what a run makes of the
    /// records itself tells nothing that its plan did not know.
    pub(crate) fn has(&mut self, part: fn(&[TextRow]) -> bool) -> Result<bool, Error> {
        if self.records.is_none() {
            self.bookkeeping()?;
        }
        Ok(self.records.as_ref().is_some_and(|(there, may_read)| *may_read && part(there)))
    }

    fn last_run(&mut self, sync: &str) -> Result<Option<contract::PastRun>, Error> {
        if !self.has(prepare::has_runs)? {
            return Ok(None);
        }
        Ok(state::runs(&mut self.session, sync, 1)?.pop())
    }
}
