//! Who watches the logs, and what stands beside the trails, in the emulator: read as it was set up, and unknown where it was not read.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use trailproof::inventory::{Account, Alarm, AlarmDefinition, GapKind, Inventory, LogGroup, RegionOutcome};

use crate::emulator::{Lab, Run};

fn inventory(lab: &Lab, out: &str) -> Inventory {
    Inventory::from_json(&std::fs::read_to_string(lab.path(out).join("inventory.json")).unwrap()).unwrap()
}

fn scan(lab: &Lab, args: &[&str]) -> (Run, Inventory) {
    let run = lab.scan("out", args);
    let inventory = inventory(lab, "out");
    (run, inventory)
}

fn group<'a>(inventory: &'a Inventory, name: &str) -> &'a LogGroup {
    inventory.log_groups.iter().find(|group| group.name == name).unwrap()
}

fn alarm<'a>(inventory: &'a Inventory, name: &str) -> &'a Alarm {
    inventory.alarms.iter().find(|alarm| alarm.name == name).unwrap_or_else(|| panic!("no alarm {name}"))
}

fn member<'a>(lab: &Lab, inventory: &'a Inventory, digit: char) -> &'a Account {
    let id = format!("{digit}{}", &lab.account[1..]);
    inventory.accounts.iter().find(|account| account.id == id).unwrap()
}

/// The Regions in which something is so.
fn regions<T>(items: &[T], is_so: impl Fn(&T) -> (&str, bool)) -> Vec<&str> {
    items.iter().map(is_so).filter(|(_, so)| *so).map(|(region, _)| region).collect()
}

#[test]
fn the_demonstration_is_watched_with_gaps() {
    let lab = Lab::new("acme");
    let (_, inventory) = scan(&lab, &[]);
    let group = group(&inventory, "/cloudtrail/acme-org-trail");
    assert_eq!(group.metric_filters.items.len(), 16);
    assert!(group.metric_filters.is_complete() && group.subscription_filters.is_complete() && group.alarms.is_complete());
    let metrics: BTreeSet<&str> =
        group.metric_filters.items.iter().flat_map(|f| &f.metrics).map(|metric| metric.name.as_str()).collect();
    let watched: BTreeSet<&str> = inventory.alarms.iter().map(|alarm| alarm.name.as_str()).collect();
    assert_eq!(metrics.difference(&watched).copied().collect::<Vec<_>>(), ["RouteTableChanges", "VPCChanges"]);
    assert_eq!(watched.difference(&metrics).count(), 0, "alarms of others are left out: {watched:?}");
    assert_eq!(alarm(&inventory, "NetworkGatewayChanges").actions_enabled.known(), Some(&false));
    let muted: Vec<&str> =
        inventory.alarms.iter().filter(|a| !a.mute_rules.items.is_empty()).map(|alarm| alarm.name.as_str()).collect();
    assert_eq!(muted, ["NetworkACLChanges", "SecurityGroupChanges"]);
    let rule = &alarm(&inventory, "SecurityGroupChanges").mute_rules.items[0];
    assert_eq!((rule.status.as_str(), rule.duration.as_deref()), ("SCHEDULED", Some("PT4H")));
    let told = |name: &str| {
        let topic = &alarm(&inventory, name).topics.items[0];
        let topic = inventory.topic(&topic.0).unwrap();
        (topic.subscriptions_confirmed.known().copied(), topic.subscriptions_pending.known().copied())
    };
    assert_eq!(told("CloudTrailChanges"), (Some(1), Some(0)));
    assert_eq!(told("AWSConfigChanges"), (Some(0), Some(1)));

    let account = &inventory.accounts[0];
    assert_eq!((account.root_mfa_enabled.known(), account.root_has_access_keys.known()), (Some(&true), Some(&false)));
    let rules: Vec<_> = account.event_buses.items.iter().flat_map(|bus| &bus.rules.items).collect();
    let [rule] = rules.as_slice() else { panic!("{rules:?}") };
    assert!(rule.pattern.contains("PutEventSelectors"));
    assert!(rule.targets.items[0].topic.as_ref().is_some_and(|topic| inventory.topic(&topic.0).is_some()));
    let store = &inventory.event_data_stores[0];
    assert_eq!((store.retention_days.known(), store.termination_protection_enabled.known()), (Some(&90), Some(&false)));
    assert_eq!(account.regions.items.len(), 7);
    let recording =
        |c: &trailproof::inventory::ConfigRegion| c.recorders.items.iter().any(|r| r.is_recording.known() == Some(&true));
    assert_eq!(regions(&account.config_regions.items, |c| (&c.region, !recording(c))), ["ap-southeast-2"]);
    let is_global = |c: &trailproof::inventory::ConfigRegion| c.recorders.items.iter().any(|r| r.records_global_types);
    assert_eq!(regions(&account.config_regions.items, |c| (&c.region, is_global(c))), ["us-east-1"]);
    let on = |fact: &trailproof::inventory::Fact<bool>| fact.known() == Some(&true);
    assert_eq!(
        regions(&account.threat_detections.items, |d| (&d.region, on(&d.enabled))),
        ["eu-west-1", "us-east-1", "us-west-2"]
    );
    assert_eq!(regions(&account.security_hubs.items, |h| (&h.region, on(&h.enabled))), ["us-east-1"]);
    assert!(account.security_hubs.items.iter().all(|hub| hub.enabled.known().is_some()), "not subscribed is known");
}

