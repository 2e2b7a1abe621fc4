//! The source: numbers, and lies about them.
//!
//! Faults of its own: garbage, short, many-keys, no-native and absurd at "inspect"; drift at "inspect" and lost at "server", once
//! there is a snapshot; rows-more, rows-less, empty, too-many, huge, garbage, cut, schema at "next".
//! No fault: parts at "inspect" tells of blocks that the numbers lie in. Ranges at "inspect" tells of a key, whose "bounds" are one.

#[allow(missing_docs, unsafe_code, unreachable_pub, clippy::pedantic, clippy::unwrap_used)]
mod bindings {
    rapidbyte_sdk::source_world!();
    export!(Component with_types_in self);
    use super::Component;
}

use crate::{
    numbers::{self, Tally},
    settings::{Settings, description},
};
use bindings::exports::rapidbyte::connector::source as contract;
use rapidbyte_sdk::types::{
    Batch, Category, Checksum, Description, Endpoint, Error, Finding, KeyRange, KeyedRow, ObjectName, RelationKind,
    Role, Server, Severity,
};
use std::{cell::Cell, ops::Range};

struct Component;

impl contract::Guest for Component {
    type Session = Session;
    type Reader = Reader;

    fn describe() -> Description {
        rapidbyte_sdk::report_panics();
        description(Role::Source)
    }

    fn endpoints(settings: Vec<(String, String)>) -> Result<Vec<Endpoint>, Error> {
        let settings = Settings::of(&settings);
        settings.at("endpoints")?;
        Ok(settings.endpoints())
    }

    fn prepare(decision: contract::ReadDecision) -> Result<contract::PreparedRead, Error> {
        Settings::with_mode(decision.selection.filter.as_deref().unwrap_or_default()).at("prepare")?;
        let checksum = decision.checksum.map(|_| "their sum".to_owned());
        let bounds = decision.partition_key.map(|key| format!("bounds of {}", key.column));
        let statements = numbers::statements(decision.partitions, decision.partition_blocks);
        Ok(contract::PreparedRead { statements, position: None, checksum, bounds })
    }
}

struct Session {
    settings: Settings,
    in_snapshot: Cell<bool>,
}

impl contract::GuestSession for Session {
    fn open(settings: Vec<(String, String)>) -> Result<contract::Session, Error> {
        let settings = Settings::of(&settings);
        settings.at("open")?;
        Ok(contract::Session::new(Self { settings, in_snapshot: Cell::new(false) }))
    }

    fn server(&self) -> Result<Server, Error> {
        self.settings.at("server")?;
        if self.settings.has("lost", "server") && self.in_snapshot.get() {
            return Err(Error::new(Category::Network, "the snapshot is gone"));
        }
        Ok(server("nowhere"))
    }

    fn check(&self) -> Result<Vec<Finding>, Error> {
        self.settings.at("check")?;
        Ok(vec![finding(&self.settings.password)])
    }

    fn discover(&self) -> Result<Vec<contract::StreamInfo>, Error> {
        self.settings.at("discover")?;
        let copies = if self.settings.has("many-streams", "discover") { 300_000 } else { 1 };
        let stream = contract::StreamInfo {
            name: ObjectName { namespace: "public".to_owned(), name: "numbers".to_owned() },
            kind: RelationKind::Table,
            columns: vec![("id".to_owned(), "bigint".to_owned())],
            key: vec!["id".to_owned()],
            statistics: contract::Statistics { rows: None, bytes_per_row: None },
        };
        Ok(vec![stream; copies])
    }

    fn inspect(
        &self,
        _: contract::Selection,
        _: Option<contract::KnownPosition>,
    ) -> Result<contract::StreamObservation, Error> {
        self.settings.at("inspect")?;
        let has = |fault| self.settings.has(fault, "inspect");
        let mut schema = numbers::schema_message()?;
        if has("garbage") {
            schema = vec![0xa5; 4096];
        }
        if has("short") {
            schema.truncate(schema.len() / 2);
        }
        let mut key = vec!["id".to_owned()];
        if has("drift") && self.in_snapshot.get() {
            key.clear();
        }
        let absurd = has("absurd");
        Ok(contract::StreamObservation {
            kind: RelationKind::Table,
            schema,
            key,
            unique_keys: vec![vec!["id".to_owned()]; if has("many-keys") { 100_000 } else { 0 }],
            comment: None,
            dependents: Vec::new(),
            cursor: None,
            rows_in_all: None,
            ranges: has("ranges").then(|| contract::RangeKey { column: "id".to_owned(), native: "bigint".to_owned() }),
            extent: has("parts").then(|| extent(self.settings.rows)),
            statistics: contract::Statistics {
                rows: Some(if absurd { u64::MAX } else { self.settings.rows }),
                bytes_per_row: Some(if absurd { u32::MAX } else { 8 }),
            },
            fetches: vec![contract::Fetch::Copy, contract::Fetch::Cursor],
            fetch_note: None,
        })
    }

