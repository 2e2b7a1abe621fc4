//! One attempt at a run: both sides as tasks of their own, and who ended it.

use super::{
    Course,
    channel::{Gone, bounded},
    destination,
    gate::Gate,
    source::{self, Held},
};
use crate::{Category, Engine, EngineError, Event, Receipt, Side, host::Surroundings, usage};
use rapidbyte_plans::{
    observation::Observation,
    plan::StreamPlan,
    spec::{Compression, EndSpec},
};
use std::{
    sync::{Arc, atomic::AtomicBool},
    time::{Duration, Instant},
};
use tokio::{
    sync::oneshot,
    task::{AbortHandle, JoinError, JoinSet},
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
    /// Set where parts may have been committed.
    pub(super) loads: Arc<AtomicBool>,
}

impl Task {
    /// Some stream is loaded in parts.
    pub(super) fn has_parts(&self) -> bool {
        self.streams.iter().any(|stream| stream.write.parts)
    }
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
    /// At both ends.
    lanes: Vec<(Task, Task)>,
    identity: Identity,
    gate: Arc<Gate>,
    cpu: crate::CpuSecs,
    held: Option<Box<Held>>,
}

/// Why an attempt ended, and the source's snapshot, where the next one can go on from it.
pub(super) type Failed = (EngineError, Option<Box<Held>>);

/// How a side ended.
pub(super) enum Ended {
    Source(Result<(), Broken>, Option<Box<Held>>),
    Destination(Box<Result<Receipt, Broken>>),
    /// Another lane of one of them.
    Lane(Side, Result<(), Broken>),
}

impl Attempt {
    pub(super) fn new(
        engine: &Engine,
        course: &Course<'_>,
        gate: Arc<Gate>,
        (held, lanes): (Option<Box<Held>>, u32),
    ) -> Result<Self, EngineError> {
        let Course { spec, plan, around, loads, .. } = course;
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
            loads: loads.clone(),
        };
        let identity = Identity {
            run: random_name()?,
            sync: plan.sync().to_owned(),
            plan: plan.digest(),
            planned: plan.observation().clone(),
        };
        let both = || (task(&spec.source), task(&spec.destination));
        let lanes = (1..lanes).map(|_| both()).collect();
        let (source, destination) = both();
        Ok(Self { source, destination, lanes, identity, gate, cpu, held })
    }

    /// Runs both sides until the run is committed or one of them has failed. The tasks are the caller's, who ends those
    /// that are left.
    pub(super) async fn run(self, tasks: &mut JoinSet<Ended>, repeated: u32) -> Result<Receipt, Failed> {
        let Self { source, destination, lanes, identity, gate, cpu, held } = self;
        let (has_parts, around) = (source.has_parts(), source.around.clone());
        (source.around.events)(Event::Started {
            run: identity.run.clone(),
            sync: identity.sync.clone(),
            plan: identity.plan.clone(),
            streams: source.streams.len(),
        });
        let bytes_max = around.shares.channel_bytes_max / (lanes.len() as u64 + 1);
        let (to_sources, to_destinations) = spawn_lanes(tasks, lanes, bytes_max);
        let (seen, seen_at) = oneshot::channel();
        let (start, start_at) = oneshot::channel();
        let (done, done_at) = oneshot::channel();
        let (frames, received) = bounded(bytes_max);
        let out = source::Ways { seen, start: start_at, frames, done, lanes: to_sources };
        tasks.spawn(async move {
            let (ended, held) = source::run(source, held, out).await;
            Ended::Source(ended, held)
        });
        let into = destination::Ways { seen: seen_at, start, frames: received, done: done_at, lanes: to_destinations };
        let side = destination::run(destination, identity, (gate, cpu), into);
        let side = tasks.spawn(async move { Ended::Destination(Box::new(side.await)) });
        let passes = |error: &EngineError| has_parts && is_passing(error, repeated);
        let (outcome, held) = first_word(tasks, &side, passes).await;
        match (outcome, held) {
            (Err(error), held) => Err((error, held)),
            (Ok(receipt), None) => Ok(receipt),
            (Ok(receipt), Some(held)) => {
                held.end(&around).await;
                Ok(receipt)
            }
        }
    }
}

