//! Moves rows from the channel of one lane into a destination: those of parts, and of whole streams.

use super::{Load, ToLane};
use crate::{
    DestinationPhases, EngineError, Event, EventSink,
    apply::{
        attempt::{Broken, Laps, Task},
        channel::{Item, Read, Receiver},
        codec::Unpacker,
        lanes::{Part, Spent},
        source::{Seen, not_prepared},
        verify,
    },
    engine::Open,
    host::{DestinationGuest, Frame, World},
};
use rapidbyte_plans::{observation::End, plan::StreamPlan};
use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// How often progress is told: ten times a second is all that an eye sees.
const PROGRESS: Duration = Duration::from_millis(100);

/// What of each stream is written, by all lanes, and when that was told.
#[derive(Default)]
pub(super) struct Progress {
    told: Mutex<Option<Instant>>,
    /// Rows and bytes, in the order of the plan.
    so_far: Vec<(AtomicU64, AtomicU64)>,
}

impl Progress {
    /// From the parts on that are loaded already.
    pub(super) fn new(loaded: &[BTreeSet<u32>], seen: &Seen) -> Self {
        let rows = |(at, loaded): (usize, &BTreeSet<u32>)| {
            let rows = loaded.iter().filter_map(|part| seen.rows.get(&(at, *part))).sum::<u64>();
            (rows.into(), AtomicU64::default())
        };
        Self { told: Mutex::default(), so_far: loaded.iter().enumerate().map(rows).collect() }
    }

    /// Adds to a stream; all of it, where it is time to tell.
    fn add(&self, at: usize, rows: u32, bytes: usize) -> Option<(u64, u64)> {
        let (all_rows, all_bytes) = self.so_far.get(at)?;
        let rows = all_rows.fetch_add(rows.into(), Ordering::Relaxed) + u64::from(rows);
        let bytes = all_bytes.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64;
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let is_time = told.get_or_insert_with(Instant::now).elapsed() >= PROGRESS;
        is_time.then(|| {
            *told = Some(Instant::now());
            (rows, bytes)
        })
    }
}

/// One lane's end at the destination.
pub(super) struct Filling {
    streams: Arc<[StreamPlan]>,
    events: EventSink,
    frames: Receiver,
    unpacker: Unpacker,
    pub(super) progress: Arc<Progress>,
    pub(super) laps: Laps,
    pub(super) phases: DestinationPhases,
}

impl Filling {
    pub(super) fn new(task: &Task, frames: Receiver) -> Result<Self, EngineError> {
        Ok(Self {
            streams: task.streams.clone(),
            events: task.around.events.clone(),
            frames,
            unpacker: Unpacker::new(task.compression)?,
            progress: Arc::default(),
            laps: Laps::from(task.began),
            phases: DestinationPhases::default(),
        })
    }

    pub(super) async fn open(&mut self, task: &Task) -> Result<(DestinationGuest, End), EngineError> {
        let Open { guest, end, load } = task.engine.open::<DestinationGuest>(&task.end, &task.around).await?;
        self.phases.module_load_secs = load.as_secs_f64();
        self.phases.connect_secs = self.laps.lap().saturating_sub(load).as_secs_f64();
        Ok((guest, end))
    }

    /// The parts that are missing, each in a transaction of its own, by this lane and the others; what these have used.
    pub(super) async fn all_parts(
        &mut self,
        guest: &mut DestinationGuest,
        seen: &Arc<Seen>,
        lanes: Vec<ToLane>,
    ) -> Result<Vec<Spent<DestinationPhases>>, Broken> {
        let mut done = Vec::with_capacity(lanes.len());
        for lane in lanes {
            // One that has given up does not hear it.
            let _ = lane.load.send(Load { seen: seen.clone(), progress: self.progress.clone() });
            done.push(lane.done);
        }
        if !self.parts(guest, seen).await? {
            return Err(Broken::Interrupted);
        }
        let mut spent = Vec::with_capacity(done.len());
        for lane in done {
            spent.push(lane.await.map_err(|_| Broken::Interrupted)?);
        }
        self.phases.receive_wait_secs += self.laps.lap_secs();
        Ok(spent)
    }

    /// Parts, as they come; false: the source is gone.
    pub(super) async fn parts(&mut self, guest: &mut DestinationGuest, seen: &Seen) -> Result<bool, Broken> {
        let streams = self.streams.clone();
        loop {
            let item = self.frames.receive().await;
            self.phases.receive_wait_secs += self.laps.lap_secs();
            match item {
                Some(Item::Part(part)) => {
                    let stream = &streams[part.0];
                    let filled = self.part(guest, stream, part, &seen.streams[part.0].schema).await;
                    filled.map_err(|error| error.in_stream(&stream.stream))?;
                }
                Some(Item::NoParts) => return Ok(true),
                Some(Item::Batch { .. } | Item::End(_)) => return Err(out_of_turn().into()),
                None => return Ok(false),
            }
        }
    }

    async fn part(
        &mut self,
        guest: &mut DestinationGuest,
        stream: &StreamPlan,
        (at, part): Part,
        schema: &[u8],
    ) -> Result<(), Broken> {
        let prepared = stream.prepared.as_ref().ok_or_else(|| not_prepared(stream))?;
        guest.open_part(&stream.write, &prepared.write, schema, part).await?;
        self.phases.setup_secs += self.laps.lap_secs();
        let read = self.rows(guest, at).await?;
        let written = guest.finish().await?;
        self.phases.finish_secs += self.laps.lap_secs();
        verify::part(stream, read, written)?;
        Ok(())
    }

    /// The rows of a stream, or of its part, into the writer that is open.
    pub(super) async fn rows(&mut self, guest: &mut DestinationGuest, at: usize) -> Result<Read, Broken> {
        let mut buffer = Vec::new();
        loop {
            let item = self.frames.receive().await.ok_or(Broken::Interrupted)?;
            self.phases.receive_wait_secs += self.laps.lap_secs();
            let (rows, packed, room) = match item {
                Item::Batch { rows, frame, room } => (rows, frame, room),
                Item::End(read) => return Ok(read),
                Item::Part(_) | Item::NoParts => return Err(out_of_turn().into()),
            };
            let (frame, spare) = self.unpacker.unpack(packed, buffer)?;
            self.phases.decompress_secs += self.laps.lap_secs();
            let bytes = frame.len();
            buffer = guest.write(Frame { rows, bytes: frame }).await?;
            drop(room);
            self.count_write(guest);
            match spare {
                Some(spare) => self.frames.give_back(spare),
                // Nothing is unpacked, so no buffer is wanted.
                None => buffer = Vec::new(),
            }
            if let Some((rows, bytes)) = self.progress.add(at, rows, bytes) {
                (self.events)(Event::Progress { stream: self.streams[at].stream.clone(), rows, bytes });
            }
        }
    }

    fn count_write(&mut self, guest: &DestinationGuest) {
        let lap = self.laps.lap();
        let waited = guest.times().waited.min(lap);
        self.phases.flush_secs += waited.as_secs_f64();
        self.phases.arrow_decode_secs += lap.saturating_sub(waited).as_secs_f64();
    }
}

fn out_of_turn() -> EngineError {
    EngineError::Defect("the source's side sent something out of turn".to_owned())
}
