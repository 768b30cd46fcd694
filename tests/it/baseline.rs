//! `--baseline` and `--write-baseline`: what was there already does not decide, and nothing is hidden by it.

use std::path::Path;

use serde_json::Value;

use crate::program::{said, trailproof};

const TEMPLATE: &str = "AWSTemplateFormatVersion: '2010-09-09'
Resources:
  Logs:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: acme-logs
  Trail:
    Type: AWS::CloudTrail::Trail
    Properties:
      IsLogging: true
      S3BucketName: !Ref Logs
";

const ONE: [&str; 2] = ["--policy", "trail-log-file-validation"];

fn folder(template: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "t.yaml", template);
    folder
}

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).expect("written");
}

fn scan(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = trailproof(folder).args(["scan", "--now", "2026-11-01T12:00:00Z"]).args(arguments).output().expect("it runs");
    // Lines are wrapped to the width of the terminal.
    let words = said(&output, folder).split_whitespace().collect::<Vec<_>>().join(" ");
    (output.status.code(), words)
}

fn report(folder: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join("trailproof-report/report.json")).expect("a report")).expect("JSON")
}

#[test]
fn what_was_there_does_not_decide_and_is_still_shown() {
    let folder = folder(TEMPLATE);
    let (code, text) = scan(folder.path(), &[&["t.yaml", "--write-baseline", "known.json"], &ONE[..]].concat());
    assert!(code == Some(1) && text.contains("wrote known.json: 1 fail; A baseline is no waiver"), "{text}");
    // Lines may move, the file may be named otherwise.
    write(folder.path(), "t.yaml", &TEMPLATE.replace("Resources:", "Description: x\n\nResources:"));
    let (code, text) = scan(folder.path(), &[&["./t.yaml", "--baseline", "known.json"], &ONE[..]].concat());
    assert_eq!(code, Some(0), "{text}");
    for words in ["✗ fail, known", "known: since the baseline of 2026-11-01", "1 fail is known since the baseline", "no waiver"]
    {
        assert!(text.contains(words), "{words}\n{text}");
    }
    let report = report(folder.path());
    assert_eq!((report["summary"]["outcomes"]["fail"].as_u64(), report["baseline"]["known"].as_u64()), (Some(1), Some(1)));
    let page = std::fs::read_to_string(folder.path().join("trailproof-report/report.html")).expect("a page");
    assert!(page.contains("id=\"baseline\"") && page.contains("A baseline is no waiver"));
}

#[test]
fn what_is_new_decides() {
    let folder = folder(TEMPLATE);
    let only = [&["t.yaml", "--write-baseline", "known.json"], &ONE[..]].concat();
    scan(folder.path(), &only);
    let second = TEMPLATE.replace(
        "  Trail:\n",
        "  Other:\n    Type: AWS::CloudTrail::Trail\n    Properties: {IsLogging: true, S3BucketName: !Ref Logs}\n  Trail:\n",
    );
    write(folder.path(), "t.yaml", &second);
    let (code, text) = scan(folder.path(), &[&["t.yaml", "--baseline", "known.json"], &ONE[..]].concat());
    assert!(code == Some(1) && text.contains("1 fail is known since the baseline of 2026-11-01, 1 fail is not"), "{text}");
    let severe = "version: 1\npolicies:\n  severity:\n    trail-log-file-validation: critical\n";
    write(folder.path(), "t.yaml", TEMPLATE);
    write(folder.path(), "trailproof.yaml", severe);
    let (code, text) = scan(folder.path(), &[&["t.yaml", "--baseline", "known.json"], &ONE[..]].concat());
    assert!(code == Some(1) && text.contains("and is critical, so that it counts"), "what got graver decides: {text}");
}

#[test]
fn entries_that_do_not_fail_any_more_are_stale_and_an_unknown_is_not_mended() {
    let folder = folder(TEMPLATE);
    scan(folder.path(), &[&["t.yaml", "--write-baseline", "known.json"], &ONE[..]].concat());
    let with = |text: &str| {
        write(folder.path(), "t.yaml", text);
        scan(folder.path(), &[&["t.yaml", "--baseline", "known.json", "--write-baseline", "next.json"], &ONE[..]].concat())
    };
    let held = || std::fs::read_to_string(folder.path().join("next.json")).expect("a baseline").matches("\"policy\"").count();
    let (code, text) = with(&TEMPLATE.replace("IsLogging: true", "IsLogging: true\n      EnableLogFileValidation: true"));
    assert!(code == Some(0) && text.contains("! stale") && text.contains("it passes; take the entry out"), "{text}");
    assert_eq!(held(), 0);
    let open = "Parameters:\n  V: {Type: String}\nResources:";
    let (code, text) = with(
        &TEMPLATE
            .replace("IsLogging: true", "IsLogging: true\n      EnableLogFileValidation: !Ref V")
            .replace("Resources:", open),
    );
    assert!(code == Some(3) && text.contains("? not known any more") && !text.contains("stale"), "{text}");
    assert_eq!(held(), 1, "it is kept until it is known");
    let (code, text) = with(&TEMPLATE.replace("  Trail:\n", "  Renamed:\n"));
    assert!(code == Some(1) && text.contains("it was not found any more"), "{text}");
    // Another question is no answer to this one.
    let other = ["t.yaml", "--baseline", "known.json", "--policy", "trail-exists", "-v"];
    let (_, text) = scan(folder.path(), &other);
    assert!(text.contains("1 entry not asked about") && !text.contains("! stale"), "{text}");
}

