//! Which thing of the inventory a resource is, and which one a pointer means.

use std::collections::BTreeMap;

use super::resource::{Body, Home, Pointer, Resource, Stack, Target};
use crate::inventory::code::placeholder;
use crate::inventory::{Fact, Gap, GapKind, Remedy};

/// How many resources a pointer may lead through: an alias, a setting.
const STEPS: usize = 8;

/// A kind of thing that others name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Noun {
    Trail,
    Bucket,
    Key,
    LogGroup,
    Topic,
    Alarm,
    Rule,
    EventDataStore,
}

impl Noun {
    /// The name in the inventory.
    pub(super) fn name(self) -> &'static str {
        match self {
            Noun::Trail => "trail",
            Noun::Bucket => "bucket",
            Noun::Key => "key",
            Noun::LogGroup => "log_group",
            Noun::Topic => "topic",
            Noun::Alarm => "alarm",
            Noun::Rule => "event_rule",
            Noun::EventDataStore => "event_data_store",
        }
    }
}

/// A resource, and where it is among the stacks.
#[derive(Clone, Copy)]
pub(super) struct Found<'a> {
    pub(super) stack: &'a Stack,
    pub(super) resource: &'a Resource,
}

/// Every resource, by its address, by its id, and by the names that others know it by.
pub(super) struct Index<'a> {
    by_address: BTreeMap<(&'a str, &'a str), Found<'a>>,
    by_id: BTreeMap<(Noun, String), Found<'a>>,
    /// The id of each thing, by the file and address that declare it.
    ids: BTreeMap<(&'a str, &'a str), String>,
    by_name: BTreeMap<(Noun, &'a str), Vec<Found<'a>>>,
    /// Things that would have the id of another, in words.
    pub(super) twice: Vec<String>,
}

impl<'a> Index<'a> {
    pub(super) fn new(stacks: &'a [Stack]) -> Self {
        let mut index = Index {
            by_address: BTreeMap::new(),
            by_id: BTreeMap::new(),
            ids: BTreeMap::new(),
            by_name: BTreeMap::new(),
            twice: Vec::new(),
        };
        for stack in stacks {
            for resource in &stack.resources {
                let found = Found { stack, resource };
                index.by_address.insert((&stack.file, &resource.address), found);
                if let Some(noun) = noun(&resource.body) {
                    let mut id = id(&found);
                    // Two things of one name are one of them a mistake, or in accounts that are not told apart: both are judged.
                    if index.by_id.contains_key(&(noun, id.clone())) {
                        index.twice.push(format!(
                            "{} has the name of another {}",
                            resource.address,
                            noun.name().replace('_', " ")
                        ));
                        id.push_str(&placeholder(&format!("{} in {}", resource.address, stack.file)));
                    }
                    index.ids.insert((&stack.file, &resource.address), id.clone());
                    index.by_id.insert((noun, id), found);
                }
                let named = if matches!(resource.body, Body::Alias { .. }) { Some(Noun::Key) } else { noun(&resource.body) };
                if let (Some(noun), Some(name)) = (named, &resource.name) {
                    index.by_name.entry((noun, name)).or_default().push(found);
                }
                if let (Some(noun), Some(arn)) = (named, &resource.arn) {
                    index.by_name.entry((noun, arn)).or_default().push(found);
                }
            }
        }
        index
    }

    pub(super) fn of(&self, noun: Noun) -> impl Iterator<Item = (&str, Found<'a>)> {
        let all = self.by_id.range((noun, String::new())..).take_while(move |((of, _), _)| *of == noun);
        all.map(|((_, id), found)| (id.as_str(), *found))
    }

