//! Properties of the planner on random worlds.

use crate::{
    drift,
    lint::lint,
    plan::Plan,
    planner::decide,
    render::{self, Style},
    resolve::resolve,
    testing::{PASSWORD, plan_of, spec},
    testing_strategies::{observation, sync_file},
};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    /// P1: the planner is total: no observation makes it panic, and every stream of the sync is in its draft.
    /// P2: it is deterministic: the same inputs give the same bytes.
    /// P3: lint has no finding on any plan, refused or not.
    /// P4: no form of a plan holds the password.
    /// P5: a plan is what its file says: parsing its JSON gives it back, with the same digest.
    /// P6: the world that was planned on has not drifted.
    #[test]
    fn plans(text in sync_file(), seen in observation()) {
        let spec = spec(&text);
        let streams = resolve(&spec, None).unwrap();
        let plan = plan_of(&spec, &streams, &seen);
        prop_assert_eq!(plan.streams().len(), streams.len());
        let json = plan.to_json();
        prop_assert_eq!(&json, &plan_of(&spec, &streams, &seen).to_json());
        let findings = lint(&plan);
        prop_assert!(findings.is_empty(), "{:?}\n{}", findings, json);
        let shown = render::text(&plan, 80, Style::Plain);
        prop_assert!(!json.contains(PASSWORD) && !shown.contains(PASSWORD));
        let read = Plan::parse(&json).unwrap();
        prop_assert_eq!(read.digest(), plan.digest());
        prop_assert_eq!(read, plan);
        prop_assert!(drift::compare(&seen, &seen).is_empty());
    }

    /// P7: what a terminal is shown has no control characters but line breaks, whatever the names are, and no line is
    /// wider than the page but for a single long word.
    #[test]
    fn pages(text in sync_file(), seen in observation(), width in 0..200_usize) {
        let spec = spec(&text);
        let plan = plan_of(&spec, &resolve(&spec, None).unwrap(), &seen);
        let page = render::text(&plan, width, Style::Plain);
        prop_assert!(!page.contains(|c: char| c != '\n' && (c.is_control() || c == '\u{202e}')), "{page}");
        let wide = |line: &&str| line.chars().count() > width.max(40);
        for line in page.lines().filter(wide) {
            prop_assert!(line.split_whitespace().any(|word| word.chars().count() > 20), "{}", line);
        }
    }

    /// P8: observations other than a sync's own are refused, never mixed up.
    #[test]
    fn strangers(text in sync_file(), mut seen in observation()) {
        seen.streams.clear();
        let spec = spec(&text);
        let draft = decide(&spec, &resolve(&spec, None).unwrap(), &seen);
        prop_assert!(draft.streams.iter().all(|stream| !stream.refusals.is_empty()));
    }
}

/// The strategies are honest: random plans are not all refused, and every way of writing comes up.
#[test]
fn strategies_reach_everything() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..16_000 {
        let text = sync_file().new_tree(&mut runner).unwrap().current();
        let world = observation().new_tree(&mut runner).unwrap().current();
        let spec = spec(&text);
        for stream in decide(&spec, &resolve(&spec, None).unwrap(), &world).to_prepare() {
            let write = &stream.write;
            let aside = if write.row_errors.is_some() { " aside" } else { "" };
            seen.insert(format!("{:?} {:?} {:?}{aside}", write.disposition, write.strategy, write.publication));
        }
    }
    assert_eq!(seen.len(), 24, "{seen:?}");
}
