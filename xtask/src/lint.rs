//! `cargo xtask lint`: everything about the source that needs no test to run. All of it runs even where a part failed,
//! so that one run names every mistake.

use crate::{deny, faultless, imports, metadata, process, setup, tidy};
use anyhow::{Result, bail};

/// What the guests are built by runs on the host, though a plain build reaches it through build scripts only.
const HOST_TOOL: &str = "rapidbyte-guest-build";

pub(crate) fn run() -> Result<()> {
    setup::target()?;
    setup::components()?;
    let (mut host, mut guests) = metadata::default_and_other_members()?;
    guests.retain(|package| package != HOST_TOOL);
    host.push(HOST_TOOL.to_owned());
    let parts: [(&str, &dyn Fn() -> Result<()>); 7] = [
        ("format", &|| process::run(process::cargo().args(["fmt", "--all", "--check"]))),
        ("house rules", &tidy::run),
        ("imports", &imports::run),
        ("fault points", &faultless::run),
        ("licences and advisories", &deny::run),
        ("clippy for the guests", &|| clippy(&["--target", "wasm32-wasip2"], &guests)),
        ("clippy for the host", &|| clippy(&["--all-targets"], &host)),
    ];
    let mut failed = Vec::new();
    for (name, part) in parts {
        if let Err(error) = part() {
            eprintln!("{name}: {error:#}");
            failed.push(name);
        }
    }
    if !failed.is_empty() {
        bail!("lint found mistakes in: {}", failed.join(", "));
    }
    println!("lint: nothing to mend");
    Ok(())
}

fn clippy(arguments: &[&str], packages: &[String]) -> Result<()> {
    let mut cargo = process::cargo();
    cargo.arg("clippy").args(arguments);
    cargo.args(packages.iter().flat_map(|package| ["--package", package]));
    process::run(cargo.args(["--", "--deny", "warnings"]))
}
