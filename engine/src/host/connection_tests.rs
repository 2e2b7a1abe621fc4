//! Connections against servers that behave and servers that do not.

use super::*;
use crate::{Category, grants::TlsMode};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer},
};
use sha2::{Digest, Sha256};
use std::path::PathBuf;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_rustls::TlsAcceptor;

/// How PostgreSQL is asked for TLS, as far as the host sees: eight bytes, and one back.
const REQUEST: &[u8] = b"ask4tls!";

/// A certificate for `names`, its key, and the PEM of the authority that signed it.
struct Shown {
    certificate: CertificateDer<'static>,
    key: Vec<u8>,
    authority: String,
}

fn shown(names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Shown {
    signed_by("an authority", names, change)
}

fn signed_by(authority_name: &str, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Shown {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.distinguished_name.push(DnType::CommonName, authority_name);
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
    change(&mut params);
    let certificate = params.signed_by(&key, &authority).unwrap();
    Shown { certificate: certificate.into(), key: key.serialize_der(), authority: authority.pem() }
}

/// A server that answers `REQUEST` with "S", speaks TLS, says "hello", and gives back all that it was sent afterwards.
async fn tls_server(shown: &Shown) -> (u16, JoinHandle<Vec<u8>>) {
    let key = PrivateKeyDer::try_from(shown.key.clone()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![shown.certificate.clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let serve = async move {
        let mut heard = Vec::new();
        // A first connection, and the one that an abort may make.
        while let Ok(Ok((mut plain, _))) = timeout(Duration::from_secs(2), listener.accept()).await {
            let mut request = [0; 8];
            if plain.read_exact(&mut request).await.is_err() {
                continue;
            }
            assert_eq!(request, REQUEST);
            plain.write_all(b"S").await.unwrap();
            let Ok(mut stream) = acceptor.accept(plain).await else { continue };
            let _ = stream.write_all(b"hello").await;
            let _ = stream.read_to_end(&mut heard).await;
            if heard.ends_with(b"abort") {
                break;
            }
        }
        heard
    };
    (port, tokio::spawn(serve))
}

fn grant(port: u16, tls: TlsMode, roots: Option<PathBuf>) -> Grant {
    Grant { address: Address::Tcp("localhost".to_owned(), port), tls, roots }
}

/// Connects and starts TLS as a guest does.
async fn encrypted(grant: Grant) -> Result<(Connection, Option<Vec<u8>>), ConnectorError> {
    let mut connection = Connection::open(grant, Aborts::default()).await?;
    connection.write(REQUEST).await?;
    assert_eq!(connection.read(1).await?, b"S");
    let binding = connection.start_tls().await?;
    Ok((connection, binding))
}

/// The error of a handshake with a server that shows this, where only `roots` are trusted.
async fn refused(shown: &Shown, tls: TlsMode, roots: &str) -> ConnectorError {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("roots.pem");
    std::fs::write(&path, roots).unwrap();
    let (port, _) = tls_server(shown).await;
    match encrypted(grant(port, tls, Some(path))).await {
        Ok(_) => panic!("it was trusted"),
        Err(error) => error,
    }
}

async fn accepted(shown: &Shown, tls: TlsMode) -> Option<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("roots.pem");
    std::fs::write(&path, &shown.authority).unwrap();
    let (port, _) = tls_server(shown).await;
    let (mut connection, binding) = encrypted(grant(port, tls, Some(path))).await.unwrap();
    assert_eq!(connection.read(64).await.unwrap(), b"hello");
    binding
}

#[tokio::test]
async fn a_good_certificate_is_trusted_and_bound() {
    let shown = shown(&["localhost"], |_| ());
    for tls in [TlsMode::Prefer, TlsMode::Require, TlsMode::VerifyCa, TlsMode::VerifyFull] {
        let binding = accepted(&shown, tls).await;
        assert_eq!(binding.unwrap(), Sha256::digest(&shown.certificate).to_vec());
    }
}

#[tokio::test]
async fn another_name_is_refused_by_verify_full_alone() {
    let shown = shown(&["other.example.org"], |_| ());
    accepted(&shown, TlsMode::VerifyCa).await;
    let error = refused(&shown, TlsMode::VerifyFull, &shown.authority).await;
    assert_eq!(error.category, Category::Tls);
    assert!(error.message.contains("names another host"), "{}", error.message);
}

#[tokio::test]
async fn an_unknown_authority_is_refused_by_both() {
    let shown = shown(&["localhost"], |_| ());
    let other = |name| signed_by(name, &["localhost"], |_| ()).authority;
    for tls in [TlsMode::VerifyCa, TlsMode::VerifyFull] {
        for (roots, words) in [
            (other("another"), "signed by nobody that is trusted"),
            (other("an authority"), "signed by another authority of the same name"),
        ] {
            let error = refused(&shown, tls, &roots).await;
            assert!(error.message.contains(words), "{}", error.message);
            assert!(error.advice.unwrap().contains("sslrootcert"));
        }
    }
    accepted(&shown, TlsMode::Require).await;
}

#[tokio::test]
async fn an_expired_certificate_is_refused_also_under_another_name() {
    let shown = shown(&["other.example.org"], |params| params.not_after = date_time_ymd(2001, 1, 1));
    for tls in [TlsMode::VerifyCa, TlsMode::VerifyFull] {
        let error = refused(&shown, tls, &shown.authority).await;
        assert!(error.message.contains("has expired"), "{}", error.message);
    }
}

#[tokio::test]
async fn an_authority_is_no_server() {
    let shown = shown(&["localhost"], |params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained));
    let error = refused(&shown, TlsMode::VerifyFull, &shown.authority).await;
    assert!(error.message.contains("that of an authority"), "{}", error.message);
}

#[tokio::test]
async fn roots_that_are_none_are_the_settings_fault() {
    let shown = shown(&["localhost"], |_| ());
    let error = refused(&shown, TlsMode::VerifyFull, "no certificate").await;
    assert_eq!(error.category, Category::Config);
    let (port, _) = tls_server(&shown).await;
    let error = encrypted(grant(port, TlsMode::VerifyCa, Some("/nowhere/roots.pem".into()))).await.err().unwrap();
    assert!(error.message.contains("/nowhere/roots.pem"), "{}", error.message);
}

/// A server that says these words to whoever connects, and gives back what it was sent.
async fn plain_server(words: &'static [u8]) -> (u16, JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let serve = async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(words).await.unwrap();
        let mut heard = Vec::new();
        let _ = stream.read_to_end(&mut heard).await;
        heard
    };
    (port, tokio::spawn(serve))
}

#[tokio::test]
async fn a_server_that_speaks_something_else_is_told_apart() {
    let (port, _) = plain_server(b"SHTTP/1.1 400 Bad Request\r\n\r\n").await;
    let error = encrypted(grant(port, TlsMode::Require, None)).await.err().unwrap();
    assert!(error.message.contains("does not speak TLS"), "{}", error.message);
}

#[tokio::test]
async fn nothing_goes_out_unprotected_where_tls_is_demanded() {
    for tls in [TlsMode::Require, TlsMode::VerifyCa, TlsMode::VerifyFull] {
        let (port, server) = plain_server(b"N").await;
        let mut connection = Connection::open(grant(port, tls, None), Aborts::default()).await.unwrap();
        connection.write(REQUEST).await.unwrap();
        let error = connection.write(b"a password").await.unwrap_err();
        assert_eq!(error.category, Category::Permission);
        assert!(connection.write(b"p").await.is_err(), "nor byte by byte");
        connection.close();
        assert_eq!(server.await.unwrap(), REQUEST);
    }
    let (port, server) = plain_server(b"N").await;
    let mut connection = Connection::open(grant(port, TlsMode::Prefer, None), Aborts::default()).await.unwrap();
    connection.write(b"more than eight bytes").await.unwrap();
    connection.close();
    assert_eq!(server.await.unwrap(), b"more than eight bytes");
}

#[tokio::test]
async fn tls_that_was_not_granted_is_refused() {
    let (port, _) = plain_server(b"S").await;
    let mut connection = Connection::open(grant(port, TlsMode::Disable, None), Aborts::default()).await.unwrap();
    assert_eq!(connection.start_tls().await.unwrap_err().category, Category::Config);
}

#[tokio::test]
async fn what_cannot_be_reached_is_said_in_words() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let of = async |address: Address| {
        let grant = Grant { address, tls: TlsMode::Disable, roots: None };
        Connection::open(grant, Aborts::default()).await.err().unwrap()
    };
    let refused = of(Address::Tcp("127.0.0.1".to_owned(), free)).await;
    assert!(refused.message.contains("nothing listens at 127.0.0.1:") && refused.retryable, "{}", refused.message);
    let unknown = of(Address::Tcp("no-such-host.invalid".to_owned(), 5432)).await;
    assert_eq!((unknown.message.as_str(), unknown.retryable), ("there is no host named no-such-host.invalid", false));
    let socket = of(Address::Unix("/nowhere/.s.PGSQL.5432".to_owned())).await;
    assert_eq!(socket.message, "there is no socket at /nowhere/.s.PGSQL.5432");
}

