//! What a figure depends on beside the code: the machine, the versions, the commit. Asked once, written into every line.

use crate::process::{self, program};
use anyhow::{Context, Result};
use rapidbyte_throwaway::Binaries;
use serde_json::{Value, json};
use std::{fs, process::Command, thread};

/// As it stands in each line of results.
pub(super) fn facts() -> Result<Value> {
    let binaries = Binaries::find().context("no PostgreSQL to measure with")?;
    Ok(json!({
        "machine": processor(),
        "cores": thread::available_parallelism().map_or(0, usize::from),
        "memory_kib": memory_kib(),
        "kernel": said(program("uname").args(["-s", "-r", "-m"])),
        "postgres": said(Command::new(binaries.program("postgres")).arg("--version")),
        "rustc": said(program("rustc").arg("--version")),
        "git": said(program("git").args(["rev-parse", "HEAD"])),
        "dirty": is_dirty(),
        "date": said(program("date").args(["-u", "+%Y-%m-%dT%H:%M:%SZ"])),
    }))
}

/// Whether the tree holds what no commit has.
pub(super) fn is_dirty() -> bool {
    !said(program("git").args(["status", "--porcelain"])).is_empty()
}

/// What the program prints, or nothing: a machine without it can be measured, too.
fn said(command: &mut Command) -> String {
    process::output(command).map(|text| text.trim_end().to_owned()).unwrap_or_default()
}

fn processor() -> String {
    let linux = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = linux.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let model = model.map(|(_, name)| name.trim().to_owned());
    model.unwrap_or_else(|| said(program("sysctl").args(["-n", "machdep.cpu.brand_string"])))
}

/// None where the system does not say it as Linux does.
fn memory_kib() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?.trim().trim_end_matches(" kB").parse().ok()
}
