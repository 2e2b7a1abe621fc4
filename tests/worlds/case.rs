//! One golden case: what its files say, with both ends moved to a server of ours.

use rapidbyte_plans::{
    catalog::Catalog,
    decision::Relation,
    name::ObjectName,
    observation::{Observation, StreamObservation},
    plan::Plan,
    planner,
    resolve::{ResolvedStream, resolve},
    spec::{self, Spec},
    sweep::sweeps,
};
use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
};

pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
    /// The sync file, its ends taken from the environment.
    pub(crate) sync: String,
    pub(crate) spec: Spec,
    /// What else the source offers; given where there are wildcards.
    pub(crate) catalog: Option<Catalog>,
    /// Without the sweeps: these have no tables of their own.
    pub(crate) streams: Vec<ResolvedStream>,
    pub(crate) observation: Observation,
}

impl Case {
    /// The case whose sync file this is.
    pub(crate) fn read(path: &Path) -> Result<Self, Box<dyn Error>> {
        let folder = path.parent().ok_or("a case is a folder")?.to_owned();
        let name = folder.file_name().ok_or("a case has a name")?.to_string_lossy().into_owned();
        let text = fs::read_to_string(path)?;
        let spec = spec::parse(&text, "sync.toml", &|_| None).map_err(|mistakes| format!("{mistakes:?}"))?;
        let catalog = fs::read(folder.join("catalog.json")).ok();
        let catalog = catalog.map(|json| serde_json::from_slice(&json)).transpose()?;
        let streams = resolve(&spec, catalog.as_ref()).map_err(|mistakes| format!("{mistakes:?}"))?;
        let observation = serde_json::from_slice(&fs::read(folder.join("observation.json"))?)?;
        Ok(Self { name, folder, sync: with_our_ends(&text), spec, catalog, streams, observation })
    }

    /// SQL that is run instead of what the observation says of the source: a query's text does not tell its tables.
    pub(crate) fn source_sql(&self) -> Option<String> {
        fs::read_to_string(self.folder.join("source.sql")).ok()
    }

    /// What the planner makes of the case's own observation; without statements, which nothing here asks for.
    pub(crate) fn plan(&self) -> Plan {
        let sweeps = sweeps(&self.streams, &self.observation.streams);
        let draft = planner::decide(&self.spec, &[&self.streams[..], &sweeps].concat(), &self.observation);
        planner::assemble(&self.spec, self.observation.clone(), draft, Vec::new())
    }

    /// Both ends are one database.
    pub(crate) fn is_one_database(&self) -> bool {
        self.observation.source.endpoint == self.observation.destination.endpoint
    }

    /// Each stream, and what was observed of it.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&ResolvedStream, &StreamObservation)> {
        let seen = |name: &str| self.observation.streams.iter().find(|seen| seen.stream == name);
        self.streams.iter().filter_map(move |stream| Some((stream, seen(&stream.stream)?)))
    }

    /// The table is a target that this case's observation says is there.
    pub(crate) fn is_target(&self, name: &ObjectName) -> bool {
        self.observation.streams.iter().any(|seen| seen.target.kind.is_some() && seen.target.name == *name)
    }
}

/// The table that a stream reads; none: it reads a query.
pub(crate) fn table(stream: &ResolvedStream) -> Option<&ObjectName> {
    match &stream.selection.relation {
        Relation::Table(name) => Some(name),
        Relation::Query(_) => None,
    }
}

/// The cases name hosts that are not there: of each end only the connector and the schema are kept.
fn with_our_ends(text: &str) -> String {
    let mut end = None;
    let mut kept = String::new();
    for line in text.lines() {
        if line.starts_with('[') {
            end = ["[source]", "[destination]"].into_iter().position(|title| title == line);
        }
        if end.is_none() || ["[", "use ", "schema "].iter().any(|start| line.starts_with(start)) || line.is_empty() {
            kept.push_str(line);
            kept.push('\n');
        }
        if let (Some(at), true) = (end, line.starts_with('[')) {
            kept.push_str(["url = \"${SHOP_DB_URL}\"\n", "url = \"${WAREHOUSE_URL}\"\n"][at]);
        }
    }
    kept
}
