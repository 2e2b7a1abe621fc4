//! A destination guest: its calls in the words of `plans`.

use super::{
    Linked,
    bindings::{
        destination::{DestinationConnector, exports::rapidbyte::connector::destination as wit},
        types,
    },
    call::{Cell, guarded},
    compared::{self, Checksum},
    convert::{self, Server},
    convert_destination as convert_out,
    convert_incremental::{self, Checkpoint, NewCheckpoint, wit_checkpoint},
    guest::{Guest, Settings, Surroundings},
    source::Frame,
    world::{ROWS, World},
};
use crate::{EngineError, Finding, Side, connectors::ConnectorDescription, grants::Grant};
use rapidbyte_plans::{
    decision::{PreparedWrite, Statement, WriteDecision},
    name::ObjectName,
    observation::{PastRun, QuarantineState, TargetState},
};
use wasmtime::{Engine, component::ResourceAny};

/// A destination.
pub(crate) struct DestinationGuest {
    pub(super) cell: Cell,
    pub(super) world: DestinationConnector,
    session: Option<ResourceAny>,
    writer: Option<ResourceAny>,
}

/// What a run tells the destination about itself.
pub(crate) struct RunStart<'a> {
    pub(crate) run: &'a str,
    pub(crate) sync: &'a str,
    pub(crate) plan: &'a str,
    pub(crate) bookkeeping: &'a [Statement],
    pub(crate) holds: Vec<Statement>,
    pub(crate) lock_timeout_ms: u32,
}

/// What a writer counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) rows_received: u64,
    pub(crate) rows_loaded: u64,
    pub(crate) rows_written: u64,
    pub(crate) bytes_written: u64,
    /// Where one was wanted.
    pub(crate) checksum: Option<Checksum>,
    pub(crate) rows_rejected: u64,
}

/// A part of a stream that is in its staging table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LoadedPart {
    pub(crate) part: u32,
    pub(crate) rows: u64,
}

fn request(decision: &WriteDecision, prepared: &PreparedWrite, schema: &[u8]) -> wit::WriteRequest {
    wit::WriteRequest {
        decision: convert_out::wit_write_decision(decision),
        prepared: convert_out::wit_prepared_write(prepared),
        schema: schema.to_vec(),
    }
}

impl World for DestinationGuest {
    const SIDE: Side = Side::Destination;

    async fn start(linked: &Linked, engine: &Engine, around: &Surroundings) -> Result<Self, EngineError> {
        let Linked::Destination(pre) = linked else { return Err(Cell::out_of_order("a source as a destination")) };
        let mut cell = Guest::cell(engine, Side::Destination, around);
        let limit = around.limits.answer;
        let world = tokio::time::timeout(limit, pre.instantiate_async(&mut cell.store)).await;
        let world = cell.leave(limit, world)?;
        Ok(Self { cell, world, session: None, writer: None })
    }

    async fn describe(&mut self, sha256: &str) -> Result<ConnectorDescription, EngineError> {
        let guest = self.world.rapidbyte_connector_destination();
        let limit = self.cell.guest().limits.answer;
        let said = guarded!(self, "describe", limit, |store| guest.call_describe(store))?;
        self.cell.checked(convert::description(said, Side::Destination, sha256))
    }

    async fn endpoints(&mut self, settings: &Settings) -> Result<Vec<Grant>, EngineError> {
        let guest = self.world.rapidbyte_connector_destination();
        let limit = self.cell.guest().limits.answer;
        let said = guarded!(self, "endpoints", limit, |store| guest.call_endpoints(store, &settings.0))?;
        let asked = self.cell.answer(said)?;
        self.cell.checked(convert::endpoints(asked))
    }

    async fn open(&mut self, settings: &Settings) -> Result<(), EngineError> {
        let guest = self.world.rapidbyte_connector_destination().session();
        let limit = self.cell.guest().limits.open;
        let said = guarded!(self, "session.open", limit, |store| guest.call_open(store, &settings.0))?;
        self.session = Some(self.cell.answer(said)?);
        Ok(())
    }

    async fn server(&mut self) -> Result<Server, EngineError> {
        let session = self.session()?;
        let guest = self.world.rapidbyte_connector_destination().session();
        let limit = self.cell.guest().limits.answer;
        let said = guarded!(self, "session.server", limit, |store| guest.call_server(store, session))?;
        let server = self.cell.answer(said)?;
        Ok(convert::server(&self.cell.guest().redactor, &server))
    }

