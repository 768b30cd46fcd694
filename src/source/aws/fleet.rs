//! The accounts of a run, and who reads what another one names.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::account::AccountFacts;
use super::ask::Reader;
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
}

impl Fleet {
    pub(super) fn new(members: impl IntoIterator<Item = Member>) -> Self {
        Fleet { members: members.into_iter().map(|member| (member.id().to_string(), member)).collect() }
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

    /// The trails that their owners read, by their ARN.
    pub(super) fn take_own(&mut self) -> BTreeMap<String, Trail> {
        self.members.values_mut().flat_map(|m| std::mem::take(&mut m.own)).map(|trail| (trail.arn.clone(), trail)).collect()
    }

    /// The accounts that see a trail, its owner first.
    pub(super) fn seeing(&self, trail: &str) -> Vec<(&Member, &Found)> {
        let mut seeing: Vec<_> =
            self.members().filter_map(|member| Some((member, member.found.iter().find(|found| found.arn == trail)?))).collect();
        seeing.sort_by_key(|(member, found)| found.owner() != member.id());
        seeing
    }
}
