//! WIT types to and from the words of `plans` and of this crate, for what both worlds and the source say. Lists and texts
//! of a guest are bounded on their way; errors and findings are cleaned of secrets.

use super::{
    bindings::{source::exports::rapidbyte::connector::source as wit, types},
    compared::wit_checked,
    convert_incremental::{self, wit_position, wit_window},
    ranges::{range_key, wit_interval, wit_range_key},
    source::Within,
};
use crate::{
    Category, ConnectorError, Finding, Scope, Severity,
    connectors::{ConnectorDescription, SettingDescription},
    grants::{Address, Grant, TlsMode},
    limits::{LIST_MAX, STATEMENT_BYTES_MAX, STREAMS_MAX, TEXT_BYTES_MAX},
    redact::Redactor,
};
use rapidbyte_plans::{
    catalog::{Catalog, CatalogStream},
    decision::{PreparedRead, ReadDecision, Relation, Selection},
    name::ObjectName,
    observation::{Dependent, Extent, Fetch, RelationKind, Statistics},
};

/// What a guest said breaks a bound or a MUST; becomes [`crate::EngineError::Contract`].
#[derive(Debug)]
pub(super) struct Broken(pub(super) String);

pub(super) type Checked<T> = Result<T, Broken>;

/// A text within its bound.
pub(super) fn text(text: String) -> Checked<String> {
    bounded(text, TEXT_BYTES_MAX)
}

fn bounded(text: String, bytes_max: usize) -> Checked<String> {
    if text.len() <= bytes_max { Ok(text) } else { Err(Broken(format!("it said a text of {} bytes", text.len()))) }
}

/// A statement within its bound.
pub(super) fn sql(statement: String) -> Checked<String> {
    bounded(statement, STATEMENT_BYTES_MAX)
}

/// A list within its bound, each item checked.
pub(super) fn list<T, U>(items: Vec<T>, check: impl FnMut(T) -> Checked<U>) -> Checked<Vec<U>> {
    long_list(items, LIST_MAX, check)
}

fn long_list<T, U>(items: Vec<T>, max: usize, check: impl FnMut(T) -> Checked<U>) -> Checked<Vec<U>> {
    if items.len() > max {
        return Err(Broken(format!("it said a list of {} items", items.len())));
    }
    items.into_iter().map(check).collect()
}

pub(super) fn option<T, U>(item: Option<T>, check: impl FnOnce(T) -> Checked<U>) -> Checked<Option<U>> {
    item.map(check).transpose()
}

pub(super) fn object_name(name: types::ObjectName) -> Checked<ObjectName> {
    Ok(ObjectName { namespace: text(name.namespace)?, name: text(name.name)? })
}

pub(super) fn wit_object_name(name: &ObjectName) -> types::ObjectName {
    types::ObjectName { namespace: name.namespace.clone(), name: name.name.clone() }
}

pub(super) fn relation_kind(kind: types::RelationKind) -> RelationKind {
    use types::RelationKind as K;
    match kind {
        K::Table => RelationKind::Table,
        K::PartitionedTable => RelationKind::PartitionedTable,
        K::ForeignTable => RelationKind::ForeignTable,
        K::View => RelationKind::View,
        K::MaterializedView => RelationKind::MaterializedView,
        K::Other => RelationKind::Other,
    }
}

pub(super) fn address(address: types::Address) -> Address {
    match address {
        types::Address::Tcp((host, port)) => Address::Tcp(host, port),
        types::Address::Unix(path) => Address::Unix(path),
    }
}

pub(super) fn endpoints(endpoints: Vec<types::Endpoint>) -> Checked<Vec<Grant>> {
    list(endpoints, |endpoint| {
        let tls = match endpoint.tls {
            types::TlsMode::Disable => TlsMode::Disable,
            types::TlsMode::Prefer => TlsMode::Prefer,
            types::TlsMode::Require => TlsMode::Require,
            types::TlsMode::VerifyCa => TlsMode::VerifyCa,
            types::TlsMode::VerifyFull => TlsMode::VerifyFull,
        };
        let roots = option(endpoint.root_certificates, text)?.map(Into::into);
        Ok(Grant { address: address(endpoint.address), tls, roots })
    })
}

