//! Asks both ends for all that a plan rests on.

use crate::{
    Engine, EngineError,
    engine::Open,
    host::{Checkpoint, DestinationGuest, Inspected, SourceGuest, World as _},
};
use rapidbyte_plans::{
    catalog::Catalog,
    decision::Disposition,
    observation::{Observation, StreamObservation},
    quarantine::quarantine_of,
    resolve::{ResolvedStream, columnless, ignored, needs_catalog, resolve},
    spec::Spec,
    sweep::sweeps,
};

/// An observation, the streams that it is of, and the destination, to be asked on.
pub(crate) struct Observed {
    pub(crate) destination: DestinationGuest,
    pub(crate) streams: Vec<ResolvedStream>,
    pub(crate) observation: Observation,
}

/// Both ends, and the streams that the sync file names.
pub(crate) struct Ends {
    pub(crate) source: Open<SourceGuest>,
    pub(crate) destination: Open<DestinationGuest>,
    pub(crate) streams: Vec<ResolvedStream>,
    /// Of the source, where a stream leaves anything to it.
    catalog: Option<Catalog>,
}

impl Engine {
    /// Looks at every stream from both ends; changes nothing.
    ///
    /// # Errors
    /// What an end, or its connector, met; [`EngineError::Spec`] where the sync file names what is not there.
    pub async fn observe(&self, spec: &Spec) -> Result<Observation, EngineError> {
        let observed = self.observed(spec).await?;
        observed.destination.close().await?;
        Ok(observed.observation)
    }

    pub(crate) async fn observed(&self, spec: &Spec) -> Result<Observed, EngineError> {
        let Ends { mut source, mut destination, streams: resolved, catalog } = self.ends(spec).await?;
        let mut streams = Vec::with_capacity(resolved.len());
        look_at_each(&mut source, &mut destination, spec, &resolved, &mut streams).await?;
        let sweeps = sweeps(&resolved, &streams);
        look_at_each(&mut source, &mut destination, spec, &sweeps, &mut streams).await?;
        let resolved = [resolved, sweeps].concat();
        let columnless = columnless(spec, catalog.as_ref());
        let bookkeeping = destination.guest.bookkeeping().await?;
        let last_run = destination.guest.last_run(spec.name.as_str()).await?;
        let (from, into) = (source.end, destination.end);
        let cores = std::thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(1));
        let observation =
            Observation { source: from, destination: into, bookkeeping, last_run, streams, columnless, cores };
        source.guest.close().await?;
        Ok(Observed { destination: destination.guest, streams: resolved, observation })
    }

    pub(crate) async fn ends(&self, spec: &Spec) -> Result<Ends, EngineError> {
        let around = self.surroundings(&spec.limits);
        let (source, destination) = tokio::join!(
            self.open::<SourceGuest>(&spec.source, &around),
            self.open::<DestinationGuest>(&spec.destination, &around),
        );
        // Where both fail it is always the source that is told.
        let (mut source, destination) = (source?, destination?);
        let catalog = if needs_catalog(spec) { Some(source.guest.discover().await?) } else { None };
        let streams = resolve(spec, catalog.as_ref()).map_err(EngineError::Spec)?;
        Ok(Ends { source, destination, streams, catalog })
    }
}

async fn look_at_each(
    source: &mut Open<SourceGuest>,
    destination: &mut Open<DestinationGuest>,
    spec: &Spec,
    streams: &[ResolvedStream],
    seen: &mut Vec<StreamObservation>,
) -> Result<(), EngineError> {
    for stream in streams {
        let looked = look(source, destination, spec, stream).await;
        seen.push(looked.map_err(|error| error.in_stream(&stream.stream))?);
    }
    Ok(())
}

/// Looks at a stream; again, without them, where columns of it are to be ignored.
pub(crate) async fn look(
    source: &mut Open<SourceGuest>,
    destination: &mut Open<DestinationGuest>,
    spec: &Spec,
    stream: &ResolvedStream,
) -> Result<StreamObservation, EngineError> {
    let checkpoint = match &stream.incremental {
        Some(_) => destination.guest.checkpoint(spec.name.as_str(), &stream.stream, &stream.target).await?,
        None => None,
    };
    let seen = look_once(source, destination, spec, stream, checkpoint.as_ref()).await?;
    let ignored = ignored(spec, &seen);
    let seen = if ignored.is_empty() {
        seen
    } else {
        look_once(source, destination, spec, &stream.without(&ignored), checkpoint.as_ref()).await?
    };
    let adds = stream.wishes.disposition != Disposition::Sweep;
    let quarantine = match quarantine_of(spec, &seen.target.name).filter(|_| adds) {
        Some(table) => Some(destination.guest.quarantine(&table).await?),
        None => None,
    };
    Ok(StreamObservation { ignored, quarantine, ..seen })
}

async fn look_once(
    source: &mut Open<SourceGuest>,
    destination: &mut Open<DestinationGuest>,
    spec: &Spec,
    stream: &ResolvedStream,
    checkpoint: Option<&Checkpoint>,
) -> Result<StreamObservation, EngineError> {
    let Inspected { stream: source, schema } = source.guest.inspect(&stream.selection, checkpoint).await?;
    let target = destination.guest.inspect(spec.name.as_str(), &stream.target, &schema).await?;
    let checkpoint = checkpoint.map(|checkpoint| checkpoint.seen.clone());
    let (stream, ignored) = (stream.stream.clone(), Vec::new());
    Ok(StreamObservation { stream, source, target, ignored, checkpoint, quarantine: None })
}
