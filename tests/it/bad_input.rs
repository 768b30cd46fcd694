//! Bad input: a clear error with its place and a hint, exit code 2, and nothing lost.

use std::fs;
use std::path::Path;

use crate::program::{said, trailproof};

/// A saved inventory: what is judged where only the judging matters, and needs no build with AWS.
const INVENTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/hostile/inventory.json");

const GOOD: &str = r#"id: own-policy
title: A trail of ours validates its log files
severity: medium
subject: trail
if_empty: not_applicable
parameters:
  max_age: { type: duration, default: 24h, doc: how old the last delivery may be }
events:
  writes: { eventCategory: Management, readOnly: false }
check: trail.log_file_validation_enabled
message: "{{ trail.name }} does not validate"
why: because
requirements:
  pci-dss-4.0.1: { supporting: ["10.3.2"] }
references: [https://docs.aws.amazon.com/awscloudtrail/latest/userguide/]
"#;

/// `policy check` on this one policy.
fn checked(name: &str, text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("own")).unwrap();
    fs::write(folder.path().join("own").join(name), text).unwrap();
    let output = trailproof(folder.path()).args(["policy", "check", "own"]).output().unwrap();
    said(&output, folder.path())
}

fn with(change: &str, by: &str) -> String {
    assert!(GOOD.contains(change), "the good policy has no `{change}`");
    GOOD.replacen(change, by, 1)
}

#[test]
fn a_good_policy_is_good() {
    let said = checked("own-policy.yaml", GOOD);
    assert!(said.starts_with("exit 0"), "{said}");
}

