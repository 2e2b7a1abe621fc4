//! The path of a table through this crate: catalog, Arrow schema, COPY out, batches, fits, statements, COPY in or INSERT.

use crate::db::Db;
use anyhow::{Context as _, Result, ensure};
use arrow_array::RecordBatch;
use arrow_schema::{Schema, SchemaRef};
use rapidbyte_postgres::{
    client::Client,
    copy::{ArrayStatement, ArrayWriter, Decoder, Encoder, HEADER, TRAILER},
    decision::{
        Disposition, Fetch, Phase, PreparedWrite, Publication, ReadDecision, Relation, Strategy, WriteColumn,
        WriteDecision,
    },
    fit::{Fit, Label, TargetCatalog, fit, wanted},
    ident::QualifiedName,
    prepare,
    text::LiteralWriter,
    types::{
        PgType, arrays, arrow,
        catalog::{Column, Columns, Types, columns_query, named_types_query, types_query},
        schemas,
    },
};
use std::io::{BufRead, Write};

pub(crate) fn columns(db: &Db, schema: &str, table: &str) -> Result<Vec<Column>> {
    let columns = Columns::parse(&db.rows(&columns_query(&QualifiedName::new(schema, table)?)?)?)?;
    let types = Types::parse(&db.rows(&types_query(&columns.type_oids()))?)?;
    Ok(columns.with_types(&types)?)
}

pub(crate) fn arrow_schema(columns: &[Column]) -> SchemaRef {
    Schema::new(columns.iter().map(|column| arrow::field(&column.name, &column.ty, true)).collect::<Vec<_>>()).into()
}

pub(crate) fn read(db: &Db, schema: &SchemaRef, namespace: &str, table: &str) -> Result<RecordBatch> {
    let decision = ReadDecision {
        relation: Relation::Table(namespace.into(), table.into()),
        columns: schema.fields().iter().map(|field| field.name().clone()).collect(),
        filter: None,
        fetch: Fetch::Copy,
        partitions: 1,
        partition_blocks: None,
        partition_key: None,
        window: None,
    };
    let mut decoder = Decoder::new(schema)?;
    for message in db.copy_out(&prepare::read(&decision)?[0])? {
        decoder.push_copy_data(&message)?;
    }
    ensure!(decoder.is_ended());
    Ok(decoder.finish()?)
}

/// The verdicts of a destination where the table is absent.
pub(crate) fn fits(db: &Db, schema: &Schema) -> Result<Vec<Fit>> {
    let wanted = wanted(schema);
    let types = Types::parse(&db.rows(&named_types_query(&wanted.types, &wanted.extensions)?)?)?;
    let schemas = schemas::answer(db.rows(&schemas::query(&wanted.schemas)?)?);
    let there = TargetCatalog { types, schemas };
    Ok(schema.fields().iter().map(|field| fit(field, None, &there)).collect())
}

/// A new table, filled in one go.
pub(crate) fn decision(strategy: Strategy, namespace: &str, table: &str, fits: &[Fit]) -> Result<WriteDecision> {
    for fit in fits {
        ensure!(fit.label != Label::Refused, "{}: {:?}", fit.column, fit.note);
    }
    let mut types = Vec::new();
    for statement in fits.iter().flat_map(|fit| &fit.types) {
        if !types.contains(statement) {
            types.push(statement.clone());
        }
    }
    let column = |fit: &Fit| WriteColumn { name: fit.column.clone(), target: fit.target.clone(), nullable: true };
    Ok(WriteDecision {
        staging_seed: format!("{namespace}.{table}"),
        namespace: namespace.into(),
        name: table.into(),
        create_schema: true,
        create_table: true,
        types,
        changes: vec![],
        comments: vec![],
        carried: vec![],
        parts: false,
        disposition: Disposition::Append,
        strategy,
        publication: Publication::Direct,
        columns: fits.iter().map(column).collect(),
        primary_key: vec!["id".into()],
        conflict_key: vec![],
        only_changed: false,
        latest_by: None,
        marks: None,
        arrays: false,
        override_identity: false,
        delete_instead_of_truncate: false,
        row_errors: None,
    })
}

/// Executes a decision with one batch.
pub(crate) fn write(db: &Db, decision: &WriteDecision, schema: &Schema, batch: &RecordBatch) -> Result<PreparedWrite> {
    let prepared = prepare::write(decision)?;
    db.exec("BEGIN")?;
    let is_before = |phase| matches!(phase, Phase::Hold | Phase::Setup);
    for statement in prepared.statements.iter().filter(|statement| is_before(statement.phase)) {
        db.exec(&statement.sql)?;
    }
    let load = prepared.statements.iter().find(|statement| statement.phase == Phase::Load).context("no load")?;
    let targets = loaded_types(db, decision, &load.sql)?;
    match decision.strategy {
        Strategy::Copy => copy(db, &load.sql, schema, &targets, batch)?,
        Strategy::Insert | Strategy::Upsert => {
            let tail = prepared.conflict_clause.as_deref().filter(|_| decision.publication == Publication::Direct);
            insert(db, &load.sql, tail.unwrap_or_default(), schema, &targets, batch)?;
        }
    }
    for statement in prepared.statements.iter().filter(|statement| statement.phase == Phase::Publish) {
        db.exec(&statement.sql)?;
    }
    db.exec("COMMIT")?;
    Ok(prepared)
}