pub(super) fn description(
    description: types::Description,
    side: crate::Side,
    sha256: &str,
) -> Checked<ConnectorDescription> {
    let settings = list(description.settings, |setting| {
        Ok(SettingDescription {
            name: text(setting.name)?,
            secret: setting.secret,
            required: setting.required,
            summary: text(setting.summary)?,
        })
    })?;
    Ok(ConnectorDescription {
        name: text(description.name)?,
        version: text(description.version)?,
        side,
        summary: text(description.summary)?,
        sha256: sha256.to_owned(),
        settings,
        permissions: list(description.permissions, text)?,
    })
}

pub(super) fn findings(redactor: &Redactor, findings: Vec<types::Finding>) -> Checked<Vec<Finding>> {
    let clean = |text: &str| redactor.clean(text, TEXT_BYTES_MAX);
    list(findings, |finding| {
        Ok(Finding {
            severity: match finding.severity {
                types::Severity::Ok => Severity::Ok,
                types::Severity::Warning => Severity::Warning,
                types::Severity::Failure => Severity::Failure,
            },
            subject: clean(&finding.subject),
            message: clean(&finding.message),
            advice: finding.advice.as_deref().map(clean),
        })
    })
}

/// What a session learned of its server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Server {
    pub(crate) product: String,
    pub(crate) endpoint: String,
    pub(crate) user: String,
    pub(crate) read_only: bool,
}

pub(super) fn server(redactor: &Redactor, server: &types::Server) -> Server {
    let clean = |text: &str| redactor.clean(text, TEXT_BYTES_MAX);
    Server {
        product: clean(&server.product),
        endpoint: clean(&server.endpoint),
        user: clean(&server.user),
        read_only: server.read_only,
    }
}

/// Both directions of an enum whose variants have the same names on both sides.
macro_rules! same_words {
    ($there:path, $here:path, $in:ident, $out:ident, [$($word:ident),*]) => {
        fn $in(word: $there) -> $here {
            match word { $(<$there>::$word => <$here>::$word),* }
        }
        fn $out(word: $here) -> $there {
            match word { $(<$here>::$word => <$there>::$word),* }
        }
    };
}

same_words!(
    types::Category,
    Category,
    category,
    wit_category,
    [
        Config,
        Network,
        Tls,
        Authentication,
        Permission,
        NotFound,
        Schema,
        Data,
        Resource,
        Conflict,
        Busy,
        Timeout,
        Cancelled,
        Protocol,
        Unsupported,
        Internal
    ]
);
same_words!(types::Scope, Scope, scope, wit_scope, [Run, Stream, Batch, Row]);
same_words!(wit::Fetch, Fetch, fetch, wit_fetch, [Copy, Cursor]);

pub(super) fn connector_error(redactor: &Redactor, error: &types::Error) -> ConnectorError {
    let clean = |text: &str| redactor.clean(text, TEXT_BYTES_MAX);
    ConnectorError {
        category: category(error.category),
        scope: scope(error.scope),
        retryable: error.retryable,
        code: error.code.as_deref().map(clean),
        subject: error.subject.as_deref().map(clean),
        message: clean(&error.message),
        advice: error.advice.as_deref().map(clean),
    }
}

pub(super) fn wit_error(error: ConnectorError) -> types::Error {
    types::Error {
        category: wit_category(error.category),
        scope: wit_scope(error.scope),
        retryable: error.retryable,
        code: error.code,
        subject: error.subject,
        message: error.message,
        advice: error.advice,
    }
}

pub(super) fn wit_relation(relation: &Relation) -> wit::Relation {
    match relation {
        Relation::Table(name) => wit::Relation::Table(wit_object_name(name)),
        Relation::Query(sql) => wit::Relation::Query(sql.clone()),
    }
}

