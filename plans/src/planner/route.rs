//! Step: how rows enter (strategy) and how they come to be seen (publication). Owns the rule table of both; what a kind of
//! target allows at all stands in target.rs.

use super::{
    facts::{Facts, RULE, TRIGGER, listed},
    key::{compared_otherwise, known_unique, latest_by},
    reconcile, swap, verify,
};
use crate::{
    decision::{Disposition, Publication, Strategy},
    figures,
    name::visible,
    observation::RelationKind,
    report::{Report, Rule, Topic},
    spec::StrategyWish,
};

/// How the rows of one stream go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) strategy: Strategy,
    pub(crate) publication: Publication,
    /// Rows that are there already, bit for bit, are left alone.
    pub(crate) only_changed: bool,
}

/// All that the table below asks.
#[allow(clippy::struct_excessive_bools)] // each is a fact of its own
struct Situation {
    disposition: Disposition,
    wish: StrategyWish,
    absent: bool,
    /// Why COPY cannot write the target itself.
    no_copy: Option<String>,
    /// Why the target cannot be swapped.
    no_swap: Option<String>,
    /// What a new table would be given.
    carries: Option<String>,
    /// Why INSERT cannot be used: columns without literals.
    no_literal: Option<String>,
    /// Why an upsert must see all rows in one statement: of two rows with one key in two statements the later would
    /// silently stay.
    no_parts: Option<String>,
    /// Foreign keys point at the target: rows are brought in line.
    reconciles: bool,
    /// Refused rows are set aside: each must be refused where rows enter.
    sets_aside: bool,
    /// Of rows with one key only one is taken, which a staging table must tell.
    takes_latest: bool,
    /// Rows that are there already can be told and left alone: none comes twice, and nobody's trigger waits for an update.
    only_changed: bool,
    /// Estimated rows of the stream and the rows of one INSERT, where the stream fits one: both ways take as long then, and at
    /// 100,000 rows still (`cargo xtask bench upsert`). A merge sees rows that come twice, however far apart.
    few: Option<(u64, u32)>,
    rows: Option<u64>,
}

impl Situation {
    /// The target itself is emptied and filled: see [`row_errors::empties`].
    fn empties(&self) -> bool {
        self.sets_aside && !self.absent && !self.reconciles && self.no_swap.is_some()
    }
}

/// One row: the first whose disposition and condition fit is taken.
struct RouteRule {
    disposition: Disposition,
    when: fn(&Situation) -> bool,
    strategy: Strategy,
    because: fn(&Situation) -> String,
}

/// Why a table that is made needs no staging.
const IN_ONE_TRANSACTION: &str = "the table appears with all of its rows: nobody sees it before";

