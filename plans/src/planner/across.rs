//! Step: rules that look at more than one stream, or at the ends themselves. Owns who makes what is made once.

use super::{StreamDraft, parts::Parts, shown};
use crate::{
    decision::{Disposition, Relation},
    name::ObjectName,
    observation::{Observation, Privilege, RelationKind},
    report::{Refusal, Report, Rule},
};
use std::collections::{BTreeMap, BTreeSet};

/// Refusals of the whole plan.
pub(crate) fn ends(observation: &Observation) -> Vec<Refusal> {
    let mut report = Report::default();
    let end = &observation.destination;
    if end.read_only {
        let reason = format!("the destination {} takes no writes", crate::name::visible(&end.endpoint));
        report.refuse(Rule::DestinationReadOnly, reason, "connect to the primary, or make the database writable");
    }
    if observation.streams.iter().any(|stream| !stream.target.privileges.contains(&Privilege::Record)) {
        let user = crate::name::visible(&end.user);
        let reason = format!("{user} may not record runs at the destination, in the schema _rapidbyte");
        let role = shown::identifier(&end.user);
        let advice = format!("an administrator runs: CREATE SCHEMA IF NOT EXISTS _rapidbyte AUTHORIZATION {role};");
        report.refuse(Rule::PrivilegeMissing, reason, advice);
    }
    report.refusals
}

/// Refuses targets that two streams share, and targets that are the source itself.
pub(crate) fn targets(observation: &Observation, streams: &mut [StreamDraft]) {
    let mut writers: BTreeMap<ObjectName, Vec<String>> = BTreeMap::new();
    for stream in streams.iter().filter(|stream| !is_sweep(stream)) {
        let quarantine = stream.write.row_errors.iter().flat_map(|errors| &errors.quarantine);
        for table in std::iter::once(&stream.write.target).chain(quarantine.map(|quarantine| &quarantine.table)) {
            writers.entry(table.clone()).or_default().push(stream.stream.clone());
        }
    }
    let same_place = is_same_place(observation);
    let read: Vec<(String, Relation)> =
        streams.iter().map(|stream| (stream.stream.clone(), stream.read.selection.relation.clone())).collect();
    for stream in streams.iter_mut().filter(|stream| !is_sweep(stream)) {
        let mut report = Report::default();
        let target = &stream.write.target;
        let others: Vec<&str> = writers
            .get(target)
            .map(|all| all.iter().filter(|other| **other != stream.stream).map(String::as_str).collect())
            .unwrap_or_default();
        if let Some(other) = others.first() {
            let reason = format!("stream {other} writes {target}, too");
            report.refuse(Rule::TargetShared, reason, "choose another target for one of them by `into`");
        }
        if same_place && stream.read.selection.relation == Relation::Table(target.clone()) {
            let reason = format!("{target} is the table that the stream reads");
            report.refuse(Rule::TargetIsSource, reason, "choose another `schema` or `into`");
        }
        let reader =
            read.iter().find(|(name, relation)| *name != stream.stream && *relation == Relation::Table(target.clone()));
        if let Some((other, _)) = reader.filter(|_| same_place && stream.write.disposition == Disposition::Replace) {
            let reason = format!("stream {other} reads {target}: the run would wait for itself to replace it");
            report.refuse(Rule::TargetIsSource, reason, "choose another `schema` or `into`, or make two syncs of it");
        }
        stream.refusals.append(&mut report.refusals);
    }
}

/// A source that is held until the commit holds all that it reads. What a query or a view reads is not known: where that may be
/// what the run replaces, the run would wait for itself.
pub(crate) fn held(observation: &Observation, streams: &mut [StreamDraft]) {
    let is_plain = |stream: &StreamDraft| {
        let seen = observation.streams.iter().find(|seen| seen.stream == stream.stream);
        seen.is_none_or(|seen| matches!(seen.source.kind, RelationKind::Table | RelationKind::PartitionedTable))
    };
    if is_same_place(observation) && !streams.iter().all(is_plain) {
        let because =
            "a stream reads this very database by a query or a view, and may hold what is replaced until the commit";
        streams.iter_mut().filter(|stream| stream.write.parts).for_each(|stream| Parts::unset(stream, because));
    }
}

fn is_same_place(observation: &Observation) -> bool {
    let (source, destination) = (&observation.source, &observation.destination);
    source.endpoint == destination.endpoint && source.connector == destination.connector
}

/// Says where names at the destination differ by case alone: right for it, and a trap for whoever types them.
pub(crate) fn alike(streams: &mut [StreamDraft]) {
    let lower = |stream: &StreamDraft| {
        let target = &stream.write.target;
        (target.namespace.to_lowercase(), target.name.to_lowercase())
    };
    let names: Vec<_> = streams.iter().map(|stream| (lower(stream), stream.write.target.clone())).collect();
    for stream in streams {
        let own = lower(stream);
        let other = names.iter().find(|(name, target)| *name == own && *target != stream.write.target);
        if let Some((_, other)) = other {
            stream.notes.push(format!("{} and {other} differ by case alone", stream.write.target));
        }
    }
}

/// A sweep of a target whose own stream is refused would only stand before what is in the way.
pub(crate) fn without_end(streams: &mut Vec<StreamDraft>) {
    let refused = streams.iter().filter(|stream| !is_sweep(stream) && !stream.refusals.is_empty());
    let refused: BTreeSet<ObjectName> = refused.map(|stream| stream.write.target.clone()).collect();
    streams.retain(|stream| !is_sweep(stream) || !refused.contains(&stream.write.target));
}

/// A sweep writes the target of the stream that it follows.
fn is_sweep(stream: &StreamDraft) -> bool {
    stream.write.disposition == Disposition::Sweep
}

/// A schema and a type are made by the first stream that needs them.
pub(crate) fn once(streams: &mut [StreamDraft]) {
    let (mut schemas, mut types) = (BTreeSet::new(), BTreeSet::new());
    for stream in streams {
        let write = &mut stream.write;
        write.create_schema = write.create_schema && schemas.insert(write.target.namespace.clone());
        write.types.retain(|statement| types.insert(statement.sql.clone()));
    }
}
