//! Histories: random changes of one table, ties, late commits and rows without a cursor among them, with runs and crashes in
//! between; after each, the destination holds what a model says. The model knows rows, and nothing of how they are moved.

use crate::{
    apply,
    lab::{DESTINATION, Lab, RUNTIME, SOURCE, connect, query},
    proxy::{Rule, What, When},
};
use libtest_mimic::Trial;
use nix::sys::signal::Signal;
use proptest::{
    collection::vec,
    prelude::{Just, Strategy, any},
    sample::select,
    strategy::Union,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner},
};
use std::{collections::BTreeMap, fs, thread, time::Duration};
use tempfile::TempDir;
use tokio_postgres::Client;

/// Key, and behind it value and cursor.
type Rows = BTreeMap<i64, (i64, Option<i64>)>;

/// Where a cursor lies, as to the highest one so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Beyond,
    Tie,
    Before,
    Null,
}

#[derive(Debug, Clone)]
enum Step {
    Insert(At),
    /// Of the row that is so far down the list.
    Update(usize, At),
    Delete(usize),
    /// A row that a transaction adds which stays open.
    Late(At),
    /// It ends.
    Commit,
    Run,
    /// A run that is killed after so many milliseconds.
    Killed(u64),
    /// A run that ends at this named point, at this visit.
    Ends(usize, u64),
}

/// Where a run that dies leaves most behind.
const POINTS: [&str; 6] = [
    "destination.writer.write.after",
    "destination.writer.finish.before",
    "destination.writer.finish.after",
    "destination.session.commit.before",
    "destination.session.commit.sent",
    "destination.session.commit.received",
];

/// A way of moving rows, and which histories it promises to get right.
#[derive(Debug, Clone, Copy)]
struct Mode {
    name: &'static str,
    /// Of the sync file.
    words: &'static str,
    cursors: &'static [At],
    /// Rows are updated and deleted.
    changes: bool,
    late: bool,
    /// The destination holds what the source holds, and nothing else.
    exact: bool,
}

const ANY: &[At] = &[At::Beyond, At::Tie, At::Before, At::Null];

const REPLACE: Mode =
    Mode { name: "replace", words: "write = \"replace\"", cursors: ANY, changes: true, late: true, exact: true };

const UPSERT: Mode = Mode {
    name: "upsert",
    words: "write = \"upsert\"\nsync = \"incremental\"\ncursor = \"at\"\nnull_cursor = \"always\"",
    exact: false,
    ..REPLACE
};

const SWEEP: Mode = Mode {
    name: "upsert and sweep",
    words: "write = \"upsert\"\nsync = \"incremental\"\ncursor = \"at\"\nnull_cursor = \"always\"\ndeletes = \"sweep\"",
    ..REPLACE
};

const BY_VERSION: Mode =
    Mode { name: "upsert by xmin", words: "write = \"upsert\"\nsync = \"incremental\"\ncursor = \"xmin\"", ..UPSERT };

const BY_CURSOR_ALONE: Mode = Mode {
    name: "upsert by the cursor alone",
    words: "write = \"upsert\"\nsync = \"incremental\"\ncursor = \"at\"\nlate_commits = \"accept\"",
    cursors: &[At::Beyond, At::Tie],
    late: false,
    ..UPSERT
};

const APPEND: Mode = Mode {
    name: "append",
    words: "write = \"append\"\nsync = \"incremental\"\ncursor = \"at\"",
    cursors: &[At::Beyond, At::Tie, At::Before],
    changes: false,
    ..UPSERT
};

const MODES: [Mode; 6] = [REPLACE, UPSERT, SWEEP, BY_VERSION, BY_CURSOR_ALONE, APPEND];

