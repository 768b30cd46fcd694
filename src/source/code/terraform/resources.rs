//! Trails, keys, log groups and topics of the AWS provider, as the nouns that they will be.
//!
//! Source: <https://registry.terraform.io/providers/hashicorp/aws/latest/docs>.

use super::Seen;
use super::policies;
use crate::inventory::code::is_placeholder;
use crate::inventory::document::PolicyDocument;
use crate::inventory::trail::{AdvancedSelector, BasicSelector, DataResource, EventSelectors, FieldSelector, ReadWriteType};
use crate::inventory::{Fact, Gap, GapKind, Key, LogGroup, Remedy, Tag, Topic, Trail};
use crate::source::code::blank::{self, run_time};
use crate::source::code::node::Node;
use crate::source::code::resource::{Body, LogGroupBody, Setting, TrailBody};

/// `aws_cloudtrail`.
pub(super) fn trail(seen: &Seen<'_>) -> Body {
    let (source, node) = (seen.source(), seen.node);
    let flag = |name: &str, default: bool| source.or_default(node.get(name), node.get(name).bool(), default);
    let selectors = event_selectors(node);
    let is_custom = selectors.as_ref().map(|(_, is_custom)| *is_custom).map_err(Clone::clone);
    let insights = insight_types(node.get("insight_selector"));
    let record = Trail {
        is_multi_region: flag("is_multi_region_trail", false),
        is_organization: flag("is_organization_trail", false),
        include_global_service_events: flag("include_global_service_events", true),
        log_file_validation_enabled: flag("enable_log_file_validation", false),
        is_logging: flag("enable_logging", true),
        s3_key_prefix: source.fact(node.get("s3_key_prefix"), node.get("s3_key_prefix").text()),
        cloud_watch_logs_role_arn: source.text_or_set(node.get("cloud_watch_logs_role_arn")),
        has_custom_event_selectors: source.fact(node.get("event_selector"), is_custom),
        event_selectors: source.fact(node.get("event_selector"), selectors.map(|(selectors, _)| selectors)),
        has_insight_selectors: source
            .fact(node.get("insight_selector"), node.get("insight_selector").items().map(|items| !items.is_empty())),
        insight_types: source.fact(node.get("insight_selector"), insights),
        tags: tags(seen),
        ..blank::trail(&run_time("how a trail fares"))
    };
    Body::Trail(Box::new(TrailBody {
        record,
        bucket: source.pointer(node.get("s3_bucket_name")),
        key: source.pointer(node.get("kms_key_id")),
        log_group: source.pointer(node.get("cloud_watch_logs_group_arn")),
        topic: source.pointer(node.get("sns_topic_name")),
    }))
}

/// The selectors, and whether they are written.
fn event_selectors(node: &Node) -> Result<(EventSelectors, bool), Gap> {
    let (basic, advanced) = (node.get("event_selector").items()?, node.get("advanced_event_selector").items()?);
    match (basic, advanced) {
        // What CloudTrail takes where none is written: all management events.
        ([], []) => {
            let all = BasicSelector {
                read_write_type: ReadWriteType::All,
                include_management_events: true,
                exclude_management_event_sources: Vec::new(),
                data_resources: Vec::new(),
            };
            Ok((EventSelectors::Basic(vec![all]), false))
        }
        (basic, []) => Ok((EventSelectors::Basic(basic.iter().map(basic_selector).collect::<Result<_, _>>()?), true)),
        ([], advanced) => Ok((EventSelectors::Advanced(advanced.iter().map(advanced_selector).collect::<Result<_, _>>()?), true)),
        _ => Err(Gap::new(GapKind::NotUnderstood, "the trail has both basic and advanced event selectors")),
    }
}

