//! The host's side of one guest: what it was granted, what it has used, and who hears it.

use super::{
    bindings::types::Error,
    call::{Cell, Watch, at_tick},
    connection::Aborts,
    memory::{Pool, Share},
};
use crate::{
    CancelToken, ConnectorError, EngineError, Event, EventSink, GuestLimits, Level, Side,
    grants::Grant,
    limits::{LOG_BYTES_MAX, LOGS_PER_SEC_MAX, Shares},
    redact::Redactor,
};
use rapidbyte_plans::spec::EndSpec;
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};
use wasmtime::{
    Engine, Store,
    component::{HasData, ResourceTable},
};

/// What is the same for all guests of one operation.
#[derive(Clone)]
pub(crate) struct Surroundings {
    pub(crate) limits: GuestLimits,
    pub(crate) shares: Shares,
    pub(crate) memory: Pool,
    pub(crate) events: EventSink,
    pub(crate) cancel: CancelToken,
    pub(crate) aborts: Aborts,
}

/// The settings of one end, exposed: they go into a guest and nowhere else.
pub(crate) struct Settings(pub(super) Vec<(String, String)>);

impl Settings {
    pub(crate) fn of(end: &EndSpec) -> Self {
        Self(end.settings.iter().map(|(name, value)| (name.clone(), value.expose().to_owned())).collect())
    }
}

/// The state behind one guest's imports.
pub(crate) struct Guest {
    pub(super) side: Side,
    pub(super) limits: GuestLimits,
    pub(super) events: EventSink,
    pub(super) cancel: CancelToken,
    pub(super) aborts: Aborts,
    pub(super) redactor: Redactor,
    pub(super) grants: Vec<Grant>,
    pub(super) table: ResourceTable,
    pub(super) watch: Watch,
    pub(super) metrics: BTreeMap<String, f64>,
    /// What it reached for in the call at work without being granted it.
    pub(super) refused: Option<String>,
    /// Its last message of level error.
    pub(super) last_words: Option<String>,
    pub(super) born: Instant,
    logs: LogBudget,
    share: Share,
}

/// Names [`Guest`] as what host functions work on.
pub(super) struct Host;

impl HasData for Host {
    type Data<'a> = &'a mut Guest;
}

/// Messages in the second at work.
struct LogBudget {
    second: Instant,
    left: u32,
    dropped: u64,
}

impl LogBudget {
    fn full() -> Self {
        Self { second: Instant::now(), left: LOGS_PER_SEC_MAX, dropped: 0 }
    }
}

impl Guest {
    /// A guest before its first call, that may use its share and reach nothing.
    pub(super) fn cell(engine: &Engine, side: Side, around: &Surroundings) -> Cell {
        let guest = Self {
            side,
            limits: around.limits,
            events: around.events.clone(),
            cancel: around.cancel.clone(),
            aborts: around.aborts.clone(),
            redactor: Redactor::default(),
            grants: Vec::new(),
            table: ResourceTable::new(),
            watch: Watch::start("instantiation"),
            metrics: BTreeMap::new(),
            refused: None,
            last_words: None,
            born: Instant::now(),
            logs: LogBudget::full(),
            share: Share::new(around.shares.guest_bytes_max, around.memory.clone()),
        };
        let mut store = Store::new(engine, guest);
        store.limiter(|guest| &mut guest.share);
        store.set_hostcall_fuel(around.shares.handover_bytes_max);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|context| at_tick(context.data()));
        Cell::new(store)
    }

    /// What the guest may reach from now on, and what must not be repeated of what it is told.
    pub(super) fn equip(&mut self, grants: Vec<Grant>, redactor: Redactor) {
        self.grants = grants;
        self.redactor = redactor;
    }

    /// Passes a message on, within the budget.
    pub(super) fn say(&mut self, level: Level, message: &str) {
        let message = self.redactor.clean(message, LOG_BYTES_MAX);
        if level == Level::Error {
            self.last_words = Some(message.clone());
        }
        if self.logs.second.elapsed() > Duration::from_secs(1) {
            self.report_dropped();
            self.logs = LogBudget::full();
        }
        match self.logs.left.checked_sub(1) {
            Some(left) => {
                self.logs.left = left;
                (self.events)(Event::Log { side: Some(self.side), level, message });
            }
            None => self.logs.dropped += 1,
        }
    }

    fn report_dropped(&self) {
        if self.logs.dropped > 0 {
            let message = format!("{} messages of the {} connector were dropped", self.logs.dropped, self.side);
            (self.events)(Event::Log { side: None, level: Level::Warn, message });
        }
    }

    /// A guest's error in the engine's words.
    pub(super) fn connector_error(&self, error: &Error) -> EngineError {
        let error = super::convert::connector_error(&self.redactor, error);
        EngineError::Connector { side: self.side, stream: None, error: Box::new(error) }
    }

    /// The guest broke a MUST.
    pub(super) fn broke(&self, what: impl Into<String>) -> EngineError {
        EngineError::Contract { side: self.side, what: what.into() }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.report_dropped();
    }
}

impl ConnectorError {
    /// An error of the host's own connection, for the guest to hand on.
    pub(super) fn into_wit(self) -> Error {
        super::convert::wit_error(self)
    }
}
