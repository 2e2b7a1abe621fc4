//! Sensitivity: with each of these mistakes planted the suite must fail. They are planted on the wire, so that the product
//! needs no code for them: a statement that protects something never reaches the server.

use crate::{
    cell::{Cell, Sync, Write},
    changes, kill,
    lab::{DESTINATION, Lab},
    network,
    proxy::{Rule, What, When},
    table::Shoot,
};

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

const fn cell(write: Write) -> Cell {
    Cell { write, sync: Sync::Full, strategy: "copy" }
}

/// All but the naive cursor, which waits for incremental syncs.
pub(crate) fn all() -> Vec<Bug> {
    let bug = |name, found_by, shoot: Shoot, turns, write| Bug {
        name,
        found_by,
        shoot,
        turns,
        cell: cell(write),
        source: nothing,
        destination: nothing,
    };
    vec![
        Bug {
            destination: |_| instead(When::Says("FROM _rapidbyte.runs WHERE run = ", ""), "SELECT 'f'"),
            ..bug("no ledger key", "F3", network::answer_lost, &[0], Write::Append)
        },
        Bug {
            destination: |lab| {
                vec![Rule::always(When::Says("INSERT INTO _rapidbyte.runs", ""), What::Aside(lab.aside(DESTINATION)))]
            },
            ..bug("state before data", "F3", network::answer_lost, &[3], Write::Append)
        },
        Bug {
            source: |_| {
                instead(
                    When::Says("BEGIN ISOLATION LEVEL REPEATABLE READ", ""),
                    "BEGIN ISOLATION LEVEL READ COMMITTED, READ ONLY",
                )
            },
            ..bug("no snapshot", "F19", changes::late_commits, &[0, 1], Write::Replace)
        },
        Bug {
            source: |_| instead(When::Says("LOCK TABLE", ""), "SELECT 1"),
            ..bug("no lock", "F17", changes::of_the_source, &[0], Write::Replace)
        },
        Bug {
            source: |_| {
                instead(
                    When::Says("COPY", "accounts"),
                    "COPY (SELECT * FROM public.accounts WHERE filler IS NOT NULL) TO STDOUT (FORMAT binary)",
                )
            },
            ..bug("NULL keys dropped", "F19", changes::late_commits, &[0], Write::Upsert)
        },
        Bug {
            destination: |_| {
                vec![Rule::always(When::Is("COMMIT"), What::EarlyAnswer(std::time::Duration::from_secs(2)))]
            },
            ..bug("acknowledge before commit", "F2", kill::at_any_moment, &[0, 1, 2], Write::Upsert)
        },
        Bug {
            destination: |_| {
                let locks = ["pg_try_advisory_xact_lock", "pg_advisory_xact_lock"];
                locks.into_iter().flat_map(|lock| instead(When::Says(lock, ""), "SELECT 't'")).collect()
            },
            ..bug("no fence", "F3", network::answer_lost, &[1, 5, 9, 13], Write::Append)
        },
    ]
}
