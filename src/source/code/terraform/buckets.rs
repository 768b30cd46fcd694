//! Buckets of the AWS provider, and the resources that set something of them.
//!
//! Since version 4 of the provider each setting is a resource of its own, and the bucket's own blocks only show what is there;
//! before, they set it. Source: <https://registry.terraform.io/providers/hashicorp/aws/latest/docs>.

use super::Seen;
use super::policies;
use super::resources::tags;
use crate::inventory::bucket::{Grant, LifecycleRule, ObjectLock, PublicAccessBlock, ReplicationRule, Transition};
use crate::inventory::{Basis, Bucket, Fact, Gap, GapKind, Remedy};
use crate::source::code::blank::{self, run_time};
use crate::source::code::node::{Node, State};
use crate::source::code::resource::{Body, BucketBody, BucketSetting, Encryption, Setting};

/// `aws_s3_bucket`, with the blocks of its own.
pub(super) fn bucket(seen: &Seen<'_>) -> Body {
    let (source, node) = (seen.source(), seen.node);
    let versioning = node.block("versioning");
    let enabled = versioning.get("enabled").bool();
    // Off is never switched on, or suspended: the block does not tell.
    let status = match (versioning.is_absent(), enabled) {
        (true, _) => source.assumed(None),
        (false, Ok(Some(true))) => source.fact(versioning, Ok(Some("Enabled".to_string()))),
        (false, Ok(_)) => Fact::OneOf { candidates: vec![None, Some("Suspended".into())], from: source.origin(versioning) },
        (false, Err(gap)) => Fact::Unknown(source.named(gap)),
    };
    let rule = node.block("server_side_encryption_configuration").block("rule");
    let default = rule.block("apply_server_side_encryption_by_default");
    let encryption = encryption(seen, rule, default);
    let logging = node.block("logging");
    let lock = match node.get("object_lock_configuration").items() {
        Ok([]) => {
            let on = node.get("object_lock_enabled");
            let lock = on.bool().map(|on| (on == Some(true)).then(bare_lock));
            source.fact(on, lock)
        }
        _ => source.fact(node.block("object_lock_configuration"), object_lock(node.block("object_lock_configuration"))),
    };
    let policy = node.get("policy");
    let (acl, grants) = (node.get("acl"), node.get("grant"));
    let grants = match (grants.items(), acl.text()) {
        (Ok([]), acl_name) => source.fact(acl, acl_name.and_then(|name| canned(name.as_deref().unwrap_or("private")))),
        (Ok(grants), _) => {
            source.fact(acl, grants.iter().map(inline_grants).collect::<Result<Vec<_>, _>>().map(|all| all.concat()))
        }
        (Err(gap), _) => Fact::Unknown(source.named(gap)),
    };
    let record = Bucket {
        versioning: status,
        mfa_delete: source.or_default(versioning, versioning.get("mfa_delete").bool(), false),
        default_encryption: encryption.algorithm,
        default_encryption_key_id: encryption.key_id,
        bucket_key_enabled: encryption.bucket_key,
        policy: source.fact(policy, policies::policy(policy, |address| seen.document(address))),
        acl_grants: grants,
        object_ownership: new_or_open(seen, Some("BucketOwnerEnforced".to_string()), "object ownership"),
        public_access_block: new_or_open(seen, block(true), "the public access block"),
        access_log_prefix: source.fact(logging, logging.get("target_prefix").text()),
        object_lock: lock,
        lifecycle_rules: rules(seen, node.get("lifecycle_rule"), inline_lifecycle_rule),
        replication_rules: rules(seen, node.block("replication_configuration").get("rules"), |node| replication_rule(seen, node)),
        tags: tags(seen),
        ..blank::bucket(&run_time("anything else of a bucket"))
    };
    Body::Bucket(Box::new(BucketBody { record, key: encryption.key, log_target: source.pointer(logging.get("target_bucket")) }))
}

