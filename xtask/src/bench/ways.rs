//! Contenders as commands. Only here stands how each is called.

use super::{
    ground::{Ground, Source, TARGET},
    sandbox,
    trial::{Apply, Contender, Way},
    workload::Workload,
};
use crate::process;
use anyhow::{Context, Result};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const PIPE: &str = "psql -X -q -v ON_ERROR_STOP=1 -c \"COPY $1 TO STDOUT (FORMAT binary)\" \"$2\" \
                    | psql -X -q -v ON_ERROR_STOP=1 -c \"COPY $1 FROM STDIN (FORMAT binary)\" \"$3\"";

/// An upsert as it is written by hand; all of it is one transaction.
const PIPE_MERGE: &str = "psql -X -q -v ON_ERROR_STOP=1 -c \"COPY $1 TO STDOUT (FORMAT binary)\" \"$2\" \
                          | psql -X -q -v ON_ERROR_STOP=1 -1 -c \"CREATE TEMP TABLE incoming (LIKE $1)\" \
                          -c \"COPY incoming FROM STDIN (FORMAT binary)\" -c \"$4\" \"$3\"";

const MERGE: &str = "INSERT INTO bench_events SELECT * FROM incoming ON CONFLICT (id) DO UPDATE SET tenant = excluded.tenant, \
                     kind = excluded.kind, amount = excluded.amount, paid = excluded.paid, token = excluded.token, \
                     created_at = excluded.created_at";

/// A contender, ready to run.
pub(super) struct Ready {
    pub(super) command: Command,
    /// Where it writes what it did, if it does.
    pub(super) receipt: Option<PathBuf>,
    /// It writes to the destination; what does not is not compared.
    pub(super) writes: bool,
    pub(super) version: String,
}

/// Where and from what a contender is made ready.
pub(super) struct Place<'a> {
    pub(super) ground: &'a Ground,
    pub(super) source: &'a Source,
    /// The build of this tree.
    pub(super) binary: &'a Path,
    /// Among the contenders of its trial, so that files have names of their own.
    pub(super) index: usize,
}

/// Makes a contender ready, or says why it cannot run.
pub(super) fn ready(contender: &Contender, place: &Place) -> Result<Ready> {
    let workload = contender.workload;
    match &contender.way {
        Way::Apply(apply) => rapidbyte(place, workload, apply, true),
        Way::Plan => rapidbyte(place, workload, &Apply::default(), false),
        Way::Native(apply) => sandbox::native(place, workload, apply),
        Way::Pipe => shell(place, PIPE, &[workload.table, &place.source.database, TARGET]),
        Way::PipeMerge => shell(place, PIPE_MERGE, &[workload.table, &place.source.database, TARGET, MERGE]),
        Way::Unnest => unnest(place),
        Way::Peer(peer) => peer.ready(place, workload),
    }
}

/// A command that is told where the server is and finds its programs.
pub(super) fn told(place: &Place, program: &Path) -> Result<Command> {
    let mut command = Command::new(program);
    place.ground.server.tell(&mut command);
    command.env("PATH", place.ground.path()?);
    Ok(command)
}

fn shell(place: &Place, script: &str, arguments: &[&str]) -> Result<Ready> {
    let mut command = told(place, Path::new("sh"))?;
    command.args(["-c", script, "sh"]).args(arguments);
    let version = process::output(place.ground.server.command("psql").arg("--version"))?;
    Ok(Ready { command, receipt: None, writes: true, version: version.trim_end().to_owned() })
}

/// `rapidbyte apply`, or `rapidbyte plan`, which does not write.
pub(super) fn rapidbyte(place: &Place, workload: &Workload, apply: &Apply, writes: bool) -> Result<Ready> {
    let binary = apply.binary.as_deref().unwrap_or(place.binary);
    let file = |extension: &str| place.ground.folder().join(format!("{}.{extension}", place.index));
    let (sync, receipt) = (file("toml"), file("receipt.json"));
    fs::write(&sync, sync_file(place, workload, apply)?).with_context(|| format!("cannot write {}", sync.display()))?;
    let mut command = Command::new(binary);
    // Its own: what the user's cache holds must not matter.
    command.env("RAPIDBYTE_CACHE_DIR", super::folder("cache")?);
    if writes {
        command.arg("apply").arg(&sync).args(["--yes", "--no-progress", "--report"]).arg(&receipt);
    } else {
        command.arg("plan").arg(&sync);
    }
    // Compiles the connectors where the cache has none, and finds out now what is wrong with the file.
    let mut plan = Command::new(binary);
    process::output(plan.env("RAPIDBYTE_CACHE_DIR", super::folder("cache")?).arg("plan").arg(&sync))?;
    let version = process::output(Command::new(binary).arg("--version"))?.trim_end().to_owned();
    Ok(Ready { command, receipt: writes.then_some(receipt), writes, version })
}

fn sync_file(place: &Place, workload: &Workload, apply: &Apply) -> Result<String> {
    let end = |name, url| format!("[{name}]\nuse = \"postgres\"\nurl = \"{url}\"\n\n");
    let server = &place.ground.server;
    let source = match apply.megabits {
        Some(megabits) => place.ground.url_through(megabits, &place.source.database)?,
        None => server.url(&place.source.database),
    };
    let (source, destination) = (end("source", source), end("destination", server.url(TARGET)));
    let (stream, limits) = (&apply.stream, &apply.limits);
    let stream = if stream.is_empty() { "write = \"replace\"\n" } else { stream };
    let head = "version = 1\nname = \"bench\"\n\n";
    Ok(format!("{head}{source}{destination}[limits]\n{limits}\n[[stream]]\n{}{stream}", workload.stream))
}

/// The native client is an example of this crate, because only examples and tests may link a database client here.
fn unnest(place: &Place) -> Result<Ready> {
    let arguments = ["build", "--quiet", "--release", "--package", "xtask", "--example", "unnest"];
    process::run(process::cargo().args(arguments))?;
    let mut command = Command::new(process::target_dir().join("release/examples/unnest"));
    command.args([&place.source.database, TARGET].map(|database| place.ground.server.url(database)));
    Ok(Ready { command, receipt: None, writes: true, version: "tokio-postgres, see Cargo.lock".to_owned() })
}

/// Whether a failure of this contender is a failure of the bench: others are reported as missing.
pub(super) fn is_ours(contender: &Contender) -> bool {
    !matches!(contender.way, Way::Peer(_))
}
