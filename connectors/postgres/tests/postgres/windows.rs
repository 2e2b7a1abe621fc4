//! What is new since a checkpoint, and the checkpoints themselves, on a server.

use crate::{
    db::{self, Db},
    moving, runner,
};
use anyhow::Result;
use proptest::prelude::*;
use rapidbyte_postgres::{
    cursor::{self, Served, Step},
    decision::{Fetch, Nulls, Overlap, ReadDecision, Relation, Window},
    prepare::{self, Checkpoint},
    relation,
};
use std::collections::BTreeSet;

fn window(column: &str, native: &str) -> Window {
    Window {
        column: column.into(),
        native: native.into(),
        resumes: true,
        inclusive: false,
        overlap: None,
        late: false,
        nulls: Nulls::Refuse,
    }
}

fn read(window: &Window) -> ReadDecision {
    ReadDecision {
        relation: Relation::Table("public".into(), "s".into()),
        columns: vec!["id".into()],
        filter: Some("id <> 0 -- none".into()),
        fetch: Fetch::Copy,
        partitions: 1,
        partition_blocks: None,
        partition_key: None,
        window: Some(window.clone()),
    }
}

/// The ids that are read in a transaction that goes on from (value, version), and its position.
fn ids(db: &Db, window: &Window, after: Option<(&str, &str)>) -> Result<(BTreeSet<i64>, Vec<Option<String>>)> {
    db.exec("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")?;
    if let Some((value, version)) = after {
        db.rows(&prepare::resume(value, version)?)?;
    }
    let decision = read(window);
    let position = db.rows(&prepare::position(&decision, window)?)?.remove(0);
    let rows = db.rows(&prepare::select(&decision)?)?;
    db.exec("COMMIT")?;
    let ids = rows.into_iter().flatten().flatten().map(|id| id.parse());
    Ok((ids.collect::<Result<_, _>>()?, position))
}

/// P1: with the guard every row is read by one of two runs, whatever its cursor is and whichever transactions were open, and
/// the second reads none that was there before the first, unless it was written while another one was open. Without, rows at
/// and before the checkpoint are taken as the window says.
#[test]
fn p1_two_runs_read_everything() -> Result<()> {
    let db = Db::new()?;
    let other = db::another(&db)?;
    db.exec("CREATE TABLE public.s (id bigint PRIMARY KEY, c int)")?;
    let cursors = || prop::collection::vec(prop::option::weighted(0.9, -3..4_i32), 0..5);
    let case = (cursors(), cursors(), cursors(), any::<bool>());
    runner(60).run(&case, |(before, open, after, late)| {
        check(&db, &other, &[before, open, after], late).map_err(|error| TestCaseError::fail(format!("{error:#}")))
    })?;
    Ok(())
}

fn insert(first: usize, cursors: &[Option<i32>]) -> String {
    let row = |(at, cursor): (usize, &Option<i32>)| {
        let cursor = cursor.map_or("NULL".to_owned(), |cursor| cursor.to_string());
        format!("INSERT INTO public.s VALUES ({}, {cursor});", first + at)
    };
    cursors.iter().enumerate().map(row).collect()
}

