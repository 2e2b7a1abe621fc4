//! Every type of every_type.sql, from table to table.

use crate::{
    db::{Db, url_of},
    moving, parsing,
};
use anyhow::Result;
use rapidbyte_postgres::{
    decision::{Strategy, WriteDecision},
    fit::Label,
    ident::{Ident, QualifiedName},
    sql::Sql,
    text::JsonWriter,
    types::{PgType, catalog::Column},
};

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

/// P5a: and by the arrays of INSERT, where it is not nested; three rows a statement, and a NULL of each type.
#[test]
fn every_type_by_arrays() -> Result<()> {
    let db = Db::with_every_type()?;
    db.exec("CREATE SCHEMA flat")?;
    let mut client = parsing::connect(&url_of(&db)?)?;
    for table in db.rows(TABLES_QUERY)?.into_iter().flatten().flatten() {
        let columns = moving::columns(&db, "every_type", &table)?;
        let fits = moving::fits(&db, &moving::arrow_schema(&columns))?;
        let flat = columns.into_iter().zip(&fits).filter(|(_, fit)| !fit.nested).map(|(column, _)| column);
        let columns: Vec<Column> = flat.collect();
        let names = columns.iter().map(|column| Ident::new(column.name.clone())).collect::<Result<Vec<_>, _>>()?;
        let (from, flat) = (QualifiedName::new("every_type", &table)?, QualifiedName::new("flat", &table)?);
        let made =
            Sql::new().raw("CREATE TABLE ").name(&flat).raw(" AS SELECT ").idents(&names).raw(" FROM ").name(&from);
        db.exec(&made.done())?;
        db.exec(&Sql::new().raw("INSERT INTO ").name(&flat).raw(" (id) VALUES (-1)").done())?;
        let schema = moving::arrow_schema(&columns);
        let batch = moving::read(&db, &schema, "flat", &table)?;
        let fits = moving::fits(&db, &schema)?;
        let decision = moving::decision(Strategy::Insert, "copied", &table, &fits)?;
        moving::write_arrays(&db, &mut client, &WriteDecision { arrays: true, ..decision }, &schema, &batch)?;
        moving::same(&db, &columns, &format!("flat.{table}"), &format!("copied.{table}"))?;
    }
    Ok(())
}

/// P6: and by the JSON of a row that was set aside, from which the server makes the row again.
#[test]
fn every_type_by_json() -> Result<()> {
    let db = Db::with_every_type()?;
    // A document that is null, or has U+0000 in it, stands there as a text, and blanks around one are lost.
    db.exec("CREATE SCHEMA put_back; UPDATE every_type.documents SET j = '{}' WHERE id < 4; UPDATE every_type.documents SET jb = '{}' WHERE id = 1")?;
    for table in db.rows(TABLES_QUERY)?.into_iter().flatten().flatten() {
        let columns = moving::columns(&db, "every_type", &table)?;
        let schema = moving::arrow_schema(&columns);
        let batch = moving::read(&db, &schema, "every_type", &table)?;
        let targets: Vec<PgType> = columns.iter().map(|column| column.ty.clone()).collect();
        let (from, into) = (QualifiedName::new("every_type", &table)?, QualifiedName::new("put_back", &table)?);
        db.exec(&Sql::new().raw("CREATE TABLE ").name(&into).raw(" (LIKE ").name(&from).raw(")").done())?;
        for is_ascii in [false, true] {
            db.exec(&Sql::new().raw("TRUNCATE ").name(&into).done())?;
            let json = JsonWriter::new(&schema, &targets, is_ascii)?;
            for at in 0..batch.num_rows() {
                let row = json.row(&batch, at)?;
                assert!(!is_ascii || row.is_ascii());
                let sql =
                    Sql::new().raw("INSERT INTO ").name(&into).raw(" SELECT r.* FROM json_populate_record(NULL::");
                db.exec(&sql.name(&from).raw(", ").literal(&row)?.raw(") AS r").done())?;
            }
            moving::same(&db, &columns, &format!("every_type.{table}"), &format!("put_back.{table}"))?;
        }
    }
    Ok(())
}
