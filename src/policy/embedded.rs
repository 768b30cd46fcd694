//! The policies and frameworks that the binary carries.

use include_dir::{Dir, include_dir};

use crate::yaml::SourceFile;

static POLICIES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/policies");

/// Every file below `policies/`, by path; frameworks apart.
pub(super) fn files() -> (Vec<SourceFile>, Vec<SourceFile>) {
    let mut all = Vec::new();
    gather(&POLICIES, &mut all);
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all.into_iter().partition(|f| !f.name.starts_with("policies/frameworks/"))
}

fn gather(dir: &Dir<'static>, all: &mut Vec<SourceFile>) {
    for file in dir.files() {
        if let (Some(path), Some(text)) = (file.path().to_str(), file.contents_utf8())
            && path.ends_with(".yaml")
        {
            all.push(SourceFile::new(format!("policies/{path}"), text));
        }
    }
    for dir in dir.dirs() {
        gather(dir, all);
    }
}
