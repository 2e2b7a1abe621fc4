//! What a connector may reach: the endpoints that it asks for, so far as they stand in its own section of the sync file.
//! Pure; connecting is the host's business.

use crate::redact::percent_decoded;
use rapidbyte_plans::spec::EndSpec;
use std::path::{Component, Path, PathBuf};

/// Where a byte stream can lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Address {
    /// Host name or IP address, and port.
    Tcp(String, u16),
    /// A socket's path.
    Unix(String),
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp(host, port) if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp(host, port) => write!(f, "{host}:{port}"),
            Self::Unix(path) => f.write_str(path),
        }
    }
}

/// How far a connection is protected; the meanings of PostgreSQL's sslmode (manual, 34.19.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TlsMode {
    Disable,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

impl TlsMode {
    /// The word of the sync file.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }

    /// Nothing but the request for TLS may go out before TLS.
    pub(crate) fn is_demanded(self) -> bool {
        self >= Self::Require
    }
}

/// An endpoint that was granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) address: Address,
    pub(crate) tls: TlsMode,
    /// A file of PEM certificates; none: the system's.
    pub(crate) roots: Option<PathBuf>,
}

/// What one section of a sync file names.
#[derive(Debug, Default)]
struct Named {
    hosts: Vec<String>,
    directories: Vec<PathBuf>,
    ports: Vec<u16>,
    values: Vec<String>,
}

/// Grants each endpoint that the section names; without any host in the section, loopback.
///
/// # Errors
/// The first endpoint, or file of certificates, that the section does not name.
pub(crate) fn decide(end: &EndSpec, asked: Vec<Grant>) -> Result<Vec<Grant>, String> {
    let named = Named::by(end);
    for grant in &asked {
        if !named.covers(&grant.address) {
            return Err(grant.address.to_string());
        }
        if let Some(roots) = &grant.roots
            && !named.values.iter().any(|value| Path::new(value) == roots)
        {
            return Err(format!("the file {}", roots.display()));
        }
    }
    Ok(asked)
}

/// The grant for an address, if there is one.
pub(crate) fn find<'g>(grants: &'g [Grant], wanted: &Address) -> Option<&'g Grant> {
    grants.iter().find(|grant| match (&grant.address, wanted) {
        (Address::Tcp(host, port), Address::Tcp(other, number)) => port == number && host.eq_ignore_ascii_case(other),
        (granted, wanted) => granted == wanted,
    })
}

impl Named {
    fn by(end: &EndSpec) -> Self {
        let mut named = Self::default();
        for (name, value) in &end.settings {
            let value = value.expose();
            named.values.push(value.to_owned());
            match name.as_str() {
                "host" => named.host_list(value),
                "port" => named.port_list(value),
                "url" => named.url(value),
                _ => {}
            }
        }
        named
    }

    /// libpq's form: several hosts, divided by commas; one that begins with a slash is a socket directory.
    fn host_list(&mut self, list: &str) {
        for host in list.split(',').map(str::trim).filter(|host| !host.is_empty()) {
            if host.starts_with('/') {
                self.directories.push(PathBuf::from(host));
            } else {
                self.hosts.push(host.trim_matches(['[', ']']).to_ascii_lowercase());
            }
        }
    }

    fn port_list(&mut self, list: &str) {
        self.ports.extend(list.split(',').filter_map(|port| port.trim().parse::<u16>().ok()));
    }

    /// scheme://user:password@host:port,host:port/database?host=…&port=…
    fn url(&mut self, url: &str) {
        let Some((_, rest)) = url.split_once("://") else { return };
        let (before_query, query) = rest.split_once('?').unwrap_or((rest, ""));
        let authority = before_query.split('/').next().unwrap_or_default();
        let hosts = authority.rsplit_once('@').map_or(authority, |(_, hosts)| hosts);
        for host in hosts.split(',') {
            // The colon of a port stands behind the bracket that ends an IPv6 address.
            let port_at = host.rfind(':').filter(|at| host.rfind(']').is_none_or(|bracket| bracket < *at));
            let (host, port) = port_at.map_or((host, ""), |at| (&host[..at], &host[at + 1..]));
            self.host_list(&percent_decoded(host));
            self.port_list(port);
        }
        for (key, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            let value = percent_decoded(value);
            match key {
                "host" => self.host_list(&value),
                "port" => self.port_list(&value),
                _ => {}
            }
            self.values.push(value);
        }
    }

