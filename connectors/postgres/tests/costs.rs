//! Costs that must not be here, one by one, each shown absent by counting allocations. They are those of a system that
//! this one was measured against; the ones that are shown elsewhere are named with their tests:
//!
//! - a new context of zstd per call, a fresh buffer for each decompressed batch: `what_is_warm_is_used_again` in
//!   engine/src/apply/codec.rs;
//! - the schema repeated with every batch: `the_schema_travels_once` in connectors/sdk/tests/costs.rs.

#![allow(clippy::unwrap_used)] // what is wrong ends the test, in helpers too

mod rows;

use allocation_counter::measure;
use arrow_array::RecordBatch;
use rapidbyte_postgres::{
    client::{Fault, Rows},
    copy::{CopyFrame, Decoder, Encoder},
    cursor, prepare,
    text::{InsertStatement, LiteralWriter},
    types::PgType,
};
use rows::{Said, TABLES, Table};
use std::{
    fs,
    path::{Path, PathBuf},
};

const ROWS: u32 = 4_000;
const INSERT_MAX: (u32, usize) = (100, 1 << 20);

/// What a run that is warm by now allocates.
fn allocations(mut run: impl FnMut()) -> u64 {
    run();
    measure(run).count_total
}

fn push(decoder: &mut Decoder, rows: &[Vec<u8>]) {
    for row in rows {
        decoder.push_row(row).unwrap();
    }
}

/// A decoder that has seen as many rows.
fn decoder(table: Table, rows: u32) -> Decoder {
    let mut decoder = Decoder::new(&table.schema()).unwrap();
    push(&mut decoder, &table.messages(rows));
    decoder.finish().unwrap();
    decoder
}

fn batch(table: Table, rows: u32) -> RecordBatch {
    let mut decoder = decoder(table, 0);
    push(&mut decoder, &table.messages(rows));
    decoder.finish().unwrap()
}

/// `Vec<Option<String>>` between the row and the Arrow array: a row is decoded without any allocation. A column that has a
/// NULL has a bitmap, one for each batch.
#[test]
fn nothing_lies_between_a_row_and_its_arrays() {
    for table in TABLES {
        let nullable = table.schema().fields().iter().filter(|field| field.is_nullable()).count() as u64;
        for rows in [ROWS, 2 * ROWS] {
            let mut decoder = decoder(table, rows);
            let messages = table.messages(rows);
            let found = measure(|| push(&mut decoder, &messages));
            assert!(found.count_total <= nullable, "{table:?}: {} for {rows} rows", found.count_total);
        }
    }
}

/// The same from the server's messages on, through the client: what is allocated is a constant for each batch, so that
/// twice the rows of each batch, or a row more, cost nothing.
#[test]
fn reading_allocates_by_the_batch() {
    for table in TABLES {
        let of = |batch_rows: u32| {
            let said = table.copied(4 * batch_rows);
            let mut decoder = decoder(table, batch_rows);
            measure(|| read(&said, &mut decoder, batch_rows as usize)).count_total
        };
        assert_eq!(of(ROWS), of(2 * ROWS), "{table:?}");
        assert_eq!(of(ROWS), of(ROWS + 1), "{table:?}");
    }
}

fn read(said: &[u8], decoder: &mut Decoder, batch_rows: usize) {
    let mut client = Said::client(said);
    client.copy_out("").unwrap();
    loop {
        let rows = client.next_rows(1 << 20, |body| {
            decoder.push_copy_data(body).unwrap();
            Ok::<_, Fault>(decoder.rows() < batch_rows)
        });
        if decoder.rows() == batch_rows {
            decoder.finish().unwrap();
        }
        if let Rows::Done(_) = rows.unwrap() {
            return;
        }
    }
}

/// A full decode of each row only to estimate its bytes: they are counted as they come.
#[test]
fn bytes_are_counted_as_they_come() {
    for table in TABLES {
        let messages = table.messages(ROWS);
        let mut decoder = decoder(table, 0);
        push(&mut decoder, &messages);
        assert_eq!(decoder.bytes(), messages.iter().map(Vec::len).sum::<usize>());
    }
}

/// FETCH of 1,000 for a batch of 10,000: one FETCH brings a batch, whatever it has (connectors/source-postgres/src/read.rs
/// asks by the rows of a batch), and its rows come as those of a COPY do.
#[test]
fn a_fetch_brings_a_whole_batch() {
    assert_eq!(prepare::fetch(10_000), "FETCH FORWARD 10000 FROM rapidbyte_rows");
    let said = Table::Events.fetched(10_000);
    let mut client = Said::client(&said);
    client.fetch(&prepare::fetch(10_000)).unwrap();
    let mut decoder = decoder(Table::Events, 0);
    let mut rows = Rows::More;
    while rows == Rows::More {
        rows = client.next_rows(1 << 20, |body| decoder.push_row(body).map(|()| true).map_err(|_| broken())).unwrap();
    }
    assert_eq!((rows, decoder.rows()), (Rows::Done(10_000), 10_000));
}

