//! A source guest: its calls in the words of `plans`.

use super::{
    Linked,
    bindings::source::{SourceConnector, exports::rapidbyte::connector::source as wit},
    call::{Cell, guarded},
    convert::{self, Server},
    convert_incremental::{self, Checkpoint, Position, wit_known_position, wit_position, wit_window},
    guest::{Guest, Settings, Surroundings},
    ranges::Interval,
    world::{ROWS, World},
};
use crate::{
    EngineError, Finding, Side,
    connectors::ConnectorDescription,
    frame,
    grants::Grant,
    limits::{SCHEMA_BYTES_MAX, frame_bytes_max},
};
use rapidbyte_plans::{
    catalog::Catalog,
    decision::{PreparedRead, ReadDecision, Relation, Selection, Window},
    observation::SourceStream,
};
use wasmtime::{Engine, component::ResourceAny};

/// A source.
pub(crate) struct SourceGuest {
    pub(super) cell: Cell,
    pub(super) world: SourceConnector,
    session: Option<ResourceAny>,
    reader: Option<Reader>,
}

struct Reader {
    resource: ResourceAny,
    rows_max: u32,
    bytes_max: u64,
}

/// What a statement reads, beyond what it says itself.
pub(crate) enum Within<'a> {
    /// Nothing is left to be said.
    All,
    /// From where a window goes on.
    After(&'a Position),
    /// The range of a key that a part is.
    Interval(Interval),
}

/// Rows of one stream, as one Arrow IPC record-batch message.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) rows: u32,
    pub(crate) bytes: Vec<u8>,
}

/// A stream as `inspect` saw it.
#[derive(Debug, Clone)]
pub(crate) struct Inspected {
    pub(crate) stream: SourceStream,
    /// Its Arrow schema message.
    pub(crate) schema: Vec<u8>,
}

impl World for SourceGuest {
    const SIDE: Side = Side::Source;

    async fn start(linked: &Linked, engine: &Engine, around: &Surroundings) -> Result<Self, EngineError> {
        let Linked::Source(pre) = linked else { return Err(Cell::out_of_order("a destination as a source")) };
        let mut cell = Guest::cell(engine, Side::Source, around);
        let limit = around.limits.answer;
        let world = tokio::time::timeout(limit, pre.instantiate_async(&mut cell.store)).await;
        let world = cell.leave(limit, world)?;
        Ok(Self { cell, world, session: None, reader: None })
    }

    async fn describe(&mut self, sha256: &str) -> Result<ConnectorDescription, EngineError> {
        let guest = self.world.rapidbyte_connector_source();
        let limit = self.cell.guest().limits.answer;
        let said = guarded!(self, "describe", limit, |store| guest.call_describe(store))?;
        self.cell.checked(convert::description(said, Side::Source, sha256))
    }

    async fn endpoints(&mut self, settings: &Settings) -> Result<Vec<Grant>, EngineError> {
        let guest = self.world.rapidbyte_connector_source();
        let limit = self.cell.guest().limits.answer;
        let said = guarded!(self, "endpoints", limit, |store| guest.call_endpoints(store, &settings.0))?;
        let asked = self.cell.answer(said)?;
        self.cell.checked(convert::endpoints(asked))
    }

    async fn open(&mut self, settings: &Settings) -> Result<(), EngineError> {
        let guest = self.world.rapidbyte_connector_source().session();
        let limit = self.cell.guest().limits.open;
        let said = guarded!(self, "session.open", limit, |store| guest.call_open(store, &settings.0))?;
        self.session = Some(self.cell.answer(said)?);
        Ok(())
    }

    async fn server(&mut self) -> Result<Server, EngineError> {
        let session = self.session()?;
        let guest = self.world.rapidbyte_connector_source().session();
        let limit = self.cell.guest().limits.answer;
        let said = guarded!(self, "session.server", limit, |store| guest.call_server(store, session))?;
        let server = self.cell.answer(said)?;
        Ok(convert::server(&self.cell.guest().redactor, &server))
    }

