//! Escaping of text that already stands at the end of a buffer, in place: nested forms are written first and escaped
//! afterwards, so that no level needs a buffer of its own.

/// Puts `prefix(byte)` before each byte of the tail for which there is one.
pub(super) fn escape_tail(out: &mut Vec<u8>, start: usize, prefix: impl Fn(u8) -> Option<u8>) {
    let count = out[start..].iter().filter(|byte| prefix(**byte).is_some()).count();
    if count == 0 {
        return;
    }
    let mut from = out.len();
    let mut to = from + count;
    out.resize(to, 0);
    while from < to {
        from -= 1;
        to -= 1;
        let byte = out[from];
        out[to] = byte;
        if let Some(escape) = prefix(byte) {
            to -= 1;
            out[to] = escape;
        }
    }
}

/// The escapes of `"…"` in arrays, composites, ranges and hstore: a backslash before `"` and `\`.
pub(super) const fn in_quotes(byte: u8) -> Option<u8> {
    match byte {
        b'"' | b'\\' => Some(b'\\'),
        _ => None,
    }
}

/// The escapes of `E'…'`, and of a lexeme in `'…'`: `'` and `\` doubled.
pub(super) const fn doubled(byte: u8) -> Option<u8> {
    match byte {
        b'\'' | b'\\' => Some(byte),
        _ => None,
    }
}

/// Puts the tail between `"` and `"`, unless no reader could take it for anything else than one value.
pub(super) fn quote_tail(out: &mut Vec<u8>, start: usize) {
    let tail = &out[start..];
    let is_bare = !tail.is_empty()
        && !tail.eq_ignore_ascii_case(b"null")
        && tail.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.' | b':' | b'_'));
    if is_bare {
        return;
    }
    out.insert(start, b'"');
    escape_tail(out, start + 1, in_quotes);
    out.push(b'"');
}
