//! What the steps of the planner look at for one stream, and the questions that several of them ask. Decides nothing.

use crate::{
    decision::Disposition,
    name::visible,
    observation::{
        ColumnFit, Identity, Observation, Privilege, RelationKind, SeenCheckpoint, SourceColumn, SourceStream,
        TargetColumn, TargetState,
    },
    resolve::ResolvedStream,
    spec::{Incremental, Spec},
};

/// Kinds of dependents, in the destination's words (connectors/wit, `dependent`).
pub(crate) const FOREIGN_KEY_FROM: &str = "foreign key from";
/// Of rows that are there at the end of each statement.
pub(crate) const FOREIGN_KEY_TO_ITSELF: &str = "foreign key to itself";
/// A row that goes takes others of the same table along, or changes them.
pub(crate) const CASCADING_KEY_TO_ITSELF: &str = "cascading foreign key to itself";
pub(crate) const CASCADING_KEY_FROM: &str = "cascading foreign key from";
pub(crate) const RULE: &str = "rule";
pub(crate) const TRIGGER: &str = "trigger";
pub(crate) const COLUMN_OPTIONS: &str = "column options";
pub(crate) const PARENT: &str = "parent";
pub(crate) const CHILD: &str = "child";

/// One stream as the sync file and both ends know it.
#[derive(Clone, Copy)]
pub(crate) struct Facts<'a> {
    pub(crate) spec: &'a Spec,
    pub(crate) stream: &'a ResolvedStream,
    pub(crate) source: &'a SourceStream,
    pub(crate) target: &'a TargetState,
    /// What the destination remembers of an incremental stream.
    pub(crate) checkpoint: Option<&'a SeenCheckpoint>,
    /// Columns that are new at the source and not read.
    pub(crate) ignored: &'a [String],
    /// All that was seen.
    pub(crate) observation: &'a Observation,
}

impl<'a> Facts<'a> {
    /// Who we are at the destination.
    pub(crate) fn user(&self) -> &'a str {
        &self.observation.destination.user
    }

    pub(crate) fn absent(&self) -> bool {
        self.target.kind.is_none()
    }

    /// What is new is appended: rows that are there already are found by a key, and stay as they are.
    pub(crate) fn appends_new(&self) -> Option<&'a Incremental> {
        let appends = self.stream.wishes.disposition == Disposition::Append;
        self.stream.incremental.as_ref().filter(|_| appends)
    }

    /// Rows that are there already are found by a key.
    pub(crate) fn settles(&self) -> bool {
        self.stream.wishes.disposition == Disposition::Upsert || self.appends_new().is_some()
    }

    /// Refused rows are set aside, and the run goes on.
    pub(crate) fn sets_aside(&self) -> bool {
        self.spec.on_row_error.rows_max().is_some()
    }

    /// What becomes of a row that the target refuses as it enters.
    pub(crate) fn refused_end(&self) -> &'static str {
        if self.sets_aside() { "is refused" } else { "ends the run" }
    }

    pub(crate) fn may(&self, privilege: Privilege) -> bool {
        self.target.privileges.contains(&privilege)
    }

    pub(crate) fn target_column(&self, name: &str) -> Option<&'a TargetColumn> {
        self.target.columns.iter().find(|column| column.name == name)
    }

    pub(crate) fn fit(&self, name: &str) -> Option<&'a ColumnFit> {
        self.target.fits.iter().find(|fit| fit.column == name)
    }

    pub(crate) fn source_column(&self, name: &str) -> Option<&'a SourceColumn> {
        self.source.columns.iter().find(|column| column.name == name)
    }

    /// Our runs made it, or put all of its rows there: we may change its columns when the source's change.
    pub(crate) fn ours(&self) -> bool {
        let table = matches!(self.target.kind, Some(RelationKind::Table | RelationKind::PartitionedTable));
        (self.target.filled_by_us || self.target.changed_by_others) && table
    }

    /// The target's primary key has this column.
    pub(crate) fn in_primary_key(&self, name: &str) -> bool {
        self.target.keys.iter().any(|key| key.primary && key.columns.iter().any(|column| column == name))
    }

    /// Names of what of one kind hangs on the target, as they are shown.
    pub(crate) fn dependents(&self, kind: &str) -> Vec<String> {
        self.target.dependents.iter().filter(|d| d.kind == kind).map(|d| visible(&d.name)).collect()
    }

    /// The target always generates this column.
    pub(crate) fn always_generated(&self, name: &str) -> bool {
        self.target_column(name).is_some_and(|column| column.identity == Identity::Always)
    }
}

/// "view", "partitioned table" …
pub(crate) fn kind_words(kind: RelationKind) -> &'static str {
    match kind {
        RelationKind::Table => "table",
        RelationKind::PartitionedTable => "partitioned table",
        RelationKind::ForeignTable => "foreign table",
        RelationKind::View => "view",
        RelationKind::MaterializedView => "materialized view",
        RelationKind::Other => "relation of another kind",
    }
}

/// "a, b, c"; more than eight are counted, not named.
pub(crate) fn listed<T: AsRef<str>>(names: &[T]) -> String {
    const NAMED_MAX: usize = 8; // what fits a line or two
    let shown: Vec<String> = names.iter().take(NAMED_MAX).map(|name| visible(name.as_ref())).collect();
    match names.len().saturating_sub(NAMED_MAX) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
