//! Event data stores of CloudTrail Lake.

use super::fact::Fact;
use super::noun::{KeyRef, noun};
use super::trail::EventSelectors;

noun! {
    /// An event data store of CloudTrail Lake.
    pub struct EventDataStore("event_data_store", id = arn) {
        /// The event data store's ARN.
        arn: String,
        /// The event data store's name.
        name: String,
        /// The account that owns it, as its ARN says.
        owner_account: String,
        /// The Region that it lives in, as its ARN says.
        region: String,
        /// `ENABLED` while it takes events in; `STOPPED_INGESTION`, `PENDING_DELETION` and others while it does not.
        status: Fact<String>,
        /// Whether it takes in events of every Region.
        is_multi_region: Fact<bool>,
        /// Whether it takes in events of every account of the organization.
        is_organization: Fact<bool>,
        /// Whether it must be unlocked before it can be deleted.
        termination_protection_enabled: Fact<bool>,
        /// Days for which events are kept.
        retention_days: Fact<i64>,
        /// `EXTENDABLE_RETENTION_PRICING` or `FIXED_RETENTION_PRICING`; null where AWS does not say.
        billing_mode: Fact<Option<String>>,
        /// The KMS key that encrypts events, as the store names it; null where none is set.
        kms_key_id: Fact<Option<String>>,
        /// The KMS key that encrypts events; null where none is set.
        kms_key: Fact<Option<KeyRef>>,
        /// Which events are taken in.
        event_selectors: Fact<EventSelectors>,
    }
}
