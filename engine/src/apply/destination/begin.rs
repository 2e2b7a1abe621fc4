//! The beginning of a run at the destination: its transaction, and the last look at the world inside it.

use super::{Seen, Side};
use crate::{
    EngineError,
    host::{Checkpoint, DestinationGuest, Inspected, Position, RunStart},
};
use rapidbyte_plans::{
    decision::{Disposition, LOCK_TIMEOUT_SECS, Phase, Statement, WriteDecision},
    drift,
    name::ObjectName,
    observation::{End, Observation, StreamObservation, TargetState},
    plan::StreamPlan,
    spent::spent,
};

/// What the destination's transaction saw when it began, in the order of the plan.
pub(super) struct Begun {
    pub(super) targets: Vec<TargetState>,
    /// From where each stream goes on; none: from the beginning.
    pub(super) after: Vec<Option<Position>>,
}

impl Side {
    /// Begins the transaction, and looks at the world inside it: where anything has moved, no table is touched.
    pub(super) async fn begin(
        &self,
        guest: &mut DestinationGuest,
        end: End,
        seen: &Seen,
    ) -> Result<Begun, EngineError> {
        let planned = &self.identity.planned;
        let bookkeeping = drift::bookkeeping(&planned.bookkeeping, &guest.bookkeeping().await?)?;
        guest.begin(&self.start(bookkeeping)).await?;
        let last_run = guest.last_run(&self.identity.sync).await?;
        if let Some(spent) = spent(planned.last_run.as_ref(), last_run.as_ref(), &self.identity.plan) {
            return Err(EngineError::Spent(spent));
        }
        let (mut streams, mut after) = (Vec::with_capacity(self.task.streams.len()), Vec::new());
        for (stream, inspected) in self.task.streams.iter().zip(&*seen.streams) {
            let found = self.look(guest, stream, inspected).await;
            let (found, position) = found.map_err(|error| error.in_stream(&stream.stream))?;
            streams.push(found);
            after.push(position);
        }
        let (source, bookkeeping) = (seen.end.clone(), planned.bookkeeping.clone());
        // The catalogue is not looked at again.
        let (columnless, cores) = (planned.columnless.clone(), planned.cores);
        let now = Observation { source, destination: end, bookkeeping, last_run, streams, columnless, cores };
        let now = drift::as_needed(planned, &self.task.streams, now);
        match drift::compare(planned, &now) {
            moved if moved.is_empty() => {
                Ok(Begun { targets: now.streams.into_iter().map(|stream| stream.target).collect(), after })
            }
            moved => Err(EngineError::Drift(moved)),
        }
    }

    fn start<'a>(&'a self, bookkeeping: &'a [Statement]) -> RunStart<'a> {
        let prepared = self.task.streams.iter().filter_map(|stream| stream.prepared.as_ref());
        let holds = prepared.flat_map(|prepared| &prepared.write.statements);
        RunStart {
            run: &self.identity.run,
            sync: &self.identity.sync,
            plan: &self.identity.plan,
            bookkeeping,
            holds: holds.filter(|statement| statement.phase == Phase::Hold).cloned().collect(),
            lock_timeout_ms: LOCK_TIMEOUT_SECS * 1_000,
        }
    }

    /// What is there of a stream, and from where it goes on.
    async fn look(
        &self,
        guest: &mut DestinationGuest,
        stream: &StreamPlan,
        inspected: &Inspected,
    ) -> Result<(StreamObservation, Option<Position>), EngineError> {
        let planned = &self.identity.planned;
        let target = guest.inspect(&self.identity.sync, &stream.write.target, &inspected.schema).await?;
        let target = as_minded(planned, stream, target);
        let known = self.checkpoint(guest, stream).await?;
        let resumes = stream.read.window.as_ref().is_some_and(|window| window.resumes);
        let after = known.as_ref().filter(|_| resumes).map(|known| known.position.clone());
        let (stream, source) = (stream.stream.clone(), inspected.stream.clone());
        let (ignored, checkpoint) = (ignored(planned, &stream), known.map(|known| known.seen));
        let quarantine = match quarantine(planned, &stream) {
            Some(table) => Some(guest.quarantine(table).await?),
            None => None,
        };
        Ok((StreamObservation { stream, source, target, ignored, checkpoint, quarantine }, after))
    }

    /// What is remembered of a stream.
    async fn checkpoint(
        &self,
        guest: &mut DestinationGuest,
        stream: &StreamPlan,
    ) -> Result<Option<Checkpoint>, EngineError> {
        match &stream.read.window {
            Some(_) => guest.checkpoint(&self.identity.sync, &stream.stream, &stream.write.target).await,
            None => Ok(None),
        }
    }
}

/// Whose rows a table holds matters where they are replaced or the table is altered; elsewhere none is lost. The server's
/// statistics, from which it is told, count rows of runs that were rolled back as well, such as an attempt's before this one.
fn minds_who_changed_rows(write: &WriteDecision) -> bool {
    let removes = matches!(write.disposition, Disposition::Replace | Disposition::Sweep) && write.marks.is_none();
    removes || !write.changes.is_empty()
}

/// The target, its rows taken for whose the plan took them where that does not matter, or where records that lacked something
/// told the plan nothing: they are whole since this run's bookkeeping, be it of the attempt before.
fn as_minded(planned: &Observation, stream: &StreamPlan, mut target: TargetState) -> TargetState {
    let Some(seen) = planned.streams.iter().find(|seen| seen.stream == stream.stream) else { return target };
    let (filled_by_us, changed_by_others) = (seen.target.filled_by_us, seen.target.changed_by_others);
    let knew = planned.bookkeeping.is_empty() || filled_by_us || changed_by_others;
    if !knew || !minds_who_changed_rows(&stream.write) {
        (target.filled_by_us, target.changed_by_others) = (filled_by_us, changed_by_others);
    }
    target
}

/// What the plan leaves out is not looked at again.
fn ignored(planned: &Observation, stream: &str) -> Vec<String> {
    let seen = planned.streams.iter().find(|seen| seen.stream == stream);
    seen.map_or_else(Vec::new, |seen| seen.ignored.clone())
}

/// The table for refused rows that the plan saw.
fn quarantine<'p>(planned: &'p Observation, stream: &str) -> Option<&'p ObjectName> {
    let seen = planned.streams.iter().find(|seen| seen.stream == stream)?;
    seen.quarantine.as_ref().map(|quarantine| &quarantine.name)
}
