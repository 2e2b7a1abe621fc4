//! Why a command failed: exit code, message and advice, decided for each error once, in the tables below.

use crate::ui::{BOLD, RED};
use rapidbyte_engine::{Category, ConnectorError, EndFindings, EngineError, Severity, Side};
use rapidbyte_plans::{
    drift::Difference,
    figures::plural,
    lint::Finding,
    name::visible,
    plan::Plan,
    report::{Refusal, Rule},
    spec::Mistake,
    spent::Spent,
};
use std::fmt::Write;

/// What the process ends with. Documented in `rapidbyte --help`; scripts rely on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ExitCode(u8);

/// All that was asked for happened.
pub(crate) const DONE: ExitCode = ExitCode(0);
/// A defect in Rapidbyte or a connector.
pub(crate) const DEFECT: ExitCode = ExitCode(1);
/// Usage, or the sync file or plan file is wrong; clap ends with the same.
pub(crate) const USAGE: ExitCode = ExitCode(2);
/// The world is not what the plan observed, or a destructive action was not allowed.
pub(crate) const DRIFT: ExitCode = ExitCode(3);
/// The source failed.
pub(crate) const SOURCE: ExitCode = ExitCode(4);
/// The destination failed.
pub(crate) const DESTINATION: ExitCode = ExitCode(5);
/// Rows were refused, or the two sides differ.
pub(crate) const DATA: ExitCode = ExitCode(6);
/// Cancelled, or over its time limit. What was committed stays consistent.
pub(crate) const CANCELLED: ExitCode = ExitCode(7);
/// `plan --detailed-exitcode`: there is something to apply.
pub(crate) const SOMETHING_TO_APPLY: ExitCode = ExitCode(8);

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        code.0.into()
    }
}

impl From<ExitCode> for i32 {
    fn from(code: ExitCode) -> Self {
        code.0.into()
    }
}

/// Why a command failed, ready to be said. It holds no secret and no cell value.
#[derive(Debug)]
pub(crate) struct Failure {
    code: ExitCode,
    /// What failed, where; without a full stop.
    message: String,
    /// One thing each, when there are several.
    details: Vec<String>,
    /// What the user can do.
    advice: Option<String>,
}

/// Something that cannot be, in Rapidbyte itself.
pub(crate) fn defect(message: impl Into<String>) -> Failure {
    Failure::new(DEFECT, message).advise("this is a defect in Rapidbyte: please report it")
}

impl Failure {
    pub(crate) fn new(code: ExitCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), details: Vec::new(), advice: None }
    }

    /// Says what the user can do.
    pub(crate) fn advise(self, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), ..self }
    }

    /// Lists one thing each.
    pub(crate) fn list(self, details: impl IntoIterator<Item = String>) -> Self {
        Self { details: details.into_iter().collect(), ..self }
    }

    /// The user, or whoever sent the signal, wanted it to end.
    pub(crate) fn cancelled(by: &str) -> Self {
        Self::new(CANCELLED, format!("cancelled by {by}")).advise("nothing was changed; run it again at any time")
    }

    /// A second signal did not wait for the orderly end, and the commit may have been on its way.
    pub(crate) fn stopped(by: &str) -> Self {
        Self::new(CANCELLED, format!("stopped at once by {by}"))
            .advise("the destination holds all of this run or nothing of it: see _rapidbyte.runs there")
    }

    pub(crate) fn code(&self) -> ExitCode {
        self.code
    }

    /// For people.
    pub(crate) fn in_words(&self) -> String {
        let mut text = format!("{RED}error:{RED:#} {}", self.message);
        for detail in &self.details {
            // Writing to a String does not fail.
            let _ = write!(text, "\n  {}", detail.replace('\n', "\n  "));
        }
        if let Some(advice) = &self.advice {
            let _ = write!(text, "\n{BOLD}help:{BOLD:#} {advice}");
        }
        text
    }

    /// For programs: the last line of `--events ndjson`.
    pub(crate) fn as_event(&self) -> String {
        serde_json::json!({
            "schema": "rapidbyte.event/1",
            "event": "failed",
            "exit_code": self.code.0,
            "message": self.message,
            "details": self.details,
            "advice": self.advice,
        })
        .to_string()
    }
}

