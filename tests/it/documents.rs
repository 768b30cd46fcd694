//! What the documents say is so: paths exist, commands run, help and schemas are what is snapshotted.

use std::fs;
use std::path::PathBuf;

use crate::program::{said, trailproof};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn every_path_that_a_document_names_exists() {
    for document in ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"] {
        let text = fs::read_to_string(root().join(document)).unwrap_or_else(|e| panic!("{document}: {e}"));
        let mut named = 0;
        for word in text.split(|c: char| c.is_whitespace() || "()`\"'<>,;".contains(c)) {
            let word = word.trim_end_matches(['.', ':']);
            let in_repository = ["src/", "policies/", "templates/", "tests/", "examples/", "benches/", "docs/", ".ci/"]
                .iter()
                .any(|p| word.starts_with(p));
            // What stands in capitals is to be replaced by the reader.
            let placeholder = word.split(['/', '.']).any(|part| part.len() > 1 && part.bytes().all(|b| b.is_ascii_uppercase()));
            if in_repository && !placeholder && !word.contains(['*', '{']) {
                named += 1;
                assert!(root().join(word.split('#').next().unwrap()).exists(), "{document} names `{word}`, which is not there");
            }
        }
        assert!(named > 0 || document == "CHANGELOG.md", "{document} names no path: the test no longer sees them");
    }
}

#[test]
fn every_command_that_a_document_shows_is_understood() {
    let folder = tempfile::tempdir().unwrap();
    let mut tried = 0;
    for document in ["README.md", "CONTRIBUTING.md"] {
        let text = fs::read_to_string(root().join(document)).unwrap();
        let mut inside = false;
        for line in text.lines() {
            if line.starts_with("```") {
                inside = !inside;
                continue;
            }
            let command = line.trim().trim_start_matches("$ ").replace("cargo run --release --", "trailproof");
            let Some(arguments) = command.strip_prefix("trailproof ").filter(|_| inside) else { continue };
            let arguments: Vec<&str> = arguments.split(" #").next().unwrap().split_whitespace().collect();
            let words: Vec<&&str> = arguments.iter().take_while(|a| !a.starts_with('-') && !a.contains(['/', '.'])).collect();
            // The arguments must be understood; what they do is tested elsewhere. `--help` behind them is understood first, so
            // each flag is looked for in the help of its command.
            let mut help = trailproof(folder.path());
            let depth = if words.first().is_some_and(|w| **w == "policy") { 2 } else { 1 };
            words.iter().take(depth).for_each(|w| {
                help.arg(w);
            });
            let output = help.arg("--help").output().unwrap();
            assert!(output.status.success(), "{document}: `{line}`: {}", said(&output, folder.path()));
            let shown = String::from_utf8_lossy(&output.stdout).to_string();
            for flag in arguments.iter().filter(|a| a.starts_with("--")) {
                let flag = flag.split('=').next().unwrap();
                assert!(shown.contains(flag), "{document}: `{line}`: `{flag}` is not a flag of it");
            }
            tried += 1;
        }
    }
    assert!(tried >= 5, "only {tried} commands were seen");
}

#[test]
fn help_reads_as_it_did() {
    let folder = tempfile::tempdir().unwrap();
    let mut all = String::new();
    for arguments in
        [vec![], vec!["scan"], vec!["policy"], vec!["policy", "test"], vec!["permissions"], vec!["schema"], vec!["init"]]
    {
        let output = trailproof(folder.path()).env("COLUMNS", "100").args(&arguments).arg("--help").output().unwrap();
        all.push_str(&format!("## trailproof {} --help\n{}\n", arguments.join(" "), String::from_utf8_lossy(&output.stdout)));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn every_schema_is_a_schema_and_fits_what_it_is_of() {
    let folder = tempfile::tempdir().unwrap();
    let schema = |of: &str| {
        let output = trailproof(folder.path()).args(["schema", of]).output().unwrap();
        let schema: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{of}: {e}"));
        jsonschema::validator_for(&schema).unwrap_or_else(|e| panic!("{of}: {e}"))
    };
    for of in ["policy", "framework", "config"] {
        schema(of);
    }
    let output = trailproof(folder.path()).args(["scan", "examples/acme-org", "-q"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output, folder.path()));
    for (of, file) in [("report", "report.json"), ("inventory", "inventory.json")] {
        let text = fs::read_to_string(folder.path().join("trailproof-report").join(file)).unwrap();
        let instance: serde_json::Value = serde_json::from_str(&text).unwrap();
        let errors: Vec<String> = schema(of).iter_errors(&instance).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{file}: {errors:?}");
        let mut broken = instance.clone();
        broken["scope"] = serde_json::json!(1);
        broken["summary"] = serde_json::json!(1);
        assert!(!schema(of).is_valid(&broken), "{of}: the schema accepts anything");
    }
    let settings = fs::read_to_string(root().join("templates/trailproof.yaml")).unwrap();
    let settings: serde_json::Value = trailproof::yaml::SourceFile::new("trailproof.yaml", settings).parse().unwrap();
    assert!(schema("config").is_valid(&settings));
}
