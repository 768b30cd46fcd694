//! Which findings concern an account: those about the account, and about everything that serves a trail which records in it.
//!
//! Where it is not known whether something concerns an account it does: a scope may take in too much, and never too little.

use std::collections::BTreeSet;

use crate::finding::Finding;
use crate::inventory::{Fact, Inventory, Trail};

/// What belongs to a set of accounts.
#[derive(Debug, Default)]
pub(super) struct Concern<'a> {
    accounts: BTreeSet<&'a str>,
    organizations: BTreeSet<&'a str>,
    trails: BTreeSet<&'a str>,
    buckets: BTreeSet<&'a str>,
    keys: BTreeSet<&'a str>,
    log_groups: BTreeSet<&'a str>,
    alarms: BTreeSet<&'a str>,
    topics: BTreeSet<&'a str>,
    /// An account whose organization is not known may be in any.
    any_organization: bool,
}

impl<'a> Concern<'a> {
    pub(super) fn of(inventory: &'a Inventory, accounts: &'a BTreeSet<String>) -> Concern<'a> {
        let mut all = Concern { accounts: accounts.iter().map(String::as_str).collect(), ..Concern::default() };
        // Whether a trail of another account records here is not known where this account's list of trails is not complete.
        let mut in_doubt = false;
        for id in &all.accounts {
            let Some(account) = inventory.account(id) else {
                in_doubt = true;
                all.any_organization = true;
                continue;
            };
            in_doubt |= !account.trails.is_complete();
            all.trails.extend(account.trails.items.iter().map(|t| t.0.as_str()));
            match &account.organization {
                Fact::Known { value, .. } => all.organizations.extend(value.iter().map(|o| o.0.as_str())),
                Fact::OneOf { .. } | Fact::Unknown(_) => all.any_organization = true,
            }
        }
        for trail in &inventory.trails {
            let owned = all.accounts.contains(trail.owner_account.as_str());
            let alone = matches!(trail.is_organization, Fact::Known { value: false, .. });
            if owned || (in_doubt && !alone) {
                all.trails.insert(&trail.arn);
            }
        }
        for trail in inventory.trails.iter().filter(|t| all.trails.contains(t.arn.as_str())).collect::<Vec<_>>() {
            all.serve(trail);
        }
        all.follow(inventory);
        all
    }

    /// What the trail names as serving it.
    fn serve(&mut self, trail: &'a Trail) {
        self.buckets.extend(trail.bucket.possible().map(|b| b.0.as_str()));
        self.keys.extend(trail.kms_key.possible().flatten().map(|k| k.0.as_str()));
        self.log_groups.extend(trail.log_group.possible().flatten().map(|g| g.0.as_str()));
        self.topics.extend(trail.sns_topic.possible().flatten().map(|t| t.0.as_str()));
    }

    /// What says by itself that it serves such a trail, and the keys of what serves one.
    fn follow(&mut self, inventory: &'a Inventory) {
        for bucket in &inventory.buckets {
            if bucket.trails.items.iter().any(|t| self.trails.contains(t.0.as_str())) {
                self.buckets.insert(&bucket.name);
            }
            if self.buckets.contains(bucket.name.as_str()) {
                self.keys.extend(bucket.default_encryption_key.possible().flatten().map(|k| k.0.as_str()));
            }
        }
        for group in &inventory.log_groups {
            if group.trails.items.iter().any(|t| self.trails.contains(t.0.as_str())) {
                self.log_groups.insert(&group.arn);
            }
            if self.log_groups.contains(group.arn.as_str()) {
                self.keys.extend(group.kms_key.possible().flatten().map(|k| k.0.as_str()));
            }
        }
        let groups = inventory.log_groups.iter().filter(|g| self.log_groups.contains(g.arn.as_str()));
        self.alarms.extend(groups.flat_map(|g| &g.alarms.items).map(|a| a.0.as_str()));
        let alarms = inventory.alarms.iter().filter(|a| self.alarms.contains(a.arn.as_str()));
        self.topics.extend(alarms.flat_map(|a| &a.topics.items).map(|t| t.0.as_str()));
        let buses = self.accounts.iter().filter_map(|id| inventory.account(id)).flat_map(|a| &a.event_buses.items);
        let targets = buses.flat_map(|bus| &bus.rules.items).flat_map(|rule| &rule.targets.items);
        self.topics.extend(targets.filter_map(|t| t.topic.as_ref()).map(|t| t.0.as_str()));
        for topic in &inventory.topics {
            if topic.trails.items.iter().any(|t| self.trails.contains(t.0.as_str())) {
                self.topics.insert(&topic.arn);
            }
        }
    }

    pub(super) fn includes(&self, finding: &Finding) -> bool {
        let subject = &finding.subject;
        // What code declares is known by its address, and not by what it will be called.
        if subject.kind != "account" && subject.place.is_some() {
            return true;
        }
        let id = subject.id.as_str();
        let serves = match subject.kind.as_str() {
            "account" => return self.accounts.contains(id),
            "organization" => self.any_organization || self.organizations.contains(id),
            "trail" => self.trails.contains(id),
            "bucket" => self.buckets.contains(subject.name.as_str()),
            "key" => self.keys.contains(id),
            "log_group" => self.log_groups.contains(id),
            "alarm" => self.alarms.contains(id),
            "topic" => self.topics.contains(id),
            _ => true,
        };
        let id_of_account = subject.account.len() == 12 && subject.account.bytes().all(|b| b.is_ascii_digit());
        serves || !id_of_account || self.accounts.contains(subject.account.as_str())
    }
}
