//! One attempt at a run: both sides as tasks of their own, and who ended it.

use super::{
    channel::{Gone, bounded},
    destination,
    gate::Gate,
    source,
};
use crate::{Engine, EngineError, Event, Receipt, host::Surroundings, usage};
use rapidbyte_plans::{
    observation::Observation,
    plan::{Plan, StreamPlan},
    spec::{Compression, EndSpec, Spec},
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    sync::oneshot,
    task::{JoinError, JoinSet},
    time::timeout,
};

/// After the source failed the destination may roll back in order for so long; then its connection is dropped, which rolls
/// back as well.
pub(super) const GRACE: Duration = Duration::from_millis(1_500);

/// Why a side ended early.
#[derive(Debug)]
pub(super) enum Broken {
    /// By itself.
    Failed(EngineError),
    /// Because the other side is gone.
    Interrupted,
}

impl Broken {
    pub(super) fn in_stream(self, stream: &str) -> Self {
        match self {
            Self::Failed(error) => Self::Failed(error.in_stream(stream)),
            Self::Interrupted => Self::Interrupted,
        }
    }
}

impl From<EngineError> for Broken {
    fn from(error: EngineError) -> Self {
        Self::Failed(error)
    }
}

impl From<Gone> for Broken {
    fn from(_: Gone) -> Self {
        Self::Interrupted
    }
}

/// Divides a side's time without a gap: each lap begins where the one before ended.
pub(super) struct Laps(Instant);

impl Laps {
    pub(super) fn from(began: Instant) -> Self {
        Self(began)
    }

    /// The time since the last lap.
    pub(super) fn lap(&mut self) -> Duration {
        let now = Instant::now();
        let lap = now - self.0;
        self.0 = now;
        lap
    }

    /// Where the last lap ended.
    pub(super) fn at(&self) -> Instant {
        self.0
    }

    pub(super) fn lap_secs(&mut self) -> f64 {
        self.lap().as_secs_f64()
    }
}

/// What one side of an attempt works with.
pub(super) struct Task {
    pub(super) engine: Engine,
    pub(super) end: EndSpec,
    pub(super) around: Surroundings,
    pub(super) streams: Arc<[StreamPlan]>,
    pub(super) compression: Compression,
    pub(super) began: Instant,
}

/// What a run is called, and what it carries out.
pub(super) struct Identity {
    pub(super) run: String,
    pub(super) sync: String,
    /// The plan's digest.
    pub(super) plan: String,
    /// What the plan saw.
    pub(super) planned: Observation,
}

/// One attempt, not begun.
pub(super) struct Attempt {
    source: Task,
    destination: Task,
    identity: Identity,
    gate: Arc<Gate>,
    cpu: crate::CpuSecs,
}

/// How a side ended.
pub(super) enum Ended {
    Source(Result<(), Broken>),
    Destination(Box<Result<Receipt, Broken>>),
}

impl Attempt {
    pub(super) fn new(
        engine: &Engine,
        spec: &Spec,
        plan: &Plan,
        around: &Surroundings,
        gate: Arc<Gate>,
    ) -> Result<Self, EngineError> {
        let cpu = usage::cpu();
        let (began, streams) = (Instant::now(), Arc::<[StreamPlan]>::from(plan.streams()));
        let compression = plan.limits().compression;
        let task = |end: &EndSpec| Task {
            engine: engine.clone(),
            end: end.clone(),
            around: around.clone(),
            streams: streams.clone(),
            compression,
            began,
        };
        let identity = Identity {
            run: run_name()?,
            sync: plan.sync().to_owned(),
            plan: plan.digest(),
            planned: plan.observation().clone(),
        };
        Ok(Self { source: task(&spec.source), destination: task(&spec.destination), identity, gate, cpu })
    }

    /// Runs both sides until the run is committed or one of them has failed. The tasks are the caller's, who ends those
    /// that are left.
    pub(super) async fn run(self, tasks: &mut JoinSet<Ended>) -> Result<Receipt, EngineError> {
        let Self { source, destination, identity, gate, cpu } = self;
        (source.around.events)(Event::Started {
            run: identity.run.clone(),
            sync: identity.sync.clone(),
            plan: identity.plan.clone(),
            streams: source.streams.len(),
        });
        let (seen, seen_at) = oneshot::channel();
        let (start, start_at) = oneshot::channel();
        let (done, done_at) = oneshot::channel();
        let (frames, received) = bounded(source.around.shares.channel_bytes_max);
        let out = source::Ways { seen, start: start_at, frames, done };
        tasks.spawn(async move { Ended::Source(source::run(source, out).await) });
        let into = destination::Ways { seen: seen_at, start, frames: received, done: done_at };
        let side = destination::Side::new(destination, identity, gate, cpu);
        tasks.spawn(async move { Ended::Destination(Box::new(side.run(into).await)) });
        first_word(tasks).await
    }
}

/// The receipt, or the error of the side that failed first.
async fn first_word(tasks: &mut JoinSet<Ended>) -> Result<Receipt, EngineError> {
    while let Some(ended) = tasks.join_next().await {
        match ended.map_err(|error| panicked(&error))? {
            Ended::Source(Err(Broken::Failed(error))) => {
                // Its own outcome no longer matters.
                let _ = timeout(GRACE, tasks.join_next()).await;
                return Err(error);
            }
            Ended::Destination(outcome) => match *outcome {
                Ok(receipt) => return Ok(receipt),
                Err(Broken::Failed(error)) => return Err(error),
                Err(Broken::Interrupted) => {}
            },
            Ended::Source(Ok(()) | Err(Broken::Interrupted)) => {}
        }
    }
    Err(EngineError::Defect("both sides of the run ended without a word".to_owned()))
}

fn panicked(error: &JoinError) -> EngineError {
    // What a panic says may hold a value.
    EngineError::Defect(
        if error.is_panic() { "a side of the run panicked" } else { "a side of the run was ended" }.to_owned(),
    )
}

/// Sixteen random bytes: nobody else's run has this name.
fn run_name() -> Result<String, EngineError> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| EngineError::Defect(format!("the system gives no randomness: {error}")))?;
    Ok(crate::sha256::hex_of(&bytes))
}
