//! Arrow IPC frames as guests hand them over: checked, never trusted, never decoded further than the engine needs. Owns
//! the reading of a stream's columns from its schema message.

use arrow_ipc::{Message, MessageHeader, convert::try_fb_to_schema, root_as_message};
use arrow_schema::{DataType, Field, Schema};
use rapidbyte_plans::observation::{Carriage, SourceColumn};

/// A frame that is not what the contract says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FrameError {
    #[error("the frame is cut short")]
    Short,
    #[error("the frame is no Arrow IPC message")]
    NoMessage,
    #[error("the frame holds {0} where {1} belongs")]
    Wrong(&'static str, &'static str),
    #[error("the frame says {said} rows, its batch {batch}")]
    Rows { said: u32, batch: i64 },
    #[error("column {0} is encoded by a dictionary")]
    Dictionary(String),
    #[error("column {0} has no type of the source's own")]
    NoNative(String),
    #[error("column {0} travels in an unknown way")]
    Carriage(String),
}

/// Field metadata of the contract's `stream-observation`.
const NATIVE: &str = "rapidbyte.native";
const CARRIAGE: &str = "rapidbyte.carriage";
const REFUSED: &str = "rapidbyte.refused";
const COMMENT: &str = "rapidbyte.comment";

/// Before each message (Arrow columnar format, "Encapsulated message format").
const CONTINUATION: [u8; 4] = [0xff; 4];

/// The message of a frame, and its body.
fn open(frame: &[u8]) -> Result<(Message<'_>, &[u8]), FrameError> {
    let (head, rest) = frame.split_first_chunk::<4>().ok_or(FrameError::Short)?;
    if *head != CONTINUATION {
        return Err(FrameError::NoMessage);
    }
    let (length, rest) = rest.split_first_chunk::<4>().ok_or(FrameError::Short)?;
    let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| FrameError::Short)?;
    let (metadata, body) = rest.split_at_checked(length).ok_or(FrameError::Short)?;
    // The flatbuffer is verified: offsets, lengths, text, depth.
    let message = root_as_message(metadata).map_err(|_| FrameError::NoMessage)?;
    Ok((message, body))
}

fn word(header: MessageHeader) -> &'static str {
    match header {
        MessageHeader::Schema => "a schema",
        MessageHeader::RecordBatch => "a batch",
        MessageHeader::DictionaryBatch => "a dictionary",
        _ => "something else",
    }
}

/// Checks that the frame is one record batch of so many rows, with all of its body. Its columns are for the one who
/// decodes them, inside its own sandbox.
pub(crate) fn check_batch(frame: &[u8], rows: u32) -> Result<(), FrameError> {
    let (message, body) = open(frame)?;
    let header = message.header_type();
    let batch = message.header_as_record_batch().ok_or(FrameError::Wrong(word(header), "a batch"))?;
    if usize::try_from(message.bodyLength()) != Ok(body.len()) {
        return Err(FrameError::Short);
    }
    if batch.length() != i64::from(rows) {
        return Err(FrameError::Rows { said: rows, batch: batch.length() });
    }
    Ok(())
}

/// The columns that a schema message describes.
pub(crate) fn columns(frame: &[u8]) -> Result<Vec<SourceColumn>, FrameError> {
    schema(frame)?.fields().iter().map(|field| column(field)).collect()
}

fn schema(frame: &[u8]) -> Result<Schema, FrameError> {
    let (message, _) = open(frame)?;
    let header = message.header_type();
    let schema = message.header_as_schema().ok_or(FrameError::Wrong(word(header), "a schema"))?;
    try_fb_to_schema(schema).map_err(|_| FrameError::NoMessage)
}

