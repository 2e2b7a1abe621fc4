//! What both kinds of guests have in common, so that opening one is written once.

use super::{
    Linked,
    call::{CallTimes, Cell},
    convert::{Broken, Checked, Server},
    guest::{Guest, Settings, Surroundings},
};
use crate::{EngineError, Finding, Side, connectors::ConnectorDescription, grants::Grant, redact::Redactor};
use std::time::Duration;
use wasmtime::Engine;

/// A call that waits for rows, or for the locks before them: the sync file's own time limit and the wish to stop are what
/// ends it.
pub(super) const ROWS: Duration = Duration::MAX;

/// A guest of one of the contract's worlds.
pub(crate) trait World: Sized + Send {
    const SIDE: Side;

    /// Instantiates the component; nothing of it has run before.
    fn start(
        linked: &Linked,
        engine: &Engine,
        around: &Surroundings,
    ) -> impl Future<Output = Result<Self, EngineError>> + Send;

    /// Pure.
    fn describe(&mut self, sha256: &str) -> impl Future<Output = Result<ConnectorDescription, EngineError>> + Send;

    /// Pure: what it asks for, not what it gets.
    fn endpoints(&mut self, settings: &Settings) -> impl Future<Output = Result<Vec<Grant>, EngineError>> + Send;

    /// Opens the session, once.
    fn open(&mut self, settings: &Settings) -> impl Future<Output = Result<(), EngineError>> + Send;

    fn server(&mut self) -> impl Future<Output = Result<Server, EngineError>> + Send;

    fn check(&mut self) -> impl Future<Output = Result<Vec<Finding>, EngineError>> + Send;

    /// The orderly end.
    fn close(self) -> impl Future<Output = Result<(), EngineError>> + Send;

    #[allow(private_interfaces)] // for the provided methods alone
    fn cell(&self) -> &Cell;

    #[allow(private_interfaces)]
    fn cell_mut(&mut self) -> &mut Cell;

    /// What it may reach from now on, and what of its settings must not be repeated.
    fn equip(&mut self, grants: Vec<Grant>, redactor: Redactor) {
        self.cell_mut().store.data_mut().equip(grants, redactor);
    }

    /// Of the last call.
    fn times(&self) -> CallTimes {
        self.cell().times
    }

    /// Its own time in all calls.
    fn computed(&self) -> Duration {
        self.cell().computed
    }
}

impl Cell {
    pub(super) fn guest(&self) -> &Guest {
        self.store.data()
    }

    /// The value of an answer, or the guest's error.
    pub(super) fn answer<T>(&self, answer: Result<T, super::bindings::types::Error>) -> Result<T, EngineError> {
        answer.map_err(|error| self.guest().connector_error(&error))
    }

    /// The value of what was checked, or the blame.
    pub(super) fn checked<T>(&self, checked: Checked<T>) -> Result<T, EngineError> {
        checked.map_err(|Broken(what)| self.guest().broke(what))
    }

    /// A call out of the contract's order: the engine's own defect.
    pub(super) fn out_of_order(call: &str) -> EngineError {
        EngineError::Defect(format!("{call} was called out of order"))
    }
}
