//! WIT types to and from the words of `plans`, for what a destination hears and says.

use super::{
    bindings::destination::exports::rapidbyte::connector::destination as wit,
    convert::{Broken, Checked, dependent, list, option, relation_kind, sql, text, wit_object_name},
};
use rapidbyte_plans::{
    decision::{
        ChangeKind, ColumnChange, Comment, Disposition, Effect, Phase, PreparedWrite, Publication, Quarantine,
        RowErrors, Statement, Strategy, WriteDecision,
    },
    name::ObjectName,
    observation::{
        ColumnFit, Comparison, Dependent, FitLabel, Identity, PastRun, Privilege, QuarantineState, TargetColumn,
        TargetKey, TargetState,
    },
};

fn phase(phase: wit::Phase) -> Phase {
    match phase {
        wit::Phase::Bookkeeping => Phase::Bookkeeping,
        wit::Phase::Stage => Phase::Stage,
        wit::Phase::Hold => Phase::Hold,
        wit::Phase::Setup => Phase::Setup,
        wit::Phase::Load => Phase::Load,
        wit::Phase::Reject => Phase::Reject,
        wit::Phase::Publish => Phase::Publish,
        wit::Phase::Verify => Phase::Verify,
    }
}

fn effect(effect: wit::Effect) -> Effect {
    match effect {
        wit::Effect::Create => Effect::Create,
        wit::Effect::Change => Effect::Change,
        wit::Effect::Remove => Effect::Remove,
        wit::Effect::Write => Effect::Write,
        wit::Effect::Control => Effect::Control,
        wit::Effect::Read => Effect::Read,
    }
}

fn statement(statement: wit::Statement) -> Checked<Statement> {
    Ok(Statement {
        phase: phase(statement.phase),
        effect: effect(statement.effect),
        sql: sql(statement.sql)?,
        purpose: text(statement.purpose)?,
    })
}

pub(super) fn statements(statements: Vec<wit::Statement>) -> Checked<Vec<Statement>> {
    list(statements, statement)
}

fn wit_statement(statement: &Statement) -> wit::Statement {
    wit::Statement {
        phase: match statement.phase {
            Phase::Bookkeeping => wit::Phase::Bookkeeping,
            Phase::Stage => wit::Phase::Stage,
            Phase::Hold => wit::Phase::Hold,
            Phase::Setup => wit::Phase::Setup,
            Phase::Load => wit::Phase::Load,
            Phase::Reject => wit::Phase::Reject,
            Phase::Publish => wit::Phase::Publish,
            Phase::Verify => wit::Phase::Verify,
        },
        effect: match statement.effect {
            Effect::Create => wit::Effect::Create,
            Effect::Change => wit::Effect::Change,
            Effect::Remove => wit::Effect::Remove,
            Effect::Write => wit::Effect::Write,
            Effect::Control => wit::Effect::Control,
            Effect::Read => wit::Effect::Read,
        },
        sql: statement.sql.clone(),
        purpose: statement.purpose.clone(),
    }
}

pub(super) fn wit_statements(statements: &[Statement]) -> Vec<wit::Statement> {
    statements.iter().map(wit_statement).collect()
}

pub(super) fn wit_write_decision(decision: &WriteDecision) -> wit::WriteDecision {
    let column = |column: &rapidbyte_plans::decision::WriteColumn| wit::WriteColumn {
        name: column.name.clone(),
        target: column.target.clone(),
        nullable: column.nullable,
    };
    wit::WriteDecision {
        staging_seed: decision.staging_seed.clone(),
        target: wit_object_name(&decision.target),
        create_schema: decision.create_schema,
        create_table: decision.create_table,
        types: wit_statements(&decision.types),
        changes: decision.changes.iter().map(wit_change).collect(),
        comments: decision.comments.iter().map(wit_comment).collect(),
        carried: decision.carried.iter().map(wit_dependent).collect(),
        disposition: match decision.disposition {
            Disposition::Append => wit::Disposition::Append,
            Disposition::Replace => wit::Disposition::Replace,
            Disposition::Upsert => wit::Disposition::Upsert,
            Disposition::Sweep => wit::Disposition::Sweep,
        },
        strategy: match decision.strategy {
            Strategy::Copy => wit::Strategy::Copy,
            Strategy::Insert => wit::Strategy::Insert,
            Strategy::Upsert => wit::Strategy::Upsert,
        },
        publication: match decision.publication {
            Publication::Direct => wit::Publication::Direct,
            Publication::Swap => wit::Publication::Swap,
            Publication::Refill => wit::Publication::Refill,
            Publication::Merge => wit::Publication::Merge,
            Publication::Reconcile => wit::Publication::Reconcile,
            Publication::Sweep => wit::Publication::Sweep,
        },
        parts: decision.parts,
        columns: decision.columns.iter().map(column).collect(),
        primary_key: decision.primary_key.clone(),
        conflict_key: decision.conflict_key.clone(),
        only_changed: decision.only_changed,
        latest_by: decision.latest_by.clone(),
        marks: decision.marks.clone(),
        override_identity: decision.override_identity,
        delete_instead_of_truncate: decision.delete_instead_of_truncate,
        arrays: decision.arrays,
        insert_rows: decision.insert_rows,
        insert_bytes: decision.insert_bytes,
        batch_rows: decision.batch_rows,
        checksum: decision.checksum,
        row_errors: decision.row_errors.as_ref().map(wit_row_errors),
    }
}

fn wit_row_errors(errors: &RowErrors) -> wit::RowErrors {
    let quarantine = |quarantine: &Quarantine| wit::Quarantine {
        table: wit_object_name(&quarantine.table),
        create: quarantine.create,
        stream: quarantine.stream.clone(),
    };
    wit::RowErrors { rows_max: errors.rows_max.get(), quarantine: errors.quarantine.as_ref().map(quarantine) }
}

