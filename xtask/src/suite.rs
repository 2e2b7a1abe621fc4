//! `cargo xtask test`: the whole suite, and how many tests ran. It knows no test by name.

use crate::{
    process::{answers, cargo, root},
    setup,
};
use anyhow::{Context, Result, bail};
use std::{
    fs,
    io::{BufRead, BufReader},
    ops::AddAssign,
    process::{Command, Stdio},
};

/// Where .config/nextest.toml has the report put, whatever the target folder is.
const NEXTEST_REPORT: &str = "target/nextest/default/junit.xml";

/// How many tests ended how.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Count {
    passed: u64,
    failed: u64,
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// Sets up, runs all, prints "N passed, N failed" as the last line, and fails where a test did, or none ran.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    setup::all()?;
    let mut count = if answers(cargo().args(["nextest", "--version"])) {
        with_nextest(arguments)?
    } else {
        println!("cargo-nextest is not installed: cargo test runs the tests, without time limits");
        with_cargo_test(&["--all-targets", "--no-fail-fast"], arguments)?
    };
    // A choice of tests was asked for: it is meant for the tests above.
    if arguments.is_empty() {
        count += with_cargo_test(&["--doc", "--no-fail-fast"], &[])?;
    }
    println!("\n{} passed, {} failed", count.passed, count.failed);
    match count {
        Count { failed: 0, passed: 1.. } => Ok(()),
        Count { passed: 0, .. } => bail!("no test ran"),
        Count { failed, .. } => bail!("{failed} tests failed"),
    }
}

/// nextest writes its totals to a report; what it prints is for people, and goes to them untouched.
fn with_nextest(arguments: &[String]) -> Result<Count> {
    let report = root().join(NEXTEST_REPORT);
    // Where the build fails no report is written, and an old one must not be taken for it.
    let _ = fs::remove_file(&report);
    let status = cargo().args(["nextest", "run", "--no-fail-fast"]).args(arguments).status();
    let status = status.context("cannot start cargo nextest")?;
    let Ok(xml) = fs::read_to_string(&report) else { bail!("cargo nextest ran no test ({status})") };
    let count = junit_totals(&xml).with_context(|| format!("{} has no totals", report.display()))?;
    if !status.success() && count.failed == 0 {
        bail!("cargo nextest failed ({status})");
    }
    Ok(count)
}

fn with_cargo_test(arguments: &[&str], filter: &[String]) -> Result<Count> {
    let mut command: Command = cargo();
    command.arg("test").args(arguments).args(filter).stdout(Stdio::piped());
    let mut child = command.spawn().context("cannot start cargo test")?;
    let output = child.stdout.take().context("cargo test has no output")?;
    let mut count = Count::default();
    for line in BufReader::new(output).lines() {
        let line = line.context("cargo test did not print UTF-8")?;
        count += libtest_totals(&line).unwrap_or_default();
        println!("{line}");
    }
    let status = child.wait().context("cannot wait for cargo test")?;
    if !status.success() && count.failed == 0 {
        bail!("cargo test failed ({status})");
    }
    Ok(count)
}

/// "test result: ok. 12 passed; 0 failed; …"
fn libtest_totals(line: &str) -> Option<Count> {
    let totals = line.strip_prefix("test result: ")?.split_once(". ")?.1;
    let number = |word: &str| {
        let part = totals.split(';').find_map(|part| part.trim().strip_suffix(word))?;
        part.trim_end().parse().ok()
    };
    Some(Count { passed: number("passed")?, failed: number("failed")? })
}

/// The attributes of the report's root: `<testsuites … tests="12" failures="1" errors="0" …>`.
fn junit_totals(xml: &str) -> Option<Count> {
    let root = xml.split_once("<testsuites ")?.1.split_once('>')?.0;
    let number = |name: &str| -> Option<u64> {
        let value = root.split_once(&[" ", name, "=\""].concat())?.1;
        value.split_once('"')?.0.parse().ok()
    };
    let failed = number("failures")? + number("errors")?;
    Some(Count { passed: number("tests")? - failed, failed })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_of_libtest() {
        let line = "test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s";
        assert_eq!(libtest_totals(line), Some(Count { passed: 12, failed: 3 }));
        assert_eq!(libtest_totals("test result_is_shown ... ok"), None);
    }

    #[test]
    fn totals_of_junit() {
        let xml = "<?xml version=\"1.0\"?>\n<testsuites name=\"nextest-run\" uuid=\"1\" tests=\"20\" failures=\"2\" errors=\"1\">\n\
                   <testsuite name=\"a\" tests=\"7\" failures=\"0\" errors=\"0\">";
        assert_eq!(junit_totals(xml), Some(Count { passed: 17, failed: 3 }));
        assert_eq!(junit_totals("<testsuites>"), None);
    }
}
