//! Which way rows are moved: disposition, sync mode, strategy; and the sync file that says so.

use crate::{
    bank::TABLES,
    lab::{DESTINATION, Lab, SOURCE},
};

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
    /// What is large is loaded in parts.
    pub(crate) parts: bool,
}

/// A full refresh in parts, beside tables that are too small for it.
pub(crate) const IN_PARTS: Cell = Cell { parts: true, ..full(Write::Replace, "copy") };

pub(crate) const fn full(write: Write, strategy: &'static str) -> Cell {
    Cell { write, sync: Sync::Full, strategy, parts: false }
}

pub(crate) const fn incremental(write: Write, strategy: &'static str) -> Cell {
    Cell { write, sync: Sync::Incremental, strategy, parts: false }
}

const ALL: [Cell; 12] = [
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
    IN_PARTS,
];

/// Every combination that exists.
pub(crate) fn all() -> impl Iterator<Item = Cell> {
    ALL.into_iter()
}

/// What of the source is read for a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The table itself.
    Table,
    /// A view that tells by `taken` which snapshot a row is of: appends of whole tables lie side by side.
    Taken,
    /// A table of all versions of its rows, by a trigger: an append of what is new never changes a row.
    Versions,
}

impl Cell {
    pub(crate) fn origin(self, table: &str) -> Origin {
        match (self.write, self.sync) {
            (Write::Append, Sync::Full) => Origin::Taken,
            (Write::Append, Sync::Incremental) if table != "history" => Origin::Versions,
            _ => Origin::Table,
        }
    }

    /// The name of what is read.
    pub(crate) fn source(self, table: &str) -> String {
        match self.origin(table) {
            Origin::Table => table.to_owned(),
            Origin::Taken => format!("{table}_taken"),
            Origin::Versions => format!("{table}_versions"),
        }
    }

    /// Notes that the source has no more are deleted; elsewhere an upsert leaves them.
    pub(crate) fn sweeps(self) -> bool {
        self.write == Write::Upsert && self.strategy == "copy"
    }

    /// The column that tells what is new: one that sets itself at each change, at each transaction's begin, or may be
    /// NULL; a number that is unique, or not.
    fn cursor(self, table: &str) -> &'static str {
        match (self.origin(table), table) {
            (Origin::Versions, "accounts") => "cursor = \"version\"",
            (Origin::Table, "notes") => "cursor = \"at\"\nnull_cursor = \"always\"",
            _ => "cursor = \"changed\"",
        }
    }
}

impl std::fmt::Display for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let write = match self.write {
            Write::Append => "append",
            Write::Replace => "replace",
            Write::Upsert => "upsert",
        };
        let sync = if self.sync == Sync::Full { "full" } else { "incremental" };
        write!(f, "{write}/{sync}/{}{}", self.strategy, if self.parts { "/parts" } else { "" })
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
    // Some batches in each run, also where only what is new comes.
    let batch_rows = if cell.sync == Sync::Full { 1000 } else { 200 };
    let mut file = format!(
        "version = 1\nname = \"bank\"\n\n[source]\nuse = \"postgres\"\nurl = \"{}\"\n\n[destination]\nuse = \"postgres\"\n\
         url = \"{}\"\n\n[defaults]\nwrite = \"{write}\"\nstrategy = \"{strategy}\"\n\n[limits]\nbatch_rows = {batch_rows}\n\
         timeout = \"{}\"\nretries = {}\n",
        lab.url(SOURCE),
        lab.url(DESTINATION),
        limits.timeout,
        limits.retries,
    );
    if cell.parts {
        file.push_str("part_bytes = \"1MiB\"\n");
    }
    for table in TABLES {
        file.push_str(&format!("\n[[stream]]\ntable = \"public.{}\"\ninto = \"{table}\"\n", cell.source(table)));
        if table == "notes" && cell.sweeps() {
            file.push_str("deletes = \"sweep\"\n");
        }
        if cell.sync == Sync::Incremental {
            file.push_str(&format!("sync = \"incremental\"\n{}\n", cell.cursor(table)));
        }
    }
    file
}
