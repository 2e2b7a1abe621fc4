//! Costs of the way between the guests that must not be there, shown absent; those of rows are in
//! connectors/postgres/tests/costs.rs.
#![allow(clippy::unwrap_used)] // what is wrong ends the test, in helpers too

mod batches;

use allocation_counter::measure;
use arrow_array::{Array as _, RecordBatch};
use batches::batch;
use rapidbyte_sdk::{FrameReader, FrameWriter, schema_frame};

const ROWS: i32 = 5_000;

fn ends(of: &RecordBatch) -> (FrameWriter, FrameReader) {
    let schema = of.schema();
    (FrameWriter::new(&schema).unwrap(), FrameReader::new(&schema_frame(&schema).unwrap()).unwrap())
}

fn holds(frame: &[u8], text: &str) -> bool {
    frame.windows(text.len()).any(|window| window == text.as_bytes())
}

/// The schema repeated with every batch: its message comes once, and a frame holds no name of a column.
#[test]
fn the_schema_travels_once() {
    let batch = batch(ROWS);
    let (mut writer, mut reader) = ends(&batch);
    for _ in 0..3 {
        let frame = writer.frame(&batch).unwrap();
        assert!(!batch.schema().fields().iter().any(|field| field.name().len() > 3 && holds(&frame, field.name())));
        assert_eq!(reader.batch(frame).unwrap(), batch);
    }
    assert!(holds(&schema_frame(&batch.schema()).unwrap(), "created_at"));
}

/// A frame is as long as its columns: room for it is taken once and exactly, from the first one on, and nothing is
/// allocated by the row.
#[test]
fn a_frame_is_allocated_once() {
    let of = |rows| {
        let batch = batch(rows);
        let (mut writer, _) = ends(&batch);
        let mut frame = Vec::new();
        let found = measure(|| frame = writer.frame(&batch).unwrap());
        let columns: usize =
            batch.columns().iter().map(|column| column.to_data().get_slice_memory_size().unwrap()).sum();
        assert!(found.bytes_total < (columns + 16 * 1024) as u64, "{} bytes for {columns}", found.bytes_total);
        assert!(frame.capacity() - frame.len() < 4 * 1024);
        found.count_total
    };
    assert_eq!(of(ROWS), of(2 * ROWS));
}

/// A batch is read where its frame lies: columns are not copied, and nothing is allocated by the row.
#[test]
fn a_batch_lies_in_its_frame() {
    let of = |rows| {
        let batch = batch(rows);
        let (mut writer, mut reader) = ends(&batch);
        let frame = writer.frame(&batch).unwrap();
        let range = frame.as_ptr_range();
        let mut read = None;
        let found = measure(|| read = Some(reader.batch(frame).unwrap()));
        for column in read.unwrap().columns() {
            assert!(column.to_data().buffers().iter().all(|buffer| range.contains(&buffer.as_ptr())));
        }
        found.count_total
    };
    assert_eq!(of(ROWS), of(2 * ROWS));
}
