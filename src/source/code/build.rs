//! From the resources of code to an inventory: ids, joins, accounts, and what the code leaves open.
//!
//! Only what serves a trail is taken up, as for a live account. What sets something of a bucket counts for that bucket; where
//! it is not known for which, for each that it may be about.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::account::scope_of;
use super::blank::{self, run_time};
use super::change;
use super::join::{self, Found, Index, Noun};
use super::named::Named;
use super::resource::{Body, Setting, Stack};
use super::setting::Settings;
use crate::inventory::code::{OTHER_REGIONS, is_placeholder};
use crate::inventory::document::{Matches, PolicyDocument};
use crate::inventory::{
    Account, Alarm, Basis, Bucket, BucketRef, Code, CodeFile, Declared, Fact, Gap, GapKind, Inventory, Key, KeyRef, Listing,
    LogGroup, LogGroupRef, Origin, Remedy, Role, Scope, Topic, TopicRef, Trail, TrailRef, TrailStatus,
};

/// How code is taken.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Whether the code is all that its accounts hold.
    pub complete: bool,
    /// The moment at which it was read.
    pub read: Timestamp,
}

/// Joins stacks into one inventory.
pub fn build(stacks: &[Stack], options: Options) -> Inventory {
    // What was planned in part alone is not all, whoever says so.
    let is_cut_short = options.complete && stacks.iter().any(|stack| !stack.is_whole);
    let options = Options { complete: options.complete && stacks.iter().all(|stack| stack.is_whole), ..options };
    let index = Index::new(stacks);
    let work = Work { set: Settings::of(stacks, &index), index, stacks, options, is_cut_short };
    let mut trails: Vec<Trail> = work.index.of(Noun::Trail).map(|(id, found)| work.trail(id, &found)).collect();
    let mut buckets: Vec<Bucket> = users(&trails, |t| &t.bucket, |b| Some(b.0.as_str()))
        .into_iter()
        .map(|(name, trails)| work.bucket(&name, trails))
        .collect();
    let mut log_groups: Vec<LogGroup> = users(&trails, |t| &t.log_group, |g| g.as_ref().map(|g| g.0.as_str()))
        .into_iter()
        .map(|(arn, trails)| work.log_group(&arn, trails))
        .collect();
    let watched: BTreeSet<&str> = log_groups.iter().flat_map(|group| &group.alarms.items).map(|alarm| alarm.0.as_str()).collect();
    let alarms: Vec<Alarm> = watched.into_iter().filter_map(|alarm| work.alarm(alarm)).collect();
    let event_data_stores = work.event_data_stores();
    let mut keys: BTreeSet<String> = ids(&trails, |t| refs(&t.kms_key, |k| k.as_ref().map(|k| k.0.as_str())));
    keys.extend(ids(&buckets, |b| refs(&b.default_encryption_key, |k| k.as_ref().map(|k| k.0.as_str()))));
    keys.extend(ids(&log_groups, |g| refs(&g.kms_key, |k| k.as_ref().map(|k| k.0.as_str()))));
    keys.extend(ids(&event_data_stores, |s| refs(&s.kms_key, |k| k.as_ref().map(|k| k.0.as_str()))));
    let keys: Vec<Key> = keys.iter().map(|arn| work.key(arn)).collect();
    for group in &mut log_groups {
        group.trails.items.sort();
    }
    let accounts = work.accounts(&trails, &buckets, &event_data_stores);
    let targets =
        accounts.iter().flat_map(|a| &a.event_buses.items).flat_map(|bus| &bus.rules.items).flat_map(|r| &r.targets.items);
    let told: BTreeSet<String> = alarms
        .iter()
        .flat_map(|alarm| &alarm.topics.items)
        .chain(targets.filter_map(|target| target.topic.as_ref()))
        .map(|topic| topic.0.clone())
        .collect();
    let topics: Vec<Topic> = users_and(&trails, |t| &t.sns_topic, |g| g.as_ref().map(|g| g.0.as_str()), told)
        .into_iter()
        .map(|(arn, trails)| work.topic(&arn, trails))
        .collect();
    let by_id: BTreeMap<&str, &Account> = accounts.iter().map(|account| (account.id.as_str(), account)).collect();
    for bucket in &mut buckets {
        let owner = bucket.owner_account.known().and_then(|id| by_id.get(id.as_str()));
        if let Some(owner) = owner {
            bucket.account_public_access_block = owner.public_access_block.clone();
        }
    }
    for trail in &mut trails {
        trail.status.gaps.sort();
    }
    let scope = Scope {
        started: options.read,
        ended: options.read,
        interrupted: false,
        synthetic: false,
        regions_asked: Vec::new(),
        accounts: accounts.iter().map(scope_of).collect(),
        gaps: Vec::new(),
    };
    let mut inventory = Inventory::empty(scope);
    let mut code = work.code(&accounts, &trails, &buckets, &keys, &log_groups, &topics);
    code.declared.extend(alarms.iter().filter_map(|alarm| work.declared(Noun::Alarm, &alarm.arn)));
    code.declared.extend(event_data_stores.iter().filter_map(|store| work.declared(Noun::EventDataStore, &store.arn)));
    inventory.code = Some(code);
    inventory.accounts = accounts;
    inventory.trails = trails;
    inventory.buckets = buckets;
    inventory.keys = keys;
    inventory.log_groups = log_groups;
    inventory.alarms = alarms;
    inventory.topics = topics;
    inventory.event_data_stores = event_data_stores;
    inventory.sort();
    let befores: Vec<Stack> = stacks.iter().filter_map(|stack| stack.before.as_deref().cloned()).collect();
    if !befores.is_empty() {
        let before = build(&befores, options);
        inventory.changes = change::changes(&befores, &before, stacks, &inventory);
        inventory.sort();
        if let Some(code) = &mut inventory.code {
            code.before = Some(Box::new(before));
        }
    }
    inventory
}