/// Which strategy, by disposition. COPY is the fastest way in and the default; what is staged is copied whatever the
/// target is, because the staging table is ours.
const STRATEGIES: [RouteRule; 13] = [
    RouteRule {
        disposition: Disposition::Append,
        when: |s| s.wish == StrategyWish::Insert,
        strategy: Strategy::Insert,
        because: |_| "the sync file asks for it".to_owned(),
    },
    RouteRule {
        disposition: Disposition::Append,
        when: |s| s.no_copy.is_some(),
        strategy: Strategy::Insert,
        because: |s| format!("COPY cannot be used: {}", s.no_copy.as_deref().unwrap_or_default()),
    },
    RouteRule {
        disposition: Disposition::Append,
        when: |_| true,
        strategy: Strategy::Copy,
        because: |_| "COPY is the fastest way in, and the target takes it".to_owned(),
    },
    RouteRule {
        disposition: Disposition::Replace,
        when: |s| s.wish == StrategyWish::Insert,
        strategy: Strategy::Insert,
        because: |_| "the sync file asks for it".to_owned(),
    },
    RouteRule {
        disposition: Disposition::Replace,
        when: |s| s.empties() && s.no_copy.is_some(),
        strategy: Strategy::Insert,
        because: |s| format!("COPY cannot be used: {}", s.no_copy.as_deref().unwrap_or_default()),
    },
    RouteRule {
        disposition: Disposition::Replace,
        when: |_| true,
        strategy: Strategy::Copy,
        because: |s| {
            let why = if s.empties() { "the target takes it" } else { "the rows enter a table of ours" };
            format!("COPY is the fastest way in, and {why}")
        },
    },
    RouteRule {
        disposition: Disposition::Upsert,
        when: |s| s.wish == StrategyWish::Copy,
        strategy: Strategy::Copy,
        because: |_| "the sync file asks for it".to_owned(),
    },
    RouteRule {
        disposition: Disposition::Upsert,
        when: |s| {
            let wished = matches!(s.wish, StrategyWish::Insert | StrategyWish::Upsert);
            wished && s.no_literal.is_none() && s.no_parts.is_none()
        },
        strategy: Strategy::Upsert,
        because: |_| "the sync file asks for it: INSERT … ON CONFLICT, many rows a statement".to_owned(),
    },
    RouteRule {
        disposition: Disposition::Upsert,
        when: |s| s.absent,
        strategy: Strategy::Copy,
        because: |s| {
            let latest = "one merge sees every row that comes twice, and takes the latest";
            let nothing = "the table is made by this run, and nothing in it can be in the way";
            if s.takes_latest { latest } else { nothing }.to_owned()
        },
    },
    RouteRule {
        disposition: Disposition::Upsert,
        when: |s| s.sets_aside && s.no_literal.is_none() && s.no_parts.is_none(),
        strategy: Strategy::Upsert,
        because: |_| {
            "a row that is refused can be told from others as it enters the target itself: INSERT … ON CONFLICT, \
             though COPY and one merge are faster for many rows"
                .to_owned()
        },
    },
    RouteRule {
        disposition: Disposition::Upsert,
        when: |s| s.few.is_some() && s.no_parts.is_some(),
        strategy: Strategy::Copy,
        because: |s| {
            format!("{}: one merge sees every row that comes twice", s.no_parts.as_deref().unwrap_or_default())
        },
    },
    RouteRule {
        disposition: Disposition::Upsert,
        when: |s| s.few.is_some() && s.no_literal.is_none(),
        strategy: Strategy::Upsert,
        because: |s| {
            let (rows, insert) = s.few.unwrap_or_default();
            let rows = figures::plural(rows, "row", "rows");
            let insert = figures::count(insert.into());
            format!("about {rows} fit one statement of {insert}: a staging table would cost more than it saves")
        },
    },
    RouteRule {
        disposition: Disposition::Upsert,
        when: |_| true,
        strategy: Strategy::Copy,
        because: |s| match (&s.no_literal, s.rows) {
            (Some(why), _) => format!("{why}, and COPY takes every type"),
            (None, Some(rows)) => {
                format!(
                    "about {} rows are more than one INSERT takes: COPY and one merge are faster",
                    figures::count(rows)
                )
            }
            (None, None) => {
                "the source has no estimate of the rows: COPY and one merge are fast for many and fair for few"
                    .to_owned()
            }
        },
    },
];

/// The strategy and publication, with their reasons; a wish that cannot be granted is refused.
pub(crate) fn choose(facts: Facts<'_>, key: &[String], alters: bool, insert_rows: u32) -> (Route, Report) {
    let mut report = Report::default();
    let situation = situation(facts, key, alters, insert_rows);
    let fits = |rule: &&RouteRule| rule.disposition == situation.disposition && (rule.when)(&situation);
    // The last row of each disposition has no condition, so that there always is one.
    let (strategy, because) = STRATEGIES
        .iter()
        .find(fits)
        .map_or((Strategy::Copy, String::new()), |rule| (rule.strategy, (rule.because)(&situation)));
    report.because(Topic::Strategy, strategy_words(strategy), because);
    refuse_wish(&situation, strategy, &mut report);
    let publication = publication(&situation, strategy, &mut report);
    let merges = matches!(publication, Publication::Merge | Publication::Reconcile);
    (Route { strategy, publication, only_changed: merges && situation.only_changed }, report)
}

