//! The catalog queries for types, as SQL whose result is one text column, and their parser. What a catalog says is
//! hostile: names are checked, trees are bounded in depth and size, text of a modifier is taken only where it is plain.

use super::{DEPTH_MAX, Field, Kind, PgType, known::KNOWN};
use crate::{
    ident::{IdentError, QualifiedName},
    literal::NulError,
    sql::Sql,
};
use serde::Deserialize;
use std::collections::BTreeMap;

/// One row of a text-format result.
pub type TextRow = Vec<Option<String>>;

/// Types in one tree: a table with the widest rows has 1,600 columns (PostgreSQL source, access/htup_details.h,
/// MaxHeapAttributeNumber); more is a tree made to fill our memory.
const NODES_MAX: usize = 4_096;

/// Why a catalog's answer is no model of types.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The answer is not of the query's form.
    #[error("the catalog's answer about types does not parse")]
    Malformed(#[source] Option<serde_json::Error>),
    /// The server does not know the type.
    #[error("the catalog has no type with OID {oid}")]
    Missing {
        /// The OID.
        oid: u32,
    },
    /// A name that no server would store.
    #[error("the catalog holds an impossible name")]
    Name(#[from] IdentError),
}

/// The query for types by OID and all that they are made of. One row per type; one text column, JSON.
pub fn types_query(oids: &[u32]) -> String {
    let start = Sql::new()
        .raw("SELECT u.oid FROM (VALUES (0::pg_catalog.oid)")
        .join("", oids, |sql, oid| sql.raw(", (").number(u64::from(*oid)).raw("::pg_catalog.oid)"))
        .raw(") AS u(oid)");
    closure_query(&start)
}

/// The query for those of the named types (schema, name) that exist, for the base types of the named extensions in
/// whatever schema they are, and for all that they are made of.
pub fn named_types_query(names: &[(String, String)], extensions: &[String]) -> Result<String, NulError> {
    let mut start = Sql::new().raw(
        "SELECT t.oid FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace \
         WHERE (n.nspname, t.typname) IN (('', '')",
    );
    for (schema, name) in names {
        start = start.raw(", (").literal(schema)?.raw(", ").literal(name)?.raw(")");
    }
    start = start.raw(
        ") UNION ALL SELECT d.objid FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid \
         WHERE d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass \
         AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype = 'e' AND e.extname IN (''",
    );
    for extension in extensions {
        start = start.raw(", ").literal(extension)?;
    }
    Ok(closure_query(&start.raw(")")))
}

/// The query for the columns of a relation, in their order: see [`columns`].
pub fn columns_query(relation: &QualifiedName) -> Result<String, NulError> {
    Ok(Sql::new()
        .raw("SELECT json_build_object('name', a.attname, 'oid', a.atttypid::int8, 'typmod', a.atttypmod, 'modifier', ")
        .raw(MODIFIER)
        .raw(
            ", 'not_null', a.attnotnull, 'has_default', a.atthasdef AND a.attgenerated = '', \
             'generated', a.attgenerated <> '', 'identity', a.attidentity, \
             'comment', pg_catalog.col_description(c.oid, a.attnum))::text FROM pg_catalog.pg_attribute a \
             JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             JOIN pg_catalog.pg_type f ON f.oid = a.atttypid \
             WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relname = ",
        )
        .literal(relation.name.as_str())?
        .raw(" AND n.nspname = ")
        .literal(relation.schema.as_ref().map_or("", |schema| schema.as_str()))?
        .raw(" ORDER BY a.attnum")
        .done())
}

/// What the modifier of `a`'s type `f` adds to the type's name. Only asked for types of extensions: the others' we know.
const MODIFIER: &str = "CASE WHEN a.atttypmod >= 0 AND f.typnamespace <> 'pg_catalog'::pg_catalog.regnamespace THEN \
     pg_catalog.substr(pg_catalog.format_type(a.atttypid, a.atttypmod), \
     pg_catalog.length(pg_catalog.format_type(a.atttypid, NULL)) + 1) END";

/// Follows domains, elements, fields, subtypes and ranges from the types that `start` selects.
fn closure_query(start: &Sql) -> String {
    Sql::new()
        .raw("WITH RECURSIVE need(oid) AS (")
        .part(start)
        .raw(
            " UNION SELECT d.oid FROM need JOIN pg_catalog.pg_type t ON t.oid = need.oid CROSS JOIN LATERAL (\
             SELECT t.typbasetype WHERE t.typtype = 'd' \
             UNION ALL SELECT t.typelem WHERE t.typelem <> 0 \
             UNION ALL SELECT a.atttypid FROM pg_catalog.pg_attribute a \
             WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped \
             UNION ALL SELECT r.rngsubtype FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid \
             UNION ALL SELECT r.rngtypid FROM pg_catalog.pg_range r WHERE r.rngmultitypid = t.oid) AS d(oid)) \
             SELECT json_build_object('oid', t.oid::int8, 'schema', n.nspname, 'name', t.typname, 'type', t.typtype, \
             'element', CASE WHEN t.typinput = 'pg_catalog.array_in'::pg_catalog.regproc THEN t.typelem::int8 END, \
             'delimiter', coalesce(e.typdelim, ','), 'base', t.typbasetype::int8, 'typmod', t.typtypmod, \
             'send', t.typsend <> 0, 'recv', t.typreceive <> 0, 'extension', (SELECT x.extname \
             FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension x ON x.oid = d.refobjid \
             WHERE d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.objid = t.oid \
             AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype = 'e'), \
             'labels', (SELECT json_agg(l.enumlabel ORDER BY l.enumsortorder) FROM pg_catalog.pg_enum l \
             WHERE l.enumtypid = t.oid), \
             'fields', (SELECT json_agg(json_build_object('name', a.attname, 'oid', a.atttypid::int8, \
             'typmod', a.atttypmod, 'modifier', ",
        )
        .raw(MODIFIER)
        .raw(
            ") ORDER BY a.attnum) FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type f ON f.oid = a.atttypid \
             WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped), \
             'subtype', (SELECT r.rngsubtype::int8 FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid), \
             'range', (SELECT r.rngtypid::int8 FROM pg_catalog.pg_range r WHERE r.rngmultitypid = t.oid))::text \
             FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace \
             LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem \
             WHERE t.oid IN (SELECT need.oid FROM need) ORDER BY t.oid",
        )
        .done()
}

/// One type as the catalog has it, its parts by OID.
#[derive(Debug, Deserialize)]
struct Entry {
    oid: u32,
    schema: String,
    name: String,
    r#type: char,
    element: Option<u32>,
    delimiter: char,
    base: u32,
    typmod: i32,
    send: bool,
    recv: bool,
    extension: Option<String>,
    labels: Option<Vec<String>>,
    fields: Option<Vec<EntryField>>,
    subtype: Option<u32>,
    range: Option<u32>,
}

#[derive(Debug, Deserialize)]
struct EntryField {
    name: String,
    oid: u32,
    typmod: i32,
    modifier: Option<String>,
}

impl Entry {
    /// A type that is made of nothing else.
    fn known((oid, name): (u32, &str)) -> Self {
        Self {
            oid,
            schema: super::pg_catalog(),
            name: name.to_owned(),
            r#type: 'b',
            element: None,
            delimiter: ',',
            base: 0,
            typmod: -1,
            send: true,
            recv: true,
            extension: None,
            labels: None,
            fields: None,
            subtype: None,
            range: None,
        }
    }
}

/// Types of one server, by OID.
#[derive(Debug, Default)]
pub struct Types(BTreeMap<u32, Entry>);

impl Types {
    /// Parses the rows of [`types_query`] or [`named_types_query`]; the types that every server has are known beside them.
    pub fn parse(rows: &[TextRow]) -> Result<Self, CatalogError> {
        let mut types: BTreeMap<u32, Entry> = KNOWN.iter().map(|known| (known.0, Entry::known(*known))).collect();
        for row in rows {
            let entry: Entry = json(row)?;
            QualifiedName::new(&entry.schema, &entry.name)?;
            types.insert(entry.oid, entry);
        }
        Ok(Self(types))
    }

    /// Adds the types of another answer of the same server.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The tree of a type, by OID and modifier.
    pub fn tree(&self, oid: u32, typmod: i32, modifier: Option<&str>) -> Result<PgType, CatalogError> {
        Growth { types: self, above: Vec::new(), nodes: 0 }.tree(oid, typmod, modifier)
    }

    /// The tree of a type by schema and name, without a modifier; none where it is not known here.
    pub fn named(&self, schema: &str, name: &str) -> Result<Option<PgType>, CatalogError> {
        self.first(|entry| entry.schema == schema && entry.name == name)
    }

    /// The tree of a type of an extension, in whatever schema; none where it is not known here.
    pub fn of_extension(&self, extension: &str, name: &str) -> Result<Option<PgType>, CatalogError> {
        self.first(|entry| entry.extension.as_deref() == Some(extension) && entry.name == name)
    }

    fn first(&self, is: impl Fn(&Entry) -> bool) -> Result<Option<PgType>, CatalogError> {
        self.0.values().find(|entry| is(entry)).map(|entry| self.tree(entry.oid, -1, None)).transpose()
    }
}

/// One tree that is being grown from the catalog's entries.
struct Growth<'a> {
    types: &'a Types,
    above: Vec<u32>,
    nodes: usize,
}

