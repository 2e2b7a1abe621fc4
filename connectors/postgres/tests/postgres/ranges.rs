//! What has no places read by ranges of a key, on a server.

use crate::{db::Db, runner};
use anyhow::{Context as _, Result};
use proptest::{collection::vec, prelude::*};
use rapidbyte_postgres::{
    decision::{Fetch, RangeKey, ReadDecision, Relation},
    prepare,
};

fn read(relation: Relation, native: &str, partitions: u32) -> ReadDecision {
    ReadDecision {
        relation,
        columns: vec!["body".into()],
        filter: None,
        fetch: Fetch::Copy,
        partitions,
        partition_blocks: None,
        partition_key: Some(RangeKey { column: "a \"key\"".into(), native: native.into() }),
        window: None,
    }
}

/// P1: the ranges of a key are the relation, each row in one of them, be it without a key, whatever the keys are and however many
/// ranges there are; and each bound lies between its neighbours.
#[test]
fn p1_ranges_are_the_relation() -> Result<()> {
    let db = Db::new()?;
    db.exec("CREATE DOMAIN public.whole AS integer; CREATE VIEW public.empty AS SELECT 1 AS n WHERE false")?;
    let numbers = prop_oneof![0..100_i64, any::<i64>(), Just(i64::MIN), Just(i64::MAX)];
    let keys = vec(proptest::option::weighted(0.9, numbers), 0..60);
    for (native, ty, cast) in [
        ("smallint", "smallint", "(n >> 48)"),
        ("integer", "public.whole", "(n >> 32)"),
        ("bigint", "bigint", "n"),
        ("uuid", "uuid", "(lpad(to_hex(n), 16, '0') || '0123456789abcdef')"),
    ] {
        db.exec(&format!(
            "DROP TABLE IF EXISTS public.t CASCADE; CREATE TABLE public.t (\"a \"\"key\"\"\" {ty}, body int)"
        ))?;
        db.exec("CREATE VIEW public.v AS SELECT * FROM public.t")?;
        runner(20).run(&(keys.clone(), 2..12_u32, any::<bool>()), |(keys, partitions, is_query)| {
            let view = Relation::Table("public".into(), "v".into());
            let relation = if is_query { Relation::Query("SELECT * FROM public.t -- all".into()) } else { view };
            check(&db, &keys, &format!("{cast}::{ty}"), &read(relation, native, partitions))
                .map_err(|error| TestCaseError::fail(format!("{native}: {error:#}")))
        })?;
    }
    Ok(())
}

fn check(db: &Db, keys: &[Option<i64>], cast: &str, read: &ReadDecision) -> Result<()> {
    let key = read.partition_key.as_ref().context("there is one")?;
    let rows = keys.iter().enumerate().map(|(at, key)| {
        let key = key.map_or_else(|| "NULL".to_owned(), |key| format!("'{key}'"));
        format!("({key}::bigint, {at})")
    });
    db.exec("TRUNCATE public.t")?;
    if !keys.is_empty() {
        let rows = rows.collect::<Vec<_>>().join(", ");
        db.exec(&format!("INSERT INTO public.t SELECT {cast}, at FROM (VALUES {rows}) AS keys (n, at)"))?;
    }
    let bounds = db.rows(&prepare::bounds(read, key)?)?;
    let bounds: Vec<String> = bounds.into_iter().filter_map(|mut row| row.pop().flatten()).collect();
    anyhow::ensure!(bounds.len() + 1 == read.partitions as usize, "{bounds:?}");
    let listed = bounds.iter().map(|bound| format!("'{bound}'::{}", key.native)).collect::<Vec<_>>().join(", ");
    let sorted = db.rows(&format!("SELECT ARRAY[{listed}] = ARRAY(SELECT unnest(ARRAY[{listed}]) AS b ORDER BY b)"))?;
    anyhow::ensure!(sorted[0][0].as_deref() == Some("t"), "{bounds:?}");
    let mut found = Vec::new();
    for (at, statement) in prepare::read(read)?.iter().enumerate() {
        let select = statement.strip_prefix("COPY (").and_then(|sql| sql.strip_suffix(") TO STDOUT (FORMAT binary)"));
        db.exec("BEGIN")?;
        let from = at.checked_sub(1).map(|before| bounds[before].as_str());
        db.exec(&prepare::set_range(from, bounds.get(at).map(String::as_str))?)?;
        for mut row in db.rows(select.context("a part is read by a COPY")?)? {
            found.push(row.pop().flatten().context("it is never NULL")?.parse::<usize>()?);
        }
        db.exec("COMMIT")?;
    }
    found.sort_unstable();
    anyhow::ensure!(found == (0..keys.len()).collect::<Vec<_>>(), "{found:?} of {keys:?}, at {bounds:?}");
    Ok(())
}
