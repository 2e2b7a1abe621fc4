//! What was asked on the command line: words first come, then `--option value`. Pure.

use anyhow::{Context, Result, bail, ensure};
use std::path::PathBuf;

/// The options of all benches; each bench says which of them it knows.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Wish {
    /// What stands before and between the options.
    pub(super) words: Vec<String>,
    pub(super) rows: Option<u32>,
    /// Of the full sizes.
    pub(super) scale: Option<f64>,
    pub(super) repetitions: Option<u32>,
    pub(super) only: Vec<String>,
    pub(super) against: Vec<String>,
    /// Of a slow network, a second.
    pub(super) megabits: Option<u32>,
    /// Where the JSON lines go.
    pub(super) out: Option<PathBuf>,
}

impl Wish {
    /// Reads what follows the bench's name. `known` are the options that this bench has, without their dashes.
    pub(super) fn read(arguments: &[String], known: &[&str]) -> Result<Self> {
        let mut wish = Self::default();
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let Some(name) = argument.strip_prefix("--") else {
                wish.words.push(argument.clone());
                continue;
            };
            ensure!(known.contains(&name), "this bench knows --{}, not {argument}", known.join(", --"));
            let value = arguments.next().with_context(|| format!("{argument} needs a value"))?;
            wish.set(name, value).with_context(|| format!("{argument} cannot be {value:?}"))?;
        }
        ensure!(wish.repetitions != Some(0), "a bench of no repetitions measures nothing");
        ensure!(wish.megabits != Some(0), "a network that carries nothing never ends");
        ensure!(wish.rows != Some(0), "a bench of no rows measures nothing");
        Ok(wish)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<()> {
        let list = || value.split(',').filter(|word| !word.is_empty()).map(str::to_owned).collect();
        match name {
            "rows" => self.rows = Some(number(value)?),
            "scale" => self.scale = Some(scale(value)?),
            "repetitions" => self.repetitions = Some(number(value)?),
            "only" => self.only = list(),
            "vs" => self.against = list(),
            "megabits" => self.megabits = Some(number(value)?),
            "out" => self.out = Some(value.into()),
            unknown => bail!("no bench has --{unknown}"),
        }
        Ok(())
    }

    /// For benches that take no words, or as many as they named.
    pub(super) fn at_most_words(&self, words_max: usize) -> Result<()> {
        let surplus = self.words.get(words_max..).unwrap_or_default().join(" ");
        ensure!(surplus.is_empty(), "there is nothing to do with {surplus:?}");
        Ok(())
    }
}

/// A number of rows or repetitions, with or without the underscores that make it readable.
pub(super) fn number(value: &str) -> Result<u32> {
    value.replace('_', "").parse().with_context(|| format!("{value:?} is no whole number"))
}

fn scale(value: &str) -> Result<f64> {
    let scale: f64 = value.parse()?;
    ensure!(scale > 0.0 && scale <= 1.0, "a scale is above 0 and at most 1, the full size");
    Ok(scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Wish> {
        let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        Wish::read(&words, &["rows", "scale", "repetitions", "only", "vs", "out"])
    }

    #[test]
    fn wishes_are_read() {
        assert_eq!(read("").unwrap(), Wish::default());
        let wish = read("plain --rows 1_000 --vs psql,dlt --repetitions 2 --scale 0.1 --only a").unwrap();
        assert_eq!((wish.rows, wish.repetitions, wish.scale), (Some(1000), Some(2), Some(0.1)));
        assert_eq!((wish.words, wish.only), (vec!["plain".to_owned()], vec!["a".to_owned()]));
        assert_eq!(wish.against, ["psql", "dlt"]);
    }

    #[test]
    fn wrong_wishes_are_refused() {
        for wrong in ["--rows", "--rows many", "--columns 3", "--repetitions 0", "--rows 0", "--scale 2", "--scale 0"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        assert!(Wish::read(&["--rows".to_owned(), "1".to_owned()], &["only"]).is_err());
        assert!(read("a b").unwrap().at_most_words(1).is_err());
    }
}
