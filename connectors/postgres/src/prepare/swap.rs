//! The statements of a swap: a table like the target, what hangs on the target given to it, and its way into the target's
//! place. Owns what is made of each definition that [`crate::relation`] reads; both know the kinds.

use super::{PrepareError, ident, names, names::Names, qualified, statement};
use crate::{
    decision::{Carried, Effect, Phase, Publication, Statement, WriteDecision},
    ident::{Ident, QualifiedName},
    sql::Sql,
};

/// Copied with the table; they are named in a decision so that a plan knows of them.
const COPIED: [&str; 6] = ["default", "generated", "check", "check comment", "column comment", "column storage"];

/// Made first in their steps: keys and indexes are what the others are said of, and what a table is granted by default goes
/// before what it is granted.
const FIRST: [&str; 5] = ["default privileges", "primary key", "unique key", "exclusion", "index"];

/// What a definition is made of can be given to a new table.
pub fn can_carry(carried: &Carried) -> bool {
    // Whose it is and will be makes no difference.
    let any = qualified("schema", "table");
    any.is_ok_and(|any| Giving { old: &any, new: &any, seed: "", keys_first: false }.give(carried).is_ok())
}

/// The statements of one swap, by the time at which they run; nothing where the publication is another.
#[derive(Default)]
pub(super) struct Swap {
    steps: Vec<Step>,
    /// Rows enter in parts, before the run's transaction.
    parts: bool,
}

/// When something is given to the new table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum When {
    /// Before all else, in the run's transaction: it carries what it has seen from there on.
    Held,
    /// Before rows enter.
    Empty,
    /// Once they are in it, and before anybody waits.
    Full,
    /// As late as possible before the old table goes.
    Last,
    /// Once it has the place.
    Placed,
}

struct Step {
    when: When,
    effect: Effect,
    purpose: &'static str,
    sql: Sql,
}

impl Swap {
    pub(super) fn new(decision: &WriteDecision, names: &Names) -> Result<Self, PrepareError> {
        if decision.publication != Publication::Swap {
            return Ok(Self::default());
        }
        if decision.create_table || !decision.changes.is_empty() {
            return Err(PrepareError::Unsupported(
                "a swap takes the place of a table that is there, and stays as it is",
            ));
        }
        let (old, loaded, new) = (&names.target, &names.loaded, &names.beside());
        let keys_first = decision.row_errors.is_some();
        let giving = |new| Giving { old, new, seed: &decision.staging_seed, keys_first };
        let mut carried: Vec<&Carried> = decision.carried.iter().collect();
        carried.sort_by_key(|item| FIRST.iter().position(|kind| *kind == item.kind).unwrap_or(FIRST.len()));
        let mut steps = vec![
            step(When::Held, Effect::Control, "nobody changes what hangs on the table from here on", hold(old)),
            step(When::Empty, Effect::Create, "new table like the old one, to take its place", like(old, loaded)),
        ];
        if carried.iter().any(|item| item.kind == "sequence") {
            steps.push(step(When::Last, Effect::Control, "no one else writes from here on", keep_out(old)));
        }
        for item in carried {
            let is_early = |step: &Step| step.when == When::Empty;
            steps.extend(giving(loaded).give(item)?.into_iter().filter(is_early));
            steps.extend(giving(new).give(item)?.into_iter().filter(|step| !is_early(step)));
        }
        let analyze = Sql::new().raw("ANALYZE ").name(new);
        steps.push(step(
            When::Full,
            Effect::Control,
            "statistics for the server's planner, as the old table had",
            analyze,
        ));
        let drop = Sql::new().raw("DROP TABLE ").name(old);
        steps.push(step(When::Last, Effect::Remove, "the old table", drop));
        let rename = Sql::new().raw("ALTER TABLE ").name(new).raw(" RENAME TO ").ident(&old.name);
        steps.push(step(When::Last, Effect::Change, "the new table takes the place", rename));
        steps.sort_by_key(|step| step.when);
        Ok(Self { steps, parts: decision.parts })
    }

    pub(super) fn stage(&self) -> impl Iterator<Item = Statement> {
        self.phase(Phase::Stage)
    }

    pub(super) fn hold(&self) -> impl Iterator<Item = Statement> {
        self.phase(Phase::Hold)
    }

    pub(super) fn setup(&self) -> impl Iterator<Item = Statement> {
        self.phase(Phase::Setup)
    }

    pub(super) fn publish(&self) -> impl Iterator<Item = Statement> {
        self.phase(Phase::Publish)
    }

    fn phase(&self, phase: Phase) -> impl Iterator<Item = Statement> {
        let of = |step: &Step| match step.when {
            When::Empty if self.parts => Phase::Stage,
            When::Held => Phase::Hold,
            When::Empty => Phase::Setup,
            When::Full | When::Last | When::Placed => Phase::Publish,
        };
        let steps = self.steps.iter().filter(move |step| of(step) == phase);
        steps.map(move |step| statement(phase, step.effect, step.purpose, Sql::new().part(&step.sql)))
    }
}