/// What S3 gives a new bucket since April 2023. Of one that is there, what no resource of the code sets may be set otherwise.
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-faq.html>.
fn new_or_open<T>(seen: &Seen<'_>, of_new: T, what: &str) -> Fact<T> {
    if let State::Unknown(gap) = &seen.node.get(super::SET_APART).state {
        return Fact::Unknown(seen.source().named(gap.clone()));
    }
    if seen.is_new {
        return seen.source().assumed(of_new);
    }
    let message = format!("the code does not set {what} of a bucket that is there already");
    let remedy = Remedy::Do("set it in the code, or scan the account that owns the bucket".into());
    Fact::Unknown(seen.source().named(Gap::new(GapKind::NotInCode, message).with_remedy(remedy)))
}

fn block(flag: bool) -> PublicAccessBlock {
    PublicAccessBlock {
        level: "bucket".into(),
        block_public_acls: flag,
        ignore_public_acls: flag,
        block_public_policy: flag,
        restrict_public_buckets: flag,
    }
}

fn bare_lock() -> ObjectLock {
    ObjectLock { status: "Enabled".into(), mode: None, days: None }
}

/// A resource that sets something of a bucket.
pub(super) fn setting(seen: &Seen<'_>) -> Option<Body> {
    let (source, node) = (seen.source(), seen.node);
    let setting = match seen.address.r#type.as_str() {
        "aws_s3_bucket_versioning" => {
            let config = node.block("versioning_configuration");
            let status = config.get("status").text().map(|status| status.filter(|s| s != "Disabled"));
            let mfa = config.get("mfa_delete").text().map(|mfa| mfa.as_deref() == Some("Enabled"));
            BucketSetting::Versioning { versioning: source.fact(config, status), mfa_delete: source.fact(config, mfa) }
        }
        "aws_s3_bucket_server_side_encryption_configuration" => {
            let rule = node.block("rule");
            BucketSetting::Encryption(Box::new(encryption(seen, rule, rule.block("apply_server_side_encryption_by_default"))))
        }
        "aws_s3_bucket_public_access_block" => {
            BucketSetting::PublicAccessBlock(source.fact(node, public_access_block(node, "bucket")))
        }
        "aws_s3_bucket_policy" => {
            let policy = node.get("policy");
            BucketSetting::Policy(source.fact(policy, policies::policy(policy, |address| seen.document(address))))
        }
        "aws_s3_bucket_acl" => {
            let (acl, own) = (node.get("acl"), node.block("access_control_policy"));
            let grants = match (acl.text(), own.is_absent()) {
                (Ok(Some(name)), _) => canned(&name),
                (Ok(None), false) => own.get("grant").items().and_then(|grants| grants.iter().map(grant).collect()),
                (Ok(None), true) => canned("private"),
                (Err(gap), _) => Err(gap),
            };
            BucketSetting::Acl(source.fact(acl, grants))
        }
        "aws_s3_bucket_ownership_controls" => {
            let ownership = node.block("rule").get("object_ownership");
            BucketSetting::Ownership(source.fact(ownership, ownership.text()))
        }
        "aws_s3_bucket_logging" => BucketSetting::Logging {
            target: source.pointer(node.get("target_bucket")),
            prefix: source.fact(node.get("target_prefix"), node.get("target_prefix").text()),
        },
        "aws_s3_bucket_object_lock_configuration" => BucketSetting::ObjectLock(source.fact(node, object_lock(node))),
        "aws_s3_bucket_lifecycle_configuration" => BucketSetting::Lifecycle(rules(seen, node.get("rule"), lifecycle_rule)),
        "aws_s3_bucket_replication_configuration" => {
            BucketSetting::Replication(rules(seen, node.get("rule"), |node| replication_rule(seen, node)))
        }
        _ => return None,
    };
    Some(Body::Setting { of: source.pointer(node.get("bucket")), setting: Setting::Bucket(Box::new(setting)) })
}

