//! Who is to be read: the population comes before every fact.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::CollectError;
use super::ask::Reader;
use super::organization;
use crate::aws::{Identity, Plan, Session};
use crate::inventory::{AccountScope, Gap, GapKind, Listing, Member, Remedy, Standing};

/// The accounts of a run.
pub(super) struct Population {
    /// Account -> its name in the organization, where it was listed there.
    pub(super) asked: BTreeMap<String, Option<String>>,
    /// Accounts that are part of the organization, and are not read.
    pub(super) left_out: Vec<AccountScope>,
    /// The organization's accounts as the caller's account lists them.
    pub(super) listed: Option<Listing<Member>>,
    /// Why there may be more accounts.
    pub(super) gaps: Vec<Gap>,
    /// Who listed them.
    pub(super) caller: Arc<Reader>,
}

/// Finds out which accounts the plan means.
///
/// # Errors
/// The organization cannot be listed at all, or a unit that was named does not exist, or no account is left: then nobody
/// is meant.
pub(super) async fn find(session: &Session, identity: &Identity, plan: &Plan) -> Result<Population, CollectError> {
    let caller = Arc::new(Reader::new(session.clone(), &identity.account));
    let mut population =
        Population { asked: BTreeMap::new(), left_out: Vec::new(), listed: None, gaps: Vec::new(), caller: caller.clone() };
    if plan.is_caller_alone() {
        population.asked.insert(identity.account.clone(), None);
        return Ok(population);
    }
    population.asked.extend(plan.accounts.keys().chain(&plan.log_account).map(|id| (id.clone(), None)));
    if !plan.organization {
        return Ok(population);
    }
    let listed = organization::members(&caller).await;
    if listed.items.is_empty() {
        let gap = listed.gaps.into_iter().next();
        return Err(CollectError::Organization(gap.unwrap_or_else(|| {
            Gap::new(GapKind::NotFound, "the organization has no accounts")
                .with_remedy(Remedy::Do("name accounts with `--account`".into()))
        })));
    }
    let chosen = units(&caller, &plan.units, &mut population.gaps).await?;
    let excluded = units(&caller, &plan.excluded_units, &mut population.gaps).await?;
    for member in &listed.items {
        let is_named = population.asked.contains_key(&member.id);
        let standing = if member.state != "ACTIVE" {
            Standing::Suspended
        } else if is_named {
            Standing::Asked
        } else if plan.excluded_accounts.contains(&member.id)
            || excluded.contains(&member.id)
            || !(plan.units.is_empty() || chosen.contains(&member.id))
        {
            Standing::Excluded
        } else {
            Standing::Asked
        };
        let name = Some(member.name.clone()).filter(|name| !name.is_empty());
        if standing == Standing::Asked {
            population.asked.insert(member.id.clone(), name);
        } else {
            population.asked.remove(&member.id);
            let id = member.id.clone();
            population.left_out.push(AccountScope { id, name, standing, reached: false, gaps: Vec::new(), regions: Vec::new() });
        }
    }
    population.gaps.extend(listed.gaps.iter().cloned());
    // Where some were not listed, they may be the ones that are meant.
    if population.asked.is_empty() && population.gaps.is_empty() {
        let message = "every account of the organization is suspended, excluded, or outside the units that were named";
        return Err(CollectError::Nobody(Gap::new(GapKind::AbsentInput, message)));
    }
    population.gaps.sort();
    population.gaps.dedup();
    population.listed = Some(listed);
    Ok(population)
}

/// The accounts in units. A page that was not read leaves the population open.
async fn units(caller: &Reader, units: &BTreeSet<String>, gaps: &mut Vec<Gap>) -> Result<BTreeSet<String>, CollectError> {
    let mut accounts = BTreeSet::new();
    for unit in units {
        let members = organization::members_of_unit(caller, unit)
            .await
            .map_err(|refusal| CollectError::Unit { unit: unit.clone(), gap: refusal.gap })?;
        accounts.extend(members.items.into_iter().map(|member| member.id));
        gaps.extend(members.gaps);
    }
    Ok(accounts)
}