    pub(super) fn declared(&self, noun: Noun, id: &str) -> Option<Found<'a>> {
        self.by_id.get(&(noun, id.to_string())).copied()
    }

    /// The id of what a pointer means; of something that no code declares, the name that it is known by.
    pub(super) fn resolve(&self, from: &Found<'a>, noun: Noun, pointer: &Pointer) -> Fact<Option<String>> {
        self.follow(from, noun, pointer, STEPS)
    }

    fn follow(&self, from: &Found<'a>, noun: Noun, pointer: &Pointer, steps: usize) -> Fact<Option<String>> {
        let one = |target: &Target| self.target(from, noun, target, steps);
        match pointer {
            Fact::Unknown(gap) => Fact::Unknown(gap.clone()),
            Fact::Known { value: None, from, basis } => Fact::Known { value: None, from: from.clone(), basis: *basis },
            Fact::Known { value: Some(target), from, basis } => match one(target) {
                Fact::Known { value, basis: inner, .. } => Fact::Known { value, from: from.clone(), basis: (*basis).max(inner) },
                other => other,
            },
            Fact::OneOf { candidates, from } => {
                let mut ids = Vec::new();
                for candidate in candidates {
                    match candidate.as_ref().map(one) {
                        None => ids.push(None),
                        Some(Fact::Known { value, .. }) => ids.push(value),
                        Some(Fact::OneOf { candidates, .. }) => ids.extend(candidates),
                        Some(Fact::Unknown(gap)) => return Fact::Unknown(gap),
                    }
                }
                ids.sort();
                ids.dedup();
                Fact::OneOf { candidates: ids, from: from.clone() }
            }
        }
    }

    fn target(&self, from: &Found<'a>, noun: Noun, target: &Target, steps: usize) -> Fact<Option<String>> {
        let known = |id: String| Fact::Known {
            value: Some(id),
            from: crate::inventory::Origin::Derived,
            basis: crate::inventory::Basis::Observed,
        };
        match target {
            Target::Resource(address) => match self.by_address.get(&(from.stack.file.as_str(), address.as_str())) {
                Some(found) => self.thing(found, noun, steps).unwrap_or_else(|| Fact::Unknown(no_thing(from, address, noun))),
                None => Fact::Unknown(no_thing(from, address, noun)),
            },
            Target::Named(name) => {
                let name = if noun == Noun::LogGroup { name.strip_suffix(":*").unwrap_or(name) } else { name.as_str() };
                let all = self.by_name.get(&(noun, name)).map_or(&[][..], Vec::as_slice);
                let near = |found: &&Found<'a>| {
                    noun == Noun::Bucket || name.starts_with("arn:") || same_place(&found.resource.home, &from.resource.home)
                };
                let all: Vec<&Found<'a>> = all.iter().filter(near).collect();
                let by_id = || self.by_id.get(&(noun, name.to_string()));
                if let Some(gap) = all.first().copied().or_else(by_id).and_then(|found| not_made(from, found)) {
                    return Fact::Unknown(gap);
                }
                match all.as_slice() {
                    [one] => self.thing(one, noun, steps).unwrap_or_else(|| known(name.to_string())),
                    // An ARN that is built from known parts is one that a declared thing may have by its id.
                    [] => known(name.to_string()),
                    _ => Fact::Unknown(Gap::new(
                        GapKind::NotUnderstood,
                        format!("more than one {} of the code is called {name}", noun.name().replace('_', " ")),
                    )),
                }
            }
        }
    }

    /// The thing that a resource is, or that it is about.
    fn thing(&self, found: &Found<'a>, wanted: Noun, steps: usize) -> Option<Fact<Option<String>>> {
        if noun(&found.resource.body) == Some(wanted) {
            return Some(Fact::Known {
                value: self.ids.get(&(found.stack.file.as_str(), found.resource.address.as_str())).cloned(),
                from: crate::inventory::Origin::Derived,
                basis: crate::inventory::Basis::Observed,
            });
        }
        let steps = steps.checked_sub(1)?;
        match &found.resource.body {
            Body::Alias { of } | Body::Setting { of, .. } => Some(self.follow(found, wanted, of, steps)),
            _ => None,
        }
    }
}

/// Why what is called by its name may be another thing of that name: the one of the code need not be made. What sets something of
/// it is about that one.
fn not_made(from: &Found<'_>, found: &Found<'_>) -> Option<Gap> {
    let only_if = found.resource.only_if.as_ref()?;
    let together = from.resource.only_if.as_ref().is_some_and(|of_from| of_from.condition == only_if.condition);
    let is_setting = matches!(from.resource.body, Body::Setting { .. });
    (!together && !is_setting).then(|| only_if.gap.clone())
}

fn same_place(one: &Home, other: &Home) -> bool {
    one.account == other.account && one.region == other.region
}

fn no_thing(from: &Found<'_>, address: &str, noun: Noun) -> Gap {
    let message = format!("{} names {address}, which is no {} of the code", from.resource.address, noun.name().replace('_', " "));
    Gap::new(GapKind::NotInCode, message).with_remedy(Remedy::Do("scan the account once the code is applied".into()))
}

pub(super) fn noun(body: &Body) -> Option<Noun> {
    match body {
        Body::Trail(_) => Some(Noun::Trail),
        Body::Bucket(_) => Some(Noun::Bucket),
        Body::Key(_) => Some(Noun::Key),
        Body::LogGroup(_) => Some(Noun::LogGroup),
        Body::Topic(_) => Some(Noun::Topic),
        Body::Alarm(_) => Some(Noun::Alarm),
        Body::Rule(_) => Some(Noun::Rule),
        Body::EventDataStore(_) => Some(Noun::EventDataStore),
        Body::Alias { .. } | Body::AccountPublicAccessBlock(_) | Body::Neighbour(_) | Body::Setting { .. } => None,
    }
}

/// The name of a resource; where it is not known, what stands for it.
pub(super) fn name(found: &Found<'_>) -> String {
    let Found { stack, resource } = found;
    resource.name.clone().unwrap_or_else(|| placeholder(&format!("{} in {}", resource.address, stack.file)))
}

/// The id of a resource in the inventory.
fn id(found: &Found<'_>) -> String {
    let Found { resource, .. } = found;
    if let (Some(arn), false) = (&resource.arn, matches!(resource.body, Body::Bucket(_))) {
        return arn.strip_suffix(":*").unwrap_or(arn).to_string();
    }
    let Home { account, partition, region } = &resource.home;
    let name = name(found);
    match noun(&resource.body) {
        Some(Noun::Trail) => format!("arn:{partition}:cloudtrail:{region}:{account}:trail/{name}"),
        Some(Noun::Key) => format!("arn:{partition}:kms:{region}:{account}:key/{name}"),
        Some(Noun::LogGroup) => format!("arn:{partition}:logs:{region}:{account}:log-group:{name}"),
        Some(Noun::Topic) => format!("arn:{partition}:sns:{region}:{account}:{name}"),
        Some(Noun::Alarm) => format!("arn:{partition}:cloudwatch:{region}:{account}:alarm:{name}"),
        Some(Noun::Rule) => format!("arn:{partition}:events:{region}:{account}:rule/{name}"),
        // The name of a store is no part of its ARN.
        Some(Noun::EventDataStore) => {
            let id = placeholder(&format!("{} in {}", resource.address, found.stack.file));
            format!("arn:{partition}:cloudtrail:{region}:{account}:eventdatastore/{id}")
        }
        Some(Noun::Bucket) | None => name,
    }
}
