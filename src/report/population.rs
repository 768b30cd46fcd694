//! The population: the accounts and Regions that were asked for, those that were reached, and why the others were not.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{gaps, wording};
use crate::inventory::{AccountScope, Gap, GapKind, Inventory, Organization, RegionOutcome, RegionScope, Standing};

/// Accounts x Regions, counted, and every account by its name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Population {
    /// Accounts that were to be read.
    pub accounts_asked: usize,
    pub accounts_reached: usize,
    /// Accounts that the owner left out.
    pub accounts_excluded: usize,
    /// Accounts that are suspended or closed.
    pub accounts_suspended: usize,
    /// Enabled Regions that were to be read, a Region counted once for each account.
    pub regions_asked: usize,
    /// Those in which every call was answered.
    pub regions_reached: usize,
    /// Enabled Regions that the scope left out.
    pub regions_left_out: usize,
    /// Every account, by id.
    pub accounts: Vec<AccountView>,
    /// Why accounts and Regions were not read, or not in full, each cause once.
    pub causes: Vec<Cause>,
    /// The organizations of the accounts that were read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub organizations: Vec<OrganizationView>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountView {
    pub scope: AccountScope,
    /// The alias, where it is known and there is one.
    pub alias: Option<String>,
    /// Who read the account, where it is known.
    pub caller_arn: Option<String>,
}

/// One reason why something of the population was not read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cause {
    /// The gap's kind in words.
    pub label: String,
    /// What came back, from the first account that is concerned.
    pub message: String,
    /// The remedy as a sentence; absent where there is none.
    pub remedy: Option<String>,
    /// The accounts of which nothing was read because of it.
    pub accounts: Vec<String>,
    /// Regions that were not read in full because of it, a Region counted once for each account.
    pub regions: usize,
    /// The accounts of these Regions.
    pub region_accounts: Vec<String>,
}

/// An organization, and the accounts of it that this report does not speak of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OrganizationView {
    pub id: String,
    pub management_account: String,
    /// Members that were listed.
    pub members: usize,
    /// Members that stand nowhere in the population.
    pub outside: Vec<OutsideAccount>,
    /// Why there may be more members; absent where the list is complete.
    pub incomplete: Option<String>,
}

/// A member of an organization that was not asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutsideAccount {
    pub id: String,
    pub name: String,
    /// The account's state in the organization, for example `ACTIVE`.
    pub state: String,
}

impl AccountView {
    /// The name that people know the account by: its alias, else its name in the organization.
    pub fn name(&self) -> Option<&str> {
        self.alias.as_deref().or(self.scope.name.as_deref())
    }

    /// Why there is nothing of the account, in a word; absent where it was reached.
    pub fn note(&self) -> Option<&'static str> {
        match self.scope.standing {
            Standing::Excluded => Some("excluded"),
            Standing::Suspended => Some("suspended"),
            Standing::Asked if !self.scope.reached => Some("not reached"),
            Standing::Asked => None,
        }
    }
}

impl Population {
    pub(super) fn of(inventory: &Inventory) -> Population {
        let accounts: Vec<AccountView> = inventory
            .scope
            .accounts
            .iter()
            .map(|scope| {
                let account = inventory.account(&scope.id);
                AccountView {
                    scope: scope.clone(),
                    alias: account.and_then(|a| a.alias.known().cloned().flatten()),
                    caller_arn: account.and_then(|a| a.caller_arn.known().cloned()),
                }
            })
            .collect();
        let standing = |wanted: Standing| accounts.iter().filter(move |a| a.scope.standing == wanted);
        let regions = || standing(Standing::Asked).flat_map(|a| &a.scope.regions);
        let fared = |wanted: fn(&RegionOutcome) -> bool| regions().filter(|r| wanted(&r.outcome)).count();
        Population {
            accounts_asked: standing(Standing::Asked).count(),
            accounts_reached: standing(Standing::Asked).filter(|a| a.scope.reached).count(),
            accounts_excluded: standing(Standing::Excluded).count(),
            accounts_suspended: standing(Standing::Suspended).count(),
            regions_asked: fared(|o| !matches!(o, RegionOutcome::NotEnabled | RegionOutcome::NotAsked)),
            regions_reached: fared(|o| matches!(o, RegionOutcome::Reached)),
            regions_left_out: fared(|o| matches!(o, RegionOutcome::NotAsked)),
            causes: causes(&accounts),
            organizations: inventory.organizations.iter().map(|o| organization(inventory, o)).collect(),
            accounts,
        }
    }