/// A history that begins and ends with a run, so that every mistake is seen.
fn histories(mode: Mode) -> impl Strategy<Value = Vec<Step>> {
    let at = || select(mode.cursors);
    let ends = (0..POINTS.len(), 1_u64..3).prop_map(|(point, visit)| Step::Ends(point, visit));
    let steps = [
        (4, true, at().prop_map(Step::Insert).boxed()),
        (4, mode.changes, (any::<usize>(), at()).prop_map(|(row, at)| Step::Update(row, at)).boxed()),
        (2, mode.changes, any::<usize>().prop_map(Step::Delete).boxed()),
        (3, mode.late, at().prop_map(Step::Late).boxed()),
        (2, mode.late, Just(Step::Commit).boxed()),
        (3, true, Just(Step::Run).boxed()),
        (1, true, (20_u64..400).prop_map(Step::Killed).boxed()),
        (2, true, ends.boxed()),
    ];
    let wanted = steps.into_iter().filter(|(_, is_wanted, _)| *is_wanted);
    let step = Union::new_weighted(wanted.map(|(weight, _, step)| (weight, step)).collect());
    vec(step, 8..20).prop_map(|mut steps| {
        steps.insert(0, Step::Run);
        steps.extend([Step::Commit, Step::Run]);
        steps
    })
}

/// One history on a server.
struct World<'a> {
    lab: &'a Lab,
    folder: TempDir,
    mode: Mode,
    source: Rows,
    destination: Rows,
    /// The transaction that stays open, and what it has added.
    open: Option<(Client, Rows)>,
    next: i64,
    highest: i64,
    runs: u64,
}

impl<'a> World<'a> {
    fn new(lab: &'a Lab, mode: Mode) -> Self {
        lab.databases();
        let table = "CREATE TABLE t (id bigint PRIMARY KEY, v bigint NOT NULL, at bigint); GRANT SELECT ON t TO rapid; \
                     INSERT INTO t VALUES (0, 0, 0)";
        lab.sql(SOURCE, table);
        let folder = TempDir::new().unwrap();
        let ends = format!(
            "[source]\nuse = \"postgres\"\nurl = \"{}\"\n[destination]\nuse = \"postgres\"\nurl = \"{}\"\n",
            lab.url(SOURCE),
            lab.url(DESTINATION)
        );
        let file = format!("version = 1\nname = \"history\"\n{ends}[[stream]]\ntable = \"public.t\"\n{}\n", mode.words);
        fs::write(folder.path().join("sync.toml"), file).unwrap();
        let source = Rows::from([(0, (0, Some(0)))]);
        Self { lab, folder, mode, source, destination: Rows::new(), open: None, next: 1, highest: 0, runs: 0 }
    }