    async fn check(&mut self) -> Result<Vec<Finding>, EngineError> {
        let session = self.session()?;
        let guest = self.world.rapidbyte_connector_destination().session();
        let limit = self.cell.guest().limits.answer;
        let said = guarded!(self, "session.check", limit, |store| guest.call_check(store, session))?;
        let findings = self.cell.answer(said)?;
        self.cell.checked(convert::findings(&self.cell.guest().redactor, findings))
    }

    async fn close(mut self) -> Result<(), EngineError> {
        let session = self.session()?;
        let guest = self.world.rapidbyte_connector_destination().session();
        let limit = self.cell.guest().limits.answer;
        let said = guarded!(self, "session.close", limit, |store| guest.call_close(store, session))?;
        self.cell.answer(said)
    }

    #[allow(private_interfaces)]
    fn cell(&self) -> &Cell {
        &self.cell
    }

    #[allow(private_interfaces)]
    fn cell_mut(&mut self) -> &mut Cell {
        &mut self.cell
    }
}

impl DestinationGuest {
    pub(super) fn session(&self) -> Result<ResourceAny, EngineError> {
        self.session.ok_or_else(|| Cell::out_of_order("a call of a session"))
    }

    /// Pure: the statements for a decision.
    pub(crate) async fn prepare(&mut self, decision: &WriteDecision) -> Result<PreparedWrite, EngineError> {
        let guest = self.world.rapidbyte_connector_destination();
        let limit = self.cell.guest().limits.answer;
        let decision = convert_out::wit_write_decision(decision);
        let said = guarded!(self, "prepare", limit, |store| guest.call_prepare(store, &decision))?;
        let prepared = self.cell.answer(said)?;
        self.cell.checked(convert_out::prepared_write(prepared))
    }

    /// The target of a stream with this schema; inside the run once it began.
    pub(crate) async fn inspect(
        &mut self,
        sync: &str,
        target: &ObjectName,
        schema: &[u8],
    ) -> Result<TargetState, EngineError> {
        let session = self.session()?;
        let guest = self.world.rapidbyte_connector_destination().session();
        let limit = self.cell.guest().limits.answer;
        let name = convert::wit_object_name(target);
        let said =
            guarded!(self, "session.inspect", limit, |store| guest.call_inspect(store, session, sync, &name, schema))?;
        let seen = self.cell.answer(said)?;
        self.cell.checked(convert_out::target_state(target, seen))
    }

    /// The table for refused rows of this name; inside the run once it began.
    pub(crate) async fn quarantine(&mut self, table: &ObjectName) -> Result<QuarantineState, EngineError> {
        let session = self.session()?;
        let guest = self.world.rapidbyte_connector_destination().session();
        let limit = self.cell.guest().limits.answer;
        let name = convert::wit_object_name(table);
        let said = guarded!(self, "session.quarantine", limit, |store| guest.call_quarantine(store, session, &name))?;
        let seen = self.cell.answer(said)?;
        self.cell.checked(convert_out::quarantine_state(table, seen))
    }

    /// Statements that are needed before a run can be recorded.
    pub(crate) async fn bookkeeping(&mut self) -> Result<Vec<Statement>, EngineError> {
        let session = self.session()?;
        let guest = self.world.rapidbyte_connector_destination().session();
        let limit = self.cell.guest().limits.answer;
        let said = guarded!(self, "session.bookkeeping", limit, |store| guest.call_bookkeeping(store, session))?;
        let statements = self.cell.answer(said)?;
        self.cell.checked(convert_out::statements(statements))
    }

    /// The newest committed run of a sync.
    pub(crate) async fn last_run(&mut self, sync: &str) -> Result<Option<PastRun>, EngineError> {
        let session = self.session()?;
        let guest = self.world.rapidbyte_connector_destination().session();
        let limit = self.cell.guest().limits.answer;
        let said = guarded!(self, "session.last-run", limit, |store| guest.call_last_run(store, session, sync))?;
        let run = self.cell.answer(said)?;
        self.cell.checked(convert::option(run, convert_out::past_run))
    }

