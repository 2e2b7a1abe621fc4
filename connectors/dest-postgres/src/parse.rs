//! The server's own parser over a plan's statements, before any of them runs.

use crate::{
    bindings::exports::rapidbyte::connector::destination as contract,
    decision::{self, statement_in},
};
use rapidbyte_postgres::{
    client::{Fault, ServerError},
    decision::{PreparedWrite, Publication},
    prepare,
};
use rapidbyte_postgres_guest::{Session, database_error};
use rapidbyte_sdk::types::{Category, Error};

/// What a table, column, type or key is missed as that an earlier statement makes (PostgreSQL manual, appendix A).
const UNDEFINED: [&str; 6] = [
    "42P01", // table
    "42703", // column
    "42704", // type
    "3F000", // schema
    "42P10", // key of ON CONFLICT
    "42804", // type of a column that is to be widened
];

/// Somebody holds a table that the statement names: what it says cannot be looked at.
const LOCKED: &str = "55P03";

/// Refuses the first statement that the server would.
pub(crate) fn parse(
    session: &mut Session,
    decision: contract::WriteDecision,
    prepared: contract::PreparedWrite,
) -> Result<(), Error> {
    let decision = decision::write(decision);
    let statements = prepared.statements.into_iter().map(statement_in).collect();
    let prepared = PreparedWrite { statements, conflict_clause: prepared.conflict_clause };
    let quarantine = decision.row_errors.as_ref().and_then(|errors| errors.quarantine.as_ref());
    let makes = decision.create_table
        || quarantine.is_some_and(|quarantine| quarantine.create)
        || !(decision.types.is_empty() && decision.changes.is_empty())
        || decision.publication != Publication::Direct;
    let (sql, purposes): (Vec<String>, Vec<String>) =
        prepare::whole(&decision, prepared).into_iter().map(|statement| (statement.sql, statement.purpose)).unzip();
    let said = session.hurried(|client| client.parse(&sql))?;
    let passes = |code: &str| code == LOCKED || makes && UNDEFINED.contains(&code);
    for (refused, purpose) in said.into_iter().zip(purposes) {
        if let Some(error) = refused.filter(|error| !passes(&error.code)) {
            return Err(refused_error(error, &purpose));
        }
    }
    Ok(())
}

/// Every word of a plan's statements is ours: what their grammar lacks is our defect.
fn refused_error(error: ServerError, purpose: &str) -> Error {
    let grammar = error.code.starts_with("42") && error.code != "42501";
    let error = database_error(Fault::Server(Box::new(error))).about(format!("the statement for: {purpose}"));
    if grammar { Error { category: Category::Internal, advice: None, ..error } } else { error }
}
