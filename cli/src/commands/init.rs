//! `rapidbyte init`: writes a commented sync.toml from two URLs. Never a password, never over a file that is there.

use crate::{
    failure::{DONE, ExitCode, Failure, USAGE},
    ui::Ui,
};
use std::{
    fs::OpenOptions,
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

const EXAMPLES: &str = "\
Examples:
  rapidbyte init
  rapidbyte init --source postgres://app@db/shop --destination postgres://load@dwh/raw
  rapidbyte init --source '${SHOP_DB_URL}' --destination '${WAREHOUSE_URL}' --out shop.toml";

const TEMPLATE: &str = include_str!("init.toml");

/// Longest name that a sync may have, in bytes: it becomes a part of names at the destination.
const NAME_BYTES_MAX: usize = 48;

/// Write a commented sync file from two URLs
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Where rows come from: postgres://user@host:port/database; asked for where it is missing
    #[arg(long, value_name = "URL")]
    source: Option<String>,

    /// Where they go
    #[arg(long, value_name = "URL")]
    destination: Option<String>,

    /// The file to write; it must not be there yet
    #[arg(long, value_name = "FILE", default_value = "sync.toml")]
    out: PathBuf,
}

pub(crate) fn run(ui: Ui, args: &Args) -> Result<ExitCode, Failure> {
    // Before any question: an answer should not be thrown away.
    if args.out.symlink_metadata().is_ok() {
        return Err(exists(&args.out));
    }
    let source = address(ui, args.source.as_deref(), "Source", "SOURCE_URL")?;
    let destination = address(ui, args.destination.as_deref(), "Destination", "DESTINATION_URL")?;
    let text = TEMPLATE
        .replace("@name@", &sync_name(&source.database))
        .replace("@source@", &source.toml)
        .replace("@destination@", &destination.toml);
    write_new(&args.out, &text)?;
    let path = args.out.display();
    ui.result(&format!("wrote {path}"))?;
    for variable in [source.variable, destination.variable].into_iter().flatten() {
        ui.say(&format!("The password is not in it: set {variable} to the whole URL before you go on."));
    }
    ui.say(&format!("Next: rapidbyte check {path}, then rapidbyte plan {path}"));
    Ok(DONE)
}

/// One end, as it is written into the file.
#[derive(Debug, PartialEq, Eq)]
struct Address {
    /// The value of `url` in TOML, with a comment behind it where it hides a password.
    toml: String,
    database: String,
    /// The environment variable that must hold the URL, because it has a password.
    variable: Option<&'static str>,
}

fn address(ui: Ui, given: Option<&str>, side: &str, variable: &'static str) -> Result<Address, Failure> {
    let flag = side.to_lowercase();
    let url = match given {
        Some(url) => url.to_owned(),
        None => ui
            .ask(&format!("{side} URL (postgres://user@host:port/database; a password is not written):"))
            .ok_or_else(|| {
                Failure::new(USAGE, format!("the {flag} is missing, and there is no terminal to ask on"))
                    .advise(format!("give --{flag} postgres://user@host:port/database"))
            })?,
    };
    describe(&url, variable).ok_or_else(|| {
        // The URL itself is not shown: it may hold a password.
        Failure::new(USAGE, format!("the {flag} is no PostgreSQL URL"))
            .advise("write postgres://user@host:port/database, or '${NAME}' for a variable that holds it")
    })
}

fn describe(url: &str, variable: &'static str) -> Option<Address> {
    if url.contains(char::is_control) {
        return None;
    }
    if url.starts_with("${") {
        return Some(Address { toml: quoted(url)?, database: String::new(), variable: None });
    }
    let rest = url.strip_prefix("postgres://").or_else(|| url.strip_prefix("postgresql://"))?;
    let authority = &rest[..rest.find(['/', '?']).unwrap_or(rest.len())];
    if rest[authority.len()..].contains('@') {
        // A password with a / or ? that should have been percent-encoded: nobody can tell where it ends.
        return None;
    }
    let (path, query) = rest[authority.len()..].split_once('?').unwrap_or((&rest[authority.len()..], ""));
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (user, password) = user.split_once(':').unwrap_or((user, ""));
    let database = path.trim_start_matches('/').to_owned();
    if password.is_empty() && !query.contains("password=") {
        return Some(Address { toml: quoted(&url.replace('$', "$$"))?, database, variable: None });
    }
    let toml = format!("\"${{{variable}}}\" # postgres://{user}:…@{host}{path}");
    Some(Address { toml, database, variable: Some(variable) })
}

/// A TOML basic string. JSON's escapes are among TOML's, and control characters have been refused.
fn quoted(text: &str) -> Option<String> {
    serde_json::to_string(text).ok()
}

/// A valid name of a sync, made of the source's database.
fn sync_name(database: &str) -> String {
    let name: String = database
        .to_ascii_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '_' })
        .take(NAME_BYTES_MAX)
        .collect();
    if name.is_empty() { "sync".to_owned() } else { name }
}

fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    match file.and_then(|mut file| file.write_all(text.as_bytes())) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(exists(path)),
        Err(error) => Err(Failure::new(USAGE, format!("cannot write {}: {error}", path.display()))),
    }
}

fn exists(path: &Path) -> Failure {
    Failure::new(USAGE, format!("{} is there already, and is not overwritten", path.display()))
        .advise("remove it, or name another file with --out")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_written() {
        for url in [
            "postgres://app:hunter2@db/shop",
            "postgresql://app:hunter2@/shop?host=/tmp",
            "postgres://db/shop?password=hunter2",
            "postgres://app:hunter2@db",
        ] {
            let address = describe(url, "SOURCE_URL").expect(url);
            assert!(!address.toml.contains("hunter2"), "{url}");
            assert_eq!(address.variable, Some("SOURCE_URL"), "{url}");
        }
    }

    #[test]
    fn what_needs_no_hiding_is_written_as_it_is() {
        let address = describe("postgres://app@db:5433/sho$p", "SOURCE_URL").unwrap();
        assert_eq!(address.toml, "\"postgres://app@db:5433/sho$$p\"");
        assert_eq!((address.database.as_str(), address.variable), ("sho$p", None));
        assert_eq!(describe("${SHOP}", "SOURCE_URL").unwrap().toml, "\"${SHOP}\"");
    }

    #[test]
    fn what_is_no_url_is_refused() {
        for url in
            ["", "shop", "mysql://db/shop", "postgres://db/shop\n", "postgres://a:hunter/2@db", "postgres://a:h?2@db"]
        {
            assert_eq!(describe(url, "SOURCE_URL"), None, "{url:?}");
        }
    }

    #[test]
    fn names_are_made_valid() {
        assert_eq!(sync_name("Shop Été"), "shop__t_");
        assert_eq!(sync_name(""), "sync");
        assert_eq!(sync_name(&"a".repeat(60)).len(), NAME_BYTES_MAX);
    }
}
