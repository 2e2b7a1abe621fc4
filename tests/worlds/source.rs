//! The source that an observation describes: relations, keys, rows, what its server believes of their number.

use crate::{
    case::{Case, table},
    sql::{self, ident, object},
    values,
};
use rapidbyte_plans::{
    catalog::CatalogStream,
    decision::Nulls,
    name::ObjectName,
    observation::{RelationKind, SourceColumn, StreamObservation},
    resolve::ResolvedStream,
};
use std::{fmt::Write as _, ops::RangeInclusive};

/// Rows of each source table: some that are there from the start, some that come after a first run.
pub(crate) const FIRST: RangeInclusive<u32> = 1..=25;
pub(crate) const LATER: RangeInclusive<u32> = 26..=50;

/// Where the source has no estimate it has many rows: the server that we build always has one.
const MANY: u64 = 1_000_000;

/// Every seventh row has NULLs: some are in either half.
const NULL_EVERY: u32 = 7;

/// The relations and the first of their rows.
pub(crate) fn build(case: &Case) -> String {
    if let Some(sql) = case.source_sql() {
        return sql;
    }
    let columns = case.observation.streams.iter().flat_map(|seen| &seen.source.columns);
    let mut sql = values::make_types(columns.clone().map(|column| column.native.as_str()));
    if columns.clone().any(|column| column.refused.is_some()) {
        sql.push_str(values::MAKE_UNREADABLE);
    }
    for (stream, seen, name) in tables(case) {
        let _ = writeln!(sql, "CREATE SCHEMA IF NOT EXISTS {};", ident(sql::schema(name)));
        sql.push_str(&relation(case, stream, seen, name));
        sql.push_str(&comments(seen, name));
    }
    sql + &passed_over(case) + &rows(case, FIRST)
}

/// What the catalogue lists and no stream takes: it is there, and must not be taken.
fn passed_over(case: &Case) -> String {
    let all = case.catalog.iter().flat_map(|catalog| &catalog.streams);
    let others = all.filter(|listed| case.streams.iter().all(|stream| table(stream) != Some(&listed.name)));
    let one = |listed: &CatalogStream| {
        let columns: Vec<String> =
            listed.columns.iter().map(|(name, native)| format!("NULL::{native} AS {}", ident(name))).collect();
        let kind = if listed.kind == RelationKind::View { "VIEW" } else { "TABLE" };
        let (schema, name) = (ident(sql::schema(&listed.name)), object(&listed.name));
        format!("CREATE SCHEMA IF NOT EXISTS {schema}; CREATE {kind} {name} AS SELECT {};\n", columns.join(", "))
    };
    others.map(one).collect()
}

/// More rows, for every table.
pub(crate) fn rows(case: &Case, range: RangeInclusive<u32>) -> String {
    if case.source_sql().is_some() {
        return String::new();
    }
    let filled =
        |(_, seen, _): &(&ResolvedStream, &StreamObservation, &ObjectName)| seen.source.statistics.rows != Some(0);
    tables(case).filter(filled).map(|(_, seen, name)| insert(case, seen, &stored(seen, name), &range)).collect()
}

/// What the source's user may read, and what the server believes of how much there is.
pub(crate) fn finish(case: &Case) -> String {
    let user = ident(&case.observation.source.user);
    let mut sql = format!(
        "DO $$ DECLARE s name; BEGIN FOR s IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information)' LOOP \
         EXECUTE format('GRANT USAGE ON SCHEMA %I TO {user}; GRANT SELECT ON ALL TABLES IN SCHEMA %I TO {user}', s, s); \
         END LOOP; END $$;\n"
    );
    for (_, seen, name) in tables(case).filter(|_| case.source_sql().is_none()) {
        sql.push_str(&believe(&stored(seen, name), seen.source.statistics.rows.unwrap_or(MANY)));
    }
    sql
}

/// Sets the server's estimate. It multiplies rows a page with the pages that are there, so both must fit.
pub(crate) fn believe(name: &ObjectName, rows: u64) -> String {
    format!(
        "UPDATE pg_class SET reltuples = {rows}, relpages = pg_relation_size(oid) / current_setting('block_size')::int8 \
         WHERE oid = {}::regclass;\n",
        sql::literal(&object(name))
    )
}

/// The tables that are read and are not there already as targets.
fn tables(case: &Case) -> impl Iterator<Item = (&ResolvedStream, &StreamObservation, &ObjectName)> {
    let read = case.pairs().filter_map(|(stream, seen)| Some((stream, seen, table(stream)?)));
    read.filter(|(_, _, name)| !case.is_one_database() || !case.is_target(name))
}

