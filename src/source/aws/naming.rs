//! Which trails name a thing, and why there may be more of them.

use std::collections::{BTreeMap, BTreeSet};

use super::fleet::{Fleet, Member};
use crate::inventory::{Fact, Gap, Listing, Trail, TrailRef};

/// The trails by what they name: a bucket, a log group or a topic. Made once for all things of a kind.
pub(super) struct Naming<'a, T> {
    fleet: &'a Fleet,
    trails: BTreeMap<T, Vec<&'a Trail>>,
    /// What any thing of the kind may be named by, without that it was seen.
    gaps: Vec<Gap>,
}

impl<'a, T: Ord> Naming<'a, T> {
    pub(super) fn new(fleet: &'a Fleet, trails: &'a [Trail], field: impl Fn(&Trail) -> Fact<Option<T>>) -> Self {
        let mut by_name: BTreeMap<T, Vec<&Trail>> = BTreeMap::new();
        let mut gaps: BTreeSet<Gap> = fleet.members().flat_map(|member| &member.trails.gaps).cloned().collect();
        for trail in trails {
            match field(trail) {
                Fact::Known { value: Some(name), .. } => by_name.entry(name).or_default().push(trail),
                // A trail that does not tell what it names may name anything.
                Fact::Unknown(gap) => drop(gaps.insert(gap)),
                _ => {}
            }
        }
        Naming { fleet, trails: by_name, gaps: gaps.into_iter().collect() }
    }

    /// What is named, each with the trails that name it.
    pub(super) fn named(&self) -> impl Iterator<Item = (&T, &[&'a Trail])> {
        self.trails.iter().map(|(name, trails)| (name, trails.as_slice()))
    }

    /// The accounts that see a trail among these, the owner of the first one first.
    pub(super) fn seeing(&self, trails: &[&Trail]) -> impl Iterator<Item = &'a Member> {
        trails.iter().flat_map(|trail| self.fleet.seeing(&trail.arn)).map(|(member, _)| member)
    }

    /// The trails as a list, from what was asked in the accounts that see them.
    pub(super) fn listing(&self, trails: &[&Trail]) -> Listing<TrailRef> {
        let seeing: BTreeMap<&str, &Member> = self.seeing(trails).map(|member| (member.id(), member)).collect();
        Listing {
            items: trails.iter().map(|trail| TrailRef(trail.arn.clone())).collect(),
            gaps: self.gaps.clone(),
            from: seeing.into_values().flat_map(|member| &member.trails.from).cloned().collect(),
        }
    }
}
