//! Quoting for the SQL that builds and reads worlds. The product has doors of its own; a test that used them would not
//! notice what they let through.

use rapidbyte_plans::name::ObjectName;

pub(crate) fn ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A relation, in the schema that a name without one means.
pub(crate) fn object(name: &ObjectName) -> String {
    format!("{}.{}", ident(schema(name)), ident(&name.name))
}

pub(crate) fn schema(name: &ObjectName) -> &str {
    if name.namespace.is_empty() { "public" } else { &name.namespace }
}

/// The parts of "schema.name", as the observation writes relations that hang on a target.
pub(crate) fn parse(text: &str) -> ObjectName {
    let (namespace, name) = text.split_once('.').unwrap_or(("", text));
    ObjectName::new(namespace, name)
}

pub(crate) fn idents<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    names.into_iter().map(|name| ident(name)).collect::<Vec<_>>().join(", ")
}