pub(super) struct Work<'a> {
    pub(super) stacks: &'a [Stack],
    pub(super) index: Index<'a>,
    /// What resources set of others.
    pub(super) set: Settings<'a>,
    pub(super) options: Options,
    /// Whether the code is said to be all, and a part of it was not read.
    pub(super) is_cut_short: bool,
}

impl Work<'_> {
    fn trail(&self, id: &str, found: &Found<'_>) -> Trail {
        let Body::Trail(body) = &found.resource.body else {
            return blank::trail(&run_time("anything of it"));
        };
        let (home, record) = (&found.resource.home, &body.record);
        let bucket = self.index.resolve(found, Noun::Bucket, &body.bucket);
        let key = self.index.resolve(found, Noun::Key, &body.key);
        let log_group = self.index.resolve(found, Noun::LogGroup, &body.log_group);
        let topic = self.index.resolve(found, Noun::Topic, &body.topic);
        let no_bucket = Gap::new(GapKind::NotUnderstood, format!("{} names no bucket", found.resource.address));
        Trail {
            arn: id.to_string(),
            name: join::name(found),
            owner_account: home.account.clone(),
            home_region: home.region.clone(),
            bucket: present(bucket, no_bucket).map(BucketRef),
            kms_key_id: said(&key),
            kms_key: key.map(|k| k.map(KeyRef)),
            sns_topic_arn: said(&topic),
            sns_topic: topic.map(|t| t.map(TopicRef)),
            cloud_watch_logs_log_group_arn: said(&log_group).map(|arn| arn.map(|arn| arn + ":*")),
            log_group: log_group.map(|g| g.map(LogGroupRef)),
            cloud_watch_logs_role: role(&record.cloud_watch_logs_role_arn),
            status: statuses(record, &home.region),
            ..record.clone()
        }
    }

    fn bucket(&self, name: &str, trails: Listing<TrailRef>) -> Bucket {
        let Some(found) = self.index.declared(Noun::Bucket, name) else {
            let gap = elsewhere("bucket", name);
            return Bucket { name: name.to_string(), partition: self.partition(), trails, ..blank::bucket(&gap) };
        };
        let Body::Bucket(body) = &found.resource.body else {
            return blank::bucket(&run_time("anything of it"));
        };
        let (home, from, record) = (&found.resource.home, origin(&found), &body.record);
        let known = |value: String| Fact::Known { value, from: from.clone(), basis: Basis::Configured };
        let key = self.index.resolve(&found, Noun::Key, &body.key);
        let mut bucket = Bucket {
            name: name.to_string(),
            partition: home.partition.clone(),
            owner_account: known(home.account.clone()),
            exists: Fact::Known { value: true, from: from.clone(), basis: Basis::Configured },
            region: known(home.region.clone()),
            default_encryption_key: key.map(|k| k.map(KeyRef)),
            acl_owner: Fact::Unknown(run_time("the canonical user id of the bucket's owner")),
            top_level_prefixes: Listing::unread(run_time("what a bucket holds")),
            trails,
            ..record.clone()
        };
        self.log_to(&mut bucket, self.index.resolve(&found, Noun::Bucket, &body.log_target));
        self.settle(name, &mut bucket);
        bucket.policy = suited(bucket.policy, name, &format!("arn:{}:s3:::{name}", home.partition));
        bucket.policy_is_public = match &bucket.policy {
            Fact::Known { value: None, from, basis } => Fact::Known { value: false, from: from.clone(), basis: *basis },
            _ => Fact::Unknown(run_time("whether S3 judges a bucket policy as public")),
        };
        bucket
    }

    fn key(&self, arn: &str) -> Key {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let derived = |value: &str| Fact::Known { value: value.to_string(), from: Origin::Derived, basis: Basis::Observed };
        let Some(found) = self.index.declared(Noun::Key, arn) else {
            let mut key = Key { arn: arn.to_string(), ..blank::key(&elsewhere("key", arn)) };
            if let ["arn", _, _, region, account, _] = parts.as_slice() {
                key.owner_account = derived(account);
                key.region = derived(region);
            }
            // Source: <https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html>: `aws/` is reserved.
            if arn.strip_prefix("alias/aws/").is_some() || arn.contains(":alias/aws/") {
                key.key_manager = derived("AWS");
                key.exists = Fact::Known { value: true, from: Origin::Derived, basis: Basis::AssumedDefault };
            }
            return key;
        };
        let Body::Key(record) = &found.resource.body else { return blank::key(&run_time("anything of it")) };
        let (home, from) = (&found.resource.home, origin(&found));
        let known = |value: String| Fact::Known { value, from: from.clone(), basis: Basis::Configured };
        let mut key = Key {
            arn: arn.to_string(),
            exists: Fact::Known { value: true, from: from.clone(), basis: Basis::Configured },
            owner_account: known(home.account.clone()),
            region: known(home.region.clone()),
            ..(**record).clone()
        };
        let set = self.settings(Noun::Key, arn, |setting| match setting {
            Setting::KeyPolicy(policy) => Some(policy.clone()),
            _ => None,
        });
        key.policy = set.over(key.policy);
        let policy = suited(key.policy.map(Some), arn, arn);
        key.policy = present(policy, Gap::new(GapKind::NotUnderstood, "the key has no policy"));
        key
    }

    fn log_group(&self, arn: &str, trails: Listing<TrailRef>) -> LogGroup {
        let parts: Vec<&str> = arn.splitn(7, ':').collect();
        let mut group = self.bare_log_group(arn, &parts, trails);
        group.metric_filters = self.metric_filters(arn);
        group.subscription_filters = self.subscription_filters(arn);
        group.alarms = self.alarms_of(&group);
        group
    }

    fn bare_log_group(&self, arn: &str, parts: &[&str], trails: Listing<TrailRef>) -> LogGroup {
        let Some(found) = self.index.declared(Noun::LogGroup, arn) else {
            let (region, account, name) = match parts {
                ["arn", _, "logs", region, account, "log-group", name] => (*region, *account, *name),
                _ => ("", "", arn),
            };
            return LogGroup {
                arn: arn.to_string(),
                name: name.to_string(),
                owner_account: account.to_string(),
                region: region.to_string(),
                trails,
                ..blank::log_group(&elsewhere("log group", name))
            };
        };
        let Body::LogGroup(body) = &found.resource.body else {
            return blank::log_group(&run_time("anything of it"));
        };
        let key = self.index.resolve(&found, Noun::Key, &body.key);
        LogGroup {
            arn: arn.to_string(),
            name: join::name(&found),
            owner_account: found.resource.home.account.clone(),
            region: found.resource.home.region.clone(),
            exists: Fact::Known { value: true, from: origin(&found), basis: Basis::Configured },
            kms_key_id: said(&key),
            kms_key: key.map(|k| k.map(KeyRef)),
            trails,
            ..body.record.clone()
        }
    }

    fn topic(&self, arn: &str, trails: Listing<TrailRef>) -> Topic {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let Some(found) = self.index.declared(Noun::Topic, arn) else {
            let (partition, region, account, name) = match parts.as_slice() {
                ["arn", partition, "sns", region, account, name] => (*partition, *region, *account, *name),
                _ => ("aws", "", "", arn),
            };
            return Topic {
                arn: arn.to_string(),
                name: name.to_string(),
                partition: partition.to_string(),
                owner_account: account.to_string(),
                region: region.to_string(),
                trails,
                subscriptions_confirmed: self.confirmed(arn),
                ..blank::topic(&elsewhere("topic", name))
            };
        };
        let Body::Topic(record) = &found.resource.body else { return blank::topic(&run_time("anything of it")) };
        let home = &found.resource.home;
        let mut topic = Topic {
            arn: arn.to_string(),
            name: join::name(&found),
            partition: home.partition.clone(),
            owner_account: home.account.clone(),
            region: home.region.clone(),
            exists: Fact::Known { value: true, from: origin(&found), basis: Basis::Configured },
            subscriptions_confirmed: self.confirmed(arn),
            subscriptions_pending: Fact::Unknown(run_time("how many subscriptions wait for their confirmation")),
            trails,
            ..(**record).clone()
        };
        let set = self.settings(Noun::Topic, arn, |setting| match setting {
            Setting::TopicPolicy(policy) => Some(policy.clone()),
            _ => None,
        });
        topic.policy = suited(set.over(topic.policy), arn, arn);
        topic
    }

    fn partition(&self) -> String {
        self.stacks.first().map_or_else(|| "aws".to_string(), |stack| stack.home.partition.clone())
    }

    /// Where the code declares a thing.
    fn declared(&self, noun: Noun, id: &str) -> Option<Declared> {
        self.index.declared(noun, id).map(|found| Declared {
            noun: noun.name().to_string(),
            id: id.to_string(),
            address: found.resource.address.clone(),
            file: found.stack.file.clone(),
            place: found.resource.place.clone(),
            related: found.resource.related.clone(),
            only_if: found.resource.only_if.as_ref().map(|only_if| only_if.gap.clone()),
        })
    }

    fn code(
        &self,
        accounts: &[Account],
        trails: &[Trail],
        buckets: &[Bucket],
        keys: &[Key],
        groups: &[LogGroup],
        topics: &[Topic],
    ) -> Code {
        let mut code = Code::default();
        for stack in self.stacks {
            code.files.push(CodeFile {
                path: stack.file.clone(),
                kind: stack.kind.to_string(),
                written_by: stack.written_by.clone(),
                resources: stack.count,
            });
            code.notes.extend(stack.notes.iter().map(|note| format!("{}: {note}", stack.file)));
        }
        code.notes.extend(self.index.twice.iter().cloned());
        let mut declare = |noun: Noun, id: &str| code.declared.extend(self.declared(noun, id));
        trails.iter().for_each(|t| declare(Noun::Trail, &t.arn));
        buckets.iter().for_each(|b| declare(Noun::Bucket, &b.name));
        keys.iter().for_each(|k| declare(Noun::Key, &k.arn));
        groups.iter().for_each(|g| declare(Noun::LogGroup, &g.arn));
        topics.iter().for_each(|t| declare(Noun::Topic, &t.arn));
        let by_name: BTreeMap<&str, &Bucket> = buckets.iter().map(|bucket| (bucket.name.as_str(), bucket)).collect();
        for declared in code.declared.iter_mut().filter(|declared| declared.noun == "bucket") {
            let Some(bucket) = by_name.get(declared.id.as_str()) else { continue };
            let trails = bucket.trails.items.iter().filter_map(|trail| self.index.declared(Noun::Trail, &trail.0));
            declared.related.extend(trails.filter_map(|trail| trail.resource.place.clone()));
        }
        for account in accounts {
            code.declared.push(Declared {
                noun: "account".into(),
                id: account.id.clone(),
                address: account.id.trim_matches(['⟨', '⟩']).to_string(),
                file: self.stacks.first().map(|stack| stack.file.clone()).unwrap_or_default(),
                place: None,
                related: Vec::new(),
                only_if: None,
            });
        }
        let held: BTreeSet<(String, String)> = code.declared.iter().map(|d| (d.noun.clone(), d.id.clone())).collect();
        for noun in [Noun::Bucket, Noun::Key, Noun::LogGroup, Noun::Topic] {
            let all = self.index.of(noun).filter_map(|(id, _)| self.declared(noun, id));
            code.unused.extend(all.filter(|d| !held.contains(&(d.noun.clone(), d.id.clone()))));
        }
        let used: BTreeSet<&str> = buckets.iter().map(|bucket| bucket.name.as_str()).collect();
        let others = self.index.of(Noun::Bucket).filter(|(name, _)| !used.contains(name)).count();
        if others > 0 {
            let (is, them) = if others == 1 {
                ("1 bucket of the code is".to_string(), "it")
            } else {
                (format!("{others} buckets of the code are"), "them")
            };
            code.notes.push(format!("{is} not looked at: no trail of the code delivers to {them}"));
        }
        code
    }
}

