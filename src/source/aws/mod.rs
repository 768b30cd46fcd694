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
//!   7                     GetCallerIdentity, ListRegions, ListAccountAliases, account GetPublicAccessBlock,
//!                         ListTrails, DescribeTrails, DescribeOrganization
//! + 1                     GetAccountSummary
//! + 7 R                   in each of R enabled Regions: ListRules, ListEventDataStores, DescribeConfigurationRecorders and
//!                         their status, DescribeDeliveryChannelStatus, ListDetectors, DescribeHub; with `--skip`, fewer
//! + a rule about events   ListTargetsByRule 1, where the rule is enabled and may match what CloudTrail sends
//! + a detector            GetDetector 1
//! + an event data store   GetEventDataStore 1
//! + h                     DescribeTrails in h home Regions of single-Region trails that the base Region does not show
//! + sum over own trails   GetTrailStatus in each Region covered that was asked for (all enabled ones by default; for a
//!                         single-Region trail its home), once more in the home Region where that is not among them,
//!                         GetEventSelectors 1, ListTags 1, GetInsightSelectors 1 if the trail has some
//! ```
//!
//! and what trails name costs, once in all accounts together,
//!
//! ```text
//!   a foreign trail       the same as an own one, where the account that owns it is not read; and GetTrailStatus in each
//!                         Region that only another account has enabled
//! + a bucket of a reader  ListBuckets 1 an account until its owner is found, HeadBucket 1 if ListBuckets does not tell the
//!                         Region, 12 settings, GetBucketPolicyStatus 1 if there is a policy, HeadBucket 1 of the bucket
//!                         that its access logs go to, if that is another
//! + a foreign bucket      ListBuckets 1 an account, HeadBucket 1
//! + a key                 DescribeKey 1 a name, GetKeyPolicy 1, GetKeyRotationStatus 1 if the key can rotate
//! + a log group           DescribeLogGroups in the account that owns it; where it exists, DescribeMetricFilters and
//!                         DescribeSubscriptionFilters
//! + its account's Region  DescribeAlarms where it has metric filters, one page a hundred alarms; ListAlarmMuteRules where one
//!                         of them watches what is counted, GetAlarmMuteRule a mute rule
//! + a trail's role        GetRole, ListRolePolicies, ListAttachedRolePolicies; GetRolePolicy a policy that is written into it,
//!                         GetPolicy and GetPolicyVersion one that is attached to it, and the same for its permissions boundary
//! + a topic               GetTopicAttributes 1, also where an alarm or a rule names it
//! + an organization       ListAccounts, ListDelegatedAdministrators, ListAWSServiceAccessForOrganization, one page each, where
//!                         its management account is read; with organizational units named, two more a unit
//! + an account's role     AssumeRole 1
//! ```
//!
//! Other buckets, keys and Regions change nothing.

mod account;
mod alarm;
mod arn;
mod ask;
mod beside;
mod bucket;
mod event_bus;
mod event_data_store;
mod fleet;
mod key;
mod log_group;
mod naming;
mod neighbour;
mod organization;
mod population;
mod role;
mod spread;
#[cfg(test)]
mod tests;
mod topic;
mod trail;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt};
use tokio::join;

use self::ask::Reader;
use self::fleet::{Fleet, Member};
use self::naming::Naming;
use self::population::Population;
use self::spread::spread;
use crate::aws::{Plan, Role, Session};
use crate::inventory::{
    Account, AccountScope, Alarm, Bucket, Fact, Family, Gap, GapKind, Inventory, KeyRef, Listing, LogGroup, Organization,
    OrganizationRef, RegionOutcome, RegionScope, Role as LogRole, Scope, Standing, Topic, TopicRef, Trail, TrailRef,
};

/// How many accounts are read at a time.
const ACCOUNTS_AT_A_TIME: usize = 24;

/// Why nothing was collected.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    #[error("the account cannot be identified: {}", .0.message)]
    Identity(Gap),
    #[error("the accounts of the organization cannot be listed: {}", .0.message)]
    Organization(Gap),
    #[error("there is no organizational unit {unit}: {}", .gap.message)]
    Unit { unit: String, gap: Box<Gap> },
    #[error("no account is left to read: {}", .0.message)]
    Nobody(Gap),
}

