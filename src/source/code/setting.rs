//! What resources set of others: for certain of the one that they name, possibly of each that they may name.

use std::collections::BTreeMap;

use super::build::{Work, elsewhere};
use super::join::{Found, Index, Noun};
use super::named::Named;
use super::resource::{Body, BucketSetting, Encryption, Home, Setting, Stack};
use crate::inventory::code::is_placeholder;
use crate::inventory::{Basis, Bucket, Fact, Gap, GapKind, KeyRef, Origin};

impl Work<'_> {
    /// Lays upon a bucket what other resources set of it.
    pub(super) fn settle(&self, name: &str, bucket: &mut Bucket) {
        let mut certain: BTreeMap<u8, Vec<Bucket>> = BTreeMap::new();
        let mut possible: BTreeMap<u8, Vec<Possible>> = BTreeMap::new();
        for Set { found, setting, of: target } in self.set.of_one(Noun::Bucket, name) {
            let Setting::Bucket(setting) = setting else { continue };
            let kind = kind(setting);
            let with = |this: &Self, base: &Bucket| {
                let mut changed = base.clone();
                this.set(&mut changed, found, setting);
                changed
            };
            match target {
                Fact::Known { value: Some(id), .. } if id == name => {
                    certain.entry(kind).or_default().push(with(self, bucket));
                }
                Fact::OneOf { candidates, .. } if candidates.iter().flatten().any(|id| id == name) => {
                    possible.entry(kind).or_default().push(Possible { with: with(self, bucket), open: None });
                }
                Fact::Unknown(gap) => {
                    let mut changed = bucket.clone();
                    self.set(&mut changed, found, &unknown(kind, gap));
                    possible.entry(kind).or_default().push(Possible { with: with(self, bucket), open: Some(changed) });
                }
                _ => {}
            }
        }
        let base = bucket.clone();
        for kind in 0..KINDS {
            let mut variants = match (certain.remove(&kind), possible.remove(&kind)) {
                // Which of two settings holds is open where both may be about the bucket; where they say the same it is not.
                (Some(mut certain), possible) => {
                    certain.extend(possible.into_iter().flatten().map(|possible| possible.with));
                    certain
                }
                (None, Some(possible)) => {
                    let mut possible: Vec<Bucket> =
                        possible.into_iter().map(|possible| possible.open.unwrap_or(possible.with)).collect();
                    possible.push(base.clone());
                    possible
                }
                (None, None) => continue,
            };
            let first = variants.remove(0);
            take(kind, bucket, &first, &variants);
        }
    }

    fn set(&self, bucket: &mut Bucket, found: &Found<'_>, setting: &BucketSetting) {
        match setting.clone() {
            BucketSetting::Versioning { versioning, mfa_delete } => {
                bucket.versioning = versioning;
                bucket.mfa_delete = mfa_delete;
            }
            BucketSetting::Encryption(encryption) => {
                bucket.default_encryption = encryption.algorithm;
                bucket.default_encryption_key = self.index.resolve(found, Noun::Key, &encryption.key).map(|k| k.map(KeyRef));
                bucket.default_encryption_key_id = encryption.key_id;
                bucket.bucket_key_enabled = encryption.bucket_key;
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
    pub(super) fn log_to(&self, bucket: &mut Bucket, target: Fact<Option<String>>) {
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

    /// What other resources set of a thing.
    pub(super) fn settings<T: Clone + PartialEq>(
        &self,
        noun: Noun,
        id: &str,
        read: impl Fn(&Setting) -> Option<Fact<T>>,
    ) -> Said<T> {
        let mut said = Said { certain: Vec::new(), possible: Vec::new() };
        for Set { setting, of, .. } in self.set.of_one(noun, id) {
            let Some(fact) = read(setting) else { continue };
            match of {
                Fact::Known { .. } => said.certain.push(fact),
                Fact::OneOf { .. } => said.possible.push((fact, None)),
                Fact::Unknown(gap) => said.possible.push((fact, Some(gap.clone()))),
            }
        }
        said
    }
}

/// A resource that sets something of another.
pub(super) struct Set<'a> {
    pub(super) found: Found<'a>,
    pub(super) setting: &'a Setting,
    /// The id of what it is set of.
    pub(super) of: Fact<Option<String>>,
}

/// Every such resource, by what it is about.
pub(super) struct Settings<'a> {
    all: Vec<Set<'a>>,
    buckets: Named,
    keys: Named,
    topics: Named,
    log_groups: Named,
    rules: Named,
}

impl<'a> Settings<'a> {
    pub(super) fn of(stacks: &'a [Stack], index: &Index<'a>) -> Self {
        let mut all = Vec::new();
        for stack in stacks {
            for resource in &stack.resources {
                if let Body::Setting { of, setting } = &resource.body {
                    let found = Found { stack, resource };
                    let noun = noun(setting);
                    let of = index.resolve(&found, noun, of);
                    all.push(Set { found, setting, of: if noun == Noun::LogGroup { in_place(of, &resource.home) } else { of } });
                }
            }
        }
        let named = |wanted: Noun| {
            let about = all.iter().enumerate().filter(|(_, set)| noun(set.setting) == wanted);
            Named::of(about.map(|(number, set)| (number, &set.of)), |id| id.as_deref())
        };
        Settings {
            buckets: named(Noun::Bucket),
            keys: named(Noun::Key),
            topics: named(Noun::Topic),
            log_groups: named(Noun::LogGroup),
            rules: named(Noun::Rule),
            all,
        }
    }

    /// What is set of a thing, or may be, in the order of the code.
    pub(super) fn of_one(&self, noun: Noun, id: &str) -> impl Iterator<Item = &Set<'a>> {
        let numbers = match noun {
            Noun::Bucket => self.buckets.naming(id),
            Noun::Key => self.keys.naming(id),
            Noun::Topic => self.topics.naming(id),
            Noun::LogGroup => self.log_groups.naming(id),
            Noun::Rule => self.rules.naming(id),
            Noun::Trail | Noun::Alarm | Noun::EventDataStore => Vec::new(),
        };
        numbers.into_iter().filter_map(|number| self.all.get(number))
    }
}