pub(super) fn elsewhere(noun: &str, name: &str) -> Gap {
    let message = format!("{noun} {} is not made by the code that was given", name.trim_matches(['⟨', '⟩']));
    let remedy = "give the code that makes it too, or scan the account that owns it";
    Gap::new(GapKind::NotInCode, message).with_remedy(Remedy::Do(remedy.into()))
}

pub(super) fn origin(found: &Found<'_>) -> Origin {
    match &found.resource.place {
        Some(place) => Origin::Place { file: place.file.clone(), line: place.line, column: place.column },
        None => Origin::Address { file: found.stack.file.clone(), address: found.resource.address.clone() },
    }
}

/// Of a role that code names, what it may do is not read from code.
fn role(named: &Fact<Option<String>>) -> Fact<Option<Role>> {
    match named {
        Fact::Known { value: None, from, basis } => Fact::Known { value: None, from: from.clone(), basis: *basis },
        Fact::Unknown(gap) => Fact::Unknown(gap.clone()),
        _ => Fact::Unknown(
            Gap::new(GapKind::RunTime, "what the role that writes to the log group may do is not read from code")
                .with_remedy(Remedy::Do("scan the account once the code is applied".into())),
        ),
    }
}

/// How the trail fares where it records: whether it logs follows from the code, the rest shows when it runs.
fn statuses(record: &Trail, home: &str) -> Listing<TrailStatus> {
    let gap = run_time("how delivery goes");
    let status = |region: &str| TrailStatus {
        region: region.to_string(),
        is_logging: record.is_logging.clone(),
        latest_delivery_time: Fact::Unknown(gap.clone()),
        latest_delivery_error: Fact::Unknown(gap.clone()),
        latest_digest_delivery_time: Fact::Unknown(gap.clone()),
        latest_digest_delivery_error: Fact::Unknown(gap.clone()),
        latest_cloud_watch_logs_delivery_time: Fact::Unknown(gap.clone()),
        latest_cloud_watch_logs_delivery_error: Fact::Unknown(gap.clone()),
        latest_notification_time: Fact::Unknown(gap.clone()),
        latest_notification_error: Fact::Unknown(gap.clone()),
        start_logging_time: Fact::Unknown(gap.clone()),
        stop_logging_time: Fact::Unknown(gap.clone()),
    };
    let mut listing = Listing { items: vec![status(home)], gaps: Vec::new(), from: Vec::new() };
    match &record.is_multi_region {
        Fact::Known { value: false, .. } => {}
        // No Region has this name, so that what it says of itself is about none that is named.
        Fact::Known { .. } => listing.items.push(status(OTHER_REGIONS.trim_matches(['⟨', '⟩']))),
        Fact::Unknown(gap) => listing.add_gap(gap.clone()),
        Fact::OneOf { .. } => listing.add_gap(run_time("which Regions the trail covers")),
    }
    listing
}

