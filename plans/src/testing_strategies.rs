//! Random worlds for property tests: any mixture of facts that the contract's types can hold, not only sensible ones.
//! The larger strategies are boxed: their trees by value would not fit the stack of a test's thread.

use crate::testing_incremental::{checkpoint, cursor, sync};
use crate::{
    decision::{Effect, Phase, Statement},
    name::ObjectName,
    observation::{
        Carriage, ColumnFit, Comparison, Dependent, End, Extent, Fetch, FitLabel, Identity, Observation, Privilege,
        QuarantineState, RangeKey, RelationKind, SourceColumn, SourceStream, Statistics, StreamObservation,
        TargetColumn, TargetKey, TargetState,
    },
};
use proptest::{collection::vec, option, prelude::*, sample::select, sample::subsequence};

/// Few names, so that source, target and keys meet; some are hostile.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        20 => select(vec!["id", "id", "a", "b", "c"]).prop_map(str::to_owned),
        1 => Just("x\u{1b}[31m\u{202e}\"".to_owned()),
        1 => "y{60,70}",
        1 => ".{0,6}",
    ]
}

fn native() -> impl Strategy<Value = String> {
    select(vec!["bigint", "text", "numeric(10,2)"]).prop_map(str::to_owned)
}

fn kind() -> impl Strategy<Value = RelationKind> {
    prop_oneof![
        8 => Just(RelationKind::Table),
        2 => Just(RelationKind::PartitionedTable),
        1 => Just(RelationKind::ForeignTable),
        1 => Just(RelationKind::View),
        1 => select(vec![RelationKind::MaterializedView, RelationKind::Other]),
    ]
}

fn source_column() -> BoxedStrategy<SourceColumn> {
    (name(), native(), any::<bool>(), option::weighted(0.03, Just("permission denied".to_owned())))
        .prop_map(|(name, native, nullable, refused)| SourceColumn {
            name,
            native,
            arrow: "Utf8".to_owned(),
            carriage: Carriage::Arrow,
            nullable,
            comment: None,
            refused,
        })
        .boxed()
}

fn statistics() -> BoxedStrategy<Statistics> {
    let edge = |max: u64| prop_oneof![0..20_000_u64, Just(0), Just(max)];
    (option::of(edge(u64::MAX)), option::of(edge(u32::MAX.into())))
        .prop_map(|(rows, width)| Statistics { rows, bytes_per_row: width.and_then(|width| u32::try_from(width).ok()) })
        .boxed()
}

fn source() -> BoxedStrategy<SourceStream> {
    let fetches = prop_oneof![
        5 => Just(vec![Fetch::Copy, Fetch::Cursor]),
        1 => Just(vec![Fetch::Cursor]),
        1 => Just(vec![]),
    ];
    (
        kind(),
        vec(source_column(), 0..5),
        vec(name(), 0..2),
        vec(vec(name(), 0..2), 0..2),
        statistics(),
        fetches,
        proptest::bool::weighted(0.9),
        cursor(),
        any::<bool>(),
    )
        .prop_map(|(kind, mut columns, key, unique_keys, statistics, fetches, distinct, cursor, placed)| {
            // Mostly distinct names and a key without NULLs: otherwise everything is refused and little is tried.
            if distinct {
                let mut seen = std::collections::BTreeSet::new();
                columns.retain(|column| seen.insert(column.name.clone()));
            }
            for column in &mut columns {
                column.nullable &= !key.contains(&column.name);
            }
            let schema_sha256 = "00".repeat(32);
            let dependents = Vec::new();
            let blocks = |rows: u64| Extent { blocks: rows / 10, bytes: rows.saturating_mul(800) };
            let native = "bigint".to_owned();
            let ranges = columns.first().map(|column| RangeKey { column: column.name.clone(), native });
            SourceStream {
                kind,
                columns,
                schema_sha256,
                key,
                unique_keys,
                comment: None,
                dependents,
                cursor,
                statistics,
                rows_in_all: None,
                extent: statistics.rows.map(blocks).filter(|_| placed),
                ranges: ranges.filter(|_| !placed),
                fetches,
                fetch_note: None,
            }
        })
        .boxed()
}

fn target_column() -> BoxedStrategy<TargetColumn> {
    let identity = prop_oneof![4 => Just(Identity::None), 1 => Just(Identity::Always), 1 => Just(Identity::ByDefault)];
    (name(), native(), any::<bool>(), proptest::bool::weighted(0.2), proptest::bool::weighted(0.1), identity)
        .prop_map(|(name, native, nullable, has_default, generated, identity)| TargetColumn {
            name,
            native,
            nullable,
            has_default,
            generated,
            identity,
            comment: None,
        })
        .boxed()
}

