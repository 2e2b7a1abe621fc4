//! Pairs of types that differ: what is widened keeps its meaning, what is not listed is refused.

use crate::{checksums, db::Db, moving};
use anyhow::{Context as _, Result};
use rapidbyte_postgres::{
    copy::Encoder,
    decision::{Disposition, Publication, Strategy, WriteColumn, WriteDecision},
    fit::{Fit, Label, TargetCatalog, fit},
    text::LiteralWriter,
};

const TYPES: &str = "CREATE TYPE public.few AS ENUM ('b', 'c'); CREATE TYPE public.more AS ENUM ('a', 'b', 'x', 'c'); \
    CREATE TYPE public.turned AS ENUM ('c', 'b'); CREATE DOMAIN public.small AS int4 CHECK (VALUE < 100); \
    CREATE TYPE public.one AS (a int4, b public.few); CREATE TYPE public.other AS (a int4, b text); \
    CREATE TYPE public.renamed AS (x int4, b public.few); CREATE EXTENSION citext SCHEMA public; \
    CREATE TYPE public.span AS RANGE (subtype = int4); CREATE TYPE public.rename AS RANGE (subtype = int4)";

/// From, a value, to.
const WIDENED: [(&str, &str, &str); 43] = [
    ("int2", "-32768", "int4"),
    ("int2", "-32768", "int8"),
    ("int4", "-2147483648", "int8"),
    ("int2", "-32768", "numeric"),
    ("int4", "2147483647", "numeric(10)"),
    ("int8", "-9223372036854775808", "numeric"),
    ("int8", "9223372036854775807", "numeric(19,0)"),
    ("int8", "10000000000000000", "numeric(30,5)"),
    ("int8", "0", "numeric"),
    ("int8", "99990000", "numeric"),
    ("float4", "-0.5", "float8"),
    ("float4", "-Infinity", "float8"),
    ("float4", "NaN", "float8"),
    ("varchar(5)", "abc", "varchar(6)"),
    ("varchar(5)", "abc  ", "text"),
    ("text", "abc", "varchar"),
    ("char(5)", "abc", "text"),
    ("char(5)", "abc", "varchar(5)"),
    ("char(5)", "abc", "char(6)"),
    ("name", "abc", "text"),
    ("name", "abc", "varchar(63)"),
    ("public.citext", "ABC", "text"),
    ("public.few", "b", "text"),
    ("public.few", "c", "public.more"),
    ("json", "{\"a\":  1}", "text"),
    ("timestamp(0)", "2000-01-01 00:00:01", "timestamp(3)"),
    ("timestamptz(3)", "2000-01-01 00:00:01.123+00", "timestamptz"),
    ("time(0)", "24:00:00", "time"),
    ("interval(0)", "1 day 00:00:01", "interval"),
    ("numeric(5,2)", "-999.99", "numeric"),
    ("numeric(5,2)", "-999.99", "numeric(7,3)"),
    ("numeric(5,2)", "NaN", "numeric(7,2)"),
    ("varbit(3)", "101", "varbit(4)"),
    ("bit(3)", "101", "varbit"),
    ("public.small", "7", "int4"),
    ("public.small", "7", "int8"),
    ("public.few[]", "{b,NULL}", "text[]"),
    ("public.one", "(1,b)", "public.other"),
    ("numeric(5,2)[]", "{1.10,NULL}", "numeric(7,3)[]"),
    ("char(3)[]", "{a,NULL}", "char(5)[]"),
    ("char(3)[]", "{a,NULL}", "text[]"),
    ("numeric(5,2)", "1.1", "numeric"),
    ("xml", "<a/>", "xml"),
];

/// The same type, or one that takes the same values.
const EXACT: [(&str, &str, &str); 4] = [
    ("int4", "7", "public.small"),
    ("public.small[]", "{7}", "public.small[]"),
    ("public.span", "[1,2)", "public.span"),
    ("numeric(5,2)", "1.10", "numeric(5,2)"),
];

