//! The accounts that code is for: what they hold of the chain, and what of them no code tells.

use std::collections::{BTreeMap, BTreeSet};

use super::blank::run_time;
use super::build::Work;
use super::join;
use super::resource::{Body, Neighbour, Stack};
use super::setting::merged;
use crate::inventory::bucket::PublicAccessBlock;
use crate::inventory::code::{OTHER_REGIONS, is_placeholder};
use crate::inventory::{
    Account, AccountScope, Basis, Bucket, EventDataStore, Fact, Gap, GapKind, Listing, Origin, Remedy, Standing, Trail, TrailRef,
};

impl Work<'_> {
    /// The accounts that hold something of the chain; of a stack that holds nothing of it, its own.
    pub(super) fn accounts(&self, trails: &[Trail], buckets: &[Bucket], stores: &[EventDataStore]) -> Vec<Account> {
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
        let owners = buckets.iter().filter_map(|b| b.owner_account.known().map(String::as_str));
        let owners = owners.chain(stores.iter().map(|store| store.owner_account.as_str()));
        let holders: BTreeSet<&str> = trails.iter().map(|t| t.owner_account.as_str()).chain(owners).collect();
        if ids.keys().any(|id| holders.contains(id.as_str())) {
            ids.retain(|id, _| holders.contains(id.as_str()));
        }
        let parts = Parts::of(self.stacks, trails);
        ids.into_iter().map(|(id, (partition, stack))| self.account(id, partition, stack, &parts)).collect()
    }

    fn account(&self, id: String, partition: String, stack: &Stack, parts: &Parts<'_>) -> Account {
        let from = Origin::Address { file: stack.file.clone(), address: "the code".to_string() };
        let mut listed = Listing::complete(Vec::new(), vec![from.clone()]);
        let own = || parts.trails.get(id.as_str()).into_iter().flatten().copied();
        let mut recording: Vec<(usize, &Trail)> = own().chain(parts.wide.iter().copied()).collect();
        recording.sort_by_key(|(number, _)| *number);
        recording.dedup_by_key(|(number, _)| *number);
        for (_, trail) in recording {
            if trail.owner_account == id {
                listed.items.push(TrailRef(trail.arn.clone()));
            } else {
                let message = format!("trail {} may record for the whole organization, and in this account too", trail.name);
                listed.add_gap(Gap::new(GapKind::RunTime, message));
            }
        }
        if !self.options.complete {
            listed.add_gap(self.partial());
        }
        let stacks = parts.stacks.get(id.as_str()).into_iter().flatten();
        for gap in stacks.flat_map(|stack| &stack.hides) {
            // Beside a trail, code that was not given is other code as any; without one, it is where the trail may be.
            let is_other = gap.kind == GapKind::AbsentInput && !listed.items.is_empty();
            let kind = if is_other { GapKind::NotInCode } else { gap.kind };
            listed.add_gap(Gap { kind, ..gap.clone() });
        }
        let mut regions: BTreeSet<String> = own().map(|(_, trail)| trail.home_region.clone()).collect();
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
            public_access_block: self.account_block(parts.blocks.get(id.as_str()).map_or(&[], Vec::as_slice)),
            root_mfa_enabled: Fact::Unknown(run_time("whether the root user has an MFA device")),
            root_has_access_keys: Fact::Unknown(run_time("whether the root user has access keys")),
            event_buses: self.event_buses(&id),
            event_data_stores: self.stores_of(&id),
            config_regions: self.neighbour(parts, Neighbour::Config, "whether AWS Config records"),
            threat_detections: self.neighbour(parts, Neighbour::ThreatDetection, "whether GuardDuty is enabled"),
            security_hubs: self.neighbour(parts, Neighbour::SecurityHub, "whether Security Hub is enabled"),
            id,
            partition,
            regions,
            global_events_region,
            trails: listed,
        }
    }

    /// What stands beside CloudTrail is only told by the account; where the code has nothing of it, by other code.
    fn neighbour<T>(&self, parts: &Parts<'_>, of: Neighbour, what: &str) -> Listing<T> {
        let is_there = parts.neighbours.contains(&of);
        Listing::unread(if is_there || self.options.complete { run_time(what) } else { self.partial() })
    }

    /// Why the list of what an account has need not be all.
    pub(super) fn partial(&self) -> Gap {
        if self.is_cut_short {
            return Gap::new(GapKind::AbsentInput, "a part of the code, which is said to be all, was not read")
                .with_remedy(Remedy::Do("make the plan of everything, and give every template".into()));
        }
        Gap::new(GapKind::NotInCode, "the code need not be all that the account holds")
            .with_remedy(Remedy::Do("say `--complete` where it is, or scan the account".into()))
    }

    fn account_block(&self, blocks: &[&Fact<PublicAccessBlock>]) -> Fact<PublicAccessBlock> {
        match blocks {
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
            [] => Fact::Unknown(self.partial()),
            [one] => (*one).clone(),
            [first, ..] => merged(first, blocks.iter().skip(1).copied()),
        }
    }
}

/// What each account has of the code.
struct Parts<'a> {
    /// The trails that it owns, with their numbers.
    trails: BTreeMap<&'a str, Vec<(usize, &'a Trail)>>,
    /// Trails that may record for an organization, with their numbers.
    wide: Vec<(usize, &'a Trail)>,
    stacks: BTreeMap<&'a str, Vec<&'a Stack>>,
    blocks: BTreeMap<&'a str, Vec<&'a Fact<PublicAccessBlock>>>,
    /// The services beside CloudTrail of which the code has something, in whichever account.
    neighbours: BTreeSet<Neighbour>,
}

impl<'a> Parts<'a> {
    fn of(stacks: &'a [Stack], trails: &'a [Trail]) -> Self {
        let mut parts = Parts {
            trails: BTreeMap::new(),
            wide: Vec::new(),
            stacks: BTreeMap::new(),
            blocks: BTreeMap::new(),
            neighbours: BTreeSet::new(),
        };
        for (number, trail) in trails.iter().enumerate() {
            parts.trails.entry(&trail.owner_account).or_default().push((number, trail));
            if !matches!(trail.is_organization, Fact::Known { value: false, .. }) {
                parts.wide.push((number, trail));
            }
        }
        for stack in stacks {
            parts.stacks.entry(&stack.home.account).or_default().push(stack);
            for resource in &stack.resources {
                match &resource.body {
                    Body::AccountPublicAccessBlock(block) => {
                        parts.blocks.entry(&resource.home.account).or_default().push(block);
                    }
                    Body::Neighbour(of) => drop(parts.neighbours.insert(*of)),
                    _ => {}
                }
            }
        }
        parts
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

/// The account as one that was asked for and read.
pub(super) fn scope_of(account: &Account) -> AccountScope {
    AccountScope {
        id: account.id.clone(),
        name: None,
        standing: Standing::Asked,
        reached: true,
        gaps: Vec::new(),
        regions: Vec::new(),
    }
}
