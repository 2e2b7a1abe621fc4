//! Streams in parts at the destination: which are loaded already, the missing ones, and what becomes of them where no run goes on.

use super::{Filling, Load, Seen, Side};
use crate::{
    DestinationPhases, Engine, EngineError, Event, Level,
    apply::{
        attempt::{Broken, Task},
        channel::Receiver,
        lanes::Spent,
        source::{farewell, not_prepared},
        verify,
    },
    engine::Open,
    host::{DestinationGuest, Inspected, Surroundings, World},
};
use rapidbyte_plans::{plan::StreamPlan, spec::EndSpec};
use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::sync::oneshot;

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
            || self.task.streams.iter().zip(&*seen.streams).enumerate().filter(|(_, (stream, _))| stream.write.parts);
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
}

/// What connects a lane with the side, and with its own end at the source.
pub(in crate::apply) struct Lane {
    pub(in crate::apply) load: oneshot::Receiver<Load>,
    /// It takes parts from now on.
    pub(in crate::apply) ready: oneshot::Sender<()>,
    pub(in crate::apply) frames: Receiver,
    pub(in crate::apply) done: oneshot::Sender<Spent<DestinationPhases>>,
}

/// One more session, which loads parts beside the first, until there are no more. Where it cannot begin it gives up: the others
/// do its work.
pub(in crate::apply) async fn lane(task: Task, lane: Lane) -> Result<(), Broken> {
    let Lane { load, ready, frames, done } = lane;
    let mut filling = Filling::new(&task, frames)?;
    let computed = match filling.join(&task, load).await {
        Ok((mut guest, seen)) => {
            // Its end at the source may have given up, and says so by leaving.
            let _ = ready.send(());
            filling.parts(&mut guest, &seen).await?;
            let computed = guest.computed();
            farewell(guest, &task.around).await;
            computed
        }
        Err(Broken::Failed(EngineError::Connector { error, .. })) => {
            let message = format!("one session less loads parts: {error}");
            (task.around.events)(Event::Log { side: Some(DestinationGuest::SIDE), level: Level::Warn, message });
            Duration::ZERO
        }
        Err(broken) => return Err(broken),
    };
    filling.phases.finish_secs += filling.laps.lap_secs();
    let spent = Spent { phases: filling.phases, computed, at: filling.laps.at() };
    done.send(spent).map_err(|_| Broken::Interrupted)
}

impl Filling {
    /// One more session, in the load.
    async fn join(
        &mut self,
        task: &Task,
        load: oneshot::Receiver<Load>,
    ) -> Result<(DestinationGuest, Arc<Seen>), Broken> {
        // Not before the first session is there: a server may have room for one alone.
        let Load { seen, progress } = load.await.map_err(|_| Broken::Interrupted)?;
        self.phases.receive_wait_secs += self.laps.lap_secs();
        self.progress = progress;
        let (mut guest, _) = self.open(task).await?;
        guest.join_load(&seen.load).await?;
        self.phases.setup_secs += self.laps.lap_secs();
        Ok((guest, seen))
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
