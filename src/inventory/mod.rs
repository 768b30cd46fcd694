//! Every fact of one run.
//!
//! The inventory is all that policies, reports and evidence see of the world. It knows nobody: not where facts come from,
//! not what they are good for. Joins are ids, never nested copies. It is sorted, and the same facts give the same bytes.

pub mod account;
pub mod alarm;
pub mod bucket;
pub mod code;
pub mod document;
pub mod event_bus;
pub mod event_data_store;
pub mod fact;
pub mod family;
pub mod key;
pub mod log_group;
pub mod metric_filter;
pub mod neighbour;
pub mod noun;
pub mod organization;
pub mod role;
pub mod tag;
pub mod topic;
pub mod trail;

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use account::Account;
pub use alarm::{Alarm, AlarmDefinition, MuteRule};
pub use bucket::Bucket;
pub use code::{Change, Code, CodeFile, Declared, SourcePlace};
pub use event_bus::{EventBus, EventRule, RuleTarget};
pub use event_data_store::EventDataStore;
pub use fact::{Basis, CallId, Fact, Gap, GapKind, Gaps, Listing, Origin, Remedy};
pub use family::Family;
pub use key::Key;
pub use log_group::LogGroup;
pub use metric_filter::{Metric, MetricFilter, SubscriptionFilter};
pub use neighbour::{ConfigRecorder, ConfigRegion, DeliveryChannel, SecurityHub, ThreatDetection};
pub use noun::{
    AccountRef, AlarmRef, BucketRef, EventDataStoreRef, KeyRef, LogGroupRef, Noun, OrganizationRef, Record, TopicRef, TrailRef,
};
pub use organization::{Member, Organization};
pub use role::{Role, RolePolicy};
pub use tag::Tag;
pub use topic::Topic;
pub use trail::{Trail, TrailStatus};

/// The version of the saved form. It changes when a reader of the old form would misread the new one.
pub const SCHEMA_VERSION: &str = "4";

/// Every fact of one run, and the population it was read from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inventory {
    /// `trailproof-inventory`, so that a reader knows the file.
    pub kind: String,
    pub schema_version: String,
    pub scope: Scope,
    pub organizations: Vec<Organization>,
    pub accounts: Vec<Account>,
    pub trails: Vec<Trail>,
    pub buckets: Vec<Bucket>,
    pub keys: Vec<Key>,
    pub log_groups: Vec<LogGroup>,
    pub alarms: Vec<Alarm>,
    pub topics: Vec<Topic>,
    pub event_data_stores: Vec<EventDataStore>,
    /// What plans do to what is there already.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// Where the facts stand in code; absent where none were read from code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// Every call that was made, by its id.
    pub calls: BTreeMap<CallId, Call>,
}

/// What was asked for, what was reached, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// When the first call was made and the last answer came.
    pub started: Timestamp,
    pub ended: Timestamp,
    /// Whether the run was stopped before it had asked everything.
    #[serde(default)]
    pub interrupted: bool,
    /// Whether the account's data was made up for a demonstration.
    #[serde(default)]
    pub synthetic: bool,
    /// The Regions that were asked for; empty where every enabled Region was.
    #[serde(default)]
    pub regions_asked: Vec<String>,
    /// The accounts that were asked for, reached or not, and those of the organization that were left out.
    pub accounts: Vec<AccountScope>,
    /// Why there may be accounts that nobody listed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
}

/// One account of the population.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountScope {
    pub id: String,
    /// The account's name in its organization, where it was listed there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether the account was to be read.
    #[serde(default, skip_serializing_if = "Standing::is_asked")]
    pub standing: Standing,
    /// Whether any fact was read in the account.
    pub reached: bool,
    /// Why it was not, or not wholly.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
    /// Region by Region: reached, or why not.
    pub regions: Vec<RegionScope>,
}

/// Whether an account of the population was to be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It was to be read.
    #[default]
    Asked,
    /// The owner left it out.
    Excluded,
    /// It is suspended or closed, and nobody can read it.
    Suspended,
}

impl Standing {
    fn is_asked(&self) -> bool {
        *self == Standing::Asked
    }
}

/// One Region of an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegionScope {
    pub name: String,
    pub outcome: RegionOutcome,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RegionOutcome {
    /// Every call that was made there was answered.
    Reached,
    /// Nothing of a trail had to be asked there.
    NothingToAsk,
    /// The account has not enabled the Region: nothing happens in it.
    NotEnabled,
    /// The Region was left out by the scope that was asked for.
    NotAsked,
    /// At least one call there gave no answer.
    Gap(Gap),
}

/// One API call that was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Call {
    pub account: String,
    pub region: String,
    /// For example `cloudtrail`.
    pub service: String,
    /// For example `DescribeTrails`.
    pub operation: String,
    /// What was asked about, in a few words: a bucket name, a trail ARN; empty where the call has no input.
    pub about: String,
    /// When the answer came.
    pub time: Timestamp,
    /// The HTTP status; absent where no answer came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// AWS's id for the request, by which AWS and the account's own trail know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// Why a saved inventory could not be read.
