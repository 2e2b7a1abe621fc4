//! The engine's handle: its options, the connectors it knows, and their compiled components. What it does with them
//! stands in `observe`, `prepare`, `check`, `discover` and `apply`.

use crate::{
    CancelToken, EngineError, Event, EventSink, GuestLimits, Level, Side,
    cache::Cache,
    connectors::{self, Connector, ConnectorDescription},
    fault, grants,
    host::{self, Aborts, DestinationGuest, Linked, Pool, Server, Settings, SourceGuest, Surroundings, World},
    limits::Shares,
    redact::Redactor,
};
use rapidbyte_plans::{
    observation::End,
    spec::{EndSpec, Limits},
};
use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::OnceCell;

/// What the caller decides for all that an engine does.
#[derive(Clone)]
pub struct EngineOptions {
    /// Where compiled components lie, a folder of this user's own; none: each is compiled when it is first used.
    pub cache_dir: Option<PathBuf>,
    /// How long guests may take.
    pub limits: GuestLimits,
    /// Hears what is said outside of [`Engine::apply`].
    pub events: EventSink,
    /// What [`FAULT_VARIABLE`](crate::FAULT_VARIABLE) says, in the builds that have one.
    pub fault: Option<String>,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self { cache_dir: None, limits: GuestLimits::default(), events: Arc::new(|_| ()), fault: None }
    }
}

type Loaded = Arc<OnceCell<Arc<Linked>>>;

struct Shared {
    wasm: wasmtime::Engine,
    cache: Cache,
    options: EngineOptions,
    /// By role and digest of the component: each is loaded once.
    loaded: Mutex<HashMap<(Side, String), Loaded>>,
}

/// Carries plans out. Clones share all they have. Its futures need a tokio runtime with I/O and time; dropping one stops
/// what it did, and leaves the tables of a destination as they were.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
    connectors: Vec<Connector>,
}

/// A guest with an open session.
pub(crate) struct Open<W> {
    pub(crate) guest: W,
    pub(crate) end: End,
    /// Loading and instantiating.
    pub(crate) load: Duration,
}

impl Engine {
    /// Makes ready; nothing is loaded yet.
    ///
    /// # Errors
    /// A machine on which WebAssembly cannot run.
    pub fn new(options: EngineOptions) -> Result<Self, EngineError> {
        options.fault.as_deref().map_or(Ok(()), fault::arm)?;
        let wasm = host::engine()?;
        host::start_clock(&wasm).map_err(|error| EngineError::Defect(format!("no thread for the clock: {error}")))?;
        let cache = Cache::new(options.cache_dir.clone());
        let shared = Shared { wasm, cache, options, loaded: Mutex::default() };
        Ok(Self { shared: Arc::new(shared), connectors: connectors::built_in() })
    }

    /// Adds a connector; of two with one name and role the later one counts.
    #[must_use]
    pub fn with_connector(mut self, side: Side, name: &str, component: Vec<u8>) -> Self {
        self.connectors.push(Connector::given(side, name, component));
        self
    }

    /// All connectors, as they describe themselves.
    ///
    /// # Errors
    /// A component that cannot be loaded, or breaks the contract.
    pub async fn connectors(&self) -> Result<Vec<ConnectorDescription>, EngineError> {
        let around = self.surroundings(&Limits::default());
        let mut descriptions = Vec::new();
        for connector in &self.connectors {
            descriptions.push(match connector.side {
                Side::Source => {
                    self.start::<SourceGuest>(connector, &around).await?.describe(&connector.sha256).await?
                }
                Side::Destination => {
                    self.start::<DestinationGuest>(connector, &around).await?.describe(&connector.sha256).await?
                }
            });
        }
        Ok(descriptions)
    }

    pub(crate) fn limits(&self) -> GuestLimits {
        self.shared.options.limits
    }