fn check(db: &Db, other: &Db, [before, open, after]: &[Vec<Option<i32>>; 3], late: bool) -> Result<()> {
    db.exec("TRUNCATE public.s")?;
    db.exec(&insert(100, before))?;
    other.exec(&format!("BEGIN; {}", insert(200, open)))?;
    let first = Window { resumes: false, nulls: Nulls::Always, ..window("c", "integer") };
    let (mut seen, position) = ids(db, &first, None)?;
    other.exec("COMMIT")?;
    db.exec(&insert(300, after))?;
    let [value, version, _, refused] = &position[..] else { anyhow::bail!("{position:?}") };
    anyhow::ensure!(refused.as_deref() == Some("f") && seen.len() == before.len());
    let second = Window { late, inclusive: !late, nulls: Nulls::Always, ..window("c", "integer") };
    let Some(value) = value else { return Ok(()) };
    let (new, position) = ids(db, &second, Some((value, version.as_deref().unwrap_or_default())))?;
    let highest = value.parse::<i32>()?;
    let all =
        || before.iter().map(|c| (100, c)).chain(open.iter().map(|c| (200, c))).chain(after.iter().map(|c| (300, c)));
    let beyond = all().filter_map(|(_, cursor)| *cursor).filter(|cursor| *cursor > highest).max();
    anyhow::ensure!(position[0] == beyond.map(|cursor| cursor.to_string()), "{position:?} {beyond:?}");
    if late {
        let again = new.intersection(&seen).filter(|id| before[usize::try_from(**id - 100).unwrap_or(0)].is_some());
        anyhow::ensure!(again.count() == 0, "what was there before is read again");
        seen.extend(&new);
        anyhow::ensure!(seen.len() == before.len() + open.len() + after.len(), "{seen:?}");
    } else {
        let expected = all().filter(|(_, cursor)| cursor.is_none_or(|cursor| cursor >= highest)).count();
        anyhow::ensure!(new.len() == expected, "{new:?}");
    }
    Ok(())
}