#[test]
fn an_organization_has_alarms_of_every_kind() {
    let lab = Lab::new("org");
    let (_, inventory) = scan(&lab, &["--org", "--role-name", "TrailproofAudit"]);
    let definition = |name: &str| alarm(&inventory, name).definition.known().unwrap();
    let AlarmDefinition::Composite(either) = definition("trails-are-changed") else { panic!("no composite alarm") };
    assert_eq!(either.rule, r#"ALARM("CloudTrailChanges") OR ALARM("TrailSelectorChanges")"#);
    assert_eq!(alarm(&inventory, "CloudTrailChanges").actions.known().map(Vec::len), Some(0));
    let AlarmDefinition::Math(sum) = definition("network-changes") else { panic!("no metric math") };
    assert_eq!(sum.queries.iter().map(|query| query.return_data).collect::<Vec<_>>(), [false, false, true]);
    let group = group(&inventory, "/cloudtrail/acme-org-trail");
    assert_eq!(group.subscription_filters.items[0].name, "siem");
    assert_eq!(group.alarms.items.len(), inventory.alarms.len());

    let stores: BTreeMap<&str, _> = inventory.event_data_stores.iter().map(|store| (store.name.as_str(), store)).collect();
    assert_eq!(stores["organization"].is_organization.known(), Some(&true));
    assert_eq!(stores["payments"].status.known().map(String::as_str), Some("STOPPED_INGESTION"));
    assert_eq!(member(&lab, &inventory, '2').event_data_stores.items[0].0, stores["payments"].arn);
    let security = member(&lab, &inventory, '8');
    let bus = security.event_buses.items.iter().find(|bus| bus.region == "eu-west-1").unwrap();
    assert_eq!(bus.rules.items.iter().map(|r| r.name.as_str()).collect::<Vec<_>>(), ["instances", "sign-in-of-root"]);
    assert!(!bus.rules.items[0].targets.is_complete(), "its targets were not asked for");
    assert_eq!(bus.rules.items[1].targets.items.len(), 3);
    assert!(bus.rules.items[1].targets.is_complete());
    assert_eq!(alarm(&inventory, "network-changes").mute_rules.items.len(), 2);
    let web = member(&lab, &inventory, '3');
    assert_eq!((web.root_mfa_enabled.known(), web.root_has_access_keys.known()), (Some(&false), Some(&true)));
    let data = member(&lab, &inventory, '4');
    assert_eq!(data.config_regions.items.len(), 3, "a Region that one account alone has enabled is asked there");
    assert!(data.config_regions.items.iter().all(|c| c.recorders.is_complete() && c.recorders.items.is_empty()));
}

#[test]
fn hostile_names_arrive_as_they_are() {
    let lab = Lab::new("hostile");
    let recording = lab.path("recording");
    let (run, inventory) = scan(&lab, &["-v", "--record", recording.to_str().unwrap()]);
    let strange = "<img src=x onerror=alert(2)> {{ 7*7 }} \\\"'`$(id)|";
    let group = group(&inventory, "hostile");
    assert_eq!(group.metric_filters.items[0].name, format!("filter {strange}"));
    assert!(group.metric_filters.items[0].pattern.contains("</script><script>"));
    assert_eq!(group.subscription_filters.items[0].destination_arn.rsplit(':').next(), Some(strange));
    let single = alarm(&inventory, &format!("alarm {strange}"));
    assert!(single.mute_rules.items[0].arn.ends_with(":alarm-mute-rule:mute:<b>rule</b>"));
    assert_eq!(single.mute_rules.items[0].status, "ACTIVE");
    assert!(inventory.alarms.iter().any(|alarm| alarm.name == format!("both {strange}")), "the rule names it, quotes and all");
    assert_eq!(inventory.event_data_stores[0].name, format!("store {strange}"));
    for (name, text) in [("report.html", run.file("report.html")), ("stdout", run.stdout.clone())] {
        for live in ["<img src=x", "</script><script>alert(`pattern", "<b>rule</b>"] {
            assert!(name != "report.html" || !text.contains(live), "{name} holds {live}");
        }
        let odd = text.chars().find(|c| (c.is_control() && !"\n\t".contains(*c)) || ('\u{202a}'..='\u{202e}').contains(c));
        assert_eq!(odd, None, "{name} holds a control character");
    }
    let replayed = lab.judge(&recording, "replayed");
    assert_eq!(replayed.file("inventory.json"), run.file("inventory.json"));
}

/// Operation -> the listing or fact of an inventory that it feeds, as JSON.
fn fed(operation: &str, inventory: &Value) -> Value {
    let account = &inventory["accounts"][0];
    let group = &inventory["log_groups"][0];
    let first = |field: &str| account[field]["items"][0].clone();
    match operation {
        "iam:GetAccountSummary" => account["root_mfa_enabled"].clone(),
        of_role if of_role.starts_with("iam:") => {
            let trails = inventory["trails"].as_array().unwrap();
            trails.iter().find(|trail| trail["name"] == "acme-org-trail").unwrap()["cloud_watch_logs_role"].clone()
        }
        "logs:DescribeMetricFilters" => group["metric_filters"].clone(),
        "logs:DescribeSubscriptionFilters" => group["subscription_filters"].clone(),
        "cloudwatch:DescribeAlarms" => group["alarms"].clone(),
        "cloudwatch:ListAlarmMuteRules" | "cloudwatch:GetAlarmMuteRule" => inventory["alarms"][0]["mute_rules"].clone(),
        "events:ListRules" => first("event_buses")["rules"].clone(),
        "events:ListTargetsByRule" => {
            let buses = account["event_buses"]["items"].as_array().unwrap();
            let mut rules = buses.iter().flat_map(|bus| bus["rules"]["items"].as_array().into_iter().flatten());
            rules.next().unwrap()["targets"].clone()
        }
        "cloudtrail:ListEventDataStores" => account["event_data_stores"].clone(),
        "cloudtrail:GetEventDataStore" => inventory["event_data_stores"][0]["status"].clone(),
        "config:DescribeConfigurationRecorders" => first("config_regions")["recorders"].clone(),
        "config:DescribeConfigurationRecorderStatus" => {
            let regions = account["config_regions"]["items"].as_array().unwrap();
            let mut recorders = regions.iter().flat_map(|region| region["recorders"]["items"].as_array().into_iter().flatten());
            recorders.next().unwrap()["is_recording"].clone()
        }
        "config:DescribeDeliveryChannelStatus" => first("config_regions")["delivery_channels"].clone(),
        "guardduty:ListDetectors" => first("threat_detections")["enabled"].clone(),
        "guardduty:GetDetector" => {
            let regions = account["threat_detections"]["items"].as_array().unwrap();
            regions.iter().find(|of| of["region"] == "us-east-1").unwrap()["enabled"].clone()
        }
        "securityhub:DescribeHub" => first("security_hubs")["enabled"].clone(),
        other => panic!("{other} feeds nothing here"),
    }
}

const OPERATIONS: [&str; 21] = [
    "iam:GetAccountSummary",
    "iam:GetRole",
    "iam:ListRolePolicies",
    "iam:ListAttachedRolePolicies",
    "iam:GetPolicy",
    "iam:GetPolicyVersion",
    "logs:DescribeMetricFilters",
    "logs:DescribeSubscriptionFilters",
    "cloudwatch:DescribeAlarms",
    "cloudwatch:ListAlarmMuteRules",
    "cloudwatch:GetAlarmMuteRule",
    "events:ListRules",
    "events:ListTargetsByRule",
    "cloudtrail:ListEventDataStores",
    "cloudtrail:GetEventDataStore",
    "config:DescribeConfigurationRecorders",
    "config:DescribeConfigurationRecorderStatus",
    "config:DescribeDeliveryChannelStatus",
    "guardduty:ListDetectors",
    "guardduty:GetDetector",
    "securityhub:DescribeHub",
];

/// The same, in groups that do not hide one another.
const GROUPS: [&[&str]; 4] = [
    &[
        "iam:GetAccountSummary",
        "iam:GetRole",
        "logs:DescribeMetricFilters",
        "logs:DescribeSubscriptionFilters",
        "events:ListRules",
        "cloudtrail:ListEventDataStores",
        "config:DescribeConfigurationRecorders",
        "config:DescribeDeliveryChannelStatus",
        "guardduty:ListDetectors",
        "securityhub:DescribeHub",
    ],
    &[
        "iam:ListRolePolicies",
        "iam:ListAttachedRolePolicies",
        "cloudwatch:DescribeAlarms",
        "events:ListTargetsByRule",
        "cloudtrail:GetEventDataStore",
        "config:DescribeConfigurationRecorderStatus",
        "guardduty:GetDetector",
    ],
    &["iam:GetPolicy", "cloudwatch:ListAlarmMuteRules"],
    &["iam:GetPolicyVersion", "cloudwatch:GetAlarmMuteRule"],
];

#[test]
fn every_call_that_fails_leaves_its_fact_unknown_and_is_replayed_alike() {
    assert_eq!(GROUPS.concat().into_iter().collect::<BTreeSet<_>>(), BTreeSet::from(OPERATIONS));
    let lab = Lab::new("acme");
    for (kind, expected) in [
        ("deny", GapKind::Denied),
        ("scp", GapKind::BlockedByScp),
        ("throttle", GapKind::Throttled),
        ("malformed", GapKind::Failed),
        ("truncated", GapKind::Failed),
    ] {
        // What is tried again takes its time.
        let groups = if ["throttle", "truncated"].contains(&kind) { 1 } else { GROUPS.len() };
        for (at, group) in GROUPS.into_iter().take(groups).enumerate() {
            lab.clear_faults();
            group.iter().for_each(|operation| lab.fault(json!({"operation": operation, "kind": kind})));
            let recording = lab.path(&format!("recording-{kind}-{at}"));
            let args = ["--region", "us-east-1", "--format", "inventory,json", "--record", recording.to_str().unwrap()];
            let run = lab.scan("out", &args);
            assert!(matches!(run.code, Some(0 | 1 | 3)), "{kind} {group:?}: {:?}\n{}", run.code, run.stderr);
            let text = run.file("inventory.json");
            let read: Value = serde_json::from_str(&text).unwrap();
            for operation in group {
                let fed = fed(operation, &read).to_string();
                assert!(fed.contains(&format!("\"kind\":{}", json!(expected))), "{operation} {kind}: {fed}");
                assert!(fed.contains(operation), "{operation} {kind}: {fed}");
            }
            let replayed = lab.judge(&recording, "replayed");
            assert_eq!(replayed.file("inventory.json"), text, "{kind} {group:?}");
        }
    }
}

#[test]
fn a_call_that_fails_once_is_tried_again() {
    let lab = Lab::new("acme");
    for operation in OPERATIONS {
        lab.fault(json!({"operation": operation, "kind": "throttle", "times": 1}));
        lab.fault(json!({"operation": operation, "kind": "status", "status": 503, "times": 1}));
    }
    let (_, inventory) = scan(&lab, &["--region", "us-east-1"]);
    let whole = serde_json::to_value(&inventory).unwrap();
    for operation in OPERATIONS {
        let fed = fed(operation, &whole).to_string();
        assert!(!fed.contains("\"kind\":\"throttled\"") && !fed.contains("\"kind\":\"failed\""), "{operation}: {fed}");
    }
}

#[test]
fn a_family_that_is_left_out_costs_no_call_and_is_said() {
    let lab = Lab::new("acme");
    let families = [
        ("event-rules", vec!["events:"]),
        ("lake", vec!["cloudtrail:ListEventDataStores", "cloudtrail:GetEventDataStore"]),
        ("config", vec!["config:"]),
        ("guardduty", vec!["guardduty:"]),
        ("security-hub", vec!["securityhub:"]),
    ];
    let is_of = |words: &[&str], operation: &str| words.iter().any(|word| operation.starts_with(word));
    for (family, _) in &families {
        let recording = lab.path(&format!("recording-{family}"));
        let run = lab.scan("out", &["--skip", family, "--record", recording.to_str().unwrap()]);
        let calls = lab.take_calls();
        for (other, theirs) in &families {
            let asked = calls.keys().any(|(operation, _)| is_of(theirs, operation));
            assert_eq!(asked, other != family, "--skip {family}: {other}");
        }
        assert!(run.file("inventory.json").contains(&format!("run the scan without `--skip {family}`")));
        let replayed = lab.judge(&recording, "replayed");
        assert_eq!(replayed.file("inventory.json"), run.file("inventory.json"), "{family}");
    }
    std::fs::write(lab.path("skip.yaml"), "version: 1\naccounts:\n  skip: [config, lake]\n").unwrap();
    lab.scan("out", &["--config", lab.path("skip.yaml").to_str().unwrap()]);
    let calls = lab.take_calls();
    assert!(!calls.keys().any(|(operation, _)| is_of(&["config:", "cloudtrail:ListEventDataStores"], operation)), "{calls:?}");
    assert!(calls.keys().any(|(operation, _)| operation.starts_with("guardduty:")));
    let run = lab.scan("none", &["--skip", "lakes"]).ends_with(2);
    assert!(run.stderr.contains("event-rules, lake, config, guardduty, security-hub"), "{}", run.stderr);
}

#[test]
fn what_is_denied_beside_the_trails_leaves_the_regions_reached() {
    let lab = Lab::new("acme");
    for operation in ["events:*", "config:*", "guardduty:*", "securityhub:*", "cloudtrail:ListEventDataStores"] {
        lab.fault(json!({"operation": operation, "kind": "deny"}));
    }
    let (run, inventory) = scan(&lab, &[]);
    let report = run.report();
    for region in &report.population.accounts[0].scope.regions {
        let RegionOutcome::Gap(gap) = &region.outcome else { continue };
        assert!(!["events:", "config:", "guardduty:", "securityhub:"].iter().any(|word| gap.message.contains(word)), "{gap:?}");
    }
    let account = &inventory.accounts[0];
    assert!(account.threat_detections.items.iter().all(|of| of.enabled.gap().is_some_and(|gap| gap.kind == GapKind::Denied)));
}
