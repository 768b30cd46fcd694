//! Accounts, and what is asked of an account as a whole.

use super::bucket::PublicAccessBlock;
use super::event_bus::EventBus;
use super::fact::{Fact, Listing};
use super::neighbour::{ConfigRegion, SecurityHub, ThreatDetection};
use super::noun::{EventDataStoreRef, OrganizationRef, TrailRef, noun};

noun! {
    /// An AWS account in scope.
    pub struct Account("account", id = id) {
        /// The account's twelve digits.
        id: String,
        /// The partition: `aws`, `aws-us-gov`, `aws-cn` and others.
        partition: String,
        /// The account's alias; null where there is none.
        alias: Fact<Option<String>>,
        /// The ARN of the principal that read the account.
        caller_arn: Fact<String>,
        /// The Regions that are enabled in the account, less those that the owner did not ask for.
        regions: Listing<String>,
        /// The Region in which global services (IAM, STS, CloudFront) record their events, for example `us-east-1`.
        global_events_region: String,
        /// The trails that record in the account, organization trails of other accounts included.
        trails: Listing<TrailRef>,
        /// The organization that the account belongs to; null where it belongs to none.
        organization: Fact<Option<OrganizationRef>>,
        /// The account's public access block; all false where there is none.
        public_access_block: Fact<PublicAccessBlock>,
        /// Whether the root user has an MFA device.
        root_mfa_enabled: Fact<bool>,
        /// Whether the root user has access keys.
        root_has_access_keys: Fact<bool>,
        /// The default event bus of each enabled Region.
        event_buses: Listing<EventBus>,
        /// The event data stores of CloudTrail Lake that the account owns.
        event_data_stores: Listing<EventDataStoreRef>,
        /// AWS Config in each enabled Region.
        config_regions: Listing<ConfigRegion>,
        /// GuardDuty in each enabled Region.
        threat_detections: Listing<ThreatDetection>,
        /// Security Hub in each enabled Region.
        security_hubs: Listing<SecurityHub>,
    }
}
