//! What can go wrong on a connection, in words that never hold a cell value: what the server says about rows is
//! replaced by our own words and the names it gives (PostgreSQL manual, appendix "Error Codes").

use std::{fmt, io};

/// An error of a connection.
#[derive(Debug)]
pub enum Fault {
    /// The server refused something.
    Server(Box<ServerError>),
    /// The stream broke; the cause is the stream's own error.
    Io(io::Error),
    /// The peer sent what the protocol does not allow, or speaks something else.
    Protocol(&'static str),
    /// The connection would not be protected as it must be.
    Tls(&'static str),
    /// Logging in would not be safe or is not possible; what, and what to do.
    Login(&'static str),
    /// A function at the server has changed a setting on which the meaning of rows depends.
    Changed(&'static str),
    /// A row is larger than allowed.
    RowTooLarge {
        /// Bytes of the row.
        bytes: usize,
        /// Bytes allowed.
        bytes_max: usize,
    },
}

/// Kinds of server errors, by what somebody can do about them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum FaultKind {
    Authentication,
    Permission,
    NotFound,
    Schema,
    Data,
    Resource,
    Conflict,
    Network,
    Cancelled,
    ReadOnly,
    Unsupported,
    /// The server's own trouble, or a code that nobody has heard of.
    Server,
    /// What only a mistake of ours can bring about.
    Internal,
}

/// An ErrorResponse, without what could hold cell values.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServerError {
    /// SQLSTATE, five characters.
    pub code: String,
    /// In the server's words where they name objects only, otherwise in ours.
    pub message: String,
    /// The server's hint, where it speaks of objects only.
    pub hint: Option<String>,
    /// Schema and table concerned.
    pub table: Option<String>,
    /// Column concerned.
    pub column: Option<String>,
    /// Constraint concerned.
    pub constraint: Option<String>,
    /// It came out of a function: message and names can be anything that somebody has put together of cell values.
    pub from_function: bool,
}

impl ServerError {
    /// The kind, by SQLSTATE.
    pub fn kind(&self) -> FaultKind {
        let class = self.code.get(..2).unwrap_or("");
        match (class, self.code.as_str()) {
            ("28", _) => FaultKind::Authentication,
            (_, "42501") => FaultKind::Permission,
            (_, "42P01" | "42703" | "3D000" | "3F000" | "42704" | "42883") => FaultKind::NotFound,
            (_, "25006") => FaultKind::ReadOnly,
            ("53", _) | (_, "58030" | "54000") => FaultKind::Resource,
            ("40", _) | (_, "55P03" | "55006") => FaultKind::Conflict,
            (_, "57014") => FaultKind::Cancelled,
            ("08" | "57", _) | (_, "25P03") => FaultKind::Network,
            ("21" | "22" | "23" | "38" | "39" | "44" | "45" | "P0", _) => FaultKind::Data,
            ("0A", _) => FaultKind::Unsupported,
            ("42" | "2B" | "55" | "54", _) => FaultKind::Schema,
            ("03" | "24" | "25" | "26" | "34", _) => FaultKind::Internal,
            _ if self.from_function => FaultKind::Data,
            _ => FaultKind::Server,
        }
    }

    /// The same error where rows were under way: what is said then of types and names can quote a cell (`'…'::regclass`).
    pub(super) fn among_rows(self) -> Self {
        use FaultKind as K;
        match self.kind() {
            K::Permission | K::Resource | K::Conflict | K::Network | K::Cancelled | K::ReadOnly => self,
            _ => self.in_our_words(),
        }
    }

    fn in_our_words(mut self) -> Self {
        let by_kind = if self.from_function { FROM_FUNCTION } else { "the server refuses a row" };
        self.message = data_words(&self.code).unwrap_or(by_kind).to_owned();
        self.hint = None;
        self
    }

    /// The same call may succeed on a new connection without anyone changing anything.
    pub fn is_transient(&self) -> bool {
        matches!(self.code.get(..2), Some("08" | "40"))
            || matches!(self.code.as_str(), "53100" | "53300" | "55P03" | "57P01" | "57P02" | "57P03")
    }

    /// The object concerned: table, column or constraint.
    pub fn subject(&self) -> Option<String> {
        let mut parts = Vec::new();
        parts.extend(self.table.as_ref().map(|table| format!("table {table}")));
        parts.extend(self.column.as_ref().map(|column| format!("column {column}")));
        parts.extend(self.constraint.as_ref().map(|constraint| format!("constraint {constraint}")));
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    /// Takes the fields of an ErrorResponse; `fields` are pairs of a field's code and its text.
    pub(super) fn from_fields<'a>(fields: impl Iterator<Item = (u8, &'a str)>) -> Self {
        let mut error = Self::default();
        let mut schema = None;
        for (field, text) in fields {
            match field {
                b'C' => text.clone_into(&mut error.code),
                b'M' => text.clone_into(&mut error.message),
                b'H' => error.hint = Some(text.to_owned()),
                b's' => schema = Some(text.to_owned()),
                b't' => error.table = Some(text.to_owned()),
                b'c' => error.column = Some(text.to_owned()),
                b'n' => error.constraint = Some(text.to_owned()),
                b'W' => error.from_function = !text.lines().all(is_of_the_server),
                _ => {} // detail, position: they can hold values
            }
        }
        error.table = error.table.map(|table| schema.map_or(table.clone(), |schema| format!("{schema}.{table}")));
        if error.from_function {
            (error.table, error.column, error.constraint) = (None, None, None);
        }
        if error.from_function || error.kind() == FaultKind::Data {
            error = error.in_our_words();
        }
        error
    }
}

impl Fault {
    /// See [`ServerError::among_rows`].
    pub(super) fn among_rows(self) -> Self {
        match self {
            Self::Server(error) => Self::Server(Box::new(error.among_rows())),
            other => other,
        }
    }
}

const FROM_FUNCTION: &str = "a trigger or function raised an exception";

/// A line of an error's context that stands there without any function. Every language adds a line of its own, and in a
/// server that speaks another language than English too many lines count as a function's.
fn is_of_the_server(context: &str) -> bool {
    ["COPY ", "while "].iter().any(|beginning| context.starts_with(beginning))
}

/// Our words for SQLSTATEs whose messages can quote a value.
fn data_words(code: &str) -> Option<&'static str> {
    Some(match code {
        "21000" => "two rows of this run have the same key",
        "22001" => "a text is too long for its column",
        "22003" => "a number is out of its column's range",
        "22007" | "22008" => "a date or time is out of its column's range",
        "22021" => "a text is not valid in the database's encoding",
        "22P02" | "22P03" => "a value does not have its column's form",
        "23502" => "a NULL is not allowed here",
        "23503" => "a foreign key refuses a row",
        "23505" => "a unique key refuses a row: it is there already",
        "23514" => "a check constraint refuses a row",
        "23P01" => "an exclusion constraint refuses a row",
        "40001" => "another session changed the same rows",
        "40P01" => "a deadlock with another session",
        "44000" => "the view's check option refuses a row",
        "55P03" => "another session holds a lock",
        "57014" => "the statement was cancelled",
        "P0001" => FROM_FUNCTION,
        _ => return None,
    })
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server(error) => write!(f, "{} ({})", error.message, error.code),
            Self::Io(_) => f.write_str("the connection broke"),
            Self::Protocol(what) => write!(f, "the peer does not keep to the PostgreSQL protocol: {what}"),
            Self::Tls(what) | Self::Login(what) => f.write_str(what),
            Self::Changed(setting) => write!(f, "a function at the server changed {setting}"),
            Self::RowTooLarge { bytes, bytes_max } => write!(f, "a row has {bytes} bytes, {bytes_max} are allowed"),
        }
    }
}

impl std::error::Error for Fault {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