    fn open_snapshot(&self, _: Vec<contract::Relation>) -> Result<contract::SnapshotToken, Error> {
        self.settings.at("open-snapshot")?;
        self.in_snapshot.set(true);
        Ok("token".to_owned())
    }

    fn join_snapshot(&self, _: contract::SnapshotToken, _: Vec<contract::Relation>) -> Result<(), Error> {
        self.settings.at("join-snapshot")
    }

    fn position(&self, _: contract::PositionRequest) -> Result<contract::Position, Error> {
        self.settings.at("position")?;
        Ok(contract::Position { value: None, version: "0".to_owned() })
    }

    fn bounds(&self, _: String) -> Result<Vec<String>, Error> {
        self.settings.at("bounds")?;
        // One, whatever was asked for.
        Ok(vec!["1".to_owned()])
    }

    fn read(&self, request: contract::ReadRequest) -> Result<contract::Reader, Error> {
        self.settings.at("read")?;
        let rows_max = u64::from(request.batch_rows);
        let Range { start, end } = numbers::asked(&request.statement, self.settings.rows);
        Ok(contract::Reader::new(Reader { settings: self.settings.clone(), rows_max, next: Cell::new(start), end }))
    }

    fn checksum(&self, _: String) -> Result<Checksum, Error> {
        self.settings.at("checksum")?;
        Ok(checksum(&self.settings, "checksum", Tally::of_all(self.settings.rows)))
    }

    fn summaries(&self, _: contract::Compared, _: KeyRange, _: Vec<Vec<String>>) -> Result<Vec<Checksum>, Error> {
        self.settings.at("summaries")?;
        Ok(vec![checksum(&self.settings, "summaries", Tally::of_all(self.settings.rows))])
    }

    fn cuts(&self, _: contract::Compared, _: KeyRange, _: u64, _: u32) -> Result<Vec<Vec<String>>, Error> {
        self.settings.at("cuts")?;
        Ok(Vec::new())
    }

    fn keyed_rows(&self, _: contract::Compared, _: KeyRange, _: u32) -> Result<Vec<KeyedRow>, Error> {
        self.settings.at("keyed-rows")?;
        Ok(Vec::new())
    }

    fn close(&self) -> Result<(), Error> {
        self.settings.at("close")
    }
}

struct Reader {
    settings: Settings,
    rows_max: u64,
    next: Cell<u64>,
    end: u64,
}

impl contract::GuestReader for Reader {
    fn next(&self) -> Result<Option<Batch>, Error> {
        self.settings.at("next")?;
        let first = self.next.get();
        let rows = self.rows_max.min(self.end - first);
        if rows == 0 {
            return Ok(None);
        }
        self.next.set(first + rows);
        let batch = Batch { rows: u32::try_from(rows).unwrap_or(u32::MAX), frame: numbers::frame(first, rows)? };
        lie(&self.settings, batch).map(Some)
    }
}

fn lie(settings: &Settings, mut batch: Batch) -> Result<Batch, Error> {
    let has = |fault| settings.has(fault, "next");
    if has("rows-more") {
        batch.rows += 1;
    }
    if has("rows-less") {
        batch.rows -= 1;
    }
    if has("empty") {
        batch = Batch { rows: 0, frame: numbers::frame(0, 0)? };
    }
    if has("too-many") {
        batch = Batch { rows: 2_000_000, frame: numbers::frame(0, 2_000_000)? };
    }
    if has("huge") {
        batch.frame.resize(24 << 20, 0);
    }
    if has("garbage") {
        batch.frame.fill(0xa5);
    }
    if has("cut") {
        batch.frame.truncate(batch.frame.len() - 8);
    }
    if has("schema") {
        batch.frame = numbers::schema_message()?;
    }
    Ok(batch)
}

fn extent(rows: u64) -> contract::Extent {
    let blocks = rows.div_ceil(numbers::BLOCK_ROWS);
    contract::Extent { blocks, bytes: blocks * numbers::BLOCK_BYTES }
}

/// The rows, and a sum of them. Its lies: words for a number, and another sum.
pub(crate) fn checksum(settings: &Settings, place: &str, Tally { rows, sum }: Tally) -> Checksum {
    let sum = match () {
        () if settings.has("words", place) => "many".to_owned(),
        () if settings.has("other-sum", place) => "-1".to_owned(),
        () => sum.to_string(),
    };
    Checksum { rows, sum }
}

pub(crate) fn server(endpoint: &str) -> Server {
    Server {
        product: "Testing 1".to_owned(),
        endpoint: endpoint.to_owned(),
        user: "nobody".to_owned(),
        read_only: false,
    }
}

pub(crate) fn finding(password: &str) -> Finding {
    let message = format!("with <{password}>");
    Finding { severity: Severity::Ok, subject: "the numbers".to_owned(), message, advice: None }
}