#[test]
fn a_policy_with_a_mistake_is_refused_with_its_place() {
    let check = "check: trail.log_file_validation_enabled";
    let cases: Vec<(&str, String)> = vec![
        ("unknown field", with("severity:", "sevrity:")),
        ("unknown severity", with("severity: medium", "severity: mediun")),
        ("wrong type", with("references: [", "references: {a: ").replace("userguide/]", "userguide/}")),
        ("missing field", with("why: because\n", "")),
        ("unknown framework", with("pci-dss-4.0.1", "pci-dss-4.0.2")),
        ("unknown requirement", with("10.3.2", "10.3.22")),
        ("unknown event field", with("readOnly", "readonly")),
        ("impossible event value", with("eventCategory: Management", "eventCategory: Managment")),
        ("unknown fact", with(check, "check: trail.log_file_validation")),
        ("unknown name", with(check, "check: trial.log_file_validation_enabled")),
        ("CEL syntax", with(check, "check: trail.log_file_validation_enabled &&")),
        ("no bool", with(check, "check: trail.name")),
        ("mixed types", with(check, "check: trail.name == 1")),
        ("records compared", with(check, "check: trail.bucket == trail.bucket")),
        ("nullable without a guard", with(check, "check: trail.s3_key_prefix.startsWith(\"AWSLogs\")")),
        ("optional", with(check, "check: trail.?name.orValue(\"\") == \"a\"")),
        ("regular expression", with(check, "check: trail.name.matches(\"a.*\")")),
        ("in a block", with(check, "check: |\n  trail.is_logging &&\n  trail.status.all(s, s.latest_delivery_eror == null)")),
        ("unknown parameter", with(check, "check: size(trail.status) > 0 && now - now < params.max_agee")),
        ("unknown template name", with("{{ trail.name }}", "{{ trail.nmae }}")),
        (
            "in a folded message",
            with("message: \"{{ trail.name }} does not validate\"", "message: >-\n  this is one line\n  {{ trail.nmae }}"),
        ),
        ("parameter default", with("default: 24h", "default: 24 hours")),
        ("id is not the file's", with("id: own-policy", "id: another")),
        ("id is not kebab case", with("id: own-policy", "id: Own_Policy")),
        ("no YAML", "id: [".into()),
    ];
    let mut all = String::new();
    for (name, text) in cases {
        let said = checked("own-policy.yaml", &text);
        assert!(said.starts_with("exit 2\n"), "{name}: {said}");
        all.push_str(&format!("## {name}\n{}\n", said.replace("exit 2\n--- stdout\n--- stderr\n", "")));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn duplicate_ids_name_both_files() {
    let folder = tempfile::tempdir().unwrap();
    for sub in ["own/a", "own/b"] {
        fs::create_dir_all(folder.path().join(sub)).unwrap();
        fs::write(folder.path().join(sub).join("own-policy.yaml"), GOOD).unwrap();
    }
    let output = trailproof(folder.path()).args(["policy", "check", "own"]).output().unwrap();
    insta::assert_snapshot!(said(&output, folder.path()));
}

#[test]
fn a_bomb_does_not_go_off() {
    let mut bomb = GOOD.replace("why: because\n", "");
    bomb.push_str("x0: &x0 [a, a, a, a, a, a, a, a, a, a]\n");
    for i in 0..40 {
        bomb.push_str(&format!("x{}: &x{} [{}]\n", i + 1, i + 1, vec![format!("*x{i}"); 10].join(", ")));
    }
    let said = checked("own-policy.yaml", &bomb);
    assert!(said.starts_with("exit 2\n"), "{said}");
    let deep = format!("{}why: {}{}\n", GOOD.replace("why: because\n", ""), "[".repeat(10_000), "]".repeat(10_000));
    let said = checked("own-policy.yaml", &deep);
    assert!(said.starts_with("exit 2\n"), "{said}");
    let nested =
        with("check: trail.log_file_validation_enabled", &format!("check: {}true{}", "(".repeat(5_000), ")".repeat(5_000)));
    let said = checked("own-policy.yaml", &nested);
    assert!(said.starts_with("exit 2\n"), "{said}");
    let many = with("check: trail.log_file_validation_enabled", &format!("check: {}true", "!".repeat(20_000)));
    let said = checked("own-policy.yaml", &many);
    assert!(said.starts_with("exit 2\n") || said.starts_with("exit 0\n"), "{said}");
}

/// `scan` on something, with these files beside it.
fn scanned(files: &[(&str, &str)], arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let output = trailproof(folder.path()).arg("scan").args(arguments).output().unwrap();
    assert!(!Path::new(&folder.path().join("trailproof-report/report.json")).exists(), "a report was written all the same");
    said(&output, folder.path())
}

/// A name, the files that lie there, and the arguments.
type Scan<'a> = (&'a str, Vec<(&'a str, &'a str)>, Vec<&'a str>);

#[test]
fn a_scan_that_cannot_be_made_says_why() {
    let example = INVENTORY;
    let cases: Vec<Scan<'_>> = vec![
        ("not an inventory", vec![("x.json", "{\"kind\": \"holiday\"}")], vec!["x.json"]),
        ("not JSON", vec![("x.json", "trail")], vec!["x.json"]),
        (
            "another schema version",
            vec![("x.json", "{\"kind\": \"trailproof-inventory\", \"schema_version\": \"99\"}")],
            vec!["x.json"],
        ),
        ("unknown policy", vec![], vec![example, "--policy", "trail-exist"]),
        ("unknown framework", vec![], vec![example, "--framework", "pci-dss-4.0"]),
        ("unknown severity", vec![], vec![example, "--fail-on", "terrible"]),
        ("nothing left", vec![], vec![example, "--policy", "log-bucket-mfa-delete", "--min-severity", "critical"]),
        ("several formats to one stream", vec![], vec![example, "--out", "-"]),
        ("output folder is a file", vec![("busy", "")], vec![example, "--out", "busy"]),
        ("recording what is saved", vec![], vec![example, "--record", "there"]),
        ("settings: unknown field", vec![("trailproof.yaml", "version: 1\nregion: [us-east-1]\n")], vec![example]),
        ("settings: unknown version", vec![("trailproof.yaml", "version: 2\n")], vec![example]),
        (
            "settings: unknown policy",
            vec![("trailproof.yaml", "version: 1\npolicies:\n  severity: {trail-exist: low}\n")],
            vec![example],
        ),
        (
            "settings: disabled without a reason",
            vec![("trailproof.yaml", "version: 1\npolicies:\n  disable:\n    - {id: trail-exists, reason: \" \"}\n")],
            vec![example],
        ),
        (
            "settings: unknown framework",
            vec![("trailproof.yaml", "version: 1\nframeworks:\n  pci-dss-4.0: { accounts: [\"111122223333\"] }\n")],
            vec![example],
        ),
        (
            "settings: no account id",
            vec![(
                "trailproof.yaml",
                "version: 1\nframeworks:\n  pci-dss-4.0.1:\n    accounts: [\"111122223333\", production]\n",
            )],
            vec![example],
        ),
        (
            "settings: an account id that lost its zero",
            vec![("trailproof.yaml", "version: 1\nframeworks:\n  pci-dss-4.0.1: { accounts: [11122223333] }\n")],
            vec![example],
        ),
        (
            "settings: nothing in scope",
            vec![("trailproof.yaml", "version: 1\nframeworks:\n  hipaa-security-rule: { accounts: [] }\n")],
            vec![example],
        ),
        (
            "settings: wrong parameter",
            vec![(
                "trailproof.yaml",
                "version: 1\npolicies:\n  parameters: {trail-delivery-healthy: {max_age: soon, maxage: 1h}}\n",
            )],
            vec![example],
        ),
    ];
    let mut all = String::new();
    for (name, files, arguments) in cases {
        let said = scanned(&files, &arguments);
        assert!(said.starts_with("exit 2\n"), "{name}: {said}");
        all.push_str(&format!("## {name}\n{}\n", said.replace("exit 2\n--- stdout\n--- stderr\n", "")));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn a_path_that_is_not_there_is_refused_in_every_build() {
    let said = scanned(&[], &["nowhere"]);
    assert!(said.starts_with("exit 2\n") && said.contains("`nowhere`") && said.contains("hint: "), "{said}");
}

#[test]
fn init_writes_a_file_that_is_understood_and_leaves_an_existing_one_alone() {
    let folder = tempfile::tempdir().unwrap();
    let first = trailproof(folder.path()).arg("init").output().unwrap();
    assert!(first.status.success(), "{}", said(&first, folder.path()));
    let scan = trailproof(folder.path()).args(["scan", INVENTORY, "-q"]).output().unwrap();
    assert_eq!(scan.status.code(), Some(1), "{}", said(&scan, folder.path()));
    fs::write(folder.path().join("trailproof.yaml"), "mine").unwrap();
    let second = trailproof(folder.path()).arg("init").output().unwrap();
    assert_eq!(second.status.code(), Some(2));
    assert_eq!(fs::read_to_string(folder.path().join("trailproof.yaml")).unwrap(), "mine");
}
