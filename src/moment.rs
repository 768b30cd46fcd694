//! When each thing was read, as the calls say. It knows nothing of policies.
//!
//! One inventory may hold what was read on different days: several saved ones together, or a run that was interrupted and
//! resumed. Ages mean what they say only at the moment at which the facts were read.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::inventory::{Fact, Inventory, Origin, Record, Trail};

/// Accounts whose last answers lie further apart than this were read at different times.
const APART: SignedDuration = SignedDuration::from_hours(1);

/// The last answer of each account.
pub struct Moments<'a> {
    inventory: &'a Inventory,
    accounts: BTreeMap<&'a str, Timestamp>,
}

impl<'a> Moments<'a> {
    pub fn of(inventory: &'a Inventory) -> Self {
        let mut accounts: BTreeMap<&str, Timestamp> = BTreeMap::new();
        for call in inventory.calls.values() {
            let last = accounts.entry(call.account.as_str()).or_insert(call.time);
            *last = (*last).max(call.time);
        }
        Moments { inventory, accounts }
    }

    /// Whether accounts were read so far apart that one moment does not fit them all.
    pub fn are_apart(&self) -> bool {
        match (self.accounts.values().min(), self.accounts.values().max()) {
            (Some(first), Some(last)) => last.duration_since(*first) > APART,
            _ => false,
        }
    }

    /// When a record was read; none where no call tells.
    ///
    /// A trail may be read by another account than its owner, and Region by Region by several: then the last of them counts, so
    /// that nothing is younger than it was.
    pub fn read(&self, record: &dyn Record, owner: &str) -> Option<Timestamp> {
        match record.noun_name() {
            "trail" => self.inventory.trail(record.id()).and_then(|trail| self.trail(trail)),
            "account" => {
                let account = self.inventory.account(record.id())?;
                let trails = account.trails.items.iter().filter_map(|named| self.trail(self.inventory.trail(&named.0)?));
                trails.chain(self.accounts.get(owner).copied()).max()
            }
            _ => self.accounts.get(owner).copied(),
        }
    }

    fn trail(&self, trail: &Trail) -> Option<Timestamp> {
        let regions = trail.status.items.iter().map(|status| &status.is_logging);
        regions.chain([&trail.is_logging, &trail.is_multi_region]).filter_map(|fact| self.time(fact)).max()
    }

    fn time<T>(&self, fact: &Fact<T>) -> Option<Timestamp> {
        let call = match fact {
            Fact::Known { from: Origin::Call(call), .. } | Fact::OneOf { from: Origin::Call(call), .. } => call,
            Fact::Unknown(gap) => gap.call.as_ref()?,
            _ => return None,
        };
        self.inventory.calls.get(call).map(|call| call.time)
    }
}
