//! The names that the statements of one stream use, checked.

use super::{PrepareError, ident, idents, qualified};
use crate::{
    decision::{Publication, WriteDecision},
    ident::{Ident, NAME_BYTES_MAX, QualifiedName},
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
    /// The name of a swapped-in table's key before the old table is gone.
    pub(super) staging_key: Ident,
    /// The name that the server would have given the target's key.
    pub(super) usual_key: Ident,
}

impl Names {
    pub(super) fn new(decision: &WriteDecision) -> Result<Self, PrepareError> {
        let target = qualified(&decision.namespace, &decision.name)?;
        let hash = hash(&decision.staging_seed);
        let staging = ident(&format!("rapidbyte_{hash}"))?;
        let loaded = match decision.publication {
            Publication::Direct => target.clone(),
            Publication::Swap => QualifiedName { schema: target.schema.clone(), name: staging },
            Publication::Refill | Publication::Merge | Publication::Reconcile => {
                QualifiedName { schema: Some(ident("pg_temp")?), name: staging }
            }
        };
        Ok(Self {
            loaded,
            columns: idents(decision.columns.iter().map(|column| &column.name))?,
            primary_key: idents(&decision.primary_key)?,
            staging_key: ident(&format!("rapidbyte_{hash}_pkey"))?,
            usual_key: ident(&usual_key(&decision.name))?,
            target,
        })
    }
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

/// The table's name, cut at a character so that "_pkey" finds room (PostgreSQL source, indexcmds.c, makeObjectName).
fn usual_key(table: &str) -> String {
    const SUFFIX: &str = "_pkey";
    let mut end = table.len().min(NAME_BYTES_MAX - SUFFIX.len());
    while !table.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{SUFFIX}", &table[..end])
}
