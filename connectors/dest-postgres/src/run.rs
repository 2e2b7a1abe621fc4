//! A run on the session: its beginning, its commit or its rollback, and what became of one.

use crate::{
    begin,
    bindings::exports::rapidbyte::connector::destination as contract,
    checkpoint,
    decision::{namespace, statement_in},
    parts,
    session::{Inner, Stage},
};
use rapidbyte_postgres::{prepare, session};
use rapidbyte_postgres_guest::{database_error, internal, prepare_error};
use rapidbyte_sdk::types::Error;

/// How long one question for a run's outcome waits for its COMMIT to end; it is asked again.
const OUTCOME_TIMEOUT: &str = "20s";

impl Inner {
    pub(crate) fn begin(&mut self, run: contract::RunInfo) -> Result<(), Error> {
        if !matches!(self.stage, Stage::Idle | Stage::Loading { .. }) {
            return Err(internal("a session has one run"));
        }
        self.session.query(session::BEGIN_RUN)?;
        begin::hold_run(&mut self.session, &run.run)?;
        begin::lock(&mut self.session, &run.sync)?;
        if self.stage != Stage::Idle {
            parts::let_go(&mut self.session, &run.sync)?;
        }
        // What was found before the parts were loaded may be so no more.
        self.confirmed.clear();
        // Another run may have made the records, and recorded itself, until now.
        self.bookkeeping()?;
        let lock_timeout_ms = run.lock_timeout_ms;
        self.stage = Stage::Running { run: run.run, sync: run.sync, plan: run.plan, lock_timeout_ms };
        self.session.query(&session::lock_timeout(lock_timeout_ms))?;
        if !run.bookkeeping.is_empty() {
            // Two first runs at a time: IF NOT EXISTS does not see what another transaction is about to make.
            begin::hold_run(&mut self.session, begin::BOOKKEEPING)?;
        }
        for statement in run.bookkeeping {
            self.session.query(&statement_in(statement).sql)?;
        }
        self.unheld = begin::hold_all(&mut self.session, &run.holds)?;
        Ok(())
    }

    /// A table that was not held, and that nobody saw move since.
    pub(crate) fn held(&mut self) -> Result<(), Error> {
        self.unheld.take().map_or(Ok(()), Err)
    }

    pub(crate) fn commit(&mut self, checkpoints: &[contract::Checkpoint], receipt: &str) -> Result<(), Error> {
        let Stage::Running { run, sync, plan, lock_timeout_ms } = self.stage.clone() else {
            return Err(internal("there is no run to commit"));
        };
        for checkpoint in checkpoints {
            checkpoint::record(&mut self.session, &sync, &run, checkpoint)?;
        }
        for (target, whole) in std::mem::take(&mut self.written) {
            let is_it = |(namespace, name): &(String, String)| (namespace, name) == (&target.namespace, &target.name);
            let is_ours = whole || self.confirmed.iter().any(is_it);
            let record = if is_ours { prepare::upsert_target } else { prepare::update_target };
            let sql = record(namespace(&target), &target.name, &sync, &run);
            self.session.query(&sql.map_err(|error| prepare_error(&error))?)?;
        }
        self.session.query(prepare::FORGET_TARGETS)?;
        let sql = prepare::insert_receipt(&run, &sync, &plan, receipt).map_err(|error| prepare_error(&error))?;
        self.session.query(&sql)?;
        parts::clear(&mut self.session, &sync, lock_timeout_ms)?;
        begin::commit(&mut self.session)?;
        self.stage = Stage::Ended;
        Ok(())
    }

    pub(crate) fn abort(&mut self) -> Result<(), Error> {
        if !matches!(self.stage, Stage::Running { .. } | Stage::Loading { .. }) {
            return Ok(());
        }
        if std::mem::take(&mut self.copying) {
            self.session.client().copy_fail().map_err(database_error)?;
        }
        self.session.query("ROLLBACK")?;
        self.stage = Stage::Ended;
        Ok(())
    }

    /// Waits until the run's transaction has ended: a server whose client is gone goes on with a COMMIT that it has, and
    /// a run that is said not to be there is done again.
    pub(crate) fn outcome(&mut self, run: &str) -> Result<contract::RunOutcome, Error> {
        self.session.query(&session::script(&[("lock_timeout", OUTCOME_TIMEOUT)]))?;
        begin::hold_run(&mut self.session, run)?;
        if !prepare::has_runs(&self.session.query(&prepare::bookkeeping_query())?.rows) {
            return Ok(contract::RunOutcome::Unknown);
        }
        let sql = prepare::outcome_query(run).map_err(|error| prepare_error(&error))?;
        Ok(match self.session.text(&sql)?.as_str() {
            "t" => contract::RunOutcome::Committed,
            _ => contract::RunOutcome::Unknown,
        })
    }
}
