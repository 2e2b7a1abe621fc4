//! `cargo xtask bench`: the same table by `psql | psql` and by `rapidbyte apply`, in turns, on a server with fsync on.
//! What arrived is compared every time: a benchmark that never compares content measures nothing.

mod upsert;

use crate::{
    faultless,
    measure::{Cost, cost},
    process, setup,
};
use anyhow::{Context, Result, bail, ensure};
use rapidbyte_throwaway::{Options, Server};
use std::{env, fs, path::Path, process::Command};

const TABLE: &str = include_str!("bench_events.sql");
const ROWS: &str = include_str!("bench_rows.sql");
const NO_TABLE: &str = "DROP TABLE IF EXISTS bench_events";

/// Count and content of the table, whatever the order of its rows.
const CONTENT: &str = "SELECT count(*), sum(hashtextextended(bench_events::text, 0)::numeric) FROM bench_events";

const PIPE: &str = "psql -X -q -v ON_ERROR_STOP=1 -c 'COPY bench_events TO STDOUT (FORMAT binary)' source \
                    | psql -X -q -v ON_ERROR_STOP=1 -c 'COPY bench_events FROM STDIN (FORMAT binary)' target";

/// What was asked on the command line.
#[derive(Debug, PartialEq, Eq)]
struct Wish {
    upsert: bool,
    rows: Option<u32>,
    repetitions: u32,
}

/// Rows of the first bench unless told.
const PIPE_ROWS: u32 = 1_000_000;

/// One way to copy the table.
struct Variant {
    name: &'static str,
    command: Command,
    /// Puts the destination into the state that this way starts from.
    before: String,
    costs: Vec<Cost>,
}

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let wish = wish(arguments)?;
    setup::all()?;
    process::run(process::cargo().args(["build", "--release", "--package", "rapidbyte"]))?;
    let binary = fs::read(process::target_dir().join("release/rapidbyte")).context("cannot read what was built")?;
    ensure!(!faultless::is_marked(&binary), "the release binary has fault points");
    if wish.upsert {
        return upsert::run(&wish);
    }
    let server = Server::start(&options())?;
    let expected = fill(&server, wish.rows.unwrap_or(PIPE_ROWS))?;
    let folder = tempfile::tempdir()?;
    let mut variants = [pipe(&server)?, apply(&server, folder.path())?];
    // The first round compiles the components and warms every cache; it is not counted.
    for round in 0..=wish.repetitions {
        for variant in &mut variants {
            let cost = once(&server, variant, &expected)?;
            println!("round {round}  {:<16}{:8.2} s", variant.name, cost.wall_secs);
            variant.costs.extend((round > 0).then_some(cost));
        }
    }
    print!("{}", summary(&variants));
    Ok(())
}

fn wish(arguments: &[String]) -> Result<Wish> {
    let upsert = arguments.first().is_some_and(|first| first == "upsert");
    let mut wish = Wish { upsert, rows: None, repetitions: 5 };
    for pair in arguments[usize::from(upsert)..].chunks(2) {
        let [name, value] = pair else { bail!("{} needs a number", pair.concat()) };
        let number = value.parse().with_context(|| format!("{name} needs a number, not {value:?}"))?;
        match name.as_str() {
            "--rows" => wish.rows = Some(number),
            "--repetitions" => wish.repetitions = number,
            unknown => bail!("bench knows upsert, --rows and --repetitions, not {unknown}"),
        }
    }
    ensure!(wish.repetitions > 0, "a bench of no repetitions measures nothing");
    Ok(wish)
}

fn options() -> Options {
    // The defaults are for the smallest machine; these keep checkpoints out of a run of a few seconds.
    let settings = [("shared_buffers", "512MB"), ("max_wal_size", "4GB"), ("checkpoint_timeout", "1h")];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Options { durable: true, settings: settings.into(), ..Options::default() }
}

/// Makes both databases, fills the source and returns its content.
fn fill(server: &Server, rows: u32) -> Result<String> {
    server.create_database("source")?;
    server.create_database("target")?;
    fill_table(server, "source", rows)?;
    let width = "SELECT pg_relation_size('bench_events') / greatest(count(*), 1) FROM bench_events";
    println!("bench_events: {rows} rows of {} bytes in the heap", server.psql("source", width)?);
    Ok(server.psql("source", CONTENT)?)
}

fn fill_table(server: &Server, database: &str, rows: u32) -> Result<()> {
    server.psql(database, TABLE)?;
    server.psql_with(&[("rows", &rows.to_string())], database, ROWS)?;
    Ok(())
}

fn pipe(server: &Server) -> Result<Variant> {
    let mut path = vec![server.binaries().directory().to_owned()];
    path.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    let mut command = Command::new("sh");
    server.tell(&mut command);
    command.args(["-c", PIPE]).env("PATH", env::join_paths(path)?);
    Ok(Variant { name: "psql | psql", command, before: TABLE.to_owned(), costs: Vec::new() })
}

