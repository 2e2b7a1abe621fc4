//! Texts from outside made harmless in Markdown: in a line, in a cell, in a fence. Owns the escaping; all that a plan took
//! from a catalogue or a file enters a comment through here.

use crate::name::visible;
use std::fmt::Write as _;

/// U+200B, a space without width: it shows as nothing, and what follows is no longer a mention or a reference.
const BREAK: &str = "&#8203;";

/// Text that shows as it is, in a line, in a cell and inside HTML. GitHub Flavored Markdown says that a character reference
/// is never structure (section 6.2); only what GitHub looks for in the finished page, `@name` and `#1`, and addresses that
/// it links by itself, need more.
pub(super) fn escaped(text: &str) -> String {
    let text = visible(text);
    let mut safe = String::with_capacity(text.len());
    let (mut before, mut rest) = (' ', text.chars().peekable());
    while let Some(c) = rest.next() {
        let after = rest.peek().copied().unwrap_or(' ');
        match c {
            // Inside a word it is only itself (section 6.4), and names are full of it.
            '_' if before.is_alphanumeric() && after.is_alphanumeric() => safe.push(c),
            '&' | '<' | '>' | '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' => {
                // Writing to a String cannot fail.
                let _ = write!(safe, "&#{};", u32::from(c));
            }
            '@' | '#' => {
                safe.push(c);
                safe.push_str(BREAK);
            }
            c => safe.push(c),
        }
        before = c;
    }
    safe.replace("://", "&#58;//").replace("www.", "www&#46;")
}

/// A name. HTML and not a code span: a code span cannot hold every name in a cell, and has no effect inside a summary.
pub(super) fn code(text: &str) -> String {
    format!("<code>{}</code>", escaped(text))
}

/// Lines of SQL, which may hold anything but control characters, as they are: the fence is longer than all that could end
/// it.
pub(super) fn sql(lines: &str) -> String {
    let longest = lines.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(3.max(longest + 1));
    format!("{fence}sql\n{lines}\n{fence}")
}

/// A table; each column has its name and the line below it, which aligns. Cells are escaped by whoever fills them.
pub(super) fn table<const N: usize>(columns: [(&str, &str); N], rows: impl Iterator<Item = [String; N]>) -> String {
    let line = |cells: [&str; N]| format!("| {} |", cells.join(" | "));
    let head = [line(columns.map(|(name, _)| name)), line(columns.map(|(_, below)| below))];
    let rows = rows.map(|cells| line(cells.each_ref().map(String::as_str)));
    head.into_iter().chain(rows).collect::<Vec<_>>().join("\n")
}
