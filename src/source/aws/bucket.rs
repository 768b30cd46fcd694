//! Buckets that trails deliver to: whose they are, where they are, and how they are set.
//!
//! No API names a bucket's owner. The account's own list of buckets does: what is not in it belongs to another account.

use std::collections::BTreeSet;

use aws_sdk_s3::types as sdk;
use futures_util::future::join_all;
use tokio::join;

use super::ask::{Ask, Heard, Next, Reader, STUCK, fact, not_understood, text, try_fact};
use super::{Fleet, Member};
use crate::aws::Refusal;
use crate::aws::operation::{
    GET_BUCKET_ACL, GET_BUCKET_ENCRYPTION, GET_BUCKET_LIFECYCLE_CONFIGURATION, GET_BUCKET_LOCATION, GET_BUCKET_LOGGING,
    GET_BUCKET_OWNERSHIP_CONTROLS, GET_BUCKET_POLICY, GET_BUCKET_POLICY_STATUS, GET_BUCKET_PUBLIC_ACCESS_BLOCK,
    GET_BUCKET_REPLICATION, GET_BUCKET_TAGGING, GET_BUCKET_VERSIONING, GET_OBJECT_LOCK_CONFIGURATION, HEAD_BUCKET, LIST_BUCKETS,
    LIST_OBJECTS,
};
use crate::inventory::bucket::{Grant, LifecycleRule, ObjectLock, PublicAccessBlock, ReplicationRule, Transition};
use crate::inventory::document::PolicyDocument;
use crate::inventory::{Bucket, Fact, Gap, GapKind, Listing, Origin, Remedy, Tag, TrailRef};
use crate::source::blank;

/// Who may own a bucket: the accounts to ask, in this order.
pub(super) struct Candidates<'a> {
    /// Asked one after another, because each is likely.
    pub(super) likely: Vec<&'a Member>,
    /// The others are asked together, where no likely one owns it.
    pub(super) fleet: &'a Fleet,
    /// Who names the bucket, and asks whether it exists where nobody owns it.
    pub(super) namer: &'a Member,
}

/// How many accounts are asked at a time whether they own a bucket.
const WAVE: usize = 16;

/// Reads a bucket, in the account that owns it. The key of its default encryption is joined later. Tells who read it.
pub(super) async fn collect<'a>(
    candidates: &Candidates<'a>,
    name: &str,
    partition: &str,
    trails: Listing<TrailRef>,
) -> (Bucket, &'a Member) {
    let (place, member) = locate(candidates, name).await;
    let reader = &*member.reader;
    let mut bucket = match place {
        Place::Elsewhere { gap, region, exists } => {
            let mut bucket = unread(name, partition, &gap);
            bucket.exists = exists;
            if let Some(region) = region {
                bucket.region = region;
            }
            bucket
        }
        Place::Here { owner, region, exists } => {
            let account_block = match &owner {
                Fact::Unknown(gap) => Fact::Unknown(gap.clone()),
                _ => member.facts.public_access_block.clone(),
            };
            let mut bucket = match region.known().cloned() {
                Some(asked) => read(reader, name, partition, &asked, (owner, region, account_block)).await,
                None => {
                    let gap = region.gap().cloned().expect("a Region is read or unknown, never one of several");
                    let owner_account = owner;
                    Bucket { owner_account, region, account_public_access_block: account_block, ..unread(name, partition, &gap) }
                }
            };
            bucket.exists = exists;
            bucket
        }
    };
    bucket.trails = trails;
    (bucket, member)
}

/// Where a bucket is.
enum Place {
    /// To be read by this account, though the owner may be unknown.
    Here { owner: Fact<String>, region: Fact<String>, exists: Fact<bool> },
    /// Of another account, or nowhere.
    Elsewhere { gap: Gap, region: Option<Fact<String>>, exists: Fact<bool> },
}