/// What is left of a setting once the resource that made it is deleted.
pub(super) fn deleted(seen: &Seen<'_>) -> Option<BucketSetting> {
    let source = seen.source();
    fn gone<T>(source: &crate::source::code::Source<'_>, value: T) -> Fact<T> {
        Fact::Known { value, from: source.origin(&Node::new(State::Absent)), basis: Basis::Configured }
    }
    Some(match seen.address.r#type.as_str() {
        "aws_s3_bucket_versioning" => BucketSetting::Versioning {
            versioning: gone(&source, Some("Suspended".to_string())),
            mfa_delete: gone(&source, false),
        },
        "aws_s3_bucket_server_side_encryption_configuration" => BucketSetting::Encryption(Box::new(Encryption {
            algorithm: gone(&source, Some("AES256".to_string())),
            key_id: gone(&source, None),
            key: gone(&source, None),
            bucket_key: gone(&source, false),
        })),
        "aws_s3_bucket_public_access_block" => BucketSetting::PublicAccessBlock(gone(&source, block(false))),
        "aws_s3_bucket_policy" => BucketSetting::Policy(gone(&source, None)),
        "aws_s3_bucket_ownership_controls" => BucketSetting::Ownership(gone(&source, None)),
        "aws_s3_bucket_logging" => BucketSetting::Logging { target: gone(&source, None), prefix: gone(&source, None) },
        // Object Lock itself cannot be taken away; what it keeps new objects for is.
        "aws_s3_bucket_object_lock_configuration" => BucketSetting::ObjectLock(gone(&source, Some(bare_lock()))),
        "aws_s3_bucket_lifecycle_configuration" => BucketSetting::Lifecycle(gone(&source, Vec::new())),
        "aws_s3_bucket_replication_configuration" => BucketSetting::Replication(gone(&source, Vec::new())),
        _ => return None,
    })
}

/// `aws_s3_account_public_access_block`.
pub(super) fn account_block(seen: &Seen<'_>) -> Body {
    Body::AccountPublicAccessBlock(seen.source().fact(seen.node, public_access_block(seen.node, "account")))
}

fn public_access_block(node: &Node, level: &str) -> Result<PublicAccessBlock, Gap> {
    let flag = |name: &str| Ok::<bool, Gap>(node.get(name).bool()?.unwrap_or(false));
    Ok(PublicAccessBlock {
        level: level.into(),
        block_public_acls: flag("block_public_acls")?,
        ignore_public_acls: flag("ignore_public_acls")?,
        block_public_policy: flag("block_public_policy")?,
        restrict_public_buckets: flag("restrict_public_buckets")?,
    })
}

/// The default encryption of a rule. S3 encrypts with AES256 where nothing is said.
fn encryption(seen: &Seen<'_>, rule: &Node, default: &Node) -> Encryption {
    let source = seen.source();
    let key = default.get("kms_master_key_id");
    // The key that S3 manages itself is none of the owner's.
    let is_s3s = |text: &str| text == "alias/aws/s3" || text.ends_with(":alias/aws/s3");
    let (id, pointer) = match key.text() {
        Ok(Some(text)) if is_s3s(&text) => (source.fact(key, Ok(None)), source.fact(key, Ok(None))),
        _ => (source.text_or_set(key), source.pointer(key)),
    };
    let algorithm = default.get("sse_algorithm");
    Encryption {
        algorithm: source.or_default(algorithm, algorithm.text().map(|text| text.map(Some)), Some("AES256".to_string())),
        key_id: id,
        key: pointer,
        bucket_key: source.or_default(rule, rule.get("bucket_key_enabled").bool(), false),
    }
}

fn object_lock(node: &Node) -> Result<Option<ObjectLock>, Gap> {
    let Some(status) = node.get("object_lock_enabled").text()?.or_else(|| Some("Enabled".into()).filter(|_| !node.is_absent()))
    else {
        return Ok(None);
    };
    let retention = node.block("rule").block("default_retention");
    let positive = |name: &str| Ok::<_, Gap>(retention.get(name).int()?.filter(|n| *n > 0));
    let days = match positive("days")? {
        Some(days) => Some(days),
        None => positive("years")?.map(|years| years.saturating_mul(365)),
    };
    Ok(Some(ObjectLock { status, mode: retention.get("mode").text()?, days }))
}

