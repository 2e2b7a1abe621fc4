//! Rows for benches and for the tests of costs, as a server sends them, and a server that says them from memory. What is
//! measured or counted is the caller's business.
#![allow(dead_code, clippy::unwrap_used)] // each binary takes what it needs; rows are right by construction

use arrow_schema::{Schema, SchemaRef};
use rapidbyte_postgres::{
    client::{Client, Config},
    types::{PgType, arrow},
};
use std::io::{self, BufRead, Read, Write};

/// What one call of the host brings at most (connectors/sdk, `READ_BYTES`).
const CHUNK_BYTES: usize = 256 * 1024;

/// Tables whose rows are made here.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Table {
    /// Seven columns of common types, as `bench_events` of xtask has them, with a NULL in eleven of `amount`.
    Events,
    /// Twelve texts of 100 bytes.
    Texts,
    /// numeric, which travels in wire form, and jsonb.
    Documents,
}

pub(crate) const TABLES: [Table; 3] = [Table::Events, Table::Texts, Table::Documents];

/// Bytes of a CopyData's or DataRow's header.
const HEADER_BYTES: usize = 5;

impl Table {
    fn types(self) -> Vec<(u32, &'static str, bool)> {
        match self {
            Self::Events => vec![
                (20, "int8", false),
                (23, "int4", false),
                (25, "text", false),
                (701, "float8", true),
                (16, "bool", false),
                (25, "text", false),
                (1184, "timestamptz", false),
            ],
            Self::Texts => vec![(25, "text", true); 12],
            Self::Documents => vec![(20, "int8", false), (1700, "numeric", true), (3802, "jsonb", true)],
        }
    }

    /// The types at both ends.
    pub(crate) fn targets(self) -> Vec<PgType> {
        self.types().iter().map(|(oid, name, _)| PgType::builtin(*oid, name, -1)).collect()
    }

    pub(crate) fn schema(self) -> SchemaRef {
        let field = |(at, (oid, name, nullable)): (usize, (u32, &str, bool))| {
            arrow::field(&format!("c{at}"), &PgType::builtin(oid, name, -1), nullable)
        };
        Schema::new(self.types().into_iter().enumerate().map(field).collect::<Vec<_>>()).into()
    }

    /// Appends one row: the number of its cells, then each with its length.
    fn row(self, id: u32, out: &mut Vec<u8>) {
        let cells = self.types().len();
        out.extend_from_slice(&u16::try_from(cells).unwrap().to_be_bytes());
        match self {
            Self::Events => event(id, out),
            Self::Texts => (0..cells).for_each(|at| cell(&[b'a' + u8::try_from(at).unwrap(); 100], out)),
            Self::Documents => document(id, out),
        }
    }

    /// So many rows, each a CopyData of its own, as servers send them; no header and no trailer.
    pub(crate) fn messages(self, rows: u32) -> Vec<Vec<u8>> {
        let row = |id| {
            let mut out = Vec::new();
            self.row(id, &mut out);
            out
        };
        (0..rows).map(row).collect()
    }

    /// All that a server says while a client logs in and copies so many rows out.
    pub(crate) fn copied(self, rows: u32) -> Vec<u8> {
        let mut out = logged_in();
        message(b'H', &[1, 0, 0], &mut out);
        message(b'd', &rapidbyte_postgres::copy::HEADER, &mut out);
        for row in self.messages(rows) {
            message(b'd', &row, &mut out);
        }
        message(b'd', &rapidbyte_postgres::copy::TRAILER, &mut out);
        message(b'c', &[], &mut out);
        done("COPY", rows, &mut out);
        out
    }

    /// The same for a FETCH.
    pub(crate) fn fetched(self, rows: u32) -> Vec<u8> {
        let mut out = logged_in();
        message(b'T', &[0, 0], &mut out);
        for row in self.messages(rows) {
            message(b'D', &row, &mut out);
        }
        done("FETCH", rows, &mut out);
        out
    }
}

fn event(id: u32, out: &mut Vec<u8>) {
    cell(&i64::from(id).to_be_bytes(), out);
    cell(&(id % 977).to_be_bytes(), out);
    cell(["view", "click", "purchase", "refund"][id as usize % 4].as_bytes(), out);
    if id.is_multiple_of(11) {
        out.extend_from_slice(&(-1_i32).to_be_bytes());
    } else {
        cell(&(f64::from(id) * 0.01).to_be_bytes(), out);
    }
    cell(&[u8::from(id.is_multiple_of(3))], out);
    cell(format!("{:032x}", u128::from(id).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)).as_bytes(), out);
    cell(&(820_540_800_000_000 + i64::from(id) * 1_500_000).to_be_bytes(), out);
}

/// A numeric of three digits of base 10,000 and two decimals, and a document.
fn document(id: u32, out: &mut Vec<u8>) {
    cell(&i64::from(id).to_be_bytes(), out);
    let parts: [u16; 7] = [3, 1, 0, 2, 123, u16::try_from(id % 10_000).unwrap(), 4500];
    cell(&parts.map(u16::to_be_bytes).concat(), out);
    let text = format!(r#"{{"id": {id}, "tags": ["a", "b"], "who": "O'Neil \\ Söhne", "deep": {{"x": [1, 2, 3]}}}}"#);
    cell(&[&[1], text.as_bytes()].concat(), out);
}

fn cell(value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&u32::try_from(value.len()).unwrap().to_be_bytes());
    out.extend_from_slice(value);
}

fn message(tag: u8, body: &[u8], out: &mut Vec<u8>) {
    out.push(tag);
    out.extend_from_slice(&u32::try_from(body.len() + HEADER_BYTES - 1).unwrap().to_be_bytes());
    out.extend_from_slice(body);
}

fn logged_in() -> Vec<u8> {
    let mut out = Vec::new();
    message(b'R', &[0; 4], &mut out);
    message(b'K', &[0; 8], &mut out);
    message(b'Z', b"I", &mut out);
    out
}

fn done(command: &str, rows: u32, out: &mut Vec<u8>) {
    message(b'C', format!("{command} {rows}\0").as_bytes(), out);
    message(b'Z', b"T", out);
}

/// A server that says what it was given, in chunks as a host's reads bring them, and hears everything.
pub(crate) struct Said<'a> {
    bytes: &'a [u8],
    taken: usize,
}

impl<'a> Said<'a> {
    /// A client that has logged in there.
    pub(crate) fn client(bytes: &'a [u8]) -> Client<Self> {
        let settings = [("url", "postgres://u@h/d?sslmode=disable")];
        let config = Config::from_settings(settings.into_iter()).unwrap();
        Client::connect(Self { bytes, taken: 0 }, &config, |_| Ok(None)).unwrap()
    }
}

impl BufRead for Said<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let end = (self.taken / CHUNK_BYTES + 1) * CHUNK_BYTES;
        Ok(&self.bytes[self.taken..end.min(self.bytes.len())])
    }

    fn consume(&mut self, bytes: usize) {
        self.taken += bytes;
    }
}

impl Read for Said<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(out)?;
        self.consume(read);
        Ok(read)
    }
}

impl Write for Said<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
