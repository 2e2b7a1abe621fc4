//! `cargo xtask bench table FILE` and `bench chart FILE`: results out of JSON lines, of one run or of many.

use super::{
    chart, record,
    runner::{Measured, Run},
    versus::summary,
    wish::Wish,
};
use crate::measure::Cost;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::{fs, path::PathBuf};

/// What ran in turns, by the trial's name.
pub(super) type Group = (String, Vec<Measured>);

pub(super) fn table(arguments: &[String]) -> Result<()> {
    let wish = Wish::read(arguments, &[])?;
    wish.at_most_words(1)?;
    for (name, measured) in groups(&record::read(&file(&wish)?)?)? {
        println!("{name}\n{}", summary(&measured));
    }
    Ok(())
}

pub(super) fn draw(arguments: &[String]) -> Result<()> {
    let wish = Wish::read(arguments, &["out"])?;
    wish.at_most_words(1)?;
    let file = file(&wish)?;
    let lines = record::read(&file)?;
    let drawn = chart::svg(&groups(&lines)?, &caption(&lines));
    let path = wish.out.unwrap_or_else(|| file.with_extension("svg"));
    fs::write(&path, drawn).with_context(|| format!("cannot write {}", path.display()))?;
    println!("chart: {}", path.display());
    Ok(())
}

fn file(wish: &Wish) -> Result<PathBuf> {
    let word = wish.words.first().context("which file? it has JSON lines that a bench has written")?;
    Ok(PathBuf::from(word))
}

/// In the order of the lines: who ran, or was missing, in which trial and at which size.
fn groups(lines: &[Value]) -> Result<Vec<Group>> {
    let mut groups: Vec<Group> = Vec::new();
    for line in lines {
        let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
        ensure!(text("schema") == record::SCHEMA, "a line is not of {}: {line}", record::SCHEMA);
        if !["run", "missing"].contains(&text("kind").as_str()) {
            continue;
        }
        let trial = text("trial");
        let place = groups.iter().position(|(name, _)| *name == trial).unwrap_or(groups.len());
        if place == groups.len() {
            groups.push((trial, Vec::new()));
        }
        let group = &mut groups[place].1;
        let rows = u32::try_from(line["rows"].as_u64().unwrap_or(0)).context("a line has too many rows")?;
        let name = text("variant");
        let at = group.iter().position(|one| one.name == name && one.rows == rows).unwrap_or(group.len());
        if at == group.len() {
            let version = text("version");
            group.push(Measured { name, rows, version, runs: Vec::new(), missing: None, is_ours: false });
        }
        match text("kind").as_str() {
            "missing" => group[at].missing = Some(text("reason").lines().next().unwrap_or_default().to_owned()),
            _ => group[at].runs.push(run(line)?),
        }
    }
    for (_, group) in &mut groups {
        // Turns change from round to round; what all are held against comes first.
        group.sort_by_key(|one| !one.version.starts_with("rapidbyte"));
    }
    Ok(groups)
}

fn run(line: &Value) -> Result<Run> {
    let number = |name: &str| line[name].as_f64().with_context(|| format!("a line has no {name}: {line}"));
    let round = line["round"].as_u64().and_then(|round| u32::try_from(round).ok()).context("a line has no round")?;
    let cost =
        Cost { wall_secs: number("wall_secs")?, cpu_secs: number("cpu_secs")?, peak_bytes: number("peak_bytes")? };
    Ok(Run { round, cost, receipt: None })
}

/// On what it was measured: a figure without its machine says nothing.
fn caption(lines: &[Value]) -> String {
    let Some(line) = lines.first() else { return String::new() };
    let text = |name: &str| line[name].as_str().unwrap_or("?");
    let git = text("git").get(..12).unwrap_or("?");
    let tree = if line["dirty"] == true { " and changes" } else { "" };
    let cores = &line["cores"];
    format!("{git}{tree}, {}, {cores} × {}, {}", text("postgres"), text("machine"), text("date"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn line(kind: &str, trial: &str, variant: &str, wall_secs: f64) -> Value {
        json!({
            "schema": record::SCHEMA, "kind": kind, "trial": trial, "variant": variant, "version": variant, "rows": 10, "round": 1,
            "wall_secs": wall_secs, "cpu_secs": 0.5, "peak_bytes": 1e6, "reason": "no wheel\nat all",
            "git": "0123456789abcdef", "dirty": true, "cores": 2, "postgres": "15", "machine": "M", "date": "D",
        })
    }

    #[test]
    fn lines_are_grouped_by_trial_and_variant() {
        let lines = [
            line("run", "keyed", "psql", 1.0),
            line("run", "keyed", "rapidbyte", 1.0),
            line("verdict", "keyed", "", 0.0),
            line("missing", "plain", "dlt", 0.0),
            line("run", "keyed", "rapidbyte", 2.0),
        ];
        let groups = groups(&lines).unwrap();
        assert_eq!(groups.len(), 2);
        assert_eq!(groups[0].1[0].name, "rapidbyte");
        assert_eq!(groups[0].1[0].runs.len(), 2);
        assert_eq!(groups[1].1[0].missing.as_deref(), Some("no wheel"));
    }

    #[test]
    fn what_is_no_result_is_refused() {
        assert!(groups(&[json!({"schema": "rapidbyte.receipt/1"})]).is_err());
        assert!(groups(&[json!({"schema": record::SCHEMA, "kind": "run"})]).is_err());
    }

    #[test]
    fn the_caption_names_the_machine_and_the_commit() {
        assert_eq!(caption(&[line("run", "a", "b", 1.0)]), "0123456789ab and changes, 15, 2 × M, D");
    }
}
