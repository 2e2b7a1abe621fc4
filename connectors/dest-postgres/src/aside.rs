//! Rows entering where refused ones are set aside: each part of a batch is loaded under a savepoint, and what is refused is
//! halved until the row stands alone. Which parts are loaded in which order is [`bisect`]'s.

use crate::{
    load::{CopyLoad, InsertLoad},
    session::Inner,
};
use arrow_array::RecordBatch;
use arrow_schema::Schema;
use rapidbyte_postgres::{
    bisect::{self, Loader},
    prepare::{self, Rejected},
    text::JsonWriter,
    types::PgType,
};
use rapidbyte_postgres_guest::{Session, data_error, internal, prepare_error};
use rapidbyte_sdk::{
    host,
    types::{Category, Error, Scope},
};
use std::ops::Range;

/// How the rows of a part enter.
pub(crate) enum Way {
    /// By this COPY.
    Copy(CopyLoad, String),
    Insert(InsertLoad),
}

/// Where refused rows go: the head of an INSERT, and what run and stream are called there.
pub(crate) struct Keeping {
    head: String,
    run: String,
    stream: String,
    json: JsonWriter,
}

impl Keeping {
    pub(crate) fn new(
        session: &mut Session,
        (head, run, stream): (String, String, String),
        schema: &Schema,
        targets: &[PgType],
    ) -> Result<Self, Error> {
        let is_ascii = session.text("SHOW server_encoding")? != "UTF8";
        let json = JsonWriter::new(schema, targets, is_ascii).map_err(internal)?;
        Ok(Self { head, run, stream, json })
    }

    fn keep(&self, session: &mut Session, batch: &RecordBatch, row: usize, refusal: &Error) -> Result<(), Error> {
        let json = self.json.row(batch, row).map_err(|error| data_error(&error))?;
        let (reason, object) = (reason(refusal), refusal.subject.as_deref());
        let rejected = Rejected { run: &self.run, stream: &self.stream, reason: &reason, object, row: &json };
        let sql = prepare::set_aside(&self.head, rejected).map_err(|error| prepare_error(&error))?;
        session.query(&sql)?;
        Ok(())
    }
}

/// Rows entering, refused ones aside.
pub(crate) struct AsideLoad {
    way: Way,
    rows_max: u64,
    keeping: Option<Keeping>,
    /// Rows that the server counted where they entered.
    rows: u64,
    rejected: u64,
    reasons: Reasons,
}

impl AsideLoad {
    pub(crate) fn new(way: Way, rows_max: u64, keeping: Option<Keeping>) -> Self {
        Self { way, rows_max, keeping, rows: 0, rejected: 0, reasons: Reasons::default() }
    }

    pub(crate) fn write(&mut self, inner: &mut Inner, batch: &RecordBatch) -> Result<(), Error> {
        bisect::load(&mut Parts { load: self, inner, batch }, batch.num_rows())
    }

    /// Says what was refused, for what; the rows that the server counted, the bytes sent, and the rows set aside.
    pub(crate) fn finish(self) -> (u64, u64, u64) {
        if self.rejected > 0 {
            let words = if self.keeping.is_some() { "refused, and set aside" } else { "refused, and left out" };
            host::log(host::Level::Warn, &format!("{} {words}: {}", counted(self.rejected), self.reasons.words()));
        }
        let bytes = match &self.way {
            Way::Copy(load, _) => load.bytes(),
            Way::Insert(load) => load.counts().1,
        };
        (self.rows, bytes, self.rejected)
    }

    /// The rows that entered; a refusal that is a row's fault is an error of category `data`, as any other.
    fn enter(&mut self, session: &mut Session, part: &RecordBatch) -> Result<u64, Error> {
        match &mut self.way {
            Way::Copy(load, sql) => {
                load.start(session, sql)?;
                if let Err(error) = load.write(session, part) {
                    if is_of_a_row(&error) {
                        session.client().copy_fail().map_err(rapidbyte_postgres_guest::database_error)?;
                    }
                    return Err(error);
                }
                load.end(session)
            }
            Way::Insert(load) => {
                let before = load.counts().0;
                load.write(session, part)?;
                Ok(load.counts().0 - before)
            }
        }
    }
}

