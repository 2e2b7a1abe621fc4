//! What one stream is: its columns as an Arrow schema, its keys, what the server expects of its size.

use crate::bindings::exports::rapidbyte::connector::source as contract;
use arrow_schema::{Field, Schema, SchemaRef};
use rapidbyte_postgres::{
    client::Described,
    decision, prepare, relation,
    types::{
        arrow,
        catalog::{self, Columns, Types},
    },
};
use rapidbyte_postgres_guest::{Session, database_error, internal, json_row, name_error, prepare_error};
use rapidbyte_sdk::{
    FrameReader, schema_frame,
    types::{Category, Dependent, Error, RelationKind},
};

/// What a stream's relation is, whatever columns are taken.
struct Known {
    kind: RelationKind,
    empty: bool,
    fields: Vec<Field>,
    key: Vec<String>,
    unique_keys: Vec<Vec<String>>,
    comment: Option<String>,
    dependents: Vec<Dependent>,
}

/// Inspects one stream; inside a snapshot, as it is there.
pub(crate) fn stream(
    session: &mut Session,
    selection: contract::Selection,
) -> Result<contract::StreamObservation, Error> {
    let relation = relation(selection.relation);
    let known = match &relation {
        decision::Relation::Table(namespace, name) => table(session, namespace, name)?,
        decision::Relation::Query(sql) => query(session, sql)?,
    };
    let fields = chosen(&known.fields, selection.columns.as_deref(), &selection.exclude)?;
    let has = |name: &String| fields.iter().any(|field| field.name() == name);
    let key = if known.key.iter().all(has) { known.key } else { Vec::new() };
    let unique_keys = known.unique_keys.into_iter().filter(|key| key.iter().all(has)).collect();
    let columns: Vec<String> = fields.iter().map(|field| field.name().clone()).collect();
    let is_twice = (1..columns.len()).any(|at| columns[..at].contains(&columns[at]));
    let read = decision::ReadDecision {
        relation,
        columns,
        filter: selection.filter,
        fetch: decision::Fetch::Copy,
        partitions: 1,
        window: None,
    };
    // No SELECT can tell two columns of one name apart, so there is nothing to explain: such a stream is refused.
    let unknown = contract::Statistics { rows: None, bytes_per_row: None };
    let statistics = if is_twice { unknown } else { statistics(session, &read, known.empty)? };
    let schema = schema_frame(&Schema::new(fields)).map_err(internal)?;
    let fetches = vec![contract::Fetch::Copy, contract::Fetch::Cursor];
    Ok(contract::StreamObservation {
        kind: known.kind,
        schema,
        key,
        unique_keys,
        comment: known.comment,
        dependents: known.dependents,
        statistics,
        fetches,
        fetch_note: None,
    })
}

fn table(session: &mut Session, namespace: &str, name: &str) -> Result<Known, Error> {
    let qualified = relation::qualified(namespace, name).map_err(|error| name_error(&error))?;
    let sql = relation::source_query(&qualified).map_err(|error| name_error(&error))?;
    let rows = session.query(&sql)?.rows;
    let Some(row) = rows.first() else {
        let absent = Error::new(Category::NotFound, "the source has no such table or view").about(qualified.quoted());
        return Err(absent.advise("check the name in the sync file; `rapidbyte discover` lists what there is to read"));
    };
    let source: relation::SourceRelation = json_row(row)?;
    let columns = catalog::columns_query(&qualified).map_err(|error| name_error(&error))?;
    let columns = Columns::parse(&session.query(&columns)?.rows).map_err(internal)?;
    let types = types(session, &columns.type_oids())?;
    let columns = columns.with_types(&types).map_err(internal)?;
    let field = |column: &catalog::Column| {
        arrow::commented(arrow::field(&column.name, &column.ty, !column.not_null), column.comment.as_ref())
    };
    let fields = columns.iter().map(field).collect();
    let relation::SourceRelation { kind: relkind, empty, key, unique_keys, comment, dependents, .. } = source;
    let dependents = dependents
        .into_iter()
        .map(|found| Dependent { kind: found.kind, name: found.name, definition: None })
        .collect();
    Ok(Known { kind: kind(relkind), empty, fields, key, unique_keys, comment, dependents })
}

