//! Step: what of a target's columns is changed because the source moved since the last run. Owns the four policies of
//! `[schema_changes]`. Only tables that our runs made or emptied are changed: of any other somebody else is the master.

use super::{
    facts::{Facts, PARENT, listed},
    names, shown,
};
use crate::{
    decision::{ChangeKind, ColumnChange, Comment},
    name::visible,
    observation::{ColumnFit, FitLabel, Identity, Privilege, SourceColumn, TargetColumn},
    report::{Report, Rule, Topic},
    spec::{Deletes, NewColumn, Nullability, RemovedColumn, TypeChange},
};
use std::collections::BTreeSet;

/// What hangs on a column by its type: the server refuses to alter one under these.
const HOLD_TYPES: [&str; 6] = ["view", "materialized view", "rule", "policy", "generated", "user"];

/// What a column that marks rows holds, as the destination writes it.
const MARK_TYPE: &str = "timestamp with time zone";

/// What such a column says of itself: one that says nothing may be somebody's.
const MARK_COMMENT: &str = "since when the row is gone at the source";

/// The changes, in the order in which they are made.
pub(crate) fn choose(facts: Facts<'_>) -> (Vec<ColumnChange>, Report) {
    let mut step = Step { facts, changes: Vec::new(), report: Report::default() };
    if facts.ours() {
        let mut seen = BTreeSet::new();
        for column in facts.source.columns.iter().filter(|column| seen.insert(column.name.as_str())) {
            match facts.target_column(&column.name) {
                None if names::is_reserved(facts, column) => {}
                None => step.new_column(column),
                Some(target) => step.moved(column, target),
            }
        }
        if !facts.ignored.is_empty() {
            let ignored = listed(facts.ignored);
            step.report.note(format!("new at the source and not read, as schema_changes.new_column says: {ignored}"));
        }
        let gone = step.removed();
        step.renamed(&gone);
        step.key();
    }
    if let Deletes::Mark(column) = &facts.stream.wishes.deletes {
        step.mark(column);
    }
    (step.changes, step.report)
}

/// The values no longer fit, a type that holds all would take them, and the sync file says that the target gets it.
pub(crate) fn is_widened(facts: Facts<'_>, fit: &ColumnFit) -> bool {
    let policy = facts.spec.schema_changes.type_change;
    facts.ours() && policy == TypeChange::Widen && fit.label == FitLabel::Refused && fit.alter.is_some()
}

/// What a column that is added to mark rows says of itself.
pub(crate) fn mark_comment(changes: &[ColumnChange]) -> Option<Comment> {
    let mark = changes.iter().find(|change| change.kind == ChangeKind::Mark)?;
    Some(Comment { column: Some(mark.column.clone()), text: MARK_COMMENT.to_owned() })
}

struct Step<'a> {
    facts: Facts<'a>,
    changes: Vec<ColumnChange>,
    report: Report,
}

