//! Chooses how each stream is read and written: a flat list of steps, each with its report of why. Pure: the same sync
//! file and observation give the same draft.

mod across;
mod changes;
mod columns;
mod comments;
mod cost;
mod facts;
mod incremental;
mod key;
mod names;
mod parts;
mod privileges;
mod read;
mod reconcile;
mod route;
mod row_errors;
mod shown;
mod sizing;
mod swap;
mod sweep;
mod target;
mod verify;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

pub use crate::plan::assemble;
pub(crate) use facts::listed;

use crate::{
    decision::{
        ColumnChange, Comment, Disposition, PreparedRead, PreparedWrite, Publication, ReadDecision, Strategy,
        WriteColumn, WriteDecision,
    },
    digest::sha256_hex,
    name::ObjectName,
    observation::{Observation, SourceStream, Statistics, StreamObservation, TargetState},
    report::{Reason, Refusal, Report, Rule},
    resolve::ResolvedStream,
    spec::{Deletes, Spec},
};
use facts::Facts;
use route::Route;
use serde::{Deserialize, Serialize};

/// What a stream brings, by the source's estimates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Estimates {
    /// Rows; none where the source has no estimate.
    pub rows: Option<u64>,
    /// Bytes: rows times the width of one.
    pub bytes: Option<u64>,
}

/// What was chosen for one stream; the connectors have not turned it into statements yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamDraft {
    /// The stream's name.
    pub stream: String,
    /// How it is read.
    pub read: ReadDecision,
    /// How it is written.
    pub write: WriteDecision,
    /// Why each choice was made.
    pub reasons: Vec<Reason>,
    /// What stands in the way; where there is anything, the stream's decisions are not to be prepared.
    pub refusals: Vec<Refusal>,
    /// What the user should know.
    pub notes: Vec<String>,
    /// What is destroyed, where rows go that may be someone's.
    pub destroys: Option<String>,
    /// What the stream brings.
    pub estimates: Estimates,
}

/// All choices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// What stands in the way of the whole plan.
    pub refusals: Vec<Refusal>,
    /// In the order of the sync.
    pub streams: Vec<StreamDraft>,
}

impl Draft {
    /// The streams whose decisions the connectors prepare, in order: those without refusals.
    pub fn to_prepare(&self) -> impl Iterator<Item = &StreamDraft> {
        self.streams.iter().filter(|stream| stream.refusals.is_empty())
    }
}

/// What both connectors made of one stream's decisions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prepared {
    /// The source's statements.
    pub read: PreparedRead,
    /// The destination's statements.
    pub write: PreparedWrite,
}

/// Decides everything that a plan decides. Never fails: what cannot be done is refused in the draft, all of it.
pub fn decide(spec: &Spec, streams: &[ResolvedStream], observation: &Observation) -> Draft {
    let decided =
        streams.iter().map(|stream| match observation.streams.iter().find(|seen| seen.stream == stream.stream) {
            Some(seen) => decide_stream(spec, stream, seen, observation),
            None => unobserved(spec, stream, observation),
        });
    let mut streams: Vec<StreamDraft> = decided.collect();
    across::targets(observation, &mut streams);
    across::held(observation, &mut streams);
    across::alike(&mut streams);
    across::once(&mut streams);
    across::without_end(&mut streams);
    Draft { refusals: across::ends(observation), streams }
}

