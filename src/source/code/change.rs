//! What code does to the logging chain that is there: what it deletes, makes anew, or lets protect less.

use std::collections::{BTreeMap, BTreeSet};

use super::join::{Found, Index, Noun};
use super::resource::{Action, Body, Setting, Stack};
use crate::inventory::{Basis, Bucket, Change, Fact, Gap, GapKind, Inventory, Key, LogGroup, Origin, Trail};

/// The changes, one for each thing of the chain that is there, by address. `before` was built from `befores`, `after` from
/// `stacks`.
pub(super) fn changes(befores: &[Stack], before: &Inventory, stacks: &[Stack], after: &Inventory) -> Vec<Change> {
    let chain = chain(befores, before);
    let actions: BTreeMap<(&str, &str), &Action> = stacks
        .iter()
        .flat_map(|stack| stack.actions.iter().map(|(address, action)| ((stack.file.as_str(), address.as_str()), action)))
        .collect();
    let mut found = Vec::new();
    for ((file, was), link) in &chain {
        let action = actions.get(&(*file, *was)).copied();
        let address = match action {
            Some(Action::Move(to)) => to.as_str(),
            _ => was,
        };
        let from = Origin::Address { file: (*file).to_string(), address: address.to_string() };
        let known = |is_so: bool| Fact::Known { value: is_so, from: from.clone(), basis: Basis::Configured };
        let weakens = link.id.as_deref().map(|(noun, id)| weaker(*noun, before, id, after, file, address));
        found.push(Change {
            address: address.to_string(),
            of: link.what.replace('_', " "),
            account: link.account.to_string(),
            deletes: known(matches!(action, Some(Action::Delete))),
            replaces: known(matches!(action, Some(Action::Replace))),
            weakens: weakens.unwrap_or_default().fact(from.clone()),
        });
    }
    found
}

/// What protects less of one thing than before.
fn weaker(noun: Noun, before: &Inventory, was: &str, after: &Inventory, file: &str, address: &str) -> Weaker {
    let declared = after.code.iter().flat_map(|code| &code.declared);
    let is = declared.filter(|d| d.noun == noun.name() && d.file == file && d.address == address).map(|d| d.id.as_str()).next();
    let Some(is) = is else { return Weaker::default() };
    match noun {
        Noun::Trail => compare(before.trail(was), after.trail(is), weaker_trail),
        Noun::Bucket => compare(before.bucket(was), after.bucket(is), weaker_bucket),
        Noun::Key => compare(before.key(was), after.key(is), weaker_key),
        Noun::LogGroup => compare(before.log_group(was), after.log_group(is), weaker_log_group),
        Noun::Topic | Noun::Alarm | Noun::Rule | Noun::EventDataStore => Weaker::default(),
    }
}

/// Something of the chain as it is before.
struct Link<'a> {
    what: &'static str,
    account: &'a str,
    /// Its noun and id; absent for what sets something of another.
    id: Option<Box<(Noun, String)>>,
}

/// What stands in the chain before, by file and address.
fn chain<'a>(befores: &'a [Stack], before: &Inventory) -> BTreeMap<(&'a str, &'a str), Link<'a>> {
    let index = Index::new(befores);
    let declared: BTreeSet<(&str, &str)> = before
        .code
        .iter()
        .flat_map(|code| &code.declared)
        .map(|declared| (declared.noun.as_str(), declared.id.as_str()))
        .collect();
    let mut chain = BTreeMap::new();
    for noun in [Noun::Trail, Noun::Bucket, Noun::Key, Noun::LogGroup, Noun::Topic] {
        for (id, found) in index.of(noun) {
            if declared.contains(&(noun.name(), id)) {
                let link =
                    Link { what: noun.name(), account: &found.resource.home.account, id: Some(Box::new((noun, id.to_string()))) };
                chain.insert((found.stack.file.as_str(), found.resource.address.as_str()), link);
            }
        }
    }
    for stack in befores {
        for resource in &stack.resources {
            let (noun, what) = match &resource.body {
                Body::Setting { setting: Setting::Bucket(_), .. } => (Noun::Bucket, "bucket setting"),
                Body::Setting { setting: Setting::KeyPolicy(_), .. } => (Noun::Key, "key policy"),
                Body::Setting { setting: Setting::TopicPolicy(_), .. } => (Noun::Topic, "topic policy"),
                _ => continue,
            };
            let Body::Setting { of, .. } = &resource.body else { continue };
            let target = index.resolve(&Found { stack, resource }, noun, of);
            if let Fact::Known { value: Some(id), .. } = target
                && declared.contains(&(noun.name(), id.as_str()))
            {
                let link = Link { what, account: &resource.home.account, id: None };
                chain.insert((stack.file.as_str(), resource.address.as_str()), link);
            }
        }
    }
    chain
}

fn compare<T>(was: Option<&T>, is: Option<&T>, weaker: impl Fn(&T, &T) -> Weaker) -> Weaker {
    match (was, is) {
        (Some(was), Some(is)) => weaker(was, is),
        _ => Weaker::default(),
    }
}

/// Collects what protects less, and why there may be more.
#[derive(Default)]
struct Weaker {
    says: Vec<String>,
    gap: Option<Gap>,
}

