//! What both ends say of their rows where these are compared. Keys are cell values: they pass through here to who asked for
//! them, and stand in no error.

use super::{
    bindings::{
        destination::exports::rapidbyte::connector::destination as wit_out,
        source::exports::rapidbyte::connector::source as wit_in, types,
    },
    call::guarded,
    convert::{self, Broken, Checked},
    destination::DestinationGuest,
    source::SourceGuest,
    world::ROWS,
};
use crate::EngineError;
use rapidbyte_plans::{
    compared::{Compared, KeyColumn},
    decision::{CheckedColumn, Selection},
    name::ObjectName,
};

/// Rows, and the sum of their hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Checksum {
    pub(crate) rows: u64,
    pub(crate) sum: i128,
}

/// The text of each column of a key.
pub(crate) type Key = Vec<String>;

/// Part of the keys: after the one, up to the other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct KeyRange {
    pub(crate) after: Option<Key>,
    pub(crate) up_to: Option<Key>,
}

/// A row by its key, and what tells whether it is the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyedRow {
    pub(crate) key: Key,
    pub(crate) hash: String,
}

/// Digits of a sum: a hash has 19, and each row of 2^64 makes it larger by one. Of a row's hash: the same.
const SUM_BYTES_MAX: usize = 40;

pub(super) fn checksum(said: types::Checksum) -> Checked<Checksum> {
    let types::Checksum { rows, sum } = said;
    let sum = (sum.len() <= SUM_BYTES_MAX).then(|| sum.parse().ok()).flatten();
    let sum = sum.ok_or_else(|| Broken("it said a sum that is no number".to_owned()))?;
    Ok(Checksum { rows, sum })
}

fn checksums(said: Vec<types::Checksum>, parts: usize) -> Checked<Vec<Checksum>> {
    if said.len() != parts {
        return Err(Broken(format!("it said {} checksums of {parts} parts", said.len())));
    }
    said.into_iter().map(checksum).collect()
}

fn keys(said: Vec<Key>, columns: usize, max: usize) -> Checked<Vec<Key>> {
    if said.len() > max || said.iter().any(|key| key.len() != columns) {
        return Err(Broken("it said more keys than were asked for, or other ones".to_owned()));
    }
    Ok(said)
}

fn keyed_rows(said: Vec<types::KeyedRow>, columns: usize, max: usize) -> Checked<Vec<KeyedRow>> {
    let (found, hashes): (Vec<Key>, Vec<String>) = said.into_iter().map(|row| (row.key, row.hash)).unzip();
    if hashes.iter().any(|hash| hash.len() > SUM_BYTES_MAX) {
        return Err(Broken("it said a hash that is none".to_owned()));
    }
    let found = keys(found, columns, max)?;
    Ok(found.into_iter().zip(hashes).map(|(key, hash)| KeyedRow { key, hash }).collect())
}

pub(super) fn wit_checked(column: &CheckedColumn) -> types::CheckedColumn {
    types::CheckedColumn { name: column.name.clone(), cast: column.cast.clone() }
}

fn wit_key(key: &KeyColumn) -> types::KeyColumn {
    types::KeyColumn { column: wit_checked(&key.column), bounds: key.bounds.clone() }
}

fn wit_range(range: &KeyRange) -> types::KeyRange {
    types::KeyRange { after: range.after.clone(), up_to: range.up_to.clone() }
}

/// At the destination the columns have their types already.
fn uncast(column: &CheckedColumn) -> CheckedColumn {
    CheckedColumn { name: column.name.clone(), cast: None }
}

fn wit_source(selection: &Selection, of: &Compared) -> wit_in::Compared {
    wit_in::Compared {
        selection: convert::wit_selection(selection),
        columns: of.columns.iter().map(wit_checked).collect(),
        key: of.key.iter().map(wit_key).collect(),
    }
}

fn wit_target(target: &ObjectName, of: &Compared) -> wit_out::Compared {
    let key = |key: &KeyColumn| wit_key(&KeyColumn { column: uncast(&key.column), bounds: key.bounds.clone() });
    wit_out::Compared {
        target: convert::wit_object_name(target),
        columns: of.columns.iter().map(|column| wit_checked(&uncast(column))).collect(),
        key: of.key.iter().map(key).collect(),
    }
}

