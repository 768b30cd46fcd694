//! The house: imports run one way, AWS's crates stay in their rooms, and collectors only read.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Who may import whom, top-level module by top-level module.
const ARROWS: [(&str, &[&str]); 20] = [
    ("inventory", &[]),
    ("parallel", &[]),
    ("yaml", &["inventory"]),
    ("finding", &["inventory"]),
    ("semantics", &["inventory"]),
    ("policy", &["inventory", "semantics", "finding", "yaml", "parallel"]),
    ("config", &["inventory", "finding", "policy", "yaml"]),
    ("moment", &["inventory"]),
    ("audit", &["inventory", "semantics", "finding", "policy", "moment", "parallel"]),
    ("waiver", &["inventory", "semantics", "finding", "policy", "yaml"]),
    ("baseline", &["finding"]),
    ("report", &["inventory", "semantics", "finding", "policy", "waiver", "baseline", "drift", "parallel"]),
    ("drift", &["inventory", "semantics", "finding"]),
    ("history", &["finding", "report"]),
    ("evidence", &[]),
    ("aws", &["inventory"]),
    ("source", &["inventory", "aws", "parallel"]),
    ("cli", &["finding", "config", "waiver"]),
    (
        "app",
        &[
            "inventory",
            "yaml",
            "finding",
            "semantics",
            "policy",
            "config",
            "moment",
            "audit",
            "waiver",
            "baseline",
            "drift",
            "report",
            "history",
            "evidence",
            "aws",
            "source",
            "cli",
        ],
    ),
    ("main", &["app", "cli"]),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below `src`, with the path inside it and its text less comments.
fn sources() -> Vec<(String, String)> {
    let mut files = Vec::new();
    gather(&root().join("src"), &mut files);
    files.sort();
    let source = root().join("src");
    files
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).expect("a source file can be read");
            let code: Vec<&str> = text.lines().filter(|l| !l.trim_start().starts_with("//")).collect();
            let name = path.strip_prefix(&source).expect("below src").to_string_lossy().replace('\\', "/");
            (name, code.join("\n"))
        })
        .collect()
}

fn gather(dir: &Path, files: &mut Vec<PathBuf>) {
    gather_all(dir, "rs", files);
}

fn gather_all(dir: &Path, extension: &str, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("a folder can be read") {
        let path = entry.expect("an entry can be read").path();
        if path.is_dir() {
            gather_all(&path, extension, files);
        } else if path.extension().is_some_and(|e| e == extension) {
            files.push(path);
        }
    }
}

/// The top-level modules that a text names by `crate::` or `trailproof::`, grouped imports included.
fn imports(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for marker in ["crate::", "trailproof::"] {
        for (at, _) in code.match_indices(marker) {
            if marker == "crate::" && code[..at].ends_with('$') {
                continue;
            }
            let rest = &code[at + marker.len()..];
            let group = rest.strip_prefix('{').map(|g| g.split('}').next().unwrap_or_default());
            let names: Vec<&str> = match group {
                Some(group) => group.split(',').map(str::trim).collect(),
                None => vec![rest],
            };
            for name in names {
                let module: String = name.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
                if ARROWS.iter().any(|(m, _)| *m == module) {
                    found.insert(module);
                }
            }
        }
    }
    found
}

