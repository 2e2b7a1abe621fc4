//! As much of PostgreSQL's protocol as the proxy needs (manual, "Message Formats"): where a message ends, what a
//! statement says, what an answer is tagged.

use std::borrow::Cow;

const SSL_REQUEST: u32 = 80_877_103;
const CANCEL_REQUEST: u32 = 80_877_102;

/// What a connection begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opening {
    Tls,
    Cancel,
    Startup,
}

/// The length of the untyped message that `bytes` begin with, and what it is; none: not all of it is there.
pub(crate) fn opening(bytes: &[u8]) -> Option<(usize, Opening)> {
    let length = number(bytes)?;
    let kind = match number(bytes.get(4..)?)? {
        SSL_REQUEST => Opening::Tls,
        CANCEL_REQUEST => Opening::Cancel,
        _ => Opening::Startup,
    };
    (bytes.len() >= length as usize).then_some((length as usize, kind))
}

/// The length of the typed message that `bytes` begin with; none: not all of it is there.
pub(crate) fn typed(bytes: &[u8]) -> Option<usize> {
    let length = number(bytes.get(1..)?)? as usize + 1;
    (bytes.len() >= length).then_some(length)
}

/// The SQL of a Query or Parse message.
pub(crate) fn statement(message: &[u8]) -> Option<Cow<'_, str>> {
    let body = message.get(5..)?;
    let sql = match message[0] {
        b'Q' => body.strip_suffix(b"\0")?,
        b'P' => body.split(|byte| *byte == 0).nth(1)?,
        _ => return None,
    };
    Some(String::from_utf8_lossy(sql))
}

/// The tag of a CommandComplete message: "COMMIT".
pub(crate) fn tag(message: &[u8]) -> Option<Cow<'_, str>> {
    (message[0] == b'C').then(|| String::from_utf8_lossy(message[5..].strip_suffix(b"\0").unwrap_or_default()))
}

/// A Query message.
pub(crate) fn query(sql: &str) -> Vec<u8> {
    message(b'Q', &[sql.as_bytes(), b"\0"].concat())
}

/// What the server says when a COMMIT has ended, in place of the server.
pub(crate) fn committed() -> Vec<u8> {
    [message(b'C', b"COMMIT\0"), message(b'Z', b"I")].concat()
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap();
    [&[kind], length.to_be_bytes().as_slice(), body].concat()
}

fn number(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(..4)?.try_into().ok()?))
}