fn query(session: &mut Session, sql: &str) -> Result<Known, Error> {
    let described = session.client().describe(sql).map_err(database_error)?;
    if described.is_empty() {
        return Err(Error::new(Category::Config, "the query returns no columns: it has to be one SELECT"));
    }
    let oids: Vec<u32> = described.iter().map(|column| column.type_oid).collect();
    let types = types(session, &oids)?;
    let field = |column: &Described| {
        let ty = types.tree(column.type_oid, column.type_modifier, None).map_err(internal)?;
        Ok(arrow::field(&column.name, &ty, true))
    };
    let fields = described.iter().map(field).collect::<Result<_, Error>>()?;
    let (key, unique_keys, dependents) = (Vec::new(), Vec::new(), Vec::new());
    Ok(Known { kind: RelationKind::Other, empty: false, fields, key, unique_keys, comment: None, dependents })
}

fn types(session: &mut Session, oids: &[u32]) -> Result<Types, Error> {
    Types::parse(&session.query(&catalog::types_query(oids))?.rows).map_err(internal)
}

/// The columns that a selection takes, in its order. A name that is not there is an error: nobody would miss the rows.
fn chosen(fields: &[Field], columns: Option<&[String]>, exclude: &[String]) -> Result<Vec<Field>, Error> {
    let find = |name: &String| {
        let absent = || {
            let error = Error::new(Category::NotFound, "the stream has no such column").about(format!("column {name}"));
            error.advise("check columns and exclude_columns in the sync file")
        };
        fields.iter().find(|field| field.name() == name).ok_or_else(absent)
    };
    for name in exclude {
        find(name)?;
    }
    let taken: Vec<&Field> = match columns {
        Some(columns) => columns.iter().map(find).collect::<Result<_, _>>()?,
        None => fields.iter().collect(),
    };
    let taken: Vec<Field> = taken.into_iter().filter(|field| !exclude.contains(field.name())).cloned().collect();
    if taken.is_empty() {
        let none = Error::new(Category::Config, "no column is left to read");
        return Err(none.advise("see columns and exclude_columns of this stream in the sync file"));
    }
    Ok(taken)
}

/// What the server's planner expects. It also finds out whether we may read all of it, and whether the filter parses.
fn statistics(
    session: &mut Session,
    read: &decision::ReadDecision,
    empty: bool,
) -> Result<contract::Statistics, Error> {
    let select = prepare::select(read).map_err(|error| prepare_error(&error))?;
    // To describe it is to prove that a filter does not end the statement and begin another one.
    session.client().describe(&select).map_err(database_error)?;
    let plan = session.text(&relation::explain_query(&select))?;
    let (rows, width) = relation::explained(&plan).ok_or_else(|| internal("EXPLAIN gave no plan"))?;
    let rows = if empty { 0 } else { rows };
    Ok(contract::Statistics { rows: Some(rows), bytes_per_row: Some(width) })
}

pub(crate) fn relation(relation: contract::Relation) -> decision::Relation {
    match relation {
        contract::Relation::Table(name) => decision::Relation::Table(name.namespace, name.name),
        contract::Relation::Query(sql) => decision::Relation::Query(sql),
    }
}

/// The schema of a frame that the host hands back.
pub(crate) fn schema_of(frame: &[u8]) -> Result<SchemaRef, Error> {
    Ok(FrameReader::new(frame).map_err(internal)?.schema().clone())
}

pub(crate) fn kind(kind: relation::RelationKind) -> RelationKind {
    rapidbyte_postgres_guest::relation_kind(kind)
}