    /// Up to where a stream of a sync is in its target. From one without a value, since no row had one, nothing can go on.
    pub(crate) async fn checkpoint(
        &mut self,
        sync: &str,
        stream: &str,
        target: &ObjectName,
    ) -> Result<Option<Checkpoint>, EngineError> {
        let session = self.session()?;
        let guest = self.world.rapidbyte_connector_destination().session();
        let limit = self.cell.guest().limits.answer;
        let target = convert::wit_object_name(target);
        let said = guarded!(self, "session.checkpoint", limit, |store| {
            guest.call_checkpoint(store, session, sync, stream, &target)
        })?;
        let known = self.cell.answer(said)?;
        let known = self.cell.checked(convert::option(known, convert_incremental::checkpoint))?;
        Ok(known.filter(|known| known.position.value.is_some()))
    }

    /// Has the server parse what a writer would send.
    pub(crate) async fn parse(
        &mut self,
        decision: &WriteDecision,
        prepared: &PreparedWrite,
    ) -> Result<(), EngineError> {
        let session = self.session()?;
        let guest = self.world.rapidbyte_connector_destination().session();
        let limit = self.cell.guest().limits.answer;
        let decision = convert_out::wit_write_decision(decision);
        let prepared = convert_out::wit_prepared_write(prepared);
        let said =
            guarded!(self, "session.parse", limit, |store| guest.call_parse(store, session, &decision, &prepared))?;
        self.cell.answer(said)
    }

    /// Begins the run's transaction.
    pub(crate) async fn begin(&mut self, start: &RunStart<'_>) -> Result<(), EngineError> {
        let session = self.session()?;
        let guest = self.world.rapidbyte_connector_destination().session();
        let start = wit::RunInfo {
            run: start.run.to_owned(),
            sync: start.sync.to_owned(),
            plan: start.plan.to_owned(),
            bookkeeping: convert_out::wit_statements(start.bookkeeping),
            holds: convert_out::wit_statements(&start.holds),
            lock_timeout_ms: start.lock_timeout_ms,
        };
        let said = guarded!(self, "session.begin", ROWS, |store| guest.call_begin(store, session, &start))?;
        self.cell.answer(said)
    }

    /// Makes the tables of streams in parts, or finds them by the name of the load; which parts are in them.
    pub(crate) async fn load(
        &mut self,
        name: &str,
        streams: &[(&WriteDecision, &PreparedWrite, &[u8])],
    ) -> Result<Vec<Vec<LoadedPart>>, EngineError> {
        let session = self.session()?;
        let guest = self.world.rapidbyte_connector_destination().session();
        let requests: Vec<_> =
            streams.iter().map(|(decision, prepared, schema)| request(decision, prepared, schema)).collect();
        let said = guarded!(self, "session.load", ROWS, |store| guest.call_load(store, session, name, &requests))?;
        let loaded = self.cell.answer(said)?;
        if loaded.len() != streams.len() {
            return Err(self.cell.guest().broke(format!(
                "it told of {} streams, and {} are loaded",
                loaded.len(),
                streams.len()
            )));
        }
        let part = |part: wit::LoadedPart| LoadedPart { part: part.part, rows: part.rows };
        Ok(loaded.into_iter().map(|parts| parts.into_iter().map(part).collect()).collect())
    }

    /// Loads parts beside the session that has begun this load.
    pub(crate) async fn join_load(&mut self, name: &str) -> Result<(), EngineError> {
        let session = self.session()?;
        let guest = self.world.rapidbyte_connector_destination().session();
        let said = guarded!(self, "session.join-load", ROWS, |store| guest.call_join_load(store, session, name))?;
        self.cell.answer(said)
    }

    /// Begins the transaction of one part; its rows go to [`Self::write`], and [`Self::finish`] commits them.
    pub(crate) async fn open_part(
        &mut self,
        decision: &WriteDecision,
        prepared: &PreparedWrite,
        schema: &[u8],
        part: u32,
    ) -> Result<(), EngineError> {
        let session = self.session()?;
        let guest = self.world.rapidbyte_connector_destination().session();
        let request = request(decision, prepared, schema);
        let said =
            guarded!(self, "session.open-part", ROWS, |store| guest.call_open_part(store, session, &request, part))?;
        self.writer = Some(self.cell.answer(said)?);
        Ok(())
    }

