//! Alarms, subscriptions, rules and event data stores of a plan: what is told, what is broken, and what no plan tells.

use serde_json::{Value, json};

use super::{build, config, create, findings, outcome, refers, with_trail};
use trailproof::finding::{Finding, Outcome};
use trailproof::inventory::{Basis, Fact, GapKind, Inventory};
use trailproof::policy::catalogue::Catalogue;

const ACCOUNT: &str = "111122223333";
const ROOT: &str = r#"{$.userIdentity.type="Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType !="AwsServiceEvent"}"#;

/// The change of a resource, and its configuration.
type Declared = (Value, Value);

fn filter(name: &str, pattern: &str) -> Declared {
    let address = format!("aws_cloudwatch_log_metric_filter.{name}");
    let transformation =
        json!({ "name": name, "namespace": "CIS", "value": "1", "default_value": null, "dimensions": null, "unit": "None" });
    let after =
        json!({ "name": name, "pattern": pattern, "log_group_name": "cloudtrail", "metric_transformation": [transformation] });
    (create(&address, after, json!({ "id": true, "metric_transformation": [{}] })), config(&address, json!({})))
}

fn alarm(name: &str) -> Declared {
    let address = format!("aws_cloudwatch_metric_alarm.{name}");
    let after = json!({
        "alarm_name": name, "metric_name": name, "namespace": "CIS", "statistic": "Sum", "period": 300, "threshold": 1,
        "evaluation_periods": 1, "comparison_operator": "GreaterThanOrEqualToThreshold", "treat_missing_data": "missing",
        "actions_enabled": true, "alarm_actions": [null], "dimensions": null, "metric_query": [], "datapoints_to_alarm": null,
    });
    let actions = json!({ "alarm_actions": refers(&["aws_sns_topic.alarms.arn", "aws_sns_topic.alarms"]) });
    (
        create(&address, after, json!({ "arn": true, "id": true, "alarm_actions": [true], "metric_query": [] })),
        config(&address, actions),
    )
}

fn topic() -> Declared {
    let address = "aws_sns_topic.alarms";
    let open = json!({ "arn": true, "id": true, "owner": true, "policy": true });
    (create(address, json!({ "name": "alarms", "kms_master_key_id": null }), open), config(address, json!({})))
}

fn subscription(protocol: &str) -> Declared {
    let address = "aws_sns_topic_subscription.pager";
    let after = json!({ "protocol": protocol, "filter_policy": null });
    let open = json!({ "arn": true, "endpoint": true, "topic_arn": true, "confirmation_was_authenticated": true });
    let expressions = json!({
        "topic_arn": refers(&["aws_sns_topic.alarms.arn", "aws_sns_topic.alarms"]),
        "endpoint": refers(&["aws_lambda_function.pager.arn", "aws_lambda_function.pager"]),
    });
    (create(address, after, open), config(address, expressions))
}

fn function() -> Declared {
    let address = "aws_lambda_function.pager";
    (create(address, json!({ "function_name": "pager" }), json!({ "arn": true })), config(address, json!({})))
}

/// A trail that sends its events to a log group, and more.
fn trail_and(more: Vec<Declared>) -> Value {
    let group = "aws_cloudwatch_log_group.trail";
    let mut all = vec![(
        create(group, json!({ "name": "cloudtrail", "retention_in_days": 365 }), json!({ "arn": true, "id": true })),
        config(group, json!({})),
    )];
    all.extend(more);
    let (changes, configs) = all.into_iter().unzip();
    let mut plan = with_trail(changes, configs);
    plan["resource_changes"][0]["change"]["after_unknown"]["cloud_watch_logs_group_arn"] = json!(true);
    plan["configuration"]["root_module"]["resources"][0]["expressions"]["cloud_watch_logs_group_arn"] =
        refers(&["aws_cloudwatch_log_group.trail.arn", "aws_cloudwatch_log_group.trail"]);
    plan
}

/// The plan of a root alarm that reaches a function.
fn good() -> Vec<Declared> {
    vec![filter("root", ROOT), alarm("root"), topic(), subscription("lambda"), function()]
}