/// The grants of a canned access control list, the owner's own left out.
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl>.
fn canned(name: &str) -> Result<Vec<Grant>, Gap> {
    let to = |group: &str, permissions: &[&str]| {
        let grantee = format!("http://acs.amazonaws.com/groups/{group}");
        permissions.iter().map(|p| Grant { grantee: grantee.clone(), is_group: true, permission: (*p).to_string() }).collect()
    };
    match name {
        "private" | "bucket-owner-read" | "bucket-owner-full-control" => Ok(Vec::new()),
        "public-read" => Ok(to("global/AllUsers", &["READ"])),
        "public-read-write" => Ok(to("global/AllUsers", &["READ", "WRITE"])),
        "authenticated-read" => Ok(to("global/AuthenticatedUsers", &["READ"])),
        "log-delivery-write" => Ok(to("s3/LogDelivery", &["WRITE", "READ_ACP"])),
        other => Err(Gap::new(GapKind::NotUnderstood, format!("the canned access control list `{other}` is not known"))),
    }
}

fn grant(node: &Node) -> Result<Grant, Gap> {
    let grantee = node.block("grantee");
    let permission = node.get("permission").text()?.unwrap_or_default();
    match (grantee.get("uri").text()?, grantee.get("id").text()?, grantee.get("email_address").text()?) {
        (Some(uri), _, _) => Ok(Grant { grantee: uri, is_group: true, permission }),
        (None, Some(id), _) | (None, None, Some(id)) => Ok(Grant { grantee: id, is_group: false, permission }),
        (None, None, None) => Err(Gap::new(GapKind::NotUnderstood, "a grant to nobody that is named")),
    }
}

fn inline_grants(node: &Node) -> Result<Vec<Grant>, Gap> {
    let (uri, id) = (node.get("uri").text()?, node.get("id").text()?);
    let is_group = uri.is_some();
    let Some(grantee) = uri.or(id) else {
        return Err(Gap::new(GapKind::NotUnderstood, "a grant to nobody that is named"));
    };
    let permissions = node.get("permissions").texts()?;
    Ok(permissions.into_iter().map(|permission| Grant { grantee: grantee.clone(), is_group, permission }).collect())
}

fn rules<T>(seen: &Seen<'_>, node: &Node, read: impl Fn(&Node) -> Result<T, Gap>) -> Fact<Vec<T>> {
    seen.source().fact(node, node.items().and_then(|items| items.iter().map(read).collect()))
}

fn positive(node: &Node) -> Result<Option<i64>, Gap> {
    Ok(node.int()?.filter(|n| *n > 0))
}

fn has_items(node: &Node) -> Result<bool, Gap> {
    match &node.state {
        State::Map(map) => Ok(!map.is_empty()),
        _ => Ok(!node.items()?.is_empty()),
    }
}

fn day(node: &Node) -> Result<Option<String>, Gap> {
    Ok(node.text()?.map(|text| text.chars().take(10).collect()))
}

fn transitions(nodes: &Node, days: &str) -> Result<Vec<Transition>, Gap> {
    let one = |node: &Node| {
        let dated = node.get("date").text()?.is_some();
        let days = node.get(days).int()?.filter(|_| !dated);
        Ok(Transition { storage_class: node.get("storage_class").text()?.unwrap_or_default(), days })
    };
    nodes.items()?.iter().map(one).collect()
}

