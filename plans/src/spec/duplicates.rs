//! Streams that the file names twice. What wildcards bring twice is known when they are resolved.

use super::{Place, Reads, StreamSpec, reader::Reader};
use std::collections::BTreeMap;

pub(crate) fn refuse(reader: &mut Reader<'_>, streams: &[StreamSpec]) {
    let mut first: BTreeMap<String, Place> = BTreeMap::new();
    for (name, place) in streams.iter().flat_map(named) {
        if let Some(before) = first.get(&name) {
            let advice = "take one of them out".to_owned();
            reader.wrong(place, format!("stream {name} is already read by line {}", before.line), Some(advice));
        } else {
            first.insert(name, place);
        }
    }
}

fn named(stream: &StreamSpec) -> Vec<(String, Place)> {
    match &stream.reads {
        Reads::Table(table) => vec![(table.to_string(), stream.place)],
        Reads::Query { name, .. } => vec![(crate::name::visible(name), stream.place)],
        // An entry that stands twice in one list means its table once.
        Reads::Tables { .. } => Vec::new(),
    }
}
