//! The life of a throw-away server, as root and as an ordinary user, and above all its end.
#![allow(clippy::unwrap_used, clippy::print_stdout)] // a test reports by panicking, and its second part by printing

use rapidbyte_throwaway::{Auth, Options, Server, ThrowawayError, Tls};
use std::{
    env, fs,
    io::{BufRead, BufReader, Read},
    net::{Ipv4Addr, TcpStream},
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::LazyLock,
    thread,
};

/// Set in a process that this test started from its own binary: it is to play the test's second part.
const PLAYS_PART: &str = "RAPIDBYTE_THROWAWAY_PLAYS_PART";

fn start() -> Server {
    Server::start(&Options::default()).unwrap()
}

fn takes_connections(port: u16) -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// This binary again, running one of its tests only.
fn same_binary(binary: &Path, test: &str) -> Command {
    let mut command = Command::new(binary);
    command.args(["--exact", test, "--nocapture"]).env(PLAYS_PART, "1").current_dir("/");
    command
}

#[test]
fn starts_answers_and_ends() {
    let server = start();
    server.create_database("the \"shop\"").unwrap();
    let rows = "CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, NULL), (2, 'ü'); SELECT * FROM t ORDER BY a";
    assert_eq!(server.psql("the \"shop\"", rows).unwrap(), "1|\n2|ü");
    assert!(server.log().unwrap().contains("ready to accept connections"));
    let (port, directory) = (server.port(), server.socket_dir().to_owned());
    assert!(takes_connections(port) && directory.join(format!(".s.PGSQL.{port}")).exists());
    server.stop();
    assert!(!takes_connections(port) && !directory.exists());
}

#[test]
fn a_mistake_in_sql_is_told() {
    let error = start().psql("postgres", "SELECT 1; SELECT nonsense; SELECT 2").unwrap_err();
    assert!(matches!(&error, ThrowawayError::Sql { said, .. } if said.contains("nonsense")), "{error}");
}

#[test]
fn more_input_and_output_than_a_pipe_holds() {
    let server = start();
    let statement = format!("SELECT '{}';\n", "x".repeat(1000));
    assert_eq!(server.psql("postgres", &statement.repeat(500)).unwrap().len(), 500 * 1001 - 1);
}

#[test]
fn two_at_once_know_nothing_of_each_other() {
    let (first, second) = (start(), start());
    assert_ne!(first.port(), second.port());
    first.create_database("only_here").unwrap();
    assert!(second.psql("only_here", "SELECT 1").is_err());
    first.stop();
    assert_eq!(second.psql("postgres", "SELECT 1").unwrap(), "1");
}

/// A `static` is never dropped, and still leaves nothing behind: the end of the process is enough.
#[test]
fn one_server_can_serve_many_threads() {
    static SHARED: LazyLock<Server> = LazyLock::new(start);
    let ask = || SHARED.psql("postgres", "SELECT 1").unwrap();
    let (one, other) = thread::scope(|scope| (scope.spawn(ask).join().unwrap(), scope.spawn(ask).join().unwrap()));
    assert_eq!((one.as_str(), other.as_str()), ("1", "1"));
}

#[test]
fn durability_is_a_choice() {
    let fsync = |durable| {
        let server = Server::start(&Options { durable, ..Options::default() }).unwrap();
        server.psql("postgres", "SHOW fsync").unwrap()
    };
    assert_eq!((fsync(false), fsync(true)), ("off".to_owned(), "on".to_owned()));
}

#[test]
fn a_wrong_setting_shows_the_log() {
    let settings = vec![("shared_buffers".to_owned(), "plenty".to_owned())];
    let Err(error) = Server::start(&Options { settings, ..Options::default() }) else { panic!("it started") };
    assert!(matches!(&error, ThrowawayError::Ended { log, .. } if log.contains("shared_buffers")), "{error}");
}

