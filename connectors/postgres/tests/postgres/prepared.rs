//! The statements of write and read decisions, executed.

use crate::{db::Db, moving};
use anyhow::Result;
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use rapidbyte_postgres::{
    copy::Decoder,
    decision::{
        Carried, Disposition, Effect, Fetch, Publication, ReadDecision, Relation, RowErrors, Strategy, WriteColumn,
        WriteDecision,
    },
    prepare,
};

pub(crate) struct Source {
    pub(crate) db: Db,
    pub(crate) schema: SchemaRef,
    pub(crate) batch: RecordBatch,
}

/// Three rows of (id, name).
pub(crate) fn source() -> Result<Source> {
    let db = Db::new()?;
    db.exec("CREATE TABLE public.s (id int PRIMARY KEY, name text); INSERT INTO public.s VALUES (1, 'a'), (2, NULL), (3, 'it''s')")?;
    let schema = moving::arrow_schema(&moving::columns(&db, "public", "s")?);
    let batch = moving::read(&db, &schema, "public", "s")?;
    Ok(Source { db, schema, batch })
}

pub(crate) fn decision(disposition: Disposition, strategy: Strategy, publication: Publication) -> WriteDecision {
    let column =
        |name: &str, target: &str, nullable| WriteColumn { name: name.into(), target: target.into(), nullable };
    WriteDecision {
        staging_seed: "test/public.t".into(),
        namespace: "out \"put".into(),
        name: "t".into(),
        create_schema: true,
        create_table: false,
        types: vec![],
        changes: vec![],
        comments: vec![],
        carried: vec![],
        parts: false,
        disposition,
        strategy,
        publication,
        columns: vec![column("id", "integer", false), column("name", "text", true)],
        primary_key: vec!["id".into()],
        conflict_key: if disposition == Disposition::Append { vec![] } else { vec!["id".into()] },
        only_changed: false,
        latest_by: None,
        marks: None,
        arrays: false,
        override_identity: false,
        delete_instead_of_truncate: false,
        row_errors: None,
    }
}

const TARGET: &str = "\"out \"\"put\".t";
const EXISTING: &str = "CREATE SCHEMA \"out \"\"put\"; CREATE TABLE \"out \"\"put\".t (id int PRIMARY KEY, name text); \
                        INSERT INTO \"out \"\"put\".t VALUES (3, 'old'), (4, 'old')";

/// Runs a decision over the table of (3, old), (4, old), and returns all rows.
fn over_existing(decision: &WriteDecision) -> Result<String> {
    let source = source()?;
    source.db.exec(EXISTING)?;
    moving::write(&source.db, decision, &source.schema, &source.batch)?;
    all(&source.db)
}

fn all(db: &Db) -> Result<String> {
    db.one(&format!("SELECT string_agg(concat_ws(':', id, coalesce(name, '-')), ' ' ORDER BY id, name) FROM {TARGET}"))
}

const REPLACED: &str = "1:a 2:- 3:it's";
const MERGED: &str = "1:a 2:- 3:it's 4:old";

#[test]
fn creates_and_adds_the_key() -> Result<()> {
    for (disposition, strategy) in [
        (Disposition::Append, Strategy::Copy),
        (Disposition::Replace, Strategy::Insert),
        (Disposition::Upsert, Strategy::Copy),
        (Disposition::Upsert, Strategy::Upsert),
    ] {
        let source = source()?;
        let decision = WriteDecision { create_table: true, ..decision(disposition, strategy, Publication::Direct) };
        moving::write(&source.db, &decision, &source.schema, &source.batch)?;
        assert_eq!(all(&source.db)?, REPLACED);
        let sql = "SELECT string_agg(c.conname || a.attname, ' ') FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid \
                   AND a.attnum = ANY (c.conkey) WHERE c.contype = 'p' AND c.conrelid = '\"out \"\"put\".t'::regclass";
        assert_eq!(source.db.one(sql)?, "t_pkeyid");
        assert!(source.db.exec(&format!("INSERT INTO {TARGET} VALUES (NULL)")).is_err());
    }
    Ok(())
}

#[test]
fn appends() -> Result<()> {
    let source = source()?;
    source.db.exec(EXISTING)?;
    source.db.exec(&format!("DELETE FROM {TARGET} WHERE id = 3"))?;
    moving::write(
        &source.db,
        &decision(Disposition::Append, Strategy::Copy, Publication::Direct),
        &source.schema,
        &source.batch,
    )?;
    assert_eq!(all(&source.db)?, MERGED);
    Ok(())
}

#[test]
fn replaces_by_each_publication() -> Result<()> {
    for publication in [Publication::Swap, Publication::Refill, Publication::Direct] {
        for strategy in [Strategy::Copy, Strategy::Insert] {
            for delete_instead_of_truncate in [false, true] {
                let decision = WriteDecision {
                    delete_instead_of_truncate,
                    ..decision(Disposition::Replace, strategy, publication)
                };
                assert_eq!(over_existing(&decision)?, REPLACED, "{decision:?}");
            }
        }
    }
    Ok(())
}

