//! Whole scans of accounts in the emulator: what is read, how often, and what comes out.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use trailproof::finding::Outcome;
use trailproof::inventory::{GapKind, Inventory, RegionOutcome};

use crate::emulator::{Calls, Lab, SECRET, files, outcomes};

#[test]
fn a_good_account_passes_everything() {
    let lab = Lab::new("good");
    // What costs money, and what an owner must choose, is of lesser severity, and not what makes an account good.
    let run = lab.scan("out", &["--min-severity", "high"]);
    let report = run.report();
    let bad: Vec<_> = report.findings.iter().filter(|f| !matches!(f.outcome, Outcome::Pass | Outcome::NotApplicable)).collect();
    assert!(bad.is_empty(), "{bad:#?}");
    assert!(report.summary.outcomes.pass > 5);
    assert_eq!(report.gaps, []);
    run.ends_with(0);
}

#[test]
fn an_empty_account_has_no_trail_and_fails() {
    let lab = Lab::new("empty");
    let run = lab.scan("out", &[]).ends_with(1);
    let report = run.report();
    let outcome = |policy: &str| report.findings.iter().find(|f| f.policy == policy).unwrap().outcome;
    assert_eq!(outcome("trail-exists"), Outcome::Fail);
    assert_eq!(report.summary.outcomes.unknown, 0, "an empty account is known to be empty");
}

#[test]
fn the_demonstration_has_every_outcome_in_every_framework() {
    let lab = Lab::new("acme");
    let report = lab.scan("out", &[]).ends_with(1).report();
    assert!(report.frameworks.len() >= 2);
    for framework in &report.frameworks {
        let facts = &framework.facts;
        assert!(facts.pass > 0 && facts.fail > 0 && facts.unknown > 0, "{}: {facts:?}", framework.id);
    }
    let kinds: Vec<GapKind> = report.gaps.iter().map(|g| g.gap.kind).collect();
    for kind in [GapKind::Denied, GapKind::BlockedByScp] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
    let of_good_trail = report.findings.iter().filter(|f| f.subject.name == "acme-org-trail" && f.outcome == Outcome::Fail);
    assert_eq!(of_good_trail.count(), 0);
}

#[test]
fn a_trail_whose_home_region_was_disabled_is_unknown_where_its_home_must_tell() {
    let lab = Lab::new("acme");
    lab.set(json!({"regions": {"us-east-1": "ENABLED_BY_DEFAULT", "eu-west-1": "ENABLED_BY_DEFAULT", "us-west-2": "DISABLED"}}));
    let report = lab.scan("out", &[]).report();
    let of_trail = |policy: &str| {
        let mut findings = report.findings.iter();
        findings.find(|f| f.policy == policy && f.subject.name == "security-archive").unwrap_or_else(|| panic!("{policy}"))
    };
    for policy in ["trail-delivery-healthy", "trail-logging-uninterrupted", "trail-selectors-sane"] {
        let finding = of_trail(policy);
        assert_eq!(finding.outcome, Outcome::Unknown, "{policy}: {}", finding.message);
        assert!(
            finding.gaps.iter().any(|gap| gap.message.contains("has not enabled the Region")),
            "{policy}: {:#?}",
            finding.gaps
        );
    }
    assert_eq!(of_trail("trail-log-file-validation").outcome, Outcome::Pass, "what another Region tells is known");
    let asked = lab.take_calls();
    assert!(asked.keys().all(|(_, region)| region != "us-west-2"), "nothing is asked where no credentials are good: {asked:?}");
    let inventory: Inventory = Inventory::from_json(&std::fs::read_to_string(lab.path("out/inventory.json")).unwrap()).unwrap();
    let disabled = inventory.scope.accounts[0].regions.iter().find(|region| region.name == "us-west-2").unwrap();
    assert_eq!(disabled.outcome, RegionOutcome::NotEnabled);
}

