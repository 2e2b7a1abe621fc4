//! `[source]` and `[destination]`: which connector, and its settings as text. Owns the names of the settings that are
//! known here; what they mean is the connector's business.

use super::{
    reader::{Node, Reader, Section},
    secret::Secret,
    similar_word::did_you_mean,
};
use toml::de::DeValue;

/// One end of a sync, as the file says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndSpec {
    /// The connector's name: "postgres".
    pub connector: String,
    /// Every key of the section but `use` (and the destination's `schema`), in the order of names, values as text.
    pub settings: Vec<(String, Secret)>,
}

/// The settings of the connectors whose misspelt ones are told here; a connector that is not named takes any key.
const SETTINGS: [(&str, &[&str]); 1] =
    [("postgres", &["url", "host", "port", "database", "user", "password", "sslmode", "sslrootcert"])];

/// Settings that hold a password: a variable used in one may be used nowhere else.
const SECRET: [&str; 2] = ["url", "password"];

/// Reads the section; `own` are keys that mean something to the sync itself.
pub(crate) fn read(reader: &mut Reader<'_>, section: Section<'_>, own: &[&str]) -> Option<EndSpec> {
    let connector = connector(reader, section);
    let known = connector.as_deref().and_then(known_settings);
    let mut settings = Vec::new();
    for (key, node) in section.table {
        let word = key.get_ref().as_ref();
        if word == "use" || own.contains(&word) {
            continue;
        }
        if let Some(known) = known
            && !known.contains(&word)
        {
            let all: Vec<&str> = known.iter().copied().chain(["use"]).chain(own.iter().copied()).collect();
            let message = format!("unknown key `{}` in {}", super::reader::shorten(word), section.title);
            let advice = misplaced(word, own).or_else(|| did_you_mean(word, &all));
            reader.wrong(reader.at(key.span()), message, advice);
            continue;
        }
        if let Some(value) = setting(reader, word, node) {
            settings.push((word.to_owned(), Secret::new(value)));
        }
    }
    Some(EndSpec { connector: connector?, settings })
}

fn known_settings(connector: &str) -> Option<&'static [&'static str]> {
    SETTINGS.iter().find(|(name, _)| *name == connector).map(|(_, known)| *known)
}

fn misplaced(word: &str, own: &[&str]) -> Option<String> {
    (word == "schema" && !own.contains(&"schema"))
        .then(|| "`schema` stands in [destination]; a source's schema stands in each table's name".to_owned())
}

/// Longer than any name that somebody would give, shorter than a line.
const CONNECTOR_BYTES_MAX: usize = 48;

fn connector(reader: &mut Reader<'_>, section: Section<'_>) -> Option<String> {
    let Some(node) = section.get("use") else {
        let message = format!("{} lacks `use`", section.title);
        reader.wrong(section.place, message, Some("name its connector: use = \"postgres\"".to_owned()));
        return None;
    };
    let text = reader.text("use", node)?;
    if text.value.is_empty() {
        reader.wrong(text.place, "`use` is empty", Some("name a connector: use = \"postgres\"".to_owned()));
        return None;
    }
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
    if text.value.len() > CONNECTOR_BYTES_MAX || !text.value.chars().all(plain) {
        // The value is not repeated: a URL put in the wrong place can hold a password.
        let message = "`use` is not the name of a connector: lower-case letters, digits, - and _";
        reader.wrong(text.place, message, Some("name a connector: use = \"postgres\"".to_owned()));
        return None;
    }
    Some(text.value)
}

/// A setting as text: strings expanded, numbers and booleans as they are written.
fn setting(reader: &mut Reader<'_>, key: &str, node: &Node<'_>) -> Option<String> {
    match node.get_ref() {
        DeValue::String(_) => reader.hidden_text(key, node, SECRET.contains(&key)).map(|text| text.value),
        DeValue::Integer(number) => Some(number.to_string()),
        DeValue::Boolean(flag) => Some(flag.to_string()),
        _ => {
            reader.wrong_kind(key, node, "a string, a whole number, true or false");
            None
        }
    }
}
