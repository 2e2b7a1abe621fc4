//! Where and as whom to connect: a URL or fields become one checked [`Config`]. The password is never shown.

use percent_encoding::percent_decode_str;
use std::fmt;

/// PostgreSQL's registered port.
const PORT: u16 = 5432;

/// How far a connection is protected (PostgreSQL manual, "SSL Mode Descriptions").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum SslMode {
    Disable,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// Where the server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// Host name or address, and port.
    Tcp(String, u16),
    /// The socket's path.
    Unix(String),
}

/// All that logging in needs.
#[derive(Clone, PartialEq, Eq)]
pub struct Config {
    /// Where.
    pub address: Address,
    /// The role.
    pub user: String,
    /// Its password, where one is given.
    pub password: Option<String>,
    /// The database.
    pub database: String,
    /// How far the connection is protected.
    pub sslmode: SslMode,
    /// A file of root certificates.
    pub sslrootcert: Option<String>,
}

/// What is wrong with the settings, in words for the user; never a value of them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{setting}: {problem}")]
pub struct ConfigError {
    /// The setting concerned.
    pub setting: &'static str,
    /// What is wrong, and what to do.
    pub problem: &'static str,
}

const fn wrong(setting: &'static str, problem: &'static str) -> ConfigError {
    ConfigError { setting, problem }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config").field("address", &self.address).field("user", &self.user).finish_non_exhaustive()
    }
}

impl Config {
    /// From the settings of a section of the sync file: `url`, or `host`, `port`, `database`, `user`, `password`,
    /// `sslmode`, `sslrootcert`; a field beside a URL wins over the URL's part.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn from_settings<'a>(settings: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Self, ConfigError> {
        let mut parts = Parts::default();
        let mut fields = Parts::default();
        for (name, value) in settings {
            match name {
                "url" => parts = Parts::from_url(value)?,
                _ => fields.set(name, value.to_owned())?,
            }
        }
        parts.overlay(fields).config()
    }

    /// "host:port/database", for people.
    pub fn endpoint(&self) -> String {
        match &self.address {
            Address::Tcp(host, port) if host.contains(':') => format!("[{host}]:{port}/{}", self.database),
            Address::Tcp(host, port) => format!("{host}:{port}/{}", self.database),
            Address::Unix(path) => format!("{path}/{}", self.database),
        }
    }
}

#[derive(Default)]
struct Parts {
    host: Option<String>,
    port: Option<u16>,
    user: Option<String>,
    password: Option<String>,
    database: Option<String>,
    sslmode: Option<SslMode>,
    sslrootcert: Option<String>,
}

impl Parts {
    fn set(&mut self, name: &str, value: String) -> Result<(), ConfigError> {
        match name {
            "host" => self.host = Some(value),
            "port" => self.port = Some(value.parse().map_err(|_| wrong("port", "is no port number"))?),
            "database" | "dbname" => self.database = Some(value),
            "user" => self.user = Some(value),
            "password" => self.password = Some(value),
            "sslmode" => self.sslmode = Some(sslmode(&value)?),
            "sslrootcert" => self.sslrootcert = Some(value),
            _ => {
                return Err(wrong(
                    "url",
                    "has a parameter that is not known; use host, port, user, sslmode, sslrootcert",
                ));
            }
        }
        Ok(())
    }

    fn overlay(mut self, over: Self) -> Self {
        self.host = over.host.or(self.host);
        self.port = over.port.or(self.port);
        self.user = over.user.or(self.user);
        self.password = over.password.or(self.password);
        self.database = over.database.or(self.database);
        self.sslmode = over.sslmode.or(self.sslmode);
        self.sslrootcert = over.sslrootcert.or(self.sslrootcert);
        self
    }

    /// `postgres://[user[:password]@][host][:port][/database][?name=value&…]` (PostgreSQL manual, "Connection URIs").
    fn from_url(url: &str) -> Result<Self, ConfigError> {
        let rest = url.strip_prefix("postgres://").or_else(|| url.strip_prefix("postgresql://"));
        let rest = rest.ok_or(wrong("url", "does not begin with postgres:// or postgresql://"))?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, place) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = login.split_once(':').map_or((login, None), |(user, word)| (user, Some(word)));
        let (host, port) = host_and_port(place)?;
        let mut parts = Self { password: password.map(decode).transpose()?, ..Self::default() };
        parts.user = some(decode(user)?);
        parts.host = some(decode(host)?);
        parts.database = some(decode(database)?);
        if !port.is_empty() {
            parts.set("port", port.to_owned())?;
        }
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').ok_or(wrong("url", "has a parameter without a value"))?;
            parts.set(name, decode(value)?)?;
        }
        Ok(parts)
    }

    fn config(self) -> Result<Config, ConfigError> {
        let host = self.host.unwrap_or_else(|| "localhost".to_owned());
        if host.contains(',') {
            return Err(wrong("host", "names several hosts; name one"));
        }
        let port = self.port.unwrap_or(PORT);
        let address = match host.strip_prefix('/') {
            Some(_) => Address::Unix(format!("{}/.s.PGSQL.{port}", host.trim_end_matches('/'))),
            None => Address::Tcp(host, port),
        };
        let user = self.user.ok_or(wrong("user", "is missing; name the role in the URL or as user = \"…\""))?;
        let database = self.database.unwrap_or_else(|| user.clone());
        if [&user, &database].into_iter().chain(&self.password).any(|text| text.contains('\0')) {
            return Err(wrong("url", "holds a NUL byte"));
        }
        let sslmode = self.sslmode.unwrap_or_else(|| default_sslmode(&address));
        Ok(Config { address, user, password: self.password, database, sslmode, sslrootcert: self.sslrootcert })
    }
}

