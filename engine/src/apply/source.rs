//! The source's side of a run: one snapshot, every stream inspected in it, then the rows of one stream after the other
//! into the channel.

use super::{
    attempt::{Broken, Laps, Task, random_name},
    channel::{Read, Sender},
    codec::Packer,
};
use crate::{
    EngineError, Event, Level, SourcePhases,
    engine::Open,
    host::{Inspected, Position, SourceGuest, Surroundings, World},
};
use rapidbyte_plans::{decision::Relation, observation::End, plan::StreamPlan};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};
use tokio::sync::oneshot;

/// What a session may have to read for nothing before it can be gone on with: some seconds.
const PASSED_OVER_BYTES_MAX: u64 = 512 << 20;

/// What the source saw inside its snapshot.
pub(super) struct Seen {
    /// What is loaded from this snapshot in parts is called so.
    pub(super) load: String,
    pub(super) end: End,
    /// In the order of the plan.
    pub(super) streams: Vec<Inspected>,
    /// The rows of each part that was read before, by its stream's place in the plan.
    pub(super) rows: BTreeMap<(usize, u32), u64>,
}

/// From where the streams are read, in the order of the plan.
pub(super) struct Start {
    /// Where an incremental one goes on; none: from the beginning.
    pub(super) after: Vec<Option<Position>>,
    /// The parts that the destination has already.
    pub(super) loaded: Vec<BTreeSet<u32>>,
}

/// A source with its snapshot, which outlives an attempt that the destination has broken off.
pub(super) struct Held {
    guest: SourceGuest,
    load: String,
    end: End,
    streams: Vec<Inspected>,
    /// What was read of each part of a stream, by its place in the plan.
    parts: BTreeMap<(usize, u32), Read>,
    /// The stream whose rows are on their way, but in parts.
    reading: Option<usize>,
}

/// What became of the source's side.
pub(super) struct Done {
    pub(super) phases: SourcePhases,
    pub(super) computed: Duration,
    /// From here on it waits.
    pub(super) at: Instant,
    /// Where each stream stands now; none: it is not incremental. In the order of the plan.
    pub(super) positions: Vec<Option<Position>>,
}

/// What connects this side with the other.
pub(super) struct Ways {
    pub(super) seen: oneshot::Sender<Seen>,
    /// The other side has begun its run, and nothing has moved: from where each stream goes on.
    pub(super) start: oneshot::Receiver<Start>,
    pub(super) frames: Sender,
    pub(super) done: oneshot::Sender<Done>,
}

/// Runs the source's side. Interrupted, it gives its snapshot back.
pub(super) async fn run(task: Task, held: Option<Box<Held>>, ways: Ways) -> (Result<(), Broken>, Option<Box<Held>>) {
    let mut side = Reading { laps: Laps::from(task.began), phases: SourcePhases::default() };
    let held = match held {
        Some(held) => side.go_on(held, &task).await,
        None => side.open(&task).await.map(Box::new),
    };
    let mut held = match held {
        Ok(held) => held,
        Err(error) => return (Err(error.into()), None),
    };
    let (computed, Ways { seen, start, mut frames, done }) = (held.guest.computed(), ways);
    let read = async {
        seen.send(held.seen()).map_err(|_| Broken::Interrupted)?;
        let start = start.await.map_err(|_| Broken::Interrupted)?;
        side.phases.emit_wait_secs += side.laps.lap_secs();
        side.streams(&task, &mut held, &start, &mut frames).await
    };
    let positions = match read.await {
        Ok(positions) => positions,
        Err(Broken::Interrupted) => {
            return (Err(Broken::Interrupted), held.can_settle().then_some(held));
        }
        Err(failed) => return (Err(failed), None),
    };
    let computed = held.guest.computed().saturating_sub(computed);
    // What is loaded in parts may have to be gone on from until it is committed.
    let held = if task.has_parts() {
        Some(held)
    } else {
        held.end(&task.around).await;
        None
    };
    side.phases.connect_secs += side.laps.lap_secs();
    let sent = done.send(Done { phases: side.phases, computed, at: Instant::now(), positions });
    (sent.map_err(|_| Broken::Interrupted), held)
}

impl Held {
    fn seen(&self) -> Seen {
        let rows = self.parts.iter().map(|(part, read)| (*part, read.rows)).collect();
        Seen { load: self.load.clone(), end: self.end.clone(), streams: self.streams.clone(), rows }
    }

