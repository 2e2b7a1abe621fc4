//! Values at random: bytes through the codec, and texts through the server.

use crate::{db::Db, moving, runner};
use anyhow::Result;
use arrow_array::{Array, ArrayRef, BinaryArray, RecordBatch};
use arrow_schema::{ArrowError, SchemaRef};
use proptest::prelude::*;
use rapidbyte_postgres::{
    copy::{Decoder, Encoder, HEADER, TRAILER},
    decision::Strategy as WriteStrategy,
    literal,
    text::LiteralWriter,
    types::{PgType, catalog::Column},
};
use std::sync::Arc;

/// Types of pg_catalog with their OIDs: one for each form of a column.
const TYPES: [(u32, &str); 15] = [
    (16, "bool"),
    (21, "int2"),
    (23, "int4"),
    (20, "int8"),
    (700, "float4"),
    (701, "float8"),
    (25, "text"),
    (3802, "jsonb"),
    (17, "bytea"),
    (1082, "date"),
    (1083, "time"),
    (1114, "timestamp"),
    (1184, "timestamptz"),
    (2950, "uuid"),
    (1700, "numeric"),
];

fn types() -> Vec<PgType> {
    TYPES.iter().map(|(oid, name)| PgType::builtin(*oid, name, -1)).collect()
}

fn schema_of(types: &[PgType]) -> SchemaRef {
    let field = |(at, ty): (usize, &PgType)| rapidbyte_postgres::types::arrow::field(&format!("c{at}"), ty, true);
    arrow_schema::Schema::new(types.iter().enumerate().map(field).collect::<Vec<_>>()).into()
}

/// Any value of a type in binary form; for types in wire form any bytes.
fn value(name: &'static str) -> BoxedStrategy<Vec<u8>> {
    let bytes = |length: std::ops::Range<usize>| prop::collection::vec(any::<u8>(), length);
    match name {
        "bool" => (0..2_u8).prop_map(|byte| vec![byte]).boxed(),
        "int2" => bytes(2..3).boxed(),
        "int4" | "float4" => bytes(4..5).boxed(),
        // The ends are values of their own.
        "date" => {
            prop_oneof![any::<i32>(), Just(i32::MAX), Just(i32::MIN)].prop_map(|n| n.to_be_bytes().to_vec()).boxed()
        }
        "int8" | "float8" | "time" => bytes(8..9).boxed(),
        "timestamp" | "timestamptz" => {
            prop_oneof![any::<i64>(), Just(i64::MAX), Just(i64::MIN)].prop_map(|n| n.to_be_bytes().to_vec()).boxed()
        }
        "uuid" => bytes(16..17).boxed(),
        "text" => any::<String>().prop_map(String::into_bytes).boxed(),
        "jsonb" => any::<String>().prop_map(|text| [&[1], text.as_bytes()].concat()).boxed(),
        _ => bytes(0..40).boxed(),
    }
}

fn cell(name: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let counted = |value: Vec<u8>| [u32::try_from(value.len()).unwrap_or(0).to_be_bytes().to_vec(), value].concat();
    prop_oneof![1 => Just(vec![0xff; 4]), 6 => value(name).prop_map(counted)]
}

/// A whole COPY in binary format.
fn copy() -> impl Strategy<Value = Vec<u8>> {
    let cells: Vec<_> = TYPES.iter().map(|(_, name)| cell(name).boxed()).collect();
    let count = u16::try_from(TYPES.len()).unwrap_or(0).to_be_bytes().to_vec();
    let row = cells.prop_map(move |cells| [count.clone(), cells.concat()].concat());
    prop::collection::vec(row, 0..12).prop_map(|rows| [&HEADER[..], &rows.concat(), &TRAILER].concat())
}

