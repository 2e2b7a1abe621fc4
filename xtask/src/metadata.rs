//! What cargo knows of the workspace, asked once per chore and kept as the JSON that `cargo metadata` prints (format 1,
//! documented in the Cargo book, "cargo metadata").

use crate::process;
use anyhow::{Context, Result};
use serde_json::Value;

/// The workspace's packages, or with `Scope::Everything` all that they are built from.
pub(crate) enum Scope {
    Workspace,
    Everything,
}

pub(crate) fn packages(scope: &Scope) -> Result<Vec<Value>> {
    let all = read(scope)?;
    Ok(all["packages"].as_array().context("cargo metadata names no packages")?.clone())
}

/// Names of the packages that a plain `cargo build` builds, and names of all others: guests, and what is for them.
pub(crate) fn default_and_other_members() -> Result<(Vec<String>, Vec<String>)> {
    let all = read(&Scope::Workspace)?;
    let defaults = all["workspace_default_members"].as_array().context("cargo metadata names no default members")?;
    let packages = all["packages"].as_array().context("cargo metadata names no packages")?;
    let (default, other): (Vec<&Value>, _) = packages.iter().partition(|package| defaults.contains(&package["id"]));
    let names = |packages: Vec<&Value>| packages.iter().map(|package| text(&package["name"]).to_owned()).collect();
    Ok((names(default), names(other)))
}

/// A JSON string's text; empty where it is none.
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn read(scope: &Scope) -> Result<Value> {
    let mut cargo = process::cargo();
    cargo.args(["metadata", "--format-version", "1"]);
    if matches!(scope, Scope::Workspace) {
        cargo.arg("--no-deps");
    }
    serde_json::from_str(&process::output(&mut cargo)?).context("cargo metadata printed no JSON")
}