fn broken() -> Fault {
    Fault::Protocol("a row cannot be read")
}

/// Trying the wrong cursor type first: the type in which values are compared follows from the column's, which the catalog
/// has told; nothing is tried.
#[test]
fn the_type_of_a_cursor_is_known() {
    for (oid, name, compared) in [(20, "int8", "bigint"), (1184, "timestamptz", "timestamp with time zone")] {
        let (native, _) = cursor::step(&PgType::builtin(oid, name, -1)).unwrap();
        assert_eq!(native, compared);
    }
    assert!(cursor::step(&PgType::builtin(16, "bool", -1)).is_err());
}

/// A new buffer per flush, and one per row: encoding allocates nothing but what a batch's columns are looked at with, which
/// are as many as there are columns.
#[test]
fn flushes_share_one_buffer() {
    for table in TABLES {
        let encoder = Encoder::new(&table.schema(), &table.targets()).unwrap();
        let of = |rows| {
            let batch = batch(table, rows);
            let mut frame = CopyFrame::default();
            let (room, mut flushes) = (frame.message().as_ptr(), 0);
            let count = allocations(|| {
                let mut rows = encoder.start(&batch).unwrap();
                while frame.fill(&mut rows).unwrap() {
                    assert_eq!(frame.message().as_ptr(), room, "{table:?}: the buffer has grown");
                    frame.clear();
                    flushes += 1;
                }
            });
            (count, flushes)
        };
        let (once, twice) = (of(ROWS * 2), of(ROWS * 4));
        assert!(once.1 > 1 && twice.1 > once.1, "{table:?}: it was not flushed");
        assert_eq!(once.0, 1, "{table:?}: all columns are held in one Vec");
        assert_eq!(once.0, twice.0, "{table:?}");
    }
}

/// A String per cell on the INSERT path; an SQL buffer grown from empty.
#[test]
fn literals_are_written_into_one_statement() {
    for table in TABLES {
        let writer = LiteralWriter::new(&table.schema(), &table.targets()).unwrap();
        let of = |rows| {
            let batch = batch(table, rows);
            let mut statement = InsertStatement::new("INSERT INTO t VALUES", None, INSERT_MAX);
            let room = statement.message().as_ptr();
            let found = measure(|| {
                let mut rows = writer.start(&batch).unwrap();
                while statement.fill(&mut rows).unwrap() {}
            });
            assert_eq!(statement.message().as_ptr(), room, "{table:?}: the buffer has grown");
            found.count_total
        };
        assert_eq!(of(ROWS), 1, "{table:?}: all columns are held in one Vec");
        assert_eq!(of(ROWS), of(2 * ROWS), "{table:?}");
    }
}

/// A downcast per cell, which allocates nothing: arrays are downcast in one file, which makes slices of them (`Cells`) where a batch
/// begins, and rows and literals, which are in others, are made of these.
#[test]
fn arrays_are_downcast_where_a_batch_begins() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let is_source = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "rs");
    let mut folders = vec![source.clone()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        let paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        folders.extend(paths.iter().filter(|path| path.is_dir()).cloned());
        let knows_arrays = |path: &&PathBuf| {
            let text = fs::read_to_string(path).unwrap();
            ["downcast_ref", ".as_any()", ".as_primitive", ".as_string"].iter().any(|call| text.contains(call))
        };
        let of_arrays = paths.iter().filter(|path| is_source(path)).filter(knows_arrays);
        found.extend(of_arrays.map(|path| path.strip_prefix(&source).unwrap().to_owned()));
    }
    assert_eq!(found, [Path::new("copy/lanes.rs")]);
}

/// The conflict clause rebuilt per chunk: it is made ready once, and every statement ends with it.
#[test]
fn the_conflict_clause_is_made_once() {
    let table = Table::Events;
    let batch = batch(table, ROWS);
    let writer = LiteralWriter::new(&table.schema(), &table.targets()).unwrap();
    let mut statement = InsertStatement::new("INSERT INTO t VALUES", Some("ON CONFLICT DO NOTHING"), INSERT_MAX);
    let mut rows = writer.start(&batch).unwrap();
    let found = measure(|| {
        for _ in 0..ROWS / INSERT_MAX.0 {
            assert!(statement.fill(&mut rows).unwrap());
            assert!(statement.sql().starts_with(b"INSERT INTO t VALUES ("));
            assert!(statement.sql().ends_with(b") ON CONFLICT DO NOTHING"));
        }
    });
    assert_eq!(found.count_total, 0);
    assert!(!statement.fill(&mut rows).unwrap());
}

/// Rows on their way out and in: no more than so many allocations for a batch of seven columns, whatever it holds.
#[test]
fn a_batch_costs_a_handful() {
    let mut decoder = decoder(Table::Events, ROWS);
    let messages = Table::Events.messages(ROWS);
    let found = measure(|| {
        push(&mut decoder, &messages);
        drop(decoder.finish().unwrap());
    });
    // For each column: the array, and for each of its buffers the bytes and their owner; the batch and its list.
    assert!(found.count_total <= 7 * 7, "{}", found.count_total);
}
