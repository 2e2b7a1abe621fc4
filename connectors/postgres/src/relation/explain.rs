//! What the server's planner expects of a statement: how much comes, and by which way rows are found. Conditions of an answer
//! hold values: nothing here reads them.

use crate::sql::Sql;
use serde_json::Value;

/// The query for what the server's planner expects of a SELECT: rows and the width of a row, and that we may run it. The
/// planner runs functions that call themselves immutable, so nothing may be written. The SELECT must be known to be one
/// statement; `resume` hands over the position that its window begins at.
pub fn explain_query(select: &str, resume: Option<&str>) -> String {
    let sql = Sql::new().raw("SET TRANSACTION READ ONLY; ");
    let sql = resume.into_iter().fold(sql, |sql, resume| sql.of_the_plan(resume).raw("; "));
    sql.raw("EXPLAIN (FORMAT JSON) ").of_the_user(select).done()
}

/// A SELECT of ours that runs what people have written, views among it: nothing may be written by it, and it may take no longer.
pub fn read_only(select: &str, timeout_secs: u32) -> String {
    let sql = Sql::new().raw("SET TRANSACTION READ ONLY; SET LOCAL statement_timeout = ").number(timeout_secs.into());
    sql.raw("000; ").of_the_plan(select).done()
}

/// The query for what the server's planner does with the bounds of one part, which `set` hands over.
pub fn explain_range_query(select: &str, set: &str) -> String {
    let sql = Sql::new().raw("SET TRANSACTION READ ONLY; ").of_the_plan(set);
    sql.raw("; EXPLAIN (VERBOSE, FORMAT JSON) ").of_the_user(select).done()
}

/// What reads the clock of a transaction, as the server writes it: two sessions of one snapshot have two.
const CLOCKS: [&str; 6] = ["now()", "CURRENT_DATE", "CURRENT_TIME", "LOCALTIME", "_timestamp()", "timeofday()"];

/// Reads an answer to [`explain_range_query`]: the work of the part; none where its rows cannot be told to be in this part alone,
/// or of one moment. An index compares a column of a table, or what is always the same for a row; what is compared elsewhere may
/// be another value in another session, and so may a clock and the rows of another server.
pub fn range_work(answer: &str) -> Option<f64> {
    let plan: Value = serde_json::from_str(answer).ok()?;
    let plan = plan.get(0)?.get("Plan")?;
    let mut by_index = false;
    is_settled(plan, &mut by_index).then_some(())?;
    plan.get("Total Cost")?.as_f64().filter(|_| by_index)
}

fn is_settled(node: &Value, by_index: &mut bool) -> bool {
    let Some(fields) = node.as_object() else { return false };
    let plain = fields.iter().filter(|(field, _)| *field != "Plans");
    for (field, value) in plain {
        let text = value.to_string();
        if CLOCKS.iter().any(|clock| text.contains(clock)) || text == "\"Foreign Scan\"" {
            return false;
        }
        if text.contains("rapidbyte.from") || text.contains("rapidbyte.up_to") {
            if !["Index Cond", "Recheck Cond"].contains(&field.as_str()) {
                return false;
            }
            *by_index = true;
        }
    }
    node.get("Plans").and_then(Value::as_array).into_iter().flatten().all(|child| is_settled(child, by_index))
}

/// What an answer to [`explain_query`] expects.
#[derive(Debug, Clone, PartialEq)]
pub struct Explained {
    /// Rows that come.
    pub rows: u64,
    /// Bytes of one.
    pub width: u32,
    /// The work of all of it, in the planner's own units.
    pub cost: f64,
    /// How they are found: kinds of scans, their indexes and relations.
    pub access: String,
}

/// Reads an answer to [`explain_query`].
pub fn explained(answer: &str) -> Option<Explained> {
    let plan: Value = serde_json::from_str(answer).ok()?;
    let plan = plan.get(0)?.get("Plan")?;
    // A join of joins can be expected to give more rows than a u64 holds.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // `as` saturates
    let rows = plan.get("Plan Rows")?.as_f64()? as u64;
    let width = u32::try_from(plan.get("Plan Width")?.as_u64()?).ok()?;
    let cost = plan.get("Total Cost")?.as_f64()?;
    Some(Explained { rows, width, cost, access: access(plan) })
}

/// How many ways of a plan are named: those of a partitioned table may be many.
const NAMED_MAX: usize = 3;

