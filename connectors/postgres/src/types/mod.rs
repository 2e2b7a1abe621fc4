//! The model of a PostgreSQL type: a tree from a column's type down to base types, with what a destination must know to
//! make the same type and to read its binary form. Nothing here asks a server: [`catalog`] reads it from the catalogs.

pub mod arrays;
pub mod arrow;
pub mod catalog;
pub mod known;
mod name;
pub mod schemas;

use serde::{Deserialize, Serialize};

/// The first OID that a server gives to objects of users; below it every server has the same
/// (PostgreSQL source, access/transam.h, FirstNormalObjectId).
pub const FIRST_USER_OID: u32 = 16_384;

/// The depth of a type's tree: no honest type comes near, and a hostile catalog must not overflow our stack.
pub const DEPTH_MAX: usize = 24;

/// One type with its modifier, as a column, a field or an element has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PgType {
    /// Its OID at the server it was read from.
    #[serde(rename = "o")]
    pub oid: u32,
    /// Its schema there.
    #[serde(rename = "s", default = "pg_catalog", skip_serializing_if = "is_pg_catalog")]
    pub schema: String,
    /// Its name (`typname`): "int4", "_int4", "mood".
    #[serde(rename = "n")]
    pub name: String,
    /// `atttypmod`; -1: none.
    #[serde(rename = "m", default = "none", skip_serializing_if = "is_none")]
    pub typmod: i32,
    /// The text of the modifier where an extension's type has one: "(Point,4326)". Letters, digits, `_`, `,` and spaces.
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    pub modifier: Option<String>,
    /// The extension that it belongs to.
    #[serde(rename = "x", default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<String>,
    /// It has a send function, so that its binary form exists.
    #[serde(rename = "out", default = "yes", skip_serializing_if = "is_yes")]
    pub has_send: bool,
    /// It has a receive function, so that its binary form can be taken.
    #[serde(rename = "in", default = "yes", skip_serializing_if = "is_yes")]
    pub has_recv: bool,
    /// What it is made of.
    #[serde(rename = "k", default, skip_serializing_if = "Kind::is_base")]
    pub kind: Kind,
}

/// What a type is made of.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Of nothing else.
    #[default]
    Base,
    /// A base type under constraints.
    Domain(Box<PgType>),
    /// Labels, in their order.
    Enum(Vec<String>),
    /// Any number of dimensions of one type.
    Array {
        /// What it holds; it carries the array's modifier.
        element: Box<PgType>,
        /// What parts the elements in its text form: `,`, for box `;`.
        #[serde(rename = "d", default = "comma", skip_serializing_if = "is_comma")]
        delimiter: char,
    },
    /// Fields, in their order.
    Composite(Vec<Field>),
    /// From and to of one type.
    Range(Box<PgType>),
    /// Many of one range type.
    Multirange(Box<PgType>),
    /// What cannot be moved, and why.
    Unsupported(String),
}

impl Kind {
    fn is_base(&self) -> bool {
        matches!(self, Self::Base)
    }
}

/// One field of a composite type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Its name.
    #[serde(rename = "n")]
    pub name: String,
    /// Its type.
    #[serde(rename = "t")]
    pub ty: PgType,
}

impl PgType {
    /// A type of pg_catalog that is made of nothing else.
    pub fn builtin(oid: u32, name: &str, typmod: i32) -> Self {
        Self {
            oid,
            schema: pg_catalog(),
            name: name.to_owned(),
            typmod,
            modifier: None,
            extension: None,
            has_send: true,
            has_recv: true,
            kind: Kind::Base,
        }
    }

    /// The type below all domains: how values are stored and travel.
    pub fn base(&self) -> &Self {
        match &self.kind {
            Kind::Domain(base) => base.base(),
            _ => self,
        }
    }

    /// A type that every server has, under the same OID and name.
    pub fn is_builtin(&self) -> bool {
        is_pg_catalog(&self.schema) && self.oid < FIRST_USER_OID
    }

    /// The name of a base type of pg_catalog; none for all others.
    pub fn builtin_name(&self) -> Option<&str> {
        (self.kind.is_base() && self.is_builtin()).then_some(self.name.as_str())
    }

    /// The base type of a known extension; none for all others.
    pub fn extension_name(&self) -> Option<&str> {
        self.extension.as_deref().filter(|extension| self.kind.is_base() && *extension == self.name)
    }

    /// The types that this one is directly made of.
    pub fn parts(&self) -> Vec<&Self> {
        match &self.kind {
            Kind::Base | Kind::Enum(_) | Kind::Unsupported(_) => Vec::new(),
            Kind::Domain(part) | Kind::Range(part) | Kind::Multirange(part) => vec![part],
            Kind::Array { element, .. } => vec![element],
            Kind::Composite(fields) => fields.iter().map(|field| &field.ty).collect(),
        }
    }

    /// Why values of this type cannot leave their server in binary form and mean the same elsewhere; none: they can.
    pub fn refusal(&self) -> Option<String> {
        if let Kind::Unsupported(reason) = &self.kind {
            return Some(reason.clone());
        }
        if !self.has_send {
            return Some(format!("the type {} has no binary form (no send function)", self.sql()));
        }
        if let Some(reason) = self.builtin_name().and_then(bound_to_server) {
            return Some(format!("the type {} {reason}", self.sql()));
        }
        self.parts().into_iter().find_map(Self::refusal)
    }

    /// The type in SQL, with its modifier: "numeric(10,2)", "\"public\".\"mood\"[]". Safe to put into a statement
    /// whatever the catalog holds, and the words in which plans show types.
    pub fn sql(&self) -> String {
        name::sql(self)
    }
}

/// Types of pg_catalog whose binary form means something else, or nothing, at another server.
fn bound_to_server(name: &str) -> Option<&'static str> {
    match name {
        _ if name.starts_with("reg") => Some("travels as an OID, which means another object at another server"),
        "pg_node_tree"
        | "pg_ndistinct"
        | "pg_dependencies"
        | "pg_mcv_list"
        | "pg_brin_bloom_summary"
        | "pg_brin_minmax_multi_summary"
        | "pg_ddl_command"
        | "aclitem" => Some("belongs to the catalogs of one server and is taken by no other"),
        _ => None,
    }
}

fn pg_catalog() -> String {
    "pg_catalog".to_owned()
}

fn is_pg_catalog(schema: &str) -> bool {
    schema == "pg_catalog"
}

const fn none() -> i32 {
    -1
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde asks by reference.
const fn is_none(typmod: &i32) -> bool {
    *typmod == -1
}

const fn yes() -> bool {
    true
}

#[allow(clippy::trivially_copy_pass_by_ref)]
const fn is_yes(flag: &bool) -> bool {
    *flag
}

const fn comma() -> char {
    ','
}

#[allow(clippy::trivially_copy_pass_by_ref)]
const fn is_comma(delimiter: &char) -> bool {
    *delimiter == ','
}

/// Precision and scale of a numeric's modifier; none: any value (PostgreSQL source, numeric.c, make_numeric_typmod: the
/// scale is 11 bits with a sign since 15; the positive ones of 14 read the same).
pub fn numeric_bounds(typmod: i32) -> Option<(i32, i32)> {
    const HEADER: i32 = 4;
    if typmod < HEADER {
        return None;
    }
    let bits = typmod - HEADER;
    Some(((bits >> 16) & 0xffff, ((bits & 0x7ff) ^ 0x400) - 0x400))
}
