//! Where a finding stands in code, in every format that has a place for it.

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
      EnableLogFileValidation: false
      S3BucketName: !Ref Logs
";

/// The file that a scan of the template writes.
fn written(template: &str, format: &str, file: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("stacks")).expect("made");
    std::fs::write(folder.path().join("stacks/logs.yaml"), template).expect("written");
    written_in(folder.path(), "./stacks/logs.yaml", format, file)
}

fn written_in(folder: &Path, path: &str, format: &str, file: &str) -> String {
    let output = trailproof(folder).args(["scan", path, "--format", format, "--out", "out"]).output().expect("the program runs");
    assert_eq!(output.status.code(), Some(1), "{}", said(&output, folder));
    std::fs::read_to_string(folder.join("out").join(file)).expect("it was written")
}

fn issues(template: &str) -> Vec<Value> {
    serde_json::from_str(&written(template, "gitlab", "gl-code-quality-report.json")).expect("a list")
}

#[test]
fn gitlab_is_told_the_line_and_knows_the_finding_again_when_it_moves() {
    let about = |issues: &[Value]| {
        let mine = |i: &&Value| i["check_name"] == "trail-log-file-validation";
        issues.iter().find(mine).expect("it fails").clone()
    };
    let before = about(&issues(TEMPLATE));
    assert_eq!(before["location"], serde_json::json!({"path": "stacks/logs.yaml", "lines": {"begin": 11}}));
    assert_eq!(before["severity"], "major");
    let moved = TEMPLATE.replace("Resources:\n", "Description: a line more\n\nResources:\n");
    let after = about(&issues(&moved));
    assert_eq!((after["location"]["lines"]["begin"].as_u64(), &after["fingerprint"]), (Some(13), &before["fingerprint"]));
    let all = issues(TEMPLATE);
    let of_account = all.iter().find(|i| i["check_name"] == "management-events-recorded").map(|i| &i["location"]["path"]);
    assert!(
        of_account.is_none_or(|path| path == "stacks/logs.yaml"),
        "what no block declares stands in the file: {of_account:?}"
    );
    assert!(all.iter().all(|i| i["location"]["path"] == "stacks/logs.yaml" || i["location"]["path"] == "inventory.json"));
}

#[test]
fn sheets_pages_and_test_reports_name_the_line() {
    let sheet = written(TEMPLATE, "csv", "report.csv");
    let rows: Vec<std::collections::BTreeMap<String, String>> =
        ::csv::Reader::from_reader(sheet.as_bytes()).deserialize().map(Result::unwrap).collect();
    let fail = |r: &&std::collections::BTreeMap<String, String>| r["policy"] == "trail-log-file-validation";
    let row = rows.iter().find(fail).expect("it fails");
    let cells = ["file", "line", "column", "address"].map(|column| row[column].as_str());
    assert_eq!(cells, ["stacks/logs.yaml", "11", "7", "Trail"]);
    assert!(row["related"].contains("stacks/logs.yaml:7:3"), "the block: {}", row["related"]);

    let page = written(TEMPLATE, "md", "report.md");
    let line = page.lines().find(|l| l.contains("`trail-log-file-validation`")).expect("a row");
    assert!(line.contains("`stacks/logs.yaml:11:7 (Trail)`, beside `") && page.contains("| Where |"), "{line}");

    let tests = written(TEMPLATE, "junit", "report.junit.xml");
    let suites = quick_junit::Report::deserialize_from_str(&tests).expect("JUnit");
    let suite = suites.test_suites.iter().find(|s| s.name.as_str().starts_with("trail-log-file-validation")).expect("a suite");
    let extra = |name: &str| suite.test_cases[0].extra.get(name).map(|v| v.as_str().to_string());
    assert_eq!((extra("file"), extra("line")), (Some("stacks/logs.yaml".into()), Some("11".into())));
    assert!(tests.contains("at stacks/logs.yaml:11:7 (Trail)") && tests.contains("beside it "), "{tests}");
}

#[test]
fn a_place_with_a_hostile_name_stays_text() {
    let folder = tempfile::tempdir().expect("a folder");
    let name = "`a`|<b>,=1\u{202e}.yaml";
    std::fs::write(folder.path().join(name), TEMPLATE).expect("written");
    let page = written_in(folder.path(), name, "md", "report.md");
    assert!(!page.contains('\u{202e}') && page.lines().all(|l| !l.contains("|<b>") || l.contains("\\|<b>")), "{page}");
    let issues = written_in(folder.path(), name, "gitlab", "gl-code-quality-report.json");
    assert!(!issues.contains('\u{202e}'));
}

#[test]
fn what_has_no_name_yet_is_called_by_its_address() {
    let template = TEMPLATE.replace("    Properties:\n      BucketName: acme-logs\n", "");
    let issues = issues(&template);
    let said: Vec<&str> = issues.iter().filter_map(|i| i["description"].as_str()).collect();
    let fails: Vec<&&str> = said.iter().filter(|s| !s.starts_with("unknown: ")).collect();
    assert!(fails.iter().any(|s| s.starts_with("versioning of log bucket Logs is off")), "{said:?}");
    assert!(fails.iter().any(|s| s.starts_with("log file validation of trail Trail is off")), "{said:?}");
    assert!(fails.iter().all(|s| !s.contains(" unknown ") && !s.contains('⟨')), "{said:?}");
}

#[test]
fn the_same_address_in_two_files_is_two_findings_that_keep_their_prints() {
    let prints = |second: &str| -> Vec<(String, String)> {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("stacks")).expect("made");
        std::fs::write(folder.path().join("stacks/a.yaml"), TEMPLATE.replace("acme-logs", "acme-a")).expect("written");
        std::fs::write(folder.path().join("stacks/b.yaml"), second.replace("acme-logs", "acme-b")).expect("written");
        let text = written_in(folder.path(), "stacks", "gitlab", "gl-code-quality-report.json");
        let issues: Vec<Value> = serde_json::from_str(&text).expect("a list");
        let mine = issues.iter().filter(|i| i["check_name"] == "trail-log-file-validation");
        let word = |value: &Value| value.as_str().expect("text").to_string();
        mine.map(|i| (word(&i["location"]["path"]), word(&i["fingerprint"]))).collect()
    };
    let both = prints(TEMPLATE);
    assert!(both.len() == 2 && both[0].1 != both[1].1, "{both:?}");
    let one = prints(&TEMPLATE.replace("EnableLogFileValidation: false", "EnableLogFileValidation: true"));
    assert_eq!(one, both.iter().filter(|(path, _)| path == "stacks/a.yaml").cloned().collect::<Vec<_>>());
}
