//! The check language and the templates. Whatever compiles must be answered about a subject.

#![no_main]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use trailproof::inventory::{Inventory, Trail};
use trailproof::policy::check::{Context, Env, Program};
use trailproof::policy::message::{Subject, Texts};
use trailproof::policy::{ParameterType, ParameterValue};
use trailproof::semantics::PartialEvent;
use trailproof::semantics::watch::WatchedEvent;

static INVENTORY: LazyLock<Inventory> =
    LazyLock::new(|| Inventory::from_json(include_str!("../../tests/it/hostile/inventory.json")).expect("the example is sound"));

fuzz_target!(|text: &str| {
    let parameters: BTreeMap<String, ParameterValue> = [
        ("age".to_string(), ParameterValue::Text("24h".into())),
        ("most".to_string(), ParameterValue::Int(i64::MAX)),
        ("names".to_string(), ParameterValue::Texts(vec!["a".into(), "b".into()])),
    ]
    .into();
    let env = Env {
        subject: "trail".into(),
        parameters: [
            ("age".to_string(), ParameterType::Duration),
            ("most".to_string(), ParameterType::Int),
            ("names".to_string(), ParameterType::Texts),
        ]
        .into(),
        events: vec!["write".into()],
        watched_alone: Vec::new(),
    };
    let events: BTreeMap<String, PartialEvent> =
        [("write".to_string(), PartialEvent { fields: [("readOnly".to_string(), "false".to_string())].into() })].into();
    let watched: BTreeMap<String, WatchedEvent> =
        events.iter().map(|(name, event)| (name.clone(), WatchedEvent::of(event).expect("there are such events"))).collect();
    match Program::compile(text, &env) {
        Ok(program) => {
            for trail in &INVENTORY.trails {
                let context = Context {
                    inventory: &INVENTORY,
                    subject: trail,
                    parameters: &parameters,
                    events: &events,
                    watched: &watched,
                    now: INVENTORY.scope.ended,
                };
                program.evaluate(context).expect("a checked expression is answered");
            }
        }
        Err(error) => assert!(error.start <= error.end && text.get(error.start..error.end).is_some(), "{error:?}"),
    }
    let names: Vec<String> = parameters.keys().cloned().collect();
    if let Ok(texts) = Texts::read(&[("text", text)], Trail::table(), &names) {
        let subject = Subject { record: &INVENTORY.trails[0], parameters: &parameters, counterexamples: &["a case".into()], called: "" };
        let _ = texts.about(&subject).fill("text");
    }
});
