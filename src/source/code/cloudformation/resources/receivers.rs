//! Log groups and topics: what a trail tells beside its bucket.
//!
//! Sources: <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-logs-loggroup.html>,
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_SNS.html>.

use super::Made;
use crate::inventory::document::PolicyDocument;
use crate::inventory::{Fact, Gap, LogGroup, Topic};
use crate::source::code::blank::{self, run_time};
use crate::source::code::cloudformation::evaluate::Want;
use crate::source::code::cloudformation::policy;
use crate::source::code::node::State;
use crate::source::code::resource::{Body, LogGroupBody, Setting};

/// `AWS::Logs::LogGroup`.
pub(super) fn log_group(made: &Made<'_>) -> Body {
    let reader = &made.reader;
    let retention = reader.get("RetentionInDays");
    let record = LogGroup {
        retention_days: reader.or_default(retention, retention.node.int().map(|days| days.map(Some)), None),
        class: reader.text(reader.get("LogGroupClass"), "STANDARD"),
        ..blank::log_group(&run_time("anything else of a log group"))
    };
    Body::LogGroup(Box::new(LogGroupBody { record, key: made.pointer("KmsKeyId") }))
}

/// `AWS::SNS::Topic`.
pub(super) fn topic(made: &Made<'_>) -> Body {
    let reader = &made.reader;
    let policy = match owners_topic(made) {
        Ok(policy) => reader.assumed(reader.get("TopicPolicy"), Some(policy)),
        Err(gap) => Fact::Unknown(gap),
    };
    Body::Topic(Box::new(Topic {
        kms_key_id: reader.text_or_set(reader.get("KmsMasterKeyId")),
        policy,
        ..blank::topic(&run_time("anything else of a topic"))
    }))
}

/// The policy that SNS gives a topic without one.
/// Source: <https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html>.
fn owners_topic(made: &Made<'_>) -> Result<PolicyDocument, Gap> {
    let actions = [
        "SNS:GetTopicAttributes",
        "SNS:SetTopicAttributes",
        "SNS:AddPermission",
        "SNS:RemovePermission",
        "SNS:DeleteTopic",
        "SNS:Subscribe",
        "SNS:ListSubscriptionsByTopic",
        "SNS:Publish",
    ];
    let statement = serde_json::json!({
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": { "AWS": "*" },
        "Action": actions,
        "Resource": "*",
        "Condition": { "StringEquals": { "AWS:SourceOwner": made.world.stage.home.account } },
    });
    policy::parse(&serde_json::json!({ "Statement": statement }).to_string())
}

/// `AWS::SNS::TopicPolicy`: one policy for each of its topics.
pub(super) fn topic_policies(made: &Made<'_>) -> Vec<Body> {
    let reader = &made.reader;
    let topics = reader.get("Topics");
    let State::List(items) = &topics.node.state else {
        let of = reader.source.pointer(topics.node);
        return vec![Body::Setting { of, setting: Setting::TopicPolicy(made.policy("PolicyDocument", None)) }];
    };
    let names = made.declaration.property("Topics").map(|written| made.world.node(written, Want::Name));
    let name = |at: usize| names.as_ref()?.items().ok()?.get(at)?.text().ok()?;
    items
        .iter()
        .enumerate()
        .map(|(at, topic)| Body::Setting {
            of: reader.source.pointer(topic),
            setting: Setting::TopicPolicy(made.policy("PolicyDocument", name(at))),
        })
        .collect()
}

/// `AWS::SNS::TopicInlinePolicy`.
pub(super) fn inline_topic_policy(made: &Made<'_>) -> Body {
    let policy = made.policy("PolicyDocument", made.name_of("TopicArn"));
    Body::Setting { of: made.pointer("TopicArn"), setting: Setting::TopicPolicy(policy) }
}
