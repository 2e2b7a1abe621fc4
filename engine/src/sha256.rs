//! Digests as the project writes them: sha256 in lower-case hex.

use sha2::{Digest, Sha256};
use std::{fmt::Write, hash::Hasher};

/// sha256 of the bytes, in hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    hex_of(&Sha256::digest(bytes))
}

/// Bytes in hex.
pub(crate) fn hex_of(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// sha256 over what a [`std::hash::Hash`] feeds: std's own hasher has 64 bits, which two builds of an engine could share.
#[derive(Default)]
pub(crate) struct Feed(Sha256);

impl Feed {
    pub(crate) fn hex(self) -> String {
        hex_of(&self.0.finalize())
    }
}

impl Hasher for Feed {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Never asked: the digest is taken by [`Feed::hex`].
    fn finish(&self) -> u64 {
        0
    }
}
