//! The destination: counts what it is given, and says by log what it is asked to do.
//!
//! Faults of its own: count-more, count-less, received-less, rejected and absurd at "finish", and at "finish-part", which is what
//! `finish` is called of a part; unloaded at "load" (it tells of a part that nobody loaded), count-less there (of parts with a row less
//! than they have), silent (of no stream); lost at "commit" (the answer is lost); committed at "outcome" (otherwise the run is unknown);
//! refused at "inspect" (the column cannot be moved).

#[allow(missing_docs, unsafe_code, unreachable_pub, clippy::pedantic, clippy::unwrap_used)]
mod bindings {
    rapidbyte_sdk::destination_world!();
    export!(Component with_types_in self);
    use super::Component;
}

use crate::{
    numbers::{BLOCK_ROWS, Tally},
    parts::Parts,
    settings::{Settings, description},
    source::{checksum, finding, server},
};
use bindings::exports::rapidbyte::connector::destination as contract;
use rapidbyte_sdk::{
    FrameReader,
    host::{self, Level},
    types::{
        Batch, Category, Checksum, Comparison, Description, Endpoint, Error, Finding, KeyRange, KeyedRow, ObjectName,
        Role, Server,
    },
};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

struct Component;

impl contract::Guest for Component {
    type Session = Session;
    type Writer = Writer;

    fn describe() -> Description {
        rapidbyte_sdk::report_panics();
        description(Role::Destination)
    }

    fn abilities() -> contract::Capabilities {
        contract::Capabilities {
            dispositions: vec![contract::Disposition::Append],
            strategies: vec![contract::Strategy::Copy],
            name_bytes_max: 63,
        }
    }

    fn endpoints(settings: Vec<(String, String)>) -> Result<Vec<Endpoint>, Error> {
        let settings = Settings::of(&settings);
        settings.at("endpoints")?;
        Ok(settings.endpoints())
    }

    fn prepare(decision: contract::WriteDecision) -> Result<contract::PreparedWrite, Error> {
        use contract::{Effect, Phase};
        let statement = |phase, effect, sql: &str, purpose: &str| contract::Statement {
            phase,
            effect,
            sql: sql.to_owned(),
            purpose: purpose.to_owned(),
        };
        let stage = statement(Phase::Stage, Effect::Create, "remember", "remembers parts");
        let load = statement(Phase::Load, Effect::Write, "count", "counts rows");
        let check = statement(Phase::Verify, Effect::Read, "sum", "sums rows");
        let statements = decision.parts.then_some(stage).into_iter().chain([load]);
        let statements = statements.chain(decision.checksum.then_some(check)).collect();
        Ok(contract::PreparedWrite { statements, conflict_clause: None })
    }
}

struct Session {
    settings: Settings,
    parts: Rc<Parts>,
}

impl Session {
    /// Says what is being done, then commits the faults asked for there.
    fn at(&self, place: &str) -> Result<(), Error> {
        at(&self.settings, place)
    }

    /// What is told of the parts of a target.
    fn told(&self, target: &str) -> Vec<contract::LoadedPart> {
        let has = |fault| self.settings.has(fault, "load");
        let missing = u64::from(has("count-less"));
        let unloaded = has("unloaded").then_some((0, BLOCK_ROWS));
        let told = self.parts.of(target).into_iter().map(|(part, rows)| (part, rows - missing)).chain(unloaded);
        told.map(|(part, rows)| contract::LoadedPart { part, rows, bytes_written: rows * 8 }).collect()
    }

    /// A writer of a stream, or of one part; of one in parts the rows that they have.
    fn writer(&self, request: &contract::WriteRequest, part: Option<u32>) -> Result<contract::Writer, Error> {
        let is_part = part.is_some();
        let reader = FrameReader::new(&request.schema).map_err(rapidbyte_sdk::fault)?;
        let decision = &request.decision;
        let target = decision.target.name.clone();
        let begun = if decision.parts && !is_part { self.parts.whole(&target)? } else { Tally::default() };
        Ok(contract::Writer::new(Writer {
            settings: self.settings.clone(),
            parts: self.parts.clone(),
            part: part.map(|part| (target, part)),
            reader: RefCell::new(reader),
            tally: Cell::new(begun),
            is_checked: decision.checksum && !is_part,
        }))
    }
}