fn column(field: &Field) -> Result<SourceColumn, FrameError> {
    let name = field.name().clone();
    if matches!(field.data_type(), DataType::Dictionary(..)) {
        return Err(FrameError::Dictionary(name));
    }
    let Some(native) = field.metadata().get(NATIVE).cloned() else { return Err(FrameError::NoNative(name)) };
    let carriage = match field.metadata().get(CARRIAGE).map(String::as_str) {
        Some("arrow") => Carriage::Arrow,
        Some("wire") if *field.data_type() == DataType::Binary => Carriage::Wire,
        _ => return Err(FrameError::Carriage(name)),
    };
    let (refused, comment) = (field.metadata().get(REFUSED).cloned(), field.metadata().get(COMMENT).cloned());
    Ok(SourceColumn {
        name,
        native,
        arrow: field.data_type().to_string(),
        carriage,
        nullable: field.is_nullable(),
        refused,
        comment,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{Int64Array, RecordBatch};
    use arrow_ipc::writer::StreamWriter;
    use proptest::prelude::*;
    use std::{collections::HashMap, sync::Arc};

    fn field(name: &str, kind: DataType, metadata: &[(&str, &str)]) -> Field {
        let owned = metadata.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        Field::new(name, kind, true).with_metadata(owned.collect::<HashMap<_, _>>())
    }

    fn frames(field: Field) -> (Vec<u8>, Vec<u8>) {
        let schema = Arc::new(Schema::new(vec![field]));
        let mut writer = StreamWriter::try_new(Vec::new(), &schema).unwrap();
        let schema_frame = std::mem::take(writer.get_mut());
        let column = Arc::new(Int64Array::from(vec![1, 2, 3]));
        if schema.field(0).data_type() == &DataType::Int64 {
            writer.write(&RecordBatch::try_new(schema, vec![column]).unwrap()).unwrap();
        }
        (schema_frame, std::mem::take(writer.get_mut()))
    }

    fn good() -> (Vec<u8>, Vec<u8>) {
        frames(field("id", DataType::Int64, &[(NATIVE, "bigint"), (CARRIAGE, "arrow")]))
    }

    #[test]
    fn a_schema_names_its_columns() {
        let found = columns(&good().0).unwrap();
        assert_eq!((found[0].native.as_str(), found[0].arrow.as_str()), ("bigint", "Int64"));
        let refused = field("x", DataType::Binary, &[(NATIVE, "x"), (CARRIAGE, "wire"), (REFUSED, "why")]);
        assert_eq!(columns(&frames(refused).0).unwrap()[0].refused.as_deref(), Some("why"));
    }

    #[test]
    fn columns_that_lack_what_the_contract_asks_are_refused() {
        let of = |kind, metadata: &[(&str, &str)]| columns(&frames(field("c", kind, metadata)).0).unwrap_err();
        assert_eq!(of(DataType::Utf8, &[(CARRIAGE, "arrow")]), FrameError::NoNative("c".to_owned()));
        assert_eq!(of(DataType::Utf8, &[(NATIVE, "text")]), FrameError::Carriage("c".to_owned()));
        assert_eq!(of(DataType::Utf8, &[(NATIVE, "text"), (CARRIAGE, "wire")]), FrameError::Carriage("c".to_owned()));
        let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        assert_eq!(of(dictionary, &[(NATIVE, "text")]), FrameError::Dictionary("c".to_owned()));
    }

    #[test]
    fn a_batch_must_be_whole_and_of_its_rows() {
        let (schema, batch) = good();
        assert_eq!(check_batch(&batch, 3), Ok(()));
        assert_eq!(check_batch(&batch, 4), Err(FrameError::Rows { said: 4, batch: 3 }));
        assert_eq!(check_batch(&batch[..batch.len() - 1], 3), Err(FrameError::Short));
        assert_eq!(check_batch(&[batch.as_slice(), &[0]].concat(), 3), Err(FrameError::Short));
        assert_eq!(check_batch(&schema, 0), Err(FrameError::Wrong("a schema", "a batch")));
        assert_eq!(columns(&batch), Err(FrameError::Wrong("a batch", "a schema")));
    }

    proptest! {
        /// P1: no bytes whatever make the reading of a frame panic.
        #[test]
        fn p1_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), rows: u32) {
            let framed = [CONTINUATION.as_slice(), &u32::try_from(bytes.len()).unwrap().to_le_bytes(), &bytes].concat();
            for frame in [bytes, framed] {
                let _ = columns(&frame);
                let _ = check_batch(&frame, rows);
            }
        }

        /// P2: no change of a byte of a good frame makes it panic.
        #[test]
        fn p2_changed_frames_do_not_panic(at in any::<prop::sample::Index>(), value: u8) {
            let (mut schema, mut batch) = good();
            let (schema_at, batch_at) = (at.index(schema.len()), at.index(batch.len()));
            schema[schema_at] = value;
            batch[batch_at] = value;
            let _ = columns(&schema);
            let _ = check_batch(&batch, 3);
        }
    }
}
