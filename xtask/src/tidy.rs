//! House rules that neither rustfmt nor clippy know (style.md of the project in CONTRIBUTING.md). Each rule is a function
//! from one file's text to its mistakes; only `run` touches the disk.

use crate::process;
use anyhow::{Context, Result, bail};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// A longer file is hard to hold in one's head; tests at its end are read on their own.
const FILE_LINES_MAX: usize = 400;

/// A longer function hides a second one.
const FUNCTION_LINES_MAX: usize = 70;

/// A golden snapshot is read before it is kept: what fills more than a screen is not.
const SNAPSHOT_LINES_MAX: usize = 60;

/// Folders that hold nothing of ours, at the root or below it.
const NOT_OURS: [&str; 5] = [".git", "target", ".direnv", "result", "node_modules"];

/// Where machines keep what is theirs alone. In two halves, because this file is checked as well.
const MACHINE_PATHS: [(&str, &str); 4] = [("/wo", "rk/"), ("/ro", "ot/"), ("/ho", "me/"), ("/Us", "ers/")];

/// Beginnings of SQL that are not prose, with an interpolation behind them or a keyword that prose has not.
const SQL: [&str; 22] = [
    "SELECT {",
    "SELECT *",
    "SELECT count",
    " FROM {",
    "INSERT INTO",
    "UPDATE {",
    "DELETE FROM",
    "TRUNCATE {",
    "TRUNCATE TABLE",
    "COPY {",
    "COPY (",
    "DECLARE {",
    "FETCH {",
    "CREATE TABLE",
    "CREATE SCHEMA",
    "CREATE TYPE",
    "CREATE INDEX",
    "CREATE TEMP",
    "ALTER TABLE",
    "DROP TABLE",
    "LOCK TABLE",
    "GRANT {",
];

/// A place and what is wrong there.
#[derive(Debug, PartialEq, Eq)]
struct Mistake {
    line: usize,
    message: String,
}