    /// `292 of 297 reached; 2 excluded, 1 suspended`.
    pub(super) fn accounts_line(&self) -> String {
        let mut line = format!("{} of {} reached", wording::count(self.accounts_reached), wording::count(self.accounts_asked));
        let left: Vec<String> = [(self.accounts_excluded, "excluded"), (self.accounts_suspended, "suspended")]
            .into_iter()
            .filter(|(number, _)| *number > 0)
            .map(|(number, word)| format!("{} {word}", wording::count(number)))
            .collect();
        if !left.is_empty() {
            line.push_str(&format!("; {}", left.join(", ")));
        }
        line
    }

    /// `15 of 17 read in full`, a Region counted once for each account.
    pub(super) fn regions_line(&self) -> String {
        let line = format!("{} of {} read in full", wording::count(self.regions_reached), wording::count(self.regions_asked));
        match self.regions_left_out {
            0 => line,
            n => format!("{line}; {} left out by the scope", wording::count(n)),
        }
    }

    /// Members of organizations that the population does not hold.
    pub(super) fn outside(&self) -> usize {
        self.organizations.iter().map(|o| o.outside.len()).sum()
    }
}

/// Regions of an account that were read in full, of those that were to be read.
pub(super) fn regions_read(regions: &[RegionScope]) -> (usize, usize) {
    let asked = regions.iter().filter(|r| !matches!(r.outcome, RegionOutcome::NotEnabled | RegionOutcome::NotAsked));
    let reached = regions.iter().filter(|r| matches!(r.outcome, RegionOutcome::Reached));
    (reached.count(), asked.count())
}

fn causes(accounts: &[AccountView]) -> Vec<Cause> {
    #[derive(Default)]
    struct Root {
        first: Option<Gap>,
        accounts: BTreeSet<String>,
        regions: usize,
        region_accounts: BTreeSet<String>,
    }
    let mut roots: BTreeMap<(GapKind, String), Root> = BTreeMap::new();
    for view in accounts.iter().filter(|a| a.scope.standing == Standing::Asked) {
        let id = &view.scope.id;
        if !view.scope.reached {
            let silent = [Gap::new(GapKind::AbsentInput, "nothing says why")];
            let why = if view.scope.gaps.is_empty() { &silent[..] } else { &view.scope.gaps };
            for gap in why {
                let root = roots.entry(gaps::cause(gap)).or_default();
                root.first.get_or_insert_with(|| gap.clone());
                root.accounts.insert(id.clone());
            }
        }
        for region in &view.scope.regions {
            if let RegionOutcome::Gap(gap) = &region.outcome {
                let root = roots.entry(gaps::cause(gap)).or_default();
                root.first.get_or_insert_with(|| gap.clone());
                root.regions += 1;
                root.region_accounts.insert(id.clone());
            }
        }
    }
    let mut causes: Vec<Cause> = roots
        .into_values()
        .filter_map(|root| {
            let gap = root.first?;
            let concerned: Vec<String> = root.accounts.union(&root.region_accounts).cloned().collect();
            Some(Cause {
                label: gap.kind.label().into(),
                remedy: gaps::remedy(&gap, &concerned),
                message: gap.message,
                accounts: root.accounts.into_iter().collect(),
                regions: root.regions,
                region_accounts: root.region_accounts.into_iter().collect(),
            })
        })
        .collect();
    causes.sort_by_key(|c| (std::cmp::Reverse((c.accounts.len(), c.regions)), c.label.clone(), c.message.clone()));
    causes
}

fn organization(inventory: &Inventory, organization: &Organization) -> OrganizationView {
    let asked: BTreeSet<&str> = inventory.scope.accounts.iter().map(|a| a.id.as_str()).collect();
    let members = &organization.members;
    OrganizationView {
        id: organization.id.clone(),
        management_account: organization.management_account.clone(),
        members: members.items.len(),
        outside: members
            .items
            .iter()
            .filter(|m| !asked.contains(m.id.as_str()))
            .map(|m| OutsideAccount { id: m.id.clone(), name: m.name.clone(), state: m.state.clone() })
            .collect(),
        incomplete: members.gaps.first().map(|gap| format!("{}: {}", gap.kind.label(), gap.message)),
    }
}
