//! Where in a sync file something stands, and what is wrong there. Owns positions and the form of a mistake, nothing of
//! what the words mean.

use crate::name::visible;
use std::{fmt, ops::Range};

/// A position in the sync file, both from 1; the column counts characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
}

/// Something wrong in a sync file. Never holds an expanded value: those may be secrets.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub struct Mistake {
    /// The file as the user named it.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// What is wrong, without a full stop.
    pub message: String,
    /// What to do.
    pub advice: Option<String>,
}

impl Mistake {
    /// A mistake at a place.
    pub fn new(file: &str, place: Place, message: impl Into<String>, advice: Option<String>) -> Self {
        Self { file: file.to_owned(), line: place.line, column: place.column, message: message.into(), advice }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", visible(&self.file), self.line, self.column, self.message)?;
        match &self.advice {
            Some(advice) => write!(f, "\n    {advice}"),
            None => Ok(()),
        }
    }
}

/// Turns byte offsets of one text into places.
pub(crate) struct Places<'a> {
    text: &'a str,
    /// The offset at which each line begins.
    lines: Vec<usize>,
}

impl<'a> Places<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(offset, _)| offset + 1);
        Self { text, lines: std::iter::once(0).chain(breaks).collect() }
    }

    /// The place of a byte offset; beyond the end it is the end's.
    pub(crate) fn at(&self, offset: usize) -> Place {
        let offset = offset.min(self.text.len());
        let line = self.lines.partition_point(|start| *start <= offset);
        let start = self.lines[line - 1];
        let before = self.text.as_bytes()[start..offset].iter();
        // A byte that begins a character is none of 0b10xx_xxxx.
        Place { line, column: 1 + before.filter(|byte| **byte & 0b1100_0000 != 0b1000_0000).count() }
    }

    /// The text of a span as the user wrote it; empty where the span is no text.
    pub(crate) fn slice(&self, span: Range<usize>) -> &'a str {
        self.text.get(span).unwrap_or("")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let places = Places::new("a\näb = 1\n");
        assert_eq!(places.at(0), Place { line: 1, column: 1 });
        assert_eq!(places.at(4), Place { line: 2, column: 2 });
        assert_eq!(places.at(999), Place { line: 3, column: 1 });
    }
}
