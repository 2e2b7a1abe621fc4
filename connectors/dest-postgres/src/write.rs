//! One stream being written: the plan's statements in their order, rows in the middle.

use crate::{
    bindings::exports::rapidbyte::connector::destination::{self as contract, GuestWriter},
    decision,
    load::{CopyLoad, InsertLoad, Load},
    session::Shared,
};
use rapidbyte_postgres::{
    prepare,
    types::{PgType, catalog},
};
use rapidbyte_postgres_guest::{Session, compared, database_error, internal, prepare_error};
use rapidbyte_sdk::{
    FrameReader, host,
    types::{Batch, Category, Error},
};
use std::cell::RefCell;

/// Writes one stream. It borrows the session until it is finished or dropped.
pub(crate) struct StreamWriter {
    session: Shared,
    state: RefCell<Option<State>>,
}

struct State {
    frames: FrameReader,
    load: Load,
    /// The statements behind the rows.
    publish: Vec<contract::Statement>,
    rows_received: u64,
}

impl StreamWriter {
    pub(crate) fn open(shared: Shared, request: contract::WriteRequest) -> Result<Self, Error> {
        let contract::WriteRequest { decision, prepared, schema } = request;
        let mut inner = shared.lock()?;
        let is = |phase| move |statement: &&contract::Statement| statement.phase == phase;
        for statement in prepared.statements.iter().filter(is(contract::Phase::Setup)) {
            inner.session.query(&statement.sql)?;
        }
        let load = prepared.statements.iter().find(is(contract::Phase::Load));
        let load = load.ok_or_else(|| internal("the plan holds no statement that loads rows"))?;
        let frames = FrameReader::new(&schema).map_err(internal)?;
        let whole = decision.create_table || decision.disposition == contract::Disposition::Replace;
        inner.written.push((decision.target.clone(), whole));
        let (strategy, limits) = (decision.strategy, (decision.insert_rows, decision.insert_bytes));
        let targets = loaded_types(&mut inner.session, decision)?;
        let load = if strategy == contract::Strategy::Copy {
            let load = CopyLoad::begin(&mut inner.session, &load.sql, frames.schema(), &targets)?;
            inner.copying = true;
            Load::Copy(load)
        } else {
            let merges = prepared.statements.iter().any(|statement| {
                statement.phase == contract::Phase::Publish && statement.effect == contract::Effect::Write
            });
            let tail = prepared.conflict_clause.as_deref().filter(|_| !merges);
            Load::Insert(InsertLoad::new(frames.schema(), &targets, (&load.sql, tail), limits)?)
        };
        drop(inner);
        let is_behind = |statement: &contract::Statement| {
            matches!(statement.phase, contract::Phase::Publish | contract::Phase::Verify)
        };
        let publish = prepared.statements.into_iter().filter(is_behind).collect();
        Ok(Self { session: shared, state: RefCell::new(Some(State { frames, load, publish, rows_received: 0 })) })
    }
}

/// The types that the written columns have by now, as the server describes them: domains as their base types.
fn loaded_types(session: &mut Session, decision: contract::WriteDecision) -> Result<Vec<PgType>, Error> {
    let sql = prepare::loaded_query(&decision::write(decision)).map_err(|error| prepare_error(&error))?;
    let described = session.client().describe(&sql).map_err(database_error)?;
    let oids: Vec<u32> = described.iter().map(|column| column.type_oid).collect();
    let rows = session.query(&catalog::types_query(&oids))?.rows;
    let types = catalog::Types::parse(&rows).map_err(internal)?;
    described.iter().map(|column| types.tree(column.type_oid, column.type_modifier, None).map_err(internal)).collect()
}

impl GuestWriter for StreamWriter {
    fn write(&self, batch: Batch) -> Result<(), Error> {
        if host::cancelled() {
            return Err(Error::new(Category::Cancelled, "the run was cancelled"));
        }
        let mut state = self.state.borrow_mut();
        let state = state.as_mut().ok_or_else(|| internal("the writer is finished"))?;
        let rows = u64::from(batch.rows);
        let batch = state.frames.batch(batch.frame).map_err(internal)?;
        if batch.num_rows() as u64 != rows {
            return Err(internal("a batch does not hold the rows that it says"));
        }
        let session = &mut self.session.lock()?.session;
        match &mut state.load {
            Load::Copy(load) => load.write(session, &batch)?,
            Load::Insert(load) => load.write(session, &batch)?,
        }
        state.rows_received += rows;
        Ok(())
    }

    fn finish(&self) -> Result<contract::Written, Error> {
        let state = self.state.borrow_mut().take().ok_or_else(|| internal("the writer is finished"))?;
        let inner = &mut *self.session.lock()?;
        let (rows_loaded, bytes_written) = match state.load {
            Load::Copy(load) => {
                inner.copying = false;
                load.finish(&mut inner.session)?
            }
            Load::Insert(load) => load.finish(),
        };
        let (mut rows_written, mut checksum) = (rows_loaded, None);
        for statement in state.publish {
            if statement.phase == contract::Phase::Verify {
                checksum = Some(compared::checksum(&mut inner.session, &statement.sql)?);
            } else if statement.effect == contract::Effect::Write {
                // What counts is what reached the target: rows from staging, where there is one.
                rows_written = inner.session.client().execute(&statement.sql).map_err(database_error)?;
            } else {
                inner.session.query(&statement.sql)?;
            }
        }
        let rows_received = state.rows_received;
        Ok(contract::Written { rows_received, rows_loaded, rows_written, bytes_written, checksum })
    }
}