/// A value that must be there.
fn present<T>(fact: Fact<Option<T>>, absent: Gap) -> Fact<T> {
    match fact {
        Fact::Known { value: Some(value), from, basis } => Fact::Known { value, from, basis },
        Fact::Known { value: None, .. } => Fact::Unknown(absent),
        Fact::OneOf { candidates, from } => Fact::OneOf { candidates: candidates.into_iter().flatten().collect(), from },
        Fact::Unknown(gap) => Fact::Unknown(gap),
    }
}

/// The ids as texts that AWS would show; of one that is open, that it is set.
fn said(id: &Fact<Option<String>>) -> Fact<Option<String>> {
    match id {
        Fact::Known { value: Some(id), from, .. } if is_placeholder(id) => {
            Fact::OneOf { candidates: Vec::new(), from: from.clone() }
        }
        Fact::OneOf { candidates, from } if candidates.iter().flatten().any(|id| is_placeholder(id)) => {
            if candidates.iter().any(Option::is_none) {
                Fact::Unknown(Gap::new(GapKind::KnownAfterApply, "whether one is set is known after apply"))
            } else {
                Fact::OneOf { candidates: Vec::new(), from: from.clone() }
            }
        }
        other => other.clone(),
    }
}

/// A policy, where what it says of resources can be held against an ARN. Where the ARN is open, a policy that names resources
/// by their ARNs may or may not mean it.
fn suited(policy: Fact<Option<PolicyDocument>>, id: &str, arn: &str) -> Fact<Option<PolicyDocument>> {
    let Fact::Known { value: Some(document), .. } = &policy else { return policy };
    let open = is_placeholder(id);
    let fits = |pattern: &String| {
        pattern == "*" || pattern == arn || pattern.strip_prefix(arn).is_some_and(|rest| rest.starts_with('/'))
    };
    let clear = document.statements.iter().all(|statement| match &statement.resource {
        Matches::Any(patterns) | Matches::AnyExcept(patterns) => patterns.iter().all(fits),
        Matches::Absent => true,
    });
    if open && !clear {
        let message = "the policy names resources by their ARNs, and the ARN of what it protects is known after apply";
        return Fact::Unknown(Gap::new(GapKind::KnownAfterApply, message).with_remedy(Remedy::Do(
            "name the resource in the code, or give the plan file beside its JSON, or scan the account once the code is applied"
                .into(),
        )));
    }
    policy
}

