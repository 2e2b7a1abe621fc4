//! One server: made, asked, ended. Processes are the guardian's; here are the files that it reads, the wait until it is
//! ready, and what callers do with it.

use crate::{
    Binaries, Options, ThrowawayError,
    account::Account,
    error::io_error,
    guardian::{Guardian, Ward, Words, forget_surroundings},
    install::{install, last_lines},
};
use std::{
    env, fs,
    io::Write,
    net::{Ipv4Addr, TcpListener},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc::RecvTimeoutError,
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// How often we look whether the server is ready: far below the second that initdb takes.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// A free port can be taken between our look and the server's bind; so often in a row it is not bad luck.
const PORT_TRIES_MAX: u32 = 5;

/// How much of the log an error repeats: PostgreSQL's reason and its hints fit.
const LOG_LINES_MAX: usize = 15;

/// The path of a Unix socket has 104 bytes on macOS and 108 on Linux; "/rapidbyte-XXXXXX/.s.PGSQL.65535" takes 32 of them.
const TEMP_DIR_BYTES_MAX: usize = 70;

/// A PostgreSQL server of our own, on a free port of 127.0.0.1 and on a Unix socket. Dropping it ends it.
pub struct Server {
    // Dropped in this order: the guardian removes what the directory's own Drop then finds gone.
    guardian: Guardian,
    directory: TempDir,
    binaries: Binaries,
    options: Options,
    port: u16,
    pid: u32,
}

impl Server {
    /// Starts a server and returns once it takes connections. Installs PostgreSQL where [`install`](crate::install) can.
    ///
    /// # Errors
    /// Where no server is installed, or it could not be started within `options.start_limit`: the error shows its log.
    pub fn start(options: &Options) -> Result<Self, ThrowawayError> {
        let binaries = install()?;
        let mut tries_left = PORT_TRIES_MAX;
        loop {
            tries_left -= 1;
            match Self::start_on(free_port()?, &binaries, options) {
                Err(ThrowawayError::Ended { log, .. }) if log.contains("Address already in use") && tries_left > 0 => {}
                outcome => return outcome,
            }
        }
    }

    fn start_on(port: u16, binaries: &Binaries, options: &Options) -> Result<Self, ThrowawayError> {
        let directory = make_directory()?;
        let account = Account::for_directory(directory.path())?;
        write_files(directory.path(), account, options)?;
        let ward = Ward {
            bin_dir: binaries.directory(),
            directory: directory.path(),
            superuser: &options.superuser,
            port,
            auth_method: options.auth.method(),
        };
        let (guardian, words) = Guardian::spawn(account, &ward)?;
        let pid = wait_until_ready(&words, &ward, options.start_limit)?;
        Ok(Self { guardian, directory, binaries: binaries.clone(), options: options.clone(), port, pid })
    }

    /// The TCP port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The postmaster's process id.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The folder of the Unix socket, as `host` of a connection wants it.
    pub fn socket_dir(&self) -> &Path {
        self.directory.path()
    }

    /// The programs that belong to the server.
    pub fn binaries(&self) -> &Binaries {
        &self.binaries
    }

    /// The superuser's name.
    pub fn superuser(&self) -> &str {
        &self.options.superuser
    }

    /// The superuser's URL of a database, over TCP. It holds the password where there is one.
    pub fn url(&self, database: &str) -> String {
        let password = self.options.auth.password().map(|password| format!(":{}", percent(password)));
        let user = percent(&self.options.superuser);
        format!("postgres://{user}{}@127.0.0.1:{}/{}", password.unwrap_or_default(), self.port, percent(database))
    }

    /// All that the server has logged so far.
    pub fn log(&self) -> Result<String, ThrowawayError> {
        let bytes = fs::read(self.directory.path().join("log")).map_err(io_error("read the server's log"))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// A program of the server's own version (psql, pgbench), told where the server is.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.binaries.program(program));
        self.tell(&mut command);
        command
    }

    /// Tells a command where the server is, by libpq's environment; the database is the command's own business.
    pub fn tell(&self, command: &mut Command) {
        forget_surroundings(command);
        command
            .env("PGHOST", "127.0.0.1")
            .env("PGPORT", self.port.to_string())
            .env("PGUSER", &self.options.superuser)
            .env("PGCLIENTENCODING", "UTF8");
        if let Some(password) = self.options.auth.password() {
            command.env("PGPASSWORD", password);
        }
    }

    /// Runs SQL by psql as the superuser, one statement after the other, and stops at the first error. Returns the rows,
    /// one a line, fields parted by `|`, NULL as nothing, without the last newline.
    pub fn psql(&self, database: &str, sql: &str) -> Result<String, ThrowawayError> {
        self.psql_with(&[], database, sql)
    }

    /// The same, with psql's variables: `:"name"` in the SQL is then a quoted identifier, `:'name'` a quoted literal.
    pub fn psql_with(&self, variables: &[(&str, &str)], database: &str, sql: &str) -> Result<String, ThrowawayError> {
        let mut psql = self.command("psql");
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", database]);
        psql.args(variables.iter().flat_map(|(name, value)| ["-v".to_owned(), [name, "=", value].concat()]));
        psql.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = psql.spawn().map_err(io_error("start psql"))?;
        let input = child.stdin.take();
        let output = thread::scope(|scope| {
            // psql may stop reading at an error, so a broken pipe here is told by its exit code.
            scope.spawn(move || input.map(|mut input| input.write_all(sql.as_bytes())));
            child.wait_with_output().map_err(io_error("wait for psql"))
        })?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).trim_end().to_owned();
            return Err(ThrowawayError::Sql { database: database.to_owned(), said });
        }
        let mut rows = String::from_utf8_lossy(&output.stdout).into_owned();
        if rows.ends_with('\n') {
            rows.pop();
        }
        Ok(rows)
    }

    /// Creates a database, empty, in UTF-8.
    pub fn create_database(&self, name: &str) -> Result<(), ThrowawayError> {
        self.psql_with(&[("name", name)], "postgres", "CREATE DATABASE :\"name\" TEMPLATE template0").map(drop)
    }

    /// Ends the server and returns when it has ended. Dropping does the same; this says so where it matters.
    pub fn stop(self) {
        drop(self.guardian);
    }
}

