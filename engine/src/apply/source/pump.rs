//! Moves rows of a source into the channel of one lane: parts, and whole streams.

use super::{Held, Start, ToLane, Work, not_prepared};
use crate::{
    SourcePhases,
    apply::{
        attempt::{Broken, Laps, Task},
        channel::{Item, Read, Sender},
        codec::Packer,
        lanes::{Part, Spent},
    },
    host::{Position, SourceGuest, Within, World},
};
use rapidbyte_plans::plan::StreamPlan;

pub(super) struct Pump {
    pub(super) frames: Sender,
    pub(super) packer: Packer,
    pub(super) laps: Laps,
    pub(super) phases: SourcePhases,
}

impl Pump {
    /// Every part that the destination does not have, by this lane and the others; what these have used.
    pub(super) async fn all_parts(
        &mut self,
        task: &Task,
        held: &mut Held,
        start: &Start,
        lanes: Vec<ToLane>,
    ) -> Result<Vec<Spent<SourcePhases>>, Broken> {
        if !task.has_parts() {
            return Ok(Vec::new());
        }
        held.ask_bounds(&task.streams).await?;
        self.phases.query_secs += self.laps.lap_secs();
        let work = held.work(&task.streams, start);
        let mut done = Vec::with_capacity(lanes.len());
        for lane in lanes {
            // One that has given up does not hear it.
            let _ = lane.work.send(work.clone());
            done.push(lane.done);
        }
        self.parts(&mut held.guest, &work, task).await?;
        let mut spent = Vec::with_capacity(done.len());
        for lane in done {
            spent.push(lane.await.map_err(|_| Broken::Interrupted)?);
        }
        self.phases.emit_wait_secs += self.laps.lap_secs();
        Ok(spent)
    }

    /// Parts that nobody else has taken, until there are none.
    pub(super) async fn parts(&mut self, guest: &mut SourceGuest, work: &Work, task: &Task) -> Result<(), Broken> {
        while let Some(((at, part), first)) = work.queue.take() {
            let stream = &task.streams[at];
            if first {
                task.announce(stream);
            }
            self.frames.tell(Item::Part((at, part))).await?;
            let read = self.part(guest, stream, (at, part), work).await;
            let read = read.map_err(|error| error.in_stream(&stream.stream))?;
            work.ledger.record((at, part), read);
            self.frames.end(read).await?;
            self.phases.emit_wait_secs += self.laps.lap_secs();
        }
        self.frames.tell(Item::NoParts).await?;
        Ok(())
    }

    async fn part(
        &mut self,
        guest: &mut SourceGuest,
        stream: &StreamPlan,
        (at, part): Part,
        work: &Work,
    ) -> Result<Read, Broken> {
        let prepared = &stream.prepared.as_ref().ok_or_else(|| not_prepared(stream))?.read;
        let statement = usize::try_from(part).ok().and_then(|part| prepared.statements.get(part));
        let statement = statement.ok_or_else(|| not_prepared(stream))?;
        let mut read = Read::default();
        let bounds = work.bounds.get(&at);
        let within = bounds.map_or(Within::All, |bounds| Within::Interval(bounds.interval(part)));
        self.read(guest, (stream, &work.streams[at].schema), statement, &within, &mut read).await?;
        Ok(read)
    }

    /// Whole streams, one after the other, and the end of each in parts; where each stands afterwards, if it is incremental.
    pub(super) async fn streams(
        &mut self,
        task: &Task,
        held: &mut Held,
        start: &Start,
    ) -> Result<Vec<Option<Position>>, Broken> {
        let mut positions = Vec::with_capacity(task.streams.len());
        for ((at, stream), after) in task.streams.iter().enumerate().zip(&start.after) {
            if !stream.write.parts {
                task.announce(stream);
            }
            let moved = self.stream(held, at, stream, after.as_ref()).await;
            positions.push(moved.map_err(|error| error.in_stream(&stream.stream))?);
        }
        Ok(positions)
    }

    async fn stream(
        &mut self,
        held: &mut Held,
        at: usize,
        stream: &StreamPlan,
        after: Option<&Position>,
    ) -> Result<Option<Position>, Broken> {
        let prepared = &stream.prepared.as_ref().ok_or_else(|| not_prepared(stream))?.read;
        let position = match (&stream.read.window, &prepared.position) {
            (Some(window), Some(statement)) => Some(held.guest.position(window, statement, after).await?),
            (None, None) => None,
            _ => return Err(not_prepared(stream).into()),
        };
        let mut read = Read::default();
        if stream.write.parts {
            read = held.ledger.whole(at, stream.read.partitions).ok_or_else(|| not_whole(stream))?;
        } else {
            held.reading = Some(at);
            let schema = &held.streams[at].schema;
            let within = after.map_or(Within::All, Within::After);
            for statement in &prepared.statements {
                self.read(&mut held.guest, (stream, schema), statement, &within, &mut read).await?;
            }
            held.reading = None;
        }
        if let Some(statement) = &prepared.checksum {
            read.checksum = Some(held.guest.checksum(statement).await?);
            self.phases.query_secs += self.laps.lap_secs();
        }
        self.frames.end(read).await?;
        self.phases.emit_wait_secs += self.laps.lap_secs();
        Ok(position)
    }

    async fn read(
        &mut self,
        guest: &mut SourceGuest,
        (stream, schema): (&StreamPlan, &[u8]),
        statement: &str,
        within: &Within<'_>,
        read: &mut Read,
    ) -> Result<(), Broken> {
        guest.read(&stream.read, statement, within, schema).await?;
        self.phases.query_secs += self.laps.lap_secs();
        loop {
            let frame = guest.next().await?;
            let lap = self.laps.lap();
            let waited = guest.times().waited.min(lap);
            self.phases.fetch_secs += waited.as_secs_f64();
            self.phases.arrow_encode_secs += lap.saturating_sub(waited).as_secs_f64();
            let Some(frame) = frame else { return Ok(()) };
            read.rows += u64::from(frame.rows);
            read.bytes += frame.bytes.len() as u64;
            read.batches += 1;
            let packed = self.packer.pack(frame.bytes, self.frames.spare())?;
            self.phases.compress_secs += self.laps.lap_secs();
            self.frames.send(frame.rows, packed).await?;
            self.phases.emit_wait_secs += self.laps.lap_secs();
        }
    }
}

/// Each part is recorded by the lane that took it, or its lane has failed, and with it the run.
fn not_whole(stream: &StreamPlan) -> crate::EngineError {
    crate::EngineError::Defect(format!("some part of stream {} was read by nobody", stream.stream))
}
