//! The source's side of a run: one snapshot, every stream inspected in it, then the rows of one stream after the other
//! into the channel. Parts of streams go first, on several lanes where the plan has so many.

mod lane;
mod pump;

use super::{
    attempt::{Broken, Laps, Task, random_name},
    channel::Sender,
    codec::Packer,
    lanes::{Ledger, Part, Queue, Spent},
};
use crate::{
    EngineError, Event, Level, SourcePhases,
    engine::Open,
    host::{Bounds, Inspected, Position, SourceGuest, Surroundings, World},
};
pub(super) use lane::{Lane, lane};
use pump::Pump;
use rapidbyte_plans::{
    decision::{Relation, Selection},
    observation::End,
    plan::StreamPlan,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
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
    pub(super) streams: Arc<[Inspected]>,
    /// The rows of each part that was read before.
    pub(super) rows: BTreeMap<Part, u64>,
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
    /// By which other sessions join the snapshot.
    token: String,
    end: End,
    streams: Arc<[Inspected]>,
    /// Of streams whose parts are ranges of a key, by their place in the plan.
    bounds: BTreeMap<usize, Bounds>,
    ledger: Ledger,
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

/// What connects this side with the other, and with its own lanes.
pub(super) struct Ways {
    pub(super) seen: oneshot::Sender<Arc<Seen>>,
    /// The other side has begun its run, and nothing has moved: from where each stream goes on.
    pub(super) start: oneshot::Receiver<Start>,
    pub(super) frames: Sender,
    pub(super) done: oneshot::Sender<Done>,
    pub(super) lanes: Vec<ToLane>,
}

/// What connects the side with another lane of it.
pub(super) struct ToLane {
    pub(super) work: oneshot::Sender<Arc<Work>>,
    /// What it has used; it fails without a word.
    pub(super) done: oneshot::Receiver<Spent<SourcePhases>>,
}

/// What the lanes read.
pub(super) struct Work {
    token: String,
    streams: Arc<[Inspected]>,
    bounds: BTreeMap<usize, Bounds>,
    queue: Queue,
    ledger: Ledger,
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
    let computed = held.guest.computed();
    let Ways { seen, start, frames, done, lanes } = ways;
    let Reading { laps, phases } = side;
    let read = async {
        let mut pump = Pump { frames, packer: Packer::new(task.compression)?, laps, phases };
        seen.send(held.seen()).map_err(|_| Broken::Interrupted)?;
        let start = start.await.map_err(|_| Broken::Interrupted)?;
        pump.phases.emit_wait_secs += pump.laps.lap_secs();
        let spent = pump.all_parts(&task, &mut held, &start, lanes).await?;
        let positions = pump.streams(&task, &mut held, &start).await?;
        Ok((pump, spent, positions))
    };
    let (mut pump, spent, positions) = match read.await {
        Ok(read) => read,
        Err(Broken::Interrupted) => {
            return (Err(Broken::Interrupted), held.can_settle().then_some(held));
        }
        Err(failed) => return (Err(failed), None),
    };
    let lanes: Duration = spent.iter().map(|lane| lane.computed).sum();
    let computed = held.guest.computed().saturating_sub(computed) + lanes;
    // What is loaded in parts may have to be gone on from until it is committed.
    let held = if task.has_parts() {
        Some(held)
    } else {
        held.end(&task.around).await;
        None
    };
    pump.phases.connect_secs += pump.laps.lap_secs();
    let at = pump.laps.at();
    let phases = mean(pump.phases, &spent, at);
    let told = done.send(Done { phases, computed, at, positions });
    (told.map_err(|_| Broken::Interrupted), held)
}

/// Over all lanes; whoever has ended before `at` waits until then.
fn mean(own: SourcePhases, lanes: &[Spent<SourcePhases>], at: Instant) -> SourcePhases {
    let waited = |lane: &Spent<SourcePhases>| {
        let more = at.saturating_duration_since(lane.at).as_secs_f64();
        SourcePhases { emit_wait_secs: lane.phases.emit_wait_secs + more, ..lane.phases }
    };
    let all: Vec<SourcePhases> = std::iter::once(own).chain(lanes.iter().map(waited)).collect();
    SourcePhases::mean(&all)
}

impl Held {
    fn seen(&self) -> Arc<Seen> {
        let (load, end, streams) = (self.load.clone(), self.end.clone(), self.streams.clone());
        Arc::new(Seen { load, end, streams, rows: self.ledger.rows() })
    }

    /// Rows that are on their way are few enough to be passed over: those of a part are.
    fn can_settle(&self) -> bool {
        let bytes = |at: usize| {
            let statistics = self.streams.get(at)?.stream.statistics;
            statistics.rows?.checked_mul(statistics.bytes_per_row?.into())
        };
        // A range of a key may have nearly all rows of its stream.
        let large = self.reading.into_iter().chain(self.bounds.keys().copied());
        large.into_iter().all(|at| bytes(at).is_some_and(|bytes| bytes <= PASSED_OVER_BYTES_MAX))
    }

    /// Nobody goes on from it.
    pub(super) async fn end(self, around: &Surroundings) {
        farewell(self.guest, around).await;
    }

    /// Asks once for the bounds between parts that are ranges of a key: all lanes, and whoever goes on, read between the same ones.
    async fn ask_bounds(&mut self, streams: &[StreamPlan]) -> Result<(), Broken> {
        for (at, stream) in streams.iter().enumerate() {
            let prepared = stream.prepared.as_ref().ok_or_else(|| not_prepared(stream))?;
            if let Some(statement) = prepared.read.bounds.as_ref().filter(|_| !self.bounds.contains_key(&at)) {
                let bounds = self.guest.bounds(statement, stream.read.partitions).await;
                self.bounds.insert(at, bounds.map_err(|error| error.in_stream(&stream.stream))?);
            }
        }
        Ok(())
    }

    /// The parts that the destination does not have, for all lanes.
    fn work(&self, streams: &[StreamPlan], start: &Start) -> Arc<Work> {
        let of = |(at, (stream, loaded)): (usize, (&StreamPlan, &BTreeSet<u32>))| {
            let parts = if stream.write.parts { 0..stream.read.partitions } else { 0..0 };
            parts.filter(|part| !loaded.contains(part)).map(|part| (at, part)).collect::<Vec<_>>()
        };
        let queue = Queue::new(streams.iter().zip(&start.loaded).enumerate().flat_map(of));
        let (token, streams, ledger) = (self.token.clone(), self.streams.clone(), self.ledger.clone());
        Arc::new(Work { token, streams, bounds: self.bounds.clone(), queue, ledger })
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
        let token = guest.open_snapshot(&relations(&task.streams)).await?;
        let streams = inspect(&mut guest, &task.streams).await?.into();
        self.phases.query_secs += self.laps.lap_secs();
        let (load, bounds, ledger) = (random_name()?, BTreeMap::new(), Ledger::default());
        Ok(Held { guest, load, token, end, streams, bounds, ledger, reading: None })
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

/// What the snapshot is taken over.
fn relations(streams: &[StreamPlan]) -> Vec<&Relation> {
    streams.iter().map(|stream| &stream.read.selection.relation).collect()
}

/// Looks at everything that will be read, inside the snapshot.
async fn inspect(guest: &mut SourceGuest, streams: &[StreamPlan]) -> Result<Vec<Inspected>, EngineError> {
    let mut seen = Vec::with_capacity(streams.len());
    for stream in streams {
        // Whether ranges could be read concerns those who plan to.
        let ranges = stream.read.selection.ranges.clone().filter(|_| stream.read.partition_key.is_some());
        let inspected = guest.inspect(&Selection { ranges, ..stream.read.selection.clone() }, None).await;
        seen.push(inspected.map_err(|error| error.in_stream(&stream.stream))?);
    }
    Ok(seen)
}

/// A plan without refusals has statements for each stream; its linter says so.
pub(super) fn not_prepared(stream: &StreamPlan) -> EngineError {
    EngineError::Defect(format!("the plan has no statements for stream {}", stream.stream))
}