    async fn check(&mut self) -> Result<Vec<Finding>, EngineError> {
        let session = self.session()?;
        let guest = self.world.rapidbyte_connector_source().session();
        let limit = self.cell.guest().limits.answer;
        let said = guarded!(self, "session.check", limit, |store| guest.call_check(store, session))?;
        let findings = self.cell.answer(said)?;
        self.cell.checked(convert::findings(&self.cell.guest().redactor, findings))
    }

    async fn close(mut self) -> Result<(), EngineError> {
        self.drop_reader().await?;
        let session = self.session()?;
        let guest = self.world.rapidbyte_connector_source().session();
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

impl SourceGuest {
    pub(super) fn session(&self) -> Result<ResourceAny, EngineError> {
        self.session.ok_or_else(|| Cell::out_of_order("a call of a session"))
    }

    /// Pure: the statements for a decision, one per partition.
    pub(crate) async fn prepare(&mut self, decision: &ReadDecision) -> Result<PreparedRead, EngineError> {
        let guest = self.world.rapidbyte_connector_source();
        let limit = self.cell.guest().limits.answer;
        let decision = convert::wit_read_decision(decision);
        let said = guarded!(self, "prepare", limit, |store| guest.call_prepare(store, &decision))?;
        let prepared = self.cell.answer(said)?;
        self.cell.checked(convert::prepared_read(prepared))
    }

    /// All streams that can be read.
    pub(crate) async fn discover(&mut self) -> Result<Catalog, EngineError> {
        let session = self.session()?;
        let guest = self.world.rapidbyte_connector_source().session();
        let limit = self.cell.guest().limits.answer;
        let said = guarded!(self, "session.discover", limit, |store| guest.call_discover(store, session))?;
        let streams = self.cell.answer(said)?;
        self.cell.checked(convert::catalog(streams))
    }

    /// One stream; inside the snapshot once there is one.
    /// `after`: where the stream stands in the destination, for the estimates.
    pub(crate) async fn inspect(
        &mut self,
        selection: &Selection,
        after: Option<&Checkpoint>,
    ) -> Result<Inspected, EngineError> {
        let session = self.session()?;
        let guest = self.world.rapidbyte_connector_source().session();
        let limit = self.cell.guest().limits.answer;
        let selection = convert::wit_selection(selection);
        let after = after.map(wit_known_position);
        let said = guarded!(self, "session.inspect", limit, |store| {
            guest.call_inspect(store, session, &selection, after.as_ref())
        })?;
        let seen = self.cell.answer(said)?;
        let schema = seen.schema.clone();
        if schema.len() > SCHEMA_BYTES_MAX {
            return Err(self.cell.guest().broke(format!("a schema message has {} bytes", schema.len())));
        }
        let columns = frame::columns(&schema).map_err(|error| self.cell.guest().broke(error.to_string()))?;
        let stream = self.cell.checked(convert::source_stream(seen, columns))?;
        Ok(Inspected { stream, schema })
    }

    /// One snapshot for all that is read afterwards. The token is for other sessions.
    pub(crate) async fn open_snapshot(&mut self, relations: &[&Relation]) -> Result<String, EngineError> {
        let session = self.session()?;
        let guest = self.world.rapidbyte_connector_source().session();
        let relations = wit_relations(relations);
        let said = guarded!(self, "session.open-snapshot", ROWS, |store| {
            guest.call_open_snapshot(store, session, &relations)
        })?;
        let token = self.cell.answer(said)?;
        self.cell.checked(convert::text(token))
    }

    /// The snapshot of another session, whose token this is.
    pub(crate) async fn join_snapshot(&mut self, token: &str, relations: &[&Relation]) -> Result<(), EngineError> {
        let session = self.session()?;
        let guest = self.world.rapidbyte_connector_source().session();
        let (token, relations) = (token.to_owned(), wit_relations(relations));
        let said = guarded!(self, "session.join-snapshot", ROWS, |store| {
            guest.call_join_snapshot(store, session, &token, &relations)
        })?;
        self.cell.answer(said)
    }

    /// Where a stream stands in the snapshot; without a value: no further than `after`.
    pub(crate) async fn position(
        &mut self,
        window: &Window,
        statement: &str,
        after: Option<&Position>,
    ) -> Result<Position, EngineError> {
        self.drop_reader().await?;
        let session = self.session()?;
        let guest = self.world.rapidbyte_connector_source().session();
        let request = wit::PositionRequest {
            statement: statement.to_owned(),
            window: wit_window(window),
            after: after.map(wit_position),
        };
        let said = guarded!(self, "session.position", ROWS, |store| guest.call_position(store, session, &request))?;
        let position = self.cell.answer(said)?;
        self.cell.checked(convert_incremental::position(position))
    }

    /// Sends the statement; its rows come by [`Self::next`].
    pub(crate) async fn read(
        &mut self,
        decision: &ReadDecision,
        statement: &str,
        within: &Within<'_>,
        schema: &[u8],
    ) -> Result<(), EngineError> {
        self.drop_reader().await?;
        let session = self.session()?;
        let guest = self.world.rapidbyte_connector_source().session();
        let request = convert::wit_read_request(decision, statement, within, schema);
        let said = guarded!(self, "session.read", ROWS, |store| guest.call_read(store, session, &request))?;
        let resource = self.cell.answer(said)?;
        let bytes_max = frame_bytes_max(decision.batch_bytes, decision.row_bytes);
        self.reader = Some(Reader { resource, rows_max: decision.batch_rows, bytes_max });
        Ok(())
    }

    /// The next batch, checked; none at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Frame>, EngineError> {
        let Some(Reader { resource, rows_max, bytes_max }) = self.reader else {
            return Err(Cell::out_of_order("reader.next"));
        };
        let guest = self.world.rapidbyte_connector_source().reader();
        let said = guarded!(self, "reader.next", ROWS, |store| guest.call_next(store, resource))?;
        let Some(batch) = self.cell.answer(said)? else { return Ok(None) };
        let broke = |what: String| Err(self.cell.guest().broke(what));
        if batch.rows == 0 || batch.rows > rows_max.saturating_add(1) {
            return broke(format!("a batch has {} rows, where 1 to {rows_max} were asked for", batch.rows));
        }
        if batch.frame.len() as u64 > bytes_max {
            return broke(format!("a batch has {} bytes, where at most {bytes_max} fit", batch.frame.len()));
        }
        match frame::check_batch(&batch.frame, batch.rows) {
            Ok(()) => Ok(Some(Frame { rows: batch.rows, bytes: batch.frame })),
            Err(error) => broke(error.to_string()),
        }
    }

    /// Ends a reader that was left in the middle, and sees that the session is still there.
    pub(crate) async fn settle(&mut self) -> Result<(), EngineError> {
        self.drop_reader().await?;
        let session = self.session()?;
        let guest = self.world.rapidbyte_connector_source().session();
        let said = guarded!(self, "session.server", ROWS, |store| guest.call_server(store, session))?;
        self.cell.answer(said).map(drop)
    }

    /// A reader is dropped before the next one is made.
    pub(super) async fn drop_reader(&mut self) -> Result<(), EngineError> {
        let Some(Reader { resource, .. }) = self.reader.take() else { return Ok(()) };
        let limit = self.cell.guest().limits.answer;
        guarded!(self, "reader.drop", limit, |store| resource.resource_drop_async(store))
    }
}

fn wit_relations(relations: &[&Relation]) -> Vec<wit::Relation> {
    relations.iter().map(|relation| convert::wit_relation(relation)).collect()
}
