//! The recording that the binary carries, so that anybody can see a report before having an account.

use std::path::Path;

use include_dir::{Dir, include_dir};

static ACME: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/examples/acme-org");

/// The embedded recording of this name, as paths and bytes; `None` where the name is not an example's.
pub(super) fn find(path: &Path) -> Option<Vec<(String, Vec<u8>)>> {
    let mut files = Vec::new();
    if path == Path::new("examples/acme-org") {
        gather(&ACME, &mut files);
    }
    (!files.is_empty()).then_some(files)
}

fn gather(dir: &Dir<'static>, files: &mut Vec<(String, Vec<u8>)>) {
    files.extend(dir.files().filter_map(|f| Some((f.path().to_str()?.to_string(), f.contents().to_vec()))));
    dir.dirs().for_each(|d| gather(d, files));
}
