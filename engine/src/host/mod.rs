//! The WebAssembly host: components, what they import, and their calls, in the words of `plans` and of this crate. WIT
//! types stay in here. A guest is hostile: it has what its grants say, its numbers are checked, its words are cleaned, and
//! its failures are told apart.

mod bindings;
mod call;
mod compared;
mod connect_error;
mod connection;
mod convert;
mod convert_destination;
mod convert_incremental;
mod destination;
mod endpoint_hash;
mod gathering;
mod guest;
mod imports;
mod memory;
mod ranges;
mod source;
mod state;
mod tls;
mod wasi;
mod world;

pub(crate) use compared::{Checksum, Key, KeyRange, KeyedRow, Rows};
pub(crate) use connection::Aborts;
pub(crate) use convert::Server;
pub(crate) use convert_incremental::{Checkpoint, NewCheckpoint, Position};
pub(crate) use destination::{Counted, DestinationGuest, LoadedPart, RunStart};
pub(crate) use guest::{Settings, Surroundings};
pub(crate) use memory::Pool;
pub(crate) use ranges::Bounds;
pub(crate) use source::{Frame, Inspected, SourceGuest, Within};
pub(crate) use state::{Recorded, Records};
pub(crate) use world::World;

use crate::{EngineError, Side, limits::TICK};
use guest::Guest;
use wasmtime::{
    Config, Engine,
    component::{Component, Linker},
};

/// An engine for guests: components, interrupted by epochs. Its clock is [`start_clock`].
///
/// # Errors
/// A processor or a system that wasmtime does not know.
pub(crate) fn engine() -> Result<Engine, EngineError> {
    let mut config = Config::new();
    config.wasm_component_model(true);
    config.epoch_interruption(true);
    // The contract is typed without async: without support for concurrent guests a call of the host costs half.
    config.concurrency_support(false);
    // Guests are not debugged here: their frames' names would only make cache entries larger.
    config.generate_address_map(false);
    Engine::new(&config).map_err(|error| EngineError::Defect(format!("WebAssembly cannot run here: {error}")))
}

/// Moves the engine's epoch until the engine is gone.
pub(crate) fn start_clock(engine: &Engine) -> std::io::Result<()> {
    let engine = engine.weak();
    let tick = move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(TICK);
        }
    };
    std::thread::Builder::new().name("epoch".to_owned()).spawn(tick).map(drop)
}

/// A component whose imports are settled: it can be instantiated at any time.
pub(crate) enum Linked {
    Source(Box<bindings::source::SourceConnectorPre<Guest>>),
    Destination(Box<bindings::destination::DestinationConnectorPre<Guest>>),
}

/// Settles the imports of a component: the contract's `host`, randomness, and a refusal for each other one.
///
/// # Errors
/// A component that does not export what its role demands.
pub(crate) fn link(engine: &Engine, component: &Component, side: Side) -> Result<Linked, EngineError> {
    let linked = || -> wasmtime::Result<Linked> {
        let mut linker = Linker::<Guest>::new(engine);
        bindings::host::add_to_linker::<Guest, guest::Host>(&mut linker, |guest| guest)?;
        wasi::settle(&mut linker, engine, component)?;
        let pre = linker.instantiate_pre(component)?;
        Ok(match side {
            Side::Source => Linked::Source(Box::new(bindings::source::SourceConnectorPre::new(pre)?)),
            Side::Destination => {
                Linked::Destination(Box::new(bindings::destination::DestinationConnectorPre::new(pre)?))
            }
        })
    };
    linked().map_err(|error| EngineError::Contract { side, what: format!("it does not fit the contract: {error:#}") })
}
