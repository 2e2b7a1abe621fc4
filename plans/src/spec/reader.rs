//! Walks the TOML tree with its spans and gathers every mistake. Owns types of values, unknown keys and variables; what a
//! setting means stands in the setting's own file.

use super::{
    place::{Mistake, Place, Places},
    similar_word::did_you_mean,
    variable::{Expanded, expand},
};
use crate::{figures::count, name::visible};
use std::{collections::BTreeMap, ops::Range};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// Characters of a wrong value that a mistake repeats at most: it must fit a line.
const SHOWN_CHARS_MAX: usize = 40;

/// One value of the tree.
pub(crate) type Node<'t> = Spanned<DeValue<'t>>;

/// A string of the file, expanded.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    pub(crate) value: String,
    /// As it stands in the file, for mistakes: an expanded value may be a secret.
    pub(crate) shown: String,
    pub(crate) place: Place,
}

/// A table of the file under its title, with the place of its head.
#[derive(Clone, Copy)]
pub(crate) struct Section<'t> {
    pub(crate) title: &'static str,
    pub(crate) place: Place,
    pub(crate) table: &'t DeTable<'t>,
}

impl<'t> Section<'t> {
    pub(crate) fn get(&self, key: &str) -> Option<&'t Node<'t>> {
        self.table.get(key)
    }
}

