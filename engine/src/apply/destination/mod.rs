//! The destination's side of a run: the transaction, the last look at the world, every stream's rows, the counts, the
//! receipt and the commit.

mod begin;
mod parts;

use super::{
    attempt::{Broken, GRACE, Identity, Laps, Task},
    channel::{Item, Read, Receiver},
    checkpoint,
    codec::Unpacker,
    commit::{self, Commit},
    gate::Gate,
    source::{Done, Seen, Start, farewell, not_prepared},
    verify,
};
use crate::{
    CpuSecs, DestinationPhases, EngineError, EnginePhases, Event, Phases, Receipt, StreamReceipt,
    engine::Open,
    fault,
    host::{Counted, DestinationGuest, Frame, Position, World},
    receipt::SCHEMA,
    usage,
};
use begin::Begun;
pub(super) use parts::discard;
use rapidbyte_plans::{observation::TargetState, plan::StreamPlan};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{sync::oneshot, time::timeout};

/// How often progress is told: ten times a second is all that an eye sees.
const PROGRESS: Duration = Duration::from_millis(100);

/// What connects this side with the other.
pub(super) struct Ways {
    pub(super) seen: oneshot::Receiver<Seen>,
    pub(super) start: oneshot::Sender<Start>,
    pub(super) frames: Receiver,
    pub(super) done: oneshot::Receiver<Done>,
}

/// The destination's side, not begun.
pub(super) struct Side {
    task: Task,
    identity: Identity,
    gate: Arc<Gate>,
    cpu: CpuSecs,
    laps: Laps,
    phases: DestinationPhases,
    streams: Vec<StreamReceipt>,
    /// From where each stream goes on; none: from the beginning.
    after: Vec<Option<Position>>,
    /// Parts that an earlier attempt has loaded are among the rows.
    resumed: bool,
    so_far: SoFar,
}

/// What of a stream is written, and when that was told.
struct SoFar {
    told: Instant,
    rows: u64,
    bytes: u64,
}

impl SoFar {
    fn new(rows: u64) -> Self {
        Self { told: Instant::now(), rows, bytes: 0 }
    }
}

impl Side {
    pub(super) fn new(task: Task, identity: Identity, gate: Arc<Gate>, cpu: CpuSecs) -> Self {
        let laps = Laps::from(task.began);
        Self {
            task,
            identity,
            gate,
            cpu,
            laps,
            phases: DestinationPhases::default(),
            streams: Vec::new(),
            after: Vec::new(),
            resumed: false,
            so_far: SoFar::new(0),
        }
    }

    /// Runs the side. A failure rolls back in order where the guest still can.
    pub(super) async fn run(mut self, ways: Ways) -> Result<Receipt, Broken> {
        let Open { mut guest, end, load } =
            self.task.engine.open::<DestinationGuest>(&self.task.end, &self.task.around).await?;
        self.phases.module_load_secs = load.as_secs_f64();
        self.phases.connect_secs = self.laps.lap().saturating_sub(load).as_secs_f64();
        let done = match self.fill(&mut guest, end, ways).await {
            Ok(done) => done,
            Err(broken) => {
                roll_back(guest, &broken).await;
                return Err(broken);
            }
        };
        self.commit(guest, done).await
    }

    /// Everything before the commit.
    async fn fill(
        &mut self,
        guest: &mut DestinationGuest,
        end: rapidbyte_plans::observation::End,
        ways: Ways,
    ) -> Result<Done, Broken> {
        let Ways { seen, start, mut frames, done } = ways;
        let seen = seen.await.map_err(|_| Broken::Interrupted)?;
        self.phases.receive_wait_secs += self.laps.lap_secs();
        let Begun { mut targets, after } = self.begin(guest, end.clone(), &seen).await?;
        self.after.clone_from(&after);
        let loaded = self.load(guest, &seen).await?;
        self.phases.setup_secs += self.laps.lap_secs();
        start.send(Start { after, loaded: loaded.clone() }).map_err(|_| Broken::Interrupted)?;
        let mut unpacker = Unpacker::new(self.task.compression)?;
        if self.task.has_parts() {
            self.parts(guest, &seen, &loaded, &mut frames, &mut unpacker).await?;
            // The world may have moved while they were loaded.
            targets = self.begin(guest, end, &seen).await?.targets;
            self.phases.setup_secs += self.laps.lap_secs();
        }
        let streams = self.task.streams.clone();
        for ((stream, inspected), target) in streams.iter().zip(&seen.streams).zip(&targets) {
            let filled = self.stream(guest, stream, &inspected.schema, target, &mut frames, &mut unpacker).await;
            filled.map_err(|error| error.in_stream(&stream.stream))?;
        }
        let done = done.await.map_err(|_| Broken::Interrupted)?;
        self.phases.receive_wait_secs += self.laps.lap_secs();
        Ok(done)
    }