/// P3: what is decoded and encoded again has the same bytes, wherever the messages end.
#[test]
fn decoding_and_encoding_is_identity() -> Result<()> {
    let types = types();
    let schema = schema_of(&types);
    let cuts = prop::collection::vec(any::<prop::sample::Index>(), 0..6);
    let run = runner(300).run(&(copy(), cuts), |(bytes, cuts)| {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len())).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let mut decoder = Decoder::new(&schema)?;
        for cut in cuts.windows(2) {
            decoder.push_copy_data(&bytes[cut[0]..cut[1]])?;
        }
        prop_assert!(decoder.is_ended());
        let batch = decoder.finish()?;
        let mut again = HEADER.to_vec();
        Encoder::new(&schema, &types)?.encode(&batch, &mut again)?;
        again.extend(TRAILER);
        prop_assert_eq!(again, bytes);
        Ok(())
    });
    run.map_err(|error| anyhow::anyhow!("{error}"))
}

/// Changes some bytes, and the length now and then.
fn spoil(mut bytes: Vec<u8>, spoils: &[(prop::sample::Index, u8)], cut: Option<prop::sample::Index>) -> Vec<u8> {
    if bytes.is_empty() {
        return bytes;
    }
    for (at, byte) in spoils {
        let at = at.index(bytes.len());
        bytes[at] = *byte;
    }
    if let Some(cut) = cut {
        bytes.truncate(cut.index(bytes.len()));
    }
    bytes
}

fn spoils() -> impl Strategy<Value = (Vec<(prop::sample::Index, u8)>, Option<prop::sample::Index>)> {
    // Bytes at the ends make lengths and counts that lead nowhere.
    let byte = prop_oneof![any::<u8>(), Just(0xff), Just(0x7f), Just(0)];
    (
        prop::collection::vec((any::<prop::sample::Index>(), byte), 0..4),
        prop::option::weighted(0.2, any::<prop::sample::Index>()),
    )
}

/// P6: no bytes make the decoder panic; after an error it still holds whole rows.
#[test]
fn the_decoder_takes_any_bytes() -> Result<()> {
    let schema = schema_of(&types());
    let any_bytes = prop::collection::vec(any::<u8>(), 0..200);
    let strategy = prop_oneof![
        (copy(), spoils()).prop_map(|(bytes, (spoils, cut))| spoil(bytes, &spoils, cut)),
        any_bytes.prop_map(|bytes| [&HEADER[..], &bytes].concat()),
    ];
    let run = runner(2_000).run(&strategy, |bytes| {
        let mut decoder = Decoder::new(&schema)?;
        let _ = decoder.push_copy_data(&bytes);
        let _ = decoder.push_row(&bytes);
        let rows = decoder.rows();
        if let Ok(batch) = decoder.finish() {
            prop_assert_eq!(batch.num_rows(), rows);
        }
        Ok(())
    });
    run.map_err(|error| anyhow::anyhow!("{error}"))
}

/// P6 for the writing side: no bytes in wire form make an encoder or a text form panic.
#[test]
fn writers_take_any_wire_form() -> Result<()> {
    let db = Db::with_every_type()?;
    for table in
        db.rows("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'every_type'::regnamespace")?
    {
        let table = table.into_iter().flatten().collect::<String>();
        let columns = moving::columns(&db, "every_type", &table)?;
        let schema = moving::arrow_schema(&columns);
        let batch = moving::read(&db, &schema, "every_type", &table)?;
        // Other OIDs at the target, so that they are rewritten.
        let targets: Vec<PgType> = columns.iter().map(|column| with_other_oids(&column.ty)).collect();
        let (encoder, writer) = (Encoder::new(&schema, &targets)?, LiteralWriter::new(&schema, &targets)?);
        let run = runner(150).run(&spoils(), |(spoils, cut)| {
            let batch = spoiled(&batch, &spoils, cut)?;
            for column in 0..batch.num_columns() {
                // Each column alone: an error in one must not hide the others.
                let one = Column::clone(&columns[column]);
                let schema = moving::arrow_schema(std::slice::from_ref(&one));
                let batch = batch.project(&[column]).map_err(|error| TestCaseError::fail(error.to_string()))?;
                let target = &targets[column..=column];
                let _ = Encoder::new(&schema, target)?.encode(&batch, &mut Vec::new());
                let writer = LiteralWriter::new(&schema, target)?;
                let mut rows = writer.start(&batch)?;
                while matches!(rows.write(1, 0, &mut Vec::new()), Ok(1)) {}
            }
            let _ = encoder.encode(&batch, &mut Vec::new());
            let _ = writer.start(&batch)?.write(u32::MAX, usize::MAX, &mut Vec::new());
            Ok(())
        });
        run.map_err(|error| anyhow::anyhow!("{table}: {error}"))?;
    }
    Ok(())
}

