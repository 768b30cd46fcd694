//! Saved inventories, from reading them to the report.

#![no_main]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use trailproof::audit::{Settings, audit};
use trailproof::inventory::Inventory;
use trailproof::policy::catalogue::Catalogue;
use trailproof::report::build::Material;
use trailproof::report::text::TextOptions;
use trailproof::report::{Report, html, json, text};

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::embedded().expect("the embedded policies are sound"));

fuzz_target!(|bytes: &str| {
    let Ok(mut inventory) = Inventory::from_json(bytes) else { return };
    inventory.sort();
    let saved = inventory.to_json().expect("it serializes");
    assert_eq!(Inventory::from_json(&saved).expect("what was saved is read"), inventory);
    let now = inventory.scope.ended;
    let findings = audit(&inventory, &CATALOGUE, &Settings::default(), now).expect("every policy can be asked");
    let asked = CATALOGUE.policies.keys().cloned().collect();
    let material =
        Material { inventory: &inventory, waivers: None, catalogue: &CATALOGUE, frameworks: &[], scopes: &BTreeMap::new(), action: |_, _| None, set_aside: Vec::new(), asked, now };
    let report = Report::build(&material, findings);
    text::write(&report, &TextOptions { color: true, width: 40, verbose: true, quiet: false });
    html::write(&report).expect("the templates are sound");
    json::write(&report).expect("it serializes");
});
