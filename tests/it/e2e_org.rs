//! Many accounts in one run: who is read, by which role, what accounts see of one another, and what stays open.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use serde_json::json;
use trailproof::finding::Outcome;
use trailproof::inventory::{Fact, GapKind, Inventory, RegionOutcome, Standing};

use crate::emulator::{Lab, Run, SECRET, files};

const ROLE: [&str; 2] = ["--role-name", "TrailproofAudit"];

/// An account of the organization by the first digit of its number.
fn member(lab: &Lab, digit: char) -> String {
    format!("{digit}{}", &lab.account[1..])
}

fn scan(lab: &Lab, out: &str, args: &[&str]) -> Run {
    lab.scan(out, &[&ROLE, args].concat())
}

fn inventory(lab: &Lab, out: &str) -> Inventory {
    Inventory::from_json(&std::fs::read_to_string(lab.path(out).join("inventory.json")).unwrap()).unwrap()
}

fn reached(inventory: &Inventory) -> BTreeSet<String> {
    inventory.accounts.iter().map(|account| account.id.clone()).collect()
}

#[test]
fn an_organization_is_read_account_by_account() {
    let lab = Lab::new("org");
    let archive = member(&lab, '9');
    let report = scan(&lab, "out", &["--org", "--log-account", &archive]).ends_with(1).report();
    let inventory = inventory(&lab, "out");
    let standing: BTreeMap<&str, Standing> = inventory.scope.accounts.iter().map(|a| (a.id.as_str(), a.standing)).collect();
    assert_eq!(standing.len(), 9);
    assert_eq!(standing[member(&lab, '6').as_str()], Standing::Suspended);
    assert_eq!(standing.values().filter(|s| **s == Standing::Asked).count(), 8);
    let sandbox = inventory.scope.accounts.iter().find(|a| a.id == member(&lab, '5')).unwrap();
    assert!(!sandbox.reached);
    assert_eq!(sandbox.name.as_deref(), Some("sandbox"));
    assert_eq!(sandbox.gaps.first().map(|gap| gap.kind), Some(GapKind::Denied));
    assert_eq!(reached(&inventory).len(), 7);

    let organization = &inventory.organizations[0];
    assert_eq!(organization.management_account, lab.account);
    assert_eq!(organization.members.items.len(), 9);
    assert!(organization.members.is_complete());
    assert_eq!(organization.cloudtrail_administrators.items, [member(&lab, '8')]);
    assert!(organization.cloudtrail_trusted_access.known().is_some());

    let trails: Vec<_> = inventory.trails.iter().filter(|t| t.name == "acme-org-trail").collect();
    assert_eq!(trails.len(), 2, "trails of one name in two accounts stay two");
    let shared = trails.iter().find(|t| t.owner_account == lab.account).unwrap();
    assert!(shared.event_selectors.known().is_some(), "selectors are read where the trail lives");
    let regions: Vec<&str> = shared.status.items.iter().map(|s| s.region.as_str()).collect();
    assert_eq!(regions, ["af-south-1", "eu-west-1", "us-east-1"], "a Region that one member alone has enabled is asked there");
    let seen = inventory.accounts.iter().filter(|a| a.trails.items.iter().any(|t| t.0 == shared.arn));
    assert_eq!(seen.count(), 7);

    let bucket = inventory.buckets.iter().find(|b| shared.bucket.known().is_some_and(|n| n.0 == b.name)).unwrap();
    assert_eq!(bucket.owner_account.known(), Some(&archive));
    assert!(bucket.versioning.known().is_some(), "the bucket is read in the account that owns it");
    assert_eq!(bucket.access_log_bucket_exists.known(), Some(&Some(true)));
    let key = inventory.key(&shared.kms_key.known().cloned().flatten().unwrap().0).unwrap();
    assert_eq!(key.owner_account.known(), Some(&archive));
    assert!(key.policy.known().is_some());
    let group = inventory.log_group(&shared.log_group.known().cloned().flatten().unwrap().0).unwrap();
    assert_eq!(group.exists.known(), Some(&true));
    let topic = inventory.topic(&shared.sns_topic.known().cloned().flatten().unwrap().0).unwrap();
    assert_eq!(topic.exists.known(), Some(&true));
    let own = trails.iter().find(|t| t.owner_account != lab.account).unwrap();
    let gone = inventory.log_group(&own.log_group.known().cloned().flatten().unwrap().0).unwrap();
    assert_eq!(gone.exists.known(), Some(&false));
    let gone = inventory.topic(&own.sns_topic.known().cloned().flatten().unwrap().0).unwrap();
    assert_eq!(gone.exists.known(), Some(&false));

    for scope in inventory.scope.accounts.iter().filter(|a| a.reached) {
        let of = |name: &str| scope.regions.iter().find(|r| r.name == name).map(|r| &r.outcome);
        assert_eq!(of("eu-west-1"), Some(&RegionOutcome::Reached), "{}", scope.id);
    }
    let unread: Vec<_> = report.findings.iter().filter(|f| f.subject.id == member(&lab, '5')).collect();
    assert!(!unread.is_empty() && unread.iter().all(|f| f.outcome == Outcome::Unknown), "{unread:#?}");
    assert!(report.findings.iter().all(|f| f.subject.id != member(&lab, '6')), "nobody asks about an account that is closed");
}

