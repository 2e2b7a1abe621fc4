//! A synchronous PostgreSQL client over any byte stream: logging in, simple queries, descriptions, COPY in both
//! directions. It knows messages, not catalogues or Arrow, and never more than one statement is under way.
//!
//! Why not tokio-postgres: the row path and the catalogue queries share one transaction, hence one connection, and
//! tokio-postgres hands out a `Bytes` and a channel message per row (PostgreSQL manual, chapter "Frontend/Backend
//! Protocol", is what this follows; messages and authentication come from the crate postgres-protocol).

mod config;
mod copy;
mod error;
mod inbox;
mod login;
mod query;

pub use config::{Address, Config, ConfigError, SslMode};
pub use copy::Rows;
pub use error::{Fault, FaultKind, ServerError};
pub use inbox::HEADER_BYTES;
pub use query::{Described, ResultSet};

use inbox::Inbox;
use std::io::{BufRead, Write};

/// A connection that is logged in.
pub struct Client<S> {
    inbox: Inbox<S>,
    cancel: [u8; 16],
}

impl<S: BufRead + Write> Client<S> {
    /// Logs in. `upgrade` turns the stream into TLS and returns the data for tls-server-end-point, where there is any;
    /// it is called after the server agreed to TLS, and only where the configuration wants TLS.
    ///
    /// # Errors
    /// What the server refused, a broken stream, or a method of authentication that is not safe here.
    pub fn connect(
        stream: S,
        config: &Config,
        upgrade: impl FnOnce(&mut S) -> std::io::Result<Option<Vec<u8>>>,
    ) -> Result<Self, Fault> {
        login::login(stream, config, upgrade)
    }

    /// The CancelRequest for this connection, to be sent on a new one.
    pub fn cancel_request(&self) -> [u8; 16] {
        self.cancel
    }

    /// The byte stream below.
    pub fn stream(&self) -> &S {
        self.inbox.stream()
    }

    /// Says goodbye; the stream is of no use afterwards.
    ///
    /// # Errors
    /// A broken stream.
    pub fn terminate(mut self) -> Result<S, Fault> {
        let mut out = bytes::BytesMut::new();
        postgres_protocol::message::frontend::terminate(&mut out);
        self.inbox.send(&out)?;
        Ok(self.inbox.into_stream())
    }
}