/// One batch on its way.
struct Parts<'a> {
    load: &'a mut AsideLoad,
    inner: &'a mut Inner,
    batch: &'a RecordBatch,
}

impl Loader for Parts<'_> {
    type Refusal = Error;
    type Error = Error;

    fn load(&mut self, rows: Range<usize>) -> Result<Option<Error>, Error> {
        if host::cancelled() {
            return Err(Error::new(Category::Cancelled, "the run was cancelled"));
        }
        let session = &mut self.inner.session;
        session.query(prepare::SAVEPOINT)?;
        match self.load.enter(session, &self.batch.slice(rows.start, rows.len())) {
            Ok(rows) => {
                session.query(prepare::RELEASE)?;
                self.load.rows += rows;
                Ok(None)
            }
            Err(error) if is_of_a_row(&error) => {
                session.query(prepare::UNDO)?;
                Ok(Some(error))
            }
            Err(error) => Err(error),
        }
    }

    fn set_aside(&mut self, row: usize, refusal: Error) -> Result<(), Error> {
        self.load.rejected += 1;
        self.inner.rejected += 1;
        self.load.reasons.count(&refusal);
        if self.inner.rejected > self.load.rows_max {
            return Err(too_many(self.inner.rejected, self.load.rows_max, &self.load.reasons));
        }
        match &self.load.keeping {
            Some(keeping) => keeping.keep(&mut self.inner.session, self.batch, row, &refusal),
            None => Ok(()),
        }
    }
}

/// Data exceptions, constraints, what a trigger raises, a view's check option (PostgreSQL manual, appendix A); and a value
/// that has no form to be sent in.
fn is_of_a_row(error: &Error) -> bool {
    /// What we send is no COPY: our own defect.
    const BAD_COPY: &str = "22P04";
    error.category == Category::Data
        && match error.code.as_deref() {
            Some(BAD_COPY) => false,
            Some("P0001" | "44000") => true,
            Some(code) => matches!(code.get(..2), Some("22" | "23")),
            None => error.scope == Scope::Row,
        }
}

/// In the words of the error, with its SQLSTATE.
fn reason(refusal: &Error) -> String {
    match &refusal.code {
        Some(code) => format!("{} ({code})", refusal.message),
        None => refusal.message.clone(),
    }
}

fn counted(rows: u64) -> String {
    if rows == 1 { "1 row was".to_owned() } else { format!("{rows} rows were") }
}

fn too_many(rejected: u64, rows_max: u64, reasons: &Reasons) -> Error {
    let message = format!(
        "{} refused by then, and on_row_error.max_rows allows {rows_max}: {}",
        counted(rejected),
        reasons.words()
    );
    Error::new(Category::Data, message)
        .within(Scope::Run)
        .advise("nothing was changed; correct the rows at the source, or raise `max_rows` under [on_row_error]")
}

/// Why rows of one stream were refused, each reason counted: the first few of them.
#[derive(Default)]
struct Reasons {
    counts: Vec<(String, u64)>,
    others: u64,
}

impl Reasons {
    /// What a few lines hold.
    const NAMED_MAX: usize = 5;

    fn count(&mut self, refusal: &Error) {
        let about = refusal.subject.as_ref().map_or_else(String::new, |subject| format!(", {subject}"));
        let words = format!("{}{about}", reason(refusal));
        match self.counts.iter().position(|(counted, _)| *counted == words) {
            Some(at) => self.counts[at].1 += 1,
            None if self.counts.len() < Self::NAMED_MAX => self.counts.push((words, 1)),
            None => self.others += 1,
        }
    }

    fn words(&self) -> String {
        let mut words: Vec<String> = self.counts.iter().map(|(words, count)| format!("{count} × {words}")).collect();
        if self.others > 0 {
            words.push(format!("{} × for other reasons", self.others));
        }
        words.join("; ")
    }
}
