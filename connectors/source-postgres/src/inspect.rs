//! What one stream is: its columns as an Arrow schema, its keys, what the server expects of its size.

use crate::{bindings::exports::rapidbyte::connector::source as contract, position, ranges};
use arrow_schema::{Field, Schema, SchemaRef};
use rapidbyte_postgres::{
    client::Described,
    decision,
    ident::QualifiedName,
    prepare, relation,
    types::{
        PgType, arrow,
        catalog::{self, Columns},
    },
};
use rapidbyte_postgres_guest::{Session, database_error, internal, json_row, name_error, prepare_error, types};
use rapidbyte_sdk::{
    FrameReader, schema_frame,
    types::{Category, Dependent, Error, RelationKind},
};

/// What a stream's relation is, whatever columns are taken.
struct Known {
    kind: RelationKind,
    empty: bool,
    extent: Option<relation::Extent>,
    fields: Vec<Field>,
    /// Of each field: its name, its type, and whether it may be NULL.
    types: Vec<(String, PgType, bool)>,
    key: Vec<String>,
    unique_keys: Vec<Vec<String>>,
    comment: Option<String>,
    dependents: Vec<Dependent>,
}

/// Inspects one stream; inside a `snapshot`, as it is there. `after`: what is new since is estimated.
pub(crate) fn stream(
    session: &mut Session,
    selection: contract::Selection,
    after: Option<&contract::KnownPosition>,
    snapshot: bool,
) -> Result<contract::StreamObservation, Error> {
    let relation = relation(selection.relation);
    let known = match &relation {
        decision::Relation::Table(namespace, name) => table(session, namespace, name)?,
        decision::Relation::Query(sql) => query(session, sql)?,
    };
    let fields = chosen(&known.fields, selection.columns.as_deref(), &selection.exclude)?;
    let columns: Vec<String> = fields.iter().map(|field| field.name().clone()).collect();
    let table = table_name(&relation)?;
    let wanted = selection.cursor.as_ref();
    let seen = wanted.map(|cursor| position::observe(session, cursor, &known.types, table.as_ref())).transpose()?;
    let (fetch, filter) = (decision::Fetch::Copy, selection.filter);
    let read = decision::ReadDecision {
        relation,
        columns,
        filter,
        fetch,
        partitions: 1,
        partition_blocks: None,
        partition_key: None,
        window: None,
    };
    let wanted_ranges = selection.ranges.as_ref().filter(|_| known.extent.is_none());
    let ranges =
        wanted_ranges.map(|column| ranges::observe(session, &read, column, (&known.types, snapshot))).transpose()?;
    let new = wanted.cloned().zip(seen.clone()).zip(after);
    let new = new.filter(|((cursor, seen), after)| *cursor == after.cursor && seen.native == after.native);
    let estimate = Estimate { read, empty: known.empty, new: new.map(|(new, after)| (new, &after.position)) };
    let Expected { statistics, rows_in_all, access, access_late } = estimate.ask(session)?;
    let cursor = seen.map(|seen| contract::CursorObservation { access, access_late, ..seen });
    let has = |name: &String| fields.iter().any(|field| field.name() == name);
    let key = if known.key.iter().all(has) { known.key } else { Vec::new() };
    let unique_keys = known.unique_keys.into_iter().filter(|key| key.iter().all(has)).collect();
    Ok(contract::StreamObservation {
        kind: known.kind,
        key,
        unique_keys,
        comment: known.comment,
        dependents: known.dependents,
        cursor,
        statistics,
        rows_in_all,
        ranges: ranges.flatten(),
        extent: known.extent.map(|extent| contract::Extent { blocks: extent.blocks, bytes: extent.bytes }),
        fetches: vec![contract::Fetch::Copy, contract::Fetch::Cursor],
        fetch_note: None,
        schema: schema_frame(&Schema::new(fields)).map_err(internal)?,
    })
}

fn table(session: &mut Session, namespace: &str, name: &str) -> Result<Known, Error> {
    let qualified = relation::qualified(namespace, name).map_err(|error| name_error(&error))?;
    let rows = session.ask(relation::Question::Source, &qualified)?.rows;
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
    let types = columns.iter().map(|c| (c.name.clone(), c.ty.clone(), !c.not_null)).collect();
    let relation::SourceRelation { kind: relkind, empty, extent, key, unique_keys, comment, dependents, .. } = source;
    let dependents = dependents
        .into_iter()
        .map(|found| Dependent { kind: found.kind, name: found.name, definition: None })
        .collect();
    Ok(Known { kind: kind(relkind), empty, extent, fields, types, key, unique_keys, comment, dependents })
}