fn step(when: When, effect: Effect, purpose: &'static str, sql: Sql) -> Step {
    Step { when, effect, purpose, sql }
}

/// Others read and write the table, and wait with changes of it (PostgreSQL manual, 13.3.1): what they made of it now would
/// go with it.
fn hold(old: &QualifiedName) -> Sql {
    Sql::new().raw("LOCK TABLE ").name(old).raw(" IN SHARE UPDATE EXCLUSIVE MODE")
}

/// Who inserts a row has the table before he has its sequence: in this order nobody waits for the other.
fn keep_out(old: &QualifiedName) -> Sql {
    Sql::new().raw("LOCK TABLE ").name(old).raw(" IN ACCESS EXCLUSIVE MODE")
}

/// Columns, defaults, checks, storage and comments on these. Indexes and statistics would get names of their own, identities
/// would begin anew.
fn like(old: &QualifiedName, new: &QualifiedName) -> Sql {
    let sql = Sql::new().raw("CREATE TABLE ").name(new).raw(" (LIKE ").name(old);
    sql.raw(" INCLUDING ALL EXCLUDING INDEXES EXCLUDING STATISTICS EXCLUDING IDENTITY)")
}

/// What is given to the new table.
struct Giving<'a> {
    old: &'a QualifiedName,
    new: &'a QualifiedName,
    seed: &'a str,
    /// A row that a key refuses is to be refused as it enters.
    keys_first: bool,
}

