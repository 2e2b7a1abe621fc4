//! Where PostgreSQL's programs are on this machine. It only looks; installing is `install`'s.

use crate::error::ThrowawayError;
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// What a folder must hold to be of use.
const NEEDED: [&str; 3] = ["initdb", "postgres", "psql"];

/// Debian keeps each major version in a folder of its own, outside PATH.
const DEBIAN: &str = "/usr/lib/postgresql";

/// Homebrew's prefixes on Apple silicon and on Intel.
const HOMEBREW: [&str; 2] = ["/opt/homebrew/opt", "/usr/local/opt"];

/// A folder with the programs of one installed PostgreSQL server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    directory: PathBuf,
}

impl Binaries {
    /// Looks in PATH, then where `pg_config` says, then at Debian's and Homebrew's places, newest version first.
    ///
    /// # Errors
    /// [`ThrowawayError::NotInstalled`], which names every folder that was looked into.
    pub fn find() -> Result<Self, ThrowawayError> {
        Self::among(places())
    }

    fn among(places: Vec<PathBuf>) -> Result<Self, ThrowawayError> {
        match places.iter().find(|place| NEEDED.iter().all(|program| place.join(program).is_file())) {
            Some(place) => Ok(Self { directory: place.clone() }),
            None => Err(ThrowawayError::NotInstalled { looked_in: places }),
        }
    }

    /// The folder.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The path of one program: "psql", "pgbench".
    pub fn program(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }
}

fn places() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<PathBuf> = env::split_paths(&path).filter(|place| place.is_absolute()).collect();
    places.extend(pg_config());
    places.extend(versions(Path::new(DEBIAN), ""));
    for prefix in HOMEBREW {
        places.extend(versions(Path::new(prefix), "postgresql@"));
    }
    places
}

fn pg_config() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().ok()?;
    let said = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| PathBuf::from(said.trim_end()))
}

/// The `bin` folders of `<prefix><major version>` in `folder`, newest first. A folder that is not there has none.
fn versions(folder: &Path, prefix: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.strip_prefix(prefix)?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    found.sort_unstable_by(|left, right| right.cmp(left));
    found.into_iter().map(|(_, place)| place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn install(folder: &Path) -> PathBuf {
        fs::create_dir_all(folder).unwrap();
        for program in NEEDED {
            fs::write(folder.join(program), "").unwrap();
        }
        folder.to_owned()
    }

    #[test]
    fn newest_version_comes_first_by_number() {
        let dir = tempfile::tempdir().unwrap();
        for version in ["9", "15", "100", "main"] {
            install(&dir.path().join(version).join("bin"));
        }
        let expected = ["100", "15", "9"].map(|version| dir.path().join(version).join("bin"));
        assert_eq!(versions(dir.path(), ""), expected);
    }

    #[test]
    fn a_prefix_is_not_part_of_the_version() {
        let dir = tempfile::tempdir().unwrap();
        install(&dir.path().join("postgresql@17").join("bin"));
        install(&dir.path().join("python@3").join("bin"));
        assert_eq!(versions(dir.path(), "postgresql@"), [dir.path().join("postgresql@17").join("bin")]);
    }

    #[test]
    fn a_client_alone_is_not_a_server() {
        let dir = tempfile::tempdir().unwrap();
        let client = install(&dir.path().join("client"));
        fs::remove_file(client.join("initdb")).unwrap();
        let server = install(&dir.path().join("server"));
        assert_eq!(Binaries::among(vec![client.clone(), server.clone()]).unwrap().directory(), server);
        let error = Binaries::among(vec![client.clone()]).unwrap_err().to_string();
        assert!(error.contains(client.to_str().unwrap()) && error.contains("apt-get install postgresql"), "{error}");
    }
}