fn target_key() -> BoxedStrategy<TargetKey> {
    let rare = || proptest::bool::weighted(0.1);
    (name(), vec(name(), 0..3), any::<bool>(), rare(), rare(), rare(), rare())
        .prop_map(|(name, columns, primary, partial, expression, deferrable, nulls_not_distinct)| TargetKey {
            name,
            columns,
            primary,
            partial,
            expression,
            otherwise: false,
            deferrable,
            nulls_not_distinct,
        })
        .boxed()
}

fn dependent() -> BoxedStrategy<Dependent> {
    let kinds = vec![
        "view",
        "trigger",
        "rule",
        "policy",
        "foreign key from",
        "foreign key to",
        "child",
        "grant",
        "generated",
        "index",
        "cascading foreign key from",
    ];
    let definition = proptest::bool::ANY.prop_map(|carried| carried.then(|| "USING btree (id)".to_owned()));
    let made = |(kind, name, definition): (&str, String, _)| Dependent { kind: kind.to_owned(), name, definition };
    (select(kinds), name(), definition).prop_map(made).boxed()
}

fn privileges() -> BoxedStrategy<Vec<Privilege>> {
    use Privilege::{CreateInSchema, Delete, Insert, Load, Own, Record, Select, Stage, Truncate, Update};
    let all = vec![Select, Insert, Update, Delete, Truncate, Own, CreateInSchema, Stage, Record, Load];
    prop_oneof![3 => Just(all.clone()), 2 => subsequence(all, 0..=10)].boxed()
}

fn carried(key: &TargetKey) -> Dependent {
    let definition = Some("PRIMARY KEY (id)".to_owned());
    Dependent { kind: "primary key".to_owned(), name: key.name.clone(), definition }
}

/// A target for a source: its fits, and columns that mostly answer the source's.
fn target(source: &SourceStream, target: ObjectName) -> BoxedStrategy<TargetState> {
    let columns = source.columns.clone();
    let like: Vec<TargetColumn> = columns
        .iter()
        .map(|column| TargetColumn {
            name: column.name.clone(),
            native: column.native.clone(),
            nullable: column.nullable,
            has_default: false,
            generated: false,
            identity: Identity::None,
            comment: None,
        })
        .collect();
    let label = prop_oneof![20 => Just(FitLabel::Exact), 4 => Just(FitLabel::Widened), 1 => Just(FitLabel::Refused)];
    let labels = vec((label, proptest::bool::weighted(0.9), proptest::bool::weighted(0.1)), columns.len());
    let there = prop_oneof![3 => Just(like), 1 => vec(target_column(), 0..5).prop_map(one_of_each_name)];
    let primary: Vec<TargetKey> =
        (!source.key.is_empty()).then(|| primary(&target.name, &source.key)).into_iter().collect();
    let keys = prop_oneof![2 => Just(primary), 1 => vec(target_key(), 0..3)];
    let rare = || proptest::bool::weighted(0.1);
    let flags = (any::<bool>(), rare(), proptest::bool::weighted(0.9), rare(), rare(), any::<bool>());
    let pointing = Dependent { kind: "foreign key from".to_owned(), name: "items_fkey".to_owned(), definition: None };
    let hanging = prop_oneof![4 => Just(vec![]), 2 => vec(dependent(), 0..3), 3 => Just(vec![pointing])];
    (option::weighted(0.7, kind()), there, labels, keys, flags, hanging, privileges(), option::of(0..99_u64))
        .prop_map(move |(kind, there, labels, keys, flags, mut dependents, privileges, rows)| {
            let absent = kind.is_none();
            dependents.extend(keys.iter().filter(|_| flags.5).map(carried));
            TargetState {
                name: target.clone(),
                kind,
                schema_exists: flags.0 || !absent,
                columns: if absent { vec![] } else { there },
                fits: columns
                    .iter()
                    .zip(labels)
                    .map(|(column, (label, literal, made))| fit(column, label, literal, made && absent))
                    .collect(),
                keys: if absent { vec![] } else { keys },
                row_level_security: flags.1 && !absent,
                insertable: flags.2,
                temporary: flags.3 && !absent,
                unlogged: flags.4 && !absent,
                dependents: if absent { vec![] } else { dependents },
                privileges,
                rows,
                filled_by_us: flags.5,
                changed_by_others: !flags.5 && flags.1,
                comment: None,
            }
        })
        .boxed()
}

/// No table has two columns of one name.
fn one_of_each_name(mut columns: Vec<TargetColumn>) -> Vec<TargetColumn> {
    let mut names = std::collections::BTreeSet::new();
    columns.retain(|column| names.insert(column.name.clone()));
    columns
}

fn primary(table: &str, columns: &[String]) -> TargetKey {
    TargetKey {
        name: format!("{table}_pkey"),
        columns: columns.to_vec(),
        primary: true,
        partial: false,
        expression: false,
        otherwise: false,
        deferrable: false,
        nulls_not_distinct: false,
    }
}