/// From, to: some value could change, or nobody has shown that none does.
const REFUSED: [(&str, &str); 38] = [
    ("int8", "int4"),
    ("int8", "numeric(18)"),
    ("int4", "numeric(10,1)"),
    ("int4", "float8"),
    ("int4", "text"),
    ("float8", "float4"),
    ("float8", "numeric"),
    ("text", "varchar(1000)"),
    ("varchar", "varchar(10)"),
    ("varchar(10)", "varchar(9)"),
    ("varchar(5)", "char(5)"),
    ("char(5)", "char(4)"),
    ("text", "name"),
    ("text", "public.citext"),
    ("text", "public.few"),
    ("public.more", "public.few"),
    ("public.few", "public.turned"),
    ("json", "jsonb"),
    ("jsonb", "json"),
    ("jsonb", "text"),
    ("xml", "text"),
    ("date", "timestamp"),
    ("timestamp", "timestamptz"),
    ("timestamptz", "timestamp"),
    ("timestamp", "timestamp(3)"),
    ("timestamp(3)", "timestamp(2)"),
    ("time", "timetz"),
    ("interval", "interval(0)"),
    ("numeric", "numeric(100,50)"),
    ("numeric(5,2)", "numeric(5,3)"),
    ("bit(3)", "bit(4)"),
    ("inet", "cidr"),
    ("int4[]", "int8[]"),
    ("int4", "int4[]"),
    ("int4range", "int8range"),
    ("public.span", "public.rename"),
    ("public.one", "public.renamed"),
    ("oid", "int4"),
];

/// Judges a column of one type against a target's column of another.
fn judge(db: &Db, from: &str, to: &str) -> Result<Fit> {
    db.exec(&format!(
        "DROP TABLE IF EXISTS public.s, public.t; CREATE TABLE public.s (c {from}); CREATE TABLE public.t (c {to})"
    ))?;
    let schema = moving::arrow_schema(&moving::columns(db, "public", "s")?);
    let target = moving::columns(db, "public", "t")?;
    let judged = fit(schema.field(0), Some(&target[0].ty), &TargetCatalog::default());
    let encoder = Encoder::new(&schema, &[target[0].ty.clone()]);
    let writer = LiteralWriter::new(&schema, &[target[0].ty.clone()]);
    let refused = judged.label == Label::Refused;
    assert_eq!((encoder.is_err(), writer.is_err()), (refused, refused), "{from} to {to}");
    Ok(judged)
}

/// The value arrives as the server's own cast would make it, by COPY and by literals.
fn arrives(db: &Db, value: &str, target: &str, fit: &Fit) -> Result<()> {
    let schema = moving::arrow_schema(&moving::columns(db, "public", "s")?);
    let literal = rapidbyte_postgres::literal::quoted(value)?;
    db.exec(&format!("INSERT INTO public.s VALUES ({literal}), (NULL)"))?;
    let batch = moving::read(db, &schema, "public", "s")?;
    for strategy in [Strategy::Copy, Strategy::Insert] {
        let decision = WriteDecision {
            staging_seed: String::new(),
            namespace: "public".into(),
            name: "t".into(),
            create_schema: false,
            create_table: false,
            types: vec![],
            changes: vec![],
            comments: vec![],
            carried: vec![],
            parts: false,
            disposition: Disposition::Replace,
            strategy,
            publication: Publication::Direct,
            columns: vec![WriteColumn { name: "c".into(), target: target.into(), nullable: true }],
            primary_key: vec![],
            conflict_key: vec![],
            only_changed: false,
            latest_by: None,
            marks: None,
            arrays: false,
            override_identity: false,
            delete_instead_of_truncate: false,
            row_errors: None,
        };
        moving::write(db, &decision, &schema, &batch)?;
        // char(n) loses its blanks in a cast to text, and only there.
        let expected =
            db.one(&format!("SELECT format('%s', format('%s', c)::{target}) FROM public.s WHERE c IS NOT NULL"))?;
        let found = db.one("SELECT format('%s', c) FROM public.t WHERE c IS NOT NULL")?;
        assert_eq!(found.trim_end(), expected.trim_end(), "{strategy:?}");
        assert_eq!(db.one("SELECT count(*) FROM public.t WHERE c IS NULL")?, "1");
        same_checksum(db, fit)?;
    }
    Ok(())
}

