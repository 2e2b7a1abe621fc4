//! What is copied: tables, how they are filled, and how their content is told. Pure: names and SQL, no server.

/// Tables with rows that are the same every time. `:rows` in the SQL is how many.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Workload {
    pub(super) name: &'static str,
    /// The one table, for tools that copy one; of several it is the first.
    pub(super) table: &'static str,
    /// The stream of a sync file, without how it is written.
    pub(super) stream: &'static str,
    /// Makes the tables, empty.
    pub(super) tables: &'static str,
    /// Fills them at the source.
    pub(super) rows: &'static str,
    /// Fills them at the destination, where it holds rows before a run.
    pub(super) there: &'static str,
    /// Count and content at the destination, whatever the order of the rows, and how many primary keys.
    pub(super) content: &'static str,
    /// The same at the source, as it must be afterwards.
    pub(super) expected: &'static str,
}

const CONTENT: &str = include_str!("sql/events_content.sql");
const NUMBERS_CONTENT: &str = include_str!("sql/numbers_content.sql");
const WIDE_CONTENT: &str = include_str!("sql/wide_content.sql");
const NARROW_CONTENT: &str = include_str!("sql/narrow_content.sql");
const EIGHT_CONTENT: &str = include_str!("sql/eight_content.sql");

/// Seven columns of common types with a key, about 108 bytes a row.
pub(super) static EVENTS: Workload = Workload {
    name: "events",
    table: "bench_events",
    stream: "table = \"public.bench_events\"\n",
    tables: include_str!("sql/events.sql"),
    rows: include_str!("sql/events_rows.sql"),
    there: "",
    content: CONTENT,
    expected: CONTENT,
};

/// The same without a key, at either end.
pub(super) static PLAIN: Workload = Workload { name: "plain", tables: include_str!("sql/plain.sql"), ..EVENTS };

/// The same onto a table that holds as many rows, half of them with keys that come again.
pub(super) static UPSERT: Workload = Workload {
    name: "upsert",
    rows: concat!(include_str!("sql/events_rows.sql"), include_str!("sql/upsert_rows.sql")),
    there: include_str!("sql/upsert_there.sql"),
    expected: include_str!("sql/upsert_expected.sql"),
    ..EVENTS
};

/// A text of 66 KB in each row.
pub(super) static WIDE: Workload = Workload {
    name: "wide",
    table: "bench_wide",
    stream: "table = \"public.bench_wide\"\n",
    tables: include_str!("sql/wide.sql"),
    rows: include_str!("sql/wide_rows.sql"),
    there: "",
    content: WIDE_CONTENT,
    expected: WIDE_CONTENT,
};

/// A text of 1 MiB in each row.
pub(super) static BIG: Workload = Workload { name: "big", rows: include_str!("sql/big_rows.sql"), ..WIDE };

/// Twenty columns of numeric and jsonb.
pub(super) static NUMBERS: Workload = Workload {
    name: "numbers",
    table: "bench_numbers",
    stream: "table = \"public.bench_numbers\"\n",
    tables: include_str!("sql/numbers.sql"),
    rows: include_str!("sql/numbers_rows.sql"),
    there: "",
    content: NUMBERS_CONTENT,
    expected: NUMBERS_CONTENT,
};

/// Two numbers in each row.
pub(super) static NARROW: Workload = Workload {
    name: "narrow",
    table: "bench_narrow",
    stream: "table = \"public.bench_narrow\"\n",
    tables: include_str!("sql/narrow.sql"),
    rows: include_str!("sql/narrow_rows.sql"),
    there: "",
    content: NARROW_CONTENT,
    expected: NARROW_CONTENT,
};

/// The rows of [`EVENTS`] in eight tables.
pub(super) static EIGHT: Workload = Workload {
    name: "eight",
    table: "bench_1",
    stream: "tables = [\"public.*\"]\n",
    tables: include_str!("sql/eight.sql"),
    rows: include_str!("sql/eight_rows.sql"),
    there: "",
    content: EIGHT_CONTENT,
    expected: EIGHT_CONTENT,
};
