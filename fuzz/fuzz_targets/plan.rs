//! Terraform plans, from bytes to findings.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use trailproof::audit::{Settings, audit};
use trailproof::inventory::Inventory;
use trailproof::policy::catalogue::Catalogue;
use trailproof::source::code::{self, Options};

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::embedded().expect("the embedded policies are sound"));

fuzz_target!(|bytes: &[u8]| {
    let Ok(stacks) = code::load(vec![("plan.json".to_string(), code::recognise(bytes))]) else { return };
    let read = "2026-11-01T12:00:00Z".parse().expect("a time");
    for complete in [false, true] {
        let inventory = code::build(&stacks, Options { complete, read });
        let saved = inventory.to_json().expect("it serializes");
        assert_eq!(Inventory::from_json(&saved).expect("what was saved is read"), inventory);
        audit(&inventory, &CATALOGUE, &Settings::default(), read).expect("every policy can be asked");
    }
});
