//! How words stand out: plain, or by ANSI colours. Owns the codes; whether a terminal takes them is the caller's business.

/// Whether the text is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Text alone.
    Plain,
    /// With ANSI escape sequences (ECMA-48, SGR).
    Ansi,
}

/// What a piece of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Heading,
    Label,
    Create,
    Change,
    Remove,
    Faint,
}

impl Style {
    /// The text, coloured where this style colours.
    pub(crate) fn paint(self, role: Role, text: &str) -> String {
        let code = match (self, role) {
            (Self::Plain, _) => return text.to_owned(),
            (Self::Ansi, Role::Heading) => "1",
            (Self::Ansi, Role::Label) => "36",
            (Self::Ansi, Role::Create) => "32",
            (Self::Ansi, Role::Change) => "33",
            (Self::Ansi, Role::Remove) => "31",
            (Self::Ansi, Role::Faint) => "2",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}
