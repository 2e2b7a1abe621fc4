//! Which Arrow field carries a PostgreSQL type: Arrow's own type where it holds every value, else Binary that holds
//! PostgreSQL's binary form. The type's tree goes along in the field's metadata.

use super::{Kind, PgType};
use arrow_schema::{DataType, Field, TimeUnit};
use std::collections::HashMap;

/// Metadata: the type in SQL (connector contract).
pub const NATIVE: &str = "rapidbyte.native";
/// Metadata: "arrow" or "wire" (connector contract).
pub const CARRIAGE: &str = "rapidbyte.carriage";
/// Metadata: why the column cannot be read (connector contract).
pub const REFUSED: &str = "rapidbyte.refused";
/// Metadata: what the source's people say of the column (connector contract).
pub const COMMENT: &str = "rapidbyte.comment";
/// Metadata: the [`PgType`] as JSON.
pub const TYPE: &str = "postgres.type";
/// Metadata: the canonical extension type (Arrow specification, "Canonical Extension Types").
const EXTENSION: &str = "ARROW:extension:name";

/// How values of a column travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carriage {
    /// As the Arrow type says.
    Arrow,
    /// As PostgreSQL's binary form inside Binary.
    Wire,
}

/// The field of a column of this type. A type that cannot be read gets [`REFUSED`] and travels as nothing.
pub fn field(name: &str, ty: &PgType, nullable: bool) -> Field {
    let (data_type, carriage) = carrier(ty);
    let mut metadata = HashMap::from([
        (NATIVE.to_owned(), ty.sql()),
        (CARRIAGE.to_owned(), if carriage == Carriage::Arrow { "arrow" } else { "wire" }.to_owned()),
        // A tree of strings and numbers always has a JSON form.
        (TYPE.to_owned(), serde_json::to_string(ty).unwrap_or_default()),
    ]);
    if let Some(reason) = ty.refusal() {
        metadata.insert(REFUSED.to_owned(), reason);
    }
    let extension = match ty.base().builtin_name() {
        Some("uuid") => Some("arrow.uuid"),
        Some("json" | "jsonb") => Some("arrow.json"),
        _ => None,
    };
    if let Some(extension) = extension {
        metadata.insert(EXTENSION.to_owned(), extension.to_owned());
    }
    Field::new(name, data_type, nullable).with_metadata(metadata)
}

/// The field with a comment.
pub fn commented(field: Field, comment: Option<&String>) -> Field {
    let mut metadata = field.metadata().clone();
    metadata.extend(comment.map(|comment| (COMMENT.to_owned(), comment.clone())));
    field.with_metadata(metadata)
}

/// The Arrow type that carries a PostgreSQL type, and how. A domain travels as its base type.
pub fn carrier(ty: &PgType) -> (DataType, Carriage) {
    let base = ty.base();
    let lossless = match (&base.kind, base.builtin_name()) {
        (Kind::Enum(_), _) => Some(DataType::Utf8),
        (_, Some(name)) => lossless(name),
        _ if base.extension_name() == Some("citext") => Some(DataType::Utf8),
        _ => None,
    };
    lossless.map_or((DataType::Binary, Carriage::Wire), |data_type| (data_type, Carriage::Arrow))
}

/// Arrow's type for a base type of pg_catalog where it holds every value of it.
fn lossless(name: &str) -> Option<DataType> {
    Some(match name {
        "bool" => DataType::Boolean,
        "int2" => DataType::Int16,
        "int4" => DataType::Int32,
        "int8" => DataType::Int64,
        "float4" => DataType::Float32,
        "float8" => DataType::Float64,
        "text" | "varchar" | "bpchar" | "name" | "json" | "jsonb" => DataType::Utf8,
        "bytea" => DataType::Binary,
        "date" => DataType::Date32,
        "time" => DataType::Time64(TimeUnit::Microsecond),
        "timestamp" => DataType::Timestamp(TimeUnit::Microsecond, None),
        "timestamptz" => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        "uuid" => DataType::FixedSizeBinary(16),
        _ => return None,
    })
}

/// Why a field cannot be what [`field`] made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    /// The metadata is missing or does not parse: the field comes from another connector, or from a liar.
    #[error("column {column:?} carries no PostgreSQL type")]
    NoType {
        /// The column.
        column: String,
    },
    /// The Arrow type is not the one that carries the PostgreSQL type.
    #[error("column {column:?} is {arrow} and says {native}, which travels as {expected}")]
    Carrier {
        /// The column.
        column: String,
        /// The Arrow type that it has.
        arrow: String,
        /// The PostgreSQL type that it names.
        native: String,
        /// The Arrow type it would have.
        expected: String,
    },
}

/// The PostgreSQL type of a field that [`field`] made, checked against its Arrow type.
pub fn type_of(field: &Field) -> Result<PgType, FieldError> {
    let column = || field.name().clone();
    let json = field.metadata().get(TYPE).ok_or_else(|| FieldError::NoType { column: column() })?;
    // serde_json refuses JSON nested deeper than 128, far above DEPTH_MAX.
    let ty: PgType = serde_json::from_str(json).map_err(|_| FieldError::NoType { column: column() })?;
    let (expected, _) = carrier(&ty);
    if expected == *field.data_type() {
        return Ok(ty);
    }
    Err(FieldError::Carrier {
        column: column(),
        arrow: field.data_type().to_string(),
        native: ty.sql(),
        expected: expected.to_string(),
    })
}
