//! `cargo xtask bench goals`: what Rapidbyte sets out to be, as a table, and what was measured of it. A goal names two
//! contenders of one trial, or one and a limit; the trials run what the goals name.

use super::{
    peers, sandbox,
    trial::{Apply, Contender, Start, Trial, Way},
    verdict::{Goal, Measure, Verdict, judge, table},
    wish::Wish,
    workload::{BIG, EIGHT, EVENTS, NARROW, NUMBERS, PLAIN, UPSERT, WIDE},
};
use anyhow::{Result, bail, ensure};
use serde_json::json;

/// Rows of most trials at full size.
const ROWS: u32 = 1_000_000;

/// What a claim needs.
const REPETITIONS: u32 = 7;

/// 128 MB, the memory that a run may have.
const MEMORY_BYTES: f64 = 128e6;

/// `limits.memory` by default: 128 MiB.
const LIMIT_BYTES: f64 = 134_217_728.0;

const INSERT: &str = "write = \"replace\"\nstrategy = \"insert\"\n";
const COPY: &str = "write = \"replace\"\nstrategy = \"copy\"\n";
const MERGE: &str = "write = \"upsert\"\n";

/// Every trial at full size.
pub(super) fn trials() -> Vec<Trial> {
    let mut upsert = Contender::apply("rapidbyte", MERGE, &UPSERT, ROWS);
    upsert.start = Start::Filled;
    let limited = || Apply { limits: sandbox::LIMITS.to_owned(), ..Apply::default() };
    let alone = |name, way| Contender::new(name, way, &EVENTS, ROWS, Start::Empty);
    let by_hand = Contender::new("psql merge", Way::PipeMerge, &UPSERT, ROWS, Start::Filled);
    let unnest = Contender::new("unnest", Way::Unnest, &EVENTS, 100_000, Start::Tables);
    let plan = Contender::new("plan", Way::Plan, &EVENTS, 10_000, Start::Empty);
    let own = |name, workload, rows| Contender::apply(name, "", workload, rows);
    // As many sessions for each size, or a second one would be taken for growth.
    let two = |name, workload, rows| {
        let way = Way::Apply(Apply { limits: "parallel = 2\n".to_owned(), ..Apply::default() });
        Contender::new(name, way, workload, rows, Start::Empty)
    };
    vec![
        Trial::new(
            "keyed",
            with_peers(vec![own("rapidbyte", &EVENTS, ROWS), Contender::pipe(&EVENTS, ROWS)], &["pgcopydb"]),
        ),
        Trial::new(
            "plain",
            with_peers(
                vec![own("rapidbyte", &PLAIN, ROWS)],
                &["duckdb", "adbc", "ingestr", "sling", "pgloader", "dlt"],
            ),
        ),
        Trial::new("wide", vec![own("rapidbyte", &WIDE, 10_000), Contender::pipe(&WIDE, 10_000)]),
        Trial::new("numbers", vec![own("rapidbyte", &NUMBERS, 500_000), Contender::pipe(&NUMBERS, 500_000)]),
        Trial::new(
            "insert",
            vec![
                Contender::apply("INSERT", INSERT, &EVENTS, 100_000),
                Contender::apply("COPY", COPY, &EVENTS, 100_000),
                unnest,
            ],
        ),
        Trial::new("upsert", vec![upsert, by_hand]),
        Trial::new("sandbox", vec![alone("rapidbyte", Way::Apply(limited())), alone("native", Way::Native(limited()))]),
        Trial::new("growth", vec![own("1 million", &EVENTS, ROWS), own("10 million", &EVENTS, 10 * ROWS)]),
        Trial::new("start", vec![plan, own("rapidbyte", &EVENTS, 10_000)]),
        Trial::new("tables", vec![own("eight", &EIGHT, ROWS), own("one", &EVENTS, ROWS)]),
        Trial::new(
            "memory",
            vec![
                two("1 million", &NARROW, ROWS),
                two("10 million", &NARROW, 10 * ROWS),
                two("100 million", &NARROW, 100 * ROWS),
                two("1 MiB rows", &BIG, 10_000),
            ],
        )
        .once(),
    ]
}