impl CollectError {
    /// The call that was not answered.
    pub fn gap(&self) -> &Gap {
        match self {
            Self::Identity(gap) | Self::Organization(gap) | Self::Nobody(gap) => gap,
            Self::Unit { gap, .. } => gap,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Identity(gap) => {
                gap.remedy.as_ref().map_or_else(|| "check the credentials, or the recording".into(), ToString::to_string)
            }
            Self::Organization(_) => {
                "run it with credentials of the organization's management account or of an account that administers \
                                      a service for it, or name accounts with `--account`"
                    .into()
            }
            Self::Nobody(_) => "name other units, or exclude less".into(),
            Self::Unit { .. } => "`aws organizations list-organizational-units-for-parent` shows the units".into(),
        }
    }
}

/// Reads the accounts that the plan means into an inventory. What cannot be read is a gap in it, also when the run is
/// stopped on its way, and also a whole account.
///
/// # Errors
/// The caller cannot be identified, or the accounts that are meant cannot be told, so that nothing can be read.
pub async fn collect(session: &Session, plan: &Plan) -> Result<Inventory, CollectError> {
    let identity = session.identity().await.map_err(|refusal| CollectError::Identity(*refusal.gap))?;
    let population = population::find(session, &identity, plan).await?;
    session.progress().accounts(population.asked.len());
    let entered =
        stream::iter(population.asked.keys().cloned())
            .map(|account| {
                let (session, partition) = (session.clone(), identity.partition.clone());
                let role = (account != identity.account || plan.accounts.get(&account).is_some_and(Option::is_some)).then(|| {
                    Role { arn: plan.role(&account, &partition), account: account.clone(), external_id: plan.external_id.clone() }
                });
                // Each account is a task of its own, so that many of them share the machine's cores.
                let skip = plan.skip.clone();
                let task = tokio::spawn(async move {
                    let read = enter(&session, role, &skip).await;
                    session.progress().account_done();
                    read
                });
                async move { (account, task.await) }
            })
            .buffer_unordered(ACCOUNTS_AT_A_TIME)
            .collect::<Vec<_>>()
            .await;
    let (mut members, mut unreached) = (Vec::new(), BTreeMap::new());
    for (account, read) in entered {
        match read {
            Ok(Ok(member)) => members.push(*member),
            Ok(Err(gap)) => drop(unreached.insert(account, *gap)),
            Err(error) => {
                let gap = Gap::new(GapKind::Failed, format!("reading account {account} ended early: {error}"));
                unreached.insert(account, gap);
            }
        }
    }
    let fleet = Fleet::new(members);
    Ok(join_all_facts(session, plan, population, fleet, unreached).await)
}

/// Enters an account, and reads what it can tell of itself alone.
async fn enter(session: &Session, role: Option<Role>, skip: &BTreeSet<Family>) -> Result<Box<Member>, Box<Gap>> {
    let session = match role {
        None => session.clone(),
        Some(role) => session.assume(&role).await?,
    };
    let identity = session.identity().await.map_err(|refusal| refusal.gap)?;
    let reader = Arc::new(Reader::new(session, &identity.account));
    let (facts, (trails, found), organization) =
        join!(Box::pin(account::collect(&reader)), Box::pin(trail::find(&reader)), Box::pin(organization::of_account(&reader)));
    let is_disabled = |known: &&(String, Option<RegionOutcome>)| known.1 == Some(RegionOutcome::NotEnabled);
    reader.leave_out(facts.known.iter().filter(is_disabled).map(|(region, _)| region.clone()).collect());
    let own = found.iter().filter(|found| found.owner() == identity.account);
    let own = join_all(own.map(|found| Box::pin(trail::collect(&reader, found, &facts.regions))));
    let beside = Box::pin(beside::collect(&reader, &identity.partition, &facts.regions, skip));
    let (own, beside) = join!(own, beside);
    Ok(Box::new(Member { reader, identity, facts, organization, beside, trails, found, own }))
}

