//! `cargo xtask bench matrix`: every size by every way of writing and every compression, in turns.

use super::{
    mode::MODES,
    runner::Measured,
    spread::Spread,
    trial::{Apply, Contender, Trial},
    verdict::Measure,
    wish::Wish,
};
use anyhow::{Result, ensure};
use std::fmt::Write;

const SIZES: [u32; 5] = [1_000, 10_000, 100_000, 1_000_000, 10_000_000];

const COMPRESSIONS: [&str; 3] = ["none", "lz4", "zstd"];

/// Nine ways at ten million rows take half an hour a round.
const REPETITIONS: u32 = 3;

pub(super) fn run(arguments: &[String]) -> Result<()> {
    let wish = Wish::read(arguments, &["rows", "repetitions", "megabits", "out"])?;
    wish.at_most_words(0)?;
    let mut session = super::session("matrix", &wish, REPETITIONS)?;
    let sizes: Vec<u32> = SIZES.into_iter().filter(|size| wish.rows.is_none_or(|most| *size <= most)).collect();
    ensure!(!sizes.is_empty(), "the smallest size is {} rows", SIZES[0]);
    let mut text = String::new();
    for rows in sizes {
        let measured = session.run(&Trial::new("matrix", contenders(rows, wish.megabits)))?;
        let broken = measured.iter().find(|one| one.missing.is_some());
        ensure!(broken.is_none(), "{} must not fail", broken.map_or("", |one| &one.name));
        text.push_str(&table(rows, &measured));
    }
    print!("\n{}{text}", head());
    println!(
        "medians in seconds, with least..most; {} repetitions in turns; content was equal every time",
        session.repetitions
    );
    if let Some(megabits) = wish.megabits {
        println!("through a network of {megabits} Mbit/s before the source");
    }
    println!("results: {}", session.recorder.path().display());
    Ok(())
}

fn contenders(rows: u32, megabits: Option<u32>) -> Vec<Contender> {
    let pairs = MODES.iter().flat_map(|mode| COMPRESSIONS.map(|compression| (mode, compression)));
    let contenders = pairs.map(|(mode, compression)| {
        let limits = format!("compression = \"{compression}\"\n");
        let network = megabits.map_or_else(String::new, |megabits| format!(", {megabits} Mbit/s"));
        mode.contender(
            &format!("{} {compression}{network}", mode.name),
            rows,
            Apply { limits, megabits, ..Apply::default() },
        )
    });
    contenders.collect()
}

fn head() -> String {
    let columns = COMPRESSIONS.map(|compression| format!("{compression:>26}"));
    format!("{:>10} {:<8}{}\n", "rows", "", columns.concat())
}

/// One line for each way, one column for each compression.
fn table(rows: u32, measured: &[Measured]) -> String {
    let mut text = String::new();
    for (mode, cells) in MODES.iter().zip(measured.chunks(COMPRESSIONS.len())) {
        let cell = |one: &Measured| match Spread::of(one.runs.iter().filter_map(|run| Measure::Wall.of(run))) {
            Some(wall) => format!("{:>10.3}{:>16}", wall.median, format!("{:.3}..{:.3}", wall.least, wall.most)),
            None => format!("{:>26}", "-"),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{rows:>10} {:<8}{}", mode.name, cells.iter().map(cell).collect::<String>());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{bench::runner::Run, measure::Cost};

    #[test]
    fn each_way_has_a_line_and_each_compression_a_column() {
        let measured: Vec<Measured> = contenders(1000, None)
            .into_iter()
            .zip(1_u32..)
            .map(|(contender, at)| {
                let cost = Cost { wall_secs: f64::from(at), cpu_secs: 0.0, peak_bytes: 0.0 };
                let runs = vec![Run { round: 1, cost, receipt: None }];
                Measured {
                    name: contender.name,
                    rows: 1000,
                    version: String::new(),
                    runs,
                    missing: None,
                    is_ours: true,
                }
            })
            .collect();
        let text = [head(), table(1000, &measured)].concat();
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines[0], ["rows", "none", "lz4", "zstd"]);
        assert_eq!(
            lines[3],
            ["1000", "upsert", "7.000", "7.000..7.000", "8.000", "8.000..8.000", "9.000", "9.000..9.000"]
        );
        assert_eq!(lines.len(), 4);
    }
}
