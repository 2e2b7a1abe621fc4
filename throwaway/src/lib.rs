//! PostgreSQL servers that nobody keeps: for `rapidbyte demo`, for tests and for benches. This crate owns their whole
//! life, from finding the binaries to the removal of the last file. It must never print, never touch a server that it
//! did not start, and never be linked into the path that moves a user's rows.
//!
//! ```no_run
//! # fn main() -> Result<(), rapidbyte_throwaway::ThrowawayError> {
//! let server = rapidbyte_throwaway::Server::start(&rapidbyte_throwaway::Options::default())?;
//! server.create_database("shop")?;
//! assert_eq!(server.psql("shop", "SELECT 1")?, "1");
//! # Ok(()) }
//! ```
//!
//! # Who ends a server
//!
//! One small `sh`, the *guardian*, is the parent of the postmaster. It waits on a pipe whose writing end only our process
//! has (close-on-exec). Dropping [`Server`] closes that end; so does any death of our process, SIGKILL included. Either
//! way the same lines run: the guardian ends its child and removes the server's directory. There is no second way out.
//!
//! # Why not a crate that exists
//!
//! * `postgresql_embedded` downloads a build from a GitHub release when it starts or is compiled. Where only package
//!   registries can be reached it cannot start at all, it brings an HTTP client and a TLS stack with it, and it stops the
//!   server in `Drop` only: a killed test leaves it running. It also refuses to switch the user when it runs as root.
//! * `pgtemp` uses installed binaries and works as root, but through `sudo`, which a container seldom has; it looks in
//!   `PATH` only, where Debian does not put `initdb`; it panics instead of returning errors, needs tokio, and a killed
//!   parent leaves the server behind as well.

mod account;
mod binaries;
mod error;
mod guardian;
mod install;
mod options;
mod server;

pub use binaries::Binaries;
pub use error::ThrowawayError;
pub use install::install;
pub use options::{Auth, Options, Tls};
pub use server::Server;