/// The types of the columns that the load statement names, of whatever table it writes.
fn loaded_types(db: &Db, decision: &WriteDecision, load: &str) -> Result<Vec<PgType>> {
    let name = load.split('"').find(|part| part.starts_with("rapidbyte_")).unwrap_or(&decision.name);
    let namespace = match decision.publication {
        Publication::Direct | Publication::Swap => decision.namespace.clone(),
        Publication::Refill | Publication::Merge | Publication::Reconcile | Publication::Sweep => {
            db.one("SELECT pg_my_temp_schema()::regnamespace")?
        }
    };
    let columns = columns(db, &namespace, name)?;
    let ty = |wanted: &WriteColumn| {
        let found = columns.iter().find(|column| column.name == wanted.name);
        found.map(|column| column.ty.clone()).context("a column is missing")
    };
    decision.columns.iter().map(ty).collect()
}

fn copy(db: &Db, sql: &str, schema: &Schema, targets: &[PgType], batch: &RecordBatch) -> Result<()> {
    let mut bytes = HEADER.to_vec();
    Encoder::new(schema, targets)?.encode(batch, &mut bytes)?;
    bytes.extend_from_slice(&TRAILER);
    db.copy_in(sql, bytes)?;
    Ok(())
}

/// Executes a decision whose rows come as arrays; they are written by the client that a guest has.
pub(crate) fn write_arrays<S: BufRead + Write>(
    db: &Db,
    client: &mut Client<S>,
    decision: &WriteDecision,
    schema: &Schema,
    batch: &RecordBatch,
) -> Result<()> {
    let prepared = prepare::write(decision)?;
    let run = |phase| {
        let of_it = prepared.statements.iter().filter(move |statement| statement.phase == phase);
        of_it.map(|statement| &statement.sql)
    };
    run(Phase::Setup).try_for_each(|sql| db.exec(sql))?;
    let load = run(Phase::Load).next().context("no load")?;
    let writer = ArrayWriter::new(schema, &loaded_types(db, decision, load)?)?;
    let types = arrays::answer(&db.rows(&arrays::query(writer.element_oids()))?, writer.element_oids());
    let types = types.context("no arrays")?;
    client.prepare("rows", load, &types)?;
    let mut statement = ArrayStatement::new("rows", u16::try_from(types.len())?, (3, 1 << 20));
    let mut rows = writer.start(batch)?;
    let mut written = 0;
    while statement.fill(&mut rows)? {
        written += client.execute_bound(statement.message())?;
    }
    ensure!(written == batch.num_rows() as u64);
    run(Phase::Publish).try_for_each(|sql| db.exec(sql))
}

/// Three rows a statement, so that statements end within a batch.
fn insert(db: &Db, head: &str, tail: &str, schema: &Schema, targets: &[PgType], batch: &RecordBatch) -> Result<()> {
    let writer = LiteralWriter::new(schema, targets)?;
    let mut rows = writer.start(batch)?;
    loop {
        let mut sql = format!("{head} ").into_bytes();
        if rows.write(3, usize::MAX, &mut sql)? == 0 {
            return Ok(());
        }
        sql.extend_from_slice(format!(" {tail}").as_bytes());
        db.exec(&String::from_utf8(sql)?)?;
    }
}

/// Both tables have the same rows: by their text, both ways, and by their binary form, bit for bit.
pub(crate) fn same(db: &Db, columns: &[Column], left: &str, right: &str) -> Result<()> {
    for (a, b) in [(left, right), (right, left)] {
        let sql = format!("SELECT count(*) FROM (SELECT t::text FROM {a} t EXCEPT ALL SELECT t::text FROM {b} t) d");
        ensure!(db.one(&sql)? == "0", "{a} has rows that {b} has not");
    }
    ensure!(db.one(&format!("SELECT count(*) FROM {left}"))? == db.one(&format!("SELECT count(*) FROM {right}"))?);
    for column in columns {
        let name = rapidbyte_postgres::ident::Ident::new(column.name.clone())?.quoted();
        let bytes =
            |table| db.copy_out(&format!("COPY (SELECT {name} FROM {table} ORDER BY id) TO STDOUT (FORMAT binary)"));
        ensure!(bytes(left)? == bytes(right)?, "the bits of {left}.{name} differ");
    }
    Ok(())
}