/// The table that holds the rows of what is read: a view's lies behind it.
fn stored(seen: &StreamObservation, name: &ObjectName) -> ObjectName {
    match seen.source.kind {
        RelationKind::View => ObjectName::new(&name.namespace, format!("{} behind", name.name)),
        _ => name.clone(),
    }
}

fn comments(seen: &StreamObservation, name: &ObjectName) -> String {
    let name = object(name);
    let table = seen.source.comment.iter().map(|text| format!("COMMENT ON TABLE {name} IS {};\n", sql::literal(text)));
    let columns = seen.source.columns.iter().filter_map(|column| {
        let text = sql::literal(column.comment.as_ref()?);
        Some(format!("COMMENT ON COLUMN {name}.{} IS {text};\n", ident(&column.name)))
    });
    table.chain(columns).collect()
}

fn relation(case: &Case, stream: &ResolvedStream, seen: &StreamObservation, name: &ObjectName) -> String {
    let source = &seen.source;
    // What the stream leaves out is there all the same, and fills itself.
    let left_out = |name: &String| format!("{} bigint GENERATED BY DEFAULT AS IDENTITY", ident(name));
    let mut columns: Vec<String> = stream.selection.exclude.iter().chain(&seen.ignored).map(left_out).collect();
    columns.extend(source.columns.iter().map(column));
    if !source.key.is_empty() {
        columns.push(format!("PRIMARY KEY ({})", sql::idents(&source.key)));
    }
    columns.extend(source.unique_keys.iter().map(|key| format!("UNIQUE ({})", sql::idents(key))));
    let stored = stored(seen, name);
    let table = format!("CREATE TABLE {} ({})", object(&stored), columns.join(", "));
    match source.kind {
        RelationKind::Table => format!("{table};\n{}", index(stream, seen, name)),
        RelationKind::PartitionedTable => {
            let by = ident(source.key.first().unwrap_or(&source.columns[0].name));
            let part = object(&ObjectName::new(&name.namespace, format!("{} part", name.name)));
            format!(
                "{table} PARTITION BY HASH ({by});\nCREATE TABLE {part} PARTITION OF {} FOR VALUES WITH (MODULUS 1, REMAINDER 0);\n",
                object(name)
            )
        }
        // A view says of no column that it is NOT NULL.
        RelationKind::View => {
            format!("{table};\nCREATE VIEW {} AS SELECT * FROM {};\n", object(name), object(&stored))
        }
        kind => panic!("{}: no source of kind {kind:?} can be built yet", case.name),
    }
}

/// The index that serves a cursor, where it is not the key's.
fn index(stream: &ResolvedStream, seen: &StreamObservation, name: &ObjectName) -> String {
    match (&stream.selection.cursor, &seen.source.cursor) {
        (Some(column), Some(cursor)) if cursor.indexed && seen.source.key.first() != Some(column) => {
            format!("CREATE INDEX ON {} ({});\n", object(name), ident(column))
        }
        _ => String::new(),
    }
}

fn column(column: &SourceColumn) -> String {
    let native = if column.refused.is_some() { values::UNREADABLE } else { &column.native };
    format!("{} {native}{}", ident(&column.name), if column.nullable { "" } else { " NOT NULL" })
}

fn insert(case: &Case, seen: &StreamObservation, table: &ObjectName, range: &RangeInclusive<u32>) -> String {
    let columns: Vec<&SourceColumn> = seen.source.columns.iter().filter(|column| column.refused.is_none()).collect();
    if columns.is_empty() {
        return String::new();
    }
    let one = |column: &&SourceColumn| {
        let value = values::value(&column.native, "i");
        let never_null = !column.nullable || is_needed(case, seen, &column.name);
        if never_null { value } else { format!("CASE WHEN i % {NULL_EVERY} <> 0 THEN {value} END") }
    };
    format!(
        "INSERT INTO {} ({}) SELECT {} FROM generate_series({}, {}) AS i;\n",
        object(table),
        sql::idents(columns.iter().map(|column| &column.name)),
        columns.iter().map(one).collect::<Vec<_>>().join(", "),
        range.start(),
        range.end()
    )
}

/// A NULL would end the run, rightly: in a key, or where the target takes none.
fn is_needed(case: &Case, seen: &StreamObservation, name: &String) -> bool {
    let mut wishes = case.streams.iter().filter(|stream| stream.stream == seen.stream);
    let refused = |stream: &ResolvedStream| {
        stream.incremental.as_ref().is_some_and(|wish| wish.nulls == Nulls::Refuse && wish.cursor == *name)
    };
    wishes.any(|stream| refused(stream) || stream.wishes.key.iter().flatten().any(|column| column == name))
        || seen.source.key.contains(name)
        || seen.target.columns.iter().any(|column| column.name == *name && !column.nullable)
}