#[tokio::test]
async fn an_abort_is_sent_as_the_connection_was_protected() {
    let aborts = Aborts::default();
    let (port, _first) = plain_server(b"").await;
    let mut connection = Connection::open(grant(port, TlsMode::Disable, None), aborts.clone()).await.unwrap();
    connection.on_abort(b"abort".to_vec());
    drop(connection);
    aborts.settle().await;

    let shown = shown(&["localhost"], |_| ());
    let (port, server) = tls_server(&shown).await;
    let (mut connection, _) = encrypted(grant(port, TlsMode::Require, None)).await.unwrap();
    connection.aborts = aborts.clone();
    connection.on_abort(b"abort".to_vec());
    drop(connection);
    aborts.settle().await;
    assert_eq!(server.await.unwrap(), b"abort");
}

#[tokio::test]
async fn a_closed_connection_leaves_nothing_to_be_sent() {
    let (port, server) = plain_server(b"").await;
    let aborts = Aborts::default();
    let mut connection = Connection::open(grant(port, TlsMode::Disable, None), aborts.clone()).await.unwrap();
    connection.on_abort(b"abort".to_vec());
    connection.close();
    drop(connection);
    assert!(aborts.tasks.lock().unwrap().0.is_empty());
    assert_eq!(server.await.unwrap(), b"");
}