/// Asks the kernel for a port that nobody has.
fn free_port() -> Result<u16, ThrowawayError> {
    let free = || Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port());
    free().map_err(io_error("find a free port on 127.0.0.1"))
}

/// Makes the server's folder: short enough for a socket's path, and where another account can reach it.
fn make_directory() -> Result<TempDir, ThrowawayError> {
    let mut base = env::temp_dir();
    if base.as_os_str().len() > TEMP_DIR_BYTES_MAX || !open_to_others(&base) {
        base = PathBuf::from("/tmp");
    }
    let made = tempfile::Builder::new().prefix("rapidbyte-").tempdir_in(&base);
    made.map_err(io_error(format!("make a folder in {}", base.display())))
}

/// Whether any account can pass through every folder of the path.
fn open_to_others(path: &Path) -> bool {
    let search_for_others = 0o001;
    path.ancestors()
        .all(|folder| fs::metadata(folder).is_ok_and(|facts| facts.permissions().mode() & search_for_others != 0))
}

fn write_files(directory: &Path, account: Account, options: &Options) -> Result<(), ThrowawayError> {
    let write = |name: &str, content: &[u8]| -> Result<(), ThrowawayError> {
        let path = directory.join(name);
        fs::write(&path, content).map_err(io_error(format!("write {}", path.display())))?;
        // The server refuses a key that others can read, and the password is nobody else's business.
        let only_us = fs::Permissions::from_mode(0o600);
        fs::set_permissions(&path, only_us).map_err(io_error(format!("close {}", path.display())))?;
        account.own(&path)
    };
    write("postgresql.conf", configuration(directory, options).as_bytes())?;
    write("pg_hba.conf", client_authentication(options).as_bytes())?;
    // initdb wants a password wherever the method is not trust; with trust nobody asks for it.
    write("password", options.auth.password().unwrap_or("unused").as_bytes())?;
    write("log", b"")?;
    if let Some(tls) = &options.tls {
        for (name, path) in [("server.crt", &tls.certificate), ("server.key", &tls.key)] {
            let content = fs::read(path).map_err(io_error(format!("read {}", path.display())))?;
            write(name, &content)?;
        }
    }
    account.own(directory)
}

