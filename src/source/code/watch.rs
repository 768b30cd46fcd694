//! What watches the events of code's trails: filters, alarms, rules, and whom they tell.
//!
//! It joins what front ends hand over, as the collectors of live accounts do. What alarms and patterns mean is no business of
//! its own.

use std::collections::{BTreeMap, BTreeSet};

use super::blank::run_time;
use super::build::{Work, origin};
use super::join::{self, Found, Noun};
use super::resource::{AlarmBody, Body, Home, Receiver, RuleBody, Setting, Subscription, Target, Targeted};
use super::setting::Set;
use crate::inventory::alarm::AlarmDefinition;
use crate::inventory::code::is_placeholder;
use crate::inventory::noun::{AlarmRef, EventDataStoreRef};
use crate::inventory::{
    Alarm, Basis, EventBus, EventDataStore, EventRule, Fact, Gap, GapKind, KeyRef, Listing, LogGroup, MetricFilter, RuleTarget,
    SubscriptionFilter, TopicRef,
};

impl Work<'_> {
    /// The metric filters of a log group.
    pub(super) fn metric_filters(&self, group: &str) -> Listing<MetricFilter> {
        self.rest(self.listed(Noun::LogGroup, group, |setting| match setting {
            Setting::MetricFilter(filter) => Some(&**filter),
            _ => None,
        }))
    }

    /// The subscription filters of a log group.
    pub(super) fn subscription_filters(&self, group: &str) -> Listing<SubscriptionFilter> {
        self.rest(self.listed(Noun::LogGroup, group, |setting| match setting {
            Setting::SubscriptionFilter(filter) => Some(&**filter),
            _ => None,
        }))
    }

    /// What resources of one kind say of a thing; a gap for each of which it is open what it says, or whether it is about it.
    fn listed<T: Clone>(&self, noun: Noun, id: &str, read: impl Fn(&Setting) -> Option<&Fact<T>>) -> Listing<T> {
        let mut listing = Listing::default();
        for Set { found, setting, of } in self.set.of_one(noun, id) {
            let Some(said) = read(setting) else { continue };
            let address = &found.resource.address;
            let gap = match (of, said) {
                (Fact::Known { .. }, Fact::Known { value, from, .. }) => {
                    listing.items.push(value.clone());
                    listing.from.push(from.clone());
                    continue;
                }
                (Fact::Known { .. }, Fact::Unknown(gap)) | (Fact::Unknown(gap), _) => gap.clone(),
                (Fact::Known { .. }, Fact::OneOf { .. }) => {
                    Gap::new(GapKind::KnownAfterApply, format!("which of several forms {address} takes is known after apply"))
                }
                (Fact::OneOf { .. }, _) => {
                    let thing = noun.name().replace('_', " ");
                    Gap::new(GapKind::KnownAfterApply, format!("whether {address} is of this {thing} is known after apply"))
                }
            };
            listing.add_gap(gap);
        }
        listing
    }

    /// The list as one that need not be all, unless the code is.
    fn rest<T>(&self, mut listing: Listing<T>) -> Listing<T> {
        if !self.options.complete {
            listing.add_gap(self.partial());
        }
        listing
    }

    /// The alarms on what the metric filters of a log group count, and composite alarms over them.
    pub(super) fn alarms_of(&self, group: &LogGroup) -> Listing<AlarmRef> {
        let mut listing = self.rest(Listing::default());
        let metrics = group.metric_filters.items.iter().flat_map(|filter| &filter.metrics);
        let counted: BTreeSet<(&str, &str)> = metrics.map(|m| (m.namespace.as_str(), m.name.as_str())).collect();
        if counted.is_empty() {
            return listing;
        }
        let home = (group.owner_account.as_str(), group.region.as_str());
        let near: Vec<(&str, Found<'_>, &AlarmBody, bool)> = self
            .index
            .of(Noun::Alarm)
            .filter_map(|(id, found)| match &found.resource.body {
                Body::Alarm(body) => Some((id, found, &**body, is_at(&found.resource.home, home)?)),
                _ => None,
            })
            .collect();
        let mut watching: BTreeSet<&str> = BTreeSet::new();
        for (id, found, body, _) in &near {
            let may_be_over = |of: &AlarmDefinition| matches!(of, AlarmDefinition::Composite(on) if self.names_others(id, &on.rule, &found.resource.home));
            let is_counted = |metric: &(String, String)| counted.contains(&(metric.0.as_str(), metric.1.as_str()));
            // What is not known may be any metric.
            let watches = body.watches.as_ref().is_none_or(|watched| watched.iter().any(is_counted));
            if watches || body.record.definition.possible().any(may_be_over) {
                watching.insert(id);
            }
        }
        loop {
            let names: Vec<String> =
                near.iter().filter(|(id, ..)| watching.contains(id)).map(|(_, found, ..)| join::name(found)).collect();
            let before = watching.len();
            for (id, _, body, _) in &near {
                let over = |rule: &str| names.iter().any(|name| rule.contains(name.as_str()));
                let is_over = |of: &AlarmDefinition| matches!(of, AlarmDefinition::Composite(composite) if over(&composite.rule));
                if body.record.definition.possible().any(is_over) {
                    watching.insert(id);
                }
            }
            if watching.len() == before {
                break;
            }
        }
        for (id, found, _, is_here) in near.iter().filter(|(id, ..)| watching.contains(id)) {
            if *is_here {
                listing.items.push(AlarmRef((*id).to_string()));
                listing.from.push(origin(found));
            } else {
                let message = "whether an alarm of another stack is in the account and Region of a log group is open";
                listing.add_gap(Gap::new(GapKind::KnownAfterApply, message));
            }
        }
        listing
    }

    /// An alarm of the code.
    pub(super) fn alarm(&self, id: &str) -> Option<Alarm> {
        let found = self.index.declared(Noun::Alarm, id)?;
        let Body::Alarm(body) = &found.resource.body else { return None };
        let home = &found.resource.home;
        let (actions, topics) = self.receivers(&found, &body.actions);
        let definition = match &body.record.definition {
            Fact::Known { value: AlarmDefinition::Composite(composite), .. } if self.names_others(id, &composite.rule, home) => {
                let message = format!("{} names alarms whose names are known after apply", found.resource.address);
                Fact::Unknown(Gap::new(GapKind::KnownAfterApply, message))
            }
            definition => definition.clone(),
        };
        Some(Alarm {
            arn: id.to_string(),
            name: join::name(&found),
            owner_account: home.account.clone(),
            region: home.region.clone(),
            actions_enabled: body.record.actions_enabled.clone(),
            actions,
            topics,
            definition,
            state: Fact::Unknown(run_time("whether an alarm is in ALARM already")),
            state_since: Fact::Unknown(run_time("whether an alarm is in ALARM already")),
            mute_rules: Listing::unread(run_time("which rules mute an alarm")),
        })
    }

    /// Whether the rule of a composite alarm names an alarm that may be one of the code by a name that is open.
    fn names_others(&self, own: &str, rule: &str, home: &Home) -> bool {
        let mut names: Vec<String> = Vec::new();
        let mut any_open = false;
        for (id, found) in self.index.of(Noun::Alarm).filter(|(id, _)| *id != own) {
            let name = join::name(&found);
            any_open |= is_placeholder(&name) && is_at(&found.resource.home, (&home.account, &home.region)).is_some();
            names.push(id.to_string());
            names.push(name);
        }
        names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        let rest = names.iter().fold(rule.to_string(), |rest, name| rest.replace(name.as_str(), " "));
        const WORDS: [&str; 9] = ["ALARM", "OK", "INSUFFICIENT_DATA", "AND", "OR", "NOT", "TRUE", "FALSE", "AT_LEAST"];
        let is_name = |word: &str| {
            let is_word = WORDS.iter().any(|known| word.eq_ignore_ascii_case(known));
            !word.is_empty() && !is_word && !word.bytes().all(|byte| byte.is_ascii_digit())
        };
        let signs = |c: char| c.is_whitespace() || ['(', ')', '"', '\'', ',', '%'].contains(&c);
        is_placeholder(&rest) || (any_open && rest.split(signs).any(is_name))
    }

    /// The default buses of an account, where the code has rules for them.
    pub(super) fn event_buses(&self, account: &str) -> Listing<EventBus> {
        let mut buses = self.rest(Listing::default());
        let mut by_region: BTreeMap<&str, Listing<EventRule>> = BTreeMap::new();
        for (id, found) in self.index.of(Noun::Rule) {
            let home = &found.resource.home;
            let Body::Rule(body) = &found.resource.body else { continue };
            if may_see_cloudtrail(body) == Some(false) {
                continue;
            }
            if home.account != account {
                if is_placeholder(&home.account) || is_placeholder(account) {
                    let message = "whether a rule of another stack is in the account is open";
                    buses.add_gap(Gap::new(GapKind::KnownAfterApply, message));
                }
                continue;
            }
            let rules = by_region.entry(&home.region).or_default();
            match self.rule(id, &found, body) {
                Ok(rule) => {
                    rules.items.push(rule);
                    rules.from.push(origin(&found));
                }
                Err(gap) => rules.add_gap(gap),
            }
        }
        buses.items.extend(by_region.into_iter().map(|(region, rules)| EventBus { region: region.to_string(), rules }));
        buses
    }

    fn rule(&self, id: &str, found: &Found<'_>, body: &RuleBody) -> Result<EventRule, Gap> {
        let address = &found.resource.address;
        settled(&body.is_on_default_bus, address)?;
        let pattern = settled(&body.pattern, address)?.unwrap_or_default();
        let state = settled(&body.state, address)?;
        let mut targets = Listing::default();
        let mut take = |targeted: &Targeted, by: &Found<'_>| match self.receiver(by, &targeted.to) {
            Ok(Some((arn, topic))) => targets.items.push(RuleTarget { id: targeted.id.clone(), arn, topic }),
            Ok(None) => {}
            Err(gap) => targets.add_gap(gap),
        };
        let own = settled(&body.targets, address);
        own.iter().flatten().for_each(|targeted| take(targeted, found));
        let mut gaps: Vec<Gap> = own.err().into_iter().collect();
        for Set { found, setting, of } in self.set.of_one(Noun::Rule, id) {
            if let (Setting::RuleTarget(target), Fact::Known { .. }) = (setting, of)
                && let Fact::Known { value, .. } = &**target
            {
                take(value, found);
            }
        }
        let listed = self.listed(Noun::Rule, id, |setting| match setting {
            Setting::RuleTarget(target) => Some(&**target),
            _ => None,
        });
        gaps.extend(self.rest(listed).gaps);
        gaps.into_iter().for_each(|gap| targets.add_gap(gap));
        Ok(EventRule { arn: id.to_string(), name: join::name(found), state, pattern, targets })
    }

    /// What is told: every ARN, and the topics among them.
    fn receivers(&self, found: &Found<'_>, actions: &Fact<Vec<Receiver>>) -> (Fact<Vec<String>>, Listing<TopicRef>) {
        let address = &found.resource.address;
        let (all, from, basis) = match actions {
            Fact::Known { value, from, basis } => (value, from, *basis),
            Fact::OneOf { .. } | Fact::Unknown(_) => {
                let gap = settled(actions, address).err().unwrap_or_else(|| run_time("whom an alarm tells"));
                return (Fact::Unknown(gap.clone()), Listing::unread(gap));
            }
        };
        let (mut arns, mut topics) = (Vec::new(), Listing { from: vec![from.clone()], ..Listing::default() });
        for receiver in all {
            match self.receiver(found, receiver) {
                Ok(Some((arn, topic))) => {
                    arns.push(arn);
                    topics.items.extend(topic);
                }
                Ok(None) => {}
                Err(gap) => topics.add_gap(gap),
            }
        }
        let arns = match topics.gaps.first() {
            Some(gap) => Fact::Unknown(gap.clone()),
            None => Fact::Known { value: arns, from: from.clone(), basis },
        };
        (arns, topics)
    }

    /// The ARN of a receiver, and the topic where it is one; nothing where there is none. What is open in the ARN stands in it as
    /// words: what it is an ARN of is certain, and nothing else is asked of it.
    fn receiver(&self, found: &Found<'_>, receiver: &Receiver) -> Result<Option<(String, Option<TopicRef>)>, Gap> {
        let Home { account, partition, region } = &found.resource.home;
        if let (Some((service, within)), Fact::Known { value: Some(Target::Resource(address)), .. }) =
            (&receiver.kind, &receiver.to)
        {
            return Ok(Some((words(&format!("arn:{partition}:{service}:{region}:{account}:{within}{address}")), None)));
        }
        match self.index.resolve(found, Noun::Topic, &receiver.to) {
            Fact::Known { value: None, .. } => Ok(None),
            Fact::Known { value: Some(id), .. } => {
                let service = id.split(':').nth(2).filter(|service| id.starts_with("arn:") && !is_placeholder(service));
                match service {
                    Some("sns") => Ok(Some((words(&id), Some(TopicRef(id))))),
                    Some(_) => Ok(Some((words(&id), None))),
                    None => {
                        let message = format!("{} tells `{}`, which is not an ARN", found.resource.address, words(&id));
                        Err(Gap::new(GapKind::NotUnderstood, message))
                    }
                }
            }
            Fact::OneOf { .. } => {
                let message = format!("which of several {} tells is known after apply", found.resource.address);
                Err(Gap::new(GapKind::KnownAfterApply, message))
            }
            Fact::Unknown(gap) => Err(gap),
        }
    }

    /// How many subscriptions of a topic are confirmed for certain.
    pub(super) fn confirmed(&self, topic: &str) -> Fact<i64> {
        let (mut count, mut from, mut open) = (0, None, None);
        for Set { found, setting, of } in self.set.of_one(Noun::Topic, topic) {
            let Setting::Subscription(subscription) = setting else { continue };
            match (of, subscription) {
                (Fact::Known { .. }, Subscription::Confirmed) => {
                    count += 1;
                    from.get_or_insert_with(|| origin(found));
                }
                (Fact::Known { .. }, Subscription::Open(gap)) | (Fact::Unknown(gap), _) => {
                    open.get_or_insert_with(|| gap.clone());
                }
                (Fact::OneOf { .. }, _) => {
                    let message = format!("whether {} is of this topic is known after apply", found.resource.address);
                    open.get_or_insert_with(|| Gap::new(GapKind::KnownAfterApply, message));
                }
            }
        }
        match (from, open) {
            (Some(from), _) => Fact::Known { value: count, from, basis: Basis::Configured },
            (None, Some(gap)) => Fact::Unknown(gap),
            (None, None) if self.options.complete => {
                let from =
                    self.index.declared(Noun::Topic, topic).map_or(crate::inventory::Origin::Derived, |found| origin(&found));
                Fact::Known { value: 0, from, basis: Basis::Configured }
            }
            (None, None) => Fact::Unknown(self.partial()),
        }
    }

    /// Every event data store of the code.
    pub(super) fn event_data_stores(&self) -> Vec<EventDataStore> {
        let store = |(id, found): (&str, Found<'_>)| {
            let Body::EventDataStore(body) = &found.resource.body else { return None };
            let (home, record) = (&found.resource.home, &body.record);
            let key = self.index.resolve(&found, Noun::Key, &body.key);
            Some(EventDataStore {
                arn: id.to_string(),
                name: found.resource.name.clone().unwrap_or_else(|| record.name.clone()),
                owner_account: home.account.clone(),
                region: home.region.clone(),
                kms_key: key.map(|key| key.map(KeyRef)),
                ..record.clone()
            })
        };
        self.index.of(Noun::EventDataStore).filter_map(store).collect()
    }

    /// The event data stores of an account.
    pub(super) fn stores_of(&self, account: &str) -> Listing<EventDataStoreRef> {
        let mut listing = self.rest(Listing::default());
        for (id, found) in self.index.of(Noun::EventDataStore).filter(|(_, found)| found.resource.home.account == account) {
            listing.items.push(EventDataStoreRef(id.to_string()));
            listing.from.push(origin(&found));
        }
        for gap in self.stacks.iter().filter(|stack| stack.home.account == account).flat_map(|stack| &stack.hides) {
            // Code that was not given is other code, unless what was given is said to be all.
            let is_other = gap.kind == GapKind::AbsentInput && !self.options.complete;
            listing.add_gap(Gap { kind: if is_other { GapKind::NotInCode } else { gap.kind }, ..gap.clone() });
        }
        listing
    }
}

