//! Inventories of different days in one run: each is judged at the moment it was read.

use std::fs;
use std::path::Path;

use serde_json::Value;
use trailproof::app::cases::CaseFile;
use trailproof::inventory::{Call, CallId, Fact, Inventory, Origin};
use trailproof::moment::Moments;
use trailproof::yaml::SourceFile;

use crate::program::trailproof;

const OLD: &str = "444455556666";
const NEW: &str = "111122223333";

/// An account with one trail, whose log files arrived ten minutes before it was read at that moment.
fn read(account: &str, read: &str, delivered: &str) -> Inventory {
    let case = format!(
        r#"policy: trail-delivery-healthy
cases:
  - name: given
    given:
      accounts: [{{id: "{account}", regions: [us-east-1]}}]
      trails:
        - arn: "arn:aws:cloudtrail:us-east-1:{account}:trail/main"
          bucket: "logs-{account}"
          status: [{{region: us-east-1, latest_delivery_time: "{delivered}"}}]
    expect: pass
"#
    );
    let file: CaseFile = SourceFile::new("case.yaml", case).parse().unwrap_or_else(|e| panic!("{e}"));
    let mut inventory = file.cases[0].given.inventory().unwrap();
    let (time, id) = (read.parse().unwrap(), CallId(format!("cloudtrail:GetTrailStatus/{account}/us-east-1/0")));
    (inventory.scope.started, inventory.scope.ended) = (time, time);
    for trail in &mut inventory.trails {
        trail.status.items[0].is_logging = Fact::observed(true, Origin::Call(id.clone()));
    }
    let call = Call {
        account: account.into(),
        region: "us-east-1".into(),
        service: "cloudtrail".into(),
        operation: "GetTrailStatus".into(),
        about: String::new(),
        time,
        status: Some(200),
        request_id: None,
    };
    inventory.calls.insert(id, call);
    inventory
}

fn two_days() -> [Inventory; 2] {
    [read(OLD, "2026-10-29T12:00:00Z", "2026-10-29T11:50:00Z"), read(NEW, "2026-11-01T12:00:00Z", "2026-11-01T11:50:00Z")]
}

/// `trailproof scan` of these files: the report, and what was said.
fn scan(folder: &Path, arguments: &[&str]) -> (Value, String) {
    let policy = ["--policy", "trail-delivery-healthy"];
    let output = trailproof(folder).arg("scan").args(arguments).args(policy).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let report = fs::read_to_string(folder.join("trailproof-report/report.json")).unwrap_or_else(|e| panic!("{e}: {said}"));
    (serde_json::from_str(&report).unwrap(), said)
}

/// The outcome of the account's trail.
fn outcome<'a>(report: &'a Value, account: &str) -> &'a str {
    let found = report["findings"].as_array().unwrap().iter().find(|f| f["subject"]["account"] == account);
    found.unwrap()["outcome"].as_str().unwrap()
}

#[test]
fn each_inventory_is_judged_at_the_moment_it_was_read() {
    let folder = tempfile::tempdir().unwrap();
    for (name, inventory) in ["old.json", "new.json"].iter().zip(two_days()) {
        fs::write(folder.path().join(name), inventory.to_json().unwrap()).unwrap();
    }
    let (report, said) = scan(folder.path(), &["old.json", "new.json"]);
    assert_eq!((outcome(&report, OLD), outcome(&report, NEW)), ("pass", "pass"), "{said}");
    assert_eq!(report["collected"]["judged_as_read"], true);
    let words: Vec<&str> = said.split_whitespace().collect();
    assert!(words.join(" ").contains("accounts were read at different times"), "{said}");
    let page = fs::read_to_string(folder.path().join("trailproof-report/report.html")).unwrap();
    assert!(page.contains("accounts were read at different times"));

    let whole = folder.path().join("whole.json");
    fs::rename(folder.path().join("trailproof-report/inventory.json"), &whole).unwrap();
    let (again, _) = scan(folder.path(), &["whole.json"]);
    assert_eq!(again, report, "the inventory that was written gives the report that was written");

    let (late, said) = scan(folder.path(), &["old.json", "new.json", "--now", "2026-11-01T12:00:00Z"]);
    assert_eq!((outcome(&late, OLD), outcome(&late, NEW)), ("fail", "pass"), "{said}");
    assert_eq!(late["collected"]["judged_as_read"], Value::Null, "whoever names a moment gets it");
    let (alone, _) = scan(folder.path(), &["old.json"]);
    assert_eq!((outcome(&alone, OLD), &alone["collected"]["judged_as_read"]), ("pass", &Value::Null));
}

#[test]
fn a_trail_is_as_old_as_the_last_that_was_read_of_it() {
    let [old, mut new] = two_days();
    assert!(!Moments::of(&new).are_apart());
    // The other account sees the trail of the first in a Region of its own, three days earlier.
    let mut status = old.trails[0].status.items[0].clone();
    status.region = "af-south-1".into();
    new.trails[0].status.items.push(status);
    new.calls.extend(old.calls.clone());
    let moments = Moments::of(&new);
    assert!(moments.are_apart());
    assert_eq!(moments.read(&new.trails[0], NEW), Some("2026-11-01T12:00:00Z".parse().unwrap()));
    assert_eq!(moments.read(&new.accounts[0], NEW), Some("2026-11-01T12:00:00Z".parse().unwrap()));
}
