//! Installs PostgreSQL by the machine's package manager, without a default cluster. Only Debian's way is known, and only
//! root can go it; everyone else gets an error that says what to do.

use crate::{
    Binaries,
    error::{ThrowawayError, io_error},
};
use std::{fs, io, path::Path, process::Command};

/// Read by `pg_createcluster` (its manual page) when a server package is installed.
const CLUSTER_SETTINGS: &str = "/etc/postgresql-common/createcluster.d";

/// How much of a failed installation's words an error repeats.
const SAID_LINES_MAX: usize = 5;

/// Finds PostgreSQL, or installs Debian's package where apt-get is there and we are root. No cluster is created and no
/// server is started by it.
///
/// # Errors
/// [`ThrowawayError::NotInstalled`] where neither can be done, [`ThrowawayError::Install`] where apt-get failed.
pub fn install() -> Result<Binaries, ThrowawayError> {
    let missing = match Binaries::find() {
        Ok(binaries) => return Ok(binaries),
        Err(missing) => missing,
    };
    let probe = tempfile::tempdir().map_err(io_error("make a temporary folder"))?;
    if !Path::new("/usr/bin/apt-get").exists() || !crate::account::is_root(probe.path())? {
        return Err(missing);
    }
    let policy = NoCluster::set(Path::new(CLUSTER_SETTINGS))?;
    let outcome = apt_get(&["update", "-qq"])
        .and_then(|()| apt_get(&["install", "-y", "-qq", "--no-install-recommends", "postgresql"]));
    drop(policy);
    outcome?;
    Binaries::find()
}

fn apt_get(arguments: &[&str]) -> Result<(), ThrowawayError> {
    let command = format!("apt-get {}", arguments.join(" "));
    let output = Command::new("apt-get")
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .output()
        .map_err(io_error(format!("run `{command}`")))?;
    if output.status.success() {
        return Ok(());
    }
    Err(ThrowawayError::Install { command, said: last_lines(&output.stderr, SAID_LINES_MAX) })
}

/// The last lines of a program's words.
pub(crate) fn last_lines(bytes: &[u8], lines_max: usize) -> String {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(lines_max)..].join("\n")
}

/// While it lives, packages make no cluster of their own: a server on port 5432 is not ours to start.
struct NoCluster<'a> {
    folder: &'a Path,
}

impl<'a> NoCluster<'a> {
    const FILE: &'static str = "rapidbyte-throwaway.conf";

    fn set(folder: &'a Path) -> Result<Self, ThrowawayError> {
        let write = || -> io::Result<()> {
            fs::create_dir_all(folder)?;
            fs::write(folder.join(Self::FILE), "create_main_cluster = false\n")
        };
        write().map_err(io_error(format!("write {}", folder.join(Self::FILE).display())))?;
        Ok(Self { folder })
    }
}

impl Drop for NoCluster<'_> {
    fn drop(&mut self) {
        // What cannot be removed here does no harm: it only keeps later packages from starting servers.
        let _ = fs::remove_file(self.folder.join(Self::FILE));
        let _ = fs::remove_dir(self.folder);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_is_gone_afterwards() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("createcluster.d");
        let policy = NoCluster::set(&folder).unwrap();
        let written = fs::read_to_string(folder.join(NoCluster::FILE)).unwrap();
        assert_eq!(written, "create_main_cluster = false\n");
        drop(policy);
        assert!(!folder.exists());
    }

    #[test]
    fn last_lines_are_the_last() {
        assert_eq!(last_lines(b"a\nb\nc\n", 2), "b\nc");
        assert_eq!(last_lines(b"a", 2), "a");
    }
}
