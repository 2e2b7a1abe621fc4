//! The binary format of COPY (PostgreSQL manual, COPY, "Binary Format") to and from Arrow record batches, and arrays of its
//! cells.

mod arrays;
mod column;
mod decode;
mod encode;
pub(crate) mod epoch;
mod frame;
pub(crate) mod lanes;
mod numeric;
mod rewrite;
mod row;
pub(crate) mod short;
pub(crate) mod wire;

pub use arrays::{ArrayRows, ArrayStatement, ArrayWriter};
pub use column::Fault;
pub use decode::{DecodeError, Decoder};
pub use encode::{EncodeError, EncodeRows, Encoder, ValueFault};
pub use frame::CopyFrame;
pub use rewrite::Rewrite;
pub use wire::Malformed;

/// What a COPY begins with: signature, flags (none), length of the header's extension (none).
pub const HEADER: [u8; 19] = *b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// What a COPY ends with: a field count of -1.
pub const TRAILER: [u8; 2] = [0xff, 0xff];
