//! SNS topics that are told of delivered log files, and those that alarms and rules tell.

use super::document::PolicyDocument;
use super::fact::{Fact, Listing};
use super::noun::{TrailRef, noun};

noun! {
    /// An SNS topic that a trail tells of each delivery, or that an alarm or a rule tells of an event.
    pub struct Topic("topic", id = arn) {
        /// The topic's ARN.
        arn: String,
        /// The topic's name.
        name: String,
        /// The partition, for example `aws`.
        partition: String,
        /// The account that owns the topic, as its ARN says.
        owner_account: String,
        /// The Region that the topic lives in, as its ARN says.
        region: String,
        /// Whether the topic exists. Where it does not, nothing else of it is known.
        exists: Fact<bool>,
        /// The KMS key that encrypts messages at rest, as SNS names it; null where none is set.
        kms_key_id: Fact<Option<String>>,
        /// The topic's policy; null where there is none.
        policy: Fact<Option<PolicyDocument>>,
        /// Subscriptions that were confirmed.
        subscriptions_confirmed: Fact<i64>,
        /// Subscriptions that wait for their confirmation.
        subscriptions_pending: Fact<i64>,
        /// The trails of the scope that tell the topic; none where only alarms or rules do.
        trails: Listing<TrailRef>,
    }
}