async fn locate<'a>(candidates: &Candidates<'a>, name: &str) -> (Place, &'a Member) {
    let mut unclear: Vec<(&Member, Gap)> = Vec::new();
    let mut likely = candidates.likely.iter().copied();
    let is_likely: BTreeSet<&str> = candidates.likely.iter().map(|member| member.id()).collect();
    let mut others = candidates.fleet.members().filter(|member| !is_likely.contains(member.id()));
    loop {
        let wave: Vec<&Member> = match likely.next() {
            Some(member) => vec![member],
            None => others.by_ref().take(WAVE).collect(),
        };
        if wave.is_empty() {
            break;
        }
        let answers = join_all(wave.iter().map(async |member| (*member, own_buckets(&member.reader, name).await))).await;
        for (member, owned) in answers {
            match owned {
                Owned::Yes { owner, region } => {
                    let exists = owner.clone().map(|_| true);
                    let region = match region {
                        Some(region) => region,
                        None => located(&member.reader, name, &head(&member.reader, name).await).await,
                    };
                    return (Place::Here { owner, region, exists }, member);
                }
                Owned::No => {}
                Owned::Unclear(gap) => unclear.push((member, gap)),
            }
        }
    }
    match unclear.into_iter().next() {
        None => (elsewhere(candidates, name).await, candidates.namer),
        Some((member, gap)) => {
            let head = head(&member.reader, name).await;
            let exists = existence(&head);
            let place = match &head {
                Err(refusal) if refusal.status == Some(404) => {
                    Place::Elsewhere { gap: no_bucket(name, refusal), region: None, exists }
                }
                _ => Place::Here { owner: Fact::Unknown(gap), region: located(&member.reader, name, &head).await, exists },
            };
            (place, member)
        }
    }
}

/// Whether a bucket exists: an answer and a redirection say so, and so does "not found". A refusal does not.
fn existence(head: &Heard<Option<String>>) -> Fact<bool> {
    match head {
        Ok(answer) => Fact::observed(true, answer.origin()),
        Err(refusal) => match (refusal.status, refusal.gap.call.clone()) {
            (Some(404), Some(call)) => Fact::observed(false, Origin::Call(call)),
            (Some(301), Some(call)) => Fact::observed(true, Origin::Call(call)),
            _ => Fact::Unknown((*refusal.gap).clone()),
        },
    }
}

async fn located(reader: &Reader, name: &str, head: &Heard<Option<String>>) -> Fact<String> {
    match region_of(head) {
        Some(region) => region,
        None => {
            let base = reader.session.base_region();
            let request = reader.session.s3(base).get_bucket_location().bucket(name).send();
            let heard = reader.ask(Ask::new(GET_BUCKET_LOCATION, base, name), request).await;
            fact(&heard, |output| location(output.location_constraint()))
        }
    }
}

/// The first Region of each partition's S3 answers with nothing, and Ireland with the name it had before Regions had names.
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html>.
fn location(constraint: Option<&sdk::BucketLocationConstraint>) -> String {
    match constraint.map(sdk::BucketLocationConstraint::as_str) {
        None | Some("") => "us-east-1".into(),
        Some("EU") => "eu-west-1".into(),
        Some(region) => region.into(),
    }
}

enum Owned {
    Yes { owner: Fact<String>, region: Option<Fact<String>> },
    No,
    Unclear(Gap),
}

async fn own_buckets(reader: &Reader, name: &str) -> Owned {
    let base = reader.session.base_region();
    let client = reader.session.s3(base);
    let mut token = None;
    loop {
        let request = client.list_buckets().prefix(name).max_buckets(1000).set_continuation_token(token.clone()).send();
        let page = match reader.ask(Ask::new(LIST_BUCKETS, base, name), request).await {
            Err(refusal) => return Owned::Unclear(*refusal.gap),
            Ok(page) => page,
        };
        if let Some(bucket) = page.value.buckets().iter().find(|bucket| bucket.name() == Some(name)) {
            return Owned::Yes {
                owner: Fact::observed(reader.account.clone(), page.origin()),
                region: text(bucket.bucket_region()).map(|region| Fact::observed(region, page.origin())),
            };
        }
        match Next::after(token.as_deref(), page.value.continuation_token()) {
            Next::More(next) => token = Some(next),
            Next::Done => return Owned::No,
            Next::Stuck => return Owned::Unclear(not_understood(&page, STUCK)),
        }
    }
}