#[derive(Debug, thiserror::Error)]
pub enum InventoryError {
    #[error("not a saved inventory: {0}")]
    Json(#[from] serde_json::Error),
    #[error("this file says it is `{0}`, not a saved inventory")]
    Kind(String),
    #[error("the inventory has schema version {found}; this version reads {SCHEMA_VERSION}")]
    Version { found: String },
}

impl Inventory {
    /// The value of `kind`.
    pub const KIND: &'static str = "trailproof-inventory";

    /// An inventory without facts.
    pub fn empty(scope: Scope) -> Self {
        Inventory {
            kind: Self::KIND.into(),
            schema_version: SCHEMA_VERSION.into(),
            scope,
            organizations: Vec::new(),
            accounts: Vec::new(),
            trails: Vec::new(),
            buckets: Vec::new(),
            keys: Vec::new(),
            log_groups: Vec::new(),
            alarms: Vec::new(),
            topics: Vec::new(),
            event_data_stores: Vec::new(),
            changes: Vec::new(),
            code: None,
            calls: BTreeMap::new(),
        }
    }

    /// Reads the saved form.
    ///
    /// # Errors
    /// Text that is not JSON, not an inventory, or an inventory of another schema version.
    pub fn from_json(text: &str) -> Result<Self, InventoryError> {
        #[derive(Deserialize)]
        struct Head {
            #[serde(default)]
            kind: String,
            #[serde(default)]
            schema_version: String,
        }
        let head: Head = serde_json::from_str(text)?;
        if head.kind != Self::KIND {
            return Err(InventoryError::Kind(head.kind));
        }
        if head.schema_version != SCHEMA_VERSION {
            return Err(InventoryError::Version { found: head.schema_version });
        }
        Ok(serde_json::from_str(text)?)
    }

    /// The saved form: pretty JSON with a final newline, the same bytes for the same facts.
    ///
    /// # Errors
    /// None in practice: every type here serializes.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        Ok(text)
    }

    /// Puts every list in its stable order. Sources call it once, when all is collected.
    pub fn sort(&mut self) {
        self.scope.accounts.sort_by(|a, b| a.id.cmp(&b.id));
        self.accounts.sort_by(|a, b| a.id.cmp(&b.id));
        self.trails.sort_by(|a, b| a.arn.cmp(&b.arn));
        self.buckets.sort_by(|a, b| a.name.cmp(&b.name));
        self.keys.sort_by(|a, b| a.arn.cmp(&b.arn));
        self.organizations.sort_by(|a, b| a.id.cmp(&b.id));
        self.log_groups.sort_by(|a, b| a.arn.cmp(&b.arn));
        self.alarms.sort_by(|a, b| a.arn.cmp(&b.arn));
        self.topics.sort_by(|a, b| a.arn.cmp(&b.arn));
        self.event_data_stores.sort_by(|a, b| a.arn.cmp(&b.arn));
        self.changes.sort_by(|a, b| a.address.cmp(&b.address));
        if let Some(code) = &mut self.code {
            code.sort();
        }
        for organization in &mut self.organizations {
            organization.members.items.sort_by(|a, b| a.id.cmp(&b.id));
            organization.cloudtrail_administrators.items.sort();
            sort_refs(&mut organization.trails);
        }
        for group in &mut self.log_groups {
            sort_refs(&mut group.trails);
            group.metric_filters.items.sort_by(|a, b| a.name.cmp(&b.name));
            group.subscription_filters.items.sort_by(|a, b| a.name.cmp(&b.name));
            group.alarms.items.sort();
            group.alarms.items.dedup();
        }
        for topic in &mut self.topics {
            sort_refs(&mut topic.trails);
        }
        for alarm in &mut self.alarms {
            alarm.topics.items.sort();
            alarm.mute_rules.items.sort_by(|a, b| a.arn.cmp(&b.arn));
        }
        for trail in &mut self.trails {
            trail.status.items.sort_by(|a, b| a.region.cmp(&b.region));
            trail.status.gaps.sort();
        }
        for bucket in &mut self.buckets {
            sort_refs(&mut bucket.trails);
            bucket.top_level_prefixes.items.sort();
        }
        for account in &mut self.accounts {
            sort_refs(&mut account.trails);
            account.regions.items.sort();
            account.event_buses.items.sort_by(|a, b| a.region.cmp(&b.region));
            for bus in &mut account.event_buses.items {
                bus.rules.items.sort_by(|a, b| a.arn.cmp(&b.arn));
                bus.rules.items.iter_mut().for_each(|rule| rule.targets.items.sort_by(|a, b| a.id.cmp(&b.id)));
            }
            account.event_data_stores.items.sort();
            account.config_regions.items.sort_by(|a, b| a.region.cmp(&b.region));
            account.threat_detections.items.sort_by(|a, b| a.region.cmp(&b.region));
            account.security_hubs.items.sort_by(|a, b| a.region.cmp(&b.region));
        }
    }

