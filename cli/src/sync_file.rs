//! Reads a sync file from disk. What stands in it is the business of `plans`.

use crate::{
    failure::{Failure, USAGE},
    plan_file, surroundings,
};
use rapidbyte_plans::{
    figures,
    spec::{self, Spec},
};
use std::{
    fs::{self, File},
    io::{ErrorKind, Read},
    os::unix::fs::MetadataExt as _,
    path::Path,
};

/// No sync file comes near it, and a file named by mistake must not fill the memory.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// The sync that a file describes, or all that is wrong with it.
pub(crate) fn read(path: &Path) -> Result<Spec, Failure> {
    let text = text(path, FILE_BYTES_MAX)?;
    if plan_file::is_plan(&text, path)? {
        return Err(Failure::new(USAGE, format!("{} is a saved plan, not a sync file", path.display()))
            .advise("name the sync file that it was made from; `rapidbyte show` and `rapidbyte apply` take a plan"));
    }
    parse(&text, path)
}

/// The sync that this text of a file describes, or all that is wrong with it.
pub(crate) fn parse(text: &str, path: &Path) -> Result<Spec, Failure> {
    Ok(spec::parse(text, &path.display().to_string(), &surroundings::variable)?)
}

/// Refuses to write over what a command reads, under whatever name or link: nobody else may have the file.
pub(crate) fn keep(read: &Path, written: &Path) -> Result<(), Failure> {
    let place = |path: &Path| fs::metadata(path).map(|found| (found.dev(), found.ino())).ok();
    if place(read).is_none_or(|place_read| place(written) != Some(place_read)) {
        return Ok(());
    }
    Err(Failure::new(USAGE, format!("{} would be written over {}", written.display(), read.display()))
        .advise("nothing was changed; name another file"))
}

/// The text of a file of at most so many bytes.
pub(crate) fn text(path: &Path, bytes_max: u64) -> Result<String, Failure> {
    let fail = |why: String, advice: &str| {
        Failure::new(USAGE, format!("cannot read {}: {why}", path.display())).advise(advice)
    };
    let refused = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => {
            fail("there is no such file".to_owned(), "name a sync file, or write one with `rapidbyte init`")
        }
        ErrorKind::IsADirectory => fail("it is a folder".to_owned(), "name the sync file inside it"),
        ErrorKind::PermissionDenied => {
            fail("permission denied".to_owned(), "make it readable for the user who runs rapidbyte")
        }
        _ => fail(error.to_string(), "name a sync file that can be read"),
    };
    // To open a pipe is to wait for whoever writes into it.
    let kind = fs::metadata(path).map_err(refused)?.file_type();
    if !kind.is_file() && !kind.is_dir() {
        let why = "it is a pipe, a socket or a device".to_owned();
        return Err(fail(why, "write what it gives to a file, and name that"));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(refused)?;
    file.take(bytes_max + 1).read_to_end(&mut bytes).map_err(refused)?;
    if bytes.len() as u64 > bytes_max {
        return Err(fail(format!("it is larger than {}", figures::bytes(bytes_max)), "name a sync file"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()]);
        let line = 1 + valid.matches('\n').count();
        fail(format!("line {line} is not valid UTF-8"), "save it as UTF-8, without another encoding's letters")
    })
}