/// Reads what accounts name in one another, and joins it all.
async fn join_all_facts(
    session: &Session,
    plan: &Plan,
    population: Population,
    mut fleet: Fleet,
    unreached: BTreeMap<String, Gap>,
) -> Inventory {
    let mut trails = shared_trails(&mut fleet).await;
    let fleet = Arc::new(fleet);
    let organizations = organizations(&fleet, &population, &trails);
    let log_groups = log_groups(&fleet, &trails);
    let buckets = buckets(&fleet, &trails, plan.log_account.as_deref());
    let watched = async {
        let mut log_groups = log_groups.await;
        let alarms = alarms(&fleet, &mut log_groups).await;
        let topics = topics(&fleet, &trails, &alarms).await;
        (log_groups, alarms, topics)
    };
    let roles = roles(&fleet, &trails);
    let (organizations, (mut log_groups, alarms, topics), mut buckets, roles) =
        join!(organizations, Box::pin(watched), buckets, Box::pin(roles));
    let mut stores = beside::stores(fleet.members().map(|member| (member.id(), member.beside.stores.stores.as_slice())));

    let named = |account: &str, key: Option<(String, String)>| key.map(|(name, region)| named(&fleet, account, name, region));
    let of_trails: BTreeMap<String, key::Named> = trails
        .iter()
        .filter_map(|trail| {
            let (member, found) = fleet.seeing(&trail.arn).next()?;
            Some((trail.arn.clone(), named(member.id(), found.key())?))
        })
        .collect();
    let of_buckets: BTreeMap<String, key::Named> = buckets
        .iter()
        .filter_map(|(bucket, reader)| Some((bucket.name.clone(), named(reader, key_of_bucket(bucket))?)))
        .collect();
    let of_groups: BTreeMap<String, key::Named> =
        log_groups.iter().filter_map(|g| Some((g.arn.clone(), named(&g.owner_account, log_group::key(g))?))).collect();
    let of_stores: BTreeMap<String, key::Named> = stores
        .iter()
        .filter_map(|(store, reader)| Some((store.arn.clone(), named(reader, event_data_store::key(store))?)))
        .collect();
    let all =
        of_trails.values().chain(of_buckets.values()).chain(of_groups.values()).chain(of_stores.values()).cloned().collect();
    let (keys, refs) = Box::pin(key::collect(&fleet, &all)).await;
    for trail in &mut trails {
        trail.kms_key = joined(&trail.kms_key_id, of_trails.get(&trail.arn).and_then(|named| refs.get(named)));
        trail.cloud_watch_logs_role =
            trail.cloud_watch_logs_role_arn.clone().map(|arn| arn.and_then(|arn| roles.get(&arn).cloned()));
    }
    for (bucket, _) in &mut buckets {
        let key = of_buckets.get(&bucket.name).and_then(|named| refs.get(named));
        bucket.default_encryption_key = joined(&bucket.default_encryption_key_id, key);
    }
    for group in &mut log_groups {
        group.kms_key = joined(&group.kms_key_id, of_groups.get(&group.arn).and_then(|named| refs.get(named)));
    }
    for (store, _) in &mut stores {
        store.kms_key = joined(&store.kms_key_id, of_stores.get(&store.arn).and_then(|named| refs.get(named)));
    }

    let mut scopes = population.left_out;
    for (id, gap) in unreached {
        let name = population.asked.get(&id).cloned().flatten();
        scopes.push(AccountScope { id, name, standing: Standing::Asked, reached: false, gaps: vec![gap], regions: Vec::new() });
    }
    let by_arn: BTreeMap<&str, &Trail> = trails.iter().map(|trail| (trail.arn.as_str(), trail)).collect();
    for member in fleet.members() {
        scopes.push(scope(member, &by_arn, population.asked.get(member.id()).cloned().flatten()));
    }
    let mut inventory = Inventory::empty(Scope {
        started: session.started(),
        ended: session.ended(),
        interrupted: session.was_interrupted(),
        synthetic: session.is_synthetic(),
        regions_asked: session.regions_asked().to_vec(),
        accounts: scopes,
        gaps: population.gaps,
    });
    inventory.accounts = fleet.members().map(account_of).collect();
    inventory.organizations = organizations;
    inventory.trails = trails;
    inventory.buckets = buckets.into_iter().map(|(bucket, _)| bucket).collect();
    inventory.keys = keys;
    inventory.log_groups = log_groups;
    inventory.alarms = alarms;
    inventory.topics = topics;
    inventory.event_data_stores = stores.into_iter().map(|(store, _)| store).collect();
    inventory.calls = session.calls();
    inventory.sort();
    inventory
}