#[test]
fn a_recording_and_an_inventory_give_the_same_report() {
    let lab = Lab::new("acme");
    let recording = lab.path("recording");
    let live = lab.scan("live", &["--record", recording.to_str().unwrap()]).ends_with(1);
    let replayed = lab.judge(&recording, "replayed").ends_with(1);
    let saved = lab.judge(&lab.path("live/inventory.json"), "saved").ends_with(1);
    let again = lab.judge(&lab.path("replayed/inventory.json"), "again").ends_with(1);
    for name in ["report.json", "report.html", "inventory.json"] {
        let expected = live.file(name);
        for other in [&replayed, &saved, &again] {
            assert!(other.file(name) == expected, "{name} differs");
        }
    }
    assert_eq!(live.stdout, replayed.stdout);
}

#[test]
fn no_recording_holds_key_material() {
    let lab = Lab::new("acme");
    let recording = lab.path("recording");
    lab.scan("out", &["--record", recording.to_str().unwrap()]).ends_with(1);
    let recorded = files(&recording);
    assert!(recorded.len() > 10, "{recorded:?}");
    for path in recorded.iter().chain(&files(&lab.path("out"))) {
        let bytes = std::fs::read(path).unwrap();
        let text = String::from_utf8_lossy(&bytes).to_ascii_lowercase();
        for secret in
            [SECRET, &lab.access_key, "signature=", "aws4-hmac", "x-amz-security-token", "secretaccesskey", "sessiontoken"]
        {
            assert!(!text.contains(&secret.to_ascii_lowercase()), "{} holds {secret}", path.display());
        }
    }
}

fn total(calls: &Calls) -> u64 {
    calls.values().sum()
}

#[test]
fn what_no_trail_uses_costs_no_call() {
    let plain = Lab::new("acme");
    let crowded = Lab::new("crowded");
    plain.scan("out", &[]).ends_with(1);
    crowded.scan("out", &[]).ends_with(1);
    let (few, many) = (plain.take_calls(), crowded.take_calls());
    assert_eq!(few, many, "200 buckets and 20 keys that no trail uses change what is asked");
    // 7 Regions, 3 trails, 3 buckets, 2 keys: pages and identity, a listing a Region, 4 + Regions a trail, 16 a bucket, 3 a key;
    // and what watches: 7 a Region, a rule, a store, 3 detectors, a log group, its alarms with a mute rule on two pages, 2 topics, a role with a policy.
    let most = 13 + 7 + 3 * (4 + 7) + 3 * 16 + 2 * 3 + 7 * 7 + 1 + 1 + 3 + 3 + 4 + 2 + 5;
    assert!(total(&few) <= most, "{} calls, at most {most}: {few:#?}", total(&few));
}

/// The calls that the facts of this inventory need, each list on one page: what the collectors' documentation says.
fn formula(inventory: &Inventory) -> u64 {
    let count = |n: usize| n as u64;
    let own = |b: &&trailproof::inventory::Bucket| b.owner_account.known().is_some();
    let base_region = "us-east-1";
    let homes: BTreeSet<&str> = inventory
        .trails
        .iter()
        .filter(|t| t.is_multi_region.known() == Some(&false) && t.home_region != base_region)
        .map(|t| t.home_region.as_str())
        .collect();
    let trails: u64 = inventory
        .trails
        .iter()
        .map(|t| count(t.status.items.len()) + 2 + u64::from(t.has_insight_selectors.known() == Some(&true)))
        .sum();
    let buckets: u64 = inventory
        .buckets
        .iter()
        .map(|b| {
            let logs_elsewhere = b.access_log_bucket.known().cloned().flatten().is_some_and(|target| target != b.name);
            let has_policy = b.policy.known().is_some_and(Option::is_some);
            if own(&b) { 13 + u64::from(has_policy) + u64::from(logs_elsewhere) } else { 2 }
        })
        .sum();
    let keys: u64 = inventory
        .keys
        .iter()
        .map(|k| 1 + u64::from(k.policy.known().is_some()) + u64::from(k.rotation_enabled.known().is_some()))
        .sum();
    let groups = inventory.log_groups.iter().map(|g| if g.exists.known() == Some(&true) { 3 } else { 1 }).sum::<u64>();
    let is_counting = inventory.log_groups.iter().any(|group| !group.metric_filters.items.is_empty());
    let mute_rules: BTreeSet<&str> =
        inventory.alarms.iter().flat_map(|alarm| &alarm.mute_rules.items).map(|rule| rule.arn.as_str()).collect();
    let alarms = u64::from(is_counting) + u64::from(!inventory.alarms.is_empty()) + count(mute_rules.len());
    let beside: u64 = inventory
        .accounts
        .iter()
        .map(|account| {
            let rules = account.event_buses.items.iter().flat_map(|bus| &bus.rules.items);
            let asked = rules.filter(|rule| !rule.targets.from.is_empty()).count();
            let detectors = account.threat_detections.items.iter().filter(|of| of.enabled.known() == Some(&true)).count();
            1 + count(7 * account.regions.items.len() + asked + detectors)
        })
        .sum();
    let roles: BTreeMap<&str, u64> = inventory
        .trails
        .iter()
        .filter_map(|trail| trail.cloud_watch_logs_role.known()?.as_ref())
        .map(|role| {
            let of = |policy: &trailproof::inventory::RolePolicy| if policy.name.starts_with("arn:") { 2 } else { 1 };
            let policies = role.policies.items.iter().map(of).sum::<u64>();
            let bounded = matches!(role.permissions_boundary.known(), Some(Some(_)));
            (role.arn.as_str(), if role.exists.known() == Some(&true) { 3 + policies + 2 * u64::from(bounded) } else { 1 })
        })
        .collect();
    let roles: u64 = roles.values().sum();
    let named = roles + groups + alarms + count(inventory.topics.len() + inventory.event_data_stores.len());
    let listed = inventory.organizations.iter().filter(|o| o.members.is_complete()).count();
    7 + 3 * count(listed) + count(homes.len()) + trails + buckets + keys + named + beside
}

