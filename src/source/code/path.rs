//! Paths of code as text: nothing here looks at a disk.

use std::path::{Component, Path, PathBuf};

/// A path without detours, so that two names of one file are one.
pub(super) fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if plain.file_name().is_some() => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}