/// The same with something of one resource written otherwise.
fn but(at: usize, name: &str, value: Value) -> Vec<Declared> {
    let mut all = good();
    all[at].0["change"]["after"][name] = value;
    all
}

fn finding(inventory: &Inventory, policy: &str) -> Finding {
    let mut all: Vec<Finding> = findings(inventory).into_iter().filter(|f| f.policy == policy).collect();
    assert_eq!(all.len(), 1, "{policy}: {all:?}");
    all.remove(0)
}

fn kinds(finding: &Finding) -> Vec<GapKind> {
    let mut kinds: Vec<GapKind> = finding.gaps.iter().map(|gap| gap.kind).collect();
    kinds.sort();
    kinds.dedup();
    kinds
}

fn root(more: Vec<Declared>, complete: bool) -> Finding {
    finding(&build(trail_and(more), complete), "monitoring-root-use")
}

/// Why nothing is decided of what is right: it shows at run time, and where the code is not all, other code may do as well.
fn at_run_time(complete: bool) -> Vec<GapKind> {
    if complete { vec![GapKind::RunTime] } else { vec![GapKind::RunTime, GapKind::NotInCode] }
}

#[test]
fn what_every_policy_proposes_is_enough_as_code_but_for_what_shows_at_run_time() {
    let catalogue = Catalogue::embedded().expect("the embedded policies");
    let mut more = vec![topic(), subscription("lambda"), function()];
    for (id, policy) in catalogue.policies.iter().filter(|(id, _)| id.starts_with("monitoring-")) {
        for (name, event) in &policy.watched {
            let name = format!("{id}-{name}");
            more.extend([filter(&name, &event.filter_pattern()), alarm(&name)]);
        }
    }
    let plan = trail_and(more);
    for complete in [false, true] {
        let inventory = build(plan.clone(), complete);
        assert!(inventory.alarms.len() >= 19, "{}", inventory.alarms.len());
        let all = findings(&inventory);
        let watching: Vec<&Finding> = all.iter().filter(|f| f.policy.starts_with("monitoring-")).collect();
        assert!(watching.len() >= 19, "{}", watching.len());
        for found in watching.iter().filter(|f| f.outcome != Outcome::NotApplicable) {
            assert_eq!((found.outcome, kinds(found)), (Outcome::Unknown, at_run_time(complete)), "{found:?}");
        }
        let judged = watching.iter().filter(|f| f.outcome == Outcome::Unknown).count();
        assert!(judged >= 17, "{judged}");
    }
}

