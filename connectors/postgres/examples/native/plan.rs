//! What of a plan (plans/schemas/plan.schema.json) a native run needs. A plan that needs more than that is refused, so that two
//! runs that are compared did the same.

use anyhow::{Context as _, Result, bail, ensure};
use rapidbyte_postgres::{ident::QualifiedName, relation};
use serde_json::Value;
use std::fs;

/// A plan of one table, read by one COPY and copied into a new one.
pub(crate) struct Plan {
    pub(crate) batch_rows: usize,
    pub(crate) batch_bytes: usize,
    pub(crate) row_bytes: usize,
    /// The frames that may wait between both ends.
    pub(crate) frames_max: usize,
    pub(crate) source: QualifiedName,
    pub(crate) source_columns: Vec<String>,
    pub(crate) read: String,
    pub(crate) target: QualifiedName,
    pub(crate) target_columns: Vec<String>,
    /// Before the rows.
    pub(crate) setup: Vec<String>,
    pub(crate) load: String,
    /// Behind them.
    pub(crate) publish: Vec<String>,
}

pub(crate) fn load(path: &str) -> Result<Plan> {
    let plan: Value = serde_json::from_str(&fs::read_to_string(path).context("cannot read the plan")?)?;
    let [stream] = list(&plan["streams"]) else { bail!("a native run has one stream") };
    let (read, write, prepared) = (&stream["read"], &stream["write"], &stream["prepared"]);
    let is_new = write["create_table"] == true && write["publication"] == "direct";
    ensure!(is_new && write["strategy"] == "copy" && read["fetch"] == "copy", "a native run copies into a new table");
    let [statement] = list(&prepared["read"]["statements"]) else {
        bail!("the plan reads in parts: raise limits.part_bytes");
    };
    let [setup, mut loads, publish] = phases(&prepared["write"]["statements"])?;
    let (batch_rows, batch_bytes) = (number(&read["batch_rows"])?, number(&read["batch_bytes"])?);
    let estimates = &stream["estimates"];
    let bytes_per_row = number(&estimates["bytes"])? / number(&estimates["rows"])?.max(1);
    let frame_bytes = (batch_rows * bytes_per_row).clamp(1, batch_bytes);
    Ok(Plan {
        batch_rows,
        batch_bytes,
        row_bytes: number(&read["row_bytes"])?,
        // An eighth of the memory, as in the engine, by what a frame is expected to hold.
        frames_max: (number(&plan["limits"]["memory_bytes"])? / 8 / frame_bytes).max(1),
        source: name(&read["selection"]["relation"]["table"])?,
        source_columns: list(&read["columns"]).iter().map(text).collect::<Result<_>>()?,
        read: text(statement)?,
        target: name(&write["target"])?,
        target_columns: list(&write["columns"]).iter().map(|column| text(&column["name"])).collect::<Result<_>>()?,
        setup,
        load: loads.pop().context("the plan holds no statement that loads rows")?,
        publish,
    })
}

/// The statements of setup, load and publish.
fn phases(statements: &Value) -> Result<[Vec<String>; 3]> {
    let mut phases = [const { Vec::new() }; 3];
    for statement in list(statements) {
        let known = ["setup", "load", "publish"].iter().position(|phase| statement["phase"] == *phase);
        let known = known.with_context(|| format!("a native run has no phase {}", statement["phase"]))?;
        phases[known].push(text(&statement["sql"])?);
    }
    Ok(phases)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> Result<String> {
    value.as_str().map(str::to_owned).context("the plan lacks a text")
}

fn number(value: &Value) -> Result<usize> {
    let number = value.as_u64().context("the plan lacks a number")?;
    Ok(usize::try_from(number)?)
}

fn name(value: &Value) -> Result<QualifiedName> {
    Ok(relation::qualified(&text(&value["namespace"])?, &text(&value["name"])?)?)
}
