//! A table read in parts, and what is recorded of a load, on a server.

use crate::{
    db::{self, Db},
    runner,
};
use anyhow::{Context as _, Result};
use proptest::prelude::*;
use rapidbyte_postgres::{
    decision::{Fetch, RangeKey, ReadDecision, Relation},
    ident::QualifiedName,
    prepare, relation,
};

fn read(partitions: u32, blocks: u32) -> ReadDecision {
    ReadDecision {
        relation: Relation::Table("public".into(), "p".into()),
        columns: vec!["id".into(), "body".into()],
        filter: Some("id <> 7 OR body = '' -- nor this".into()),
        fetch: Fetch::Copy,
        partitions,
        partition_blocks: Some(blocks),
        partition_key: None,
        window: None,
    }
}

/// P1: in one snapshot the parts of a table are the table, whatever others do to its rows meanwhile, however many blocks it has
/// by now, and also where another table inherits from it, or it has partitions.
#[test]
fn p1_parts_are_the_table() -> Result<()> {
    parts_are("CREATE TABLE public.p (id int, body text); CREATE TABLE public.child () INHERITS (public.p)")?;
    parts_are(
        "CREATE TABLE public.p (id int, body text) PARTITION BY RANGE (id); \
         CREATE TABLE public.child PARTITION OF public.p FOR VALUES FROM (MINVALUE) TO (0); \
         CREATE TABLE public.small PARTITION OF public.p FOR VALUES FROM (0) TO (500); \
         CREATE TABLE public.large PARTITION OF public.p DEFAULT PARTITION BY HASH (id); \
         CREATE TABLE public.even PARTITION OF public.large FOR VALUES WITH (MODULUS 2, REMAINDER 0); \
         CREATE TABLE public.odd PARTITION OF public.large FOR VALUES WITH (MODULUS 2, REMAINDER 1)",
    )
}

fn parts_are(tables: &str) -> Result<()> {
    let db = Db::new()?;
    let other = db::another(&db)?;
    db.exec(tables)?;
    let case = (0..4_000_u32, 0..300_u32, 2..9_u32, 1..9_u32);
    runner(25).run(&case, |(rows, children, partitions, blocks)| {
        check(&db, &other, [rows, children], (partitions, blocks))
            .map_err(|error| TestCaseError::fail(format!("{error:#}")))
    })?;
    Ok(())
}

fn check(db: &Db, other: &Db, [rows, children]: [u32; 2], (partitions, blocks): (u32, u32)) -> Result<()> {
    db.exec(&format!(
        "TRUNCATE public.p, public.child; INSERT INTO public.p SELECT i, repeat('x', i % 90) FROM generate_series(1, {rows}) AS i; \
         DELETE FROM public.p WHERE id % 5 = 0; UPDATE public.p SET body = body || 'y' WHERE id % 7 = 0; \
         INSERT INTO public.child SELECT -i, 'child' FROM generate_series(1, {children}) AS i"
    ))?;
    let whole = "SELECT count(*), count(DISTINCT id), sum(hashtextextended(id || body, 0)) FROM ";
    db.exec("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")?;
    let wanted = db.rows(&format!("{whole} (SELECT id, body FROM public.p WHERE id <> 7 OR body = '') AS t"))?;
    let mut parts = Vec::new();
    for (at, statement) in prepare::read(&read(partitions, blocks))?.iter().enumerate() {
        let select = statement.strip_prefix("COPY (").and_then(|sql| sql.strip_suffix(") TO STDOUT (FORMAT binary)"));
        let select = select.context("a part is read by a COPY")?;
        other.exec(&format!(
            "UPDATE public.p SET body = '' WHERE id % 3 = {at} % 3; INSERT INTO public.p VALUES (-{at}, '')"
        ))?;
        parts.extend(db.rows(select)?);
    }
    let values =
        parts.iter().map(|row| format!("({}, '{}')", row[0].as_deref().unwrap_or(""), row[1].as_deref().unwrap_or("")));
    let values = values.collect::<Vec<_>>().join(", ");
    let values = if values.is_empty() { "SELECT 0, '' WHERE false".to_owned() } else { format!("VALUES {values}") };
    let found = db.rows(&format!("{whole} ({values}) AS t (id, body)"))?;
    db.exec("COMMIT")?;
    anyhow::ensure!(found == wanted, "{found:?} instead of {wanted:?}");
    Ok(())
}

#[test]
fn parts_of_what_has_no_places_are_refused() {
    let query = Relation::Query("SELECT 1 AS id".into());
    let key = |native: &str| Some(RangeKey { column: "id".into(), native: native.into() });
    for decision in [
        ReadDecision { relation: query, ..read(2, 1) },
        ReadDecision { partition_key: key("bigint"), ..read(2, 1) },
        ReadDecision { partition_blocks: None, partition_key: key("bigint"), ..read(1, 1) },
        ReadDecision { partition_blocks: None, partition_key: key("text"), ..read(2, 1) },
        read(1, 1),
        read(2, 0),
        read(u32::MAX, u32::MAX),
        ReadDecision { partition_blocks: None, ..read(2, 1) },
    ] {
        assert!(prepare::read(&decision).is_err(), "{decision:?}");
    }
}

/// Of a table with partitions the largest one tells in how many blocks it can be cut, and all of them how much there is.
#[test]
fn an_extent_is_of_all_that_is_read() -> Result<()> {
    let db = Db::new()?;
    db.exec(
        "CREATE TABLE public.p (id int, body text) PARTITION BY RANGE (id); \
         CREATE TABLE public.a PARTITION OF public.p FOR VALUES FROM (0) TO (100); \
         CREATE TABLE public.b PARTITION OF public.p DEFAULT; \
         INSERT INTO public.p SELECT i, repeat('x', 1000) FROM generate_series(1, 2000) AS i; CREATE VIEW public.v AS SELECT 1 AS id",
    )?;
    let extent = |name: &str| -> Result<serde_json::Value> {
        let name = QualifiedName::new("public", name)?;
        let rows = db.rows(&relation::source_query(&name)?)?;
        let row = rows[0][0].as_deref().context("it is there")?;
        Ok(serde_json::from_str::<serde_json::Value>(row)?["extent"].clone())
    };
    let (all, part, rest) = (extent("p")?, extent("a")?, extent("b")?);
    anyhow::ensure!(all["blocks"] == rest["blocks"], "{all} {rest}");
    anyhow::ensure!(
        all["bytes"].as_u64() == Some(part["bytes"].as_u64().unwrap() + rest["bytes"].as_u64().unwrap()),
        "{all}"
    );
    anyhow::ensure!(extent("v")?.is_null());
    Ok(())
}