/// Whether the bucket exists, and its Region. Refusals tell too.
async fn head(reader: &Reader, name: &str) -> Heard<Option<String>> {
    let base = reader.session.base_region();
    let request = reader.session.s3(base).head_bucket().bucket(name).send();
    let heard = reader.ask(Ask::new(HEAD_BUCKET, base, name).probing(), request).await;
    heard.map(|answer| crate::aws::Answer { value: text(answer.value.bucket_region()), call: answer.call })
}

fn region_of(head: &Heard<Option<String>>) -> Option<Fact<String>> {
    let (region, call) = match head {
        Ok(answer) => (answer.value.clone()?, answer.call.clone()),
        Err(refusal) => (refusal.bucket_region.clone()?, refusal.gap.call.clone()?),
    };
    Some(Fact::observed(region, Origin::Call(call)))
}

fn no_bucket(name: &str, refusal: &Refusal) -> Gap {
    let gap = Gap::new(GapKind::NotFound, format!("bucket {name} does not exist, though a trail names it"));
    let gap = gap.with_remedy(Remedy::Do("create the bucket in an account of yours, or let the trail deliver elsewhere".into()));
    Gap { call: refusal.gap.call.clone(), ..gap }
}

/// A bucket that no account lists: another account's, or none.
async fn elsewhere(candidates: &Candidates<'_>, name: &str) -> Place {
    let head = head(&candidates.namer.reader, name).await;
    let exists = existence(&head);
    match &head {
        Err(refusal) if refusal.status == Some(404) => {
            return Place::Elsewhere { gap: no_bucket(name, refusal), region: None, exists };
        }
        Err(refusal) if refusal.status.is_none_or(|status| status >= 500) => {
            return Place::Elsewhere { gap: (*refusal.gap).clone(), region: None, exists };
        }
        _ => {}
    }
    let asked = match candidates.fleet.members().count() {
        1 => format!("account {}", candidates.namer.reader.account),
        n => format!("the {n} accounts that were read"),
    };
    let message = format!("bucket {name} is not among the buckets of {asked}, so another account owns it");
    let call = match &head {
        Ok(answer) => Some(answer.call.clone()),
        Err(refusal) => refusal.gap.call.clone(),
    };
    let gap = Gap { call, ..Gap::new(GapKind::OtherAccount, message).with_remedy(Remedy::ScanAccount { account: None }) };
    let exists = match exists {
        Fact::Unknown(_) => Fact::Unknown(gap.clone()),
        known => known,
    };
    Place::Elsewhere { gap, region: region_of(&head), exists }
}

/// A bucket of which nothing could be read.
fn unread(name: &str, partition: &str, gap: &Gap) -> Bucket {
    Bucket { name: name.to_string(), partition: partition.to_string(), ..blank::bucket(gap) }
}

