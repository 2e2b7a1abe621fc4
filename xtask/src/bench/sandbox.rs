//! `cargo xtask bench sandbox`: the same run with the connectors in the sandbox and linked natively. Owns the native
//! contender: connectors/postgres/examples/native, which carries out a plan that was made before.

use super::{
    ground::TARGET,
    trial::Apply,
    ways::{self, Place, Ready},
    workload::Workload,
};
use crate::process;
use anyhow::Result;
use std::{path::PathBuf, process::Command};

/// One reader, one writer and no parts: the one shape of a run that the native contender knows. Both contenders have it.
pub(super) const LIMITS: &str = "parallel = 1\npart_bytes = \"1024GiB\"\n";

/// Builds it and makes its plan, so that neither is measured.
pub(super) fn native(place: &Place, workload: &Workload, apply: &Apply) -> Result<Ready> {
    let program = build()?;
    let plan = place.ground.folder().join(format!("{}.plan.json", place.index));
    let mut planning = ways::rapidbyte(place, workload, apply, false)?.command;
    process::output(planning.arg("--out").arg(&plan))?;
    let mut command = Command::new(program);
    command.arg(plan).args([&place.source.database, TARGET].map(|database| place.ground.server.url(database)));
    Ok(Ready { command, receipt: None, writes: true, version: "connectors of this tree, linked natively".to_owned() })
}

/// With the profile of the guests: one unit of code as well.
fn build() -> Result<PathBuf> {
    let arguments = ["build", "--profile", "guest", "--package", "rapidbyte-postgres", "--example", "native"];
    process::run(process::cargo().args(arguments))?;
    Ok(process::target_dir().join("guest/examples/native"))
}
