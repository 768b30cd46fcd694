//! A small world to ask about, and semantics that are simple enough to predict.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::finding::FactRead;
use crate::inventory::bucket::{LifecycleRule, PublicAccessBlock};
use crate::inventory::document::{Effect, Matches, PolicyDocument, Principal, Statement};
use crate::inventory::trail::{BasicSelector, EventSelectors, ReadWriteType};
use crate::inventory::{
    Account, Bucket, BucketRef, CallId, Fact, Gap, GapKind, Gaps, Inventory, Key, KeyRef, Listing, Origin, Scope, Trail,
    TrailRef, TrailStatus,
};
use crate::policy::check::functions::Semantics;
use crate::policy::check::{CheckError, Context, Env, Evaluation, Memory, Program};
use crate::policy::{ParameterType, ParameterValue};
use crate::semantics::access::Admitted;
use crate::semantics::selectors::Contributor;
use crate::semantics::watch::WatchedEvent;
use crate::semantics::{Answer, PartialEvent, Truth};

pub(super) const NOW: &str = "2025-06-01T12:00:00Z";

pub(super) fn time(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

pub(super) fn origin() -> Origin {
    Origin::Call(CallId("cloudtrail:DescribeTrails/111111111111/eu-west-1/0".into()))
}

pub(super) fn known<T>(value: T) -> Fact<T> {
    Fact::observed(value, origin())
}

pub(super) fn gap(message: &str) -> Gap {
    Gap::new(GapKind::Denied, message)
}

pub(super) fn unknown<T>(message: &str) -> Fact<T> {
    Fact::Unknown(gap(message))
}

pub(super) fn one_of<T>(candidates: Vec<T>) -> Fact<T> {
    Fact::OneOf { candidates, from: Origin::Place { file: "main.tf".into(), line: 3, column: 1 } }
}

pub(super) fn complete<T>(items: Vec<T>) -> Listing<T> {
    Listing::complete(items, vec![origin()])
}

pub(super) fn arn(name: &str) -> String {
    format!("arn:aws:cloudtrail:eu-west-1:111111111111:trail/{name}")
}

pub(super) fn selectors(all: bool) -> EventSelectors {
    EventSelectors::Basic(vec![BasicSelector {
        read_write_type: if all { ReadWriteType::All } else { ReadWriteType::WriteOnly },
        include_management_events: true,
        exclude_management_event_sources: Vec::new(),
        data_resources: Vec::new(),
    }])
}

/// A logging multi-Region trail at home in eu-west-1 that records everything.
pub(super) fn trail(name: &str) -> Trail {
    Trail {
        arn: arn(name),
        name: name.into(),
        owner_account: "111111111111".into(),
        home_region: "eu-west-1".into(),
        is_multi_region: known(true),
        is_organization: known(false),
        include_global_service_events: known(true),
        log_file_validation_enabled: known(true),
        bucket: known(BucketRef("logs".into())),
        s3_key_prefix: known(None),
        kms_key: known(Some(KeyRef("arn:aws:kms:eu-west-1:222222222222:key/k".into()))),
        kms_key_id: known(Some("alias/k".into())),
        sns_topic_arn: known(None),
        sns_topic: known(None),
        cloud_watch_logs_log_group_arn: known(Some("group".into())),
        log_group: known(None),
        cloud_watch_logs_role_arn: known(None),
        cloud_watch_logs_role: known(None),
        has_custom_event_selectors: known(false),
        has_insight_selectors: known(false),
        is_logging: known(true),
        event_selectors: known(selectors(true)),
        insight_types: known(vec!["ApiCallRateInsight".into()]),
        status: complete(vec![status("eu-west-1", None), status("us-east-1", Some("AccessDenied"))]),
        tags: known(Vec::new()),
    }
}

pub(super) fn status(region: &str, error: Option<&str>) -> TrailStatus {
    TrailStatus {
        region: region.into(),
        is_logging: known(true),
        latest_delivery_time: known(Some(time("2025-06-01T11:00:00Z"))),
        latest_delivery_error: known(error.map(str::to_string)),
        latest_digest_delivery_time: known(None),
        latest_digest_delivery_error: known(None),
        latest_cloud_watch_logs_delivery_time: known(None),
        latest_cloud_watch_logs_delivery_error: known(None),
        latest_notification_time: known(None),
        latest_notification_error: known(None),
        start_logging_time: known(None),
        stop_logging_time: known(None),
    }
}

pub(super) fn statement(sid: &str) -> Statement {
    Statement {
        sid: Some(sid.into()),
        effect: Effect::Allow,
        principal: Principal::Everyone,
        action: Matches::Absent,
        resource: Matches::Absent,
        condition: BTreeMap::new(),
    }
}

pub(super) fn bucket(name: &str) -> Bucket {
    Bucket {
        name: name.into(),
        partition: "aws".into(),
        exists: known(true),
        owner_account: known("222222222222".into()),
        region: known("eu-west-1".into()),
        versioning: known(Some("Enabled".into())),
        mfa_delete: known(false),
        default_encryption: known(Some("aws:kms".into())),
        default_encryption_key_id: known(None),
        default_encryption_key: known(None),
        bucket_key_enabled: known(false),
        policy: known(Some(PolicyDocument { statements: vec![statement("everyone"), statement("222222222222")] })),
        policy_is_public: known(false),
        acl_owner: known(None),
        acl_grants: known(Vec::new()),
        object_ownership: known(None),
        public_access_block: known(block(true)),
        account_public_access_block: known(block(false)),
        access_log_bucket: known(None),
        access_log_bucket_exists: known(None),
        access_log_prefix: known(None),
        object_lock: known(None),
        lifecycle_rules: known(vec![rule("", 30), rule("", 365), rule("old", 10)]),
        replication_rules: known(Vec::new()),
        tags: known(Vec::new()),
        top_level_prefixes: complete(vec!["AWSLogs/".into()]),
        trails: complete(vec![TrailRef(arn("main"))]),
    }
}

pub(super) fn block(on: bool) -> PublicAccessBlock {
    PublicAccessBlock {
        level: "bucket".into(),
        block_public_acls: on,
        ignore_public_acls: on,
        block_public_policy: on,
        restrict_public_buckets: on,
    }
}

fn rule(id: &str, days: i64) -> LifecycleRule {
    LifecycleRule {
        id: id.into(),
        is_enabled: true,
        prefix: String::new(),
        is_limited: false,
        expiration_days: Some(days),
        expiration_date: None,
        noncurrent_expiration_days: None,
        newer_noncurrent_versions: None,
        transitions: Vec::new(),
        noncurrent_transitions: Vec::new(),
    }
}

pub(super) fn key(id: &str) -> Key {
    Key {
        arn: format!("arn:aws:kms:eu-west-1:222222222222:key/{id}"),
        exists: known(true),
        owner_account: known("222222222222".into()),
        region: known("eu-west-1".into()),
        key_manager: known("CUSTOMER".into()),
        key_state: known("Enabled".into()),
        key_spec: known("SYMMETRIC_DEFAULT".into()),
        key_usage: known("ENCRYPT_DECRYPT".into()),
        origin: known("AWS_KMS".into()),
        is_multi_region: known(false),
        creation_date: known(None),
        deletion_date: known(None),
        rotation_enabled: known(true),
        rotation_period_days: known(Some(365)),
        policy: known(PolicyDocument { statements: Vec::new() }),
    }
}

pub(super) fn account(trails: &[&str]) -> Account {
    Account {
        id: "111111111111".into(),
        partition: "aws".into(),
        alias: known(Some("acme".into())),
        caller_arn: known("arn:aws:iam::111111111111:role/audit".into()),
        regions: complete(vec!["eu-west-1".into(), "us-east-1".into()]),
        global_events_region: "us-east-1".into(),
        trails: complete(trails.iter().map(|name| TrailRef(arn(name))).collect()),
        organization: known(None),
        public_access_block: known(block(true)),
        root_mfa_enabled: known(true),
        root_has_access_keys: known(false),
        event_buses: complete(Vec::new()),
        event_data_stores: complete(Vec::new()),
        config_regions: complete(Vec::new()),
        threat_detections: complete(Vec::new()),
        security_hubs: complete(Vec::new()),
    }
}

/// One account with the trail `main`, its bucket `logs` in another account, and its key.
pub(super) fn world() -> Inventory {
    let scope = Scope {
        started: time(NOW),
        ended: time(NOW),
        interrupted: false,
        synthetic: true,
        regions_asked: Vec::new(),
        accounts: Vec::new(),
        gaps: Vec::new(),
    };
    let mut inventory = Inventory::empty(scope);
    inventory.accounts.push(account(&["main"]));
    inventory.trails.push(trail("main"));
    inventory.buckets.push(bucket("logs"));
    inventory.keys.push(key("k"));
    inventory
}

pub(super) fn env(subject: &str) -> Env {
    let parameters = [
        ("regions", ParameterType::Texts),
        ("max_age", ParameterType::Duration),
        ("days", ParameterType::Int),
        ("strict", ParameterType::Bool),
        ("name", ParameterType::Text),
    ];
    Env {
        subject: subject.into(),
        parameters: parameters.map(|(name, ty)| (name.to_string(), ty)).into(),
        events: vec!["reads".into(), "writes".into()],
        watched_alone: Vec::new(),
    }
}

/// Selectors record everything or only writes: a union records everything where one of its trails does.
fn records(contributors: &[Contributor<'_>], may_be_more: &Gaps, _: &PartialEvent) -> Answer {
    let mut gaps = may_be_more.clone();
    for contributor in contributors {
        match &contributor.selectors {
            Ok(s) if **s == selectors(true) && contributor.doubts.is_empty() => return Answer::yes(),
            Ok(s) if **s == selectors(true) => gaps.extend(contributor.doubts.iter().cloned()),
            Ok(_) => {}
            Err(why) => gaps.extend(why.iter().chain(&contributor.doubts).cloned()),
        }
    }
    let cases = vec!["management events of kms.amazonaws.com".to_string()];
    if gaps.is_empty() { Answer::no(cases) } else { Answer::unknown(cases, gaps) }
}

/// The ids of the statements are the writers.
fn writers(policy: Option<&PolicyDocument>, _: &str, _: &str, owner: Option<&str>) -> Result<Vec<Admitted>, Gaps> {
    let statements = policy.map(|p| p.statements.as_slice()).unwrap_or_default();
    let sids = statements.iter().filter_map(|s| s.sid.clone()).filter(|sid| Some(sid.as_str()) != owner);
    Ok(sids.map(|who| Admitted { who, doubts: Gaps::new() }).collect())
}

fn secure(policy: Option<&PolicyDocument>, partition: &str, bucket: &str) -> Answer {
    assert_eq!((partition, bucket), ("aws", "logs"));
    if policy.is_some() { Answer::yes() } else { Answer::no(vec!["s3:GetObject over HTTP by everyone".into()]) }
}

pub(super) fn try_ask(inventory: &Inventory, subject: &str, source: &str) -> Result<Evaluation, String> {
    let program = Program::compile(source, &env(subject)).map_err(|e| format!("{source}: {e} {:?}", e.hint))?;
    let parameters = BTreeMap::from([
        ("regions".to_string(), ParameterValue::Texts(vec!["eu-west-1".into(), "us-east-1".into()])),
        ("max_age".to_string(), ParameterValue::Text("24h".into())),
        ("days".to_string(), ParameterValue::Int(90)),
        ("strict".to_string(), ParameterValue::Bool(true)),
        ("name".to_string(), ParameterValue::Text("main".into())),
    ]);
    let events = BTreeMap::from(["reads", "writes"].map(|name| (name.to_string(), PartialEvent::default())));
    let watched = BTreeMap::from(["reads", "writes"].map(|name| (name.to_string(), WatchedEvent::default())));
    let (population, now) = (inventory.population(subject), time(NOW));
    let context = Context { inventory, subject: population[0], parameters: &parameters, events: &events, watched: &watched, now };
    let semantics = Semantics { records, denies_insecure_transport: secure, foreign_writers: writers };
    program.evaluate_by(context, semantics, &mut Memory::of(inventory)).map_err(|e| format!("{source}: {e}"))
}

pub(super) fn ask(inventory: &Inventory, subject: &str, source: &str) -> Evaluation {
    try_ask(inventory, subject, source).unwrap_or_else(|error| panic!("{error}"))
}

pub(super) fn truth(inventory: &Inventory, subject: &str, source: &str) -> Truth {
    ask(inventory, subject, source).truth
}

/// The messages of the gaps that decide.
pub(super) fn gaps(evaluation: &Evaluation) -> Vec<&str> {
    evaluation.gaps.iter().map(|gap| gap.message.as_str()).collect()
}

pub(super) fn paths(facts: &[Arc<FactRead>]) -> Vec<(&str, Option<&str>)> {
    facts.iter().map(|fact| (fact.path.as_str(), fact.value.as_deref())).collect()
}

/// The refusal of an expression, with the text it points at.
pub(super) fn refused<'s>(subject: &str, source: &'s str) -> (String, Option<String>, &'s str) {
    match Program::compile(source, &env(subject)) {
        Ok(_) => panic!("{source} is accepted"),
        Err(CheckError { message, hint, start, end }) => (message, hint, &source[start..end]),
    }
}
