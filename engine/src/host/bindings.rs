//! What wasmtime generates from the contract (connectors/wit). Nothing outside `host` sees it.
#![allow(missing_docs, unreachable_pub, clippy::pedantic)] // generated

pub(super) mod source {
    wasmtime::component::bindgen!({
        path: "../connectors/wit",
        world: "source-connector",
        imports: {
            "rapidbyte:connector/host.[static]connection.connect": async | trappable,
            "rapidbyte:connector/host.[method]connection.start-tls": async | trappable,
            "rapidbyte:connector/host.[method]connection.read": async | trappable,
            "rapidbyte:connector/host.[method]connection.write": async | trappable,
            default: trappable,
        },
        exports: { default: async },
        with: { "rapidbyte:connector/host.connection": crate::host::connection::Connection },
    });
}

pub(super) mod destination {
    wasmtime::component::bindgen!({
        path: "../connectors/wit",
        world: "destination-connector",
        exports: { default: async },
        with: {
            "rapidbyte:connector/types": super::source::rapidbyte::connector::types,
            "rapidbyte:connector/host": super::source::rapidbyte::connector::host,
        },
    });
}

pub(super) use source::rapidbyte::connector::{host, types};