impl From<Vec<Mistake>> for Failure {
    fn from(mistakes: Vec<Mistake>) -> Self {
        let file = mistakes.first().map_or_else(|| "the sync file".to_owned(), |mistake| visible(&mistake.file));
        let number = plural(mistakes.len() as u64, "mistake", "mistakes");
        Self::new(USAGE, format!("{file} has {number}")).list(mistakes.iter().map(ToString::to_string))
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        let message = visible(&error.to_string());
        match error {
            EngineError::Connector { side, error, .. } => of_connector(side, message, &error),
            EngineError::Trap { .. } | EngineError::Deadline { .. } | EngineError::Contract { .. } => {
                Self::new(DEFECT, message).advise("this is a defect in the connector: please report it")
            }
            EngineError::NoAnswer { side, .. } => {
                Self::new(of_side(side), message).advise(advice_for(Category::Timeout))
            }
            EngineError::NotGranted { .. } => Self::new(DEFECT, message)
                .advise("a connector may reach only what its section of the sync file names: do not trust this one"),
            EngineError::MemoryLimit { .. } => {
                Self::new(USAGE, message).advise("raise `memory` in [limits], or lower `batch_bytes` and `row_bytes`")
            }
            EngineError::UnknownConnector { known, .. } => {
                Self::new(USAGE, message).advise(format!("set `use` to one of: {}", known.join(", ")))
            }
            EngineError::Drift(differences) => Self::new(DRIFT, message)
                .list(differences.iter().map(Difference::as_diff))
                .advise("nothing was changed; plan again, and read what moved"),
            EngineError::Spent(Spent::Forgotten(difference)) => Self::new(DRIFT, message)
                .list([difference.as_diff()])
                .advise("nothing was changed; plan again, and see what became of _rapidbyte.runs"),
            EngineError::Spent(_) => {
                Self::new(DRIFT, message).advise("nothing was changed; a plan is applied once: plan again")
            }
            EngineError::Refused(plan) => refused_plan(&plan),
            EngineError::ForeignPlan(_) => Self::new(USAGE, message).advise("nothing was changed; plan again"),
            EngineError::Spec(mistakes) => mistakes.into(),
            EngineError::Counts { .. } => Self::new(DATA, message)
                .advise("nothing was committed; look for triggers or rules at the destination that drop or add rows"),
            EngineError::Checksums { .. } => Self::new(DATA, message).advise(
                "nothing was committed; look for triggers or rules at the destination that change, drop or add rows",
            ),
            EngineError::UnknownCheckpoint { known, .. } if known.is_empty() => {
                Self::new(USAGE, message).advise("nothing was changed; the next run begins anew as it is")
            }
            EngineError::UnknownStream { known, .. } | EngineError::UnknownCheckpoint { known, .. } => {
                Self::new(USAGE, message).advise(one_of(&known))
            }
            EngineError::OutcomeUnknown { run, .. } => Self::new(DESTINATION, message).advise(format!(
                "look for run {run} in _rapidbyte.runs at the destination: it is there, or nothing is"
            )),
            EngineError::Cancelled => Self::cancelled("a signal"),
            EngineError::TimedOut { .. } => {
                Self::new(CANCELLED, message).advise("nothing was changed; raise `timeout` in [limits]")
            }
            EngineError::Defect(_) => defect(message),
        }
    }
}

fn one_of(known: &[String]) -> String {
    format!("name one of: {}", known.iter().map(|name| visible(name)).collect::<Vec<_>>().join(", "))
}

