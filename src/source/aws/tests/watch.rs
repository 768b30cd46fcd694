//! Who watches the logs, and what stands beside the trails: good answers, missing fields, denials, pages.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::server::{ACCOUNT, FakeTrail, Fault, Server, World};
use super::*;
use crate::inventory::{Alarm, AlarmDefinition, Family, Gap, Listing};

const GROUP: &str = "arn:aws:logs:eu-west-1:111122223333:log-group:trails";
const ALARMS: &str = "cloudwatch:DescribeAlarms";
const DENIED: &str = "AccessDeniedException";

fn say(value: Value) -> Vec<Fault> {
    vec![Fault::Say(200, value)]
}

fn say_pages(pages: impl IntoIterator<Item = Value>) -> Vec<Fault> {
    pages.into_iter().map(|page| Fault::Say(200, page)).collect()
}

fn refuse(code: &str, message: &str) -> Vec<Fault> {
    let status = if code.starts_with("Throttl") { 400 } else { 403 };
    vec![Fault::Say(status, json!({"__type": code, "message": message}))]
}

fn topic(name: &str) -> String {
    format!("arn:aws:sns:eu-west-1:{ACCOUNT}:{name}")
}

fn filter(name: &str) -> Value {
    json!({
        "filterName": name, "filterPattern": "{ $.eventName = StopLogging }", "logGroupName": "trails", "creationTime": 1,
        "metricTransformations": [{"metricName": name, "metricNamespace": "Trails", "metricValue": "1"}],
    })
}

fn alarm(name: &str, more: &Value) -> Value {
    let mut alarm = json!({
        "AlarmName": name, "AlarmArn": format!("arn:aws:cloudwatch:eu-west-1:{ACCOUNT}:alarm:{name}"), "ActionsEnabled": true,
        "AlarmActions": [topic("alarms")], "OKActions": [], "InsufficientDataActions": [], "StateValue": "OK",
        "StateUpdatedTimestamp": {"$time": 1_767_225_600.25}, "StateTransitionedTimestamp": {"$time": 1_767_225_600.25},
        "MetricName": name, "Namespace": "Trails", "Dimensions": [], "Statistic": "Sum", "Period": 300, "EvaluationPeriods": 1,
        "Threshold": 1.0, "ComparisonOperator": "GreaterThanOrEqualToThreshold", "TreatMissingData": "notBreaching",
    });
    merge(&mut alarm, more);
    alarm
}

fn composite(name: &str, rule: &str) -> Value {
    json!({
        "AlarmName": name, "AlarmArn": format!("arn:aws:cloudwatch:eu-west-1:{ACCOUNT}:alarm:{name}"), "ActionsEnabled": false,
        "AlarmActions": [], "StateValue": "ALARM", "AlarmRule": rule, "ActionsSuppressor": "other",
    })
}

/// Null takes a member away.
fn merge(into: &mut Value, more: &Value) {
    let into = into.as_object_mut().expect("an object");
    for (name, value) in more.as_object().expect("an object") {
        match value {
            Value::Null => drop(into.remove(name)),
            value => drop(into.insert(name.clone(), value.clone())),
        }
    }
}

fn alarms(metric: &[Value], composite: &[Value]) -> Value {
    json!({"MetricAlarms": metric, "CompositeAlarms": composite})
}

/// One Region; a trail sends to a log group with the metric filters `stop` and `delete`; what is given answers.
fn watched(answers: impl IntoIterator<Item = (&'static str, Vec<Fault>)>) -> World {
    let trail = FakeTrail { log_group: Some("trails"), ..FakeTrail::new("main", "eu-west-1", true) };
    let mut world = world(&THREE[..1], vec![trail]);
    let filters = json!({"metricFilters": [filter("stop"), filter("delete")]});
    world.faults = [("logs:DescribeMetricFilters", say(filters))].into();
    world.faults.extend(answers);
    world
}

async fn read(world: World) -> (Server, Session, Inventory) {
    let server = Server::start(world);
    let (session, inventory) = scan(&server, &THREE[..1]).await;
    (server, session, inventory)
}

/// The inventory, after a replay of the recording has given the same.
async fn replays(session: &Session, inventory: &Inventory) {
    let recording = session.recording(&Plan::default());
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path().join("recording");
    recording.write(&dir).expect("written");
    let loaded = Recording::load(&dir).expect("loads");
    assert_eq!(json(&replayed(loaded).await), json(inventory));
}

fn named<'a>(inventory: &'a Inventory, name: &str) -> &'a Alarm {
    inventory.alarms.iter().find(|alarm| alarm.name == name).unwrap_or_else(|| panic!("no alarm {name}"))
}

fn names(inventory: &Inventory) -> Vec<&str> {
    inventory.alarms.iter().map(|alarm| alarm.name.as_str()).collect()
}

fn kinds<T>(listing: &Listing<T>) -> Vec<GapKind> {
    listing.gaps.iter().map(|gap| gap.kind).collect()
}

#[tokio::test]
async fn what_a_log_group_counts_and_sends_on() {
    let mut full = filter("full");
    merge(
        &mut full,
        &json!({"applyOnTransformedLogs": true, "fieldSelectionCriteria": "@aws.region = x", "emitSystemFieldDimensions": ["@aws.account"],
            "metricTransformations": [{"metricName": "m", "metricNamespace": "n", "metricValue": "$.size", "defaultValue": 0.0,
                "dimensions": {"b": "$.b", "a": "$.a"}}]}),
    );
    let subscription = |n: u32| json!({"filterName": format!("s{n}"), "filterPattern": "", "destinationArn": "arn:aws:lambda:x", "creationTime": 1});
    let (server, session, inventory) = read(watched([
        (
            "logs:DescribeMetricFilters",
            say_pages([
                json!({"metricFilters": [filter("stop")], "nextToken": "2"}),
                json!({"metricFilters": [], "nextToken": "3"}),
                json!({"metricFilters": [full]}),
            ]),
        ),
        (
            "logs:DescribeSubscriptionFilters",
            say_pages([
                json!({"subscriptionFilters": [subscription(1)], "nextToken": "2"}),
                json!({"subscriptionFilters": [subscription(2)]}),
            ]),
        ),
    ]))
    .await;
    let group = inventory.log_group(GROUP).expect("read");
    assert!(group.metric_filters.is_complete() && group.subscription_filters.is_complete());
    let [full, stop] = group.metric_filters.items.as_slice() else { panic!("{:?}", group.metric_filters) };
    assert_eq!((stop.name.as_str(), stop.pattern.as_str()), ("stop", "{ $.eventName = StopLogging }"));
    assert_eq!((stop.applied_on_transformed_logs, &stop.field_selection_criteria), (false, &None));
    assert_eq!((full.applied_on_transformed_logs, full.field_selection_criteria.as_deref()), (true, Some("@aws.region = x")));
    let metric = &full.metrics[0];
    assert_eq!((metric.namespace.as_str(), metric.name.as_str(), metric.value.as_str()), ("n", "m", "$.size"));
    assert_eq!(
        (metric.default_value.as_deref(), metric.dimensions.as_slice()),
        (Some("0"), &["@aws.account", "a", "b"].map(String::from)[..])
    );
    assert_eq!(group.subscription_filters.items.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["s1", "s2"]);
    assert_eq!(server.counts()["logs:DescribeMetricFilters"], 3);
    assert_eq!(server.counts()[ALARMS], 1);
    assert!(group.alarms.is_complete() && group.alarms.items.is_empty());
    assert!(!server.counts().contains_key("cloudwatch:ListAlarmMuteRules"), "what no alarm watches nothing mutes");
    replays(&session, &inventory).await;
}

