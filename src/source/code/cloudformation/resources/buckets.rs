//! Buckets. A template sets everything of a bucket in the bucket, but its policy.
//!
//! Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-s3-bucket.html>.

use super::Made;
use crate::inventory::bucket::{Grant, LifecycleRule, ObjectLock, PublicAccessBlock, ReplicationRule, Transition};
use crate::inventory::{Bucket, Fact, Gap, GapKind};
use crate::source::code::blank::{self, run_time};
use crate::source::code::cloudformation::reader::{Found, Reader, truth};
use crate::source::code::node::Node;
use crate::source::code::resource::{Body, BucketBody, Pointer, Target};

/// `AWS::S3::Bucket`.
pub(super) fn bucket(made: &Made<'_>) -> Body {
    let reader = &made.reader;
    let status = reader.get("VersioningConfiguration").get("Status");
    let rule = reader.get("BucketEncryption").get("ServerSideEncryptionConfiguration");
    let default = rule.get("ServerSideEncryptionByDefault");
    let (algorithm, named, bucket_key) =
        (default.get("SSEAlgorithm"), default.get("KMSMasterKeyID"), rule.get("BucketKeyEnabled"));
    let (key_id, key) = encryption_key(reader, named);
    let ownership = reader.get("OwnershipControls").get("Rules").get("ObjectOwnership");
    let acl = reader.get("AccessControl");
    let (log_target, log_prefix) = logging(made);
    let replication = reader.get("ReplicationConfiguration").get("Rules");
    let record = Bucket {
        versioning: versioning(reader, status),
        // No property sets it: only the root user can, once the bucket is there.
        mfa_delete: reader.assumed(status, false),
        default_encryption: reader.text(algorithm, "AES256").map(Some),
        default_encryption_key_id: key_id,
        bucket_key_enabled: reader.flag(bucket_key, false),
        policy: reader.assumed(reader.get("BucketPolicy"), None),
        acl_grants: reader.or_default(acl, acl.node.text().and_then(|name| name.as_deref().map(canned).transpose()), Vec::new()),
        // Since April 2023 access control lists are off unless something switches them on.
        // Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-faq.html>.
        object_ownership: reader.text(ownership, "BucketOwnerEnforced").map(Some),
        public_access_block: public_access_block(reader),
        access_log_prefix: log_prefix,
        object_lock: object_lock(reader),
        lifecycle_rules: reader.list(reader.get("LifecycleConfiguration").get("Rules"), lifecycle_rule),
        replication_rules: reader.list(replication, |node| replication_rule(made, node)),
        tags: reader.tags(),
        ..blank::bucket(&run_time("anything else of a bucket"))
    };
    Body::Bucket(Box::new(BucketBody { record, key, log_target }))
}

/// Object Lock needs versioning, and S3 switches it on with it.
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html>.
fn versioning(reader: &Reader<'_>, status: Found<'_>) -> Fact<Option<String>> {
    let lock = reader.get("ObjectLockEnabled");
    match truth(lock.node) {
        Ok(Some(true)) if status.is_absent() => reader.assumed(lock, Some("Enabled".into())),
        Err(gap) if status.is_absent() => Fact::Unknown(reader.source.named(gap)),
        _ => reader.maybe_text(status),
    }
}

/// The key of the default encryption as it is named, and the key.
fn encryption_key(reader: &Reader<'_>, named: Found<'_>) -> (Fact<Option<String>>, Pointer) {
    match named.node.text() {
        // The key that S3 manages itself is none of the owner's.
        Ok(Some(text)) if text == "alias/aws/s3" || text.ends_with(":alias/aws/s3") => {
            (reader.fact(named, Ok(None)), reader.fact(named, Ok(None)))
        }
        _ => (reader.text_or_set(named), reader.pointer(named)),
    }
}

/// Since April 2023 S3 blocks public access to every new bucket; of a block that is written, flags that it lacks are off.
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-faq.html>.
fn public_access_block(reader: &Reader<'_>) -> Fact<PublicAccessBlock> {
    let found = reader.get("PublicAccessBlockConfiguration");
    let block = |flag: &dyn Fn(&str) -> Result<bool, Gap>| {
        Ok(PublicAccessBlock {
            level: "bucket".into(),
            block_public_acls: flag("BlockPublicAcls")?,
            ignore_public_acls: flag("IgnorePublicAcls")?,
            block_public_policy: flag("BlockPublicPolicy")?,
            restrict_public_buckets: flag("RestrictPublicBuckets")?,
        })
    };
    if found.is_absent() {
        return match block(&|_| Ok(true)) {
            Ok(all) => reader.assumed(found, all),
            Err(gap) => Fact::Unknown(gap),
        };
    }
    reader.fact(found, block(&|name| Ok(truth(found.node.get(name))?.unwrap_or(false))))
}

/// Where access logs go, and below which prefix. Without a name they go to the bucket itself.
fn logging(made: &Made<'_>) -> (Pointer, Fact<Option<String>>) {
    let reader = &made.reader;
    let found = reader.get("LoggingConfiguration");
    let target = found.get("DestinationBucketName");
    let prefix = reader.maybe_text(found.get("LogFilePrefix"));
    if !found.is_absent() && target.is_absent() {
        let own = Target::Resource(made.declaration.address().to_string());
        return (reader.fact(found, Ok(Some(own))), prefix);
    }
    (reader.pointer(target), prefix)
}

