//! Compiled components on disk. An entry is machine code, so it is used only where an authenticated digest says that this
//! user's engine wrote it for this very component; everything else is rebuilt. Without a folder it compiles each time.

use crate::sha256::{Feed, hex};
use blake3::Hasher;
use std::{
    fs::{self, File, OpenOptions},
    hash::Hash,
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};
use wasmtime::{Engine, component::Component};

/// Of the key, and of the keyed BLAKE3 behind each entry's code: megabytes are read each time, and SHA-256 takes four times as
/// long.
const DIGEST_BYTES: usize = 32;

type Key = [u8; DIGEST_BYTES];

/// A component, ready to be instantiated.
pub(crate) struct Compiled {
    pub(crate) component: Component,
    /// What was wrong with the cache, for the log; the component is good all the same.
    pub(crate) complaint: Option<String>,
}

/// Where compiled components lie.
#[derive(Debug, Clone)]
pub(crate) struct Cache {
    folder: Option<PathBuf>,
}

/// Why an entry cannot be used.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error("it is not there")]
    Absent,
    #[error("it was damaged, or not written by this engine")]
    Foreign,
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("the engine does not take it")]
    Refused,
}

impl Cache {
    pub(crate) fn new(folder: Option<PathBuf>) -> Self {
        Self { folder }
    }

    /// The compiled component, from the cache where it can be trusted, else compiled and stored. It blocks, for a second
    /// when it compiles.
    pub(crate) fn load(&self, engine: &Engine, component: &[u8], sha256: &str) -> wasmtime::Result<Compiled> {
        let Some(folder) = &self.folder else { return compile(engine, component, None) };
        let (path, key) = match open(folder).map(|key| (folder.join(entry_name(engine, sha256)), key)) {
            Ok(found) => found,
            Err(error) => return compile(engine, component, Some(complain(folder, &error))),
        };
        match check(&path, &key).and_then(|()| deserialize(engine, &path)) {
            Ok(component) => Ok(Compiled { component, complaint: None }),
            Err(Unusable::Absent) => rebuild(engine, component, &path, &key, None),
            Err(why) => {
                let complaint = format!("the compiled component {} is rebuilt: {why}", path.display());
                rebuild(engine, component, &path, &key, Some(complaint))
            }
        }
    }
}

fn complain(folder: &Path, error: &io::Error) -> String {
    format!("compiled components cannot be kept in {}: {error}", folder.display())
}

fn compile(engine: &Engine, component: &[u8], complaint: Option<String>) -> wasmtime::Result<Compiled> {
    Ok(Compiled { component: Component::from_binary(engine, component)?, complaint })
}

fn rebuild(
    engine: &Engine,
    component: &[u8],
    path: &Path,
    key: &Key,
    complaint: Option<String>,
) -> wasmtime::Result<Compiled> {
    let code = engine.precompile_component(component)?;
    let stored = write(path, key, &code).err().map(|error| complain(path.parent().unwrap_or(path), &error));
    #[allow(unsafe_code)]
    // SAFETY: the bytes are what `Engine::precompile_component` returned just now.
    let component = unsafe { Component::deserialize(engine, &code) }?;
    Ok(Compiled { component, complaint: complaint.or(stored) })
}

/// How entries are laid out: another layout has another name, so that versions of the engine can share a folder.
const LAYOUT: &str = "code, keyed blake3";

/// The entry for one component and one engine: layout, version, compiler, settings and processor features go in.
fn entry_name(engine: &Engine, sha256: &str) -> String {
    let mut feed = Feed::default();
    engine.precompile_compatibility_hash().hash(&mut feed);
    format!("{}.cwasm", hex(format!("{LAYOUT} {sha256} {}", feed.hex()).as_bytes()))
}

/// Makes the folder private, and returns its key.
fn open(folder: &Path) -> io::Result<Key> {
    fs::create_dir_all(folder)?;
    let found = fs::metadata(folder)?;
    if found.mode() & 0o077 != 0 {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    let path = folder.join("key");
    match read_key(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => make_key(folder, &path),
        other => other,
    }
}

/// A key that others could read or change authenticates nothing.
fn read_key(path: &Path) -> io::Result<Key> {
    let mut file = File::open(path)?;
    if file.metadata()?.mode() & 0o077 != 0 {
        return Err(io::Error::other("its key can be read by other users; remove the file \"key\""));
    }
    let mut key = Vec::with_capacity(DIGEST_BYTES);
    file.read_to_end(&mut key)?;
    key.try_into().map_err(|_| io::Error::other("its key is damaged; remove the file \"key\""))
}

/// Two processes can get here at once: the key that is linked first is everybody's.
fn make_key(folder: &Path, path: &Path) -> io::Result<Key> {
    let mut key = [0_u8; DIGEST_BYTES];
    getrandom::fill(&mut key).map_err(no_random)?;
    let temporary = temporary_name(folder)?;
    private_file(&temporary)?.write_all(&key)?;
    let linked = fs::hard_link(&temporary, path);
    fs::remove_file(&temporary)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => read_key(path),
    }
}

fn no_random(error: getrandom::Error) -> io::Error {
    io::Error::other(error.to_string())
}