#[test]
fn upserts_by_merge_and_by_insert() -> Result<()> {
    for (strategy, publication) in [
        (Strategy::Copy, Publication::Merge),
        (Strategy::Insert, Publication::Merge),
        (Strategy::Upsert, Publication::Direct),
        (Strategy::Insert, Publication::Direct),
    ] {
        let decision = decision(Disposition::Upsert, strategy, publication);
        assert_eq!(over_existing(&decision)?, MERGED, "{decision:?}");
    }
    Ok(())
}

/// Of a table of its name the server cannot tell the rows that come.
#[test]
fn a_table_may_be_called_excluded() -> Result<()> {
    for (disposition, strategy, publication, only_changed) in [
        (Disposition::Upsert, Strategy::Copy, Publication::Merge, true),
        (Disposition::Upsert, Strategy::Upsert, Publication::Direct, false),
        (Disposition::Replace, Strategy::Copy, Publication::Reconcile, true),
    ] {
        let source = source()?;
        source.db.exec("CREATE TABLE public.excluded (id int PRIMARY KEY, name text); INSERT INTO public.excluded VALUES (1, 'a'), (3, 'old'), (4, 'old')")?;
        let (namespace, name) = ("public".into(), "excluded".into());
        let decision = WriteDecision { namespace, name, only_changed, ..decision(disposition, strategy, publication) };
        moving::write(&source.db, &decision, &source.schema, &source.batch)?;
        let there = "SELECT string_agg(concat_ws(':', id, coalesce(name, '-')), ' ' ORDER BY id) FROM public.excluded";
        let wanted = if publication == Publication::Reconcile { REPLACED } else { MERGED };
        assert_eq!(source.db.one(there)?, wanted);
    }
    Ok(())
}

/// Keys that are equal and not the same become the source's, and a type of an extension has an equality of its own.
#[test]
fn equal_keys_become_the_same() -> Result<()> {
    for (of, there, came, only_there) in [
        ("numeric", "1.0", "1.00", "7"),
        ("double precision", "0", "-0", "7"),
        ("interval", "1 day", "24:00:00", "7 days"),
        ("jsonb", "[1.0]", "[1.00]", "[7]"),
        ("\"public\".\"citext\"", "ABC", "abc", "x"),
        ("numeric[]", "{1.0}", "{1.00}", "{7}"),
    ] {
        let db = Db::new()?;
        db.exec("CREATE EXTENSION citext SCHEMA public")?;
        db.exec(&format!(
            "CREATE TABLE public.s (k {of} PRIMARY KEY, v text); INSERT INTO public.s VALUES ('{came}', 'new')"
        ))?;
        db.exec(&format!("CREATE TABLE public.t (k {of} PRIMARY KEY, v text); INSERT INTO public.t VALUES ('{there}', 'new'), ('{only_there}', 'old')"))?;
        let schema = moving::arrow_schema(&moving::columns(&db, "public", "s")?);
        let batch = moving::read(&db, &schema, "public", "s")?;
        let whole = decision(Disposition::Replace, Strategy::Copy, Publication::Reconcile);
        let column =
            |name: &str, target: &str| WriteColumn { name: name.into(), target: target.into(), nullable: false };
        let decision = WriteDecision {
            namespace: "public".into(),
            columns: vec![column("k", of), column("v", "text")],
            primary_key: vec!["k".into()],
            conflict_key: vec!["k".into()],
            only_changed: true,
            ..whole
        };
        moving::write(&db, &decision, &schema, &batch)?;
        assert_eq!(db.one("SELECT string_agg(k::text || v, ' ') FROM public.t")?, format!("{came}new"), "{of}");
    }
    Ok(())
}

#[test]
fn an_upsert_of_keys_alone_adds_what_is_missing() -> Result<()> {
    let source = source()?;
    source.db.exec(EXISTING)?;
    let whole = decision(Disposition::Upsert, Strategy::Copy, Publication::Merge);
    let decision = WriteDecision { columns: whole.columns[..1].to_vec(), ..whole };
    let schema = source.schema.project(&[0])?;
    let prepared = moving::write(&source.db, &decision, &schema, &source.batch.project(&[0])?)?;
    assert_eq!(prepared.conflict_clause.as_deref(), Some("ON CONFLICT (\"id\") DO NOTHING"));
    assert_eq!(all(&source.db)?, "1:- 2:- 3:old 4:old");
    Ok(())
}

#[test]
fn an_identity_takes_given_values() -> Result<()> {
    for (disposition, strategy, publication) in [
        (Disposition::Append, Strategy::Insert, Publication::Direct),
        (Disposition::Append, Strategy::Copy, Publication::Direct),
        (Disposition::Replace, Strategy::Copy, Publication::Refill),
        (Disposition::Upsert, Strategy::Copy, Publication::Merge),
    ] {
        let source = source()?;
        source.db.exec(&format!("CREATE SCHEMA \"out \"\"put\"; CREATE TABLE {TARGET} (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text)"))?;
        let decision = WriteDecision { override_identity: true, ..decision(disposition, strategy, publication) };
        moving::write(&source.db, &decision, &source.schema, &source.batch)?;
        assert_eq!(all(&source.db)?, REPLACED);
    }
    Ok(())
}

