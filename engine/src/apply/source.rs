//! The source's side of a run: one snapshot, every stream inspected in it, then the rows of one stream after the other
//! into the channel.

use super::{
    attempt::{Broken, Laps, Task},
    channel::{Read, Sender},
    codec::Packer,
};
use crate::{
    EngineError, Event, Level, SourcePhases,
    engine::Open,
    host::{Inspected, Position, SourceGuest, World},
};
use rapidbyte_plans::{decision::Relation, observation::End, plan::StreamPlan};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// What the source saw inside its snapshot.
pub(super) struct Seen {
    pub(super) end: End,
    /// In the order of the plan.
    pub(super) streams: Vec<Inspected>,
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
    pub(super) start: oneshot::Receiver<Vec<Option<Position>>>,
    pub(super) frames: Sender,
    pub(super) done: oneshot::Sender<Done>,
}

/// Runs the source's side.
pub(super) async fn run(task: Task, ways: Ways) -> Result<(), Broken> {
    let Ways { seen, start, mut frames, done } = ways;
    let mut laps = Laps::from(task.began);
    let mut phases = SourcePhases::default();
    let Open { mut guest, end, load } = task.engine.open::<SourceGuest>(&task.end, &task.around).await?;
    phases.module_load_secs = load.as_secs_f64();
    phases.connect_secs = laps.lap().saturating_sub(load).as_secs_f64();
    let streams = inspect(&mut guest, &task.streams).await?;
    phases.query_secs += laps.lap_secs();
    let schemas: Vec<Vec<u8>> = streams.iter().map(|inspected| inspected.schema.clone()).collect();
    seen.send(Seen { end, streams }).map_err(|_| Broken::Interrupted)?;
    let after = start.await.map_err(|_| Broken::Interrupted)?;
    phases.emit_wait_secs += laps.lap_secs();
    let mut packer = Packer::new(task.compression)?;
    let mut positions = Vec::with_capacity(task.streams.len());
    for ((stream, schema), after) in task.streams.iter().zip(&schemas).zip(&after) {
        let mut pump = Pump { guest: &mut guest, laps: &mut laps, phases: &mut phases, packer: &mut packer };
        (task.around.events)(Event::StreamStarted {
            stream: stream.stream.clone(),
            into: stream.write.target.to_string(),
            rows_estimate: stream.estimates.rows,
        });
        let moved = pump.stream(stream, after.as_ref(), schema, &mut frames).await;
        positions.push(moved.map_err(|error| error.in_stream(&stream.stream))?);
    }
    let computed = guest.computed();
    farewell(guest, &task).await;
    phases.connect_secs += laps.lap_secs();
    done.send(Done { phases, computed, at: Instant::now(), positions }).map_err(|_| Broken::Interrupted)
}

/// Every row is out and counted: a server that does not take the farewell changes nothing.
pub(super) async fn farewell<W: World>(guest: W, task: &Task) {
    if let Err(error) = guest.close().await {
        let message = format!("the session did not end in order: {error}");
        (task.around.events)(Event::Log { side: Some(W::SIDE), level: Level::Warn, message });
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

/// Moves one stream into the channel.
struct Pump<'a> {
    guest: &'a mut SourceGuest,
    laps: &'a mut Laps,
    phases: &'a mut SourcePhases,
    packer: &'a mut Packer,
}

impl Pump<'_> {
    /// Where the stream stands afterwards, if it is incremental.
    async fn stream(
        &mut self,
        stream: &StreamPlan,
        after: Option<&Position>,
        schema: &[u8],
        frames: &mut Sender,
    ) -> Result<Option<Position>, Broken> {
        let prepared = &stream.prepared.as_ref().ok_or_else(|| not_prepared(stream))?.read;
        let position = match (&stream.read.window, &prepared.position) {
            (Some(window), Some(statement)) => Some(self.guest.position(window, statement, after).await?),
            (None, None) => None,
            _ => return Err(not_prepared(stream).into()),
        };
        let mut read = Read::default();
        for statement in &prepared.statements {
            self.guest.read(&stream.read, statement, after, schema).await?;
            self.phases.query_secs += self.laps.lap_secs();
            self.rows(&mut read, frames).await?;
        }
        if let Some(statement) = stream.prepared.as_ref().and_then(|prepared| prepared.read.checksum.as_ref()) {
            read.checksum = Some(self.guest.checksum(statement).await?);
            self.phases.query_secs += self.laps.lap_secs();
        }
        frames.end(read).await?;
        self.phases.emit_wait_secs += self.laps.lap_secs();
        Ok(position)
    }

    async fn rows(&mut self, read: &mut Read, frames: &mut Sender) -> Result<(), Broken> {
        loop {
            let frame = self.guest.next().await?;
            let lap = self.laps.lap();
            let waited = self.guest.times().waited.min(lap);
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
