//! The one stream of this connector: a column "id" of numbers from 0.

use arrow_array::{Int64Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use rapidbyte_sdk::{FrameWriter, fault, schema_frame, types::Error};
use std::{collections::HashMap, sync::Arc};

pub(crate) fn schema() -> Schema {
    let metadata = HashMap::from([
        ("rapidbyte.native".to_owned(), "bigint".to_owned()),
        ("rapidbyte.carriage".to_owned(), "arrow".to_owned()),
    ]);
    Schema::new(vec![Field::new("id", DataType::Int64, false).with_metadata(metadata)])
}

pub(crate) fn schema_message() -> Result<Vec<u8>, Error> {
    schema_frame(&schema()).map_err(fault)
}

/// The numbers from `first`, so many, as a frame.
pub(crate) fn frame(first: u64, rows: u64) -> Result<Vec<u8>, Error> {
    let numbers = (first..first + rows).map(|number| i64::try_from(number).unwrap_or(i64::MAX));
    let column = Arc::new(Int64Array::from_iter_values(numbers));
    let schema = schema();
    let mut writer = FrameWriter::new(&schema).map_err(fault)?;
    let batch = RecordBatch::try_new(Arc::new(schema), vec![column]).map_err(fault)?;
    writer.frame(&batch).map_err(fault)
}
