//! What a session must have set before anything here is right on it. Nothing here sends it.

use crate::sql::Sql;

/// The oldest server: the catalogs have `rngmultitypid` and `typsubscript` only since 14.
pub const SERVER_VERSION_MIN: u32 = 140_000;

/// Settings of every session, with the reason.
pub const SESSION_SETTINGS: &[(&str, &str)] = &[
    // Nothing is found by a name without its schema, so that nobody's function or operator can step in.
    ("search_path", ""),
    // Text is checked by the server, and quoting is safe in it (CVE-2025-1094).
    ("client_encoding", "UTF8"),
    // `'…'` means what it says. Literals are right without it; queries of the user may not be.
    ("standard_conforming_strings", "on"),
    // The text of floats holds every bit.
    ("extra_float_digits", "3"),
    // The text of dates, times and intervals that literals and windows use.
    ("DateStyle", "ISO, YMD"),
    ("IntervalStyle", "postgres"),
    ("TimeZone", "UTC"),
    // money: two digits, a point.
    ("lc_monetary", "C"),
    ("bytea_output", "hex"),
    // xml values may be fragments.
    ("xmloption", "content"),
    // An unquoted NULL in the text of an array is NULL.
    ("array_nulls", "on"),
];

/// Settings of a source's session, besides [`SESSION_SETTINGS`].
pub const SOURCE_SETTINGS: &[(&str, &str)] = &[
    // A policy fails the query instead of hiding rows.
    ("row_security", "off"),
    // Rows come as the scan finds them; workers would only take processors from the rest.
    ("max_parallel_workers_per_gather", "0"),
    // Parts are ranges of places: without it each would read the whole table.
    ("enable_tidscan", "on"),
    // The cursor is read to its end.
    ("cursor_tuple_fraction", "1"),
];

/// One script of `SET` statements.
pub fn script(settings: &[(&'static str, &'static str)]) -> String {
    let mut sql = Sql::new();
    for (name, value) in settings {
        sql = sql.raw("SET ").raw(name).raw(" = '").raw(value).raw("';\n");
    }
    sql.done()
}

/// The version as a number, to be compared with [`SERVER_VERSION_MIN`].
pub const VERSION_QUERY: &str = "SHOW server_version_num";

/// Version, role, and whether the database takes no writes: a standby, or set so.
pub const SERVER_QUERY: &str = "SELECT pg_catalog.split_part(pg_catalog.current_setting('server_version'), ' ', 1), \
     current_user::text, (pg_catalog.pg_is_in_recovery() OR \
     pg_catalog.current_setting('default_transaction_read_only')::bool)::text";

/// Whether the role may create a schema.
pub const MAY_CREATE_SCHEMA_QUERY: &str =
    "SELECT pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')::text";

/// Begins what a destination is compared in: one state of the database, and a policy fails the query instead of hiding rows.
pub const BEGIN_COMPARISON: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET LOCAL row_security = off";

/// Begins the one transaction of a run. It says that it writes, so that a server that takes no writes refuses here.
pub const BEGIN_RUN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE";

/// Begins the transaction of a part. Nobody waits until its commit is on disk: a part that a crash of the server takes back is
/// not recorded either, and the commit of the run, which comes after it in the log, does not return before both are
/// (PostgreSQL manual, "Asynchronous Commit").
pub const BEGIN_PART: &str = "BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE; SET LOCAL synchronous_commit = off";

/// Bounds the wait for every lock of the transaction.
pub fn lock_timeout(timeout_ms: u32) -> String {
    Sql::new().raw("SET LOCAL lock_timeout = ").number(u64::from(timeout_ms)).done()
}
