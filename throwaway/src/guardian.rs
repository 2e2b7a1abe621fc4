//! The guardian: the small `sh` that is the parent of one server and outlives us just long enough to end it. It owns
//! starting and ending; what the server is like was written to its folder before.

use crate::{
    account::Account,
    error::{ThrowawayError, io_error},
};
use std::{
    io::{BufRead, BufReader, Read},
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
};

/// What the guardian is told about its server.
pub(crate) struct Ward<'a> {
    pub(crate) bin_dir: &'a Path,
    pub(crate) directory: &'a Path,
    pub(crate) superuser: &'a str,
    pub(crate) port: u16,
    pub(crate) auth_method: &'a str,
}

/// A running guardian. Dropping it ends the server, and returns when it has ended and its folder is gone.
pub(crate) struct Guardian {
    shell: Child,
}

/// What a guardian says: the postmaster's process id once it was started (it may not take connections yet). It hangs up
/// when no process of the server is left, or none could be started.
pub(crate) type Words = Receiver<u32>;

impl Guardian {
    pub(crate) fn spawn(account: Account, ward: &Ward) -> Result<(Self, Words), ThrowawayError> {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", include_str!("guardian.sh"), "rapidbyte-throwaway"]);
        command
            .arg(ward.bin_dir)
            .arg(ward.directory)
            .arg(ward.superuser)
            .arg(ward.port.to_string())
            .arg(ward.auth_method);
        forget_surroundings(&mut command);
        account.run(&mut command);
        // Our folder may be closed to the account. A group of its own: Ctrl-C is for us, not for the guardian.
        command.current_dir("/").process_group(0);
        // Standard error is ours: whoever reads it to its end knows that nothing is left.
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut shell = command.spawn().map_err(io_error("start /bin/sh"))?;
        // One message at most is ever sent.
        let (sender, words) = sync_channel(1);
        if let Some(output) = shell.stdout.take() {
            thread::spawn(move || listen(output, &sender));
        }
        Ok((Self { shell }, words))
    }
}

impl Drop for Guardian {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        // It fails only where the guardian was waited for already, and then there is nothing to wait for.
        let _ = self.shell.wait();
    }
}

/// Passes on the pid, then waits for the end of the output, which every process of the server holds open.
fn listen(output: ChildStdout, sender: &SyncSender<u32>) {
    let mut output = BufReader::new(output);
    let mut line = String::new();
    let pid = output.read_line(&mut line).ok().and_then(|_| line.trim().parse().ok());
    if let Some(pid) = pid
        && sender.send(pid).is_ok()
    {
        // An error of reading is an end as well.
        let _ = output.read_to_end(&mut Vec::new());
    }
}

/// Takes away what would change the server's or psql's behaviour from outside: PGPORT, PGOPTIONS, a locale.
pub(crate) fn forget_surroundings(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("PG") || name.starts_with("LC_")) {
            command.env_remove(name);
        }
    }
    command.env("LC_ALL", "C");
}