    fn covers(&self, address: &Address) -> bool {
        match address {
            Address::Tcp(host, port) => self.covers_host(host) && (self.ports.is_empty() || self.ports.contains(port)),
            Address::Unix(path) => self.directories.iter().any(|directory| lies_in(Path::new(path), directory)),
        }
    }

    fn covers_host(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        if self.hosts.is_empty() && self.directories.is_empty() {
            return matches!(host.as_str(), "localhost" | "127.0.0.1" | "::1");
        }
        self.hosts.contains(&host)
    }
}

/// Below the directory, or the directory itself, with no way back up.
fn lies_in(path: &Path, directory: &Path) -> bool {
    path.starts_with(directory) && !path.components().any(|part| part == Component::ParentDir)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rapidbyte_plans::spec::Secret;

    fn granted(settings: &[(&str, &str)], address: Address) -> bool {
        let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), Secret::new(*value))).collect();
        let end = EndSpec { connector: "postgres".to_owned(), settings };
        decide(&end, vec![Grant { address, tls: TlsMode::Disable, roots: None }]).is_ok()
    }

    fn tcp(host: &str, port: u16) -> Address {
        Address::Tcp(host.to_owned(), port)
    }

    #[test]
    fn what_the_section_names_is_granted() {
        assert!(granted(&[("host", "db.example.org")], tcp("DB.example.org", 5432)));
        assert!(granted(&[("host", "a, b")], tcp("b", 1)));
        assert!(granted(&[("url", "postgres://u:p@db:6000/x")], tcp("db", 6000)));
        assert!(granted(&[("url", "postgres://u:p@[::1]:6000/x")], tcp("::1", 6000)));
        assert!(granted(&[("url", "postgres://%2Frun%2Fpg/x")], Address::Unix("/run/pg/.s.PGSQL.5432".to_owned())));
        assert!(granted(&[("url", "postgres:///x?host=/run/pg")], Address::Unix("/run/pg/.s.PGSQL.5432".to_owned())));
        assert!(granted(&[("database", "x")], tcp("localhost", 5432)));
    }

    #[test]
    fn nothing_else_is() {
        let section = [("host", "db"), ("port", "5432")];
        for address in [
            tcp("db", 22),
            tcp("db.evil.org", 5432),
            tcp("127.0.0.1", 5432),
            tcp("localhost", 5432),
            tcp("::ffff:127.0.0.1", 5432),
            tcp("169.254.169.254", 80),
            tcp("0.0.0.0", 5432),
            tcp("", 5432),
            Address::Unix("/run/pg/.s.PGSQL.5432".to_owned()),
        ] {
            assert!(!granted(&section, address.clone()), "{address}");
        }
        assert!(!granted(&[("host", "/run/pg")], tcp("localhost", 5432)));
        assert!(!granted(&[("host", "/run/pg")], Address::Unix("/run/pg/../docker.sock".to_owned())));
        assert!(!granted(&[("host", "/run/pg")], Address::Unix("/run/pgx/s".to_owned())));
        assert!(!granted(&[], tcp("0.0.0.0", 5432)));
        assert!(!granted(&[], tcp("::ffff:127.0.0.1", 5432)));
    }

    #[test]
    fn a_user_name_is_no_host() {
        assert!(!granted(&[("url", "postgres://evil.org:p@db/x")], tcp("evil.org", 5432)));
        assert!(!granted(&[("url", "postgres://u:p@evil.org@db/x")], tcp("evil.org", 5432)));
    }

    #[test]
    fn certificates_are_read_only_where_the_section_names_the_file() {
        let end = |settings: &[(&str, &str)]| EndSpec {
            connector: "postgres".to_owned(),
            settings: settings.iter().map(|(name, value)| ((*name).to_owned(), Secret::new(*value))).collect(),
        };
        let asked = || vec![Grant { address: tcp("db", 1), tls: TlsMode::VerifyCa, roots: Some("/ca.pem".into()) }];
        assert!(decide(&end(&[("host", "db"), ("sslrootcert", "/ca.pem")]), asked()).is_ok());
        assert!(decide(&end(&[("url", "postgres://db/x?sslrootcert=/ca.pem")]), asked()).is_ok());
        assert_eq!(decide(&end(&[("host", "db")]), asked()), Err("the file /ca.pem".to_owned()));
    }
}