#[tokio::test]
async fn filters_that_were_not_read_leave_their_alarms_open() {
    for (operation, answer, kind) in [
        ("logs:DescribeMetricFilters", refuse(DENIED, "no"), GapKind::Denied),
        ("logs:DescribeMetricFilters", say(json!({})), GapKind::NotUnderstood),
        ("logs:DescribeMetricFilters", say(json!({"metricFilters": [{"filterPattern": "x"}]})), GapKind::NotUnderstood),
        ("logs:DescribeMetricFilters", say(json!({"metricFilters": [], "nextToken": "same"})), GapKind::NotUnderstood),
    ] {
        let (_, _, inventory) = read(watched([(operation, answer.clone())])).await;
        let group = inventory.log_group(GROUP).expect("read");
        assert_eq!(kinds(&group.metric_filters), [kind], "{operation}");
        assert_eq!(kinds(&group.alarms), [kind], "{operation}: what may be counted may be watched");
        assert!(group.subscription_filters.is_complete());
    }
    for answer in [refuse(DENIED, "no"), say(json!({}))] {
        let (_, _, inventory) = read(watched([("logs:DescribeSubscriptionFilters", answer)])).await;
        let group = inventory.log_group(GROUP).expect("read");
        assert!(!group.subscription_filters.is_complete() && group.metric_filters.is_complete());
    }
    // Of a page that came the filters are known, and their alarms are asked for.
    let page = Fault::Say(200, json!({"metricFilters": [filter("stop")], "nextToken": "2"}));
    let world = watched([
        ("logs:DescribeMetricFilters", vec![page, refuse("ThrottlingException", "slow").remove(0)]),
        (ALARMS, say(alarms(&[alarm("stop", &json!({}))], &[]))),
    ]);
    let (_, _, inventory) = read(world).await;
    let group = inventory.log_group(GROUP).expect("read");
    assert_eq!((group.metric_filters.items.len(), kinds(&group.metric_filters)), (1, vec![GapKind::Throttled]));
    assert_eq!((names(&inventory), kinds(&group.alarms)), (vec!["stop"], vec![GapKind::Throttled]));
}

#[tokio::test]
async fn alarms_on_what_is_counted_are_read_and_no_others() {
    let stat = |name: &str| json!({"Metric": {"Namespace": "Trails", "MetricName": name}, "Period": 60, "Stat": "Sum"});
    let math = json!({
        "MetricName": null, "Namespace": null, "Statistic": null, "Period": null, "Dimensions": null, "DatapointsToAlarm": 2,
        "EvaluationPeriods": 3, "Metrics": [
            {"Id": "m1", "MetricStat": stat("delete"), "ReturnData": false},
            {"Id": "e1", "Expression": "SUM(METRICS())", "Label": "all"},
        ],
    });
    let band = json!({"Threshold": null, "ThresholdMetricId": "ad1", "Metrics": [
        {"Id": "m1", "MetricStat": stat("stop"), "ReturnData": true}, {"Id": "ad1", "Expression": "ANOMALY_DETECTION_BAND(m1, 2)"},
    ]});
    let pages = [
        json!({"MetricAlarms": [
            alarm("stop", &json!({"AlarmActions": [topic("alarms"), format!("arn:aws:lambda:eu-west-1:{ACCOUNT}:function:f")],
                "Dimensions": [{"Name": "z", "Value": "1"}, {"Name": "a", "Value": "2"}], "Unit": "Count"})),
            alarm("stop-elsewhere", &json!({"MetricName": "stop", "Namespace": "Other"})),
            alarm("queue", &json!({"MetricName": "depth"})),
        ], "CompositeAlarms": [], "NextToken": "2"}),
        json!({"MetricAlarms": [alarm("math", &math), alarm("band", &band)], "NextToken": "3"}),
        json!({"CompositeAlarms": [
            composite("outer", "ALARM(inner)"),
            composite("inner", "ALARM(\"stop\") OR ALARM(\"queue\")"),
            composite("unrelated", "ALARM(\"queue\")"),
        ]}),
    ];
    let (server, session, inventory) = read(watched([(ALARMS, say_pages(pages))])).await;
    assert_eq!(names(&inventory), ["band", "inner", "math", "outer", "stop"]);
    let group = inventory.log_group(GROUP).expect("read");
    assert!(group.alarms.is_complete());
    assert_eq!(group.alarms.items.len(), 5);
    assert_eq!(group.alarms.from.len(), 3);
    let stop = named(&inventory, "stop");
    assert_eq!((stop.owner_account.as_str(), stop.region.as_str()), (ACCOUNT, "eu-west-1"));
    assert_eq!((stop.actions_enabled.known(), stop.state.known().map(String::as_str)), (Some(&true), Some("OK")));
    let since: Timestamp = "2026-01-01T00:00:00.25Z".parse().expect("a time");
    assert_eq!(stop.state_since.known(), Some(&Some(since)));
    assert_eq!(stop.actions.known().map(Vec::len), Some(2));
    assert_eq!(stop.topics.items.iter().map(|t| t.0.as_str()).collect::<Vec<_>>(), [topic("alarms")]);
    let Some(AlarmDefinition::Metric(metric)) = stop.definition.known() else { panic!("{:?}", stop.definition) };
    assert_eq!((metric.metric.as_str(), metric.period_seconds, metric.statistic.as_deref()), ("stop", 300, Some("Sum")));
    assert_eq!(metric.dimensions.iter().map(|d| d.name.as_str()).collect::<Vec<_>>(), ["a", "z"]);
    assert_eq!((metric.unit.as_deref(), metric.evaluation.threshold), (Some("Count"), Some(1.0)));
    assert_eq!(metric.evaluation.treat_missing_data.as_deref(), Some("notBreaching"));
    let Some(AlarmDefinition::Math(math)) = named(&inventory, "math").definition.known() else { panic!("math") };
    assert_eq!((math.evaluation.datapoints_to_alarm, math.evaluation.evaluation_periods), (Some(2), 3));
    assert_eq!(math.queries.iter().map(|q| q.return_data).collect::<Vec<_>>(), [false, true], "absent is true");
    let Some(AlarmDefinition::Math(band)) = named(&inventory, "band").definition.known() else { panic!("band") };
    assert_eq!(band.evaluation.threshold, None);
    let inner = named(&inventory, "inner");
    let Some(AlarmDefinition::Composite(rule)) = inner.definition.known() else { panic!("inner") };
    assert_eq!((rule.rule.as_str(), rule.suppressor.as_deref()), ("ALARM(\"stop\") OR ALARM(\"queue\")", Some("other")));
    assert_eq!((inner.actions_enabled.known(), inner.actions.known().map(Vec::len)), (Some(&false), Some(0)));
    assert_eq!(inventory.topic(&topic("alarms")).expect("read").subscriptions_confirmed.known(), Some(&1));
    assert_eq!(server.counts()["sns:GetTopicAttributes"], 1, "many alarms tell one topic");
    replays(&session, &inventory).await;
}

