//! Carries a plan out. Owns attempts, the wish to stop, the time limit, and what is left behind: nothing.

mod attempt;
mod channel;
mod checkpoint;
mod codec;
mod commit;
mod destination;
mod gate;
mod source;
mod verify;

use crate::{
    CancelToken, Category, Engine, EngineError, Event, EventSink, Receipt, host::Surroundings, prepare::belongs,
};
use attempt::Attempt;
use gate::Gate;
use rapidbyte_plans::{plan::Plan, spec::Spec};
use std::{sync::Arc, time::Duration};
use tokio::{task::JoinSet, time::Instant};

/// What a run is told by its caller.
#[derive(Clone)]
pub struct RunOptions {
    /// Hears what happens.
    pub events: EventSink,
    /// Stops the run, within two seconds, unless its commit has begun.
    pub cancel: CancelToken,
}

/// The first pause before a repetition, doubled for each further one: a server that restarts takes some seconds.
const BACKOFF: Duration = Duration::from_millis(500);
/// The longest pause: afterwards waiting longer mends nothing.
const BACKOFF_MAX: Duration = Duration::from_secs(10);

impl Engine {
    /// Runs the plan of this sync file: all of its streams arrive, in one transaction of the destination, or none.
    ///
    /// # Errors
    /// [`EngineError::Drift`] before anything is touched; every other one leaves the destination as it was, but for
    /// [`EngineError::OutcomeUnknown`], which says that this could not be found out.
    pub async fn apply(&self, spec: &Spec, plan: &Plan, run: RunOptions) -> Result<Receipt, EngineError> {
        belongs(spec, plan)?;
        if plan.is_refused() {
            return Err(EngineError::Refused(Box::new(plan.clone())));
        }
        let limits = plan.limits();
        let deadline = Instant::now() + Duration::from_secs(limits.timeout_secs);
        let mut repeated = 0;
        loop {
            let around = self.surroundings_of(limits, run.events.clone(), run.cancel.clone());
            let outcome = self.attempt(spec, plan, around, deadline).await;
            let error = match outcome {
                Err(error) if is_passing(&error, repeated) && repeated < limits.retries => error,
                outcome => return outcome,
            };
            let backoff = BACKOFF.saturating_mul(1 << repeated.min(8)).min(BACKOFF_MAX);
            repeated += 1;
            (run.events)(Event::Retrying {
                attempt: repeated,
                attempts_max: limits.retries,
                backoff_ms: u64::try_from(backoff.as_millis()).unwrap_or(u64::MAX),
                reason: reason(&error),
            });
            tokio::select! {
                () = run.cancel.cancelled() => return Err(EngineError::Cancelled),
                () = tokio::time::sleep_until(deadline.min(Instant::now() + backoff)) => {}
            }
        }
    }

    /// One attempt. Whatever ends it, both guests are gone afterwards, and what their connections left has been sent.
    async fn attempt(
        &self,
        spec: &Spec,
        plan: &Plan,
        around: Surroundings,
        deadline: Instant,
    ) -> Result<Receipt, EngineError> {
        let (cancel, aborts, gate) = (around.cancel.clone(), around.aborts.clone(), Arc::new(Gate::default()));
        let mut tasks = JoinSet::new();
        let attempt = Attempt::new(self, spec, plan, &around, gate.clone())?;
        let outcome = tokio::select! {
            // A wish that was there first comes first.
            biased;
            () = stopped(&gate, cancel.cancelled()) => Err(EngineError::Cancelled),
            () = stopped(&gate, tokio::time::sleep_until(deadline)) => {
                Err(EngineError::TimedOut { limit_secs: plan.limits().timeout_secs })
            }
            outcome = attempt.run(&mut tasks) => outcome,
        };
        tasks.shutdown().await;
        aborts.settle().await;
        outcome
    }
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

/// The same, done again, may succeed. Another run at work ends this one at once, since it makes its plan void; but after an
/// attempt that broke off it may be that attempt, whose session the server has not ended yet.
fn is_passing(error: &EngineError, repeated: u32) -> bool {
    error.connector().is_some_and(|error| error.retryable || (repeated > 0 && error.category == Category::Busy))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ConnectorError, Scope, Side};

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
