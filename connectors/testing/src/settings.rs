//! What the sync file asks of this connector.

use crate::fault::{self, Act};
use rapidbyte_sdk::types::{Address, Description, Endpoint, Error, Role, Setting, TlsMode};

#[derive(Clone, Default)]
pub(crate) struct Settings {
    /// (fault, place)
    faults: Vec<(String, String)>,
    pub(crate) rows: u64,
    target: Option<(String, u16)>,
    pub(crate) password: String,
}

impl Settings {
    pub(crate) fn of(settings: &[(String, String)]) -> Self {
        let get = |name: &str| settings.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
        Self {
            faults: faults(get("mode")),
            rows: get("rows").parse().unwrap_or(3),
            target: get("port").parse().ok().map(|port| (get("host").to_owned(), port)),
            password: get("password").to_owned(),
        }
    }

    /// Faults for functions that get no settings: they stand in a decision.
    pub(crate) fn with_mode(mode: &str) -> Self {
        Self { faults: faults(mode), ..Self::default() }
    }

    /// Does what was asked for at this place; an error to return, where that is it.
    pub(crate) fn at(&self, place: &str) -> Result<(), Error> {
        for (fault, _) in self.faults.iter().filter(|(_, at)| at == place) {
            fault::commit(&Act { fault, password: &self.password, target: self.address() })?;
        }
        Ok(())
    }

    /// The fault was asked for at this place; the caller knows how to commit it.
    pub(crate) fn has(&self, fault: &str, place: &str) -> bool {
        self.faults.iter().any(|(asked, at)| asked == fault && at == place)
    }

    pub(crate) fn address(&self) -> Option<Address> {
        self.target.clone().map(Address::Tcp)
    }

    /// What the sync file names, and what `ask:HOST:PORT` at "endpoints" says beyond it.
    pub(crate) fn endpoints(&self) -> Vec<Endpoint> {
        let asked = self.faults.iter().filter_map(|(fault, _)| {
            let (host, port) = fault.strip_prefix("ask:")?.rsplit_once(':')?;
            Some(Address::Tcp((host.to_owned(), port.parse().ok()?)))
        });
        let endpoint = |address| Endpoint { address, tls: TlsMode::Disable, root_certificates: None };
        self.address().into_iter().chain(asked).map(endpoint).collect()
    }
}

fn faults(mode: &str) -> Vec<(String, String)> {
    let pairs = mode.split_whitespace().filter_map(|word| word.rsplit_once('@'));
    pairs.map(|(fault, place)| (fault.to_owned(), place.to_owned())).collect()
}

pub(crate) fn description(role: Role) -> Description {
    let setting =
        |name: &str, secret| Setting { name: name.to_owned(), secret, required: false, summary: String::new() };
    Description {
        name: "testing".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        role,
        summary: "misbehaves on request".to_owned(),
        settings: vec![setting("mode", false), setting("rows", false), setting("password", true)],
        permissions: Vec::new(),
    }
}
