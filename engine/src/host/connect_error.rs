//! What can go wrong with a connection, in words for people. Owns these words; they hold addresses, never bytes.

use crate::{Category, ConnectorError, Scope, grants::Address};
use rustls::CertificateError;
use std::io;

/// An error of a connection to `address`.
fn error(category: Category, address: &Address, message: impl Into<String>) -> ConnectorError {
    ConnectorError {
        category,
        scope: Scope::Run,
        retryable: false,
        code: None,
        subject: Some(address.to_string()),
        message: message.into(),
        advice: None,
    }
}

fn passing(mut error: ConnectorError) -> ConnectorError {
    error.retryable = true;
    error
}

fn advised(mut error: ConnectorError, advice: &str) -> ConnectorError {
    error.advice = Some(advice.to_owned());
    error
}

/// The address was not granted.
pub(super) fn not_granted(address: &Address) -> ConnectorError {
    error(Category::Permission, address, format!("{address} was not granted to this connector"))
}

/// A bound of the host or a rule of the contract stands in the way.
pub(super) fn not_allowed(address: &Address, message: &str) -> ConnectorError {
    error(Category::Permission, address, message)
}

/// No address could be found for the name.
pub(super) fn no_such_host(address: &Address) -> ConnectorError {
    let host = match address {
        Address::Tcp(host, _) => host,
        Address::Unix(path) => path,
    };
    advised(
        error(Category::Network, address, format!("there is no host named {host}")),
        "check the host in the sync file",
    )
}

/// Nothing answered in time.
pub(super) fn timed_out(address: &Address, secs: u64) -> ConnectorError {
    let message = format!("{address} did not answer within {secs} s");
    passing(advised(
        error(Category::Network, address, message),
        "is the server up, and does a firewall let us through?",
    ))
}

/// The system's answer to an attempt to connect.
pub(super) fn connecting(address: &Address, cause: &io::Error) -> ConnectorError {
    let unix = matches!(address, Address::Unix(_));
    match cause.kind() {
        io::ErrorKind::ConnectionRefused => {
            let message = format!("nothing listens at {address}");
            passing(advised(
                error(Category::Network, address, message),
                "is the server running, and do host and port fit?",
            ))
        }
        io::ErrorKind::NotFound if unix => {
            let message = format!("there is no socket at {address}");
            passing(advised(
                error(Category::Network, address, message),
                "is the server running, and is this its socket folder?",
            ))
        }
        io::ErrorKind::PermissionDenied if unix => {
            error(Category::Network, address, format!("this user may not open the socket {address}"))
        }
        _ => passing(error(Category::Network, address, format!("{address} cannot be reached: {cause}"))),
    }
}

/// A connection that broke, or that TLS ended.
pub(super) fn broken(address: &Address, cause: &io::Error) -> ConnectorError {
    match tls_cause(cause) {
        Some(cause) => handshake(address, cause),
        None if cause.kind() == io::ErrorKind::TimedOut => {
            passing(error(Category::Network, address, format!("{address} stopped answering")))
        }
        None => passing(error(Category::Network, address, format!("the connection to {address} broke: {cause}"))),
    }
}

/// A TLS handshake that failed.
pub(super) fn starting_tls(address: &Address, cause: &io::Error) -> ConnectorError {
    match tls_cause(cause) {
        Some(cause) => handshake(address, cause),
        None => passing(error(
            Category::Network,
            address,
            format!("{address} ended the connection during the TLS handshake"),
        )),
    }
}

/// The file of certificates is of no use.
pub(super) fn bad_roots(address: &Address, what: &str) -> ConnectorError {
    let error = error(Category::Config, address, format!("no certificates to verify {address} with: {what}"));
    advised(error, "set `sslrootcert` to a file of PEM certificates")
}

/// TLS where the grant has none.
pub(super) fn tls_not_granted(address: &Address) -> ConnectorError {
    error(Category::Config, address, format!("TLS was not granted for {address}"))
}

/// The host's name cannot stand in a certificate.
pub(super) fn bad_name(address: &Address) -> ConnectorError {
    error(Category::Tls, address, format!("{address} is no name that a certificate can hold"))
}

/// rustls itself could not be set up.
pub(super) fn tls_setup(address: &Address, cause: &rustls::Error) -> ConnectorError {
    error(Category::Internal, address, format!("TLS cannot be set up: {cause}"))
}

fn tls_cause(cause: &io::Error) -> Option<&rustls::Error> {
    cause.get_ref()?.downcast_ref::<rustls::Error>()
}

fn handshake(address: &Address, cause: &rustls::Error) -> ConnectorError {
    match cause {
        rustls::Error::InvalidCertificate(cause) => certificate(address, cause),
        rustls::Error::InvalidMessage(_) => {
            let message = format!("{address} does not speak TLS");
            advised(error(Category::Tls, address, message), "let the server speak TLS, or lower `sslmode`")
        }
        other => error(Category::Tls, address, format!("TLS with {address} failed: {other}")),
    }
}

fn certificate(address: &Address, cause: &CertificateError) -> ConnectorError {
    use CertificateError as C;
    let (what, advice) = match cause {
        C::Expired | C::ExpiredContext { .. } => ("has expired", "renew the server's certificate"),
        C::NotValidYet | C::NotValidYetContext { .. } => ("is not valid yet", "compare the clocks of both machines"),
        C::UnknownIssuer => (
            "was signed by nobody that is trusted here",
            "set `sslrootcert` to the certificate of the authority that signed it",
        ),
        C::NotValidForName | C::NotValidForNameContext { .. } => (
            "names another host",
            "use the name that stands in the certificate, or sslmode=verify-ca where the network is trusted",
        ),
        C::Revoked => ("was revoked", "renew the server's certificate"),
        C::BadSignature => (
            "was signed by another authority of the same name, or is forged",
            "set `sslrootcert` to the certificate of the authority that signed it",
        ),
        C::BadEncoding => ("is damaged", "ask who runs the server"),
        C::Other(other) if other.0.to_string().contains("CaUsedAsEndEntity") => (
            "is that of an authority, not of a server",
            "sign a certificate for the server with it, and let the server show that one",
        ),
        _ => {
            let message = format!("the certificate of {address} was refused: {cause}");
            return error(Category::Tls, address, message);
        }
    };
    advised(error(Category::Tls, address, format!("the certificate of {address} {what}")), advice)
}
