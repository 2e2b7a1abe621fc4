//! Rows of a target whose key the staging table lacks: they are deleted, or marked.

use super::{
    equal::{equal_as_records, is_of_the_server, type_of},
    ident,
    names::Names,
    statement,
};
use crate::{
    decision::{Effect, Phase, Statement, WriteDecision},
    ident::Ident,
    prepare::PrepareError,
    sql::Sql,
};

/// The statements of a sweep.
pub(super) fn publish(decision: &WriteDecision, names: &Names, key: &[Ident]) -> Result<Vec<Statement>, PrepareError> {
    let publish = |effect, purpose: &str, sql| statement(Phase::Publish, effect, purpose, sql);
    let Some(column) = &decision.marks else {
        let sql = delete(decision, names, key);
        return Ok(vec![publish(Effect::Remove, "rows that the source has no more", sql)]);
    };
    let column = ident(column)?;
    let update = |to: &'static str, is: &'static str, there: &'static str| {
        let sql = Sql::new().raw("UPDATE ").name(&names.target).raw(" AS t SET ").ident(&column).raw(to);
        let sql = sql.raw(" WHERE t.").ident(&column).raw(is).raw(there);
        staged(sql, decision, names, key)
    };
    Ok(vec![
        publish(Effect::Write, "rows that are there again", update(" = NULL", " IS NOT NULL AND ", "")),
        publish(
            Effect::Write,
            "rows that the source has no more",
            update(" = pg_catalog.now()", " IS NULL AND ", "NOT "),
        ),
    ])
}

pub(super) fn delete(decision: &WriteDecision, names: &Names, key: &[Ident]) -> Sql {
    staged(Sql::new().raw("DELETE FROM ").name(&names.target).raw(" AS t WHERE NOT "), decision, names, key)
}

/// The key of a row `t` of the target is staged.
fn staged(sql: Sql, decision: &WriteDecision, names: &Names, key: &[Ident]) -> Sql {
    sql.raw("EXISTS (SELECT FROM ")
        .name(&names.loaded)
        .raw(" AS s WHERE ")
        .join(" AND ", key, |sql, column| {
            if is_of_the_server(type_of(decision, column)) {
                sql.raw("s.").ident(column).raw(" = t.").ident(column)
            } else {
                equal_as_records(sql, column)
            }
        })
        .raw(")")
}