impl Growth<'_> {
    fn tree(&mut self, oid: u32, typmod: i32, modifier: Option<&str>) -> Result<PgType, CatalogError> {
        let entry = self.types.0.get(&oid).ok_or(CatalogError::Missing { oid })?;
        self.nodes += 1;
        let kind = if self.above.contains(&oid) {
            Kind::Unsupported(format!("the type {} contains itself", bare(entry).sql()))
        } else if self.above.len() >= DEPTH_MAX || self.nodes > NODES_MAX {
            Kind::Unsupported("the type is nested too deeply".to_owned())
        } else {
            self.above.push(oid);
            let kind = self.kind(entry, typmod, modifier)?;
            self.above.pop();
            kind
        };
        let modifier = modifier.filter(|text| is_plain_modifier(text)).map(str::to_owned);
        Ok(PgType { typmod, modifier, kind, ..bare(entry) })
    }

    fn kind(&mut self, entry: &Entry, typmod: i32, modifier: Option<&str>) -> Result<Kind, CatalogError> {
        if let Some(element) = entry.element {
            let element = Box::new(self.tree(element, typmod, modifier)?);
            return Ok(Kind::Array { element, delimiter: entry.delimiter });
        }
        Ok(match entry.r#type {
            'b' => Kind::Base,
            'd' => Kind::Domain(Box::new(self.tree(entry.base, entry.typmod, None)?)),
            'e' => Kind::Enum(entry.labels.clone().unwrap_or_default()),
            'c' => Kind::Composite(self.fields(entry)?),
            'r' => Kind::Range(Box::new(self.tree(entry.subtype.unwrap_or(0), -1, None)?)),
            'm' => Kind::Multirange(Box::new(self.tree(entry.range.unwrap_or(0), -1, None)?)),
            _ => Kind::Unsupported(format!("the type {} is a pseudo-type", bare(entry).sql())),
        })
    }

    fn fields(&mut self, entry: &Entry) -> Result<Vec<Field>, CatalogError> {
        let fields = entry.fields.as_deref().unwrap_or_default();
        fields
            .iter()
            .map(|field| {
                let ty = self.tree(field.oid, field.typmod, field.modifier.as_deref())?;
                Ok(Field { name: field.name.clone(), ty })
            })
            .collect()
    }
}

