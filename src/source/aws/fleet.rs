//! The accounts of a run, and who reads what another one names.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::account::AccountFacts;
use super::arn::Arn;
use super::ask::Reader;
use super::beside::Beside;
use super::organization::Seen;
use super::trail::Found;
use crate::aws::{Answer, Identity, Refusal};
use crate::inventory::{Listing, Trail, TrailRef};

/// An account that was entered, and what was read of it so far.
pub(super) struct Member {
    pub(super) reader: Arc<Reader>,
    pub(super) identity: Identity,
    pub(super) facts: AccountFacts,
    pub(super) organization: Result<Answer<Option<Seen>>, Refusal>,
    pub(super) beside: Beside,
    /// The trails that record in the account.
    pub(super) trails: Listing<TrailRef>,
    /// The same trails, as the account describes them.
    pub(super) found: Vec<Found>,
    /// Those of them that the account owns, read whole.
    pub(super) own: Vec<Trail>,
}

impl Member {
    pub(super) fn id(&self) -> &str {
        &self.identity.account
    }
}

/// Every account that was entered, by its id.
pub(super) struct Fleet {
    members: BTreeMap<String, Member>,
    /// Trail -> the accounts that see it, its owner first, each with the place among what it found.
    seen_by: BTreeMap<String, Vec<(String, usize)>>,
}

impl Fleet {
    pub(super) fn new(members: impl IntoIterator<Item = Member>) -> Self {
        let members: BTreeMap<_, _> = members.into_iter().map(|member| (member.id().to_string(), member)).collect();
        let mut seen_by: BTreeMap<String, Vec<(String, usize)>> = BTreeMap::new();
        for (id, member) in &members {
            for (at, found) in member.found.iter().enumerate() {
                seen_by.entry(found.arn.clone()).or_default().push((id.clone(), at));
            }
        }
        for (arn, seeing) in &mut seen_by {
            let owner = Arn::parse(arn).map_or("", |parts| parts.account);
            seeing.sort_by_key(|(id, _)| id != owner);
        }
        Fleet { members, seen_by }
    }

    pub(super) fn members(&self) -> impl Iterator<Item = &Member> {
        self.members.values()
    }

    pub(super) fn member(&self, account: &str) -> Option<&Member> {
        self.members.get(account)
    }

    pub(super) fn reader(&self, account: &str) -> Option<&Reader> {
        self.member(account).map(|member| &*member.reader)
    }

    /// The members whose ids stand somewhere in a name.
    pub(super) fn members_in(&self, name: &str) -> Vec<&Member> {
        const DIGITS: usize = 12;
        let parts: BTreeSet<&str> = (0..name.len()).filter_map(|at| name.get(at..at + DIGITS)).collect();
        parts.into_iter().filter_map(|part| self.member(part)).collect()
    }

    /// The trails that their owners read, by their ARN.
    pub(super) fn take_own(&mut self) -> BTreeMap<String, Trail> {
        self.members.values_mut().flat_map(|m| std::mem::take(&mut m.own)).map(|trail| (trail.arn.clone(), trail)).collect()
    }

    /// Every trail that an account sees.
    pub(super) fn trails(&self) -> impl Iterator<Item = &String> {
        self.seen_by.keys()
    }

    /// The accounts that see a trail, its owner first.
    pub(super) fn seeing(&self, trail: &str) -> impl Iterator<Item = (&Member, &Found)> {
        let seeing = self.seen_by.get(trail).into_iter().flatten();
        seeing.filter_map(|(id, at)| self.member(id).and_then(|member| Some((member, member.found.get(*at)?))))
    }
}
