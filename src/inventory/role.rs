//! Roles by which CloudTrail writes to log groups.

use super::document::PolicyDocument;
use super::fact::{Fact, Listing};
use super::noun::noun;

noun! {
    /// An IAM role that CloudTrail assumes to write a trail's events to a log group.
    pub struct Role("role", id = arn) {
        /// The role's ARN, as the trail names it.
        arn: String,
        /// Whether the role exists. Where it does not, nothing else of it is known.
        exists: Fact<bool>,
        /// Who may assume the role.
        trust_policy: Fact<PolicyDocument>,
        /// What bounds all that the role's policies allow; null where no permissions boundary is set.
        permissions_boundary: Fact<Option<PolicyDocument>>,
        /// Its policies, those written into it and those attached to it.
        policies: Listing<RolePolicy>,
    }
}

noun! {
    /// A policy of a role.
    pub struct RolePolicy("role_policy", id = name) {
        /// The name of a policy that is written into the role; the ARN of one that is attached to it.
        name: String,
        /// What it allows and denies.
        document: Fact<PolicyDocument>,
    }
}
