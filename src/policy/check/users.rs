//! Which trails encrypt with which key: what every key asks of every trail, answered once for all of them.

use std::collections::{BTreeSet, HashMap};

use crate::inventory::{Account, Fact, Gap, GapKind, Gaps, Inventory, Trail};

/// The trails of an inventory, by the keys that they name.
pub(super) struct KeyUsers<'a> {
    by_key: HashMap<&'a str, Vec<&'a Trail>>,
    /// Trails of which it was not read which key they name.
    open: Vec<&'a Trail>,
    /// Accounts of which not every trail is known; of those with the same reasons, the first.
    pub(super) unlisted: Vec<&'a Account>,
    /// Why there may be trails in accounts of which nothing was read.
    pub(super) gaps: Gaps,
}

impl<'a> KeyUsers<'a> {
    pub(super) fn of(inventory: &'a Inventory) -> Self {
        let mut by_key: HashMap<&'a str, Vec<&'a Trail>> = HashMap::new();
        let mut open = Vec::new();
        for trail in &inventory.trails {
            match &trail.kms_key {
                Fact::Known { value, .. } => {
                    value.iter().for_each(|key| by_key.entry(key.0.as_str()).or_default().push(trail));
                }
                Fact::OneOf { .. } | Fact::Unknown(_) => open.push(trail),
            }
        }
        let mut reasons: BTreeSet<&Gap> = BTreeSet::new();
        let mut unlisted = Vec::new();
        for account in &inventory.accounts {
            let known = reasons.len();
            reasons.extend(&account.trails.gaps);
            if reasons.len() > known {
                unlisted.push(account);
            }
        }
        let unreached = inventory.scope.accounts.iter().filter(|account| inventory.account(&account.id).is_none());
        let unread = |id: &str| Gap::new(GapKind::AbsentInput, format!("the trails of account {id} were not read"));
        KeyUsers { by_key, open, unlisted, gaps: unreached.map(|account| unread(&account.id)).collect() }
    }

    /// The trails that name the key, and those that may.
    pub(super) fn of_key(&self, key: &str) -> impl Iterator<Item = &'a Trail> {
        self.by_key.get(key).into_iter().flatten().chain(&self.open).copied()
    }
}
