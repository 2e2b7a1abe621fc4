//! A sync between two guests of connectors/testing, and what was heard of it.

use rapidbyte_engine::{
    CancelToken, Engine, EngineError, EngineOptions, Event, GuestLimits, Receipt, RunOptions, Side,
};
use rapidbyte_plans::spec::{self, Spec};
use std::{
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

/// Guests are stopped after so long here, so that the tests that wait for it are quick.
pub(crate) const COMPUTE: Duration = Duration::from_millis(300);

pub(crate) const SECRET: &str = "hunter2-canary";

/// What the ends of a sync are asked to do wrong, and more of their settings.
#[derive(Clone, Default)]
pub(crate) struct Case {
    pub(crate) source: String,
    pub(crate) destination: String,
    pub(crate) limits: String,
    pub(crate) stream: String,
}

impl Case {
    pub(crate) fn source(mode: &str) -> Self {
        Self { source: format!("mode = {mode:?}\n"), ..Self::default() }
    }

    pub(crate) fn destination(mode: &str) -> Self {
        Self { destination: format!("mode = {mode:?}\n"), ..Self::default() }
    }

    pub(crate) fn spec(&self) -> Spec {
        let Self { source, destination, limits, stream } = self;
        let retries = if limits.contains("retries") { "" } else { "retries = 0\n" };
        let text = format!(
            "version = 1\nname = \"test\"\n\
             [source]\nuse = \"testing\"\npassword = \"{SECRET}\"\n{source}\n\
             [destination]\nuse = \"testing\"\npassword = \"{SECRET}\"\n{destination}\n\
             [[stream]]\ntable = \"public.numbers\"\nwrite = \"append\"\n{stream}\n\
             [limits]\nbatch_rows = 2\n{retries}{limits}\n"
        );
        spec::parse(&text, "sync.toml", &|_| None).unwrap_or_else(|mistakes| panic!("{mistakes:?}"))
    }
}

/// What was heard, in order.
#[derive(Clone, Default)]
pub(crate) struct Heard(Arc<Mutex<Vec<Event>>>);

impl Heard {
    pub(crate) fn options(&self, cancel: CancelToken) -> RunOptions {
        let heard = self.0.clone();
        RunOptions { events: Arc::new(move |event| heard.lock().unwrap().push(event)), cancel }
    }

    pub(crate) fn all(&self) -> Vec<Event> {
        self.0.lock().unwrap().clone()
    }

    /// The calls that the destination told of.
    pub(crate) fn calls(&self) -> Vec<String> {
        let of = |event| match event {
            Event::Log { side: Some(Side::Destination), level: rapidbyte_engine::Level::Trace, message } => {
                Some(message)
            }
            _ => None,
        };
        self.all().into_iter().filter_map(of).collect()
    }

    /// Everything as text.
    pub(crate) fn text(&self) -> String {
        self.all().iter().map(|event| event.json() + "\n").collect()
    }
}

/// One engine for all tests: its component is compiled once.
pub(crate) fn engine() -> Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    let make = || {
        let limits = GuestLimits { compute: COMPUTE, call_compute: 2 * COMPUTE, ..GuestLimits::default() };
        // One cache for all tests: each is a process of its own, and compiling takes seconds.
        let cache_dir = Some(concat!(env!("CARGO_TARGET_TMPDIR"), "/cache").into());
        let engine = Engine::new(EngineOptions { cache_dir, limits, ..EngineOptions::default() }).unwrap();
        let component = rapidbyte_testing::COMPONENT;
        engine.with_connector(Side::Source, "testing", component.to_vec()).with_connector(
            Side::Destination,
            "testing",
            component.to_vec(),
        )
    };
    ENGINE.get_or_init(make).clone()
}

/// Plans and applies with the faults of the case.
pub(crate) async fn apply(case: &Case) -> (Result<Receipt, EngineError>, Heard) {
    apply_until(case, CancelToken::new()).await
}

pub(crate) async fn apply_until(case: &Case, cancel: CancelToken) -> (Result<Receipt, EngineError>, Heard) {
    let heard = Heard::default();
    let spec = case.spec();
    let plan = match engine().plan(&spec).await {
        Ok(plan) => plan,
        Err(error) => return (Err(error), heard),
    };
    let outcome = engine().apply(&spec, &plan, heard.options(cancel)).await;
    (outcome, heard)
}

/// The engine still works, after whatever was done to it.
pub(crate) async fn assert_a_good_run_works() {
    let (outcome, _) = apply(&Case::default()).await;
    assert_eq!(outcome.unwrap().streams[0].rows_written, 3);
}
