//! A server with a source and a destination database, a folder for sync files, and the binary.

use rapidbyte_throwaway::{Options, Server};
use std::{
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
};
use tempfile::TempDir;

pub(crate) const SOURCE: &str = "source";
pub(crate) const DESTINATION: &str = "destination";

pub(crate) struct World {
    pub(crate) server: Server,
    folder: TempDir,
}

/// What a run of the binary said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Said {
    /// It ended with this exit code, and said this on stderr.
    #[track_caller]
    pub(crate) fn ends(&self, code: i32, words: &str) {
        assert_eq!(self.code, Some(code), "{self:#?}");
        assert!(self.stderr.contains(words), "{words:?}: {self:#?}");
    }
}

impl World {
    /// Two databases; `sql` fills the source.
    pub(crate) fn new(sql: &str) -> Self {
        Self::with_options(&Options::default(), sql)
    }

    pub(crate) fn with_options(options: &Options, sql: &str) -> Self {
        let server = Server::start(options).unwrap();
        server.create_database(SOURCE).unwrap();
        server.create_database(DESTINATION).unwrap();
        let world = Self { server, folder: TempDir::new().unwrap() };
        world.source(sql);
        world
    }

    pub(crate) fn source(&self, sql: &str) -> String {
        self.server.psql(SOURCE, sql).unwrap()
    }

    pub(crate) fn destination(&self, sql: &str) -> String {
        self.server.psql(DESTINATION, sql).unwrap()
    }

    /// Another session of the destination that runs this, and whoever has it.
    pub(crate) fn hold(&self, sql: &str) -> Child {
        Command::new(self.server.binaries().program("psql"))
            .args(["-XAtq", "-c", sql, &self.server.url(DESTINATION)])
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// A sync file between the two databases; `rest` follows the two ends.
    pub(crate) fn sync(&self, rest: &str) -> PathBuf {
        self.sync_between(&self.server.url(SOURCE), &self.server.url(DESTINATION), rest)
    }

    pub(crate) fn sync_between(&self, source: &str, destination: &str, rest: &str) -> PathBuf {
        let path = self.folder.path().join("sync.toml");
        let ends = format!(
            "version = 1\nname = \"test\"\n\n[source]\nuse = \"postgres\"\nurl = \"{source}\"\n\n\
             [destination]\nuse = \"postgres\"\nurl = \"{destination}\"\n\n{rest}"
        );
        std::fs::write(&path, ends).unwrap();
        path
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The binary with this machine's cache of compiled components, which all tests share.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rapidbyte"));
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        command.env("RAPIDBYTE_CACHE_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/cache"));
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        said(&self.command(arguments).output().unwrap())
    }

    /// `apply` of a sync file that must succeed; its receipt.
    pub(crate) fn apply(&self, rest: &str) -> serde_json::Value {
        self.sync(rest);
        let report = self.path("receipt.json");
        let said =
            self.run(&["apply", "sync.toml", "--yes", "--allow-destructive", "--report", report.to_str().unwrap()]);
        assert_eq!(said.code, Some(0), "{said:#?}");
        serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap()
    }

    /// Both tables hold the same rows, by the text of whole rows; order and database aside.
    pub(crate) fn assert_same(&self, source: &str, destination: &str) {
        let rows = |table: &str| {
            format!("SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM {table} t")
        };
        assert_eq!(
            self.source(&rows(source)),
            self.destination(&rows(destination)),
            "{source} and {destination} differ"
        );
    }

    /// Names and contents of all that the destination holds, to compare before and after.
    pub(crate) fn destination_picture(&self) -> String {
        let tables = self.destination(
            "SELECT coalesce(string_agg(format('SELECT %L, count(*), sum(hashtextextended(t::text, 0)::numeric) FROM %s t', \
             c.oid::regclass, c.oid::regclass), ' UNION ALL ' ORDER BY c.oid::regclass::text), 'SELECT 1') \
             FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')",
        );
        let objects = "SELECT count(*), sum(hashtext(nspname || relname || relkind::text || relpersistence::text)) \
                       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE nspname !~ '^pg_'";
        let schemas = "SELECT string_agg(nspname, ',' ORDER BY nspname) FROM pg_namespace WHERE nspname !~ '^pg_'";
        // The server gives the parts of a UNION in any order.
        let tables = self.destination(&tables);
        let mut tables: Vec<&str> = tables.lines().collect();
        tables.sort_unstable();
        [tables.join("\n"), self.destination(objects), self.destination(schemas)].join("\n")
    }
}

pub(crate) fn said(output: &Output) -> Said {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    Said { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
}
