//! Organizations, and the accounts in them.

use super::fact::{Fact, Listing};
use super::noun::{AccountRef, TrailRef, noun};

noun! {
    /// An organization of AWS Organizations that an account of the scope belongs to.
    pub struct Organization("organization", id = id) {
        /// The organization's id, for example `o-exampleorgid`.
        id: String,
        /// The partition, for example `aws`.
        partition: String,
        /// The account that manages the organization.
        management_account: String,
        /// The features that are on: `ALL` or `CONSOLIDATED_BILLING`.
        feature_set: Fact<String>,
        /// The organization's accounts. Only the management account and delegated administrators may list them.
        members: Listing<Member>,
        /// The accounts that administer CloudTrail for the organization by delegation.
        cloudtrail_administrators: Listing<String>,
        /// Whether the organization lets CloudTrail act in its accounts, which organization trails need.
        cloudtrail_trusted_access: Fact<bool>,
        /// The organization trails that record in an account of the scope.
        trails: Listing<TrailRef>,
    }
}

noun! {
    /// An account of an organization.
    pub struct Member("member", id = id) {
        /// The account's twelve digits.
        id: String,
        /// The account's name in the organization.
        name: String,
        /// The account's state in the organization: `ACTIVE`, `SUSPENDED`, `PENDING_CLOSURE`, `PENDING_ACTIVATION` or `CLOSED`.
        state: String,
        /// The account, where it was read.
        account: AccountRef,
    }
}
