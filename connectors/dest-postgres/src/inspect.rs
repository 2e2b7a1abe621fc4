//! What a target is and what of a stream fits into it.

use crate::{bindings::exports::rapidbyte::connector::destination as contract, decision::statement_out};
use arrow_schema::Schema;
use rapidbyte_postgres::{
    decision::Carried,
    fit::{self, Fit, Label, TargetCatalog, Wanted},
    ident::QualifiedName,
    prepare, relation,
    types::{
        catalog::{self, Column, Columns, Types},
        schemas,
    },
};
use rapidbyte_postgres_guest::{Session, internal, json_row, name_error, relation_kind, types};
use rapidbyte_sdk::{
    FrameReader,
    types::{Category, Comparison, Error, ObjectName},
};

/// Inspects one target for one stream; inside a run, as it is there.
pub(crate) fn target(
    session: &mut Session,
    name: &ObjectName,
    schema: &[u8],
) -> Result<contract::TargetObservation, Error> {
    let frames = FrameReader::new(schema).map_err(internal)?;
    if name.namespace.starts_with("pg_") {
        let reserved = Error::new(Category::Config, "schemas whose names begin with pg_ are the server's own");
        return Err(reserved
            .about(&name.namespace)
            .advise("choose another schema for this stream by `into` or `schema`"));
    }
    let name = relation::qualified(&name.namespace, &name.name).map_err(|error| name_error(&error))?;
    let is_there = relation::is_there_query(&name).map_err(|error| name_error(&error))?;
    let is_there = session.text(&is_there)? == "t";
    let question = if is_there { relation::Question::Target } else { relation::Question::AbsentTarget };
    let rows = session.ask(question, &name)?.rows;
    let mut found: relation::TargetRelation = json_row(rows.first().map_or(&[], Vec::as_slice))?;
    if let Some(table) = found.table.as_mut().filter(|table| table.uncounted)
        && session.text(&relation::any_row_query(&name))? == "f"
    {
        table.rows = Some(0);
    }
    // What a sequence or an index has are no columns that rows could enter.
    let is_other = |table: &relation::TargetTable| table.kind == relation::RelationKind::Other;
    let has_columns = found.table.as_ref().is_some_and(|table| !is_other(table));
    let columns = if has_columns { columns(session, &name)? } else { Vec::new() };
    let fits = fits(session, frames.schema(), &columns)?;
    let namespace = name.schema.map_or_else(String::new, |schema| schema.as_str().to_owned());
    Ok(observation(namespace, found, columns, fits))
}

/// Looks at a table for refused rows. A name that no table can have is an obstacle, not an error: the plan says so.
pub(crate) fn quarantine(session: &mut Session, table: &ObjectName) -> Result<contract::QuarantineState, Error> {
    let name = match relation::qualified(&table.namespace, &table.name) {
        Ok(name) => name,
        Err(error) => {
            let unfit = Some(error.to_string());
            return Ok(contract::QuarantineState { exists: false, may_insert: false, unfit });
        }
    };
    let sql = relation::quarantine_query(&name).map_err(|error| name_error(&error))?;
    let rows = session.query(&sql)?.rows;
    let Some(row) = rows.first() else {
        return Ok(contract::QuarantineState { exists: false, may_insert: false, unfit: None });
    };
    let found: relation::QuarantineTable = json_row(row)?;
    Ok(contract::QuarantineState { exists: true, may_insert: found.may_insert, unfit: found.unfit() })
}

fn columns(session: &mut Session, name: &QualifiedName) -> Result<Vec<Column>, Error> {
    let sql = catalog::columns_query(name).map_err(|error| name_error(&error))?;
    let columns = Columns::parse(&session.query(&sql)?.rows).map_err(internal)?;
    let types = types(session, &columns.type_oids())?;
    columns.with_types(&types).map_err(internal)
}

/// The verdict on each column. A column that an existing target lacks is judged as if it were to be created.
fn fits(session: &mut Session, schema: &Schema, columns: &[Column]) -> Result<Vec<Fit>, Error> {
    let wanted = fit::wanted(schema);
    let types = named(session, &wanted)?;
    let asked = schemas::query(&wanted.schemas).map_err(|error| name_error(&error))?;
    let schemas = schemas::answer(session.query(&asked)?.rows);
    let there = TargetCatalog { types, schemas };
    let existing = |name: &str| columns.iter().find(|column| column.name == name).map(|column| &column.ty);
    Ok(schema.fields().iter().map(|field| fit::fit(field, existing(field.name()), &there)).collect())
}

