//! Messages of the server, one at a time, read in place from the stream's own buffer wherever a message lies in it
//! whole; only one that straddles two buffers is put together in another.

use super::error::{Fault, ServerError};
use fallible_iterator::FallibleIterator;
use postgres_protocol::message::backend;
use std::{
    io::{BufRead, Write},
    ops::ControlFlow,
};

/// A message's tag and length.
pub const HEADER_BYTES: usize = 5;

/// The protocol ends a message at 1 GiB; nothing but a row may come near.
const MESSAGE_BYTES_MAX: usize = 1 << 30;

pub(super) struct Inbox<S> {
    stream: S,
    straddling: Vec<u8>,
    /// Of [`RELIED_ON`]: what no longer is as it must be.
    changed: Option<&'static str>,
}

/// Settings on which it depends what the rows that we send mean, and what we have set them to. The server reports them
/// whenever a statement has changed them (PostgreSQL manual, "Asynchronous Operations").
const RELIED_ON: [(&str, &str); 2] = [("client_encoding", "UTF8"), ("IntervalStyle", "postgres")];

impl<S: BufRead + Write> Inbox<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, straddling: Vec::new(), changed: None }
    }

    pub(super) fn stream(&self) -> &S {
        &self.stream
    }

    pub(super) fn into_stream(self) -> S {
        self.stream
    }

    /// Sends a message. Where the peer has closed the connection, the error is the reason that it gave before.
    pub(super) fn send(&mut self, message: &[u8]) -> Result<(), Fault> {
        let sent = self.stream.write_all(message).and_then(|()| self.stream.flush());
        sent.map_err(|error| self.last_word().unwrap_or(Fault::Io(error)))
    }

    /// What the server said before it closed the connection; none where it said no error.
    fn last_word(&mut self) -> Option<Fault> {
        loop {
            if let backend::Message::ErrorResponse(body) = self.message().ok()? {
                return Some(server_error(&body));
            }
        }
    }

    /// Hands the next message's tag and body to `take`. A message with more than `bytes_max` is not read.
    pub(super) fn next<R>(&mut self, bytes_max: usize, take: impl FnOnce(u8, &[u8]) -> R) -> Result<R, Fault> {
        let buffer = self.stream.fill_buf()?;
        if buffer.is_empty() {
            return Err(closed());
        }
        if let Some(length) = whole(buffer, bytes_max)? {
            let taken = take(buffer[0], &buffer[HEADER_BYTES..length]);
            self.stream.consume(length);
            return Ok(taken);
        }
        self.gather(bytes_max)?;
        Ok(take(self.straddling[0], &self.straddling[HEADER_BYTES..]))
    }

    /// Hands tag and body of the messages that lie in the buffer at hand to `take`, one behind the other, until it breaks
    /// off; where the first one is not whole there, that one alone. None: they are all taken, and more may come.
    #[inline]
    pub(super) fn each<R>(
        &mut self,
        bytes_max: usize,
        mut take: impl FnMut(u8, &[u8]) -> ControlFlow<R>,
    ) -> Result<Option<R>, Fault> {
        let buffer = self.stream.fill_buf()?;
        if buffer.is_empty() {
            return Err(closed());
        }
        let mut taken = 0;
        let end = loop {
            let rest = &buffer[taken..];
            match whole(rest, bytes_max) {
                Ok(Some(length)) => {
                    taken += length;
                    if let ControlFlow::Break(end) = take(rest[0], &rest[HEADER_BYTES..length]) {
                        break Ok(Some(end));
                    }
                }
                Ok(None) => break Ok(None),
                Err(fault) => break Err(fault),
            }
        };
        self.stream.consume(taken);
        if taken > 0 {
            return end;
        }
        end?;
        self.gather(bytes_max)?;
        Ok(take(self.straddling[0], &self.straddling[HEADER_BYTES..]).break_value())
    }

    /// Puts together a message that lies in more than one buffer.
    fn gather(&mut self, bytes_max: usize) -> Result<(), Fault> {
        self.straddling.clear();
        let mut wanted = HEADER_BYTES;
        while self.straddling.len() < wanted {
            let buffer = self.stream.fill_buf()?;
            if buffer.is_empty() {
                return Err(closed());
            }
            let taken = buffer.len().min(wanted - self.straddling.len());
            self.straddling.extend_from_slice(&buffer[..taken]);
            self.stream.consume(taken);
            if self.straddling.len() == HEADER_BYTES
                && let Some(bytes) = message_bytes(&self.straddling)?
            {
                within(bytes, bytes_max)?;
                wanted = bytes;
            }
        }
        Ok(())
    }

    /// The next message that is part of a dialogue: notices and parameter changes are passed over, an error is an error.
    pub(super) fn reply(&mut self) -> Result<backend::Message, Fault> {
        loop {
            match self.message()? {
                backend::Message::ErrorResponse(body) => return Err(server_error(&body)),
                backend::Message::ParameterStatus(report) => self.hear(report.name()?, report.value()?),
                backend::Message::NoticeResponse(_) | backend::Message::NotificationResponse(_) => {}
                message => return Ok(message),
            }
        }
    }

    fn hear(&mut self, setting: &str, value: &str) {
        let Some((name, relied_on)) = RELIED_ON.iter().find(|(name, _)| *name == setting) else { return };
        if value != *relied_on {
            self.changed = Some(name);
        } else if self.changed == Some(name) {
            self.changed = None;
        }
    }

    /// The settings that rows rely on are as they must be.
    pub(super) fn unchanged(&self) -> Result<(), Fault> {
        self.changed.map_or(Ok(()), |setting| Err(Fault::Changed(setting)))
    }

    /// The next message of any kind, parsed.
    pub(super) fn message(&mut self) -> Result<backend::Message, Fault> {
        self.next(MESSAGE_BYTES_MAX, parse)?
    }

    /// Reads up to and including ReadyForQuery, so that the connection can be used again after an error.
    pub(super) fn drain(&mut self) -> Result<(), Fault> {
        while !matches!(self.message()?, backend::Message::ReadyForQuery(_)) {}
        Ok(())
    }
}

