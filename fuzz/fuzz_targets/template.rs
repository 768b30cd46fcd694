//! CloudFormation templates, from bytes to findings; after a zero byte, the parameters that they are made with.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use trailproof::audit::{Settings, audit};
use trailproof::inventory::Inventory;
use trailproof::policy::catalogue::Catalogue;
use trailproof::source::code::cloudformation::{self, Input, Parameters};
use trailproof::source::code::{self, Options};

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::embedded().expect("the embedded policies are sound"));

fuzz_target!(|bytes: &[u8]| {
    cloudformation::recognise(bytes);
    let (template, given) = match bytes.iter().rposition(|byte| *byte == 0) {
        Some(at) => (&bytes[..at], &bytes[at + 1..]),
        None => (bytes, &[][..]),
    };
    let mut parameters = Parameters::default();
    let _ = parameters.add("parameters.json", given);
    let inputs = [Input::template("a.yaml", template.to_vec()), Input::template("b.yaml", given.to_vec())];
    let all = cloudformation::read(&inputs, &parameters);
    let read = "2026-11-01T12:00:00Z".parse().expect("a time");
    let inventory = code::build(&all.stacks, Options { complete: false, read });
    let saved = inventory.to_json().expect("it serializes");
    assert_eq!(Inventory::from_json(&saved).expect("what was saved is read"), inventory);
    audit(&inventory, &CATALOGUE, &Settings::default(), read).expect("every policy can be asked");
});
