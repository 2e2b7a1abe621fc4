//! The sync file as a whole: what a good one means, that each golden mistake is found at its place, and properties of the
//! parser.

use super::*;
use crate::{
    decision::Disposition,
    observation::Fetch,
    testing::{PASSWORD, file, folders, golden},
    testing_strategies::sync_file,
};
use proptest::prelude::*;

const FULL: &str = r#"
version = 1
name = "shop"
[source]
use = "postgres"
url = "postgres://reader:${PW}@shop.example.org/shop"
port = 5432
[destination]
use = "postgres"
url = "${WAREHOUSE:-postgres://warehouse}"
schema = "raw"
[defaults]
write = "append"
columns = ["a"]
[[stream]]
table = "public.\"Odd name\""
key = ["id"]
columns = ["id", "total"]
where = "price > '$$5'"
into = "orders"
strategy = "insert"
[[stream]]
query = "select 1 as a"
name = "one"
write = "upsert"
[limits]
memory = "256MiB"
batch_rows = 5_000
fetch = "cursor"
parallel = 2
compression = "zstd"
timeout = "2h"
[schema_changes]
new_column = "add"
removed_column = "keep"
type_change = "fail"
nullability = "relax"
[on_row_error]
policy = "fail"
max_rows = 0
"#;

fn env(name: &str) -> Option<String> {
    (name == "PW").then(|| PASSWORD.to_owned())
}

#[test]
fn a_full_file() {
    let spec = parse(FULL, "sync.toml", &env).unwrap();
    let settings: Vec<(&str, &str)> =
        spec.source.settings.iter().map(|(key, value)| (key.as_str(), value.expose())).collect();
    assert_eq!(settings, [("port", "5432"), ("url", "postgres://reader:opensesame@shop.example.org/shop")]);
    assert_eq!(spec.destination.settings[0].1.expose(), "postgres://warehouse");
    assert_eq!(spec.destination.settings.len(), 1);
    assert_eq!(spec.destination_schema.as_deref(), Some("raw"));
    let [table, query] = spec.streams.as_slice() else { panic!("{:?}", spec.streams) };
    assert_eq!(table.reads, Reads::Table(crate::name::ObjectName::new("public", "Odd name")));
    assert_eq!(table.columns.as_deref(), Some(["id".to_owned(), "total".to_owned()].as_slice()));
    assert_eq!(table.filter.as_deref(), Some("price > '$5'"));
    assert_eq!((table.wishes.disposition, table.wishes.strategy), (Disposition::Append, StrategyWish::Insert));
    assert_eq!((query.wishes.disposition, query.columns.as_ref().map(Vec::len)), (Disposition::Upsert, Some(1)));
    let limits = &spec.limits;
    assert_eq!((limits.memory_bytes, limits.batch_rows, limits.timeout_secs), (256 << 20, 5_000, 7_200));
    assert_eq!((limits.fetch, limits.parallel, limits.compression), (Some(Fetch::Cursor), Some(2), Compression::Zstd));
    assert!(!format!("{spec:?}").contains(PASSWORD));
}

/// Where each golden mistake stands, as `line:column` of the first one, and how many there are.
#[test]
fn golden_mistakes() {
    let found = |name: &str| {
        let (_, folder) = folders("sync-errors").into_iter().find(|(found, _)| found == name).unwrap();
        parse(&file(&folder, "sync.toml").unwrap(), "sync.toml", &|_| None).unwrap_err()
    };
    for (name, place, count) in [
        ("unknown-stream-key", (14, 1), 1),
        ("variable-unset", (6, 26), 1),
        ("write-unknown", (14, 9), 1),
        ("columns-twice", (14, 27), 1),
        ("incremental-replace", (14, 8), 1),
        ("stream-twice", (17, 9), 1),
        ("secret-would-be-shown", (14, 9), 1),
        ("bad-toml-twice", (1, 11), 2),
        ("empty", (1, 1), 5),
        ("many-at-once", (1, 11), 14),
        ("verify-unknown", (15, 10), 2),
    ] {
        let mistakes = found(name);
        assert_eq!(((mistakes[0].line, mistakes[0].column), mistakes.len()), (place, count), "{name}: {mistakes:?}");
    }
}

#[test]
fn every_golden_error_is_one_and_tells_no_password() {
    let cases = folders("sync-errors");
    assert!(cases.len() >= 30);
    for (name, folder) in cases {
        let mistakes = parse(&file(&folder, "sync.toml").unwrap(), "sync.toml", &|_| None).unwrap_err();
        let shown: String = mistakes.iter().map(ToString::to_string).collect();
        assert!(shown.starts_with("sync.toml:") && !shown.contains(PASSWORD), "{name}: {shown}");
        let places: Vec<_> = mistakes.iter().map(|mistake| (mistake.line, mistake.column)).collect();
        assert!(places.is_sorted(), "{name}: {places:?}");
    }
}