    /// Rows that are on their way are few enough to be passed over: those of a part are.
    fn can_settle(&self) -> bool {
        let bytes = |at: usize| {
            let statistics = self.streams.get(at)?.stream.statistics;
            statistics.rows?.checked_mul(statistics.bytes_per_row?.into())
        };
        self.reading.is_none_or(|at| bytes(at).is_some_and(|bytes| bytes <= PASSED_OVER_BYTES_MAX))
    }

    /// Nobody goes on from it.
    pub(super) async fn end(self, around: &Surroundings) {
        farewell(self.guest, around).await;
    }

    /// What was read of all parts of a stream.
    fn whole(&self, at: usize) -> Read {
        let of = self.parts.range((at, 0)..=(at, u32::MAX)).map(|(_, read)| *read);
        of.fold(Read::default(), |sum, read| Read {
            rows: sum.rows + read.rows,
            bytes: sum.bytes + read.bytes,
            batches: sum.batches + read.batches,
            checksum: None,
        })
    }
}

/// The time of this side.
struct Reading {
    laps: Laps,
    phases: SourcePhases,
}

impl Reading {
    async fn open(&mut self, task: &Task) -> Result<Held, EngineError> {
        let Open { mut guest, end, load } = task.engine.open::<SourceGuest>(&task.end, &task.around).await?;
        self.phases.module_load_secs = load.as_secs_f64();
        self.phases.connect_secs = self.laps.lap().saturating_sub(load).as_secs_f64();
        let streams = inspect(&mut guest, &task.streams).await?;
        self.phases.query_secs += self.laps.lap_secs();
        Ok(Held { guest, load: random_name()?, end, streams, parts: BTreeMap::new(), reading: None })
    }

    /// The snapshot that was held, or another one where it is lost.
    async fn go_on(&mut self, mut held: Box<Held>, task: &Task) -> Result<Box<Held>, EngineError> {
        let lost = match held.guest.settle().await {
            Ok(()) => {
                self.phases.connect_secs = self.laps.lap_secs();
                return Ok(held);
            }
            Err(lost) => lost,
        };
        let message = format!("the snapshot is lost, and the load begins anew: {lost}");
        (task.around.events)(Event::Log { side: Some(SourceGuest::SIDE), level: Level::Warn, message });
        self.open(task).await.map(Box::new)
    }

    /// Parts first: they are committed one by one, before the run's own transaction.
    async fn streams(
        &mut self,
        task: &Task,
        held: &mut Held,
        start: &Start,
        frames: &mut Sender,
    ) -> Result<Vec<Option<Position>>, Broken> {
        let mut packer = Packer::new(task.compression)?;
        let mut pump = Pump { held, laps: &mut self.laps, phases: &mut self.phases, packer: &mut packer };
        let streams = || task.streams.iter().zip(&start.loaded).enumerate();
        for (at, (stream, loaded)) in streams().filter(|(_, (stream, _))| stream.write.parts) {
            task.announce(stream);
            let read = pump.parts(at, stream, loaded, frames).await;
            read.map_err(|error| error.in_stream(&stream.stream))?;
        }
        let mut positions = Vec::with_capacity(task.streams.len());
        for ((at, (stream, _)), after) in streams().zip(&start.after) {
            if !stream.write.parts {
                task.announce(stream);
            }
            let moved = pump.stream(at, stream, after.as_ref(), frames).await;
            positions.push(moved.map_err(|error| error.in_stream(&stream.stream))?);
        }
        Ok(positions)
    }
}

impl Task {
    fn announce(&self, stream: &StreamPlan) {
        (self.around.events)(Event::StreamStarted {
            stream: stream.stream.clone(),
            into: stream.write.target.to_string(),
            rows_estimate: stream.estimates.rows,
        });
    }
}

/// Every row is out and counted: a server that does not take the farewell changes nothing.
pub(super) async fn farewell<W: World>(guest: W, around: &Surroundings) {
    if let Err(error) = guest.close().await {
        let message = format!("the session did not end in order: {error}");
        (around.events)(Event::Log { side: Some(W::SIDE), level: Level::Warn, message });
    }
}

