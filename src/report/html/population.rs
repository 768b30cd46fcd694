//! The population as the page shows it: every account where there are few, counts and causes first where there are many.

use std::collections::BTreeMap;

use serde::Serialize;

use super::size::{ACCOUNTS_IN_DETAIL, ACCOUNTS_PER_CAUSE, ROWS_PER_TABLE};
use crate::inventory::{Gap, RegionOutcome, RegionScope, Standing};
use crate::report::population::regions_read;
use crate::report::{AccountView, Cause, OrganizationView, Population};

#[derive(Serialize)]
pub(super) struct People {
    accounts_line: String,
    regions_line: String,
    /// Whether each account is shown with its Regions by name.
    in_detail: bool,
    accounts: Vec<Account>,
    total: usize,
    causes: Vec<CauseRow>,
    causes_total: usize,
    /// Accounts of the population that were not to be read.
    left_out: Vec<Named>,
    left_out_total: usize,
    organizations: Vec<Organization>,
}

#[derive(Serialize)]
struct Account {
    id: String,
    name: Option<String>,
    caller: Option<String>,
    class: &'static str,
    state: &'static str,
    gaps: Vec<String>,
    more_gaps: usize,
    read: usize,
    asked: usize,
    regions: Vec<Regions>,
}

/// Regions that fared alike.
#[derive(Serialize)]
struct Regions {
    class: &'static str,
    label: String,
    count: usize,
    names: String,
}

#[derive(Serialize)]
struct CauseRow {
    label: String,
    message: String,
    remedy: Option<String>,
    accounts: Names,
    regions: usize,
    region_accounts: Names,
}

/// Account ids, as many as a cell may hold.
#[derive(Serialize)]
pub(super) struct Names {
    total: usize,
    shown: String,
    more: usize,
}

#[derive(Serialize)]
struct Named {
    id: String,
    name: Option<String>,
    state: String,
}

#[derive(Serialize)]
struct Organization {
    id: String,
    management_account: String,
    members: usize,
    outside: Vec<Named>,
    outside_total: usize,
    incomplete: Option<String>,
}

impl Names {
    pub(super) fn of(ids: &[String]) -> Names {
        let shown = ids.len().min(ACCOUNTS_PER_CAUSE);
        Names { total: ids.len(), shown: ids.iter().take(shown).cloned().collect::<Vec<_>>().join(" "), more: ids.len() - shown }
    }
}

pub(super) fn build(population: &Population) -> People {
    let accounts = &population.accounts;
    let in_detail = accounts.len() <= ACCOUNTS_IN_DETAIL;
    let left_out: Vec<&AccountView> = accounts.iter().filter(|a| a.scope.standing != Standing::Asked).collect();
    People {
        accounts_line: population.accounts_line(),
        regions_line: population.regions_line(),
        in_detail,
        accounts: accounts.iter().take(ROWS_PER_TABLE).map(|view| account(view, in_detail)).collect(),
        total: accounts.len(),
        causes: population.causes.iter().take(ROWS_PER_TABLE).map(cause).collect(),
        causes_total: population.causes.len(),
        left_out: left_out.iter().take(ROWS_PER_TABLE).map(|view| named(view)).collect(),
        left_out_total: left_out.len(),
        organizations: population.organizations.iter().take(ROWS_PER_TABLE).map(organization).collect(),
    }
}

fn named(view: &AccountView) -> Named {
    let state = view.note().unwrap_or_default().to_string();
    Named { id: view.scope.id.clone(), name: view.name().map(str::to_string), state }
}

fn organization(view: &OrganizationView) -> Organization {
    let outside = view.outside.iter().take(ROWS_PER_TABLE);
    Organization {
        id: view.id.clone(),
        management_account: view.management_account.clone(),
        members: view.members,
        outside: outside
            .map(|member| Named { id: member.id.clone(), name: Some(member.name.clone()), state: member.state.to_lowercase() })
            .collect(),
        outside_total: view.outside.len(),
        incomplete: view.incomplete.clone(),
    }
}

fn cause(cause: &Cause) -> CauseRow {
    CauseRow {
        label: cause.label.clone(),
        message: cause.message.clone(),
        remedy: cause.remedy.clone(),
        accounts: Names::of(&cause.accounts),
        regions: cause.regions,
        region_accounts: Names::of(&cause.region_accounts),
    }
}

fn account(view: &AccountView, in_detail: bool) -> Account {
    const GAPS: usize = 3;
    let scope = &view.scope;
    let (read, asked) = regions_read(&scope.regions);
    // What a Region stands for is said there; where there are many accounts the causes stand above, each once.
    let of_a_region = |gap: &Gap| scope.regions.iter().any(|r| matches!(&r.outcome, RegionOutcome::Gap(g) if g == gap));
    let gaps: Vec<&Gap> = scope.gaps.iter().filter(|gap| in_detail && !of_a_region(gap)).collect();
    let state = view.note().unwrap_or("reached");
    Account {
        id: scope.id.clone(),
        name: view.name().map(str::to_string),
        caller: view.caller_arn.clone().filter(|_| in_detail),
        class: match scope.standing {
            Standing::Asked if scope.reached => "pass",
            Standing::Asked => "unknown",
            Standing::Excluded | Standing::Suspended => "na",
        },
        state,
        gaps: gaps.iter().take(GAPS).map(|gap| format!("{}: {}", gap.kind.label(), gap.message)).collect(),
        more_gaps: gaps.len().saturating_sub(GAPS),
        read,
        asked,
        regions: regions(&scope.regions, in_detail),
    }
}

/// Regions by how they fared; where there are many accounts only those that were not read in full, and those left out.
fn regions(all: &[RegionScope], in_detail: bool) -> Vec<Regions> {
    let mut alike: BTreeMap<(u8, &'static str, String), Vec<&str>> = BTreeMap::new();
    for region in all {
        let key = match &region.outcome {
            RegionOutcome::Gap(gap) if in_detail => (0, "unknown", cause_in_short(gap)),
            RegionOutcome::Gap(gap) => (0, "unknown", gap.kind.label().to_string()),
            RegionOutcome::NotAsked => (1, "na", "left out by the scope".to_string()),
            RegionOutcome::Reached if in_detail => (2, "pass", "reached".to_string()),
            RegionOutcome::NothingToAsk if in_detail => (3, "na", "nothing of a trail to ask there".to_string()),
            RegionOutcome::NotEnabled if in_detail => (4, "na", "not enabled in the account".to_string()),
            RegionOutcome::Reached | RegionOutcome::NothingToAsk | RegionOutcome::NotEnabled => continue,
        };
        alike.entry(key).or_default().push(&region.name);
    }
    alike
        .into_iter()
        .map(|((_, class, label), names)| Regions { class, label, count: names.len(), names: names.join(", ") })
        .collect()
}

/// `access denied: s3:GetBucketVersioning`. What AWS said stands among the causes.
fn cause_in_short(gap: &Gap) -> String {
    let operation = gap.call.as_ref().and_then(|call| call.0.split('/').next());
    operation.map_or_else(|| gap.kind.label().to_string(), |operation| format!("{}: {operation}", gap.kind.label()))
}
