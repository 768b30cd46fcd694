//! Less known, and worse: a plan of which something is open says the same or that it is not known, and no plan makes it fall.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{build, built, findings, refers};
use trailproof::finding::Outcome;
use trailproof::inventory::Inventory;
use trailproof::source::code::{self, Options};

fn example() -> Value {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/terraform/plan.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn verdicts(inventory: &Inventory) -> BTreeMap<(String, String), Outcome> {
    findings(inventory).into_iter().map(|f| ((f.policy, f.subject.id), f.outcome)).collect()
}

#[test]
fn what_is_open_turns_no_verdict_round() {
    let plan = example();
    for complete in [false, true] {
        let whole = verdicts(&build(plan.clone(), complete));
        let mut tried = 0;
        for (at, change) in plan["resource_changes"].as_array().unwrap().iter().enumerate() {
            for (name, value) in change["change"]["after"].as_object().unwrap() {
                // What is null and not open is not there, whatever else is open.
                if value.is_null() {
                    continue;
                }
                let mut less = plan.clone();
                less["resource_changes"][at]["change"]["after"].as_object_mut().unwrap().remove(name);
                less["resource_changes"][at]["change"]["after_unknown"][name] = json!(true);
                let resources = less["configuration"]["root_module"]["resources"].as_array_mut().unwrap();
                let config = resources.iter_mut().find(|r| r["address"] == change["address"]).unwrap();
                config["expressions"][name] = refers(&["var.open"]);
                tried += 1;
                for (key, outcome) in verdicts(&build(less, complete)) {
                    let before = whole.get(&key).copied();
                    let is_same = outcome == Outcome::Unknown || before.is_none_or(|before| before == outcome);
                    assert!(is_same, "{key:?} turns from {before:?} to {outcome:?} without {} {name}", change["address"]);
                }
            }
        }
        assert!(tried > 25, "{tried}");
    }
}

#[test]
fn a_reference_that_is_lost_turns_no_verdict_round() {
    let plan = example();
    let whole = verdicts(&built(plan.clone()));
    for at in 0..plan["configuration"]["root_module"]["resources"].as_array().unwrap().len() {
        let expressions = plan["configuration"]["root_module"]["resources"][at]["expressions"].as_object().unwrap().clone();
        for name in expressions.keys() {
            let mut less = plan.clone();
            less["configuration"]["root_module"]["resources"][at]["expressions"][name] = refers(&["local.lost"]);
            for (key, outcome) in verdicts(&built(less)) {
                let before = whole.get(&key).copied();
                let is_same = outcome == Outcome::Unknown || before.is_none_or(|before| before == outcome);
                assert!(is_same, "{key:?} turns from {before:?} to {outcome:?} without the reference of {name}");
            }
        }
    }
}

/// Every place of a JSON value.
fn places(value: &Value, pointer: String, found: &mut Vec<String>) {
    found.push(pointer.clone());
    match value {
        Value::Object(map) => {
            for (key, child) in map {
                places(child, format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        Value::Array(items) => items.iter().enumerate().for_each(|(i, child)| places(child, format!("{pointer}/{i}"), found)),
        _ => {}
    }
}

#[test]
fn nothing_that_stands_in_a_plan_makes_it_fall() {
    let plan = example();
    let mut all = Vec::new();
    places(&plan, String::new(), &mut all);
    let instead = [json!(null), json!(true), json!([]), json!({}), json!("⟨x[\"."), json!(-1), json!([[true], { "a": null }])];
    for (at, pointer) in all.iter().enumerate() {
        let mut broken = plan.clone();
        *broken.pointer_mut(pointer).unwrap() = instead[at % instead.len()].clone();
        let form = code::recognise(broken.to_string().as_bytes());
        let Ok(stacks) = code::load(vec![("plan.json".to_string(), form)]) else { continue };
        let inventory = code::build(&stacks, Options { complete: at % 2 == 0, read: super::NOW.parse().unwrap() });
        let saved = inventory.to_json().unwrap();
        assert_eq!(Inventory::from_json(&saved).unwrap(), inventory, "{pointer}");
    }
}