/// Whether a resource is in this account and Region; not known where one of them is open. Nothing where it is elsewhere.
fn is_at(home: &Home, (account, region): (&str, &str)) -> Option<bool> {
    let is_open = |one: &str, other: &str| one != other && (is_placeholder(one) || is_placeholder(other));
    let is_same = home.account == account && home.region == region;
    let may_be =
        (home.account == account || is_open(&home.account, account)) && (home.region == region || is_open(&home.region, region));
    may_be.then_some(is_same)
}

/// Whether a rule may be told of what CloudTrail records; nothing where that is open.
fn may_see_cloudtrail(rule: &RuleBody) -> Option<bool> {
    if matches!(rule.is_on_default_bus, Fact::Known { value: false, .. }) {
        return Some(false);
    }
    match &rule.pattern {
        Fact::Known { value: None, .. } => Some(false),
        Fact::Known { value: Some(pattern), .. } => Some(crate::source::rule::speaks_of_cloudtrail(pattern)),
        _ => None,
    }
}

/// The one value of a fact.
fn settled<T: Clone>(fact: &Fact<T>, address: &str) -> Result<T, Gap> {
    match fact {
        Fact::Known { value, .. } => Ok(value.clone()),
        Fact::OneOf { .. } => {
            Err(Gap::new(GapKind::KnownAfterApply, format!("which of several forms {address} takes is known after apply")))
        }
        Fact::Unknown(gap) => Err(gap.clone()),
    }
}

/// A text without the signs of what is open in it.
fn words(text: &str) -> String {
    text.replace(['⟨', '⟩'], "")
}