#[test]
fn decisions_without_a_meaning_are_refused() {
    let refused = |decision: WriteDecision| prepare::write(&decision).is_err();
    let upsert = |strategy, publication| decision(Disposition::Upsert, strategy, publication);
    assert!(refused(upsert(Strategy::Copy, Publication::Direct)));
    assert!(refused(upsert(Strategy::Copy, Publication::Swap)));
    assert!(refused(upsert(Strategy::Copy, Publication::Refill)));
    let swap = || decision(Disposition::Replace, Strategy::Copy, Publication::Swap);
    assert!(refused(WriteDecision { create_table: true, ..swap() }));
    let row_errors = || Some(RowErrors::default());
    let merge = WriteDecision { row_errors: row_errors(), ..upsert(Strategy::Copy, Publication::Merge) };
    assert!(refused(merge), "rows that are merged are refused together");
    assert!(!refused(WriteDecision { row_errors: row_errors(), ..swap() }));
    let trigger = Carried { kind: "trigger".into(), name: "t".into(), definition: "CREATE TRIGGER".into() };
    assert!(refused(WriteDecision { carried: vec![trigger], ..swap() }));
    assert!(refused(WriteDecision { conflict_key: vec![], ..upsert(Strategy::Upsert, Publication::Direct) }));
    assert!(refused(WriteDecision { name: "a\0".into(), ..upsert(Strategy::Upsert, Publication::Direct) }));
    assert!(refused(WriteDecision { name: "n".repeat(64), ..upsert(Strategy::Upsert, Publication::Direct) }));
}

#[test]
fn what_removes_says_so() -> Result<()> {
    for publication in [Publication::Swap, Publication::Refill, Publication::Direct] {
        let prepared = prepare::write(&decision(Disposition::Replace, Strategy::Copy, publication))?;
        assert_eq!(prepared.statements.iter().filter(|statement| statement.effect == Effect::Remove).count(), 1);
    }
    Ok(())
}

fn reading(relation: Relation) -> ReadDecision {
    let columns = vec!["id".into(), "name".into()];
    ReadDecision {
        relation,
        columns,
        filter: None,
        fetch: Fetch::Copy,
        partitions: 1,
        partition_blocks: None,
        partition_key: None,
        window: None,
    }
}

fn rows(source: &Source, decision: &ReadDecision) -> Result<usize> {
    let mut decoder = Decoder::new(&source.schema)?;
    for message in source.db.copy_out(&prepare::read(decision)?[0])? {
        decoder.push_copy_data(&message)?;
    }
    Ok(decoder.finish()?.num_rows())
}

#[test]
fn reads_what_was_selected() -> Result<()> {
    let source = source()?;
    let table = reading(Relation::Table("public".into(), "s".into()));
    assert_eq!(rows(&source, &table)?, 3);
    assert_eq!(rows(&source, &ReadDecision { filter: Some("id > 1 OR true -- all".into()), ..table.clone() })?, 3);
    let query = "SELECT *, 1 AS more FROM public.s WHERE id < 3; -- two\n ;\n";
    assert!(rows(&source, &reading(Relation::Query(query.into()))).is_err());
    let query = " SELECT *, 1 AS more FROM public.s WHERE id < 3 ;\n";
    assert_eq!(rows(&source, &reading(Relation::Query(query.into())))?, 2);
    assert_eq!(rows(&source, &reading(Relation::Query("TABLE public.s -- all".into())))?, 3);
    assert!(prepare::read(&ReadDecision { partitions: 2, ..table }).is_err());
    Ok(())
}

#[test]
fn bookkeeping_is_made_once_and_records() -> Result<()> {
    let db = Db::new()?;
    let made = prepare::bookkeeping(&db.rows(&prepare::bookkeeping_query())?);
    assert!(!made.is_empty());
    for statement in made {
        db.exec(&statement.sql)?;
    }
    assert_eq!(prepare::bookkeeping(&db.rows(&prepare::bookkeeping_query())?), []);
    db.exec(&prepare::insert_receipt("run'1", "shop", "sha256:0", r#"{"note": "it's \\ here"}"#)?)?;
    assert!(db.exec(&prepare::insert_receipt("run'1", "shop", "sha256:0", "{}")?).is_err());
    assert_eq!(db.one(&prepare::outcome_query("run'1")?)?, "t");
    assert_eq!(db.one(&prepare::outcome_query("run'2")?)?, "f");
    assert_eq!(db.one("SELECT receipt ->> 'note' FROM _rapidbyte.runs")?, r"it's \ here");
    Ok(())
}
