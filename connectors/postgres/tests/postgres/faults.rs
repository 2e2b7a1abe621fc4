//! What is wrong with bytes, batches and values, and that it is told by column and kind. No server is asked.

use anyhow::Result;
use arrow_array::{Float64Array, RecordBatch, StringArray};
use arrow_schema::{Schema, SchemaRef};
use rapidbyte_postgres::{
    copy::{DecodeError, Decoder, EncodeError, Encoder, Fault, HEADER, TRAILER, ValueFault},
    text::LiteralWriter,
    types::{PgType, arrow},
};
use std::sync::Arc;

fn schema(columns: &[(u32, &str, bool)]) -> SchemaRef {
    let field = |(oid, name, nullable): &(u32, &str, bool)| {
        arrow::field(&format!("a {name}"), &PgType::builtin(*oid, name, -1), *nullable)
    };
    Schema::new(columns.iter().map(field).collect::<Vec<_>>()).into()
}

fn row(cells: &[&[u8]]) -> Vec<u8> {
    let cell = |cell: &&[u8]| [&u32::try_from(cell.len()).unwrap_or(0).to_be_bytes(), *cell].concat();
    [&[0, u8::try_from(cells.len()).unwrap_or(0)], cells.iter().map(cell).collect::<Vec<_>>().concat().as_slice()]
        .concat()
}

#[test]
fn a_bad_cell_is_told_by_its_column() -> Result<()> {
    let cases: [(u32, &str, &[u8], Fault); 4] = [
        (23, "int4", &[0; 5], Fault::Length { expected: 4, found: 5 }),
        (16, "bool", &[2], Fault::Boolean),
        (3802, "jsonb", b"\x02{}", Fault::JsonbVersion),
        (2950, "uuid", &[0; 15], Fault::Length { expected: 16, found: 15 }),
    ];
    for (oid, name, cell, fault) in cases {
        let mut decoder = Decoder::new(&schema(&[(23, "int4", true), (oid, name, true)]))?;
        let error = decoder.push_row(&row(&[&[0; 4], cell]));
        assert_eq!(error, Err(DecodeError::Column { column: format!("a {name}"), fault }));
        assert_eq!(decoder.rows(), 0);
        assert_eq!(decoder.finish()?.num_rows(), 0);
    }
    Ok(())
}

#[test]
fn a_batch_is_checked_as_a_whole() -> Result<()> {
    let mut decoder = Decoder::new(&schema(&[(25, "text", true)]))?;
    decoder.push_row(&row(&[b"\xff"]))?;
    assert_eq!(decoder.finish(), Err(DecodeError::Column { column: "a text".into(), fault: Fault::Utf8 }));
    // A character that begins in one value and ends in the next is none.
    decoder.push_row(&row(&["é".as_bytes().split_at(1).0]))?;
    decoder.push_row(&row(&["é".as_bytes().split_at(1).1]))?;
    assert_eq!(decoder.finish(), Err(DecodeError::Column { column: "a text".into(), fault: Fault::Utf8 }));
    let mut decoder = Decoder::new(&schema(&[(25, "text", false)]))?;
    decoder.push_row(b"\x00\x01\xff\xff\xff\xff")?;
    assert_eq!(decoder.finish(), Err(DecodeError::Column { column: "a text".into(), fault: Fault::Null }));
    Ok(())
}

#[test]
fn rows_of_another_shape_are_refused() -> Result<()> {
    let mut decoder = Decoder::new(&schema(&[(16, "bool", true)]))?;
    assert_eq!(decoder.push_row(&row(&[b"\0", b"\0"])), Err(DecodeError::FieldCount { expected: 1, found: 2 }));
    assert_eq!(decoder.push_row(&[row(&[b"\0"]), vec![0]].concat()), Err(DecodeError::Trailing));
    assert_eq!(decoder.push_row(&row(&[b"\0"])[..6]), Err(DecodeError::Truncated));
    assert_eq!(decoder.push_row(b""), Err(DecodeError::Truncated));
    assert_eq!(decoder.push_row(&row(&[b"\x01"])), Ok(()));
    assert_eq!((decoder.rows(), decoder.bytes()), (1, 7));
    Ok(())
}

