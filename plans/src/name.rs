//! Names of objects: validated once, here, and shown without control characters. Quoting is the connectors' business.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A table or view with its schema, as the server stores both. An empty namespace is the server's default one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectName {
    /// The schema.
    pub namespace: String,
    /// The table or view.
    pub name: String,
}

impl ObjectName {
    /// Both parts as the server stores them.
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.namespace.as_str() {
            "" => write!(f, "{}", visible(&self.name)),
            namespace => write!(f, "{}.{}", visible(namespace), visible(&self.name)),
        }
    }
}

/// Escapes control characters and direction marks: a catalogue is hostile and a terminal obeys.
pub fn visible(text: &str) -> String {
    if !text.contains(is_hidden) {
        return text.to_owned();
    }
    text.chars().flat_map(|c| if is_hidden(c) { c.escape_unicode().collect::<Vec<_>>() } else { vec![c] }).collect()
}

/// A character that is obeyed and not shown.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// P1: what is visible has no control character and no direction mark. P2: plain text is itself. P3: showing
        /// what was shown changes nothing.
        #[test]
        fn visible_text(text in prop_oneof!["\\PC*", any::<String>(), "[\u{0}-\u{20}\u{61c}\u{200b}-\u{2069}a]*"]) {
            let shown = visible(&text);
            let obeyed = |c: char| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c);
            prop_assert!(!shown.contains(obeyed));
            if text.chars().all(|c| c.is_ascii_graphic() || c == ' ') {
                prop_assert_eq!(&shown, &text);
            }
            prop_assert_eq!(visible(&shown), shown);
        }
    }

    #[test]
    fn what_looks_alike_is_told_apart() {
        for hidden in
            ['\u{61c}', '\u{200b}', '\u{200f}', '\u{2028}', '\u{202e}', '\u{2060}', '\u{2064}', '\u{2066}', '\u{feff}']
        {
            assert_eq!(visible(&format!("to{hidden}tal")), format!("to\\u{{{:x}}}tal", u32::from(hidden)));
        }
        assert_eq!(visible("naïve – « été »"), "naïve – « été »");
    }

    #[test]
    fn a_name_shows_its_schema_where_it_has_one() {
        assert_eq!(ObjectName::new("raw", "a\nb").to_string(), "raw.a\\u{a}b");
        assert_eq!(ObjectName::new("", "orders").to_string(), "orders");
    }
}
