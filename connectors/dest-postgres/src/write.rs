//! One stream being written: the plan's statements in their order, rows in the middle.

use crate::{
    aside::{AsideLoad, Keeping, Way},
    bindings::exports::rapidbyte::connector::destination::{self as contract, GuestWriter},
    decision,
    load::{CopyLoad, InsertLoad, Load},
    parts,
    session::{Inner, Shared},
};
use arrow_schema::Schema;
use rapidbyte_postgres::{decision::WriteDecision, prepare, types::PgType};
use rapidbyte_postgres_guest::{Session, compared, database_error, internal, prepare_error, types};
use rapidbyte_sdk::{
    FrameReader, host,
    types::{Batch, Category, Error},
};
use std::{cell::RefCell, rc::Rc};

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
    /// What of these changes the rows that are counted.
    counted: contract::Effect,
    rows_received: u64,
    /// What is written is one part of the stream, which is committed.
    part: Option<(u32, WriteDecision)>,
}

impl StreamWriter {
    /// Writes one part, in a transaction of its own.
    pub(crate) fn open_part(shared: Shared, request: contract::WriteRequest, part: u32) -> Result<Self, Error> {
        let contract::WriteRequest { decision, prepared, schema } = request;
        let mut inner = shared.lock()?;
        parts::begin(&mut inner)?;
        let frames = FrameReader::new(&schema).map_err(internal)?;
        let sql = load_statement(&prepared)?;
        let of = decision::write(decision.clone());
        let targets = part_types(&mut inner, decision)?;
        let load = Load::Copy(copy(&mut inner, CopyLoad::new(frames.schema(), &targets)?, &sql)?);
        drop(inner);
        let (publish, counted) = (Vec::new(), contract::Effect::Write);
        let state = State { frames, load, publish, counted, rows_received: 0, part: Some((part, of)) };
        Ok(Self { session: shared, state: RefCell::new(Some(state)) })
    }

    pub(crate) fn open(shared: Shared, request: contract::WriteRequest) -> Result<Self, Error> {
        let contract::WriteRequest { decision, prepared, schema } = request;
        let mut inner = shared.lock()?;
        let is = |phase| move |statement: &&contract::Statement| statement.phase == phase;
        inner.held()?;
        for statement in prepared.statements.iter().filter(is(contract::Phase::Setup)) {
            inner.session.query(&statement.sql)?;
        }
        let sql = load_statement(&prepared)?;
        let frames = FrameReader::new(&schema).map_err(internal)?;
        let swept = decision.disposition == contract::Disposition::Sweep && decision.marks.is_none();
        let counted = if swept { contract::Effect::Remove } else { contract::Effect::Write };
        let whole = swept || decision.create_table || decision.disposition == contract::Disposition::Replace;
        inner.written.push((decision.target.clone(), whole));
        let (load, rows_received) = if decision.parts {
            let loaded = parts::parts(&mut inner.session, &decision::write(decision))?;
            let sum = |of: fn(&contract::LoadedPart) -> u64| loaded.iter().map(of).sum();
            let rows = sum(|part| part.rows);
            (Load::Done(rows, sum(|part| part.bytes_written)), rows)
        } else {
            (load_of(&mut inner, decision, &prepared, sql, frames.schema())?, 0)
        };
        drop(inner);
        let is_behind = |statement: &contract::Statement| {
            matches!(statement.phase, contract::Phase::Publish | contract::Phase::Verify)
        };
        let publish = prepared.statements.into_iter().filter(is_behind).collect();
        let state = State { frames, load, publish, counted, rows_received, part: None };
        Ok(Self { session: shared, state: RefCell::new(Some(state)) })
    }
}

fn load_statement(prepared: &contract::PreparedWrite) -> Result<String, Error> {
    let load = prepared.statements.iter().find(|statement| statement.phase == contract::Phase::Load);
    load.map(|load| load.sql.clone()).ok_or_else(|| internal("the plan holds no statement that loads rows"))
}

/// How rows enter by this statement; a COPY into which all of them go is begun.
fn load_of(
    inner: &mut Inner,
    decision: contract::WriteDecision,
    prepared: &contract::PreparedWrite,
    sql: String,
    schema: &Schema,
) -> Result<Load, Error> {
    let row_errors = decision.row_errors.clone();
    let (strategy, arrays, limits) =
        (decision.strategy, decision.arrays, (decision.insert_rows, decision.insert_bytes));
    let targets = loaded_types(&mut inner.session, decision)?;
    let has = |phase| move |statement: &&contract::Statement| statement.phase == phase;
    let way = if strategy == contract::Strategy::Copy {
        Way::Copy(CopyLoad::new(schema, &targets)?, sql)
    } else {
        let mut publish = prepared.statements.iter().filter(has(contract::Phase::Publish));
        let merges = publish.any(|statement| statement.effect == contract::Effect::Write);
        let tail = prepared.conflict_clause.as_deref().filter(|_| !merges);
        Way::Insert(if arrays {
            InsertLoad::arrays(&mut inner.session, schema, &targets, (&sql, tail), limits)?
        } else {
            InsertLoad::literals(schema, &targets, (&sql, tail), limits)?
        })
    };
    match (row_errors, way) {
        (Some(errors), way) => {
            let rejects = prepared.statements.iter().find(has(contract::Phase::Reject));
            let rejects = rejects.map(|statement| statement.sql.clone());
            Ok(Load::Aside(aside(inner, way, (errors, rejects), schema, &targets)?))
        }
        (None, Way::Copy(load, sql)) => Ok(Load::Copy(copy(inner, load, &sql)?)),
        (None, Way::Insert(load)) => Ok(Load::Insert(load)),
    }
}