fn situation(facts: Facts<'_>, key: &[String], alters: bool, insert_rows: u32) -> Situation {
    let rows = facts.source.statistics.rows;
    Situation {
        // What is new is appended as an upsert that updates nothing.
        disposition: if facts.settles() { Disposition::Upsert } else { facts.stream.wishes.disposition },
        wish: facts.stream.wishes.strategy,
        absent: facts.absent(),
        no_copy: no_copy(facts),
        no_swap: swap::obstacle(facts, alters),
        carries: swap::carries(facts),
        no_literal: no_literal(facts),
        no_parts: no_parts(facts, key),
        reconciles: reconcile::is_wanted(facts),
        takes_latest: latest_by(facts, key).is_some(),
        sets_aside: facts.sets_aside(),
        only_changed: no_parts(facts, key).is_none()
            && facts.stream.wishes.disposition != Disposition::Append
            && facts.dependents(TRIGGER).is_empty()
            && facts.source.columns.iter().any(|column| !key.contains(&column.name)),
        few: rows
            .filter(|rows| *rows <= u64::from(insert_rows) && !verify::needs_staging(facts, key))
            .map(|rows| (rows, insert_rows)),
        rows,
    }
}

/// Why COPY … FROM cannot write the target (PostgreSQL manual, COPY, "Notes").
fn no_copy(facts: Facts<'_>) -> Option<String> {
    let rules = facts.dependents(RULE);
    match facts.target.kind {
        Some(RelationKind::View) => Some("not every view takes it".to_owned()),
        Some(RelationKind::ForeignTable) => Some("a foreign table's server may not take it".to_owned()),
        _ if facts.target.row_level_security => {
            Some("row-level security holds for this user, and COPY FROM refuses it".to_owned())
        }
        _ if !rules.is_empty() => Some(format!("it would pass by the target's rules ({})", listed(&rules))),
        _ => None,
    }
}

fn no_parts(facts: Facts<'_>, key: &[String]) -> Option<String> {
    if !known_unique(facts, key) {
        return Some(format!("({}) need not be unique at the source", listed(key)));
    }
    compared_otherwise(facts, key)
        .then(|| format!("({}) may be compared otherwise at the target, by a collation of its own", listed(key)))
}

/// Why rows of an upsert cannot enter a target that is there by INSERT … ON CONFLICT.
pub(crate) fn no_upsert(facts: Facts<'_>, key: &[String]) -> Option<String> {
    let wish = facts.stream.wishes.strategy == StrategyWish::Copy;
    let wish = wish.then(|| "the sync file asks for COPY, which cannot settle conflicts".to_owned());
    wish.or_else(|| no_literal(facts)).or_else(|| no_parts(facts, key))
}

fn no_literal(facts: Facts<'_>) -> Option<String> {
    let columns: Vec<&str> =
        facts.target.fits.iter().filter(|fit| !fit.literal).map(|fit| fit.column.as_str()).collect();
    (!columns.is_empty()).then(|| format!("{} cannot be written as a literal of an INSERT", listed(&columns)))
}

