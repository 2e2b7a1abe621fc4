//! `name`: what identifies a sync's checkpoints and receipts at its destination.

use super::reader::{Node, Reader};
use std::fmt;

/// Leaves room for a prefix and a hash beside it in a name of 63 bytes, PostgreSQL's bound.
pub const SYNC_NAME_BYTES_MAX: usize = 48;

/// 1 to 48 bytes of `[a-z0-9_-]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SyncName(String);

impl SyncName {
    /// Takes the name where it is one.
    pub fn new(name: &str) -> Option<Self> {
        let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
        let fits = (1..=SYNC_NAME_BYTES_MAX).contains(&name.len()) && name.chars().all(letters);
        fits.then(|| Self(name.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SyncName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

pub(crate) fn read(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<SyncName> {
    let text = reader.text("name", node)?;
    let name = SyncName::new(&text.value);
    if name.is_none() {
        let advice = format!("1 to {SYNC_NAME_BYTES_MAX} of the characters a-z, 0-9, _ and -");
        reader.wrong(text.place, format!("\"{}\" cannot be a sync's name", text.shown), Some(advice));
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds() {
        assert!(SyncName::new("shop-2_x").is_some());
        assert!(SyncName::new(&"a".repeat(48)).is_some());
        for bad in ["", "Shop", "a b", "ä", &"a".repeat(49)] {
            assert!(SyncName::new(bad).is_none(), "{bad}");
        }
    }
}