fn with_peers(mut contenders: Vec<Contender>, names: &[&str]) -> Vec<Contender> {
    let (workload, rows) = (contenders[0].workload, contenders[0].rows);
    let found = names.iter().filter_map(|name| peers::named(name));
    contenders.extend(found.map(|peer| Contender::peer(peer, workload, rows)));
    contenders
}

/// The table of goals.
#[rustfmt::skip] // a table is read by its columns
pub(super) const GOALS: [Goal; 26] = [
    Goal::ratio("psql", "keyed", "rapidbyte", "psql", Measure::Wall, 0.70),
    Goal::ratio("pgcopydb", "keyed", "rapidbyte", "pgcopydb", Measure::Wall, 0.70),
    Goal::ratio("duckdb", "plain", "rapidbyte", "duckdb", Measure::Wall, 0.90),
    Goal::ratio("adbc", "plain", "rapidbyte", "adbc", Measure::Wall, 0.65),
    Goal::ratio("ingestr", "plain", "rapidbyte", "ingestr", Measure::Wall, 0.65),
    Goal::ratio("sling", "plain", "rapidbyte", "sling", Measure::Wall, 0.20),
    Goal::ratio("pgloader", "plain", "rapidbyte", "pgloader", Measure::Wall, 0.25),
    Goal::ratio("dlt", "plain", "rapidbyte", "dlt", Measure::Wall, 0.12),
    Goal::ratio("wide", "wide", "rapidbyte", "psql", Measure::Wall, 1.0),
    Goal::ratio("numbers", "numbers", "rapidbyte", "psql", Measure::Wall, 1.0),
    Goal::ratio("cpu", "keyed", "rapidbyte", "psql", Measure::Cpu, 1.2),
    Goal::ratio("insert-copy", "insert", "INSERT", "COPY", Measure::Wall, 2.0),
    Goal::ratio("insert-unnest", "insert", "INSERT", "unnest", Measure::Wall, 1.0),
    Goal::ratio("upsert", "upsert", "rapidbyte", "psql merge", Measure::Wall, 1.05),
    Goal::ratio("sandbox", "sandbox", "rapidbyte", "native", Measure::Run, 1.10),
    Goal::ratio("sandbox-cpu", "sandbox", "rapidbyte", "native", Measure::RunCpu, 1.6),
    Goal::limit("memory-1M", "memory", "1 million", Measure::Peak, MEMORY_BYTES),
    Goal::limit("memory-10M", "memory", "10 million", Measure::Peak, MEMORY_BYTES),
    Goal::limit("memory-100M", "memory", "100 million", Measure::Peak, MEMORY_BYTES),
    // Flat: what a hundred times the rows may add is noise.
    Goal::ratio("memory-flat", "memory", "100 million", "1 million", Measure::Peak, 1.1),
    Goal::limit("memory-wide", "memory", "1 MiB rows", Measure::Peak, LIMIT_BYTES),
    Goal::ratio("growth", "growth", "10 million", "1 million", Measure::Wall, 10.5),
    Goal::limit("plan", "start", "plan", Measure::Wall, 0.080),
    Goal::limit("load-source", "start", "rapidbyte", Measure::Phase("/source/module_load_secs"), 0.005),
    Goal::limit("load-dest", "start", "rapidbyte", Measure::Phase("/destination/module_load_secs"), 0.005),
    Goal::ratio("tables", "tables", "eight", "one", Measure::Wall, 1.1),
];

