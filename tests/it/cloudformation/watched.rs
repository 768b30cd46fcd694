//! Alarms, subscriptions, rules and event data stores of templates: what is told, what is broken, and what no template tells.

use serde_json::{Value, json};

use super::{HOME, NOW, findings, read};
use trailproof::finding::{Finding, Outcome};
use trailproof::inventory::{Basis, Fact, GapKind, Inventory};
use trailproof::policy::catalogue::Catalogue;
use trailproof::source::code::{self, Options};

const ROOT: &str = r#"{$.userIdentity.type="Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType !="AwsServiceEvent"}"#;

fn resource(kind: &str, properties: Value) -> Value {
    json!({ "Type": kind, "Properties": properties })
}

fn filter(name: &str, pattern: &str) -> Value {
    let metric = json!({ "MetricName": name, "MetricNamespace": "CIS", "MetricValue": "1" });
    let group = json!({ "Ref": "Group" });
    resource(
        "AWS::Logs::MetricFilter",
        json!({ "FilterPattern": pattern, "LogGroupName": group, "MetricTransformations": [metric] }),
    )
}

fn alarm(name: &str) -> Value {
    resource(
        "AWS::CloudWatch::Alarm",
        json!({
            "MetricName": name, "Namespace": "CIS", "Statistic": "Sum", "Period": "300", "Threshold": "1", "EvaluationPeriods": "1",
            "ComparisonOperator": "GreaterThanOrEqualToThreshold", "AlarmActions": [{ "Ref": "Topic" }],
        }),
    )
}

/// A trail with a log group and a root alarm that reaches a queue.
fn good() -> Value {
    json!({ "Resources": {
        "Trail": resource("AWS::CloudTrail::Trail", json!({
            "IsLogging": true, "IsMultiRegionTrail": true, "S3BucketName": { "Ref": "Logs" },
            "CloudWatchLogsLogGroupArn": { "Fn::GetAtt": ["Group", "Arn"] },
        })),
        "Logs": { "Type": "AWS::S3::Bucket" },
        "Group": { "Type": "AWS::Logs::LogGroup" },
        "Filter": filter("root", ROOT),
        "Alarm": alarm("root"),
        "Topic": resource("AWS::SNS::Topic", json!({
            "Subscription": [{ "Protocol": "sqs", "Endpoint": { "Fn::GetAtt": ["Queue", "Arn"] } }],
        })),
        "Queue": { "Type": "AWS::SQS::Queue" },
    }})
}

fn build(template: &Value, complete: bool, given: &str) -> Inventory {
    let read = read(&[("t.json", &template.to_string())], given);
    assert_eq!(read.gaps, []);
    code::build(&read.stacks, Options { complete, read: NOW.parse().expect("a time") })
}

fn finding(template: &Value, policy: &str, complete: bool, given: &str) -> Finding {
    let mut all: Vec<Finding> = findings(&build(template, complete, given)).into_iter().filter(|f| f.policy == policy).collect();
    assert_eq!(all.len(), 1, "{policy}: {all:?}");
    all.remove(0)
}

fn root(template: &Value, complete: bool) -> Finding {
    finding(template, "monitoring-root-use", complete, HOME)
}

fn kinds(finding: &Finding) -> Vec<GapKind> {
    let mut kinds: Vec<GapKind> = finding.gaps.iter().map(|gap| gap.kind).collect();
    kinds.sort();
    kinds.dedup();
    kinds
}

#[test]
fn what_every_policy_proposes_is_enough_in_a_template_but_for_what_shows_at_run_time() {
    let mut template = good();
    let catalogue = Catalogue::embedded().expect("the embedded policies");
    let watching = catalogue.policies.iter().filter(|(id, _)| id.starts_with("monitoring-"));
    for (at, (id, policy)) in watching.enumerate() {
        for (name, event) in &policy.watched {
            let metric = format!("{id}-{name}");
            template["Resources"][format!("Filter{at}{}", name.replace('_', ""))] = filter(&metric, &event.filter_pattern());
            template["Resources"][format!("Alarm{at}{}", name.replace('_', ""))] = alarm(&metric);
        }
    }
    // Also where the account and the Region are open: they are the same for all that is in one stack.
    for given in [HOME, ""] {
        let all = findings(&build(&template, true, given));
        let watching = all.iter().filter(|f| f.policy.starts_with("monitoring-") && f.outcome != Outcome::NotApplicable);
        let mut judged = 0;
        for found in watching {
            assert_eq!(found.outcome, Outcome::Unknown, "{found:?}");
            if given == HOME && !found.policy.contains("bucket") {
                assert_eq!(kinds(found), [GapKind::RunTime], "{found:?}");
            }
            judged += 1;
        }
        assert!(judged >= 17, "{judged}");
    }
}

