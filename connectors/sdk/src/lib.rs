//! What a guest links: the contract's bindings, Arrow IPC frames, byte streams of the host, errors.
//!
//! A guest crate calls [`source_world!`] or [`destination_world!`] once at its root, implements the generated `Guest`
//! traits and ends with `export!(Component)`. Nothing here knows a database.

mod error;
mod frame;
mod stream;

pub use error::fault;
pub use frame::{FrameError, FrameReader, FrameWriter, schema_frame};
pub use stream::HostStream;
pub use wit_bindgen;

/// The imports and the types that both worlds share, generated from connectors/wit.
#[allow(missing_docs, unsafe_code, clippy::pedantic)]
pub mod bindings {
    wit_bindgen::generate!({ path: "../wit", world: "imports", generate_all });
}

pub use bindings::rapidbyte::connector::{host, types};

/// Generates the source world's bindings at the root of a guest crate; types and host are this crate's.
#[macro_export]
macro_rules! source_world {
    () => {
        $crate::wit_bindgen::generate!({
            path: "../wit",
            world: "source-connector",
            runtime_path: "rapidbyte_sdk::wit_bindgen::rt",
            with: {
                "rapidbyte:connector/types@0.1.0": rapidbyte_sdk::types,
                "rapidbyte:connector/host@0.1.0": rapidbyte_sdk::host,
            },
        });
    };
}

/// Generates the destination world's bindings at the root of a guest crate; types and host are this crate's.
#[macro_export]
macro_rules! destination_world {
    () => {
        $crate::wit_bindgen::generate!({
            path: "../wit",
            world: "destination-connector",
            runtime_path: "rapidbyte_sdk::wit_bindgen::rt",
            with: {
                "rapidbyte:connector/types@0.1.0": rapidbyte_sdk::types,
                "rapidbyte:connector/host@0.1.0": rapidbyte_sdk::host,
            },
        });
    };
}

/// Makes a panic of this guest say where it happened, never what its message held: a message can hold a value.
pub fn report_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, |at| format!(" at {}:{}", at.file(), at.line()));
        host::log(host::Level::Error, &format!("the connector panicked{place}"));
    }));
}