/// One end's rows of a stream, to be asked about.
pub(crate) trait Rows: Send {
    /// The checksums of the parts of a range.
    fn summaries(
        &mut self,
        range: &KeyRange,
        cuts: &[Key],
    ) -> impl Future<Output = Result<Vec<Checksum>, EngineError>> + Send;

    /// The keys that part a range of so many rows.
    fn cuts(
        &mut self,
        range: &KeyRange,
        rows: u64,
        parts: u32,
    ) -> impl Future<Output = Result<Vec<Key>, EngineError>> + Send;

    /// The first rows of a range.
    fn keyed_rows(
        &mut self,
        range: &KeyRange,
        max: u32,
    ) -> impl Future<Output = Result<Vec<KeyedRow>, EngineError>> + Send;
}

/// The rows that a stream reads.
pub(crate) struct StreamRows<'a> {
    guest: &'a mut SourceGuest,
    of: wit_in::Compared,
}

/// The rows of a target.
pub(crate) struct TargetRows<'a> {
    guest: &'a mut DestinationGuest,
    of: wit_out::Compared,
}

impl SourceGuest {
    /// Runs the plan's statement of a checksum.
    pub(crate) async fn checksum(&mut self, statement: &str) -> Result<Checksum, EngineError> {
        self.drop_reader().await?;
        let session = self.session()?;
        let guest = self.world.rapidbyte_connector_source().session();
        let said = guarded!(self, "session.checksum", ROWS, |store| guest.call_checksum(store, session, statement))?;
        let said = self.cell.answer(said)?;
        self.cell.checked(checksum(said))
    }

    pub(crate) fn rows_of<'a>(&'a mut self, selection: &Selection, of: &Compared) -> StreamRows<'a> {
        StreamRows { of: wit_source(selection, of), guest: self }
    }
}

impl DestinationGuest {
    /// Begins what rows are compared in.
    pub(crate) async fn begin_comparison(&mut self) -> Result<(), EngineError> {
        let session = self.session()?;
        let guest = self.world.rapidbyte_connector_destination().session();
        let limit = self.cell.guest().limits.answer;
        let said =
            guarded!(self, "session.begin-comparison", limit, |store| guest.call_begin_comparison(store, session))?;
        self.cell.answer(said)
    }

    pub(crate) fn rows_of<'a>(&'a mut self, target: &ObjectName, of: &Compared) -> TargetRows<'a> {
        TargetRows { of: wit_target(target, of), guest: self }
    }
}

/// The three questions, which both worlds have under the same names.
macro_rules! rows {
    ($rows:ident, $world:ident) => {
        impl Rows for $rows<'_> {
            async fn summaries(&mut self, range: &KeyRange, cuts: &[Key]) -> Result<Vec<Checksum>, EngineError> {
                let Self { guest: end, of } = self;
                let (session, range, of) = (end.session()?, wit_range(range), &*of);
                let guest = end.world.$world().session();
                let said = guarded!(end, "session.summaries", ROWS, |store| {
                    guest.call_summaries(store, session, of, &range, cuts)
                })?;
                let said = end.cell.answer(said)?;
                end.cell.checked(checksums(said, cuts.len() + 1))
            }

            async fn cuts(&mut self, range: &KeyRange, rows: u64, parts: u32) -> Result<Vec<Key>, EngineError> {
                let Self { guest: end, of } = self;
                let (session, range, of) = (end.session()?, wit_range(range), &*of);
                let guest = end.world.$world().session();
                let said = guarded!(end, "session.cuts", ROWS, |store| {
                    guest.call_cuts(store, session, of, &range, rows, parts)
                })?;
                let said = end.cell.answer(said)?;
                end.cell.checked(keys(said, of.key.len(), parts as usize))
            }

            async fn keyed_rows(&mut self, range: &KeyRange, max: u32) -> Result<Vec<KeyedRow>, EngineError> {
                let Self { guest: end, of } = self;
                let (session, range, of) = (end.session()?, wit_range(range), &*of);
                let guest = end.world.$world().session();
                let said = guarded!(end, "session.keyed-rows", ROWS, |store| {
                    guest.call_keyed_rows(store, session, of, &range, max)
                })?;
                let said = end.cell.answer(said)?;
                end.cell.checked(keyed_rows(said, of.key.len(), max as usize))
            }
        }
    };
}
rows!(StreamRows, rapidbyte_connector_source);
rows!(TargetRows, rapidbyte_connector_destination);
