//! The statements of the writing side. All of them run in the one transaction of a run, so that whatever they make or
//! remove is seen by others at once or never.

use super::{
    PrepareError,
    equal::{is_same_if_equal, type_of},
    ident, idents,
    names::Names,
    parts, reject, statement,
    swap::Swap,
    sweep,
};
use crate::{
    decision::{
        ChangeKind, ColumnChange, Disposition, Effect, Phase, PreparedWrite, Publication, Statement, Strategy,
        WriteDecision,
    },
    ident::{Ident, QualifiedName},
    sql::Sql,
};

/// The statements of a stream, in their order, and its conflict clause. The clause ends each INSERT of the load where the
/// publication is direct; a merge has it in its own statement already.
pub fn write(decision: &WriteDecision) -> Result<PreparedWrite, PrepareError> {
    let writing = Writing::new(decision)?;
    let mut statements = Vec::new();
    if decision.parts {
        writing.stage(&mut statements)?;
    }
    statements.extend(writing.swap.hold());
    writing.setup(&mut statements);
    let quarantine = decision.row_errors.as_ref().and_then(|errors| errors.quarantine.as_ref());
    if let Some(quarantine) = quarantine.filter(|quarantine| quarantine.create) {
        statements.push(reject::create(quarantine)?);
    }
    statements.push(writing.load());
    if decision.parts {
        statements.extend(parts::publish(decision, &writing.names)?);
    }
    if let Some(quarantine) = quarantine {
        statements.push(reject::insert(quarantine)?);
    }
    writing.publish(&mut statements);
    let said =
        |sql: &Sql| statement(Phase::Publish, Effect::Change, "what the source says of it", Sql::new().part(sql));
    statements.extend(writing.comments.iter().map(said));
    Ok(PreparedWrite { statements, conflict_clause: writing.conflict.map(Sql::done) })
}

/// A decision with its names checked.
struct Writing<'a> {
    decision: &'a WriteDecision,
    names: Names,
    swap: Swap,
    /// What deletes or marks rows.
    sweep: Vec<Statement>,
    /// What identifies a row.
    key: Vec<Ident>,
    /// What orders rows of one key.
    latest_by: Option<Ident>,
    conflict: Option<Sql>,
    /// Of the table that is there: what each is for, and how it is done.
    changes: Vec<(ChangeKind, Sql)>,
    comments: Vec<Sql>,
}

impl<'a> Writing<'a> {
    fn new(decision: &'a WriteDecision) -> Result<Self, PrepareError> {
        let at_once = matches!(decision.publication, Publication::Direct | Publication::Swap);
        if decision.row_errors.is_some() && !at_once {
            return Err(PrepareError::Unsupported("refused rows cannot be told apart once they are staged"));
        }
        if decision.parts {
            parts::check(decision)?;
        }
        let names = Names::new(decision)?;
        let key = idents(&decision.conflict_key)?;
        let latest_by = decision.latest_by.as_ref().map(|column| ident(column)).transpose()?;
        let conflict = settles_conflicts(decision)?.then(|| conflict_clause(decision, &names, &key));
        let changes = decision.changes.iter().map(|change| Ok((change.kind, alter(&names.target, change)?)));
        let changes = changes.collect::<Result<_, PrepareError>>()?;
        let comments = decision.comments.iter().map(|(column, text)| comment(&names.target, column.as_ref(), text));
        let comments = comments.collect::<Result<_, PrepareError>>()?;
        let swap = Swap::new(decision, &names)?;
        let sweep = match decision.publication {
            Publication::Sweep => sweep::publish(decision, &names, &key)?,
            _ => Vec::new(),
        };
        Ok(Self { decision, names, swap, sweep, key, latest_by, conflict, changes, comments })
    }

    /// In a transaction of its own.
    fn stage(&self, statements: &mut Vec<Statement>) -> Result<(), PrepareError> {
        if self.decision.create_table {
            let create = self.create_table(&self.names.loaded);
            statements.push(statement(Phase::Stage, Effect::Create, "table that rows enter in parts", create));
        }
        statements.extend(self.swap.stage());
        statements.push(parts::stage(self.decision)?);
        Ok(())
    }

