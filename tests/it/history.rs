//! Audits over time: what a history keeps, what is said of the audit before, and what two reports differ in.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::program::{said, trailproof};

const INVENTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/hostile/inventory.json");

fn inventory(change: impl Fn(&mut Value)) -> String {
    let mut value: Value = serde_json::from_str(&fs::read_to_string(INVENTORY).unwrap()).unwrap();
    change(&mut value);
    value.to_string()
}

/// Whether the trail's log files are validated: known, or not.
fn validated(state: Option<bool>) -> String {
    inventory(|value| {
        let fact = &mut value["trails"][0]["log_file_validation_enabled"];
        *fact = match state {
            Some(is_on) => serde_json::json!({"known": {"value": is_on, "from": fact["known"]["from"]}}),
            None => serde_json::json!({"unknown": {"kind": "denied", "message": "refused"}}),
        };
    })
}

/// A scan of this inventory, judged on this day of November; what it said.
fn scan(folder: &Path, day: u32, inventory: &str, more: &[&str]) -> String {
    let file = folder.join(format!("{day}.json"));
    fs::write(&file, inventory).unwrap();
    let mut command = trailproof(folder);
    command.args(["scan", file.to_str().unwrap(), "--policy", "trail-log-file-validation"]);
    command.args(["--now", &format!("2026-11-{day:02}T12:00:00Z"), "--out", &format!("day{day}")]).args(more);
    said(&command.output().unwrap(), folder)
}

fn run(folder: &Path, arguments: &[&str]) -> String {
    said(&trailproof(folder).args(arguments).output().unwrap(), folder)
}

#[test]
fn a_history_says_what_changed_since_the_audit_before() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let history = ["--history", "h.db"];
    let first = scan(folder, 1, &validated(Some(true)), &history);
    assert!(first.contains("history   the history holds no earlier audit"), "{first}");
    let second = scan(folder, 2, &validated(Some(false)), &history);
    assert!(second.contains("since 2026-11-01 12:00:00 UTC: 1 regressed"), "{second}");
    let page = fs::read_to_string(folder.join("day2/report.html")).unwrap();
    assert!(page.contains("Compared with the audit of <strong>2026-11-01 12:00:00 UTC</strong>"));
    assert!(page.contains(">regressed</span>"));
    let third = scan(folder, 3, &validated(Some(false)), &history);
    assert!(third.contains("1 still failing"), "{third}");
    let page = fs::read_to_string(folder.join("day3/report.html")).unwrap();
    assert!(page.contains("since 2026-11-02 12:00:00 UTC"), "since when it fails");
    let fourth = scan(folder, 4, &validated(None), &history);
    assert!(fourth.contains("1 not known any more"), "{fourth}");
    let fifth = scan(folder, 5, &validated(Some(true)), &history);
    assert!(fifth.contains("1 now known to pass"), "{fifth}");
    let listed = run(folder, &["history", "h.db"]);
    assert_eq!(listed.lines().filter(|l| l.starts_with("2026-11-")).count(), 5, "{listed}");
    let again = scan(folder, 5, &validated(Some(true)), &history);
    assert!(again.contains("1 now known to pass"), "{again}");
    assert_eq!(run(folder, &["history", "h.db"]), listed, "the same audit twice is one");
}

#[test]
fn a_history_changes_nothing_in_report_json() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    scan(folder, 1, &validated(Some(true)), &["--history", "h.db"]);
    scan(folder, 2, &validated(Some(false)), &["--history", "h.db"]);
    let with = fs::read(folder.join("day2/report.json")).unwrap();
    scan(folder, 2, &validated(Some(false)), &[]);
    assert_eq!(fs::read(folder.join("day2/report.json")).unwrap(), with);
}

#[test]
fn two_reports_differ_in_what_changed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    scan(folder, 1, &validated(Some(true)), &[]);
    scan(folder, 2, &validated(Some(false)), &[]);
    scan(folder, 3, &validated(None), &[]);
    let worse = run(folder, &["diff", "day1", "day2"]);
    assert!(worse.starts_with("exit 1") && worse.contains("regressed (1)"), "{worse}");
    let fixed = run(folder, &["diff", "day2/report.json", "day1"]);
    assert!(fixed.starts_with("exit 0") && fixed.contains("fixed (1)"), "{fixed}");
    assert!(fixed.contains("the first report is of a later moment"), "{fixed}");
    let lost = run(folder, &["diff", "day1", "day3"]);
    assert!(lost.starts_with("exit 3") && lost.contains("not known any more (1)"), "{lost}");
    let same = run(folder, &["diff", "day1", "day1"]);
    assert!(same.starts_with("exit 0") && same.contains("nothing changed"), "{same}");
    let json = trailproof(folder).args(["diff", "day1", "day2", "--json"]).output().unwrap();
    let json: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["changes"][0]["turn"], "regressed");
    assert_eq!(json["changes"][0]["policy"], "trail-log-file-validation");
}

#[test]
fn what_the_later_audit_did_not_ask_about_is_not_fixed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    scan(folder, 1, &validated(Some(false)), &[]);
    let other = ["scan", "1.json", "--policy", "trail-exists", "--now", "2026-11-02T12:00:00Z", "--out", "day2"];
    run(folder, &other);
    let said = run(folder, &["diff", "day1", "day2"]);
    assert!(said.contains("not asked about (1)") && !said.contains("fixed"), "{said}");
}

#[test]
fn reports_can_be_added_later() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    scan(folder, 1, &validated(Some(true)), &[]);
    scan(folder, 2, &validated(Some(false)), &[]);
    let said = run(folder, &["history", "h.db", "--add", "day2", "--add", "day1/report.json"]);
    let days: Vec<&str> = said.lines().filter(|l| l.starts_with("2026-11-")).map(|l| &l[..10]).collect();
    assert_eq!(days, ["2026-11-01", "2026-11-02"], "{said}");
    let twice = run(folder, &["history", "h.db", "--add", "day1"]);
    assert!(twice.contains("is there already"), "{twice}");
}

#[test]
fn what_cannot_be_read_is_said_before_anything_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("text.db"), "not a database, but a text that somebody wants to keep\n".repeat(100)).unwrap();
    fs::write(folder.join("other.json"), r#"{"kind": "trailproof-report", "schema_version": "99"}"#).unwrap();
    fs::write(folder.join("none.json"), "{").unwrap();
    let before = fs::read(folder.join("text.db")).unwrap();
    for (arguments, expected) in [
        (vec!["scan", INVENTORY, "--history", "text.db"], "is not a history of Trailproof"),
        (vec!["scan", INVENTORY, "--history", "no/such/h.db"], "cannot be opened"),
        (vec!["history", "none.db"], "cannot be opened"),
        (vec!["history", "text.db"], "is not a history of Trailproof"),
        (vec!["history", "new.db", "--add", "none.json"], "it is no JSON"),
        (vec!["diff", "other.json", "none.json"], "its schema version is 99"),
        (vec!["diff", INVENTORY, INVENTORY], "it is a `trailproof-inventory`, and no report"),
    ] {
        let said = run(folder, &arguments);
        assert!(said.starts_with("exit 2") && said.contains(expected) && said.contains("hint:"), "{arguments:?}: {said}");
        assert!(!folder.join("trailproof-report").exists(), "{arguments:?} wrote a report");
    }
    assert_eq!(fs::read(folder.join("text.db")).unwrap(), before);
    assert!(!folder.join("new.db").exists(), "a report that cannot be read makes no history");
}
