//! A server, a proxy at each of its doors, and SQL that does not pass through Rapidbyte. Rapidbyte's own role is no
//! superuser; faults and the oracle are.

use crate::proxy::Proxy;
use rapidbyte_throwaway::{Options, Server, Tls};
use std::{
    fs,
    os::unix::{fs::MetadataExt, process::CommandExt},
    path::PathBuf,
    process::{Command, Stdio},
    sync::{Arc, LazyLock, Mutex},
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

/// Writers, readers and the oracle.
pub(crate) static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap());

pub(crate) const SOURCE: &str = "source";
pub(crate) const DESTINATION: &str = "destination";
/// Who Rapidbyte is.
pub(crate) const ROLE: &str = "rapid";

/// How long a server may take to be there again, far beyond the second that it takes.
const RESTART_LIMIT: Duration = Duration::from_mins(1);

pub(crate) struct Lab {
    pub(crate) from: Proxy,
    pub(crate) into: Proxy,
    /// The small disk on which the destination lies; it must go before the server's folder does.
    disk: Option<Disk>,
    pub(crate) server: Server,
    /// Where the certificates lie under which both doors demand TLS.
    tls: Option<TempDir>,
    restarted: bool,
}

/// What a rule does.
pub(crate) type Act = Arc<dyn Fn() + Send + Sync>;

/// A row as text, NULL as none.
pub(crate) type Row = Vec<Option<String>>;

impl Lab {
    pub(crate) fn new(settings: &[(&str, &str)]) -> Self {
        Self::with_options(Options::default(), settings)
    }

    pub(crate) fn with_options(options: Options, settings: &[(&str, &str)]) -> Self {
        // A commit that was answered must outlive the server's processes, if not the machine.
        let ours = [("synchronous_commit", "on"), ("deadlock_timeout", "100ms"), ("max_connections", "60")];
        let settings = ours.iter().chain(settings).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let server = Server::start(&Options { settings: settings.collect(), ..options }).unwrap();
        let lab = Self {
            from: Proxy::new(server.port()),
            into: Proxy::new(server.port()),
            server,
            tls: None,
            disk: None,
            restarted: false,
        };
        lab.sql("postgres", &format!("CREATE ROLE {ROLE} LOGIN"));
        lab
    }

    /// The same with TLS, which both doors then demand.
    pub(crate) fn tls() -> Self {
        let folder = TempDir::new().unwrap();
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        let (certificate, key) = (folder.path().join("server.crt"), folder.path().join("server.key"));
        fs::write(&certificate, made.cert.pem()).unwrap();
        fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        let options = Options { tls: Some(Tls { certificate, key }), ..Options::default() };
        let mut lab = Self::with_options(options, &[]);
        lab.tls = Some(folder);
        lab
    }

    /// The same with the destination on a small disk of its own; none: only root can make one.
    pub(crate) fn on_small_disk() -> Option<Self> {
        let mut lab = Self::new(&[]);
        let disk = Disk::mount(&lab)?;
        lab.sql("postgres", &format!("CREATE TABLESPACE small LOCATION '{}'", disk.folder.join("space").display()));
        lab.disk = Some(disk);
        Some(lab)
    }

    /// The same with the write-ahead log on a small disk of its own.
    pub(crate) fn on_small_wal() -> Option<Self> {
        let mut lab = Self::new(&[("max_wal_size", "32MB"), ("min_wal_size", "32MB")]);
        let disk = Disk::mount(&lab)?;
        lab.restarted = true;
        lab.pg_ctl(&["stop", "-m", "fast"]);
        let (log, space) = (lab.server.socket_dir().join("data/pg_wal"), disk.folder.join("space"));
        let copied = Command::new("cp").arg("-a").arg(log.join(".")).arg(&space).status().unwrap();
        assert!(copied.success(), "cp: {copied}");
        fs::remove_dir_all(&log).unwrap();
        std::os::unix::fs::symlink(&space, &log).unwrap();
        lab.restart("fast");
        lab.disk = Some(disk);
        Some(lab)
    }

