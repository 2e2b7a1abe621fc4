//! Simple queries with results as text, and what columns a query would have.

use super::{
    Client,
    error::{Fault, ServerError},
};
use bytes::BytesMut;
use fallible_iterator::FallibleIterator;
use postgres_protocol::{
    IsNull,
    message::{
        backend::{DataRowBody, Message},
        frontend,
    },
};
use std::io::{BufRead, Write};

/// What a statement returned, all of it text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResultSet {
    /// Rows of columns.
    pub rows: Vec<Vec<Option<String>>>,
    /// The command tag: "INSERT 0 3".
    pub tag: String,
}

impl ResultSet {
    /// Rows affected, from the tag's last word; zero where it counts nothing.
    pub fn affected(&self) -> u64 {
        affected(&self.tag)
    }
}

/// A column of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// The column's name.
    pub name: String,
    /// Its type.
    pub type_oid: u32,
    /// Its type modifier; -1: none.
    pub type_modifier: i32,
    /// The table it comes from; zero: none.
    pub table_oid: u32,
    /// Its number in that table; zero: none.
    pub column_number: i16,
}

pub(super) fn affected(tag: &str) -> u64 {
    tag.rsplit(' ').next().and_then(|count| count.parse().ok()).unwrap_or(0)
}

impl<S: BufRead + Write> Client<S> {
    /// Runs one or more statements and returns the last one's result.
    ///
    /// # Errors
    /// The first statement that is refused; the ones behind it do not run.
    pub fn query(&mut self, sql: &str) -> Result<ResultSet, Fault> {
        self.send_query(sql)?;
        let mut result = ResultSet::default();
        loop {
            match self.reply_or_drain()? {
                Message::RowDescription(_) => result.rows.clear(),
                Message::DataRow(row) => result.rows.push(text_row(&row)?),
                Message::CommandComplete(done) => done.tag()?.clone_into(&mut result.tag),
                Message::EmptyQueryResponse => {}
                Message::ReadyForQuery(_) => return Ok(result),
                _ => return Err(Fault::Protocol("a message comes out of turn after a query")),
            }
        }
    }

    /// Runs the one statement in `frame` and returns the rows that it affected. The frame begins with
    /// [`super::HEADER_BYTES`] bytes of room and ends with the statement's text, so that nothing is copied; it is left as it
    /// was.
    ///
    /// # Errors
    /// What the server refuses, a statement with a NUL byte.
    pub fn execute_frame(&mut self, frame: &mut Vec<u8>) -> Result<u64, Fault> {
        if frame[super::HEADER_BYTES..].contains(&0) {
            return Err(Fault::Protocol("a statement holds a NUL byte"));
        }
        frame.push(0);
        let length = u32::try_from(frame.len() - 1).map_err(|_| Fault::Protocol("a statement is larger than 4 GiB"))?;
        frame[0] = b'Q';
        frame[1..super::HEADER_BYTES].copy_from_slice(&length.to_be_bytes());
        let sent = self.inbox.send(frame);
        frame.pop();
        sent?;
        self.affected().map_err(Fault::among_rows)
    }

    /// Prepares a statement under this name, in place of one that has it, with parameters of these types.
    ///
    /// # Errors
    /// What the server refuses.
    pub fn prepare(&mut self, name: &str, sql: &str, parameter_oids: &[u32]) -> Result<(), Fault> {
        let mut out = BytesMut::new();
        frontend::close(b'S', name, &mut out)?;
        frontend::parse(name, sql, parameter_oids.iter().copied(), &mut out)?;
        frontend::sync(&mut out);
        self.inbox.send(&out)?;
        self.affected().map(drop)
    }

    /// Runs a prepared statement whose Bind, Execute and Sync these are, and returns the rows that it affected.
    ///
    /// # Errors
    /// What the server refuses.
    pub fn execute_bound(&mut self, messages: &[u8]) -> Result<u64, Fault> {
        self.inbox.send(messages)?;
        self.affected().map_err(Fault::among_rows)
    }

    /// Runs one statement that moves rows inside the server, and returns how many.
    ///
    /// # Errors
    /// What the server refuses, without what it says of rows.
    pub fn execute(&mut self, sql: &str) -> Result<u64, Fault> {
        self.send_query(sql)?;
        self.affected().map_err(Fault::among_rows)
    }

