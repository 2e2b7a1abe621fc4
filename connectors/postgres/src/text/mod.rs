//! Values as PostgreSQL's text, and as the literals of an INSERT. Columns are downcast once per batch; every value goes
//! straight into the one buffer of the statement.
//!
//! A literal stands without a cast: in the lists of an INSERT the server reads it with the input function of the column's
//! type.

mod codec;
mod escape;
mod geometry;
mod json;
mod nested;
mod network;
mod number;
mod rows;
mod search;
mod statement;
mod time;

pub use json::JsonWriter;
pub use rows::{LiteralRows, LiteralWriter, is_literal};
pub use statement::InsertStatement;
