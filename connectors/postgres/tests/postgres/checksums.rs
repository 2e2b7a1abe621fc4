//! Checksums: the same for the same rows at two servers, another one for any other row; and the ranges by which rows that
//! differ are found.

use crate::{db::Db, moving, rewriting, runner};
use anyhow::{Context as _, Result, ensure};
use proptest::{prelude::*, test_runner::TestCaseError};
use rapidbyte_postgres::{
    decision::{Fetch, ReadDecision, Relation, Strategy as WriteStrategy},
    fit::Fit,
    ident::Ident,
    prepare::{self, Checked, Compared, KeyColumn, Range},
};

/// The columns of a stream as its source shows them, for a target that said so.
pub(crate) fn checked(fits: &[Fit]) -> Vec<Checked> {
    let checked = |fit: &Fit| Checked { name: fit.column.clone(), cast: fit.compared.cast.clone() };
    fits.iter().map(checked).collect()
}

/// As the destination shows them.
pub(crate) fn uncast(columns: &[Checked]) -> Vec<Checked> {
    columns.iter().map(|column| Checked { name: column.name.clone(), cast: None }).collect()
}

/// Rows and sum of a table.
pub(crate) fn sum(db: &Db, namespace: &str, table: &str, columns: &[Checked]) -> Result<Vec<Option<String>>> {
    let decision = ReadDecision {
        relation: Relation::Table(namespace.into(), table.into()),
        columns: columns.iter().map(|column| column.name.clone()).collect(),
        filter: None,
        fetch: Fetch::Copy,
        partitions: 1,
        partition_blocks: None,
        partition_key: None,
        window: None,
    };
    db.rows(&prepare::stream_checksum(&decision, columns)?)?.pop().context("no row")
}

const TABLES_QUERY: &str =
    "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'every_type'::regnamespace ORDER BY 1";

/// Copies a table to the other server, and returns its columns.
fn copied(source: &Db, target: &Db, table: &str, strategy: WriteStrategy) -> Result<Vec<Checked>> {
    let schema = moving::arrow_schema(&moving::columns(source, "every_type", table)?);
    let batch = moving::read(source, &schema, "every_type", table)?;
    let fits = moving::fits(target, &schema)?;
    let decision = moving::decision(strategy, "every_type", table, &fits)?;
    moving::write(target, &decision, &schema, &batch)?;
    ensure!(fits.iter().all(|fit| fit.compared.obstacle.is_none()), "{table}: {fits:?}");
    Ok(checked(&fits))
}

/// P8: a table of every type and its copy, by COPY and by INSERT, at a server with other OIDs, have one checksum.
#[test]
fn a_copy_has_the_checksum_of_its_source() -> Result<()> {
    let source = Db::with_every_type()?;
    for strategy in [WriteStrategy::Copy, WriteStrategy::Insert] {
        let target = rewriting::other_database()?;
        for table in source.rows(TABLES_QUERY)?.into_iter().flatten().flatten() {
            let columns = copied(&source, &target, &table, strategy)?;
            let there = sum(&target, "every_type", &table, &uncast(&columns))?;
            assert_eq!(sum(&source, "every_type", &table, &columns)?, there, "{table} by {strategy:?}");
            assert_ne!(there[1].as_deref(), Some("0"), "{table}");
        }
    }
    Ok(())
}

