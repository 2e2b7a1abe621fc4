//! Values by type: row number `i` has the same value each time, and another one than any other row, so that keys hold.

use std::collections::BTreeSet;

/// Types of users that cases speak of: native type, what makes it, and value number `{i}`. A new one is a line here.
const OF_USERS: [(&str, &str, &str); 2] = [
    (r#""public"."ltree""#, "CREATE EXTENSION ltree SCHEMA public;\n", "text2ltree('root.leaf_' || {i})"),
    (
        r#""public"."mood""#,
        "CREATE TYPE public.mood AS ENUM ('sad', 'ok', 'happy');\n",
        "(ARRAY['sad', 'ok', 'happy'])[1 + {i} % 3]",
    ),
];

/// A type that the source cannot read, whatever reason the case gives: nested deeper than our model of types goes.
pub(crate) const UNREADABLE: &str = "public.deep_30";

pub(crate) const MAKE_UNREADABLE: &str = "CREATE TYPE public.deep_0 AS (n integer); DO $$ BEGIN FOR i IN 1..30 LOOP \
     EXECUTE format('CREATE TYPE public.deep_%s AS (inner_one public.deep_%s)', i, i - 1); END LOOP; END $$;\n";

/// SQL for value number `i` of a type; `i` is SQL for a whole number. Without functions that are merely stable, so that
/// it can be what a generated column holds.
pub(crate) fn value(native: &str, i: &str) -> String {
    if let Some(element) = native.strip_suffix("[]") {
        return format!("ARRAY[{}, NULL]", value(element, i));
    }
    if let Some((_, _, value)) = of_user(native) {
        return format!("({})::{native}", value.replace("{i}", &format!("({i})")));
    }
    let value = match without_bounds(native).as_str() {
        "smallint" | "integer" | "bigint" | "oid" => format!("({i})"),
        "real" | "double precision" => format!("(({i}) * 0.1)"),
        "numeric" => format!("(({i}) * 1.25)"),
        "text" => format!("({} || ({i})::text)", r"E'a\tb\\c \'ü\' '"),
        "character varying" | "character" => format!("(({i})::text)"),
        "boolean" => format!("(({i}) % 2 = 0)"),
        "date" => format!("(date '2000-01-01' + ({i}))"),
        "time without time zone" | "interval" => format!("(({i}) * interval '1 second')"),
        "timestamp without time zone" => format!("(timestamp '2024-02-29 12:00' + ({i}) * interval '1 hour')"),
        "timestamp with time zone" => format!("(timestamptz '2024-02-29 12:00+00' + ({i}) * interval '1.000001 s')"),
        "uuid" => format!("(md5(({i})::text))"),
        "bytea" => format!("(decode(md5(({i})::text), 'hex'))"),
        "json" | "jsonb" => format!("(json_build_object('number', ({i})))"),
        "inet" => format!("('10.0.0.0'::inet + ({i}))"),
        other => panic!("no values are known for the type {other}: add them"),
    };
    format!("{value}::{native}")
}

/// The statements that make the types of users among these, each once.
pub(crate) fn make_types<'a>(natives: impl Iterator<Item = &'a str>) -> String {
    let made: BTreeSet<&str> = natives.filter_map(|native| Some(of_user(native)?.1)).collect();
    made.into_iter().collect()
}

fn of_user(native: &str) -> Option<&'static (&'static str, &'static str, &'static str)> {
    OF_USERS.iter().find(|(name, _, _)| native == *name)
}

/// "timestamp(3) with time zone" is a "timestamp with time zone".
fn without_bounds(native: &str) -> String {
    match (native.find('('), native.find(')')) {
        (Some(open), Some(close)) => format!("{}{}", &native[..open], &native[close + 1..]),
        _ => native.to_owned(),
    }
}