fn temporary_name(folder: &Path) -> io::Result<PathBuf> {
    let mut random = [0_u8; 8];
    getrandom::fill(&mut random).map_err(no_random)?;
    Ok(folder.join(format!(".{}", crate::sha256::hex_of(&random))))
}

fn private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// The entry's digest authenticates its name as well: an entry copied over another one is foreign.
fn digest(key: &Key, path: &Path, code: impl Read) -> io::Result<blake3::Hash> {
    let mut mac = Hasher::new_keyed(key);
    mac.update(path.file_name().unwrap_or_default().as_encoded_bytes());
    Ok(mac.update_reader(code)?.finalize())
}

/// That this user's engine wrote the entry, for this component.
fn check(path: &Path, key: &Key) -> Result<(), Unusable> {
    let mut entry = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Unusable::Absent),
        other => other?,
    };
    let code_bytes = entry.metadata()?.len().checked_sub(DIGEST_BYTES as u64).ok_or(Unusable::Foreign)?;
    let mut found = [0; DIGEST_BYTES];
    entry.seek(SeekFrom::Start(code_bytes))?;
    entry.read_exact(&mut found)?;
    entry.rewind()?;
    // Of two hashes the comparison takes the same time wherever they differ.
    if digest(key, path, entry.take(code_bytes))? == found { Ok(()) } else { Err(Unusable::Foreign) }
}

fn write(path: &Path, key: &Key, code: &[u8]) -> io::Result<()> {
    let temporary = temporary_name(path.parent().unwrap_or(path))?;
    let mut file = private_file(&temporary)?;
    let digest = digest(key, path, code)?;
    let written = file
        .write_all(code)
        .and_then(|()| file.write_all(digest.as_bytes()))
        .and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // What stopped the writing is the news; a temporary file that stays is small harm.
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// The entry's code, mapped: what is never called is never read again.
fn deserialize(engine: &Engine, path: &Path) -> Result<Component, Unusable> {
    #[allow(unsafe_code)]
    // SAFETY: the file holds what `Engine::precompile_component` returned to an engine of the same user: it was authenticated
    // with a key that only this user can read, and lies in a folder that only this user can write to, where entries are
    // replaced and never changed. The digest behind the code is in no section of it.
    let component = unsafe { Component::deserialize_file(engine, path) };
    component.map_err(|_| Unusable::Refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

    struct Case {
        folder: tempfile::TempDir,
        engine: Engine,
    }

    impl Case {
        fn new() -> Self {
            let engine = crate::host::engine().unwrap();
            Self { folder: tempfile::tempdir().unwrap(), engine }
        }

        fn load(&self) -> Option<String> {
            let cache = Cache::new(Some(self.folder.path().join("cache")));
            cache.load(&self.engine, EMPTY, &hex(EMPTY)).unwrap().complaint
        }

        fn entry(&self) -> PathBuf {
            self.folder.path().join("cache").join(entry_name(&self.engine, &hex(EMPTY)))
        }
    }

    #[test]
    fn an_entry_is_written_once_and_private() {
        let case = Case::new();
        assert_eq!(case.load(), None);
        let written = fs::metadata(case.entry()).unwrap();
        assert_eq!(case.load(), None);
        assert_eq!(fs::metadata(case.entry()).unwrap().ino(), written.ino());
        assert_eq!(written.mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(case.folder.path().join("cache")).unwrap().mode() & 0o777, 0o700);
        assert_eq!(fs::read_dir(case.folder.path().join("cache")).unwrap().count(), 2, "the key and one entry");
    }

    #[test]
    fn every_change_of_an_entry_is_noticed_and_mended() {
        let case = Case::new();
        case.load();
        let good = fs::read(case.entry()).unwrap();
        let flipped = |at: usize| {
            let mut bytes = good.clone();
            bytes[at] ^= 1;
            bytes
        };
        for bad in [
            flipped(0),
            flipped(good.len() - DIGEST_BYTES - 1),
            flipped(good.len() - 1),
            good[..good.len() / 2].to_vec(),
            vec![],
        ] {
            fs::write(case.entry(), bad).unwrap();
            assert!(case.load().unwrap().contains("rebuilt"));
            assert_eq!(case.load(), None, "it was mended");
        }
    }

    #[test]
    fn another_users_key_makes_entries_foreign() {
        let case = Case::new();
        case.load();
        fs::write(case.folder.path().join("cache/key"), [7_u8; DIGEST_BYTES]).unwrap();
        assert!(case.load().unwrap().contains("not written by this engine"));
    }

    #[test]
    fn a_key_that_others_can_read_is_not_used() {
        let case = Case::new();
        case.load();
        let key = case.folder.path().join("cache/key");
        fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(case.load().unwrap().contains("other users"));
    }

    #[test]
    fn an_open_folder_is_closed() {
        let case = Case::new();
        let folder = case.folder.path().join("cache");
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
        case.load();
        assert_eq!(fs::metadata(folder).unwrap().mode() & 0o777, 0o700);
    }

    #[test]
    fn it_works_where_nothing_can_be_kept() {
        let case = Case::new();
        fs::write(case.folder.path().join("cache"), "a file").unwrap();
        assert!(case.load().unwrap().contains("cannot be kept"));
        let cache = Cache::new(None);
        assert_eq!(cache.load(&case.engine, EMPTY, "").unwrap().complaint, None);
    }
}
