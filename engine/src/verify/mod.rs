//! Compares both ends of a sync after the fact and changes nothing: each in one read-only transaction, by counts and checksums,
//! and where these differ by ranges of the key. Owns the order of questions; the rows stay where they are.

mod bisect;
mod parts;

#[cfg(test)]
mod properties;

use crate::{
    Engine, EngineError, Outcome, StreamVerification, Verification,
    engine::Open,
    host::{Checksum, DestinationGuest, KeyRange, Rows, SourceGuest, World as _},
    observe::{Ends, look},
    verification::SCHEMA,
};
use bisect::Bisection;
use rapidbyte_plans::{
    compared::{Compared, compared},
    decision::{Disposition, Relation},
    observation::StreamObservation,
    resolve::ResolvedStream,
    spec::{Deletes, Spec},
};
use std::time::Duration;

impl Engine {
    /// Compares these streams of a sync, or all of them, with their targets, and names at most so many keys of each kind of
    /// difference.
    ///
    /// # Errors
    /// [`EngineError::UnknownStream`], [`EngineError::Spec`], [`EngineError::TimedOut`], or what an end met. That they differ
    /// is none.
    pub async fn verify(&self, spec: &Spec, streams: &[String], keys_max: usize) -> Result<Verification, EngineError> {
        let limit_secs = spec.limits.timeout_secs;
        let verifying = self.compare_ends(spec, streams, keys_max);
        let ended = tokio::time::timeout(Duration::from_secs(limit_secs), verifying).await;
        ended.unwrap_or(Err(EngineError::TimedOut { limit_secs }))
    }

    async fn compare_ends(&self, spec: &Spec, named: &[String], keys_max: usize) -> Result<Verification, EngineError> {
        let Ends { mut source, mut destination, streams, .. } = self.ends(spec).await?;
        let resolved = chosen(streams, named)?;
        let relations: Vec<&Relation> = resolved.iter().map(|stream| &stream.selection.relation).collect();
        source.guest.open_snapshot(&relations).await?;
        destination.guest.begin_comparison().await?;
        let mut streams = Vec::with_capacity(resolved.len());
        for stream in &resolved {
            let found = compare_stream(&mut source, &mut destination, spec, stream, keys_max).await;
            streams.push(found.map_err(|error| error.in_stream(&stream.stream))?);
        }
        source.guest.close().await?;
        destination.guest.close().await?;
        let equal = streams.iter().all(|stream| stream.outcome == Outcome::Equal);
        Ok(Verification { schema: SCHEMA, sync: spec.name.to_string(), equal, streams })
    }
}

fn chosen(mut streams: Vec<ResolvedStream>, named: &[String]) -> Result<Vec<ResolvedStream>, EngineError> {
    let unknown = named.iter().find(|name| streams.iter().all(|stream| stream.stream != **name));
    if let Some(name) = unknown {
        let known = streams.into_iter().map(|stream| stream.stream).collect();
        return Err(EngineError::UnknownStream { stream: name.clone(), known });
    }
    if !named.is_empty() {
        streams.retain(|stream| named.contains(&stream.stream));
    }
    Ok(streams)
}

async fn compare_stream(
    source: &mut Open<SourceGuest>,
    destination: &mut Open<DestinationGuest>,
    spec: &Spec,
    stream: &ResolvedStream,
    keys_max: usize,
) -> Result<StreamVerification, EngineError> {
    let seen = look(source, destination, spec, stream).await?;
    let mut found = StreamVerification {
        stream: stream.stream.clone(),
        into: seen.target.name.to_string(),
        // What is swept holds exactly the stream, as what is replaced does.
        write: if stream.wishes.deletes == Deletes::Sweep { Disposition::Sweep } else { stream.wishes.disposition },
        outcome: Outcome::Incomparable,
        because: Vec::new(),
        key: Vec::new(),
        source_rows: None,
        destination_rows: None,
        differences: None,
    };
    match compared(stream, &seen) {
        Err(because) => found.because = because,
        Ok(of) => rows(source, destination, &of, (stream, &seen), keys_max, &mut found).await?,
    }
    Ok(found)
}

/// Counts and checksums of all rows, then those of ranges where they differ.
async fn rows(
    source: &mut Open<SourceGuest>,
    destination: &mut Open<DestinationGuest>,
    of: &Compared,
    (stream, seen): (&ResolvedStream, &StreamObservation),
    keys_max: usize,
    found: &mut StreamVerification,
) -> Result<(), EngineError> {
    found.key = of.key.iter().map(|key| key.column.name.clone()).collect();
    let (whole, all) = (Compared { key: Vec::new(), ..of.clone() }, KeyRange::default());
    let target = &seen.target.name;
    let mut read = source.guest.rows_of(&stream.selection, &whole);
    if seen.target.kind.is_none() {
        found.source_rows = read.summaries(&all, &[]).await?.first().map(|sum| sum.rows);
        found.outcome = Outcome::Different;
        found.because.push(format!("{target} is not there"));
        return Ok(());
    }
    let mut written = destination.guest.rows_of(target, &whole);
    let sums = bisect::sums(&mut read, &mut written, &all, &[]).await?.remove(0);
    (found.source_rows, found.destination_rows) = (Some(sums.0.rows), Some(sums.1.rows));
    found.outcome = if sums.0 == sums.1 { Outcome::Equal } else { Outcome::Different };
    if found.outcome == Outcome::Different && of.key.is_empty() {
        found.because.push("the stream has no key, so that no row can be named".to_owned());
    } else if found.outcome == Outcome::Different {
        let mut read = source.guest.rows_of(&stream.selection, of);
        let mut written = destination.guest.rows_of(target, of);
        locate(&mut read, &mut written, sums, keys_max, found).await?;
    }
    Ok(())
}

/// Names the rows that differ. Where the target keeps other rows those alone are no difference.
async fn locate(
    read: &mut impl Rows,
    written: &mut impl Rows,
    whole: (Checksum, Checksum),
    keys_max: usize,
    found: &mut StreamVerification,
) -> Result<(), EngineError> {
    let keeps = matches!(found.write, Disposition::Append | Disposition::Upsert);
    let mut bisection = Bisection::new(read, written, keys_max, keeps);
    let keyed = bisection.run().await?;
    let differences = bisection.found;
    let is_same_without = without(whole.0, keyed.0) == without(whole.1, keyed.1);
    if !is_same_without {
        found.because.push("rows with a NULL in their key differ, and cannot be named".to_owned());
    }
    let is_lost = differences.missing.rows + differences.changed.rows > 0 || differences.unlocated.is_some();
    if keeps && is_same_without && !is_lost {
        found.outcome = Outcome::Equal;
    }
    found.differences = Some(differences);
    Ok(())
}

/// The rows that have no key. A guest that counts more of some than of all is taken at its word for none.
fn without(whole: Checksum, keyed: Checksum) -> Checksum {
    Checksum { rows: whole.rows.saturating_sub(keyed.rows), sum: whole.sum.wrapping_sub(keyed.sum) }
}
