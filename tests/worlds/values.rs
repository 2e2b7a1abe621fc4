//! Values by type: row number `i` has the same value each time, and another one than any other row, so that keys hold.

use crate::sql;
use std::{collections::BTreeSet, fmt::Write as _};

/// Types of users that cases speak of: name, body, and value number `{i}`. A new one is a line here.
const OF_USERS: [(&str, &str, &str); 2] = [
    ("address", "(street text, number integer)", "ROW('street ' || {i}, {i})"),
    ("mood", "ENUM ('sad', 'ok', 'happy')", "(ARRAY['sad', 'ok', 'happy'])[1 + {i} % 3]"),
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
        return format!("({})::{}", value.replace("{i}", &format!("({i})")), name_of_type(native));
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

/// A type as SQL: the cases write those of users without quotes.
pub(crate) fn name_of_type(native: &str) -> String {
    if of_user(native).is_some() { sql::object(&sql::parse(native)) } else { native.to_owned() }
}

/// The statements that make the types of users among these, each once.
pub(crate) fn make_types<'a>(natives: impl Iterator<Item = &'a str>) -> String {
    let used: BTreeSet<(String, &str)> =
        natives.filter_map(|native| Some((name_of_type(native), of_user(native)?.1))).collect();
    used.iter().fold(String::new(), |mut made, (name, body)| {
        let _ = writeln!(made, "CREATE TYPE {name} AS {body};");
        made
    })
}

fn of_user(native: &str) -> Option<&'static (&'static str, &'static str, &'static str)> {
    OF_USERS.iter().find(|(name, _, _)| sql::parse(native).name == *name || native == *name)
}

/// "timestamp(3) with time zone" is a "timestamp with time zone".
fn without_bounds(native: &str) -> String {
    match (native.find('('), native.find(')')) {
        (Some(open), Some(close)) => format!("{}{}", &native[..open], &native[close + 1..]),
        _ => native.to_owned(),
    }
}
