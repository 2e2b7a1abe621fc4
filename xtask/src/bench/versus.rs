//! `cargo xtask bench [NAME]`: one workload by Rapidbyte and by those it is to be held against, of any size.

use super::{
    goals, peers,
    runner::Measured,
    spread::Spread,
    trial::{Contender, Trial, Way},
    verdict::Measure,
    wish::Wish,
};
use anyhow::{Context, Result, ensure};
use std::fmt::Write;

/// What is copied unless told.
const DEFAULT: &str = "keyed";

/// Whom Rapidbyte runs against unless told.
const AGAINST: &str = "psql";

/// Enough to see a difference of a tenth on a quiet machine.
const REPETITIONS: u32 = 5;

pub(super) fn run(arguments: &[String]) -> Result<()> {
    let wish = Wish::read(arguments, &["rows", "repetitions", "vs", "out"])?;
    wish.at_most_words(1)?;
    let name = wish.words.first().map_or(DEFAULT, String::as_str);
    let trial = trial(name, &wish)?;
    let mut session = super::session(trial.name, &wish, REPETITIONS)?;
    let measured = session.run(&trial)?;
    print!("\n{}", summary(&measured));
    println!("results: {}", session.recorder.path().display());
    let broken = measured.iter().find(|one| one.is_ours && one.missing.is_some());
    ensure!(broken.is_none(), "{} must not fail", broken.map_or("", |one| &one.name));
    Ok(())
}

/// The trial of that name, with the contenders and the rows that were asked for.
fn trial(name: &str, wish: &Wish) -> Result<Trial> {
    let mut all = goals::trials();
    let names: Vec<&str> = all.iter().map(|trial| trial.name).collect();
    let at = names.iter().position(|known| *known == name);
    let at = at.with_context(|| format!("there is no bench {name:?}; there are {}", names.join(", ")))?;
    let mut trial = all.swap_remove(at);
    let asked = |contender: &Contender| match contender.way {
        Way::Apply(_) | Way::Plan => true,
        _ if wish.against.is_empty() => !matches!(contender.way, Way::Peer(_)),
        _ => wish.against.contains(&contender.name),
    };
    trial.contenders.retain(asked);
    let (workload, rows) = (trial.contenders[0].workload, trial.contenders[0].rows);
    let alone = trial.contenders.len() == 1 && wish.against.is_empty();
    for other in wish.against.iter().map(String::as_str).chain(alone.then_some(AGAINST)) {
        if !trial.contenders.iter().any(|contender| contender.name == other) {
            trial.contenders.push(match other {
                "psql" => Contender::pipe(workload, rows),
                _ => Contender::peer(peers::named(other).with_context(|| unknown(other))?, workload, rows),
            });
        }
    }
    for contender in &mut trial.contenders {
        contender.rows = wish.rows.unwrap_or(contender.rows);
    }
    Ok(trial)
}

fn unknown(name: &str) -> String {
    let names: Vec<&str> = peers::PEERS.iter().map(|peer| peer.name).collect();
    format!("nobody knows {name:?}; there are psql, {}", names.join(", "))
}

/// Medians of each contender, the spread of its wall times, and how it compares with the first.
pub(super) fn summary(measured: &[Measured]) -> String {
    let spread = |one: &Measured, measure: Measure| Spread::of(one.runs.iter().filter_map(|run| measure.of(run)));
    let first = measured.first().and_then(|one| spread(one, Measure::Wall));
    let mut text = format!(
        "{:<22}{:>10}{:>9}{:>17}{:>9}{:>9}{:>8}\n",
        "", "rows", "wall s", "least..most", "CPU s", "peak MB", "ratio"
    );
    for one in measured {
        let found = spread(one, Measure::Wall).zip(spread(one, Measure::Cpu)).zip(spread(one, Measure::Peak));
        // Writing to a string cannot fail.
        let _ = match (found, &one.missing) {
            (Some(((wall, cpu), peak)), _) => {
                let range = format!("{:.2}..{:.2}", wall.least, wall.most);
                let (cpu, peak_mb) = (cpu.median, peak.median / 1e6);
                let ratio = first.map_or(f64::NAN, |first| wall.median / first.median);
                let (name, rows, wall) = (&one.name, one.rows, wall.median);
                writeln!(text, "{name:<22}{rows:>10}{wall:>9.2}{range:>17}{cpu:>9.2}{peak_mb:>9.0}{ratio:>8.2}")
            }
            (None, reason) => {
                writeln!(text, "{:<22}{:>10}  MISSING: {}", one.name, one.rows, reason.as_deref().unwrap_or("no run"))
            }
        };
    }
    text.push_str(
        "medians; the ratio is to the first line; content was equal every time; CPU and peak are the clients' own\n",
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{bench::runner::Run, measure::Cost};

    fn names(name: &str, arguments: &str) -> Vec<String> {
        let words: Vec<String> = arguments.split_whitespace().map(str::to_owned).collect();
        let wish = Wish::read(&words, &["rows", "vs"]).unwrap();
        trial(name, &wish).unwrap().contenders.into_iter().map(|contender| contender.name).collect()
    }

    #[test]
    fn contenders_are_those_asked_for() {
        assert_eq!(names("keyed", ""), ["rapidbyte", "psql"]);
        assert_eq!(names("plain", ""), ["rapidbyte", "psql"]);
        assert_eq!(names("keyed", "--vs pgcopydb,dlt"), ["rapidbyte", "pgcopydb", "dlt"]);
        assert_eq!(names("insert", ""), ["INSERT", "COPY", "unnest"]);
        let wish = |against: &str| Wish { against: vec![against.to_owned()], ..Wish::default() };
        assert!(trial("keyed", &wish("airbyte")).is_err());
        assert!(trial("speed", &Wish::default()).is_err());
    }

    #[test]
    fn rows_are_those_asked_for() {
        let wish = Wish { rows: Some(7), ..Wish::default() };
        assert!(trial("growth", &wish).unwrap().contenders.iter().all(|contender| contender.rows == 7));
    }

    #[test]
    fn the_summary_tells_what_is_missing() {
        let cost = Cost { wall_secs: 2.0, cpu_secs: 0.5, peak_bytes: 5e6 };
        let one = Measured {
            name: "rapidbyte".to_owned(),
            rows: 10,
            version: String::new(),
            runs: vec![Run { round: 1, cost, receipt: None }],
            missing: None,
            is_ours: true,
        };
        let other =
            Measured { name: "dlt".to_owned(), runs: Vec::new(), missing: Some("no wheel".to_owned()), ..one.clone() };
        let text = summary(&[one, other]);
        assert!(text.contains("dlt                           10  MISSING: no wheel\n"), "{text}");
        assert!(text.contains("2.00       2.00..2.00     0.50        5    1.00\n"), "{text}");
    }
}
