//! What hangs on a target, by the words of the observation; and a picture of all that hangs on it, taken from the server's
//! catalogue, to compare before and after.

use crate::{
    sql::{ident, idents, literal, object, parse, schema},
    target::stored,
};
use rapidbyte_plans::{
    name::ObjectName,
    observation::{Dependent, RelationKind, TargetState},
};
use std::fmt::Write as _;

/// The roles that have grants.
pub(crate) fn roles<'a>(targets: impl Iterator<Item = &'a TargetState>) -> String {
    let mut names: Vec<&str> = targets
        .flat_map(|target| &target.dependents)
        .filter(|it| it.kind.ends_with("grant"))
        .map(|it| grantee(it).unwrap_or(&it.name))
        .filter(|name| *name != "PUBLIC")
        .collect();
    names.sort_unstable();
    names.dedup();
    names.iter().map(|name| format!("CREATE ROLE {};\n", ident(name))).collect::<Vec<_>>().concat()
}

/// The partitions: rows need them.
pub(crate) fn partitions(target: &TargetState) -> String {
    if target.kind != Some(RelationKind::PartitionedTable) {
        return String::new();
    }
    let children: Vec<&str> = of_kind(target, "child").collect();
    let (parent, modulus) = (object(&target.name), children.len());
    let one = |(at, child): (usize, &&str)| {
        let child = object(&parse(child));
        format!("CREATE TABLE {child} PARTITION OF {parent} FOR VALUES WITH (MODULUS {modulus}, REMAINDER {at});\n")
    };
    children.iter().enumerate().map(one).collect()
}

/// All else. `at` tells this target's helpers from those of others.
pub(crate) fn build(target: &TargetState, at: usize) -> String {
    // Others are said of indexes.
    let (indexes, others): (Vec<_>, Vec<_>) = target.dependents.iter().partition(|it| it.kind == "index");
    let mut sql: String = indexes.into_iter().chain(others).map(|dependent| one(target, dependent, at)).collect();
    if target.row_level_security {
        let name = object(&target.name);
        let _ =
            writeln!(sql, "ALTER TABLE {name} ENABLE ROW LEVEL SECURITY; ALTER TABLE {name} FORCE ROW LEVEL SECURITY;");
        if of_kind(target, "policy").next().is_none() {
            // Without any policy no row could be written.
            let _ = writeln!(sql, "CREATE POLICY everything ON {name} USING (true) WITH CHECK (true);");
        }
    }
    sql
}

fn of_kind<'a>(target: &'a TargetState, kind: &'a str) -> impl Iterator<Item = &'a str> {
    target.dependents.iter().filter(move |it| it.kind == kind).map(|it| it.name.as_str())
}

/// The role of a grant: "SELECT TO analyst WITH GRANT OPTION".
fn grantee(grant: &Dependent) -> Option<&str> {
    let (_, role) = grant.definition.as_deref()?.split_once(" TO ")?;
    Some(role.strip_suffix(" WITH GRANT OPTION").unwrap_or(role).trim_matches('"'))
}

fn one(target: &TargetState, dependent: &Dependent, at: usize) -> String {
    match &dependent.definition {
        Some(definition) => defined(target, dependent, definition),
        None => named(target, dependent, at),
    }
}

