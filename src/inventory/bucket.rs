//! Buckets that trails deliver to.
//!
//! Names and meanings follow the S3 API. What a bucket policy lets happen is asked in `semantics`.

use super::document::PolicyDocument;
use super::fact::{Fact, Listing};
use super::noun::{KeyRef, TrailRef, noun};
use super::tag::Tag;

noun! {
    /// An S3 bucket that a trail delivers to.
    pub struct Bucket("bucket", id = name) {
        /// The bucket's name, unique in its partition.
        name: String,
        /// The partition, for example `aws`.
        partition: String,
        /// The account that owns the bucket. No API tells it: it is the account in scope whose ListBuckets names the bucket.
        owner_account: Fact<String>,
        /// Whether the bucket exists. Where it does not, nothing else of it is known.
        exists: Fact<bool>,
        /// The Region that the bucket lives in.
        region: Fact<String>,
        /// Versioning: `Enabled`, `Suspended`, or null where it was never switched on.
        versioning: Fact<Option<String>>,
        /// Whether deleting a version needs the root user's MFA device. S3 says nothing where it was never switched on: that is false.
        mfa_delete: Fact<bool>,
        /// Default encryption: `AES256`, `aws:kms` or `aws:kms:dsse`; null where S3 reports none.
        default_encryption: Fact<Option<String>>,
        /// The key of the default encryption as S3 names it; null for AES256, and for the AWS managed key `aws/s3`.
        default_encryption_key_id: Fact<Option<String>>,
        /// The key of the default encryption; null where none is named.
        default_encryption_key: Fact<Option<KeyRef>>,
        /// Whether S3 Bucket Keys reduce calls to KMS.
        bucket_key_enabled: Fact<bool>,
        /// The bucket policy; null where there is none.
        policy: Fact<Option<PolicyDocument>>,
        /// Whether S3 judges the bucket policy as public. False where there is no policy.
        policy_is_public: Fact<bool>,
        /// The canonical user id of the bucket's owner, as the access control list names it; null where it names none.
        acl_owner: Fact<Option<String>>,
        /// The grants of the access control list.
        acl_grants: Fact<Vec<Grant>>,
        /// Object ownership: `BucketOwnerEnforced` (access control lists are off), `BucketOwnerPreferred`, `ObjectWriter`; null where it was never set.
        object_ownership: Fact<Option<String>>,
        /// The bucket's own public access block; all false where there is none.
        public_access_block: Fact<PublicAccessBlock>,
        /// The public access block of the account that owns the bucket; all false where there is none.
        account_public_access_block: Fact<PublicAccessBlock>,
        /// The bucket that server access logs go to; null where access logging is off.
        access_log_bucket: Fact<Option<String>>,
        /// Whether the bucket that server access logs go to exists; null where access logging is off.
        access_log_bucket_exists: Fact<Option<bool>>,
        /// The prefix of the server access logs; null where access logging is off or has no prefix.
        access_log_prefix: Fact<Option<String>>,
        /// Object Lock; null where it is off.
        object_lock: Fact<Option<ObjectLock>>,
        /// Lifecycle rules; empty where there are none and everything is kept.
        lifecycle_rules: Fact<Vec<LifecycleRule>>,
        /// Replication rules; empty where there is no replication.
        replication_rules: Fact<Vec<ReplicationRule>>,
        /// The bucket's tags.
        tags: Fact<Vec<Tag>>,
        /// The top level of the bucket's keys, for example `AWSLogs/`; objects without a slash stand under their own name.
        top_level_prefixes: Listing<String>,
        /// The trails of the scope that deliver to the bucket.
        trails: Listing<TrailRef>,
    }
}

noun! {
    /// A grant of a bucket's access control list.
    pub struct Grant("grant", id = grantee) {
        /// Who: a canonical user id, or a group's URI such as `http://acs.amazonaws.com/groups/global/AllUsers`.
        grantee: String,
        /// Whether the grantee is a group, and not one user.
        is_group: bool,
        /// What: `FULL_CONTROL`, `READ`, `WRITE`, `READ_ACP` or `WRITE_ACP`.
        permission: String,
    }
}

noun! {
    /// The four flags that block public access.
    pub struct PublicAccessBlock("public_access_block", id = level) {
        /// Where the flags are set: `bucket` or `account`.
        level: String,
        /// New public access control lists are refused.
        block_public_acls: bool,
        /// Public access control lists have no effect.
        ignore_public_acls: bool,
        /// New public bucket policies are refused.
        block_public_policy: bool,
        /// A public bucket policy lets in AWS services and the bucket's own account alone.
        restrict_public_buckets: bool,
    }
}

noun! {
    /// Object Lock of a bucket. Without a default retention new objects are not locked.
    pub struct ObjectLock("object_lock", id = status) {
        /// `Enabled`.
        status: String,
        /// The mode of the default retention: `COMPLIANCE` (nobody can shorten it) or `GOVERNANCE`; null where there is no default retention.
        mode: Option<String>,
        /// The default retention in days, years counted as 365; null where there is none.
        days: Option<i64>,
    }
}

noun! {
    /// A lifecycle rule.
    pub struct LifecycleRule("lifecycle_rule", id = id) {
        /// The rule's id; may be empty.
        id: String,
        /// Whether the rule is in force.
        is_enabled: bool,
        /// The prefix of the keys that the rule is about; empty where it is about all.
        prefix: String,
        /// Whether the rule is further limited by tags or object sizes.
        is_limited: bool,
        /// Days after which current versions expire; null where they do not, or on a date.
        expiration_days: Option<i64>,
        /// The date on which current versions expire, `YYYY-MM-DD`; null where there is none.
        expiration_date: Option<String>,
        /// Days after which noncurrent versions are deleted; null where they are kept.
        noncurrent_expiration_days: Option<i64>,
        /// Noncurrent versions that are kept in any case; null where it is not set.
        newer_noncurrent_versions: Option<i64>,
        /// Transitions of current versions to other storage classes.
        transitions: Vec<Transition>,
        /// Transitions of noncurrent versions.
        noncurrent_transitions: Vec<Transition>,
    }
}

noun! {
    /// A transition to another storage class.
    pub struct Transition("transition", id = storage_class) {
        /// For example `GLACIER` or `DEEP_ARCHIVE`.
        storage_class: String,
        /// Days after which it happens; null where it happens on a date.
        days: Option<i64>,
    }
}

noun! {
    /// A replication rule.
    pub struct ReplicationRule("replication_rule", id = id) {
        /// The rule's id; may be empty.
        id: String,
        /// Whether the rule is in force.
        is_enabled: bool,
        /// The prefix of the keys that are replicated; empty where all are.
        prefix: String,
        /// The ARN of the bucket that receives the copies.
        destination_bucket_arn: String,
        /// The account that the rule names as the owner of the copies; null where it names none.
        destination_account: Option<String>,
        /// Whether objects that are encrypted with a KMS key are copied as well. S3 leaves them out unless the rule says so.
        copies_kms_encrypted: bool,
    }
}