pub(super) fn run(arguments: &[String]) -> Result<()> {
    let wish = Wish::read(arguments, &["rows", "scale", "repetitions", "only", "out"])?;
    wish.at_most_words(0)?;
    ensure!(wish.rows.is_none() || wish.scale.is_none(), "--rows and --scale say the same");
    ensure!(wish.rows.is_none_or(|rows| rows <= ROWS), "the full size is --rows {ROWS}");
    let scale = wish.rows.map_or(wish.scale.unwrap_or(1.0), |rows| f64::from(rows) / f64::from(ROWS));
    let goals = chosen(&wish.only)?;
    let mut session = super::session("goals", &wish, REPETITIONS)?;
    let mut verdicts: Vec<(&Goal, Verdict)> = Vec::new();
    let mut broken = Vec::new();
    for trial in trials() {
        let judged: Vec<&Goal> = goals.iter().copied().filter(|goal| goal.trial == trial.name).collect();
        if judged.is_empty() {
            continue;
        }
        let measured = session.run(&needed(trial, &judged).scaled(scale))?;
        broken.extend(measured.iter().filter(|one| one.is_ours && one.missing.is_some()).map(|one| one.name.clone()));
        for goal in judged {
            let verdict = judge(goal, &measured);
            session.recorder.write("verdict", &line(goal, &verdict, scale))?;
            verdicts.push((goal, verdict));
        }
    }
    print!("\n{}", table(&verdicts));
    print!("{}", footnote(scale, session.repetitions));
    println!("results: {}", session.recorder.path().display());
    ensure!(broken.is_empty(), "these must not fail: {}", broken.join(", "));
    Ok(())
}

/// The trial with those contenders alone that its goals speak of.
fn needed(mut trial: Trial, goals: &[&Goal]) -> Trial {
    let named = |name: &str| goals.iter().any(|goal| goal.of == name || goal.against == Some(name));
    trial.contenders.retain(|contender| named(&contender.name));
    trial
}

/// Goals by their own names or those of their trials.
fn chosen(only: &[String]) -> Result<Vec<&'static Goal>> {
    for name in only {
        if !GOALS.iter().any(|goal| goal.name == name || goal.trial == name) {
            let names: Vec<&str> = GOALS.iter().map(|goal| goal.name).collect();
            bail!("there is no goal {name:?}; there are {}", names.join(", "));
        }
    }
    let wanted = |goal: &&Goal| only.is_empty() || only.iter().any(|name| goal.name == name || goal.trial == name);
    Ok(GOALS.iter().filter(wanted).collect())
}

fn line(goal: &Goal, verdict: &Verdict, scale: f64) -> serde_json::Value {
    json!({
        "goal": goal.name,
        "trial": goal.trial,
        "bound": goal.most,
        "measured": verdict.spread.map(|spread| spread.median),
        "least": verdict.spread.map(|spread| spread.least),
        "most": verdict.spread.map(|spread| spread.most),
        "verdict": verdict.word(),
        "reason": verdict.reason,
        "scale": scale,
    })
}

fn footnote(scale: f64, repetitions: u32) -> String {
    let mut note = format!("{repetitions} repetitions in turns; the content was compared each time\n");
    if scale < 1.0 {
        note.push_str("NOT the full size: this says nothing of the goals\n");
    }
    if repetitions < REPETITIONS {
        note.push_str("FEWER repetitions than a claim needs\n");
    }
    note
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_goal_names_contenders_that_run() {
        let trials = trials();
        for goal in &GOALS {
            let trial = trials.iter().find(|trial| trial.name == goal.trial);
            let names: Vec<&str> = trial.unwrap().contenders.iter().map(|contender| contender.name.as_str()).collect();
            for name in [Some(goal.of), goal.against].into_iter().flatten() {
                assert!(names.contains(&name), "{}: {name} is not among {names:?}", goal.name);
            }
        }
    }

    #[test]
    fn each_contender_runs_for_a_goal() {
        for trial in trials() {
            let goals: Vec<&Goal> = GOALS.iter().filter(|goal| goal.trial == trial.name).collect();
            assert_eq!(needed(trial.clone(), &goals).contenders.len(), trial.contenders.len(), "{}", trial.name);
        }
    }

    #[test]
    fn goals_are_chosen_by_name_or_trial() {
        assert_eq!(chosen(&[]).unwrap().len(), GOALS.len());
        let names: Vec<&str> =
            chosen(&["insert".to_owned(), "wide".to_owned()]).unwrap().iter().map(|it| it.name).collect();
        assert_eq!(names, ["wide", "insert-copy", "insert-unnest"]);
        assert!(chosen(&["speed".to_owned()]).is_err());
    }
}
