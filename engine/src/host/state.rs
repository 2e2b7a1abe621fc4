//! What a destination has recorded of a sync, and the wish that it forgets a checkpoint.

use super::{
    bindings::destination::exports::rapidbyte::connector::destination as wit,
    call::guarded,
    convert::{self, Checked, list, option, text},
    convert_destination::past_run,
    destination::DestinationGuest,
    world::ROWS,
};
use crate::EngineError;
use rapidbyte_plans::{name::ObjectName, observation::PastRun};

/// A checkpoint as it stands in the records.
pub(crate) struct Recorded {
    pub(crate) stream: String,
    /// The table that it was recorded for, as it is called now; none: it is gone.
    pub(crate) target: Option<ObjectName>,
    pub(crate) cursor: String,
    pub(crate) native: String,
    pub(crate) value: Option<String>,
    pub(crate) version: String,
    pub(crate) run: String,
    /// When that ended, where there is a record of it.
    pub(crate) at: Option<String>,
}

/// What is recorded of a sync.
pub(crate) struct Records {
    pub(crate) checkpoints: Vec<Recorded>,
    /// Newest first.
    pub(crate) runs: Vec<PastRun>,
}

impl DestinationGuest {
    /// All checkpoints of a sync and its newest runs.
    pub(crate) async fn state(&mut self, sync: &str, runs_max: u32) -> Result<Records, EngineError> {
        let session = self.session()?;
        let guest = self.world.rapidbyte_connector_destination().session();
        let limit = self.cell.guest().limits.answer;
        let said = guarded!(self, "session.state", limit, |store| guest.call_state(store, session, sync, runs_max))?;
        let said = self.cell.answer(said)?;
        self.cell.checked(records(said, runs_max))
    }

    /// The receipt of a run; none: there is no record of it.
    pub(crate) async fn past_receipt(&mut self, run: &str) -> Result<Option<String>, EngineError> {
        let session = self.session()?;
        let guest = self.world.rapidbyte_connector_destination().session();
        let limit = self.cell.guest().limits.answer;
        let said = guarded!(self, "session.receipt", limit, |store| guest.call_receipt(store, session, run))?;
        let said = self.cell.answer(said)?;
        // As large as what the host itself hands to a commit.
        self.cell.checked(option(said, convert::sql))
    }

    /// Forgets the checkpoint of a stream; false: there is none. It waits for whoever holds the records.
    pub(crate) async fn forget(&mut self, sync: &str, stream: &str) -> Result<bool, EngineError> {
        let session = self.session()?;
        let guest = self.world.rapidbyte_connector_destination().session();
        let said = guarded!(self, "session.forget", ROWS, |store| guest.call_forget(store, session, sync, stream))?;
        self.cell.answer(said)
    }
}

fn records(said: wit::Records, runs_max: u32) -> Checked<Records> {
    if said.runs.len() > runs_max as usize {
        return Err(convert::Broken(format!("it told of {} runs, and was asked for {runs_max}", said.runs.len())));
    }
    Ok(Records { checkpoints: list(said.checkpoints, recorded)?, runs: list(said.runs, past_run)? })
}

fn recorded(said: wit::RecordedCheckpoint) -> Checked<Recorded> {
    Ok(Recorded {
        stream: text(said.stream)?,
        target: option(said.target, convert::object_name)?,
        cursor: text(said.cursor)?,
        native: text(said.native)?,
        value: option(said.value, text)?,
        version: text(said.version)?,
        run: text(said.run)?,
        at: option(said.recorded_at, text)?,
    })
}
