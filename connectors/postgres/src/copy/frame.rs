//! The CopyData messages of one stream, all written in one buffer. Sending them is the client's.

use super::{EncodeError, EncodeRows, HEADER, TRAILER};
use crate::client::HEADER_BYTES;

/// A CopyData of many rows: the server's own buffers are far smaller, and the boundary of a guest is at full speed from
/// 64 KiB up.
const FRAME_BYTES: usize = 256 * 1024;

/// A message that is being filled. The first bytes are room for its header.
#[derive(Debug)]
pub struct CopyFrame {
    message: Vec<u8>,
}

impl Default for CopyFrame {
    fn default() -> Self {
        // The row that crosses the bound is in it as well.
        let mut message = Vec::with_capacity(FRAME_BYTES + FRAME_BYTES / 4);
        message.extend_from_slice(&[0; HEADER_BYTES]);
        Self { message }
    }
}

impl CopyFrame {
    /// Begins a COPY; one that was broken off is forgotten.
    pub fn begin(&mut self) {
        self.clear();
        self.message.extend_from_slice(&HEADER);
    }

    /// Adds rows of a batch; true: it is full, and must be sent and cleared before it is filled on. False: none are left.
    ///
    /// # Errors
    /// A value that cannot be written.
    pub fn fill(&mut self, rows: &mut EncodeRows<'_>) -> Result<bool, EncodeError> {
        while self.message.len() < FRAME_BYTES {
            if rows.encode_up_to(FRAME_BYTES, &mut self.message)? == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Ends the COPY: what is in it now is the last message.
    pub fn end(&mut self) {
        self.message.extend_from_slice(&TRAILER);
    }

    /// What [`crate::client::Client::copy_frame`] sends.
    pub fn message(&mut self) -> &mut [u8] {
        &mut self.message
    }

    /// Forgets what was sent, and returns how many bytes that was. The room is kept.
    pub fn clear(&mut self) -> usize {
        let bytes = self.message.len() - HEADER_BYTES;
        self.message.truncate(HEADER_BYTES);
        bytes
    }
}
