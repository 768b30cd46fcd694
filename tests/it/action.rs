//! `action.yml` and `.pre-commit-hooks.yaml`: their shell steps are run as their runners would, with a `cargo` that installs the
//! program of this very build.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

const TEMPLATE: &str = "AWSTemplateFormatVersion: '2010-09-09'
Resources:
  Logs: {Type: 'AWS::S3::Bucket'}
  Trail:
    Type: AWS::CloudTrail::Trail
    Properties: {IsLogging: true, EnableLogFileValidation: VALIDATION, S3BucketName: !Ref Logs}
";

#[derive(Deserialize)]
struct Action {
    inputs: BTreeMap<String, Input>,
    outputs: BTreeMap<String, Output>,
    runs: Runs,
}

#[derive(Deserialize)]
struct Input {
    #[serde(default)]
    default: Option<String>,
    description: String,
}

#[derive(Deserialize)]
struct Output {
    value: String,
}

#[derive(Deserialize)]
struct Runs {
    using: String,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    name: String,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    r#if: Option<String>,
    #[serde(default)]
    uses: Option<String>,
    #[serde(default)]
    run: Option<String>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    #[serde(default)]
    with: BTreeMap<String, String>,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn action() -> Action {
    let text = std::fs::read_to_string(root().join("action.yml")).expect("the action");
    serde_saphyr::from_str(&text).expect("YAML of an action")
}

/// A `cargo` that writes down what it is asked, and installs the program that was built already.
fn cargo_in(folder: &Path) -> PathBuf {
    let bin = folder.join("stand-in");
    std::fs::create_dir_all(&bin).expect("made");
    let script = format!(
        "#!/bin/bash\nset -eu\nprintf '%s\\n' \"$*\" >>\"$STAND_IN_LOG\"\nwhile [ \"$1\" != --root ]; do shift; done\n\
         mkdir -p \"$2/bin\"\ncp '{}' \"$2/bin/trailproof\"\n",
        env!("CARGO_BIN_EXE_trailproof")
    );
    std::fs::write(bin.join("cargo"), script).expect("written");
    std::fs::set_permissions(bin.join("cargo"), std::fs::Permissions::from_mode(0o755)).expect("set");
    bin
}

/// What the steps came to.
struct Ran {
    code: i32,
    said: String,
    outputs: BTreeMap<String, String>,
    summary: String,
    built: String,
}

/// Runs the steps as GitHub does: expressions in `env` and `if` alone, `bash -e -o pipefail`, a step after the other.
fn run(folder: &Path, inputs: &[(&str, &str)]) -> Ran {
    let action = action();
    assert_eq!(action.runs.using, "composite");
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    for (name, input) in &action.inputs {
        known.insert(format!("inputs.{name}"), input.default.clone().unwrap_or_default());
    }
    for (name, value) in inputs {
        assert!(known.insert(format!("inputs.{name}"), (*value).to_string()).is_some(), "no input {name}");
    }
    known.insert("github.action_path".into(), root().display().to_string());
    known.insert("runner.temp".into(), folder.join("temporary").display().to_string());
    known.extend([("runner.os".into(), "Linux".into()), ("runner.arch".into(), "X64".into())]);
    known.insert("steps.cache.outputs.cache-hit".into(), String::new());
    let bin = cargo_in(folder);
    let (summary, log) = (folder.join("summary"), folder.join("log"));
    std::fs::write(&summary, "").expect("written");
    let (mut code, mut said) = (0, String::new());
    for (at, step) in action.runs.steps.iter().enumerate() {
        if code != 0 {
            break;
        }
        if let Some(condition) = &step.r#if {
            assert_eq!(condition, "steps.cache.outputs.cache-hit != 'true'");
        }
        let Some(script) = &step.run else {
            assert_eq!(step.uses.as_deref(), Some("actions/cache@v4"), "{}", step.name);
            step.with.values().for_each(|value| drop(resolved(value, &known)));
            continue;
        };
        assert!(!script.contains("${{"), "an input in a script is a script: {}", step.name);
        let (file, output) = (folder.join(format!("step-{at}")), folder.join(format!("output-{at}")));
        std::fs::write(&file, script).expect("written");
        std::fs::write(&output, "").expect("written");
        let mut command = Command::new("bash");
        command.args(["--noprofile", "--norc", "-e", "-o", "pipefail"]).arg(&file).current_dir(folder).env_clear();
        command.env("PATH", format!("{}:/usr/bin:/bin", bin.display())).env("HOME", folder).env("STAND_IN_LOG", &log);
        command.env("GITHUB_OUTPUT", &output).env("GITHUB_STEP_SUMMARY", &summary);
        command.envs(step.env.iter().map(|(name, value)| (name, resolved(value, &known))));
        let done = command.output().expect("bash runs");
        code = done.status.code().expect("it ends");
        said.push_str(&String::from_utf8_lossy(&done.stdout));
        said.push_str(&String::from_utf8_lossy(&done.stderr));
        let id = step.id.clone().unwrap_or_default();
        for line in std::fs::read_to_string(&output).expect("read").lines() {
            let (name, value) = line.split_once('=').expect("name=value");
            known.insert(format!("steps.{id}.outputs.{name}"), value.to_string());
        }
    }
    known.entry("steps.scan.outputs.sarif".into()).or_default();
    let outputs = if code == 2 {
        BTreeMap::new()
    } else {
        action.outputs.iter().map(|(n, o)| (n.clone(), resolved(&o.value, &known))).collect()
    };
    let read = |path: &Path| std::fs::read_to_string(path).unwrap_or_default();
    Ran { code, said, outputs, summary: read(&summary), built: read(&log) }
}