fn scope(member: &Member, trails: &BTreeMap<&str, &Trail>, name: Option<String>) -> AccountScope {
    let mut regions = account::region_scopes(&member.reader, &member.facts.known);
    // Of a trail of another account the Regions are asked there, once for every account that sees it: where that was not
    // answered, what was asked here beside it does not make up for it.
    let is_open = |region: &&mut RegionScope| matches!(region.outcome, RegionOutcome::NothingToAsk | RegionOutcome::Reached);
    for region in regions.iter_mut().filter(is_open) {
        let seen = member.found.iter().filter_map(|found| trails.get(found.arn.as_str()));
        let mut asked = seen.flat_map(|trail| &trail.status.items).filter(|status| status.region == region.name).peekable();
        if asked.peek().is_some() {
            let gap = asked.find_map(|status| status.is_logging.gap()).filter(|gap| gap.kind != GapKind::OtherAccount);
            region.outcome = gap.map_or(RegionOutcome::Reached, |gap| RegionOutcome::Gap(gap.clone()));
        }
    }
    let mut gaps: BTreeSet<Gap> = member.facts.regions.gaps.iter().chain(&member.trails.gaps).cloned().collect();
    gaps.extend(regions.iter().filter_map(|region| match &region.outcome {
        RegionOutcome::Gap(gap) => Some(gap.clone()),
        _ => None,
    }));
    let id = member.id().to_string();
    AccountScope { id, name, standing: Standing::Asked, reached: true, gaps: gaps.into_iter().collect(), regions }
}

fn account_of(member: &Member) -> Account {
    let identity = &member.identity;
    Account {
        id: identity.account.clone(),
        global_events_region: account::global_events_region(&identity.partition, member.reader.session.base_region()),
        partition: identity.partition.clone(),
        alias: member.facts.alias.clone(),
        caller_arn: Fact::observed(identity.caller_arn.clone(), identity.from.clone()),
        regions: member.facts.regions.clone(),
        trails: member.trails.clone(),
        organization: ask::fact(&member.organization, |seen| seen.as_ref().map(|seen| OrganizationRef(seen.id.clone()))),
        public_access_block: member.facts.public_access_block.clone(),
        root_mfa_enabled: member.facts.root_mfa_enabled.clone(),
        root_has_access_keys: member.facts.root_has_access_keys.clone(),
        event_buses: member.beside.event_buses.clone(),
        event_data_stores: member.beside.stores.listing.clone(),
        config_regions: member.beside.config_regions.clone(),
        threat_detections: member.beside.threat_detections.clone(),
        security_hubs: member.beside.security_hubs.clone(),
    }
}

/// Every trail once. One that its owner read stands as it is; one whose owner was not read is read by an account that sees
/// it. Regions that only another account has enabled are asked for there.
async fn shared_trails(fleet: &mut Fleet) -> Vec<Trail> {
    let mut read: BTreeMap<String, Trail> = fleet.take_own();
    let unread = fleet.trails().filter(|arn| !read.contains_key(*arn)).filter_map(|arn| fleet.seeing(arn).next());
    let more =
        join_all(unread.map(|(member, found)| Box::pin(trail::collect(&member.reader, found, &member.facts.regions)))).await;
    read.extend(more.into_iter().map(|trail| (trail.arn.clone(), trail)));
    let mut wanted = Vec::new();
    for (arn, trail) in &read {
        let mut known: BTreeSet<String> = trail.status.items.iter().map(|status| status.region.clone()).collect();
        for (member, found) in fleet.seeing(arn).filter(|(_, found)| found.is_multi_region()) {
            let regions: Vec<String> =
                member.facts.regions.items.iter().filter(|region| known.insert((*region).clone())).cloned().collect();
            if !regions.is_empty() {
                wanted.push((arn.clone(), member, found, regions));
            }
        }
    }
    let asked = wanted
        .iter()
        .map(async |(arn, member, found, regions)| (arn.clone(), trail::statuses(&member.reader, found, regions).await));
    for (arn, statuses) in join_all(asked).await {
        if let Some(trail) = read.get_mut(&arn) {
            trail.status.items.extend(statuses);
        }
    }
    read.into_values().collect()
}

