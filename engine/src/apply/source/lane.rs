//! One more session at the source, which reads parts in the run's snapshot beside the first.

use super::{Work, farewell, pump::Pump, relations};
use crate::{
    EngineError, Event, Level, SourcePhases,
    apply::{
        attempt::{Broken, Laps, Task},
        channel::Sender,
        codec::Packer,
        lanes::Spent,
    },
    engine::Open,
    host::{SourceGuest, World},
};
use std::{sync::Arc, time::Duration};
use tokio::sync::oneshot;

/// What connects the lane with the side, and with its own end at the destination.
pub(in crate::apply) struct Lane {
    pub(in crate::apply) work: oneshot::Receiver<Arc<Work>>,
    /// Its end at the destination takes parts; without a word it has given up.
    pub(in crate::apply) ready: oneshot::Receiver<()>,
    pub(in crate::apply) frames: Sender,
    pub(in crate::apply) done: oneshot::Sender<Spent<SourcePhases>>,
}

/// Runs the lane until there are no more parts. Where it cannot begin, for want of sessions or behind somebody who waits to
/// change a table, it gives up: the others do its work.
pub(in crate::apply) async fn lane(task: Task, lane: Lane) -> Result<(), Broken> {
    let Lane { work, ready, frames, done } = lane;
    let (laps, phases) = (Laps::from(task.began), SourcePhases::default());
    let mut pump = Pump { frames, packer: Packer::new(task.compression)?, laps, phases };
    let computed = match pump.join(&task, work).await {
        Ok((guest, work)) => pump.lane(guest, &task, &work, ready).await?,
        Err(Broken::Failed(EngineError::Connector { error, .. })) => {
            let message = format!("one session less reads parts: {error}");
            (task.around.events)(Event::Log { side: Some(SourceGuest::SIDE), level: Level::Warn, message });
            Duration::ZERO
        }
        Err(broken) => return Err(broken),
    };
    pump.phases.connect_secs += pump.laps.lap_secs();
    let spent = Spent { phases: pump.phases, computed, at: pump.laps.at() };
    done.send(spent).map_err(|_| Broken::Interrupted)
}

impl Pump {
    /// One more session, in the run's snapshot.
    async fn join(
        &mut self,
        task: &Task,
        work: oneshot::Receiver<Arc<Work>>,
    ) -> Result<(SourceGuest, Arc<Work>), Broken> {
        // Not before the first session is there: a server may have room for one alone.
        let work = work.await.map_err(|_| Broken::Interrupted)?;
        self.phases.emit_wait_secs += self.laps.lap_secs();
        let Open { mut guest, load, .. } = task.engine.open::<SourceGuest>(&task.end, &task.around).await?;
        self.phases.module_load_secs = load.as_secs_f64();
        self.phases.connect_secs = self.laps.lap().saturating_sub(load).as_secs_f64();
        guest.join_snapshot(&work.token, &relations(&task.streams)).await?;
        self.phases.query_secs += self.laps.lap_secs();
        Ok((guest, work))
    }

    /// What the guest has computed.
    async fn lane(
        &mut self,
        mut guest: SourceGuest,
        task: &Task,
        work: &Work,
        ready: oneshot::Receiver<()>,
    ) -> Result<Duration, Broken> {
        if ready.await.is_ok() {
            self.phases.emit_wait_secs += self.laps.lap_secs();
            self.parts(&mut guest, work, task).await?;
        }
        let computed = guest.computed();
        farewell(guest, &task.around).await;
        Ok(computed)
    }
}
