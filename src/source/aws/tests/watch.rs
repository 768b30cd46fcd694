//! Who watches the logs: good answers, missing fields, denials, pages.

use serde_json::{Value, json};

use super::server::{ACCOUNT, FakeTrail, Fault, Server, World};
use super::*;
use crate::inventory::{Alarm, AlarmDefinition, Listing};

const GROUP: &str = "arn:aws:logs:eu-west-1:111122223333:log-group:trails";
pub(super) const ALARMS: &str = "cloudwatch:DescribeAlarms";
pub(super) const DENIED: &str = "AccessDeniedException";

pub(super) fn say(value: Value) -> Vec<Fault> {
    vec![Fault::Say(200, value)]
}

pub(super) fn say_pages(pages: impl IntoIterator<Item = Value>) -> Vec<Fault> {
    pages.into_iter().map(|page| Fault::Say(200, page)).collect()
}

pub(super) fn refuse(code: &str, message: &str) -> Vec<Fault> {
    let status = if code.starts_with("Throttl") { 400 } else { 403 };
    vec![Fault::Say(status, json!({"__type": code, "message": message}))]
}

pub(super) fn topic(name: &str) -> String {
    format!("arn:aws:sns:eu-west-1:{ACCOUNT}:{name}")
}

fn filter(name: &str) -> Value {
    json!({
        "filterName": name, "filterPattern": "{ $.eventName = StopLogging }", "logGroupName": "trails", "creationTime": 1,
        "metricTransformations": [{"metricName": name, "metricNamespace": "Trails", "metricValue": "1"}],
    })
}

pub(super) fn alarm(name: &str, more: &Value) -> Value {
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
pub(super) fn merge(into: &mut Value, more: &Value) {
    let into = into.as_object_mut().expect("an object");
    for (name, value) in more.as_object().expect("an object") {
        match value {
            Value::Null => drop(into.remove(name)),
            value => drop(into.insert(name.clone(), value.clone())),
        }
    }
}

pub(super) fn alarms(metric: &[Value], composite: &[Value]) -> Value {
    json!({"MetricAlarms": metric, "CompositeAlarms": composite})
}

/// One Region; a trail sends to a log group with the metric filters `stop` and `delete`; what is given answers.
pub(super) fn watched(answers: impl IntoIterator<Item = (&'static str, Vec<Fault>)>) -> World {
    let trail = FakeTrail { log_group: Some("trails"), ..FakeTrail::new("main", "eu-west-1", true) };
    let mut world = world(&THREE[..1], vec![trail]);
    let filters = json!({"metricFilters": [filter("stop"), filter("delete")]});
    world.faults = [("logs:DescribeMetricFilters", say(filters))].into();
    world.faults.extend(answers);
    world
}

pub(super) async fn read(world: World) -> (Server, Session, Inventory) {
    let server = Server::start(world);
    let (session, inventory) = scan(&server, &THREE[..1]).await;
    (server, session, inventory)
}

/// The inventory, after a replay of the recording has given the same.
pub(super) async fn replays(session: &Session, inventory: &Inventory) {
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

pub(super) fn kinds<T>(listing: &Listing<T>) -> Vec<GapKind> {
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