impl Weaker {
    fn when<T>(&mut self, was: &Fact<T>, is: &Fact<T>, weaker: impl Fn(&T, &T) -> bool, says: &str) {
        match (was, is) {
            (Fact::Known { value: was, .. }, Fact::Known { value: is, .. }) if weaker(was, is) => {
                self.says.push(says.to_string())
            }
            (Fact::Known { .. }, Fact::Unknown(gap)) => {
                self.gap.get_or_insert_with(|| gap.clone());
            }
            (Fact::Known { value: was, .. }, Fact::OneOf { candidates, .. }) if candidates.iter().any(|is| weaker(was, is)) => {
                self.gap
                    .get_or_insert_with(|| Gap::new(GapKind::KnownAfterApply, format!("whether {says} is known after apply")));
            }
            _ => {}
        }
    }

    fn fact(self, from: Origin) -> Fact<Vec<String>> {
        match self.gap {
            Some(gap) if self.says.is_empty() => Fact::Unknown(gap),
            _ => Fact::Known { value: self.says, from, basis: Basis::Configured },
        }
    }

    fn off(&mut self, was: &Fact<bool>, is: &Fact<bool>, says: &str) {
        self.when(was, is, |was, is| *was && !*is, says);
    }

    fn gone<T>(&mut self, was: &Fact<Option<T>>, is: &Fact<Option<T>>, says: &str) {
        self.when(was, is, |was, is| was.is_some() && is.is_none(), says);
    }
}

fn weaker_trail(was: &Trail, is: &Trail) -> Weaker {
    let mut weaker = Weaker::default();
    weaker.off(&was.is_logging, &is.is_logging, "the trail stops logging");
    weaker.off(&was.is_multi_region, &is.is_multi_region, "the trail no longer covers every Region");
    weaker.off(&was.is_organization, &is.is_organization, "the trail no longer records for the organization");
    weaker.off(
        &was.include_global_service_events,
        &is.include_global_service_events,
        "events of global services are no longer recorded",
    );
    weaker.off(
        &was.log_file_validation_enabled,
        &is.log_file_validation_enabled,
        "CloudTrail no longer writes digests over the log files",
    );
    weaker.gone(&was.kms_key, &is.kms_key, "log files are no longer encrypted with a KMS key");
    weaker.gone(&was.log_group, &is.log_group, "events are no longer sent to CloudWatch Logs");
    weaker
}

fn weaker_bucket(was: &Bucket, is: &Bucket) -> Weaker {
    let mut weaker = Weaker::default();
    let enabled = |status: &Option<String>| status.as_deref() == Some("Enabled");
    weaker.when(&was.versioning, &is.versioning, |was, is| enabled(was) && !enabled(is), "versioning is switched off");
    weaker.off(&was.mfa_delete, &is.mfa_delete, "MFA delete is switched off");
    weaker.gone(&was.object_lock, &is.object_lock, "Object Lock is taken away");
    weaker.when(
        &was.object_lock,
        &is.object_lock,
        |was, is| matches!((was, is), (Some(was), Some(is)) if was.days > is.days),
        "Object Lock keeps objects for a shorter time",
    );
    weaker.gone(&was.default_encryption_key, &is.default_encryption_key, "the bucket no longer encrypts with its KMS key");
    weaker.gone(&was.access_log_bucket, &is.access_log_bucket, "access to the bucket is no longer logged");
    weaker.gone(&was.policy, &is.policy, "the bucket policy is taken away");
    let flags = |block: &crate::inventory::bucket::PublicAccessBlock| {
        [block.block_public_acls, block.ignore_public_acls, block.block_public_policy, block.restrict_public_buckets]
    };
    weaker.when(
        &was.public_access_block,
        &is.public_access_block,
        |was, is| flags(was).into_iter().zip(flags(is)).any(|(was, is)| was && !is),
        "public access is no longer blocked in every way",
    );
    let replicates = |rules: &Vec<crate::inventory::bucket::ReplicationRule>| rules.iter().any(|rule| rule.is_enabled);
    weaker.when(
        &was.replication_rules,
        &is.replication_rules,
        |was, is| replicates(was) && !replicates(is),
        "the bucket is no longer replicated",
    );
    let soonest = |rules: &Vec<crate::inventory::bucket::LifecycleRule>| {
        rules.iter().filter(|rule| rule.is_enabled).filter_map(|rule| rule.expiration_days).min()
    };
    weaker.when(
        &was.lifecycle_rules,
        &is.lifecycle_rules,
        |was, is| match (soonest(was), soonest(is)) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(was), Some(is)) => is < was,
        },
        "objects expire sooner",
    );
    weaker
}

fn weaker_key(was: &Key, is: &Key) -> Weaker {
    let mut weaker = Weaker::default();
    weaker.when(&was.key_state, &is.key_state, |was, is| was == "Enabled" && is != "Enabled", "the key is disabled");
    weaker.off(&was.rotation_enabled, &is.rotation_enabled, "the key no longer rotates");
    weaker
}

fn weaker_log_group(was: &LogGroup, is: &LogGroup) -> Weaker {
    let mut weaker = Weaker::default();
    weaker.when(
        &was.retention_days,
        &is.retention_days,
        |was, is| match (was, is) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(was), Some(is)) => is < was,
        },
        "events are kept for a shorter time",
    );
    weaker.gone(&was.kms_key, &is.kms_key, "the log group is no longer encrypted with a KMS key");
    weaker
}