/// Reads a bucket in its Region. `known` is what was found out before: owner, Region, the owner's public access block.
async fn read(
    reader: &Reader,
    name: &str,
    partition: &str,
    region: &str,
    known: (Fact<String>, Fact<String>, Fact<PublicAccessBlock>),
) -> Bucket {
    let s3 = reader.session.s3(region);
    let ask = |operation| Ask::new(operation, region, name);
    let policies = async {
        let policy =
            reader.ask_or_none(ask(GET_BUCKET_POLICY), &["NoSuchBucketPolicy"], s3.get_bucket_policy().bucket(name).send()).await;
        if let Ok(answer) = &policy
            && answer.value.is_none()
        {
            return (policy.clone(), Fact::observed(false, answer.origin()));
        }
        let request = s3.get_bucket_policy_status().bucket(name).send();
        let status = reader.ask_or_none(ask(GET_BUCKET_POLICY_STATUS), &["NoSuchBucketPolicy"], request).await;
        let is_public = try_fact(&status, |output| match output {
            None => Ok(false),
            Some(output) => {
                output.policy_status().and_then(|s| s.is_public()).ok_or_else(|| "`IsPublic` is missing in the answer".into())
            }
        });
        (policy, is_public)
    };
    let (
        versioning,
        encryption,
        block,
        (policy, policy_is_public),
        acl,
        ownership,
        logging,
        lock,
        lifecycle,
        replication,
        tags,
        keys,
    ) = join!(
        reader.ask(ask(GET_BUCKET_VERSIONING), s3.get_bucket_versioning().bucket(name).send()),
        reader.ask_or_none(
            ask(GET_BUCKET_ENCRYPTION),
            &["ServerSideEncryptionConfigurationNotFoundError"],
            s3.get_bucket_encryption().bucket(name).send(),
        ),
        reader.ask_or_none(
            ask(GET_BUCKET_PUBLIC_ACCESS_BLOCK),
            &["NoSuchPublicAccessBlockConfiguration"],
            s3.get_public_access_block().bucket(name).send(),
        ),
        policies,
        reader.ask(ask(GET_BUCKET_ACL), s3.get_bucket_acl().bucket(name).send()),
        reader.ask_or_none(
            ask(GET_BUCKET_OWNERSHIP_CONTROLS),
            &["OwnershipControlsNotFoundError"],
            s3.get_bucket_ownership_controls().bucket(name).send(),
        ),
        reader.ask(ask(GET_BUCKET_LOGGING), s3.get_bucket_logging().bucket(name).send()),
        reader.ask_or_none(
            ask(GET_OBJECT_LOCK_CONFIGURATION),
            &["ObjectLockConfigurationNotFoundError"],
            s3.get_object_lock_configuration().bucket(name).send(),
        ),
        reader.ask_or_none(
            ask(GET_BUCKET_LIFECYCLE_CONFIGURATION),
            &["NoSuchLifecycleConfiguration"],
            s3.get_bucket_lifecycle_configuration().bucket(name).send(),
        ),
        reader.ask_or_none(
            ask(GET_BUCKET_REPLICATION),
            &["ReplicationConfigurationNotFoundError"],
            s3.get_bucket_replication().bucket(name).send(),
        ),
        reader.ask_or_none(ask(GET_BUCKET_TAGGING), &["NoSuchTagSet"], s3.get_bucket_tagging().bucket(name).send()),
        top_level(reader, name, region),
    );
    let encryption = encryption.map(|answer| {
        let rules = answer.value.and_then(|output| output.server_side_encryption_configuration).map(|config| config.rules);
        crate::aws::Answer { value: rules.and_then(|rules| rules.into_iter().next()), call: answer.call }
    });
    let by_default = |rule: &Option<sdk::ServerSideEncryptionRule>| {
        rule.as_ref().and_then(|rule| rule.apply_server_side_encryption_by_default()).cloned()
    };
    let log_target =
        |output: &aws_sdk_s3::operation::get_bucket_logging::GetBucketLoggingOutput| output.logging_enabled().cloned();
    let access_log_bucket_exists = match logging.as_ref().map(|answer| (log_target(&answer.value), answer.origin())) {
        Err(refusal) => Fact::Unknown((*refusal.gap).clone()),
        Ok((None, from)) => Fact::observed(None, from),
        Ok((Some(target), from)) if target.target_bucket == name => Fact::observed(Some(true), from),
        Ok((Some(target), _)) => existence(&head(reader, &target.target_bucket).await).map(Some),
    };
    let (owner_account, bucket_region, account_public_access_block) = known;
    Bucket {
        name: name.to_string(),
        partition: partition.to_string(),
        exists: owner_account.clone().map(|_| true),
        owner_account,
        region: bucket_region,
        versioning: fact(&versioning, |output| output.status().map(|status| status.as_str().to_string())),
        mfa_delete: try_fact(&versioning, |output| match output.mfa_delete() {
            None | Some(sdk::MfaDeleteStatus::Disabled) => Ok(false),
            Some(sdk::MfaDeleteStatus::Enabled) => Ok(true),
            Some(other) => Err(format!("MFA delete is `{}`", other.as_str())),
        }),
        default_encryption: fact(&encryption, |rule| by_default(rule).map(|d| d.sse_algorithm().as_str().to_string())),
        default_encryption_key_id: fact(&encryption, |rule| {
            let default = by_default(rule)?;
            text(default.kms_master_key_id()).filter(|id| id != AWS_S3_KEY && !id.ends_with(":alias/aws/s3"))
        }),
        default_encryption_key: fact(&encryption, |_| None),
        bucket_key_enabled: fact(&encryption, |rule| rule.as_ref().and_then(|rule| rule.bucket_key_enabled()).unwrap_or(false)),
        policy: try_fact(&policy, |output| match output.as_ref().and_then(|output| output.policy()) {
            None => Ok(None),
            Some(text) => PolicyDocument::parse(text).map(Some).map_err(|e| format!("the policy of bucket {name}: {e}")),
        }),
        policy_is_public,
        acl_owner: fact(&acl, |output| text(output.owner().and_then(|owner| owner.id()))),
        acl_grants: try_fact(&acl, |output| output.grants().iter().map(grant).collect()),
        object_ownership: fact(&ownership, |output| {
            let rules = output.as_ref()?.ownership_controls()?.rules();
            rules.first().map(|rule| rule.object_ownership().as_str().to_string())
        }),
        public_access_block: fact(&block, |output| {
            let flags = output.as_ref().and_then(|output| output.public_access_block_configuration());
            let flag = |read: fn(&sdk::PublicAccessBlockConfiguration) -> Option<bool>| flags.and_then(read).unwrap_or(false);
            PublicAccessBlock {
                level: "bucket".into(),
                block_public_acls: flag(|f| f.block_public_acls()),
                ignore_public_acls: flag(|f| f.ignore_public_acls()),
                block_public_policy: flag(|f| f.block_public_policy()),
                restrict_public_buckets: flag(|f| f.restrict_public_buckets()),
            }
        }),
        access_log_bucket: fact(&logging, |output| log_target(output).map(|target| target.target_bucket)),
        access_log_bucket_exists,
        access_log_prefix: fact(&logging, |output| text(log_target(output)?.target_prefix().into())),
        object_lock: fact(&lock, |output| output.as_ref()?.object_lock_configuration().and_then(object_lock)),
        lifecycle_rules: try_fact(&lifecycle, |output| {
            output.as_ref().map_or(&[][..], |output| output.rules()).iter().map(lifecycle_rule).collect()
        }),
        replication_rules: try_fact(&replication, |output| {
            let config = output.as_ref().and_then(|output| output.replication_configuration());
            config.map_or(&[][..], |config| config.rules()).iter().map(replication_rule).collect()
        }),
        tags: fact(&tags, |output| {
            let set = output.as_ref().map_or(&[][..], |output| output.tag_set());
            let mut tags: Vec<Tag> =
                set.iter().map(|tag| Tag { key: tag.key().to_string(), value: tag.value().to_string() }).collect();
            tags.sort_by(|a, b| a.key.cmp(&b.key));
            tags
        }),
        top_level_prefixes: keys,
        account_public_access_block,
        trails: Listing::default(),
    }
}

