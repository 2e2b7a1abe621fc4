//! Runs one command and prints what it cost. It is a process of its own because the kernel adds up what the children of a
//! process used and never forgets: two commands measured by one process could not be told apart.

use crate::process;
use anyhow::{Context, Result, bail};
use nix::sys::{
    resource::{UsageWho, getrusage},
    time::TimeValLike,
};
use serde_json::{Value, json};
use std::{env, path::PathBuf, process::Command, time::Instant};

/// The chore's name; it is not in the usage, since only `bench` calls it.
pub(crate) const CHORE: &str = "measure";

/// What a command cost, its own children included.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) wall_secs: f64,
    pub(crate) cpu_secs: f64,
    /// Of the largest process among them; the sum of a pipe's two ends is larger.
    pub(crate) peak_bytes: f64,
}

/// Runs the command under a measuring process, in the command's own environment.
pub(crate) fn cost(command: &Command) -> Result<Cost> {
    let mut measuring = Command::new(this_program()?);
    measuring.arg(CHORE).arg(command.get_program()).args(command.get_args()).current_dir(process::root());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => measuring.env(name, value),
            None => measuring.env_remove(name),
        };
    }
    let printed = process::output(&mut measuring)?;
    let line = printed.lines().next_back().context("nothing was measured")?;
    let cost: Value = serde_json::from_str(line).context("what was measured is not JSON")?;
    let number = |name: &str| cost[name].as_f64().with_context(|| format!("no {name} was measured"));
    Ok(Cost { wall_secs: number("wall_secs")?, cpu_secs: number("cpu_secs")?, peak_bytes: number("peak_bytes")? })
}

/// Where this program is. Another cargo may have replaced it since it began, as happens in a bench of hours; Linux still has it.
fn this_program() -> Result<PathBuf> {
    let path = env::current_exe().context("where is this program?")?;
    Ok(if path.exists() { path } else { PathBuf::from("/proc/self/exe") })
}

/// The measuring process.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let Some((name, rest)) = arguments.split_first() else { bail!("{CHORE} needs a command") };
    let start = Instant::now();
    let status = Command::new(name).args(rest).status().with_context(|| format!("cannot start {name}"))?;
    let wall_secs = start.elapsed().as_secs_f64();
    if !status.success() {
        bail!("{name} failed ({status})");
    }
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).context("the kernel counts nothing")?;
    let cpu_micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    // getrusage(2): kilobytes on Linux, bytes on macOS.
    let unit_bytes = if cfg!(target_os = "macos") { 1 } else { 1024 };
    let cpu_secs = std::time::Duration::from_micros(cpu_micros.unsigned_abs()).as_secs_f64();
    println!("{}", json!({"wall_secs": wall_secs, "cpu_secs": cpu_secs, "peak_bytes": usage.max_rss() * unit_bytes}));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_fails_is_not_measured() {
        assert!(run(&["false".to_owned()]).is_err());
        assert!(run(&[]).is_err());
    }
}
