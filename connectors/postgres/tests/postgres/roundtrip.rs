//! Every type of every_type.sql, from table to table.

use crate::{db::Db, moving};
use anyhow::Result;
use rapidbyte_postgres::{decision::Strategy, fit::Label};

const TABLES_QUERY: &str =
    "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'every_type'::regnamespace ORDER BY 1";

/// Each table goes through Arrow into a new one of the schema `copied`.
fn move_all(strategy: Strategy) -> Result<()> {
    let db = Db::with_every_type()?;
    let tables = db.rows(TABLES_QUERY)?;
    assert!(tables.len() >= 11, "the fixture has lost tables");
    for table in tables.into_iter().flatten().flatten() {
        let columns = moving::columns(&db, "every_type", &table)?;
        let schema = moving::arrow_schema(&columns);
        let batch = moving::read(&db, &schema, "every_type", &table)?;
        let fits = moving::fits(&db, &schema)?;
        let exact = |fit: &&rapidbyte_postgres::fit::Fit| fit.label != Label::Exact && !fit.target.starts_with("xml");
        assert_eq!(fits.iter().find(exact), None);
        assert!(fits.iter().all(|fit| fit.literal), "{table}: a type has no literal");
        let decision = moving::decision(strategy, "copied", &table, &fits)?;
        moving::write(&db, &decision, &schema, &batch)?;
        moving::same(&db, &columns, &format!("every_type.{table}"), &format!("copied.{table}"))?;
    }
    Ok(())
}

/// P4: what the server's own text input made arrives bit for bit by COPY binary through Arrow.
#[test]
fn every_type_by_copy() -> Result<()> {
    move_all(Strategy::Copy)
}

/// P5: and by the literals of INSERT.
#[test]
fn every_type_by_insert() -> Result<()> {
    move_all(Strategy::Insert)
}