    fn setup(&self, statements: &mut Vec<Statement>) {
        let decision = self.decision;
        let mut push = |effect, purpose: &str, sql| statements.push(statement(Phase::Setup, effect, purpose, sql));
        if let (true, Some(schema)) = (decision.create_schema, &self.names.target.schema) {
            let sql = Sql::new().raw("CREATE SCHEMA IF NOT EXISTS ").ident(schema);
            push(Effect::Create, "schema of the table", sql);
        }
        for made in &decision.types {
            push(made.effect, &made.purpose, Sql::new().of_the_plan(&made.sql));
        }
        if decision.create_table && !decision.parts {
            push(Effect::Create, "table", self.create_table(&self.names.target));
        }
        if self.key_comes_first() {
            let seen = if self.conflict.is_some() { "conflicts" } else { "rows that come twice" };
            push(
                Effect::Create,
                &format!("primary key, by which {seen} are seen"),
                self.add_primary_key(&self.names.target),
            );
        }
        if decision.publication == Publication::Direct {
            changes(&self.changes, statements);
        }
        let mut push = |effect, purpose: &str, sql| statements.push(statement(Phase::Setup, effect, purpose, sql));
        match decision.publication {
            Publication::Direct if decision.disposition == Disposition::Replace && !decision.create_table => {
                push(Effect::Control, "no one else writes from here on", self.lock());
                push(Effect::Remove, "rows that were there", self.empty());
            }
            Publication::Direct => {}
            Publication::Swap => statements.extend(self.swap.setup()),
            Publication::Refill | Publication::Merge | Publication::Reconcile | Publication::Sweep => {
                push(Effect::Create, "staging table, gone with the transaction", self.create_staging());
            }
        }
    }

    fn load(&self) -> Statement {
        if self.decision.strategy == Strategy::Copy {
            let sql = Sql::new().raw("COPY ").name(&self.names.loaded).raw(" ");
            let sql = column_list(sql, &self.names.columns).raw("FROM STDIN (FORMAT binary)");
            return statement(Phase::Load, Effect::Write, "rows enter", sql);
        }
        let overriding = self.decision.publication == Publication::Direct && self.decision.override_identity;
        let sql = self.insert(&self.names.loaded, overriding);
        let arrays = self.decision.arrays.then(|| arrays(self.names.columns.len()));
        let sql = match &arrays {
            Some(arrays) => sql.part(arrays),
            None => sql.raw("VALUES"),
        };
        statement(Phase::Load, Effect::Write, "rows enter", sql)
    }

    fn publish(&self, statements: &mut Vec<Statement>) {
        if self.decision.publication != Publication::Direct {
            changes(&self.changes, statements);
        }
        if self.decision.publication == Publication::Swap {
            statements.extend(self.swap.publish());
            return;
        }
        if self.decision.publication == Publication::Sweep {
            statements.push(statement(Phase::Publish, Effect::Control, "no one else writes from here on", self.lock()));
            statements.extend(self.sweep.iter().cloned());
            return;
        }
        let mut push = |effect, purpose: &str, sql| statements.push(statement(Phase::Publish, effect, purpose, sql));
        match self.decision.publication {
            Publication::Direct | Publication::Swap | Publication::Sweep => {}
            Publication::Refill => {
                push(Effect::Control, "no one else writes from here on", self.lock());
                if !self.decision.create_table {
                    push(Effect::Remove, "rows that were there", self.empty());
                }
                push(Effect::Write, "the new rows", self.insert_staged());
            }
            Publication::Merge => push(Effect::Write, "staged rows are added or update theirs", self.insert_staged()),
            Publication::Reconcile => {
                push(Effect::Control, "no one else writes from here on", self.lock());
                push(
                    Effect::Remove,
                    "rows that the source has no more",
                    sweep::delete(self.decision, &self.names, &self.key),
                );
                push(Effect::Write, "staged rows are added or update theirs", self.insert_staged());
            }
        }
        if self.decision.create_table && !self.key_comes_first() && !self.names.primary_key.is_empty() {
            push(Effect::Create, "primary key", self.add_primary_key(&self.names.target));
        }
    }

    /// ON CONFLICT finds its key as an index, and a row is refused by a key that is there: the primary key of a new table must
    /// stand before the first row.
    fn key_comes_first(&self) -> bool {
        let is_asked = self.conflict.is_some() || self.decision.row_errors.is_some();
        self.decision.create_table && is_asked && !self.names.primary_key.is_empty()
    }

    fn create_table(&self, table: &QualifiedName) -> Sql {
        let columns = self.names.columns.iter().zip(&self.decision.columns);
        Sql::new()
            .raw("CREATE TABLE ")
            .name(table)
            .raw(" (")
            .join(", ", columns, |sql, (name, column)| {
                let sql = sql.ident(name).raw(" ").of_the_plan(&column.target);
                if column.nullable { sql } else { sql.raw(" NOT NULL") }
            })
            .raw(")")
    }