#[tokio::test]
async fn an_alarm_that_is_not_told_whole_is_not_guessed() {
    let whole = alarm("stop", &json!({}));
    for (field, unknown) in [
        ("ActionsEnabled", "actions"),
        ("StateValue", "state"),
        ("EvaluationPeriods", "definition"),
        ("ComparisonOperator", "definition"),
        ("Namespace", "definition"),
        ("MetricName", "definition"),
        ("Period", "definition"),
    ] {
        let mut alarm = whole.clone();
        merge(&mut alarm, &json!({field: null}));
        let (_, _, inventory) = read(watched([(ALARMS, say(alarms(&[alarm], &[])))])).await;
        let alarm = named(&inventory, "stop");
        let gap = match unknown {
            "actions" => alarm.actions_enabled.gap(),
            "state" => alarm.state.gap(),
            _ => alarm.definition.gap(),
        };
        let gap = gap.unwrap_or_else(|| panic!("{field}: {alarm:?}"));
        assert_eq!(gap.kind, GapKind::NotUnderstood, "{field}");
        assert!(gap.message.contains(&format!("`{field}` of alarm stop is missing")), "{}", gap.message);
    }
    for nameless in ["AlarmName", "AlarmArn"] {
        let mut alarm = whole.clone();
        merge(&mut alarm, &json!({nameless: null}));
        let (_, _, inventory) = read(watched([(ALARMS, say(alarms(&[alarm], &[])))])).await;
        assert_eq!(names(&inventory), [""; 0]);
        assert_eq!(kinds(&inventory.log_group(GROUP).expect("read").alarms), [GapKind::NotUnderstood], "{nameless}");
    }
    let rule_less = json!({"AlarmName": "c", "AlarmArn": format!("arn:aws:cloudwatch:eu-west-1:{ACCOUNT}:alarm:c")});
    let (_, _, inventory) = read(watched([(ALARMS, say(alarms(&[], &[rule_less])))])).await;
    assert_eq!(named(&inventory, "c").definition.gap().map(|g| g.kind), Some(GapKind::NotUnderstood));
    let (_, _, inventory) = read(watched([(ALARMS, say(json!({})))])).await;
    assert_eq!(
        kinds(&inventory.log_group(GROUP).expect("read").alarms),
        [GapKind::NotUnderstood],
        "an empty answer is no empty list"
    );
}

#[tokio::test]
async fn alarms_that_may_not_be_read_are_unknown_also_page_by_page() {
    let page = Fault::Say(200, json!({"MetricAlarms": [alarm("stop", &json!({}))], "NextToken": "2"}));
    for (faults, kind, found) in [
        (refuse("AccessDenied", "User is not authorized"), GapKind::Denied, 0),
        (refuse("AccessDenied", "with an explicit deny in a service control policy"), GapKind::BlockedByScp, 0),
        (refuse("com.amazonaws.cloudwatch#AccessDeniedException", "no"), GapKind::Denied, 0),
        (refuse("Throttling", "Rate exceeded"), GapKind::Throttled, 0),
        (vec![Fault::Answer(200, "\u{3c}not CBOR>")], GapKind::Failed, 0),
        (vec![Fault::Answer(500, "oops")], GapKind::Failed, 0),
        (vec![page.clone(), refuse("AccessDenied", "no").remove(0)], GapKind::Denied, 1),
        (vec![Fault::Say(200, json!({"MetricAlarms": [], "NextToken": "2"}))], GapKind::NotUnderstood, 0),
    ] {
        let (_, session, inventory) = read(watched([(ALARMS, faults.clone())])).await;
        let group = inventory.log_group(GROUP).expect("read");
        assert_eq!((kinds(&group.alarms), inventory.alarms.len()), (vec![kind], found));
        if kind == GapKind::Denied {
            let remedy = Remedy::Allow { action: "cloudwatch:DescribeAlarms".into(), account: ACCOUNT.into() };
            assert_eq!(group.alarms.gaps[0].remedy, Some(remedy));
        }
        replays(&session, &inventory).await;
    }
    // The second answer is passing, and the third is good.
    let faults = vec![Fault::Cut, Fault::Answer(503, ""), page, Fault::Say(200, alarms(&[], &[]))];
    let (server, _, inventory) = read(watched([(ALARMS, faults)])).await;
    assert!(inventory.log_group(GROUP).expect("read").alarms.is_complete());
    assert_eq!(server.counts()[ALARMS], 4);
}

