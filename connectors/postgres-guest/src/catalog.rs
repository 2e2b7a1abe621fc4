//! Answers of the catalogs in the contract's words.

use crate::{error::internal, session::Session};
use rapidbyte_postgres::{
    relation,
    types::{
        catalog::{self, Types},
        known,
    },
};
use rapidbyte_sdk::types::{Error, RelationKind};
use serde::de::DeserializeOwned;

/// What the JSON in a row's one column says.
///
/// # Errors
/// Another form than the query has.
pub fn json_row<T: DeserializeOwned>(row: &[Option<String>]) -> Result<T, Error> {
    let text = row.first().and_then(Option::as_deref).ok_or_else(|| internal("the catalogue gave no answer"))?;
    serde_json::from_str(text).map_err(|error| internal(format!("the catalogue's answer does not parse: {error}")))
}

/// The contract's word for a kind of relation.
pub fn relation_kind(kind: relation::RelationKind) -> RelationKind {
    match kind {
        relation::RelationKind::Table => RelationKind::Table,
        relation::RelationKind::PartitionedTable => RelationKind::PartitionedTable,
        relation::RelationKind::ForeignTable => RelationKind::ForeignTable,
        relation::RelationKind::View => RelationKind::View,
        relation::RelationKind::MaterializedView => RelationKind::MaterializedView,
        relation::RelationKind::Other => RelationKind::Other,
    }
}

/// These types and all that they are made of.
///
/// # Errors
/// A broken session, or an answer that is none.
pub fn types(session: &mut Session, oids: &[u32]) -> Result<Types, Error> {
    let unknown = known::unknown(oids.iter().copied());
    let rows = if unknown.is_empty() { Vec::new() } else { session.query(&catalog::types_query(&unknown))?.rows };
    Types::parse(&rows).map_err(internal)
}
