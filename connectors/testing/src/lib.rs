//! A connector that misbehaves on request: one component that is a source and a destination. It reaches no server: as a
//! source it makes numbers up, as a destination it counts them.
//!
//! Settings: `mode`, a list of `fault@place` divided by blanks (see `fault`); `rows`, how many it gives; `host` and `port`,
//! the endpoint that it asks for, and where a destination keeps its parts (see `parts`); `password`, which it must not repeat.
//! `place` is a function of the contract: "open", "next", "commit". Every call of a destination is logged by its name.

/// The component.
#[cfg(not(target_arch = "wasm32"))]
pub const COMPONENT: &[u8] = include_bytes!(env!("RAPIDBYTE_TESTING_WASM"));

#[cfg(target_arch = "wasm32")]
mod destination;
#[cfg(target_arch = "wasm32")]
mod escape;
#[cfg(target_arch = "wasm32")]
mod fault;
#[cfg(target_arch = "wasm32")]
mod numbers;
#[cfg(target_arch = "wasm32")]
mod parts;
#[cfg(target_arch = "wasm32")]
mod settings;
#[cfg(target_arch = "wasm32")]
mod source;