fn query(session: &mut Session, sql: &str) -> Result<Known, Error> {
    let described = session.client().describe(sql).map_err(database_error)?;
    if described.is_empty() {
        return Err(Error::new(Category::Config, "the query returns no columns: it has to be one SELECT"));
    }
    let oids: Vec<u32> = described.iter().map(|column| column.type_oid).collect();
    let types = types(session, &oids)?;
    let known = |column: &Described| {
        let ty = types.tree(column.type_oid, column.type_modifier, None).map_err(internal)?;
        Ok((column.name.clone(), ty, true))
    };
    let types = described.iter().map(known).collect::<Result<Vec<_>, Error>>()?;
    let fields = types.iter().map(|(name, ty, _)| arrow::field(name, ty, true)).collect();
    let (key, unique_keys, dependents) = (Vec::new(), Vec::new(), Vec::new());
    let (kind, comment) = (RelationKind::Other, None);
    Ok(Known { kind, empty: false, extent: None, fields, types, key, unique_keys, comment, dependents })
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

/// What the server's planner is asked.
struct Estimate<'a> {
    read: decision::ReadDecision,
    empty: bool,
    /// What is new: by which cursor, since when.
    new: Option<((String, contract::CursorObservation), &'a contract::Position)>,
}

/// What it says.
struct Expected {
    statistics: contract::Statistics,
    /// Where those are of what is new.
    rows_in_all: Option<u64>,
    access: Option<String>,
    access_late: Option<String>,
}

impl Estimate<'_> {
    /// The estimates, and the ways to what is new. It also finds out whether we may read all of it, and whether the filter
    /// parses.
    fn ask(self, session: &mut Session) -> Result<Expected, Error> {
        let of_all = |statistics| Expected { statistics, rows_in_all: None, access: None, access_late: None };
        let columns = &self.read.columns;
        if (1..columns.len()).any(|at| columns[..at].contains(&columns[at])) {
            // No SELECT can tell two columns of one name apart, so there is nothing to explain: such a stream is refused.
            return Ok(of_all(contract::Statistics { rows: None, bytes_per_row: None }));
        }
        let all = explained(session, &self.read, None)?;
        let rows = if self.empty { 0 } else { all.rows };
        let all = contract::Statistics { rows: Some(rows), bytes_per_row: Some(all.width) };
        match self.new {
            Some(((cursor, seen), after)) if seen.refused.is_none() && after.value.is_some() => {
                let resume = position::resumption(after)?;
                let mut ask = |window| {
                    let read = decision::ReadDecision { window: Some(window), ..self.read.clone() };
                    explained(session, &read, Some(&resume))
                };
                let plain = position::estimated(&cursor, &seen);
                let late = seen.versions.then(|| ask(decision::Window { late: true, ..plain.clone() })).transpose()?;
                let new = if seen.is_version { None } else { Some(ask(plain)?) };
                let statistics = contract::Statistics {
                    rows: new.as_ref().map(|new| new.rows),
                    bytes_per_row: new.as_ref().map_or(all.bytes_per_row, |new| Some(new.width)),
                };
                let [access, access_late] = [new, late].map(|asked| asked.map(|asked| asked.access));
                Ok(Expected { statistics, rows_in_all: all.rows, access, access_late })
            }
            _ => Ok(of_all(all)),
        }
    }
}

fn explained(
    session: &mut Session,
    read: &decision::ReadDecision,
    resume: Option<&str>,
) -> Result<relation::Explained, Error> {
    let select = prepare::select(read).map_err(|error| prepare_error(&error))?;
    explained_select(session, &select, resume)
}

/// What the server's planner expects of a SELECT, once `resume` has handed values over.
pub(crate) fn explained_select(
    session: &mut Session,
    select: &str,
    resume: Option<&str>,
) -> Result<relation::Explained, Error> {
    // To describe it is to prove that a filter does not end the statement and begin another one.
    session.client().describe(select).map_err(database_error)?;
    let plan = session.text(&relation::explain_query(select, resume))?;
    relation::explained(&plan).ok_or_else(|| internal("EXPLAIN gave no plan"))
}

/// The table of a relation that is one.
pub(crate) fn table_name(relation: &decision::Relation) -> Result<Option<QualifiedName>, Error> {
    let decision::Relation::Table(namespace, name) = relation else { return Ok(None) };
    relation::qualified(namespace, name).map(Some).map_err(|error| name_error(&error))
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
