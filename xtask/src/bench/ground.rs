//! Where trials take place: one server with everything logged and fsync on, a database for each workload, and a destination
//! that is made anew before each run, from a template of what it is to hold.

use super::{
    network::Network,
    trial::{Contender, Start},
    workload::Workload,
};
use anyhow::{Context, Result, ensure};
use rapidbyte_throwaway::{Options, Server};
use std::{cell::OnceCell, env, ffi::OsString, path::Path};
use tempfile::TempDir;

/// The database that every contender writes into.
pub(super) const TARGET: &str = "target";

const RENEW: &str = "DROP DATABASE IF EXISTS target WITH (FORCE); CREATE DATABASE target TEMPLATE :\"start\"";

pub(super) struct Ground {
    pub(super) server: Server,
    folder: TempDir,
    network: OnceCell<Network>,
}

/// The rows of a contender, and what must have arrived.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) database: String,
    pub(super) expected: String,
}

impl Ground {
    pub(super) fn start() -> Result<Self> {
        // The defaults are for the smallest machine; these keep checkpoints out of a run of a few seconds.
        let settings = [("shared_buffers", "512MB"), ("max_wal_size", "4GB"), ("checkpoint_timeout", "1h")];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let server = Server::start(&Options { durable: true, settings: settings.into(), ..Options::default() })?;
        Ok(Self { server, folder: tempfile::tempdir()?, network: OnceCell::new() })
    }

    /// A database behind a slow network; all contenders of a trial share the link.
    pub(super) fn url_through(&self, megabits: u32, database: &str) -> Result<String> {
        if self.network.get().is_none() {
            // Nobody else sets it: a ground is of one thread.
            let _ = self.network.set(Network::before(self.server.port(), megabits)?);
        }
        let network = self.network.get().context("the slow network was set up")?;
        let port = |port: u16| format!(":{port}/");
        Ok(self.server.url(database).replacen(&port(self.server.port()), &port(network.port), 1))
    }

    /// For files of the contenders.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Makes the workload's source, unless it is there.
    pub(super) fn source(&self, workload: &Workload, rows: u32) -> Result<Source> {
        let database = format!("{}_{rows}", workload.name);
        if !self.is_there(&database)? {
            self.server.create_database(&database)?;
            self.fill(&database, workload.tables, rows)?;
            self.fill(&database, workload.rows, rows).with_context(|| format!("cannot fill {database}"))?;
        }
        let expected = self.server.psql(&database, workload.expected)?;
        Ok(Source { database, expected })
    }

    /// Makes the template of what a contender's destination holds before each run, unless it is there.
    pub(super) fn template(&self, contender: &Contender) -> Result<String> {
        let (workload, rows) = (contender.workload, contender.rows);
        if contender.start == Start::Empty {
            return Ok("template0".to_owned());
        }
        let name = format!("{:?}_{}_{rows}", contender.start, workload.name).to_lowercase();
        if !self.is_there(&name)? {
            self.server.create_database(&name)?;
            self.fill(&name, workload.tables, rows)?;
            if contender.start == Start::Filled {
                self.fill(&name, workload.there, rows)?;
            }
        }
        Ok(name)
    }

    /// Puts the destination into the state of the template.
    pub(super) fn renew(&self, template: &str) -> Result<()> {
        self.server.psql_with(&[("start", template)], "postgres", RENEW)?;
        // From within: who connects to a new database first builds the cache of its catalogue for all others.
        self.server.psql(TARGET, "CHECKPOINT")?;
        Ok(())
    }

    /// A benchmark that never compares content measures nothing.
    pub(super) fn compare(&self, workload: &Workload, source: &Source) -> Result<()> {
        let arrived = self.server.psql(TARGET, workload.content).context("what arrived cannot be read")?;
        ensure!(arrived == source.expected, "count|content|keys are {arrived}, not {}", source.expected);
        Ok(())
    }

    /// PATH with the server's own programs before all others.
    pub(super) fn path(&self) -> Result<OsString> {
        let mut path = vec![self.server.binaries().directory().to_owned()];
        path.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
        Ok(env::join_paths(path)?)
    }

    fn is_there(&self, database: &str) -> Result<bool> {
        let count = "SELECT count(*) FROM pg_database WHERE datname = :'name'";
        Ok(self.server.psql_with(&[("name", database)], "postgres", count)? != "0")
    }

    fn fill(&self, database: &str, sql: &str, rows: u32) -> Result<()> {
        self.server.psql_with(&[("rows", &rows.to_string())], database, sql)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::workload::{BIG, EIGHT, EVENTS, NARROW, NUMBERS, PLAIN, UPSERT, WIDE},
        *,
    };

    /// The SQL of all workloads, at a small size: each fills its tables, tells its content, and tells it from another.
    #[test]
    fn workloads_are_filled_and_compared() {
        let (server, folder) = (Server::start(&Options::default()).unwrap(), tempfile::tempdir().unwrap());
        let ground = Ground { server, folder, network: OnceCell::new() };
        for workload in [&EVENTS, &PLAIN, &UPSERT, &WIDE, &BIG, &NUMBERS, &NARROW, &EIGHT] {
            let rows = if workload.table == "bench_wide" { 8 } else { 1000 };
            let source = ground.source(workload, rows).unwrap();
            let count = if workload.name == "upsert" { "1500|" } else { &format!("{rows}|") };
            assert!(source.expected.starts_with(count), "{}: {}", workload.name, source.expected);
            let contender = Contender::pipe(workload, rows);
            ground.renew(&ground.template(&contender).unwrap()).unwrap();
            assert!(ground.compare(workload, &source).is_err(), "{}: an empty table is no copy", workload.name);
            ground.renew(&source.database).unwrap();
            assert_eq!(ground.compare(workload, &source).is_ok(), workload.name != "upsert", "{}", workload.name);
        }
    }
}