    /// Sets the target of a stream up; its rows go to [`Self::write`].
    pub(crate) async fn open_writer(
        &mut self,
        decision: &WriteDecision,
        prepared: &PreparedWrite,
        schema: &[u8],
    ) -> Result<(), EngineError> {
        let session = self.session()?;
        let guest = self.world.rapidbyte_connector_destination().session();
        let request = request(decision, prepared, schema);
        let said =
            guarded!(self, "session.open-writer", ROWS, |store| guest.call_open_writer(store, session, &request))?;
        self.writer = Some(self.cell.answer(said)?);
        Ok(())
    }

    /// Hands a batch over, and gives its buffer back for the next one.
    pub(crate) async fn write(&mut self, frame: Frame) -> Result<Vec<u8>, EngineError> {
        let writer = self.writer.ok_or_else(|| Cell::out_of_order("writer.write"))?;
        let guest = self.world.rapidbyte_connector_destination().writer();
        let batch = types::Batch { rows: frame.rows, frame: frame.bytes };
        let said = guarded!(self, "writer.write", ROWS, |store| guest.call_write(store, writer, &batch))?;
        self.cell.answer(said)?;
        Ok(batch.frame)
    }

    /// The end of a stream: the last flush, the publish statements, the counts.
    pub(crate) async fn finish(&mut self) -> Result<Counted, EngineError> {
        let writer = self.writer.take().ok_or_else(|| Cell::out_of_order("writer.finish"))?;
        let guest = self.world.rapidbyte_connector_destination().writer();
        let said = guarded!(self, "writer.finish", ROWS, |store| guest.call_finish(store, writer))?;
        let written = self.cell.answer(said)?;
        let limit = self.cell.guest().limits.answer;
        let times = self.cell.times;
        guarded!(self, "writer.drop", limit, |store| writer.resource_drop_async(store))?;
        self.cell.times = times;
        let checksum = convert::option(written.checksum, compared::checksum);
        Ok(Counted {
            checksum: self.cell.checked(checksum)?,
            rows_received: written.rows_received,
            rows_loaded: written.rows_loaded,
            rows_written: written.rows_written,
            bytes_written: written.bytes_written,
            rows_rejected: written.rows_rejected,
        })
    }

    /// Records checkpoints and the receipt, and commits. Its answer is bounded: one that does not come is asked for by [`Self::outcome`].
    pub(crate) async fn commit(&mut self, checkpoints: &[NewCheckpoint], receipt: &str) -> Result<(), EngineError> {
        let session = self.session()?;
        let guest = self.world.rapidbyte_connector_destination().session();
        let limit = self.cell.guest().limits.answer;
        let checkpoints: Vec<_> = checkpoints.iter().map(wit_checkpoint).collect();
        let said = guarded!(self, "session.commit", limit, |store| {
            guest.call_commit(store, session, &checkpoints, receipt)
        })?;
        self.cell.answer(said)
    }

    /// Rolls back.
    pub(crate) async fn abort(&mut self) -> Result<(), EngineError> {
        let session = self.session()?;
        if let Some(writer) = self.writer.take() {
            let limit = self.cell.guest().limits.answer;
            guarded!(self, "writer.drop", limit, |store| writer.resource_drop_async(store))?;
        }
        let guest = self.world.rapidbyte_connector_destination().session();
        let limit = self.cell.guest().limits.answer;
        let said = guarded!(self, "session.abort", limit, |store| guest.call_abort(store, session))?;
        self.cell.answer(said)
    }

    /// Drops what loads of this sync have left.
    pub(crate) async fn discard(&mut self, sync: &str) -> Result<(), EngineError> {
        let session = self.session()?;
        let guest = self.world.rapidbyte_connector_destination().session();
        let limit = self.cell.guest().limits.answer;
        let said = guarded!(self, "session.discard", limit, |store| guest.call_discard(store, session, sync))?;
        self.cell.answer(said)
    }

    /// Did this run commit?
    pub(crate) async fn outcome(&mut self, run: &str) -> Result<bool, EngineError> {
        let session = self.session()?;
        let guest = self.world.rapidbyte_connector_destination().session();
        let limit = self.cell.guest().limits.answer;
        let said = guarded!(self, "session.outcome", limit, |store| guest.call_outcome(store, session, run))?;
        Ok(matches!(self.cell.answer(said)?, wit::RunOutcome::Committed))
    }
}
