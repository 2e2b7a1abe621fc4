//! One snapshot for all streams of a run: tables are locked against changes of their definition first, since a snapshot
//! without the lock sees an empty table after a TRUNCATE and a changed one after an ALTER.

use crate::{bindings::exports::rapidbyte::connector::source as contract, inspect};
use rapidbyte_postgres::{decision, ident::QualifiedName, prepare, relation, snapshot};
use rapidbyte_postgres_guest::{Session, internal, name_error, prepare_error};
use rapidbyte_sdk::types::Error;
use std::collections::BTreeSet;

/// Begins the transaction and returns the token by which others join it.
pub(crate) fn open(session: &mut Session, relations: Vec<contract::Relation>) -> Result<String, Error> {
    let lockable = lockable(session, relations)?;
    session.query(snapshot::BEGIN)?;
    lock(session, &lockable, snapshot::Wait::Yes)?;
    session.text(snapshot::EXPORT)
}

/// Begins a transaction that sees what the token's sees.
pub(crate) fn join(session: &mut Session, token: &str, relations: Vec<contract::Relation>) -> Result<(), Error> {
    let read: Vec<String> = relations.iter().cloned().map(read_of).collect::<Result<_, Error>>()?;
    let lockable = lockable(session, relations)?;
    let import = snapshot::import(token).map_err(|error| name_error(&error))?;
    session.query(snapshot::BEGIN)?;
    session.query(&import)?;
    lock(session, &lockable, snapshot::Wait::No)?;
    // What a query reads, or lies below a view and takes no LOCK TABLE, is locked by being planned. Whoever waits to change it waits
    // for the first session, which waits for its lanes: no lane may wait behind it.
    session.hurried(|client| read.iter().try_for_each(|select| client.query(select).map(drop)))
}

fn read_of(relation: contract::Relation) -> Result<String, Error> {
    prepare::touch(&inspect::relation(relation)).map_err(|error| prepare_error(&error))
}

fn lock(session: &mut Session, relations: &[QualifiedName], wait: snapshot::Wait) -> Result<(), Error> {
    if !relations.is_empty() {
        session.query(&snapshot::lock(relations, wait))?;
    }
    Ok(())
}

/// What can be locked: tables, partitioned tables, and views with all below them, unless we may read some columns only:
/// such a table is locked by `inspect`, a moment after the snapshot. It is asked before the transaction
/// begins, since the first SELECT in it would take the snapshot. One that is gone is for `inspect` to tell.
fn lockable(session: &mut Session, relations: Vec<contract::Relation>) -> Result<Vec<QualifiedName>, Error> {
    let mut names = Vec::new();
    for relation in relations {
        if let decision::Relation::Table(namespace, name) = inspect::relation(relation) {
            names.push(relation::qualified(&namespace, &name).map_err(|error| name_error(&error))?);
        }
    }
    let Some(ask) = snapshot::lockable_query(&names).map_err(|error| name_error(&error))? else { return Ok(names) };
    let place = |row: Vec<Option<String>>| {
        let place = row.first().and_then(|at| at.as_ref()?.parse::<usize>().ok());
        place.ok_or_else(|| internal("a relation has no place among those that were asked for"))
    };
    let found = session.query(&ask)?.rows.into_iter().map(place).collect::<Result<BTreeSet<_>, Error>>()?;
    Ok((0..).zip(names).filter(|(at, _)| found.contains(at)).map(|(_, name)| name).collect())
}
