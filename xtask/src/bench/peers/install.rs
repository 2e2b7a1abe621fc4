//! Brings other tools from PyPI and Debian into the benches' own folder. Nothing is installed into the system, but for
//! python3-venv where Python lacks it.

use crate::process::{self, program};
use anyhow::{Context, Result, bail};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Where a tool comes from.
#[derive(Debug)]
pub(in crate::bench) enum Install {
    /// Packages of PyPI, each with its version; the first is the tool. They get an environment of their own.
    PyPi(&'static [&'static str]),
    /// A package of Debian, unpacked with what it needs and the system lacks.
    Debian(&'static str),
}

/// A tool that is there.
#[derive(Debug)]
pub(super) struct Installed {
    pub(super) folder: PathBuf,
    pub(super) version: String,
}

/// Says what was installed, once that is complete.
const MARK: &str = "installed";

impl Install {
    /// Installs it, unless it is there.
    pub(super) fn bring(&self, name: &str) -> Result<Installed> {
        let folder = crate::bench::folder("peers")?.join(name);
        let mark = folder.join(MARK);
        let wanted = self.wanted();
        let text = fs::read_to_string(&mark).unwrap_or_default();
        if let Some(version) = text.strip_prefix(&wanted).map(str::trim) {
            return Ok(Installed { version: version.to_owned(), folder });
        }
        println!("installing {name}: {wanted}");
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
        }
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let version = match self {
            Self::PyPi(packages) => from_pypi(&folder, packages)?,
            Self::Debian(package) => from_debian(&folder, package)?,
        };
        fs::write(&mark, [&wanted, "\n", &version].concat())
            .with_context(|| format!("cannot write {}", mark.display()))?;
        Ok(Installed { folder, version })
    }

    fn wanted(&self) -> String {
        match self {
            Self::PyPi(packages) => packages.join(" "),
            Self::Debian(package) => (*package).to_owned(),
        }
    }
}

fn from_pypi(folder: &Path, packages: &[&str]) -> Result<String> {
    let venv = || process::output(program("python3").args(["-m", "venv"]).arg(folder));
    if venv().is_err() {
        apt(&["install", "--yes", "--no-install-recommends", "python3-venv"])?;
        venv()?;
    }
    let mut pip = Command::new(folder.join("bin/pip"));
    // What has no wheel would be built here, and be another program than the one that people use.
    pip.args(["install", "--quiet", "--only-binary", ":all:"]).args(packages);
    process::output(&mut pip)?;
    Ok(packages.first().map(|package| package.replace("==", " ")).unwrap_or_default())
}

fn from_debian(folder: &Path, package: &str) -> Result<String> {
    let archives = folder.join("archives");
    fs::create_dir_all(archives.join("partial")).context("cannot make a folder for packages")?;
    let into = format!("Dir::Cache::archives={}", archives.display());
    let download =
        ["install", "--yes", "--no-install-recommends", "--reinstall", "--download-only", "-o", &into, package];
    if apt(&download).is_err() {
        // The list of packages may be none, or old.
        apt(&["update"])?;
        apt(&download)?;
    }
    let mut version = None;
    for entry in fs::read_dir(&archives).context("no packages came")? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "deb") {
            process::output(program("dpkg-deb").arg("--extract").arg(&path).arg(folder))?;
            let is_it =
                path.file_name().is_some_and(|file| file.to_string_lossy().starts_with(&[package, "_"].concat()));
            if is_it {
                version = Some(process::output(program("dpkg-deb").arg("--field").arg(&path).arg("Version"))?);
            }
        }
    }
    let Some(version) = version else { bail!("apt-get brought no {package}") };
    Ok(format!("{package} {}", version.trim_end()))
}

fn apt(arguments: &[&str]) -> Result<()> {
    let mut apt = program("apt-get");
    apt.env("DEBIAN_FRONTEND", "noninteractive").arg("--quiet").args(arguments);
    process::output(&mut apt).map(drop)
}