    /// Without constraints: the target's hold when rows are published.
    fn create_staging(&self) -> Sql {
        let columns = self.names.columns.iter().zip(&self.decision.columns);
        Sql::new()
            .raw("CREATE TEMPORARY TABLE ")
            .name(&self.names.loaded)
            .raw(" (")
            .join(", ", columns, |sql, (name, column)| sql.ident(name).raw(" ").of_the_plan(&column.target))
            .raw(") ON COMMIT DROP")
    }

    fn add_primary_key(&self, table: &QualifiedName) -> Sql {
        let sql = Sql::new().raw("ALTER TABLE ").name(table).raw(" ADD PRIMARY KEY ");
        column_list(sql, &self.names.primary_key)
    }

    /// Readers go on where rows are deleted one by one; TRUNCATE keeps them out anyway.
    fn lock(&self) -> Sql {
        let by_row = matches!(self.decision.publication, Publication::Reconcile | Publication::Sweep);
        let by_row = by_row || self.decision.delete_instead_of_truncate;
        let mode = if by_row { " IN SHARE ROW EXCLUSIVE MODE" } else { " IN ACCESS EXCLUSIVE MODE" };
        Sql::new().raw("LOCK TABLE ").name(&self.names.target).raw(mode)
    }

    fn empty(&self) -> Sql {
        let verb = if self.decision.delete_instead_of_truncate { "DELETE FROM " } else { "TRUNCATE TABLE " };
        Sql::new().raw(verb).name(&self.names.target)
    }

    fn insert(&self, table: &QualifiedName, overriding: bool) -> Sql {
        let sql = Sql::new().raw("INSERT INTO ").name(table).raw(" ");
        let is_renamed = self.conflict.is_some() && is_excluded(&table.name);
        let sql = if is_renamed { sql.raw("AS ").raw(IN_PLACE_OF_EXCLUDED).raw(" ") } else { sql };
        let sql = column_list(sql, &self.names.columns);
        if overriding { sql.raw("OVERRIDING SYSTEM VALUE ") } else { sql }
    }

    fn insert_staged(&self) -> Sql {
        let sql = self.insert(&self.names.target, self.decision.override_identity).raw("SELECT ");
        let latest = || self.latest_by.iter();
        let sql = latest().fold(sql, |sql, _| sql.raw("DISTINCT ON (").idents(&self.key).raw(") "));
        let sql = sql.idents(&self.names.columns).raw(" FROM ").name(&self.names.loaded);
        let sql = latest().fold(sql, |sql, column| {
            sql.raw(" ORDER BY ").idents(&self.key).raw(", ").ident(column).raw(" DESC NULLS LAST")
        });
        match &self.conflict {
            Some(clause) => sql.raw(" ").part(clause),
            None => sql,
        }
    }
}

/// Where the rows of an INSERT come from that are one array of each column.
pub(super) fn arrays(columns: usize) -> Sql {
    let parameter = |sql: Sql, number: u64| sql.raw("$").number(number);
    Sql::new().raw("SELECT * FROM unnest(").join(", ", 1..=columns as u64, parameter).raw(")")
}

/// `("a", "b") `, or nothing for a table without columns: `()` is a syntax error.
fn column_list(sql: Sql, columns: &[Ident]) -> Sql {
    if columns.is_empty() { sql } else { sql.raw("(").idents(columns).raw(") ") }
}

/// Upsert needs a conflict clause, but where COPY fills a table that is made in this run: no row can be in the way.
fn settles_conflicts(decision: &WriteDecision) -> Result<bool, PrepareError> {
    let direct_copy = decision.publication == Publication::Direct && decision.strategy == Strategy::Copy;
    let appends_new = decision.disposition == Disposition::Append && !decision.conflict_key.is_empty();
    match decision.disposition {
        Disposition::Append if appends_new && direct_copy => {
            if decision.create_table {
                Ok(false)
            } else {
                Err(PrepareError::Unsupported("COPY adds rows that are there already"))
            }
        }
        Disposition::Append if appends_new => Ok(true),
        Disposition::Append | Disposition::Replace if decision.publication != Publication::Reconcile => Ok(false),
        Disposition::Append => {
            Err(PrepareError::Unsupported("an append keeps rows that a reconciliation would remove"))
        }
        Disposition::Upsert if direct_copy && decision.create_table => Ok(false),
        Disposition::Upsert if direct_copy => {
            Err(PrepareError::Unsupported("COPY cannot update rows: upsert needs a merge or INSERT"))
        }
        Disposition::Upsert if !matches!(decision.publication, Publication::Direct | Publication::Merge) => {
            Err(PrepareError::Unsupported("upsert keeps rows that swap, refill and reconcile would remove"))
        }
        _ if decision.conflict_key.is_empty() => Err(PrepareError::Unsupported("conflicts are settled by a key")),
        Disposition::Sweep if decision.publication == Publication::Sweep => Ok(false),
        Disposition::Sweep => Err(PrepareError::Unsupported("a sweep has keys alone, which are no rows to publish")),
        Disposition::Upsert | Disposition::Replace => Ok(true),
    }
}