/// What a connector reported is the fault of the world or the user, but for its own defects.
fn of_connector(side: Side, message: String, error: &ConnectorError) -> Failure {
    let code = match error.category {
        Category::Config => USAGE,
        // As where another run came between plan and apply: nothing failed, the plan's moment has passed.
        Category::Busy => DRIFT,
        Category::Data => DATA,
        Category::Cancelled => CANCELLED,
        Category::Internal => DEFECT,
        Category::Network
        | Category::Tls
        | Category::Authentication
        | Category::Permission
        | Category::NotFound
        | Category::Schema
        | Category::Resource
        | Category::Conflict
        | Category::Timeout
        | Category::Protocol
        | Category::Unsupported => of_side(side),
    };
    let about = error.subject.as_ref().map(|subject| format!("about: {}", visible(subject)));
    let peer_code = error.code.as_ref().map(|code| format!("code: {}", visible(code)));
    let advice = error.advice.as_deref().map_or_else(|| advice_for(error.category).to_owned(), visible);
    Failure::new(code, message).list(about.into_iter().chain(peer_code)).advise(advice)
}

/// What to do where the connector itself advised nothing.
fn advice_for(category: Category) -> &'static str {
    match category {
        Category::Config => "correct this end's section of the sync file",
        Category::Network => "see that the server runs and can be reached from here, and that host and port are right",
        Category::Tls => "see sslmode and sslrootcert in the sync file, and the server's certificate",
        Category::Authentication => "see user and password in the sync file, and what the server allows in pg_hba.conf",
        Category::Permission => "grant the user what is missing, or use another one",
        Category::NotFound => "see `rapidbyte discover` for what there is",
        Category::Schema => "plan again, and read what the plan says about the columns",
        Category::Data => "correct the rows at the source, or leave them out with `where`",
        Category::Resource => "make room at the server: disk, memory or connections",
        Category::Conflict => "somebody else holds a lock: try again later",
        Category::Busy => "wait until the other run has ended, then apply again",
        Category::Timeout => "try again when the server is less busy",
        Category::Cancelled => "nothing was changed; run it again at any time",
        Category::Protocol => "see that host and port lead to the right kind of server",
        Category::Unsupported => "see what the connector says it can do: rapidbyte connectors",
        Category::Internal => "this is a defect in the connector: please report it",
    }
}

fn of_side(side: Side) -> ExitCode {
    match side {
        Side::Source => SOURCE,
        Side::Destination => DESTINATION,
    }
}

/// Every reason for which a plan is refused. Where all of them are the destination's, so is the exit code; anything else
/// is for the sync file to settle.
pub(crate) fn refused_plan(plan: &Plan) -> Failure {
    let whole = plan.refusals().iter().map(|refusal| (None, refusal));
    let streams = plan.streams().iter();
    let refusals: Vec<(Option<&str>, &Refusal)> = whole
        .chain(streams.flat_map(|stream| stream.refusals.iter().map(|refusal| (Some(stream.stream.as_str()), refusal))))
        .collect();
    let is_destinations = refusals.iter().all(|(_, refusal)| refused_by_destination(refusal.rule));
    let code = if is_destinations { DESTINATION } else { USAGE };
    let reasons = plural(refusals.len() as u64, "reason", "reasons");
    Failure::new(code, format!("the plan is refused, for {reasons}; nothing was changed"))
        .list(refusals.into_iter().map(|(stream, refusal)| refusal_text(stream, refusal)))
}

fn refusal_text(stream: Option<&str>, refusal: &Refusal) -> String {
    let stream = stream.map(|stream| format!("{}: ", visible(stream))).unwrap_or_default();
    let column = refusal.column.as_ref().map(|column| format!("column {}: ", visible(column))).unwrap_or_default();
    format!("{stream}{column}{}\n    {}", visible(&refusal.reason), visible(&refusal.advice))
}