/// The whole message's bytes, header included, as soon as the header is there.
fn message_bytes(buffer: &[u8]) -> Result<Option<usize>, Fault> {
    let Some(length) = buffer.get(1..HEADER_BYTES) else { return Ok(None) };
    let length = u32::from_be_bytes([length[0], length[1], length[2], length[3]]) as usize;
    if !(4..=MESSAGE_BYTES_MAX).contains(&length) {
        return Err(Fault::Protocol("a message has an impossible length"));
    }
    Ok(Some(length + 1))
}

/// The same of a message that lies in the buffer whole, and is no longer than it may be.
#[inline]
fn whole(buffer: &[u8], bytes_max: usize) -> Result<Option<usize>, Fault> {
    match message_bytes(buffer)?.filter(|length| *length <= buffer.len()) {
        Some(length) => within(length, bytes_max).map(|()| Some(length)),
        None => Ok(None),
    }
}

fn within(bytes: usize, bytes_max: usize) -> Result<(), Fault> {
    if bytes > bytes_max.saturating_add(HEADER_BYTES) {
        return Err(Fault::RowTooLarge { bytes, bytes_max });
    }
    Ok(())
}

/// A message's tag and body through the parser of postgres-protocol, which wants them in one buffer of its own.
pub(super) fn parse(tag: u8, body: &[u8]) -> Result<backend::Message, Fault> {
    let mut buffer = bytes::BytesMut::with_capacity(HEADER_BYTES + body.len());
    let length = u32::try_from(body.len() + 4).map_err(|_| Fault::Protocol("a message has an impossible length"))?;
    buffer.extend_from_slice(&[tag]);
    buffer.extend_from_slice(&length.to_be_bytes());
    buffer.extend_from_slice(body);
    let message = backend::Message::parse(&mut buffer).map_err(|_| Fault::Protocol("a message has no known form"))?;
    message.ok_or(Fault::Protocol("a message is cut short"))
}

pub(super) fn server_error(body: &backend::ErrorResponseBody) -> Fault {
    let mut fields = Vec::new();
    let mut list = body.fields();
    while let Ok(Some(field)) = list.next() {
        fields.push((field.type_(), String::from_utf8_lossy(field.value_bytes()).into_owned()));
    }
    Fault::Server(Box::new(ServerError::from_fields(fields.iter().map(|(field, text)| (*field, text.as_str())))))
}

fn closed() -> Fault {
    Fault::Io(std::io::Error::new(std::io::ErrorKind::UnexpectedEof, "the peer closed the connection"))
}

#[cfg(test)]
mod tests {
    //! P1: however the stream is cut into buffers, the messages are the same, taken singly or by the buffer. P2: whatever bytes come, the inbox ends
    //! with a message or an error, never a panic, and never takes more than the bound.