/// What a setting is one of.
fn noun(setting: &Setting) -> Noun {
    match setting {
        Setting::Bucket(_) => Noun::Bucket,
        Setting::KeyPolicy(_) => Noun::Key,
        Setting::TopicPolicy(_) | Setting::Subscription(_) => Noun::Topic,
        Setting::MetricFilter(_) | Setting::SubscriptionFilter(_) => Noun::LogGroup,
        Setting::RuleTarget(_) => Noun::Rule,
    }
}

/// Log groups of their account and Region are called by their names, those of no code too.
fn in_place(of: Fact<Option<String>>, home: &Home) -> Fact<Option<String>> {
    let Home { account, partition, region } = home;
    let whole = |name: String| match name.starts_with("arn:") {
        true => name,
        false => format!("arn:{partition}:logs:{region}:{account}:log-group:{name}"),
    };
    of.map(|name| name.map(whole))
}

/// A bucket with what a resource sets that may be about it.
struct Possible {
    with: Bucket,
    /// The same without saying what, where nothing tells what the resource is about.
    open: Option<Bucket>,
}

/// What other resources set of a thing: certainly, or possibly.
pub(super) struct Said<T> {
    certain: Vec<Fact<T>>,
    /// Each with the reason where nothing tells what it is about.
    possible: Vec<(Fact<T>, Option<Gap>)>,
}

impl<T: Clone + PartialEq> Said<T> {
    pub(super) fn over(self, base: Fact<T>) -> Fact<T> {
        match self.certain.split_first() {
            Some((first, rest)) => merged(first, rest.iter().chain(self.possible.iter().map(|(fact, _)| fact))),
            None => {
                let open = |(fact, gap): (Fact<T>, Option<Gap>)| gap.map_or(fact, Fact::Unknown);
                let possible: Vec<Fact<T>> = self.possible.into_iter().map(open).collect();
                merged(&base, possible.iter())
            }
        }
    }
}

/// What is so whichever of the facts holds.
pub(super) fn merged<'f, T: Clone + PartialEq + 'f>(first: &Fact<T>, rest: impl Iterator<Item = &'f Fact<T>>) -> Fact<T> {
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
        BucketSetting::Encryption(_) => 1,
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
        1 => BucketSetting::Encryption(Box::new(Encryption {
            algorithm: Fact::Unknown(gap.clone()),
            key_id: Fact::Unknown(gap.clone()),
            key: Fact::Unknown(gap.clone()),
            bucket_key: Fact::Unknown(gap.clone()),
        })),
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
