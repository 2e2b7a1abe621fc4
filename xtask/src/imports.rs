//! Which crate may import which: the table of ARCHITECTURE.md, enforced. A crate boundary stands only where an import must
//! be impossible, so a new dependency is a line here, written after its reason was found. Dependencies of tests alone are
//! free; what a build script uses is not.

use crate::metadata::{self, Scope, text};
use anyhow::{Result, bail};
use serde_json::Value;

const ALLOWED: [(&str, &[&str]); 12] = [
    // Pure: no clock, no randomness, no files, no network, so nothing that brings one of them.
    ("rapidbyte-plans", &["arrow-schema", "serde", "serde_json", "sha2", "similar", "strsim", "thiserror", "toml"]),
    // Pure as well, and compiled into the guests.
    (
        "rapidbyte-postgres",
        &[
            "arrow-array",
            "arrow-buffer",
            "arrow-data",
            "arrow-schema",
            "base64",
            "bytes",
            "fallible-iterator",
            "hmac",
            "itoa",
            "memchr",
            "percent-encoding",
            "postgres-protocol",
            "serde",
            "serde_json",
            "sha2",
            "thiserror",
            "zmij",
        ],
    ),
    // What a guest links; the bindings are made here and nowhere else.
    ("rapidbyte-sdk", &["arrow-array", "arrow-buffer", "arrow-ipc", "arrow-schema", "wit-bindgen"]),
    // Guests know their own database and the contract, never each other, the plans or the engine.
    ("rapidbyte-postgres-guest", &["rapidbyte-postgres", "rapidbyte-sdk", "serde", "serde_json"]),
    ("rapidbyte-source-postgres", &GUEST),
    ("rapidbyte-dest-postgres", &GUEST),
    ("rapidbyte-testing", &["arrow-array", "arrow-schema", "rapidbyte-guest-build", "rapidbyte-sdk", "wit-bindgen"]),
    // For build scripts: it finds the guests by cargo's word, so it needs no crate of ours.
    ("rapidbyte-guest-build", &["sha2"]),
    // The host of the guests. Nothing that prints, nothing that knows a database.
    (
        "rapidbyte-engine",
        &[
            "arrow-array",
            "arrow-buffer",
            "arrow-ipc",
            "arrow-schema",
            "blake3",
            "bytes",
            "getrandom",
            "lz4_flex",
            "nix",
            "rapidbyte-guest-build",
            "rapidbyte-plans",
            "rustls",
            "rustls-native-certs",
            "serde",
            "serde_json",
            "sha2",
            "socket2",
            "thiserror",
            "tokio",
            "tokio-rustls",
            "wasmtime",
            "zstd",
        ],
    ),
    // The only crate that prints. No wasmtime, no Arrow arrays, no database client: the demo asks psql.
    (
        "rapidbyte",
        &[
            "anstream",
            "anstyle",
            "clap",
            "clap_complete",
            "humantime",
            "indicatif",
            "pathdiff",
            "rapidbyte-engine",
            "rapidbyte-plans",
            "rapidbyte-throwaway",
            "serde",
            "serde_json",
            "tempfile",
            "terminal_size",
            "tokio",
        ],
    ),
    ("rapidbyte-throwaway", &["tempfile", "thiserror"]),
    ("xtask", &["anyhow", "nix", "rapidbyte-throwaway", "serde_json", "tempfile", "toml"]),
];

const GUEST: [&str; 5] =
    ["arrow-array", "arrow-schema", "rapidbyte-postgres", "rapidbyte-postgres-guest", "rapidbyte-sdk"];

pub(crate) fn run() -> Result<()> {
    let packages = metadata::packages(&Scope::Workspace)?;
    let mistakes: Vec<String> = packages.iter().flat_map(mistakes).collect();
    if !mistakes.is_empty() {
        bail!("the table in xtask/src/imports.rs does not allow:\n  {}", mistakes.join("\n  "));
    }
    println!("imports: {} crates, all allowed", packages.len());
    Ok(())
}

fn mistakes(package: &Value) -> Vec<String> {
    let name = text(&package["name"]);
    let Some((_, allowed)) = ALLOWED.iter().find(|(listed, _)| *listed == name) else {
        return vec![format!("{name} has no line")];
    };
    let dependencies = package["dependencies"].as_array().into_iter().flatten();
    let counted = dependencies.filter(|dependency| text(&dependency["kind"]) != "dev");
    let refused = counted.map(|dependency| text(&dependency["name"])).filter(|import| !allowed.contains(import));
    refused.map(|import| format!("{name} imports {import}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_import_outside_the_table_is_named() {
        let dependencies = json!([
            {"name": "serde", "kind": null}, {"name": "tokio", "kind": null},
            {"name": "proptest", "kind": "dev"}, {"name": "cc", "kind": "build"},
        ]);
        let found = mistakes(&json!({"name": "rapidbyte-plans", "dependencies": dependencies}));
        assert_eq!(found, ["rapidbyte-plans imports tokio", "rapidbyte-plans imports cc"]);
    }

    #[test]
    fn a_new_crate_needs_a_line() {
        assert_eq!(mistakes(&json!({"name": "rapidbyte-utils", "dependencies": []})), ["rapidbyte-utils has no line"]);
    }

    /// The rules that ARCHITECTURE.md gives in words; whoever adds a line above must not break them.
    #[test]
    fn the_table_keeps_the_architecture() {
        let never = [
            ("rapidbyte-plans", ["tokio", "wasmtime", "tokio-postgres", "postgres-protocol"]),
            ("rapidbyte-engine", ["rapidbyte", "clap", "indicatif", "anstream"]),
            ("rapidbyte", ["wasmtime", "tokio-postgres", "arrow-array", "postgres-protocol"]),
            ("rapidbyte-postgres", ["tokio", "wit-bindgen", "rapidbyte-engine", "tokio-postgres"]),
            ("rapidbyte-source-postgres", ["rapidbyte-engine", "rapidbyte-plans", "rapidbyte-dest-postgres", "tokio"]),
            ("rapidbyte-dest-postgres", ["rapidbyte-engine", "rapidbyte-plans", "rapidbyte-source-postgres", "tokio"]),
        ];
        for (name, imports) in never {
            let (_, allowed) = ALLOWED.iter().find(|(listed, _)| *listed == name).unwrap();
            for import in imports {
                assert!(!allowed.contains(&import), "{name} must never import {import}");
            }
        }
    }
}
