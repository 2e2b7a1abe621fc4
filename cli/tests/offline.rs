//! What the program says and ends with where no server is needed: stdout, stderr and exit code in one snapshot each.
//! Every run has its own empty folder and no environment, so there is nothing to redact.

#![allow(clippy::unwrap_used)] // A test that cannot set up its case must fail.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};
use tempfile::TempDir;

/// A folder to run the program in.
struct Place {
    folder: TempDir,
    environment: Vec<(&'static str, &'static str)>,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), environment: Vec::new() }
    }

    fn with(name: &str, content: impl AsRef<[u8]>) -> Self {
        let place = Self::new();
        fs::write(place.path(name), content).unwrap();
        place
    }

    fn environment(self, name: &'static str, value: &'static str) -> Self {
        Self { environment: [self.environment, vec![(name, value)]].concat(), ..self }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// Runs the program with the words of `line`; everything that came of it, as one text.
    fn run(&self, line: &str) -> String {
        let output = command(self.folder.path())
            .args(line.split_whitespace())
            .envs(self.environment.iter().copied())
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        format!(
            "$ rapidbyte {line}\nexit code {}\n--- stdout\n{}--- stderr\n{}",
            output.status.code().unwrap(),
            text(&output.stdout),
            text(&output.stderr)
        )
    }
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rapidbyte"));
    command.current_dir(folder).env_clear().stdin(Stdio::null());
    command
}

const GOOD: &str = r#"version = 1
name = "shop"
[source]
use = "postgres"
url = "postgres://app@127.0.0.1:1/shop"
[destination]
use = "postgres"
url = "postgres://app@127.0.0.1:1/raw"
[[stream]]
table = "public.orders"
write = "replace"
"#;

#[test]
fn help() {
    let place = Place::new();
    insta::assert_snapshot!("help", place.run("--help"));
    for command in
        ["plan", "apply", "show", "check", "verify", "state", "discover", "connectors", "init", "demo", "completions"]
    {
        insta::assert_snapshot!(format!("help_{command}"), place.run(&format!("{command} --help")));
    }
}

#[test]
fn version() {
    insta::assert_snapshot!(Place::new().run("--version"));
}

#[test]
fn wrong_usage() {
    let place = Place::new();
    insta::assert_snapshot!("wrong_usage_nothing", place.run(""));
    insta::assert_snapshot!("wrong_usage_command", place.run("aply sync.toml"));
    insta::assert_snapshot!("wrong_usage_flag", place.run("plan sync.toml --formt json"));
    insta::assert_snapshot!("wrong_usage_rows", place.run("demo --rows 0"));
}

#[test]
fn log_level_from_the_environment_is_checked() {
    insta::assert_snapshot!(Place::new().environment("RAPIDBYTE_LOG", "loud").run("completions bash"));
}

#[test]
fn missing_file() {
    insta::assert_snapshot!(Place::new().run("plan sync.toml"));
}

#[test]
fn missing_file_as_event() {
    insta::assert_snapshot!(Place::new().run("apply sync.toml --events ndjson"));
}

#[test]
fn folder_in_place_of_a_file() {
    let place = Place::new();
    fs::create_dir(place.path("sync.toml")).unwrap();
    insta::assert_snapshot!(place.run("check sync.toml"));
}

#[test]
fn not_utf8() {
    insta::assert_snapshot!(Place::with("sync.toml", b"version = 1\nname = \"caf\xe9\"\n").run("check sync.toml"));
}

#[test]
fn endless_file() {
    insta::assert_snapshot!(Place::new().run("check /dev/zero"));
}

#[test]
fn large_file() {
    insta::assert_snapshot!(Place::with("sync.toml", "#".repeat(2 << 20)).run("check sync.toml"));
}

/// Nobody writes into the pipe: to wait for that would be to hang.
#[test]
fn what_is_no_file_is_not_waited_for() {
    let case = include_str!("../../tests/golden/plans/append-absent/plan.json.snap");
    let place = Place::with("plan.json", case.rsplit_once("---\n").unwrap().1);
    assert!(Command::new("mkfifo").arg(place.path("sync.toml")).status().unwrap().success());
    insta::assert_snapshot!(place.run("apply plan.json"));
    for line in [
        "apply sync.toml",
        "apply plan.json --sync-file sync.toml",
        "plan sync.toml",
        "show sync.toml",
        "check sync.toml",
    ] {
        let said = place.run(line);
        assert!(said.contains("exit code 2") && said.contains("sync.toml: it is a pipe"), "{said}");
    }
    fs::remove_file(place.path("sync.toml")).unwrap();
    fs::create_dir(place.path("sync.toml")).unwrap();
    let said = place.run("apply plan.json");
    assert!(said.contains("exit code 2") && said.contains("sync.toml: it is a folder"), "{said}");
}

#[test]
fn saved_plan() {
    let place = Place::with("plan.json", "{\"schema\": \"rapidbyte.plan/1\"}");
    insta::assert_snapshot!(place.run("apply plan.json"));
    insta::assert_snapshot!("saved_plan_as_sync_file", place.run("check plan.json"));
    let newer = Place::with("plan.json", "{\"schema\": \"rapidbyte.plan/9\"}");
    insta::assert_snapshot!("saved_plan_of_another_version", newer.run("show plan.json"));
}

