//! A case's world, built on a server of its own, and the binary that looks at it and changes it.

use crate::{
    access,
    case::Case,
    contents::{self, Rows},
    dependents, source,
    sql::{ident, literal, object},
    target,
    world::{DESTINATION, SOURCE, Said, World, said},
};
use rapidbyte_plans::{
    decision::{ChangeKind, ColumnChange},
    name::ObjectName,
    plan::{Plan, StreamPlan},
};
use rapidbyte_throwaway::Options;

pub(crate) struct Scene<'a> {
    case: &'a Case,
    world: World,
}

impl<'a> Scene<'a> {
    pub(crate) fn build(case: &'a Case) -> Self {
        // Nobody but the case says what the server believes of its tables.
        let options = Options { settings: vec![("autovacuum".into(), "off".into())], ..Options::default() };
        let world = World::with_options(&options, "");
        let scene = Self { case, world };
        scene.world.destination(&access::prepare(case));
        scene.source(&format!(
            "CREATE ROLE {} LOGIN;\n{}{}",
            ident(&case.observation.source.user),
            source::build(case),
            source::finish(case)
        ));
        scene.world.destination(&target::build(case, scene.world.server.port()));
        scene.source(&format!("{}{}", source::rows(case, source::LATER), source::finish(case)));
        std::fs::write(scene.world.path("sync.toml"), &case.sync).unwrap();
        scene
    }

    /// The plan that the binary makes, and its exit code.
    pub(crate) fn plan(&self) -> (Plan, Said) {
        let said = self.run(&["plan", "sync.toml", "--format", "json"]);
        let plan = Plan::parse(&said.stdout).unwrap_or_else(|error| panic!("no plan, {error}: {said:#?}"));
        (plan, said)
    }

    pub(crate) fn apply(&self) -> Said {
        self.run(&["apply", "sync.toml", "--yes", "--allow-destructive"])
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        let url =
            |database: &str, user: &str| self.world.server.url(database).replacen("postgres@", &format!("{user}@"), 1);
        let mut command = self.world.command(arguments);
        command.env("SHOP_DB_URL", url(self.source_database(), &self.case.observation.source.user));
        command.env("WAREHOUSE_URL", url(DESTINATION, &self.case.observation.destination.user));
        said(&command.output().unwrap())
    }

    fn source_database(&self) -> &'static str {
        if self.case.is_one_database() { DESTINATION } else { SOURCE }
    }

    fn source(&self, sql: &str) -> String {
        self.world.server.psql(self.source_database(), sql).unwrap()
    }

    /// All that the destination holds.
    pub(crate) fn picture(&self) -> String {
        self.world.destination_picture()
    }

    /// What hangs on a target.
    pub(crate) fn hanging(&self, name: &ObjectName) -> String {
        self.world.destination(&dependents::picture(name))
    }

    pub(crate) fn source_rows(&self, stream: &StreamPlan) -> Rows {
        contents::parse(&self.source(&contents::of_source(stream)))
    }

    /// The stream's columns of its target; nothing where it is absent.
    pub(crate) fn target_rows(&self, stream: &StreamPlan) -> Rows {
        let there = format!("SELECT to_regclass({}) IS NOT NULL", literal(&object(&stream.write.target)));
        if self.world.destination(&there) == "f" {
            return Rows::new();
        }
        let target = literal(&object(&stream.write.target));
        let is_there = |column: &&String| {
            let sql = format!(
                "SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = {target}::regclass AND attname = {} AND NOT attisdropped)",
                literal(column)
            );
            self.world.destination(&sql) == "t"
        };
        let lacks = |change: &&ColumnChange| change.kind == ChangeKind::Add;
        let added = stream.write.changes.iter().filter(lacks).map(|change| &change.column);
        let lacks: Vec<String> = added.filter(|column| !is_there(column)).cloned().collect();
        contents::parse(&self.world.destination(&contents::of_target(stream, &stream.write.target, &lacks)))
    }
}
