//! The engine against a connector that misbehaves on request (connectors/testing): each fault ends in its own error,
//! within its deadline, and a good run works afterwards.

#![allow(clippy::unwrap_used, clippy::panic)] // tests

mod checksums;
mod counts;
mod endings;
mod escapes;
mod good;
mod hangs;
mod keeper;
mod lanes;
mod lies;
mod memory;
mod parts;
mod resumed;
mod schemas;
mod secrets;
mod world;
