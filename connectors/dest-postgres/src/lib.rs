//! The PostgreSQL destination component: writes Arrow batches by COPY, INSERT or upsert, everything of a run in one
//! transaction. All SQL comes from connectors/postgres; all it reaches comes from the host.

mod aside;
mod begin;
mod checkpoint;
mod decision;
mod inspect;
mod load;
mod parse;
mod parts;
mod run;
mod session;
mod state;
mod write;

#[allow(missing_docs, unsafe_code, unreachable_pub, clippy::pedantic, clippy::unwrap_used)]
mod bindings {
    rapidbyte_sdk::destination_world!();
    export!(Component with_types_in self);
    use super::Component;
}

use bindings::exports::rapidbyte::connector::destination::{self as contract, Guest};
use rapidbyte_postgres::{ident::NAME_BYTES_MAX, prepare};
use rapidbyte_postgres_guest::{described_settings, endpoints, internal, prepare_error};
use rapidbyte_sdk::types::{Description, Endpoint, Error, Role};

struct Component;

impl Guest for Component {
    type Session = session::DestinationSession;
    type Writer = write::StreamWriter;

    fn describe() -> Description {
        rapidbyte_sdk::report_panics();
        Description {
            name: "postgres".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            role: Role::Destination,
            summary: "writes PostgreSQL 14 and later by COPY, INSERT or upsert, in one transaction per run".to_owned(),
            settings: described_settings(),
            permissions: vec!["one connection to the server that its section names".to_owned()],
        }
    }

    fn abilities() -> contract::Capabilities {
        use contract::{Disposition, Strategy};
        contract::Capabilities {
            dispositions: vec![Disposition::Append, Disposition::Replace, Disposition::Upsert, Disposition::Sweep],
            strategies: vec![Strategy::Copy, Strategy::Insert, Strategy::Upsert],
            name_bytes_max: u32::try_from(NAME_BYTES_MAX).unwrap_or(u32::MAX),
        }
    }

    fn endpoints(settings: Vec<(String, String)>) -> Result<Vec<Endpoint>, Error> {
        endpoints(&settings)
    }

    fn prepare(decision: contract::WriteDecision) -> Result<contract::PreparedWrite, Error> {
        let is_checked = decision.checksum;
        let decision = decision::write(decision);
        let prepared = prepare::write(&decision);
        let checked = |prepared| prepare::with_checksum(&decision, prepared);
        let prepared = if is_checked { prepared.and_then(checked) } else { prepared };
        let prepared = prepared.map_err(|error| prepare_error(&error))?;
        let statements = prepared.statements.into_iter().map(decision::statement_out).collect::<Vec<_>>();
        if statements.is_empty() {
            return Err(internal("a write without statements"));
        }
        Ok(contract::PreparedWrite { statements, conflict_clause: prepared.conflict_clause })
    }
}