#[test]
fn a_password_is_demanded_and_stands_in_the_url() {
    for auth in [Auth::Scram("p@ss".to_owned()), Auth::Md5("p@ss".to_owned()), Auth::Cleartext("p@ss".to_owned())] {
        let options = Options { auth, superuser: "chief".to_owned(), ..Options::default() };
        let server = Server::start(&options).unwrap();
        assert_eq!(server.psql("postgres", "SELECT current_user").unwrap(), "chief");
        let expected = format!("postgres://chief:p%40ss@127.0.0.1:{}/shop", server.port());
        assert_eq!(server.url("shop"), expected);
        let wrong = server.command("psql").args(["-w", "-c", "SELECT 1", "postgres"]).env("PGPASSWORD", "no").output();
        let said = String::from_utf8(wrong.unwrap().stderr).unwrap();
        assert!(said.contains("password authentication failed"), "{options:?}: {said}");
        let kind =
            server.psql("postgres", "SELECT left(rolpassword, 3) FROM pg_authid WHERE rolname = 'chief'").unwrap();
        assert_eq!(kind, if matches!(options.auth, Auth::Md5(_)) { "md5" } else { "SCR" });
    }
}

#[test]
fn tls_is_spoken_with_the_given_certificate() {
    let files = tempfile::tempdir().unwrap();
    let tls = Tls { certificate: files.path().join("server.crt"), key: files.path().join("server.key") };
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    fs::write(&tls.certificate, made.cert.pem()).unwrap();
    fs::write(&tls.key, made.signing_key.serialize_pem()).unwrap();
    let certificate = tls.certificate.clone();
    let hba = vec!["hostnossl all all all reject".to_owned()];
    let server = Server::start(&Options { tls: Some(tls), hba, ..Options::default() }).unwrap();
    let ask = |mode| {
        let mut psql = server.command("psql");
        psql.args(["-A", "-t", "-c", "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", "postgres"]);
        psql.env("PGSSLMODE", mode).env("PGSSLROOTCERT", &certificate).output().unwrap()
    };
    assert_eq!(String::from_utf8(ask("verify-ca").stdout).unwrap(), "t\n");
    assert!(!ask("disable").status.success());
}

/// A killed parent cannot clean up, so the guardian does.
#[test]
fn killed_parent_leaves_nothing() {
    if env::var_os(PLAYS_PART).is_some() {
        return hold_a_server_until_killed();
    }
    let mut victim = same_binary(&env::current_exe().unwrap(), "killed_parent_leaves_nothing")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (port, directory) = told_by(&mut victim);
    assert!(takes_connections(port) && directory.exists());
    victim.kill().unwrap(); // SIGKILL
    // The victim and the guardian are the only ones who have the other end, so its end is the end of both.
    victim.stderr.take().unwrap().read_to_end(&mut Vec::new()).unwrap();
    victim.wait().unwrap();
    assert!(!takes_connections(port) && !directory.exists());
}

fn hold_a_server_until_killed() {
    let server = start();
    println!("\nheld {} {}", server.port(), server.socket_dir().display());
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
    unreachable!("nobody closes our standard input");
}

fn told_by(victim: &mut Child) -> (u16, PathBuf) {
    let output = BufReader::new(victim.stdout.take().unwrap());
    let line = output.lines().map(Result::unwrap).find(|line| line.starts_with("held ")).unwrap();
    let mut words = line.split(' ').skip(1);
    (words.next().unwrap().parse().unwrap(), words.next().unwrap().into())
}

/// Where the tests run as root, once more as someone who is not.
#[test]
fn an_ordinary_user_can_do_it() {
    let temp = tempfile::tempdir().unwrap();
    let we_are_root = fs::metadata(temp.path()).unwrap().uid() == 0;
    if env::var_os(PLAYS_PART).is_some() || !we_are_root {
        let server = start();
        assert_eq!(server.psql("postgres", "SELECT 1").unwrap(), "1");
        let owner = fs::metadata(server.socket_dir()).unwrap().uid();
        return assert!(owner == fs::metadata(temp.path()).unwrap().uid() && owner != 0);
    }
    // The target folder may be closed to others.
    let binary = temp.path().join("life");
    fs::set_permissions(temp.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::copy(env::current_exe().unwrap(), &binary).unwrap();
    let nobody = 65534; // any number without rights would do
    let mut command = same_binary(&binary, "an_ordinary_user_can_do_it");
    let output = command.uid(nobody).gid(nobody).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"), "{output:?}");
}
