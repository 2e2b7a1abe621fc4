//! Brings what a chore needs and a bare machine may lack: the guests' target and a PostgreSQL server. It changes nothing
//! that is there already.

use crate::process::{self, answers, program};
use anyhow::{Context, Result, bail};
use std::{fs, path::Path};

const TARGET: &str = "wasm32-wasip2";

/// Everything.
pub(crate) fn all() -> Result<()> {
    target()?;
    postgresql()
}

/// The target's standard library. It is looked for in the compiler's own folder: that holds with rustup and without.
pub(crate) fn target() -> Result<()> {
    let sysroot = process::output(program("rustc").args(["--print", "sysroot"]))?;
    let folder = Path::new(sysroot.trim_end()).join("lib/rustlib").join(TARGET).join("lib");
    if holds_core(&folder) {
        return Ok(());
    }
    let channel = channel()?;
    let by_hand = format!("rustup target add {TARGET} --toolchain {channel}");
    if !answers(program("rustup").arg("--version")) {
        bail!(
            "the compiler has no {TARGET} in {} and there is no rustup to add it; with rustup: `{by_hand}`",
            folder.display()
        );
    }
    process::run(program("rustup").args(["target", "add", TARGET, "--toolchain", &channel])).with_context(|| {
        format!("the guests cannot be built without {TARGET}; once there is a network: `{by_hand}`")
    })?;
    if !holds_core(&folder) {
        bail!(
            "`{by_hand}` succeeded, yet the active compiler looks into {}: is another toolchain active?",
            folder.display()
        );
    }
    Ok(())
}

/// Components of the toolchain that lint needs, where rustup has not brought them with the toolchain.
pub(crate) fn components() -> Result<()> {
    for (tool, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if !answers(process::cargo().args([tool, "--version"])) {
            let channel = channel()?;
            process::run(program("rustup").args(["component", "add", component, "--toolchain", &channel]))
                .with_context(|| format!("`cargo {tool}` is missing and could not be added"))?;
        }
    }
    Ok(())
}

fn postgresql() -> Result<()> {
    if rapidbyte_throwaway::Binaries::find().is_err() {
        println!("PostgreSQL: not found, installing it without a cluster");
    }
    let binaries = rapidbyte_throwaway::install()?;
    println!("PostgreSQL: {}", binaries.directory().display());
    Ok(())
}

fn holds_core(folder: &Path) -> bool {
    let mut names = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
    names.any(|name| name.to_string_lossy().starts_with("libcore-"))
}

/// The toolchain that the project names.
fn channel() -> Result<String> {
    let path = process::root().join("rust-toolchain.toml");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let file: toml::Table = text.parse().with_context(|| format!("{} is not TOML", path.display()))?;
    let channel = file.get("toolchain").and_then(|table| table.get("channel")).and_then(toml::Value::as_str);
    Ok(channel.context("rust-toolchain.toml names no channel")?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_toolchain_is_pinned_to_a_version() {
        assert!(channel().unwrap().split('.').all(|part| part.parse::<u32>().is_ok()));
    }

    #[test]
    fn an_empty_folder_is_not_a_target() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!holds_core(folder.path()) && !holds_core(&folder.path().join("absent")));
        fs::write(folder.path().join("libcore-1.rlib"), "").unwrap();
        assert!(holds_core(folder.path()));
    }
}