    pub fn account(&self, id: &str) -> Option<&Account> {
        by_id(&self.accounts, id, |a| &a.id)
    }

    pub fn trail(&self, arn: &str) -> Option<&Trail> {
        by_id(&self.trails, arn, |t| &t.arn)
    }

    pub fn bucket(&self, name: &str) -> Option<&Bucket> {
        by_id(&self.buckets, name, |b| &b.name)
    }

    pub fn key(&self, arn: &str) -> Option<&Key> {
        by_id(&self.keys, arn, |k| &k.arn)
    }

    pub fn log_group(&self, arn: &str) -> Option<&LogGroup> {
        by_id(&self.log_groups, arn, |g| &g.arn)
    }

    pub fn topic(&self, arn: &str) -> Option<&Topic> {
        by_id(&self.topics, arn, |t| &t.arn)
    }

    pub fn alarm(&self, arn: &str) -> Option<&Alarm> {
        by_id(&self.alarms, arn, |a| &a.arn)
    }

    pub fn event_data_store(&self, arn: &str) -> Option<&EventDataStore> {
        by_id(&self.event_data_stores, arn, |s| &s.arn)
    }

    pub fn change(&self, address: &str) -> Option<&Change> {
        by_id(&self.changes, address, |c| &c.address)
    }

    pub fn organization(&self, id: &str) -> Option<&Organization> {
        by_id(&self.organizations, id, |o| &o.id)
    }

    /// The record of a noun by its id.
    pub fn find(&self, noun: &str, id: &str) -> Option<&dyn Record> {
        match noun {
            "account" => self.account(id).map(|r| r as &dyn Record),
            "trail" => self.trail(id).map(|r| r as &dyn Record),
            "bucket" => self.bucket(id).map(|r| r as &dyn Record),
            "key" => self.key(id).map(|r| r as &dyn Record),
            "log_group" => self.log_group(id).map(|r| r as &dyn Record),
            "alarm" => self.alarm(id).map(|r| r as &dyn Record),
            "topic" => self.topic(id).map(|r| r as &dyn Record),
            "event_data_store" => self.event_data_store(id).map(|r| r as &dyn Record),
            "organization" => self.organization(id).map(|r| r as &dyn Record),
            "change" => self.change(id).map(|r| r as &dyn Record),
            _ => None,
        }
    }

    /// Every record of a noun that a policy can have as its subject.
    pub fn population(&self, noun: &str) -> Vec<&dyn Record> {
        match noun {
            "account" => self.accounts.iter().map(|r| r as &dyn Record).collect(),
            "trail" => self.trails.iter().map(|r| r as &dyn Record).collect(),
            "bucket" => self.buckets.iter().map(|r| r as &dyn Record).collect(),
            "key" => self.keys.iter().map(|r| r as &dyn Record).collect(),
            "log_group" => self.log_groups.iter().map(|r| r as &dyn Record).collect(),
            "alarm" => self.alarms.iter().map(|r| r as &dyn Record).collect(),
            "topic" => self.topics.iter().map(|r| r as &dyn Record).collect(),
            "event_data_store" => self.event_data_stores.iter().map(|r| r as &dyn Record).collect(),
            "organization" => self.organizations.iter().map(|r| r as &dyn Record).collect(),
            "change" => self.changes.iter().map(|r| r as &dyn Record).collect(),
            _ => Vec::new(),
        }
    }
}

fn sort_refs(trails: &mut Listing<TrailRef>) {
    trails.items.sort();
    trails.items.dedup();
    trails.gaps.sort();
}

/// Records are sorted by id once all are collected; before that, and only then, they are looked through.
fn by_id<'a, T>(records: &'a [T], id: &str, id_of: impl Fn(&T) -> &String) -> Option<&'a T> {
    let at = records.partition_point(|r| id_of(r).as_str() < id);
    records.get(at).filter(|r| id_of(r) == id).or_else(|| records.iter().find(|r| id_of(r) == id))
}

/// The tables of every noun: the vocabulary of policies.
pub fn nouns() -> Vec<&'static Noun> {
    vec![
        Account::table(),
        Trail::table(),
        TrailStatus::table(),
        Role::table(),
        RolePolicy::table(),
        Bucket::table(),
        bucket::Grant::table(),
        bucket::PublicAccessBlock::table(),
        bucket::ObjectLock::table(),
        bucket::LifecycleRule::table(),
        bucket::Transition::table(),
        bucket::ReplicationRule::table(),
        Key::table(),
        LogGroup::table(),
        MetricFilter::table(),
        Metric::table(),
        SubscriptionFilter::table(),
        Alarm::table(),
        MuteRule::table(),
        EventBus::table(),
        EventRule::table(),
        RuleTarget::table(),
        Topic::table(),
        EventDataStore::table(),
        ConfigRegion::table(),
        ConfigRecorder::table(),
        DeliveryChannel::table(),
        ThreatDetection::table(),
        SecurityHub::table(),
        Organization::table(),
        Change::table(),
        Member::table(),
        Tag::table(),
    ]
}