    use super::*;
    use proptest::prelude::*;
    use std::io::{self, Read};

    /// A stream that brings its bytes in buffers of the given sizes.
    struct Cut {
        bytes: Vec<u8>,
        at: usize,
        sizes: Vec<usize>,
        turn: usize,
        left: usize,
    }

    impl Cut {
        fn new(bytes: Vec<u8>, sizes: Vec<usize>) -> Self {
            Self { bytes, at: 0, sizes, turn: 0, left: 0 }
        }
    }

    impl BufRead for Cut {
        fn fill_buf(&mut self) -> io::Result<&[u8]> {
            if self.left == 0 {
                self.left = self.sizes[self.turn % self.sizes.len()].min(self.bytes.len() - self.at);
                self.turn += 1;
            }
            Ok(&self.bytes[self.at..self.at + self.left])
        }

        fn consume(&mut self, bytes: usize) {
            self.at += bytes;
            self.left -= bytes;
        }
    }

    impl Read for Cut {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            unreachable!("the inbox reads by fill_buf")
        }
    }

    impl Write for Cut {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn message() -> impl Strategy<Value = (u8, Vec<u8>)> {
        (any::<u8>(), prop::collection::vec(any::<u8>(), 0..40))
    }

    fn encoded(messages: &[(u8, Vec<u8>)]) -> Vec<u8> {
        let encode = |(tag, body): &(u8, Vec<u8>)| {
            let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
            [&[*tag][..], &length, body].concat()
        };
        messages.iter().flat_map(encode).collect()
    }

    proptest! {
        #[test]
        fn p1_cuts_do_not_matter(messages in prop::collection::vec(message(), 1..20), sizes in prop::collection::vec(1_usize..60, 1..8)) {
            let mut inbox = Inbox::new(Cut::new(encoded(&messages), sizes));
            for expected in &messages {
                let seen = inbox.next(64, |tag, body| (tag, body.to_vec())).unwrap();
                prop_assert_eq!(&seen, expected);
            }
            prop_assert!(matches!(inbox.next(64, |_, _| ()), Err(Fault::Io(_))));
        }

        #[test]
        fn p1_cuts_do_not_matter_to_each(messages in prop::collection::vec(message(), 1..20), sizes in prop::collection::vec(1_usize..60, 1..8), pause in 1_usize..5) {
            let mut inbox = Inbox::new(Cut::new(encoded(&messages), sizes));
            let mut seen = Vec::new();
            while seen.len() < messages.len() {
                let before = seen.len();
                let end = inbox.each(64, |tag, body| {
                    seen.push((tag, body.to_vec()));
                    if seen.len() % pause == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                });
                prop_assert_eq!(end.unwrap().is_some(), seen.len() % pause == 0);
                prop_assert!(seen.len() > before);
            }
            prop_assert_eq!(seen, messages);
            prop_assert!(matches!(inbox.each(64, |_, _| ControlFlow::Break(())), Err(Fault::Io(_))));
        }

        #[test]
        fn p2_garbage_ends(bytes in prop::collection::vec(any::<u8>(), 0..200), sizes in prop::collection::vec(1_usize..60, 1..8)) {
            let mut inbox = Inbox::new(Cut::new(bytes, sizes));
            while let Ok(body_bytes) = inbox.next(100, |_, body| body.len()) {
                prop_assert!(body_bytes <= 100);
            }
            prop_assert!(inbox.straddling.capacity() <= 256);
        }

        #[test]
        fn p2_garbage_ends_each(bytes in prop::collection::vec(any::<u8>(), 0..200), sizes in prop::collection::vec(1_usize..60, 1..8)) {
            let mut inbox = Inbox::new(Cut::new(bytes, sizes));
            let mut longest = 0;
            while inbox.each(100, |_, body| { longest = longest.max(body.len()); ControlFlow::<()>::Continue(()) }).is_ok() {}
            prop_assert!(longest <= 100);
            prop_assert!(inbox.straddling.capacity() <= 256);
        }
    }

    #[test]
    fn a_row_above_the_bound_is_not_gathered() {
        let mut inbox = Inbox::new(Cut::new(encoded(&[(b'd', vec![7; 1000])]), vec![9]));
        assert!(matches!(inbox.next(500, |_, _| ()), Err(Fault::RowTooLarge { bytes_max: 500, .. })));
        assert!(inbox.straddling.len() < 10);
    }
}
