//! The text of a type in SQL, made from our own model of it and never from a server's `format_type`: a source's catalog
//! is hostile. For types of pg_catalog it is the same text (PostgreSQL source, utils/adt/format_type.c).

use super::{Kind, PgType};
use std::fmt::Write as _;

/// What modifiers of length add (PostgreSQL source, c.h, VARHDRSZ).
const HEADER: i32 = 4;

pub(super) fn sql(ty: &PgType) -> String {
    if let Kind::Array { element, .. } = &ty.kind {
        return format!("{}[]", sql(element));
    }
    if ty.schema == "pg_catalog" {
        return builtin(&ty.name, ty.typmod);
    }
    let mut text = String::new();
    quote(&mut text, &ty.schema);
    text.push('.');
    quote(&mut text, &ty.name);
    text.push_str(ty.modifier.as_deref().unwrap_or_default());
    text
}

/// Quotes without the bounds of [`crate::ident::Ident`]: a text for people must exist for every name. Statements with a
/// name that is none are refused by the server, and a NUL never gets there ([`crate::types::catalog`] refuses it).
fn quote(text: &mut String, name: &str) {
    text.push('"');
    text.push_str(&name.replace('"', "\"\""));
    text.push('"');
}

fn builtin(name: &str, typmod: i32) -> String {
    match name {
        "bool" => "boolean".to_owned(),
        "int2" => "smallint".to_owned(),
        "int4" => "integer".to_owned(),
        "int8" => "bigint".to_owned(),
        "float4" => "real".to_owned(),
        "float8" => "double precision".to_owned(),
        "numeric" => numeric(typmod),
        "varchar" => length("character varying", "character varying", typmod, HEADER),
        "bpchar" => length("character", "bpchar", typmod, HEADER),
        "bit" => length("bit", "\"bit\"", typmod, 0),
        "varbit" => length("bit varying", "bit varying", typmod, 0),
        "time" => precision("time", " without time zone", typmod),
        "timetz" => precision("time", " with time zone", typmod),
        "timestamp" => precision("timestamp", " without time zone", typmod),
        "timestamptz" => precision("timestamp", " with time zone", typmod),
        "interval" => interval(typmod),
        // Bare, it would be character(1).
        "char" => "\"char\"".to_owned(),
        _ if is_simple(name) => name.to_owned(),
        _ => {
            let mut text = "pg_catalog.".to_owned();
            quote(&mut text, name);
            text
        }
    }
}

/// Lower-case letters, digits and `_`: pg_catalog has no type of such a name that is a reserved word.
fn is_simple(name: &str) -> bool {
    name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
}

fn length(with: &str, without: &str, typmod: i32, header: i32) -> String {
    if typmod < header { without.to_owned() } else { format!("{with}({})", typmod - header) }
}

fn precision(before: &str, after: &str, typmod: i32) -> String {
    if typmod < 0 { format!("{before}{after}") } else { format!("{before}({typmod}){after}") }
}

fn numeric(typmod: i32) -> String {
    match super::numeric_bounds(typmod) {
        None => "numeric".to_owned(),
        Some((precision, scale)) => format!("numeric({precision},{scale})"),
    }
}

/// Precision and range share the modifier (PostgreSQL source, utils/timestamp.h, INTERVAL_TYPMOD).
fn interval(typmod: i32) -> String {
    let mut text = "interval".to_owned();
    if typmod < 0 {
        return text;
    }
    let range = (typmod >> 16) & 0x7fff;
    text.push_str(interval_fields(range));
    if typmod & 0xffff != 0xffff {
        let _ = write!(text, "({})", typmod & 0xffff);
    }
    text
}

/// Bits are those of the fields' tokens: year 2, month 1, day 3, hour 10, minute 11, second 12 (utils/datetime.h).
fn interval_fields(range: i32) -> &'static str {
    const YEAR: i32 = 1 << 2;
    const MONTH: i32 = 1 << 1;
    const DAY: i32 = 1 << 3;
    const HOUR: i32 = 1 << 10;
    const MINUTE: i32 = 1 << 11;
    const SECOND: i32 = 1 << 12;
    const ALL: [(i32, &str); 13] = [
        (YEAR, " year"),
        (MONTH, " month"),
        (DAY, " day"),
        (HOUR, " hour"),
        (MINUTE, " minute"),
        (SECOND, " second"),
        (YEAR | MONTH, " year to month"),
        (DAY | HOUR, " day to hour"),
        (DAY | HOUR | MINUTE, " day to minute"),
        (DAY | HOUR | MINUTE | SECOND, " day to second"),
        (HOUR | MINUTE, " hour to minute"),
        (HOUR | MINUTE | SECOND, " hour to second"),
        (MINUTE | SECOND, " minute to second"),
    ];
    ALL.iter().find(|(bits, _)| *bits == range).map_or("", |(_, words)| words)
}