/// Begins the COPY that all rows go into.
fn copy(inner: &mut Inner, mut load: CopyLoad, sql: &str) -> Result<CopyLoad, Error> {
    load.start(&mut inner.session, sql)?;
    inner.copying = true;
    Ok(load)
}

/// Of a stream in parts; they stay while it is loaded, since the table is ours.
fn part_types(inner: &mut Inner, decision: contract::WriteDecision) -> Result<Rc<[PgType]>, Error> {
    let seed = decision.staging_seed.clone();
    match &inner.part_types {
        Some((known, types)) if *known == seed => Ok(types.clone()),
        _ => {
            let types: Rc<[PgType]> = loaded_types(&mut inner.session, decision)?.into();
            inner.part_types = Some((seed, types.clone()));
            Ok(types)
        }
    }
}

/// Refused rows are set aside; `rejects` is the head of their INSERT, where they are kept.
fn aside(
    inner: &mut Inner,
    way: Way,
    (errors, rejects): (contract::RowErrors, Option<String>),
    schema: &Schema,
    targets: &[PgType],
) -> Result<AsideLoad, Error> {
    let keeping = match (errors.quarantine, rejects) {
        (None, None) => None,
        (Some(quarantine), Some(head)) => {
            let run = inner.run()?.to_owned();
            Some(Keeping::new(&mut inner.session, (head, run, quarantine.stream), schema, targets)?)
        }
        _ => return Err(internal("the plan does not say how refused rows are kept")),
    };
    Ok(AsideLoad::new(way, errors.rows_max, keeping))
}

/// The types that the written columns have by now, as the server describes them: domains as their base types.
fn loaded_types(session: &mut Session, decision: contract::WriteDecision) -> Result<Vec<PgType>, Error> {
    let sql = prepare::loaded_query(&decision::write(decision)).map_err(|error| prepare_error(&error))?;
    let described = session.client().describe(&sql).map_err(database_error)?;
    let oids: Vec<u32> = described.iter().map(|column| column.type_oid).collect();
    let types = types(session, &oids)?;
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
        let inner = &mut *self.session.lock()?;
        match &mut state.load {
            Load::Copy(load) => load.write(&mut inner.session, &batch)?,
            Load::Insert(load) => load.write(&mut inner.session, &batch)?,
            Load::Aside(load) => load.write(inner, &batch)?,
            Load::Done(..) => return Err(internal("all parts of the stream are written")),
        }
        state.rows_received += rows;
        Ok(())
    }

    fn finish(&self) -> Result<contract::Written, Error> {
        let state = self.state.borrow_mut().take().ok_or_else(|| internal("the writer is finished"))?;
        let inner = &mut *self.session.lock()?;
        let (rows_loaded, bytes_written, rows_rejected) = match state.load {
            Load::Copy(mut load) => {
                inner.copying = false;
                let rows = load.end(&mut inner.session)?;
                (rows, load.bytes(), 0)
            }
            Load::Insert(load) => {
                let (rows, bytes) = load.counts();
                (rows, bytes, 0)
            }
            Load::Aside(load) => load.finish(),
            Load::Done(rows, bytes) => (rows, bytes, 0),
        };
        if let Some((part, decision)) = &state.part {
            parts::commit(inner, decision, *part, (rows_loaded, bytes_written))?;
        }
        let (mut rows_written, mut checksum) = (None, None);
        for statement in state.publish {
            if statement.phase == contract::Phase::Verify {
                checksum = Some(compared::checksum(&mut inner.session, &statement.sql)?);
            } else if statement.effect == state.counted {
                // What counts is what reached the target: rows from staging, where there is one.
                let rows = inner.session.client().execute(&statement.sql).map_err(database_error)?;
                rows_written = Some(rows_written.unwrap_or(0) + rows);
            } else {
                inner.session.query(&statement.sql)?;
            }
        }
        let (rows_received, rows_written) = (state.rows_received, rows_written.unwrap_or(rows_loaded));
        Ok(contract::Written { rows_received, rows_loaded, rows_written, bytes_written, checksum, rows_rejected })
    }
}
