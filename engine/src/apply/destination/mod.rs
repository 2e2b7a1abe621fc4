//! The destination's side of a run: the transaction, the last look at the world, every stream's rows, the counts, the
//! receipt and the commit.

mod begin;
mod filling;
mod parts;

use super::{
    attempt::{Broken, GRACE, Identity, Task},
    channel::{Read, Receiver},
    checkpoint,
    commit::{self, Commit},
    gate::Gate,
    lanes::Spent,
    source::{Done, Seen, Start, farewell, not_prepared},
    verify,
};
use crate::{
    CpuSecs, DestinationPhases, EngineError, EnginePhases, Event, Phases, Receipt, StreamReceipt, fault,
    host::{Counted, DestinationGuest, Position, World as _},
    receipt::SCHEMA,
    usage,
};
use begin::Begun;
use filling::{Filling, Progress};
pub(super) use parts::{Lane, discard, lane};
use rapidbyte_plans::{
    observation::{End, TargetState},
    plan::StreamPlan,
};
use std::{sync::Arc, time::Duration};
use tokio::{sync::oneshot, time::timeout};

/// What connects this side with the other, and with its own lanes.
pub(super) struct Ways {
    pub(super) seen: oneshot::Receiver<Arc<Seen>>,
    pub(super) start: oneshot::Sender<Start>,
    pub(super) frames: Receiver,
    pub(super) done: oneshot::Receiver<Done>,
    pub(super) lanes: Vec<ToLane>,
}

/// What connects the side with another lane of it.
pub(super) struct ToLane {
    /// The load has begun.
    pub(super) load: oneshot::Sender<Load>,
    /// What it has used; it fails without a word.
    pub(super) done: oneshot::Receiver<Spent<DestinationPhases>>,
}

/// What lanes load.
#[derive(Clone)]
pub(super) struct Load {
    seen: Arc<Seen>,
    progress: Arc<Progress>,
}

/// The destination's side of an attempt.
struct Side {
    task: Task,
    identity: Identity,
    gate: Arc<Gate>,
    cpu: CpuSecs,
    filling: Filling,
    /// What the other lanes have used.
    spent: Vec<Spent<DestinationPhases>>,
    streams: Vec<StreamReceipt>,
    /// From where each stream goes on; none: from the beginning.
    after: Vec<Option<Position>>,
    /// Parts that an earlier attempt has loaded are among the rows.
    resumed: bool,
}

/// Runs the side. A failure rolls back in order where the guest still can.
pub(super) async fn run(
    task: Task,
    identity: Identity,
    (gate, cpu): (Arc<Gate>, CpuSecs),
    ways: Ways,
) -> Result<Receipt, Broken> {
    let Ways { seen, start, frames, done, lanes } = ways;
    let filling = Filling::new(&task, frames)?;
    let (spent, streams, after) = (Vec::new(), Vec::new(), Vec::new());
    let mut side = Side { task, identity, gate, cpu, filling, spent, streams, after, resumed: false };
    let (mut guest, end) = side.filling.open(&side.task).await?;
    let done = match side.fill(&mut guest, end, (seen, start, lanes), done).await {
        Ok(done) => done,
        Err(broken) => {
            roll_back(guest, &broken).await;
            return Err(broken);
        }
    };
    side.commit(guest, done).await
}

impl Side {
    /// Everything before the commit.
    async fn fill(
        &mut self,
        guest: &mut DestinationGuest,
        end: End,
        (seen, start, lanes): (oneshot::Receiver<Arc<Seen>>, oneshot::Sender<Start>, Vec<ToLane>),
        done: oneshot::Receiver<Done>,
    ) -> Result<Done, Broken> {
        let seen = seen.await.map_err(|_| Broken::Interrupted)?;
        self.filling.phases.receive_wait_secs += self.filling.laps.lap_secs();
        let Begun { mut targets, after } = self.begin(guest, end.clone(), &seen).await?;
        self.after.clone_from(&after);
        let loaded = self.load(guest, &seen).await?;
        self.filling.phases.setup_secs += self.filling.laps.lap_secs();
        self.filling.progress = Arc::new(Progress::new(&loaded, &seen));
        start.send(Start { after, loaded }).map_err(|_| Broken::Interrupted)?;
        if self.task.has_parts() {
            self.spent = self.filling.all_parts(guest, &seen, lanes).await?;
            // The world may have moved while they were loaded.
            targets = self.begin(guest, end, &seen).await?.targets;
            self.filling.phases.setup_secs += self.filling.laps.lap_secs();
        }
        let streams = self.task.streams.clone();
        for (at, (stream, target)) in streams.iter().zip(&targets).enumerate() {
            let filled = self.stream(guest, (at, stream), &seen.streams[at].schema, target).await;
            filled.map_err(|error| error.in_stream(&stream.stream))?;
        }
        let done = done.await.map_err(|_| Broken::Interrupted)?;
        self.filling.phases.receive_wait_secs += self.filling.laps.lap_secs();
        Ok(done)
    }

