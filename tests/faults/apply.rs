//! One run of the binary: started, watched, signalled, ended. A run beyond its limit is a hang.

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    fs::{self, File},
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Beyond this a run hangs: the longest that is waited for is a lock, 30 s, and the sync file's own limit is 45 s.
pub(crate) const LIMIT: Duration = Duration::from_mins(2);
const LOOK_EVERY: Duration = Duration::from_millis(1);

pub(crate) struct Running {
    child: Child,
    began: Instant,
    errors: PathBuf,
}

/// What a run said, and how it ended.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) signal: Option<i32>,
    pub(crate) hung: bool,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
    pub(crate) ended: Instant,
}

impl Said {
    pub(crate) fn has(&self, event: &str) -> bool {
        self.stderr.contains(&format!("\"event\":\"{event}\""))
    }

    /// The last lines, for people.
    pub(crate) fn end(&self) -> String {
        let lines: Vec<&str> = self.stderr.lines().filter(|line| !line.contains("\"progress\"")).collect();
        let last = lines[lines.len().saturating_sub(6)..].join("\n    ");
        format!("exit {:?} signal {:?} after {:.1} s:\n    {last}", self.code, self.signal, self.took.as_secs_f64())
    }
}

/// Begins `rapidbyte apply` in the folder; `n` tells runs of one folder apart.
pub(crate) fn start(folder: &Path, n: u64, fault: Option<&str>) -> Running {
    start_with(&["--allow-destructive"], folder, n, fault)
}

/// The same, and what it is allowed.
pub(crate) fn start_with(allowed: &[&str], folder: &Path, n: u64, fault: Option<&str>) -> Running {
    let errors = folder.join(format!("stderr-{n}"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_rapidbyte"));
    let arguments = ["apply", "sync.toml", "--yes", "--events", "ndjson"];
    command.args(arguments).args(allowed).current_dir(folder).env_remove("RAPIDBYTE_FAULT");
    command.env("RAPIDBYTE_CACHE_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/cache"));
    command.envs(fault.map(|fault| ("RAPIDBYTE_FAULT", fault)));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&errors).unwrap());
    Running { child: command.spawn().unwrap(), began: Instant::now(), errors }
}

impl Running {
    fn stderr(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.errors).unwrap()).into_owned()
    }

    pub(crate) fn is_over(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for an event; false: it ended before.
    pub(crate) fn wait_for(&mut self, event: &str) -> bool {
        let wanted = format!("\"event\":\"{event}\"");
        while !self.stderr().contains(&wanted) {
            if self.is_over() || self.began.elapsed() > LIMIT {
                return self.stderr().contains(&wanted);
            }
            thread::sleep(LOOK_EVERY);
        }
        true
    }

    /// Waits so long since its start; false: it ended before.
    pub(crate) fn wait_until(&mut self, moment: Duration) -> bool {
        while self.began.elapsed() < moment {
            if self.is_over() {
                return false;
            }
            thread::sleep(LOOK_EVERY.min(moment.saturating_sub(self.began.elapsed())));
        }
        !self.is_over()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        // It fails where the process has just ended, which its exit status tells.
        let _ = kill(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), signal);
    }

    /// Its end, or that it has none within the limit.
    pub(crate) fn finish(self) -> Said {
        self.finish_within(LIMIT)
    }

    pub(crate) fn finish_within(mut self, limit: Duration) -> Said {
        while !self.is_over() && self.began.elapsed() < limit {
            thread::sleep(LOOK_EVERY);
        }
        let hung = !self.is_over();
        if hung {
            self.child.kill().unwrap();
        }
        let status = self.child.wait().unwrap();
        let ended = Instant::now();
        let stderr = self.stderr();
        fs::remove_file(&self.errors).unwrap();
        Said { code: status.code(), signal: status.signal(), hung, stderr, took: ended - self.began, ended }
    }
}
