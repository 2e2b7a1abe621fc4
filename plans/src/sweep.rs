//! Streams that bring no rows but the keys of all of a source: what a target has beside them is gone there. Owns which there
//! are, what they read, and what they are called.

use crate::{
    decision::{Disposition, Selection},
    observation::StreamObservation,
    resolve::ResolvedStream,
    spec::{Deletes, StrategyWish, WriteWishes},
};

/// The sweep that follows a stream, once both ends were seen; none: it is not asked for, its target is not there yet, or it
/// has no key, which its own plan says.
fn of(stream: &ResolvedStream, seen: &StreamObservation) -> Option<ResolvedStream> {
    let wishes = &stream.wishes;
    if wishes.deletes == Deletes::Ignore || seen.target.kind.is_none() {
        return None;
    }
    let key = wishes.key.clone().unwrap_or_else(|| seen.source.key.clone());
    let is_read = |name: &String| seen.source.columns.iter().any(|column| column.name == *name);
    (!key.is_empty() && key.iter().all(is_read)).then(|| ResolvedStream {
        stream: format!("{} (deletes)", stream.stream),
        place: stream.place,
        selection: Selection {
            relation: stream.selection.relation.clone(),
            columns: Some(key.clone()),
            exclude: Vec::new(),
            filter: stream.selection.filter.clone(),
            cursor: None,
            ranges: None,
        },
        target: stream.target.clone(),
        wishes: WriteWishes {
            disposition: Disposition::Sweep,
            strategy: StrategyWish::Auto,
            key: Some(key),
            verify: None,
            deletes: wishes.deletes.clone(),
        },
        incremental: None,
    })
}

/// The sweeps of a sync. They come after all other streams and in the other order, because rows that point at others were
/// added after these, and go before them.
pub fn sweeps(streams: &[ResolvedStream], observed: &[StreamObservation]) -> Vec<ResolvedStream> {
    let seen = |stream: &ResolvedStream| observed.iter().find(|seen| seen.stream == stream.stream);
    let mut sweeps: Vec<ResolvedStream> = streams.iter().rev().filter_map(|stream| of(stream, seen(stream)?)).collect();
    for sweep in &mut sweeps {
        // A table may well have such a name.
        while streams.iter().any(|stream| stream.stream == sweep.stream) {
            sweep.stream.push_str(" (deletes)");
        }
    }
    sweeps
}