async fn organizations(fleet: &Fleet, population: &Population, trails: &[Trail]) -> Vec<Organization> {
    let mut seen: BTreeMap<String, (Vec<&Member>, crate::aws::Answer<organization::Seen>)> = BTreeMap::new();
    for member in fleet.members() {
        if let Ok(crate::aws::Answer { value: Some(of), call }) = &member.organization {
            let answer = crate::aws::Answer { value: of.clone(), call: call.clone() };
            seen.entry(of.id.clone()).or_insert_with(|| (Vec::new(), answer)).0.push(member);
        }
    }
    let all = seen.into_values().map(async |(members, seen)| {
        let ids: BTreeSet<&str> = members.iter().map(|member| member.id()).collect();
        let lister = population.listed.is_some() && ids.contains(population.caller.account.as_str());
        let asker = match lister {
            true => Some(&*population.caller),
            false => fleet.reader(seen.value.management()),
        };
        let mut of_organization = Listing::default();
        for member in &members {
            of_organization.from.extend(member.trails.from.iter().cloned());
            member.trails.gaps.iter().for_each(|gap| of_organization.add_gap(gap.clone()));
        }
        let seen_here: BTreeSet<&str> = members.iter().flat_map(|m| &m.found).map(|found| found.arn.as_str()).collect();
        for trail in trails.iter().filter(|trail| seen_here.contains(trail.arn.as_str())) {
            match &trail.is_organization {
                Fact::Known { value: true, .. } => of_organization.items.push(TrailRef(trail.arn.clone())),
                Fact::Unknown(gap) => of_organization.add_gap(gap.clone()),
                _ => {}
            }
        }
        let partition = members.first().map_or("", |member| member.identity.partition.as_str());
        let listed = population.listed.clone().filter(|_| lister);
        Box::pin(organization::collect(&seen, partition, asker, listed, of_organization)).await
    });
    join_all(all).await
}

async fn log_groups(fleet: &Fleet, trails: &[Trail]) -> Vec<LogGroup> {
    let naming = Naming::new(fleet, trails, |trail| trail.log_group.clone());
    let read = naming.named().map(|(name, trails)| {
        let owner = arn::Arn::parse(&name.0).and_then(|parts| fleet.reader(parts.account));
        Box::pin(log_group::collect(owner, &name.0, naming.listing(trails)))
    });
    join_all(read).await
}

/// The alarms of every account and Region that has a log group, each once.
async fn alarms(fleet: &Fleet, log_groups: &mut [LogGroup]) -> Vec<Alarm> {
    let mut places: BTreeMap<(String, String), Vec<&mut LogGroup>> = BTreeMap::new();
    for group in log_groups.iter_mut().filter(|group| matches!(group.exists, Fact::Known { value: true, .. })) {
        places.entry((group.owner_account.clone(), group.region.clone())).or_default().push(group);
    }
    let read = places.into_iter().filter_map(|((account, region), mut groups)| {
        let reader = fleet.reader(&account)?;
        Some(async move { Box::pin(alarm::collect(reader, &region, &mut groups)).await })
    });
    join_all(read).await.into_iter().flatten().collect()
}

/// The topics that trails, alarms and rules name.
async fn topics(fleet: &Fleet, trails: &[Trail], alarms: &[Alarm]) -> Vec<Topic> {
    let naming = Naming::new(fleet, trails, |trail| trail.sns_topic.clone());
    let mut wanted: BTreeMap<TopicRef, (&Member, Vec<&Trail>)> = BTreeMap::new();
    for (name, trails) in naming.named() {
        if let Some(seeing) = naming.seeing(&trails[trails.len() - 1..]).next() {
            wanted.insert(name.clone(), (seeing, trails.to_vec()));
        }
    }
    for alarm in alarms {
        let Some(member) = fleet.member(&alarm.owner_account) else { continue };
        for topic in &alarm.topics.items {
            wanted.entry(topic.clone()).or_insert_with(|| (member, Vec::new()));
        }
    }
    for member in fleet.members() {
        let rules = member.beside.event_buses.items.iter().flat_map(|bus| &bus.rules.items);
        for topic in rules.flat_map(|rule| &rule.targets.items).filter_map(|target| target.topic.as_ref()) {
            wanted.entry(topic.clone()).or_insert_with(|| (member, Vec::new()));
        }
    }
    let read = wanted.iter().map(|(name, (seeing, trails))| {
        let owner = arn::Arn::parse(&name.0).and_then(|parts| fleet.reader(parts.account));
        let listing = naming.listing(trails);
        Box::pin(topic::collect(owner.unwrap_or(&seeing.reader), &name.0, &seeing.identity.partition, listing))
    });
    join_all(read).await
}