/// What has a definition is made by it.
fn defined(target: &TargetState, dependent: &Dependent, definition: &str) -> String {
    let (table, name) = (object(&target.name), ident(&dependent.name));
    let beside = object(&ObjectName::new(schema(&target.name), &dependent.name));
    let text = literal(definition);
    match dependent.kind.as_str() {
        "index" => {
            let (kind, tail) = definition.split_once(" USING ").unwrap();
            format!("CREATE {kind} {name} ON {table} USING {tail};\n")
        }
        "exclusion" | "check" => format!("ALTER TABLE {table} ADD CONSTRAINT {name} {definition};\n"),
        "statistics" => format!("CREATE STATISTICS {beside} {definition} FROM {table};\n"),
        "sequence" => format!("ALTER SEQUENCE {beside} OWNED BY {table}.{};\n", ident(definition)),
        "clustered" => format!("ALTER TABLE {table} CLUSTER ON {name};\n"),
        "replica identity" if definition == "USING INDEX" => {
            format!("ALTER TABLE {table} REPLICA IDENTITY USING INDEX {name};\n")
        }
        "replica identity" => format!("ALTER TABLE {table} REPLICA IDENTITY {definition};\n"),
        "storage" => format!("ALTER TABLE {table} SET ({definition});\n"),
        "column statistics" => format!("ALTER TABLE {table} ALTER {name} SET STATISTICS {definition};\n"),
        "column options" => format!("ALTER TABLE {table} ALTER {name} SET ({definition});\n"),
        "comment" => format!("COMMENT ON TABLE {table} IS {text};\n"),
        "column comment" => format!("COMMENT ON COLUMN {table}.{name} IS {text};\n"),
        "index comment" => format!("COMMENT ON INDEX {beside} IS {text};\n"),
        "key comment" | "check comment" => format!("COMMENT ON CONSTRAINT {name} ON {table} IS {text};\n"),
        "grant" => format!("GRANT {};\n", definition.replacen(" TO ", &format!(" ON {table} TO "), 1)),
        "column grant" => {
            let (privileges, role) = definition.split_once(" TO ").unwrap();
            let privileges: Vec<String> = privileges.split(", ").map(|word| format!("{word} ({name})")).collect();
            format!("GRANT {} ON {table} TO {role};\n", privileges.join(", "))
        }
        "default privileges" => format!(
            "ALTER DEFAULT PRIVILEGES FOR ROLE {name} IN SCHEMA {} GRANT SELECT, DELETE ON TABLES TO {definition};\n",
            ident(schema(&target.name))
        ),
        // They come with the columns.
        "default" | "generated" | "primary key" | "unique key" => String::new(),
        kind => panic!("nobody has said how a {kind} is made by its definition: add it"),
    }
}

/// Sequences that defaults take numbers from stand before the table does.
pub(crate) fn sequences(target: &TargetState) -> String {
    let sequence = |name| format!("CREATE SEQUENCE {};\n", object(&ObjectName::new(schema(&target.name), name)));
    of_kind(target, "sequence").map(sequence).collect()
}

/// Only the name is known of it.
fn named(target: &TargetState, dependent: &Dependent, at: usize) -> String {
    let (table, name) = (object(&target.name), ident(&dependent.name));
    let first = ident(&target.columns[0].name);
    match dependent.kind.as_str() {
        "view" => format!("CREATE VIEW {} AS SELECT * FROM {table};\n", object(&parse(&dependent.name))),
        "materialized view" => {
            format!("CREATE MATERIALIZED VIEW {} AS SELECT * FROM {table};\n", object(&parse(&dependent.name)))
        }
        "trigger" => trigger(target, &name, at),
        "rule" => format!("CREATE RULE {name} AS ON INSERT TO {table} DO ALSO NOTIFY written;\n"),
        "policy" => format!("CREATE POLICY {name} ON {table} USING (true) WITH CHECK (true);\n"),
        "grant" => format!("GRANT SELECT ON {table} TO {name};\n"),
        "index" if target.keys.iter().any(|key| key.name == dependent.name) => String::new(),
        // Over the whole row, so that no other table could have it.
        "index" => format!("CREATE INDEX {name} ON {table} ((t IS NULL));\n")
            .replace("t IS", &format!("{} IS", ident(&target.name.name))),
        "check" => format!("ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({first} IS NOT NULL);\n"),
        "foreign key from" | "cascading foreign key from" => {
            let (key, other) = (&target.keys[0], ObjectName::new(schema(&target.name), format!("pointing {at}")));
            format!(
                "CREATE TABLE {} AS SELECT {columns} FROM {table} WITH NO DATA; ALTER TABLE {} ADD CONSTRAINT {name} \
                 FOREIGN KEY ({columns}) REFERENCES {table} ({columns}){};\n",
                object(&other),
                object(&other),
                if dependent.kind.starts_with("cascading") { " ON DELETE CASCADE" } else { "" },
                columns = idents(&key.columns)
            )
        }
        "child" if target.kind == Some(RelationKind::PartitionedTable) => String::new(),
        "foreign key to" => {
            let other = object(&ObjectName::new(schema(&target.name), format!("pointed at {at}")));
            format!(
                "CREATE TABLE {other} AS SELECT * FROM generate_series(1, 2000) AS numbers({first}); ALTER TABLE {other} ADD UNIQUE ({first}); \
                 ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY ({first}) REFERENCES {other} ({first});\n"
            )
        }
        "foreign key to itself" => {
            let key = &target.keys[0].columns;
            format!(
                "ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY ({0}) REFERENCES {table} ({0});\n",
                idents(key)
            )
        }
        "publication" => format!("CREATE PUBLICATION {name} FOR TABLE {table};\n"),
        "child" => format!("CREATE TABLE {} () INHERITS ({table});\n", object(&parse(&dependent.name))),
        // They come with the columns and the owner.
        "default" | "generated" | "identity" | "owner" | "revoked from owner" => String::new(),
        kind => panic!("nobody has said how a {kind} is made to hang on a target: add it"),
    }
}