fn decide_stream(
    spec: &Spec,
    stream: &ResolvedStream,
    seen: &StreamObservation,
    observation: &Observation,
) -> StreamDraft {
    let StreamObservation { source, target, ignored, .. } = seen;
    let (stream, checkpoint) = (&stream.without(ignored), seen.checkpoint.as_ref());
    let facts = Facts { spec, stream, source, target, checkpoint, ignored, observation };
    let (window, window_report) = incremental::choose(facts);
    let source = &incremental::as_it_is_read(source, window.as_ref());
    let facts = Facts { source, ..facts };
    if stream.wishes.disposition == Disposition::Sweep {
        return sweep::decide(facts);
    }
    let mut all = Report::default();
    let mut say = |report: Report| all.take(report);

    say(names::check(facts));
    let (key, key_report) = key::choose(facts);
    say(target::check(facts, &key));
    let columns = Columns::choose(facts, &mut say);
    let alters = !columns.changes.is_empty();
    say(key_report);
    say(reconcile::check(facts, &key));
    say(window_report);
    let (batch_rows, batch_report) = sizing::batch(facts);
    let (arrays, insert_rows, insert_bytes, insert_report) = sizing::insert(facts, batch_rows);
    let (route, report) = route::choose(facts, &key, alters, insert_rows);
    say(report);
    say(route::refuse_identities(facts, &key));
    let updates = facts.stream.wishes.disposition != Disposition::Append
        && columns.written.iter().any(|column| !key.contains(&column.name));
    let (delete, report) = privileges::check(facts, route, updates);
    say(report);
    let (mut read, report) = read::choose(facts, window, batch_rows);
    say(report);
    say(batch_report);
    if route.strategy != Strategy::Copy {
        say(insert_report);
    }

    let estimates = estimates(source.statistics);
    let (parts, report) = parts::choose(facts, route);
    say(report);
    say(cost::tell(facts, route, estimates, alters, delete));
    let (row_errors, report) = row_errors::choose(facts, seen.quarantine.as_ref(), (route, &key), batch_rows);
    say(report);

    let (checksum, report) = verify::choose(facts, &key, route, &columns.written, &columns.changes);
    say(report);
    read.checksum = checksum;

    let sizes = Sizes { batch_rows, arrays, insert_rows, insert_bytes };
    let write = write(facts, columns, &key, route, delete, sizes);
    let mut write = WriteDecision { row_errors, ..write };
    if let Some(parts) = parts {
        parts.set(&mut read, &mut write);
    }
    StreamDraft {
        stream: stream.stream.clone(),
        read,
        write,
        reasons: all.reasons,
        refusals: all.refusals,
        notes: all.notes,
        destroys: destroys(facts),
        estimates,
    }
}

/// The columns that are written, what of the target's is changed first, and what is said of them.
struct Columns {
    written: Vec<WriteColumn>,
    changes: Vec<ColumnChange>,
    comments: Vec<Comment>,
}

impl Columns {
    fn choose(facts: Facts<'_>, say: &mut impl FnMut(Report)) -> Self {
        let (changes, report) = changes::choose(facts);
        say(report);
        let (written, report) = columns::choose(facts, &changes);
        say(report);
        let (mut comments, report) = comments::choose(facts);
        comments.extend(changes::mark_comment(&changes));
        say(report);
        Self { written, changes, comments }
    }
}

#[derive(Clone, Copy)]
struct Sizes {
    batch_rows: u32,
    arrays: bool,
    insert_rows: u32,
    insert_bytes: u32,
}

fn write(
    facts: Facts<'_>,
    Columns { written: mut columns, changes, comments }: Columns,
    key: &[String],
    route: Route,
    delete: bool,
    sizes: Sizes,
) -> WriteDecision {
    let disposition = facts.stream.wishes.disposition;
    let primary_key = if facts.absent() { key.to_vec() } else { Vec::new() };
    let carried = if route.publication == Publication::Swap { facts.target.dependents.clone() } else { Vec::new() };
    if facts.absent() {
        // A primary key makes its columns NOT NULL.
        for column in columns.iter_mut().filter(|column| primary_key.contains(&column.name)) {
            column.nullable = false;
        }
    }
    let override_identity = route_inserts(route) && columns.iter().any(|column| facts.always_generated(&column.name));
    let settles = facts.settles() || route.publication == Publication::Reconcile;
    let types = facts.target.fits.iter().flat_map(|fit| fit.types.iter().cloned()).collect();
    WriteDecision {
        staging_seed: staging_seed(facts),
        target: facts.target.name.clone(),
        create_schema: !facts.target.schema_exists,
        create_table: facts.absent(),
        types,
        changes,
        comments,
        disposition,
        strategy: route.strategy,
        publication: route.publication,
        carried,
        parts: false,
        columns,
        primary_key,
        conflict_key: if settles { key.to_vec() } else { Vec::new() },
        only_changed: route.only_changed,
        marks: None,
        latest_by: key::latest_by(facts, key).filter(|_| route.publication == Publication::Merge),
        override_identity,
        delete_instead_of_truncate: delete,
        arrays: sizes.arrays && route.strategy != Strategy::Copy,
        insert_rows: sizes.insert_rows,
        insert_bytes: sizes.insert_bytes,
        batch_rows: sizes.batch_rows,
        checksum: verify::is_wanted(facts),
        row_errors: None,
    }
}

