//! What the environment says: variables and folders. Nothing else in the workspace looks at it.

use std::{
    env,
    path::{Path, PathBuf},
};

/// A variable for `${NAME}` in a sync file; none where it is unset or not UTF-8.
pub(crate) fn variable(name: &str) -> Option<String> {
    env::var(name).ok()
}

/// Where compiled connectors are kept: `RAPIDBYTE_CACHE_DIR`, or `rapidbyte` in the user's cache folder (XDG Base
/// Directory Specification; Library/Caches on macOS). None: nowhere, and each start compiles.
pub(crate) fn cache_dir() -> Option<PathBuf> {
    let folder = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    cache_dir_of(folder("RAPIDBYTE_CACHE_DIR"), folder("XDG_CACHE_HOME"), folder("HOME").as_deref())
}

fn cache_dir_of(own: Option<PathBuf>, cache_home: Option<PathBuf>, home: Option<&Path>) -> Option<PathBuf> {
    let default = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
    own.or_else(|| cache_home.or_else(|| Some(home?.join(default))).map(|folder| folder.join("rapidbyte")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_is_where_the_user_says() {
        let folder = |path: &str| Some(PathBuf::from(path));
        assert_eq!(cache_dir_of(folder("/own"), folder("/xdg"), Some(Path::new("/home/u"))), folder("/own"));
        assert_eq!(cache_dir_of(None, folder("/xdg"), Some(Path::new("/home/u"))), folder("/xdg/rapidbyte"));
        assert_eq!(cache_dir_of(None, None, None), None);
        let default = cache_dir_of(None, None, Some(Path::new("/home/u")));
        assert!(default.is_some_and(|path| path.starts_with("/home/u") && path.ends_with("rapidbyte")));
    }
}