#[test]
fn imports_run_one_way() {
    let mut wrong = Vec::new();
    for (name, code) in sources() {
        let module = name.split('/').next().unwrap_or_default().trim_end_matches(".rs").to_string();
        if module == "lib" {
            continue;
        }
        let Some((_, allowed)) = ARROWS.iter().find(|(m, _)| *m == module) else {
            wrong.push(format!("{name}: the module `{module}` has no place in the house"));
            continue;
        };
        for import in imports(&code) {
            if import != module && !allowed.contains(&import.as_str()) {
                wrong.push(format!("{name}: `{module}` may not know `{import}`"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_import_reader_sees_groups_and_inline_paths() {
    let found = imports("use crate::{audit, report::Report};\nlet x = crate::policy::check::functions();");
    assert_eq!(found, ["audit", "policy", "report"].map(String::from).into());
}

#[test]
fn awss_crates_are_named_only_where_aws_is_asked() {
    let wrong: Vec<String> = sources()
        .into_iter()
        .filter(|(name, _)| !name.starts_with("aws/") && !name.starts_with("source/aws/"))
        .filter(|(_, code)| {
            code.contains("aws_sdk_") || code.contains("aws_config") || code.contains("aws_smithy") || code.contains("aws_types")
        })
        .map(|(name, _)| name)
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn code_is_read_from_what_is_given_alone() {
    let mut seen = 0;
    for (name, code) in sources().into_iter().filter(|(name, _)| name.starts_with("source/code/")) {
        seen += 1;
        for outside in ["std::fs", "std::env", "std::net", "std::process", "Timestamp::now", "crate::aws"] {
            assert!(!code.contains(outside), "{name} knows `{outside}`");
        }
        // What joins resources does not know who declared them; `file` gives each file to its front end.
        let (front_end, of_all) = (name.strip_prefix("source/code/").unwrap_or_default(), ["file.rs", "mod.rs"]);
        if !front_end.contains('/') && !of_all.contains(&front_end) {
            for other in ["terraform", "hcl_edit", "zip::"] {
                assert!(!code.contains(other), "{name} knows `{other}`");
            }
        }
    }
    assert!(seen > 10, "only {seen} files were seen");
}

/// How the operations begin that only read; none of them is `get_object`, which would open a log.
const READING: [&str; 4] = ["get_", "list_", "describe_", "head_"];

/// The operation of each request that the code sends: the method without arguments that began the request.
fn sent(code: &str) -> Vec<String> {
    let method = |at: usize| code[at + 1..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect::<String>();
    let begins = |at: usize| code[at + 1 + method(at).len()..].starts_with("()") && method(at) != "clone";
    code.match_indices(".send()")
        .map(|(send, _)| {
            code[..send].rmatch_indices('.').map(|(at, _)| at).find(|at| begins(*at)).map_or_else(String::new, method)
        })
        .collect()
}

/// What does more than reading, and where alone: a key of KMS signs a bundle, where the command line names the key.
const DOING: [(&str, &str); 1] = [("aws/sign.rs", "sign")];

#[test]
fn collectors_call_only_what_reads() {
    let mut asked = 0;
    for (name, code) in sources().into_iter().filter(|(name, _)| name.starts_with("source/") || name.starts_with("aws/")) {
        for operation in sent(&code) {
            asked += 1;
            let reads = READING.iter().any(|r| operation.starts_with(r)) && operation != "get_object";
            let may = reads || DOING.contains(&(name.as_str(), operation.as_str()));
            assert!(may, "{name}: `{operation}` does not only read settings");
        }
    }
    assert!(asked >= 28, "only {asked} requests were seen: the test no longer sees the collectors");
}

#[test]
fn the_request_reader_sees_what_is_sent() {
    let code =
        "client.list_tags().set_next_token(token.clone()).send().await; s3\n    .put_object()\n    .bucket(name)\n    .send()";
    assert_eq!(sent(code), ["list_tags", "put_object"]);
}

#[test]
fn no_snapshot_names_a_folder_of_this_machine() {
    let mut files = Vec::new();
    gather_all(&root().join("tests/it"), "snap", &mut files);
    assert!(files.len() > 10, "{} snapshots", files.len());
    let here = root().display().to_string();
    for file in files {
        assert!(!fs::read_to_string(&file).unwrap().contains(&here), "{} names {here}", file.display());
    }
}

#[test]
fn every_module_says_what_it_is_for() {
    for entry in sources() {
        let text = fs::read_to_string(root().join("src").join(&entry.0)).expect("a source file can be read");
        assert!(text.starts_with("//!"), "{} does not open with //!", entry.0);
    }
}
