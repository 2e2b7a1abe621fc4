//! Makes plans: observes, lets `plans` decide, and asks the connectors for their exact statements. Owns whether a saved one
//! still holds.

use crate::{
    Category, Engine, EngineError, Side,
    host::{DestinationGuest, SourceGuest, Surroundings, World as _},
    observe::Observed,
};
use rapidbyte_plans::{
    drift::{self, Difference},
    name::visible,
    plan::{Plan, assemble},
    planner::{Draft, Prepared, decide},
    spec::Spec,
    spent::spent,
};

impl Engine {
    /// The plan for a sync file, as both servers are now; changes nothing.
    ///
    /// # Errors
    /// Those of [`Engine::observe`], and a connector that cannot turn a decision into statements.
    pub async fn plan(&self, spec: &Spec) -> Result<Plan, EngineError> {
        let Observed { mut destination, streams, observation } = self.observed(spec).await?;
        let draft = decide(spec, &streams, &observation);
        let prepared = self.prepare(spec, &draft).await?;
        for (stream, prepared) in draft.to_prepare().zip(&prepared) {
            let parsed = destination.parse(&stream.write, &prepared.write).await;
            parsed.map_err(|error| error.in_stream(&stream.stream))?;
        }
        destination.close().await?;
        Ok(assemble(spec, observation, draft, prepared))
    }

    /// Looks whether a saved plan still holds, and changes nothing: it is of this sync file, nobody has used it, both servers
    /// are as it saw them, and what it decides is what Rapidbyte decides from that.
    ///
    /// # Errors
    /// [`EngineError::ForeignPlan`], [`EngineError::Spent`], [`EngineError::Drift`], or why looking failed.
    pub async fn holds(&self, spec: &Spec, plan: &Plan) -> Result<(), EngineError> {
        belongs(spec, plan)?;
        let Observed { destination, streams, observation: mut now } = self.observed(spec).await.map_err(gone)?;
        destination.close().await?;
        let planned = plan.observation();
        if let Some(spent) = spent(planned.last_run.as_ref(), now.last_run.as_ref(), &plan.digest()) {
            return Err(EngineError::Spent(spent));
        }
        drift::bookkeeping(&planned.bookkeeping, &now.bookkeeping)?;
        now.bookkeeping.clone_from(&planned.bookkeeping);
        let moved = drift::compare(planned, &drift::as_needed(planned, plan.streams(), now));
        if !moved.is_empty() {
            return Err(moved.into());
        }
        let draft = decide(spec, &streams, planned);
        let prepared = self.prepare(spec, &draft).await?;
        if assemble(spec, planned.clone(), draft, prepared).decides_as(plan) {
            return Ok(());
        }
        let what = "it was edited, a variable has another value, or another version of Rapidbyte made it";
        Err(EngineError::ForeignPlan(what.to_owned()))
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

pub(crate) fn belongs(spec: &Spec, plan: &Plan) -> Result<(), EngineError> {
    if plan.sync() != spec.name.as_str() {
        return Err(EngineError::ForeignPlan(format!("it is a plan of {}, not of {}", plan.sync(), spec.name)));
    }
    if plan.sync_file_sha256() == spec.sha256 {
        return Ok(());
    }
    let (planned, now) = (Some(plan.sync_file_sha256().to_owned()), Some(spec.sha256.clone()));
    Err(EngineError::Drift(vec![Difference { stream: None, what: "sync file, sha256".to_owned(), planned, now }]))
}

/// What a plan saw and nobody finds any more is drift, as any other change is.
fn gone(error: EngineError) -> EngineError {
    let difference = |stream, now: String| Difference {
        stream,
        what: "what the plan read or wrote".to_owned(),
        planned: Some("there".to_owned()),
        now: Some(visible(&now)),
    };
    match &error {
        EngineError::Connector { stream, error, .. } if error.category == Category::NotFound => {
            let about = error.subject.as_ref().map_or_else(String::new, |subject| format!(": {subject}"));
            vec![difference(stream.as_deref().map(visible), format!("{}{about}", error.message))].into()
        }
        EngineError::Spec(mistakes) => {
            mistakes.iter().map(|mistake| difference(None, mistake.message.clone())).collect::<Vec<_>>().into()
        }
        _ => error,
    }
}
