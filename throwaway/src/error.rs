//! What can go wrong with a throw-away server. The text says what to do; it never holds a password.

use std::{io, path::PathBuf, time::Duration};

/// Why a server could not be had, or did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum ThrowawayError {
    /// No PostgreSQL server is installed where we look, and we may not or cannot install one.
    #[error(
        "no PostgreSQL server found in {}; install one (Debian: `apt-get install postgresql`, macOS: `brew install \
         postgresql@17`) or put the folder that holds `initdb` and `postgres` into PATH",
        list(.looked_in)
    )]
    NotInstalled {
        /// The folders that were looked into.
        looked_in: Vec<PathBuf>,
    },
    /// The package manager could not install it.
    #[error("`{command}` could not install PostgreSQL: {said}")]
    Install {
        /// The command that failed.
        command: String,
        /// The end of what it said.
        said: String,
    },
    /// PostgreSQL refuses to run as root, and no other account was found to run it.
    #[error("PostgreSQL does not run as root and none of the accounts {tried} exists here; create one")]
    NoAccount {
        /// The names that were tried.
        tried: String,
    },
    /// The server ended before it took connections.
    #[error("the PostgreSQL server in {} ended before it was ready; its log ends with:\n{log}", .bin_dir.display())]
    Ended {
        /// Where its binaries are.
        bin_dir: PathBuf,
        /// The log's last lines.
        log: String,
    },
    /// The server took no connections within the limit.
    #[error("the PostgreSQL server in {} was not ready within {limit:?}; its log ends with:\n{log}", .bin_dir.display())]
    NotReady {
        /// Where its binaries are.
        bin_dir: PathBuf,
        /// The limit that passed.
        limit: Duration,
        /// The log's last lines.
        log: String,
    },
    /// psql failed: a mistake in the SQL, mostly.
    #[error("psql on database `{database}`: {said}")]
    Sql {
        /// The database.
        database: String,
        /// What psql said.
        said: String,
    },
    /// The machine refused something.
    #[error("cannot {what}")]
    Io {
        /// What we were doing.
        what: String,
        /// Why not.
        source: io::Error,
    },
}

/// Makes the closure for `map_err` that says what we were doing.
pub(crate) fn io_error(what: impl Into<String>) -> impl FnOnce(io::Error) -> ThrowawayError {
    move |source| ThrowawayError::Io { what: what.into(), source }
}

fn list(folders: &[PathBuf]) -> String {
    folders.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(", ")
}