impl Giving<'_> {
    /// The steps for one thing that hangs on the old table.
    fn give(&self, item: &Carried) -> Result<Vec<Step>, PrepareError> {
        let definition = item.definition.as_str();
        let one = |when, effect, purpose, sql| Ok(vec![step(when, effect, purpose, sql)]);
        match item.kind.as_str() {
            kind if COPIED.contains(&kind) => Ok(Vec::new()),
            "index" => self.index(item),
            "primary key" | "unique key" | "exclusion" => self.key(item),
            "statistics" => self.statistics(item),
            "sequence" => one(When::Last, Effect::Change, "sequence goes on with the new table", self.sequence(item)?),
            "storage" => one(
                When::Empty,
                Effect::Change,
                "storage parameters",
                self.alter().raw(" SET (").of_the_plan(definition).raw(")"),
            ),
            "column statistics" | "column options" => {
                one(When::Empty, Effect::Change, "options of a column", self.column(item)?)
            }
            "comment" | "index comment" | "key comment" => {
                one(When::Full, Effect::Change, "comment", self.comment(item)?)
            }
            "grant" | "column grant" => one(When::Empty, Effect::Change, "grant", self.grant(item)?),
            "default privileges" => {
                one(When::Empty, Effect::Change, "no grants but those of the old table", self.revoke(definition))
            }
            "clustered" => one(
                When::Full,
                Effect::Change,
                "index to cluster by",
                self.alter().raw(" CLUSTER ON ").ident(&self.staging(item)?),
            ),
            "replica identity" => one(When::Full, Effect::Change, "replica identity", self.replica_identity(item)?),
            _ => Err(PrepareError::Unsupported("a swap cannot carry this")),
        }
    }

    /// When a key or an index is made that refuses rows, or does not.
    fn when(&self, refuses: bool) -> When {
        if refuses && self.keys_first { When::Empty } else { When::Full }
    }

    fn alter(&self) -> Sql {
        Sql::new().raw("ALTER TABLE ").name(self.new)
    }

    /// The name that an index, or the like, has until the old one's is free.
    fn staging(&self, item: &Carried) -> Result<Ident, PrepareError> {
        // U+001F stands in no seed: names do not run into each other.
        names::staging(&[self.seed, "\u{1f}", &item.name].concat())
    }

    /// The same beside the table.
    fn beside(&self, name: Ident) -> QualifiedName {
        QualifiedName { schema: self.old.schema.clone(), name }
    }

    /// Built before the old table goes, so that readers wait for renames and not for an index.
    fn index(&self, item: &Carried) -> Result<Vec<Step>, PrepareError> {
        let (unique, rest) = match item.definition.strip_prefix("UNIQUE ") {
            Some(rest) => ("UNIQUE ", rest),
            None => ("", item.definition.as_str()),
        };
        let tail = rest.strip_prefix("INDEX ").filter(|tail| tail.starts_with("USING "));
        let tail = tail.ok_or(PrepareError::Unsupported("an index is defined otherwise"))?;
        let staging = self.staging(item)?;
        let create = Sql::new().raw("CREATE ").raw(unique).raw("INDEX ").ident(&staging).raw(" ON ").name(self.new);
        let rename =
            Sql::new().raw("ALTER INDEX ").name(&self.beside(staging)).raw(" RENAME TO ").ident(&ident(&item.name)?);
        Ok(vec![
            step(self.when(!unique.is_empty()), Effect::Create, "index", create.raw(" ").of_the_plan(tail)),
            step(When::Placed, Effect::Change, "the index gets its name", rename),
        ])
    }

    fn key(&self, item: &Carried) -> Result<Vec<Step>, PrepareError> {
        let purpose = match item.kind.as_str() {
            "primary key" => "primary key",
            "unique key" => "unique key",
            _ => "exclusion",
        };
        // What waits for the commit refuses no row before, and would be in the way of what follows.
        let waits = item.definition.contains(" DEFERRABLE");
        let staging = self.staging(item)?;
        let add = self.alter().raw(" ADD CONSTRAINT ").ident(&staging).raw(" ").of_the_plan(&item.definition);
        let rename = Sql::new().raw("ALTER TABLE ").name(self.old).raw(" RENAME CONSTRAINT ").ident(&staging);
        Ok(vec![
            step(self.when(!waits), Effect::Create, purpose, add),
            step(When::Placed, Effect::Change, "the key gets its name", rename.raw(" TO ").ident(&ident(&item.name)?)),
        ])
    }

    fn statistics(&self, item: &Carried) -> Result<Vec<Step>, PrepareError> {
        let staging = self.beside(self.staging(item)?);
        let create = Sql::new().raw("CREATE STATISTICS ").name(&staging).raw(" ").of_the_plan(&item.definition);
        let rename = Sql::new().raw("ALTER STATISTICS ").name(&staging).raw(" RENAME TO ").ident(&ident(&item.name)?);
        Ok(vec![
            step(When::Full, Effect::Create, "extended statistics", create.raw(" FROM ").name(self.new)),
            step(When::Placed, Effect::Change, "the statistics get their name", rename),
        ])
    }

    /// Otherwise it would go with the old table. Who wants its next number waits from here on.
    fn sequence(&self, item: &Carried) -> Result<Sql, PrepareError> {
        let sql = Sql::new().raw("ALTER SEQUENCE ").name(&self.beside(ident(&item.name)?)).raw(" OWNED BY ");
        Ok(sql.name(self.new).raw(".").ident(&ident(&item.definition)?))
    }

    fn column(&self, item: &Carried) -> Result<Sql, PrepareError> {
        let sql = self.alter().raw(" ALTER COLUMN ").ident(&ident(&item.name)?).raw(" SET ");
        if item.kind == "column options" {
            return Ok(sql.raw("(").of_the_plan(&item.definition).raw(")"));
        }
        let target =
            item.definition.parse().map_err(|_| PrepareError::Unsupported("a statistics target is a number"))?;
        Ok(sql.raw("STATISTICS ").number(target))
    }

    fn comment(&self, item: &Carried) -> Result<Sql, PrepareError> {
        let sql = Sql::new().raw("COMMENT ON ");
        let sql = match item.kind.as_str() {
            "index comment" => sql.raw("INDEX ").name(&self.beside(self.staging(item)?)),
            "key comment" => sql.raw("CONSTRAINT ").ident(&self.staging(item)?).raw(" ON ").name(self.new),
            _ => sql.raw("TABLE ").name(self.new),
        };
        Ok(sql.raw(" IS ").literal(&item.definition)?)
    }

    /// `SELECT, UPDATE TO reader WITH GRANT OPTION`: words of the server's own before a role.
    fn grant(&self, item: &Carried) -> Result<Sql, PrepareError> {
        let otherwise = PrepareError::Unsupported("a grant is defined otherwise");
        let (privileges, grantee) = item.definition.split_once(" TO ").ok_or(otherwise)?;
        let column = (item.kind == "column grant").then(|| ident(&item.name)).transpose()?;
        let sql = Sql::new().raw("GRANT ").join(", ", privileges.split(", "), |sql, privilege| {
            let sql = sql.of_the_plan(privilege);
            match &column {
                Some(column) => sql.raw(" (").ident(column).raw(")"),
                None => sql,
            }
        });
        Ok(sql.raw(" ON TABLE ").name(self.new).raw(" TO ").of_the_plan(grantee))
    }

    fn revoke(&self, grantees: &str) -> Sql {
        Sql::new().raw("REVOKE ALL ON TABLE ").name(self.new).raw(" FROM ").of_the_plan(grantees)
    }

    fn replica_identity(&self, item: &Carried) -> Result<Sql, PrepareError> {
        let sql = self.alter().raw(" REPLICA IDENTITY ").of_the_plan(&item.definition);
        Ok(if item.definition == "USING INDEX" { sql.raw(" ").ident(&self.staging(item)?) } else { sql })
    }
}