    /// Reads on to the end of a statement that returns no rows.
    pub(super) fn affected(&mut self) -> Result<u64, Fault> {
        let mut rows = 0;
        loop {
            match self.reply_or_drain()? {
                Message::CloseComplete | Message::ParseComplete | Message::BindComplete => {}
                Message::CommandComplete(done) => rows = affected(done.tag()?),
                Message::ReadyForQuery(_) => return self.inbox.unchanged().map(|()| rows),
                _ => return Err(Fault::Protocol("a message comes out of turn after a statement")),
            }
        }
    }

    /// The columns that a query returns, without running it.
    ///
    /// # Errors
    /// A query that the server does not accept, or that returns nothing.
    pub fn describe(&mut self, sql: &str) -> Result<Vec<Described>, Fault> {
        let mut out = BytesMut::new();
        frontend::parse("", sql, std::iter::empty(), &mut out)?;
        frontend::describe(b'S', "", &mut out)?;
        frontend::sync(&mut out);
        self.inbox.send(&out)?;
        let mut columns = Vec::new();
        loop {
            match self.reply_or_drain()? {
                Message::ParseComplete | Message::ParameterDescription(_) | Message::NoData => {}
                Message::RowDescription(row) => columns = described(&row)?,
                Message::ReadyForQuery(_) => return Ok(columns),
                _ => return Err(Fault::Protocol("a message comes out of turn after a description")),
            }
        }
    }

    /// Has the server parse statements, each by itself, and runs none; what it says against each. Those that read or write
    /// rows are planned as well, so that their names, types and keys must be there.
    ///
    /// # Errors
    /// A broken connection.
    pub fn parse(&mut self, statements: &[String]) -> Result<Vec<Option<ServerError>>, Fault> {
        let mut out = BytesMut::new();
        for sql in statements {
            frontend::parse("", sql, std::iter::empty(), &mut out)?;
            bind_nothing(&mut out)?;
            frontend::sync(&mut out);
        }
        self.inbox.send(&out)?;
        statements.iter().map(|_| self.parsed()).collect()
    }

    fn parsed(&mut self) -> Result<Option<ServerError>, Fault> {
        let mut refused = None;
        loop {
            match self.inbox.reply() {
                Ok(Message::ParseComplete | Message::BindComplete) => {}
                Ok(Message::ReadyForQuery(_)) => return Ok(refused),
                Ok(_) => return Err(Fault::Protocol("a message comes out of turn after a statement to parse")),
                Err(Fault::Server(error)) if refused.is_none() => refused = Some(*error),
                Err(fault) => return Err(fault),
            }
        }
    }

    pub(super) fn send_query(&mut self, sql: &str) -> Result<(), Fault> {
        let mut out = BytesMut::with_capacity(sql.len() + 6);
        frontend::query(sql, &mut out)?;
        self.inbox.send(&out)
    }

    /// The next reply; after an error the connection is brought back to where it can be used.
    pub(super) fn reply_or_drain(&mut self) -> Result<Message, Fault> {
        let reply = self.inbox.reply();
        if let Err(Fault::Server(_)) = reply {
            // A server that ends the session says why and sends nothing more: why is the news.
            let _ = self.inbox.drain();
        }
        reply
    }
}

/// Binds the unnamed statement, which has no parameters: the server plans it.
fn bind_nothing(out: &mut BytesMut) -> Result<(), Fault> {
    let none = std::iter::empty::<i16>;
    let bound = frontend::bind("", "", none(), std::iter::empty::<()>(), |(), _| Ok(IsNull::Yes), none(), out);
    bound.map_err(|_| Fault::Protocol("a statement holds a NUL byte"))
}

fn text_row(row: &DataRowBody) -> Result<Vec<Option<String>>, Fault> {
    let cell = |range: std::ops::Range<usize>| {
        let bytes = row.buffer().get(range).ok_or(Fault::Protocol("a row is cut short"))?;
        let text = std::str::from_utf8(bytes).map_err(|_| Fault::Protocol("a catalogue's text is not UTF-8"))?;
        Ok(text.to_owned())
    };
    row.ranges().map_err(Fault::Io).map(|range| range.map(cell).transpose()).collect()
}

fn described(row: &postgres_protocol::message::backend::RowDescriptionBody) -> Result<Vec<Described>, Fault> {
    let column = |field: postgres_protocol::message::backend::Field<'_>| {
        Ok(Described {
            name: field.name().to_owned(),
            type_oid: field.type_oid(),
            type_modifier: field.type_modifier(),
            table_oid: field.table_oid(),
            column_number: field.column_id(),
        })
    };
    Ok(row.fields().map(column).collect()?)
}
