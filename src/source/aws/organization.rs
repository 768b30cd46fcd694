//! The organization that an account belongs to, and who belongs to it.
//!
//! Every account may ask which organization it is in. Who else is in it, only the management account and delegated
//! administrators may.

use aws_sdk_organizations::types as sdk;
use tokio::join;

use super::ask::{Ask, Heard, Paged, Reader, not_understood, pages};
use crate::aws::operation::{
    DESCRIBE_ORGANIZATION, LIST_ACCOUNTS, LIST_ACCOUNTS_FOR_PARENT, LIST_AWS_SERVICE_ACCESS, LIST_DELEGATED_ADMINISTRATORS,
    LIST_ORGANIZATIONAL_UNITS_FOR_PARENT,
};
use crate::aws::{Answer, Refusal};
use crate::inventory::{AccountRef, Fact, Gap, GapKind, Listing, Member, Organization, Remedy, TrailRef};

/// CloudTrail as Organizations calls it.
const CLOUDTRAIL: &str = "cloudtrail.amazonaws.com";

/// What an account says of its organization.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) id: String,
    management_account: String,
    feature_set: Option<String>,
}

impl Seen {
    pub(super) fn management(&self) -> &str {
        &self.management_account
    }
}

/// The organization of the reader's account; nothing where it is in none.
pub(super) async fn of_account(reader: &Reader) -> Heard<Option<Seen>> {
    let region = reader.session.base_region();
    let request = reader.session.organizations(region).describe_organization().send();
    let none = &["AWSOrganizationsNotInUseException"];
    let answer = reader.ask_or_none(Ask::new(DESCRIBE_ORGANIZATION, region, ""), none, request).await?;
    let Answer { value, call } = answer;
    let Some(output) = value else { return Ok(Answer { value: None, call }) };
    let organization = output.organization();
    let parts = organization.and_then(|o| Some((o.id()?.to_string(), o.master_account_id()?.to_string())));
    match parts {
        Some((id, management_account)) => {
            let feature_set = organization.and_then(|o| o.feature_set()).map(|f| f.as_str().to_string());
            Ok(Answer { value: Some(Seen { id, management_account, feature_set }), call })
        }
        None => {
            let answer = Answer { value: (), call };
            Err(Refusal::of(not_understood(&answer, "the answer names no organization or no management account")))
        }
    }
}

/// The accounts of the organization, page by page, as far as it goes.
pub(super) async fn members(reader: &Reader) -> Listing<Member> {
    let region = reader.session.base_region();
    let client = reader.session.organizations(region);
    let paged = pages(
        |token| {
            let request = client.list_accounts().set_next_token(token).send();
            reader.ask(Ask::new(LIST_ACCOUNTS, region, ""), request)
        },
        |page| page.next_token(),
    )
    .await;
    listing(paged, |page| page.accounts.is_none(), |page| page.accounts().iter().map(member).collect())
}

/// The accounts of an organizational unit and of the units inside it.
pub(super) async fn members_of_unit(reader: &Reader, unit: &str) -> Result<Listing<Member>, Refusal> {
    let region = reader.session.base_region();
    let client = reader.session.organizations(region);
    let mut all = Listing::default();
    let mut units = vec![unit.to_string()];
    let mut seen = std::collections::BTreeSet::new();
    while let Some(unit) = units.pop() {
        if !seen.insert(unit.clone()) {
            continue;
        }
        let accounts = pages(
            |token| {
                let request = client.list_accounts_for_parent().parent_id(&unit).set_next_token(token).send();
                reader.ask(Ask::new(LIST_ACCOUNTS_FOR_PARENT, region, &unit), request)
            },
            |page| page.next_token(),
        );
        let inside = pages(
            |token| {
                let request = client.list_organizational_units_for_parent().parent_id(&unit).set_next_token(token).send();
                reader.ask(Ask::new(LIST_ORGANIZATIONAL_UNITS_FOR_PARENT, region, &unit), request)
            },
            |page| page.next_token(),
        );
        let (accounts, inside) = join!(accounts, inside);
        if let Some(refusal) = accounts.refusal.as_ref().filter(|r| r.code.as_deref() == Some("ParentNotFoundException")) {
            return Err(refusal.clone());
        }
        let accounts = listing(accounts, |page| page.accounts.is_none(), |page| page.accounts().iter().map(member).collect());
        all.items.extend(accounts.items);
        all.from.extend(accounts.from);
        accounts.gaps.into_iter().for_each(|gap| all.add_gap(gap));
        let inside = listing(
            inside,
            |page| page.organizational_units.is_none(),
            |page| page.organizational_units().iter().map(|unit| unit.id().map(str::to_string)).collect(),
        );
        units.extend(inside.items);
        inside.gaps.into_iter().for_each(|gap| all.add_gap(gap));
    }
    Ok(all)
}