fn configuration(directory: &Path, options: &Options) -> String {
    let directory = directory.to_string_lossy();
    let mut settings = vec![("listen_addresses", "127.0.0.1"), ("unix_socket_directories", &directory)];
    // Not the machine's: the same everywhere.
    settings.extend([("timezone", "UTC"), ("log_timezone", "UTC")]);
    // Roles that a test makes later get the same kind of password as the superuser; "md5" is a kind of its own.
    settings.push(("password_encryption", if options.auth.method() == "md5" { "md5" } else { "scram-sha-256" }));
    if !options.durable {
        // Manual, chapter "Non-Durable Settings": what a crash loses is lost anyway.
        settings.extend([("fsync", "off"), ("synchronous_commit", "off"), ("full_page_writes", "off")]);
    }
    let certificate = format!("{directory}/server.crt");
    let key = format!("{directory}/server.key");
    if options.tls.is_some() {
        settings.extend([("ssl", "on"), ("ssl_cert_file", &certificate), ("ssl_key_file", &key)]);
    }
    settings.extend(options.settings.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    // First what initdb found to work here: kinds and sizes of shared memory. Of two lines for one name the last counts;
    // quotes are doubled (manual, "Setting Parameters").
    let ours = settings.iter().map(|(name, value)| [name, " = '", &value.replace('\'', "''"), "'\n"].concat());
    std::iter::once("include 'data/postgresql.conf'\n".to_owned()).chain(ours).collect()
}

fn client_authentication(options: &Options) -> String {
    let method = options.auth.method();
    let ours = [format!("local all all {method}"), format!("host all all 127.0.0.1/32 {method}")];
    options.hba.iter().chain(&ours).map(String::as_str).flat_map(|line| [line, "\n"]).collect()
}

/// Waits for the word "ready" that the postmaster writes into its pid file, as `pg_ctl` does.
fn wait_until_ready(words: &Words, ward: &Ward, limit: Duration) -> Result<u32, ThrowawayError> {
    let end = Instant::now() + limit;
    let log = || last_lines(&fs::read(ward.directory.join("log")).unwrap_or_default(), LOG_LINES_MAX);
    let bin_dir = || ward.bin_dir.to_owned();
    let mut started = None;
    while Instant::now() < end {
        match words.recv_timeout(LOOK_EVERY) {
            Ok(pid) => started = Some(pid),
            Err(RecvTimeoutError::Disconnected) => {
                return Err(ThrowawayError::Ended { bin_dir: bin_dir(), log: log() });
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        if let Some(pid) = started.filter(|_| says_ready(ward.directory)) {
            return Ok(pid);
        }
    }
    Err(ThrowawayError::NotReady { bin_dir: bin_dir(), limit, log: log() })
}

/// The last of the eight lines of postmaster.pid is the state (PostgreSQL's source, src/include/utils/pidfile.h).
fn says_ready(directory: &Path) -> bool {
    let content = fs::read_to_string(directory.join("data/postmaster.pid")).unwrap_or_default();
    content.lines().nth(7).is_some_and(|state| state.trim_end() == "ready")
}

/// Escapes all but the unreserved characters of RFC 3986.
fn percent(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_ends_the_server_with_the_reason() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let Err(error) = Server::start_on(port, &install().unwrap(), &Options::default()) else {
            panic!("two servers on port {port}");
        };
        assert!(
            matches!(&error, ThrowawayError::Ended { log, .. } if log.contains("Address already in use")),
            "{error}"
        );
    }

    #[test]
    fn settings_are_quoted_and_the_callers_come_last() {
        let settings = vec![("fsync".to_owned(), "on".to_owned()), ("application_name".to_owned(), "it's".to_owned())];
        let written = configuration(Path::new("/d"), &Options { settings, ..Options::default() });
        assert!(written.ends_with("fsync = 'on'\napplication_name = 'it''s'\n"), "{written}");
    }

    #[test]
    fn percent_leaves_only_the_unreserved() {
        assert_eq!(percent("a-Z_0.~"), "a-Z_0.~");
        assert_eq!(percent("p@ss:w/ö"), "p%40ss%3Aw%2F%C3%B6");
    }

    #[test]
    fn a_closed_folder_is_not_open_to_others() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        assert!(open_to_others(Path::new("/tmp")));
        assert!(!open_to_others(folder.path()));
    }
}