/// True where the destination's server says no, and no word in the sync file would change it.
fn refused_by_destination(rule: Rule) -> bool {
    match rule {
        Rule::DestinationReadOnly | Rule::PrivilegeMissing => true,
        Rule::TargetShared
        | Rule::TargetIsSource
        | Rule::TargetKind
        | Rule::TargetNotInsertable
        | Rule::TargetDisposition
        | Rule::TargetDependents
        | Rule::NameTooLong
        | Rule::KeyMissing
        | Rule::KeyUnknown
        | Rule::KeyNullable
        | Rule::KeyNotUnique
        | Rule::ColumnUnreadable
        | Rule::ColumnRefused
        | Rule::ColumnGenerated
        | Rule::ColumnIdentity
        | Rule::ColumnAbsent
        | Rule::ColumnRequired
        | Rule::ColumnTwice
        | Rule::ColumnReserved
        | Rule::ColumnsNone
        | Rule::StrategyWish
        | Rule::Fetch
        | Rule::SchemaChange
        | Rule::Cursor
        | Rule::LateCommits
        | Rule::Deletes
        | Rule::Checksum
        | Rule::RowErrors
        | Rule::Unobserved => false,
    }
}

/// What a second look found in a plan. It is a defect of the planner or a connector, never of the user.
pub(crate) fn unsound_plan(findings: &[Finding]) -> Failure {
    let text = |finding: &Finding| {
        let stream = finding.stream.as_ref().map(|stream| format!("{}: ", visible(stream))).unwrap_or_default();
        format!("{stream}{} ({})", visible(&finding.message), finding.rule)
    };
    defect("the plan is not sound, and is not applied").list(findings.iter().map(text))
}

