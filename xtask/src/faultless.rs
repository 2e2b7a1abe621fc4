//! The rule that a build which people use has no fault points: only tests turn them on, as a dev-dependency.

use crate::process;
use anyhow::{Result, ensure};

/// How `cargo tree` shows the feature.
const FEATURE: &str = "rapidbyte-engine feature \"faults\"";

/// What names a point from outside; it stands in a binary that has them.
pub(crate) const MARK: &[u8] = b"RAPIDBYTE_FAULT";

pub(crate) fn run() -> Result<()> {
    ensure!(!has_faults("normal,build,features")?, "a plain build of rapidbyte has fault points: see cli/Cargo.toml");
    ensure!(has_faults("normal,build,dev,features")?, "the tests have no fault points: see cli/Cargo.toml");
    println!("fault points: in the tests alone");
    Ok(())
}

fn has_faults(edges: &str) -> Result<bool> {
    let mut tree = process::cargo();
    tree.args(["tree", "--package", "rapidbyte", "--invert", "rapidbyte-engine", "--edges", edges]);
    Ok(process::output(&mut tree)?.contains(FEATURE))
}

/// Whether a binary can be told of a point.
pub(crate) fn is_marked(binary: &[u8]) -> bool {
    binary.windows(MARK.len()).any(|window| window == MARK)
}
