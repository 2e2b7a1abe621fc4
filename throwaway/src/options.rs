//! What a caller may ask of a server. Plain values; they are made into files and arguments in `server`.

use std::{fmt, path::PathBuf, time::Duration};

/// How users prove who they are, over TCP and over the Unix socket alike.
#[derive(Clone, PartialEq, Eq, Default)]
pub enum Auth {
    /// They do not: anyone on this machine is let in. The data is thrown away, after all.
    #[default]
    Trust,
    /// SCRAM-SHA-256, with the superuser's password.
    Scram(String),
    /// md5, with the superuser's password.
    Md5(String),
    /// The password in clear text, as PostgreSQL calls `password`.
    Cleartext(String),
}

impl Auth {
    /// The method's name in `pg_hba.conf` (manual, chapter "Client Authentication").
    pub(crate) fn method(&self) -> &'static str {
        match self {
            Self::Trust => "trust",
            Self::Scram(_) => "scram-sha-256",
            Self::Md5(_) => "md5",
            Self::Cleartext(_) => "password",
        }
    }

    /// The superuser's password, where there is one.
    pub(crate) fn password(&self) -> Option<&str> {
        match self {
            Self::Trust => None,
            Self::Scram(password) | Self::Md5(password) | Self::Cleartext(password) => Some(password),
        }
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.method())
    }
}

/// Certificate and key, as PEM files. They are copied, so the originals may have any owner and mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// The server's certificate, and its chain.
    pub certificate: PathBuf,
    /// Its private key, without a passphrase.
    pub key: PathBuf,
}

/// What a server is to be like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The name of the superuser.
    pub superuser: String,
    /// How users prove who they are.
    pub auth: Auth,
    /// Lines of `pg_hba.conf` that come before ours; the first that matches counts.
    pub hba: Vec<String>,
    /// TLS on the TCP port; none: the server answers `SSLRequest` with `N`.
    pub tls: Option<Tls>,
    /// True: fsync and all that makes commits durable stay on, as benches need. False: off, several times faster.
    pub durable: bool,
    /// More settings, by name and value; they win over ours.
    pub settings: Vec<(String, String)>,
    /// How long initdb and start may take together.
    pub start_limit: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            superuser: "postgres".to_owned(),
            auth: Auth::default(),
            hba: Vec::new(),
            tls: None,
            durable: false,
            settings: Vec::new(),
            // One second is usual; a loaded machine with two cores and a dozen tests has been seen to need ten.
            start_limit: Duration::from_mins(1),
        }
    }
}