fn apply(server: &Server, folder: &Path) -> Result<Variant> {
    let sync = folder.join("sync.toml");
    fs::write(&sync, sync_file(server, "write = \"replace\"\n"))
        .with_context(|| format!("cannot write {}", sync.display()))?;
    let mut command = Command::new(process::target_dir().join("release/rapidbyte"));
    command.arg("apply").arg(sync).args(["--yes", "--no-progress", "--report"]).arg(folder.join("receipt.json"));
    Ok(Variant { name: "rapidbyte apply", command, before: NO_TABLE.to_owned(), costs: Vec::new() })
}

/// A sync of the one table; `write` is how.
fn sync_file(server: &Server, write: &str) -> String {
    let end = |name, database| format!("[{name}]\nuse = \"postgres\"\nurl = \"{}\"\n\n", server.url(database));
    let stream = format!("[[stream]]\ntable = \"public.bench_events\"\n{write}");
    ["version = 1\nname = \"bench\"\n\n", &end("source", "source"), &end("destination", "target"), &stream].concat()
}

fn once(server: &Server, variant: &Variant, expected: &str) -> Result<Cost> {
    server.psql("target", &variant.before)?;
    server.psql("target", "CHECKPOINT")?;
    let cost = cost(&variant.command).context(variant.name)?;
    let arrived = server.psql("target", CONTENT)?;
    ensure!(arrived == expected, "{}: count|content are {arrived}, not {expected}", variant.name);
    Ok(cost)
}

/// Medians of each way, the spread of its wall times, and how the last compares with the first.
fn summary(variants: &[Variant]) -> String {
    let head = format!("\n{:<16}{:>9}{:>18}{:>11}{:>11}\n", "", "wall s", "least..most", "CPU s", "peak MB");
    let rows = variants.iter().map(|variant| {
        let wall = spread(&variant.costs, |cost| cost.wall_secs);
        let cpu = spread(&variant.costs, |cost| cost.cpu_secs);
        let peak_mb = spread(&variant.costs, |cost| cost.peak_bytes).median / 1e6;
        let range = format!("{:.2}..{:.2}", wall.least, wall.most);
        format!("{:<16}{:>9.2}{range:>18}{:>11.2}{peak_mb:>11.0}\n", variant.name, wall.median, cpu.median)
    });
    let table: Vec<String> = std::iter::once(head).chain(rows).collect();
    let medians: Vec<f64> =
        variants.iter().map(|variant| spread(&variant.costs, |cost| cost.wall_secs).median).collect();
    let ratio = medians.last().zip(medians.first()).map_or(f64::NAN, |(last, first)| last / first);
    format!(
        "{}ratio of the medians: {ratio:.2}; content was equal every time; CPU is the clients' own\n",
        table.concat()
    )
}

struct Spread {
    least: f64,
    median: f64,
    most: f64,
}

/// NaN where there is nothing; of an even number the upper of the two middle ones is the median.
fn spread(costs: &[Cost], field: impl Fn(&Cost) -> f64) -> Spread {
    let mut values: Vec<f64> = costs.iter().map(field).collect();
    values.sort_by(f64::total_cmp);
    let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
    Spread { least: at(0), median: at(values.len() / 2), most: at(values.len().saturating_sub(1)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn wishes_are_read() {
        assert_eq!(wish(&[]).unwrap(), Wish { upsert: false, rows: None, repetitions: 5 });
        assert_eq!(
            wish(&words("--repetitions 2 --rows 10")).unwrap(),
            Wish { upsert: false, rows: Some(10), repetitions: 2 }
        );
        assert_eq!(wish(&words("upsert --rows 7")).unwrap(), Wish { upsert: true, rows: Some(7), repetitions: 5 });
        for wrong in ["--rows", "--rows many", "--columns 3", "--repetitions 0", "insert"] {
            assert!(wish(&words(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn spread_is_of_the_sorted_values() {
        let costs: Vec<Cost> =
            [3.0, 1.0, 2.0].map(|wall_secs| Cost { wall_secs, cpu_secs: 0.0, peak_bytes: 0.0 }).into();
        let spread = spread(&costs, |cost| cost.wall_secs);
        assert_eq!((spread.least.to_bits(), spread.median.to_bits(), spread.most.to_bits()), {
            (1.0_f64.to_bits(), 2.0_f64.to_bits(), 3.0_f64.to_bits())
        });
    }

    /// The yardstick itself, at a small size: the table is filled, the pipe copies it, and its content arrives.
    #[test]
    fn the_pipe_copies_the_table() {
        let server = Server::start(&Options::default()).unwrap();
        let expected = fill(&server, 1000).unwrap();
        server.psql("target", TABLE).unwrap();
        let status = pipe(&server).unwrap().command.status().unwrap();
        assert!(status.success());
        assert_eq!(server.psql("target", CONTENT).unwrap(), expected);
        assert!(expected.starts_with("1000|"), "{expected}");
    }
}
