//! What `trailproof permissions` prints, given to an emulator that refuses everything else.
//!
//! Which action a request needs is the emulator's own table, so that ours is held against another one.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use trailproof::report::Report;

use crate::emulator::{Lab, Run, bare};

fn printed(lab: &Lab, args: &[&str]) -> Value {
    let output = bare(lab.folder.path()).arg("permissions").args(args).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What was refused: the remedies of every denied gap of the inventory.
fn refused(run: &Run) -> BTreeSet<String> {
    fn collect(value: &Value, found: &mut BTreeSet<String>) {
        if value["kind"] == "denied" {
            found.insert(value["remedy"].to_string());
        }
        match value {
            Value::Object(map) => map.values().for_each(|v| collect(v, found)),
            Value::Array(list) => list.iter().for_each(|v| collect(v, found)),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    collect(&serde_json::from_str(&run.file("inventory.json")).unwrap(), &mut found);
    found
}

/// Policy, subject, outcome and message of every finding.
fn verdicts(report: &Report) -> Vec<String> {
    report.findings.iter().map(|f| format!("{} {} {:?} {}", f.policy, f.subject.id, f.outcome, f.message)).collect()
}

fn without(document: &Value, action: &str) -> Value {
    let mut less = document.clone();
    less["Statement"].as_array_mut().unwrap().retain(|statement| statement["Action"] != action);
    assert_ne!(&less, document, "{action} is not there");
    less
}

fn actions(document: &Value) -> Vec<String> {
    document["Statement"].as_array().unwrap().iter().map(|s| s["Action"].as_str().unwrap().to_string()).collect()
}

#[test]
fn what_is_printed_is_enough_for_a_whole_scan_of_an_account() {
    let lab = Lab::new("good");
    let free = lab.scan("free", &[]);
    lab.set(json!({"permissions": {"user": [printed(&lab, &[])], "role": []}}));
    let run = lab.scan("out", &[]);
    assert_eq!(refused(&run), BTreeSet::new());
    assert_eq!(verdicts(&run.report()), verdicts(&free.report()));
    lab.set(json!({"permissions": {"user": [], "role": []}}));
    let nothing = lab.scan("nothing", &[]);
    assert!(refused(&nothing).len() > 2, "the emulator refuses nothing: {:?}", refused(&nothing));
}

#[test]
fn each_printed_action_is_needed_and_its_lack_is_said_by_name() {
    let lab = Lab::new("good");
    let whole = printed(&lab, &[]);
    let all = actions(&whole);
    assert!(all.len() > 25, "{all:?}");
    // Asked where neither ListBuckets nor HeadBucket tells the Region: the next test shows it.
    for action in all.iter().filter(|action| *action != "s3:GetBucketLocation") {
        lab.set(json!({"permissions": {"user": [without(&whole, action)], "role": []}}));
        let refused = refused(&lab.scan("out", &["--format", "inventory"]));
        assert!(refused.iter().any(|remedy| remedy.contains(&format!("\"{action}\""))), "without {action}: {refused:?}");
        assert!(refused.len() == 1, "without {action}: {refused:?}");
    }
}

#[test]
fn a_bucket_is_found_by_its_location_where_nothing_else_tells() {
    let lab = Lab::new("good");
    let less = without(&without(&printed(&lab, &[]), "s3:ListAllMyBuckets"), "s3:ListBucket");
    lab.set(json!({"permissions": {"user": [less], "role": []}}));
    let one = refused(&lab.scan("one", &[]));
    lab.set(json!({"permissions": {"user": [without(&less, "s3:GetBucketLocation")], "role": []}}));
    let both = refused(&lab.scan("both", &[]));
    let more: Vec<&String> = both.difference(&one).collect();
    assert!(matches!(more.as_slice(), [remedy] if remedy.contains("\"s3:GetBucketLocation\"")), "{one:?} {both:?}");
}

/// Lets everybody of the organization do what is printed, and nothing else: the caller's key what is given, every role the
/// role's part.
fn limit(lab: &Lab, both: &Value, caller: &[&Value]) {
    for digit in ["", "2", "3", "4", "5", "6", "7", "8", "9"] {
        let account = if digit.is_empty() { lab.account.clone() } else { format!("{digit}{}", &lab.account[1..]) };
        let user = if digit.is_empty() { json!(caller) } else { json!([]) };
        lab.set(json!({"account": account, "permissions": {"user": user, "role": [both["role"]]}}));
    }
}

#[test]
fn what_is_printed_is_enough_for_a_whole_scan_of_an_organization() {
    let lab = Lab::new("org");
    let both = printed(&lab, &["--organization"]);
    let workloads = lab.unit("Workloads").to_string();
    let role = format!("{0}=arn:aws:iam::{0}:role/TrailproofAudit", lab.account);
    // The caller's own account is read with the caller's own permissions, unless a role is named for it.
    let ways: [(&[&str], &[&Value]); 3] = [
        (&["--org"], &[&both["caller"], &both["role"]]),
        (&["--org", "--account", &role], &[&both["caller"]]),
        (&["--org", "--account", &role, "--exclude-ou", &workloads], &[&both["caller"]]),
    ];
    for (args, caller) in ways {
        lab.set(json!({"permissions": null}));
        for digit in 2..=9 {
            lab.set(json!({"account": format!("{digit}{}", &lab.account[1..]), "permissions": null}));
        }
        let free = lab.scan("free", args).ends_with(1);
        limit(&lab, &both, caller);
        let run = lab.scan("out", args).ends_with(1);
        // One account has no role for the auditors, with or without limits.
        assert_eq!(refused(&run), refused(&free), "{args:?}");
        assert_eq!(verdicts(&run.report()), verdicts(&free.report()), "{args:?}");
    }
}

#[test]
fn each_action_of_the_caller_is_needed() {
    let lab = Lab::new("org");
    let both = printed(&lab, &["--organization"]);
    let role = format!("{0}=arn:aws:iam::{0}:role/TrailproofAudit", lab.account);
    let args = ["--org", "--account", &role, "--exclude-ou", lab.unit("Workloads"), "--format", "inventory"];
    limit(&lab, &both, &[&both["caller"]]);
    let expected = refused(&lab.scan("whole", &args).ends_with(1));
    for action in actions(&both["caller"]) {
        limit(&lab, &both, &[&without(&both["caller"], &action)]);
        let run = lab.scan("out", &args);
        // Without a population there is nothing to scan; with one, the report says what is missing.
        let is_said = match run.code {
            Some(2) => run.stderr.contains(&action),
            _ => refused(&run) != expected,
        };
        assert!(is_said, "without {action}: {}\n{}", run.stdout, run.stderr);
        std::fs::remove_dir_all(lab.path("out")).ok();
    }
}