fn resolved(text: &str, known: &BTreeMap<String, String>) -> String {
    let mut rest = text;
    let mut out = String::new();
    while let Some((before, after)) = rest.split_once("${{") {
        let (name, after) = after.split_once("}}").expect("an expression ends");
        out.push_str(before);
        out.push_str(known.get(name.trim()).unwrap_or_else(|| panic!("nothing is known of {name}")));
        rest = after;
    }
    out + rest
}

fn repository(validation: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("my stacks")).expect("made");
    std::fs::write(folder.path().join("my stacks/logs.yaml"), TEMPLATE.replace("VALIDATION", validation)).expect("written");
    std::fs::write(folder.path().join("trailproof.yaml"), "version: 1\n").expect("written");
    folder
}

#[test]
fn the_action_builds_scans_and_hands_on_what_it_wrote() {
    let folder = repository("false");
    let ran = run(folder.path(), &[("paths", "\n  my stacks/logs.yaml  \n\n"), ("complete", "true")]);
    assert_eq!(ran.code, 1, "{}", ran.said);
    let asked = format!("install --locked --no-default-features --path {} --root ", root().display());
    assert!(ran.built.starts_with(&asked), "{}", ran.built);
    assert_eq!(ran.outputs["exit-code"], "1");
    assert_eq!(ran.outputs["sarif"], "trailproof-report/report.sarif");
    assert!(ran.summary.starts_with("# Trailproof audit") && ran.summary.contains("logs.yaml:6:"), "{}", ran.summary);
    let sarif = std::fs::read_to_string(folder.path().join(&ran.outputs["sarif"])).expect("it is there");
    assert!(sarif.contains("\"uri\": \"my%20stacks/logs.yaml\""));
}

#[test]
fn the_options_of_the_action_are_those_of_the_program() {
    let folder = repository("false");
    let given = [
        ("paths", "my stacks\n"),
        ("formats", "gitlab"),
        ("fail-on", "critical"),
        ("allow-unknown", "true"),
        ("frameworks", "pci-dss-4.0.1\nhipaa-security-rule"),
        ("config", "trailproof.yaml"),
        ("out", "reports here"),
    ];
    let ran = run(folder.path(), &given);
    assert_eq!(ran.code, 0, "{}", ran.said);
    assert_eq!((ran.outputs["out"].as_str(), ran.outputs["sarif"].as_str()), ("reports here", ""));
    assert!(folder.path().join("reports here/gl-code-quality-report.json").is_file());
    assert!(action().inputs.values().all(|input| !input.description.is_empty()));
}

#[test]
fn what_the_action_is_given_is_no_script_and_no_option() {
    let folder = repository("true");
    let ran = run(folder.path(), &[("paths", "$(touch evil); `touch evil`\n--allow-unknown"), ("fail-on", "low")]);
    assert_eq!(ran.code, 2, "{}", ran.said);
    assert!(ran.said.contains("$(touch evil)") && !folder.path().join("evil").exists(), "{}", ran.said);
    let ran = run(folder.path(), &[("paths", " \n")]);
    assert!(ran.code == 2 && ran.said.contains("::error title=Trailproof::"), "{}", ran.said);
}

#[test]
fn the_hook_scans_the_repository_and_is_built_without_aws() {
    #[derive(Deserialize)]
    struct Hook {
        id: String,
        language: String,
        entry: String,
        args: Vec<String>,
        pass_filenames: bool,
    }
    let text = std::fs::read_to_string(root().join(".pre-commit-hooks.yaml")).expect("the hooks");
    let hooks: Vec<Hook> = serde_saphyr::from_str(&text).expect("YAML of hooks");
    let [hook] = hooks.as_slice() else { panic!("one hook") };
    assert_eq!((hook.id.as_str(), hook.language.as_str(), hook.pass_filenames), ("trailproof", "script", false));
    // What pre-commit clones is somewhere else, and so is what it builds.
    for (validation, code) in [("false", 1), ("true", 0)] {
        let (folder, clone) = (repository(validation), tempfile::tempdir().expect("a folder"));
        std::fs::create_dir(clone.path().join(".ci")).expect("made");
        std::fs::copy(root().join(&hook.entry), clone.path().join(&hook.entry)).expect("copied");
        let log = clone.path().join("log");
        for _ in 0..2 {
            let done = Command::new(clone.path().join(&hook.entry))
                .args(&hook.args)
                .args(["--policy", "trail-log-file-validation"])
                .current_dir(folder.path())
                .env_clear()
                .env("PATH", format!("{}:/usr/bin:/bin", cargo_in(clone.path()).display()))
                .env("STAND_IN_LOG", &log)
                .output()
                .expect("it runs");
            assert_eq!(done.status.code(), Some(code), "{}", String::from_utf8_lossy(&done.stderr));
            assert!(String::from_utf8_lossy(&done.stdout).contains("trail-log-file-validation") || code == 0);
        }
        let built = std::fs::read_to_string(&log).expect("it was built");
        assert_eq!(built.lines().count(), 1, "it is built once");
        assert!(built.contains("--no-default-features"));
        assert!(!folder.path().join("trailproof-report").exists(), "a hook writes nothing");
    }
}
