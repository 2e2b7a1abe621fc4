//! Questions that are asked of one relation after the other: a server takes longer to parse and plan them than to answer, so it
//! does that once for a session.

use super::{schema_of, source, target};
use crate::{ident::QualifiedName, literal::NulError, sql::Sql};

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Question {
    /// [`super::source_query`].
    Source,
    /// [`super::target_query`].
    Target,
    /// The same of a target that is not there.
    AbsentTarget,
}

/// What a session does after [`Question::ask`]: other statements are planned as the server's people want it.
pub const AS_BEFORE: &str = "RESET plan_cache_mode";

impl Question {
    const fn name(self) -> &'static str {
        match self {
            Self::Source => "rapidbyte_source",
            Self::Target => "rapidbyte_target",
            Self::AbsentTarget => "rapidbyte_absent_target",
        }
    }

    /// Prepares the question, once for a session.
    ///
    /// # Errors
    /// None: there is no name in it.
    pub fn prepare(self) -> Result<String, NulError> {
        let sql = Sql::new().raw("PREPARE ").raw(self.name()).raw(" (pg_catalog.name, pg_catalog.name) AS ");
        let question = match self {
            Self::Source => source::question()?,
            Self::Target => target::question()?,
            Self::AbsentTarget => target::question_of_absent()?,
        };
        Ok(sql.part(&question).done())
    }

    /// Asks it of a relation; the server would plan it anew for each of the first five.
    ///
    /// # Errors
    /// A name with a NUL byte.
    pub fn ask(self, name: &QualifiedName) -> Result<String, NulError> {
        let sql = Sql::new().raw("SET plan_cache_mode = force_generic_plan; EXECUTE ").raw(self.name()).raw(" (");
        Ok(sql.literal(schema_of(name))?.raw(", ").literal(name.name.as_str())?.raw(")").done())
    }
}