#[test]
fn a_waiver_stands_above_a_baseline() {
    let folder = folder(TEMPLATE);
    let waiver = "waivers:\n- id: W-1\n  policy: trail-log-file-validation\n  resources: [named-in-code]\n  owner: a@example.com\n  \
         approved_by: b@example.com\n  reason: The trail is replaced by that of the organization.\n  type: risk-accepted\n  \
         created: 2026-10-01\n  expires: 2026-12-01\n";
    let named = "    Type: AWS::CloudTrail::Trail\n    Metadata: {Trailproof: {Waiver: W-1}}\n";
    write(folder.path(), "t.yaml", &TEMPLATE.replace("    Type: AWS::CloudTrail::Trail\n", named));
    scan(folder.path(), &[&["t.yaml", "--write-baseline", "known.json"], &ONE[..]].concat());
    write(folder.path(), "waivers.yaml", waiver);
    let (code, text) = scan(folder.path(), &[&["t.yaml", "--baseline", "known.json"], &ONE[..]].concat());
    assert!(code == Some(0) && text.contains("✗ fail, waived") && text.contains("1 fail is waived"), "{text}");
    // Its day is a promise, which a baseline does not put off.
    let later = [&["t.yaml", "--baseline", "known.json", "--now", "2027-01-01T00:00:00Z"], &ONE[..]].concat();
    let output = trailproof(folder.path()).arg("scan").args(&later).output().expect("it runs");
    let text = said(&output, folder.path());
    assert!(output.status.code() == Some(1) && text.contains("waiver expired"), "{text}");
    let (_, text) = scan(folder.path(), &[&["t.yaml", "--write-baseline", "next.json"], &ONE[..]].concat());
    assert!(text.contains("wrote next.json: 0 fails"), "{text}");
}

#[test]
fn files_that_are_no_baseline_are_refused() {
    let folder = folder(TEMPLATE);
    write(
        folder.path(),
        "bad.json",
        "{\n  \"kind\": \"trailproof-baseline\",\n  \"schema_version\": \"1\",\n  \"fails\": 3\n}\n",
    );
    for (arguments, wanted) in [
        (["--baseline", "none.json"], "cannot read `none.json`"),
        (["--baseline", "t.yaml"], "error: t.yaml:1:1: "),
        (["--baseline", "bad.json"], "error: bad.json:4:12: invalid type: integer `3`, expected a list of fails"),
        (["--write-baseline", "t.yaml"], "`t.yaml` is there, and is no baseline"),
        (["--write-baseline", "."], "`.` is a folder"),
        (["--write-baseline", "none/known.json/"], "known.json"),
    ] {
        let (code, text) = scan(folder.path(), &[&["t.yaml"], &arguments[..]].concat());
        assert!(code == Some(2) && text.contains(wanted) && text.contains("hint: "), "{arguments:?}\n{text}");
    }
    assert_eq!(std::fs::read_to_string(folder.path().join("t.yaml")).expect("it is there"), TEMPLATE);
}

#[test]
fn every_format_tells_what_was_there_from_what_is_new() {
    let folder = folder(TEMPLATE);
    scan(folder.path(), &["t.yaml", "--write-baseline", "known.json"]);
    let (code, text) = scan(folder.path(), &["t.yaml", "--baseline", "known.json", "--format", "csv,md,junit,gitlab,ocsf,sarif"]);
    assert_eq!(code, Some(3), "{text}");
    let read = |name: &str| std::fs::read_to_string(folder.path().join("trailproof-report").join(name)).expect("written");
    assert!(read("report.csv").contains("\"known\"") && !read("report.csv").contains("\"fail\""));
    assert!(
        read("report.md").contains("## Known since the baseline, which is no waiver") && !read("report.md").contains("## Fails")
    );
    let tests = quick_junit::Report::deserialize_from_str(&read("report.junit.xml")).expect("JUnit");
    assert_eq!(tests.failures, 0);
    assert!(
        read("report.ocsf.jsonl").contains("\"status\":\"Known\"") && read("report.sarif").contains("\"outcome\": \"known\"")
    );
    let issues: Vec<Value> = serde_json::from_str(&read("gl-code-quality-report.json")).expect("a list");
    let known: Vec<&Value> = issues.iter().filter(|i| i["description"].as_str().unwrap().starts_with("known: ")).collect();
    assert!(!known.is_empty() && known.iter().all(|i| i["severity"] == "info"));
}