/// Everything that leaves the machine is verified unless the user says otherwise.
fn default_sslmode(address: &Address) -> SslMode {
    match address {
        Address::Unix(_) => SslMode::Disable,
        Address::Tcp(host, _) if is_loopback(host) => SslMode::Prefer,
        Address::Tcp(..) => SslMode::VerifyFull,
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn host_and_port(place: &str) -> Result<(&str, &str), ConfigError> {
    if let Some(rest) = place.strip_prefix('[') {
        let (host, port) = rest.split_once(']').ok_or(wrong("url", "has a [ without its ]"))?;
        return Ok((host, port.strip_prefix(':').unwrap_or("")));
    }
    Ok(place.rsplit_once(':').unwrap_or((place, "")))
}

fn sslmode(value: &str) -> Result<SslMode, ConfigError> {
    match value {
        "disable" => Ok(SslMode::Disable),
        "prefer" => Ok(SslMode::Prefer),
        "require" => Ok(SslMode::Require),
        "verify-ca" => Ok(SslMode::VerifyCa),
        "verify-full" => Ok(SslMode::VerifyFull),
        _ => Err(wrong("sslmode", "is none of disable, prefer, require, verify-ca, verify-full")),
    }
}

fn decode(text: &str) -> Result<String, ConfigError> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(std::borrow::Cow::into_owned).map_err(|_| wrong("url", "does not decode to UTF-8"))
}

fn some(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(settings: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::from_settings(settings.iter().copied())
    }

    #[test]
    fn url_with_everything() {
        let url = "postgresql://ann%40x:p%3Aw%2F@db.example.org:6432/shop?sslmode=require&sslrootcert=/etc/ca.pem";
        let config = config(&[("url", url)]).unwrap();
        assert_eq!(config.address, Address::Tcp("db.example.org".into(), 6432));
        assert_eq!((config.user.as_str(), config.password.as_deref()), ("ann@x", Some("p:w/")));
        assert_eq!((config.database.as_str(), config.sslmode), ("shop", SslMode::Require));
        assert_eq!(config.sslrootcert.as_deref(), Some("/etc/ca.pem"));
    }

    #[test]
    fn fields_win_over_the_url() {
        let config = config(&[("host", "/run/pg"), ("url", "postgres://ann@far/shop"), ("port", "5433")]).unwrap();
        assert_eq!(config.address, Address::Unix("/run/pg/.s.PGSQL.5433".into()));
        assert_eq!(config.sslmode, SslMode::Disable);
    }

    #[test]
    fn what_leaves_the_machine_is_verified() {
        for (host, mode) in [
            ("localhost", SslMode::Prefer),
            ("127.0.0.9", SslMode::Prefer),
            ("[::1]", SslMode::Prefer),
            ("db", SslMode::VerifyFull),
            ("localhost.evil.org", SslMode::VerifyFull),
        ] {
            assert_eq!(config(&[("url", &format!("postgres://ann@{host}/x"))]).unwrap().sslmode, mode, "{host}");
        }
    }

    #[test]
    fn mistakes_name_the_setting() {
        for (settings, setting) in [
            (&[("url", "mysql://x")][..], "url"),
            (&[("url", "postgres://ann@h:99999/x")], "port"),
            (&[("url", "postgres://ann@h/x?sslmode=maybe")], "sslmode"),
            (&[("url", "postgres://h/x")], "user"),
            (&[("url", "postgres://ann@a,b/x")], "host"),
            (&[("url", "postgres://ann@h/x?flavour=1")], "url"),
        ] {
            assert_eq!(config(settings).unwrap_err().setting, setting);
        }
    }

    #[test]
    fn debug_hides_the_password() {
        let config = config(&[("url", "postgres://ann:hunter2@h/x")]).unwrap();
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