#[test]
fn limits_are_checked_together() {
    let with = |limits: &str| parse(&FULL.replace("memory = \"256MiB\"", limits), "sync.toml", &env);
    assert!(with("memory = \"32MiB\"").is_ok());
    assert!(with("memory = \"256MiB\"\nbatch_bytes = \"48MiB\"\nrow_bytes = \"16MiB\"").is_ok());
    assert!(with("memory = \"256MiB\"\nbatch_bytes = \"48MiB\"\nrow_bytes = \"17MiB\"").is_err());
}

#[test]
fn a_stream_s_columns_replace_excluded_defaults() {
    let text = FULL.replace("columns = [\"a\"]", "exclude_columns = [\"x\"]");
    let spec = parse(&text, "sync.toml", &env).unwrap();
    assert!(spec.streams[0].exclude_columns.is_empty());
    assert_eq!(spec.streams[1].exclude_columns, ["x"]);
}

/// One edit of a text: a piece of it cut out, doubled, or replaced.
fn edited() -> impl Strategy<Value = String> {
    let base = prop_oneof![Just(FULL.to_owned()), sync_file()];
    let junk = prop_oneof![
        Just("\"".to_owned()),
        Just("${".to_owned()),
        Just("[".to_owned()),
        Just("\\u0000".to_owned()),
        ".{0,4}"
    ];
    (base, any::<prop::sample::Index>(), 0..30_usize, junk).prop_map(|(text, at, length, junk)| {
        let chars: Vec<char> = text.chars().collect();
        let start = at.index(chars.len());
        let end = (start + length).min(chars.len());
        let text = |chars: &[char]| chars.iter().collect::<String>();
        format!("{}{junk}{}", text(&chars[..start]), text(&chars[end..]))
    })
}

/// TOML that is well formed, of the file's own words in any places.
fn well_formed() -> impl Strategy<Value = String> {
    let key = prop::sample::select(vec![
        "version", "name", "use", "url", "table", "tables", "write", "key", "memory", "stream", "limits", "policy",
    ]);
    let value = prop::sample::select(vec![
        "1",
        "-7",
        "1.5",
        "true",
        "\"x\"",
        "[]",
        "[1]",
        "[\"a.b\"]",
        "{}",
        "{a = 1}",
        "1979-05-27",
        "\"${X}\"",
    ]);
    let head = prop::sample::select(vec![
        "",
        "[source]",
        "[destination]",
        "[[stream]]",
        "[limits]",
        "[defaults]",
        "[on_row_error]",
        "[schema_changes]",
    ]);
    prop::collection::vec((head, prop::collection::btree_map(key, value, 0..4)), 0..5).prop_map(|parts| {
        let lines = |(head, keys): (&str, std::collections::BTreeMap<&str, &str>)| {
            let keys: Vec<String> = keys.iter().map(|(key, value)| format!("{key} = {value}")).collect();
            format!("{head}\n{}\n", keys.join("\n"))
        };
        parts.into_iter().map(lines).collect()
    })
}

proptest! {
    /// P1: no text makes the parser panic, and what it refuses it refuses with a mistake inside the text.
    /// P2: no mistake and no spec shows the value of a variable.
    #[test]
    fn any_text(text in prop_oneof![edited(), well_formed(), ".{0,200}"]) {
        match parse(&text, "sync.toml", &|_| Some(PASSWORD.to_owned())) {
            Ok(spec) => {
                prop_assert!(!spec.streams.is_empty());
                if !text.contains(PASSWORD) {
                    let ends = format!("{:?}{:?}", spec.source, spec.destination);
                    prop_assert!(!ends.contains(PASSWORD));
                }
            }
            Err(mistakes) => {
                prop_assert!(!mistakes.is_empty());
                let lines = text.matches('\n').count() + 1;
                for mistake in mistakes {
                    prop_assert!((1..=lines).contains(&mistake.line) && mistake.column >= 1, "{}", mistake);
                    prop_assert!(text.contains(PASSWORD) || !mistake.to_string().contains(PASSWORD), "{}", mistake);
                    prop_assert!(!mistake.message.contains(|c: char| c.is_control()), "{:?}", mistake.message);
                }
            }
        }
    }

    /// P3: a name in double quotes means itself, letter by letter.
    #[test]
    fn quoted_names(namespace in "[^\0]{1,20}", name in "[^\0]{1,20}") {
        let quoted = |part: &str| format!("\"{}\"", part.replace('"', "\"\""));
        let parsed = table_name::parse(&format!("{}.{}", quoted(&namespace), quoted(&name)));
        prop_assert_eq!(parsed, Ok(crate::name::ObjectName::new(namespace, name)));
    }
}

#[test]
fn golden_sync_files_parse() {
    assert!(golden().len() >= 25);
}
