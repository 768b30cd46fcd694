//! Trails: what they say they record, where they deliver, and how delivery goes.
//!
//! Names and meanings follow the CloudTrail API. What selectors record is asked in `semantics`.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fact::{Fact, Listing};
use super::noun::{BucketRef, KeyRef, Kind, LogGroupRef, Opaque, TopicRef, View, Viewable, noun};
use super::role::Role;
use super::tag::Tag;

noun! {
    /// A CloudTrail trail, once for each ARN, however many Regions and accounts show it.
    pub struct Trail("trail", id = arn) {
        /// The trail's ARN, for example `arn:aws:cloudtrail:us-east-1:111122223333:trail/main`.
        arn: String,
        /// The trail's name. Two accounts may have trails of the same name.
        name: String,
        /// The account that owns the trail. An organization's trail is owned by its management account.
        owner_account: String,
        /// The Region in which the trail was created and is changed.
        home_region: String,
        /// Whether the trail records in every enabled Region of its partition.
        is_multi_region: Fact<bool>,
        /// Whether the trail records for every account of the organization.
        is_organization: Fact<bool>,
        /// Whether events of global services (IAM, STS, CloudFront) are recorded. Since November 2021 they occur in the partition's global Region alone, so the flag of a single-Region trail elsewhere records none.
        include_global_service_events: Fact<bool>,
        /// Whether CloudTrail writes signed digest files over the log files.
        log_file_validation_enabled: Fact<bool>,
        /// The bucket that log files are delivered to.
        bucket: Fact<BucketRef>,
        /// The prefix of the log files in the bucket; null where there is none.
        s3_key_prefix: Fact<Option<String>>,
        /// The KMS key that encrypts the log files; null where S3's default encryption applies.
        kms_key: Fact<Option<KeyRef>>,
        /// The key as the trail names it: an ARN, an alias ARN or an id; null where none is set.
        kms_key_id: Fact<Option<String>>,
        /// The SNS topic that is told of each delivery; null where there is none.
        sns_topic_arn: Fact<Option<String>>,
        /// The SNS topic that is told of each delivery, in the account that owns it; null where there is none.
        sns_topic: Fact<Option<TopicRef>>,
        /// The CloudWatch Logs log group that events are sent to; null where there is none.
        cloud_watch_logs_log_group_arn: Fact<Option<String>>,
        /// The CloudWatch Logs log group that events are sent to, in the account that owns it; null where there is none.
        log_group: Fact<Option<LogGroupRef>>,
        /// The role that CloudTrail assumes to write to the log group; null where there is none.
        cloud_watch_logs_role_arn: Fact<Option<String>>,
        /// The role that CloudTrail assumes to write to the log group, in the account that owns it; null where there is none.
        cloud_watch_logs_role: Fact<Option<Role>>,
        /// Whether the trail has event selectors of its own.
        has_custom_event_selectors: Fact<bool>,
        /// Whether the trail has Insights selectors.
        has_insight_selectors: Fact<bool>,
        /// Whether the trail is logging, asked in its home Region.
        is_logging: Fact<bool>,
        /// Which events the trail records.
        event_selectors: Fact<EventSelectors>,
        /// The kinds of Insights events collected on management events, for example `ApiCallRateInsight`; empty where there are none.
        insight_types: Fact<Vec<String>>,
        /// How delivery goes, once for each enabled Region that the trail covers, and for its home Region in any case.
        status: Listing<TrailStatus>,
        /// The trail's tags.
        tags: Fact<Vec<Tag>>,
    }
}

noun! {
    /// How a trail fares in one Region, from GetTrailStatus. A time is null where AWS gives none: nothing was delivered yet. An error is null where the last attempt succeeded.
    pub struct TrailStatus("trail_status", id = region) {
        /// The Region that was asked.
        region: String,
        /// Whether the trail is logging.
        is_logging: Fact<bool>,
        /// When log files were last delivered to the bucket. A Region without activity delivers nothing.
        latest_delivery_time: Fact<Option<Timestamp>>,
        /// The error of the last failed delivery to the bucket.
        latest_delivery_error: Fact<Option<String>>,
        /// When a digest file was last delivered. Digests come about every hour, also where nothing happened.
        latest_digest_delivery_time: Fact<Option<Timestamp>>,
        /// The error of the last failed delivery of a digest file.
        latest_digest_delivery_error: Fact<Option<String>>,
        /// When events were last sent to CloudWatch Logs.
        latest_cloud_watch_logs_delivery_time: Fact<Option<Timestamp>>,
        /// The error of the last failed delivery to CloudWatch Logs.
        latest_cloud_watch_logs_delivery_error: Fact<Option<String>>,
        /// When the topic was last told.
        latest_notification_time: Fact<Option<Timestamp>>,
        /// The error of the last failed notification.
        latest_notification_error: Fact<Option<String>>,
        /// When logging was last started.
        start_logging_time: Fact<Option<Timestamp>>,
        /// When logging was last stopped.
        stop_logging_time: Fact<Option<Timestamp>>,
    }
}

/// The selectors in force: basic or advanced, never both.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventSelectors {
    Basic(Vec<BasicSelector>),
    Advanced(Vec<AdvancedSelector>),
}

impl Viewable for EventSelectors {
    fn kind() -> Kind {
        Kind::Opaque("event_selectors")
    }
    fn view(&self) -> View<'_> {
        View::Opaque(Opaque::EventSelectors(self))
    }
}

/// A basic event selector. Source: the EventSelector type of the CloudTrail API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BasicSelector {
    pub read_write_type: ReadWriteType,
    pub include_management_events: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude_management_event_sources: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data_resources: Vec<DataResource>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ReadWriteType {
    All,
    ReadOnly,
    WriteOnly,
    /// A value that this version does not know, kept as written.
    #[serde(untagged)]
    Other(String),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DataResource {
    /// For example `AWS::S3::Object`.
    pub r#type: String,
    /// ARNs or ARN prefixes.
    pub values: Vec<String>,
}

/// An advanced event selector: every field selector must match. Source: the AdvancedEventSelector type of the CloudTrail API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AdvancedSelector {
    /// A label; it decides nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub field_selectors: Vec<FieldSelector>,
}

/// Conditions on one field. The selecting operators are alternatives, the excluding ones each exclude.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldSelector {
    pub field: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub equals: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub starts_with: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ends_with: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_equals: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_starts_with: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_ends_with: Vec<String>,
}