#[test]
fn a_window_begins_where_it_says() -> Result<()> {
    let db = Db::new()?;
    db.exec("CREATE TABLE public.s AS SELECT i AS id, CASE WHEN i < 9 THEN i END AS c, timestamp '2026-01-01' + i * interval '1 s' AS at FROM generate_series(0, 9) AS i")?;
    let numbers =
        |window: &Window| ids(&db, window, Some(("5", "3"))).map(|(ids, _)| ids.into_iter().collect::<Vec<_>>());
    let c = window("c", "integer");
    assert_eq!(numbers(&c)?, [6, 7, 8]);
    assert_eq!(numbers(&Window { inclusive: true, ..c.clone() })?, [5, 6, 7, 8]);
    assert_eq!(numbers(&Window { overlap: Some(Overlap::Number(2)), ..c.clone() })?, [4, 5, 6, 7, 8]);
    assert_eq!(numbers(&Window { nulls: Nulls::Always, ..c.clone() })?, [6, 7, 8, 9]);
    // Version 3 is older than every row.
    assert_eq!(numbers(&Window { late: true, ..c.clone() })?, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(numbers(&Window { late: true, nulls: Nulls::Never, ..c.clone() })?, [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(numbers(&Window { resumes: false, ..c.clone() })?.len(), 9);
    assert_eq!(numbers(&Window { resumes: false, nulls: Nulls::Never, ..c.clone() })?.len(), 8);
    assert_eq!(numbers(&window(cursor::VERSIONS, "xid8"))?.len(), 9);
    let at = Window { overlap: Some(Overlap::Secs(3)), inclusive: true, ..window("at", "timestamp without time zone") };
    assert_eq!(
        ids(&db, &at, Some(("2026-01-01 00:00:07", "3")))?.0.into_iter().collect::<Vec<_>>(),
        [4, 5, 6, 7, 8, 9]
    );
    let refuses =
        |window: &Window, value| ids(&db, window, Some((value, "3"))).map(|(_, position)| position[3].clone());
    assert_eq!(refuses(&c, "5")?.as_deref(), Some("t"));
    assert_eq!(refuses(&at, "2026-01-01 00:00:07")?.as_deref(), Some("f"));
    Ok(())
}

#[test]
fn a_table_says_what_serves_a_cursor() -> Result<()> {
    let db = Db::new()?;
    db.exec(
        "CREATE TABLE public.s (a int, b int, c int, d int); CREATE INDEX ON public.s (a, b); CREATE INDEX ON public.s (c) WHERE c > 0; \
         CREATE INDEX ON public.s USING hash (d); CREATE VIEW public.v AS SELECT * FROM public.s; \
         CREATE TABLE public.p (a int) PARTITION BY RANGE (a); CREATE TABLE public.p1 PARTITION OF public.p FOR VALUES FROM (0) TO (9); \
         CREATE INDEX ON public.p (a)",
    )?;
    let served = |table: &str, column: &str| -> Result<Served> {
        let name = relation::qualified("public", table)?;
        Ok(serde_json::from_str(&db.one(&cursor::served_query(&name, column)?)?)?)
    };
    let is = |indexed, versions| Served { indexed, versions };
    assert_eq!(served("s", "a")?, is(true, true));
    for column in ["b", "c", "d"] {
        assert_eq!(served("s", column)?, is(false, true), "{column}");
    }
    assert_eq!(served("v", "a")?, is(false, false));
    assert_eq!(served("p", "a")?, is(true, true));
    db.exec("INSERT INTO public.p VALUES (1)")?;
    assert_eq!(
        db.rows("SELECT pg_catalog.age(xmin) FROM public.p")?.len(),
        1,
        "versions of a partitioned table are seen"
    );
    // Debian has it in the server's own package; elsewhere it may be missing.
    if db.one("SELECT count(*) FROM pg_available_extensions WHERE name = 'postgres_fdw'")? == "1" {
        db.exec(
            "CREATE EXTENSION postgres_fdw SCHEMA public; CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw; \
             CREATE TABLE public.q (a int) PARTITION BY RANGE (a); \
             CREATE FOREIGN TABLE public.q1 PARTITION OF public.q FOR VALUES FROM (10) TO (19) SERVER far",
        )?;
        assert_eq!(served("q", "a")?, is(false, false));
    }
    Ok(())
}

#[test]
fn checkpoints_are_recorded_with_their_table() -> Result<()> {
    let db = Db::new()?;
    for statement in prepare::bookkeeping(&db.rows(&prepare::bookkeeping_query())?) {
        db.exec(&statement.sql)?;
    }
    db.exec("CREATE SCHEMA \"out \"\"put\"; CREATE TABLE \"out \"\"put\".t ()")?;
    let target = ("out \"put", "t");
    let query = prepare::checkpoint_query("shop", "it's", target)?;
    assert_eq!(db.rows(&query)?.len(), 0);
    for value in [None, Some("it's 2")] {
        let checkpoint = Checkpoint {
            sync: "shop",
            stream: "it's",
            target,
            cursor: "c",
            native: "text",
            value,
            version: "7",
            scope: "s",
            run: "run'1",
        };
        db.exec(&prepare::upsert_checkpoint(&checkpoint)?)?;
        let row = db.rows(&query)?.remove(0);
        let words: Vec<Option<&str>> = row.iter().map(Option::as_deref).collect();
        assert_eq!(words, [Some("c"), Some("text"), value, Some("7"), Some("s"), Some("t"), Some("run'1")]);
    }
    db.exec("ALTER TABLE \"out \"\"put\".t RENAME TO old; CREATE TABLE \"out \"\"put\".t ()")?;
    assert_eq!(db.rows(&query)?[0][5].as_deref(), Some("f"));
    assert!(cursor::is_the_end("infinity", "timestamp with time zone") && !cursor::is_the_end("infinity", "text"));
    Ok(())
}

#[test]
fn types_that_order_rows() -> Result<()> {
    let db = Db::new()?;
    db.exec(
        "CREATE DOMAIN public.nr AS int4; CREATE TABLE public.t (a int2, b timestamptz(3), c date, d text, e public.nr, \
         f jsonb, g float8, h boolean, i int[], j interval)",
    )?;
    let steps = moving::columns(&db, "public", "t")?.into_iter().map(|column| cursor::step(&column.ty).ok());
    let steps: Vec<_> = steps.collect();
    let is = |native: &str, step| Some((native.to_owned(), step));
    let good = [
        is("smallint", Step::Number),
        is("timestamp(3) with time zone", Step::Time),
        is("date", Step::Time),
        is("text", Step::None),
        is("integer", Step::Number),
    ];
    assert_eq!(steps[..5], good);
    assert!(steps.len() == 10 && steps[5..].iter().all(Option::is_none), "{steps:?}");
    Ok(())
}
