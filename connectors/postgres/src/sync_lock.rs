//! The lock by which runs of one sync exclude each other: an advisory one, of a transaction, under the hash of the sync's
//! name. How it is taken, and how one finds out who has it. And that of a load, which its sessions share.

use crate::{literal::NulError, sql::Sql, types::catalog::TextRow};

/// Begins the wait for [`wait`]. A run that is at work has the lock for longer; a session whose client was killed gives it back
/// when its server notices, as a rule at the end of the statement that it is in.
pub const PATIENCE: &str = "SET LOCAL lock_timeout = '2s'";

/// What a name is hashed with.
const KIND: &str = "sync";

/// Takes the lock until the transaction's end: "t", or "f" where somebody else has it.
///
/// # Errors
/// A name with a NUL byte.
pub fn attempt(sync: &str) -> Result<String, NulError> {
    call("pg_try_advisory_xact_lock", sync)
}

/// Waits for the lock, and has it until the transaction's end.
///
/// # Errors
/// A name with a NUL byte.
pub fn wait(sync: &str) -> Result<String, NulError> {
    call("pg_advisory_xact_lock", sync)
}

/// Takes the lock, which the transaction has, until the session's end.
///
/// # Errors
/// A name with a NUL byte.
pub fn keep(sync: &str) -> Result<String, NulError> {
    call("pg_advisory_lock", sync)
}

/// Gives back what [`keep`] has.
///
/// # Errors
/// A name with a NUL byte.
pub fn let_go(sync: &str) -> Result<String, NulError> {
    call("pg_advisory_unlock", sync)
}

/// Shares the lock of a load until the session's end.
///
/// # Errors
/// A name with a NUL byte.
pub fn join_load(load: &str) -> Result<String, NulError> {
    called("pg_advisory_lock_shared", "load", load)
}

/// Waits until nobody shares the lock of a load, and has it until the transaction's end.
///
/// # Errors
/// A name with a NUL byte.
pub fn load_alone(load: &str) -> Result<String, NulError> {
    called("pg_advisory_xact_lock", "load", load)
}

fn call(function: &'static str, sync: &str) -> Result<String, NulError> {
    called(function, KIND, sync)
}

fn called(function: &'static str, kind: &'static str, name: &str) -> Result<String, NulError> {
    let sql = Sql::new().raw("SELECT pg_catalog.").raw(function).raw("(");
    Ok(key(sql, kind, name)?.raw(")").done())
}

fn key(sql: Sql, kind: &'static str, name: &str) -> Result<Sql, NulError> {
    Ok(sql.raw("pg_catalog.hashtextextended(").literal(&format!("{kind} {name}"))?.raw(", 0)"))
}

/// Who has the lock, as far as the server lets one see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The process at the server.
    pub pid: u32,
    user: Option<String>,
    application: Option<String>,
    client: Option<String>,
    since: Option<String>,
}

/// Asks for [`Holder`]: one row, or none where nobody has the lock. The number that names an advisory lock stands in two columns
/// of `pg_locks` (PostgreSQL manual, 54.12). Of other roles' sessions `pg_stat_activity` shows less.
///
/// # Errors
/// A name with a NUL byte.
pub fn holder_query(sync: &str) -> Result<String, NulError> {
    let sql = Sql::new().raw(
        "SELECT l.pid::text, a.usename::text, a.application_name, CASE WHEN a.client_addr IS NOT NULL \
         THEN pg_catalog.host(a.client_addr) WHEN a.client_port = -1 THEN 'a local socket' END, \
         pg_catalog.to_char(a.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') \
         FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid, (SELECT ",
    );
    Ok(key(sql, KIND, sync)?
        .raw(
            " AS key) AS k WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND l.database = \
             (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()) \
             AND l.classid = ((k.key >> 32) & 4294967295)::oid AND l.objid = (k.key & 4294967295)::oid LIMIT 1",
        )
        .done())
}

impl Holder {
    /// From the answer to [`holder_query`]; none where it has no such row.
    pub fn parse(row: TextRow) -> Option<Self> {
        let [pid, user, application, client, since] = <[_; 5]>::try_from(row).ok()?;
        let said = |text: Option<String>| text.filter(|text| !text.is_empty());
        let pid = pid?.parse().ok()?;
        Some(Self { pid, user: said(user), application: said(application), client: said(client), since: said(since) })
    }

    /// "process 4711 (rapidbyte) of user loader, from 10.0.0.7, since 2026-03-01T12:00:00Z".
    pub fn words(&self) -> String {
        let part = |before: &str, part: &Option<String>, after: &str| {
            part.as_ref().map_or_else(String::new, |part| format!("{before}{part}{after}"))
        };
        let application = part(" (", &self.application, ")");
        let (user, client) = (part(" of user ", &self.user, ""), part(", from ", &self.client, ""));
        format!("process {}{application}{user}{client}{}", self.pid, part(", since ", &self.since, ""))
    }

    /// How the session is ended.
    pub fn end(&self) -> String {
        Sql::new().raw("SELECT pg_catalog.pg_terminate_backend(").number(self.pid.into()).raw(")").done()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(row: [Option<&str>; 5]) -> Option<Holder> {
        Holder::parse(row.map(|field| field.map(str::to_owned)).to_vec())
    }

    #[test]
    fn a_holder_is_told_as_far_as_it_is_seen() {
        let all = [Some("4711"), Some("loader"), Some("rapidbyte"), Some("10.0.0.7"), Some("2026-03-01T12:00:00Z")];
        let seen = holder(all).unwrap();
        let words = "process 4711 (rapidbyte) of user loader, from 10.0.0.7, since 2026-03-01T12:00:00Z";
        assert_eq!(seen.words(), words);
        assert_eq!(seen.end(), "SELECT pg_catalog.pg_terminate_backend(4711)");
        let others = holder([Some("4711"), Some("loader"), Some(""), None, None]).unwrap();
        assert_eq!(others.words(), "process 4711 of user loader");
        assert_eq!(holder([Some("4711"), None, None, None, None]).unwrap().words(), "process 4711");
        assert_eq!(holder([None; 5]), None);
        assert_eq!(Holder::parse(Vec::new()), None);
    }
}
