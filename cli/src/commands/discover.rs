//! `rapidbyte discover`: the streams that the source offers.

use super::Format;
use crate::{
    failure::{DONE, ExitCode, Failure},
    runtime::Runtime,
    sync_file,
    ui::{BOLD, DIM, Ui},
};
use rapidbyte_plans::{
    catalog::{Catalog, CatalogStream},
    figures::count,
    name::visible,
};
use std::{fmt::Write, path::PathBuf};

const EXAMPLES: &str = "\
Examples:
  rapidbyte discover sync.toml
  rapidbyte discover sync.toml --format json | jq -r '.streams[].name.name'";

/// List the streams that the source offers: columns, keys, estimates
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The sync file
    #[arg(value_name = "SYNC.toml")]
    sync: PathBuf,

    /// How to print the streams
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

pub(crate) fn run(ui: Ui, args: &Args) -> Result<ExitCode, Failure> {
    let spec = sync_file::read(&args.sync)?;
    let engine = super::engine(ui)?;
    let catalog = Runtime::new()?.run(async { Ok(engine.discover(&spec.source).await?) })?;
    ui.result(&match args.format {
        Format::Text => text(&catalog),
        Format::Json => {
            format!("{:#}", serde_json::json!({ "schema": "rapidbyte.catalog/1", "streams": catalog.streams }))
        }
    })?;
    Ok(DONE)
}

fn text(catalog: &Catalog) -> String {
    if catalog.streams.is_empty() {
        return "The source offers no stream that this user may read.".to_owned();
    }
    catalog.streams.iter().map(stream_text).collect::<Vec<_>>().join("\n")
}

fn stream_text(stream: &CatalogStream) -> String {
    let rows =
        stream.statistics.rows.map_or_else(|| "rows unknown".to_owned(), |rows| format!("about {} rows", count(rows)));
    let mut text = format!("{BOLD}{}{BOLD:#}  {DIM}{}, {rows}{DIM:#}\n", stream.name, kind(stream));
    let width = stream.columns.iter().map(|(name, _)| visible(name).chars().count()).max().unwrap_or(0);
    for (name, native) in &stream.columns {
        let key = if stream.key.contains(name) { "  key" } else { "" };
        // Writing to a String does not fail.
        let _ = writeln!(text, "  {:width$}  {}{key}", visible(name), visible(native));
    }
    text
}

fn kind(stream: &CatalogStream) -> &'static str {
    use rapidbyte_plans::observation::RelationKind::{
        ForeignTable, MaterializedView, Other, PartitionedTable, Table, View,
    };
    match stream.kind {
        Table => "table",
        PartitionedTable => "partitioned table",
        ForeignTable => "foreign table",
        View => "view",
        MaterializedView => "materialized view",
        Other => "relation",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rapidbyte_plans::{
        name::ObjectName,
        observation::{RelationKind, Statistics},
    };

    #[test]
    fn streams_are_listed_with_columns_keys_and_estimates() {
        let column = |name: &str, native: &str| (name.to_owned(), native.to_owned());
        let orders = CatalogStream {
            name: ObjectName::new("public", "orders"),
            kind: RelationKind::Table,
            columns: vec![column("id", "bigint"), column("placed_at", "timestamp with time zone")],
            key: vec!["id".to_owned()],
            statistics: Statistics { rows: Some(30_000), bytes_per_row: Some(64) },
        };
        let hostile = CatalogStream {
            name: ObjectName::new("public", "a\u{1b}[2Jb"),
            kind: RelationKind::View,
            columns: vec![column("x\ny", "text")],
            key: Vec::new(),
            statistics: Statistics::default(),
        };
        let shown = text(&Catalog { streams: vec![orders, hostile] });
        insta::assert_snapshot!(anstream::adapter::strip_str(&shown).to_string(), @r"
        public.orders  table, about 30,000 rows
          id         bigint  key
          placed_at  timestamp with time zone

        public.a\u{1b}[2Jb  view, rows unknown
          x\u{a}y  text
        ");
    }
}
