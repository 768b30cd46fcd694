//! The plan file beside a plan: a zip of somebody else's.

#![no_main]

use libfuzzer_sys::fuzz_target;
use trailproof::source::code::{self, Form, Options};

const PLAN: &[u8] = include_bytes!("../../examples/terraform/plan.json");

fuzz_target!(|bytes: &[u8]| {
    let files = vec![("plan.json".to_string(), code::recognise(PLAN)), ("tfplan".to_string(), Form::PlanFile(bytes.to_vec()))];
    let Ok(stacks) = code::load(files) else { return };
    code::build(&stacks, Options { complete: false, read: "2026-11-01T12:00:00Z".parse().expect("a time") });
});
