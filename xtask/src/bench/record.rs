//! Results as JSON lines: each line says all that its figures depend on, so that lines of many runs can lie in one file.

use super::machine;
use anyhow::{Context, Result};
use serde_json::{Map, Value};
use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
};

/// The kind and version of a line.
pub(super) const SCHEMA: &str = "rapidbyte.bench/1";

/// A file of results that grows by a line at a time, so that what was measured stays when a run is broken off.
pub(super) struct Recorder {
    file: File,
    path: PathBuf,
    facts: Map<String, Value>,
}

impl Recorder {
    /// Begins a file of its own for each run, or goes on with the one that was asked for.
    pub(super) fn open(bench: &str, wished: Option<&Path>) -> Result<Self> {
        let facts = machine::facts()?;
        let date = facts["date"].as_str().unwrap_or_default().replace(':', "");
        let path = match wished {
            Some(path) => path.to_owned(),
            None => super::folder("results")?.join([bench, "-", &date, ".jsonl"].concat()),
        };
        let file = OpenOptions::new().create(true).append(true).open(&path);
        let file = file.with_context(|| format!("cannot write {}", path.display()))?;
        let mut facts = facts.as_object().cloned().unwrap_or_default();
        facts.insert("bench".to_owned(), bench.into());
        Ok(Self { file, path, facts })
    }

    /// Writes what was found, an object, and the machine's facts beside it.
    pub(super) fn write(&mut self, kind: &str, found: &Value) -> Result<()> {
        let mut line = Map::from_iter([("schema".to_owned(), SCHEMA.into()), ("kind".to_owned(), kind.into())]);
        line.extend(found.as_object().cloned().unwrap_or_default());
        line.extend(self.facts.clone());
        writeln!(self.file, "{}", Value::Object(line)).with_context(|| format!("cannot write {}", self.path.display()))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// The lines of such a file.
pub(super) fn read(path: &Path) -> Result<Vec<Value>> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let parse = |(at, line): (usize, &str)| {
        serde_json::from_str(line).with_context(|| format!("{}:{}: no JSON", path.display(), at + 1))
    };
    text.lines().enumerate().map(parse).collect()
}