#[test]
fn what_is_broken_fails_with_its_case_where_the_code_is_all() {
    let email = vec![filter("root", ROOT), alarm("root"), topic()];
    for (more, case) in [
        (but(0, "pattern", json!(r#"{ $.userIdentity.type = "root" }"#)), "use is not told"),
        (
            but(0, "pattern", json!(r#"{ $.userIdentity.type = "Root" && $.eventName = ConsoleLogin }"#)),
            "eventName is other than ConsoleLogin",
        ),
        (but(1, "threshold", json!(100)), "does not reach the threshold of 100"),
        (but(1, "threshold", json!(1.5)), "does not reach the threshold of 1.5"),
        (but(1, "actions_enabled", json!(false)), "its actions are disabled"),
        (but(1, "metric_name", json!("other")), "no alarm watches the metric"),
        (but(1, "evaluation_periods", json!(3)), "3 of 3 periods"),
        (email, "topic alarms has no confirmed subscription"),
        (good().into_iter().skip(1).collect(), "use is not told"),
    ] {
        let found = root(more.clone(), true);
        // A breaching period among missing ones may be enough: see the documentation of missing data.
        let wanted = if case.starts_with("3 of") { Outcome::Unknown } else { Outcome::Fail };
        assert_eq!(found.outcome, wanted, "{case}: {found:?}");
        let said = found.counterexamples.join("; ");
        assert!(said.contains(case), "{case} is not in {said}");
        // Other code may hold what is missing here.
        let found = root(more, false);
        assert!(matches!(found.outcome, Outcome::Unknown | Outcome::NotApplicable), "{case}: {found:?}");
    }
}

#[test]
fn what_nobody_has_confirmed_yet_shows_at_run_time() {
    for complete in [false, true] {
        for protocol in ["email", "https", "sms"] {
            let found = root(vec![filter("root", ROOT), alarm("root"), topic(), subscription(protocol)], complete);
            assert_eq!((found.outcome, kinds(&found)), (Outcome::Unknown, at_run_time(complete)), "{found:?}");
            assert!(
                found.gaps.iter().any(|gap| gap.message.contains(&format!("by {protocol} is confirmed"))),
                "{:?}",
                found.gaps
            );
        }
    }
    let alone = root(vec![filter("root", ROOT), alarm("root"), topic()], false);
    assert_eq!(kinds(&alone), [GapKind::RunTime, GapKind::NotInCode]);
    // A function of another account is not known to listen.
    let mut elsewhere = good();
    elsewhere[3].0["change"]["after"]["endpoint"] = json!("arn:aws:lambda:eu-west-1:444455556666:function:pager");
    elsewhere[3].0["change"]["after_unknown"]["endpoint"] = json!(false);
    let inventory = build(trail_and(elsewhere), true);
    assert!(inventory.topics[0].subscriptions_confirmed.gap().is_some(), "{:?}", inventory.topics);
    let mut narrowed = good();
    narrowed[3].0["change"]["after"]["filter_policy"] = json!(r#"{"team": ["audit"]}"#);
    assert!(build(trail_and(narrowed), true).topics[0].subscriptions_confirmed.gap().is_some());
}

#[test]
fn what_stands_by_reference_or_by_default_says_so() {
    let mut more = good();
    more[1].0["change"]["after"]["actions_enabled"] = json!(null);
    let inventory = build(trail_and(more), true);
    let alarm = &inventory.alarms[0];
    assert!(matches!(alarm.actions, Fact::Known { basis: Basis::Referenced, .. }), "{:?}", alarm.actions);
    assert!(matches!(alarm.actions_enabled, Fact::Known { value: true, basis: Basis::AssumedDefault, .. }), "{alarm:?}");
    assert!(matches!(alarm.definition, Fact::Known { basis: Basis::Configured, .. }), "{alarm:?}");
    assert_eq!(alarm.topics.items[0].0, "arn:aws:sns:eu-west-1:111122223333:alarms");
    let declared = inventory.code.as_ref().and_then(|code| code.declared("alarm", &alarm.arn)).expect("a place");
    assert_eq!(declared.address, "aws_cloudwatch_metric_alarm.root");
}

#[test]
fn what_is_known_after_apply_stays_unknown() {
    for (at, name) in [
        (0, "pattern"),
        (0, "log_group_name"),
        (0, "metric_transformation"),
        (1, "threshold"),
        (1, "metric_name"),
        (1, "actions_enabled"),
        (1, "alarm_actions"),
        (3, "protocol"),
        (3, "topic_arn"),
    ] {
        let mut more = good();
        more[at].0["change"]["after"].as_object_mut().unwrap().remove(name);
        more[at].0["change"]["after_unknown"][name] = json!(true);
        more[at].1["expressions"][name] = refers(&["var.open"]);
        for complete in [false, true] {
            let found = root(more.clone(), complete);
            assert_eq!(found.outcome, Outcome::Unknown, "{name}: {found:?}");
            assert!(kinds(&found).contains(&GapKind::KnownAfterApply), "{name}: {:?}", found.gaps);
        }
    }
}

#[test]
fn where_the_code_watches_nothing_other_code_may() {
    let plan = trail_and(Vec::new());
    let found = finding(&build(plan.clone(), false), "monitoring-root-use");
    assert_eq!(found.outcome, Outcome::NotApplicable);
    assert_eq!(found.message, "the code holds no metric filter and no rule on events of CloudTrail");
    assert_eq!(finding(&build(plan.clone(), true), "monitoring-root-use").outcome, Outcome::Fail);
    // An alarm on something else, a rule on other events and a rule of another bus watch no trail.
    let mut other = alarm("cpu");
    other.0["change"]["after"]["namespace"] = json!("AWS/EC2");
    let more = vec![other, topic(), rule("DISABLED", r#"{"detail-type": ["EC2 Instance State-change Notification"]}"#)];
    assert_eq!(root(more, false).outcome, Outcome::NotApplicable);
    let mut own_bus = rule("ENABLED", "{}");
    own_bus.0["change"]["after"]["event_bus_name"] = json!("orders");
    assert_eq!(root(vec![own_bus], false).outcome, Outcome::NotApplicable);
    // A filter of a log group that is open may be one of the trail's.
    let mut open = filter("root", ROOT);
    open.0["change"]["after"].as_object_mut().unwrap().remove("log_group_name");
    open.0["change"]["after_unknown"]["log_group_name"] = json!(true);
    assert_eq!(root(vec![open], false).outcome, Outcome::Unknown);
    for policy in ["config-recorder-recording", "threat-detection-enabled", "security-hub-enabled"] {
        assert_eq!(finding(&build(plan.clone(), false), policy).outcome, Outcome::NotApplicable, "{policy}");
        assert_eq!(finding(&build(plan.clone(), true), policy).outcome, Outcome::Unknown, "{policy}");
    }
    let recorder = "aws_config_configuration_recorder.main";
    let recorded = trail_and(vec![(create(recorder, json!({ "name": "main" }), json!({})), config(recorder, json!({})))]);
    assert_eq!(finding(&build(recorded, false), "config-recorder-recording").outcome, Outcome::Unknown);
}

/// A rule in us-east-1 that tells a function.
fn rule(state: &str, pattern: &str) -> Declared {
    let address = "aws_cloudwatch_event_rule.tell";
    let after =
        json!({ "name": "tell", "event_pattern": pattern, "event_bus_name": "default", "state": state, "region": "us-east-1" });
    (create(address, after, json!({ "arn": true, "id": true })), config(address, json!({})))
}

fn target(id: &str) -> Declared {
    let address = "aws_cloudwatch_event_target.tell";
    let after = json!({ "rule": "tell", "event_bus_name": "default", "target_id": id, "region": "us-east-1" });
    let to = json!({ "arn": refers(&["aws_lambda_function.pager.arn", "aws_lambda_function.pager"]) });
    (create(address, after, json!({ "arn": true, "id": true })), config(address, to))
}

#[test]
fn a_rule_that_tells_a_function_passes_and_one_that_is_disabled_fails() {
    let iam = r#"{"detail-type": ["AWS API Call via CloudTrail"], "detail": {"eventSource": ["iam.amazonaws.com"]}}"#;
    let asked = |more: Vec<Declared>, complete| finding(&build(trail_and(more), complete), "monitoring-iam-policy-changes");
    for complete in [false, true] {
        let found = asked(vec![rule("ENABLED", iam), target("one"), function()], complete);
        assert_eq!(found.outcome, Outcome::Pass, "{found:?}");
    }
    for (more, case) in [
        (vec![rule("DISABLED", iam), target("one"), function()], "the rule is disabled"),
        (vec![rule("ENABLED", iam)], "the rule has no target"),
    ] {
        let found = asked(more.clone(), true);
        assert_eq!(found.outcome, Outcome::Fail, "{case}: {found:?}");
        assert!(found.counterexamples.join("; ").contains(case), "{case}: {:?}", found.counterexamples);
        assert_eq!(asked(more, false).outcome, Outcome::Unknown, "{case}");
    }
    // Without a state the rule is enabled, as AWS makes it.
    let mut bare = rule("ENABLED", iam);
    bare.0["change"]["after"].as_object_mut().unwrap().remove("state");
    bare.0["change"]["after_unknown"]["state"] = json!(true);
    assert_eq!(asked(vec![bare, target("one"), function()], true).outcome, Outcome::Pass);
    let mut open = rule("ENABLED", iam);
    open.0["change"]["after"].as_object_mut().unwrap().remove("event_pattern");
    open.0["change"]["after_unknown"]["event_pattern"] = json!(true);
    assert_eq!(asked(vec![open, target("one"), function()], true).outcome, Outcome::Unknown);
}

#[test]
fn metric_math_and_composite_alarms_are_followed() {
    let query = |id: &str, watched: bool, expression: Value, metric: Value| json!({ "id": id, "return_data": watched, "expression": expression, "metric": metric });
    let metric =
        json!([{ "metric_name": "root", "namespace": "CIS", "stat": "Sum", "period": 300, "unit": null, "dimensions": null }]);
    let other =
        json!([{ "metric_name": "other", "namespace": "CIS", "stat": "Sum", "period": 300, "unit": null, "dimensions": null }]);
    let mut math = alarm("root");
    let after = &mut math.0["change"]["after"];
    after["metric_name"] = json!(null);
    after["metric_query"] = json!([
        query("m", false, json!(null), metric),
        query("o", false, json!(null), other),
        query("e", true, json!("FILL(m, 0) + FILL(o, 0)"), json!([])),
    ]);
    let mut more = vec![filter("root", ROOT), math, topic(), subscription("lambda"), function()];
    assert_eq!(kinds(&root(more.clone(), true)), [GapKind::RunTime]);
    more[1].0["change"]["after"]["metric_query"][2]["expression"] = json!("o");
    let found = root(more, true);
    assert_eq!(found.outcome, Outcome::Fail, "{found:?}");
    assert!(found.counterexamples.join("; ").contains("leaves the metric out"), "{found:?}");

    let address = "aws_cloudwatch_composite_alarm.all";
    let composite = |rule: &str| {
        let after = json!({ "alarm_name": "all", "alarm_rule": rule, "actions_enabled": true, "alarm_actions": [null], "actions_suppressor": [] });
        let actions = json!({ "alarm_actions": refers(&["aws_sns_topic.alarms.arn", "aws_sns_topic.alarms"]) });
        (create(address, after, json!({ "arn": true, "alarm_actions": [true] })), config(address, actions))
    };
    let mut silent = alarm("root");
    silent.0["change"]["after"]["alarm_actions"] = json!([]);
    silent.0["change"]["after_unknown"]["alarm_actions"] = json!([]);
    let with = |rule: &str| {
        let more = vec![filter("root", ROOT), silent.clone(), composite(rule), topic(), subscription("lambda"), function()];
        root(more, true)
    };
    assert_eq!(kinds(&with("ALARM(root)")), [GapKind::RunTime]);
    assert_eq!(with("ALARM(root) AND ALARM(deploying)").outcome, Outcome::Fail);
    assert_eq!(with("ALARM(elsewhere)").outcome, Outcome::Fail);
}

#[test]
fn stores_of_the_code_are_judged_and_their_absence_says_nothing() {
    let address = "aws_cloudtrail_event_data_store.main";
    let after = json!({
        "name": "main", "multi_region_enabled": true, "organization_enabled": false, "retention_period": 30,
        "termination_protection_enabled": false, "billing_mode": "EXTENDABLE_RETENTION_PRICING", "kms_key_id": null,
    });
    let open = json!({ "arn": true, "id": true, "advanced_event_selector": true });
    let inventory = build(trail_and(vec![(create(address, after, open), config(address, json!({})))]), false);
    assert_eq!(outcome(&inventory, "event-data-store-termination-protection", address), Outcome::Fail);
    assert_eq!(outcome(&inventory, "event-data-store-multi-region", address), Outcome::Pass);
    assert_eq!(outcome(&inventory, "event-data-store-ingesting", address), Outcome::Pass);
    assert_eq!(outcome(&inventory, "event-data-store-encryption", address), Outcome::Fail);
    assert_eq!(outcome(&inventory, "event-data-store-retention-minimum", address), Outcome::Fail);
    for complete in [false, true] {
        let none = build(trail_and(Vec::new()), complete);
        assert_eq!(outcome(&none, "event-data-store-encryption", ACCOUNT), Outcome::NotApplicable);
    }
}