#[tokio::test]
async fn an_answer_in_cbor_is_kept_as_it_came_and_shown() {
    let world = watched([(ALARMS, say(alarms(&[alarm("stop", &json!({}))], &[])))]);
    let (_, session, _) = read(world).await;
    let files = session.recording(&Plan::default()).to_files().expect("files");
    let kept = files.iter().find(|(path, _)| path.contains("cloudwatch.DescribeAlarms")).expect("kept");
    let kept: Value = serde_json::from_slice(&kept.1).expect("JSON");
    assert!(kept["body"]["base64"].as_str().is_some_and(|text| text.len() > 100), "{kept}");
    let shown = &kept["decoded"]["MetricAlarms"][0];
    assert_eq!((shown["AlarmName"].as_str(), shown["Threshold"].as_f64()), (Some("stop"), Some(1.0)));
    assert_eq!(shown["StateUpdatedTimestamp"], "2026-01-01T00:00:00.25Z");
    let asked = kept["request"]["body"]["text"].as_str().expect("readable");
    assert_eq!(asked, r#"{"AlarmTypes":["MetricAlarm","CompositeAlarm"],"MaxRecords":100}"#);

    let tampered = |change: &dyn Fn(&mut Value)| {
        let mut kept = kept.clone();
        change(&mut kept);
        let bytes = serde_json::to_vec(&kept).expect("JSON");
        let mut files = files.clone();
        let sum = <sha2::Sha256 as sha2::Digest>::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect::<String>();
        let at = files.iter().position(|(path, _)| path.contains("cloudwatch.DescribeAlarms")).expect("kept");
        files[at].1 = bytes;
        let head = files.iter().position(|(path, _)| path == "recording.json").expect("a head");
        let mut of_all: Value = serde_json::from_slice(&files[head].1).expect("JSON");
        of_all["files"][&files[at].0] = sum.into();
        files[head].1 = serde_json::to_vec(&of_all).expect("JSON");
        Recording::from_files(files)
    };
    assert!(tampered(&|_| {}).is_ok());
    let error = tampered(&|kept| kept["decoded"]["MetricAlarms"][0]["ActionsEnabled"] = false.into()).expect_err("refused");
    assert!(matches!(error, RecordingError::Belied { .. }), "{error}");
    assert!(tampered(&|kept| drop(kept.as_object_mut().expect("an object").remove("decoded"))).is_ok());
}

#[tokio::test]
async fn what_is_taken_out_of_an_answer_in_cbor_leaves_it_readable() {
    let named_after_somebody = alarm("stop", &json!({"AlarmDescription": "ask jo@x.example", "AlarmActions": [topic("alarms")]}));
    let (_, session, inventory) = read(watched([(ALARMS, say(alarms(&[named_after_somebody], &[])))])).await;
    let mut files = Vec::new();
    let recording = session.recording(&Plan::default());
    let edit = |text: &mut Vec<u8>| {
        let before = String::from_utf8_lossy(text).into_owned();
        *text = before.replace("jo@x.example", "[somebody]").into_bytes();
        before.matches("jo@x.example").count()
    };
    recording
        .each_file(edit, |path, bytes, count| {
            files.push((path.to_string(), bytes.to_vec()));
            assert_eq!(count, usize::from(path.contains("DescribeAlarms")), "{path}");
            Ok::<_, RecordingError>(())
        })
        .expect("handed on");
    assert!(files.iter().all(|(_, bytes)| !String::from_utf8_lossy(bytes).contains("x.example")));
    let replayed = replayed(Recording::from_files(files).expect("loads")).await;
    assert_eq!(json(&replayed), json(&inventory), "the name stands in no fact");
}

#[tokio::test]
async fn mute_rules_are_told_to_the_alarms_that_they_name() {
    let rule = |name: &str| format!("arn:aws:cloudwatch:eu-west-1:{ACCOUNT}:alarm-mute-rule:{name}");
    let summary = |name: &str| json!({"AlarmMuteRuleArn": rule(name), "Status": "SCHEDULED", "MuteType": "RECURRING"});
    let told = |name: &str, status: &str, targets: &[&str]| {
        Fault::Say(
            200,
            json!({"Name": name, "AlarmMuteRuleArn": rule(name), "Status": status, "MuteTargets": {"AlarmNames": targets},
                "Rule": {"Schedule": {"Expression": "cron(0 2 * * *)", "Duration": "PT4H"}}, "ExpireDate": {"$time": 1_800_000_000.0}}),
        )
    };
    let both = alarms(&[alarm("stop", &json!({})), alarm("delete", &json!({}))], &[]);
    let list = |pages: Vec<Value>| ("cloudwatch:ListAlarmMuteRules", say_pages(pages));
    let two_pages = || {
        list(vec![
            json!({"AlarmMuteRuleSummaries": [summary("a:b")], "NextToken": "2"}),
            json!({"AlarmMuteRuleSummaries": [summary("night")]}),
        ])
    };
    let get = "cloudwatch:GetAlarmMuteRule";
    let told_both = vec![told("a:b", "ACTIVE", &["stop", "gone"]), told("night", "SCHEDULED", &["stop"])];
    let (server, session, inventory) = read(watched([(ALARMS, say(both.clone())), two_pages(), (get, told_both)])).await;
    let muted = &named(&inventory, "stop").mute_rules;
    assert!(muted.is_complete());
    let [first, second] = muted.items.as_slice() else { panic!("{muted:?}") };
    assert_eq!(
        (first.arn.as_str(), first.status.as_str(), second.status.as_str()),
        (rule("a:b").as_str(), "ACTIVE", "SCHEDULED")
    );
    assert_eq!((first.schedule.as_deref(), first.duration.as_deref()), (Some("cron(0 2 * * *)"), Some("PT4H")));
    assert_eq!(first.expires, Some("2027-01-15T08:00:00Z".parse().expect("a time")));
    assert!(named(&inventory, "delete").mute_rules.items.is_empty() && named(&inventory, "delete").mute_rules.is_complete());
    assert_eq!(server.counts()[get], 2);
    let asked = session.recording(&Plan::default()).to_files().expect("files");
    let asked = asked.iter().filter(|(path, _)| path.contains("GetAlarmMuteRule")).map(|(_, b)| String::from_utf8_lossy(b));
    assert!(asked.clone().any(|file| file.contains(r#"{\"AlarmMuteRuleName\":\"a:b\"}"#)), "a name may hold a colon");
    replays(&session, &inventory).await;

    for (answers, kind) in [
        (vec![("cloudwatch:ListAlarmMuteRules", refuse("AccessDenied", "no"))], GapKind::Denied),
        (vec![list(vec![json!({})])], GapKind::NotUnderstood),
        (vec![list(vec![json!({"AlarmMuteRuleSummaries": [{"Status": "ACTIVE"}]})])], GapKind::NotUnderstood),
        (vec![two_pages(), (get, refuse("AccessDenied", "no"))], GapKind::Denied),
        (vec![two_pages(), (get, say(json!({"Name": "x"})))], GapKind::NotUnderstood),
    ] {
        let world = watched([(ALARMS, say(both.clone()))].into_iter().chain(answers));
        let (_, _, inventory) = read(world).await;
        for name in ["stop", "delete"] {
            let rules = &named(&inventory, name).mute_rules;
            assert!(kinds(rules).contains(&kind), "a rule that was not read may mute any alarm: {rules:?}");
        }
        assert!(inventory.log_group(GROUP).expect("read").alarms.is_complete());
    }
}

#[tokio::test]
async fn rules_tell_their_targets_where_they_may_speak_of_cloudtrail() {
    let rule = |name: &str, more: Value| {
        let mut rule = json!({"Name": name, "Arn": format!("arn:aws:events:eu-west-1:{ACCOUNT}:rule/{name}"), "State": "ENABLED",
            "EventBusName": "default", "EventPattern": "{\"source\":[\"aws.iam\"]}"});
        merge(&mut rule, &more);
        rule
    };
    let rules = [
        json!({"Rules": [rule("iam", json!({})), rule("nightly", json!({"EventPattern": null, "ScheduleExpression": "rate(1 day)"}))],
            "NextToken": "2"}),
        json!({"Rules": [
            rule("off", json!({"State": "DISABLED"})),
            rule("instances", json!({"EventPattern": "{\"detail-type\":[\"EC2 Instance State-change Notification\"]}"})),
        ]}),
    ];
    let targets = [
        json!({"Targets": [{"Id": "1", "Arn": topic("rules")}], "NextToken": "2"}),
        json!({"Targets": [{"Id": "2", "Arn": format!("arn:aws:lambda:eu-west-1:{ACCOUNT}:function:f")}]}),
    ];
    let of_rules = "events:ListTargetsByRule";
    let (server, session, inventory) =
        read(watched([("events:ListRules", say_pages(rules.clone())), (of_rules, say_pages(targets))])).await;
    let bus = &inventory.accounts[0].event_buses.items[0];
    assert_eq!((bus.region.as_str(), bus.rules.is_complete()), ("eu-west-1", true));
    assert_eq!(bus.rules.items.iter().map(|r| r.name.as_str()).collect::<Vec<_>>(), ["iam", "instances", "off"]);
    let told = &bus.rules.items[0].targets;
    assert!(told.is_complete());
    assert_eq!(
        told.items.iter().map(|t| t.topic.as_ref().map(|t| t.0.clone())).collect::<Vec<_>>(),
        [Some(topic("rules")), None]
    );
    assert_eq!(server.counts()[of_rules], 2, "of one rule, on two pages");
    assert!(!bus.rules.items[1].targets.is_complete(), "what was not asked is no empty list");
    assert!(inventory.topic(&topic("rules")).is_some(), "the topics of rules are read");
    replays(&session, &inventory).await;

    for (answers, of_bus, of_rule) in [
        (vec![("events:ListRules", refuse(DENIED, "no"))], Some(GapKind::Denied), None),
        (vec![("events:ListRules", say(json!({})))], Some(GapKind::NotUnderstood), None),
        (
            vec![("events:ListRules", say(json!({"Rules": [rule("iam", json!({"State": null}))]})))],
            Some(GapKind::NotUnderstood),
            None,
        ),
        (vec![("events:ListRules", say_pages(rules.clone())), (of_rules, refuse(DENIED, "no"))], None, Some(GapKind::Denied)),
        (vec![("events:ListRules", say_pages(rules.clone())), (of_rules, say(json!({})))], None, Some(GapKind::NotUnderstood)),
    ] {
        let (_, _, inventory) = read(watched(answers)).await;
        let rules = &inventory.accounts[0].event_buses.items[0].rules;
        assert_eq!(rules.gaps.first().map(|g| g.kind), of_bus);
        assert_eq!(rules.items.first().and_then(|rule| rule.targets.gaps.first()).map(|g| g.kind), of_rule);
    }
}

#[tokio::test]
async fn event_data_stores_are_read_one_by_one() {
    let arn = |n: u32| format!("arn:aws:cloudtrail:eu-west-1:{ACCOUNT}:eventdatastore/{n}");
    let key = "arn:aws:kms:eu-west-1:111122223333:key/k";
    let whole = json!({
        "EventDataStoreArn": arn(1), "Name": "lake", "Status": "STOPPED_INGESTION", "MultiRegionEnabled": true,
        "OrganizationEnabled": false, "RetentionPeriod": 90, "TerminationProtectionEnabled": false, "KmsKeyId": key,
        "BillingMode": "FIXED_RETENTION_PRICING", "CreatedTimestamp": 1_767_225_600.5,
        "AdvancedEventSelectors": [{"Name": "all", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}],
    });
    let foreign = "arn:aws:cloudtrail:eu-west-1:444455556666:eventdatastore/9";
    let listed = [
        json!({"EventDataStores": [{"EventDataStoreArn": arn(1), "Name": "lake"}], "NextToken": "next"}),
        json!({"EventDataStores": [{"EventDataStoreArn": foreign, "Name": "theirs"}]}),
    ];
    let (list, get) = ("cloudtrail:ListEventDataStores", "cloudtrail:GetEventDataStore");
    let told = vec![Fault::Say(200, whole.clone()), refuse(DENIED, "no").remove(0)];
    let mut world = watched([(list, say_pages(listed)), (get, told)]);
    world.key = Some(key);
    let (server, session, inventory) = read(world).await;
    let listing = &inventory.accounts[0].event_data_stores;
    assert!(listing.is_complete());
    assert_eq!(
        listing.items.iter().map(|s| s.0.as_str()).collect::<Vec<_>>(),
        [arn(1)],
        "a delegated administrator sees others' too"
    );
    let store = inventory.event_data_stores.iter().find(|store| store.name == "lake").expect("read");
    assert_eq!((store.owner_account.as_str(), store.region.as_str()), (ACCOUNT, "eu-west-1"));
    assert_eq!((store.status.known().map(String::as_str), store.retention_days.known()), (Some("STOPPED_INGESTION"), Some(&90)));
    assert_eq!((store.is_multi_region.known(), store.termination_protection_enabled.known()), (Some(&true), Some(&false)));
    assert_eq!(store.kms_key.known().and_then(Option::as_ref).map(|k| k.0.as_str()), Some(key), "its key is read");
    assert_eq!(server.counts()[get], 2);
    let theirs = inventory.event_data_stores.iter().find(|store| store.name == "theirs").expect("listed");
    assert_eq!((theirs.owner_account.as_str(), theirs.status.gap().map(|g| g.kind)), ("444455556666", Some(GapKind::Denied)));
    replays(&session, &inventory).await;

    let one = || (list, say(json!({"EventDataStores": [{"EventDataStoreArn": arn(1), "Name": "lake"}]})));
    for field in [
        "Status",
        "MultiRegionEnabled",
        "OrganizationEnabled",
        "RetentionPeriod",
        "TerminationProtectionEnabled",
        "AdvancedEventSelectors",
    ] {
        let mut less = whole.clone();
        merge(&mut less, &json!({field: null}));
        let (_, _, inventory) = read(watched([one(), (get, say(less))])).await;
        let store = &inventory.event_data_stores[0];
        let gaps = [
            store.status.gap(),
            store.is_multi_region.gap(),
            store.is_organization.gap(),
            store.retention_days.gap(),
            store.termination_protection_enabled.gap(),
            store.event_selectors.gap(),
        ];
        let gaps: Vec<&Gap> = gaps.into_iter().flatten().collect();
        assert!(matches!(gaps.as_slice(), [gap] if gap.message.contains(&format!("`{field}` is missing"))), "{field}: {gaps:?}");
    }
    for (answer, kind) in [
        (refuse(DENIED, "no"), GapKind::Denied),
        (say(json!({})), GapKind::NotUnderstood),
        (say(json!({"EventDataStores": [{"Name": "lake"}]})), GapKind::NotUnderstood),
    ] {
        let (_, _, inventory) = read(watched([(list, answer)])).await;
        assert_eq!(kinds(&inventory.accounts[0].event_data_stores), [kind]);
    }
}

#[tokio::test]
async fn a_recorder_is_what_aws_says_of_it_and_of_its_status() {
    let group = |group: Value| json!({"ConfigurationRecorders": [{"name": "default", "recordingGroup": group}]});
    let (recorders, statuses, channels) = (
        "config:DescribeConfigurationRecorders",
        "config:DescribeConfigurationRecorderStatus",
        "config:DescribeDeliveryChannelStatus",
    );
    let status = json!({"ConfigurationRecordersStatus": [{"name": "default", "recording": true, "lastStatus": "SUCCESS"}]});
    let globals = json!(["AWS::IAM::User", "AWS::IAM::Group", "AWS::IAM::Role", "AWS::IAM::Policy"]);
    for (recorded, expected) in [
        (json!({"allSupported": true, "includeGlobalResourceTypes": true}), (true, true)),
        (json!({"allSupported": true, "includeGlobalResourceTypes": false}), (true, false)),
        (json!({"allSupported": false, "resourceTypes": ["AWS::S3::Bucket"]}), (false, false)),
        (
            json!({"allSupported": false, "resourceTypes": globals, "recordingStrategy": {"useOnly": "INCLUSION_BY_RESOURCE_TYPES"}}),
            (false, true),
        ),
        (
            json!({"allSupported": false, "exclusionByResourceTypes": {"resourceTypes": ["AWS::EC2::Instance"]},
                "recordingStrategy": {"useOnly": "EXCLUSION_BY_RESOURCE_TYPES"}}),
            (false, true),
        ),
        (
            json!({"allSupported": false, "exclusionByResourceTypes": {"resourceTypes": ["AWS::IAM::Role"]},
                "recordingStrategy": {"useOnly": "EXCLUSION_BY_RESOURCE_TYPES"}}),
            (false, false),
        ),
    ] {
        let (_, _, inventory) = read(watched([(recorders, say(group(recorded.clone()))), (statuses, say(status.clone()))])).await;
        let recorder = &inventory.accounts[0].config_regions.items[0].recorders.items[0];
        assert_eq!((recorder.records_all_types, recorder.records_global_types), expected, "{recorded}");
        assert_eq!(recorder.is_recording.known(), Some(&true));
        assert_eq!(recorder.last_status.known(), Some(&Some("Success".to_string())), "as the model spells it, not as answers do");
    }
    let delivered = json!({"DeliveryChannelsStatus": [{"name": "default", "configHistoryDeliveryInfo": {"lastStatus": "FAILURE"},
        "configSnapshotDeliveryInfo": {}}]});
    let everything = json!({"allSupported": true});
    let (_, session, inventory) =
        read(watched([(recorders, say(group(everything.clone()))), (statuses, say(status)), (channels, say(delivered))])).await;
    let channel = &inventory.accounts[0].config_regions.items[0].delivery_channels.items[0];
    assert_eq!((channel.history_status.as_deref(), &channel.snapshot_status), (Some("Failure"), &None));
    replays(&session, &inventory).await;

    for (answer, kind) in [
        (refuse(DENIED, "no"), GapKind::Denied),
        (say(json!({})), GapKind::NotUnderstood),
        (say(json!({"ConfigurationRecordersStatus": [{"name": "another", "recording": true}]})), GapKind::NotUnderstood),
    ] {
        let (_, _, inventory) = read(watched([(recorders, say(group(everything.clone()))), (statuses, answer)])).await;
        let recorder = &inventory.accounts[0].config_regions.items[0].recorders.items[0];
        assert_eq!(recorder.is_recording.gap().map(|g| g.kind), Some(kind));
        assert_eq!(recorder.last_status.gap().map(|g| g.kind), Some(kind));
    }
    for (operation, answer, kind) in [
        (recorders, refuse(DENIED, "no"), GapKind::Denied),
        (recorders, say(json!({})), GapKind::NotUnderstood),
        (recorders, say(json!({"ConfigurationRecorders": [{}]})), GapKind::NotUnderstood),
        (channels, refuse(DENIED, "no"), GapKind::Denied),
        (channels, say(json!({})), GapKind::NotUnderstood),
    ] {
        let (_, _, inventory) = read(watched([(operation, answer)])).await;
        let config = &inventory.accounts[0].config_regions.items[0];
        let found = if operation == recorders { kinds(&config.recorders) } else { kinds(&config.delivery_channels) };
        assert_eq!(found, [kind], "{operation}");
    }
}

#[tokio::test]
async fn a_detector_is_enabled_disabled_or_unknown() {
    let (list, get) = ("guardduty:ListDetectors", "guardduty:GetDetector");
    let listed = |ids: &[&str]| (list, say(json!({"detectorIds": ids, "nextToken": ""})));
    let status = |status: &str| Fault::Say(200, json!({"status": status}));
    let enabled = async |answers: Vec<(&'static str, Vec<Fault>)>| {
        let (server, session, inventory) = read(watched(answers)).await;
        replays(&session, &inventory).await;
        let fact = inventory.accounts[0].threat_detections.items[0].enabled.clone();
        (server.counts(), fact.known().copied(), fact.gap().map(|gap| gap.kind))
    };
    let (counts, known, _) = enabled(vec![listed(&[])]).await;
    assert_eq!((known, counts.get(get)), (Some(false), None), "a Region without a detector has none that is enabled");
    assert_eq!(enabled(vec![listed(&["d1"]), (get, vec![status("ENABLED")])]).await.1, Some(true));
    assert_eq!(enabled(vec![listed(&["d1"]), (get, vec![status("DISABLED")])]).await.1, Some(false));
    let two_pages = (list, say_pages([json!({"detectorIds": ["d1"], "nextToken": "a/b&c"}), json!({"detectorIds": ["d2"]})]));
    let (counts, known, _) = enabled(vec![two_pages, (get, vec![status("DISABLED"), status("ENABLED")])]).await;
    assert_eq!((known, counts[list], counts[get]), (Some(true), 2, 2));
    for (answers, kind) in [
        (vec![(list, refuse(DENIED, "no"))], GapKind::Denied),
        (vec![(list, say(json!({})))], GapKind::NotUnderstood),
        (vec![(list, vec![Fault::Answer(200, "<html>")])], GapKind::Failed),
        (vec![(list, vec![Fault::Answer(429, r#"{"__type":"TooManyRequestsException"}"#)])], GapKind::Throttled),
        (vec![listed(&["d1"]), (get, refuse(DENIED, "no"))], GapKind::Denied),
        (vec![listed(&["d1"]), (get, say(json!({})))], GapKind::NotUnderstood),
    ] {
        let (_, known, gap) = enabled(answers).await;
        assert_eq!((known, gap), (None, Some(kind)));
    }
}

#[tokio::test]
async fn security_hub_is_off_only_where_aws_says_so() {
    let hub = async |answer: Option<Vec<Fault>>| {
        let (_, session, inventory) = read(watched(answer.map(|answer| ("securityhub:DescribeHub", answer)))).await;
        replays(&session, &inventory).await;
        let fact = inventory.accounts[0].security_hubs.items[0].enabled.clone();
        let denied = session.recording(&Plan::default()).outcomes().filter(|of| of.ending == Ending::Denied).count();
        assert_eq!(
            denied,
            usize::from(fact.gap().is_some_and(|gap| gap.kind != GapKind::NotUnderstood)),
            "that there is none is an answer"
        );
        (fact.known().copied(), fact.gap().map(|gap| gap.kind))
    };
    let refused =
        |code: &str, status: u16, message: &str| Some(vec![Fault::Say(status, json!({"__type": code, "message": message}))]);
    assert_eq!(hub(None).await, (Some(false), None), "not subscribed");
    assert_eq!(hub(Some(say(json!({"HubArn": "arn:aws:securityhub:x"})))).await, (Some(true), None));
    assert_eq!(hub(Some(say(json!({})))).await, (None, Some(GapKind::NotUnderstood)));
    assert_eq!(hub(refused(DENIED, 403, "no")).await, (None, Some(GapKind::Denied)));
    assert_eq!(hub(refused("ResourceNotFoundException", 404, "no hub")).await, (Some(false), None));
    let (known, gap) = hub(refused("InvalidAccessException", 401, "the account may not do this")).await;
    assert_eq!((known, gap.is_some()), (None, true), "the same code stands for a missing permission");
}

#[tokio::test]
async fn the_root_user_is_what_the_summary_says() {
    let summary = |entries: &str| {
        let text = format!(
            "<GetAccountSummaryResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><GetAccountSummaryResult><SummaryMap>{entries}\
             </SummaryMap></GetAccountSummaryResult></GetAccountSummaryResponse>"
        );
        Fault::Answer(200, Box::leak(text.into_boxed_str()))
    };
    let entry = |name: &str, count: u32| format!("<entry><key>{name}</key><value>{count}</value></entry>");
    let root = async |answer: Fault| {
        let (_, _, inventory) = read(watched([("iam:GetAccountSummary", vec![answer])])).await;
        let account = &inventory.accounts[0];
        let kind = |fact: &Fact<bool>| fact.gap().map(|gap| gap.kind);
        let known = (account.root_mfa_enabled.known().copied(), account.root_has_access_keys.known().copied());
        (known, kind(&account.root_mfa_enabled), kind(&account.root_has_access_keys))
    };
    let (mfa, keys) = ("AccountMFAEnabled", "AccountAccessKeysPresent");
    assert_eq!(root(Fault::Nothing).await.0, (Some(true), Some(false)));
    assert_eq!(root(summary(&(entry(mfa, 0) + &entry(keys, 1)))).await.0, (Some(false), Some(true)));
    assert_eq!(root(summary(&entry(mfa, 1))).await, ((Some(true), None), None, Some(GapKind::NotUnderstood)));
    let denied = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>";
    assert_eq!(root(Fault::Answer(403, denied)).await, ((None, None), Some(GapKind::Denied), Some(GapKind::Denied)));
}

/// Every call about what stands beside trails, made in each Region.
const IN_EACH_REGION: [(&str, Family); 7] = [
    ("events:ListRules", Family::EventRules),
    ("cloudtrail:ListEventDataStores", Family::Lake),
    ("config:DescribeConfigurationRecorders", Family::Config),
    ("config:DescribeConfigurationRecorderStatus", Family::Config),
    ("config:DescribeDeliveryChannelStatus", Family::Config),
    ("guardduty:ListDetectors", Family::GuardDuty),
    ("securityhub:DescribeHub", Family::SecurityHub),
];

#[tokio::test]
async fn what_is_left_out_is_not_asked_and_not_known() {
    let server = Server::start(world(&THREE, vec![FakeTrail::new("main", "eu-west-1", true)]));
    for family in Family::ALL {
        let session = connect(options(&server, &THREE)).await.expect("connects");
        let plan = Plan { skip: BTreeSet::from([family]), ..Plan::default() };
        let before = server.counts();
        let inventory = collect(&session, &plan).await.expect("collects");
        let asked =
            |operation: &str| server.counts().get(operation).copied().unwrap_or(0) - before.get(operation).copied().unwrap_or(0);
        for (operation, of) in IN_EACH_REGION {
            assert_eq!(asked(operation), if of == family { 0 } else { 3 }, "{operation} without {}", family.name());
        }
        let account = &inventory.accounts[0];
        let gaps = [
            &account.event_buses.gaps,
            &account.event_data_stores.gaps,
            &account.config_regions.gaps,
            &account.threat_detections.gaps,
            &account.security_hubs.gaps,
        ];
        let open: Vec<&Gap> = gaps.into_iter().flatten().collect();
        let [gap] = open.as_slice() else { panic!("{}: {open:?}", family.name()) };
        assert_eq!(gap.kind, GapKind::AbsentInput);
        assert!(gap.message.contains(family.name()), "{}", gap.message);
        let recording = session.recording(&plan);
        assert_eq!(recording.plan().skip, plan.skip, "a replay leaves out the same");
        assert_eq!(json(&replayed(recording).await), json(&inventory));
    }
}

fn outcome(inventory: &Inventory, region: &str) -> RegionOutcome {
    let regions = &inventory.scope.accounts[0].regions;
    regions.iter().find(|r| r.name == region).map(|r| r.outcome.clone()).expect("known")
}

#[tokio::test]
async fn a_denial_beside_the_trails_does_not_spoil_the_region() {
    for (operation, _) in IN_EACH_REGION {
        let mut world = world(&THREE, vec![FakeTrail::new("main", "eu-west-1", true)]);
        let recorder = json!({"ConfigurationRecorders": [{"name": "default"}]});
        world.faults = [("config:DescribeConfigurationRecorders", say(recorder))].into();
        world.faults.insert(operation, refuse(DENIED, "User is not authorized"));
        let server = Server::start(world);
        let (_, inventory) = scan(&server, &THREE).await;
        for region in THREE {
            assert_eq!(outcome(&inventory, region), RegionOutcome::Reached, "{operation} in {region}");
        }
        assert!(inventory.scope.accounts[0].gaps.is_empty(), "{operation}");
        assert!(
            json(&inventory).contains(&format!("{operation} in account {ACCOUNT}, us-east-1")),
            "{operation}: the gap stands at the fact"
        );
    }
}

#[tokio::test]
async fn a_region_that_the_organization_denies_is_not_reached() {
    let mut world = world(&THREE, vec![FakeTrail::new("main", "eu-west-1", false)]);
    let scp = "not authorized, with an explicit deny in a service control policy";
    world.faults = [("config:DescribeConfigurationRecorders/us-east-1", refuse(DENIED, scp))].into();
    let server = Server::start(world);
    let (_, inventory) = scan(&server, &THREE).await;
    assert!(matches!(outcome(&inventory, "us-east-1"), RegionOutcome::Gap(gap) if gap.kind == GapKind::BlockedByScp));
    assert_eq!(outcome(&inventory, "eu-west-2"), RegionOutcome::Reached);
    let config = &inventory.accounts[0].config_regions.items;
    let there = config.iter().find(|config| config.region == "us-east-1").expect("an item a Region");
    assert_eq!(kinds(&there.recorders), [GapKind::BlockedByScp]);
}

#[tokio::test]
async fn a_region_that_a_foreign_trail_does_not_tell_of_is_not_called_reached() {
    let trail = FakeTrail { account: "444455556666", bucket: "org-logs", ..FakeTrail::new("org", "us-east-1", true) };
    let mut world = World { foreign: vec!["org-logs".into()], ..world(&THREE, vec![trail]) };
    let denied = refuse(DENIED, "with an explicit deny in a service control policy");
    world.faults = [("cloudtrail:GetTrailStatus/eu-west-2", denied)].into();
    let server = Server::start(world);
    let (_, inventory) = scan(&server, &THREE).await;
    assert!(matches!(outcome(&inventory, "eu-west-2"), RegionOutcome::Gap(gap) if gap.kind == GapKind::BlockedByScp));
    assert_eq!(outcome(&inventory, "us-east-1"), RegionOutcome::Reached);
}

#[tokio::test]
async fn a_list_of_regions_that_is_cut_leaves_what_stands_beside_open() {
    let mut world = world(&THREE, Vec::new());
    world.faults = [("account:ListRegions", refuse(DENIED, "no"))].into();
    let server = Server::start(world);
    let (_, inventory) = scan(&server, &THREE[..1]).await;
    let account = &inventory.accounts[0];
    assert_eq!(account.config_regions.items.len(), 1);
    for gaps in [&account.event_buses.gaps, &account.event_data_stores.gaps, &account.config_regions.gaps] {
        assert_eq!(gaps.first().map(|g| g.kind), Some(GapKind::Denied));
    }
}

#[tokio::test]
async fn what_watches_costs_what_the_formula_says() {
    let rule = |name: &str| {
        json!({"Name": name, "Arn": format!("arn:aws:events:eu-west-1:{ACCOUNT}:rule/{name}"), "State": "ENABLED",
            "EventPattern": "{\"source\":[\"aws.iam\"]}"})
    };
    let store =
        |n: u32| json!({"EventDataStoreArn": format!("arn:aws:cloudtrail:eu-west-1:{ACCOUNT}:eventdatastore/{n}"), "Name": "s"});
    let mute = |n: u32| json!({"AlarmMuteRuleArn": format!("arn:aws:cloudwatch:eu-west-1:{ACCOUNT}:alarm-mute-rule:{n}")});
    let world = watched([
        ("events:ListRules", say(json!({"Rules": [rule("a"), rule("b")]}))),
        ("cloudtrail:ListEventDataStores", say(json!({"EventDataStores": [store(1), store(2), store(3)]}))),
        ("guardduty:ListDetectors", say(json!({"detectorIds": ["d"]}))),
        (ALARMS, say(alarms(&[alarm("stop", &json!({"AlarmActions": [topic("one"), topic("two")]}))], &[]))),
        ("cloudwatch:ListAlarmMuteRules", say(json!({"AlarmMuteRuleSummaries": [mute(1), mute(2)]}))),
    ]);
    let (server, _, inventory) = read(world).await;
    let (account, beside) = (7 + 1 + 7, 2 + 3 + 1);
    let (trail, bucket) = (1 + 2, 1 + 12 + 1);
    let (group, place, topics) = (3, 1 + 1 + 2, 2);
    assert_eq!(server.total(), account + beside + trail + bucket + group + place + topics, "{:?}", server.counts());
    assert_eq!(inventory.calls.len(), server.total());
}
