//! One stream of a plan: what happens to its target and why, what is notable about its columns, its statements.

use super::{page::Page, style::Role};
use crate::{
    decision::{ChangeKind, ColumnChange, Disposition, Effect, Phase, PreparedWrite, Publication, Statement, Strategy},
    name::visible,
    observation::{ColumnFit, FitLabel, StreamObservation},
    plan::StreamPlan,
    planner::Prepared,
    report::{Reason, Refusal, Topic},
};
use std::borrow::Cow;

/// What happens at the destination, in a sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Create,
    Change,
    Remove,
    Refuse,
}

impl Mark {
    /// Of a whole stream: it cannot run, its table is made, its rows are replaced, or rows are added or changed.
    pub(super) fn of(stream: &StreamPlan) -> Self {
        if !stream.refusals.is_empty() {
            Self::Refuse
        } else if stream.write.create_table {
            Self::Create
        } else if stream.destroys.is_some() {
            Self::Remove
        } else {
            Self::Change
        }
    }

    pub(super) fn sign(self) -> (&'static str, Role) {
        match self {
            Self::Create => ("+", Role::Create),
            Self::Change => ("~", Role::Change),
            Self::Remove => ("-", Role::Remove),
            Self::Refuse => ("!", Role::Remove),
        }
    }
}

pub(super) fn write(page: &mut Page, stream: &StreamPlan, seen: Option<&StreamObservation>) {
    let (sign, role) = Mark::of(stream).sign();
    let target = &stream.write.target;
    let title = page.style.paint(Role::Heading, &format!("{} → {target}", stream.stream));
    let head = page.style.paint(role, sign);
    page.line(&format!("{head} {title}"));
    page.labelled("rows", &super::amounts(stream.estimates));
    // What was chosen for a stream that cannot run would only stand before what is in the way.
    if !stream.refusals.is_empty() {
        refusals(page, &stream.refusals);
        return;
    }
    reasons(page, stream);
    columns(page, stream, seen);
    if let Some(what) = &stream.destroys {
        let label = page.style.paint(Role::Remove, "  destroys    ");
        page.hanging(&label, 14, what);
    }
    for note in &stream.notes {
        page.labelled("note", note);
    }
    if let Some(prepared) = &stream.prepared {
        statements(page, prepared);
    }
}

fn reasons(page: &mut Page, stream: &StreamPlan) {
    for reason in &stream.reasons {
        page.labelled(topic_word(reason.topic), &format!("{}: {}", choice_words(stream, reason), reason.because));
    }
}

pub(super) fn topic_word(topic: Topic) -> &'static str {
    match topic {
        Topic::Target => "target",
        Topic::Key => "key",
        Topic::Strategy => "write",
        Topic::Publication => "publish",
        Topic::Cursor => "cursor",
        Topic::LateCommits => "late rows",
        Topic::Access => "found by",
        Topic::Read => "read",
        Topic::Parts => "parts",
        Topic::Batch => "batches",
        Topic::Insert => "inserts",
        Topic::Change => "change",
        Topic::Lock => "locks",
        Topic::Room => "room",
        Topic::Verify => "verify",
        Topic::RowErrors => "row errors",
    }
}

pub(super) fn choice_words(stream: &StreamPlan, reason: &Reason) -> String {
    match reason.topic {
        Topic::Strategy => route_words(stream).to_owned(),
        Topic::Publication => publication_words(stream.write.publication).to_owned(),
        Topic::Read => format!("by {}", if reason.choice == "copy" { "COPY" } else { "cursor" }),
        _ => reason.choice.clone(),
    }
}

pub(super) fn route_words(stream: &StreamPlan) -> &'static str {
    match (stream.write.disposition, stream.write.strategy) {
        (Disposition::Append, Strategy::Insert | Strategy::Upsert) => "append by INSERT",
        (Disposition::Append, _) => "append by COPY",
        (Disposition::Replace, Strategy::Insert) => "replace by INSERT",
        (Disposition::Replace, _) => "replace by COPY",
        (Disposition::Upsert, Strategy::Copy) => "upsert by COPY",
        (Disposition::Upsert, _) => "upsert by INSERT",
        (Disposition::Sweep, _) => "keys by COPY",
    }
}

pub(super) fn publication_words(publication: Publication) -> &'static str {
    match publication {
        Publication::Direct => "at the commit",
        Publication::Swap => "by a swap",
        Publication::Refill => "by a refill",
        Publication::Merge => "by a merge",
        Publication::Reconcile => "row by row",
        Publication::Sweep => "by a sweep",
    }
}

/// The verdict on a column once the target has been changed for it.
fn fit_label(stream: &StreamPlan, fit: &ColumnFit) -> FitLabel {
    let is_widened = |change: &ColumnChange| change.kind == ChangeKind::Widen && change.column == fit.column;
    if stream.write.changes.iter().any(is_widened) { FitLabel::Exact } else { fit.label }
}

