//! What the catalog says of types, and what we say in its place.

use crate::{db::Db, moving};
use anyhow::{Context as _, Result};
use rapidbyte_postgres::{
    fit::Label,
    types::{
        Kind,
        arrow::{self, REFUSED},
        catalog::{Types, types_query},
        known,
    },
};

/// A column of every type of pg_catalog that a column can have, bare and with modifiers.
fn table_of_all_types(db: &Db) -> Result<()> {
    let types = db.rows(
        "SELECT t.oid::regtype::text FROM pg_type t WHERE t.typnamespace = 'pg_catalog'::regnamespace \
         AND t.typtype <> 'p' AND t.typrelid = 0 AND t.typelem = 0 OR t.typcategory = 'A' AND t.typtype = 'b' \
         AND t.typnamespace = 'pg_catalog'::regnamespace AND t.typelem NOT IN (SELECT oid FROM pg_type WHERE typtype = 'p' OR typrelid <> 0)",
    )?;
    let mut types: Vec<String> = types.into_iter().flatten().flatten().collect();
    let modified = [
        "varchar(7)",
        "char(7)",
        "char",
        "bit(7)",
        "bit",
        "varbit(7)",
        "numeric(7)",
        "numeric(7,3)",
        "numeric(2,5)",
        "time(3)",
        "timetz(3)",
        "timestamp(3)",
        "timestamptz(0)",
        "interval(3)",
        "interval year",
        "interval month",
        "interval day",
        "interval hour",
        "interval minute",
        "interval second",
        "interval second(3)",
        "interval year to month",
        "interval day to hour",
        "interval day to minute",
        "interval day to second",
        "interval day to second(1)",
        "interval hour to minute",
        "interval hour to second",
        "interval minute to second",
        "numeric(7,3)[]",
        "varchar(7)[][]",
        "timestamptz(3)[]",
    ];
    types.extend(modified.map(str::to_owned));
    let columns: Vec<String> = types.iter().enumerate().map(|(at, ty)| format!("c{at} {ty}")).collect();
    db.exec(&format!("CREATE TABLE public.all_types ({})", columns.join(", ")))
}

/// Our text of a type of pg_catalog is the server's own, so that it means the same type.
#[test]
fn types_are_named_as_by_the_server() -> Result<()> {
    let db = Db::new()?;
    table_of_all_types(&db)?;
    let columns = moving::columns(&db, "public", "all_types")?;
    assert!(columns.len() > 120);
    let sql = "SELECT format_type(atttypid, atttypmod) FROM pg_attribute \
               WHERE attrelid = 'public.all_types'::regclass AND attnum > 0 ORDER BY attnum";
    let names: Vec<String> = db.rows(sql)?.into_iter().flatten().flatten().collect();
    assert_eq!(columns.iter().map(|column| column.ty.sql()).collect::<Vec<_>>(), names);
    Ok(())
}

/// A type that a new column can have is exact there; the others are refused by name, at the source or for INSERT.
#[test]
fn every_type_is_exact_or_refused() -> Result<()> {
    let db = Db::new()?;
    table_of_all_types(&db)?;
    let schema = moving::arrow_schema(&moving::columns(&db, "public", "all_types")?);
    let fits = moving::fits(&db, &schema)?;
    let refused: Vec<&str> = schema
        .fields()
        .iter()
        .filter_map(|field| field.metadata().get(REFUSED))
        .map(|reason| reason.split(' ').nth(2).unwrap_or(""))
        .collect();
    let mut named: Vec<&str> = refused.into_iter().map(|name| name.trim_end_matches("[]")).collect();
    named.sort_unstable();
    named.dedup();
    assert_eq!(
        named,
        [
            "aclitem",
            "gtsvector",
            "pg_brin_bloom_summary",
            "pg_brin_minmax_multi_summary",
            "pg_dependencies",
            "pg_mcv_list",
            "pg_ndistinct",
            "pg_node_tree",
            "regclass",
            "regcollation",
            "regconfig",
            "regdictionary",
            "regnamespace",
            "regoper",
            "regoperator",
            "regproc",
            "regprocedure",
            "regrole",
            "regtype"
        ]
    );
    for (fit, field) in fits.iter().zip(schema.fields()) {
        let is_refused = field.metadata().contains_key(REFUSED);
        assert_eq!(fit.label == Label::Refused, is_refused, "{fit:?}");
        assert_eq!(fit.note.is_some(), fit.label != Label::Exact, "{fit:?}");
        assert!(is_refused || fit.literal, "{fit:?}");
    }
    Ok(())
}