fn at(settings: &Settings, place: &str) -> Result<(), Error> {
    host::log(Level::Trace, place);
    settings.at(place)
}

impl contract::GuestSession for Session {
    fn open(settings: Vec<(String, String)>) -> Result<contract::Session, Error> {
        let settings = Settings::of(&settings);
        at(&settings, "open")?;
        let parts = Rc::new(Parts::new(settings.address()));
        Ok(contract::Session::new(Self { settings, parts }))
    }

    fn server(&self) -> Result<Server, Error> {
        self.at("server")?;
        Ok(server("elsewhere"))
    }

    fn check(&self) -> Result<Vec<Finding>, Error> {
        self.at("check")?;
        Ok(vec![finding(&self.settings.password)])
    }

    fn inspect(&self, _: String, target: ObjectName, schema: Vec<u8>) -> Result<contract::TargetObservation, Error> {
        self.at("inspect")?;
        let refused = self.settings.has("refused", "inspect");
        let reader = FrameReader::new(&schema).map_err(rapidbyte_sdk::fault)?;
        let fit = |column: &String| contract::ColumnFit {
            column: column.clone(),
            target: "bigint".to_owned(),
            label: if refused { contract::FitLabel::Refused } else { contract::FitLabel::Exact },
            note: refused.then(|| "this was asked for".to_owned()),
            literal: true,
            nested: false,
            types: Vec::new(),
            alter: None,
            compared: Comparison { cast: None, bounds: None, obstacle: None },
        };
        Ok(contract::TargetObservation {
            kind: None,
            namespace: target.namespace,
            schema_exists: true,
            columns: Vec::new(),
            fits: reader.schema().fields().iter().map(|field| fit(field.name())).collect(),
            keys: Vec::new(),
            row_level_security: false,
            insertable: true,
            temporary: false,
            unlogged: false,
            filled_by_us: false,
            changed_by_others: false,
            comment: None,
            dependents: Vec::new(),
            privileges: vec![
                contract::Privilege::CreateInSchema,
                contract::Privilege::Record,
                contract::Privilege::Load,
            ],
            rows: None,
        })
    }

    fn quarantine(&self, _: ObjectName) -> Result<contract::QuarantineState, Error> {
        self.at("quarantine")?;
        Ok(contract::QuarantineState { exists: false, may_insert: false, unfit: None })
    }

    fn bookkeeping(&self) -> Result<Vec<contract::Statement>, Error> {
        self.at("bookkeeping")?;
        Ok(Vec::new())
    }

    fn last_run(&self, _: String) -> Result<Option<contract::PastRun>, Error> {
        self.at("last-run")?;
        Ok(None)
    }

    fn checkpoint(&self, _: String, _: String, _: ObjectName) -> Result<Option<contract::KnownCheckpoint>, Error> {
        self.at("checkpoint")?;
        Ok(None)
    }

    fn state(&self, _: String, _: u32) -> Result<contract::Records, Error> {
        self.at("state")?;
        Ok(contract::Records { checkpoints: Vec::new(), runs: Vec::new() })
    }

    fn receipt(&self, _: String) -> Result<Option<String>, Error> {
        self.at("receipt")?;
        Ok(None)
    }

    fn forget(&self, _: String, _: String) -> Result<bool, Error> {
        self.at("forget")?;
        Ok(false)
    }

    fn parse(&self, _: contract::WriteDecision, _: contract::PreparedWrite) -> Result<(), Error> {
        self.at("parse")
    }

    fn begin(&self, _: contract::RunInfo) -> Result<(), Error> {
        self.at("begin")
    }

