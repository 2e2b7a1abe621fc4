//! The host's connection as a standard byte stream. The contract's errors travel inside `io::Error` and come back by
//! [`HostStream::error`].

use crate::{
    host::Connection,
    types::{Address, Error},
};
use std::io::{self, BufRead, Read, Write};

/// How much one call of the host may bring: the boundary moves 20 GB/s and more from 64 KiB up.
const READ_BYTES: u32 = 256 * 1024;

/// A byte stream to an endpoint that was granted.
pub struct HostStream {
    connection: Connection,
    chunk: Vec<u8>,
    taken: usize,
}

/// Carries an error of the contract through `std::io`.
#[derive(Debug)]
struct Carried(Error);

impl std::fmt::Display for Carried {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Carried {}

fn carry(error: Error) -> io::Error {
    io::Error::other(Carried(error))
}

impl HostStream {
    /// Connects to a granted endpoint.
    ///
    /// # Errors
    /// The host's refusal, or what connecting met.
    pub fn connect(address: &Address) -> Result<Self, Error> {
        Ok(Self { connection: Connection::connect(address)?, chunk: Vec::new(), taken: 0 })
    }

    /// Hands the stream to TLS; see the contract's `start-tls`.
    ///
    /// # Errors
    /// A handshake that failed, or bytes of the peer that came before it: they were never protected.
    pub fn start_tls(&mut self) -> io::Result<Option<Vec<u8>>> {
        if self.taken < self.chunk.len() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "bytes came between the answer and TLS"));
        }
        self.connection.start_tls().map_err(carry)
    }

    /// What the host sends on another connection if this one is dropped without [`Self::close`].
    pub fn on_abort(&self, bytes: &[u8]) {
        self.connection.on_abort(bytes);
    }

    /// The orderly end.
    pub fn close(self) {
        self.connection.close();
    }

    /// The contract's error inside an `io::Error`, if that is what it carries.
    pub fn error(error: &io::Error) -> Option<&Error> {
        error.get_ref()?.downcast_ref::<Carried>().map(|carried| &carried.0)
    }
}

impl BufRead for HostStream {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.taken == self.chunk.len() {
            self.chunk = self.connection.read(READ_BYTES).map_err(carry)?;
            self.taken = 0;
        }
        Ok(&self.chunk[self.taken..])
    }

    fn consume(&mut self, bytes: usize) {
        self.taken = (self.taken + bytes).min(self.chunk.len());
    }
}

impl Read for HostStream {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(out)?;
        self.consume(read);
        Ok(read)
    }
}

impl Write for HostStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.connection.write(bytes).map_err(carry)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
