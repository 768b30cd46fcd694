//! Live accounts, and recordings of them: the collectors, one file a service.
//!
//! Collectors ask as little as the facts need, and turn answers into facts next to the call that gave them. They know
//! nothing of credentials, pacing and recording, nor of what the facts are good for.
//!
//! # Calls
//!
//! When every call is answered, on one page each, an account costs
//!
//! ```text
//!   6                     GetCallerIdentity, ListRegions, ListAccountAliases, account GetPublicAccessBlock,
//!                         ListTrails, DescribeTrails
//! + h                     DescribeTrails in h home Regions of single-Region trails that the base Region does not show
//! + sum over trails       GetTrailStatus in each Region covered that was asked for (all enabled ones by default; for a
//!                         single-Region trail its home), once more in the home Region where that is not among them,
//!                         GetEventSelectors 1, ListTags 1, GetInsightSelectors 1 if the trail has some
//! + sum over own buckets  ListBuckets 1, HeadBucket 1 if ListBuckets does not tell the Region, 12 settings,
//!                         GetBucketPolicyStatus 1 if there is a policy
//! + 2 x foreign buckets   ListBuckets, HeadBucket
//! + sum over keys         DescribeKey 1 a name, GetKeyPolicy 1, GetKeyRotationStatus 1 if the key can rotate
//! ```
//!
//! Other buckets, keys and Regions of the account change nothing.

mod account;
mod arn;
mod ask;
mod bucket;
mod key;
#[cfg(test)]
mod tests;
mod trail;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use tokio::join;

use self::ask::Reader;
use crate::aws::Session;
use crate::inventory::{
    Account, AccountScope, Bucket, Fact, Gap, Inventory, KeyRef, Listing, RegionOutcome, Scope, Trail, TrailRef,
};

/// Why nothing was collected.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    #[error("the account cannot be identified: {}", .0.message)]
    Identity(Gap),
}

impl CollectError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        let Self::Identity(gap) = self;
        gap.remedy.as_ref().map_or_else(|| "check the credentials, or the recording".into(), ToString::to_string)
    }
}

/// Reads an account into an inventory. What cannot be read is a gap in it, also when the run is stopped on its way.
///
/// # Errors
/// The account cannot be identified, so that nothing can be read.
pub async fn collect(session: &Session) -> Result<Inventory, CollectError> {
    let identity = session.identity().await.map_err(|refusal| CollectError::Identity(*refusal.gap))?;
    let reader = Reader::new(session, &identity.account);
    let (facts, (trail_refs, found)) = join!(Box::pin(account::collect(&reader)), Box::pin(trail::find(&reader)));

    let names: BTreeSet<&str> = found.iter().filter_map(trail::Found::bucket).collect();
    let buckets = names.into_iter().map(|name| {
        let trails = found.iter().filter(|f| f.bucket() == Some(name)).map(|f| TrailRef(f.arn.clone())).collect();
        let listing = Listing { items: trails, gaps: trail_refs.gaps.clone(), from: trail_refs.from.clone() };
        Box::pin(bucket::collect(&reader, name, &identity.partition, listing, &facts.public_access_block))
    });
    let trails = found.iter().map(|found| Box::pin(trail::collect(&reader, found, &facts.regions)));
    let (mut trails, mut buckets) = join!(join_all(trails), join_all(buckets));
    note_unknown_buckets(&trails, &mut buckets);

    let of_trails: BTreeMap<String, key::Named> = found.iter().filter_map(|f| Some((f.arn.clone(), f.key()?))).collect();
    let of_buckets: BTreeMap<String, key::Named> =
        buckets.iter().filter_map(|bucket| Some((bucket.name.clone(), key_of_bucket(bucket)?))).collect();
    let named = of_trails.values().chain(of_buckets.values()).cloned().collect();
    let (keys, refs) = Box::pin(key::collect(&reader, &named)).await;
    for trail in &mut trails {
        let key = of_trails.get(&trail.arn).and_then(|named| refs.get(named));
        trail.kms_key = joined(&trail.kms_key_id, key);
    }
    for bucket in &mut buckets {
        let key = of_buckets.get(&bucket.name).and_then(|named| refs.get(named));
        bucket.default_encryption_key = joined(&bucket.default_encryption_key_id, key);
    }

    let regions = account::region_scopes(&reader, facts.known);
    let mut gaps: BTreeSet<Gap> = facts.regions.gaps.iter().chain(&trail_refs.gaps).cloned().collect();
    gaps.extend(regions.iter().filter_map(|region| match &region.outcome {
        RegionOutcome::Gap(gap) => Some(gap.clone()),
        _ => None,
    }));
    let mut inventory = Inventory::empty(Scope {
        started: session.started(),
        ended: session.ended(),
        interrupted: session.was_interrupted(),
        synthetic: session.is_synthetic(),
        regions_asked: session.regions_asked().to_vec(),
        accounts: vec![AccountScope { id: identity.account.clone(), reached: true, gaps: gaps.into_iter().collect(), regions }],
    });
    inventory.accounts.push(Account {
        id: identity.account,
        global_events_region: account::global_events_region(&identity.partition, session.base_region()),
        partition: identity.partition,
        alias: facts.alias,
        caller_arn: Fact::observed(identity.caller_arn, identity.from),
        regions: facts.regions,
        trails: trail_refs,
        public_access_block: facts.public_access_block,
    });
    inventory.trails = trails;
    inventory.buckets = buckets;
    inventory.keys = keys;
    inventory.calls = session.calls();
    inventory.sort();
    Ok(inventory)
}

/// A trail whose bucket is not known may deliver to any.
fn note_unknown_buckets(trails: &[Trail], buckets: &mut [Bucket]) {
    for gap in trails.iter().filter_map(|trail| trail.bucket.gap()) {
        for bucket in buckets.iter_mut() {
            bucket.trails.add_gap(gap.clone());
        }
    }
}

/// The key that a bucket encrypts with by default, and the Region to ask for it.
fn key_of_bucket(bucket: &Bucket) -> Option<key::Named> {
    let name = bucket.default_encryption_key_id.known()?.clone()?;
    let region = arn::Arn::parse(&name).map(|parts| parts.region.to_string()).or_else(|| bucket.region.known().cloned())?;
    Some((name, region))
}

/// The key's name as a reference to the key.
fn joined(name: &Fact<Option<String>>, key: Option<&KeyRef>) -> Fact<Option<KeyRef>> {
    name.clone().map(|name| name.and(key.cloned()))
}
