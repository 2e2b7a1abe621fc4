//! Asks both ends for all that a plan rests on.

use crate::{
    Engine, EngineError,
    engine::Open,
    host::{DestinationGuest, Inspected, SourceGuest, World},
};
use rapidbyte_plans::{
    observation::{Observation, StreamObservation},
    resolve::{ResolvedStream, columnless, ignored, needs_catalog, resolve},
    spec::Spec,
};

/// An observation, and the streams that it is of.
pub(crate) struct Observed {
    pub(crate) streams: Vec<ResolvedStream>,
    pub(crate) observation: Observation,
}

impl Engine {
    /// Looks at every stream from both ends; changes nothing.
    ///
    /// # Errors
    /// What an end, or its connector, met; [`EngineError::Spec`] where the sync file names what is not there.
    pub async fn observe(&self, spec: &Spec) -> Result<Observation, EngineError> {
        Ok(self.observed(spec).await?.observation)
    }

    pub(crate) async fn observed(&self, spec: &Spec) -> Result<Observed, EngineError> {
        let around = self.surroundings(&spec.limits);
        let (source, destination) = tokio::join!(
            self.open::<SourceGuest>(&spec.source, &around),
            self.open::<DestinationGuest>(&spec.destination, &around),
        );
        // Where both fail it is always the source that is told.
        let (mut source, mut destination) = (source?, destination?);
        let catalog = if needs_catalog(spec) { Some(source.guest.discover().await?) } else { None };
        let resolved = resolve(spec, catalog.as_ref()).map_err(EngineError::Spec)?;
        let mut streams = Vec::with_capacity(resolved.len());
        for stream in &resolved {
            let seen = look(&mut source, &mut destination, spec, stream).await;
            streams.push(seen.map_err(|error| error.in_stream(&stream.stream))?);
        }
        let columnless = columnless(spec, catalog.as_ref());
        let bookkeeping = destination.guest.bookkeeping().await?;
        let last_run = destination.guest.last_run(spec.name.as_str()).await?;
        let (from, into) = (source.end, destination.end);
        let observation = Observation { source: from, destination: into, bookkeeping, last_run, streams, columnless };
        tokio::try_join!(source.guest.close(), destination.guest.close())?;
        Ok(Observed { streams: resolved, observation })
    }
}

/// Looks at a stream; again, without them, where columns of it are to be ignored.
async fn look(
    source: &mut Open<SourceGuest>,
    destination: &mut Open<DestinationGuest>,
    spec: &Spec,
    stream: &ResolvedStream,
) -> Result<StreamObservation, EngineError> {
    let seen = look_once(source, destination, stream).await?;
    let ignored = ignored(spec, &seen);
    if ignored.is_empty() {
        return Ok(seen);
    }
    let seen = look_once(source, destination, &stream.without(&ignored)).await?;
    Ok(StreamObservation { ignored, ..seen })
}

async fn look_once(
    source: &mut Open<SourceGuest>,
    destination: &mut Open<DestinationGuest>,
    stream: &ResolvedStream,
) -> Result<StreamObservation, EngineError> {
    let Inspected { stream: seen, schema } = source.guest.inspect(&stream.selection).await?;
    let target = destination.guest.inspect(&stream.target, &schema).await?;
    Ok(StreamObservation { stream: stream.stream.clone(), source: seen, target, ignored: Vec::new() })
}
