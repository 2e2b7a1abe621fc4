//! The names that the statements of one stream use, checked.

use super::{PrepareError, ident, idents, parts, qualified};
use crate::{
    decision::{Publication, WriteDecision},
    ident::{Ident, QualifiedName},
};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

pub(super) struct Names {
    /// Where rows are to be seen.
    pub(super) target: QualifiedName,
    /// Where rows enter: the target itself, or what is published later.
    pub(super) loaded: QualifiedName,
    /// The columns written.
    pub(super) columns: Vec<Ident>,
    /// The primary key to make; empty: none.
    pub(super) primary_key: Vec<Ident>,
}

impl Names {
    pub(super) fn new(decision: &WriteDecision) -> Result<Self, PrepareError> {
        let target = qualified(&decision.namespace, &decision.name)?;
        let staging = staging(&decision.staging_seed)?;
        let loaded = match decision.publication {
            _ if decision.parts => parts::loaded(decision)?,
            Publication::Direct => target.clone(),
            Publication::Swap => QualifiedName { schema: target.schema.clone(), name: staging },
            Publication::Refill | Publication::Merge | Publication::Reconcile | Publication::Sweep => {
                QualifiedName { schema: Some(ident("pg_temp")?), name: staging }
            }
        };
        Ok(Self {
            loaded,
            columns: idents(decision.columns.iter().map(|column| &column.name))?,
            primary_key: idents(&decision.primary_key)?,
            target,
        })
    }

    /// What rows entered, once it is in the schema of the target.
    pub(super) fn beside(&self) -> QualifiedName {
        QualifiedName { schema: self.target.schema.clone(), name: self.loaded.name.clone() }
    }
}

/// What has a name of its own later, until then.
pub(super) fn staging(seed: &str) -> Result<Ident, PrepareError> {
    ident(&format!("rapidbyte_{}", hash(seed)))
}

/// A name made of other names would be cut at 63 bytes and could meet another; 80 bits of a hash do not.
fn hash(seed: &str) -> String {
    const HASH_BYTES: usize = 10;
    Sha256::digest(seed.as_bytes()).iter().take(HASH_BYTES).fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
