//! Builds guests for wasm32-wasip2 with one nested cargo, from a build script. It knows no connector: its caller names
//! the packages. It panics where it cannot go on: that is how a build script reports.
// A build script talks to cargo by stdout and by panics.
#![allow(clippy::print_stdout, clippy::panic, clippy::expect_used, clippy::missing_panics_doc)]

use sha2::{Digest, Sha256};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

const TARGET: &str = "wasm32-wasip2";

/// A guest that was built.
pub struct Guest {
    /// The component's file.
    pub path: PathBuf,
    /// sha256 of the component, in hex.
    pub sha256: String,
}

/// True where the crate itself is being compiled as a guest, so that its build script has nothing to build.
pub fn is_guest() -> bool {
    env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "wasm32")
}

/// Builds the packages and returns their components in the same order. Tells cargo to come back when a source of any
/// connector changed.
pub fn build(packages: &[&str]) -> Vec<Guest> {
    let root = workspace_root();
    rerun_when_changed(&root);
    let target_dir = target_dir();
    let mut cargo = Command::new(env::var_os("CARGO").expect("cargo sets CARGO"));
    cargo.current_dir(&root).args(["build", "--profile", "guest", "--target", TARGET, "--target-dir"]).arg(&target_dir);
    cargo.args(packages.iter().flat_map(|package| ["--package", package]));
    clear_outer_build(&mut cargo);
    let status = cargo.status().expect("cargo can be started");
    assert!(
        status.success(),
        "the guests {packages:?} could not be built; is the target there? `rustup target add {TARGET}`"
    );
    packages.iter().map(|package| guest(&target_dir, package)).collect()
}

/// What the outer cargo set for its own rustc must not reach the inner one: wrappers (clippy, auditable), flags, target.
fn clear_outer_build(cargo: &mut Command) {
    for name in [
        "RUSTC_WRAPPER",
        "RUSTC_WORKSPACE_WRAPPER",
        "CLIPPY_ARGS",
        "CARGO_ENCODED_RUSTFLAGS",
        "RUSTFLAGS",
        "CARGO_BUILD_TARGET",
        "CARGO_TARGET_DIR",
        "CARGO_MAKEFLAGS",
        "MAKEFLAGS",
    ] {
        cargo.env_remove(name);
    }
}

fn guest(target_dir: &Path, package: &str) -> Guest {
    let path = target_dir.join(TARGET).join("guest").join(format!("{}.wasm", package.replace('-', "_")));
    let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let sha256 = Sha256::digest(&bytes).iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    Guest { path, sha256 }
}

fn workspace_root() -> PathBuf {
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR"));
    let root = manifest.ancestors().find(|dir| dir.join("Cargo.lock").exists());
    root.expect("the workspace has a Cargo.lock").to_owned()
}

/// One folder for the guests of every profile and every build script: they differ in nothing.
/// OUT_DIR is <target>/[<triple>/]<profile>/build/<package>/out.
fn target_dir() -> PathBuf {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    out.ancestors().nth(4).expect("OUT_DIR lies in the target folder").join("guests")
}

fn rerun_when_changed(root: &Path) {
    for path in ["Cargo.lock", "Cargo.toml", ".cargo/config.toml", "connectors"] {
        println!("cargo::rerun-if-changed={}", root.join(path).display());
    }
}
