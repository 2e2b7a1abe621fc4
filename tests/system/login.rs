//! Logging in: every method and sslmode that is supported, and what is refused.

use crate::world::{DESTINATION, SOURCE, World};
use rapidbyte_throwaway::{Auth, Options, Tls};
use std::path::PathBuf;
use tempfile::TempDir;

const TABLE: &str = "CREATE TABLE t AS SELECT i AS id FROM generate_series(1, 10) AS i";
const STREAM: &str = "[[stream]]\ntable = \"public.t\"\nwrite = \"replace\"\n";
const PASSWORD: &str = "s3cret-of-the-test";

/// A certificate for `localhost` alone, signed by an authority of its own.
struct Certificates {
    folder: TempDir,
}

impl Certificates {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let mut authority = rcgen::CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let authority_key = rcgen::KeyPair::generate().unwrap();
        let authority_pem = authority.self_signed(&authority_key).unwrap().pem();
        let issuer = rcgen::Issuer::new(authority, authority_key);
        let key = rcgen::KeyPair::generate().unwrap();
        let server = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let server = server.signed_by(&key, &issuer).unwrap();
        std::fs::write(folder.path().join("ca.pem"), authority_pem).unwrap();
        std::fs::write(folder.path().join("server.pem"), server.pem()).unwrap();
        std::fs::write(folder.path().join("server.key"), key.serialize_pem()).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn apply(world: &World, auth: &str, query: &str, host: &str) -> crate::world::Said {
    let url = |database: &str| format!("postgres://{auth}@{host}:{}/{database}{query}", world.server.port());
    world.sync_between(&url(SOURCE), &url(DESTINATION), STREAM);
    world.run(&["apply", "sync.toml", "--yes", "--allow-destructive"])
}

#[test]
fn passwords() {
    for auth in [Auth::Scram(PASSWORD.into()), Auth::Md5(PASSWORD.into())] {
        let world = World::with_options(&Options { auth, ..Options::default() }, TABLE);
        let said = apply(&world, &format!("postgres:{PASSWORD}"), "", "127.0.0.1");
        assert_eq!(said.code, Some(0), "{said:#?}");
        let said = apply(&world, "postgres:wrong-one", "", "127.0.0.1");
        said.ends(4, "password");
        assert!(!said.stderr.contains("wrong-one") && !said.stdout.contains("wrong-one"), "{said:#?}");
        let said = apply(&world, "postgres", "", "127.0.0.1");
        assert_eq!(said.code, Some(4), "{said:#?}");
    }
}

#[test]
fn a_password_in_clear_text_needs_tls() {
    let world = World::with_options(&Options { auth: Auth::Cleartext(PASSWORD.into()), ..Options::default() }, TABLE);
    let said = apply(&world, &format!("postgres:{PASSWORD}"), "", "127.0.0.1");
    said.ends(4, "clear text");
}

#[test]
fn unix_socket() {
    let world = World::new(TABLE);
    let ends = |database: &str| {
        let (host, port) = (world.server.socket_dir().display(), world.server.port());
        format!("host = \"{host}\"\nport = {port}\nuser = \"postgres\"\ndatabase = \"{database}\"")
    };
    let text = format!(
        "version = 1\nname = \"socket\"\n[source]\nuse = \"postgres\"\n{}\n[destination]\nuse = \"postgres\"\n{}\n{STREAM}",
        ends(SOURCE),
        ends(DESTINATION)
    );
    std::fs::write(world.path("sync.toml"), text).unwrap();
    let said = world.run(&["apply", "sync.toml", "--yes"]);
    assert_eq!(said.code, Some(0), "{said:#?}");
    world.assert_same("t", "t");
}

#[test]
fn sslmodes() {
    let certificates = Certificates::new();
    let tls = Tls { certificate: certificates.path("server.pem"), key: certificates.path("server.key") };
    let auth = Auth::Scram(PASSWORD.into());
    let world = World::with_options(&Options { tls: Some(tls), auth, ..Options::default() }, TABLE);
    let login = format!("postgres:{PASSWORD}");
    let ca = format!("&sslrootcert={}", certificates.path("ca.pem").display());
    for (mode, host, rootcert, code) in [
        ("disable", "127.0.0.1", "", 0),
        ("prefer", "127.0.0.1", "", 0),
        ("require", "127.0.0.1", "", 0),
        ("verify-ca", "127.0.0.1", ca.as_str(), 0),
        ("verify-ca", "127.0.0.1", "", 4),
        ("verify-full", "localhost", ca.as_str(), 0),
        ("verify-full", "127.0.0.1", ca.as_str(), 4),
        ("verify-full", "localhost", "", 4),
    ] {
        let said = apply(&world, &login, &format!("?sslmode={mode}{rootcert}"), host);
        assert_eq!(said.code, Some(code), "{mode} to {host}, authority {rootcert:?}: {said:#?}");
    }
    let used = world.server.log().unwrap();
    assert!(!used.contains(PASSWORD));
}

#[test]
fn tls_that_is_demanded_and_not_offered() {
    let world = World::new(TABLE);
    for mode in ["require", "verify-ca", "verify-full"] {
        let said = apply(&world, "postgres", &format!("?sslmode={mode}"), "localhost");
        assert_eq!(said.code, Some(4), "{mode}: {said:#?}");
        assert!(said.stderr.contains("TLS"), "{mode}: {said:#?}");
    }
}