/// The type without what it is made of.
fn bare(entry: &Entry) -> PgType {
    PgType {
        oid: entry.oid,
        schema: entry.schema.clone(),
        name: entry.name.clone(),
        typmod: -1,
        modifier: None,
        extension: entry.extension.clone(),
        has_send: entry.send,
        has_recv: entry.recv,
        kind: Kind::Base,
    }
}

/// "(3)", "(Point,4326)": nothing in it can end the list it stands in.
fn is_plain_modifier(text: &str) -> bool {
    text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).is_some_and(|inner| {
        !inner.is_empty() && inner.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b',' | b' '))
    })
}

/// How an identity column takes values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// It is none.
    None,
    /// Only the server's, unless OVERRIDING SYSTEM VALUE.
    Always,
    /// The server's where none is given.
    ByDefault,
}

/// A column of a relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: PgType,
    /// NOT NULL is declared on the column itself.
    pub not_null: bool,
    /// It has a default; a generated column has none.
    pub has_default: bool,
    /// It is computed from other columns.
    pub generated: bool,
    /// It is an identity.
    pub identity: Identity,
    /// What COMMENT ON COLUMN said of it.
    pub comment: Option<String>,
}

#[derive(Debug, Deserialize)]
struct EntryColumn {
    name: String,
    oid: u32,
    typmod: i32,
    modifier: Option<String>,
    not_null: bool,
    has_default: bool,
    generated: bool,
    identity: String,
    comment: Option<String>,
}

/// The rows of [`columns_query`] before their types are known.
#[derive(Debug)]
pub struct Columns(Vec<EntryColumn>);

impl Columns {
    /// Parses the rows of [`columns_query`].
    pub fn parse(rows: &[TextRow]) -> Result<Self, CatalogError> {
        rows.iter().map(json).collect::<Result<_, _>>().map(Self)
    }

    /// The OIDs to ask [`types_query`] for.
    pub fn type_oids(&self) -> Vec<u32> {
        let mut oids: Vec<u32> = self.0.iter().map(|column| column.oid).collect();
        oids.sort_unstable();
        oids.dedup();
        oids
    }

    /// The columns with the trees of their types.
    pub fn with_types(self, types: &Types) -> Result<Vec<Column>, CatalogError> {
        self.0.into_iter().map(|column| column.with_type(types)).collect()
    }
}

impl EntryColumn {
    fn with_type(self, types: &Types) -> Result<Column, CatalogError> {
        Ok(Column {
            ty: types.tree(self.oid, self.typmod, self.modifier.as_deref())?,
            name: self.name,
            not_null: self.not_null,
            has_default: self.has_default,
            comment: self.comment,
            generated: self.generated,
            identity: match self.identity.as_str() {
                "a" => Identity::Always,
                "d" => Identity::ByDefault,
                _ => Identity::None,
            },
        })
    }
}

/// The JSON in the only column of a row.
fn json<T: for<'a> Deserialize<'a>>(row: &TextRow) -> Result<T, CatalogError> {
    let text = row.first().and_then(Option::as_deref).ok_or(CatalogError::Malformed(None))?;
    serde_json::from_str(text).map_err(|error| CatalogError::Malformed(Some(error)))
}
