//! What a destination needs to know of a table for refused rows: whether it is there and can take them.

use super::{RelationKind, of_relation};
use crate::{ident::QualifiedName, literal::NulError, prepare::REJECTED_COLUMNS, sql::Sql};
use serde::Deserialize;

/// A relation that has the name of a table for refused rows.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuarantineTable {
    kind: RelationKind,
    /// We may add rows.
    pub may_insert: bool,
    row_level_security: bool,
    columns: Vec<QuarantineColumn>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct QuarantineColumn {
    name: String,
    native: String,
    /// It takes no NULL and has no value of its own.
    required: bool,
    generated: bool,
}

/// The query for one such relation: a row of [`QuarantineTable`], or none.
///
/// # Errors
/// A name with a NUL byte.
pub fn quarantine_query(name: &QualifiedName) -> Result<String, NulError> {
    let sql = Sql::new().raw(
        "SELECT json_build_object('kind', c.relkind, 'may_insert', pg_catalog.has_table_privilege(c.oid, 'INSERT'), \
         'row_level_security', pg_catalog.row_security_active(c.oid), \
         'columns', (SELECT coalesce(json_agg(json_build_object('name', a.attname, \
         'native', pg_catalog.format_type(a.atttypid, a.atttypmod), 'generated', a.attgenerated <> '' OR a.attidentity = 'a', \
         'required', a.attnotnull AND NOT a.atthasdef AND a.attidentity = '') ORDER BY a.attnum), '[]') \
         FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped))::text",
    );
    Ok(of_relation(sql, name)?.done())
}

impl QuarantineTable {
    /// Why it cannot take refused rows. Columns of others are no obstacle where they can be left out.
    pub fn unfit(&self) -> Option<String> {
        if !matches!(self.kind, RelationKind::Table | RelationKind::PartitionedTable) {
            return Some("it is no table".to_owned());
        }
        if self.row_level_security {
            return Some("row-level security holds for this user".to_owned());
        }
        let of_ours = |name: &str| REJECTED_COLUMNS.iter().any(|(ours, ..)| *ours == name);
        let lacking = REJECTED_COLUMNS.iter().find_map(|(name, ty, _)| self.lacks(name, ty));
        let demanded = self.columns.iter().find(|column| column.required && !of_ours(&column.name));
        lacking
            .or_else(|| demanded.map(|column| format!("its column {} takes no NULL, and has no default", column.name)))
    }

    fn lacks(&self, name: &str, ty: &str) -> Option<String> {
        match self.columns.iter().find(|column| column.name == name) {
            None => Some(format!("it has no column {name}")),
            Some(column) if column.generated => Some(format!("its column {name} is generated")),
            Some(column) if column.native != ty => Some(format!("its column {name} is {}, not {ty}", column.native)),
            Some(_) => None,
        }
    }
}
