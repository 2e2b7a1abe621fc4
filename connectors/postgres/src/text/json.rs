//! Rows as JSON, for people who look at what was refused: numbers, truth values and documents as such, everything else in a
//! string, as a text that PostgreSQL reads; `json_populate_record` makes the row of it again. What has no text form here stands as its bytes in hexadecimal digits.

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
        for ((lane, codec), plan) in lanes.iter().zip(&self.codecs).zip(&self.plans) {
            if json.len() > 1 {
                json.push_str(", ");
            }
            self.string(lane.column, &mut json);
            json.push_str(": ");
            self.cell(lane, (codec.as_ref(), &plan.source), at, &mut json);
        }
        json.push('}');
        Ok(json)
    }

    fn cell(&self, lane: &Lane<'_>, (codec, ty): (Option<&Codec>, &PgType), at: usize, json: &mut String) {
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
            _ if is_document(ty, &text) => self.written(&text, json),
            _ => self.string(&text, json),
        }
    }

    fn string(&self, text: &str, json: &mut String) {
        // A string in memory can always be written.
        self.written(&serde_json::to_string(text).unwrap_or_default(), json);
    }

    /// JSON as it stands: characters beyond ASCII are only in its strings.
    fn written(&self, text: &str, json: &mut String) {
        if !self.is_ascii {
            json.push_str(text);
            return;
        }
        for c in text.chars() {
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

/// The type says so, and it can stand in a row: one U+0000, and no function of the server reads any of the row; a null would
/// be taken for a NULL.
fn is_document(ty: &PgType, text: &str) -> bool {
    let is_type = matches!(ty.builtin_name(), Some("json" | "jsonb"));
    let is_plain = !text.contains("\\u0000") && text.trim() != "null";
    is_type && is_plain && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
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