#[test]
fn what_is_broken_in_a_template_fails_with_its_case_where_the_code_is_all() {
    assert_eq!(kinds(&root(&good(), true)), [GapKind::RunTime]);
    for (at, value, case) in [
        ("Filter/Properties/FilterPattern", json!(r#"{ $.userIdentity.type = "root" }"#), "use is not told"),
        ("Alarm/Properties/Threshold", json!("100"), "does not reach the threshold of 100"),
        ("Alarm/Properties/ActionsEnabled", json!("false"), "its actions are disabled"),
        ("Alarm/Properties/MetricName", json!("other"), "no alarm watches the metric"),
        ("Alarm/Properties/AlarmActions", json!([]), "it has no action"),
        ("Topic/Properties/Subscription", json!([]), "has no confirmed subscription"),
        ("Trail/Properties/IsLogging", json!(false), "the trail is not logging"),
    ] {
        let mut template = good();
        let pointer = format!("/Resources/{at}");
        let (parent, last) = pointer.rsplit_once('/').unwrap();
        template.pointer_mut(parent).unwrap()[last] = value;
        let found = root(&template, true);
        assert_eq!(found.outcome, Outcome::Fail, "{case}: {found:?}");
        assert!(found.counterexamples.join("; ").contains(case), "{case}: {:?}", found.counterexamples);
        assert_eq!(root(&template, false).outcome, Outcome::Unknown, "{case}");
    }
    let mut email = good();
    email["Resources"]["Topic"]["Properties"]["Subscription"][0] = json!({ "Protocol": "email", "Endpoint": "a@example.com" });
    let found = root(&email, true);
    assert_eq!((found.outcome, kinds(&found)), (Outcome::Unknown, vec![GapKind::RunTime]));
    assert!(found.gaps.iter().any(|gap| gap.message.contains("by email is confirmed")), "{:?}", found.gaps);
    // The same apart from the topic.
    let mut apart = good();
    apart["Resources"]["Topic"] = json!({ "Type": "AWS::SNS::Topic" });
    let endpoint = json!({ "Fn::GetAtt": ["Queue", "Arn"] });
    apart["Resources"]["Heard"] =
        resource("AWS::SNS::Subscription", json!({ "Protocol": "sqs", "Endpoint": endpoint, "TopicArn": { "Ref": "Topic" } }));
    assert_eq!(build(&apart, true, HOME).topics[0].subscriptions_confirmed.known(), Some(&1));
    assert_eq!(kinds(&root(&apart, true)), [GapKind::RunTime]);
}

#[test]
fn defaults_of_aws_are_assumed() {
    let inventory = build(&good(), true, HOME);
    let alarm = &inventory.alarms[0];
    assert!(matches!(alarm.actions_enabled, Fact::Known { value: true, basis: Basis::AssumedDefault, .. }), "{alarm:?}");
    assert_eq!(alarm.topics.items.len(), 1);
    assert_eq!(inventory.log_groups[0].metric_filters.items.len(), 1);
    assert!(inventory.log_groups[0].metric_filters.is_complete());
}

#[test]
fn what_a_template_leaves_open_stays_unknown() {
    let open = json!({ "Ref": "Open" });
    for at in [
        "Filter/Properties/FilterPattern",
        "Filter/Properties/LogGroupName",
        "Filter/Properties/MetricTransformations/0/MetricName",
        "Alarm/Properties/Threshold",
        "Alarm/Properties/MetricName",
        "Alarm/Properties/Namespace",
        "Alarm/Properties/ActionsEnabled",
        "Alarm/Properties/AlarmActions/0",
        "Topic/Properties/Subscription/0/Protocol",
    ] {
        let mut template = good();
        template["Parameters"] = json!({ "Open": { "Type": "String" } });
        let pointer = format!("/Resources/{at}");
        let (parent, last) = pointer.rsplit_once('/').unwrap();
        let parent = template.pointer_mut(parent).unwrap();
        match last.parse::<usize>() {
            Ok(at) => parent[at] = open.clone(),
            Err(_) => parent[last] = open.clone(),
        }
        for complete in [false, true] {
            let found = root(&template, complete);
            assert_eq!(found.outcome, Outcome::Unknown, "{at}: {found:?}");
            assert!(kinds(&found).iter().any(|k| !matches!(k, GapKind::RunTime | GapKind::NotInCode)), "{at}: {:?}", found.gaps);
        }
    }
    // What may not be made tells nobody for certain, and need not be missing.
    for logical in ["Filter", "Alarm", "Topic"] {
        let mut template = good();
        template["Parameters"] = json!({ "Open": { "Type": "String", "AllowedValues": ["yes", "no"] } });
        template["Conditions"] = json!({ "May": { "Fn::Equals": [open, "yes"] } });
        template["Resources"][logical]["Condition"] = json!("May");
        assert_eq!(root(&template, true).outcome, Outcome::Unknown, "{logical}");
    }
}

#[test]
fn where_a_template_watches_nothing_other_code_may() {
    let mut template = good();
    for logical in ["Filter", "Alarm"] {
        template["Resources"].as_object_mut().unwrap().remove(logical);
    }
    assert_eq!(root(&template, false).outcome, Outcome::NotApplicable);
    assert_eq!(root(&template, true).outcome, Outcome::Fail);
    for policy in ["config-recorder-recording", "event-data-store-encryption"] {
        assert_eq!(finding(&template, policy, false, HOME).outcome, Outcome::NotApplicable, "{policy}");
    }
}

#[test]
fn rules_of_a_template_are_read_with_their_targets() {
    let mut template = good();
    template["Resources"]["Rule"] = resource(
        "AWS::Events::Rule",
        json!({
            "EventPattern": { "detail-type": ["AWS API Call via CloudTrail"], "detail": { "eventSource": ["iam.amazonaws.com"] } },
            "Targets": [{ "Id": "queue", "Arn": { "Fn::GetAtt": ["Queue", "Arn"] } }],
        }),
    );
    let asked = |template: &Value, complete| {
        finding(template, "monitoring-iam-policy-changes", complete, "AWS::AccountId: 111122223333\nAWS::Region: us-east-1\n")
    };
    for complete in [false, true] {
        assert_eq!(asked(&template, complete).outcome, Outcome::Pass, "{:?}", asked(&template, complete));
    }
    // In a Region that is open nothing is certain.
    assert_eq!(finding(&template, "monitoring-iam-policy-changes", true, "").outcome, Outcome::Unknown);
    template["Resources"]["Rule"]["Properties"]["State"] = json!("DISABLED");
    let found = asked(&template, true);
    assert_eq!(found.outcome, Outcome::Fail, "{found:?}");
    assert!(found.counterexamples.join("; ").contains("the rule is disabled"), "{found:?}");
}

#[test]
fn composite_alarms_know_the_alarms_of_their_template() {
    let mut template = good();
    template["Resources"]["Alarm"]["Properties"]["AlarmActions"] = json!([]);
    template["Resources"]["All"] = resource(
        "AWS::CloudWatch::CompositeAlarm",
        json!({ "AlarmRule": { "Fn::Sub": "ALARM(\"${Alarm}\")" }, "AlarmActions": [{ "Ref": "Topic" }] }),
    );
    assert_eq!(kinds(&root(&template, true)), [GapKind::RunTime]);
    template["Resources"]["All"]["Properties"]["AlarmRule"] = json!("ALARM(other)");
    // The alarm has no name yet, and may be the one.
    assert_eq!(root(&template, true).outcome, Outcome::Unknown);
    template["Resources"]["Alarm"]["Properties"]["AlarmName"] = json!("root-use");
    assert_eq!(root(&template, true).outcome, Outcome::Fail);
}
