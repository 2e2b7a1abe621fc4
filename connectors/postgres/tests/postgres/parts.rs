//! A table read in parts, and what is recorded of a load, on a server.

use crate::{
    db::{self, Db},
    runner,
};
use anyhow::{Context as _, Result};
use proptest::prelude::*;
use rapidbyte_postgres::{
    decision::{Fetch, ReadDecision, Relation},
    prepare,
};

fn read(partitions: u32, blocks: u32) -> ReadDecision {
    ReadDecision {
        relation: Relation::Table("public".into(), "p".into()),
        columns: vec!["id".into(), "body".into()],
        filter: Some("id <> 7 OR body = '' -- nor this".into()),
        fetch: Fetch::Copy,
        partitions,
        partition_blocks: Some(blocks),
        window: None,
    }
}

/// P1: in one snapshot the parts of a table are the table, whatever others do to its rows meanwhile, however many blocks it has
/// by now, and also where another table inherits from it.
#[test]
fn p1_parts_are_the_table() -> Result<()> {
    let db = Db::new()?;
    let other = db::another(&db)?;
    db.exec("CREATE TABLE public.p (id int, body text); CREATE TABLE public.child () INHERITS (public.p)")?;
    let case = (0..4_000_u32, 0..300_u32, 2..9_u32, 1..9_u32);
    runner(40).run(&case, |(rows, children, partitions, blocks)| {
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
    for decision in [
        ReadDecision { relation: query, ..read(2, 1) },
        read(1, 1),
        read(2, 0),
        read(u32::MAX, u32::MAX),
        ReadDecision { partition_blocks: None, ..read(2, 1) },
    ] {
        assert!(prepare::read(&decision).is_err(), "{decision:?}");
    }
}