#[test]
fn a_recording_of_many_accounts_gives_the_same_report_and_holds_no_secret() {
    let lab = Lab::with("org", &json!({"external_id": "Zeta-Quux-7"}));
    let recording = lab.path("recording");
    let args = ["--org", "--external-id", "Zeta-Quux-7", "--record", recording.to_str().unwrap()];
    let live = scan(&lab, "live", &args).ends_with(1);
    assert_eq!(reached(&inventory(&lab, "live")).len(), 7);
    let replayed = lab.judge(&recording, "replayed").ends_with(1);
    let saved = lab.judge(&lab.path("live/inventory.json"), "saved").ends_with(1);
    for name in ["report.json", "report.html", "inventory.json"] {
        for other in [&replayed, &saved] {
            assert!(other.file(name) == live.file(name), "{name} differs");
        }
    }
    for path in files(&recording) {
        let text = std::fs::read_to_string(&path).unwrap();
        for secret in [SECRET, &lab.access_key, "Zeta-Quux-7", "SecretAccessKey", "SessionToken", "AssumeRoleResult"] {
            assert!(!text.contains(secret), "{} holds {secret}", path.display());
        }
    }
}

#[test]
fn a_role_that_asks_for_another_external_id_leaves_its_account_unknown() {
    let lab = Lab::with("org", &json!({"external_id": "right"}));
    for args in [&["--org", "--external-id", "wrong"][..], &["--org"]] {
        let run = scan(&lab, "out", args);
        let inventory = inventory(&lab, "out");
        assert_eq!(reached(&inventory), [lab.account.clone()].into(), "only the caller's own account needs no role");
        let kinds: Vec<_> = inventory
            .scope
            .accounts
            .iter()
            .filter(|a| a.standing == Standing::Asked && !a.reached)
            .map(|a| a.gaps[0].kind)
            .collect();
        assert_eq!(kinds, [GapKind::Denied; 7]);
        assert!(run.report().summary.outcomes.unknown > 0);
        assert!(run.stdout.contains("external id"), "{}", run.stdout);
    }
}

#[test]
fn named_accounts_are_read_and_no_others() {
    let lab = Lab::new("org");
    let (archive, web) = (member(&lab, '9'), member(&lab, '3'));
    let role = format!("{web}=arn:aws:iam::{web}:role/TrailproofAudit");
    scan(&lab, "out", &["--account", &archive, "--account", &role]);
    let inventory = inventory(&lab, "out");
    assert_eq!(reached(&inventory), [archive, web].into());
    let shared = inventory.trails.iter().find(|t| t.owner_account == lab.account).unwrap();
    let gap = shared.event_selectors.gap().expect("a member may not read the selectors of its organization's trail");
    assert_eq!(gap.kind, GapKind::OtherAccount);
    assert!(gap.remedy.as_ref().is_some_and(|r| r.to_string().contains(&lab.account)), "{gap:?}");
    let members = inventory.organizations[0].members.gaps.first().expect("a member may not list the organization");
    assert_eq!(members.kind, GapKind::OtherAccount);
    let group = shared.log_group.known().cloned().flatten().and_then(|g| inventory.log_group(&g.0)).unwrap();
    assert_eq!(group.exists.gap().map(|g| g.kind), Some(GapKind::OtherAccount));
    assert!(matches!(group.retention_days, Fact::Unknown(_)));
}

