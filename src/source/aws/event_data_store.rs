//! Event data stores of CloudTrail Lake, in each Region.

use super::arn::Arn;
use super::ask::{Ask, Reader, not_understood, pages, stated, text, try_fact};
use super::trail::advanced_selector;
use crate::aws::operation::{GET_EVENT_DATA_STORE, LIST_EVENT_DATA_STORES};
use crate::inventory::noun::EventDataStoreRef;
use crate::inventory::trail::EventSelectors;
use crate::inventory::{EventDataStore, Fact, Listing};

/// The stores of an account's Regions: references, and what was read.
pub(super) struct Stores {
    pub(super) listing: Listing<EventDataStoreRef>,
    pub(super) stores: Vec<EventDataStore>,
}

/// The stores that a Region lists, and why there may be more.
pub(super) async fn collect(reader: &Reader, region: &str) -> Stores {
    let client = reader.session.cloudtrail(region);
    let paged = pages(
        |token| {
            let request = client.list_event_data_stores().set_next_token(token).send();
            reader.ask(Ask::new(LIST_EVENT_DATA_STORES, region, "").beside(), request)
        },
        |page| page.next_token(),
    )
    .await;
    let mut listing = Listing { items: Vec::new(), gaps: Vec::from_iter(paged.gap()), from: paged.origins() };
    let mut stores = Vec::new();
    for page in &paged.pages {
        if page.value.event_data_stores.is_none() {
            listing.add_gap(not_understood(page, "`EventDataStores` is missing in the answer"));
        }
        for listed in page.value.event_data_stores() {
            let arn = listed.event_data_store_arn().and_then(|arn| Some((arn, Arn::parse(arn)?)));
            let Some((arn, parts)) = arn else {
                listing.add_gap(not_understood(page, "an event data store without an ARN"));
                continue;
            };
            // A delegated administrator lists the stores of the management account too.
            if parts.account == reader.account {
                listing.items.push(EventDataStoreRef(arn.to_string()));
            }
            stores.push(read(reader, region, arn, listed.name().unwrap_or_default()).await);
        }
    }
    Stores { listing, stores }
}

async fn read(reader: &Reader, region: &str, arn: &str, name: &str) -> EventDataStore {
    let request = reader.session.cloudtrail(region).get_event_data_store().event_data_store(arn).send();
    let heard = reader.ask(Ask::new(GET_EVENT_DATA_STORE, region, arn).beside(), request).await;
    let (account, home) = Arn::parse(arn).map_or(("", ""), |parts| (parts.account, parts.region));
    EventDataStore {
        arn: arn.to_string(),
        name: name.to_string(),
        owner_account: account.to_string(),
        region: home.to_string(),
        status: stated(&heard, "Status", |store| store.status().map(|status| status.as_str().to_string())),
        is_multi_region: stated(&heard, "MultiRegionEnabled", |store| store.multi_region_enabled()),
        is_organization: stated(&heard, "OrganizationEnabled", |store| store.organization_enabled()),
        termination_protection_enabled: stated(&heard, "TerminationProtectionEnabled", |s| s.termination_protection_enabled()),
        retention_days: stated(&heard, "RetentionPeriod", |store| store.retention_period().map(i64::from)),
        billing_mode: try_fact(&heard, |store| Ok(store.billing_mode().map(|mode| mode.as_str().to_string()))),
        kms_key_id: try_fact(&heard, |store| Ok(text(store.kms_key_id()))),
        kms_key: try_fact(&heard, |_| Ok(None)),
        event_selectors: try_fact(&heard, |store| match store.advanced_event_selectors.is_none() {
            true => Err("`AdvancedEventSelectors` is missing in the answer".into()),
            false => Ok(EventSelectors::Advanced(store.advanced_event_selectors().iter().map(advanced_selector).collect())),
        }),
    }
}

/// The key as the store names it, and the Region to ask for it.
pub(super) fn key(store: &EventDataStore) -> Option<(String, String)> {
    let Fact::Known { value: Some(name), .. } = &store.kms_key_id else { return None };
    let region = Arn::parse(name).map_or(store.region.as_str(), |parts| parts.region).to_string();
    Some((name.clone(), region))
}