pub(crate) fn run() -> Result<()> {
    let root = process::root();
    let mut mistakes = Vec::new();
    let files = files(&root)?;
    for path in &files {
        let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let name = path.strip_prefix(&root).unwrap_or(path);
        // What is not text has no lines to check.
        if let Ok(text) = String::from_utf8(bytes) {
            let found = check(name, &text);
            mistakes.extend(found.into_iter().map(|it| format!("{}:{}: {}", name.display(), it.line, it.message)));
        }
    }
    if !mistakes.is_empty() {
        bail!("{} mistakes\n  {}", mistakes.len(), mistakes.join("\n  "));
    }
    println!("house rules: {} files, no mistake", files.len());
    Ok(())
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let entry = entry?;
        let ours = !NOT_OURS.iter().any(|name| entry.file_name() == *name);
        let kind = entry.file_type()?;
        if ours && kind.is_dir() {
            found.extend(files(&entry.path())?);
        } else if ours && kind.is_file() {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

fn check(name: &Path, text: &str) -> Vec<Mistake> {
    let mut mistakes = machine_paths(before_tests(text));
    if name.extension().is_some_and(|extension| extension == "rs") {
        mistakes.extend(opening(text));
        mistakes.extend(function_lengths(text));
        if !holds_tests(name) {
            mistakes.extend(file_length(text));
        }
        if !holds_tests(name) && !may_write_sql(name) {
            mistakes.extend(sql_by_format(text));
        }
    }
    if is_golden_page(name) {
        mistakes.extend(page_length(text));
    }
    mistakes
}

fn holds_tests(name: &Path) -> bool {
    name.components().any(|part| part.as_os_str() == "tests") || name.ends_with("tests.rs")
}

/// A snapshot that people read: one of JSON is for programs.
fn is_golden_page(name: &Path) -> bool {
    let file = name.to_string_lossy();
    name.starts_with("tests/golden") && file.ends_with(".snap") && !file.ends_with(".json.snap")
}

/// connectors/postgres has the quoting doors. plans reaches no server: what it writes is advice for people to read.
fn may_write_sql(name: &Path) -> bool {
    name.starts_with("connectors/postgres") || name.starts_with("plans")
}

fn machine_paths(text: &str) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    for (line, content) in numbered(text) {
        for (one, other) in MACHINE_PATHS {
            let path = [one, other].concat();
            // Inside a longer path or an address it is somebody else's; only the beginning of a path is ours.
            let begins = content.match_indices(&path).any(|(at, _)| {
                let before = content[..at].chars().next_back();
                before.is_none_or(|before| !before.is_alphanumeric() && !"./_-}".contains(before))
            });
            if begins {
                mistakes.push(Mistake { line, message: format!("a path of one machine: {path}") });
            }
        }
    }
    mistakes
}

fn opening(text: &str) -> Option<Mistake> {
    let message = "the file must begin with `//!`: what it owns, and what it must not do".to_owned();
    (!text.starts_with("//!")).then_some(Mistake { line: 1, message })
}

fn file_length(text: &str) -> Option<Mistake> {
    let lines = before_tests(text).lines().count();
    let message = format!("{lines} lines before the tests; {FILE_LINES_MAX} are allowed");
    (lines > FILE_LINES_MAX).then_some(Mistake { line: FILE_LINES_MAX + 1, message })
}

fn page_length(text: &str) -> Option<Mistake> {
    let lines = text.lines().count();
    let message = format!("a snapshot of {lines} lines; {SNAPSHOT_LINES_MAX} are allowed: make the case smaller");
    (lines > SNAPSHOT_LINES_MAX).then_some(Mistake { line: SNAPSHOT_LINES_MAX + 1, message })
}

/// rustfmt puts a function's closing brace where its first line begins.
fn function_lengths(text: &str) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    let mut open: Option<(usize, &str)> = None;
    for (line, content) in numbered(text) {
        let indent = &content[..content.len() - content.trim_start().len()];
        match open {
            Some((start, outer)) if content == [outer, "}"].concat() => {
                let lines = line - start + 1;
                if lines > FUNCTION_LINES_MAX {
                    let message = format!("a function of {lines} lines; {FUNCTION_LINES_MAX} are allowed");
                    mistakes.push(Mistake { line: start, message });
                }
                open = None;
            }
            None if begins_function(content) => open = Some((line, indent)),
            _ => {}
        }
    }
    mistakes
}

/// A function with a body: one that ends on its first line is short, and has no brace to wait for.
fn begins_function(line: &str) -> bool {
    let code = line.trim_start();
    let shown = match code.strip_prefix("pub(") {
        Some(restricted) => restricted.split_once(')').map_or("", |(_, rest)| rest),
        None => code.strip_prefix("pub ").unwrap_or(code),
    };
    let mut words = shown.split_whitespace();
    let qualifier = |word: &&str| !matches!(*word, "const" | "async" | "unsafe" | "extern") && !word.starts_with('"');
    words.find(qualifier) == Some("fn") && !code.ends_with(['}', ';'])
}

/// SQL is built in connectors/postgres only, through its quoting doors.
fn sql_by_format(text: &str) -> Vec<Mistake> {
    let text = before_tests(text);
    let mut mistakes = Vec::new();
    for name in ["format!(", "format_args!(", "write!(", "writeln!("] {
        for (at, _) in text.match_indices(name) {
            let Some(literal) = first_literal(&text[at..]) else { continue };
            if let Some(sql) = SQL.iter().find(|sql| literal.contains(*sql)) {
                let message = format!("SQL built by {name}…) (\"{sql}\"): only connectors/postgres builds SQL");
                mistakes.push(Mistake { line: text[..at].lines().count().max(1), message });
            }
        }
    }
    mistakes
}

/// The first string literal before the statement's end, quotes left out; raw ones count as well.
fn first_literal(code: &str) -> Option<&str> {
    let start = code.find('"').filter(|start| !code[..*start].contains(';'))?;
    let rest = &code[start + 1..];
    let mut escaped = false;
    let end = rest.find(|character| {
        let ends = character == '"' && !escaped;
        escaped = character == '\\' && !escaped;
        ends
    })?;
    Some(&rest[..end])
}

