//! One call of a guest: begun, watched, ended, and its failure named. Whatever ends a guest from the host's side is a
//! [`Stop`] inside wasmtime's error.

use super::guest::Guest;
use crate::{EngineError, fault};
use std::time::{Duration, Instant};
use tokio::time::error::Elapsed;
use wasmtime::{Store, Trap, UpdateDeadline};

/// Why the host ended a guest.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stop {
    #[error("it computed too long")]
    Compute { what: &'static str, limit: Duration },
    #[error("it needs more than {bytes_max} bytes")]
    Memory { bytes_max: usize },
    #[error("it was not granted {0}")]
    NotGranted(String),
    #[error("{0}")]
    Contract(String),
}

/// wasmtime's words for a call that hands over more than [`Store::set_hostcall_fuel`] allows; it exports no type for it.
const FUEL: &str = "fuel allocated for hostcalls";

/// Where the time of one call went.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct CallTimes {
    /// All of it.
    pub(crate) wall: Duration,
    /// In host functions that wait: connecting, reading, writing.
    pub(crate) waited: Duration,
}

impl CallTimes {
    /// The guest's own time.
    pub(crate) fn computed(self) -> Duration {
        self.wall.saturating_sub(self.waited)
    }
}

/// The clocks of the call at work.
pub(super) struct Watch {
    call: &'static str,
    began: Instant,
    /// When the guest last came back from reading or writing.
    resumed: Instant,
    waited: Duration,
}

impl Watch {
    pub(super) fn start(call: &'static str) -> Self {
        let now = Instant::now();
        Self { call, began: now, resumed: now, waited: Duration::ZERO }
    }

    /// The call at work.
    pub(super) fn call(&self) -> &'static str {
        self.call
    }

    /// A host function that waits has ended.
    pub(super) fn waited_since(&mut self, since: Instant) {
        self.resumed = Instant::now();
        self.waited += self.resumed - since;
    }

    fn times(&self) -> CallTimes {
        CallTimes { wall: self.began.elapsed(), waited: self.waited }
    }
}

/// Asked at each tick while a guest computes: it goes on after the other tasks, or it is stopped.
pub(super) fn at_tick(guest: &Guest) -> wasmtime::Result<UpdateDeadline> {
    let limits = guest.limits;
    if guest.watch.resumed.elapsed() > limits.compute {
        return Err(Stop::Compute { what: "it computed without reading or writing", limit: limits.compute }.into());
    }
    if guest.watch.times().computed() > limits.call_compute {
        return Err(Stop::Compute { what: "it computed in one call", limit: limits.call_compute }.into());
    }
    Ok(UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now())))
}

/// A guest with its world's state, between calls.
pub(super) struct Cell {
    pub(super) store: Store<Guest>,
    /// Of the last call.
    pub(super) times: CallTimes,
    /// Computed in all calls.
    pub(super) computed: Duration,
}

impl Cell {
    pub(super) fn new(store: Store<Guest>) -> Self {
        Self { store, times: CallTimes::default(), computed: Duration::ZERO }
    }

    /// Before a call.
    pub(super) fn enter(&mut self, call: &'static str) {
        let guest = self.store.data_mut();
        guest.watch = Watch::start(call);
        fault::point(&[guest.side.name(), call, "before"]);
    }

    /// After a call: its value, or what ended it. A refusal that the guest passed over in silence is told all the same.
    pub(super) fn leave<T>(
        &mut self,
        limit: Duration,
        outcome: Result<wasmtime::Result<T>, Elapsed>,
    ) -> Result<T, EngineError> {
        let guest = self.store.data_mut();
        self.times = guest.watch.times();
        self.computed += self.times.computed();
        let (side, call) = (guest.side, guest.watch.call);
        fault::point(&[side.name(), call, "after"]);
        if let Some(what) = guest.refused.take() {
            return Err(EngineError::NotGranted { side, what });
        }
        match outcome {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(guest.failure(call, &error)),
            // A guest that computes is stopped long before: this one waits for its server.
            Err(_) => Err(EngineError::NoAnswer { side, call, limit_secs: limit.as_secs_f64() }),
        }
    }
}

impl Guest {
    /// Names the failure that ended a call.
    fn failure(&self, call: &'static str, error: &wasmtime::Error) -> EngineError {
        let side = self.side;
        match error.downcast_ref::<Stop>() {
            Some(Stop::Compute { what, limit }) => {
                EngineError::Deadline { side, call, what, limit_secs: limit.as_secs_f64() }
            }
            Some(Stop::Memory { bytes_max }) => EngineError::MemoryLimit { side, bytes_max: *bytes_max as u64 },
            Some(Stop::NotGranted(what)) => EngineError::NotGranted { side, what: what.clone() },
            Some(Stop::Contract(what)) => EngineError::Contract { side, what: what.clone() },
            None if error.root_cause().to_string().contains(FUEL) => {
                EngineError::Contract { side, what: format!("it handed over more in {call} than one call may") }
            }
            None => EngineError::Trap { side, call, reason: self.reason(error) },
        }
    }

    /// wasmtime's word for a trap, and what the guest said of it: a panic logs where it happened.
    fn reason(&self, error: &wasmtime::Error) -> String {
        let trap = error.downcast_ref::<Trap>().map_or_else(|| error.root_cause().to_string(), ToString::to_string);
        let trap = self.redactor.clean(&trap, crate::limits::TEXT_BYTES_MAX);
        match &self.last_words {
            Some(words) => format!("{words} ({trap})"),
            None => trap,
        }
    }
}

/// Calls a guest: `guarded!(self, "session.open", limit, |store| future)`. An expression of `Result<_, EngineError>`.
macro_rules! guarded {
    ($self:ident, $call:literal, $limit:expr, |$store:ident| $future:expr) => {{
        let limit: std::time::Duration = $limit;
        $self.cell.enter($call);
        let outcome = {
            let $store = &mut $self.cell.store;
            tokio::time::timeout(limit, $future).await
        };
        $self.cell.leave(limit, outcome)
    }};
}
pub(super) use guarded;