/// P9: of every type, each single value that becomes NULL or another value of its column changes the checksum, and so does a
/// row less and a row more.
#[test]
fn any_changed_value_changes_the_checksum() -> Result<()> {
    let db = Db::with_every_type()?;
    let mut changed = 0;
    for table in db.rows(TABLES_QUERY)?.into_iter().flatten().flatten() {
        let columns: Vec<Checked> = moving::columns(&db, "every_type", &table)?
            .into_iter()
            .map(|column| Checked { name: column.name, cast: None })
            .collect();
        let before = sum(&db, "every_type", &table, &columns)?;
        let ids: Vec<String> = db
            .rows(&format!("SELECT id FROM every_type.{table} ORDER BY id"))?
            .into_iter()
            .flatten()
            .flatten()
            .collect();
        for column in columns.iter().filter(|column| column.name != "id") {
            let name = Ident::new(column.name.clone())?.quoted();
            for (at, id) in ids.iter().enumerate() {
                let next = &ids[(at + 1) % ids.len()];
                // Told apart by binary form where there is one for all, else by text: NULL and '' are apart, too.
                let differs = format!(
                    "SELECT ROW(a.{name})::text <> ROW(b.{name})::text FROM every_type.{table} a, every_type.{table} b \
                     WHERE a.id = {id} AND b.id = {next}"
                );
                let null = format!(
                    "SELECT {name} IS NOT NULL OR ROW({name})::text <> '()' FROM every_type.{table} WHERE id = {id}"
                );
                let other = format!("(SELECT o.{name} FROM every_type.{table} o WHERE o.id = {next})");
                for (question, value) in [(differs, other.as_str()), (null, "NULL")] {
                    if db.one(&question)? == "t" {
                        db.exec(&format!("BEGIN; UPDATE every_type.{table} SET {name} = {value} WHERE id = {id}"))?;
                        assert_ne!(
                            sum(&db, "every_type", &table, &columns)?,
                            before,
                            "{table}.{name} of {id}: {value}"
                        );
                        db.exec("ROLLBACK")?;
                        changed += 1;
                    }
                }
            }
        }
        db.exec(&format!("BEGIN; DELETE FROM every_type.{table} WHERE id = 1"))?;
        assert_ne!(sum(&db, "every_type", &table, &columns)?, before, "{table}");
        db.exec("ROLLBACK")?;
        assert_eq!(sum(&db, "every_type", &table, &columns)?, before, "{table}");
    }
    assert!(changed > 800, "{changed} values were changed");
    Ok(())
}

/// What has no bits of its own in a comparison has them in a checksum.
#[test]
fn values_that_compare_equal_and_are_not_the_same() -> Result<()> {
    let db = Db::new()?;
    let pairs = [
        ("float8", "0", "-0"),
        ("float4", "0", "-0"),
        ("numeric", "1.0", "1.00"),
        ("interval", "1 mon", "30 days"),
        ("jsonb", "1.0", "1.00"),
        ("json", "{\"a\":1}", "{\"a\": 1}"),
        ("text", "", "NULL"),
        ("text", "a", "a "),
        ("char(3)[]", "{a}", "{b}"),
        ("int4[]", "[0:0]={1}", "{1}"),
        ("timetz", "12:00+00", "13:00+01"),
        ("bytea", "\\x00", "\\x0000"),
        ("float8", "0.1", "0.10000000000000002"),
    ];
    for (ty, one, other) in pairs {
        db.exec(&format!("DROP TABLE IF EXISTS public.p; CREATE TABLE public.p (c {ty})"))?;
        let mut sums = Vec::new();
        for value in [one, other] {
            let value = if value == "NULL" { "NULL".to_owned() } else { rapidbyte_postgres::literal::quoted(value)? };
            db.exec(&format!("TRUNCATE public.p; INSERT INTO public.p VALUES ({value})"))?;
            sums.push(sum(&db, "public", "p", &[Checked { name: "c".into(), cast: None }])?);
        }
        assert_ne!(sums[0], sums[1], "{ty}: {one} and {other}");
    }
    Ok(())
}

/// The encoding of a database says nothing of its rows: the same text has the same checksum, and the same place among keys.
#[test]
fn encodings_do_not_matter() -> Result<()> {
    let (one, other) = (Db::new()?, Db::latin1()?);
    let mut said = Vec::new();
    for db in [&one, &other] {
        db.exec("CREATE TABLE public.t (k text, v text); INSERT INTO public.t VALUES ('é', 'ÿ'), ('z', E'\\\\'), ('ß', NULL)")?;
        let of = by_text("t", &["k"], &["k", "v"]);
        let range = Range { after: Some(vec!["z".into()]), up_to: None };
        said.push((db.rows(&prepare::summaries(&of, &range, &[])?)?, db.rows(&prepare::keyed_rows(&of, &range, 9)?)?));
    }
    assert_eq!(said[0], said[1]);
    assert_eq!(said[0].1.len(), 2);
    Ok(())
}

fn by_text(table: &str, key: &[&str], columns: &[&str]) -> Compared {
    let checked = |name: &&str| Checked { name: (*name).into(), cast: None };
    Compared {
        relation: Relation::Table("public".into(), table.into()),
        filter: None,
        columns: columns.iter().map(checked).collect(),
        key: key.iter().map(|name| KeyColumn { column: checked(name), bounds: None }).collect(),
    }
}

