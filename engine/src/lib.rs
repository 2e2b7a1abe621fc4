//! Runs plans: the WebAssembly host, what guests are granted, the pumps between them, receipts. It prints nothing, asks
//! nobody and reads neither environment nor home: its caller says where things lie and hears [`Event`]s.

mod apply;
mod cache;
mod cancel;
mod check;
mod connectors;
mod discover;
mod engine;
mod error;
mod event;
mod fault;
mod frame;
mod grants;
mod host;
mod limits;
mod observe;
mod prepare;
mod receipt;
mod redact;
mod sha256;
mod state;
mod usage;
mod verification;
mod verify;

pub use apply::RunOptions;
pub use cancel::CancelToken;
pub use check::{EndFindings, Finding, Severity};
pub use connectors::{ConnectorDescription, SettingDescription};
pub use engine::{Engine, EngineOptions};
pub use error::{Category, ConnectorError, EngineError, Scope, Side};
pub use event::{Event, EventSink, Level};
pub use fault::FAULT_VARIABLE;
pub use limits::GuestLimits;
pub use receipt::{
    CpuSecs, Cursor, DestinationPhases, EnginePhases, Method, Phases, Receipt, SourcePhases, StreamReceipt, Verified,
};
pub use state::{RecordedCheckpoint, RecordedReceipt, RecordedRun, RecordedStream, State};
pub use verification::{Differences, Keys, Outcome, StreamVerification, Unlocated, Verification};
