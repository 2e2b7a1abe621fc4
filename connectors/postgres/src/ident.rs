//! Identifiers: the one door through which a name enters SQL. Nothing here knows what a name stands for.

use std::fmt;

/// Bytes that a name can have: NAMEDATALEN - 1 of every server that was not built by hand. The server cuts longer names
/// silently, so that two of them can become one.
pub const NAME_BYTES_MAX: usize = 63;

/// Why a text is no identifier. The text itself is not repeated: it may be hostile, and the caller knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdentError {
    /// `""` is no identifier (PostgreSQL manual, 4.1.1).
    #[error("a name is empty")]
    Empty,
    /// Longer than [`NAME_BYTES_MAX`].
    #[error("a name has {bytes} bytes, and PostgreSQL cuts names at 63")]
    TooLong {
        /// Its bytes.
        bytes: usize,
    },
    /// No text of PostgreSQL can hold U+0000.
    #[error("a name holds a NUL character")]
    Nul,
}

/// A name as the server stores it: 1 to 63 bytes of UTF-8 without NUL.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ident(String);

impl Ident {
    /// Checks a name as the server stores it, unquoted.
    pub fn new(name: impl Into<String>) -> Result<Self, IdentError> {
        let name = name.into();
        match name.len() {
            0 => Err(IdentError::Empty),
            bytes if bytes > NAME_BYTES_MAX => Err(IdentError::TooLong { bytes }),
            _ if name.contains('\0') => Err(IdentError::Nul),
            _ => Ok(Self(name)),
        }
    }

    /// The name as the server stores it, unquoted.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Appends the name as a quoted identifier: `"` doubled, between `"` (PostgreSQL manual, 4.1.1). A backslash means
    /// nothing there, and no setting of the server changes that.
    pub fn quote_into(&self, sql: &mut String) {
        sql.push('"');
        for piece in self.0.split_inclusive('"') {
            sql.push_str(piece);
            if piece.ends_with('"') {
                sql.push('"');
            }
        }
        sql.push('"');
    }

    /// The quoted identifier.
    pub fn quoted(&self) -> String {
        let mut sql = String::with_capacity(self.0.len() + 2);
        self.quote_into(&mut sql);
        sql
    }
}

impl fmt::Debug for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ident({:?})", self.0)
    }
}

/// A relation or type with its schema.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QualifiedName {
    /// The schema; none where the name is a temporary table's or a cursor's.
    pub schema: Option<Ident>,
    /// The object.
    pub name: Ident,
}

impl QualifiedName {
    /// Checks both parts; an empty schema means none.
    pub fn new(schema: &str, name: &str) -> Result<Self, IdentError> {
        let schema = if schema.is_empty() { None } else { Some(Ident::new(schema)?) };
        Ok(Self { schema, name: Ident::new(name)? })
    }

    /// Appends `"schema"."name"`.
    pub fn quote_into(&self, sql: &mut String) {
        if let Some(schema) = &self.schema {
            schema.quote_into(sql);
            sql.push('.');
        }
        self.name.quote_into(sql);
    }

    /// `"schema"."name"`.
    pub fn quoted(&self) -> String {
        let mut sql = String::new();
        self.quote_into(&mut sql);
        sql
    }
}
