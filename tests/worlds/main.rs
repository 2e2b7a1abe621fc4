//! Each golden plan case on a real server: the world that its observation describes is built, then planned, applied,
//! compared and applied again. What is expected comes from the planner and the case's own observation; what is there is
//! read with psql, never through Rapidbyte.

// A test that cannot go on fails, and says where.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod access;
mod case;
mod contents;
mod dependents;
mod exempt;
mod outcome;
mod scene;
mod source;
mod sql;
mod target;
mod values;
#[path = "../system/world.rs"]
#[allow(dead_code)] // The system tests use all of it.
mod world;

use case::Case;
use contents::{Rows, after, difference, with_new};
use outcome::Outcome;
use rapidbyte_plans::{
    decision::{Disposition, WriteDecision},
    plan::{Plan, StreamPlan},
};
use scene::Scene;
use std::path::Path;
use world::Said;

/// A row is in the way of a key.
const DATA: i32 = 6;
/// A destructive action was not allowed.
const NOT_ALLOWED: i32 = 3;

fn world(path: &Path) -> datatest_stable::Result<()> {
    let case = Case::read(path)?;
    exempt::all_are_there(case.folder.parent().unwrap());
    if exempt::is_impossible(&case) {
        return Ok(());
    }
    let scene = Scene::build(&case);
    if let Some((code, words)) = exempt::sooner(&case.name) {
        no_plan(&scene, code, words);
        return Ok(());
    }
    let (plan, said) = scene.plan();
    let differences = outcome::differences(&case, plan.observation());
    assert!(differences.is_empty(), "another world was built than the case describes: {differences:#?}");
    let wanted = Outcome::of(&case, &case.plan());
    assert_eq!(Outcome::of(&case, &plan), wanted);
    match wanted {
        Outcome::Refused(rules) => {
            assert_eq!(said.code, Some(outcome::exit_code(&rules)), "{said:#?}");
            refused(&scene, outcome::exit_code(&rules));
        }
        Outcome::Chosen(_) => {
            assert_eq!(said.code, Some(0), "{said:#?}");
            applied(&scene, &plan);
        }
    }
    Ok(())
}

fn no_plan(scene: &Scene<'_>, code: i32, words: &str) {
    let said = scene.run(&["plan", "sync.toml"]);
    assert_eq!(said.code, Some(code), "{said:#?}");
    assert!(said.stderr.contains(words), "{said:#?}");
    refused(scene, code);
}

/// Apply says what plan said, and changes nothing.
fn refused(scene: &Scene<'_>, code: i32) {
    let before = scene.picture();
    let said = scene.apply();
    assert_eq!(said.code, Some(code), "{said:#?}");
    assert_eq!(scene.picture(), before);
}

fn applied(scene: &Scene<'_>, plan: &Plan) {
    if plan.is_destructive() {
        let before = scene.picture();
        let said = scene.run(&["apply", "sync.toml", "--yes"]);
        assert_eq!(said.code, Some(NOT_ALLOWED), "{said:#?}");
        assert_eq!(scene.picture(), before);
    }
    // What is changed is named in the plan, and does not look the same afterwards.
    let kept = |write: &&WriteDecision| !write.create_table && write.changes.is_empty() && write.comments.is_empty();
    // What a sweep looks at is the target of another stream.
    let writes = || plan.streams().iter().map(|stream| &stream.write);
    let there = || writes().filter(|write| write.disposition != Disposition::Sweep).filter(kept);
    let before: Vec<String> = there().map(|write| scene.hanging(&write.target)).collect();
    let said = run(scene, plan);
    assert_eq!(said.code, Some(0), "{said:#?}");
    again(scene, plan);
    for (write, before) in there().zip(before) {
        let after = scene.hanging(&write.target);
        assert!(before == after, "what hung on the target:\n{before}\nand now:\n{after}");
    }
}

/// Applies, and where that is done compares each target with what it should hold.
fn run(scene: &Scene<'_>, plan: &Plan) -> Said {
    let rows = |stream: &StreamPlan| (scene.source_rows(stream), scene.target_rows(stream));
    let before: Vec<(Rows, Rows)> = plan.streams().iter().map(rows).collect();
    let said = scene.apply();
    if said.code == Some(0) {
        for (stream, (source, before)) in plan.streams().iter().zip(&before) {
            assert_eq!(source.is_empty(), !plan.has_changes(), "what was there to be read");
            let adds_new = stream.read.window.is_some() && stream.write.disposition == Disposition::Append;
            let wanted =
                if adds_new { with_new(before, source) } else { after(disposition(plan, stream), before, source) };
            let found = scene.target_rows(stream);
            assert!(found == wanted, "{}: {}", stream.stream, difference(&found, &wanted));
        }
    }
    said
}

/// What becomes of rows that are there: where a sweep follows, none stays that the source lacks.
fn disposition(plan: &Plan, stream: &StreamPlan) -> Disposition {
    let deletes = |write: &WriteDecision| write.disposition == Disposition::Sweep && write.marks.is_none();
    let mut writes = plan.streams().iter().map(|stream| &stream.write);
    let swept = writes.any(|write| deletes(write) && write.target == stream.write.target);
    if swept { Disposition::Replace } else { stream.write.disposition }
}

/// A second run ends as the first did, but for rows that an append brings again: where a key is in their way, nothing
/// is changed.
fn again(scene: &Scene<'_>, plan: &Plan) {
    let before = scene.picture();
    let said = run(scene, plan);
    if plan.streams().iter().any(key_is_in_the_way(plan)) {
        assert_eq!(said.code, Some(DATA), "{said:#?}");
        assert_eq!(scene.picture(), before);
    } else {
        assert_eq!(said.code, Some(0), "{said:#?}");
    }
}

/// The stream adds rows to a target that has, or was given, a key of columns that it brings.
fn key_is_in_the_way(plan: &Plan) -> impl Fn(&StreamPlan) -> bool {
    let seen = plan.observation().streams.clone();
    move |stream| {
        let target = &seen.iter().find(|seen| seen.stream == stream.stream).unwrap().target;
        let brings = |columns: &Vec<String>| columns.iter().all(|column| stream.read.columns.contains(column));
        let mut keys = target.keys.iter().filter(|key| !key.partial && !key.expression);
        stream.write.disposition == Disposition::Append
            && stream.read.window.is_none()
            && (!stream.write.primary_key.is_empty() || keys.any(|key| brings(&key.columns)))
    }
}

datatest_stable::harness! {
    { test = world, root = "../tests/golden/plans", pattern = r"/sync\.toml$" },
}