/// Begins the lanes beside the first, at both ends; what connects each side with its own.
fn spawn_lanes(
    tasks: &mut JoinSet<Ended>,
    lanes: Vec<(Task, Task)>,
    bytes_max: u64,
) -> (Vec<source::ToLane>, Vec<destination::ToLane>) {
    let spawn = |(source, destination)| {
        let (work, work_at) = oneshot::channel();
        let (load, load_at) = oneshot::channel();
        let (ready, ready_at) = oneshot::channel();
        let (out_of, out_done) = oneshot::channel();
        let (into, into_done) = oneshot::channel();
        let (frames, received) = bounded(bytes_max);
        let source = source::lane(source, source::Lane { work: work_at, ready: ready_at, frames, done: out_of });
        tasks.spawn(async move { Ended::Lane(Side::Source, source.await) });
        let lane = destination::Lane { load: load_at, ready, frames: received, done: into };
        let destination = destination::lane(destination, lane);
        tasks.spawn(async move { Ended::Lane(Side::Destination, destination.await) });
        (source::ToLane { work, done: out_done }, destination::ToLane { load, done: into_done })
    };
    lanes.into_iter().map(spawn).unzip()
}

/// The receipt, or the error of the side that failed first; and the source, where it was held to the end, or the error may pass
/// and a load in parts can go on from there.
async fn first_word(
    tasks: &mut JoinSet<Ended>,
    destination: &AbortHandle,
    passes: impl Fn(&EngineError) -> bool,
) -> (Result<Receipt, EngineError>, Option<Box<Held>>) {
    let mut held = None;
    while let Some(ended) = tasks.join_next().await {
        let error = match ended {
            Err(error) => return (Err(panicked(&error)), None),
            Ok(
                Ended::Source(Err(Broken::Failed(error)), _) | Ended::Lane(Side::Source, Err(Broken::Failed(error))),
            ) => {
                // What becomes of the other one no longer matters.
                let _ = timeout(GRACE, tasks.join_next()).await;
                return (Err(error), None);
            }
            Ok(Ended::Destination(outcome)) => match *outcome {
                Ok(receipt) => return (Ok(receipt), held),
                Err(Broken::Failed(error)) => error,
                Err(Broken::Interrupted) => continue,
            },
            Ok(Ended::Lane(Side::Destination, Err(Broken::Failed(error)))) => {
                destination.abort();
                error
            }
            Ok(Ended::Source(Ok(()) | Err(Broken::Interrupted), source)) => {
                held = source;
                continue;
            }
            Ok(Ended::Lane(_, Ok(()) | Err(Broken::Interrupted))) => continue,
        };
        let held = if held.is_none() && passes(&error) { source_of(tasks).await } else { held };
        return (Err(error), held);
    }
    (Err(EngineError::Defect("both sides of the run ended without a word".to_owned())), None)
}

/// What the source's side leaves once it has noticed that the other one is gone; one that is within a long statement does not.
async fn source_of(tasks: &mut JoinSet<Ended>) -> Option<Box<Held>> {
    let source = async {
        while let Some(ended) = tasks.join_next().await {
            match ended {
                Ok(Ended::Source(Err(Broken::Interrupted) | Ok(()), held)) => return held,
                Ok(Ended::Source(Err(Broken::Failed(_)), _)) => return None,
                Ok(Ended::Destination(_) | Ended::Lane(..)) | Err(_) => {}
            }
        }
        None
    };
    timeout(GRACE, source).await.ok().flatten()
}

/// The same, done again on a new session, may succeed. Another run at work ends this one at once, since it makes its plan void;
/// but after an attempt that broke off it may be that attempt, whose session the server has not ended yet.
pub(super) fn is_passing(error: &EngineError, repeated: u32) -> bool {
    error.connector().is_some_and(|error| error.retryable || repeated > 0 && error.category == Category::Busy)
}

fn panicked(error: &JoinError) -> EngineError {
    // What a panic says may hold a value.
    EngineError::Defect(
        if error.is_panic() { "a side of the run panicked" } else { "a side of the run was ended" }.to_owned(),
    )
}

/// Sixteen random bytes: nobody else's run, or load, has this name.
pub(super) fn random_name() -> Result<String, EngineError> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| EngineError::Defect(format!("the system gives no randomness: {error}")))?;
    Ok(crate::sha256::hex_of(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ConnectorError, Scope};

    #[test]
    fn another_run_is_waited_for_only_where_it_may_be_an_attempt_of_this_one() {
        let passing = |category, retryable, repeated| {
            let (scope, message) = (Scope::Run, "it did not work".to_owned());
            let error = ConnectorError { category, scope, retryable, code: None, subject: None, message, advice: None };
            let error = EngineError::Connector { side: Side::Destination, stream: None, error: Box::new(error) };
            is_passing(&error, repeated)
        };
        assert_eq!([0, 1].map(|repeated| passing(Category::Busy, false, repeated)), [false, true]);
        assert_eq!([0, 1].map(|repeated| passing(Category::Network, true, repeated)), [true, true]);
        assert_eq!([0, 1].map(|repeated| passing(Category::Data, false, repeated)), [false, false]);
        assert!(!is_passing(&EngineError::Cancelled, 1));
    }
}
