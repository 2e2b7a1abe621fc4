//! `cargo xtask bench sandbox`: the same run with the connectors in the sandbox and linked natively.

use anyhow::{Result, bail};
use std::path::PathBuf;

/// A rapidbyte with its connectors linked natively. The one place to change once the product can be built so: build it, return
/// its path, and the goals `sandbox` and `sandbox-cpu` are measured.
pub(super) fn native_build() -> Result<PathBuf> {
    bail!("no native build")
}
