//! Under which account a server runs. PostgreSQL refuses root, so root lends it another account; anyone else is
//! themselves. It decides nothing about directories but who owns them.

use crate::error::{ThrowawayError, io_error};
use std::{
    fs,
    os::unix::{
        fs::{MetadataExt, chown},
        process::CommandExt,
    },
    path::Path,
    process::Command,
};

/// Accounts that root may lend, best first: the package's own (Debian; macOS), then the one everybody has.
const UNPRIVILEGED: [&str; 3] = ["postgres", "_postgres", "nobody"];

/// Numbers of the account to switch to; none: stay who we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Account(Option<(u32, u32)>);

impl Account {
    /// Who should run a server in `directory`, which we have just made and so own.
    pub(crate) fn for_directory(directory: &Path) -> Result<Self, ThrowawayError> {
        if !is_root(directory)? {
            return Ok(Self(None));
        }
        let lent = UNPRIVILEGED.iter().find_map(|name| Some((id("-u", name)?, id("-g", name)?)));
        let lent = lent.ok_or_else(|| ThrowawayError::NoAccount { tried: UNPRIVILEGED.join(", ") })?;
        Ok(Self(Some(lent)))
    }

    /// Gives the file or folder to the account.
    pub(crate) fn own(self, path: &Path) -> Result<(), ThrowawayError> {
        let Some((user, group)) = self.0 else { return Ok(()) };
        chown(path, Some(user), Some(group)).map_err(io_error(format!("give {} to the server", path.display())))
    }

    /// Makes the command run as the account. The standard library drops root's other groups with it.
    pub(crate) fn run(self, command: &mut Command) {
        if let Some((user, group)) = self.0 {
            command.uid(user).gid(group);
        }
    }
}

/// Whether we are root, by the owner of what we have just made: the standard library has no other way to say it.
pub(crate) fn is_root(made_by_us: &Path) -> Result<bool, ThrowawayError> {
    let facts = fs::metadata(made_by_us).map_err(io_error(format!("look at {}", made_by_us.display())))?;
    Ok(facts.uid() == 0)
}

/// Asks `id`, which every Unix has and which knows of every name service; /etc/passwd does not on macOS.
fn id(which: &str, name: &str) -> Option<u32> {
    let output = Command::new("id").args([which, name]).output().ok()?;
    if output.status.success() { String::from_utf8(output.stdout).ok()?.trim().parse().ok() } else { None }
}