/// How many columns, and those alone of which something is to be said.
fn columns(page: &mut Page, stream: &StreamPlan, seen: Option<&StreamObservation>) {
    let Some(seen) = seen else { return };
    let words = fits_words(stream, &seen.target.fits);
    if !words.is_empty() {
        page.labelled("columns", &words);
    }
    for (fit, native) in widened(seen) {
        let note = fit.note.as_deref().map_or_else(String::new, |note| format!(": {}", visible(note)));
        let text = format!("{} {} → {}{note}", visible(&fit.column), visible(native), visible(&fit.target));
        page.marked(14, Role::Change, "~", &text);
    }
    for made in &stream.write.types {
        page.marked(14, Role::Create, "+", &visible(&made.purpose));
    }
}

/// "2 exact, 1 widened"; empty where there is no column.
pub(super) fn fits_words(stream: &StreamPlan, fits: &[ColumnFit]) -> String {
    let count = |label: FitLabel| fits.iter().filter(|fit| fit_label(stream, fit) == label).count();
    let of = |count: usize, word: &str| (count > 0).then(|| format!("{count} {word}"));
    let parts: Vec<String> =
        [(FitLabel::Exact, "exact"), (FitLabel::Widened, "widened"), (FitLabel::Refused, "refused")]
            .into_iter()
            .filter_map(|(label, word)| of(count(label), word))
            .collect();
    parts.join(", ")
}

/// The columns that are widened, each with its type at the source.
pub(super) fn widened(seen: &StreamObservation) -> impl Iterator<Item = (&ColumnFit, &str)> {
    seen.target.fits.iter().filter(|fit| fit.label == FitLabel::Widened).map(|fit| {
        let column = seen.source.columns.iter().find(|column| column.name == fit.column);
        (fit, column.map_or("", |column| column.native.as_str()))
    })
}

pub(super) fn refusals(page: &mut Page, refusals: &[Refusal]) {
    for refusal in refusals {
        let column = refusal.column.as_ref().map_or_else(String::new, |column| format!("column {column}: "));
        let label = page.style.paint(Role::Remove, "  refused     ");
        page.hanging(&label, 14, &format!("{column}{}", refusal.reason));
        page.marked(14, Role::Faint, "→", &refusal.advice);
    }
}

/// Statements that read parts differ by numbers of blocks, or not at all.
const PARTS_SHOWN: usize = 2;

fn statements(page: &mut Page, prepared: &Prepared) {
    let read = &prepared.read;
    for sql in read.position.iter().chain(&read.bounds).chain(read.statements.iter().take(PARTS_SHOWN)) {
        page.marked(4, Role::Faint, "<", &shown(sql));
    }
    let more = read.statements.len().saturating_sub(PARTS_SHOWN);
    if more > 0 {
        let rows = if read.bounds.is_some() { "range that follows" } else { "blocks that follow" };
        page.marked(4, Role::Faint, "<", &format!("… and {more} more, each of the {rows}"));
    }
    if let Some(sql) = &read.checksum {
        page.marked(4, Role::Faint, "=", &shown(sql));
    }
    for statement in written(&prepared.write) {
        self::statement(page, &statement);
    }
}

/// The statements that write, as they are sent but for the rows.
pub(super) fn written(write: &PreparedWrite) -> impl Iterator<Item = Cow<'_, Statement>> {
    write.statements.iter().map(|statement| {
        // Rows stand behind VALUES, or are parameters, and behind them what settles conflicts; a merge has it in its own
        // statement.
        if statement.phase == Phase::Reject {
            Cow::Owned(Statement { sql: format!("{} …", statement.sql), ..statement.clone() })
        } else if statement.phase == Phase::Load && statement.sql.starts_with("INSERT ") {
            let rows = if statement.sql.ends_with(" VALUES") { " …" } else { "" };
            let clause = write.conflict_clause.as_ref().map(|clause| format!(" {clause}")).unwrap_or_default();
            Cow::Owned(Statement { sql: format!("{}{rows}{clause}", statement.sql), ..statement.clone() })
        } else {
            Cow::Borrowed(statement)
        }
    })
}

pub(super) fn statement(page: &mut Page, statement: &Statement) {
    let (mark, role) = effect_sign(statement.effect);
    page.marked(4, role, mark, &shown(&statement.sql));
}

pub(super) fn effect_sign(effect: Effect) -> (&'static str, Role) {
    match effect {
        Effect::Create => ("+", Role::Create),
        Effect::Change => ("~", Role::Change),
        Effect::Remove => ("-", Role::Remove),
        Effect::Write => (">", Role::Label),
        Effect::Control => ("·", Role::Faint),
        Effect::Read => ("=", Role::Faint),
    }
}

/// A statement with its own line breaks and nothing else that a terminal would obey.
pub(super) fn shown(sql: &str) -> String {
    sql.lines().map(|line| visible(&line.replace('\t', "    "))).collect::<Vec<_>>().join("\n")
}