#[tokio::test]
async fn a_read_takes_what_is_there_and_waits_for_no_more() {
    let (mut near, far) = tokio::io::duplex(64);
    let mut far: Box<dyn Duplex> = Box::new(far);
    near.write_all(b"abc").await.unwrap();
    near.write_all(b"def").await.unwrap();
    assert_eq!(coalesce(&mut far, 4).await.unwrap().0, b"abcd");
    assert_eq!(coalesce(&mut far, 4).await.unwrap().0, b"ef");
    drop(near);
    assert_eq!(coalesce(&mut far, 4).await.unwrap().0, b"");
}

/// Bytes, and then an error.
struct Breaking(bool);

impl AsyncRead for Breaking {
    fn poll_read(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
        buffer: &mut tokio::io::ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        buffer.put_slice(b"last");
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Breaking {
    fn poll_write(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: std::pin::Pin<&mut Self>, _: &mut std::task::Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: std::pin::Pin<&mut Self>, _: &mut std::task::Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn bytes_before_an_error_are_not_lost_and_the_error_neither() {
    let (port, _) = plain_server(b"").await;
    let mut connection = Connection::open(grant(port, TlsMode::Disable, None), Aborts::default()).await.unwrap();
    connection.stream = Some(Box::new(Breaking(false)));
    assert_eq!(connection.read(64).await.unwrap(), b"last");
    let error = connection.read(64).await.unwrap_err();
    assert!(error.message.contains("broke") && error.retryable, "{}", error.message);
}