    /// Writes to the log until the server gives up, for want of room.
    pub(crate) fn flood_log(&self) -> Act {
        let port = self.server.port();
        Arc::new(move || {
            let more = "SELECT pg_logical_emit_message(false, 'flood', repeat('x', 1000000))";
            RUNTIME.block_on(async {
                let Ok(client) = connect(port, "postgres").await else { return };
                while query(&client, more).await.is_ok() {}
            });
        })
    }

    /// Takes the disk's room, all but some pages.
    pub(crate) fn fill_disk(&self) -> Instant {
        let disk = self.disk.as_ref().unwrap();
        let mut file = fs::File::create(disk.folder.join("filler")).unwrap();
        let page = [0; 8192];
        let mut written = 0;
        while std::io::Write::write_all(&mut file, &page).is_ok() {
            written += 8192;
        }
        file.set_len(written - 20 * 8192).unwrap();
        Instant::now()
    }

    pub(crate) fn free_disk(&self) {
        fs::remove_file(self.disk.as_ref().unwrap().folder.join("filler")).unwrap();
    }

    /// Both databases, new and empty.
    pub(crate) fn databases(&self) {
        for name in [SOURCE, DESTINATION] {
            self.sql("postgres", &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
            let place = if name == DESTINATION && self.has_small_space() { "small" } else { "pg_default" };
            self.sql("postgres", &format!("CREATE DATABASE {name} TEMPLATE template0 TABLESPACE {place}"));
        }
        self.sql("postgres", &format!("ALTER DATABASE {DESTINATION} OWNER TO {ROLE}"));
        self.sql(DESTINATION, &format!("GRANT ALL ON SCHEMA public TO {ROLE}"));
    }

    fn has_small_space(&self) -> bool {
        self.value("postgres", "SELECT count(*) FROM pg_tablespace WHERE spcname = 'small'") == "1"
    }

    pub(crate) fn url(&self, database: &str) -> String {
        let port = if database == SOURCE { self.from.port() } else { self.into.port() };
        let tls = match &self.tls {
            Some(folder) => format!("verify-full&sslrootcert={}", folder.path().join("server.crt").display()),
            None => "disable".to_owned(),
        };
        format!("postgres://{ROLE}@127.0.0.1:{port}/{database}?sslmode={tls}")
    }

    /// Runs SQL; the rows of all its statements.
    pub(crate) fn sql(&self, database: &str, sql: &str) -> Vec<Row> {
        self.try_sql(database, sql).unwrap_or_else(|error| panic!("{database}: {sql}: {error:?}"))
    }

    pub(crate) fn try_sql(&self, database: &str, sql: &str) -> Result<Vec<Row>, tokio_postgres::Error> {
        RUNTIME.block_on(async { query(&connect(self.server.port(), database).await?, sql).await })
    }

    /// The one value.
    pub(crate) fn value(&self, database: &str, sql: &str) -> String {
        self.sql(database, sql).pop().and_then(|mut row| row.pop().flatten()).unwrap_or_default()
    }

    /// For a rule: runs SQL as the superuser, which waits for no lock longer than a moment, and what came of it: "done" or
    /// the error.
    pub(crate) fn meanwhile(&self, database: &'static str, sql: &'static str) -> (Act, Arc<Mutex<Vec<String>>>) {
        let (port, said) = (self.server.port(), Arc::<Mutex<Vec<String>>>::default());
        let of_act = said.clone();
        let act = Arc::new(move || {
            let outcome = RUNTIME.block_on(async {
                let client = connect(port, database).await?;
                query(&client, "SET lock_timeout = '200ms'").await?;
                query(&client, sql).await
            });
            let word = outcome.map_or_else(|error| format!("{error:?}"), |_| "done".to_owned());
            of_act.lock().unwrap().push(word);
        });
        (act, said)
    }

    /// For a rule: runs the statement in a transaction of its own.
    pub(crate) fn aside(&self, database: &'static str) -> Arc<dyn Fn(&str) + Send + Sync> {
        let port = self.server.port();
        Arc::new(move |sql| {
            let run = async { query(&connect(port, database).await.unwrap(), sql).await.unwrap() };
            drop(RUNTIME.block_on(run));
        })
    }

    /// Stops the server and starts it again; `mode` is pg_ctl's.
    pub(crate) fn restart(&mut self, mode: &str) {
        self.restarted = true;
        self.pg_ctl(&["restart", "-m", mode, "-l", "log"]);
        self.wait_until_up();
    }

    pub(crate) fn pg_ctl(&self, arguments: &[&str]) {
        let folder = self.server.socket_dir().join("data");
        let facts = fs::metadata(&folder).unwrap();
        let mut command = Command::new(self.server.binaries().program("pg_ctl"));
        command
            .args(["-D", folder.to_str().unwrap(), "-w", "-s"])
            .args(arguments)
            .current_dir(self.server.socket_dir());
        command.uid(facts.uid()).gid(facts.gid());
        let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
        assert!(status.success(), "pg_ctl {arguments:?}: {status}: {}", self.server.log().unwrap_or_default());
    }

    pub(crate) fn wait_until_up(&self) {
        let end = Instant::now() + RESTART_LIMIT;
        while let Err(error) = self.try_sql("postgres", "SELECT 1") {
            assert!(Instant::now() < end, "the server does not come back: {error:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// A tmpfs, gone when it is dropped.
struct Disk {
    folder: PathBuf,
}

impl Disk {
    fn mount(lab: &Lab) -> Option<Self> {
        let folder = lab.server.socket_dir().join("disk");
        fs::create_dir(&folder).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=48m,mode=755", "tmpfs"]).arg(&folder);
        if !mount.stderr(Stdio::null()).status().is_ok_and(|status| status.success()) {
            return None;
        }
        let space = folder.join("space");
        fs::create_dir(&space).unwrap();
        let owner = fs::metadata(lab.server.socket_dir().join("data")).unwrap();
        std::os::unix::fs::chown(&space, Some(owner.uid()), Some(owner.gid())).unwrap();
        Some(Self { folder })
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: the server still runs.
        let _ = Command::new("umount").arg("-l").arg(&self.folder).status();
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // The guardian knows its own child only.
        if self.restarted && !std::thread::panicking() {
            self.pg_ctl(&["stop", "-m", "immediate"]);
        }
    }
}

/// A session of the superuser, which ends when it is dropped.
pub(crate) async fn connect(port: u16, database: &str) -> Result<Client, tokio_postgres::Error> {
    // The oracle joins tables that nobody has analysed, and compiling its queries takes longer than they do.
    let options =
        "application_name=lab options='-c jit=off -c enable_nestloop=off -c max_parallel_workers_per_gather=0'";
    let config = format!("host=127.0.0.1 port={port} user=postgres dbname={database} {options}");
    let (client, connection) = tokio_postgres::connect(&config, NoTls).await?;
    // Its error is that of the statement at work.
    tokio::spawn(connection);
    Ok(client)
}

pub(crate) async fn query(client: &Client, sql: &str) -> Result<Vec<Row>, tokio_postgres::Error> {
    let rows = client.simple_query(sql).await?.into_iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => {
            Some((0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect::<Vec<_>>())
        }
        _ => None,
    });
    Ok(rows.collect())
}

/// The server went away under a session's feet, or is about to, its log's disk being full.
pub(crate) fn is_gone(client: &Client, error: &tokio_postgres::Error) -> bool {
    let of_the_end = |state: &str| state.starts_with("57") || state == "53100";
    client.is_closed() || error.code().is_none_or(|state| of_the_end(state.code()))
}
