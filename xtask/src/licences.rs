//! The licences of every crate we build from, against the list in deny.toml: one list for cargo-deny and for here, where
//! cargo-deny may be missing. It reads SPDX expressions; it judges no licence text.

use crate::{
    metadata::{self, Scope, text},
    process,
};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::{collections::BTreeSet, fs};

pub(crate) fn run() -> Result<()> {
    let allowed = allowed()?;
    let packages = metadata::packages(&Scope::Everything)?;
    let refused: Vec<String> = packages.iter().filter_map(|package| refusal(package, &allowed)).collect();
    if !refused.is_empty() {
        bail!("licences that deny.toml does not allow:\n  {}", refused.join("\n  "));
    }
    println!("licences: {} packages, all allowed", packages.len());
    Ok(())
}

fn allowed() -> Result<BTreeSet<String>> {
    let file: toml::Table = fs::read_to_string(process::root().join("deny.toml")).context("deny.toml")?.parse()?;
    let list = file.get("licenses").and_then(|licences| licences.get("allow")).and_then(toml::Value::as_array);
    let list = list.context("deny.toml has no licenses.allow")?;
    Ok(list.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect())
}

fn refusal(package: &Value, allowed: &BTreeSet<String>) -> Option<String> {
    let expression = text(&package["license"]);
    let fine = Expression { words: words(expression), at: 0 }.holds(allowed);
    let name = || format!("{} {}", text(&package["name"]), text(&package["version"]));
    (!fine).then(|| format!("{}: {}", name(), if expression.is_empty() { "none stated" } else { expression }))
}

/// "MIT/Apache-2.0" is how old manifests wrote OR.
fn words(expression: &str) -> Vec<String> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    spaced.split_whitespace().map(str::to_owned).collect()
}

/// An SPDX licence expression (SPDX 2.3, annex D): `OR` binds looser than `AND`, `AND` looser than `WITH`.
struct Expression {
    words: Vec<String>,
    at: usize,
}

impl Expression {
    /// Whether some choice among the alternatives is allowed as a whole; false for what is no expression.
    fn holds(mut self, allowed: &BTreeSet<String>) -> bool {
        let holds = self.any(allowed);
        holds && self.at == self.words.len()
    }

    fn any(&mut self, allowed: &BTreeSet<String>) -> bool {
        let mut holds = self.all(allowed);
        while self.eat("OR") {
            holds |= self.all(allowed);
        }
        holds
    }

    fn all(&mut self, allowed: &BTreeSet<String>) -> bool {
        let mut holds = self.one(allowed);
        while self.eat("AND") {
            holds &= self.one(allowed);
        }
        holds
    }

    fn one(&mut self, allowed: &BTreeSet<String>) -> bool {
        if self.eat("(") {
            let holds = self.any(allowed);
            return self.eat(")") && holds;
        }
        let Some(mut name) = self.next() else { return false };
        if self.eat("WITH") {
            name = format!("{name} WITH {}", self.next().unwrap_or_default());
        }
        allowed.contains(&name)
    }

    fn eat(&mut self, word: &str) -> bool {
        let there = self.words.get(self.at).is_some_and(|next| next == word);
        self.at += usize::from(there);
        there
    }

    fn next(&mut self) -> Option<String> {
        let word = self.words.get(self.at).cloned();
        self.at += 1;
        word
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(expression: &str) -> bool {
        let allowed = ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned).into();
        Expression { words: words(expression), at: 0 }.holds(&allowed)
    }

    #[test]
    fn one_allowed_alternative_is_enough() {
        assert!(holds("MIT"));
        assert!(holds("GPL-3.0 OR MIT"));
        assert!(holds("MIT/GPL-3.0"));
        assert!(holds("(GPL-3.0 OR MIT) AND Apache-2.0"));
        assert!(holds("Apache-2.0 WITH LLVM-exception OR GPL-3.0"));
    }

    #[test]
    fn every_part_of_a_conjunction_counts() {
        assert!(!holds("MIT AND GPL-3.0"));
        assert!(!holds("(MIT AND GPL-3.0) OR GPL-2.0"));
        assert!(!holds("GPL-3.0 WITH LLVM-exception"));
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for expression in ["", "MIT OR", "(MIT", "MIT)", "MIT Apache-2.0"] {
            assert!(!holds(expression), "{expression:?}");
        }
    }
}
