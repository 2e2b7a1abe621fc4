//! Identifiers and literals through the server's own parser.

use crate::{db::Db, runner};
use anyhow::Result;
use proptest::prelude::*;
use rapidbyte_postgres::{
    ident::{Ident, IdentError, NAME_BYTES_MAX},
    literal,
};

/// What has meant something to some quoting somewhere.
const HOSTILE: [&str; 14] = [
    "\"",
    "'",
    "\\",
    "\"\"",
    "''",
    "\\'",
    "\";",
    "';--",
    "$$",
    "/*",
    "U&",
    "E'",
    "\u{fffe}\u{10ffff}",
    "\u{2019}\u{ff02}",
];

fn text(pieces_max: usize) -> impl Strategy<Value = String> {
    let character = any::<char>().prop_filter("no text holds NUL", |c| *c != '\0').prop_map(String::from);
    let piece = prop_oneof![character, prop::sample::select(&HOSTILE[..]).prop_map(str::to_owned)];
    prop::collection::vec(piece, 0..pieces_max).prop_map(|pieces| pieces.concat())
}

fn name() -> impl Strategy<Value = String> {
    text(24).prop_filter("1 to 63 bytes", |name| (1..=NAME_BYTES_MAX).contains(&name.len()))
}

/// Runs a property on one session with standard_conforming_strings on, and on one with it off.
fn with_both_settings<S: Strategy>(
    strategy: &S,
    check: impl Fn(&Db, S::Value) -> Result<(), TestCaseError>,
) -> Result<()> {
    let db = Db::new()?;
    for setting in ["on", "off"] {
        db.exec(&format!("SET standard_conforming_strings = {setting}; SET escape_string_warning = off"))?;
        runner(400).run(strategy, |value| check(&db, value)).map_err(|error| anyhow::anyhow!("{error}"))?;
    }
    Ok(())
}

fn failed(error: impl std::fmt::Display) -> TestCaseError {
    TestCaseError::fail(error.to_string())
}

/// P1: an identifier means the same name to the server.
#[test]
fn identifiers_come_back() -> Result<()> {
    with_both_settings(&name(), |db, name| {
        let ident = Ident::new(name.clone()).map_err(failed)?;
        let columns = db.column_names(&format!("SELECT 1 AS {}", ident.quoted())).map_err(failed)?;
        prop_assert_eq!(columns, vec![name]);
        Ok(())
    })
}

/// P2: a literal means the same text to the server, and nothing else.
#[test]
fn literals_come_back() -> Result<()> {
    with_both_settings(&text(60), |db, text| {
        let literal = literal::quoted(&text).map_err(failed)?;
        prop_assert_eq!(db.one(&format!("SELECT {literal}")).map_err(failed)?, text);
        Ok(())
    })
}

#[test]
fn names_that_cannot_be() {
    assert_eq!(Ident::new(""), Err(IdentError::Empty));
    assert_eq!(Ident::new("a\0b"), Err(IdentError::Nul));
    assert_eq!(Ident::new("é".repeat(32)), Err(IdentError::TooLong { bytes: 64 }));
    assert!(Ident::new("n".repeat(63)).is_ok());
    assert!(literal::quoted("a\0b").is_err());
}
