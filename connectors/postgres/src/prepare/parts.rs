//! Streams that are loaded in parts: rows enter a table beside the records of runs, and each part is committed with a record of
//! it. The table becomes the target in the run's own transaction.

use super::{PrepareError, ident, names, names::Names, statement};
use crate::{
    decision::{Effect, Phase, Publication, Statement, Strategy, WriteDecision},
    ident::{Ident, QualifiedName},
    sql::Sql,
};

/// The schema of the records of runs.
const SCHEMA: &str = "_rapidbyte";

/// What is appended to the name of a table for that of the records of its parts.
const PARTS: &str = "_parts";

/// Whether a decision can be carried out in parts: rows that were committed must not need what the run makes later.
pub(super) fn check(decision: &WriteDecision) -> Result<(), PrepareError> {
    let made = decision.publication == Publication::Swap
        || decision.publication == Publication::Direct && decision.create_table;
    let plain = decision.types.is_empty() && decision.row_errors.is_none();
    if made && plain && decision.strategy == Strategy::Copy {
        return Ok(());
    }
    Err(PrepareError::Unsupported("only a new table of types that are there is loaded in parts, by COPY"))
}

/// Where rows enter.
pub(super) fn loaded(decision: &WriteDecision) -> Result<QualifiedName, PrepareError> {
    beside_records(names::staging(&decision.staging_seed)?)
}

fn beside_records(name: Ident) -> Result<QualifiedName, PrepareError> {
    Ok(QualifiedName { schema: Some(ident(SCHEMA)?), name })
}

fn records(decision: &WriteDecision) -> Result<QualifiedName, PrepareError> {
    beside_records(records_of(&names::staging(&decision.staging_seed)?)?)
}

fn records_of(loaded: &Ident) -> Result<Ident, PrepareError> {
    ident(&[loaded.as_str(), PARTS].concat())
}

/// The table that records parts.
pub(super) fn stage(decision: &WriteDecision) -> Result<Statement, PrepareError> {
    let sql = Sql::new().raw("CREATE TABLE ").name(&records(decision)?);
    let sql = sql.raw(" (part bigint PRIMARY KEY, rows bigint NOT NULL, bytes bigint NOT NULL)");
    Ok(statement(Phase::Stage, Effect::Create, "which parts are loaded", sql))
}

/// The loaded table goes where the target is, or is to be.
pub(super) fn publish(decision: &WriteDecision, names: &Names) -> Result<Vec<Statement>, PrepareError> {
    let publish = |effect, purpose: &str, sql| statement(Phase::Publish, effect, purpose, sql);
    let drop = Sql::new().raw("DROP TABLE ").name(&records(decision)?);
    let mut statements = vec![publish(Effect::Control, "all parts are loaded", drop)];
    if let Some(schema) = &names.target.schema {
        let sql = Sql::new().raw("ALTER TABLE ").name(&names.loaded).raw(" SET SCHEMA ").ident(schema);
        statements.push(publish(Effect::Control, "the loaded table leaves the records of runs", sql));
    }
    if decision.publication == Publication::Direct {
        let sql = Sql::new().raw("ALTER TABLE ").name(&names.beside()).raw(" RENAME TO ").ident(&names.target.name);
        statements.push(publish(Effect::Change, "and becomes the table", sql));
    }
    Ok(statements)
}

/// Says of which load, of which sync, the parts are: [`left_query`] finds them by that.
pub fn name_load(decision: &WriteDecision, load: &str, sync: &str) -> Result<String, PrepareError> {
    let sql = Sql::new().raw("COMMENT ON TABLE ").name(&records(decision)?).raw(" IS ");
    Ok(sql.literal(&[load, " ", sync].concat())?.done())
}

/// Asks for the tables of loads of a sync that are ours to drop: one row each, its name and the load's. No row where there are no
/// records of runs.
pub fn left_query(sync: &str) -> Result<String, PrepareError> {
    let sql = Sql::new().raw(
        "SELECT pg_catalog.left(c.relname, -6), pg_catalog.split_part(d.description, ' ', 1) \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         JOIN pg_catalog.pg_description d ON d.objoid = c.oid AND d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass \
         AND d.objsubid = 0 WHERE n.nspname = '_rapidbyte' AND c.relname LIKE 'rapidbyte\\_%\\_parts' \
         AND pg_catalog.pg_has_role(c.relowner, 'USAGE') \
         AND pg_catalog.substr(d.description, pg_catalog.strpos(d.description, ' ') + 1) = ",
    );
    Ok(sql.literal(sync)?.raw(" ORDER BY 1").done())
}

/// Drops a table that [`left_query`] named, with the records of its parts.
pub fn drop_left(name: &str) -> Result<String, PrepareError> {
    let name = ident(name)?;
    let records = beside_records(records_of(&name)?)?;
    let sql = Sql::new().raw("DROP TABLE IF EXISTS ").name(&beside_records(name)?);
    Ok(sql.raw(", ").name(&records).done())
}

/// The name by which [`left_query`] tells the table of a decision.
pub fn load_table(decision: &WriteDecision) -> Result<String, PrepareError> {
    Ok(names::staging(&decision.staging_seed)?.as_str().to_owned())
}

/// Records a part, in its own transaction. A second record of one part is an error (23505).
pub fn record_part(decision: &WriteDecision, part: u32, rows: u64, bytes: u64) -> Result<String, PrepareError> {
    let sql = Sql::new().raw("INSERT INTO ").name(&records(decision)?).raw(" VALUES (").number(part.into());
    Ok(sql.raw(", ").number(rows).raw(", ").number(bytes).raw(")").done())
}

/// Asks for the parts that are loaded: number, rows, bytes, in their order.
pub fn parts_query(decision: &WriteDecision) -> Result<String, PrepareError> {
    let sql = Sql::new().raw("SELECT part, rows, bytes FROM ").name(&records(decision)?);
    Ok(sql.raw(" ORDER BY part").done())
}
