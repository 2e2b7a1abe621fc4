//! Saved plans on disk: where the sync file of one is, and until when it holds. What stands in a plan is the business of
//! `plans`, whether it still holds at the servers that of the engine.

use crate::{
    failure::{DRIFT, Failure, USAGE},
    sync_file,
};
use rapidbyte_plans::{
    name::visible,
    plan::{Plan, PlanFileError},
    spec::Spec,
};
use std::{
    fs::{self, Permissions},
    io::{self, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    time::{Duration, SystemTime},
};

/// A plan of a thousand streams with a hundred columns each has some 60 MB.
const FILE_BYTES_MAX: u64 = 256 << 20;

const AS_WRITTEN: &str = "name a file that `rapidbyte plan --out` wrote, as it wrote it";

/// What `apply` is given.
pub(crate) enum Input {
    /// A sync file: to be planned.
    Sync(Box<Spec>),
    /// A saved plan, and the sync file that it is of.
    Plan(Box<(Plan, Spec)>),
}

impl Input {
    /// Where the sync file is.
    pub(crate) fn sync_file(&self) -> &Path {
        match self {
            Self::Sync(spec) => Path::new(&spec.file),
            Self::Plan(saved) => Path::new(&saved.1.file),
        }
    }
}

/// Whether this text of a file is a plan's and not a sync file's: a TOML document cannot begin with a brace, and every plan
/// does. JSON of another form is neither, and must not be taken for bad TOML.
pub(crate) fn is_plan(text: &str, path: &Path) -> Result<bool, Failure> {
    let bare = text.trim_start_matches('\u{feff}').trim_start();
    let inner = bare.trim_start_matches(|c: char| c == '[' || c.is_whitespace());
    let what = if bare.starts_with('[') && inner.starts_with(['{', ']']) {
        "it is a JSON list"
    } else if bare.starts_with('{') && text.starts_with('\u{feff}') {
        "a byte order mark stands before its JSON"
    } else {
        return Ok(bare.starts_with('{'));
    };
    Err(Failure::new(USAGE, format!("{} is neither a sync file nor a saved plan: {what}", path.display()))
        .advise("name a sync file, or a plan as `rapidbyte plan --out` wrote it"))
}

/// Reads a sync file, or a plan that has not expired with its sync file; `sync` is where that one is, if it has moved.
pub(crate) fn input(path: &Path, sync: Option<&Path>) -> Result<Input, Failure> {
    let text = sync_file::text(path, FILE_BYTES_MAX)?;
    if is_plan(&text, path)? {
        let plan = parse(&text, path)?;
        let spec = spec_of(&plan, path, sync)?;
        return Ok(Input::Plan(Box::new((plan, spec))));
    }
    if sync.is_some() {
        return Err(Failure::new(USAGE, format!("{} is no saved plan, and --sync-file is for those", path.display()))
            .advise("leave --sync-file out"));
    }
    sync_file::parse(&text, path).map(|spec| Input::Sync(Box::new(spec)))
}

/// Reads a plan, whether or not it still holds.
pub(crate) fn read(path: &Path) -> Result<Plan, Failure> {
    let text = sync_file::text(path, FILE_BYTES_MAX)?;
    is_plan(&text, path)?;
    parse(&text, path)
}

/// The sync file of a plan that has not expired.
pub(crate) fn spec_of(plan: &Plan, path: &Path, sync: Option<&Path>) -> Result<Spec, Failure> {
    unexpired(plan, path)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let sync = sync.map_or_else(|| folder.join(plan.sync_file()), Path::to_owned);
    sync_file::read(&sync).map_err(|failure| {
        if sync.exists() { failure } else { failure.advise("say where the sync file is now: --sync-file FILE") }
    })
}

/// Writes a plan; its sync file is named as it is found from the plan's folder.
pub(crate) fn write(path: &Path, plan: Plan, sync: &Path, valid_for: Option<Duration>) -> Result<Plan, Failure> {
    let fail = |what: String| {
        Failure::new(USAGE, format!("cannot save the plan to {}: {what}", path.display()))
            .advise("name a file in a folder that you may write to")
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let (folder, sync) = (fs::canonicalize(folder), fs::canonicalize(sync));
    let (folder, sync) =
        (folder.map_err(|error| fail(error.to_string()))?, sync.map_err(|error| fail(error.to_string()))?);
    let way = pathdiff::diff_paths(&sync, &folder).unwrap_or(sync);
    let way = way.into_os_string().into_string().map_err(|_| fail("the sync file's path is no UTF-8".to_owned()))?;
    let expires_at =
        valid_for.map(|valid_for| humantime::format_rfc3339_seconds(SystemTime::now() + valid_for).to_string());
    let plan = plan.saved(way, expires_at);
    replace(path, &plan.to_json()).map_err(|error| fail(error.to_string()))?;
    Ok(plan)
}

/// Writes the whole text, or leaves the former file: what stands there may be applied at any time.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    // A link goes on pointing where it does.
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let former = fs::metadata(path).ok();
    if former.as_ref().is_some_and(|former| !former.is_file()) {
        // A pipe or a device holds nothing to keep, and must not give way to a file.
        return fs::write(path, text);
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // What the user's umask leaves of this, as for any other new file.
    let new = Permissions::from_mode(0o666);
    let mut file = tempfile::Builder::new().prefix(".rapidbyte-").permissions(new).tempfile_in(folder)?;
    if let Some(former) = former {
        file.as_file().set_permissions(former.permissions())?;
    }
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

fn parse(text: &str, path: &Path) -> Result<Plan, Failure> {
    Plan::parse(text).map_err(|error| {
        let advice = match error {
            PlanFileError::Form(_) => AS_WRITTEN,
            PlanFileError::Version { .. } => "plan again with this version, or apply it with the version that made it",
        };
        Failure::new(USAGE, format!("{}: {}", path.display(), visible(&error.to_string()))).advise(advice)
    })
}

fn unexpired(plan: &Plan, path: &Path) -> Result<(), Failure> {
    let Some(expires_at) = plan.expires_at() else { return Ok(()) };
    let end = humantime::parse_rfc3339(expires_at).map_err(|_| {
        Failure::new(USAGE, format!("{}: \"{}\" is no time to expire at", path.display(), visible(expires_at)))
            .advise(AS_WRITTEN)
    })?;
    if SystemTime::now() < end {
        return Ok(());
    }
    Err(Failure::new(DRIFT, format!("the plan expired at {expires_at}")).advise("nothing was changed; plan again"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{env, os::unix::fs::MetadataExt as _, process::Command};

    #[test]
    fn a_file_is_replaced_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("plan.json"), folder.path().join("link.json"));
        replace(&file, "one").unwrap();
        let inode = || fs::metadata(&file).unwrap().ino();
        let before = inode();
        let reader = fs::File::open(&file).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink("plan.json", &link).unwrap();
        replace(&link, "two").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "two");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_ne!(inode(), before);
        assert_eq!(io::read_to_string(reader).unwrap(), "one", "who read it reads on");
    }

    /// A limit on the size of files is a full disk.
    #[test]
    fn a_full_disk_leaves_the_former_file() {
        const FILE: &str = "RAPIDBYTE_TEST_FILE";
        if let Some(file) = env::var_os(FILE) {
            replace(Path::new(&file), "two").unwrap_err();
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("plan.json");
        fs::write(&file, "one").unwrap();
        let mut shell = Command::new("sh");
        shell.args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\""]).arg(env::current_exe().unwrap());
        let name = concat!(module_path!(), "::a_full_disk_leaves_the_former_file");
        let output = shell.args(["--exact", name.split_once("::").unwrap().1]).env(FILE, &file).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && said.contains("1 passed"), "{said}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "one");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_cannot_be_replaced_stays() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("plan.json")).unwrap();
        assert!(replace(&folder.path().join("plan.json"), "one").is_err());
        replace(Path::new("/dev/null"), "one").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
