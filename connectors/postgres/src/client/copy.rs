//! Rows in bulk: COPY out, binary cursors, COPY in. Rows are seen in place, never owned.

use super::{
    Client,
    error::Fault,
    inbox::{HEADER_BYTES, parse, server_error},
    query::affected,
};
use bytes::BytesMut;
use postgres_protocol::message::{backend::Message, frontend};
use std::{
    io::{BufRead, Write},
    ops::ControlFlow,
};

/// Messages in the row path (PostgreSQL manual, "Message Formats").
const COPY_DATA: u8 = b'd';
const DATA_ROW: u8 = b'D';

/// How many more rows there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// The row or part was handed over; more may follow.
    More,
    /// The statement is done; so many rows, as the server counts.
    Done(u64),
}

/// What ends a run of rows.
enum End<E> {
    /// Whoever takes them has as many as it wants.
    Enough,
    Refused(E),
    /// A message that is no row.
    Other(Result<Message, Fault>),
}

impl<S: BufRead + Write> Client<S> {
    /// Begins `COPY … TO STDOUT`. Rows are taken by [`Self::next_rows`] until it says done.
    ///
    /// # Errors
    /// A statement that the server refuses or that is no COPY.
    pub fn copy_out(&mut self, sql: &str) -> Result<(), Fault> {
        self.send_query(sql)?;
        match self.reply_or_drain()? {
            Message::CopyOutResponse(_) => Ok(()),
            _ => Err(Fault::Protocol("COPY TO did not begin")),
        }
    }

    /// Begins a statement that returns rows, a FETCH from a binary cursor. Rows are taken by [`Self::next_rows`].
    ///
    /// # Errors
    /// A broken stream; what the server refuses is said by the first `next_rows`.
    pub fn fetch(&mut self, sql: &str) -> Result<(), Fault> {
        self.send_query(sql)
    }

    /// Hands the bodies of the CopyData and DataRow messages that are here to `take`, one behind the other, for as long as
    /// it returns true: the rows of a buffer cost one call. `row_bytes_max` bounds each. [`Rows::More`]: `take` had enough,
    /// or more must come first.
    ///
    /// # Errors
    /// What the server says while it sends, a row that is too large, a broken stream. After a server's error the
    /// connection can be used again.
    #[inline]
    pub fn next_rows<E: From<Fault>>(
        &mut self,
        row_bytes_max: usize,
        mut take: impl FnMut(&[u8]) -> Result<bool, E>,
    ) -> Result<Rows, E> {
        let end = self.inbox.each(row_bytes_max, |tag, body| match tag {
            COPY_DATA | DATA_ROW => match take(body) {
                Ok(true) => ControlFlow::Continue(()),
                Ok(false) => ControlFlow::Break(End::Enough),
                Err(error) => ControlFlow::Break(End::Refused(error)),
            },
            _ => ControlFlow::Break(End::Other(parse(tag, body))),
        })?;
        match end {
            None | Some(End::Enough) => Ok(Rows::More),
            Some(End::Refused(error)) => Err(error),
            Some(End::Other(other)) => Ok(self.after_rows(other?)?),
        }
    }

    /// Passes over the rows that are left of a statement.
    ///
    /// # Errors
    /// As for [`Self::next_rows`].
    pub fn skip_rows(&mut self, row_bytes_max: usize) -> Result<(), Fault> {
        while self.next_rows(row_bytes_max, |_| Ok::<_, Fault>(true))? == Rows::More {}
        Ok(())
    }

    /// What came was no row: passes over the frame of a result, and at its end reads on to ReadyForQuery.
    fn after_rows(&mut self, message: Message) -> Result<Rows, Fault> {
        match message {
            Message::CommandComplete(done) => {
                let rows = affected(done.tag()?);
                self.inbox.drain()?;
                Ok(Rows::Done(rows))
            }
            Message::ErrorResponse(body) => {
                // A server that ends the session says so and sends nothing more.
                let fault = server_error(&body).among_rows();
                let _ = self.inbox.drain();
                Err(fault)
            }
            Message::RowDescription(_)
            | Message::CopyDone
            | Message::NoticeResponse(_)
            | Message::ParameterStatus(_)
            | Message::NotificationResponse(_) => Ok(Rows::More),
            _ => Err(Fault::Protocol("a message comes out of turn among rows")),
        }
    }

    /// Begins `COPY … FROM STDIN`. Frames follow by [`Self::copy_frame`], the end by [`Self::copy_done`].
    ///
    /// # Errors
    /// A statement that the server refuses or that is no COPY.
    pub fn copy_in(&mut self, sql: &str) -> Result<(), Fault> {
        self.send_query(sql)?;
        match self.reply_or_drain()? {
            Message::CopyInResponse(_) => Ok(()),
            _ => Err(Fault::Protocol("COPY FROM did not begin")),
        }
    }

    /// Sends one CopyData. `frame` begins with [`HEADER_BYTES`] bytes of room for the header, so that nothing is
    /// copied. What the server says against it is heard by [`Self::copy_done`].
    ///
    /// # Errors
    /// A broken stream.
    pub fn copy_frame(&mut self, frame: &mut [u8]) -> Result<(), Fault> {
        let length = u32::try_from(frame.len() - 1).map_err(|_| Fault::Protocol("a CopyData is larger than 4 GiB"))?;
        frame[0] = COPY_DATA;
        frame[1..HEADER_BYTES].copy_from_slice(&length.to_be_bytes());
        self.inbox.send(frame).map_err(Fault::among_rows)
    }

    /// Ends a COPY and returns the rows that the server counted.
    ///
    /// # Errors
    /// What the server refused of the rows. The connection can be used again.
    pub fn copy_done(&mut self) -> Result<u64, Fault> {
        let mut out = BytesMut::new();
        frontend::copy_done(&mut out);
        self.inbox.send(&out).map_err(Fault::among_rows)?;
        self.affected().map_err(Fault::among_rows)
    }

    /// Breaks a COPY off; the server throws its rows away. The connection can be used again.
    ///
    /// # Errors
    /// A broken stream.
    pub fn copy_fail(&mut self) -> Result<(), Fault> {
        let mut out = BytesMut::new();
        frontend::copy_fail("broken off", &mut out)?;
        self.inbox.send(&out)?;
        self.inbox.drain()
    }
}