/// What the source shows for the comparison is what the target has, and nothing else is.
fn same_checksum(db: &Db, fit: &Fit) -> Result<()> {
    assert_eq!(fit.compared.obstacle, None);
    let columns = checksums::checked(std::slice::from_ref(fit));
    let there = checksums::sum(db, "public", "t", &checksums::uncast(&columns))?;
    assert_eq!(checksums::sum(db, "public", "s", &columns)?, there, "{fit:?}");
    Ok(())
}

#[test]
fn what_is_wider_keeps_each_value() -> Result<()> {
    let db = Db::new()?;
    db.exec(TYPES)?;
    for (label, pairs) in [(Label::Widened, &WIDENED[..]), (Label::Exact, &EXACT[..])] {
        for (from, value, to) in pairs {
            let fit = judge(&db, from, to)?;
            assert_eq!((fit.label, fit.note.is_some()), (label, label == Label::Widened), "{from} to {to}: {fit:?}");
            arrives(&db, value, to, &fit).with_context(|| format!("{from} to {to}"))?;
        }
    }
    Ok(())
}

#[test]
fn what_could_change_is_refused() -> Result<()> {
    let db = Db::new()?;
    db.exec(TYPES)?;
    for (from, to) in REFUSED {
        let fit = judge(&db, from, to)?;
        assert_eq!(fit.label, Label::Refused, "{from} to {to}: {fit:?}");
    }
    Ok(())
}

/// The blanks of char(n) are the value's bytes, also where the target is text.
#[test]
fn blanks_are_kept() -> Result<()> {
    let db = Db::new()?;
    let fit = judge(&db, "char(5)", "text")?;
    arrives(&db, "ab", "text", &fit)?;
    assert_eq!(db.one("SELECT max(length(c)) FROM public.t")?, "5");
    Ok(())
}

/// No cast reaches into a composite of another server's: there such a value has no text that could be compared.
#[test]
fn what_reads_otherwise_inside_is_not_compared() -> Result<()> {
    let db = Db::new()?;
    db.exec(
        "CREATE TYPE public.cents AS (n numeric(5,2), t text); CREATE TYPE public.mills AS (n numeric(7,3), t text)",
    )?;
    for (from, to) in [("public.cents", "public.mills"), ("public.cents[]", "public.mills[]")] {
        let fit = judge(&db, from, to)?;
        assert_eq!((fit.label, fit.compared.cast), (Label::Widened, None), "{from}");
        let obstacle = fit.compared.obstacle.context("it is compared")?;
        assert!(obstacle.starts_with("inside \"public\".\"cents\""), "{obstacle}");
    }
    assert_eq!(
        judge(&db, "public.cents", "public.cents")?.compared,
        rapidbyte_postgres::compare::Comparison::default()
    );
    Ok(())
}

/// What the destination lacks and does not make is refused by name, with what to do.
#[test]
fn missing_types_are_refused_by_name() -> Result<()> {
    let (source, target) = (Db::with_every_type()?, Db::new()?);
    let notes = |table: &str| -> Result<Vec<String>> {
        let schema = moving::arrow_schema(&moving::columns(&source, "every_type", table)?);
        Ok(moving::fits(&target, &schema)?
            .into_iter()
            .filter(|fit| fit.label == Label::Refused)
            .filter_map(|fit| fit.note)
            .collect())
    };
    let extensions = notes("extensions")?;
    assert_eq!(extensions.len(), 4);
    assert_eq!(
        extensions[0],
        "the destination has no type \"public\".\"hstore\"; CREATE EXTENSION \"hstore\" there first"
    );
    assert_eq!(notes("ranges")?.len(), 3);
    assert_eq!(notes("composites")?, Vec::<String>::new());
    Ok(())
}
