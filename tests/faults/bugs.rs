//! Sensitivity: with each of these mistakes planted the suite must fail. They are planted on the wire, so that the product
//! needs no code for them: a statement that protects something never reaches the server.

use crate::{
    cell::{self, Cell, IN_PARTS, Write},
    changes, kill,
    lab::{DESTINATION, Lab},
    network,
    proxy::{Rule, What, When},
    table::Shoot,
};
use std::time::Duration;

/// A mistake, the fault that must find it, and where it is planted.
pub(crate) struct Bug {
    pub(crate) name: &'static str,
    pub(crate) found_by: &'static str,
    pub(crate) shoot: Shoot,
    /// The turns of the fault that can find it.
    pub(crate) turns: &'static [u64],
    pub(crate) cell: Cell,
    pub(crate) source: fn(&Lab) -> Vec<Rule>,
    pub(crate) destination: fn(&Lab) -> Vec<Rule>,
}

fn nothing(_: &Lab) -> Vec<Rule> {
    Vec::new()
}

fn instead(when: When, sql: &str) -> Vec<Rule> {
    vec![Rule::always(when, What::Instead(sql.to_owned()))]
}

/// Every statement that holds the one text says the other.
fn replaced(one: &'static str, other: &'static str) -> Vec<Rule> {
    vec![Rule::always(When::Says(one, ""), What::Replaced(one, other))]
}

/// What runs remember is written by transactions of its own.
fn aside(lab: &Lab) -> Vec<Rule> {
    let records = ["INSERT INTO _rapidbyte.runs", "INSERT INTO _rapidbyte.checkpoints"];
    let aside = |record| Rule::always(When::Says(record, ""), What::Aside(lab.aside(DESTINATION)));
    records.into_iter().map(aside).collect()
}

/// That a part is there is written by a transaction of its own.
fn part_aside(lab: &Lab) -> Vec<Rule> {
    let record = When::Says("INSERT INTO \"_rapidbyte\".\"rapidbyte_", "_parts\" VALUES");
    vec![Rule::always(record, What::Aside(lab.aside(DESTINATION)))]
}

/// Whether a run was recorded is answered with no, and which was the last with none.
fn forgetful(_: &Lab) -> Vec<Rule> {
    let outcome = instead(When::Says("FROM _rapidbyte.runs WHERE run = ", ""), "SELECT 'f'");
    [outcome, replaced(" ORDER BY number DESC LIMIT 1", " LIMIT 0")].concat()
}

/// Answers at once, and lets the server commit two seconds later.
fn answered_early(_: &Lab) -> Vec<Rule> {
    vec![Rule::always(When::Is("COMMIT"), What::EarlyAnswer(Duration::from_secs(2)))]
}

/// Rows are read by the cursor alone. What the server is asked about the statement before stays as it is.
fn naive(_: &Lab) -> Vec<Rule> {
    vec![Rule::always(When::Says(GUARD, "TO STDOUT"), What::Replaced(GUARD, ""))]
}

/// Nothing is held against other runs, nor against one's own COMMIT that is still under way.
fn unlocked(_: &Lab) -> Vec<Rule> {
    let locks = ["pg_try_advisory_xact_lock", "pg_advisory_xact_lock"];
    locks.into_iter().flat_map(|lock| instead(When::Says(lock, ""), "SELECT 't'")).collect()
}

const fn full(write: Write) -> Cell {
    cell::full(write, "copy")
}

const INCREMENTAL: Cell = cell::incremental(Write::Upsert, "copy");

pub(crate) fn all() -> Vec<Bug> {
    let bug = |name, (found_by, shoot): (&'static str, Shoot), turns, cell| Bug {
        name,
        found_by,
        shoot,
        turns,
        cell,
        source: nothing,
        destination: nothing,
    };
    let lost = ("F3", network::answer_lost as Shoot);
    let late = ("F19", changes::late_commits as Shoot);
    let defined = ("F17", changes::of_the_source as Shoot);
    let killed = ("F2", kill::at_any_moment as Shoot);
    let read_committed =
        |_: &Lab| replaced("BEGIN ISOLATION LEVEL REPEATABLE READ", "BEGIN ISOLATION LEVEL READ COMMITTED");
    vec![
        Bug { destination: forgetful, ..bug("no ledger key", lost, &[0], full(Write::Append)) },
        Bug { destination: aside, ..bug("state before data", lost, &[3], INCREMENTAL) },
        Bug { source: read_committed, ..bug("no snapshot", late, &[0, 1], full(Write::Replace)) },
        Bug {
            source: |_| instead(When::Says("LOCK TABLE", ""), "SELECT 1"),
            ..bug("no lock", defined, &[0], full(Write::Replace))
        },
        Bug { source: naive, ..bug("naive cursor", late, &[0], INCREMENTAL) },
        Bug {
            source: |_| replaced(NULLS, ") AND \"at\" IS NOT NULL)"),
            ..bug("NULL keys dropped", late, &[0], INCREMENTAL)
        },
        Bug {
            destination: answered_early,
            ..bug("acknowledge before commit", killed, &[0, 1, 2], full(Write::Upsert))
        },
        Bug { destination: part_aside, ..bug("part recorded before its rows", lost, &[7], IN_PARTS) },
        Bug { destination: unlocked, ..bug("no fence", lost, &[1, 5, 9, 13], full(Write::Append)) },
    ]
}

/// What finds rows whose transactions had not ended at the checkpoint.
const GUARD: &str = " OR pg_catalog.age(xmin) <= (SELECT pg_catalog.age(pg_catalog.current_setting('rapidbyte.version')::pg_catalog.xid8::pg_catalog.xid))";

/// What takes rows without a cursor; the end of the statement's condition.
const NULLS: &str = " OR \"at\" IS NULL))";