/// Rows are compared as they are stored (PostgreSQL manual, 9.25.6, "Composite Type Comparison"): 1.0 and 1.00 differ, and
/// types without an equality of their own can be compared. As a key 1.0 and 1.00 meet, so that the key is set as well;
/// only where it can differ, because whoever refers to a row waits for one whose key is set.
fn conflict_clause(decision: &WriteDecision, names: &Names, key: &[Ident]) -> Sql {
    let sql = Sql::new().raw("ON CONFLICT (").idents(key).raw(") DO ");
    let keeps = decision.disposition == Disposition::Append;
    if keeps || names.columns.iter().all(|column| key.contains(column)) {
        return sql.raw("NOTHING");
    }
    let is_set = |column: &&Ident| !key.contains(column) || !is_same_if_equal(type_of(decision, column));
    let set: Vec<&Ident> = names.columns.iter().filter(is_set).collect();
    let sql =
        sql.raw("UPDATE SET ").join(", ", &set, |sql, column| sql.ident(column).raw(" = EXCLUDED.").ident(column));
    if !decision.only_changed {
        return sql;
    }
    let there = |sql: Sql, column: &&Ident| {
        let name = &names.target.name;
        if is_excluded(name) { sql.raw(IN_PLACE_OF_EXCLUDED) } else { sql.ident(name) }.raw(".").ident(column)
    };
    sql.raw(" WHERE ROW(")
        .join(", ", &set, there)
        .raw(")::record OPERATOR(pg_catalog.*<>) ROW(")
        .join(", ", &set, |sql, column| sql.raw("EXCLUDED.").ident(column))
        .raw(")::record")
}

/// What a target is called in its INSERT whose own name is that of the rows that come.
const IN_PLACE_OF_EXCLUDED: &str = "rapidbyte_target";

fn is_excluded(name: &Ident) -> bool {
    name.as_str() == "excluded"
}

fn alter(table: &QualifiedName, change: &ColumnChange) -> Result<Sql, PrepareError> {
    let column = ident(&change.column)?;
    let sql = Sql::new().raw("ALTER TABLE ").name(table);
    Ok(match change.kind {
        ChangeKind::Add | ChangeKind::Mark => {
            sql.raw(" ADD COLUMN ").ident(&column).raw(" ").of_the_plan(&change.target)
        }
        ChangeKind::Widen => sql.raw(" ALTER COLUMN ").ident(&column).raw(" TYPE ").of_the_plan(&change.target),
        ChangeKind::Relax => sql.raw(" ALTER COLUMN ").ident(&column).raw(" DROP NOT NULL"),
    })
}

fn comment(table: &QualifiedName, column: Option<&String>, text: &str) -> Result<Sql, PrepareError> {
    let sql = match column {
        Some(column) => Sql::new().raw("COMMENT ON COLUMN ").name(table).raw(".").ident(&ident(column)?),
        None => Sql::new().raw("COMMENT ON TABLE ").name(table),
    };
    Ok(sql.raw(" IS ").literal(text)?)
}

/// In the phase that the statements have come to.
fn changes(changes: &[(ChangeKind, Sql)], statements: &mut Vec<Statement>) {
    let phase = if statements.iter().any(|made| made.phase == Phase::Load) { Phase::Publish } else { Phase::Setup };
    statements.extend(changes.iter().map(|(kind, sql)| {
        let (effect, purpose) = match kind {
            ChangeKind::Add => (Effect::Create, "column that is new at the source"),
            ChangeKind::Widen => (Effect::Change, "type that takes the source's values"),
            ChangeKind::Relax => (Effect::Change, "column that may be NULL at the source"),
            ChangeKind::Mark => (Effect::Create, "column that tells since when a row is gone at the source"),
        };
        statement(phase, effect, purpose, Sql::new().part(sql))
    }));
}

/// The written columns of the table that rows enter, for their types to be described once it is there.
pub fn loaded_query(decision: &WriteDecision) -> Result<String, PrepareError> {
    let names = Names::new(decision)?;
    Ok(Sql::new().raw("SELECT ").idents(&names.columns).raw(" FROM ").name(&names.loaded).done())
}