    fn load(
        &self,
        name: String,
        requests: Vec<contract::WriteRequest>,
    ) -> Result<Vec<Vec<contract::LoadedPart>>, Error> {
        self.at("load")?;
        self.parts.find(&name)?;
        let told = requests.iter().map(|request| self.told(&request.decision.target.name));
        Ok(told.filter(|_| !self.settings.has("silent", "load")).collect())
    }

    fn join_load(&self, name: String) -> Result<(), Error> {
        self.at("join-load")?;
        self.parts.find(&name)
    }

    fn open_part(&self, request: contract::WriteRequest, part: u32) -> Result<contract::Writer, Error> {
        self.at("open-part")?;
        self.writer(&request, Some(part))
    }

    fn open_writer(&self, request: contract::WriteRequest) -> Result<contract::Writer, Error> {
        self.at("open-writer")?;
        self.writer(&request, None)
    }

    fn commit(&self, _: Vec<contract::Checkpoint>, receipt: String) -> Result<(), Error> {
        host::log(Level::Debug, &receipt);
        self.at("commit")?;
        if self.settings.has("lost", "commit") {
            return Err(Error::new(Category::Network, "the answer was lost"));
        }
        Ok(())
    }

    fn abort(&self) -> Result<(), Error> {
        self.at("abort")
    }

    fn discard(&self, _: String) -> Result<(), Error> {
        self.at("discard")
    }

    fn outcome(&self, _: String) -> Result<contract::RunOutcome, Error> {
        self.at("outcome")?;
        let committed = self.settings.has("committed", "outcome");
        Ok(if committed { contract::RunOutcome::Committed } else { contract::RunOutcome::Unknown })
    }

    fn begin_comparison(&self) -> Result<(), Error> {
        self.at("begin-comparison")
    }

    fn summaries(&self, _: contract::Compared, _: KeyRange, _: Vec<Vec<String>>) -> Result<Vec<Checksum>, Error> {
        self.at("summaries")?;
        Ok(vec![checksum(&self.settings, "summaries", Tally::of_all(self.settings.rows))])
    }

    fn cuts(&self, _: contract::Compared, _: KeyRange, _: u64, _: u32) -> Result<Vec<Vec<String>>, Error> {
        self.at("cuts")?;
        Ok(Vec::new())
    }

    fn keyed_rows(&self, _: contract::Compared, _: KeyRange, _: u32) -> Result<Vec<KeyedRow>, Error> {
        self.at("keyed-rows")?;
        Ok(Vec::new())
    }

    fn close(&self) -> Result<(), Error> {
        self.at("close")
    }
}

struct Writer {
    settings: Settings,
    parts: Rc<Parts>,
    /// The target and the number, where it writes one part alone.
    part: Option<(String, u32)>,
    reader: RefCell<FrameReader>,
    tally: Cell<Tally>,
    is_checked: bool,
}

impl contract::GuestWriter for Writer {
    fn write(&self, batch: Batch) -> Result<(), Error> {
        at(&self.settings, "write")?;
        let batch = self.reader.borrow_mut().batch(batch.frame);
        let batch = batch.map_err(|error| Error::new(Category::Protocol, error.to_string()))?;
        self.tally.set(self.tally.get().and(Tally::of_batch(&batch)));
        Ok(())
    }

    fn finish(&self) -> Result<contract::Written, Error> {
        let place = if self.part.is_some() { "finish-part" } else { "finish" };
        at(&self.settings, place)?;
        let has = |fault| self.settings.has(fault, place);
        let tally = self.tally.get();
        if let Some((target, part)) = &self.part {
            self.parts.record(target, *part, tally)?;
        }
        let rows = tally.rows;
        let written = match () {
            () if has("count-more") => rows + 1,
            () if has("count-less") => rows - 1,
            () if has("absurd") => u64::MAX,
            () => rows,
        };
        let received = if has("received-less") { rows - 1 } else { rows };
        Ok(contract::Written {
            rows_rejected: u64::from(has("rejected")),
            rows_received: received,
            rows_loaded: written,
            rows_written: written,
            bytes_written: rows * 8,
            checksum: self.is_checked.then(|| checksum(&self.settings, place, tally)),
        })
    }
}