#[test]
fn an_account_takes_the_calls_that_its_facts_need_and_no_other() {
    for scenario in ["good", "acme", "crowded", "empty"] {
        let lab = Lab::new(scenario);
        lab.scan("out", &[]);
        let inventory = Inventory::from_json(&std::fs::read_to_string(lab.path("out/inventory.json")).unwrap()).unwrap();
        let calls = lab.take_calls();
        // Small pages are the emulator's way of testing paging; AWS gives these lists on one.
        let of = |name: &str| calls.iter().filter(|((op, _), _)| op == name).map(|(_, n)| *n).sum::<u64>();
        let paged = [
            "account:ListRegions",
            "cloudtrail:ListTrails",
            "organizations:ListAccounts",
            "organizations:ListDelegatedAdministrators",
            "organizations:ListAWSServiceAccessForOrganization",
            "logs:DescribeMetricFilters",
            "cloudwatch:DescribeAlarms",
            "cloudwatch:ListAlarmMuteRules",
        ];
        let pages: u64 = paged.iter().map(|name| of(name).saturating_sub(1)).sum();
        let most = formula(&inventory) * 105 / 100;
        let made = total(&calls) - pages;
        assert!(made <= most, "{scenario}: {made} calls, at most {most}: {calls:#?}");
        assert!(made * 100 >= formula(&inventory) * 95, "{scenario}: {made} calls, the formula says {}", formula(&inventory));
        eprintln!("{scenario}: {made} calls, the formula says {}", formula(&inventory));
    }
}

#[test]
fn every_enabled_region_is_asked_and_no_other() {
    let lab = Lab::new("acme");
    let report = lab.scan("out", &[]).ends_with(1).report();
    let calls = lab.take_calls();
    let enabled = ["af-south-1", "ap-southeast-2", "eu-central-1", "eu-west-1", "us-east-1", "us-east-2", "us-west-2"];
    let asked: Vec<&str> =
        calls.keys().filter(|(op, _)| op == "cloudtrail:GetTrailStatus").map(|(_, region)| region.as_str()).collect();
    assert_eq!(asked, enabled);
    assert!(calls.keys().all(|(_, region)| enabled.contains(&region.as_str())), "{calls:#?}");
    let regions: BTreeMap<&str, &RegionOutcome> =
        report.population.accounts[0].scope.regions.iter().map(|r| (r.name.as_str(), &r.outcome)).collect();
    assert_eq!(regions["eu-south-1"], &RegionOutcome::NotEnabled);
    assert_eq!(regions["us-east-2"], &RegionOutcome::Reached);
    let RegionOutcome::Gap(gap) = regions["af-south-1"] else { panic!("{:?}", regions["af-south-1"]) };
    assert_eq!(gap.kind, GapKind::BlockedByScp);
}

