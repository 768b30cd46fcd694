//! What stands beside the trails, Region by Region: rules, stores, AWS Config, GuardDuty, Security Hub, and the root user.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::server::{ACCOUNT, FakeTrail, Fault, Server, World};
use super::watch::{ALARMS, DENIED, alarm, alarms, kinds, merge, read, refuse, replays, say, say_pages, topic, watched};
use super::*;
use crate::inventory::{Family, Gap};

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
