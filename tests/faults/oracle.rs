//! What must be true of a destination, asked of the server itself and never through Rapidbyte. Every answer is a list of
//! what is wrong, empty where nothing is.

use crate::{
    bank::{ACCOUNTS, BALANCE, DIGEST, HISTORY, TABLES},
    cell::{Cell, Origin, Sync, Write},
    lab::{DESTINATION, Lab, ROLE, Row, SOURCE},
};
use std::time::{Duration, Instant};

/// How long a server may take to end what a client that is gone has left: it looks now and then.
const LEFT_LIMIT: Duration = Duration::from_secs(20);

/// Whole tables are appended again and again.
pub(crate) fn lies_side_by_side(cell: Cell) -> bool {
    cell.origin("history") == Origin::Taken
}

/// What tells one snapshot's rows from another's.
fn taken(cell: Cell) -> &'static str {
    if lies_side_by_side(cell) { "taken" } else { "0" }
}

/// The accounts as they are: of versions, the latest.
fn accounts(cell: Cell) -> &'static str {
    match cell.origin("accounts") {
        Origin::Versions => "(SELECT DISTINCT ON (id) * FROM accounts ORDER BY id, version DESC) AS latest",
        Origin::Table | Origin::Taken => "accounts",
    }
}

/// The books balance in each snapshot; no number of a writer is missing or there twice; no row is another.
pub(crate) fn books(cell: Cell) -> String {
    let (taken, accounts) = (taken(cell), accounts(cell));
    format!(
        "WITH a AS (SELECT id, balance, filler, {taken} AS taken FROM {accounts}), \
         h AS (SELECT writer, seq, account, delta, digest, {taken} AS taken FROM history), \
         snapshots AS (SELECT taken FROM a UNION SELECT taken FROM h), \
         owned AS (SELECT taken, account, sum(delta) AS delta FROM h GROUP BY 1, 2), \
         totals AS (SELECT s.taken, count(id) AS rows, count(DISTINCT id) AS ids, sum(balance) AS total \
            FROM snapshots s LEFT JOIN a ON a.taken = s.taken GROUP BY 1), \
         numbers AS (SELECT s.taken, w AS writer, count(seq) AS rows, count(DISTINCT seq) AS seqs, min(seq) AS lowest, max(seq) AS highest \
            FROM snapshots s CROSS JOIN (SELECT DISTINCT writer AS w FROM h) w LEFT JOIN h ON h.taken = s.taken AND h.writer = w GROUP BY 1, 2) \
         SELECT what, n FROM ( \
         SELECT 'snapshots in which accounts are lost, doubled or do not add up' AS what, count(*) AS n FROM totals \
            WHERE rows <> {ACCOUNTS} OR ids <> {ACCOUNTS} OR total <> {} \
         UNION ALL SELECT 'no snapshot at all', 1 - least(count(*), 1) FROM snapshots \
         UNION ALL SELECT 'accounts that do not agree with their history', count(*) FROM a LEFT JOIN owned o ON o.taken = a.taken AND o.account = a.id \
            WHERE a.balance <> {BALANCE} + coalesce(o.delta, 0) \
         UNION ALL SELECT 'accounts changed', count(*) FROM a WHERE filler IS DISTINCT FROM CASE WHEN id % 3 > 0 THEN repeat('x', id % 50) END \
         UNION ALL SELECT 'writers with lost or doubled numbers', count(*) FROM numbers \
            WHERE rows > 0 AND (rows <> seqs OR lowest <> 1 OR highest <> rows) OR writer = 0 AND rows <> {HISTORY} \
         UNION ALL SELECT 'rows of history changed', count(*) FROM h WHERE digest IS DISTINCT FROM {DIGEST}) AS wrong WHERE n > 0",
        ACCOUNTS * BALANCE,
    )
}

/// The same as words.
pub(crate) fn words(rows: &[Row]) -> Vec<String> {
    let word = |field: &Option<String>| field.clone().unwrap_or_default();
    rows.iter().map(|row| row.iter().map(word).collect::<Vec<_>>().join(": ")).collect()
}

/// Runs that the destination has recorded.
pub(crate) fn runs(lab: &Lab) -> u64 {
    lab.value(DESTINATION, "SELECT count(*) FROM _rapidbyte.runs").parse().unwrap()
}

/// The records and the tables tell the same.
pub(crate) fn records(cell: Cell) -> String {
    if cell.sync == Sync::Incremental {
        return checkpoints(cell);
    }
    let taken = taken(cell);
    let count = |table: &str| {
        format!("SELECT '{table}' AS t, count(*) AS n FROM {table} WHERE {taken} = (SELECT max({taken}) FROM {table})")
    };
    // Of the first run there may be other rows in an upsert, never in the bank.
    let snapshots = if taken == "0" {
        String::new()
    } else {
        " UNION ALL SELECT 'appended snapshots and records', (SELECT count(DISTINCT taken) FROM history), \
         (SELECT count(*) FROM _rapidbyte.runs)"
            .to_owned()
    };
    format!(
        "WITH last AS (SELECT receipt FROM _rapidbyte.runs ORDER BY number DESC LIMIT 1), \
         said AS (SELECT split_part(s ->> 'into', '.', 2) AS t, (s ->> 'rows_read')::bigint AS n FROM last, jsonb_array_elements(receipt -> 'streams') AS s), \
         there AS ({} UNION ALL {}) \
         SELECT * FROM (SELECT 'rows of ' || t AS what, said.n AS recorded, there.n AS there FROM there LEFT JOIN said USING (t){snapshots}) AS both_sides \
         WHERE recorded IS DISTINCT FROM there",
        count("accounts"),
        count("history"),
    )
}

