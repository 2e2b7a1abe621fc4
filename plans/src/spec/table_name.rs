//! Names of tables in a sync file, and patterns of them: `schema.table`, each part bare or in double quotes, no case
//! folding. Owns this syntax, never the server's quoting.

use crate::name::ObjectName;

/// What is wrong with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadName {
    #[error("a name has at most a schema and a table")]
    Parts,
    #[error("a part of the name is empty")]
    Empty,
    #[error("a double quote is not closed")]
    Quote,
    #[error("a bare name has no blanks, quotes or control characters: put it in double quotes")]
    Letters,
    #[error("a pattern is schema.table, either with `*`")]
    Pattern,
    #[error("`*` stands only in `tables` and `exclude`")]
    Star,
}

/// One part of a name; a quoted one is taken letter by letter.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    text: String,
    quoted: bool,
}

impl Part {
    fn is_glob(&self) -> bool {
        !self.quoted && self.text.contains('*')
    }

    fn matches(&self, name: &str) -> bool {
        if self.is_glob() { glob(&self.text, name) } else { self.text == name }
    }
}

/// `pattern` with `*` for any run of characters, against all of `name`.
fn glob(pattern: &str, name: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else { return pattern == name };
    let Some(rest) = name.strip_prefix(head) else { return false };
    // Each start of the rest is tried: names are short, and a pattern holds few stars.
    rest.char_indices().map(|(at, _)| at).chain([rest.len()]).any(|at| glob(tail, &rest[at..]))
}

fn parts(text: &str) -> Result<Vec<Part>, BadName> {
    let mut found = Vec::new();
    let mut rest = text;
    loop {
        let (part, after) = one(rest)?;
        found.push(part);
        match after.strip_prefix('.') {
            Some(next) => rest = next,
            None if after.is_empty() => return Ok(found),
            None => return Err(BadName::Letters),
        }
    }
}

/// The part at the head of `text`, and what follows it.
fn one(text: &str) -> Result<(Part, &str), BadName> {
    let (part, after) = if let Some(inside) = text.strip_prefix('"') {
        quoted(inside)?
    } else {
        let (bare, after) = text.split_at(text.find('.').unwrap_or(text.len()));
        if bare.contains(|c: char| c == '"' || c.is_whitespace() || c.is_control()) {
            return Err(BadName::Letters);
        }
        (Part { text: bare.to_owned(), quoted: false }, after)
    };
    if part.text.is_empty() { Err(BadName::Empty) } else { Ok((part, after)) }
}

fn quoted(inside: &str) -> Result<(Part, &str), BadName> {
    let mut text = String::new();
    let mut rest = inside;
    loop {
        let end = rest.find('"').ok_or(BadName::Quote)?;
        text.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('"') {
            Some(after) => {
                text.push('"');
                rest = after;
            }
            None if text.contains('\0') => return Err(BadName::Letters),
            None => return Ok((Part { text, quoted: true }, rest)),
        }
    }
}

/// A table's name; without a schema its namespace is empty.
pub(crate) fn parse(text: &str) -> Result<ObjectName, BadName> {
    let parts = parts(text)?;
    if parts.iter().any(Part::is_glob) {
        return Err(BadName::Star);
    }
    match parts.as_slice() {
        [name] => Ok(ObjectName::new("", &name.text)),
        [namespace, name] => Ok(ObjectName::new(&namespace.text, &name.text)),
        _ => Err(BadName::Parts),
    }
}

/// Which tables an entry of `tables` or `exclude` means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    namespace: Part,
    name: Part,
}

impl Pattern {
    pub(crate) fn parse(text: &str) -> Result<Self, BadName> {
        match <[Part; 2]>::try_from(parts(text)?) {
            Ok([namespace, name]) => Ok(Self { namespace, name }),
            Err(_) => Err(BadName::Pattern),
        }
    }

    /// The entry means this table.
    pub fn matches(&self, table: &ObjectName) -> bool {
        self.namespace.matches(&table.namespace) && self.name.matches(&table.name)
    }

    /// The one table that is meant, where the entry holds no `*`.
    pub fn literal(&self) -> Option<ObjectName> {
        let open = self.namespace.is_glob() || self.name.is_glob();
        (!open).then(|| ObjectName::new(&self.namespace.text, &self.name.text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!(parse("orders"), Ok(ObjectName::new("", "orders")));
        assert_eq!(parse("public.Orders"), Ok(ObjectName::new("public", "Orders")));
        assert_eq!(parse(r#""a.b"."say ""hi""""#), Ok(ObjectName::new("a.b", r#"say "hi""#)));
    }

    #[test]
    fn no_names() {
        let cases = [
            ("", BadName::Empty),
            ("a.", BadName::Empty),
            ("a.b.c", BadName::Parts),
            ("my table", BadName::Letters),
            (r#""open"#, BadName::Quote),
            (r#""a"b"#, BadName::Letters),
            ("public.*", BadName::Star),
        ];
        for (text, bad) in cases {
            assert_eq!(parse(text), Err(bad), "{text}");
        }
    }

    #[test]
    fn patterns() {
        let matches =
            |pattern: &str, name: &str| Pattern::parse(pattern).unwrap().matches(&ObjectName::new("public", name));
        assert!(matches("public.*", "orders") && matches("*.ord*s", "orders") && matches("public.*r*", "orders"));
        assert!(!matches("public.ord", "orders") && !matches("raw.*", "orders") && !matches("public.*x", "orders"));
        assert!(matches(r#"public."*""#, "*") && !matches(r#"public."*""#, "orders"));
        assert_eq!(Pattern::parse("*"), Err(BadName::Pattern));
    }
}