fn fit(column: &SourceColumn, label: FitLabel, literal: bool, made: bool) -> ColumnFit {
    let sql = "CREATE TYPE mood".to_owned();
    let made =
        made.then(|| Statement { phase: Phase::Setup, effect: Effect::Create, sql, purpose: "type mood".to_owned() });
    ColumnFit {
        column: column.name.clone(),
        target: column.native.clone(),
        label,
        note: (label != FitLabel::Exact).then(|| "so it is".to_owned()),
        literal,
        nested: column.native.ends_with("[]"),
        types: made.into_iter().collect(),
        alter: (label == FitLabel::Refused).then(|| "text".to_owned()),
        compared: Comparison {
            obstacle: (label == FitLabel::Widened && !literal).then(|| "it reads otherwise".to_owned()),
            ..Comparison::default()
        },
    }
}

fn end(endpoint: &str, read_only: bool) -> End {
    End {
        connector: "postgres".to_owned(),
        component_sha256: "00".repeat(32),
        product: "PostgreSQL 15.18".to_owned(),
        endpoint: endpoint.to_owned(),
        user: "loader".to_owned(),
        tls: "disable".to_owned(),
        read_only,
    }
}

/// What a sync file without such a policy does not ask for is passed over.
fn quarantine(index: usize) -> BoxedStrategy<Option<QuarantineState>> {
    let name = ObjectName::new("raw", format!("s{index}__rejected"));
    let unfit = option::weighted(0.1, Just("it has other columns".to_owned()));
    let state = (any::<bool>(), proptest::bool::weighted(0.8), unfit).prop_map(move |(exists, may_insert, unfit)| {
        QuarantineState { name: name.clone(), exists, may_insert, unfit: unfit.filter(|_| exists) }
    });
    option::weighted(0.9, state).boxed()
}

/// An observation of streams `public.s0` to `public.s2`, whose targets are in schema `raw`.
pub(crate) fn observation() -> impl Strategy<Value = Observation> {
    let stream = |index: usize| {
        source().prop_flat_map(move |source| {
            let name = ObjectName::new("raw", format!("s{index}"));
            (target(&source, name), checkpoint(), quarantine(index)).prop_map(
                move |(target, checkpoint, quarantine)| StreamObservation {
                    stream: format!("public.s{index}"),
                    source: source.clone(),
                    target,
                    ignored: Vec::new(),
                    checkpoint,
                    quarantine,
                },
            )
        })
    };
    (stream(0), stream(1), stream(2), 1..=3_usize, proptest::bool::weighted(0.05)).prop_map(
        |(a, b, c, count, read_only)| {
            let mut streams = vec![a, b, c];
            streams.truncate(count);
            Observation {
                source: end("shop:5432/shop", false),
                destination: end("wh:5432/wh", read_only),
                bookkeeping: vec![],
                last_run: None,
                streams,
                columnless: vec![],
                cores: 2,
            }
        },
    )
}

/// A sync file for [`observation`]: three streams with any wishes, any limits.
pub(crate) fn sync_file() -> impl Strategy<Value = String> {
    let word = |words: &[&'static str]| select(words.to_vec());
    let verify = word(&["", "", "verify = \"counts\"\n", "verify = \"checksum\"\n"]);
    let stream = (
        word(&["append", "replace", "upsert"]),
        word(&["auto", "auto", "auto", "copy", "insert", "upsert"]),
        word(&["", "", "key = [\"id\"]\n", "key = [\"a\", \"b\"]\n"]),
        sync(),
        verify,
    );
    let limits =
        word(&["", "", "fetch = \"cursor\"\n", "batch_rows = 1\n", "batch_bytes = \"64KiB\"\n", "parallel = 4\n"]);
    let changes = word(&[
        "",
        "",
        "type_change = \"widen\"\n",
        "new_column = \"fail\"\nnullability = \"fail\"\n",
        "removed_column = \"fail\"\n",
    ]);
    let refused =
        word(&["", "", "", "", "policy = \"skip\"\nmax_rows = 1\n", "policy = \"quarantine\"\nmax_rows = 9\n"]);
    (vec(stream, 3), limits, changes, refused).prop_map(|(streams, limits, changes, refused)| {
        let mut text = format!(
            "version = 1\nname = \"shop\"\n[source]\nuse = \"postgres\"\nurl = \"postgres://reader:{password}@shop/shop\"\n\
             [destination]\nuse = \"postgres\"\npassword = \"{password}\"\nschema = \"raw\"\n",
            password = super::testing::PASSWORD
        );
        for (index, (write, strategy, key, sync, verify)) in streams.into_iter().enumerate() {
            let head = format!("[[stream]]\ntable = \"public.s{index}\"\n");
            // A replace is never incremental: the file itself would be wrong.
            let sync = if write == "replace" { String::new() } else { sync };
            text = format!("{text}{head}write = \"{write}\"\nstrategy = \"{strategy}\"\n{key}{sync}{verify}");
        }
        text + "[limits]\n" + limits + "[schema_changes]\n" + changes + "[on_row_error]\n" + refused
    })
}