fn before_tests(text: &str) -> &str {
    text.find("\n#[cfg(test)]\nmod ").map_or(text, |at| &text[..=at])
}

fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, line))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(mistakes: &[Mistake]) -> Vec<usize> {
        mistakes.iter().map(|mistake| mistake.line).collect()
    }

    fn function(name: &str, lines: usize) -> String {
        format!("    pub(crate) async fn {name}(&self) {{\n{}    }}\n", "        work();\n".repeat(lines - 2))
    }

    #[test]
    fn every_file_says_what_it_owns() {
        assert_eq!(lines_of(&check(Path::new("a/src/b.rs"), "use std::fs;\n")), [1]);
        assert_eq!(check(Path::new("a/src/b.rs"), "//! Owns b.\nuse std::fs;\n"), []);
        assert_eq!(check(Path::new("a/b.toml"), "c = 1\n"), []);
    }

    #[test]
    fn files_are_measured_before_their_tests() {
        let long = "\n".repeat(FILE_LINES_MAX);
        assert_eq!(file_length(&long), None);
        assert!(file_length(&[&long, "\n"].concat()).is_some());
        assert_eq!(check(Path::new("a/src/tests.rs"), &["//! .\n", &long].concat()), []);
        let tests = "\n#[cfg(test)]\nmod tests {\n";
        assert_eq!(file_length(&[&long[1..], tests, &long].concat()), None);
    }

    #[test]
    fn golden_pages_fit_a_screen() {
        let long = "\n".repeat(SNAPSHOT_LINES_MAX + 1);
        let found = |name: &str, text: &str| lines_of(&check(Path::new(name), text));
        assert_eq!(found("tests/golden/plans/a/plan.txt.snap", &long), [SNAPSHOT_LINES_MAX + 1]);
        assert_eq!(found("tests/golden/plans/a/plan.md.snap", &long), [SNAPSHOT_LINES_MAX + 1]);
        for (name, text) in [
            ("tests/golden/plans/a/plan.txt.snap", &long[1..]),
            ("tests/golden/plans/a/plan.json.snap", &long),
            ("tests/golden/plans/a/observation.json", &long),
            ("cli/tests/snapshots/offline__help.snap", &long),
        ] {
            assert_eq!(found(name, text), [0_usize; 0], "{name}");
        }
    }

    #[test]
    fn functions_are_measured_one_by_one() {
        let text = [function("short", FUNCTION_LINES_MAX), function("long", FUNCTION_LINES_MAX + 1)].concat();
        assert_eq!(lines_of(&function_lengths(&text)), [FUNCTION_LINES_MAX + 1]);
    }

    #[test]
    fn a_function_without_a_body_of_its_own_hides_none() {
        let declarations = "    fn declared(&self);\n    fn one() -> u8 { 1 }\n";
        let text = [declarations, &function("long", FUNCTION_LINES_MAX + 1)].concat();
        assert_eq!(lines_of(&function_lengths(&text)), [3]);
        assert!(!begins_function("let f: fn(u8) -> u8 = |byte| {"));
        assert!(begins_function("pub const unsafe extern \"C\" fn entry() {"));
    }

    #[test]
    fn sql_is_built_in_one_place() {
        let text = "//! .\nfn f() {\n    let sql = format!(\n        \"INSERT INTO {table}\",\n    );\n}\n";
        assert_eq!(lines_of(&check(Path::new("engine/src/run.rs"), text)), [3]);
        assert_eq!(check(Path::new("connectors/postgres/src/sql.rs"), text), []);
        assert_eq!(check(Path::new("cli/tests/apply.rs"), text), []);
    }

    #[test]
    fn prose_about_sql_is_not_sql() {
        let text = "let why = format!(\"COPY cannot be used: {reason}; SELECT is granted\");\nlet sql = \"SELECT * FROM t\";\n";
        assert_eq!(sql_by_format(text), []);
    }

    #[test]
    fn paths_of_one_machine_are_found() {
        assert_eq!(lines_of(&machine_paths("cd /home/me/project")), [1]);
        assert_eq!(machine_paths("https://example.org/home/ and ${BASE}/home/ and /usr/lib/"), []);
    }
}