fn table() -> impl Strategy<Value = Vec<(i64, String)>> {
    // Text that a locale would put in another order, that SQL would read otherwise, and numbers whose text would.
    let text = prop_oneof!["[aAbB_ -]{0,3}", "['\\\\\"é🐘]{0,3}"];
    prop::collection::vec((prop_oneof![-12..12_i64, any::<i64>()], text), 1..40)
}

/// P10: whatever the key, the cuts of a range are in it and in order, the parts add up to the whole, and the rows of a part
/// are those that its checksum counts.
#[test]
fn ranges_part_the_rows() -> Result<()> {
    let db = Db::new()?;
    db.exec("CREATE TABLE public.r (n int8, t text, v text)")?;
    let values = (table(), 1..6_u32, any::<bool>());
    let tested = runner(60).run(&values, |(rows, parts, composite)| {
        parted(&db, &rows, parts, composite).map_err(|error| TestCaseError::fail(format!("{error:#}")))
    });
    Ok(tested?)
}

fn parted(db: &Db, rows: &[(i64, String)], parts: u32, composite: bool) -> Result<()> {
    let quoted = rapidbyte_postgres::literal::quoted;
    let values: Vec<String> =
        rows.iter().map(|(n, t)| Ok(format!("({n}, {}, 'x')", quoted(t)?))).collect::<Result<_>>()?;
    db.exec(&format!("TRUNCATE public.r; INSERT INTO public.r VALUES {}, (NULL, NULL, 'no key')", values.join(", ")))?;
    let mut of = by_text("r", if composite { &["n", "t"] } else { &["t"] }, &["n", "t", "v"]);
    if composite {
        of.key[0].bounds = Some("bigint".into());
    }
    let all = Range::default();
    let whole = db.rows(&prepare::summaries(&of, &all, &[])?)?;
    ensure!(whole[0][1].as_deref() == Some(rows.len().to_string().as_str()), "rows without a key are counted");
    let cuts: Vec<Vec<String>> = db
        .rows(&prepare::cuts(&of, &all, rows.len() as u64, parts)?)?
        .into_iter()
        .map(|key| key.into_iter().flatten().collect())
        .collect();
    ensure!(cuts.len() < parts as usize + 1, "{} cuts for {parts} parts", cuts.len());
    let bounds: Vec<Option<Vec<String>>> = [vec![None], cuts.iter().cloned().map(Some).collect(), vec![None]].concat();
    let at_once = db.rows(&prepare::summaries(&of, &all, &cuts)?)?;
    let (mut count, mut sum) = (0, 0_i128);
    for (at, pair) in bounds.windows(2).enumerate() {
        let range = Range { after: pair[0].clone(), up_to: pair[1].clone() };
        let found = db.rows(&prepare::keyed_rows(&of, &range, 1_000)?)?;
        count += found.len();
        let hashes = found.iter().filter_map(|row| row.last()?.as_ref()?.parse::<i128>().ok());
        let total: i128 = hashes.sum();
        sum += total;
        let part = at_once.iter().find(|row| row[0].as_deref() == Some(at.to_string().as_str()));
        let said = part.map_or((0, 0), |row| {
            let number = |at: usize| row[at].as_ref().and_then(|text| text.parse::<i128>().ok()).unwrap_or(-1);
            (number(1), number(2))
        });
        ensure!(said == (found.len() as i128, total), "part {at}: {said:?}");
    }
    ensure!(count == rows.len() && whole[0][2] == Some(sum.to_string()), "parts do not add up");
    Ok(())
}

/// Words from the other end are read, never repeated.
#[test]
fn casts_and_bounds_are_of_few_types() {
    let of = |cast: &str, bounds: Option<&str>| {
        let mut of = by_text("t", &["a"], &["a"]);
        of.columns[0].cast = Some(cast.into());
        of.key[0].bounds = bounds.map(Into::into);
        let range = Range { after: Some(vec!["1".into()]), up_to: None };
        prepare::summaries(&of, &range, &[])
    };
    for cast in ["numeric(12,4)", "numeric(5,-2)[]", "double precision", "double precision[]", "character(7)"] {
        assert!(of(cast, Some("bigint")).unwrap().contains(&format!("\"a\"::{cast}")), "{cast}");
    }
    for cast in ["int", "numeric(1,2);", "numeric(1", "numeric(1,2,3)", "character(x)", "text", "", "numeric(12,4) "] {
        assert!(of(cast, None).is_err(), "{cast}");
    }
    assert!(of("character(7)", Some("int; DROP")).is_err());
}
