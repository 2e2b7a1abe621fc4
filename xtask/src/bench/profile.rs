//! `cargo xtask bench profile ROWS MODE`: one run under a sampling profiler, as a file for the Firefox Profiler.

use super::{
    ground::Ground,
    mode::{MODES, Mode},
    trial::Apply,
    ways::{self, Place},
};
use crate::process::{self, answers, program};
use anyhow::{Context, Result, bail, ensure};
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

/// A prime, so that nothing periodic is sampled at the same place each time; a thousand a second would be felt.
const SAMPLES_A_SECOND: &str = "997";

/// Of each stack, for unwinding without frame pointers: perf's own limit is just below 64 KiB.
const STACK_BYTES: &str = "dwarf,32768";

/// What takes the samples.
#[derive(Debug, PartialEq, Eq)]
enum Profiler {
    Samply(PathBuf),
    Perf,
}

pub(super) fn run(arguments: &[String]) -> Result<()> {
    let (rows, mode, wished) = wish(arguments)?;
    crate::setup::all()?;
    let binary = super::build()?;
    let profilers = profilers(wished)?;
    let ground = Ground::start()?;
    let contender = mode.contender(mode.name, rows, Apply::default());
    let source = ground.source(mode.workload, rows)?;
    let template = ground.template(&contender)?;
    ground.renew(&template)?;
    let ready = ways::ready(&contender, &Place { ground: &ground, source: &source, binary: &binary, index: 0 })?;
    let stem = super::folder("profiles")?.join(format!("{}-{rows}", mode.name));
    for profiler in &profilers {
        ground.renew(&template)?;
        match profiler.record(&ready.command, &stem) {
            Err(error) => eprintln!("\n!!! NO PROFILE by {profiler:?}: {error:#}\n"),
            Ok(file) => {
                // A profile of a run that copied something else explains nothing.
                ground.compare(mode.workload, &source)?;
                println!("\nprofile: {}\n{}", file.display(), profiler.how_to_see(&file));
                return Ok(());
            }
        }
    }
    bail!("no profiler works here")
}

fn wish(arguments: &[String]) -> Result<(u32, &'static Mode, Option<&str>)> {
    let (rows, mode, wished) = match arguments {
        [rows, mode] => (rows, mode, None),
        [rows, mode, option, wished] if option == "--with" => (rows, mode, Some(wished.as_str())),
        _ => bail!("usage: bench profile ROWS copy|insert|upsert [--with samply|perf]"),
    };
    let rows = super::wish::number(rows)?;
    ensure!(rows > 0, "nothing happens at no rows");
    let found = MODES.iter().find(|known| known.name == mode);
    Ok((rows, found.with_context(|| format!("there is no mode {mode:?}; there are copy, insert, upsert"))?, wished))
}

/// The one that was asked for, brought where it is samply; else those that are there, since samply needs rights of the kernel
/// that perf can do without; else samply, brought.
fn profilers(wished: Option<&str>) -> Result<Vec<Profiler>> {
    let samply = || samply().map(Profiler::Samply);
    let perf = || answers(program("perf").arg("--version")).then_some(Profiler::Perf);
    let found: Vec<Profiler> = match wished {
        None => samply().into_iter().chain(perf()).collect(),
        Some("samply") => samply().into_iter().collect(),
        Some("perf") => vec![perf().context("there is no perf here: apt-get install linux-perf")?],
        Some(other) => bail!("there is no profiler {other:?}; there are samply and perf"),
    };
    if found.is_empty() { bring_samply().map(|samply| vec![samply]) } else { Ok(found) }
}

/// Where samply is, if it is.
fn samply() -> Option<PathBuf> {
    let own = super::folder("tools").ok()?.join("bin/samply");
    [own, PathBuf::from("samply")].into_iter().find(|path| answers(Command::new(path).arg("--version")))
}

fn bring_samply() -> Result<Profiler> {
    let folder = super::folder("tools")?;
    let installed = process::run(process::cargo().args(["install", "--locked", "samply", "--root"]).arg(&folder));
    installed.context("SAMPLY IS MISSING and cannot be installed; with perf there is `--with perf`")?;
    Ok(Profiler::Samply(folder.join("bin/samply")))
}

impl Profiler {
    /// Runs the command under it; returns the file that was made.
    fn record(&self, command: &Command, stem: &Path) -> Result<PathBuf> {
        match self {
            Self::Samply(samply) => {
                let made = stem.with_extension("json.gz");
                let mut record = Command::new(samply);
                record.args(["record", "--save-only", "--rate", SAMPLES_A_SECOND, "--output"]).arg(&made);
                process::run(under(record.arg("--"), command))?;
                Ok(made)
            }
            Self::Perf => {
                let (raw, made) = (stem.with_extension("perf.data"), stem.with_extension("perf"));
                let mut record = program("perf");
                record.args(["record", "--freq", SAMPLES_A_SECOND, "--call-graph", STACK_BYTES, "--output"]).arg(&raw);
                process::run(under(record.arg("--"), command))?;
                let text = File::create(&made).with_context(|| format!("cannot write {}", made.display()))?;
                let mut script = program("perf");
                process::run(script.args(["script", "--fields", "+pid", "--input"]).arg(&raw).stdout(text))?;
                fs::remove_file(&raw).with_context(|| format!("cannot remove {}", raw.display()))?;
                Ok(made)
            }
        }
    }

    fn how_to_see(&self, made: &Path) -> String {
        match self {
            Self::Samply(samply) => format!("see it: {} load {}", samply.display(), made.display()),
            Self::Perf => "see it: open https://profiler.firefox.com and load the file from there".to_owned(),
        }
    }
}

/// The profiler's command with the measured one behind it, in its environment.
fn under<'a>(profiler: &'a mut Command, command: &Command) -> &'a mut Command {
    profiler.arg(command.get_program()).args(command.get_args());
    profiler.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn wishes_are_read() {
        let arguments = words("1_000 insert --with perf");
        let (rows, mode, wished) = wish(&arguments).unwrap();
        assert_eq!((rows, mode.name, wished), (1000, "insert", Some("perf")));
        assert_eq!(wish(&words("7 copy")).unwrap().2, None);
        for wrong in ["", "7", "7 delete", "many copy", "0 copy", "7 copy --with", "7 copy --on perf"] {
            assert!(wish(&words(wrong)).is_err(), "{wrong}");
        }
        assert!(profilers(Some("gprof")).is_err());
    }
}