fn basic_selector(node: &Node) -> Result<BasicSelector, Gap> {
    let read_write_type = match node.get("read_write_type").text()?.as_deref() {
        None | Some("All") => ReadWriteType::All,
        Some("ReadOnly") => ReadWriteType::ReadOnly,
        Some("WriteOnly") => ReadWriteType::WriteOnly,
        Some(other) => ReadWriteType::Other(other.to_string()),
    };
    let resource = |node: &Node| {
        let r#type = node.get("type").text()?.unwrap_or_default();
        Ok(DataResource { r#type, values: node.get("values").texts()? })
    };
    Ok(BasicSelector {
        read_write_type,
        include_management_events: node.get("include_management_events").bool()?.unwrap_or(true),
        exclude_management_event_sources: node.get("exclude_management_event_sources").texts()?,
        data_resources: node.get("data_resource").items()?.iter().map(resource).collect::<Result<_, Gap>>()?,
    })
}

pub(super) fn advanced_selector(node: &Node) -> Result<AdvancedSelector, Gap> {
    let field = |node: &Node| {
        Ok(FieldSelector {
            field: node.get("field").text()?.unwrap_or_default(),
            equals: node.get("equals").texts()?,
            starts_with: node.get("starts_with").texts()?,
            ends_with: node.get("ends_with").texts()?,
            not_equals: node.get("not_equals").texts()?,
            not_starts_with: node.get("not_starts_with").texts()?,
            not_ends_with: node.get("not_ends_with").texts()?,
        })
    };
    let field_selectors = node.get("field_selector").items()?.iter().map(field).collect::<Result<_, Gap>>()?;
    // The name is a label, and may stay open.
    Ok(AdvancedSelector { name: node.get("name").text().ok().flatten(), field_selectors })
}

fn insight_types(node: &Node) -> Result<Vec<String>, Gap> {
    let mut types = Vec::new();
    for selector in node.items()? {
        // Insights on data events alone say nothing of management events.
        let categories = selector.get("event_categories").texts()?;
        if categories.is_empty() || categories.iter().any(|c| c == "Management") {
            types.extend(selector.get("insight_type").text()?);
        }
    }
    types.sort();
    types.dedup();
    Ok(types)
}

/// The tags, those of the provider included.
pub(super) fn tags(seen: &Seen<'_>) -> Fact<Vec<Tag>> {
    let all = seen.node.get("tags_all");
    let node = if all.is_absent() { seen.node.get("tags") } else { all };
    let read = || match &node.state {
        crate::source::code::State::Absent => Ok(Vec::new()),
        crate::source::code::State::Map(map) => map
            .iter()
            .map(|(key, value)| Ok(Tag { key: key.clone(), value: value.text()?.unwrap_or_default() }))
            .collect::<Result<Vec<_>, Gap>>(),
        _ => node.texts().map(|_| Vec::new()),
    };
    seen.source().fact(node, read())
}

/// `aws_kms_key`.
pub(super) fn key(seen: &Seen<'_>) -> Body {
    let (source, node) = (seen.source(), seen.node);
    let text = |name: &str, default: &str| source.or_default(node.get(name), node.get(name).text(), default.to_string());
    let flag = |name: &str, default: bool| source.or_default(node.get(name), node.get(name).bool(), default);
    let rotates = flag("enable_key_rotation", false);
    let period = node.get("rotation_period_in_days");
    let days = match &rotates {
        Fact::Known { value: false, from, basis } => Fact::Known { value: None, from: from.clone(), basis: *basis },
        Fact::Unknown(gap) => Fact::Unknown(gap.clone()),
        _ => source.or_default(period, period.int().map(|days| days.filter(|d| *d > 0)), 365).map(Some),
    };
    let store = node.get("custom_key_store_id");
    let origin = source.fact(store, store.text().map(|id| if id.is_some() { "AWS_CLOUDHSM" } else { "AWS_KMS" }.to_string()));
    let written = node.get("policy");
    let policy = match policies::policy(written, |address| seen.document(address)) {
        Ok(Some(policy)) => source.fact(written, Ok(policy)),
        Ok(None) if is_placeholder(&seen.home.account) => Fact::Unknown(source.named(no_account("the default key policy"))),
        Ok(None) => match own_account(seen, "kms:*") {
            Ok(policy) => source.assumed(policy),
            Err(gap) => Fact::Unknown(gap),
        },
        Err(gap) => Fact::Unknown(source.named(gap)),
    };
    Body::Key(Box::new(Key {
        key_manager: source.configured("CUSTOMER".to_string()),
        key_state: flag("is_enabled", true).map(|is_enabled| if is_enabled { "Enabled" } else { "Disabled" }.to_string()),
        key_spec: text("customer_master_key_spec", "SYMMETRIC_DEFAULT"),
        key_usage: text("key_usage", "ENCRYPT_DECRYPT"),
        origin,
        is_multi_region: flag("multi_region", false),
        deletion_date: source.configured(None),
        rotation_enabled: rotates,
        rotation_period_days: days,
        policy,
        ..blank::key(&run_time("when a key was made"))
    }))
}

fn no_account(what: &str) -> Gap {
    Gap::new(GapKind::KnownAfterApply, format!("{what} names the account, which the plan does not tell")).with_remedy(Remedy::Do(
        "name the account in the code (data \"aws_caller_identity\", or `allowed_account_ids` of the provider)".into(),
    ))
}

/// The policy that KMS gives a key without one.
/// Source: <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html>.
fn own_account(seen: &Seen<'_>, action: &str) -> Result<PolicyDocument, Gap> {
    let root = format!("arn:{}:iam::{}:root", seen.home.partition, seen.home.account);
    let statement = serde_json::json!({ "Effect": "Allow", "Principal": { "AWS": root }, "Action": action, "Resource": "*" });
    policies::parse(&serde_json::json!({ "Statement": statement }).to_string())
}

/// `aws_kms_key_policy`.
pub(super) fn key_policy(seen: &Seen<'_>) -> Body {
    let (source, written) = (seen.source(), seen.node.get("policy"));
    let policy = policies::policy(written, |address| seen.document(address))
        .and_then(|policy| policy.ok_or_else(|| Gap::new(GapKind::NotUnderstood, "the key policy is empty")));
    Body::Setting { of: source.pointer(seen.node.get("key_id")), setting: Setting::KeyPolicy(source.fact(written, policy)) }
}

/// `aws_kms_alias`.
pub(super) fn alias(seen: &Seen<'_>) -> Body {
    Body::Alias { of: seen.source().pointer(seen.node.get("target_key_id")) }
}

/// `aws_cloudwatch_log_group`.
pub(super) fn log_group(seen: &Seen<'_>) -> Body {
    let (source, node) = (seen.source(), seen.node);
    let retention = node.get("retention_in_days");
    let class = node.get("log_group_class");
    let record = LogGroup {
        // 0 is for ever.
        retention_days: source.fact(retention, retention.int().map(|days| days.filter(|d| *d > 0))),
        class: source.or_default(class, class.text(), "STANDARD".to_string()),
        ..blank::log_group(&run_time("anything else of a log group"))
    };
    Body::LogGroup(Box::new(LogGroupBody { record, key: source.pointer(node.get("kms_key_id")) }))
}

/// `aws_sns_topic`.
pub(super) fn topic(seen: &Seen<'_>) -> Body {
    let (source, node) = (seen.source(), seen.node);
    let written = node.get("policy");
    let policy = match policies::policy(written, |address| seen.document(address)) {
        Ok(None) if is_placeholder(&seen.home.account) => Fact::Unknown(source.named(no_account("the default topic policy"))),
        Ok(None) => match owners_topic(seen) {
            Ok(policy) => source.assumed(Some(policy)),
            Err(gap) => Fact::Unknown(gap),
        },
        policy => source.fact(written, policy),
    };
    Body::Topic(Box::new(Topic {
        kms_key_id: source.text_or_set(node.get("kms_master_key_id")),
        policy,
        ..blank::topic(&run_time("anything else of a topic"))
    }))
}

/// The policy that SNS gives a topic without one.
/// Source: <https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html>.
fn owners_topic(seen: &Seen<'_>) -> Result<PolicyDocument, Gap> {
    let actions = ["GetTopicAttributes", "SetTopicAttributes", "AddPermission", "RemovePermission", "DeleteTopic", "Subscribe"];
    let mut actions: Vec<String> = actions.iter().map(|action| format!("SNS:{action}")).collect();
    actions.extend(["SNS:ListSubscriptionsByTopic".to_string(), "SNS:Publish".to_string()]);
    let statement = serde_json::json!({
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": { "AWS": "*" },
        "Action": actions,
        "Resource": "*",
        "Condition": { "StringEquals": { "AWS:SourceOwner": seen.home.account } },
    });
    policies::parse(&serde_json::json!({ "Statement": statement }).to_string())
}

/// `aws_sns_topic_policy`.
pub(super) fn topic_policy(seen: &Seen<'_>) -> Body {
    let (source, written) = (seen.source(), seen.node.get("policy"));
    let policy = policies::policy(written, |address| seen.document(address));
    Body::Setting { of: source.pointer(seen.node.get("arn")), setting: Setting::TopicPolicy(source.fact(written, policy)) }
}

/// What is left of a policy once the resource that made it is deleted, and the attribute that names what it is of. The provider
/// goes back to the policy that the service gives, unless the resource was told otherwise.
pub(super) fn deleted(seen: &Seen<'_>) -> Option<(&'static str, Setting)> {
    let gap = || {
        let gap = Gap::new(GapKind::KnownAfterApply, "the plan deletes the resource that sets the policy");
        seen.source().named(
            gap.with_remedy(Remedy::Do("write the policy that is to be, or scan the account once the plan is applied".into())),
        )
    };
    match seen.address.r#type.as_str() {
        "aws_kms_key_policy" => Some(("key_id", Setting::KeyPolicy(Fact::Unknown(gap())))),
        "aws_sns_topic_policy" => Some(("arn", Setting::TopicPolicy(Fact::Unknown(gap())))),
        _ => None,
    }
}
