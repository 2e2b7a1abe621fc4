//! The statements of incremental reading: which rows are new, and where the stream stands now. A checkpoint's position is
//! handed over by settings of the transaction, so that a plan holds the exact statement and no value.

use super::{PrepareError, ident, read};
use crate::{
    cursor::VERSIONS,
    decision::{Nulls, Overlap, ReadDecision, Window},
    sql::Sql,
};

/// Hands a checkpoint's position over: the value, then the version.
pub fn resume(value: &str, version: &str) -> Result<String, PrepareError> {
    let sql = Sql::new().raw("SELECT pg_catalog.set_config('rapidbyte.after', ").literal(value)?;
    let sql = sql.raw(", true), pg_catalog.set_config('rapidbyte.version', ").literal(version)?;
    Ok(sql.raw(", true)").done())
}

/// What a SELECT takes, where it is not everything.
pub(super) fn condition(window: &Window) -> Result<Option<Sql>, PrepareError> {
    if window.column == VERSIONS {
        return Ok(window.resumes.then(recent));
    }
    let column = ident(&window.column)?;
    let is = |what: &'static str| Sql::new().ident(&column).raw(what);
    if !window.resumes {
        return Ok((window.nulls == Nulls::Never).then(|| is(" IS NOT NULL")));
    }
    let begin = if window.late { once(&begin(window)) } else { begin(window) };
    let beyond = is(if window.inclusive { " >= " } else { " > " }).part(&begin);
    let late = window.late.then(recent);
    let nulls = (window.nulls == Nulls::Always).then(|| is(" IS NULL"));
    let ways: Vec<Sql> = [Some(beyond), late, nulls].into_iter().flatten().collect();
    let any = Sql::new().raw("(").join(" OR ", &ways, Sql::part).raw(")");
    // What comes by its version alone can lack a cursor.
    let none = window.late && window.nulls == Nulls::Never;
    Ok(Some(if none { any.raw(" AND ").part(&is(" IS NOT NULL")) } else { any }))
}

/// The statement that tells where the stream stands, in the snapshot that its rows are read in: one row of the highest
/// cursor, if there is one beyond the checkpoint; the oldest transaction that has not ended; the next one to begin; and "t"
/// where a row without a cursor is to be refused.
pub fn position(decision: &ReadDecision, window: &Window) -> Result<String, PrepareError> {
    let snapshot = Sql::new().raw(
        "pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::text, \
         pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text, ",
    );
    if window.column == VERSIONS {
        let sql = Sql::new().raw("SELECT pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::text, ");
        return Ok(sql.part(&snapshot).raw("'f'").done());
    }
    let column = ident(&window.column)?;
    let from = Sql::new().raw(" FROM ").part(&read::origin(&decision.relation)?);
    let filter = read::filter(decision).map(|filter| filter.raw(" AND ")).unwrap_or_default();
    // Inside, where no name of the result can be taken for the column: text has another order.
    let sql = Sql::new().raw("SELECT (SELECT newest.v::text FROM (SELECT ").ident(&column).raw(" AS v").part(&from);
    let sql = sql.raw(" WHERE ").part(&filter);
    let sql = sql.ident(&column);
    let sql = if window.resumes { sql.raw(" > ").part(&once(&value(window))) } else { sql.raw(" IS NOT NULL") };
    let sql = sql.raw(" ORDER BY ").ident(&column).raw(" DESC LIMIT 1) AS newest), ").part(&snapshot);
    if window.nulls != Nulls::Refuse {
        return Ok(sql.raw("'f'").done());
    }
    let sql = sql.raw("CASE WHEN EXISTS (SELECT").part(&from).raw(" WHERE ").part(&filter).ident(&column);
    Ok(sql.raw(" IS NULL) THEN 't' ELSE 'f' END").done())
}

/// The value of an expression, computed once. Without it a scan reads the text of the setting for each row, which takes ten
/// times as long. But the planner does not look into it: where an index is to be chosen by how many rows are new, the
/// expression itself stands there, whose value it estimates by.
fn once(expression: &Sql) -> Sql {
    Sql::new().raw("(SELECT ").part(expression).raw(")")
}

/// The checkpoint's value.
fn value(window: &Window) -> Sql {
    Sql::new().raw("pg_catalog.current_setting('rapidbyte.after')::").of_the_plan(&window.native)
}

/// From where rows are taken.
fn begin(window: &Window) -> Sql {
    let value = value(window);
    match window.overlap {
        None => value,
        Some(Overlap::Number(number)) => value.raw(" - ").number(number),
        Some(Overlap::Secs(secs)) => value.raw(" - pg_catalog.make_interval(secs => ").number(secs).raw(")"),
    }
}

/// Rows whose transaction had not ended, or not begun, when the checkpoint was taken. Ages go round with the counter of
/// transactions, and can be compared as long as the checkpoint is not two thousand million transactions old (PostgreSQL
/// manual, 25.1.5): a row that has been there for longer may come again, none is left out.
fn recent() -> Sql {
    let then = "pg_catalog.age(pg_catalog.current_setting('rapidbyte.version')::pg_catalog.xid8::pg_catalog.xid)";
    Sql::new().raw("pg_catalog.age(xmin) <= ").part(&once(&Sql::new().raw(then)))
}
