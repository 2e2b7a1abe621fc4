//! Which way rows are moved: disposition, sync mode, strategy; and the sync file that says so.

use crate::{
    bank::TABLES,
    lab::{DESTINATION, Lab, SOURCE},
};

/// False until incremental syncs are built: then their cells join the table.
pub(crate) const INCREMENTAL: bool = false;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Write {
    Append,
    Replace,
    Upsert,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sync {
    Full,
    Incremental,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) write: Write,
    pub(crate) sync: Sync,
    /// The wish, in the sync file's word.
    pub(crate) strategy: &'static str,
}

const fn full(write: Write, strategy: &'static str) -> Cell {
    Cell { write, sync: Sync::Full, strategy }
}

const fn incremental(write: Write, strategy: &'static str) -> Cell {
    Cell { write, sync: Sync::Incremental, strategy }
}

const ALL: [Cell; 11] = [
    full(Write::Append, "copy"),
    full(Write::Replace, "copy"),
    full(Write::Upsert, "copy"),
    full(Write::Append, "insert"),
    full(Write::Replace, "insert"),
    full(Write::Upsert, "insert"),
    full(Write::Upsert, "upsert"),
    incremental(Write::Append, "copy"),
    incremental(Write::Append, "insert"),
    incremental(Write::Upsert, "copy"),
    incremental(Write::Upsert, "upsert"),
];

/// Every combination that exists.
pub(crate) fn all() -> impl Iterator<Item = Cell> {
    ALL.into_iter().filter(|cell| INCREMENTAL || cell.sync == Sync::Full)
}

impl std::fmt::Display for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let write = match self.write {
            Write::Append => "append",
            Write::Replace => "replace",
            Write::Upsert => "upsert",
        };
        let sync = if self.sync == Sync::Full { "full" } else { "incremental" };
        write!(f, "{write}/{sync}/{}", self.strategy)
    }
}

/// What a fault needs otherwise in the sync file.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    pub(crate) timeout: &'static str,
    pub(crate) retries: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { timeout: "45s", retries: 5 }
    }
}

/// The one place where sync files are written.
pub(crate) fn sync_file(lab: &Lab, cell: Cell, limits: &Limits) -> String {
    let write = cell.to_string();
    let (write, strategy) = (write.split('/').next().unwrap(), cell.strategy);
    let mut file = format!(
        "version = 1\nname = \"bank\"\n\n[source]\nuse = \"postgres\"\nurl = \"{}\"\n\n[destination]\nuse = \"postgres\"\n\
         url = \"{}\"\n\n[defaults]\nwrite = \"{write}\"\nstrategy = \"{strategy}\"\n\n[limits]\nbatch_rows = 1000\n\
         timeout = \"{}\"\nretries = {}\n",
        lab.url(SOURCE),
        lab.url(DESTINATION),
        limits.timeout,
        limits.retries,
    );
    for table in TABLES {
        // An append of whole tables again and again tells its snapshots apart by a column of the view.
        let view = cell.write == Write::Append && cell.sync == Sync::Full;
        let suffix = if view { "_taken" } else { "" };
        file.push_str(&format!("\n[[stream]]\ntable = \"public.{table}{suffix}\"\ninto = \"{table}\"\n"));
        if cell.sync == Sync::Incremental {
            let cursor = if table == "notes" { "at" } else { "changed" };
            file.push_str(&format!("sync = \"incremental\"\ncursor = \"{cursor}\"\n"));
        }
    }
    file
}
