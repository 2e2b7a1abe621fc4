//! The statements of a stream as a server can parse them, before there are rows.

use super::{reject, write::arrays};
use crate::{
    decision::{Phase, PreparedWrite, Publication, Statement, Strategy, WriteDecision},
    sql::Sql,
};

/// The plan's statements, whole: an INSERT has a row of nothing, or arrays that are NULL.
pub fn whole(decision: &WriteDecision, prepared: PreparedWrite) -> Vec<Statement> {
    let PreparedWrite { mut statements, conflict_clause } = prepared;
    if decision.strategy != Strategy::Copy {
        let clause = conflict_clause.filter(|_| decision.publication == Publication::Direct).unwrap_or_default();
        for load in statements.iter_mut().filter(|statement| statement.phase == Phase::Load) {
            let parameters = arrays(decision.columns.len()).done();
            let sql = if let Some(head) = load.sql.strip_suffix(&parameters).filter(|_| decision.arrays) {
                let sql = Sql::new().of_the_plan(head).raw("SELECT * FROM unnest(");
                sql.join(", ", &decision.columns, |sql, column| sql.raw("NULL::").of_the_plan(&column.target).raw("[]"))
            } else {
                let sql = Sql::new().of_the_plan(&load.sql).raw(" (");
                sql.join(", ", &decision.columns, |sql, _| sql.raw("NULL"))
            };
            load.sql = sql.raw(") ").of_the_plan(&clause).done();
        }
    }
    for aside in statements.iter_mut().filter(|statement| statement.phase == Phase::Reject) {
        aside.sql = reject::parsed(&aside.sql);
    }
    statements
}