fn refuse_wish(situation: &Situation, strategy: Strategy, report: &mut Report) {
    let auto = "use strategy = \"auto\"";
    let enters_target = situation.disposition == Disposition::Append || situation.empties();
    if let (true, StrategyWish::Copy, Some(why)) = (enters_target, situation.wish, &situation.no_copy) {
        report.refuse(Rule::StrategyWish, format!("strategy = \"copy\" cannot be granted: {why}"), auto);
    }
    if situation.wish == StrategyWish::Upsert && situation.disposition != Disposition::Upsert {
        let reason = "strategy = \"upsert\" settles conflicts, and this stream is not written by upsert";
        report.refuse(Rule::StrategyWish, reason, format!("{auto}, or write = \"upsert\""));
    }
    let parts = situation.disposition == Disposition::Upsert
        && matches!(situation.wish, StrategyWish::Insert | StrategyWish::Upsert);
    if let (true, Some(why)) = (parts, &situation.no_parts) {
        let reason = format!("INSERT cannot be used: {why}, and of two rows in two statements one would be lost");
        report.refuse(Rule::StrategyWish, reason, auto);
    }
    let Some(why) = &situation.no_literal else { return };
    let wished = match situation.disposition {
        Disposition::Upsert | Disposition::Sweep => parts,
        Disposition::Append | Disposition::Replace => strategy == Strategy::Insert,
    };
    if wished {
        let advice = format!(
            "leave the columns out by exclude_columns{}",
            if situation.no_copy.is_none() { ", or use strategy = \"copy\"" } else { "" }
        );
        report.refuse(Rule::StrategyWish, format!("INSERT cannot be used: {why}"), advice);
    }
}

fn publication(situation: &Situation, strategy: Strategy, report: &mut Report) -> Publication {
    let unchanged = if situation.only_changed { "; those that are there, bit for bit, are left alone" } else { "" };
    let (publication, because) = match (situation.disposition, strategy) {
        (_, _) if situation.absent && !situation.takes_latest => (Publication::Direct, IN_ONE_TRANSACTION.to_owned()),
        (Disposition::Append, _) => (Publication::Direct, "the rows that are there stay as they are".to_owned()),
        (Disposition::Upsert, Strategy::Upsert) => {
            (Publication::Direct, "each statement settles its own conflicts".to_owned())
        }
        (Disposition::Upsert | Disposition::Sweep, _) => {
            (Publication::Merge, format!("one statement merges the staged rows into the target{unchanged}"))
        }
        (Disposition::Replace, _) if situation.reconciles => {
            (Publication::Reconcile, format!("foreign keys point at the target, so that its rows must stay{unchanged}"))
        }
        (Disposition::Replace, _) if situation.empties() => (Publication::Direct, emptied(situation)),
        (Disposition::Replace, _) => match &situation.no_swap {
            None => (Publication::Swap, swapped(situation)),
            Some(why) => (Publication::Refill, format!("the target cannot be swapped: {why}")),
        },
    };
    report.because(Topic::Publication, publication_words(publication), because);
    publication
}

fn emptied(situation: &Situation) -> String {
    let why = situation.no_swap.as_deref().unwrap_or_default();
    format!(
        "a row that is refused can be told from others as it enters the target itself, which is emptied first; it cannot \
         be swapped: {why}"
    )
}

fn swapped(situation: &Situation) -> String {
    match &situation.carries {
        None => "nothing hangs on the target, so that a new table can take its place".to_owned(),
        Some(what) => format!("a new table can take the target's place: it carries {what}"),
    }
}

fn strategy_words(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::Copy => "copy",
        Strategy::Insert => "insert",
        Strategy::Upsert => "upsert",
    }
}

fn publication_words(publication: Publication) -> &'static str {
    match publication {
        Publication::Direct => "direct",
        Publication::Swap => "swap",
        Publication::Refill => "refill",
        Publication::Merge => "merge",
        Publication::Reconcile => "reconcile",
        Publication::Sweep => "sweep",
    }
}

/// The columns of the key that an update could not set: identities that the target always generates.
pub(crate) fn refuse_identities(facts: Facts<'_>, key: &[String]) -> Report {
    let mut report = Report::default();
    if facts.stream.wishes.disposition != Disposition::Upsert {
        return report;
    }
    let fixed = |name: &str| facts.always_generated(name) && !key.iter().any(|column| column == name);
    for column in facts.source.columns.iter().filter(|column| fixed(&column.name)) {
        let reason = format!("{} always generates it: an update cannot set it", facts.target.name);
        let advice = format!("leave it out by exclude_columns, or take {} into `key`", visible(&column.name));
        report.refuse_column(Rule::ColumnIdentity, &column.name, reason, advice);
    }
    report
}
