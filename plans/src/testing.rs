//! What the tests of this crate share: a stand-in for both connectors' `prepare`, and strategies for random inputs.

use crate::{
    decision::{Effect, Phase, PreparedRead, PreparedWrite, Publication, Statement, Strategy as WriteStrategy},
    observation::Observation,
    plan::Plan,
    planner::{Draft, Prepared, StreamDraft, assemble, decide},
    resolve::{ResolvedStream, resolve},
    spec::{Spec, parse},
    sweep::sweeps,
};

/// A password that must never be seen; golden cases and random files carry it.
pub(crate) const PASSWORD: &str = "opensesame";

pub(crate) fn spec(text: &str) -> Spec {
    parse(text, "sync.toml", &|_| None).unwrap()
}

/// Statements such as a destination would make, not in any dialect.
pub(crate) fn fake_prepare(draft: &Draft) -> Vec<Prepared> {
    draft.to_prepare().map(one).collect()
}

fn one(stream: &StreamDraft) -> Prepared {
    let write = &stream.write;
    let statement = |phase, effect, sql: String| Statement { phase, effect, purpose: sql.to_lowercase(), sql };
    let staged = write.publication != Publication::Direct;
    let mut statements = Vec::new();
    statements
        .extend(write.parts.then(|| statement(Phase::Stage, Effect::Create, format!("LOAD {}", write.staging_seed))));
    statements.extend(
        write
            .create_schema
            .then(|| statement(Phase::Setup, Effect::Create, format!("SCHEMA {}", write.target.namespace))),
    );
    statements.extend(write.types.iter().cloned());
    statements
        .extend(write.create_table.then(|| statement(Phase::Setup, Effect::Create, format!("TABLE {}", write.target))));
    statements.extend(staged.then(|| statement(Phase::Setup, Effect::Create, format!("STAGE {}", write.staging_seed))));
    statements.push(statement(Phase::Load, Effect::Write, format!("LOAD {}", write.target)));
    let quarantine = write.row_errors.as_ref().and_then(|errors| errors.quarantine.as_ref());
    if let Some(quarantine) = quarantine {
        if quarantine.create {
            let made = statement(Phase::Setup, Effect::Create, format!("TABLE {}", quarantine.table));
            statements.insert(statements.len() - 1, made);
        }
        statements.push(statement(Phase::Reject, Effect::Write, format!("SET ASIDE {}", quarantine.table)));
    }
    statements.extend(staged.then(|| statement(Phase::Publish, Effect::Change, format!("PUBLISH {}", write.target))));
    statements.extend(write.checksum.then(|| statement(Phase::Verify, Effect::Read, format!("SUM {}", write.target))));
    Prepared {
        read: PreparedRead {
            statements: (0..stream.read.partitions)
                .map(|part| ["READ ", &stream.stream, &" part".repeat(part as usize)].concat())
                .collect(),
            position: stream.read.window.as_ref().map(|window| format!("POSITION {}", window.cursor)),
            checksum: stream.read.checksum.as_ref().map(|_| format!("SUM {}", stream.stream)),
            bounds: stream.read.partition_key.as_ref().map(|key| format!("BOUNDS {}", key.column)),
        },
        write: PreparedWrite {
            statements,
            conflict_clause: (write.strategy == WriteStrategy::Upsert).then(|| "ON CONFLICT".to_owned()),
        },
    }
}

pub(crate) fn plan_of(spec: &Spec, streams: &[ResolvedStream], observation: &Observation) -> Plan {
    let draft = decide(spec, streams, observation);
    let prepared = fake_prepare(&draft);
    assemble(spec, observation.clone(), draft, prepared)
}

/// One golden case: its name, sync file and observation.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) spec: Spec,
    pub(crate) streams: Vec<ResolvedStream>,
    pub(crate) observation: Observation,
}

impl Case {
    pub(crate) fn plan(&self) -> Plan {
        plan_of(&self.spec, &self.streams, &self.observation)
    }
}

/// The golden case of this name.
pub(crate) fn case(name: &str) -> Case {
    let folder = folders("plans").into_iter().find(|(found, _)| found == name);
    load(folder.unwrap_or_else(|| panic!("no case {name}")))
}

/// One plan of the streams of several golden cases.
pub(crate) fn together(names: &[&str]) -> Plan {
    let mut whole: Option<serde_json::Value> = None;
    for name in names {
        let mut plan: serde_json::Value = serde_json::from_str(&case(name).plan().to_json()).unwrap();
        match &mut whole {
            Some(whole) => {
                whole["streams"].as_array_mut().unwrap().append(plan["streams"].as_array_mut().unwrap());
            }
            None => whole = Some(plan),
        }
    }
    Plan::parse(&whole.unwrap().to_string()).unwrap()
}

/// The folders under `tests/golden/<kind>`, by name.
#[allow(clippy::disallowed_methods)] // The tests' cases are files; the crate itself reads none.
pub(crate) fn folders(kind: &str) -> Vec<(String, std::path::PathBuf)> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden").join(kind);
    let mut found: Vec<_> = std::fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().join("sync.toml").exists())
        .map(|entry| (entry.file_name().into_string().unwrap(), entry.path()))
        .collect();
    found.sort();
    found
}

#[allow(clippy::disallowed_methods)] // As above.
pub(crate) fn file(folder: &std::path::Path, name: &str) -> Option<String> {
    std::fs::read_to_string(folder.join(name)).ok()
}

/// All golden plan cases.
pub(crate) fn golden() -> Vec<Case> {
    folders("plans").into_iter().map(load).collect()
}

fn load((name, folder): (String, std::path::PathBuf)) -> Case {
    let spec = spec(&file(&folder, "sync.toml").unwrap());
    let observation: Observation = serde_json::from_str(&file(&folder, "observation.json").unwrap()).unwrap();
    let catalog = file(&folder, "catalog.json").map(|text| serde_json::from_str(&text).unwrap());
    let mut streams = resolve(&spec, catalog.as_ref()).unwrap();
    streams.extend(sweeps(&streams, &observation.streams));
    Case { name, spec, streams, observation }
}