    async fn stream(
        &mut self,
        guest: &mut DestinationGuest,
        stream: &StreamPlan,
        schema: &[u8],
        target: &TargetState,
        frames: &mut Receiver,
        unpacker: &mut Unpacker,
    ) -> Result<(), Broken> {
        let prepared = stream.prepared.as_ref().ok_or_else(|| not_prepared(stream))?;
        guest.open_writer(&stream.write, &prepared.write, schema).await?;
        self.phases.setup_secs += self.laps.lap_secs();
        self.so_far = SoFar::new(0);
        let read = self.rows(guest, stream, frames, unpacker).await?;
        let written = guest.finish().await?;
        self.phases.finish_secs += self.laps.lap_secs();
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

    async fn rows(
        &mut self,
        guest: &mut DestinationGuest,
        stream: &StreamPlan,
        frames: &mut Receiver,
        unpacker: &mut Unpacker,
    ) -> Result<Read, Broken> {
        let mut buffer = Vec::new();
        loop {
            let item = frames.receive().await.ok_or(Broken::Interrupted)?;
            self.phases.receive_wait_secs += self.laps.lap_secs();
            let (batch_rows, packed, room) = match item {
                Item::Batch { rows, frame, room } => (rows, frame, room),
                Item::End(read) => return Ok(read),
            };
            let (frame, spare) = unpacker.unpack(packed, buffer)?;
            self.phases.decompress_secs += self.laps.lap_secs();
            self.so_far.rows += u64::from(batch_rows);
            self.so_far.bytes += frame.len() as u64;
            buffer = guest.write(Frame { rows: batch_rows, bytes: frame }).await?;
            drop(room);
            self.count_write(guest);
            match spare {
                Some(spare) => frames.give_back(spare),
                // Nothing is unpacked, so no buffer is wanted.
                None => buffer = Vec::new(),
            }
            if self.so_far.told.elapsed() >= PROGRESS {
                self.so_far.told = Instant::now();
                let SoFar { rows, bytes, .. } = self.so_far;
                (self.task.around.events)(Event::Progress { stream: stream.stream.clone(), rows, bytes });
            }
        }
    }

    fn count_write(&mut self, guest: &DestinationGuest) {
        let lap = self.laps.lap();
        let waited = guest.times().waited.min(lap);
        self.phases.flush_secs += waited.as_secs_f64();
        self.phases.arrow_decode_secs += lap.saturating_sub(waited).as_secs_f64();
    }

    /// From here on nobody can stop the run.
    async fn commit(mut self, guest: DestinationGuest, done: Done) -> Result<Receipt, Broken> {
        if !self.gate.commit() {
            return Err(Broken::Interrupted);
        }
        let events = self.task.around.events.clone();
        fault::point(&["engine", "gate", "passed"]);
        events(Event::Committing);
        let computed = guest.computed() + done.computed;
        let checkpoints = checkpoint::moved(&self.task.streams, &self.after, &done.positions);
        checkpoint::tell(&mut self.streams, &self.after, &checkpoints);
        let (run, receipt) = (&self.identity.run, &self.receipt(&done, computed).json());
        let outcome = commit::run(guest, &self.task, &Commit { run, checkpoints: &checkpoints, receipt }).await?;
        self.phases.commit_secs += self.laps.lap_secs();
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
        source.emit_wait_secs += self.laps.at().saturating_duration_since(done.at).as_secs_f64();
        let engine = EnginePhases {
            compress_secs: source.compress_secs,
            decompress_secs: self.phases.decompress_secs,
            sandbox_secs: computed.as_secs_f64(),
        };
        Receipt {
            schema: SCHEMA,
            sync: self.identity.sync.clone(),
            run: self.identity.run.clone(),
            plan: self.identity.plan.clone(),
            outcome: "done",
            consistency: if self.resumed { "resumed" } else { "snapshot" },
            duration_secs: (self.laps.at() - self.task.began).as_secs_f64(),
            peak_memory_bytes: usage::peak_memory_bytes(),
            cpu_secs: usage::cpu().since(self.cpu),
            streams: self.streams.clone(),
            phases: Phases { source, destination: self.phases, engine },
        }
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