/// What is read and what was wrong so far.
pub(crate) struct Reader<'a> {
    file: &'a str,
    places: Places<'a>,
    env: &'a dyn Fn(&str) -> Option<String>,
    mistakes: Vec<Mistake>,
    /// Variables that went into settings of a connection that are secrets.
    secret: Vec<String>,
    /// Variables that went into texts which a plan shows, with where.
    public: BTreeMap<String, Place>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(file: &'a str, text: &'a str, env: &'a dyn Fn(&str) -> Option<String>) -> Self {
        let places = Places::new(text);
        Self { file, places, env, mistakes: Vec::new(), secret: Vec::new(), public: BTreeMap::new() }
    }

    pub(crate) fn at(&self, span: Range<usize>) -> Place {
        self.places.at(span.start)
    }

    pub(crate) fn place(&self, node: &Node<'_>) -> Place {
        self.at(node.span())
    }

    pub(crate) fn wrong(&mut self, place: Place, message: impl Into<String>, advice: Option<String>) {
        self.mistakes.push(Mistake::new(self.file, place, message, advice));
    }

    /// All mistakes, in the order of the file, each once.
    pub(crate) fn finish(mut self) -> Vec<Mistake> {
        self.refuse_shown_secrets();
        // Stable: what stands at one place keeps the order in which it was read.
        self.mistakes.sort_by_key(|mistake| (mistake.line, mistake.column));
        self.mistakes.dedup();
        self.mistakes
    }

    /// A plan holds conditions, queries and names as they are: none of them may be a connection's secret.
    fn refuse_shown_secrets(&mut self) {
        for name in std::mem::take(&mut self.secret) {
            if let Some(place) = self.public.get(&name).copied() {
                let advice = "keep the connection's secrets in variables of their own".to_owned();
                self.wrong(
                    place,
                    format!("variable {name} holds a connection's secret and would be shown here"),
                    Some(advice),
                );
            }
        }
    }

    /// A mistake for each key of the section that is none of `known`.
    pub(crate) fn unknown_keys(&mut self, section: Section<'_>, known: &[&str]) {
        for (key, _) in section.table {
            let word = key.get_ref().as_ref();
            if !known.contains(&word) {
                let message = format!("unknown key `{}` in {}", shorten(word), section.title);
                self.wrong(self.at(key.span()), message, did_you_mean(word, known));
            }
        }
    }

    /// A sub-table, where it is there and is one.
    pub(crate) fn section<'t>(&mut self, root: &'t DeTable<'t>, key: &str, title: &'static str) -> Option<Section<'t>> {
        let (key, node) = root.get_key_value(key)?;
        match node.get_ref() {
            DeValue::Table(table) => Some(Section { title, place: self.at(key.span()), table }),
            other => {
                let advice = format!("write it as a section: {title}");
                let message = format!("`{}` must be a section, not {}", key.get_ref(), kind(other));
                self.wrong(self.place(node), message, Some(advice));
                None
            }
        }
    }

    /// A string, expanded, whose value a plan may show.
    pub(crate) fn text(&mut self, key: &str, node: &Node<'_>) -> Option<Text> {
        let (text, variables) = self.expanded(key, node)?;
        for name in variables {
            self.public.entry(name).or_insert(text.place);
        }
        Some(text)
    }

    /// A string, expanded, that no plan shows.
    pub(crate) fn hidden_text(&mut self, key: &str, node: &Node<'_>, secret: bool) -> Option<Text> {
        let (text, variables) = self.expanded(key, node)?;
        if secret {
            self.secret.extend(variables);
        }
        Some(text)
    }

    fn expanded(&mut self, key: &str, node: &Node<'_>) -> Option<(Text, Vec<String>)> {
        let DeValue::String(raw) = node.get_ref() else {
            self.wrong_kind(key, node, "a string");
            return None;
        };
        match expand(raw, self.env) {
            Ok(Expanded { value, variables }) => {
                Some((Text { value, shown: shorten(raw), place: self.place(node) }, variables))
            }
            Err(bad) => {
                for what in bad {
                    let place = self.place_inside(node.span(), &what.needle());
                    self.wrong(place, what.to_string(), Some(what.advice()));
                }
                None
            }
        }
    }

    /// The place of `needle` inside a string's source text; the string's own where escapes hide it.
    fn place_inside(&self, span: Range<usize>, needle: &str) -> Place {
        let offset = self.places.slice(span.clone()).find(needle).unwrap_or(0);
        self.places.at(span.start + offset)
    }

    pub(crate) fn wrong_kind(&mut self, key: &str, node: &Node<'_>, wanted: &str) {
        let message = format!("`{key}` must be {wanted}, not {}", kind(node.get_ref()));
        self.wrong(self.place(node), message, None);
    }

    fn item(&mut self, key: &str, node: &Node<'_>) -> Option<Text> {
        if !matches!(node.get_ref(), DeValue::String(_)) {
            let message = format!("`{key}` must hold strings alone, not {}", kind(node.get_ref()));
            self.wrong(self.place(node), message, None);
            return None;
        }
        self.text(key, node)
    }

    /// A list of strings, each expanded, none empty.
    pub(crate) fn texts(&mut self, key: &str, node: &Node<'_>) -> Option<Vec<Text>> {
        let DeValue::Array(items) = node.get_ref() else {
            self.wrong_kind(key, node, "a list of strings");
            return None;
        };
        let read: Vec<Option<Text>> = items.iter().map(|item| self.item(key, item)).collect();
        read.into_iter().collect()
    }

    /// A whole number of at least `min` and at most `max`.
    pub(crate) fn integer(&mut self, key: &str, node: &Node<'_>, min: u64, max: u64) -> Option<u64> {
        let DeValue::Integer(number) = node.get_ref() else {
            self.wrong_kind(key, node, "a whole number");
            return None;
        };
        let value =
            u64::from_str_radix(number.as_str(), number.radix()).ok().filter(|value| (min..=max).contains(value));
        if value.is_none() {
            self.wrong(self.place(node), format!("`{key}` must be from {} to {}", count(min), count(max)), None);
        }
        value
    }

    /// One of some words.
    pub(crate) fn word<T: Copy>(&mut self, key: &str, node: &Node<'_>, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(key, node)?;
        let found = words.iter().find(|(word, _)| *word == text.value).map(|(_, value)| *value);
        if found.is_none() {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let advice = did_you_mean(&text.value, &known);
            self.wrong(text.place, format!("`{key}` cannot be \"{}\"", text.shown), advice);
        }
        found
    }
}

/// A value as a mistake repeats it: visible, and not longer than a line bears.
pub(crate) fn shorten(text: &str) -> String {
    let mut chars = text.chars();
    let head: String = chars.by_ref().take(SHOWN_CHARS_MAX).collect();
    let tail = if chars.next().is_some() { "…" } else { "" };
    format!("{}{tail}", visible(&head))
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a section",
    }
}
