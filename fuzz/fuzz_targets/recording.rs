//! The example recording with one file changed and its sums made again, from reading it to the findings.
//!
//! The first byte says which file, the second what becomes of it; the rest is foreign.

#![no_main]

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use trailproof::audit::{Settings, audit};
use trailproof::aws::{Recording, Session};
use trailproof::policy::catalogue::Catalogue;
use trailproof::source;

type Files = Vec<(String, Vec<u8>)>;

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::embedded().expect("the embedded policies are sound"));

static FILES: LazyLock<Files> = LazyLock::new(|| {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/acme-org"));
    let mut files = Vec::new();
    gather(&root, &root, &mut files);
    files.sort();
    files
});

fn gather(root: &Path, folder: &Path, files: &mut Files) {
    for entry in std::fs::read_dir(folder).expect("the example is there") {
        let path = entry.expect("the example is there").path();
        if path.is_dir() {
            gather(root, &path, files);
        } else {
            let name = path.strip_prefix(root).expect("it is below").to_str().expect("a plain name").to_string();
            files.push((name, std::fs::read(path).expect("it can be read")));
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    let [which, how, foreign @ ..] = bytes else { return };
    let mut files = FILES.clone();
    let at = usize::from(*which) % files.len();
    let (path, content) = &mut files[at];
    if path == "recording.json" || how % 4 == 0 {
        *content = foreign.to_vec();
    } else {
        let mut envelope: Value = serde_json::from_slice(content).expect("the example is sound");
        let old = envelope["body"]["text"].as_str().unwrap_or_default().to_string();
        let new = String::from_utf8_lossy(foreign).into_owned();
        let text = match (how % 4, foreign) {
            (1, _) => new,
            // The answer's own text, with some of it replaced.
            (2, [place, rest @ ..]) => {
                let place = usize::from(*place) * old.len() / 256;
                let rest = String::from_utf8_lossy(rest);
                let end = (place + rest.len()).min(old.len());
                match (old.get(..place), old.get(end..)) {
                    (Some(before), Some(after)) => format!("{before}{rest}{after}"),
                    _ => new,
                }
            }
            _ => old + &new,
        };
        envelope["body"] = json!({"text": text});
        *content = serde_json::to_vec(&envelope).expect("it serializes");
    }
    if path != "recording.json" {
        let mut sum = String::new();
        for byte in Sha256::digest(&files[at].1) {
            let _ = write!(sum, "{byte:02x}");
        }
        let name = files[at].0.clone();
        let head = files.iter_mut().find(|(path, _)| path == "recording.json").expect("it has one");
        let mut value: Value = serde_json::from_slice(&head.1).expect("the example is sound");
        value["files"][&name] = json!(sum);
        head.1 = serde_json::to_vec(&value).expect("it serializes");
    }
    let Ok(recording) = Recording::from_files(files) else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let plan = recording.plan().clone();
    let session = Session::replay(recording);
    let Ok(inventory) = runtime.block_on(source::aws::collect(&session, &plan)) else { return };
    audit(&inventory, &CATALOGUE, &Settings::default(), inventory.scope.ended).expect("every policy can be asked");
});
