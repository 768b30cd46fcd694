//! What the documents say is so: paths exist, commands run, help and schemas are what is snapshotted.

use std::fs;
use std::path::PathBuf;

use clap::Parser;
use trailproof::app::cases;
use trailproof::cli::Cli;
use trailproof::policy::catalogue::Catalogue;
use trailproof::yaml::{Complaint, SourceFile};

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
            let command = command.replace("cargo run --no-default-features --", "trailproof");
            let Some(arguments) = command.strip_prefix("trailproof ").filter(|_| inside) else { continue };
            let arguments: Vec<&str> = arguments.split(" #").next().unwrap().split_whitespace().collect();
            let words: Vec<&&str> = arguments.iter().take_while(|a| !a.starts_with('-') && !a.contains(['/', '.'])).collect();
            // The arguments must be understood; what they do is tested elsewhere. `--help` behind them is understood first, so
            // each flag is looked for in the help of its command.
            let mut help = trailproof(folder.path());
            let depth = if words.first().is_some_and(|w| ["policy", "evidence"].contains(*w)) { 2 } else { 1 };
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

const DEPLOY: &str = "examples/deploy/README.md";

/// The commands of a document's blocks, lines that go on joined, without prompts and redirections.
fn commands(document: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(document)).unwrap().replace("\\\n", " ");
    let blocks = text.split("```console\n").skip(1).map(|block| block.split("```").next().unwrap());
    let lines = blocks.flat_map(|block| block.lines().collect::<Vec<_>>());
    let commands = lines.filter_map(|line| line.strip_prefix("$ ")).map(|line| line.split(" >").next().unwrap().to_string());
    commands.collect()
}

#[test]
fn the_deployment_guide_names_what_is_there_and_what_is_understood() {
    let folder = root().join("examples/deploy");
    let text = fs::read_to_string(root().join(DEPLOY)).unwrap();
    let links: Vec<&str> = text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()).collect();
    let commands = commands(DEPLOY);
    let files = commands.iter().flat_map(|command| command.split_whitespace());
    let files: Vec<&str> = files.map(|word| word.trim_start_matches("file://")).filter(|word| word.ends_with(".yaml")).collect();
    assert!(links.len() >= 3 && files.len() >= 3, "{links:?} {files:?}");
    for named in links.iter().chain(&files).filter(|named| !named.starts_with("https:")) {
        assert!(folder.join(named).exists(), "{DEPLOY} names `{named}`, which is not there");
    }
    let source = text.lines().find_map(|line| line.trim().strip_prefix("source ")).unwrap();
    assert!(folder.join(source.trim_start_matches([' ', '=']).trim_matches('"')).join("main.tf").exists(), "{source}");

    let variables = fs::read_to_string(folder.join("terraform/variables.tf")).unwrap();
    let module = text.split("module \"trailproof_audit\" {\n").nth(1).unwrap().split("\n}").next().unwrap();
    for line in module.lines().filter(|line| !line.trim().starts_with("source")) {
        let name = line.split_whitespace().next().unwrap();
        assert!(variables.contains(&format!("variable \"{name}\"")), "the module has no variable {name}");
    }
    let templates = ["trailproof-audit-role", "trailproof-caller-policy"]
        .map(|name| fs::read_to_string(folder.join(format!("cloudformation/{name}.yaml"))).unwrap())
        .concat();
    let mut parameters = 0;
    for word in commands.iter().filter(|c| c.starts_with("aws cloudformation")).flat_map(|c| c.split_whitespace()) {
        let name = match word.split_once('=') {
            Some(("ParameterKey", rest)) => rest.split(',').next().unwrap(),
            Some((name @ ("AuditorPrincipalArn" | "ExternalId"), _)) => name,
            _ => continue,
        };
        parameters += 1;
        assert!(templates.contains(&format!("\n  {name}:\n")), "no template has the parameter {name}");
    }
    assert_eq!(parameters, 4, "the test no longer sees the parameters");

    let ours: Vec<&String> = commands.iter().filter(|command| command.starts_with("trailproof ")).collect();
    assert!(ours.len() >= 3, "{ours:?}");
    for command in ours {
        Cli::try_parse_from(command.split_whitespace()).unwrap_or_else(|e| panic!("{command}: {e}"));
    }
}

/// The text of the first block of this language in a document.
fn block(document: &str, language: &str) -> String {
    let text = fs::read_to_string(root().join(document)).unwrap();
    let lines = text.lines().skip_while(|l| *l != format!("```{language}")).skip(1).take_while(|l| *l != "```");
    let block: String = lines.map(|l| format!("{l}\n")).collect();
    assert!(!block.is_empty(), "{document} has no block of {language}");
    block
}

