//! The PostgreSQL source component: reads tables, views and queries under one snapshot, as Arrow batches. All SQL comes
//! from connectors/postgres; all it reaches comes from the host.

mod discover;
mod inspect;
mod position;
mod ranges;
mod read;
mod session;
mod snapshot;

#[allow(missing_docs, unsafe_code, unreachable_pub, clippy::pedantic, clippy::unwrap_used)]
mod bindings {
    rapidbyte_sdk::source_world!();
    export!(Component with_types_in self);
    use super::Component;
}

use bindings::exports::rapidbyte::connector::source::{self as contract, Guest};
use rapidbyte_postgres::{decision, prepare};
use rapidbyte_postgres_guest::{compared, described_settings, endpoints, prepare_error};
use rapidbyte_sdk::types::{Description, Endpoint, Error, Role};

struct Component;

impl Guest for Component {
    type Session = session::SourceSession;
    type Reader = read::BatchReader;

    fn describe() -> Description {
        rapidbyte_sdk::report_panics();
        Description {
            name: "postgres".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            role: Role::Source,
            summary: "reads PostgreSQL 14 and later by COPY in binary form, under one snapshot".to_owned(),
            settings: described_settings(),
            permissions: vec!["one connection to the server that its section names".to_owned()],
        }
    }

    fn endpoints(settings: Vec<(String, String)>) -> Result<Vec<Endpoint>, Error> {
        endpoints(&settings)
    }

    fn prepare(read: contract::ReadDecision) -> Result<contract::PreparedRead, Error> {
        let checked = read.checksum.map(compared::checked);
        let decision = decision::ReadDecision {
            relation: inspect::relation(read.selection.relation),
            columns: read.columns,
            filter: read.selection.filter,
            fetch: fetch(read.fetch),
            partitions: read.partitions,
            partition_blocks: read.partition_blocks,
            partition_key: read.partition_key.map(ranges::key),
            window: read.window.map(position::window),
        };
        let prepared = |error| prepare_error(&error);
        let statements = prepare::read(&decision).map_err(prepared)?;
        let position = decision.window.as_ref().map(|window| prepare::position(&decision, window)).transpose();
        let checksum = checked.map(|columns| prepare::stream_checksum(&decision, &columns)).transpose();
        let bounds = decision.partition_key.as_ref().map(|key| prepare::bounds(&decision, key)).transpose();
        let (position, checksum) = (position.map_err(prepared)?, checksum.map_err(prepared)?);
        Ok(contract::PreparedRead { statements, position, checksum, bounds: bounds.map_err(prepared)? })
    }
}

fn fetch(fetch: contract::Fetch) -> decision::Fetch {
    match fetch {
        contract::Fetch::Copy => decision::Fetch::Copy,
        contract::Fetch::Cursor => decision::Fetch::Cursor,
    }
}
