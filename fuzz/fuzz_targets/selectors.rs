//! Event selectors, and what they record. The input is two lines or more: the JSON of a partial event, then of selectors.

#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use trailproof::inventory::Gaps;
use trailproof::inventory::trail::EventSelectors;
use trailproof::semantics::PartialEvent;
use trailproof::semantics::selectors::{Contributor, describe, records};

fuzz_target!(|text: &str| {
    let (event, selectors) = text.split_once('\n').unwrap_or(("{}", text));
    let Ok(selectors) = serde_json::from_str::<EventSelectors>(selectors) else { return };
    describe(&selectors);
    let fields: BTreeMap<String, String> = serde_json::from_str(event).unwrap_or_default();
    let contributors = [Contributor { selectors: Ok(&selectors), doubts: Gaps::new() }];
    if let Ok(event) = PartialEvent::new(fields.clone()) {
        records(&contributors, &Gaps::new(), &event);
    }
    // Anyone can make a partial event without the constructor, whose fields are public.
    records(&contributors, &Gaps::new(), &PartialEvent { fields });
});
