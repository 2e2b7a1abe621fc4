//! What both PostgreSQL guests share: a session over the host's byte streams, and the words of the contract for what
//! can go wrong on it. It is a crate of its own since connectors/postgres knows no contract and sdk no database.

mod catalog;
pub mod compared;
mod error;
mod session;
mod settings;

pub use catalog::{json_row, relation_kind, types};
pub use error::{config_error, data_error, database_error, internal, name_error, prepare_error};
pub use session::Session;
pub use settings::{described_settings, endpoints, pg_config};