#[test]
fn a_bucket_in_an_account_that_is_not_read_is_unknown_and_says_who_could_tell() {
    let lab = Lab::new("org");
    let report = scan(&lab, "out", &["--org", "--exclude-account", &member(&lab, '9')]).report();
    let inventory = inventory(&lab, "out");
    let standing = inventory.scope.accounts.iter().find(|a| a.id == member(&lab, '9')).unwrap().standing;
    assert_eq!(standing, Standing::Excluded);
    let of_bucket: Vec<_> = report
        .findings
        .iter()
        .filter(|f| f.policy == "log-bucket-versioning" && f.subject.name.starts_with("acme-org-logs"))
        .collect();
    assert!(!of_bucket.is_empty() && of_bucket.iter().all(|f| f.outcome == Outcome::Unknown), "{of_bucket:#?}");
    assert!(of_bucket[0].gaps.iter().any(|g| g.kind == GapKind::OtherAccount && g.remedy.is_some()), "{:#?}", of_bucket[0].gaps);
}

#[test]
fn units_choose_accounts_with_the_units_inside() {
    let lab = Lab::new("org");
    let workloads = lab.unit("Workloads");
    scan(&lab, "in", &["--org", "--ou", workloads]);
    let inside = reached(&inventory(&lab, "in"));
    assert!(inside.contains(&member(&lab, '2')) && inside.contains(&member(&lab, '7')), "{inside:?}");
    assert!(!inside.contains(&member(&lab, '9')) && !inside.contains(&lab.account), "{inside:?}");
    scan(&lab, "out", &["--org", "--exclude-ou", workloads]);
    let outside = reached(&inventory(&lab, "out"));
    assert!(outside.contains(&lab.account) && outside.is_disjoint(&inside), "{outside:?}");
}

#[test]
fn what_cannot_be_meant_is_refused_before_anything_is_read() {
    let lab = Lab::new("org");
    let refuse = |args: &[&str], says: &[&str]| {
        let run = scan(&lab, "none", args).ends_with(2);
        for text in says {
            assert!(run.stderr.contains(text), "{args:?}: {}", run.stderr);
        }
    };
    let own = lab.account.clone();
    refuse(&["--org", "--ou", "ou-zz99-aaaaaaaa"], &["there is no organizational unit ou-zz99-aaaaaaaa"]);
    refuse(&["--org", "--exclude-ou", "ou-zz99-aaaaaaaa"], &["there is no organizational unit ou-zz99-aaaaaaaa"]);
    refuse(&["--org", "--ou", "workloads"], &["is not the id of an organizational unit", "ou-ab12-cdefghij"]);
    let unit = lab.unit("Workloads").to_string();
    refuse(&["--org", "--ou", &unit, "--exclude-ou", &unit], &["both asked for and excluded"]);
    refuse(&["--account", &own, "--exclude-account", &own], &["both asked for and excluded"]);
    let archive = member(&lab, '9');
    refuse(&["--org", "--log-account", &archive, "--exclude-account", &archive], &["both asked for and excluded"]);
    let written = format!("version: 1\naccounts:\n  include: [\"{own}\"]\n  exclude: [\"{own}\"]\n");
    std::fs::write(lab.path("contradiction.yaml"), written).unwrap();
    refuse(&["--config", lab.path("contradiction.yaml").to_str().unwrap()], &["both asked for and excluded"]);
    let empty = lab.unit("Empty").to_string();
    refuse(&["--org", "--ou", &empty], &["no account"]);
    refuse(&["--account", "12345"], &["is not an account id", "twelve digits"]);
    refuse(&["--ou", "ou-zz99-aaaaaaaa"], &["--org"]);
    refuse(&["--resume"], &["--record"]);
    refuse(&["--account", &format!("{own}=arn:aws:iam::999999999999:role/x")], &["is not in account"]);
    let alone = Lab::new("good");
    let run = alone.scan("none", &["--org"]).ends_with(2);
    assert!(run.stderr.contains("organization"), "{}", run.stderr);
    let plain = member(&lab, '3');
    let run = lab.as_member(&plain).scan("none", &["--org"]).ends_with(2);
    assert!(run.stderr.contains("AccessDenied") && run.stderr.contains("management account"), "{}", run.stderr);
}