/// Takes the snapshot over everything that will be read, and looks at it inside.
async fn inspect(guest: &mut SourceGuest, streams: &[StreamPlan]) -> Result<Vec<Inspected>, EngineError> {
    let relations: Vec<&Relation> = streams.iter().map(|stream| &stream.read.selection.relation).collect();
    guest.open_snapshot(&relations).await?;
    let mut seen = Vec::with_capacity(streams.len());
    for stream in streams {
        let inspected = guest.inspect(&stream.read.selection, None).await;
        seen.push(inspected.map_err(|error| error.in_stream(&stream.stream))?);
    }
    Ok(seen)
}

/// Moves streams into the channel.
struct Pump<'a> {
    held: &'a mut Held,
    laps: &'a mut Laps,
    phases: &'a mut SourcePhases,
    packer: &'a mut Packer,
}

impl Pump<'_> {
    /// The parts of a stream that the destination does not have.
    async fn parts(
        &mut self,
        at: usize,
        stream: &StreamPlan,
        loaded: &BTreeSet<u32>,
        frames: &mut Sender,
    ) -> Result<(), Broken> {
        let prepared = &stream.prepared.as_ref().ok_or_else(|| not_prepared(stream))?.read;
        for (part, statement) in (0..).zip(&prepared.statements) {
            if loaded.contains(&part) {
                continue;
            }
            let mut read = Read::default();
            self.read(at, stream, statement, None, (&mut read, frames)).await?;
            self.held.parts.insert((at, part), read);
            frames.end(read).await?;
            self.phases.emit_wait_secs += self.laps.lap_secs();
        }
        Ok(())
    }

    /// Where the stream stands afterwards, if it is incremental. One in parts was read before.
    async fn stream(
        &mut self,
        at: usize,
        stream: &StreamPlan,
        after: Option<&Position>,
        frames: &mut Sender,
    ) -> Result<Option<Position>, Broken> {
        let prepared = &stream.prepared.as_ref().ok_or_else(|| not_prepared(stream))?.read;
        let position = match (&stream.read.window, &prepared.position) {
            (Some(window), Some(statement)) => Some(self.held.guest.position(window, statement, after).await?),
            (None, None) => None,
            _ => return Err(not_prepared(stream).into()),
        };
        let mut read = self.held.whole(at);
        self.held.reading = Some(at);
        for statement in prepared.statements.iter().filter(|_| !stream.write.parts) {
            self.read(at, stream, statement, after, (&mut read, frames)).await?;
        }
        self.held.reading = None;
        if let Some(statement) = &prepared.checksum {
            read.checksum = Some(self.held.guest.checksum(statement).await?);
            self.phases.query_secs += self.laps.lap_secs();
        }
        frames.end(read).await?;
        self.phases.emit_wait_secs += self.laps.lap_secs();
        Ok(position)
    }

    async fn read(
        &mut self,
        at: usize,
        stream: &StreamPlan,
        statement: &str,
        after: Option<&Position>,
        (read, frames): (&mut Read, &mut Sender),
    ) -> Result<(), Broken> {
        let schema = &self.held.streams[at].schema;
        self.held.guest.read(&stream.read, statement, after, schema).await?;
        self.phases.query_secs += self.laps.lap_secs();
        self.rows(read, frames).await
    }

    async fn rows(&mut self, read: &mut Read, frames: &mut Sender) -> Result<(), Broken> {
        loop {
            let frame = self.held.guest.next().await?;
            let lap = self.laps.lap();
            let waited = self.held.guest.times().waited.min(lap);
            self.phases.fetch_secs += waited.as_secs_f64();
            self.phases.arrow_encode_secs += lap.saturating_sub(waited).as_secs_f64();
            let Some(frame) = frame else { return Ok(()) };
            read.rows += u64::from(frame.rows);
            read.bytes += frame.bytes.len() as u64;
            read.batches += 1;
            let packed = self.packer.pack(frame.bytes, frames.spare())?;
            self.phases.compress_secs += self.laps.lap_secs();
            frames.send(frame.rows, packed).await?;
            self.phases.emit_wait_secs += self.laps.lap_secs();
        }
    }
}

/// A plan without refusals has statements for each stream; its linter says so.
pub(super) fn not_prepared(stream: &StreamPlan) -> EngineError {
    EngineError::Defect(format!("the plan has no statements for stream {}", stream.stream))
}
