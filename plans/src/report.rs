//! Why a plan is as it is: reasons of choices, refusals and notes. Owns their form; the planner fills them.

use serde::{Deserialize, Serialize};

/// What a reason is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// What happens to the target: created, kept, emptied.
    Target,
    /// The key.
    Key,
    /// COPY, INSERT or upsert.
    Strategy,
    /// How rows come to be seen.
    Publication,
    /// What of the stream is new.
    Cursor,
    /// Rows whose transactions end after later ones were read.
    LateCommits,
    /// How the source finds what is new.
    Access,
    /// How the source is read.
    Read,
    /// In how many parts a large table is loaded.
    Parts,
    /// How large batches are.
    Batch,
    /// How large INSERT statements are.
    Insert,
    /// A change of the target's columns.
    Change,
    /// Who waits for whom.
    Lock,
    /// Disk and WAL at the destination.
    Room,
    /// What is compared before the commit.
    Verify,
    /// Rows that the destination refuses.
    RowErrors,
}

/// One choice and why it was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// What was chosen about.
    pub topic: Topic,
    /// The choice, in a few words.
    pub choice: String,
    /// Why, without a full stop.
    pub because: String,
}

/// The rules by which a plan is refused; each has a golden case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// The destination takes no writes.
    DestinationReadOnly,
    /// Two streams write one table.
    TargetShared,
    /// The target is what the stream reads.
    TargetIsSource,
    /// The target is nothing that takes rows.
    TargetKind,
    /// The view takes no rows.
    TargetNotInsertable,
    /// The disposition cannot be carried out on this kind of target.
    TargetDisposition,
    /// Something hangs on the target that emptying it would break.
    TargetDependents,
    /// A name is longer than the destination takes.
    NameTooLong,
    /// A privilege is missing.
    PrivilegeMissing,
    /// An upsert has no key.
    KeyMissing,
    /// The key names a column that the stream does not have.
    KeyUnknown,
    /// A key column may hold NULL.
    KeyNullable,
    /// The target has no unique key that settles conflicts.
    KeyNotUnique,
    /// The source cannot read the column.
    ColumnUnreadable,
    /// Some value of the column could change.
    ColumnRefused,
    /// The target computes the column itself.
    ColumnGenerated,
    /// The target always generates the column, and an update cannot set it.
    ColumnIdentity,
    /// The target lacks the column.
    ColumnAbsent,
    /// The target demands a column that the stream lacks.
    ColumnRequired,
    /// Two columns of the stream have one name.
    ColumnTwice,
    /// The destination keeps the column's name for itself.
    ColumnReserved,
    /// The stream has no columns.
    ColumnsNone,
    /// The cursor does not order rows, or not as wished.
    Cursor,
    /// Late commits cannot be found.
    LateCommits,
    /// The wish for a strategy cannot be granted.
    StrategyWish,
    /// The stream cannot be fetched, or not as wished.
    Fetch,
    /// An end said nothing about the stream or one of its columns.
    Unobserved,
    /// The source moved since the last run, and the sync file says that this fails.
    SchemaChange,
    /// Rows that the source has no more cannot be deleted or marked as the sync file asks for.
    Deletes,
    /// What was written cannot be compared by a checksum.
    Checksum,
    /// Refused rows cannot be set aside as the sync file asks for.
    RowErrors,
}

/// Something that cannot be done, why, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// The rule that refuses.
    pub rule: Rule,
    /// The column that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// What is in the way, without a full stop.
    pub reason: String,
    /// What to do.
    pub advice: String,
}

/// What a step of the planner has to say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Report {
    pub(crate) reasons: Vec<Reason>,
    pub(crate) refusals: Vec<Refusal>,
    pub(crate) notes: Vec<String>,
}

impl Report {
    pub(crate) fn because(&mut self, topic: Topic, choice: impl Into<String>, because: impl Into<String>) {
        self.reasons.push(Reason { topic, choice: choice.into(), because: because.into() });
    }

    pub(crate) fn refuse(&mut self, rule: Rule, reason: impl Into<String>, advice: impl Into<String>) {
        self.refusals.push(Refusal { rule, column: None, reason: reason.into(), advice: advice.into() });
    }

    pub(crate) fn refuse_column(
        &mut self,
        rule: Rule,
        column: &str,
        reason: impl Into<String>,
        advice: impl Into<String>,
    ) {
        let column = Some(crate::name::visible(column));
        self.refusals.push(Refusal { rule, column, reason: reason.into(), advice: advice.into() });
    }

    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    pub(crate) fn take(&mut self, mut other: Self) {
        self.reasons.append(&mut other.reasons);
        self.refusals.append(&mut other.refusals);
        self.notes.append(&mut other.notes);
    }
}