#[test]
fn the_policy_that_the_readme_shows_loads_and_holds_the_cases_that_contributing_shows() {
    let policy = block("README.md", "yaml");
    let id = policy.lines().find_map(|l| l.strip_prefix("id: ")).unwrap().to_string();
    let embedded = Catalogue::embedded().unwrap();
    assert!(!embedded.policies.contains_key(&id), "the README's sample has the id of a built-in policy");
    let said = |complaints: Vec<Complaint>| complaints.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n");
    let source = SourceFile::new(format!("{id}.yaml"), policy);
    let catalogue = Catalogue::with(vec![source], Vec::new()).unwrap_or_else(|c| panic!("{}", said(c)));
    let shown = SourceFile::new("cases.yaml", block("CONTRIBUTING.md", "yaml"));
    let tally = cases::run(&catalogue, vec![shown], &|one| one == id).unwrap_or_else(|c| panic!("{}", said(c)));
    assert!(tally.failures.is_empty(), "{}", tally.failures.join("\n"));
    assert!(tally.cases >= 3 && tally.policies == 1, "{tally:?}");
}

/// `trailproof policy test` in a folder that holds the documents' policy and cases, with these arguments.
fn policy_test(arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("own/cases")).unwrap();
    fs::write(folder.path().join("own/trail-names-its-owner.yaml"), block("README.md", "yaml")).unwrap();
    fs::write(folder.path().join("own/cases/owner.yaml"), block("CONTRIBUTING.md", "yaml")).unwrap();
    let output = trailproof(folder.path()).args(["policy", "test"]).args(arguments).output().unwrap();
    said(&output, folder.path())
}

#[test]
fn policy_test_takes_folders_files_and_one_policy() {
    let files = ["own/trail-names-its-owner.yaml", "own/cases/owner.yaml"];
    for arguments in [&["own"][..], &files, &["own", "--policy", "trail-names-its-owner"]] {
        let said = policy_test(arguments);
        assert!(said.starts_with("exit 0\n") && said.contains("1 policy, 4 cases"), "{said}");
        assert!(said.contains("note: `trail-names-its-owner` names no reference"), "{said}");
        assert!(said.contains("allowed in policies of your own"), "{said}");
    }
    let said = policy_test(&["own", "--policy", "trail-names-its-ownr"]);
    assert!(said.starts_with("exit 2\n") && said.contains("did you mean `trail-names-its-owner`?"), "{said}");
    let said = policy_test(&["own/trail-names-its-owner.yaml"]);
    assert!(said.starts_with("exit 2\n") && said.contains("no file of cases"), "{said}");
    let built_in = root().join("tests/policies/trail-exists.yaml");
    let said = policy_test(&[built_in.to_str().unwrap()]);
    assert!(said.contains("1 policy was tested as built into this program"), "{said}");
    assert!(!said.contains("allowed in policies of your own"), "{said}");
}

#[test]
fn the_vocabulary_says_what_a_case_need_not_write() {
    let folder = tempfile::tempdir().unwrap();
    let output = trailproof(folder.path()).args(["policy", "vocabulary"]).output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout).to_string();
    let versioning = shown.split("  .versioning: ").nth(1).unwrap();
    assert!(versioning.lines().take(4).any(|l| l == "    default in a case: \"Enabled\""), "{versioning}");
}

#[test]
fn help_reads_as_it_did() {
    let folder = tempfile::tempdir().unwrap();
    let mut all = String::new();
    for arguments in [
        vec![],
        vec!["scan"],
        vec!["evidence"],
        vec!["evidence", "pack"],
        vec!["evidence", "verify"],
        vec!["policy"],
        vec!["policy", "test"],
        vec!["waiver", "new"],
        vec!["waiver", "check"],
        vec!["permissions"],
        vec!["drift"],
        vec!["schema"],
        vec!["init"],
    ] {
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
    for of in ["policy", "framework", "config", "waivers"] {
        schema(of);
    }
    let saved = root().join("tests/it/hostile/inventory.json");
    let output = trailproof(folder.path()).arg("scan").arg(saved).arg("-q").output().unwrap();
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
    let settings: serde_json::Value = SourceFile::new("trailproof.yaml", settings).parse().unwrap();
    assert!(schema("config").is_valid(&settings));
}
