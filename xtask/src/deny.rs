//! Licences, bans and advisories of what we build from: cargo-deny does it where it is installed. Where it is not, or
//! where its advisory database cannot be reached, that is said loudly, and the licences are checked all the same.

use crate::{
    licences,
    process::{self, answers, cargo, output},
};
use anyhow::Result;

/// What cargo-deny says when it could not get the database, as opposed to when it found something in it.
const UNREACHABLE: [&str; 2] = ["failed to fetch advisory database", "failed to open advisory database"];

pub(crate) fn run() -> Result<()> {
    licences::run()?;
    if !answers(cargo().args(["deny", "--version"])) {
        loudly("cargo-deny is not installed: licences were checked without it; bans and advisories were NOT checked");
        return Ok(());
    }
    process::run(cargo().args(["deny", "check", "licenses", "bans", "sources"]))?;
    match output(cargo().args(["deny", "check", "advisories"])) {
        Err(error) if is_unreachable(&format!("{error:#}")) => {
            loudly("the advisory database could not be reached: advisories were NOT checked");
            Ok(())
        }
        outcome => outcome.map(drop),
    }
}

fn is_unreachable(said: &str) -> bool {
    UNREACHABLE.iter().any(|words| said.contains(words))
}

fn loudly(message: &str) {
    // GitHub shows lines of this form at the top of a run's page.
    let mark = if std::env::var_os("GITHUB_ACTIONS").is_some() { "::warning::" } else { "WARNING: " };
    eprintln!("{mark}{message}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_advisory_is_not_an_unreachable_database() {
        assert!(is_unreachable("error[db]: failed to fetch advisory database https://…"));
        assert!(!is_unreachable("failed to load advisory database: parse error"));
        assert!(!is_unreachable("error[vulnerability]: something in some crate"));
    }
}