#[test]
fn a_region_that_was_not_asked_for_is_not_called_and_not_forgotten() {
    let lab = Lab::new("acme");
    let report = lab.scan("out", &["--region", "us-east-1", "--region", "us-west-2"]).report();
    let regions = &report.population.accounts[0].scope.regions;
    let outcome = |name: &str| &regions.iter().find(|r| r.name == name).unwrap().outcome;
    assert_eq!(outcome("eu-central-1"), &RegionOutcome::NotAsked);
    assert!(report.result.ends_with("5 enabled Regions were not asked about"), "{}", report.result);
    assert_eq!(outcome("us-east-1"), &RegionOutcome::Reached);
    assert!(lab.take_calls().keys().all(|(_, region)| region != "eu-central-1"));
}

#[test]
fn an_account_with_every_region_disabled_by_default_in_many_pages() {
    let mut regions = serde_json::Map::new();
    for i in 0..23 {
        regions.insert(format!("xx-north-{i}"), json!("DISABLED"));
    }
    regions.insert("us-east-1".into(), json!("ENABLED_BY_DEFAULT"));
    let lab = Lab::with("good", &json!({"regions": regions, "page": 3}));
    let report = lab.scan("out", &["--min-severity", "high"]).ends_with(0).report();
    let scope = &report.population.accounts[0].scope.regions;
    assert_eq!(scope.len(), 24);
    assert_eq!(scope.iter().filter(|r| r.outcome == RegionOutcome::NotEnabled).count(), 23);
}

#[test]
fn a_member_sees_its_organizations_trail_and_says_what_it_may_not_read() {
    let owner = Lab::new("org");
    let member = owner.as_member(&format!("7{}", &owner.account[1..]));
    let report = member.scan("out", &[]).report();
    let exists = report.findings.iter().find(|f| f.policy == "trail-exists").unwrap();
    assert_eq!(exists.outcome, Outcome::Pass, "{exists:#?}");
    let records = report.findings.iter().find(|f| f.policy == "trail-records-management-events").unwrap();
    assert_eq!(records.outcome, Outcome::Unknown, "a member may not read the selectors of its organization's trail");
    assert!(report.trails.iter().all(|t| t.owner_account == owner.account));
}

#[test]
fn hostile_text_is_shown_and_stays_text() {
    let lab = Lab::new("hostile");
    let run = lab.scan("out", &["-v"]).ends_with(1);
    let html = run.file("report.html");
    assert!(html.contains("&lt;script&gt;alert("), "the hostile text is shown, escaped");
    for live in [
        "<script>alert(",
        "<img src=x",
        "<svg onload",
        "<h1>'",
        "<s>not-a-key",
        "<b>'\"&rule",
        "</style>]]>",
        "<b>rule",
        "rule-<u>",
    ] {
        assert!(!html.contains(live), "report.html holds {live}");
    }
    for (name, text) in [("report.html", &html), ("stdout", &run.stdout), ("stderr", &run.stderr)] {
        let odd = text.chars().find(|c| (c.is_control() && !"\n\t".contains(*c)) || ('\u{202a}'..='\u{202e}').contains(c));
        assert_eq!(odd, None, "{name} holds a control character");
    }
    let recording = lab.path("recording");
    lab.scan("again", &["--record", recording.to_str().unwrap()]).ends_with(1);
    let replayed = lab.judge(&recording, "replayed").ends_with(1);
    assert_eq!(outcomes(&lab, &run.report()), outcomes(&lab, &replayed.report()));
}

#[test]
fn one_format_goes_to_standard_output() {
    let lab = Lab::new("good");
    let run = lab.command(&["scan", "--out", "-", "--format", "json"]).output().unwrap();
    let report: trailproof::report::Report = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!(report.kind, "trailproof-report");
    assert_eq!(files(lab.folder.path()), Vec::<std::path::PathBuf>::new());
}
