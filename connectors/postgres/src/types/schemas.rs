//! Which schemas are there for types that are to be made.

use super::catalog::TextRow;
use crate::{literal::NulError, sql::Sql};
use std::collections::BTreeMap;

/// The query for those of these schemas that exist, with "true" where we may create in it; and a row with an empty name that
/// says whether we may create schemas.
pub fn query(names: &[String]) -> Result<String, NulError> {
    let mut sql = Sql::new().raw(
        "SELECT '', pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')::text UNION ALL \
         SELECT nspname::text, pg_catalog.has_schema_privilege(oid, 'CREATE')::text FROM pg_catalog.pg_namespace \
         WHERE nspname IN (''",
    );
    for name in names {
        sql = sql.raw(", ").literal(name)?;
    }
    Ok(sql.raw(")").done())
}

/// The answer to [`query`]: each schema, and whether we may create in it.
pub fn answer(rows: Vec<TextRow>) -> BTreeMap<String, bool> {
    let pair = |row: TextRow| match <[_; 2]>::try_from(row) {
        Ok([Some(name), Some(may)]) => Some((name, may == "true")),
        _ => None,
    };
    rows.into_iter().filter_map(pair).collect()
}