fn object_lock(reader: &Reader<'_>) -> Fact<Option<ObjectLock>> {
    let (switch, found) = (reader.get("ObjectLockEnabled"), reader.get("ObjectLockConfiguration"));
    let bare = || ObjectLock { status: "Enabled".into(), mode: None, days: None };
    if found.is_absent() {
        return reader.or_default(switch, truth(switch.node).map(|on| on.map(|on| on.then(bare))), None);
    }
    let retention = found.get("Rule").get("DefaultRetention").node;
    let read = || {
        let days = match retention.get("Days").int()? {
            Some(days) => Some(days),
            None => retention.get("Years").int()?.map(|years| years.saturating_mul(365)),
        };
        Ok(Some(ObjectLock {
            status: found.node.get("ObjectLockEnabled").text()?.unwrap_or_else(|| "Enabled".into()),
            mode: retention.get("Mode").text()?,
            days,
        }))
    };
    reader.fact(found, read())
}

/// The grants of a canned access control list, the owner's own left out.
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl>.
fn canned(name: &str) -> Result<Vec<Grant>, Gap> {
    let to = |group: &str, permissions: &[&str]| {
        let grantee = format!("http://acs.amazonaws.com/groups/{group}");
        permissions.iter().map(|p| Grant { grantee: grantee.clone(), is_group: true, permission: (*p).to_string() }).collect()
    };
    match name {
        "Private" | "BucketOwnerRead" | "BucketOwnerFullControl" => Ok(Vec::new()),
        "PublicRead" => Ok(to("global/AllUsers", &["READ"])),
        "PublicReadWrite" => Ok(to("global/AllUsers", &["READ", "WRITE"])),
        "AuthenticatedRead" => Ok(to("global/AuthenticatedUsers", &["READ"])),
        "LogDeliveryWrite" => Ok(to("s3/LogDelivery", &["WRITE", "READ_ACP"])),
        other => Err(Gap::new(GapKind::NotUnderstood, format!("the canned access control list `{other}` is not known"))),
    }
}

fn transition(node: &Node, days: &str) -> Result<Transition, Gap> {
    Ok(Transition { storage_class: node.get("StorageClass").text()?.unwrap_or_default(), days: node.get(days).int()? })
}

/// Those of the list, and the one of the older property beside it.
fn transitions(node: &Node, many: &str, one: &str, days: &str) -> Result<Vec<Transition>, Gap> {
    let both = node.get(many).items()?.iter().chain(node.get(one).items()?);
    both.map(|node| transition(node, days)).collect()
}

fn lifecycle_rule(node: &Node) -> Result<LifecycleRule, Gap> {
    let noncurrent = node.get("NoncurrentVersionExpiration");
    let older = match noncurrent.get("NoncurrentDays").int()? {
        Some(days) => Some(days),
        None => node.get("NoncurrentVersionExpirationInDays").int()?,
    };
    let is_limited = !node.get("TagFilters").items()?.is_empty()
        || node.get("ObjectSizeGreaterThan").text()?.is_some()
        || node.get("ObjectSizeLessThan").text()?.is_some();
    Ok(LifecycleRule {
        id: node.get("Id").text().ok().flatten().unwrap_or_default(),
        is_enabled: node.get("Status").text()?.as_deref() == Some("Enabled"),
        prefix: node.get("Prefix").text()?.unwrap_or_default(),
        is_limited,
        expiration_days: node.get("ExpirationInDays").int()?,
        expiration_date: node.get("ExpirationDate").text()?.map(|date| date.chars().take(10).collect()),
        noncurrent_expiration_days: older,
        newer_noncurrent_versions: noncurrent.get("NewerNoncurrentVersions").int()?,
        transitions: transitions(node, "Transitions", "Transition", "TransitionInDays")?,
        noncurrent_transitions: transitions(
            node,
            "NoncurrentVersionTransitions",
            "NoncurrentVersionTransition",
            "TransitionInDays",
        )?,
    })
}

fn replication_rule(made: &Made<'_>, node: &Node) -> Result<ReplicationRule, Gap> {
    let destination = node.get("Destination");
    let prefix = match node.get("Filter").get("Prefix").text()? {
        Some(prefix) => Some(prefix),
        None => match node.get("Filter").get("And").get("Prefix").text()? {
            Some(prefix) => Some(prefix),
            None => node.get("Prefix").text()?,
        },
    };
    let encrypted = node.get("SourceSelectionCriteria").get("SseKmsEncryptedObjects").get("Status").text()?;
    let arn = match &destination.get("Bucket").state {
        crate::source::code::node::State::Link(to) => made.arn_of(to)?,
        _ => destination.get("Bucket").text()?.unwrap_or_default(),
    };
    Ok(ReplicationRule {
        id: node.get("Id").text().ok().flatten().unwrap_or_default(),
        is_enabled: node.get("Status").text()?.as_deref() == Some("Enabled"),
        prefix: prefix.unwrap_or_default(),
        destination_bucket_arn: arn,
        destination_account: destination.get("Account").text()?,
        copies_kms_encrypted: encrypted.as_deref() == Some("Enabled"),
    })
}
