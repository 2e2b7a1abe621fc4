//! Runs faults in cells: the reduced part for the tests, the whole table for `cargo xtask faults`.

use crate::{
    bugs::{self, Bug},
    cell::{self, Cell},
    lab::Lab,
    report::{HEAD, Tally},
    scene::Scene,
    seed::Rng,
    table::{self, Fault, Server},
};
use std::{
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitCode,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Instant,
};

/// Tries for each run whose fault did not come: one that is aimed at a moment can miss it.
const MISSES_MAX: u64 = 8;

/// None where such a server cannot be had here.
fn lab(server: Server) -> Option<Lab> {
    match server {
        Server::Plain => Some(Lab::new(&[])),
        Server::Tls => Some(Lab::tls()),
        Server::SmallDisk => Lab::on_small_disk(),
        Server::SmallLog => Lab::on_small_wal(),
    }
}

/// Nothing is shown where nothing could be tried, and that is said.
fn skipped(fault: &Fault) -> Tally {
    let why = "only root can mount a small disk".to_owned();
    eprintln!("SKIPPED {} {}: {why}", fault.id, fault.what);
    Tally { skipped: Some(why), ..Tally::default() }
}

/// A bank grows as long as its writers write: after so many runs there is another one.
const RUNS_OF_A_SCENE: u64 = 12;

/// So many runs in which the fault came, in one cell.
fn in_cell(mut lab: Lab, fault: &Fault, cell: Cell, mut rng: Rng, turns: Range<u64>) -> (Lab, Tally) {
    let (mut tally, mut turn, mut missed) = (Tally::default(), turns.start, 0);
    while turn < turns.end {
        let mut scene = Scene::new(lab, cell, Rng::new(rng.next(), fault.id));
        let until = tally.runs + RUNS_OF_A_SCENE;
        while tally.runs < until && turn < turns.end {
            let what = format!("{} {cell} run {turn}", fault.id);
            let verdict = scene.judge(|scene| (fault.shoot)(scene, turn));
            if !verdict.wrong.is_empty() {
                eprintln!("DIFFERENCE {what}: {}", verdict.wrong[0]);
            }
            tally.add(&verdict, &what);
            missed = if verdict.fired { 0 } else { missed + 1 };
            if missed == MISSES_MAX {
                tally.differences.push(format!("{what}: the fault came in none of {missed} tries"));
            }
            // What missed is shot again.
            if verdict.fired || missed == MISSES_MAX {
                (turn, missed) = (turn + 1, 0);
            }
        }
        let wrong = scene.close();
        if !wrong.is_empty() {
            tally.differences.push(format!("{} {cell} before run {turn}: {}", fault.id, wrong.join("\n  ")));
        }
        lab = scene.into_lab();
    }
    (lab, tally)
}

/// The same; where the cell cannot go on (a server that does not start, a run that fails without a fault) the others still can,
/// and that is a difference.
fn guarded(lab: Lab, fault: &Fault, cell: Cell, rng: Rng, turns: Range<u64>) -> (Option<Lab>, Tally) {
    if let Ok((lab, tally)) = catch_unwind(AssertUnwindSafe(|| in_cell(lab, fault, cell, rng, turns))) {
        return (Some(lab), tally);
    }
    let stuck = format!("{} {cell}: it could not go on, see above", fault.id);
    (None, Tally { differences: vec![stuck], ..Tally::default() })
}

/// One cell of the fault, by the seed; fails with what is wrong.
pub(crate) fn reduced(fault: &Fault, seed: u64) -> Result<(), String> {
    let mut rng = Rng::new(seed, fault.id);
    let cells: Vec<Cell> = cell::all().filter(|cell| (fault.in_cell)(*cell)).collect();
    let cell = *rng.pick(&cells);
    let first = rng.below(1_000);
    let tally = match lab(fault.server) {
        Some(lab) => in_cell(lab, fault, cell, rng, first..first + fault.reduced).1,
        None => skipped(fault),
    };
    println!("seed {seed}, {cell}\n{HEAD}\n{}", tally.line(fault.id, fault.what));
    if tally.is_good() { Ok(()) } else { Err(format!("{}\n{} hangs", tally.differences.join("\n"), tally.hangs)) }
}

/// What was asked for.
struct Wish {
    seed: u64,
    only: Option<String>,
    cells: String,
    runs: Option<u64>,
    /// This one of so many parts of the table, each with a seed of its own; together they are the whole.
    part: [u64; 2],
    jobs: usize,
    bugs: bool,
}

impl Wish {
    /// Of a row's runs in its cell of that number: those of this part. They go on where the cell before ended, since each
    /// kind of a fault has turns of its own.
    fn turns(&self, fault: &Fault, cell: usize) -> Range<u64> {
        let ([part, parts], whole) = (self.part, self.runs.unwrap_or(fault.whole));
        let until = |part: u64| whole * cell as u64 + (whole * part).div_ceil(parts);
        until(part - 1)..until(part)
    }

    fn cells(&self, fault: &Fault) -> Vec<Cell> {
        let wanted = |cell: &Cell| (fault.in_cell)(*cell) && cell.to_string().contains(&self.cells);
        cell::all().filter(wanted).collect()
    }
}