/// COPY straight into the target uses the values that it is given; every INSERT must say that it does.
fn route_inserts(route: Route) -> bool {
    let staged = matches!(route.publication, Publication::Refill | Publication::Merge | Publication::Reconcile);
    staged || matches!(route.strategy, Strategy::Insert | Strategy::Upsert)
}

/// The same for every run of one stream of one sync, so that a later run finds what an earlier one left.
fn staging_seed(facts: Facts<'_>) -> String {
    let seed = format!("{}\u{1f}{}", facts.spec.name, facts.stream.stream);
    // 64 bits tell the streams of one sync apart; a staging name has room for no more beside a prefix.
    sha256_hex(seed.as_bytes())[..16].to_owned()
}

fn destroys(facts: Facts<'_>) -> Option<String> {
    let (wishes, target) = (&facts.stream.wishes, facts.target);
    let name = &target.name;
    let what = match wishes.disposition {
        Disposition::Replace if !facts.absent() => format!("the rows of {name} are replaced"),
        Disposition::Sweep if wishes.deletes == Deletes::Sweep => {
            format!("the rows of {name} that the source has no more are deleted")
        }
        _ => return None,
    };
    let why = if target.changed_by_others {
        "others have changed some since a run of ours"
    } else {
        "no run of ours put them there"
    };
    (target.rows != Some(0) && !target.filled_by_us).then(|| format!("{what}, and {why}"))
}

fn estimates(statistics: Statistics) -> Estimates {
    let bytes = statistics.rows.zip(statistics.bytes_per_row).map(|(rows, width)| rows.saturating_mul(width.into()));
    Estimates { rows: statistics.rows, bytes }
}

/// A stream of which the ends said nothing: refused, with decisions that do nothing.
fn unobserved(spec: &Spec, stream: &ResolvedStream, observation: &Observation) -> StreamDraft {
    let source = SourceStream {
        kind: crate::observation::RelationKind::Other,
        columns: Vec::new(),
        schema_sha256: String::new(),
        key: Vec::new(),
        unique_keys: Vec::new(),
        comment: None,
        dependents: Vec::new(),
        cursor: None,
        statistics: Statistics::default(),
        rows_in_all: None,
        ranges: None,
        extent: None,
        fetches: Vec::new(),
        fetch_note: None,
    };
    let seen = StreamObservation {
        stream: stream.stream.clone(),
        source,
        target: absent(stream.target.clone()),
        ignored: Vec::new(),
        checkpoint: None,
        quarantine: None,
    };
    let mut draft = decide_stream(spec, stream, &seen, observation);
    let mut report = Report::default();
    report.refuse(Rule::Unobserved, "the ends said nothing about this stream", "plan again");
    draft.refusals = report.refusals;
    draft
}

fn absent(name: ObjectName) -> TargetState {
    TargetState {
        name,
        kind: None,
        schema_exists: true,
        columns: Vec::new(),
        fits: Vec::new(),
        keys: Vec::new(),
        row_level_security: false,
        insertable: false,
        temporary: false,
        unlogged: false,
        dependents: Vec::new(),
        privileges: Vec::new(),
        rows: None,
        filled_by_us: false,
        changed_by_others: false,
        comment: None,
    }
}