/// The roles by which CloudTrail writes to log groups, each once.
async fn roles(fleet: &Fleet, trails: &[Trail]) -> BTreeMap<String, LogRole> {
    let named = trails.iter().filter_map(|trail| trail.cloud_watch_logs_role_arn.known()?.as_deref());
    let read = named.collect::<BTreeSet<&str>>().into_iter().map(async |arn| {
        let owner = arn::Arn::parse(arn).and_then(|parts| fleet.reader(parts.account));
        (arn.to_string(), Box::pin(role::collect(owner, arn)).await)
    });
    join_all(read).await.into_iter().collect()
}

/// The buckets, each with the account that read it.
async fn buckets(fleet: &Arc<Fleet>, trails: &[Trail], log_account: Option<&str>) -> Vec<(Bucket, String)> {
    let naming = Naming::new(fleet, trails, |trail| trail.bucket.clone().map(Some));
    let mut named = Vec::new();
    for (name, trails) in naming.named() {
        if let Some(namer) = naming.seeing(trails).next() {
            named.push((name.0.clone(), namer.id().to_string(), naming.listing(trails)));
        }
    }
    let log_account: Option<Arc<str>> = log_account.map(Arc::from);
    let read = named.into_iter().map(|(name, namer, listing)| {
        let (fleet, log_account) = (fleet.clone(), log_account.clone());
        async move {
            let namer = fleet.member(&namer)?;
            let candidates = candidates(&fleet, &name, namer, log_account.as_deref());
            let (bucket, reader) = bucket::collect(&candidates, &name, &namer.identity.partition, listing).await;
            Some((bucket, reader.id().to_string()))
        }
    });
    spread(read).await.into_iter().flatten().collect()
}

/// Likely owners are the account that keeps the logs, an account whose id stands in the bucket's name, and the owners of the
/// trails that deliver there.
fn candidates<'a>(fleet: &'a Fleet, name: &str, namer: &'a Member, log_account: Option<&str>) -> bucket::Candidates<'a> {
    let mut likely: Vec<&Member> = Vec::new();
    let mut seen = BTreeSet::new();
    let log_account = log_account.and_then(|id| fleet.member(id));
    // Of an organization's trail every account is a likely owner by sight alone: only the first is worth a turn of its own.
    for member in log_account.into_iter().chain(fleet.members_in(name)).chain([namer]) {
        if seen.insert(member.id()) {
            likely.push(member);
        }
    }
    bucket::Candidates { likely, fleet, namer }
}

/// A key as an account names it. Where its ARN names an account that is read, that one is asked.
fn named(fleet: &Fleet, account: &str, name: String, region: String) -> key::Named {
    let owner = arn::Arn::parse(&name).map(|parts| parts.account).filter(|owner| fleet.member(owner).is_some());
    let account = owner.unwrap_or(account).to_string();
    key::Named { name, region, account }
}

/// The key that a bucket encrypts with by default, and the Region to ask for it.
fn key_of_bucket(bucket: &Bucket) -> Option<(String, String)> {
    let name = bucket.default_encryption_key_id.known()?.clone()?;
    let region = arn::Arn::parse(&name).map(|parts| parts.region.to_string()).or_else(|| bucket.region.known().cloned())?;
    Some((name, region))
}

/// The key's name as a reference to the key.
fn joined(name: &Fact<Option<String>>, key: Option<&KeyRef>) -> Fact<Option<KeyRef>> {
    name.clone().map(|name| name.and(key.cloned()))
}
