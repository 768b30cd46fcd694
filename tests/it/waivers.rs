//! Waivers, attestations and gates, by the program as a person runs it: nothing malformed passes, nothing is hidden.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::Value;
use tempfile::TempDir;
use trailproof::audit::{Settings, audit};
use trailproof::finding::{Finding, Outcome, Severity};
use trailproof::inventory::Inventory;
use trailproof::policy::catalogue::Catalogue;
use trailproof::waiver::{Basis, Evidence, Register};
use trailproof::yaml::{Complaint, SourceFile};

use crate::program::{said, trailproof};

/// Two trails, their buckets and keys, judged as of 2026-11-01: 19 fails, two of them high, and much that is unknown.
const INVENTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/hostile/inventory.json");

const LEGACY: &str = "arn:aws:s3:::acme-legacy-logs-111122223333";
const TRAIL: &str = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/legacy-eu";

const GOOD: &str = r#"waivers:
  - id: W-2026-001
    policy: log-bucket-retention-minimum
    resources: ["arn:aws:s3:::acme-legacy-logs-*"]
    account: "111122223333"
    owner: jane.doe@example.com
    approved_by: ciso@example.com
    reason: the archive moves in spring, ticket SEC-412
    type: compensating-control
    compensating_control: a nightly copy to another account
    created: 2026-10-20
    expires: 2027-10-20
    evidence: SEC-412.txt
attestations:
  - attests: { framework: pci-dss-4.0.1, requirement: "10.4.1" }
    by: soc@example.com
    statement: somebody reads the alerts every day, and signs the list
    evidence: [SEC-412.txt]
    date: 2026-10-15
    frequency: quarterly
"#;

fn with(change: &str, by: &str) -> String {
    assert!(GOOD.contains(change), "the good file has no `{change}`");
    GOOD.replacen(change, by, 1)
}

fn folder(waivers: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("waivers.yaml"), waivers).unwrap();
    fs::write(folder.path().join("SEC-412.txt"), "approved\n").unwrap();
    folder
}

fn checked(waivers: &str) -> String {
    let folder = folder(waivers);
    said(&trailproof(folder.path()).args(["waiver", "check", "--now", "2026-11-01T12:00:00Z"]).output().unwrap(), folder.path())
}

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::embedded().unwrap());

/// The findings that the inventory gives, and the moment of the audit.
static AUDITED: LazyLock<(Vec<Finding>, Timestamp)> = LazyLock::new(|| {
    let inventory = Inventory::from_json(&fs::read_to_string(INVENTORY).unwrap()).unwrap();
    let now = inventory.scope.ended;
    (audit(&inventory, &CATALOGUE, &Settings::default(), now).unwrap(), now)
});

/// The file with one piece of evidence beside it, read and checked.
fn loaded(text: &str) -> Result<Register, Vec<Complaint>> {
    let evidence = |name: &str| match name {
        "SEC-412.txt" => Ok(Evidence { path: name.into(), sha256: "0a".repeat(32), bytes: 9 }),
        _ => Err("it is not there".to_string()),
    };
    let basis = Basis { catalogue: &CATALOGUE, severities: &BTreeMap::new(), evidence: &evidence };
    Register::load(&mut SourceFile::new("waivers.yaml", text), &basis)
}

/// A scan in the folder, and what it said.
fn scanned(folder: &Path, arguments: &[&str]) -> String {
    said(&trailproof(folder).args(["scan", INVENTORY]).args(arguments).output().unwrap(), folder)
}

fn report(folder: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(folder.join("trailproof-report/report.json")).unwrap()).unwrap()
}

