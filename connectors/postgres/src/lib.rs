//! Pure PostgreSQL knowledge: types and Arrow, identifiers and literals, the COPY codec, catalog queries, SQL.
//!
//! Nothing here opens a connection, reads a clock or knows the connector contract: the guests do. All SQL of the project
//! is built here, through one door for identifiers ([`ident`]), one for literals ([`literal`]) and one builder ([`sql`]).

pub mod bisect;
pub mod client;
pub mod compare;
pub mod copy;
pub mod cursor;
pub mod decision;
pub mod fit;
pub mod ident;
pub mod literal;
pub mod pair;
pub mod prepare;
pub mod relation;
pub mod session;
pub mod snapshot;
pub mod sql;
pub mod sync_lock;
pub mod text;
pub mod types;
