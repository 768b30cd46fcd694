//! From the resources of code to an inventory: ids, joins, accounts, and what the code leaves open.
//!
//! Only what serves a trail is taken up, as for a live account. What sets something of a bucket counts for that bucket; where
//! it is not known for which, for each that it may be about.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::blank::{self, run_time};
use super::change;
use super::join::{self, Found, Index, Noun};
use super::resource::{Body, BucketSetting, Setting, Stack};
use crate::inventory::bucket::PublicAccessBlock;
use crate::inventory::code::{OTHER_REGIONS, is_placeholder};
use crate::inventory::document::{Matches, PolicyDocument};
use crate::inventory::{
    Account, AccountScope, Basis, Bucket, BucketRef, Code, CodeFile, Declared, Fact, Gap, GapKind, Inventory, Key, KeyRef,
    Listing, LogGroup, LogGroupRef, Origin, Remedy, Scope, SourcePlace, Standing, Topic, TopicRef, Trail, TrailRef, TrailStatus,
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
    let options = Options { complete: options.complete && stacks.iter().all(|stack| stack.is_whole), ..options };
    let work = Work { index: Index::new(stacks), stacks, options };
    let mut trails: Vec<Trail> = work.index.of(Noun::Trail).map(|(id, found)| work.trail(id, &found)).collect();
    let mut buckets: Vec<Bucket> = ids(&trails, |t| refs(&t.bucket, |b| Some(b.0.as_str())))
        .into_iter()
        .map(|name| work.bucket(&name, listing(&trails, |t| t.bucket.clone().map(|b| b.0 == name))))
        .collect();
    let mut log_groups: Vec<LogGroup> = ids(&trails, |t| refs(&t.log_group, |g| g.as_ref().map(|g| g.0.as_str())))
        .into_iter()
        .map(|arn| work.log_group(&arn, naming(&trails, &arn, |t| t.log_group.clone().map(|g| g.map(|g| g.0)))))
        .collect();
    let topics: Vec<Topic> = ids(&trails, |t| refs(&t.sns_topic, |g| g.as_ref().map(|g| g.0.as_str())))
        .into_iter()
        .map(|arn| work.topic(&arn, naming(&trails, &arn, |t| t.sns_topic.clone().map(|g| g.map(|g| g.0)))))
        .collect();
    let mut keys: BTreeSet<String> = ids(&trails, |t| refs(&t.kms_key, |k| k.as_ref().map(|k| k.0.as_str())));
    keys.extend(ids(&buckets, |b| refs(&b.default_encryption_key, |k| k.as_ref().map(|k| k.0.as_str()))));
    keys.extend(ids(&log_groups, |g| refs(&g.kms_key, |k| k.as_ref().map(|k| k.0.as_str()))));
    let keys: Vec<Key> = keys.iter().map(|arn| work.key(arn)).collect();
    for group in &mut log_groups {
        group.trails.items.sort();
    }
    let accounts = work.accounts(&trails, &buckets);
    for bucket in &mut buckets {
        let owner = bucket.owner_account.known().and_then(|id| accounts.iter().find(|account| account.id == *id));
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
    inventory.code = Some(work.code(&accounts, &trails, &buckets, &keys, &log_groups, &topics));
    inventory.accounts = accounts;
    inventory.trails = trails;
    inventory.buckets = buckets;
    inventory.keys = keys;
    inventory.log_groups = log_groups;
    inventory.topics = topics;
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

struct Work<'a> {
    stacks: &'a [Stack],
    index: Index<'a>,
    options: Options,
}

impl Work<'_> {
    fn trail(&self, id: &str, found: &Found<'_>) -> Trail {
        let Body::Trail { record, bucket, key, log_group, topic } = &found.resource.body else {
            return blank::trail(&run_time("anything of it"));
        };
        let home = &found.resource.home;
        let bucket = self.index.resolve(found, Noun::Bucket, bucket);
        let key = self.index.resolve(found, Noun::Key, key);
        let log_group = self.index.resolve(found, Noun::LogGroup, log_group);
        let topic = self.index.resolve(found, Noun::Topic, topic);
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
            status: statuses(record, &home.region),
            ..(**record).clone()
        }
    }

    fn bucket(&self, name: &str, trails: Listing<TrailRef>) -> Bucket {
        let Some(found) = self.index.declared(Noun::Bucket, name) else {
            let gap = elsewhere("bucket", name);
            return Bucket { name: name.to_string(), partition: self.partition(), trails, ..blank::bucket(&gap) };
        };
        let Body::Bucket { record, key, log_target } = &found.resource.body else {
            return blank::bucket(&run_time("anything of it"));
        };
        let (home, from) = (&found.resource.home, origin(&found));
        let known = |value: String| Fact::Known { value, from: from.clone(), basis: Basis::Configured };
        let key = self.index.resolve(&found, Noun::Key, key);
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
            ..(**record).clone()
        };
        self.log_to(&mut bucket, self.index.resolve(&found, Noun::Bucket, log_target));
        self.settle(name, &mut bucket);
        bucket.policy = suited(bucket.policy, name, &format!("arn:{}:s3:::{name}", home.partition));
        bucket.policy_is_public = match &bucket.policy {
            Fact::Known { value: None, from, basis } => Fact::Known { value: false, from: from.clone(), basis: *basis },
            _ => Fact::Unknown(run_time("whether S3 judges a bucket policy as public")),
        };
        bucket
    }

    /// Lays upon a bucket what other resources set of it.
    fn settle(&self, name: &str, bucket: &mut Bucket) {
        let mut certain: BTreeMap<u8, Vec<Bucket>> = BTreeMap::new();
        let mut possible: BTreeMap<u8, Vec<Bucket>> = BTreeMap::new();
        for (found, of, setting) in self.bucket_settings() {
            let target = self.index.resolve(&found, Noun::Bucket, of);
            let kind = kind(setting);
            let with = |this: &Self, base: &Bucket| {
                let mut changed = base.clone();
                this.set(&mut changed, &found, setting);
                changed
            };
            match &target {
                Fact::Known { value: Some(id), .. } if id == name => {
                    certain.entry(kind).or_default().push(with(self, bucket));
                }
                Fact::OneOf { candidates, .. } if candidates.iter().flatten().any(|id| id == name) => {
                    possible.entry(kind).or_default().push(with(self, bucket));
                }
                Fact::Unknown(gap) => {
                    let mut changed = bucket.clone();
                    self.set(&mut changed, &found, &unknown(kind, gap));
                    possible.entry(kind).or_default().push(changed);
                }
                _ => {}
            }
        }
        let base = bucket.clone();
        for kind in 0..KINDS {
            let mut variants = match (certain.remove(&kind), possible.remove(&kind)) {
                (Some(certain), _) => certain,
                (None, Some(mut possible)) => {
                    possible.push(base.clone());
                    possible
                }
                (None, None) => continue,
            };
            let first = variants.remove(0);
            take(kind, bucket, &first, &variants);
        }
    }

    fn bucket_settings(&self) -> impl Iterator<Item = (Found<'_>, &super::Pointer, &BucketSetting)> {
        self.stacks.iter().flat_map(|stack| stack.resources.iter().map(move |resource| Found { stack, resource })).filter_map(
            |found| match &found.resource.body {
                Body::Setting { of, setting: Setting::Bucket(setting) } => Some((found, of, setting)),
                _ => None,
            },
        )
    }

    fn set(&self, bucket: &mut Bucket, found: &Found<'_>, setting: &BucketSetting) {
        match setting.clone() {
            BucketSetting::Versioning { versioning, mfa_delete } => {
                bucket.versioning = versioning;
                bucket.mfa_delete = mfa_delete;
            }
            BucketSetting::Encryption { algorithm, key_id, key, bucket_key } => {
                bucket.default_encryption = algorithm;
                bucket.default_encryption_key = self.index.resolve(found, Noun::Key, &key).map(|k| k.map(KeyRef));
                bucket.default_encryption_key_id = key_id;
                bucket.bucket_key_enabled = bucket_key;
            }
            BucketSetting::PublicAccessBlock(block) => bucket.public_access_block = block,
            BucketSetting::Policy(policy) => bucket.policy = policy,
            BucketSetting::Acl(grants) => bucket.acl_grants = grants,
            BucketSetting::Ownership(ownership) => bucket.object_ownership = ownership,
            BucketSetting::Logging { target, prefix } => {
                self.log_to(bucket, self.index.resolve(found, Noun::Bucket, &target));
                bucket.access_log_prefix = prefix;
            }
            BucketSetting::ObjectLock(lock) => bucket.object_lock = lock,
            BucketSetting::Lifecycle(rules) => bucket.lifecycle_rules = rules,
            BucketSetting::Replication(rules) => bucket.replication_rules = rules,
        }
    }

    /// A bucket of the code that access logs go to is there; of another one that is not known.
    fn log_to(&self, bucket: &mut Bucket, target: Fact<Option<String>>) {
        bucket.access_log_bucket_exists = match &target {
            Fact::Known { value: None, from, basis } => Fact::Known { value: None, from: from.clone(), basis: *basis },
            Fact::Known { value: Some(name), from, basis } if self.index.declared(Noun::Bucket, name).is_some() => {
                Fact::Known { value: Some(true), from: from.clone(), basis: *basis }
            }
            Fact::Known { value: Some(name), .. } => Fact::Unknown(elsewhere("bucket", name)),
            Fact::OneOf { from, .. } => Fact::Known { value: Some(true), from: from.clone(), basis: Basis::Configured },
            Fact::Unknown(gap) => Fact::Unknown(gap.clone()),
        };
        // A name that is open in the one place may be the name that is written in the other, unless both are of this code.
        bucket.access_log_bucket = match target {
            Fact::Known { value: Some(name), .. }
                if is_placeholder(&bucket.name) && self.index.declared(Noun::Bucket, &name).is_none() =>
            {
                Fact::Unknown(elsewhere("bucket", &name))
            }
            Fact::Known { value: Some(name), from, basis } if is_placeholder(&name) => {
                if name == bucket.name {
                    Fact::Known { value: Some(name), from, basis }
                } else {
                    // Two buckets of the code are two; the words are those of a name that no bucket has.
                    let words = name.trim_matches(['⟨', '⟩']).to_string();
                    Fact::Known { value: Some(words), from, basis }
                }
            }
            other => other,
        };
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
        let Some(found) = self.index.declared(Noun::LogGroup, arn) else {
            let (region, account, name) = match parts.as_slice() {
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
        let Body::LogGroup { record, key } = &found.resource.body else {
            return blank::log_group(&run_time("anything of it"));
        };
        let key = self.index.resolve(&found, Noun::Key, key);
        LogGroup {
            arn: arn.to_string(),
            name: join::name(&found),
            owner_account: found.resource.home.account.clone(),
            region: found.resource.home.region.clone(),
            exists: Fact::Known { value: true, from: origin(&found), basis: Basis::Configured },
            kms_key_id: said(&key),
            kms_key: key.map(|k| k.map(KeyRef)),
            trails,
            ..(**record).clone()
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
            subscriptions_confirmed: Fact::Unknown(run_time("how many subscriptions were confirmed")),
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

    /// What other resources set of a thing.
    fn settings<T: Clone + PartialEq>(&self, noun: Noun, id: &str, read: impl Fn(&Setting) -> Option<Fact<T>>) -> Set<T> {
        let mut set = Set { certain: Vec::new(), possible: Vec::new() };
        for stack in self.stacks {
            for resource in &stack.resources {
                let Body::Setting { of, setting } = &resource.body else { continue };
                let Some(fact) = read(setting) else { continue };
                match self.index.resolve(&Found { stack, resource }, noun, of) {
                    Fact::Known { value: Some(of), .. } if of == id => set.certain.push(fact),
                    Fact::OneOf { candidates, .. } if candidates.iter().flatten().any(|of| of == id) => set.possible.push(fact),
                    Fact::Unknown(gap) => set.possible.push(Fact::Unknown(gap)),
                    _ => {}
                }
            }
        }
        set
    }

    fn partition(&self) -> String {
        self.stacks.first().map_or_else(|| "aws".to_string(), |stack| stack.home.partition.clone())
    }

    /// The accounts that hold something of the chain; of a stack that holds nothing of it, its own.
    fn accounts(&self, trails: &[Trail], buckets: &[Bucket]) -> Vec<Account> {
        let mut ids: BTreeMap<String, (String, &Stack)> = BTreeMap::new();
        for stack in self.stacks {
            let mut any = false;
            for resource in stack.resources.iter().filter(|r| join::noun(&r.body).is_some()) {
                any = true;
                ids.entry(resource.home.account.clone()).or_insert_with(|| (resource.home.partition.clone(), stack));
            }
            if !any {
                ids.entry(stack.home.account.clone()).or_insert_with(|| (stack.home.partition.clone(), stack));
            }
        }
        let holds = |id: &str| {
            trails.iter().any(|t| t.owner_account == id)
                || buckets.iter().any(|b| b.owner_account.known().is_some_and(|o| o == id))
        };
        if ids.keys().any(|id| holds(id)) {
            ids.retain(|id, _| holds(id));
        }
        ids.into_iter().map(|(id, (partition, stack))| self.account(id, partition, stack, trails)).collect()
    }

    fn account(&self, id: String, partition: String, stack: &Stack, trails: &[Trail]) -> Account {
        let from = Origin::Address { file: stack.file.clone(), address: "the code".to_string() };
        let mut listed = Listing::complete(Vec::new(), vec![from.clone()]);
        for trail in trails {
            if trail.owner_account == id {
                listed.items.push(TrailRef(trail.arn.clone()));
            } else if !matches!(trail.is_organization, Fact::Known { value: false, .. }) {
                let message = format!("trail {} may record for the whole organization, and in this account too", trail.name);
                listed.add_gap(Gap::new(GapKind::RunTime, message));
            }
        }
        if !self.options.complete {
            listed.add_gap(partial());
        }
        let mut regions: BTreeSet<String> =
            trails.iter().filter(|t| t.owner_account == id).map(|t| t.home_region.clone()).collect();
        regions.retain(|region| !is_placeholder(region));
        let always = always_enabled(&partition);
        regions.extend(always.iter().map(|region| (*region).to_string()));
        let mut regions = Listing::complete(regions.into_iter().collect(), vec![from.clone()]);
        // What is so for a Region of which nothing is known is so for each that is enabled beside.
        if always.is_empty() {
            regions.add_gap(run_time("which Regions are enabled"));
        } else {
            regions.items.push(OTHER_REGIONS.to_string());
        }
        let global_events_region = match partition.as_str() {
            "aws" => "us-east-1".to_string(),
            "aws-cn" => "cn-north-1".to_string(),
            "aws-us-gov" => "us-gov-west-1".to_string(),
            other => crate::inventory::code::placeholder(&format!("the Region of global events of {other}")),
        };
        Account {
            alias: Fact::Unknown(run_time("the account's alias")),
            caller_arn: Fact::Unknown(run_time("who reads the account")),
            organization: Fact::Unknown(run_time("which organization an account belongs to")),
            public_access_block: self.account_block(&id),
            id,
            partition,
            regions,
            global_events_region,
            trails: listed,
        }
    }

    fn account_block(&self, account: &str) -> Fact<PublicAccessBlock> {
        let blocks: Vec<&Fact<PublicAccessBlock>> = self
            .stacks
            .iter()
            .flat_map(|stack| &stack.resources)
            .filter(|resource| resource.home.account == account)
            .filter_map(|resource| match &resource.body {
                Body::AccountPublicAccessBlock(block) => Some(block),
                _ => None,
            })
            .collect();
        match blocks.as_slice() {
            [] if self.options.complete => Fact::Known {
                value: PublicAccessBlock {
                    level: "account".into(),
                    block_public_acls: false,
                    ignore_public_acls: false,
                    block_public_policy: false,
                    restrict_public_buckets: false,
                },
                from: Origin::Derived,
                basis: Basis::AssumedDefault,
            },
            [] => Fact::Unknown(partial()),
            [one] => (*one).clone(),
            [first, ..] => merged(first, blocks.iter().skip(1).copied()),
        }
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
        let mut declare = |noun: Noun, id: &str| {
            if let Some(found) = self.index.declared(noun, id) {
                code.declared.push(Declared {
                    noun: noun.name().to_string(),
                    id: id.to_string(),
                    address: found.resource.address.clone(),
                    file: found.stack.file.clone(),
                    place: found.resource.place.clone(),
                    related: found.resource.related.clone(),
                });
            }
        };
        trails.iter().for_each(|t| declare(Noun::Trail, &t.arn));
        buckets.iter().for_each(|b| declare(Noun::Bucket, &b.name));
        keys.iter().for_each(|k| declare(Noun::Key, &k.arn));
        groups.iter().for_each(|g| declare(Noun::LogGroup, &g.arn));
        topics.iter().for_each(|t| declare(Noun::Topic, &t.arn));
        for bucket in buckets {
            let trails = bucket.trails.items.iter().filter_map(|trail| self.index.declared(Noun::Trail, &trail.0));
            let places: Vec<SourcePlace> = trails.filter_map(|trail| trail.resource.place.clone()).collect();
            let declared = code.declared.iter_mut().find(|d| d.noun == "bucket" && d.id == bucket.name);
            if let Some(declared) = declared {
                declared.related.extend(places);
            }
        }
        for account in accounts {
            code.declared.push(Declared {
                noun: "account".into(),
                id: account.id.clone(),
                address: account.id.trim_matches(['⟨', '⟩']).to_string(),
                file: self.stacks.first().map(|stack| stack.file.clone()).unwrap_or_default(),
                place: None,
                related: Vec::new(),
            });
        }
        let used: BTreeSet<&str> = buckets.iter().map(|bucket| bucket.name.as_str()).collect();
        let others = self.index.of(Noun::Bucket).filter(|(name, _)| !used.contains(name)).count();
        if others > 0 {
            let buckets = if others == 1 { "1 bucket".to_string() } else { format!("{others} buckets") };
            code.notes.push(format!("{buckets} of the code are not looked at: no trail of the code delivers to them"));
        }
        code
    }
}

/// What other resources set of a thing: certainly, or possibly.
struct Set<T> {
    certain: Vec<Fact<T>>,
    possible: Vec<Fact<T>>,
}

impl<T: Clone + PartialEq> Set<T> {
    fn over(self, base: Fact<T>) -> Fact<T> {
        match (self.certain.split_first(), self.possible.is_empty()) {
            (Some((first, rest)), _) => merged(first, rest.iter()),
            (None, false) => merged(&base, self.possible.iter()),
            (None, true) => base,
        }
    }
}

/// The Regions that nobody can disable.
/// Source: <https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html>.
fn always_enabled(partition: &str) -> &'static [&'static str] {
    match partition {
        "aws" => &[
            "ap-northeast-1",
            "ap-northeast-2",
            "ap-northeast-3",
            "ap-south-1",
            "ap-southeast-1",
            "ap-southeast-2",
            "ca-central-1",
            "eu-central-1",
            "eu-north-1",
            "eu-west-1",
            "eu-west-2",
            "eu-west-3",
            "sa-east-1",
            "us-east-1",
            "us-east-2",
            "us-west-1",
            "us-west-2",
        ],
        "aws-cn" => &["cn-north-1", "cn-northwest-1"],
        "aws-us-gov" => &["us-gov-east-1", "us-gov-west-1"],
        _ => &[],
    }
}

/// Why the list of an account's trails need not be all.
fn partial() -> Gap {
    Gap::new(GapKind::NotInCode, "the code need not be all that the account holds")
        .with_remedy(Remedy::Do("say `--complete` where it is, or scan the account".into()))
}

fn elsewhere(noun: &str, name: &str) -> Gap {
    let message = format!("{noun} {} is not made by the code that was given", name.trim_matches(['⟨', '⟩']));
    let remedy = "give the code that makes it too, or scan the account that owns it";
    Gap::new(GapKind::NotInCode, message).with_remedy(Remedy::Do(remedy.into()))
}

fn origin(found: &Found<'_>) -> Origin {
    match &found.resource.place {
        Some(place) => Origin::Place { file: place.file.clone(), line: place.line, column: place.column },
        None => Origin::Address { file: found.stack.file.clone(), address: found.resource.address.clone() },
    }
}

fn scope_of(account: &Account) -> AccountScope {
    AccountScope {
        id: account.id.clone(),
        name: None,
        standing: Standing::Asked,
        reached: true,
        gaps: Vec::new(),
        regions: Vec::new(),
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
        Fact::Known { .. } => listing.items.push(status(OTHER_REGIONS)),
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

/// What is so whichever of the facts holds.
fn merged<'f, T: Clone + PartialEq + 'f>(first: &Fact<T>, rest: impl Iterator<Item = &'f Fact<T>>) -> Fact<T> {
    let mut all = first.clone();
    for other in rest {
        all = match (all, other) {
            (Fact::Unknown(gap), _) => Fact::Unknown(gap),
            (_, Fact::Unknown(gap)) => Fact::Unknown(gap.clone()),
            (Fact::Known { value, from, basis }, Fact::Known { value: also, basis: weaker, .. }) if value == *also => {
                Fact::Known { value, from, basis: basis.max(*weaker) }
            }
            (one, other) => {
                let set = |fact: &Fact<T>| matches!(fact, Fact::OneOf { candidates, .. } if candidates.is_empty());
                if set(&one) || set(other) {
                    Fact::Unknown(Gap::new(GapKind::KnownAfterApply, "which of several settings holds is known after apply"))
                } else {
                    let (mut values, from) = spread(&one);
                    for value in spread(other).0 {
                        if !values.contains(&value) {
                            values.push(value);
                        }
                    }
                    Fact::OneOf { candidates: values, from }
                }
            }
        };
    }
    all
}

fn spread<T: Clone>(fact: &Fact<T>) -> (Vec<T>, Origin) {
    match fact {
        Fact::Known { value, from, .. } => (vec![value.clone()], from.clone()),
        Fact::OneOf { candidates, from } => (candidates.clone(), from.clone()),
        Fact::Unknown(_) => (Vec::new(), Origin::Derived),
    }
}

/// How many kinds of bucket settings there are.
const KINDS: u8 = 10;

fn kind(setting: &BucketSetting) -> u8 {
    match setting {
        BucketSetting::Versioning { .. } => 0,
        BucketSetting::Encryption { .. } => 1,
        BucketSetting::PublicAccessBlock(_) => 2,
        BucketSetting::Policy(_) => 3,
        BucketSetting::Acl(_) => 4,
        BucketSetting::Ownership(_) => 5,
        BucketSetting::Logging { .. } => 6,
        BucketSetting::ObjectLock(_) => 7,
        BucketSetting::Lifecycle(_) => 8,
        BucketSetting::Replication(_) => 9,
    }
}

/// A setting of a kind that may be about the bucket, and may be anything.
fn unknown(kind: u8, gap: &Gap) -> BucketSetting {
    match kind {
        0 => BucketSetting::Versioning { versioning: Fact::Unknown(gap.clone()), mfa_delete: Fact::Unknown(gap.clone()) },
        1 => BucketSetting::Encryption {
            algorithm: Fact::Unknown(gap.clone()),
            key_id: Fact::Unknown(gap.clone()),
            key: Fact::Unknown(gap.clone()),
            bucket_key: Fact::Unknown(gap.clone()),
        },
        2 => BucketSetting::PublicAccessBlock(Fact::Unknown(gap.clone())),
        3 => BucketSetting::Policy(Fact::Unknown(gap.clone())),
        4 => BucketSetting::Acl(Fact::Unknown(gap.clone())),
        5 => BucketSetting::Ownership(Fact::Unknown(gap.clone())),
        6 => BucketSetting::Logging { target: Fact::Unknown(gap.clone()), prefix: Fact::Unknown(gap.clone()) },
        7 => BucketSetting::ObjectLock(Fact::Unknown(gap.clone())),
        8 => BucketSetting::Lifecycle(Fact::Unknown(gap.clone())),
        _ => BucketSetting::Replication(Fact::Unknown(gap.clone())),
    }
}

/// Takes over what buckets agree on of one kind of setting.
fn take(kind: u8, bucket: &mut Bucket, first: &Bucket, rest: &[Bucket]) {
    match kind {
        0 => {
            bucket.versioning = merged(&first.versioning, rest.iter().map(|b| &b.versioning));
            bucket.mfa_delete = merged(&first.mfa_delete, rest.iter().map(|b| &b.mfa_delete));
        }
        1 => {
            bucket.default_encryption = merged(&first.default_encryption, rest.iter().map(|b| &b.default_encryption));
            bucket.default_encryption_key = merged(&first.default_encryption_key, rest.iter().map(|b| &b.default_encryption_key));
            bucket.default_encryption_key_id =
                merged(&first.default_encryption_key_id, rest.iter().map(|b| &b.default_encryption_key_id));
            bucket.bucket_key_enabled = merged(&first.bucket_key_enabled, rest.iter().map(|b| &b.bucket_key_enabled));
        }
        2 => bucket.public_access_block = merged(&first.public_access_block, rest.iter().map(|b| &b.public_access_block)),
        3 => bucket.policy = merged(&first.policy, rest.iter().map(|b| &b.policy)),
        4 => bucket.acl_grants = merged(&first.acl_grants, rest.iter().map(|b| &b.acl_grants)),
        5 => bucket.object_ownership = merged(&first.object_ownership, rest.iter().map(|b| &b.object_ownership)),
        6 => {
            bucket.access_log_bucket = merged(&first.access_log_bucket, rest.iter().map(|b| &b.access_log_bucket));
            bucket.access_log_bucket_exists =
                merged(&first.access_log_bucket_exists, rest.iter().map(|b| &b.access_log_bucket_exists));
            bucket.access_log_prefix = merged(&first.access_log_prefix, rest.iter().map(|b| &b.access_log_prefix));
        }
        7 => bucket.object_lock = merged(&first.object_lock, rest.iter().map(|b| &b.object_lock)),
        8 => bucket.lifecycle_rules = merged(&first.lifecycle_rules, rest.iter().map(|b| &b.lifecycle_rules)),
        _ => bucket.replication_rules = merged(&first.replication_rules, rest.iter().map(|b| &b.replication_rules)),
    }
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

fn naming(trails: &[Trail], id: &str, read: impl Fn(&Trail) -> Fact<Option<String>>) -> Listing<TrailRef> {
    listing(trails, |trail| read(trail).map(|named| named.as_deref() == Some(id)))
}

/// The trails of which something is so; a gap for each of which that is open.
fn listing(trails: &[Trail], is_so: impl Fn(&Trail) -> Fact<bool>) -> Listing<TrailRef> {
    let mut listing = Listing::default();
    for trail in trails {
        match is_so(trail) {
            Fact::Known { value: true, .. } => listing.items.push(TrailRef(trail.arn.clone())),
            Fact::OneOf { candidates, .. } if candidates.contains(&true) => {
                let message = format!("whether trail {} names it is known after apply", trail.name);
                listing.add_gap(Gap::new(GapKind::KnownAfterApply, message));
            }
            Fact::Unknown(gap) => listing.add_gap(gap),
            _ => {}
        }
    }
    listing
}