fn spoiled(
    batch: &RecordBatch,
    spoils: &[(prop::sample::Index, u8)],
    cut: Option<prop::sample::Index>,
) -> Result<RecordBatch, ArrowError> {
    let column = |array: &ArrayRef| match array.as_any().downcast_ref::<BinaryArray>() {
        Some(array) => {
            let value = |value: Option<&[u8]>| value.map(|value| spoil(value.to_vec(), spoils, cut));
            Arc::new(array.iter().map(value).collect::<BinaryArray>()) as ArrayRef
        }
        None => array.clone(),
    };
    RecordBatch::try_new(batch.schema(), batch.columns().iter().map(column).collect())
}

fn with_other_oids(ty: &PgType) -> PgType {
    use rapidbyte_postgres::types::{Field, Kind};
    let other = |ty: &PgType| Box::new(with_other_oids(ty));
    let kind = match &ty.kind {
        Kind::Base | Kind::Enum(_) | Kind::Unsupported(_) => ty.kind.clone(),
        Kind::Domain(base) => Kind::Domain(other(base)),
        Kind::Array { element, delimiter } => Kind::Array { element: other(element), delimiter: *delimiter },
        Kind::Composite(fields) => {
            let field = |field: &Field| Field { name: field.name.clone(), ty: with_other_oids(&field.ty) };
            Kind::Composite(fields.iter().map(field).collect())
        }
        Kind::Range(bound) => Kind::Range(other(bound)),
        Kind::Multirange(range) => Kind::Multirange(other(range)),
    };
    // The OIDs of pg_catalog are the same everywhere.
    let oid = if ty.is_builtin() { ty.oid } else { ty.oid + 1 };
    PgType { oid, kind, ..ty.clone() }
}

fn sql_text() -> impl Strategy<Value = String> {
    let special = prop::sample::select(
        &["\"", "'", "\\", "{", "}", ",", "(", ")", "NULL", " ", "\n", "", "[", "=>", ";", "\u{1f418}"][..],
    );
    let character = any::<char>().prop_filter("no text holds NUL", |c| *c != '\0').prop_map(String::from);
    prop::collection::vec(prop_oneof![special.prop_map(str::to_owned), character], 0..8)
        .prop_map(|pieces| literal::quoted(&pieces.concat()).unwrap_or_default())
}

fn sql_numeric() -> impl Strategy<Value = String> {
    prop_oneof![
        1 => Just("'NaN'".to_owned()),
        1 => Just("'-Infinity'".to_owned()),
        8 => "'-?[0-9]{1,40}\\.[0-9]{0,40}'",
        4 => "'-?0{0,9}[1-9]0{0,30}\\.0{0,30}[0-9]{0,5}'",
        4 => ("-?[1-9][0-9]{0,9}", -300..300).prop_map(|(digits, power)| format!("'{digits}e{power}'")),
    ]
}

fn sql_list(item: impl Strategy<Value = String>, ty: &'static str) -> impl Strategy<Value = String> {
    prop::collection::vec(prop_oneof![5 => item, 1 => Just("NULL".to_owned())], 0..5)
        .prop_map(move |items| format!("ARRAY[{}]::{ty}[]", items.join(",")))
}