    async fn stream(
        &mut self,
        guest: &mut DestinationGuest,
        (at, stream): (usize, &StreamPlan),
        schema: &[u8],
        target: &TargetState,
    ) -> Result<(), Broken> {
        let prepared = stream.prepared.as_ref().ok_or_else(|| not_prepared(stream))?;
        guest.open_writer(&stream.write, &prepared.write, schema).await?;
        self.filling.phases.setup_secs += self.filling.laps.lap_secs();
        let read = self.filling.rows(guest, at).await?;
        let written = guest.finish().await?;
        self.filling.phases.finish_secs += self.filling.laps.lap_secs();
        let receipt = stream_receipt(stream, read, written, verify::compare(stream, target, read, written)?);
        self.streams.push(receipt);
        (self.task.around.events)(Event::StreamFinished {
            stream: stream.stream.clone(),
            rows: read.rows,
            rows_rejected: written.rows_rejected,
            bytes: read.bytes,
        });
        Ok(())
    }

    /// From here on nobody can stop the run.
    async fn commit(mut self, guest: DestinationGuest, done: Done) -> Result<Receipt, Broken> {
        if !self.gate.commit() {
            return Err(Broken::Interrupted);
        }
        let events = self.task.around.events.clone();
        fault::point(&["engine", "gate", "passed"]);
        events(Event::Committing);
        let lanes: Duration = self.spent.iter().map(|lane| lane.computed).sum();
        let computed = guest.computed() + done.computed + lanes;
        let checkpoints = checkpoint::moved(&self.task.streams, &self.after, &done.positions);
        checkpoint::tell(&mut self.streams, &self.after, &checkpoints);
        let (run, receipt) = (&self.identity.run, &self.receipt(&done, computed).json());
        let outcome = commit::run(guest, &self.task, &Commit { run, checkpoints: &checkpoints, receipt }).await?;
        self.filling.phases.commit_secs += self.filling.laps.lap_secs();
        fault::point(&["engine", "committed"]);
        events(Event::Committed { run: self.identity.run.clone() });
        let receipt = self.receipt(&done, computed);
        if let Some(guest) = outcome {
            farewell(guest, &self.task.around).await;
        }
        Ok(receipt)
    }

    /// The receipt as things stand. The source has been waiting since it was done.
    fn receipt(&self, done: &Done, computed: Duration) -> Receipt {
        let mut source = done.phases;
        source.emit_wait_secs += self.filling.laps.at().saturating_duration_since(done.at).as_secs_f64();
        let destination = self.mean();
        let engine = EnginePhases {
            compress_secs: source.compress_secs,
            decompress_secs: destination.decompress_secs,
            sandbox_secs: computed.as_secs_f64(),
        };
        Receipt {
            schema: SCHEMA,
            sync: self.identity.sync.clone(),
            run: self.identity.run.clone(),
            plan: self.identity.plan.clone(),
            outcome: "done",
            consistency: if self.resumed { "resumed" } else { "snapshot" },
            duration_secs: (self.filling.laps.at() - self.task.began).as_secs_f64(),
            peak_memory_bytes: usage::peak_memory_bytes(),
            cpu_secs: usage::cpu().since(self.cpu),
            streams: self.streams.clone(),
            phases: Phases { source, destination, engine },
        }
    }
}

impl Side {
    /// Over all lanes; whoever has ended waits until now.
    fn mean(&self) -> DestinationPhases {
        let waited = |lane: &Spent<DestinationPhases>| {
            let more = self.filling.laps.at().saturating_duration_since(lane.at).as_secs_f64();
            DestinationPhases { receive_wait_secs: lane.phases.receive_wait_secs + more, ..lane.phases }
        };
        let all: Vec<_> = std::iter::once(self.filling.phases).chain(self.spent.iter().map(waited)).collect();
        DestinationPhases::mean(&all)
    }
}

fn stream_receipt(stream: &StreamPlan, read: Read, written: Counted, verified: crate::Verified) -> StreamReceipt {
    StreamReceipt {
        stream: stream.stream.clone(),
        into: stream.write.target.to_string(),
        write: stream.write.disposition,
        strategy: stream.write.strategy,
        sync: if stream.read.window.is_some() { "incremental" } else { "full" },
        rows_read: read.rows,
        rows_written: written.rows_written,
        rows_rejected: written.rows_rejected,
        rejected_into: rejected_into(stream, written),
        bytes_read: read.bytes,
        bytes_written: written.bytes_written,
        batches: read.batches,
        cursor: None,
        verified,
    }
}

/// Where refused rows are to be found; none where there is none.
fn rejected_into(stream: &StreamPlan, written: Counted) -> Option<String> {
    let quarantine = stream.write.row_errors.as_ref()?.quarantine.as_ref()?;
    (written.rows_rejected > 0).then(|| quarantine.table.to_string())
}

/// In order where the guest is still able to; otherwise its connection is dropped, which rolls back as well.
async fn roll_back(mut guest: DestinationGuest, broken: &Broken) {
    let able = match broken {
        Broken::Interrupted => true,
        Broken::Failed(error) => !matches!(
            error,
            EngineError::Trap { .. }
                | EngineError::Deadline { .. }
                | EngineError::NoAnswer { .. }
                | EngineError::MemoryLimit { .. }
                | EngineError::NotGranted { .. }
                | EngineError::Contract { .. }
        ),
    };
    if able {
        // A rollback that fails, or takes too long, is the server's: dropping the connection asks for the same.
        let _ = timeout(GRACE, async {
            guest.abort().await?;
            guest.close().await
        })
        .await;
    }
}
