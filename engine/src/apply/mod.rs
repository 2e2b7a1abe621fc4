//! Carries a plan out. Owns attempts, the wish to stop, the time limit, and what is left behind: nothing.

mod attempt;
mod backoff;
mod channel;
mod checkpoint;
mod codec;
mod commit;
mod destination;
mod gate;
mod lanes;
mod source;
mod verify;

use crate::{
    CancelToken, Engine, EngineError, Event, EventSink, Level, Receipt, Side, host::Surroundings, prepare::belongs,
};
use attempt::{Attempt, Failed, is_passing};
use gate::Gate;
use rapidbyte_plans::{plan::Plan, spec::Spec};
use source::Held;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

/// What a run is told by its caller.
#[derive(Clone)]
pub struct RunOptions {
    /// Hears what happens.
    pub events: EventSink,
    /// Stops the run, within two seconds, unless its commit has begun.
    pub cancel: CancelToken,
}

/// How long what a run has loaded may take to be dropped: whoever has stopped it waits.
const DISCARD: Duration = Duration::from_secs(30);
const DISCARD_STOPPED: Duration = Duration::from_secs(1);

/// Rows that are far larger than most fill the memory of two, not of one.
const ALONE: &str =
    "limits.memory is too small for several sessions at each end: one goes on alone, from the beginning";

impl Engine {
    /// Runs the plan of this sync file: all of its streams arrive, in one transaction of the destination, or none.
    ///
    /// # Errors
    /// Every one leaves the tables of the destination as they were, but for [`EngineError::OutcomeUnknown`], which says that
    /// this could not be found out. What was loaded in parts is dropped, or a warning says that the next run will.
    pub async fn apply(&self, spec: &Spec, plan: &Plan, run: RunOptions) -> Result<Receipt, EngineError> {
        belongs(spec, plan)?;
        if plan.is_refused() {
            return Err(EngineError::Refused(Box::new(plan.clone())));
        }
        let limits = plan.limits();
        let course = Course {
            spec,
            plan,
            around: self.surroundings_of(limits, run.events.clone(), run.cancel.clone()),
            deadline: Instant::now() + Duration::from_secs(limits.timeout_secs),
            loads: Arc::default(),
        };
        let outcome = self.attempts(&course, run).await;
        if outcome.is_err() && course.loads.load(Ordering::SeqCst) {
            self.discard(&course).await;
            course.around.aborts.settle().await;
        }
        outcome
    }

    /// Attempts until one succeeds, or nothing is left that could mend the last one.
    async fn attempts(&self, course: &Course<'_>, run: RunOptions) -> Result<Receipt, EngineError> {
        let limits = course.plan.limits();
        let (mut repeated, mut held, mut lanes) = (0, None, course.plan.lanes());
        loop {
            let error = match self.attempt(course, held.take(), (repeated, lanes)).await {
                Ok(receipt) => return Ok(receipt),
                Err((EngineError::MemoryLimit { .. }, _)) if lanes > 1 => {
                    lanes = 1;
                    (run.events)(Event::Log { side: None, level: Level::Warn, message: ALONE.to_owned() });
                    continue;
                }
                Err((error, snapshot)) if is_passing(&error, repeated) && repeated < limits.retries => {
                    held = snapshot;
                    error
                }
                Err((error, _)) => return Err(error),
            };
            let pause = backoff::pause(repeated);
            repeated += 1;
            (run.events)(Event::Retrying {
                attempt: repeated,
                attempts_max: limits.retries,
                backoff_ms: u64::try_from(pause.as_millis()).unwrap_or(u64::MAX),
                reason: reason(&error),
            });
            tokio::select! {
                () = run.cancel.cancelled() => return Err(EngineError::Cancelled),
                () = tokio::time::sleep_until(course.deadline.min(Instant::now() + pause)) => {}
            }
        }
    }

    /// One attempt. Whatever ends it, both guests are gone afterwards, and what their connections left has been sent.
    async fn attempt(
        &self,
        course: &Course<'_>,
        held: Option<Box<Held>>,
        (repeated, lanes): (u32, u32),
    ) -> Result<Receipt, Failed> {
        let (cancel, gate) = (course.around.cancel.clone(), Arc::new(Gate::default()));
        let mut tasks = JoinSet::new();
        let attempt = Attempt::new(self, course, gate.clone(), (held, lanes)).map_err(|error| (error, None))?;
        let outcome = tokio::select! {
            // A wish that was there first comes first.
            biased;
            () = stopped(&gate, cancel.cancelled()) => Err((EngineError::Cancelled, None)),
            () = stopped(&gate, tokio::time::sleep_until(course.deadline)) => {
                Err((EngineError::TimedOut { limit_secs: course.plan.limits().timeout_secs }, None))
            }
            outcome = attempt.run(&mut tasks, repeated) => outcome,
        };
        tasks.shutdown().await;
        course.around.aborts.settle().await;
        outcome
    }

    /// Drops what the run has loaded in parts, on a session of its own: that of the run may be what broke.
    async fn discard(&self, course: &Course<'_>) {
        let around = Surroundings { cancel: CancelToken::new(), ..course.around.clone() };
        let dropped = destination::discard(self, &course.spec.destination, &around, course.plan.sync());
        let patience = async {
            tokio::select! {
                () = course.around.cancel.cancelled() => sleep(DISCARD_STOPPED).await,
                () = sleep(DISCARD) => {}
            }
        };
        let why = tokio::select! {
            dropped = dropped => match dropped {
                Ok(()) => return,
                Err(error) => error.to_string(),
            },
            () = patience => "the server did not answer in time".to_owned(),
        };
        let message = format!("what was loaded in parts is left until the next run of this sync: {why}");
        (around.events)(Event::Log { side: Some(Side::Destination), level: Level::Warn, message });
    }
}

/// What the attempts of one apply have in common.
struct Course<'a> {
    spec: &'a Spec,
    plan: &'a Plan,
    around: Surroundings,
    deadline: Instant,
    /// Parts may have been committed.
    loads: Arc<AtomicBool>,
}

/// What went wrong, with the peer's own code, by which one looks it up.
fn reason(error: &EngineError) -> String {
    match error.connector().and_then(|error| error.code.as_ref()) {
        Some(code) => format!("{error} ({code})"),
        None => error.to_string(),
    }
}

/// Ends when `wish` does, unless the commit has begun by then: it is carried through.
async fn stopped(gate: &Gate, wish: impl Future<Output = ()>) {
    wish.await;
    if !gate.stop() {
        std::future::pending::<()>().await;
    }
}
