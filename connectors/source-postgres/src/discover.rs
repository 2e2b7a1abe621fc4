//! Which streams there are.

use crate::{bindings::exports::rapidbyte::connector::source as contract, inspect::kind};
use rapidbyte_postgres::relation::{DISCOVER_QUERY, Listed};
use rapidbyte_postgres_guest::{Session, json_row};
use rapidbyte_sdk::types::{Error, ObjectName};

/// All relations that the role may read, by name.
pub(crate) fn streams(session: &mut Session) -> Result<Vec<contract::StreamInfo>, Error> {
    session.query(DISCOVER_QUERY)?.rows.iter().map(|row| json_row(row).map(stream)).collect()
}

fn stream(listed: Listed) -> contract::StreamInfo {
    contract::StreamInfo {
        name: ObjectName { namespace: listed.schema, name: listed.name },
        kind: kind(listed.kind),
        columns: listed.columns,
        key: listed.key,
        statistics: contract::Statistics { rows: listed.rows, bytes_per_row: listed.bytes_per_row },
    }
}