/// "Index Scan using orders_at on orders"; of several scans each way once, the first few of them.
fn access(plan: &Value) -> String {
    let mut ways = Vec::new();
    scans(plan, &mut ways);
    let more = ways.len().saturating_sub(NAMED_MAX);
    ways.truncate(NAMED_MAX);
    let named = ways.join(", ");
    if more == 0 { named } else { format!("{named} and {more} more") }
}

fn scans(node: &Value, ways: &mut Vec<String>) {
    let text = |field: &str| node.get(field).and_then(Value::as_str);
    let kind = text("Node Type").unwrap_or_default();
    // A bitmap's index has no relation of its own.
    if kind.ends_with("Scan") && (text("Relation Name").is_some() || text("Index Name").is_some()) {
        let using = text("Index Name").map_or_else(String::new, |index| format!(" using {index}"));
        let on = text("Relation Name").map_or_else(String::new, |relation| format!(" on {relation}"));
        let way = format!("{kind}{using}{on}");
        if !ways.contains(&way) {
            ways.push(way);
        }
    }
    for child in node.get("Plans").and_then(Value::as_array).into_iter().flatten() {
        scans(child, ways);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_tells_rows_width_and_the_way_to_them_without_values() {
        let scan = r#"{"Node Type": "Index Scan", "Scan Direction": "Forward", "Index Name": "orders_at", "Relation Name": "orders",
            "Alias": "orders", "Plan Rows": 1000.0, "Plan Width": 22, "Total Cost": 43.5, "Index Cond": "(at > '2026-01-01'::date)"}"#;
        let explain = |plan: &str| explained(&format!(r#"[{{"Plan": {plan}}}]"#));
        let access = "Index Scan using orders_at on orders".to_owned();
        assert_eq!(explain(scan), Some(Explained { rows: 1_000, width: 22, cost: 43.5, access }));
        let way = |plan: &str| explain(plan).map(|explained| explained.access);
        let of_parts = |parts: &[&str]| {
            let parts = parts.iter().map(|part| format!(r#"{{"Node Type": "Seq Scan", "Relation Name": "{part}"}}"#));
            let parts = parts.collect::<Vec<_>>().join(",");
            way(&format!(
                r#"{{"Node Type": "Append", "Plan Rows": 1, "Plan Width": 1, "Total Cost": 1, "Plans": [{parts}]}}"#
            ))
        };
        assert_eq!(of_parts(&["a", "b", "a"]).as_deref(), Some("Seq Scan on a, Seq Scan on b"));
        let many = "Seq Scan on a, Seq Scan on b, Seq Scan on c and 2 more";
        assert_eq!(of_parts(&["a", "b", "c", "d", "e"]).as_deref(), Some(many));
        let bitmap = r#"{"Node Type": "Bitmap Heap Scan", "Relation Name": "orders", "Plan Rows": 1, "Plan Width": 1, "Total Cost": 1,
            "Recheck Cond": "secret", "Plans": [{"Node Type": "Bitmap Index Scan", "Index Name": "orders_at"}]}"#;
        let both = "Bitmap Heap Scan on orders, Bitmap Index Scan using orders_at";
        assert_eq!(way(bitmap).as_deref(), Some(both));
        assert_eq!(
            way(r#"{"Node Type": "Result", "Plan Rows": 1, "Plan Width": 1, "Total Cost": 1}"#).as_deref(),
            Some("")
        );
        assert_eq!(explained("[]"), None);
    }

    #[test]
    fn a_range_is_served_where_an_index_alone_compares() {
        let plan = |fields: &str, child: &str| {
            let child = if child.is_empty() { String::new() } else { format!(r#", "Plans": [{{{child}}}]"#) };
            range_work(&format!(r#"[{{"Plan": {{"Node Type": "X", "Total Cost": 7.5, {fields}{child}}}}}]"#))
        };
        let index = r#""Index Cond": "(id >= current_setting('rapidbyte.from'))""#;
        assert_eq!(plan(r#""Filter": "(total > 0)""#, index), Some(7.5));
        assert_eq!(plan(r#""Recheck Cond": "id < current_setting('rapidbyte.up_to')""#, index), Some(7.5));
        for (fields, child) in [
            (r#""Filter": "(total > 0)""#, ""),
            (r#""Filter": "id >= current_setting('rapidbyte.from')""#, index),
            (index, r#""Join Filter": "b.id < current_setting('rapidbyte.up_to')""#),
            (index, r#""Filter": "(valid_to > now())""#),
            (index, r#""Output": ["id", "CURRENT_DATE"]"#),
            (index, r#""Node Type": "Foreign Scan""#),
        ] {
            assert_eq!(plan(fields, child), None, "{fields} {child}");
        }
    }
}
