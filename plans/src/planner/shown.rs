//! Names inside advice that people may paste into a client. Nothing here is ever sent: statements are the connectors'.

use crate::name::{ObjectName, visible};

/// A name as a person would type it: in double quotes where it is not plain.
pub(crate) fn identifier(name: &str) -> String {
    let plain = |c: char| c == '_' || c.is_ascii_lowercase() || c.is_ascii_digit();
    let digit_first = name.starts_with(|c: char| c.is_ascii_digit());
    if !name.is_empty() && !digit_first && name.chars().all(plain) {
        return name.to_owned();
    }
    format!("\"{}\"", visible(&name.replace('"', "\"\"")))
}

/// A table's name likewise.
pub(crate) fn object(name: &ObjectName) -> String {
    match name.namespace.as_str() {
        "" => identifier(&name.name),
        namespace => format!("{}.{}", identifier(namespace), identifier(&name.name)),
    }
}

/// A list of columns likewise.
pub(crate) fn columns(names: &[String]) -> String {
    names.iter().map(|name| identifier(name)).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_where_needed() {
        assert_eq!(object(&ObjectName::new("raw", "Orders")), "raw.\"Orders\"");
        assert_eq!(identifier("a\"b\n"), "\"a\"\"b\\u{a}\"");
        assert_eq!(identifier("1a"), "\"1a\"");
    }
}