/// A row of SQL expressions, by column type.
fn sql_row() -> impl Strategy<Value = String> {
    // Infinities are in the tables of edges; what is here stays inside the ranges of the types.
    let timestamp = (-211_813_488_000_i64..9_223_371_331_199).prop_flat_map(|s| (Just(s), 0..1_000_000));
    let timestamp = timestamp.prop_map(|(s, us)| {
        format!(
            "timestamp '2000-01-01' + interval '{} days {s1} seconds {us} microseconds'",
            s / 86_400,
            s1 = s % 86_400
        )
    });
    let float = any::<u64>().prop_map(f64::from_bits).prop_filter("finite", |f| f.is_finite());
    let interval = (any::<i32>(), any::<i32>(), any::<i64>())
        .prop_map(|(m, d, us)| format!("'{m} mons {d} days {us} microseconds'"));
    (
        (sql_numeric(), float.prop_map(|f| format!("'{f:e}'")), any::<f32>().prop_map(|f| format!("'{f:e}'")), interval, timestamp),
        (sql_text(), sql_list(sql_text(), "text"), sql_list(sql_numeric(), "numeric"), "B'[01]{0,30}'", any::<u128>()),
        (sql_text(), sql_numeric(), sql_list(sql_text(), "text"), sql_text(), sql_text()),
        (0..=2_451_507_i32 + 2_145_031_948, 0..=86_400_000_000_i64, -57_599..=57_599_i32),
    )
        .prop_map(|((n, f8, f4, iv, ts), (t, ta, na, vb, ip), (ct, cn, cta, j1, j2), (day, time, zone))| {
            let ip = std::net::Ipv6Addr::from(ip);
            let sign = if zone < 0 { '-' } else { '+' };
            let zone = zone.unsigned_abs();
            let zone = format!("{sign}{:02}:{:02}:{:02}", zone / 3600, zone / 60 % 60, zone % 60);
            let time = format!("time '00:00' + interval '{time} microseconds'");
            format!(
                "({n}, {f8}, {f4}, {iv}, {ts}, ({ts}) AT TIME ZONE 'UTC', {t}, {ta}, {na}, {vb}, '{ip}', ROW({ct}, {cn}, {cta}), \
                 ARRAY[ROW({t}, {n}, {ta}), NULL]::public.made[], numrange(least({n}::numeric, {cn}::numeric), greatest({n}::numeric, {cn}::numeric), '[]'), \
                 jsonb_build_object({j1}::text, {j2}::text, 'n', to_jsonb({ta})), array_to_tsvector(array_remove(array_remove({ta}, NULL), '')), \
                 date '4714-11-24 BC' + {day}, {time}, (({time})::text || '{zone}')::timetz, \
                 public.hstore(array_remove({ta}, NULL), array_remove({ta}, NULL)))"
            )
        })
}

const RANDOM_TABLE: &str = "CREATE EXTENSION hstore SCHEMA public; CREATE TYPE public.made AS (t text, n numeric, ta text[]); \
    CREATE TABLE public.random (id serial, n numeric, f8 float8, f4 float4, iv interval, ts timestamp, tz timestamptz, t text, ta text[], \
    na numeric[], vb varbit, ip inet, c public.made, cs public.made[], r numrange, j jsonb, tv tsvector, d date, ti time, tt timetz, h public.hstore)";
const RANDOM_INSERT: &str =
    "INSERT INTO public.random (n, f8, f4, iv, ts, tz, t, ta, na, vb, ip, c, cs, r, j, tv, d, ti, tt, h) VALUES ";

/// P4 and P5 at random: what the server's text input made arrives bit for bit, by COPY and by literals.
#[test]
fn random_values_arrive() -> Result<()> {
    let db = Db::new()?;
    db.exec(RANDOM_TABLE)?;
    let columns = moving::columns(&db, "public", "random")?;
    let schema = moving::arrow_schema(&columns);
    let fits = moving::fits(&db, &schema)?;
    let check = |rows: Vec<String>| -> Result<()> {
        db.exec(&format!("{RANDOM_INSERT}{}", rows.join(", ")))?;
        let batch = moving::read(&db, &schema, "public", "random")?;
        for strategy in [WriteStrategy::Copy, WriteStrategy::Insert] {
            let decision = moving::decision(strategy, "copied", "random", &fits)?;
            moving::write(&db, &decision, &schema, &batch)?;
            moving::same(&db, &columns, "public.random", "copied.random")?;
            db.exec("DROP TABLE copied.random")?;
        }
        db.exec("TRUNCATE public.random")
    };
    let rows = prop::collection::vec(sql_row(), 1..8);
    let run = runner(40).run(&rows, |rows| {
        let result = check(rows);
        if result.is_err() {
            let _ = db.exec("ROLLBACK; TRUNCATE public.random; DROP TABLE IF EXISTS copied.random");
        }
        result.map_err(|error| TestCaseError::fail(format!("{error:#}")))
    });
    run.map_err(|error| anyhow::anyhow!("{error}"))
}