/// Pages as one list. A page without the list, or with an item that says too little, leaves it open.
fn listing<P, T>(paged: Paged<P>, is_absent: impl Fn(&P) -> bool, items: impl Fn(&P) -> Vec<Option<T>>) -> Listing<T> {
    let mut listing = Listing { items: Vec::new(), gaps: Vec::from_iter(paged.gap()), from: paged.origins() };
    for page in &paged.pages {
        if is_absent(&page.value) {
            listing.add_gap(not_understood(page, "the list is missing in the answer"));
        }
        for item in items(&page.value) {
            match item {
                Some(item) => listing.items.push(item),
                None => listing.add_gap(not_understood(page, "an item that says too little")),
            }
        }
    }
    listing
}

/// AWS gives an account's state by one of two names, of which the older is on its way out.
fn member(account: &sdk::Account) -> Option<Member> {
    let id = account.id()?.to_string();
    let older = account.status().map(|status| status.as_str().to_string());
    let state = account.state().map(|state| state.as_str().to_string()).or(older)?;
    Some(Member { name: account.name().unwrap_or_default().to_string(), state, account: AccountRef(id.clone()), id })
}

/// What is known of an organization. `asker` may ask about it: its management account or an administrator of it.
pub(super) async fn collect(
    seen: &Answer<Seen>,
    partition: &str,
    asker: Option<&Reader>,
    listed: Option<Listing<Member>>,
    trails: Listing<TrailRef>,
) -> Organization {
    let Seen { id, management_account, feature_set } = &seen.value;
    let (members, cloudtrail_administrators, cloudtrail_trusted_access) = match asker {
        None => {
            let message = format!("only the management account {management_account} of organization {id} tells about it");
            let gap = Gap::new(GapKind::OtherAccount, message)
                .with_remedy(Remedy::ScanAccount { account: Some(management_account.clone()) });
            (listed.unwrap_or_else(|| Listing::unread(gap.clone())), Listing::unread(gap.clone()), Fact::Unknown(gap))
        }
        Some(reader) => {
            let list = async {
                match listed {
                    Some(listed) => listed,
                    None => members(reader).await,
                }
            };
            join!(list, administrators(reader), trusted_access(reader))
        }
    };
    Organization {
        id: id.clone(),
        partition: partition.to_string(),
        management_account: management_account.clone(),
        feature_set: match feature_set {
            Some(set) => Fact::observed(set.clone(), seen.origin()),
            None => Fact::Unknown(not_understood(seen, "`FeatureSet` is missing in the answer")),
        },
        members,
        cloudtrail_administrators,
        cloudtrail_trusted_access,
        trails,
    }
}

async fn administrators(reader: &Reader) -> Listing<String> {
    let region = reader.session.base_region();
    let client = reader.session.organizations(region);
    let paged = pages(
        |token| {
            let request = client.list_delegated_administrators().service_principal(CLOUDTRAIL).set_next_token(token).send();
            reader.ask(Ask::new(LIST_DELEGATED_ADMINISTRATORS, region, CLOUDTRAIL), request)
        },
        |page| page.next_token(),
    )
    .await;
    listing(
        paged,
        |page| page.delegated_administrators.is_none(),
        |page| page.delegated_administrators().iter().map(|a| a.id().map(str::to_string)).collect(),
    )
}

async fn trusted_access(reader: &Reader) -> Fact<bool> {
    let region = reader.session.base_region();
    let client = reader.session.organizations(region);
    let paged = pages(
        |token| {
            let request = client.list_aws_service_access_for_organization().set_next_token(token).send();
            reader.ask(Ask::new(LIST_AWS_SERVICE_ACCESS, region, ""), request)
        },
        |page| page.next_token(),
    )
    .await;
    let names = listing(
        paged,
        |page| page.enabled_service_principals.is_none(),
        |page| page.enabled_service_principals().iter().map(|s| s.service_principal().map(str::to_string)).collect(),
    );
    let is_on = names.items.iter().any(|name| name == CLOUDTRAIL);
    match (names.gaps.into_iter().next(), names.from.into_iter().next_back()) {
        (Some(gap), _) if !is_on => Fact::Unknown(gap),
        (_, Some(from)) => Fact::observed(is_on, from),
        (Some(gap), None) => Fact::Unknown(gap),
        (None, None) => Fact::Unknown(Gap::new(GapKind::AbsentInput, "the organization's trusted services were not listed")),
    }
}