pub(super) fn wit_selection(selection: &Selection) -> wit::Selection {
    wit::Selection {
        relation: wit_relation(&selection.relation),
        columns: selection.columns.clone(),
        exclude: selection.exclude.clone(),
        filter: selection.filter.clone(),
        cursor: selection.cursor.clone(),
        ranges: selection.ranges.clone(),
    }
}

pub(super) fn wit_read_decision(decision: &ReadDecision) -> wit::ReadDecision {
    wit::ReadDecision {
        selection: wit_selection(&decision.selection),
        columns: decision.columns.clone(),
        fetch: wit_fetch(decision.fetch),
        partitions: decision.partitions,
        partition_blocks: decision.partition_blocks,
        partition_key: decision.partition_key.as_ref().map(wit_range_key),
        window: decision.window.as_ref().map(wit_window),
        batch_rows: decision.batch_rows,
        checksum: decision.checksum.as_ref().map(|columns| columns.iter().map(wit_checked).collect()),
    }
}

pub(super) fn wit_read_request(
    decision: &ReadDecision,
    statement: &str,
    within: &Within<'_>,
    schema: &[u8],
) -> wit::ReadRequest {
    let (after, interval) = match within {
        Within::All => (None, None),
        Within::After(position) => (Some(wit_position(position)), None),
        Within::Interval(interval) => (None, Some(wit_interval(interval))),
    };
    wit::ReadRequest {
        statement: statement.to_owned(),
        after,
        interval,
        schema: schema.to_vec(),
        fetch: wit_fetch(decision.fetch),
        batch_rows: decision.batch_rows,
        batch_bytes: decision.batch_bytes,
        row_bytes: decision.row_bytes,
    }
}

pub(super) fn prepared_read(prepared: wit::PreparedRead) -> Checked<PreparedRead> {
    Ok(PreparedRead {
        statements: list(prepared.statements, sql)?,
        position: option(prepared.position, sql)?,
        checksum: option(prepared.checksum, sql)?,
        bounds: option(prepared.bounds, sql)?,
    })
}

fn statistics(statistics: wit::Statistics) -> Statistics {
    Statistics { rows: statistics.rows, bytes_per_row: statistics.bytes_per_row }
}

pub(super) fn catalog(streams: Vec<wit::StreamInfo>) -> Checked<Catalog> {
    let streams = long_list(streams, STREAMS_MAX, |stream| {
        Ok(CatalogStream {
            name: object_name(stream.name)?,
            kind: relation_kind(stream.kind),
            columns: list(stream.columns, |(name, native)| Ok((text(name)?, text(native)?)))?,
            key: list(stream.key, text)?,
            statistics: statistics(stream.statistics),
        })
    })?;
    Ok(Catalog { streams })
}

pub(super) fn dependent(found: types::Dependent) -> Checked<Dependent> {
    Ok(Dependent { kind: text(found.kind)?, name: text(found.name)?, definition: option(found.definition, sql)? })
}

/// A stream as the source observed it, but for the columns, which its schema message holds.
pub(super) fn source_stream(
    seen: wit::StreamObservation,
    columns: Vec<rapidbyte_plans::observation::SourceColumn>,
) -> Checked<rapidbyte_plans::observation::SourceStream> {
    Ok(rapidbyte_plans::observation::SourceStream {
        kind: relation_kind(seen.kind),
        columns,
        schema_sha256: crate::sha256::hex(&seen.schema),
        key: list(seen.key, text)?,
        unique_keys: list(seen.unique_keys, |key| list(key, text))?,
        comment: option(seen.comment, text)?,
        dependents: list(seen.dependents, dependent)?,
        cursor: option(seen.cursor, convert_incremental::cursor)?,
        statistics: statistics(seen.statistics),
        rows_in_all: seen.rows_in_all,
        extent: seen.extent.map(|extent| Extent { blocks: extent.blocks, bytes: extent.bytes }),
        ranges: option(seen.ranges, range_key)?,
        fetches: list(seen.fetches, |word| Ok(fetch(word)))?,
        fetch_note: option(seen.fetch_note, text)?,
    })
}