/// The checkpoints of incremental streams are where the rows are: the highest cursor that is there, and no other. Where notes
/// are deleted the source has it no more, and theirs says nothing.
fn checkpoints(cell: Cell) -> String {
    let apart = |table: &str, cursor: &str, ty: &str| {
        format!(
            "SELECT 'rows and checkpoint of {table} apart' AS what, count(*) AS n FROM (SELECT max({cursor}) AS highest FROM {table}) AS there \
             WHERE highest IS DISTINCT FROM (SELECT value::{ty} FROM _rapidbyte.checkpoints WHERE stream = 'public.{}')",
            cell.source(table)
        )
    };
    let accounts = match cell.origin("accounts") {
        Origin::Versions => apart("accounts", "version", "bigint"),
        Origin::Table | Origin::Taken => apart("accounts", "changed", "timestamptz"),
    };
    let history = apart("history", "changed", "timestamptz");
    let missing = "SELECT 'checkpoints missing', 3 - count(*) FROM _rapidbyte.checkpoints";
    format!("SELECT * FROM ({accounts} UNION ALL {history} UNION ALL {missing}) AS positions WHERE n <> 0")
}

/// Both, in one look.
pub(crate) fn whole(lab: &Lab, cell: Cell) -> Vec<String> {
    let look = |sql: &str| match lab.try_sql(DESTINATION, sql) {
        Ok(rows) => words(&rows),
        Err(error) => vec![format!("{error:?}")],
    };
    [look(&books(cell)), look(&records(cell))].concat()
}

/// EXCEPT ALL, both ways, on every table; nobody writes to the source meanwhile. Rows that the source has deleted stay in
/// what is upserted.
pub(crate) fn exact(lab: &Lab, cell: Cell) -> Vec<String> {
    let mut wrong = Vec::new();
    for table in TABLES {
        let version = if cell.origin(table) == Origin::Versions { "version, changed, " } else { "" };
        let columns = match table {
            "accounts" => "id, balance, filler, changed",
            "history" => "writer, seq, account, delta, digest, note, changed",
            _ => "id, body, at",
        };
        let latest = match taken(cell) {
            "0" => String::new(),
            // All of a run have one; a table that it found empty has none.
            _ => "WHERE taken = (SELECT max(taken) FROM accounts)".to_owned(),
        };
        let rows = |database: &str, table: &str, which: &str| -> Vec<String> {
            let sql = format!(
                "SELECT t::text FROM (SELECT {version}{columns} FROM {table} {which}) AS t ORDER BY t::text COLLATE \"C\""
            );
            lab.sql(database, &sql).into_iter().map(|mut row| row.remove(0).unwrap()).collect()
        };
        // Of views all columns but `taken` are the table's.
        let origin = if cell.origin(table) == Origin::Versions { cell.source(table) } else { table.to_owned() };
        let (source, destination) = (rows(SOURCE, &origin, ""), rows(DESTINATION, table, &latest));
        let (lost, more) = except_all(&source, &destination);
        let may_stay = table == "notes" && cell.write == Write::Upsert;
        if lost > 0 || (more > 0 && !may_stay) {
            wrong.push(format!("{table}: {lost} rows lost, {more} rows too many"));
        }
    }
    wrong
}

/// How many of the first are not in the second, and the other way round; both are sorted.
fn except_all(one: &[String], other: &[String]) -> (usize, usize) {
    let (mut left, mut right, mut at, mut beside) = (0, 0, 0, 0);
    while at < one.len() || beside < other.len() {
        match (one.get(at), other.get(beside)) {
            (Some(a), Some(b)) if a == b => (at, beside) = (at + 1, beside + 1),
            (Some(a), Some(b)) if a < b => (left, at) = (left + 1, at + 1),
            (Some(_), None) => (left, at) = (left + 1, at + 1),
            _ => (right, beside) = (right + 1, beside + 1),
        }
    }
    (left, right)
}

/// What a run must not leave: sessions, locks, staging, prepared transactions, slots. A moment is waited for a server to
/// notice that its client is gone.
pub(crate) fn left(lab: &Lab) -> Vec<String> {
    let sql = format!(
        "SELECT * FROM (SELECT 'sessions' AS what, count(*) AS n FROM pg_stat_activity WHERE usename = '{ROLE}' \
         UNION ALL SELECT 'advisory locks', count(*) FROM pg_locks WHERE locktype = 'advisory' \
         UNION ALL SELECT 'staging', count(*) FROM pg_class WHERE relname LIKE 'rapidbyte%' OR relpersistence = 't' \
         UNION ALL SELECT 'prepared transactions', count(*) FROM pg_prepared_xacts \
         UNION ALL SELECT 'slots', count(*) FROM pg_replication_slots) AS left_over WHERE n > 0"
    );
    let end = Instant::now() + LEFT_LIMIT;
    loop {
        let left = words(&lab.sql(DESTINATION, &sql));
        if left.is_empty() || Instant::now() > end {
            return left.into_iter().map(|what| format!("left behind: {what}")).collect();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
