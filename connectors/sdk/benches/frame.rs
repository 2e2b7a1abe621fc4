//! What the way between the guests costs: a batch into a frame, and back. `cargo bench -p rapidbyte-sdk --bench frame`;
//! rows are measured in connectors/postgres. Only ratios of one run count.
#![allow(missing_docs, clippy::unwrap_used)] // as in connectors/postgres

#[path = "../tests/batches/mod.rs"]
mod batches;

use batches::batch;
use divan::{Bencher, counter::BytesCount};
use rapidbyte_sdk::{FrameReader, FrameWriter, schema_frame};

/// Rows of one batch, as sync files have them unless they say otherwise.
const ROWS: i32 = 10_000;

fn main() {
    divan::main();
}

#[divan::bench]
fn write(bencher: Bencher<'_, '_>) {
    let batch = batch(ROWS);
    let mut writer = FrameWriter::new(&batch.schema()).unwrap();
    let bytes = writer.frame(&batch).unwrap().len();
    bencher.counter(BytesCount::new(bytes)).bench_local(|| writer.frame(&batch).unwrap());
}

#[divan::bench]
fn read(bencher: Bencher<'_, '_>) {
    let batch = batch(ROWS);
    let mut reader = FrameReader::new(&schema_frame(&batch.schema()).unwrap()).unwrap();
    let frame = FrameWriter::new(&batch.schema()).unwrap().frame(&batch).unwrap();
    let bencher = bencher.counter(BytesCount::new(frame.len()));
    bencher.with_inputs(|| frame.clone()).bench_local_values(|frame| reader.batch(frame).unwrap());
}
