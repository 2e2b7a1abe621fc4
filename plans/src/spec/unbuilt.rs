//! Settings that the file format knows and nothing carries out yet: said at their place, never passed over. A setting
//! leaves this file when it is built.

use super::reader::{Reader, Section};

/// `sync` and `cursor` of a stream.
pub(crate) fn incremental(reader: &mut Reader<'_>, section: Section<'_>) {
    let wanted = section.get("sync").and_then(|node| {
        let incremental = reader.word("sync", node, &[("full", false), ("incremental", true)])?;
        if incremental {
            let advice = "use sync = \"full\"".to_owned();
            reader.wrong(reader.place(node), "incremental sync is not built yet", Some(advice));
        }
        Some(incremental)
    });
    if let Some(node) = section.get("cursor")
        && reader.text("cursor", node).is_some()
        && wanted != Some(true)
    {
        let advice = "take it out".to_owned();
        reader.wrong(reader.place(node), "`cursor` has no meaning in a full sync", Some(advice));
    }
}