    /// For guests outside of a run.
    pub(crate) fn surroundings(&self, limits: &Limits) -> Surroundings {
        self.surroundings_of(limits, self.shared.options.events.clone(), CancelToken::new())
    }

    pub(crate) fn surroundings_of(&self, limits: &Limits, events: EventSink, cancel: CancelToken) -> Surroundings {
        let shares = Shares::of(limits);
        let memory = Pool::new(shares.guests_bytes_max);
        Surroundings { limits: self.limits(), shares, memory, events, cancel, aborts: Aborts::default() }
    }

    pub(crate) fn connector(&self, side: Side, name: &str) -> Result<&Connector, EngineError> {
        let of_side = || self.connectors.iter().filter(move |connector| connector.side == side);
        of_side().rfind(|connector| connector.name == name).ok_or_else(|| EngineError::UnknownConnector {
            side,
            name: name.to_owned(),
            known: of_side().map(|connector| connector.name.clone()).collect(),
        })
    }

    /// A fresh instance, that was told nothing.
    pub(crate) async fn start<W: World>(&self, connector: &Connector, around: &Surroundings) -> Result<W, EngineError> {
        let linked = self.load(connector, &around.events).await?;
        W::start(&linked, &self.shared.wasm, around).await
    }

    /// A guest with a session on the server that one section of the sync file names.
    pub(crate) async fn open<W: World>(&self, end: &EndSpec, around: &Surroundings) -> Result<Open<W>, EngineError> {
        let connector = self.connector(W::SIDE, &end.connector)?;
        let began = Instant::now();
        let mut guest = self.start::<W>(connector, around).await?;
        let load = began.elapsed();
        let description = guest.describe(&connector.sha256).await?;
        let secret = description.settings.into_iter().filter(|setting| setting.secret).map(|setting| setting.name);
        let redactor = Redactor::new(end, &secret.collect::<Vec<_>>());
        guest.equip(Vec::new(), redactor.clone());
        let settings = Settings::of(end);
        let asked = guest.endpoints(&settings).await?;
        // The weakest protection of any endpoint is what the plan shows.
        let tls = asked.iter().map(|grant| grant.tls).min().map_or("none", grants::TlsMode::word);
        let granted = grants::decide(end, asked).map_err(|what| EngineError::NotGranted { side: W::SIDE, what })?;
        guest.equip(granted, redactor);
        guest.open(&settings).await?;
        let Server { product, endpoint, user, read_only } = guest.server().await?;
        let (connector, component_sha256) = (connector.name.clone(), connector.sha256.clone());
        let end = End { connector, component_sha256, product, endpoint, user, tls: tls.to_owned(), read_only };
        Ok(Open { guest, end, load })
    }

    /// The component, compiled and linked, once.
    async fn load(&self, connector: &Connector, events: &EventSink) -> Result<Arc<Linked>, EngineError> {
        let key = (connector.side, connector.sha256.clone());
        let loaded = {
            let mut all = self.shared.loaded.lock().unwrap_or_else(PoisonError::into_inner);
            all.entry(key).or_default().clone()
        };
        let linked = loaded.get_or_try_init(|| async {
            let (shared, connector, events) = (self.shared.clone(), connector.clone(), events.clone());
            let compiling = tokio::task::spawn_blocking(move || link(&shared, &connector, &events));
            compiling.await.map_err(|_| EngineError::Defect("loading a component panicked".to_owned()))?.map(Arc::new)
        });
        linked.await.cloned()
    }
}

fn link(shared: &Shared, connector: &Connector, events: &EventSink) -> Result<Linked, EngineError> {
    let side = connector.side;
    let compiled = shared.cache.load(&shared.wasm, &connector.component, &connector.sha256);
    let compiled =
        compiled.map_err(|error| EngineError::Contract { side, what: format!("it is no component: {error:#}") })?;
    if let Some(message) = compiled.complaint {
        events(Event::Log { side: None, level: Level::Warn, message });
    }
    host::link(&shared.wasm, &compiled.component, side)
}
