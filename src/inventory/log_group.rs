//! CloudWatch Logs log groups that trails send events to.

use super::fact::{Fact, Listing};
use super::metric_filter::{MetricFilter, SubscriptionFilter};
use super::noun::{AlarmRef, KeyRef, TrailRef, noun};

noun! {
    /// A CloudWatch Logs log group that a trail sends events to.
    pub struct LogGroup("log_group", id = arn) {
        /// The log group's ARN, without the final `:*`.
        arn: String,
        /// The log group's name.
        name: String,
        /// The account that owns the log group, as its ARN says.
        owner_account: String,
        /// The Region that the log group lives in, as its ARN says.
        region: String,
        /// Whether the log group exists. Where it does not, nothing else of it is known.
        exists: Fact<bool>,
        /// Days after which events are deleted; null where they are kept for ever.
        retention_days: Fact<Option<i64>>,
        /// The KMS key that encrypts the log group, as CloudWatch Logs names it; null where none is set.
        kms_key_id: Fact<Option<String>>,
        /// The KMS key that encrypts the log group; null where none is set.
        kms_key: Fact<Option<KeyRef>>,
        /// The log group's class: `STANDARD`, `INFREQUENT_ACCESS` or `DELIVERY`.
        class: Fact<String>,
        /// Its metric filters.
        metric_filters: Listing<MetricFilter>,
        /// Its subscription filters.
        subscription_filters: Listing<SubscriptionFilter>,
        /// The alarms of its account and Region on metrics that its metric filters add to, and composite alarms over them.
        alarms: Listing<AlarmRef>,
        /// The trails of the scope that send events to the log group.
        trails: Listing<TrailRef>,
    }
}
