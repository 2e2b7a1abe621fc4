//! What hangs on a target, and would be lost or in the way if a new table took its place.

use crate::db::Db;
use anyhow::Result;
use rapidbyte_postgres::relation::{self, Dependent, RelationKind, TargetRelation};

pub(crate) fn dependents(db: &Db, table: &str) -> Result<Vec<Dependent>> {
    let sql = relation::target_query(&relation::qualified("w", table)?)?;
    let found: TargetRelation = serde_json::from_str(&db.one(&sql)?)?;
    Ok(found.table.into_iter().flat_map(|table| table.dependents).collect())
}

fn hanging(db: &Db, table: &str) -> Result<Vec<String>> {
    Ok(dependents(db, table)?.iter().map(|item| format!("{} {}", item.kind, item.name)).collect())
}

#[test]
fn nothing_hangs_on_a_plain_table() -> Result<()> {
    let db = Db::new()?;
    db.exec("CREATE SCHEMA w; CREATE TABLE w.t (id bigint PRIMARY KEY, v text NOT NULL, n numeric(10,2), j jsonb)")?;
    assert_eq!(hanging(&db, "t")?, ["primary key t_pkey"]);
    Ok(())
}

#[test]
fn what_a_new_table_would_not_have_is_named() -> Result<()> {
    let db = Db::new()?;
    db.exec("CREATE SCHEMA w; CREATE TABLE w.t (id bigint, v text COLLATE \"C\")")?;
    for (made, wanted) in [
        (
            "CREATE FUNCTION w.f() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT max(id) FROM w.t; END",
            "user function w.f()",
        ),
        ("CREATE FUNCTION w.g(x w.t) RETURNS int LANGUAGE sql AS 'SELECT 1'", "user function w.g(w.t)"),
        ("CREATE TABLE w.other (x w.t)", "user column x of table w.other"),
        ("CREATE POLICY p ON w.other USING (EXISTS (SELECT FROM w.t))", "user policy p on table w.other"),
        ("ALTER TABLE w.t ALTER id SET STATISTICS 500", "column statistics id"),
        ("SELECT 1", "column storage v"),
        ("ALTER DEFAULT PRIVILEGES IN SCHEMA w GRANT SELECT ON TABLES TO PUBLIC", "default privileges"),
        ("ALTER TABLE w.t OWNER TO pg_monitor", "owner pg_monitor"),
    ] {
        db.exec(made)?;
        let found = hanging(&db, "t")?;
        assert!(found.iter().any(|item| item.starts_with(wanted)), "{made}: {found:?}");
    }
    Ok(())
}

#[test]
fn all_that_takes_up_a_name_is_found() -> Result<()> {
    let db = Db::new()?;
    db.exec(
        "CREATE SCHEMA w; CREATE TABLE w.t (id bigint PRIMARY KEY); CREATE SEQUENCE w.sequence; CREATE TYPE w.composite AS (a int)",
    )?;
    for (name, wanted) in [
        ("t", Some(RelationKind::Table)),
        ("t_pkey", Some(RelationKind::Other)),
        ("sequence", Some(RelationKind::Other)),
        ("composite", Some(RelationKind::Other)),
        ("nothing", None),
    ] {
        let sql = relation::target_query(&relation::qualified("w", name)?)?;
        let found: TargetRelation = serde_json::from_str(&db.one(&sql)?)?;
        assert_eq!(found.table.map(|table| table.kind), wanted, "{name}");
    }
    Ok(())
}
