//! Strategies for what incremental streams are seen with.

use crate::observation::{SeenCheckpoint, SourceCursor, Step};
use proptest::{option, prelude::*, sample::select};

pub(crate) fn cursor() -> BoxedStrategy<Option<SourceCursor>> {
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), proptest::bool::weighted(0.1));
    let step = select(vec![Step::None, Step::Number, Step::Time]);
    let cursor = (flags, step, proptest::bool::weighted(0.1)).prop_map(
        |((nullable, indexed, versions, is_version), step, refused)| SourceCursor {
            native: "bigint".to_owned(),
            step,
            nullable: nullable && !is_version,
            indexed,
            versions,
            is_version,
            refused: refused.then(|| "so it is".to_owned()),
            access: indexed.then(|| "Index Scan using i on t".to_owned()),
            access_late: versions.then(|| "Seq Scan on t".to_owned()),
        },
    );
    option::weighted(0.9, cursor).boxed()
}

pub(crate) fn checkpoint() -> BoxedStrategy<Option<SeenCheckpoint>> {
    let checkpoint = (select(vec!["id", "a"]), any::<bool>()).prop_map(|(cursor, same_target)| SeenCheckpoint {
        cursor: cursor.to_owned(),
        native: "bigint".to_owned(),
        scope: "0123456789abcdef".to_owned(),
        same_target,
        run: "r1".to_owned(),
    });
    option::of(checkpoint).boxed()
}

/// What a stream with this `write` says of `sync`.
pub(crate) fn sync() -> BoxedStrategy<String> {
    let more =
        ["", "", "overlap = 5\n", "overlap = \"5m\"\n", "late_commits = \"guard\"\n", "late_commits = \"accept\"\n"];
    let nulls = ["", "null_cursor = \"never\"\n"];
    let incremental = (select(vec!["id", "a"]), select(more.to_vec()), select(nulls.to_vec()))
        .prop_map(|(cursor, more, nulls)| format!("sync = \"incremental\"\ncursor = \"{cursor}\"\n{more}{nulls}"));
    prop_oneof![Just(String::new()), incremental].boxed()
}
