//! What a source offers: the answer to `discover`, and what wildcards are resolved against.

use crate::{
    name::ObjectName,
    observation::{RelationKind, Statistics},
};
use serde::{Deserialize, Serialize};

/// All streams that the source's user may read, ordered by name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Catalog {
    pub streams: Vec<CatalogStream>,
}

/// One table or view that can be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogStream {
    /// As the source stores it.
    pub name: ObjectName,
    /// What it is.
    pub kind: RelationKind,
    /// Name and native type, in order.
    pub columns: Vec<(String, String)>,
    /// The primary key; empty: none.
    pub key: Vec<String>,
    /// Estimates.
    pub statistics: Statistics,
}