impl Step<'_> {
    fn new_column(&mut self, column: &SourceColumn) {
        let Some(fit) = self.facts.fit(&column.name).filter(|fit| fit.label != FitLabel::Refused) else { return };
        let what = "it is new at the source since the last run";
        if self.facts.spec.schema_changes.new_column == NewColumn::Fail {
            self.fail(&column.name, what, "new_column", "add");
        } else {
            self.change(ChangeKind::Add, &column.name, &fit.target, what);
        }
    }

    fn moved(&mut self, column: &SourceColumn, target: &TargetColumn) {
        let policies = self.facts.spec.schema_changes;
        let fit = self.facts.fit(&column.name).filter(|fit| is_widened(self.facts, fit));
        if let Some(alter) = fit.and_then(|fit| fit.alter.as_ref()) {
            self.widen(column, alter);
        }
        if column.nullable && !target.nullable && !self.is_fixed(target) {
            let what = "it may be NULL at the source";
            if policies.nullability == Nullability::Fail {
                self.fail(&column.name, what, "nullability", "relax");
            } else {
                self.relax(target, what);
            }
        }
    }

    fn widen(&mut self, column: &SourceColumn, alter: &str) {
        let held: Vec<String> = HOLD_TYPES.into_iter().flat_map(|kind| self.facts.dependents(kind)).collect();
        if held.is_empty() {
            let because = format!("the source has {} now, which holds all that is there", visible(&column.native));
            self.change(ChangeKind::Widen, &column.name, alter, &because);
            return;
        }
        let reason = format!("its type cannot be altered: {} may hang on it", listed(&held));
        let advice = "alter it by hand and make those anew, or leave it out by exclude_columns";
        self.report.refuse_column(Rule::SchemaChange, &column.name, reason, advice);
    }

    /// The column that tells since when a row is gone; whoever asks for it has it in any table.
    fn mark(&mut self, column: &str) {
        let because = "rows that the source has no more are marked there";
        let another = "choose another one by deleted_column";
        let (reason, advice) = match self.facts.target_column(column) {
            _ if self.facts.source_column(column).is_some() => {
                ("the stream writes it, and it is to mark rows", another.to_owned())
            }
            _ if names::is_system_column(column) => {
                ("the destination has a system column of this name in every table", another.to_owned())
            }
            _ if column.len() > names::NAME_BYTES_MAX => ("the destination would cut its name", another.to_owned()),
            Some(found) if found.native != MARK_TYPE || !found.nullable || found.generated => {
                ("it is there, and marks rows only as a timestamp with time zone that may be NULL", another.to_owned())
            }
            Some(found) if found.comment.as_deref() == Some(MARK_COMMENT) => return,
            Some(_) => {
                let (table, name) = (shown::object(&self.facts.target.name), shown::identifier(column));
                let advice = format!("{another}, or say so: COMMENT ON COLUMN {table}.{name} IS '{MARK_COMMENT}';");
                ("it is there, and what it holds may be somebody's: no comment says that it is for this", advice)
            }
            None if self.facts.absent() => {
                let choice = format!("add {} as {MARK_TYPE}", visible(column));
                self.report.because(Topic::Change, choice, because);
                let (column, target) = (column.to_owned(), MARK_TYPE.to_owned());
                return self.changes.push(ColumnChange { kind: ChangeKind::Mark, column, target });
            }
            None => return self.change(ChangeKind::Mark, column, MARK_TYPE, because),
        };
        self.report.refuse_column(Rule::Deletes, column, reason, advice);
    }

    fn relax(&mut self, target: &TargetColumn, because: &str) {
        if self.facts.may(Privilege::Own) && self.facts.dependents(PARENT).is_empty() {
            self.change(ChangeKind::Relax, &target.name, &target.native, because);
        }
    }

    /// Columns that the source has no more: those that nobody else could mean by a default of their own.
    fn removed(&mut self) -> Vec<String> {
        let facts = self.facts;
        let plain =
            |column: &&TargetColumn| !column.has_default && !column.generated && column.identity == Identity::None;
        let marks = |column: &&TargetColumn| facts.stream.wishes.deletes == Deletes::Mark(column.name.clone());
        let gone = facts.target.columns.iter().filter(plain).filter(|c| facts.source_column(&c.name).is_none());
        let gone = gone.filter(|column| !marks(column));
        let gone: Vec<&TargetColumn> = gone.collect();
        for column in &gone {
            let what = "the stream has it no more";
            if facts.spec.schema_changes.removed_column == RemovedColumn::Fail {
                self.fail(&column.name, what, "removed_column", "keep");
            } else if !column.nullable
                && !self.is_fixed(column)
                && facts.spec.schema_changes.nullability == Nullability::Relax
            {
                self.relax(column, "the stream has it no more, and new rows are without it");
            }
        }
        gone.into_iter().map(|column| column.name.clone()).collect()
    }

    fn renamed(&mut self, gone: &[String]) {
        let added: Vec<&String> =
            self.changes.iter().filter(|change| change.kind == ChangeKind::Add).map(|change| &change.column).collect();
        if !gone.is_empty() && !added.is_empty() {
            let (gone, added) = (listed(gone), listed(&added));
            self.report.note(format!(
                "{gone} went and {added} came: a column that was renamed is seen so, and its old values stay where they are"
            ));
        }
    }

    fn key(&mut self) {
        let facts = self.facts;
        let there = facts.target.keys.iter().find(|key| key.primary).map_or(&[][..], |key| &key.columns);
        if facts.stream.wishes.key.is_some() || there == facts.source.key {
            return;
        }
        let words = |key: &[String]| if key.is_empty() { "none".to_owned() } else { format!("({})", listed(key)) };
        let (there, source) = (words(there), words(&facts.source.key));
        self.report.note(format!("the source's primary key is {source}, the target's stays {there}"));
    }

    /// A primary key and an identity take no NULL.
    fn is_fixed(&self, target: &TargetColumn) -> bool {
        target.identity != Identity::None || self.facts.in_primary_key(&target.name)
    }

    fn change(&mut self, kind: ChangeKind, column: &str, target: &str, because: &str) {
        let name = visible(column);
        if !self.facts.may(Privilege::Own) {
            let (user, table) = (visible(self.facts.user()), &self.facts.target.name);
            let reason = format!("{because}, and {user} does not own {table}: it cannot alter it");
            let advice = format!(
                "its owner runs: ALTER TABLE {} {} {};",
                shown::object(table),
                match kind {
                    ChangeKind::Add | ChangeKind::Mark => format!("ADD COLUMN {}", shown::identifier(column)),
                    ChangeKind::Widen => format!("ALTER COLUMN {} TYPE", shown::identifier(column)),
                    ChangeKind::Relax => format!("ALTER COLUMN {} DROP NOT NULL", shown::identifier(column)),
                },
                if kind == ChangeKind::Relax { "" } else { target },
            );
            self.report.refuse_column(Rule::PrivilegeMissing, column, reason, advice.replace(" ;", ";"));
            return;
        }
        if !self.facts.dependents(PARENT).is_empty() {
            let reason = format!("{because}, and {} has its columns from another table", self.facts.target.name);
            let advice = "change the columns of that table, or leave it out by exclude_columns";
            self.report.refuse_column(Rule::SchemaChange, column, reason, advice);
            return;
        }
        let choice = match kind {
            ChangeKind::Add | ChangeKind::Mark => format!("add {name} as {}", visible(target)),
            ChangeKind::Widen => format!("widen {name} to {}", visible(target)),
            ChangeKind::Relax => format!("let {name} be NULL"),
        };
        self.report.because(Topic::Change, choice, because);
        self.changes.push(ColumnChange { kind, column: column.to_owned(), target: target.to_owned() });
    }

    fn fail(&mut self, column: &str, what: &str, policy: &str, other: &str) {
        let reason = format!("{what}, and schema_changes.{policy} is \"fail\"");
        self.report.refuse_column(
            Rule::SchemaChange,
            column,
            reason,
            format!("see to it, or set {policy} = \"{other}\""),
        );
    }
}