/// Every id that the records name.
fn ids<'r, R>(records: &'r [R], named: impl Fn(&'r R) -> Vec<&'r str>) -> BTreeSet<String> {
    records.iter().flat_map(named).map(str::to_string).collect()
}

/// The ids that a fact may hold.
fn refs<'f, T>(fact: &'f Fact<T>, id: impl Fn(&'f T) -> Option<&'f str>) -> Vec<&'f str> {
    match fact {
        Fact::Known { value, .. } => id(value).into_iter().collect(),
        Fact::OneOf { candidates, .. } => candidates.iter().filter_map(id).collect(),
        Fact::Unknown(_) => Vec::new(),
    }
}

/// Every id that the trails name, with the trails that do; a gap for each that may.
fn users<'t, T: 't>(
    trails: &'t [Trail],
    named: impl Fn(&'t Trail) -> &'t Fact<T>,
    id: impl Fn(&'t T) -> Option<&'t str>,
) -> Vec<(String, Listing<TrailRef>)> {
    users_and(trails, named, id, BTreeSet::new())
}

/// The same with ids beside that no trail need name.
fn users_and<'t, T: 't>(
    trails: &'t [Trail],
    named: impl Fn(&'t Trail) -> &'t Fact<T>,
    id: impl Fn(&'t T) -> Option<&'t str>,
    beside: BTreeSet<String>,
) -> Vec<(String, Listing<TrailRef>)> {
    let by_id = Named::of(trails.iter().map(&named).enumerate(), &id);
    let listing = |wanted: &str| {
        let mut listing = Listing::default();
        for trail in by_id.naming(wanted).into_iter().filter_map(|number| trails.get(number)) {
            match named(trail) {
                Fact::Known { .. } => listing.items.push(TrailRef(trail.arn.clone())),
                Fact::OneOf { .. } => {
                    let message = format!("whether trail {} names it is known after apply", trail.name);
                    listing.add_gap(Gap::new(GapKind::KnownAfterApply, message));
                }
                Fact::Unknown(gap) => listing.add_gap(gap.clone()),
            }
        }
        listing
    };
    let mut ids = ids(trails, |trail| refs(named(trail), &id));
    ids.extend(beside);
    ids.into_iter().map(|wanted| (wanted.clone(), listing(&wanted))).collect()
}