fn lifecycle_rule(node: &Node) -> Result<LifecycleRule, Gap> {
    let filter = node.block("filter");
    let and = filter.block("and");
    let prefix = match filter.get("prefix").text()? {
        Some(prefix) => Some(prefix),
        None => match and.get("prefix").text()? {
            Some(prefix) => Some(prefix),
            None => node.get("prefix").text()?,
        },
    };
    let by_size = |node: &Node| {
        let sizes = ["object_size_greater_than", "object_size_less_than"];
        sizes.iter().try_fold(false, |found, name| Ok::<_, Gap>(found || positive(node.get(name))?.is_some()))
    };
    let is_limited = has_items(filter.get("tag"))? || has_items(and.get("tags"))? || by_size(filter)? || by_size(and)?;
    let (expiration, noncurrent) = (node.block("expiration"), node.block("noncurrent_version_expiration"));
    Ok(LifecycleRule {
        id: node.get("id").text().ok().flatten().unwrap_or_default(),
        is_enabled: node.get("status").text()?.as_deref() == Some("Enabled"),
        prefix: prefix.unwrap_or_default(),
        is_limited,
        expiration_days: positive(expiration.get("days"))?,
        expiration_date: day(expiration.get("date"))?,
        noncurrent_expiration_days: positive(noncurrent.get("noncurrent_days"))?,
        newer_noncurrent_versions: positive(noncurrent.get("newer_noncurrent_versions"))?,
        transitions: transitions(node.get("transition"), "days")?,
        noncurrent_transitions: transitions(node.get("noncurrent_version_transition"), "noncurrent_days")?,
    })
}

/// A rule as the bucket's own block writes it.
fn inline_lifecycle_rule(node: &Node) -> Result<LifecycleRule, Gap> {
    let (expiration, noncurrent) = (node.block("expiration"), node.block("noncurrent_version_expiration"));
    Ok(LifecycleRule {
        id: node.get("id").text().ok().flatten().unwrap_or_default(),
        is_enabled: node.get("enabled").bool()?.unwrap_or(false),
        prefix: node.get("prefix").text()?.unwrap_or_default(),
        is_limited: has_items(node.get("tags"))?,
        expiration_days: positive(expiration.get("days"))?,
        expiration_date: day(expiration.get("date"))?,
        noncurrent_expiration_days: positive(noncurrent.get("days"))?,
        newer_noncurrent_versions: None,
        transitions: transitions(node.get("transition"), "days")?,
        noncurrent_transitions: transitions(node.get("noncurrent_version_transition"), "days")?,
    })
}

/// A rule that is limited by tags copies an unknown part of the keys, which the inventory has no word for.
fn replication_rule(seen: &Seen<'_>, node: &Node) -> Result<ReplicationRule, Gap> {
    let filter = node.block("filter");
    let and = filter.block("and");
    let id = node.get("id").text().ok().flatten().unwrap_or_default();
    if has_items(filter.get("tag"))? || has_items(filter.get("tags"))? || has_items(and.get("tags"))? {
        return Err(Gap::new(GapKind::NotUnderstood, format!("replication rule `{id}` is limited by tags")));
    }
    let prefix = match filter.get("prefix").text()? {
        Some(prefix) => Some(prefix),
        None => match and.get("prefix").text()? {
            Some(prefix) => Some(prefix),
            None => node.get("prefix").text()?,
        },
    };
    let destination = node.block("destination");
    let to = destination.get("bucket");
    let destination_bucket_arn = match &to.state {
        State::Link(links) => match links.as_slice() {
            // Another bucket of the code, whose name may still be open.
            [one] => format!("arn:{}:s3:::{}", seen.home.partition, seen.known_name(one).unwrap_or_else(|| format!("({one})"))),
            many => {
                let message = format!("replication rule `{id}` copies to {}", many.join(" or "));
                return Err(Gap::new(GapKind::KnownAfterApply, message));
            }
        },
        _ => to.text()?.unwrap_or_default(),
    };
    let account = match destination.get("account").text()? {
        Some(account) => Some(account),
        None => destination.get("account_id").text()?,
    };
    let kms = node.block("source_selection_criteria").block("sse_kms_encrypted_objects");
    let copies = kms.get("status").text()?.as_deref() == Some("Enabled") || kms.get("enabled").bool()? == Some(true);
    Ok(ReplicationRule {
        id,
        is_enabled: node.get("status").text()?.as_deref() == Some("Enabled"),
        prefix: prefix.unwrap_or_default(),
        destination_bucket_arn,
        destination_account: account,
        copies_kms_encrypted: copies,
    })
}