/// A type's tree survives the metadata of its field.
#[test]
fn trees_survive_metadata() -> Result<()> {
    let db = Db::with_every_type()?;
    for table in ["numbers", "enums", "composites", "ranges", "arrays"] {
        for column in moving::columns(&db, "every_type", table)? {
            assert_eq!(arrow::type_of(&arrow::field(&column.name, &column.ty, true))?, column.ty);
        }
    }
    Ok(())
}

/// No honest catalog has such types; a hostile one must not fill our memory or our stack.
#[test]
fn types_without_an_end_are_refused() -> Result<()> {
    let row = |oid: u32, ty: &str| {
        let json = format!(
            r#"{{"oid":{oid},"schema":"s","name":"t{oid}","delimiter":",","base":0,"typmod":-1,"send":true,"recv":true,"extension":null,"labels":null,"subtype":null,"range":null,{ty}}}"#
        );
        vec![Some(json)]
    };
    let field = |oid: u32| format!(r#"{{"name":"f","oid":{oid},"typmod":-1,"modifier":null}}"#);
    let itself = Types::parse(&[row(1, r#""type":"b","element":1,"fields":null"#)])?;
    assert_eq!(itself.tree(1, -1, None)?.refusal().context("not refused")?, "the type \"s\".\"t1\" contains itself");
    let doubling = |oid: u32| format!(r#""type":"c","element":null,"fields":[{},{}]"#, field(oid + 1), field(oid + 1));
    let mut rows: Vec<_> = (1..=60).map(|oid| row(oid, &doubling(oid))).collect();
    rows.push(row(61, r#""type":"b","element":null,"fields":null"#));
    let refusal = Types::parse(&rows)?.tree(1, -1, None)?.refusal();
    assert_eq!(refusal.context("not refused")?, "the type is nested too deeply");
    Ok(())
}

#[test]
fn a_domain_is_its_base_type_with_the_bases_modifier() -> Result<()> {
    let db = Db::with_every_type()?;
    let columns = moving::columns(&db, "every_type", "enums")?;
    let short = columns.iter().find(|column| column.name == "s").context("no column s")?;
    assert_eq!(short.ty.sql(), "\"every_type\".\"short\"");
    assert_eq!(short.ty.base().sql(), "character varying(5)");
    assert!(matches!(short.ty.kind, Kind::Domain(_)));
    Ok(())
}

/// Labels and names of the source's catalog reach the destination as names, whatever they are.
#[test]
fn hostile_names_make_types_and_nothing_else() -> Result<()> {
    let (source, target) = (Db::new()?, Db::new()?);
    source.exec(
        "CREATE SCHEMA \"s\"\"; DROP\"; CREATE TYPE \"s\"\"; DROP\".\"t'\\\" AS ENUM ('a''); DROP --', '\\'''); \
         CREATE TYPE \"s\"\"; DROP\".\"c\"\")\" AS (\"f\"\" int)\" \"s\"\"; DROP\".\"t'\\\"); \
         CREATE TABLE public.t (id int, c \"s\"\"; DROP\".\"c\"\")\"); INSERT INTO public.t VALUES (1, ROW('a''); DROP --'))",
    )?;
    let schema = moving::arrow_schema(&moving::columns(&source, "public", "t")?);
    let batch = moving::read(&source, &schema, "public", "t")?;
    let decision = moving::decision(
        rapidbyte_postgres::decision::Strategy::Insert,
        "public",
        "t",
        &moving::fits(&target, &schema)?,
    )?;
    moving::write(&target, &decision, &schema, &batch)?;
    assert_eq!(target.one("SELECT t::text FROM public.t t")?, source.one("SELECT t::text FROM public.t t")?);
    Ok(())
}

/// What nobody asks for is as a server has it, and is asked for again where a server is asked.
#[test]
fn known_types_are_the_servers() -> Result<()> {
    let db = Db::new()?;
    let known = Types::parse(&[])?;
    let oids: Vec<u32> = (0..4_000).filter(|oid| known::unknown([*oid]).is_empty()).collect();
    assert!(oids.len() > 20);
    for oid in oids {
        // The server's rows take the place of what is known.
        let served = db.rows(&types_query(&[oid]))?;
        assert_eq!(served.len(), 1, "{oid} is made of other types");
        assert_eq!(known.tree(oid, -1, None)?, Types::parse(&served)?.tree(oid, -1, None)?);
    }
    assert_eq!(known::unknown([23, 1007, 25, 99_999]), [1007, 99_999]);
    Ok(())
}
