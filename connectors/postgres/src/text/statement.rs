//! The INSERT statements of one stream, all written in one buffer. Executing them is the client's.

use super::LiteralRows;
use crate::{client::HEADER_BYTES, copy::EncodeError};

/// Room behind the bound: for the row that crosses it, and the conflict clause.
const ROOM_BYTES: usize = 256 * 1024;

/// A statement that is being filled: room for the message's header, the head, and behind it rows and the tail.
#[derive(Debug)]
pub struct InsertStatement {
    message: Vec<u8>,
    head_bytes: usize,
    tail: Vec<u8>,
    rows_max: u32,
    bytes_max: usize,
}

impl InsertStatement {
    /// `head` ends with VALUES; `tail` is the conflict clause. A statement has at most so many rows, and so many bytes but
    /// for one row.
    pub fn new(head: &str, tail: Option<&str>, (rows_max, bytes_max): (u32, usize)) -> Self {
        let tail = tail.map(|tail| format!(" {tail}").into_bytes()).unwrap_or_default();
        let mut message = Vec::with_capacity(HEADER_BYTES + head.len() + bytes_max + ROOM_BYTES + tail.len());
        message.extend_from_slice(&[0; HEADER_BYTES]);
        message.extend_from_slice(head.as_bytes());
        message.push(b' ');
        Self { head_bytes: message.len(), message, tail, rows_max, bytes_max }
    }

    /// Makes the statement of the next rows, in place of the one before; false: none are left.
    ///
    /// # Errors
    /// A value that cannot be written.
    pub fn fill(&mut self, rows: &mut LiteralRows<'_>) -> Result<bool, EncodeError> {
        self.message.truncate(self.head_bytes);
        if rows.write(self.rows_max, self.bytes_max, &mut self.message)? == 0 {
            return Ok(false);
        }
        self.message.extend_from_slice(&self.tail);
        Ok(true)
    }

    /// What [`crate::client::Client::execute_frame`] executes.
    pub fn message(&mut self) -> &mut Vec<u8> {
        &mut self.message
    }

    /// The statement's text.
    pub fn sql(&self) -> &[u8] {
        &self.message[HEADER_BYTES..]
    }
}