fn wish(arguments: &[String]) -> Result<Wish, String> {
    let mut wish =
        Wish { seed: crate::SEED, only: None, cells: String::new(), runs: None, part: [1, 1], jobs: 2, bugs: false };
    let (flags, pairs): (Vec<&String>, Vec<&String>) = arguments.iter().partition(|argument| *argument == "--bugs");
    wish.bugs = !flags.is_empty();
    for pair in pairs.chunks(2) {
        let [name, value] = pair else { return Err(format!("{} needs a value", pair[0])) };
        let number = || value.parse::<u64>().map_err(|_| format!("{name} needs a number, not {value:?}"));
        match name.as_str() {
            "--seed" => wish.seed = number()?,
            "--only" => wish.only = Some((*value).clone()),
            "--cells" => wish.cells.clone_from(value),
            "--part" => wish.part = part(value).ok_or_else(|| format!("--part needs K/N, not {value:?}"))?,
            "--runs" => wish.runs = Some(number()?),
            "--jobs" => wish.jobs = usize::try_from(number()?.max(1)).unwrap_or(1),
            unknown => {
                return Err(format!(
                    "faults knows --bugs, --seed, --only, --cells, --runs, --part and --jobs, not {unknown}"
                ));
            }
        }
    }
    Ok(wish)
}

/// "2/5"
fn part(text: &str) -> Option<[u64; 2]> {
    let (part, parts) = text.split_once('/')?;
    let (part, parts) = (part.parse().ok()?, parts.parse().ok()?);
    (part >= 1 && part <= parts).then_some([part, parts])
}

/// Every fault in every cell; prints a line for each fault, and what was wrong.
pub(crate) fn table(arguments: &[String]) -> ExitCode {
    let wish = match wish(arguments) {
        Ok(wish) => wish,
        Err(what) => {
            eprintln!("{what}");
            return ExitCode::from(2);
        }
    };
    if wish.bugs {
        return bugs(&wish);
    }
    let faults: Vec<Fault> = table::all().into_iter().filter(|fault| wanted(&wish, fault)).collect();
    println!("seed {}\n{HEAD}", wish.seed);
    let (began, mut total) = (Instant::now(), Tally::default());
    for fault in &faults {
        let tally = row(&wish, fault);
        println!("{}", tally.line(fault.id, fault.what));
        tally.differences.iter().for_each(|what| println!("  DIFFERENCE {what}"));
        total.merge(tally);
    }
    println!("{}  ({:.0} s, seed {})", total.line("all", ""), began.elapsed().as_secs_f64(), wish.seed);
    verdict(&total)
}

fn verdict(total: &Tally) -> ExitCode {
    if total.differences.is_empty() && total.hangs == 0 && total.fired > 0 {
        // Hanley, Lippman-Hand 1983.
        println!("0 in {} runs: at most 3 in {0} at 95 %", total.fired);
        return ExitCode::SUCCESS;
    }
    ExitCode::FAILURE
}

fn wanted(wish: &Wish, fault: &Fault) -> bool {
    let named = |only: &String| {
        only.split(',').any(|only| only == fault.id.trim_end_matches(char::is_lowercase) || only == fault.id)
    };
    wish.only.as_ref().is_none_or(named)
}

/// All cells of a fault, several at a time, each on a server of its own.
fn row(wish: &Wish, fault: &Fault) -> Tally {
    let cells = wish.cells(fault);
    let (next, total) = (AtomicUsize::new(0), Mutex::new(Tally::default()));
    std::thread::scope(|scope| {
        for _ in 0..wish.jobs.min(cells.len()) {
            scope.spawn(|| {
                let mut held = None;
                loop {
                    let at = next.fetch_add(1, SeqCst);
                    let Some(cell) = cells.get(at) else { return };
                    let turns = wish.turns(fault, at);
                    if turns.is_empty() {
                        continue;
                    }
                    let Some(lab) = held.take().or_else(|| lab(fault.server)) else {
                        total.lock().unwrap().merge(skipped(fault));
                        continue;
                    };
                    let rng = Rng::new(wish.seed, &format!("{} {cell} {}", fault.id, turns.start));
                    let tally;
                    (held, tally) = guarded(lab, fault, *cell, rng, turns);
                    eprintln!("{}", tally.line(fault.id, &cell.to_string()));
                    total.lock().unwrap().merge(tally);
                }
            });
        }
    });
    total.into_inner().unwrap()
}

/// Plants each mistake and says how the suite found it.
fn bugs(wish: &Wish) -> ExitCode {
    let wanted = |bug: &&Bug| wish.only.as_ref().is_none_or(|only| bug.name.contains(only.as_str()));
    let (bugs, mut found) = (bugs::all(), 0);
    let bugs: Vec<&Bug> = bugs.iter().filter(wanted).collect();
    for bug in &bugs {
        match sensitive(bug, wish.seed) {
            Ok(by) => {
                found += 1;
                println!("bug {}: caught by {}, {}: {by}", bug.name, bug.found_by, bug.cell);
            }
            Err(what) => println!("bug {}: NOT CAUGHT by {}, {}: {what}", bug.name, bug.found_by, bug.cell),
        }
    }
    println!("{found} of {} found", bugs.len());
    if found == bugs.len() && found > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What the suite says first with the mistake planted. It must have been in the way of some statement.
pub(crate) fn sensitive(bug: &Bug, seed: u64) -> Result<String, String> {
    let mut scene = Scene::new(Lab::new(&[]), bug.cell, Rng::new(seed, bug.name));
    let (source, destination) = ((bug.source)(&scene.lab), (bug.destination)(&scene.lab));
    scene.plant(source, destination);
    let mut wrong = Vec::new();
    for turn in bug.turns {
        let verdict = scene.judge(|scene| (bug.shoot)(scene, *turn));
        wrong.extend(verdict.wrong);
        wrong.extend(verdict.hung.then(|| "a hang".to_owned()));
        if !wrong.is_empty() {
            break;
        }
    }
    if wrong.is_empty() {
        wrong = scene.close();
    }
    // Its end in words comes last.
    let firsts = wrong.iter().filter_map(|what| what.lines().next()).take(3).collect::<Vec<_>>();
    if firsts.is_empty() { Err("nothing was found wrong".to_owned()) } else { Ok(firsts.join("; ")) }
}
