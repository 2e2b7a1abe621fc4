//! A swapped-in table is the same to look at: whatever is carried is there afterwards, under its name, and what cannot be
//! carried says so.

use crate::{
    db::Db,
    hanging::dependents,
    prepared::{decision, source},
};
use anyhow::Result;
use rapidbyte_postgres::{
    decision::{Carried, Disposition, Publication, Strategy, WriteColumn, WriteDecision},
    prepare,
};

/// All that is said of relations, names of staging included; what a swap may change is left out.
const PICTURE: &str = "SELECT string_agg(it, E'\\n' ORDER BY it COLLATE \"C\") FROM (\
    SELECT 'index ' || pg_get_indexdef(i.indexrelid) || i.indisclustered || i.indisreplident FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid WHERE x.relnamespace = 'w'::regnamespace \
    UNION ALL SELECT 'constraint ' || conname || conrelid::regclass || pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'w'::regnamespace \
    UNION ALL SELECT concat_ws(' ', 'relation', relname, relkind, relowner::regrole, reloptions, ARRAY(SELECT a::text FROM unnest(relacl) a ORDER BY 1), relreplident, \
    (SELECT t.reloptions FROM pg_class t WHERE t.oid = c.reltoastrelid)) FROM pg_class c WHERE relnamespace = 'w'::regnamespace \
    UNION ALL SELECT concat_ws(' ', 'column', attrelid::regclass, attname, format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated, \
    ARRAY(SELECT g::text FROM unnest(attacl) g ORDER BY 1), attstattarget, attoptions, attstorage, attcompression, attcollation::regcollation, pg_get_expr(adbin, adrelid), col_description(attrelid, attnum)) \
    FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid AND relnamespace = 'w'::regnamespace LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum \
    WHERE attnum > 0 AND NOT attisdropped \
    UNION ALL SELECT concat_ws(' ', 'comment', (pg_identify_object(classoid, objoid, objsubid)).identity, description) FROM pg_description WHERE objoid >= 16384 \
    UNION ALL SELECT 'statistics ' || pg_get_statisticsobjdef(oid) FROM pg_statistic_ext \
    UNION ALL SELECT concat_ws(' ', 'owned', objid::regclass, refobjid::regclass, (SELECT attname FROM pg_attribute WHERE attrelid = refobjid AND attnum = refobjsubid)) FROM pg_depend JOIN pg_class q ON q.oid = objid AND q.relkind = 'S' WHERE deptype = 'a' \
    ) AS all_there(it)";

fn carried(db: &Db) -> Result<Vec<Carried>> {
    let all = dependents(db, "t")?.into_iter();
    Ok(all.filter_map(|it| Some(Carried { kind: it.kind, name: it.name, definition: it.definition? })).collect())
}

/// Swaps w.t, of which `columns` are written, twice, and compares what is there with what was.
fn swap_twice(made: &str, columns: &[&str]) -> Result<()> {
    let source = source()?;
    source.db.exec(&format!("CREATE SCHEMA w; {made}"))?;
    let before = source.db.one(PICTURE)?;
    let column = |name: &&str| WriteColumn { name: (*name).into(), target: String::new(), nullable: true };
    for _ in 0..2 {
        let all = dependents(&source.db, "t")?;
        assert!(all.iter().all(|item| item.definition.is_some()), "{all:#?}");
        let decision = WriteDecision {
            namespace: "w".into(),
            create_schema: false,
            carried: carried(&source.db)?,
            columns: columns.iter().map(column).collect(),
            ..decision(Disposition::Replace, Strategy::Copy, Publication::Swap)
        };
        assert!(decision.carried.iter().all(prepare::can_carry));
        let oid = source.db.one("SELECT 'w.t'::regclass::oid")?;
        crate::moving::write(&source.db, &decision, &source.schema, &source.batch)?;
        assert_ne!(source.db.one("SELECT 'w.t'::regclass::oid")?, oid);
        assert_eq!(source.db.one("SELECT count(*) FROM w.t")?, "3");
        assert_eq!(source.db.one(PICTURE)?, before);
    }
    Ok(())
}

const ID_NAME: [&str; 2] = ["id", "name"];

#[test]
fn indexes_of_every_kind() -> Result<()> {
    swap_twice(
        "CREATE TABLE w.t (name text, \"Odd \"\"one\" int, id int, plain int); CREATE INDEX ON w.t (name DESC NULLS LAST) WITH (fillfactor = 70); \
         CREATE UNIQUE INDEX \"by \"\"ON w.t USING\" ON w.t USING btree (lower(name) COLLATE \"C\" text_pattern_ops) INCLUDE (plain) WHERE id > 0 AND name <> ' ON w.t'; \
         CREATE INDEX h ON w.t USING hash (id); CREATE INDEX g ON w.t USING gin (to_tsvector('english', name)); \
         CREATE INDEX b ON w.t USING brin (id) WITH (pages_per_range = 4); CREATE UNIQUE INDEX u ON w.t (id) NULLS NOT DISTINCT; \
         COMMENT ON INDEX w.h IS 'it''s \\ hashed'; ALTER TABLE w.t CLUSTER ON u",
        &ID_NAME,
    )
}

