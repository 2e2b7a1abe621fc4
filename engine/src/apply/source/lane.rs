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
use std::sync::Arc;
use tokio::sync::oneshot;

/// What connects the lane with the side, and with its own end at the destination.
pub(in crate::apply) struct Lane {
    pub(in crate::apply) work: oneshot::Receiver<Arc<Work>>,
    /// Its end at the destination takes parts; without a word it has given up.
    pub(in crate::apply) ready: oneshot::Receiver<()>,
    pub(in crate::apply) frames: Sender,
    pub(in crate::apply) done: oneshot::Sender<Spent<SourcePhases>>,
}

/// Runs the lane until there are no more parts. Where no more sessions are to be had it gives up: the others do its work.
pub(in crate::apply) async fn lane(task: Task, lane: Lane) -> Result<(), Broken> {
    let Lane { work, ready, frames, done } = lane;
    let (laps, phases) = (Laps::from(task.began), SourcePhases::default());
    let mut pump = Pump { frames, packer: Packer::new(task.compression)?, laps, phases };
    let computed = match task.engine.open::<SourceGuest>(&task.end, &task.around).await {
        Ok(open) => pump.lane(open, &task, work, ready).await?,
        Err(EngineError::Connector { error, .. }) => {
            let message = format!("one session less reads parts: {error}");
            (task.around.events)(Event::Log { side: Some(SourceGuest::SIDE), level: Level::Warn, message });
            std::time::Duration::ZERO
        }
        Err(error) => return Err(error.into()),
    };
    pump.phases.connect_secs += pump.laps.lap_secs();
    let spent = Spent { phases: pump.phases, computed, at: pump.laps.at() };
    done.send(spent).map_err(|_| Broken::Interrupted)
}

impl Pump {
    async fn lane(
        &mut self,
        open: Open<SourceGuest>,
        task: &Task,
        work: oneshot::Receiver<Arc<Work>>,
        ready: oneshot::Receiver<()>,
    ) -> Result<std::time::Duration, Broken> {
        let Open { mut guest, load, .. } = open;
        self.phases.module_load_secs = load.as_secs_f64();
        self.phases.connect_secs = self.laps.lap().saturating_sub(load).as_secs_f64();
        let work = work.await.map_err(|_| Broken::Interrupted)?;
        self.phases.emit_wait_secs += self.laps.lap_secs();
        guest.join_snapshot(&work.token, &relations(&task.streams)).await?;
        self.phases.query_secs += self.laps.lap_secs();
        if ready.await.is_ok() {
            self.phases.emit_wait_secs += self.laps.lap_secs();
            self.parts(&mut guest, &work, task).await?;
        }
        let computed = guest.computed();
        farewell(guest, &task.around).await;
        Ok(computed)
    }
}