const AWS_S3_KEY: &str = "alias/aws/s3";

/// The top level of the keys: one page, which is enough for a bucket that holds logs alone.
async fn top_level(reader: &Reader, name: &str, region: &str) -> Listing<String> {
    let request = reader.session.s3(region).list_objects_v2().bucket(name).delimiter("/").max_keys(1000).send();
    let answer = match reader.ask(Ask::new(LIST_OBJECTS, region, name), request).await {
        Err(refusal) => return Listing::unread(*refusal.gap),
        Ok(answer) => answer,
    };
    let prefixes = answer.value.common_prefixes().iter().filter_map(|prefix| prefix.prefix());
    let objects = answer.value.contents().iter().filter_map(|object| object.key());
    let mut listing = Listing::complete(prefixes.chain(objects).map(str::to_string).collect(), vec![answer.origin()]);
    if answer.value.is_truncated() == Some(true) {
        let message = format!("bucket {name} has more than 1,000 top-level keys; only the first page was read");
        listing.add_gap(Gap::new(GapKind::AbsentInput, message).with_call(answer.call));
    }
    listing
}

fn grant(grant: &sdk::Grant) -> Result<Grant, String> {
    let grantee = grant.grantee().ok_or("a grant without a grantee")?;
    let permission = grant.permission().ok_or("a grant without a permission")?.as_str().to_string();
    match (text(grantee.uri()), text(grantee.id()), text(grantee.email_address())) {
        (Some(uri), _, _) => Ok(Grant { grantee: uri, is_group: true, permission }),
        (None, Some(id), _) | (None, None, Some(id)) => Ok(Grant { grantee: id, is_group: false, permission }),
        (None, None, None) => Err("a grant to nobody that is named".into()),
    }
}

