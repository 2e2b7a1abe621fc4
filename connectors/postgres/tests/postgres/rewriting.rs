//! Two servers with different OIDs for the same types.

use crate::{db::Db, moving};
use anyhow::{Context as _, Result};
use rapidbyte_postgres::{
    copy::Encoder,
    decision::Strategy,
    fit::Label,
    types::{PgType, catalog::Column},
};

/// A database in which no type that is made has the OID that it has in another.
pub(crate) fn other_database() -> Result<Db> {
    let db = Db::new()?;
    for at in 0..40 {
        db.exec(&format!("CREATE TYPE public.in_the_way_{at} AS ENUM ()"))?;
    }
    db.exec(include_str!("../every_type_prerequisites.sql"))?;
    Ok(db)
}

/// P7: values of types that users made arrive under the other server's OIDs; what comes back from there has the bits that
/// were sent.
#[test]
fn types_of_users_arrive_under_other_oids() -> Result<()> {
    let source = Db::with_every_type()?;
    for strategy in [Strategy::Copy, Strategy::Insert] {
        let target = other_database()?;
        for table in ["enums", "composites", "ranges", "extensions"] {
            move_there_and_back(&source, &target, table, strategy).with_context(|| table.to_owned())?;
        }
    }
    Ok(())
}

fn move_there_and_back(source: &Db, target: &Db, table: &str, strategy: Strategy) -> Result<()> {
    let columns = moving::columns(source, "every_type", table)?;
    let schema = moving::arrow_schema(&columns);
    let batch = moving::read(source, &schema, "every_type", table)?;
    let fits = moving::fits(target, &schema)?;
    for fit in &fits {
        assert_eq!(fit.label == Label::Widened, domain_is_lost(table, &fit.column), "{fit:?}");
    }
    let decision = moving::decision(strategy, "every_type", table, &fits)?;
    moving::write(target, &decision, &schema, &batch)?;
    let there = moving::columns(target, "every_type", table)?;
    let oids = |columns: &[Column]| columns.iter().map(|c| c.ty.oid).collect::<Vec<_>>();
    assert_ne!(oids(&there), oids(&columns));
    let text = format!("SELECT t::text FROM every_type.{table} t ORDER BY id");
    assert_eq!(target.rows(&text)?, source.rows(&text)?);
    let schema_there = moving::arrow_schema(&there);
    let back = moving::read(target, &schema_there, "every_type", table)?;
    assert_eq!(encoded(&schema_there, &columns, &back)?, encoded(&schema, &columns, &batch)?);
    Ok(())
}

fn encoded(schema: &arrow_schema::Schema, columns: &[Column], batch: &arrow_array::RecordBatch) -> Result<Vec<u8>> {
    let targets: Vec<PgType> = columns.iter().map(|column| column.ty.clone()).collect();
    let mut bytes = Vec::new();
    Encoder::new(schema, &targets)?.encode(batch, &mut bytes)?;
    Ok(bytes)
}

/// The columns of `enums` whose types are domains or arrays of domains, which no destination makes.
fn domain_is_lost(table: &str, column: &str) -> bool {
    table == "enums" && ["p", "s", "d", "ps"].contains(&column)
}
