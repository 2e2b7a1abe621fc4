//! Golden cases: a folder with a sync file and what was observed becomes a plan, as text and, for a few, as JSON or
//! Markdown; a folder with a wrong sync file becomes its mistakes. Statements come from the real components. Snapshots lie
//! in the case's folder.

use rapidbyte_engine::{Engine, EngineOptions};
use rapidbyte_plans::{planner, render, resolve, spec};
use std::path::Path;

type Outcome = datatest_stable::Result<()>;

/// The cases whose plan is kept as JSON, too: one for each form that a part of a plan file can have. Of all others the
/// text says what there is to read; that their JSON fits its schema is tested beside the planner.
const AS_JSON: [&str; 12] = [
    "append-absent",
    "append-identity-always-insert",
    "first-run-bookkeeping",
    "hostile-names",
    "query",
    "refused-many",
    "refused-read-only",
    "replace-refill-view-hangs",
    "replace-swap",
    "type-created",
    "upsert-few-direct",
    "upsert-many-merge",
];

/// The cases whose plan is kept as Markdown, too: what a reviewer must see (destroyed, refused, made, many), and names that
/// would break it.
const AS_MARKDOWN: [&str; 7] = [
    "hostile-markdown",
    "hostile-names",
    "refused-many",
    "replace-swap",
    "several-streams",
    "type-created",
    "upsert-few-direct",
];

/// Variables that the cases may name, so that no case depends on where it runs.
fn variable(name: &str) -> Option<String> {
    match name {
        "SHOP_DB_URL" => Some("postgres://shop:s3cret@shop.example.org/shop".to_owned()),
        "WAREHOUSE_URL" => Some("postgres://loader:s3cret@warehouse.example.org/warehouse".to_owned()),
        _ => None,
    }
}

fn assert(case: &Path, name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(case.canonicalize().unwrap_or_else(|_| case.to_owned()));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

fn plan(path: &Path) -> Outcome {
    let case = path.parent().ok_or("a case is a folder")?;
    let spec =
        spec::parse(&std::fs::read_to_string(path)?, "sync.toml", &variable).map_err(|_| "the sync file is wrong")?;
    let observation = serde_json::from_slice(&std::fs::read(case.join("observation.json"))?)?;
    let catalog =
        std::fs::read(case.join("catalog.json")).ok().map(|json| serde_json::from_slice(&json)).transpose()?;
    let streams = resolve::resolve(&spec, catalog.as_ref()).map_err(|_| "the streams cannot be resolved")?;
    let draft = planner::decide(&spec, &streams, &observation);
    let cache_dir = Some(concat!(env!("CARGO_TARGET_TMPDIR"), "/cache").into());
    let engine = Engine::new(EngineOptions { cache_dir, ..EngineOptions::default() })?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let prepared = runtime.block_on(engine.prepare(&spec, &draft))?;
    let plan = planner::assemble(&spec, observation, draft, prepared);
    assert(case, "plan.txt", &render::text(&plan, 80, render::Style::Plain));
    let kept = |list: &[&str]| case.file_name().is_some_and(|name| list.iter().any(|kept| name == *kept));
    if kept(&AS_JSON) {
        assert(case, "plan.json", &plan.to_json());
    }
    if kept(&AS_MARKDOWN) {
        assert(case, "plan.md", &render::markdown(&plan));
    }
    Ok(())
}

fn mistakes(path: &Path) -> Outcome {
    let case = path.parent().ok_or("a case is a folder")?;
    let mistakes =
        spec::parse(&std::fs::read_to_string(path)?, "sync.toml", &variable).err().ok_or("nothing is wrong")?;
    let lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    assert(case, "mistakes.txt", &lines.join("\n"));
    Ok(())
}

datatest_stable::harness! {
    { test = plan, root = "../tests/golden/plans", pattern = r"/sync\.toml$" },
    { test = mistakes, root = "../tests/golden/sync-errors", pattern = r"/sync\.toml$" },
}
