//! Golden cases: a folder with a sync file and what was observed becomes a plan, as text and, where the case keeps one, as
//! JSON or Markdown; a folder with a wrong sync file becomes its mistakes. Statements come from the real components.

use rapidbyte_engine::{Engine, EngineOptions};
use rapidbyte_plans::{observation::Observation, planner, render, resolve, spec, sweep};
use std::{fs, path::Path};

fn assert(case: &Path, name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(case.canonicalize().unwrap_or_else(|_| case.to_owned()));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

fn plan(path: &Path) -> datatest_stable::Result<()> {
    let case = path.parent().ok_or("a case is a folder")?;
    let json = |name: &str| fs::read(case.join(name));
    let spec = spec::parse(&fs::read_to_string(path)?, "sync.toml", &|_| None).map_err(|m| format!("{m:?}"))?;
    let observation: Observation = serde_json::from_slice(&json("observation.json")?)?;
    let catalog = json("catalog.json").ok().map(|json| serde_json::from_slice(&json)).transpose()?;
    let mut streams = resolve::resolve(&spec, catalog.as_ref()).map_err(|m| format!("{m:?}"))?;
    streams.extend(sweep::sweeps(&streams, &observation.streams));
    let draft = planner::decide(&spec, &streams, &observation);
    let cache_dir = Some(concat!(env!("CARGO_TARGET_TMPDIR"), "/cache").into());
    let engine = Engine::new(EngineOptions { cache_dir, ..EngineOptions::default() })?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let prepared = runtime.block_on(engine.prepare(&spec, &draft))?;
    let plan = planner::assemble(&spec, observation, draft, prepared);
    assert(case, "plan.txt", &render::text(&plan, 80, render::Style::Plain));
    for (name, form) in [("plan.json", plan.to_json()), ("plan.md", render::markdown(&plan))] {
        if case.join(format!("{name}.snap")).exists() {
            assert(case, name, &form);
        }
    }
    Ok(())
}

fn mistakes(path: &Path) -> datatest_stable::Result<()> {
    let case = path.parent().ok_or("a case is a folder")?;
    let mistakes = spec::parse(&fs::read_to_string(path)?, "sync.toml", &|_| None).err().ok_or("nothing is wrong")?;
    assert(case, "mistakes.txt", &mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
    Ok(())
}

datatest_stable::harness! {
    { test = plan, root = "../tests/golden/plans", pattern = r"/sync\.toml$" },
    { test = mistakes, root = "../tests/golden/sync-errors", pattern = r"/sync\.toml$" },
}