/// What `check` found wrong, if anything; the exit code is that of the first end that has a failure.
pub(crate) fn of_findings(ends: Vec<EndFindings>) -> Option<Failure> {
    let mut code = None;
    let mut advice = None;
    let mut failures = Vec::new();
    for end in ends {
        let wrong = end.findings.iter().filter(|finding| finding.severity == Severity::Failure);
        let before = failures.len();
        failures.extend(
            wrong.map(|finding| format!("{}: {}: {}", end.side, visible(&finding.subject), visible(&finding.message))),
        );
        if failures.len() > before {
            let stopped = end.error.map(Failure::from);
            code = code.or_else(|| Some(stopped.as_ref().map_or_else(|| of_side(end.side), Failure::code)));
            advice = advice.or_else(|| stopped.and_then(|failure| failure.advice));
        }
    }
    let number = plural(failures.len() as u64, "failure", "failures");
    code.map(|code| Failure { advice, ..Failure::new(code, format!("the check found {number}")).list(failures) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rapidbyte_engine::Scope;
    use rapidbyte_plans::observation::PastRun;
    use std::fmt::Write;

    fn of_category(side: Side, category: Category) -> Failure {
        let error = ConnectorError {
            category,
            scope: Scope::Run,
            retryable: false,
            code: Some("42501".to_owned()),
            subject: Some("public.orders".to_owned()),
            message: "it did not work".to_owned(),
            advice: None,
        };
        EngineError::Connector { side, stream: Some("orders".to_owned()), error: Box::new(error) }.into()
    }

    #[test]
    fn a_connectors_error_has_the_code_of_its_side_unless_it_is_the_users_or_its_own() {
        let all = [
            Category::Config,
            Category::Network,
            Category::Tls,
            Category::Authentication,
            Category::Permission,
            Category::NotFound,
            Category::Schema,
            Category::Data,
            Category::Resource,
            Category::Conflict,
            Category::Busy,
            Category::Timeout,
            Category::Cancelled,
            Category::Protocol,
            Category::Unsupported,
            Category::Internal,
        ];
        let mut table = String::new();
        for category in all {
            let code = |side| of_category(side, category).code.0;
            writeln!(table, "{category:?} {} {}", code(Side::Source), code(Side::Destination)).unwrap();
        }
        insta::assert_snapshot!(table, @r"
        Config 2 2
        Network 4 5
        Tls 4 5
        Authentication 4 5
        Permission 4 5
        NotFound 4 5
        Schema 4 5
        Data 6 6
        Resource 4 5
        Conflict 4 5
        Busy 3 3
        Timeout 4 5
        Cancelled 7 7
        Protocol 4 5
        Unsupported 4 5
        Internal 1 1
        ");
    }

    #[test]
    fn the_engines_errors_have_their_codes() {
        let lost = Box::new(EngineError::Cancelled);
        let side = Side::Source;
        let all = [
            EngineError::Trap { side, call: "session.open", reason: "unreachable".to_owned() },
            EngineError::Deadline { side, call: "reader.next", what: "it computed", limit_secs: 5.0 },
            EngineError::NoAnswer { side, call: "session.inspect", limit_secs: 120.0 },
            EngineError::MemoryLimit { side, bytes_max: 64 },
            EngineError::NotGranted { side, what: "10.0.0.1:80".to_owned() },
            EngineError::Contract { side, what: "an empty batch".to_owned() },
            EngineError::UnknownConnector { side, name: "mysql".to_owned(), known: vec!["postgres".to_owned()] },
            EngineError::Drift(Vec::new()),
            EngineError::Spent(Spent::Applied(PastRun {
                run: "r1".to_owned(),
                plan: "sha256:1".to_owned(),
                finished_at: "2026-11-22T10:00:00Z".to_owned(),
            })),
            EngineError::ForeignPlan("another name".to_owned()),
            EngineError::Spec(Vec::new()),
            EngineError::Counts { stream: "orders".to_owned(), rows_read: 2, rows_received: 2, rows_written: 1 },
            EngineError::OutcomeUnknown { run: "r1".to_owned(), source: lost },
            EngineError::Cancelled,
            EngineError::TimedOut { limit_secs: 60 },
            EngineError::Defect("it cannot be".to_owned()),
        ];
        let table: Vec<String> = all
            .into_iter()
            .map(|error| (error.to_string(), Failure::from(error)))
            .map(|(text, failure)| format!("{} {text}", failure.code.0))
            .collect();
        insta::assert_snapshot!(table.join("\n"), @r#"
        1 the source connector crashed in session.open: unreachable
        1 the source connector was stopped in reader.next: it computed for 5 s
        4 the source's server gave no answer to session.inspect within 120 s
        2 the source connector needs more than its 64 bytes of memory
        1 the source connector reached for what it was not granted: 10.0.0.1:80
        1 the source connector broke its contract: an empty batch
        2 there is no source connector "mysql"
        3 the world is not what the plan observed
        3 the plan was applied by run r1 at 2026-11-22T10:00:00Z
        2 the plan is not what this sync file leads to: another name
        2 the sync file is wrong
        6 stream orders: the source gave 2 rows, the destination took 2 and wrote 1
        5 the answer to the commit of run r1 was lost, and asking again failed
        7 cancelled
        7 the run took longer than 60 s
        1 the engine failed: it cannot be
        "#);
    }

    #[test]
    fn a_check_fails_with_the_code_of_the_end_that_fails() {
        let end = |side, severity| EndFindings {
            side,
            connector: "postgres".to_owned(),
            findings: vec![rapidbyte_engine::Finding {
                severity,
                subject: "privileges".to_owned(),
                message: "as they are".to_owned(),
                advice: None,
            }],
            error: None,
        };
        let code = |source, destination| {
            of_findings(vec![end(Side::Source, source), end(Side::Destination, destination)])
                .map(|failure| failure.code)
        };
        assert_eq!(code(Severity::Ok, Severity::Warning), None);
        assert_eq!(code(Severity::Ok, Severity::Failure), Some(DESTINATION));
        assert_eq!(code(Severity::Failure, Severity::Failure), Some(SOURCE));
    }

    #[test]
    fn words_say_what_where_and_what_to_do() {
        let words = of_category(Side::Destination, Category::Permission).in_words();
        insta::assert_snapshot!(anstream::adapter::strip_str(&words).to_string(), @r"
        error: the destination failed in stream orders: it did not work
          about: public.orders
          code: 42501
        help: grant the user what is missing, or use another one
        ");
    }

    #[test]
    fn hostile_names_do_not_reach_the_terminal() {
        let failure = Failure::from(EngineError::NotGranted { side: Side::Source, what: "a\u{1b}[2Jb".to_owned() });
        assert!(!failure.message.contains('\u{1b}'));
    }
}
