//! Step: a stream of keys, by which rows that the source has no more are deleted or marked. Owns what that needs of the target;
//! the stream that it follows has said what the rows need.

use super::{
    Estimates, StreamDraft, WriteDecision, destroys, estimates,
    facts::{CASCADING_KEY_FROM, CASCADING_KEY_TO_ITSELF, CHILD, FOREIGN_KEY_FROM, Facts, listed},
    privileges, read, sizing, staging_seed,
};
use crate::{
    decision::{Disposition, Publication, Relation, Strategy, WriteColumn},
    figures,
    name::visible,
    observation::{FitLabel, Privilege, RelationKind},
    report::{Report, Rule, Topic},
    spec::Deletes,
};

/// The draft of a sweep.
pub(super) fn decide(facts: Facts<'_>) -> StreamDraft {
    let mut all = Report::default();
    let marks = match &facts.stream.wishes.deletes {
        Deletes::Mark(column) => Some(column.clone()),
        Deletes::Ignore | Deletes::Sweep => None,
    };
    let key = facts.stream.wishes.key.clone().unwrap_or_default();
    tell(facts, &key, marks.as_deref(), &mut all);
    refuse(facts, marks.is_none(), &mut all);
    let columns = columns(facts, &mut all);
    let (batch_rows, report) = sizing::batch(facts);
    all.take(report);
    let (read, report) = read::choose(facts, None, batch_rows);
    all.take(report);
    let estimates = estimates(facts.source.statistics);
    room(estimates, &mut all);
    StreamDraft {
        stream: facts.stream.stream.clone(),
        write: write(facts, columns, key, marks, batch_rows),
        read,
        reasons: all.reasons,
        refusals: all.refusals,
        notes: all.notes,
        destroys: destroys(facts),
        estimates,
    }
}

fn tell(facts: Facts<'_>, key: &[String], marks: Option<&str>, report: &mut Report) {
    let what = match marks {
        None => "rows gone at the source are deleted".to_owned(),
        Some(column) => format!("rows gone at the source are marked in {}", visible(column)),
    };
    report.because(Topic::Target, what, "the sync file asks for it");
    report.because(Topic::Key, listed(key), "that of the stream that it follows");
    report.because(Topic::Strategy, "copy", "of all rows there are, into a table of ours");
    report.because(Topic::Publication, "sweep", "rows whose key is not among them are found at once");
    report.because(Topic::Lock, "readers go on; writers wait", "from there to the commit");
    if matches!(facts.stream.selection.relation, Relation::Query(_)) {
        report.note(
            "the query is run a second time for its keys: a row that it gives the first time alone is taken for gone",
        );
    }
    if facts.source.statistics.rows == Some(0) {
        report.note("the source has no rows: none stays in the target");
    }
}

fn refuse(facts: Facts<'_>, deletes: bool, report: &mut Report) {
    let name = &facts.target.name;
    let (cascading, pointing) = (facts.dependents(CASCADING_KEY_FROM), facts.dependents(FOREIGN_KEY_FROM));
    if deletes && !cascading.is_empty() {
        let keys = listed(&cascading);
        let reason =
            format!("foreign keys point at {name} and cascade ({keys}): rows of other tables would go with its own");
        report.refuse(Rule::Deletes, reason, "use deletes = \"mark\", or make the foreign keys ON DELETE NO ACTION");
    } else if deletes && !pointing.is_empty() {
        report.note("a row that the source has no more and others still point at ends the run, and nothing is changed");
    }
    let to_itself = facts.dependents(CASCADING_KEY_TO_ITSELF);
    if deletes && !to_itself.is_empty() {
        let reason =
            format!("rows of {name} cascade to others of it ({}), which the source may still have", listed(&to_itself));
        report.refuse(Rule::Deletes, reason, "use deletes = \"mark\", or make the foreign key ON DELETE NO ACTION");
    }
    let children = facts.dependents(CHILD);
    if facts.target.kind == Some(RelationKind::Table) && !children.is_empty() {
        let reason =
            format!("tables inherit from {name} ({}), and their rows would be taken for its own", listed(&children));
        report.refuse(Rule::Deletes, reason, "use deletes = \"ignore\", or choose another target by `into`");
    }
    if facts.target.row_level_security {
        let reason = "row-level security would hide rows that are gone at the source";
        report.refuse(Rule::Deletes, reason, "use deletes = \"ignore\", or a role that it does not hold for");
    }
    let changes = if deletes { Privilege::Delete } else { Privilege::Update };
    for privilege in [Privilege::Stage, Privilege::Select, changes] {
        if !facts.may(privilege) {
            privileges::missing(facts, privilege, report);
        }
    }
}

/// As the stream before has them once it has changed what it must.
fn columns(facts: Facts<'_>, report: &mut Report) -> Vec<WriteColumn> {
    let mut written = Vec::new();
    for column in &facts.source.columns {
        let fit = facts.fit(&column.name);
        let target =
            fit.and_then(|fit| if fit.label == FitLabel::Refused { fit.alter.as_ref() } else { Some(&fit.target) });
        if let (Some(target), Some(found)) = (target, facts.target_column(&column.name)) {
            let (name, target) = (column.name.clone(), target.clone());
            written.push(WriteColumn { name, target, nullable: found.nullable });
        } else {
            let reason = "keys of the source cannot be compared with the target's by it";
            report.refuse_column(Rule::Deletes, &column.name, reason, "use deletes = \"ignore\"");
        }
    }
    written
}

fn room(estimates: Estimates, report: &mut Report) {
    if let Some(bytes) = estimates.bytes {
        let choice = format!("~{} of disk", figures::bytes(bytes));
        report.because(Topic::Room, choice, "the staging table of keys, which has no WAL");
    }
}

fn write(
    facts: Facts<'_>,
    columns: Vec<WriteColumn>,
    key: Vec<String>,
    marks: Option<String>,
    batch_rows: u32,
) -> WriteDecision {
    let (_, insert_rows, insert_bytes, _) = sizing::insert(facts, batch_rows);
    WriteDecision {
        staging_seed: staging_seed(facts),
        target: facts.target.name.clone(),
        create_schema: false,
        create_table: false,
        types: Vec::new(),
        changes: Vec::new(),
        comments: Vec::new(),
        disposition: Disposition::Sweep,
        strategy: Strategy::Copy,
        publication: Publication::Sweep,
        carried: Vec::new(),
        parts: false,
        columns,
        primary_key: Vec::new(),
        conflict_key: key,
        only_changed: false,
        latest_by: None,
        marks,
        override_identity: false,
        delete_instead_of_truncate: false,
        arrays: false,
        insert_rows,
        insert_bytes,
        batch_rows,
        checksum: false,
        row_errors: None,
    }
}
