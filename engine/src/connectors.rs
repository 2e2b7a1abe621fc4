//! The connectors that there are: the built-in ones, and those that the caller gave. Owns their bytes and names.

use crate::Side;
use serde::Serialize;
use std::{borrow::Cow, sync::Arc};

/// One component.
#[derive(Clone)]
pub(crate) struct Connector {
    pub(crate) side: Side,
    pub(crate) name: String,
    /// sha256 (hex) of the component.
    pub(crate) sha256: String,
    pub(crate) component: Arc<Cow<'static, [u8]>>,
}

/// A connector, as it describes itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConnectorDescription {
    /// What `use` in a sync file says.
    pub name: String,
    /// Its own version.
    pub version: String,
    /// Source or destination.
    pub side: Side,
    /// What it is, in a line.
    pub summary: String,
    /// sha256 (hex) of the component.
    pub sha256: String,
    /// What it understands.
    pub settings: Vec<SettingDescription>,
    /// What it asks for, in words.
    pub permissions: Vec<String>,
}

/// One setting that a connector understands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SettingDescription {
    /// The key in the sync file.
    pub name: String,
    /// Never shown, logged or stored.
    pub secret: bool,
    /// There is no default.
    pub required: bool,
    /// What it is, in a line.
    pub summary: String,
}

/// The components that come with the engine.
pub(crate) fn built_in() -> Vec<Connector> {
    let built_in = |side, component: &'static [u8], sha256: &str| Connector {
        side,
        name: "postgres".to_owned(),
        sha256: sha256.to_owned(),
        component: Arc::new(Cow::Borrowed(component)),
    };
    vec![
        built_in(
            Side::Source,
            include_bytes!(env!("RAPIDBYTE_SOURCE_POSTGRES_WASM")),
            env!("RAPIDBYTE_SOURCE_POSTGRES_SHA256"),
        ),
        built_in(
            Side::Destination,
            include_bytes!(env!("RAPIDBYTE_DEST_POSTGRES_WASM")),
            env!("RAPIDBYTE_DEST_POSTGRES_SHA256"),
        ),
    ]
}

impl Connector {
    /// A component that the caller brings.
    pub(crate) fn given(side: Side, name: &str, component: Vec<u8>) -> Self {
        let sha256 = crate::sha256::hex(&component);
        Self { side, name: name.to_owned(), sha256, component: Arc::new(Cow::Owned(component)) }
    }
}