/// Saved anew by an editor, or put into a list by a script: whichever command reads it says what it is.
#[test]
fn json_that_is_no_plan() {
    for (name, text) in
        [("mark", "\u{feff}{\"schema\": \"rapidbyte.plan/1\"}"), ("list", " [\n{\"schema\": 1}]"), ("none", "[]")]
    {
        let place = Place::with("plan.json", text);
        insta::assert_snapshot!(format!("json_that_is_no_plan_{name}"), place.run("apply plan.json"));
        let said = |verb: &str| place.run(&format!("{verb} plan.json")).split_once('\n').unwrap().1.to_owned();
        for verb in ["plan", "show", "check"] {
            assert_eq!(said(verb), said("apply"), "{verb}");
        }
    }
    for text in [format!("\u{feff}{GOOD}"), format!("[[stream]]\n{GOOD}"), format!("[source]\n{GOOD}")] {
        assert!(!Place::with("sync.toml", text).run("check sync.toml --offline").contains("neither"));
    }
}

#[test]
fn bad_toml() {
    insta::assert_snapshot!(Place::with("sync.toml", "version = 1\nname = \"shop\n").run("check sync.toml --offline"));
}

#[test]
fn unknown_keys() {
    let text = GOOD.replace("table =", "tabel =").replace("name =", "nmae =");
    insta::assert_snapshot!(Place::with("sync.toml", text).run("check sync.toml --offline"));
}

#[test]
fn unset_variable() {
    let text = GOOD.replace("postgres://app@127.0.0.1:1/raw", "${WAREHOUSE_URL}");
    insta::assert_snapshot!(Place::with("sync.toml", text).run("check sync.toml --offline"));
}

#[test]
fn good_file() {
    insta::assert_snapshot!(Place::with("sync.toml", GOOD).run("check sync.toml --offline"));
}

#[test]
fn report_that_cannot_be_written_stops_before_anything_runs() {
    let place = Place::with("sync.toml", GOOD);
    insta::assert_snapshot!(place.run("apply sync.toml --report missing/receipt.json"));
}

/// Under every name that it has: the sync file may be the only one.
#[test]
fn nothing_is_written_over_what_is_read() {
    let place = Place::with("sync.toml", GOOD);
    std::os::unix::fs::symlink("sync.toml", place.path("link")).unwrap();
    fs::hard_link(place.path("sync.toml"), place.path("hard")).unwrap();
    for name in ["sync.toml", "./sync.toml", "link", "hard"] {
        for line in ["plan sync.toml --out", "apply sync.toml --report"] {
            let said = place.run(&format!("{line} {name}"));
            assert!(said.contains("exit code 2"), "{said}");
            assert!(said.contains(&format!("{name} would be written over sync.toml")), "{said}");
        }
    }
    assert_eq!(fs::read_to_string(place.path("sync.toml")).unwrap(), GOOD);
}

#[test]
fn init_needs_both_ends() {
    insta::assert_snapshot!(Place::new().run("init --source postgres://app@db/shop"));
}

#[test]
fn init_refuses_what_is_no_url() {
    insta::assert_snapshot!(
        Place::new().run("init --source mysql://app:hunter2@db/shop --destination postgres://dwh/raw")
    );
}

#[test]
fn init_writes_a_file_that_is_valid() {
    let place = Place::new();
    insta::assert_snapshot!(place.run("init --source postgres://app@db/shop --destination postgres://dwh/raw"));
    insta::assert_snapshot!("init_file", fs::read_to_string(place.path("sync.toml")).unwrap());
    assert!(place.run("check sync.toml --offline").contains("exit code 0"));
}

#[test]
fn init_writes_no_password() {
    let place = Place::new().environment("SOURCE_URL", "postgres://app:hunter2@db/shop");
    let said =
        place.run("init --source postgres://app:hunter2@db/shop --destination postgres://dwh/raw --out shop.toml");
    // The command line that it was given is a part of the text.
    insta::assert_snapshot!(said.split_once('\n').unwrap().1);
    assert!(!fs::read_to_string(place.path("shop.toml")).unwrap().contains("hunter2"));
    assert!(place.run("check shop.toml --offline").contains("exit code 0"));
}

#[test]
fn init_overwrites_nothing() {
    let place = Place::with("sync.toml", "mine");
    insta::assert_snapshot!(place.run("init --source postgres://app@db/shop --destination postgres://dwh/raw"));
    assert_eq!(fs::read_to_string(place.path("sync.toml")).unwrap(), "mine");
}

#[test]
fn completions_know_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let said = Place::new().run(&format!("completions {shell}"));
        assert!(said.contains("exit code 0"), "{shell}");
        for command in ["plan", "apply", "check", "discover", "connectors", "init", "demo", "completions"] {
            assert!(said.contains(command), "{shell}: {command}");
        }
    }
}

#[test]
fn connectors_are_listed_for_programs() {
    // Kept between runs: compiling both takes seconds.
    let cache = concat!(env!("CARGO_TARGET_TMPDIR"), "/cache");
    let said = Place::new().environment("RAPIDBYTE_CACHE_DIR", cache).run("connectors --format json");
    let json = said.split_once("--- stdout\n").unwrap().1.split_once("--- stderr\n").unwrap();
    assert_eq!(json.1, "");
    let json: serde_json::Value = serde_json::from_str(json.0).unwrap();
    assert_eq!(json["schema"], "rapidbyte.connectors/1");
    let sides: Vec<_> = json["connectors"].as_array().unwrap().iter().map(|c| (&c["name"], &c["side"])).collect();
    assert_eq!(sides, [(&"postgres".into(), &"source".into()), (&"postgres".into(), &"destination".into())]);
}

#[test]
fn a_check_looks_at_both_ends_even_where_nothing_listens() {
    let cache = concat!(env!("CARGO_TARGET_TMPDIR"), "/cache");
    let place = Place::with("sync.toml", GOOD).environment("RAPIDBYTE_CACHE_DIR", cache);
    insta::assert_snapshot!(place.run("check sync.toml"));
}

#[test]
fn a_reader_that_has_read_enough_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(folder.path());
    let mut child =
        command.args(["completions", "bash"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), b"".as_slice()));
}