fn object_lock(config: &sdk::ObjectLockConfiguration) -> Option<ObjectLock> {
    let status = config.object_lock_enabled()?.as_str().to_string();
    let retention = config.rule().and_then(|rule| rule.default_retention());
    Some(ObjectLock {
        status,
        mode: retention.and_then(|r| r.mode()).map(|mode| mode.as_str().to_string()),
        days: retention.and_then(|r| r.days().map(i64::from).or(r.years().map(|years| i64::from(years) * 365))),
    })
}

fn lifecycle_rule(rule: &sdk::LifecycleRule) -> Result<LifecycleRule, String> {
    let filter = rule.filter();
    let and = filter.and_then(|f| f.and());
    #[expect(deprecated, reason = "rules that were written before filters existed still have it")]
    let of_rule = rule.prefix();
    let prefix = filter.and_then(|f| f.prefix()).or(and.and_then(|a| a.prefix())).or(of_rule).unwrap_or_default();
    let is_limited = filter
        .is_some_and(|f| f.tag().is_some() || f.object_size_greater_than().is_some() || f.object_size_less_than().is_some())
        || and.is_some_and(|a| {
            !a.tags().is_empty() || a.object_size_greater_than().is_some() || a.object_size_less_than().is_some()
        });
    let expiration = rule.expiration();
    let noncurrent = rule.noncurrent_version_expiration();
    let expiration_date = match expiration.and_then(|e| e.date()) {
        None => None,
        Some(date) => super::ask::time(Some(date))?.map(|time| time.strftime("%Y-%m-%d").to_string()),
    };
    let class = |class: Option<&sdk::TransitionStorageClass>| {
        class.map(|c| c.as_str().to_string()).ok_or("a transition without a storage class")
    };
    let transitions = rule
        .transitions()
        .iter()
        .map(|t| Ok(Transition { storage_class: class(t.storage_class())?, days: t.days().map(i64::from) }))
        .collect::<Result<_, String>>()?;
    let noncurrent_transitions = rule
        .noncurrent_version_transitions()
        .iter()
        .map(|t| Ok(Transition { storage_class: class(t.storage_class())?, days: t.noncurrent_days().map(i64::from) }))
        .collect::<Result<_, String>>()?;
    Ok(LifecycleRule {
        id: rule.id().unwrap_or_default().to_string(),
        is_enabled: *rule.status() == sdk::ExpirationStatus::Enabled,
        prefix: prefix.to_string(),
        is_limited,
        expiration_days: expiration.and_then(|e| e.days()).map(i64::from),
        expiration_date,
        noncurrent_expiration_days: noncurrent.and_then(|n| n.noncurrent_days()).map(i64::from),
        newer_noncurrent_versions: noncurrent.and_then(|n| n.newer_noncurrent_versions()).map(i64::from),
        transitions,
        noncurrent_transitions,
    })
}

/// A rule that is limited by tags copies an unknown part of the keys, which the inventory has no word for.
fn replication_rule(rule: &sdk::ReplicationRule) -> Result<ReplicationRule, String> {
    let filter = rule.filter();
    let and = filter.and_then(|f| f.and());
    if filter.is_some_and(|f| f.tag().is_some()) || and.is_some_and(|a| !a.tags().is_empty()) {
        return Err(format!("replication rule `{}` is limited by tags", rule.id().unwrap_or_default()));
    }
    #[expect(deprecated, reason = "rules that were written before filters existed still have it")]
    let of_rule = rule.prefix();
    let prefix = filter.and_then(|f| f.prefix()).or(and.and_then(|a| a.prefix())).or(of_rule).unwrap_or_default();
    let destination = rule.destination().ok_or("a replication rule without a destination")?;
    Ok(ReplicationRule {
        id: rule.id().unwrap_or_default().to_string(),
        is_enabled: *rule.status() == sdk::ReplicationRuleStatus::Enabled,
        prefix: prefix.to_string(),
        destination_bucket_arn: destination.bucket().to_string(),
        destination_account: text(destination.account()),
        copies_kms_encrypted: rule
            .source_selection_criteria()
            .and_then(|criteria| criteria.sse_kms_encrypted_objects())
            .is_some_and(|objects| *objects.status() == sdk::SseKmsEncryptedObjectsStatus::Enabled),
    })
}