/// The types of users and extensions that the stream has, as they are here.
fn named(session: &mut Session, wanted: &Wanted) -> Result<Types, Error> {
    if wanted.types.is_empty() && wanted.extensions.is_empty() {
        return Ok(Types::default());
    }
    let sql = catalog::named_types_query(&wanted.types, &wanted.extensions).map_err(|error| name_error(&error))?;
    Types::parse(&session.query(&sql)?.rows).map_err(internal)
}

fn observation(
    namespace: String,
    found: relation::TargetRelation,
    columns: Vec<Column>,
    fits: Vec<Fit>,
) -> contract::TargetObservation {
    let mut privileges: Vec<contract::Privilege> = Vec::new();
    if found.can_create {
        privileges.push(contract::Privilege::CreateInSchema);
    }
    if found.can_stage {
        privileges.push(contract::Privilege::Stage);
    }
    if found.can_record {
        privileges.push(contract::Privilege::Record);
    }
    if found.can_load && (found.can_move || found.table.is_some()) {
        privileges.push(contract::Privilege::Load);
    }
    let table = found.table;
    privileges.extend(table.iter().flat_map(|table| &table.privileges).filter_map(|name| privilege(name)));
    let persistence = table.as_ref().map(|table| table.persistence.as_str());
    contract::TargetObservation {
        kind: table.as_ref().map(|table| relation_kind(table.kind)),
        namespace,
        schema_exists: found.schema_exists,
        columns: columns.into_iter().map(column).collect(),
        fits: fits.into_iter().map(column_fit).collect(),
        row_level_security: table.as_ref().is_some_and(|table| table.row_level_security),
        insertable: table.as_ref().is_none_or(|table| table.insertable),
        temporary: persistence == Some("t"),
        unlogged: persistence == Some("u"),
        filled_by_us: false,
        changed_by_others: false,
        comment: table.as_ref().and_then(|table| table.comment.clone()),
        rows: table.as_ref().and_then(|table| table.rows),
        privileges,
        keys: table.iter().flat_map(|table| table.keys.iter().cloned().map(key)).collect(),
        dependents: table.into_iter().flat_map(|table| table.dependents).map(dependent).collect(),
    }
}

fn column(column: Column) -> contract::TargetColumn {
    contract::TargetColumn {
        native: column.ty.sql(),
        name: column.name,
        nullable: !column.not_null,
        has_default: column.has_default,
        generated: column.generated,
        comment: column.comment,
        identity: match column.identity {
            catalog::Identity::None => contract::Identity::None,
            catalog::Identity::Always => contract::Identity::Always,
            catalog::Identity::ByDefault => contract::Identity::ByDefault,
        },
    }
}

fn column_fit(fit: Fit) -> contract::ColumnFit {
    contract::ColumnFit {
        column: fit.column,
        target: fit.target,
        label: match fit.label {
            Label::Exact => contract::FitLabel::Exact,
            Label::Widened => contract::FitLabel::Widened,
            Label::Refused => contract::FitLabel::Refused,
        },
        note: fit.note,
        literal: fit.literal,
        nested: fit.nested,
        types: fit.types.into_iter().map(statement_out).collect(),
        alter: fit.alter,
        compared: Comparison {
            cast: fit.compared.cast,
            bounds: fit.compared.bounds.map(str::to_owned),
            obstacle: fit.compared.obstacle,
        },
    }
}

fn key(key: relation::TargetKey) -> contract::TargetKey {
    contract::TargetKey {
        name: key.name,
        columns: key.columns,
        primary: key.primary,
        partial: key.partial,
        expression: key.expression,
        otherwise: key.otherwise,
        deferrable: key.deferrable,
        nulls_not_distinct: key.nulls_not_distinct,
    }
}

/// A definition that nothing can be made of is none.
fn dependent(dependent: relation::Dependent) -> contract::Dependent {
    let relation::Dependent { kind, name, definition } = dependent;
    let carried = definition.map(|definition| Carried { kind: kind.clone(), name: name.clone(), definition });
    let definition = carried.filter(prepare::can_carry).map(|carried| carried.definition);
    contract::Dependent { kind, name, definition }
}

fn privilege(name: &str) -> Option<contract::Privilege> {
    Some(match name {
        "select" => contract::Privilege::Select,
        "insert" => contract::Privilege::Insert,
        "update" => contract::Privilege::Update,
        "delete" => contract::Privilege::Delete,
        "truncate" => contract::Privilege::Truncate,
        "own" => contract::Privilege::Own,
        _ => return None,
    })
}
