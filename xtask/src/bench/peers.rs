//! Other tools for the same job, as they are called where they are fastest. Each is installed into the benches' own folder;
//! one that cannot be had, or crashes, is missing, and nothing takes its place.

mod install;

use super::{
    ground::TARGET,
    trial::Start,
    ways::{Place, Ready, told},
    workload::Workload,
};
use anyhow::{Context, Result};
use install::Install;
use std::{fs, path::Path};

/// A tool that a trial can have among its contenders.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) name: &'static str,
    /// What it begins with: some tools make the table themselves.
    pub(super) start: Start,
    install: Install,
    /// A program in Python, for those that are a library.
    program: &'static str,
    /// The command, for `sh`: $PEER is where it was installed, $WORK an empty folder, and the rest is said by its name.
    command: &'static str,
}

/// For a program in Python.
const PYTHON: &str = "exec \"$PEER/bin/python\" \"$PROGRAM\" \"$SOURCE\" \"$TARGET\" \"$TABLE\" \"$WORK\"";

/// A tool that has not ended by then hangs.
const TIME_LIMIT: &str = "1h";

pub(super) static PEERS: [Peer; 7] = [
    Peer {
        name: "pgcopydb",
        start: Start::Empty,
        install: Install::Debian("pgcopydb"),
        program: "",
        command: "exec \"$PEER/usr/bin/pgcopydb\" clone --source \"$SOURCE\" --target \"$TARGET\" --dir \"$WORK/pgcopydb\" \
                  --table-jobs 2 --index-jobs 2 --no-owner --no-acl",
    },
    Peer {
        name: "duckdb",
        start: Start::Tables,
        install: Install::PyPi(&["duckdb==1.5.5", "duckdb-extension-postgres-scanner==1.5.5"]),
        program: include_str!("peers/duckdb.py"),
        command: PYTHON,
    },
    Peer {
        name: "adbc",
        start: Start::Tables,
        install: Install::PyPi(&["adbc-driver-postgresql==1.13.0", "adbc-driver-manager==1.13.0", "pyarrow==26.0.1"]),
        program: include_str!("peers/adbc.py"),
        command: PYTHON,
    },
    Peer {
        name: "ingestr",
        start: Start::Empty,
        // From 1.0 on the package downloads its program, which cannot be pinned.
        install: Install::PyPi(&["ingestr==0.15.9"]),
        program: "",
        command: "export DISABLE_TELEMETRY=true INGESTR_DISABLE_TELEMETRY=true HOME=\"$WORK\"; \
                  exec \"$PEER/bin/ingestr\" ingest --yes --progress log --pipelines-dir \"$WORK\" \
                  --source-uri \"$SOURCE?sslmode=disable\" --source-table \"public.$TABLE\" \
                  --dest-uri \"$TARGET?sslmode=disable\" --dest-table \"public.$TABLE\"",
    },
    Peer {
        name: "sling",
        start: Start::Empty,
        // The binary itself: the package `sling` calls itself without end where it cannot download.
        install: Install::PyPi(&["sling-linux-amd64==1.4.11"]),
        program: "",
        command: "export SLING_HOME_DIR=\"$WORK\" SLING_DISABLE_TELEMETRY=true HOME=\"$WORK\"; \
                  exec \"$PEER\"/lib/python3*/site-packages/sling_linux_amd64/bin/sling-linux-amd64 run \
                  --src-conn \"$SOURCE?sslmode=disable\" --src-stream \"public.$TABLE\" \
                  --tgt-conn \"$TARGET?sslmode=disable\" --tgt-object \"public.$TABLE\" --mode full-refresh",
    },
    Peer {
        name: "pgloader",
        start: Start::Empty,
        install: Install::Debian("pgloader"),
        program: "",
        command: "export LD_LIBRARY_PATH=\"$(echo \"$PEER\"/usr/lib/*-linux-gnu)\"; \
                  exec \"$PEER/usr/bin/pgloader\" --root-dir \"$WORK\" --on-error-stop \"$SOURCE\" \"$TARGET\"",
    },
    Peer {
        name: "dlt",
        start: Start::Empty,
        install: Install::PyPi(&[
            "dlt==1.31.0",
            "SQLAlchemy==2.1.9",
            "psycopg2-binary==2.9.13",
            "connectorx==0.4.6",
            "pyarrow==26.0.1",
            "pandas==3.1.1",
        ]),
        program: include_str!("peers/dlt.py"),
        command: PYTHON,
    },
];

/// The peer of that name.
pub(super) fn named(name: &str) -> Option<&'static Peer> {
    PEERS.iter().find(|peer| peer.name == name)
}

impl Peer {
    /// Installs it and makes its command.
    pub(super) fn ready(&self, place: &Place, workload: &Workload) -> Result<Ready> {
        let installed = self.install.bring(self.name).context("it cannot be installed")?;
        // Not the library's own name: a program would import itself.
        let file = place.ground.folder().join(["bench_", self.name, ".py"].concat());
        fs::write(&file, self.program).with_context(|| format!("cannot write {}", file.display()))?;
        let script = ["rm -rf \"$WORK\"; mkdir \"$WORK\"; cd \"$WORK\"; ", self.command].concat();
        let mut command = told(place, Path::new("timeout"))?;
        command
            .args(["--kill-after=5s", TIME_LIMIT, "sh", "-c", &script])
            .env("PEER", &installed.folder)
            .env("PROGRAM", file)
            .env("WORK", place.ground.folder().join([self.name, ".work"].concat()))
            .env("SOURCE", place.ground.server.url(&place.source.database))
            .env("TARGET", place.ground.server.url(TARGET))
            .env("TABLE", workload.table);
        Ok(Ready { command, receipt: None, writes: true, version: installed.version })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_pinned() {
        for peer in &PEERS {
            if let Install::PyPi(packages) = &peer.install {
                assert!(packages.iter().all(|package| package.contains("==")), "{packages:?}");
            }
        }
    }
}
