//! A batch of common columns, for the bench and the test of costs.
#![allow(clippy::cast_sign_loss, clippy::unwrap_used)] // numbers of rows; columns are of one length by construction

use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use std::sync::Arc;

/// So many rows of seven columns, with a NULL in eleven of one.
pub(crate) fn batch(rows: i32) -> RecordBatch {
    let kinds = ["view", "click", "purchase", "refund"];
    let texts = |text: fn(usize) -> String| StringArray::from_iter_values((0..rows).map(|id| text(id as usize)));
    let columns: [(&str, ArrayRef); 7] = [
        ("id", Arc::new(Int64Array::from_iter_values((0..rows).map(i64::from)))),
        ("tenant", Arc::new(Int32Array::from_iter_values((0..rows).map(|id| id % 977)))),
        ("kind", Arc::new(StringArray::from_iter_values((0..rows).map(|id| kinds[id as usize % 4])))),
        ("amount", Arc::new((0..rows).map(|id| (id % 11 > 0).then(|| f64::from(id) * 0.01)).collect::<Float64Array>())),
        ("paid", Arc::new((0..rows).map(|id| Some(id % 3 == 0)).collect::<BooleanArray>())),
        ("token", Arc::new(texts(|id| format!("{:032x}", id * 7919)))),
        ("created_at", Arc::new(TimestampMicrosecondArray::from_iter_values((0..rows).map(i64::from)))),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}
