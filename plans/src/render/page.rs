//! Lines of text at a width: words wrapped under a hanging indent. Owns no word of what is said.

use super::style::{Role, Style};

/// Narrower than this, labels and text no longer stand beside each other.
const WIDTH_MIN: usize = 40;
/// The column in which text begins beside its label.
const LABEL_COLUMNS: usize = 14;

/// A page that grows downwards.
pub(crate) struct Page {
    width: usize,
    pub(crate) style: Style,
    text: String,
}

impl Page {
    pub(crate) fn new(width: usize, style: Style) -> Self {
        Self { width: width.max(WIDTH_MIN), style, text: String::new() }
    }

    pub(crate) fn finish(self) -> String {
        self.text
    }

    pub(crate) fn blank(&mut self) {
        self.text.push('\n');
    }

    /// A line as it is.
    pub(crate) fn line(&mut self, text: &str) {
        self.text.push_str(text.trim_end());
        self.text.push('\n');
    }

    /// Text wrapped; the first line begins with `head`, which is `head_columns` wide, the others below its end.
    pub(crate) fn hanging(&mut self, head: &str, head_columns: usize, text: &str) {
        let room = self.width.saturating_sub(head_columns);
        let mut head = head.to_owned();
        for line in text.lines().flat_map(|line| wrapped(line, room)) {
            self.line(&format!("{head}{line}"));
            head = " ".repeat(head_columns);
        }
    }

    /// `    label     text …`.
    pub(crate) fn labelled(&mut self, label: &str, text: &str) {
        let padded = format!("  {label:<width$}", width = LABEL_COLUMNS - 2);
        let painted = self.style.paint(Role::Label, &padded);
        self.hanging(&painted, LABEL_COLUMNS, text);
    }

    /// Text under a label's text.
    pub(crate) fn below(&mut self, text: &str) {
        self.hanging(&" ".repeat(LABEL_COLUMNS), LABEL_COLUMNS, text);
    }

    /// A mark of its own role, then wrapped text.
    pub(crate) fn marked(&mut self, indent: usize, role: Role, mark: &str, text: &str) {
        let head = format!("{}{} ", " ".repeat(indent), self.style.paint(role, mark));
        self.hanging(&head, indent + mark.chars().count() + 1, text);
    }
}

/// The words of a line, as many on each as there is room for; a longer word has a line of its own.
fn wrapped(line: &str, room: usize) -> Vec<String> {
    let indent = line.len() - line.trim_start_matches(' ').len();
    let mut lines = vec![" ".repeat(indent)];
    let (mut columns, mut fresh) = (indent, true);
    for word in line.split_whitespace() {
        let wide = word.chars().count();
        if !fresh && columns + 1 + wide > room {
            lines.push(" ".repeat(indent));
            (columns, fresh) = (indent, true);
        }
        if let Some(last) = lines.last_mut() {
            if !fresh {
                last.push(' ');
            }
            last.push_str(word);
        }
        (columns, fresh) = (columns + wide + usize::from(!fresh), false);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn words_are_kept_whole() {
        assert_eq!(wrapped("ab cd efghijk l", 5), ["ab cd", "efghijk", "l"]);
        assert_eq!(wrapped("  ab cd", 5), ["  ab", "  cd"]);
        assert_eq!(wrapped("", 5), [""]);
    }
}
