//! The types of arrays of other types, by OID: what a parameter is declared as that holds many values of one column.

use super::catalog::TextRow;
use crate::sql::Sql;
use std::collections::BTreeMap;

/// The query for the types of arrays of these types: one row for each, of two texts, the element's OID and the array's.
pub fn query(oids: &[u32]) -> String {
    Sql::new()
        .raw("SELECT oid::text, typarray::text FROM pg_catalog.pg_type WHERE typarray <> 0 AND oid IN (0")
        .join("", oids, |sql, oid| sql.raw(", ").number(u64::from(*oid)))
        .raw(")")
        .done()
}

/// The answer to [`query`], for each of these types in their order; none: one of them has no arrays.
pub fn answer(rows: &[TextRow], oids: &[u32]) -> Option<Vec<u32>> {
    let oid = |cell: &Option<String>| cell.as_ref()?.parse::<u32>().ok();
    let pair = |row: &TextRow| Some((oid(row.first()?)?, oid(row.get(1)?)?));
    let known: BTreeMap<u32, u32> = rows.iter().filter_map(pair).collect();
    oids.iter().map(|oid| known.get(oid).copied()).collect()
}
