//! What stands beside an account's trails, asked in every Region that it has enabled.

use std::collections::BTreeSet;

use futures_util::future::{BoxFuture, join_all};
use tokio::join;

use super::ask::Reader;
use super::event_data_store::{self, Stores};
use super::{event_bus, neighbour};
use crate::inventory::{
    ConfigRegion, EventBus, EventDataStore, Family, Gap, GapKind, Listing, Remedy, SecurityHub, ThreatDetection,
};

/// What was read, one record a Region.
pub(super) struct Beside {
    pub(super) event_buses: Listing<EventBus>,
    pub(super) stores: Stores,
    pub(super) config_regions: Listing<ConfigRegion>,
    pub(super) threat_detections: Listing<ThreatDetection>,
    pub(super) security_hubs: Listing<SecurityHub>,
}

struct InRegion {
    event_bus: Option<EventBus>,
    stores: Option<Stores>,
    config: Option<ConfigRegion>,
    threat_detection: Option<ThreatDetection>,
    security_hub: Option<SecurityHub>,
}

/// Asks in each of the Regions for what the owner did not leave out.
pub(super) async fn collect(reader: &Reader, partition: &str, regions: &Listing<String>, skip: &BTreeSet<Family>) -> Beside {
    let read = join_all(regions.items.iter().map(|region| in_region(reader, region, partition, skip))).await;
    let mut beside = Beside {
        event_buses: listing(Family::EventRules, regions, skip),
        stores: Stores { listing: listing(Family::Lake, regions, skip), stores: Vec::new() },
        config_regions: listing(Family::Config, regions, skip),
        threat_detections: listing(Family::GuardDuty, regions, skip),
        security_hubs: listing(Family::SecurityHub, regions, skip),
    };
    for region in read {
        beside.event_buses.items.extend(region.event_bus);
        beside.config_regions.items.extend(region.config);
        beside.threat_detections.items.extend(region.threat_detection);
        beside.security_hubs.items.extend(region.security_hub);
        if let Some(Stores { listing, stores }) = region.stores {
            beside.stores.listing.items.extend(listing.items);
            listing.gaps.into_iter().for_each(|gap| beside.stores.listing.add_gap(gap));
            beside.stores.listing.from.extend(listing.from);
            beside.stores.stores.extend(stores);
        }
    }
    beside
}

fn in_region<'a>(reader: &'a Reader, region: &'a str, partition: &'a str, skip: &'a BTreeSet<Family>) -> BoxFuture<'a, InRegion> {
    let wanted = |family: Family| (!skip.contains(&family)).then_some(());
    let event_bus = when(wanted(Family::EventRules), event_bus::collect(reader, region));
    let stores = when(wanted(Family::Lake), event_data_store::collect(reader, region));
    let config = when(wanted(Family::Config), neighbour::config(reader, region));
    let threat_detection = when(wanted(Family::GuardDuty), neighbour::threat_detection(reader, region, partition));
    let security_hub = when(wanted(Family::SecurityHub), neighbour::security_hub(reader, region, partition));
    Box::pin(async move {
        let (event_bus, stores, config, threat_detection, security_hub) =
            join!(event_bus, stores, config, threat_detection, security_hub);
        InRegion { event_bus, stores, config, threat_detection, security_hub }
    })
}

async fn when<T>(wanted: Option<()>, work: impl Future<Output = T>) -> Option<T> {
    match wanted {
        Some(()) => Some(work.await),
        None => None,
    }
}

/// A list with one item a Region: as complete as the list of Regions.
fn listing<T>(family: Family, regions: &Listing<String>, skip: &BTreeSet<Family>) -> Listing<T> {
    if skip.contains(&family) {
        return Listing::unread(left_out(family));
    }
    Listing { items: Vec::new(), gaps: regions.gaps.clone(), from: regions.from.clone() }
}

fn left_out(family: Family) -> Gap {
    let name = family.name();
    Gap::new(GapKind::AbsentInput, format!("`{name}` was left out of the run")).with_remedy(Remedy::Do(format!(
        "run the scan without `--skip {name}`, or take it out of `accounts.skip` in trailproof.yaml"
    )))
}

/// Every store once: as its owner read it, else as anybody did.
pub(super) fn stores<'a>(all: impl Iterator<Item = (&'a str, &'a [EventDataStore])>) -> Vec<(EventDataStore, String)> {
    let mut seen: Vec<(EventDataStore, String)> = Vec::new();
    for (reader, stores) in all {
        for store in stores {
            match seen.iter_mut().find(|(known, _)| known.arn == store.arn) {
                Some(known) if store.owner_account == reader => *known = (store.clone(), reader.to_string()),
                Some(_) => {}
                None => seen.push((store.clone(), reader.to_string())),
            }
        }
    }
    seen
}