fn wit_dependent(dependent: &Dependent) -> wit::Dependent {
    wit::Dependent {
        kind: dependent.kind.clone(),
        name: dependent.name.clone(),
        definition: dependent.definition.clone(),
    }
}

fn wit_change(change: &ColumnChange) -> wit::ColumnChange {
    let kind = match change.kind {
        ChangeKind::Add => wit::ChangeKind::Add,
        ChangeKind::Widen => wit::ChangeKind::Widen,
        ChangeKind::Relax => wit::ChangeKind::Relax,
        ChangeKind::Mark => wit::ChangeKind::Mark,
    };
    wit::ColumnChange { kind, column: change.column.clone(), target: change.target.clone() }
}

fn wit_comment(comment: &Comment) -> wit::Comment {
    wit::Comment { column: comment.column.clone(), text: comment.text.clone() }
}

pub(super) fn prepared_write(prepared: wit::PreparedWrite) -> Checked<PreparedWrite> {
    Ok(PreparedWrite {
        statements: statements(prepared.statements)?,
        conflict_clause: option(prepared.conflict_clause, sql)?,
    })
}

pub(super) fn wit_prepared_write(prepared: &PreparedWrite) -> wit::PreparedWrite {
    wit::PreparedWrite {
        statements: wit_statements(&prepared.statements),
        conflict_clause: prepared.conflict_clause.clone(),
    }
}

pub(super) fn past_run(run: wit::PastRun) -> Checked<PastRun> {
    Ok(PastRun { run: text(run.run)?, plan: text(run.plan)?, finished_at: text(run.finished_at)? })
}

fn identity(identity: wit::Identity) -> Identity {
    match identity {
        wit::Identity::None => Identity::None,
        wit::Identity::Always => Identity::Always,
        wit::Identity::ByDefault => Identity::ByDefault,
    }
}

fn target_column(column: wit::TargetColumn) -> Checked<TargetColumn> {
    Ok(TargetColumn {
        name: text(column.name)?,
        native: text(column.native)?,
        nullable: column.nullable,
        has_default: column.has_default,
        generated: column.generated,
        comment: option(column.comment, text)?,
        identity: identity(column.identity),
    })
}

fn target_key(key: wit::TargetKey) -> Checked<TargetKey> {
    Ok(TargetKey {
        name: text(key.name)?,
        columns: list(key.columns, text)?,
        primary: key.primary,
        partial: key.partial,
        expression: key.expression,
        otherwise: key.otherwise,
        deferrable: key.deferrable,
        nulls_not_distinct: key.nulls_not_distinct,
    })
}

fn fit(fit: wit::ColumnFit) -> Checked<ColumnFit> {
    Ok(ColumnFit {
        column: text(fit.column)?,
        target: text(fit.target)?,
        label: match fit.label {
            wit::FitLabel::Exact => FitLabel::Exact,
            wit::FitLabel::Widened => FitLabel::Widened,
            wit::FitLabel::Refused => FitLabel::Refused,
        },
        note: option(fit.note, text)?,
        literal: fit.literal,
        nested: fit.nested,
        types: statements(fit.types)?,
        alter: option(fit.alter, text)?,
        compared: Comparison {
            cast: option(fit.compared.cast, text)?,
            bounds: option(fit.compared.bounds, text)?,
            obstacle: option(fit.compared.obstacle, text)?,
        },
    })
}

fn privilege(privilege: wit::Privilege) -> Privilege {
    match privilege {
        wit::Privilege::Select => Privilege::Select,
        wit::Privilege::Insert => Privilege::Insert,
        wit::Privilege::Update => Privilege::Update,
        wit::Privilege::Delete => Privilege::Delete,
        wit::Privilege::Truncate => Privilege::Truncate,
        wit::Privilege::Own => Privilege::Own,
        wit::Privilege::CreateInSchema => Privilege::CreateInSchema,
        wit::Privilege::Stage => Privilege::Stage,
        wit::Privilege::Record => Privilege::Record,
        wit::Privilege::Load => Privilege::Load,
    }
}

/// The name with the schema that it means. A connector fills in what the name leaves open, and changes nothing.
fn meant(name: &ObjectName, namespace: String) -> Checked<ObjectName> {
    if name.namespace.is_empty() || name.namespace == namespace {
        return Ok(ObjectName { namespace: text(namespace)?, name: name.name.clone() });
    }
    Err(Broken("it took a table for one in another schema".to_owned()))
}

pub(super) fn target_state(name: &ObjectName, seen: wit::TargetObservation) -> Checked<TargetState> {
    Ok(TargetState {
        name: meant(name, seen.namespace)?,
        kind: seen.kind.map(relation_kind),
        schema_exists: seen.schema_exists,
        columns: list(seen.columns, target_column)?,
        fits: list(seen.fits, fit)?,
        keys: list(seen.keys, target_key)?,
        row_level_security: seen.row_level_security,
        insertable: seen.insertable,
        temporary: seen.temporary,
        unlogged: seen.unlogged,
        dependents: list(seen.dependents, dependent)?,
        privileges: list(seen.privileges, |item| Ok(privilege(item)))?,
        rows: seen.rows,
        filled_by_us: seen.filled_by_us,
        changed_by_others: seen.changed_by_others,
        comment: option(seen.comment, text)?,
    })
}

pub(super) fn quarantine_state(name: &ObjectName, seen: wit::QuarantineState) -> Checked<QuarantineState> {
    let unfit = option(seen.unfit, text)?;
    Ok(QuarantineState { name: name.clone(), exists: seen.exists, may_insert: seen.may_insert, unfit })
}