#[test]
fn a_copy_begins_and_ends_as_it_must() -> Result<()> {
    let decoder = || Decoder::new(&schema(&[(16, "bool", true)]));
    assert_eq!(decoder()?.push_copy_data(b"PGCOPY\n\xff\r\r"), Err(DecodeError::Signature));
    let mut flagged = HEADER;
    flagged[12] = 1; // Bit 16: rows with OIDs.
    assert_eq!(decoder()?.push_copy_data(&flagged), Err(DecodeError::Flags));
    let mut extended = HEADER.to_vec();
    extended[18] = 2;
    extended.extend(b"xy");
    let mut ended = decoder()?;
    ended.push_copy_data(&[&extended[..], &row(&[b"\x01"]), &TRAILER].concat())?;
    assert!(ended.is_ended());
    assert_eq!(ended.push_copy_data(b"\0"), Err(DecodeError::Trailing));
    let mut broken_off = decoder()?;
    broken_off.push_copy_data(&[&HEADER[..], &row(&[b"\x01"])[..5]].concat())?;
    assert!(!broken_off.is_ended());
    Ok(())
}

#[test]
fn another_schema_is_refused() -> Result<()> {
    let types = [PgType::builtin(25, "text", -1)];
    let encoder = Encoder::new(&schema(&[(25, "text", true)]), &types)?;
    let floats = schema(&[(701, "float8", true)]);
    let batch = RecordBatch::try_new(floats.clone(), vec![Arc::new(Float64Array::from(vec![1.0]))])?;
    assert_eq!(encoder.encode(&batch, &mut Vec::new()), Err(EncodeError::Schema));
    assert!(Encoder::new(&floats, &types).is_err());
    assert!(Encoder::new(&floats, &[]).is_err());
    let bare = Schema::new(vec![arrow_schema::Field::new("x", arrow_schema::DataType::Utf8, true)]);
    assert!(Encoder::new(&bare, &types).is_err());
    let mut lying = arrow::field("x", &types[0], true);
    lying.set_data_type(arrow_schema::DataType::Int64);
    assert!(Encoder::new(&Schema::new(vec![lying]), &types).is_err());
    Ok(())
}

#[test]
fn what_no_literal_keeps_is_refused() -> Result<()> {
    let float8 = PgType::builtin(701, "float8", -1);
    let writer = LiteralWriter::new(&schema(&[(701, "float8", true)]), std::slice::from_ref(&float8))?;
    for (bits, kept) in [(f64::NAN.to_bits(), true), (0x7ff8_0000_0000_0001, false), (0xfff8_0000_0000_0000, false)] {
        let values = Float64Array::from(vec![f64::from_bits(bits)]);
        let batch = RecordBatch::try_new(schema(&[(701, "float8", true)]), vec![Arc::new(values)])?;
        let written = writer.start(&batch)?.write(1, 0, &mut Vec::new());
        let error = EncodeError::Column { column: "a float8".into(), fault: ValueFault::NanBits };
        assert_eq!(written, if kept { Ok(1) } else { Err(error) });
    }
    let text = schema(&[(25, "text", true)]);
    let writer = LiteralWriter::new(&text, &[PgType::builtin(25, "text", -1)])?;
    let batch = RecordBatch::try_new(text, vec![Arc::new(StringArray::from(vec!["a\0b"]))])?;
    let error = EncodeError::Column { column: "a text".into(), fault: ValueFault::Nul };
    assert_eq!(writer.start(&batch)?.write(1, 0, &mut Vec::new()), Err(error));
    Ok(())
}

/// Rows end a frame and a statement where the bounds say, and none is lost between.
#[test]
fn bounds_end_frames_and_statements() -> Result<()> {
    let types = [PgType::builtin(25, "text", -1)];
    let text = schema(&[(25, "text", true)]);
    let values = StringArray::from(vec!["aaaa", "bbbb", "cccc", "dddd", "eeee"]);
    let batch = RecordBatch::try_new(text.clone(), vec![Arc::new(values)])?;
    let encoder = Encoder::new(&text, &types)?;
    let mut rows = encoder.start(&batch)?;
    let counts = (0..4).map(|_| rows.encode_up_to(11, &mut Vec::new())).collect::<Result<Vec<_>, _>>()?;
    assert_eq!(counts, [2, 2, 1, 0]);
    let writer = LiteralWriter::new(&text, &types)?;
    let mut rows = writer.start(&batch)?;
    let counts = (0..4).map(|_| rows.write(2, usize::MAX, &mut Vec::new())).collect::<Result<Vec<_>, _>>()?;
    assert_eq!(counts, [2, 2, 1, 0]);
    let mut rows = writer.start(&batch)?;
    let mut sql = Vec::new();
    assert_eq!(rows.write(9, 1, &mut sql)?, 1);
    assert_eq!(sql, b"('aaaa')");
    Ok(())
}
