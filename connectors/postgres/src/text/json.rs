//! Rows as JSON, for people who look at what was refused: numbers and truth values as such, everything else in a
//! string, as a text that PostgreSQL reads. What has no text form here stands as its bytes in hexadecimal digits.

use super::{codec::Codec, number, rows::plain};
use crate::{
    copy::{
        EncodeError, ValueFault,
        lanes::{Cells, Lane, Plan, lanes, plans},
    },
    pair::ColumnRefusal,
    types::PgType,
};
use arrow_array::RecordBatch;
use arrow_schema::Schema;
use std::fmt::Write as _;

/// Writes rows of one stream as JSON objects.
#[derive(Debug)]
pub struct JsonWriter {
    plans: Vec<Plan>,
    codecs: Vec<Option<Codec>>,
    is_ascii: bool,
}

impl JsonWriter {
    /// `targets` as for [`crate::copy::Encoder::new`]. `is_ascii`: characters beyond ASCII are escaped, so that a database of
    /// any encoding can hold the text.
    pub fn new(schema: &Schema, targets: &[PgType], is_ascii: bool) -> Result<Self, ColumnRefusal> {
        let plans = plans(schema, targets)?;
        let codecs = plans.iter().map(|plan| Codec::of(&plan.source)).collect();
        Ok(Self { plans, codecs, is_ascii })
    }

    /// One row of a batch, by its number.
    pub fn row(&self, batch: &RecordBatch, at: usize) -> Result<String, EncodeError> {
        let lanes = lanes(&self.plans, batch)?;
        let mut json = String::from("{");
        for (lane, codec) in lanes.iter().zip(&self.codecs) {
            if json.len() > 1 {
                json.push_str(", ");
            }
            self.string(lane.column, &mut json);
            json.push_str(": ");
            self.cell(lane, codec.as_ref(), at, &mut json);
        }
        json.push('}');
        Ok(json)
    }

    fn cell(&self, lane: &Lane<'_>, codec: Option<&Codec>, at: usize, json: &mut String) {
        if lane.is_null(at) {
            json.push_str("null");
            return;
        }
        let text = text_of(lane.cells, codec, at);
        match codec {
            Some(Codec::Boolean) => json.push_str(if text == "t" { "true" } else { "false" }),
            Some(codec)
                if is_number(codec) && text.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit()) =>
            {
                json.push_str(&text);
            }
            _ => self.string(&text, json),
        }
    }

    fn string(&self, text: &str, json: &mut String) {
        let quoted = serde_json::Value::from(text).to_string();
        if !self.is_ascii {
            json.push_str(&quoted);
            return;
        }
        for c in quoted.chars() {
            if c.is_ascii() {
                json.push(c);
                continue;
            }
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(json, "\\u{unit:04x}");
            }
        }
    }
}

fn is_number(codec: &Codec) -> bool {
    matches!(
        codec,
        Codec::Int2 | Codec::Int4 | Codec::Int8 | Codec::Unsigned4 | Codec::Float4 | Codec::Float8 | Codec::Numeric
    )
}

/// The text of a value; of one that has none its bytes.
fn text_of(cells: Cells<'_>, codec: Option<&Codec>, at: usize) -> String {
    let mut out = Vec::new();
    let written = match (cells, codec) {
        (Cells::Bytes(values) | Cells::Jsonb(values), Some(codec)) if !matches!(codec, Codec::Bytea) => {
            out.extend_from_slice(values.get(at));
            Ok(())
        }
        (Cells::Bytes(values) | Cells::Jsonb(values) | Cells::Wire(values, _), None | Some(Codec::Bytea)) => {
            hex(values.get(at), &mut out);
            Ok(())
        }
        (_, Some(codec)) => plain(cells, codec, at, &mut out),
        (_, None) => Err(ValueFault::Utf8),
    };
    if written.is_err() {
        out.clear();
        match cells {
            Cells::Bytes(values) | Cells::Jsonb(values) | Cells::Wire(values, _) => hex(values.get(at), &mut out),
            // A float that no text tells apart from the others of its kind.
            _ => out.extend_from_slice(b"NaN"),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn hex(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"\\x");
    number::hex(bytes, out);
}