#[test]
fn a_page_of_accounts_that_does_not_come_leaves_the_population_open() {
    let lab = Lab::new("org");
    lab.fault(json!({"operation": "organizations:ListAccounts", "kind": "deny", "skip": 1}));
    let run = scan(&lab, "out", &["--org"]);
    let inventory = inventory(&lab, "out");
    assert!(!inventory.scope.gaps.is_empty(), "accounts that nobody listed are not forgotten");
    assert!(!inventory.accounts.is_empty(), "the accounts of the first page are read");
    let report = run.report();
    let open: Vec<_> = report.findings.iter().filter(|f| f.subject.id == "unlisted accounts").collect();
    assert!(!open.is_empty() && open.iter().all(|f| f.outcome == Outcome::Unknown));
}

#[test]
fn an_account_that_is_closed_in_the_middle_ends_nothing() {
    let lab = Lab::new("org");
    let web = member(&lab, '3');
    lab.fault(json!({"account": web, "operation": "*", "kind": "deny", "skip": 6}));
    let report = scan(&lab, "out", &["--org"]).report();
    let inventory = inventory(&lab, "out");
    let own =
        report.findings.iter().filter(|f| f.subject.kind == "trail" && f.subject.account == web && f.outcome == Outcome::Unknown);
    assert!(own.count() > 0, "what the account no longer told is unknown");
    let scope = inventory.scope.accounts.iter().find(|a| a.id == web).unwrap();
    assert!(!scope.gaps.is_empty(), "the account is not listed as read in full");
    assert_eq!(reached(&inventory).len(), 7);
    let others: Vec<_> = inventory.accounts.iter().filter(|a| a.id != web).collect();
    assert!(others.iter().all(|a| a.trails.is_complete() && a.alias.known().is_some()));
}

#[test]
fn an_interrupted_recording_goes_on() {
    let lab = Lab::new("org");
    let recording = lab.path("recording");
    let folder = recording.to_str().unwrap();
    lab.fault(json!({"operation": "cloudtrail:GetEventSelectors", "kind": "hang", "seconds": 60}));
    let mut command = lab.command(&["scan", "--org", "--role-name", "TrailproofAudit", "--record", folder, "--out"]);
    let mut running = command.arg(lab.path("first")).spawn().unwrap();
    let mut before = 0;
    loop {
        std::thread::sleep(Duration::from_millis(400));
        let now = lab.count_calls();
        if now > 10 && now == before {
            break;
        }
        before = now;
    }
    let id = i32::try_from(running.id()).unwrap();
    assert!(std::process::Command::new("kill").args(["-INT", &id.to_string()]).status().unwrap().success());
    assert_eq!(running.wait().unwrap().code(), Some(130));
    let first = inventory(&lab, "first");
    assert!(first.scope.interrupted);
    lab.clear_faults();
    lab.take_calls();
    let resumed = scan(&lab, "resumed", &["--org", "--record", folder, "--resume"]).ends_with(1);
    let asked = lab.take_calls();
    assert!(asked.keys().any(|(op, _)| op == "cloudtrail:GetEventSelectors"), "what was open is asked");
    assert!(!asked.keys().any(|(op, _)| op == "organizations:ListAccounts"), "what was answered is not asked again: {asked:?}");
    let whole = inventory(&lab, "resumed");
    assert!(!whole.scope.interrupted);
    assert_eq!(reached(&whole).len(), 7);
    let replayed = lab.judge(Path::new(folder), "replayed").ends_with(1);
    assert!(replayed.file("report.json") == resumed.file("report.json"));
    let again = scan(&lab, "again", &["--org", "--record", folder, "--resume"]).ends_with(2);
    assert!(again.stderr.contains("complete"), "{}", again.stderr);
    let other = scan(&lab, "other", &["--account", &member(&lab, '9'), "--record", folder, "--resume"]).ends_with(2);
    assert!(other.stderr.contains("other accounts"), "{}", other.stderr);
}
