//! Decisions and statements between the contract's types and the plain ones of connectors/postgres. Nothing is decided.

use crate::bindings::exports::rapidbyte::connector::destination as contract;
use rapidbyte_postgres::{decision as plain, relation::DEFAULT_SCHEMA};
use rapidbyte_sdk::types::ObjectName;

/// The schema that a name means.
pub(crate) fn namespace(name: &ObjectName) -> &str {
    if name.namespace.is_empty() { DEFAULT_SCHEMA } else { &name.namespace }
}

pub(crate) fn write(decision: contract::WriteDecision) -> plain::WriteDecision {
    plain::WriteDecision {
        staging_seed: decision.staging_seed,
        namespace: namespace(&decision.target).to_owned(),
        name: decision.target.name,
        create_schema: decision.create_schema,
        create_table: decision.create_table,
        types: decision.types.into_iter().map(statement_in).collect(),
        changes: decision.changes.into_iter().map(change).collect(),
        comments: decision.comments.into_iter().map(|comment| (comment.column, comment.text)).collect(),
        carried: decision.carried.into_iter().map(carried).collect(),
        disposition: match decision.disposition {
            contract::Disposition::Append => plain::Disposition::Append,
            contract::Disposition::Replace => plain::Disposition::Replace,
            contract::Disposition::Upsert => plain::Disposition::Upsert,
            contract::Disposition::Sweep => plain::Disposition::Sweep,
        },
        strategy: match decision.strategy {
            contract::Strategy::Copy => plain::Strategy::Copy,
            contract::Strategy::Insert => plain::Strategy::Insert,
            contract::Strategy::Upsert => plain::Strategy::Upsert,
        },
        publication: match decision.publication {
            contract::Publication::Direct => plain::Publication::Direct,
            contract::Publication::Swap => plain::Publication::Swap,
            contract::Publication::Refill => plain::Publication::Refill,
            contract::Publication::Merge => plain::Publication::Merge,
            contract::Publication::Reconcile => plain::Publication::Reconcile,
            contract::Publication::Sweep => plain::Publication::Sweep,
        },
        parts: decision.parts,
        columns: decision.columns.into_iter().map(column).collect(),
        primary_key: decision.primary_key,
        conflict_key: decision.conflict_key,
        only_changed: decision.only_changed,
        latest_by: decision.latest_by,
        marks: decision.marks,
        override_identity: decision.override_identity,
        delete_instead_of_truncate: decision.delete_instead_of_truncate,
        arrays: decision.arrays,
        row_errors: decision.row_errors.map(row_errors),
    }
}

fn row_errors(errors: contract::RowErrors) -> plain::RowErrors {
    let quarantine = |quarantine: contract::Quarantine| plain::Quarantine {
        namespace: namespace(&quarantine.table).to_owned(),
        name: quarantine.table.name,
        create: quarantine.create,
    };
    plain::RowErrors { quarantine: errors.quarantine.map(quarantine) }
}

fn carried(dependent: contract::Dependent) -> plain::Carried {
    let contract::Dependent { kind, name, definition } = dependent;
    plain::Carried { kind, name, definition: definition.unwrap_or_default() }
}

fn change(change: contract::ColumnChange) -> plain::ColumnChange {
    let kind = match change.kind {
        contract::ChangeKind::Add => plain::ChangeKind::Add,
        contract::ChangeKind::Widen => plain::ChangeKind::Widen,
        contract::ChangeKind::Relax => plain::ChangeKind::Relax,
        contract::ChangeKind::Mark => plain::ChangeKind::Mark,
    };
    plain::ColumnChange { kind, column: change.column, target: change.target }
}

fn column(column: contract::WriteColumn) -> plain::WriteColumn {
    plain::WriteColumn { name: column.name, target: column.target, nullable: column.nullable }
}

pub(crate) fn statement_in(statement: contract::Statement) -> plain::Statement {
    plain::Statement {
        phase: match statement.phase {
            contract::Phase::Bookkeeping => plain::Phase::Bookkeeping,
            contract::Phase::Stage => plain::Phase::Stage,
            contract::Phase::Hold => plain::Phase::Hold,
            contract::Phase::Setup => plain::Phase::Setup,
            contract::Phase::Load => plain::Phase::Load,
            contract::Phase::Reject => plain::Phase::Reject,
            contract::Phase::Publish => plain::Phase::Publish,
            contract::Phase::Verify => plain::Phase::Verify,
        },
        effect: match statement.effect {
            contract::Effect::Create => plain::Effect::Create,
            contract::Effect::Change => plain::Effect::Change,
            contract::Effect::Remove => plain::Effect::Remove,
            contract::Effect::Write => plain::Effect::Write,
            contract::Effect::Control => plain::Effect::Control,
            contract::Effect::Read => plain::Effect::Read,
        },
        sql: statement.sql,
        purpose: statement.purpose,
    }
}

pub(crate) fn statement_out(statement: plain::Statement) -> contract::Statement {
    contract::Statement {
        phase: match statement.phase {
            plain::Phase::Bookkeeping => contract::Phase::Bookkeeping,
            plain::Phase::Stage => contract::Phase::Stage,
            plain::Phase::Hold => contract::Phase::Hold,
            plain::Phase::Setup => contract::Phase::Setup,
            plain::Phase::Load => contract::Phase::Load,
            plain::Phase::Reject => contract::Phase::Reject,
            plain::Phase::Publish => contract::Phase::Publish,
            plain::Phase::Verify => contract::Phase::Verify,
        },
        effect: match statement.effect {
            plain::Effect::Create => contract::Effect::Create,
            plain::Effect::Change => contract::Effect::Change,
            plain::Effect::Remove => contract::Effect::Remove,
            plain::Effect::Write => contract::Effect::Write,
            plain::Effect::Control => contract::Effect::Control,
            plain::Effect::Read => contract::Effect::Read,
        },
        sql: statement.sql,
        purpose: statement.purpose,
    }
}
