//! What it costs to ask whether events are watched: patterns on events, and the monitoring policies on an account.
//!
//! `cargo bench --no-default-features --bench watch` prints one run.

#![expect(clippy::print_stdout, clippy::expect_used, reason = "a bench prints, and stops where it cannot measure")]

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use trailproof::app::cases::Given;
use trailproof::audit::{Settings, audit};
use trailproof::policy::catalogue::Catalogue;
use trailproof::semantics::Truth;
use trailproof::semantics::event_pattern::EventPattern;
use trailproof::semantics::filter_pattern::FilterPattern;

fn main() {
    let catalogue = Catalogue::embedded().expect("the embedded policies are right");
    let monitoring: BTreeSet<String> = catalogue.policies.keys().filter(|id| id.starts_with("monitoring-")).cloned().collect();
    let texts: Vec<String> = monitoring
        .iter()
        .flat_map(|id| catalogue.policies[id].watched.values())
        .map(trailproof::semantics::watch::WatchedEvent::filter_pattern)
        .collect();
    let patterns: Vec<FilterPattern> = texts.iter().map(|t| FilterPattern::parse(t).expect("a pattern")).collect();
    let events: Vec<Value> = ["StopLogging", "AttachRolePolicy", "DescribeInstances", "ConsoleLogin", "CreateVpc"]
        .iter()
        .enumerate()
        .map(|(i, name)| event(name, i))
        .collect();
    rate("filter patterns of the catalogue", patterns.len() * events.len(), || {
        let matches = |p: &FilterPattern| events.iter().filter(|e| p.matches(e) == Truth::True).count();
        patterns.iter().map(matches).sum()
    });
    rate("parsing those patterns", texts.len(), || texts.iter().filter(|t| FilterPattern::parse(t).is_ok()).count());
    let rule = json!({"source": ["aws.iam"], "detail-type": ["AWS API Call via CloudTrail"], "detail": {
        "eventSource": ["iam.amazonaws.com"], "eventName": [{"prefix": "Attach"}, {"wildcard": "Put*Policy"}, "DeletePolicy"]}});
    let rule = EventPattern::parse(&rule.to_string()).expect("a pattern");
    let envelopes: Vec<Value> = events
        .iter()
        .map(|e| json!({"source": "aws.iam", "detail-type": "AWS API Call via CloudTrail", "region": "us-east-1", "detail": e}))
        .collect();
    rate("an event pattern", envelopes.len(), || envelopes.iter().map(|e| 1 + usize::from(rule.matches(e) == Truth::True)).sum());

    let narrowed: Vec<String> =
        texts.iter().map(|t| format!("{{ ({}) && $.userIdentity.userName != alice }}", &t[1..t.len() - 1])).collect();
    for (what, patterns) in
        [("a filter and an alarm for each", texts.as_slice()), ("each filter leaves one user out", &narrowed), ("no filter", &[])]
    {
        let inventory = account(patterns);
        let settings = Settings { only: Some(monitoring.clone()), ..Settings::default() };
        let mut passed = 0;
        let best = (0..7)
            .map(|_| {
                let start = Instant::now();
                let findings = audit(&inventory, &catalogue, &settings, inventory.scope.ended).expect("an audit");
                passed = findings.iter().filter(|f| f.outcome == trailproof::finding::Outcome::Pass).count();
                start.elapsed()
            })
            .min()
            .unwrap_or(Duration::ZERO);
        let (all, ms) = (monitoring.len(), best.as_secs_f64() * 1e3);
        println!("{all} monitoring policies, 17 Regions, {what:<31} {ms:8.2} ms, {passed} pass");
    }
}

fn rate(what: &str, each: usize, mut work: impl FnMut() -> usize) {
    let (mut rounds, start) = (0_usize, Instant::now());
    while start.elapsed() < Duration::from_secs(1) {
        assert!(std::hint::black_box(work()) > 0);
        rounds += 1;
    }
    let rate = (rounds * each) as f64 / start.elapsed().as_secs_f64();
    println!("{what:<40} {:8.2} million a second", rate / 1e6);
}

fn event(name: &str, i: usize) -> Value {
    let source = ["cloudtrail", "iam", "ec2", "signin", "ec2"][i % 5];
    json!({
        "eventVersion": "1.11", "eventTime": "2026-01-01T00:00:00Z", "eventID": format!("id-{i}"), "eventType": "AwsApiCall",
        "eventCategory": "Management", "managementEvent": true, "readOnly": false, "awsRegion": "eu-west-1",
        "eventSource": format!("{source}.amazonaws.com"), "eventName": name, "sourceIPAddress": "203.0.113.7",
        "recipientAccountId": "111122223333", "userAgent": "aws-cli/2",
        "userIdentity": {"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/a/b", "accountId": "111122223333",
            "sessionContext": {"sessionIssuer": {"userName": "a"}, "attributes": {"mfaAuthenticated": "false"}}},
        "requestParameters": {"name": "main"}, "responseElements": null,
    })
}

/// An account of 17 Regions, whose trail's log group has a filter and an alarm for each pattern.
fn account(patterns: &[String]) -> trailproof::inventory::Inventory {
    let regions: Vec<String> = (1..=17).map(|i| format!("eu-{}-{i}", ["west", "north", "south"][i % 3])).collect();
    let filters: Vec<Value> =
        patterns.iter().enumerate().map(|(i, p)| json!({"name": format!("watch-{i}"), "pattern": p})).collect();
    let alarms: Vec<Value> = (0..patterns.len())
        .map(|i| json!({"arn": format!("arn:aws:cloudwatch:eu-west-3:111122223333:alarm:watch-{i}")}))
        .collect();
    let group = "arn:aws:logs:eu-west-3:111122223333:log-group:cloudtrail";
    let given = json!({
        "accounts": [{"id": "111122223333", "regions": regions}],
        "trails": [{"arn": "arn:aws:cloudtrail:eu-west-3:111122223333:trail/main", "log_group": group, "bucket": "logs"}],
        "buckets": [{"name": "logs"}],
        "log_groups": [{"arn": group, "metric_filters": filters}],
        "alarms": alarms,
        "topics": [{"arn": "arn:aws:sns:eu-west-3:111122223333:alarms"}],
    });
    let given: Given = serde_json::from_value(given).expect("what a case may give");
    given.inventory().map_err(|e| e.to_string()).expect("an inventory")
}
