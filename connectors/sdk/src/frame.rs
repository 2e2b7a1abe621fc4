//! Arrow IPC messages as frames: the schema once per stream, then one frame per batch. Frames that come from elsewhere
//! are validated in full.

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::{convert::try_schema_from_ipc_buffer, reader::StreamDecoder, writer::StreamWriter};
use arrow_schema::{ArrowError, DataType, Schema, SchemaRef};
use std::sync::Arc;

/// A frame that does not hold what it should.
#[derive(Debug)]
pub struct FrameError(&'static str);

impl std::fmt::Display for FrameError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for FrameError {}

/// The schema as one IPC schema message.
///
/// # Errors
/// A schema that Arrow IPC cannot hold.
pub fn schema_frame(schema: &Schema) -> Result<Vec<u8>, ArrowError> {
    let mut writer = StreamWriter::try_new(Vec::new(), schema)?;
    Ok(std::mem::take(writer.get_mut()))
}

/// Turns the batches of one stream into frames.
pub struct FrameWriter {
    writer: StreamWriter<Vec<u8>>,
}

/// What stands before a frame's body: of a message itself, and of each of its columns, a node and up to three buffers with
/// their places and what fills them up.
const MESSAGE_BYTES: usize = 256;
const COLUMN_BYTES: usize = 16 + 3 * (16 + 64);

impl FrameWriter {
    /// For batches of this schema.
    ///
    /// # Errors
    /// A schema that Arrow IPC cannot hold.
    pub fn new(schema: &Schema) -> Result<Self, ArrowError> {
        let mut writer = StreamWriter::try_new(Vec::new(), schema)?;
        writer.get_mut().clear(); // the schema travels on its own, once
        Ok(Self { writer })
    }

    /// One record-batch message, body included. Room is taken once, by what the batch holds, so that its columns are copied
    /// once.
    ///
    /// # Errors
    /// A batch of another schema.
    pub fn frame(&mut self, batch: &RecordBatch) -> Result<Vec<u8>, ArrowError> {
        self.writer.get_mut().reserve_exact(frame_bytes_max(batch)?);
        self.writer.write(batch)?;
        Ok(std::mem::take(self.writer.get_mut()))
    }
}

/// What a batch's frame has at most.
fn frame_bytes_max(batch: &RecordBatch) -> Result<usize, ArrowError> {
    let mut bytes = MESSAGE_BYTES;
    for column in batch.columns() {
        bytes += COLUMN_BYTES + column.to_data().get_slice_memory_size()?;
    }
    Ok(bytes)
}

/// Turns the frames of one stream back into batches, without copying their columns.
pub struct FrameReader {
    decoder: StreamDecoder,
    schema: SchemaRef,
    /// Of each buffer that a batch has, in order: its items' bytes.
    widths: Vec<usize>,
}

impl FrameReader {
    /// For frames behind this schema message.
    ///
    /// # Errors
    /// A frame that is no schema message.
    pub fn new(frame: &[u8]) -> Result<Self, FrameError> {
        let schema = try_schema_from_ipc_buffer(frame).map_err(|_| FrameError("the schema frame holds no schema"))?;
        let widths = schema.fields().iter().map(|field| widths(field.data_type())).collect::<Option<Vec<_>>>();
        let widths = widths.ok_or(FrameError("the schema holds a type that does not travel"))?.concat();
        let mut decoder = StreamDecoder::new();
        match decoder.decode(&mut Buffer::from(frame)) {
            Ok(None) => Ok(Self { decoder, schema: Arc::new(schema), widths }),
            Ok(Some(_)) => Err(FrameError("the schema frame holds a batch")),
            Err(_) => Err(FrameError("the schema frame is damaged")),
        }
    }

    /// The stream's schema.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The batch of one frame.
    ///
    /// # Errors
    /// A frame that is damaged, cut short, or of another schema.
    pub fn batch(&mut self, frame: Vec<u8>) -> Result<RecordBatch, FrameError> {
        within_itself(&frame, &self.widths).ok_or(FrameError("a batch frame points out of itself"))?;
        let mut buffer = Buffer::from_vec(frame);
        let batch = self.decoder.decode(&mut buffer).map_err(|_| FrameError("a batch frame is damaged"))?;
        match batch {
            Some(batch) if buffer.is_empty() => Ok(batch),
            Some(_) => Err(FrameError("a batch frame holds more than one batch")),
            None => Err(FrameError("a batch frame is cut short")),
        }
    }
}

/// The decoder checks what lies in the buffers, but takes their places on trust and panics where they lie outside
/// (arrow-ipc 60, `read_buffer`). Arrow specification, "Encapsulated message format".
fn within_itself(frame: &[u8], widths: &[usize]) -> Option<()> {
    let (prefix, rest) = frame.split_first_chunk::<8>()?;
    let metadata_bytes = usize::try_from(u32::from_le_bytes([prefix[4], prefix[5], prefix[6], prefix[7]])).ok()?;
    let (metadata, body) = rest.split_at_checked(metadata_bytes)?;
    let message = arrow_ipc::root_as_message(metadata).ok()?;
    let batch = message.header_as_record_batch()?;
    let is_whole = prefix[..4] == [0xff; 4] && usize::try_from(message.bodyLength()).ok()? == body.len();
    let no_negatives =
        batch.length() >= 0 && batch.nodes()?.iter().all(|node| node.length() >= 0 && node.null_count() >= 0);
    let is_inside = |(buffer, width): (&arrow_ipc::Buffer, &usize)| {
        let bytes = usize::try_from(buffer.length()).ok()?;
        let end = usize::try_from(buffer.offset()).ok()?.checked_add(bytes)?;
        (end <= body.len() && bytes % width == 0).then_some(())
    };
    let buffers = batch.buffers()?;
    let all_inside =
        buffers.len() == widths.len() && buffers.iter().zip(widths).all(|buffer| is_inside(buffer).is_some());
    (is_whole && no_negatives && all_inside).then_some(())
}

/// The buffers of a flat column, validity first; none for types that no connector sends.
fn widths(data_type: &DataType) -> Option<Vec<usize>> {
    match data_type {
        DataType::Boolean | DataType::FixedSizeBinary(_) => Some(vec![1, 1]),
        DataType::Utf8 | DataType::Binary => Some(vec![1, size_of::<i32>(), 1]),
        _ => data_type.primitive_width().map(|width| vec![1, width]),
    }
}

#[cfg(test)]
mod tests {
    //! P1: what a frame writer makes, a frame reader reads back. P2: whatever bytes come, the reader never panics.

    use super::*;
    use arrow_array::{ArrayRef, Int64Array, StringArray};
    use arrow_schema::Field;
    use proptest::prelude::*;

    fn schema() -> Schema {
        Schema::new(vec![Field::new("id", DataType::Int64, true), Field::new("word", DataType::Utf8, true)])
    }

    fn batch(rows: &[(Option<i64>, Option<String>)]) -> RecordBatch {
        let ids: ArrayRef = Arc::new(rows.iter().map(|row| row.0).collect::<Int64Array>());
        let words: ArrayRef = Arc::new(rows.iter().map(|row| row.1.as_deref()).collect::<StringArray>());
        RecordBatch::try_new(Arc::new(schema()), vec![ids, words]).unwrap()
    }

    type Row = (Option<i64>, Option<String>);

    fn batches() -> impl Strategy<Value = Vec<Vec<Row>>> {
        let row = (any::<Option<i64>>(), any::<Option<String>>());
        prop::collection::vec(prop::collection::vec(row, 0..20), 1..5)
    }

    proptest! {
        #[test]
        fn p1_there_and_back(batches in batches()) {
            let mut writer = FrameWriter::new(&schema()).unwrap();
            let mut reader = FrameReader::new(&schema_frame(&schema()).unwrap()).unwrap();
            prop_assert_eq!(reader.schema().as_ref(), &schema());
            for rows in &batches {
                let frame = writer.frame(&batch(rows)).unwrap();
                prop_assert_eq!(reader.batch(frame).unwrap(), batch(rows));
            }
        }

        #[test]
        fn p2_damage_is_an_error(rows in batches(), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()) {
            let mut frame = FrameWriter::new(&schema()).unwrap().frame(&batch(&rows[0])).unwrap();
            let index = at.index(frame.len());
            frame[index] = byte;
            let mut reader = FrameReader::new(&schema_frame(&schema()).unwrap()).unwrap();
            let whole = frame.len();
            let _ = reader.batch(frame.clone());
            frame.truncate(cut.index(whole));
            prop_assert!(FrameReader::new(&schema_frame(&schema()).unwrap()).unwrap().batch(frame).is_err());
            let _ = FrameReader::new(&[byte; 40]);
        }
    }
}