#[test]
fn keys_by_their_names() -> Result<()> {
    let long = "n".repeat(63);
    swap_twice(
        &format!(
            "CREATE TABLE w.t (id int, name text, CONSTRAINT \"{long}\" PRIMARY KEY (id) INCLUDE (name) WITH (fillfactor = 60), \
         CONSTRAINT u UNIQUE (name, id) DEFERRABLE INITIALLY DEFERRED, UNIQUE NULLS NOT DISTINCT (name), \
         CONSTRAINT x EXCLUDE USING btree (id WITH =) WHERE (id > 0)); COMMENT ON CONSTRAINT u ON w.t IS 'late'; \
         CREATE UNIQUE INDEX ri ON w.t (id); ALTER TABLE w.t REPLICA IDENTITY USING INDEX ri"
        ),
        &ID_NAME,
    )
}

#[test]
fn columns_and_what_fills_them() -> Result<()> {
    swap_twice(
        "CREATE SEQUENCE w.free; CREATE TABLE w.t (gone int, extra text DEFAULT 'a', nr serial, other int DEFAULT nextval('w.free'), name text COMPRESSION pglz COLLATE \"C\", \
         id int NOT NULL CONSTRAINT positive CHECK (id > 0) NO INHERIT, twice int GENERATED ALWAYS AS (id * 2) STORED, CHECK (name <> 'x')); \
         ALTER TABLE w.t DROP gone, ALTER name SET STORAGE EXTERNAL, ALTER id SET STATISTICS 500, ALTER name SET (n_distinct = -0.5, n_distinct_inherited = 3), ALTER twice SET STATISTICS 0; \
         COMMENT ON TABLE w.t IS 'a '' comment'; COMMENT ON COLUMN w.t.id IS 'the \"id\"'; COMMENT ON CONSTRAINT positive ON w.t IS 'above'; \
         CREATE STATISTICS w.st (ndistinct, mcv) ON id, name FROM w.t; CREATE STATISTICS w.ex ON (id % 10) FROM w.t; \
         ALTER TABLE w.t SET (fillfactor = 80, autovacuum_enabled = off, toast.autovacuum_vacuum_threshold = 99), REPLICA IDENTITY FULL",
        &ID_NAME,
    )
}

#[test]
fn grants_and_nothing_more() -> Result<()> {
    let source = source()?;
    for role in ["swap reader", "swap_clerk"] {
        source
            .db
            .exec(&format!("DO $$ BEGIN CREATE ROLE \"{role}\"; EXCEPTION WHEN duplicate_object THEN NULL; END $$"))?;
    }
    swap_twice(
        "CREATE TABLE w.t (id int, name text); GRANT SELECT, REFERENCES ON w.t TO \"swap reader\"; GRANT INSERT ON w.t TO \"swap reader\" WITH GRANT OPTION; \
         GRANT SELECT (id, name), UPDATE (name) ON w.t TO swap_clerk WITH GRANT OPTION; GRANT SELECT (id) ON w.t TO PUBLIC; \
         ALTER DEFAULT PRIVILEGES IN SCHEMA w GRANT SELECT, DELETE ON TABLES TO swap_clerk, PUBLIC",
        &ID_NAME,
    )
}

/// What a new table could not have is named without a definition.
#[test]
fn what_stays_is_told() -> Result<()> {
    let db = Db::new()?;
    db.exec("CREATE SCHEMA w; CREATE TABLE w.t (id int, name text)")?;
    for (made, wanted) in [
        ("CREATE INDEX whole ON w.t ((t IS NULL))", "index whole"),
        (
            "CREATE INDEX targeted ON w.t (lower(name)); ALTER INDEX w.targeted ALTER COLUMN 1 SET STATISTICS 9",
            "index targeted",
        ),
        ("ALTER TABLE w.t ADD CONSTRAINT later CHECK (id > 0) NOT VALID", "check later"),
        ("ALTER TABLE w.t ADD CONSTRAINT slow UNIQUE (id) WITH (fillfactor = 50) DEFERRABLE", "unique key slow"),
        ("ALTER TABLE w.t ADD nr int GENERATED BY DEFAULT AS IDENTITY", "identity nr"),
        ("CREATE STATISTICS public.elsewhere ON id, name FROM w.t", "statistics elsewhere"),
        ("ALTER TABLE w.t ENABLE ROW LEVEL SECURITY", "storage row-level security"),
        ("CREATE PUBLICATION all_tables FOR ALL TABLES", "publication all_tables"),
        ("REVOKE TRUNCATE ON w.t FROM CURRENT_USER", "revoked from owner TRUNCATE"),
        ("CREATE VIEW w.v AS SELECT * FROM w.t", "view w.v"),
    ] {
        db.exec(made)?;
        let all = dependents(&db, "t")?;
        let staying = |item: &&rapidbyte_postgres::relation::Dependent| item.definition.is_none();
        let staying: Vec<String> =
            all.iter().filter(staying).map(|item| format!("{} {}", item.kind, item.name)).collect();
        assert!(staying.iter().any(|item| item == wanted), "{made}: {all:#?}");
    }
    Ok(())
}
