//! Makes plans: observes, lets `plans` decide, and asks the connectors for their exact statements.

use crate::{
    Engine, EngineError, Side,
    host::{DestinationGuest, SourceGuest, Surroundings},
};
use rapidbyte_plans::{
    plan::{Plan, assemble},
    planner::{Draft, Prepared, decide},
    spec::Spec,
};

impl Engine {
    /// The plan for a sync file, as both servers are now; changes nothing.
    ///
    /// # Errors
    /// Those of [`Engine::observe`], and a connector that cannot turn a decision into statements.
    pub async fn plan(&self, spec: &Spec) -> Result<Plan, EngineError> {
        let observed = self.observed(spec).await?;
        let draft = decide(spec, &observed.streams, &observed.observation);
        let prepared = self.prepare(spec, &draft).await?;
        Ok(assemble(spec, observed.observation, draft, prepared))
    }

    /// The statements of both ends for each stream that nothing refuses, in order. The instances that are asked were never told a setting: a plan can hold no secret.
    ///
    /// # Errors
    /// A connector that cannot turn a decision into statements.
    pub async fn prepare(&self, spec: &Spec, draft: &Draft) -> Result<Vec<Prepared>, EngineError> {
        let around: Surroundings = self.surroundings(&spec.limits);
        let source = self.connector(Side::Source, &spec.source.connector)?;
        let destination = self.connector(Side::Destination, &spec.destination.connector)?;
        let mut source: SourceGuest = self.start(source, &around).await?;
        let mut destination: DestinationGuest = self.start(destination, &around).await?;
        let mut prepared = Vec::new();
        for stream in draft.to_prepare() {
            let named = |error: EngineError| error.in_stream(&stream.stream);
            prepared.push(Prepared {
                read: source.prepare(&stream.read).await.map_err(named)?,
                write: destination.prepare(&stream.write).await.map_err(named)?,
            });
        }
        Ok(prepared)
    }
}
