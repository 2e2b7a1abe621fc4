//! The settings of a PostgreSQL section: what they are called, and what endpoint they lead to.

use crate::error::config_error;
use rapidbyte_postgres::client::{self, Config, SslMode};
use rapidbyte_sdk::types::{Address, Endpoint, Error, Setting, TlsMode};

/// Name, secret, summary; none is required, since a URL can hold them all.
const SETTINGS: &[(&str, bool, &str)] = &[
    ("url", true, "postgres://user:password@host:port/database?sslmode=verify-full"),
    ("host", false, "host name or address, or the folder of a Unix socket; default localhost"),
    ("port", false, "default 5432"),
    ("database", false, "default: the user's name"),
    ("user", false, "the role to log in as"),
    ("password", true, "its password"),
    (
        "sslmode",
        false,
        "disable, prefer, require, verify-ca, verify-full; default verify-full unless the host is this machine",
    ),
    ("sslrootcert", false, "a file of root certificates; default: the system's"),
];

/// What a section may hold.
pub fn described_settings() -> Vec<Setting> {
    let setting = |&(name, secret, summary): &(&str, bool, &str)| Setting {
        name: name.to_owned(),
        secret,
        required: false,
        summary: summary.to_owned(),
    };
    SETTINGS.iter().map(setting).collect()
}

/// The checked configuration of a section.
///
/// # Errors
/// What is wrong with it.
pub fn pg_config(settings: &[(String, String)]) -> Result<Config, Error> {
    let pairs = settings.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    Config::from_settings(pairs).map_err(|error| config_error(&error))
}

/// The one endpoint that a section leads to.
///
/// # Errors
/// What is wrong with the section.
pub fn endpoints(settings: &[(String, String)]) -> Result<Vec<Endpoint>, Error> {
    let config = pg_config(settings)?;
    let tls = match config.sslmode {
        SslMode::Disable => TlsMode::Disable,
        SslMode::Prefer => TlsMode::Prefer,
        SslMode::Require => TlsMode::Require,
        SslMode::VerifyCa => TlsMode::VerifyCa,
        SslMode::VerifyFull => TlsMode::VerifyFull,
    };
    Ok(vec![Endpoint { address: address(&config), tls, root_certificates: config.sslrootcert }])
}

pub(crate) fn address(config: &Config) -> Address {
    match &config.address {
        client::Address::Tcp(host, port) => Address::Tcp((host.clone(), *port)),
        client::Address::Unix(path) => Address::Unix(path.clone()),
    }
}