/// On a view it writes what is behind it; on a table it does nothing, once a statement.
fn trigger(target: &TargetState, name: &str, at: usize) -> String {
    let (table, behind) = (object(&target.name), object(&stored(target)));
    let (body, when) = if target.kind == Some(RelationKind::View) {
        (format!("INSERT INTO {behind} SELECT NEW.*; RETURN NEW;"), "INSTEAD OF INSERT ON {} FOR EACH ROW")
    } else {
        ("RETURN NULL;".to_owned(), "AFTER INSERT ON {} FOR EACH STATEMENT")
    };
    let function = ident(&format!("of trigger {at} {}", name.trim_matches('"')));
    format!(
        "CREATE FUNCTION public.{function}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$;\n\
         CREATE TRIGGER {name} {} EXECUTE FUNCTION public.{function}();\n",
        when.replace("{}", &table)
    )
}

/// SQL for the picture: one line for each thing that hangs on the relation, with all of its definition.
pub(crate) fn picture(name: &ObjectName) -> String {
    let table = format!("to_regclass({})", literal(&object(name)));
    let parts = [
        "SELECT 'trigger ' || pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = {t} AND NOT tgisinternal",
        "SELECT 'rule ' || pg_get_ruledef(oid) FROM pg_rewrite WHERE ev_class = {t}",
        "SELECT 'policy ' || polname || ' ' || coalesce(pg_get_expr(polqual, polrelid), '') FROM pg_policy WHERE polrelid = {t}",
        "SELECT 'index ' || concat_ws(' ', pg_get_indexdef(indexrelid), indisclustered, indisreplident, obj_description(indexrelid)) FROM pg_index WHERE indrelid = {t}",
        "SELECT 'constraint ' || conname || ' ' || concat_ws(' ', pg_get_constraintdef(oid), obj_description(oid)) FROM pg_constraint WHERE conrelid = {t} OR confrelid = {t}",
        "SELECT 'grant ' || g::text FROM pg_class c, unnest(c.relacl) AS g WHERE c.oid = {t}",
        "SELECT 'child ' || inhrelid::regclass::text FROM pg_inherits WHERE inhparent = {t}",
        "SELECT 'comment ' || description FROM pg_description WHERE objoid = {t}",
        "SELECT 'relation ' || concat_ws(' ', relkind, relpersistence, relowner::regrole, relrowsecurity, reloptions, relreplident) FROM pg_class WHERE oid = {t}",
        "SELECT 'column ' || concat_ws(' ', attname, format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated, \
         attacl, attstattarget, attoptions, attstorage, attcompression, col_description(attrelid, attnum), pg_get_expr(adbin, adrelid)) FROM pg_attribute a LEFT JOIN pg_attrdef d ON adrelid = attrelid AND adnum = attnum \
         WHERE attrelid = {t} AND attnum > 0 AND NOT attisdropped",
        "SELECT 'statistics ' || pg_get_statisticsobjdef(oid) FROM pg_statistic_ext WHERE stxrelid = {t}",
        "SELECT 'sequence ' || objid::regclass FROM pg_depend WHERE deptype = 'a' AND refobjid = {t} AND refobjsubid > 0 \
         AND classid = 'pg_class'::regclass",
        "SELECT DISTINCT 'view ' || v.oid::regclass || pg_get_viewdef(v.oid) FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid \
         JOIN pg_class v ON v.oid = r.ev_class WHERE d.classid = 'pg_rewrite'::regclass AND d.refobjid = {t}",
    ];
    let all = parts.join(" UNION ALL ").replace("{t}", &table);
    format!("SELECT string_agg(it, E'\\n' ORDER BY it COLLATE \"C\") FROM ({all}) AS hanging(it)")
}
