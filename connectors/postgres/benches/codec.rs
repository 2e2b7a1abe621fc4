//! What a row costs on its way through a guest: out of a server's messages into Arrow, and out of Arrow into COPY or
//! INSERT. `cargo bench -p rapidbyte-postgres --bench codec`; the frame between the guests is measured in connectors/sdk.
//! Only ratios of one run count.
#![allow(missing_docs, clippy::unwrap_used)] // a bench is documented by its name, and ends where something is wrong

#[path = "../tests/rows/mod.rs"]
mod rows;

use arrow_array::RecordBatch;
use divan::{Bencher, counter::ItemsCount};
use rapidbyte_postgres::{
    client::{Fault, Rows},
    copy::{CopyFrame, DecodeError, Decoder, Encoder},
    text::{InsertStatement, LiteralWriter},
};
use rows::{Said, TABLES, Table};

/// Rows of one batch, as sync files have them unless they say otherwise, and of what is read or written in one go.
const BATCH_ROWS: usize = 10_000;
const ROWS: u32 = 50_000;

/// What ends an INSERT.
const INSERT_MAX: (u32, usize) = (1_000, 4 << 20);

fn main() {
    divan::main();
}

#[derive(Debug)]
enum Broken {
    Fault,
    Decode,
}

impl From<Fault> for Broken {
    fn from(_: Fault) -> Self {
        Self::Fault
    }
}

impl From<DecodeError> for Broken {
    fn from(_: DecodeError) -> Self {
        Self::Decode
    }
}

/// From the server's messages to batches, as connectors/source-postgres reads them.
#[divan::bench(args = TABLES)]
fn decode(bencher: Bencher<'_, '_>, table: Table) {
    let said = table.copied(ROWS);
    bencher.counter(ItemsCount::new(ROWS)).bench_local(|| {
        let mut client = Said::client(&said);
        client.copy_out("").unwrap();
        let mut decoder = Decoder::new(&table.schema()).unwrap();
        loop {
            let rows = client.next_rows(1 << 24, |body| {
                decoder.push_copy_data(body)?;
                Ok::<_, Broken>(decoder.rows() < BATCH_ROWS)
            });
            let rows = rows.unwrap();
            if decoder.rows() == BATCH_ROWS {
                divan::black_box(decoder.finish().unwrap());
            }
            if let Rows::Done(rows) = rows {
                return rows;
            }
        }
    });
}

fn batch(table: Table) -> RecordBatch {
    let mut decoder = Decoder::new(&table.schema()).unwrap();
    for row in table.messages(ROWS) {
        decoder.push_row(&row).unwrap();
    }
    decoder.finish().unwrap()
}

/// From a batch to CopyData messages, as connectors/dest-postgres sends them.
#[divan::bench(args = TABLES)]
fn encode(bencher: Bencher<'_, '_>, table: Table) {
    let batch = batch(table);
    let encoder = Encoder::new(&table.schema(), &table.targets()).unwrap();
    let mut frame = CopyFrame::default();
    bencher.counter(ItemsCount::new(ROWS)).bench_local(|| {
        let mut rows = encoder.start(&batch).unwrap();
        while frame.fill(&mut rows).unwrap() {
            divan::black_box(frame.message());
            frame.clear();
        }
    });
}

/// From a batch to the statements of an INSERT.
#[divan::bench(args = TABLES)]
fn literals(bencher: Bencher<'_, '_>, table: Table) {
    let batch = batch(table);
    let writer = LiteralWriter::new(&table.schema(), &table.targets()).unwrap();
    let mut statement = InsertStatement::new("INSERT INTO t VALUES", None, INSERT_MAX);
    bencher.counter(ItemsCount::new(ROWS)).bench_local(|| {
        let mut rows = writer.start(&batch).unwrap();
        while statement.fill(&mut rows).unwrap() {
            divan::black_box(statement.sql());
        }
    });
}
