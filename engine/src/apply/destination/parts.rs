//! Streams in parts at the destination: which are loaded already, the missing ones, and what becomes of them where no run goes on.

use super::{Seen, Side, SoFar};
use crate::{
    Engine, EngineError,
    apply::{attempt::Broken, channel::Receiver, codec::Unpacker, source::not_prepared, verify},
    engine::Open,
    host::{DestinationGuest, Inspected, Surroundings, World},
};
use rapidbyte_plans::{plan::StreamPlan, spec::EndSpec};
use std::{collections::BTreeSet, sync::atomic::Ordering};

impl Side {
    /// Which parts of each stream are loaded already, once the tables for them are there.
    pub(super) async fn load(
        &mut self,
        guest: &mut DestinationGuest,
        seen: &Seen,
    ) -> Result<Vec<BTreeSet<u32>>, EngineError> {
        let mut loaded = vec![BTreeSet::new(); self.task.streams.len()];
        if !self.task.has_parts() {
            return Ok(loaded);
        }
        let streams =
            || self.task.streams.iter().zip(&seen.streams).enumerate().filter(|(_, (stream, _))| stream.write.parts);
        let request = |(_, (stream, inspected)): (usize, (&'_ StreamPlan, &'_ Inspected))| {
            let prepared = stream.prepared.as_ref().ok_or_else(|| not_prepared(stream))?;
            Ok((stream.write.clone(), prepared.write.clone(), inspected.schema.clone()))
        };
        let requests = streams().map(request).collect::<Result<Vec<_>, EngineError>>()?;
        let requests: Vec<_> =
            requests.iter().map(|(write, prepared, schema)| (write, prepared, &schema[..])).collect();
        self.task.loads.store(true, Ordering::SeqCst);
        let found = guest.load(&seen.load, &requests).await?;
        let at: Vec<usize> = streams().map(|(at, _)| at).collect();
        for (at, parts) in at.into_iter().zip(found) {
            parts
                .iter()
                .try_for_each(|part| verify::loaded(&self.task.streams[at], seen.rows.get(&(at, part.part)), *part))?;
            loaded[at] = parts.into_iter().map(|part| part.part).collect();
        }
        self.resumed = loaded.iter().any(|parts| !parts.is_empty());
        Ok(loaded)
    }

    /// The parts that are missing, each in a transaction of its own.
    pub(super) async fn parts(
        &mut self,
        guest: &mut DestinationGuest,
        seen: &Seen,
        loaded: &[BTreeSet<u32>],
        frames: &mut Receiver,
        unpacker: &mut Unpacker,
    ) -> Result<(), Broken> {
        let streams = self.task.streams.clone();
        for (at, ((stream, inspected), loaded)) in streams.iter().zip(&seen.streams).zip(loaded).enumerate() {
            self.so_far = SoFar::new(loaded.iter().filter_map(|part| seen.rows.get(&(at, *part))).sum());
            let parts = if stream.write.parts { 0..stream.read.partitions } else { 0..0 };
            for part in parts.filter(|part| !loaded.contains(part)) {
                let filled = self.part(guest, stream, (&inspected.schema, part), frames, unpacker).await;
                filled.map_err(|error| error.in_stream(&stream.stream))?;
            }
        }
        Ok(())
    }

    async fn part(
        &mut self,
        guest: &mut DestinationGuest,
        stream: &StreamPlan,
        (schema, part): (&[u8], u32),
        frames: &mut Receiver,
        unpacker: &mut Unpacker,
    ) -> Result<(), Broken> {
        let prepared = stream.prepared.as_ref().ok_or_else(|| not_prepared(stream))?;
        guest.open_part(&stream.write, &prepared.write, schema, part).await?;
        self.phases.setup_secs += self.laps.lap_secs();
        let read = self.rows(guest, stream, frames, unpacker).await?;
        let written = guest.finish().await?;
        self.phases.finish_secs += self.laps.lap_secs();
        verify::part(stream, read, written)?;
        Ok(())
    }
}

/// Drops what loads of a sync have left, on a session of its own.
pub(in crate::apply) async fn discard(
    engine: &Engine,
    end: &EndSpec,
    around: &Surroundings,
    sync: &str,
) -> Result<(), EngineError> {
    let Open { mut guest, .. } = engine.open::<DestinationGuest>(end, around).await?;
    guest.discard(sync).await?;
    guest.close().await
}
