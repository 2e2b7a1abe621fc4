//! The statements of the writing side. All of them run in the one transaction of a run, so that whatever they make or
//! remove is seen by others at once or never.

use super::{PrepareError, idents, names::Names, statement};
use crate::{
    decision::{Disposition, Effect, Phase, PreparedWrite, Publication, Statement, Strategy, WriteDecision},
    ident::{Ident, QualifiedName},
    sql::Sql,
};

/// The statements of a stream, in their order, and its conflict clause. The clause ends each INSERT of the load where the
/// publication is direct; a merge has it in its own statement already.
pub fn write(decision: &WriteDecision) -> Result<PreparedWrite, PrepareError> {
    let writing = Writing::new(decision)?;
    let mut statements = Vec::new();
    writing.setup(&mut statements);
    statements.push(writing.load());
    writing.publish(&mut statements);
    Ok(PreparedWrite { statements, conflict_clause: writing.conflict.map(Sql::done) })
}

/// A decision with its names checked.
struct Writing<'a> {
    decision: &'a WriteDecision,
    names: Names,
    conflict: Option<Sql>,
}

impl<'a> Writing<'a> {
    fn new(decision: &'a WriteDecision) -> Result<Self, PrepareError> {
        let names = Names::new(decision)?;
        let conflict = if settles_conflicts(decision)? { Some(conflict_clause(decision, &names)?) } else { None };
        Ok(Self { decision, names, conflict })
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
        if decision.create_table && decision.publication != Publication::Swap {
            push(Effect::Create, "table", self.create_table(&self.names.target));
        }
        if self.key_comes_first() {
            push(Effect::Create, "primary key, by which conflicts are seen", self.add_primary_key(&self.names.target));
        }
        match decision.publication {
            Publication::Direct if decision.disposition == Disposition::Replace && !decision.create_table => {
                push(Effect::Remove, "rows that were there", self.empty());
            }
            Publication::Direct => {}
            Publication::Swap => {
                push(Effect::Create, "new table, to take the place", self.create_table(&self.names.loaded));
            }
            Publication::Refill | Publication::Merge => {
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
        let sql = self.insert(&self.names.loaded, overriding).raw("VALUES");
        statement(Phase::Load, Effect::Write, "rows enter", sql)
    }

    fn publish(&self, statements: &mut Vec<Statement>) {
        let mut push = |effect, purpose: &str, sql| statements.push(statement(Phase::Publish, effect, purpose, sql));
        match self.decision.publication {
            Publication::Direct => {}
            Publication::Swap => {
                self.swap(&mut push);
                return;
            }
            Publication::Refill => {
                push(Effect::Control, "no one else writes from here on", self.lock());
                if !self.decision.create_table {
                    push(Effect::Remove, "rows that were there", self.empty());
                }
                push(Effect::Write, "the new rows", self.insert_staged());
            }
            Publication::Merge => push(Effect::Write, "staged rows are added or update theirs", self.insert_staged()),
        }
        if self.decision.create_table && !self.key_comes_first() && !self.names.primary_key.is_empty() {
            push(Effect::Create, "primary key", self.add_primary_key(&self.names.target));
        }
    }

    /// The key is built before the old table goes, so that readers wait for two renames and not for an index.
    fn swap(&self, push: &mut impl FnMut(Effect, &str, Sql)) {
        let Names { target, loaded, staging_key, usual_key, .. } = &self.names;
        let has_key = !self.names.primary_key.is_empty();
        if has_key {
            let sql = Sql::new().raw("ALTER TABLE ").name(loaded).raw(" ADD CONSTRAINT ").ident(staging_key);
            push(Effect::Create, "primary key", column_list(sql.raw(" PRIMARY KEY "), &self.names.primary_key));
        }
        if !self.decision.create_table {
            push(Effect::Remove, "the old table", Sql::new().raw("DROP TABLE ").name(target));
        }
        let rename = Sql::new().raw("ALTER TABLE ").name(loaded).raw(" RENAME TO ").ident(&target.name);
        push(Effect::Change, "the new table takes the place", rename);
        if has_key {
            let sql = Sql::new().raw("ALTER TABLE ").name(target).raw(" RENAME CONSTRAINT ").ident(staging_key);
            push(Effect::Change, "the key gets its usual name", sql.raw(" TO ").ident(usual_key));
        }
    }

    /// ON CONFLICT finds its key as an index: the primary key of a new table must stand before the first row.
    fn key_comes_first(&self) -> bool {
        self.decision.create_table && self.conflict.is_some() && !self.names.primary_key.is_empty()
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
        let mode = if self.decision.delete_instead_of_truncate {
            " IN SHARE ROW EXCLUSIVE MODE"
        } else {
            " IN ACCESS EXCLUSIVE MODE"
        };
        Sql::new().raw("LOCK TABLE ").name(&self.names.target).raw(mode)
    }

    fn empty(&self) -> Sql {
        let verb = if self.decision.delete_instead_of_truncate { "DELETE FROM " } else { "TRUNCATE TABLE " };
        Sql::new().raw(verb).name(&self.names.target)
    }

    fn insert(&self, table: &QualifiedName, overriding: bool) -> Sql {
        let sql = column_list(Sql::new().raw("INSERT INTO ").name(table).raw(" "), &self.names.columns);
        if overriding { sql.raw("OVERRIDING SYSTEM VALUE ") } else { sql }
    }

    fn insert_staged(&self) -> Sql {
        let sql = self.insert(&self.names.target, self.decision.override_identity).raw("SELECT ");
        let sql = sql.idents(&self.names.columns).raw(" FROM ").name(&self.names.loaded);
        match &self.conflict {
            Some(clause) => sql.raw(" ").part(clause),
            None => sql,
        }
    }
}

/// `("a", "b") `, or nothing for a table without columns: `()` is a syntax error.
fn column_list(sql: Sql, columns: &[Ident]) -> Sql {
    if columns.is_empty() { sql } else { sql.raw("(").idents(columns).raw(") ") }
}

/// Upsert needs a conflict clause, but where COPY fills a table that is made in this run: no row can be in the way.
fn settles_conflicts(decision: &WriteDecision) -> Result<bool, PrepareError> {
    let direct_copy = decision.publication == Publication::Direct && decision.strategy == Strategy::Copy;
    match decision.disposition {
        Disposition::Append | Disposition::Replace => Ok(false),
        Disposition::Upsert if direct_copy && decision.create_table => Ok(false),
        Disposition::Upsert if direct_copy => {
            Err(PrepareError::Unsupported("COPY cannot update rows: upsert needs a merge or INSERT"))
        }
        Disposition::Upsert if matches!(decision.publication, Publication::Swap | Publication::Refill) => {
            Err(PrepareError::Unsupported("upsert keeps rows that swap and refill would remove"))
        }
        Disposition::Upsert if decision.conflict_key.is_empty() => Err(PrepareError::Unsupported("upsert needs a key")),
        Disposition::Upsert => Ok(true),
    }
}

fn conflict_clause(decision: &WriteDecision, names: &Names) -> Result<Sql, PrepareError> {
    let key = idents(&decision.conflict_key)?;
    let others: Vec<&Ident> = names.columns.iter().filter(|column| !key.contains(column)).collect();
    let sql = Sql::new().raw("ON CONFLICT (").idents(&key).raw(") DO ");
    if others.is_empty() {
        return Ok(sql.raw("NOTHING"));
    }
    Ok(sql.raw("UPDATE SET ").join(", ", others, |sql, column| sql.ident(column).raw(" = EXCLUDED.").ident(column)))
}

/// The written columns of the table that rows enter, for their types to be described once it is there.
pub fn loaded_query(decision: &WriteDecision) -> Result<String, PrepareError> {
    let names = Names::new(decision)?;
    Ok(Sql::new().raw("SELECT ").idents(&names.columns).raw(" FROM ").name(&names.loaded).done())
}
