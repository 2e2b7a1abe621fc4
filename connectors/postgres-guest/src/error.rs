//! A fault of a connection in the contract's words, with the advice that somebody who did not write this needs. Kinds
//! and advice stand in one table.

use rapidbyte_postgres::{
    client::{ConfigError, Fault, FaultKind, ServerError},
    copy::EncodeError,
    prepare::PrepareError,
};
use rapidbyte_sdk::{
    HostStream, host,
    types::{Category, Error, Scope},
};

/// What a wrong setting means.
pub fn config_error(error: &ConfigError) -> Error {
    let hidden = "in the sync file";
    Error::new(Category::Config, error.problem).about(format!("setting {} {hidden}", error.setting))
}

/// A name of the sync file or a catalogue that PostgreSQL cannot have.
pub fn name_error(error: &impl std::fmt::Display) -> Error {
    Error::new(Category::Config, error.to_string()).advise("see the names in this stream of the sync file")
}

/// A defect of the connector itself.
pub fn internal(what: impl std::fmt::Display) -> Error {
    Error::new(Category::Internal, what.to_string())
}

/// A fault of the connection to the database.
pub fn database_error(fault: Fault) -> Error {
    match fault {
        Fault::Server(error) => server_error(&error),
        Fault::Io(error) => HostStream::error(&error).cloned().unwrap_or_else(|| {
            let broken = Error::new(Category::Network, "the connection to the server broke");
            Error { retryable: true, ..broken }
        }),
        Fault::Protocol(what) => {
            Error::new(Category::Protocol, format!("the server does not speak PostgreSQL's protocol: {what}"))
                .advise("check host and port")
        }
        Fault::Tls(what) => {
            Error::new(Category::Tls, what).advise("set up TLS at the server, or choose another sslmode")
        }
        Fault::Login(what) => Error::new(Category::Authentication, what),
        Fault::Changed(setting) => {
            let message = format!("a function or trigger at the server changed {setting}, and with it what rows mean");
            Error::new(Category::Unsupported, message)
                .advise("give the function a SET clause, which holds until it returns")
        }
        Fault::RowTooLarge { bytes, bytes_max } => {
            Error::new(Category::Data, format!("a row has {bytes} bytes, limits.row_bytes allows {bytes_max}"))
                .within(Scope::Row)
                .advise("raise row_bytes under [limits], or leave the large column out")
        }
    }
}

fn server_error(error: &ServerError) -> Error {
    let (category, advice) = words(error);
    Error {
        scope: if category == Category::Data { Scope::Stream } else { Scope::Run },
        category,
        retryable: error.is_transient(),
        code: Some(error.code.clone()),
        subject: error.subject(),
        message: error.message.clone(),
        advice: advice.map(str::to_owned).or_else(|| error.hint.clone()),
    }
}

/// Sessions of ours find nothing but what the server itself has, unless its schema is said.
const EMPTY_PATH: &str = "a trigger or function names something without its schema, and this session's search_path is empty: name the \
     schema in its body, or give it a path of its own (ALTER FUNCTION … SET search_path = …)";

/// The category of each kind of server error, and what to do about it.
fn words(error: &ServerError) -> (Category, Option<&'static str>) {
    match error.kind() {
        FaultKind::Authentication => {
            (Category::Authentication, Some("check user and password, and the server's pg_hba.conf"))
        }
        FaultKind::Permission => (Category::Permission, Some("grant the role what it lacks, or use another role")),
        FaultKind::NotFound if error.from_function => (Category::NotFound, Some(EMPTY_PATH)),
        FaultKind::NotFound => {
            (Category::NotFound, Some("check the name in the sync file; `rapidbyte discover` lists what is there"))
        }
        FaultKind::Schema => (Category::Schema, None),
        FaultKind::Data => (Category::Data, None),
        FaultKind::Resource => {
            (Category::Resource, Some("free what is full (disk, memory, connections), then apply again"))
        }
        FaultKind::Conflict => (Category::Conflict, Some("another session is in the way; apply again when it is done")),
        FaultKind::Network => (Category::Network, Some("the server ended the session; apply again when it is up")),
        FaultKind::Cancelled if error.message.contains("statement timeout") => {
            (Category::Timeout, Some("raise the role's statement_timeout, or set it to 0 for this role"))
        }
        FaultKind::Cancelled if host::cancelled() => (Category::Cancelled, None),
        // A server of another language than English says it in other words.
        FaultKind::Cancelled => (
            Category::Timeout,
            Some("the server cancelled it: by its statement_timeout, or because somebody asked it to; see its log"),
        ),
        FaultKind::ReadOnly => {
            (Category::Permission, Some("the database takes no writes: use a primary, or lift its read-only setting"))
        }
        FaultKind::Unsupported => (Category::Unsupported, None),
        FaultKind::Server => (Category::Unsupported, Some("the server's log says more")),
        FaultKind::Internal => (Category::Internal, None),
    }
}

/// What keeps a decision from becoming statements.
pub fn prepare_error(error: &PrepareError) -> Error {
    let category = match error {
        PrepareError::Unsupported(_) => Category::Unsupported,
        PrepareError::Name { .. } | PrepareError::Nul(_) => Category::Config,
    };
    Error::new(category, error.to_string())
}

/// A value that cannot be written; the error names the column, never the value.
pub fn data_error(error: &EncodeError) -> Error {
    match error {
        EncodeError::Column { .. } | EncodeError::Statement => {
            Error::new(Category::Data, format!("a row cannot be written: {error}")).within(Scope::Row)
        }
        EncodeError::Schema => internal(error),
    }
}
