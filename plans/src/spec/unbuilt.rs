//! Settings that the file format knows and nothing carries out yet: said at their place, never passed over. A setting
//! leaves this file when it is built.

use super::reader::{Reader, Section};

/// The values of a policy; the first is the default and what happens today.
type Policy = (&'static str, &'static [&'static str]);

const ON_ROW_ERROR: Policy = ("policy", &["fail", "skip", "quarantine"]);

/// `[on_row_error]`.
pub(crate) fn on_row_error(reader: &mut Reader<'_>, section: Section<'_>) {
    reader.unknown_keys(section, &["policy", "max_rows"]);
    only_the_first(reader, section, ON_ROW_ERROR);
    let Some(node) = section.get("max_rows") else { return };
    if reader.integer("max_rows", node, 0, u64::MAX).is_some_and(|rows| rows > 0) {
        let message = "`max_rows` above 0 is not supported yet: the first refused row ends the run";
        reader.wrong(reader.place(node), message, Some("use max_rows = 0".to_owned()));
    }
}

fn only_the_first(reader: &mut Reader<'_>, section: Section<'_>, (key, values): Policy) {
    let Some(node) = section.get(key) else { return };
    let words: Vec<(&str, usize)> = values.iter().enumerate().map(|(index, word)| (*word, index)).collect();
    if let Some(index) = reader.word(key, node, &words).filter(|index| *index > 0) {
        let message = format!("{key} = \"{}\" is not supported yet", values[index]);
        reader.wrong(reader.place(node), message, Some(format!("use {key} = \"{}\"", values[0])));
    }
}