    fn step(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Insert(at) => self.insert(*at),
            Step::Update(row, at) => self.update(*row, *at),
            Step::Delete(row) => self.delete(*row),
            Step::Late(at) => self.late(*at),
            Step::Commit => self.commit(),
            Step::Run => return self.run(),
            Step::Killed(millis) => return self.crash(None, *millis),
            Step::Ends(point, visit) => return self.crash(Some(&format!("{}:abort:{visit}", POINTS[*point])), 0),
        }
        Ok(())
    }

    fn cursor(&mut self, at: At) -> Option<i64> {
        self.highest += i64::from(at == At::Beyond);
        match at {
            At::Beyond | At::Tie => Some(self.highest),
            At::Before => Some(self.highest - 3),
            At::Null => None,
        }
    }

    fn new_row(&mut self, at: At) -> (i64, (i64, Option<i64>), String) {
        let (id, cursor) = (self.next, self.cursor(at));
        self.next += 1;
        (id, (id, cursor), format!("INSERT INTO t VALUES ({id}, {id}, {})", literal(cursor)))
    }

    fn insert(&mut self, at: At) {
        let (id, row, sql) = self.new_row(at);
        self.lab.sql(SOURCE, &sql);
        self.source.insert(id, row);
    }

    fn update(&mut self, row: usize, at: At) {
        let Some(id) = self.nth(row) else { return };
        let (value, cursor) = (self.source[&id].0 + 1000, self.cursor(at));
        self.lab.sql(SOURCE, &format!("UPDATE t SET v = {value}, at = {} WHERE id = {id}", literal(cursor)));
        self.source.insert(id, (value, cursor));
    }

    fn delete(&mut self, row: usize) {
        let Some(id) = self.nth(row) else { return };
        self.lab.sql(SOURCE, &format!("DELETE FROM t WHERE id = {id}"));
        self.source.remove(&id);
    }

    fn nth(&self, row: usize) -> Option<i64> {
        self.source.keys().nth(row % self.source.len().max(1)).copied()
    }

    fn late(&mut self, at: At) {
        let (id, row, sql) = self.new_row(at);
        let (client, mut rows) = self.open.take().unwrap_or_else(|| {
            let client = RUNTIME.block_on(connect(self.lab.server.port(), SOURCE)).unwrap();
            RUNTIME.block_on(query(&client, "BEGIN")).unwrap();
            (client, Rows::new())
        });
        RUNTIME.block_on(query(&client, &sql)).unwrap();
        rows.insert(id, row);
        self.open = Some((client, rows));
    }

    fn commit(&mut self) {
        let Some((client, mut rows)) = self.open.take() else { return };
        RUNTIME.block_on(query(&client, "COMMIT")).unwrap();
        self.source.append(&mut rows);
    }

    /// What the destination holds after a run.
    fn wanted(&self) -> Rows {
        let mut rows = if self.mode.exact { Rows::new() } else { self.destination.clone() };
        rows.extend(self.source.iter().map(|(id, row)| (*id, *row)));
        rows
    }

    fn found(&self) -> Rows {
        let there = self.lab.value(DESTINATION, "SELECT to_regclass('public.t') IS NOT NULL");
        if there != "t" {
            return Rows::new();
        }
        let number = |text: &Option<String>| text.as_ref().map(|text| text.parse().unwrap());
        let rows = self.lab.sql(DESTINATION, "SELECT id, v, at FROM t");
        let found: Vec<_> =
            rows.iter().map(|row| (number(&row[0]).unwrap(), (number(&row[1]).unwrap(), number(&row[2])))).collect();
        assert_eq!(found.len(), found.iter().map(|(id, _)| id).collect::<std::collections::BTreeSet<_>>().len());
        found.into_iter().collect()
    }

    fn apply(&mut self, fault: Option<&str>) -> apply::Running {
        self.runs += 1;
        apply::start_with(&[], self.folder.path(), self.runs, fault)
    }

    /// A run that nothing disturbs.
    fn run(&mut self) -> Result<(), String> {
        let said = self.apply(None).finish();
        if said.code != Some(0) {
            return Err(format!("a run failed: {}", said.end()));
        }
        let (found, wanted) = (self.found(), self.wanted());
        self.destination.clone_from(&found);
        if found == wanted { Ok(()) } else { Err(difference(&found, &wanted)) }
    }

    /// It leaves what was there or what was to be there, and nothing between.
    fn crash(&mut self, fault: Option<&str>, millis: u64) -> Result<(), String> {
        let mut running = self.apply(fault);
        if fault.is_none() {
            running.wait_until(Duration::from_millis(millis));
            running.signal(Signal::SIGKILL);
        }
        let said = running.finish();
        if said.hung || (fault.is_some_and(|fault| fault.ends_with(":1")) && said.signal.is_none()) {
            return Err(format!("it hangs, or does not pass the point: {}", said.end()));
        }
        // What the server still has of it ends before anybody looks.
        self.settle();
        let (found, wanted) = (self.found(), self.wanted());
        if found != wanted && (found != self.destination || said.code == Some(0)) {
            return Err(format!("after a crash: {}", difference(&found, &wanted)));
        }
        self.destination = found;
        Ok(())
    }

    fn settle(&self) {
        let left = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'rapid'";
        for _ in 0..1000 {
            if self.lab.value("postgres", left) == "0" {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("sessions of a run that was killed do not end");
    }
}

fn literal(cursor: Option<i64>) -> String {
    cursor.map_or_else(|| "NULL".to_owned(), |cursor| cursor.to_string())
}

/// What is told where rows are not as they should be.
const DIFFERENCE: &str = "missing or older";

fn difference(found: &Rows, wanted: &Rows) -> String {
    let less = |one: &Rows, other: &Rows| {
        one.iter()
            .filter(|(id, row)| other.get(id) != Some(row))
            .map(|(id, row)| format!("{id}: {row:?}"))
            .collect::<Vec<_>>()
    };
    format!("{DIFFERENCE}: {:?}; instead: {:?}", less(wanted, found), less(found, wanted))
}

/// Mistakes on the way to the source, and to the destination.
type Planted = fn(&Lab) -> (Vec<Rule>, Vec<Rule>);

fn nothing(_: &Lab) -> (Vec<Rule>, Vec<Rule>) {
    (Vec::new(), Vec::new())
}

/// Rows at the checkpoint do not come again.
fn strict(_: &Lab) -> (Vec<Rule>, Vec<Rule>) {
    let at = "\"at\" >= pg_catalog.current_setting('rapidbyte.after')";
    let replaced = What::Replaced(at, "\"at\" > pg_catalog.current_setting('rapidbyte.after')");
    (vec![Rule::always(When::Says(at, ""), replaced)], Vec::new())
}

/// Checkpoints are recorded in transactions of their own.
fn aside(lab: &Lab) -> (Vec<Rule>, Vec<Rule>) {
    let record = When::Says("INSERT INTO _rapidbyte.checkpoints", "");
    (Vec::new(), vec![Rule::always(record, What::Aside(lab.aside(DESTINATION)))])
}

/// One test for each way, and one for each mistake, which must be found.
pub(crate) fn trials() -> Vec<Trial> {
    let holds = MODES.map(|mode| {
        let name = format!("P1_histories_of_{}", mode.name.replace(' ', "_"));
        Trial::test(name, move || hold(mode, 3, nothing).map_err(Into::into))
    });
    let mistakes: [(&str, Mode, Planted); 2] = [
        ("a_cursor_that_is_strictly_beyond", BY_CURSOR_ALONE, strict),
        ("a_checkpoint_in_its_own_transaction", UPSERT, aside),
    ];
    let found = mistakes.map(|(name, mode, planted)| {
        Trial::test(format!("P1_finds_{name}"), move || match hold(mode, 40, planted) {
            Err(what) if what.contains(DIFFERENCE) => {
                println!("{name}: {what}");
                Ok(())
            }
            other => Err(format!("no history finds it: {other:?}").into()),
        })
    });
    holds.into_iter().chain(found).collect()
}

/// P1: so many histories of a mode come out as the model says.
fn hold(mode: Mode, cases: u32, planted: Planted) -> Result<(), String> {
    let lab = Lab::new(&[]);
    // A history takes seconds: it is not made shorter.
    let config = Config { cases, max_shrink_iters: 0, failure_persistence: None, ..Config::default() };
    // Of a seed of its own: the same histories each time.
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let outcome = TestRunner::new_with_rng(config, rng).run(&histories(mode), |steps| {
        let mut world = World::new(&lab, mode);
        // What records runs is there before anything is planted.
        world.step(&Step::Run).map_err(TestCaseError::fail)?;
        let (source, destination) = planted(&lab);
        lab.from.arm(source);
        lab.into.arm(destination);
        let mut outcome = Ok(());
        for (at, step) in steps.iter().enumerate() {
            outcome = outcome.and_then(|()| world.step(step).map_err(|what| format!("step {at}, {step:?}: {what}")));
        }
        lab.from.disarm();
        lab.into.disarm();
        outcome.map_err(TestCaseError::fail)
    });
    outcome.map_err(|error| error.to_string())
}