#[test]
fn a_waiver_that_breaks_a_rule_is_refused_with_its_place() {
    let resources = "resources: [\"arn:aws:s3:::acme-legacy-logs-*\"]";
    let second = GOOD.split("attestations:").next().unwrap().strip_prefix("waivers:\n").unwrap();
    let cases: Vec<(&str, String)> = vec![
        ("unknown field", with("owner:", "ower:")),
        ("missing field", with("    owner: jane.doe@example.com\n", "")),
        ("no date", with("expires: 2027-10-20", "expires: next autumn")),
        ("a day that is not", with("expires: 2027-10-20", "expires: 2027-02-30")),
        (
            "an id that stands twice",
            with("attestations:", &format!("{}attestations:", second.replace("W-2026-001", "w-2026-001"))),
        ),
        ("an id with a space", with("W-2026-001", "W 1")),
        ("unknown policy", with("retention-minimum", "retention-minimun")),
        ("policies by a pattern", with("log-bucket-retention-minimum", "\"log-bucket-*\"")),
        ("a policy that may not be waived", with("log-bucket-retention-minimum", "trail-exists")),
        ("a bare star", with(resources, "resources: [\"*\"]")),
        ("every bucket", with(resources, "resources: [\"arn:aws:s3:::*\"]")),
        ("any account", with(resources, "resources: [\"arn:aws:cloudtrail:*:*:trail/legacy\"]")),
        ("part of an account", with(resources, "resources: [\"arn:aws:cloudtrail:*:1111*:trail/legacy\"]")),
        ("no account", with("    account: \"111122223333\"\n", "")),
        ("an account that lost its quotes and its zero", with("\"111122223333\"", "11122223333")),
        ("two accounts", with(resources, &format!("resources: [\"{LEGACY}\", \"{}\"]", TRAIL.replace("1111222", "4444555")))),
        ("any service", with(resources, "resources: [\"arn:aws:*:::acme\"]")),
        ("no resource", with(resources, "resources: []")),
        ("a name alone", with(resources, "resources: [trail/legacy]")),
        ("unknown framework", with("    owner:", "    frameworks: [pci-dss]\n    owner:")),
        (
            "a framework that the policy does not serve",
            with("    owner:", "    frameworks: [pci-dss-4.0.1, gdpr]\n    owner:")
                .replace("log-bucket-retention-minimum", "log-bucket-access-logging"),
        ),
        ("nobody owns it", with("owner: jane.doe@example.com", "owner: \" \"")),
        ("approved by its owner", with("ciso@example.com", "Jane.Doe@example.com")),
        ("a short reason", with("the archive moves in spring, ticket SEC-412", "SEC-412")),
        ("a long text of nothing", with("the archive moves in spring, ticket SEC-412", "\"                          \"")),
        ("unknown type", with("type: compensating-control", "type: accepted")),
        ("no control", with("    compensating_control: a nightly copy to another account\n", "")),
        ("a control that is not meant", with("type: compensating-control", "type: risk-accepted")),
        ("it ends before it begins", with("expires: 2027-10-20", "expires: 2026-10-19")),
        ("a day too long", with("expires: 2027-10-20", "expires: 2027-10-21")),
        (
            "a critical one a day too long",
            with("log-bucket-retention-minimum", "log-bucket-policy-not-public")
                .replace("expires: 2027-10-20", "expires: 2026-11-20"),
        ),
        ("evidence that is not there", with("evidence: SEC-412.txt", "evidence: SEC-413.txt")),
        ("evidence that is a folder", with("evidence: SEC-412.txt", "evidence: .")),
        ("attestation: unknown framework", with("framework: pci-dss-4.0.1", "framework: pci-dss-4.0")),
        ("attestation: unknown requirement", with("requirement: \"10.4.1\"", "requirement: \"10.4.11\"")),
        ("attestation: a requirement as a number", with("requirement: \"10.4.1\"", "requirement: 10.4")),
        ("attestation: what no person shows", with("requirement: \"10.4.1\"", "requirement: \"3.6.1.2\"")),
        ("attestation: nobody", with("by: soc@example.com", "by: \"\"")),
        ("attestation: a short statement", with("somebody reads the alerts every day, and signs the list", "yes")),
        ("attestation: unknown frequency", with("quarterly", "sometimes")),
        ("attestation: evidence that is not there", with("[SEC-412.txt]", "[SEC-412.txt, SEC-413.txt]")),
        ("not a list", "waivers: {id: W-1}\n".into()),
        ("another file", "version: 1\nregions: [us-east-1]\n".into()),
    ];
    let mut all = String::new();
    for (name, text) in cases {
        let complaints = loaded(&text).err().unwrap_or_else(|| panic!("{name} passed"));
        let said: Vec<String> = complaints.iter().map(ToString::to_string).collect();
        let said = said.join("\n\n");
        assert!(said.contains("--> waivers.yaml:") && said.contains(" | "), "{name} has no place: {said}");
        all.push_str(&format!("## {name}\n{said}\n\n"));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn everything_wrong_is_said_at_once_and_a_scan_stops_before_it_reads() {
    let broken = with("ciso@example.com", "jane.doe@example.com").replace("SEC-412\n", "\n").replace("quarterly", "yearly");
    let folder = folder(&broken.replace("by: soc@example.com", "by: \"\"").replace("SEC-412.txt\n", "nowhere.pdf\n"));
    let said = scanned(folder.path(), &[]);
    assert!(said.contains("the evidence `nowhere.pdf` cannot be read: No such file"), "{said}");
    assert!(said.starts_with("exit 2\n") && said.matches("error: ").count() >= 2, "{said}");
    assert!(!folder.path().join("trailproof-report").exists(), "it made something: {said}");
}

#[test]
fn a_good_file_is_good_and_so_is_an_empty_one() {
    insta::assert_snapshot!(checked(GOOD));
    for empty in ["", "# none yet\n", "waivers: []\n"] {
        assert!(loaded(empty).is_ok(), "{empty:?}");
    }
    // Day 365 of a waiver, and day 30 of a critical one, are the last that may be written.
    let critical = with("log-bucket-retention-minimum", "log-bucket-policy-not-public");
    assert!(loaded(&critical.replace("expires: 2027-10-20", "expires: 2026-11-19")).is_ok());
    // A severity that the settings raise to critical shortens it too, and one that they lower does not lengthen it.
    let severe = |policy: &str, severity, text: &str| {
        let severities = BTreeMap::from([(policy.to_string(), severity)]);
        let evidence = |name: &str| Ok(Evidence { path: name.into(), sha256: String::new(), bytes: 0 });
        let basis = Basis { catalogue: &CATALOGUE, severities: &severities, evidence: &evidence };
        Register::load(&mut SourceFile::new("waivers.yaml", text), &basis).is_ok()
    };
    assert!(!severe("log-bucket-retention-minimum", Severity::Critical, GOOD));
    assert!(!severe("log-bucket-policy-not-public", Severity::Low, &critical));
    assert!(severe("log-bucket-retention-minimum", Severity::Low, GOOD));
}

#[test]
fn the_file_is_found_as_it_is_said() {
    let plain = folder(GOOD);
    let said = scanned(plain.path(), &[]);
    assert!(said.contains("took the waivers of waivers.yaml\n"), "{said}");
    fs::rename(plain.path().join("waivers.yaml"), plain.path().join("other.yaml")).unwrap();
    assert!(!scanned(plain.path(), &[]).contains("took the waivers"));
    assert!(scanned(plain.path(), &["--waivers", "other.yaml"]).contains("took the waivers of other.yaml\n"));
    assert!(scanned(plain.path(), &["--waivers", "waivers.yaml"]).starts_with("exit 2\n"), "a file that was named must be there");
    fs::create_dir(plain.path().join("settings")).unwrap();
    fs::write(plain.path().join("settings/trailproof.yaml"), "version: 1\nwaivers: ../other.yaml\n").unwrap();
    let said = scanned(plain.path(), &["--config", "settings/trailproof.yaml"]);
    assert!(said.contains("took the waivers of settings/../other.yaml\n"), "{said}");
    fs::write(plain.path().join("settings/trailproof.yaml"), "version: 1\nwaivers: missing.yaml\n").unwrap();
    assert!(scanned(plain.path(), &["--config", "settings/trailproof.yaml"]).starts_with("exit 2\n"));
}

/// Only the two policies with high fails are asked, and nothing of them is left unknown in this folder's scans.
const HIGH: [&str; 5] = ["--fail-on", "high", "--allow-unknown", "--format", "json"];

/// Both high fails, waived until this day.
fn both(expires: &str) -> String {
    let one = GOOD.split("attestations:").next().unwrap();
    let other = one.strip_prefix("waivers:\n").unwrap();
    let other = other.replace("W-2026-001", "W-2026-002").replace("log-bucket-retention-minimum", "trail-delivery-healthy");
    format!("{one}{}", other.replace("arn:aws:s3:::acme-legacy-logs-*", TRAIL)).replace("2027-10-20", expires)
}

#[test]
fn the_last_day_is_the_whole_day_and_what_has_expired_fails_again() {
    let folder = folder(&both("2026-11-01"));
    let at = |now: &str| scanned(folder.path(), &[&HIGH[..], &["--now", now]].concat());
    let code = |now: &str| at(now).lines().next().unwrap().to_string();
    assert_eq!(code("2026-11-01T23:59:59.999Z"), "exit 0");
    let waived = report(folder.path());
    assert_eq!((waived["waivers"]["waived"].clone(), waived["waivers"]["ended"].clone()), (2.into(), 0.into()));
    assert_eq!(code("2026-11-02T00:00:00Z"), "exit 1");
    let said = at("2026-11-02T00:00:00Z");
    assert_eq!(said.matches("warning: waiver W-2026-00").count(), 2, "{said}");
    let expired = report(folder.path());
    assert_eq!((expired["waivers"]["waived"].clone(), expired["waivers"]["ended"].clone()), (0.into(), 2.into()));
    assert!(expired["result"].as_str().unwrap().contains("the waiver of 2 fails has expired"));
    assert!(expired["executive"]["steps"][0]["text"].as_str().unwrap().contains("W-2026-001"), "it is the first thing to do");
    // A clock of another zone does not give another day.
    assert_eq!(code("2026-11-01T20:00:00-05:00"), "exit 1");
    // Before it was created it does not hold, and says so.
    let early = at("2026-10-19T12:00:00Z");
    assert!(early.starts_with("exit 1\n") && early.contains("it holds from 2026-10-20, after the day of the audit"), "{early}");
    // The raw numbers are those of a scan without waivers, whatever the waivers say.
    fs::remove_file(folder.path().join("waivers.yaml")).unwrap();
    at("2026-11-01T23:59:59.999Z");
    let bare = report(folder.path());
    assert_eq!(bare["summary"], waived["summary"]);
    assert_eq!(bare["score"]["permille"], waived["score"]["permille"]);
    assert!(waived["score"]["with_accepted_risk"].as_u64() >= waived["score"]["permille"].as_u64());
    assert_eq!(bare["score"]["with_accepted_risk"], bare["score"]["permille"]);
    let statuses = |r: &Value| -> Vec<Value> {
        let frameworks = r["frameworks"].as_array().unwrap().iter();
        frameworks.flat_map(|f| f["requirements"].as_array().unwrap()).map(|r| r["status"].clone()).collect()
    };
    assert_eq!(statuses(&bare), statuses(&waived), "a waiver met a requirement");
}

#[test]
fn warnings_say_what_ends_what_is_idle_and_why() {
    let mut text = both("2026-11-20");
    let third = |id: &str, policy: &str, resource: &str| {
        format!(
            "  - {{id: {id}, policy: {policy}, resources: [\"{resource}\"], account: \"111122223333\", owner: a, approved_by: b, \
             reason: a reason that is long enough, type: risk-accepted, created: 2026-10-01, expires: 2027-09-30}}\n"
        )
    };
    text.push_str(&third("pass", "trail-covers-every-region", "111122223333"));
    text.push_str(&third("nothing", "log-bucket-tls-only", "arn:aws:s3:::no-such-bucket"));
    text.push_str(&third("duplicate", "log-bucket-retention-minimum", LEGACY));
    let narrowed = third("narrowed", "log-bucket-tls-only", LEGACY).replace("owner:", "frameworks: [pci-dss-4.0.1], owner:");
    text.push_str(&narrowed);
    let folder = folder(&text);
    let said = scanned(folder.path(), &["--format", "json"]);
    let warnings: Vec<&str> = said.lines().filter(|l| l.starts_with("warning: ")).collect();
    insta::assert_snapshot!(warnings.join("\n"));
    // Asked about that framework alone, the narrowed one holds.
    scanned(folder.path(), &["--format", "json", "--framework", "pci-dss-4.0.1"]);
    let report = report(folder.path());
    let view = report["waivers"]["waivers"].as_array().unwrap().iter().find(|w| w["id"] == "narrowed").unwrap();
    assert_eq!(view["findings"].as_array().unwrap().len(), 1, "{view}");
}

#[test]
fn people_attest_and_no_number_of_facts_moves() {
    let folder = folder(GOOD);
    let requirement = |now: &str| {
        scanned(folder.path(), &["--format", "json", "--now", now]);
        let report = report(folder.path());
        let pci = report["frameworks"].as_array().unwrap().iter().find(|f| f["id"] == "pci-dss-4.0.1").unwrap().clone();
        let found = pci["requirements"].as_array().unwrap().iter().find(|r| r["id"] == "10.4.1").unwrap().clone();
        (found, pci["facts"].clone(), pci["statement"].as_str().unwrap().to_string())
    };
    let (held, facts, statement) = requirement("2026-11-01T12:00:00Z");
    assert_eq!(held["attestation"]["standing"], "holds");
    assert_eq!(held["attestation"]["evidence"][0]["sha256"], "7f8518f7db5e9a55049f49c4ea6d6e8f509695231e60cbd607bcb36c88a75a14");
    assert!(statement.contains("people attest 1"), "{statement}");
    let (expired, _, statement) = requirement("2027-01-16T00:00:00Z");
    assert_eq!(expired["attestation"]["standing"], "expired");
    assert!(statement.contains("1 attestation expired"), "{statement}");
    assert_eq!(expired["status"], held["status"], "the statement changed what the facts say");
    fs::remove_file(folder.path().join("waivers.yaml")).unwrap();
    let (without, bare, _) = requirement("2026-11-01T12:00:00Z");
    assert_eq!((without["status"].clone(), bare), (held["status"].clone(), facts));
    assert!(without.get("attestation").is_none());
}

#[test]
fn gates_stand_on_requirements_and_coverage() {
    let folder = folder(&both("2026-11-20"));
    let code = |arguments: &[&str]| {
        let said = scanned(folder.path(), &[&HIGH[..], arguments].concat());
        (said.lines().next().unwrap().to_string(), said)
    };
    assert_eq!(code(&[]).0, "exit 0");
    // A direct fact fails, though it is waived; another is unknown, though unknowns are allowed.
    let report = {
        code(&[]);
        report(folder.path())
    };
    let pci = report["frameworks"].as_array().unwrap().iter().find(|f| f["id"] == "pci-dss-4.0.1").unwrap();
    let of = |status: &str| {
        let found = pci["requirements"].as_array().unwrap().iter().find(|r| r["status"] == status);
        found.map(|r| format!("pci-dss-4.0.1:{}", r["id"].as_str().unwrap()))
    };
    let (failing, open) = (of("not_met").unwrap(), of("undecided").unwrap());
    let (exit, said) = code(&["--require", &failing]);
    assert!(exit == "exit 1" && said.contains(&format!("{failing} is required and not met")), "{said}");
    let (exit, said) = code(&["--require", &open]);
    assert!(exit == "exit 3" && said.contains(&format!("{open} is required and undecided")), "{said}");
    assert_eq!(code(&["--require", &open, "--require", "pci-dss-4.0.1"]).0, "exit 1", "a fail is graver");
    let coverage = &report["summary"]["coverage"];
    let permille = coverage["permille"].as_u64().unwrap();
    let percent = |tenths: u64| format!("{}.{}", tenths / 10, tenths % 10);
    assert_eq!(code(&["--min-coverage", &percent(permille)]).0, "exit 0");
    let (exit, said) = code(&["--min-coverage", &percent(permille + 1)]);
    assert!(exit == "exit 3" && said.contains("less than the"), "{said}");
    assert_eq!(code(&["--min-coverage", "100", "--require", &failing]).0, "exit 1");
}

#[test]
fn a_gate_that_could_never_hold_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let cases: [(&str, &[&str]); 8] = [
        ("unknown framework", &["--require", "pci-dss-4.0"]),
        ("unknown requirement", &["--require", "pci-dss-4.0.1:10.2.11"]),
        ("a requirement that people show", &["--require", "pci-dss-4.0.1:1.2.2"]),
        ("a framework that no fact decides", &["--require", "gdpr"]),
        ("a framework that was left out", &["--framework", "pci-dss-4.0.1", "--require", "hipaa-security-rule"]),
        ("more than everything", &["--min-coverage", "101"]),
        ("two decimals", &["--min-coverage", "99.95"]),
        ("a word", &["--min-coverage", "most"]),
    ];
    let mut all = String::new();
    for (name, arguments) in cases {
        let said = scanned(folder.path(), arguments);
        assert!(said.starts_with("exit 2\n"), "{name}: {said}");
        all.push_str(&format!("## {name}\n{}\n", said.replace("exit 2\n--- stdout\n--- stderr\n", "")));
    }
    insta::assert_snapshot!(all);
}

const WHO: [&str; 8] = [
    "--owner",
    "jane.doe@example.com",
    "--approved-by",
    "ciso@example.com",
    "--reason",
    "it says \"no\": SEC-412 # and moves in spring",
    "--created",
    "2026-10-20",
];

#[test]
fn a_new_waiver_is_written_as_a_person_would_and_checked_before() {
    let folder = tempfile::tempdir().unwrap();
    let new = |arguments: &[&str]| {
        said(&trailproof(folder.path()).args(["waiver", "new"]).args(WHO).args(arguments).output().unwrap(), folder.path())
    };
    let mut all = new(&["--policy", "trail-delivery-healthy", "--resource", TRAIL]);
    scanned(folder.path(), &["--format", "json"]);
    let report = "trailproof-report/report.json";
    all.push_str(&new(&["--report", report, "--finding", "F1", "--days", "90", "--id", "W-7", "--append", "waivers.yaml"]));
    fs::copy(INVENTORY, folder.path().join("inventory.json")).unwrap();
    for refused in [
        vec!["--policy", "trail-exists", "--resource", "111122223333"],
        vec!["--report", report, "--finding", "9999"],
        vec!["--report", report, "--finding", "40"],
        vec!["--report", "inventory.json", "--finding", "1"],
        vec!["--policy", "trail-delivery-healthy", "--resource", "*"],
        vec!["--policy", "trail-delivery-healthy", "--resource", TRAIL, "--days", "366"],
        vec!["--policy", "trail-delivery-healthy", "--resource", TRAIL, "--id", "W-7", "--append", "waivers.yaml"],
    ] {
        let before = fs::read_to_string(folder.path().join("waivers.yaml")).unwrap();
        let said = new(&refused);
        assert!(said.starts_with("exit 2\n"), "{refused:?}: {said}");
        assert_eq!(fs::read_to_string(folder.path().join("waivers.yaml")).unwrap(), before, "{refused:?} wrote");
        all.push_str(&said);
    }
    insta::assert_snapshot!(all);

    // What somebody wrote around it stays, comments too, however the list is indented.
    let own = format!("# ours\nwaivers:\n- id: W-2026-001\n{}\n# people\n{}", rest_of_good("  "), attestations());
    fs::write(folder.path().join("waivers.yaml"), &own).unwrap();
    fs::write(folder.path().join("SEC-412.txt"), "approved\n").unwrap();
    let said = new(&["--policy", "trail-delivery-healthy", "--resource", TRAIL, "--append", "waivers.yaml"]);
    assert!(said.starts_with("exit 0\n"), "{said}");
    let after = fs::read_to_string(folder.path().join("waivers.yaml")).unwrap();
    assert!(own.lines().all(|line| after.lines().any(|l| l == line)), "{after}");
    assert!(after.contains("\n- id: \"W-2026-002\"\n  policy: "), "{after}");
    let check = trailproof(folder.path()).args(["waiver", "check", "--report", report]).output().unwrap();
    let said = crate::program::said(&check, folder.path());
    assert!(
        said.contains("W-2026-002  trail-delivery-healthy") && said.contains(&format!("names 1 that fail: {TRAIL}")),
        "{said}"
    );
}

fn rest_of_good(indent: &str) -> String {
    let waiver = GOOD.split("attestations:").next().unwrap();
    waiver.lines().skip(2).map(|l| format!("{indent}{}\n", l.trim_start())).collect()
}

fn attestations() -> String {
    format!("attestations:{}", GOOD.split("attestations:").nth(1).unwrap())
}

#[test]
fn the_schema_fits_the_file_and_names_its_fields() {
    let folder = tempfile::tempdir().unwrap();
    let output = trailproof(folder.path()).args(["schema", "waivers"]).output().unwrap();
    let schema: Value = serde_json::from_slice(&output.stdout).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let parse = |text: &str| SourceFile::new("waivers.yaml", text).parse::<Value>().unwrap();
    assert!(validator.is_valid(&parse(GOOD)));
    for broken in [with("owner:", "ower:"), with("type: compensating-control", "type: accepted"), with("quarterly", "sometimes")]
    {
        assert!(!validator.is_valid(&parse(&broken)), "{broken}");
    }
}

/// A file with one waiver for every policy that may be waived, of whatever the findings are about and more.
fn register(findings: &[Finding], globs: &[bool], days: &[i64], now: Timestamp) -> Register {
    let mut text = String::from("waivers:\n");
    let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
    for (i, finding) in findings.iter().enumerate() {
        let policy = &CATALOGUE.policies[&finding.policy].file;
        if !policy.waivable || !finding.subject.account.bytes().all(|b| b.is_ascii_digit()) {
            continue;
        }
        let id = &finding.subject.id;
        let wide = globs[i % globs.len()] && id.starts_with("arn:");
        let resource = if wide { format!("{}*", &id[..id.len() - 3]) } else { id.clone() };
        let created = today.saturating_add(jiff::Span::new().days(days[i % days.len()]));
        text.push_str(&format!(
            "  - {{id: w{i}, policy: {}, resources: [{resource:?}], account: {:?}, owner: a, approved_by: b, reason: {}, \
             type: risk-accepted, created: {created}, expires: {}}}\n",
            finding.policy,
            finding.subject.account,
            "because ".repeat(4),
            created.saturating_add(jiff::Span::new().days(20)),
        ));
    }
    loaded(&text).unwrap_or_else(|c| panic!("{}", c[0]))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_waiver_marks_fails_and_changes_nothing_else(
        globs in prop::collection::vec(any::<bool>(), 1..7),
        days in prop::collection::vec(-40_i64..10, 1..7),
        narrow in any::<bool>(),
    ) {
        let (before, now) = (&AUDITED.0, AUDITED.1);
        // One waiver at least holds today.
        let days = [&[-5][..], &days].concat();
        let register = register(before, &globs, &days, now);
        let mut after = before.clone();
        let asked = if narrow { vec!["pci-dss-4.0.1".to_string()] } else { Vec::new() };
        let applied = register.apply(&mut after, &asked, now);
        prop_assert!(after.iter().any(|f| f.waiver.is_some()), "nothing was waived: the test sees nothing");
        for (old, new) in before.iter().zip(&after) {
            if let Some(waived) = &new.waiver {
                prop_assert_eq!(old.outcome, Outcome::Fail);
                prop_assert!(CATALOGUE.policies[&new.policy].file.waivable);
                prop_assert_eq!(new.is_waived(), !waived.is_expired);
                let by = applied.waivers.iter().find(|w| w.checked.waiver.id == waived.id).unwrap();
                prop_assert!(by.checked.resources.iter().any(|r| r.account() == new.subject.account));
            }
            let bare = Finding { waiver: None, ..new.clone() };
            prop_assert_eq!(&bare, old);
        }
        // Whatever is unknown instead of known is never waived.
        let mut unread: Vec<Finding> = before.iter().cloned().map(|f| Finding { outcome: Outcome::Unknown, ..f }).collect();
        register.apply(&mut unread, &asked, now);
        prop_assert!(unread.iter().all(|f| f.waiver.is_none()));
    }
}

#[cfg(feature = "aws")]
#[test]
fn the_example_can_be_waived_and_says_so_everywhere() {
    let folder = folder(&both("2026-11-20"));
    let output =
        trailproof(folder.path()).args(["scan", "examples/acme-org", "--fail-on", "high", "--allow-unknown"]).output().unwrap();
    let said = said(&output, folder.path());
    assert!(said.starts_with("exit 0\n") && said.contains("2 fails are waived and do not count for --fail-on"), "{said}");
    let page = fs::read_to_string(folder.path().join("trailproof-report/report.html")).unwrap();
    assert!(page.contains("W-2026-001") && page.contains("ciso@example.com"));
}
