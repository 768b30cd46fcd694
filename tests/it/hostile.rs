//! Foreign bytes, damaged in many ways: nothing that reads them may panic, and what was read in spite of it is judged.
//!
//! Damage starts from what is sound, so that it reaches further than the first brace. `fuzz/` holds the same questions for
//! a fuzzer, which asks them for as long as one likes.

#[cfg(feature = "aws")]
mod recording;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};
use trailproof::app::cases::CaseFile;
use trailproof::audit::{Settings, audit};
use trailproof::config::Config;
use trailproof::inventory::document::PolicyDocument;
use trailproof::inventory::trail::EventSelectors;
use trailproof::inventory::{Gaps, Inventory, nouns};
use trailproof::policy::PolicyFile;
use trailproof::policy::catalogue::{Catalogue, Policy};
use trailproof::policy::check::{Context, Env, Program};
use trailproof::policy::framework::Framework;
use trailproof::policy::message;
use trailproof::report::build::Material;
use trailproof::report::text::TextOptions;
use trailproof::report::{Report, foreign, html, json, text};
use trailproof::semantics::access::{denies_insecure_transport, foreign_writers};
use trailproof::semantics::selectors::{Contributor, describe, records};
use trailproof::semantics::{PartialEvent, Truth};
use trailproof::waiver::{Basis, Register};
use trailproof::yaml::{SourceFile, Step};

/// Part of what a scan of the example gives: two trails, their buckets and keys.
const INVENTORY: &str = include_str!("hostile/inventory.json");

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::embedded().unwrap());

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 200, ..ProptestConfig::default() }
}

/// One thing that may happen to bytes.
#[derive(Clone, Debug)]
enum Damage {
    Flip(Index, u8),
    Cut(Index),
    /// The part between two places is written twice.
    Double(Index, Index),
    Lose(Index, Index),
    Insert(Index, String),
    /// Where the bytes are JSON: another value in the place of one.
    Replace(Index, Value),
    /// Where the bytes are JSON: one value in the place of another.
    Move(Index, Index),
}

fn foreign_text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("\u{0}\u{1b}[31m\u{202e}\u{feff}\n\r\t".to_string()),
        Just("</script><!--]]>\"'`{{ 7*7 }}${file(\"x\")}$(id)".to_string()),
        Just("*?".repeat(200)),
        Just("x".repeat(20_000)),
        Just("[".repeat(3_000)),
        Just("- {a: [".repeat(300)),
        Just("!(".repeat(500)),
        Just("&a [*a, *a] é😀".to_string()),
        Just("-99999999999999999999999e999".to_string()),
        "[*?a:/$\\{}éé]{0,12}",
        any::<String>(),
    ]
}

fn foreign_value() -> impl Strategy<Value = Value> {
    let deep = (0..90).fold(json!(null), |inner, i| if i % 2 == 0 { json!([inner]) } else { json!({ "a": inner }) });
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        prop_oneof![Just(json!(i64::MIN)), Just(json!(u64::MAX)), Just(json!(-1)), Just(json!(1e308)), Just(json!(0.5))],
        Just(json!([])),
        Just(json!({})),
        Just(json!([[], {}, null, "a", 1])),
        Just(json!("-009999-01-02T01:59:59Z")),
        Just(json!("9999-12-30T22:00:00.999999999Z")),
        Just(deep),
        foreign_text().prop_map(Value::from),
    ]
}

fn damage() -> impl Strategy<Value = Vec<Damage>> {
    let at = any::<Index>;
    let one = prop_oneof![
        2 => (at(), any::<u8>()).prop_map(|(i, b)| Damage::Flip(i, b)),
        1 => at().prop_map(Damage::Cut),
        1 => (at(), at()).prop_map(|(a, b)| Damage::Double(a, b)),
        1 => (at(), at()).prop_map(|(a, b)| Damage::Lose(a, b)),
        2 => (at(), foreign_text()).prop_map(|(i, t)| Damage::Insert(i, t)),
        6 => (at(), foreign_value()).prop_map(|(i, v)| Damage::Replace(i, v)),
        2 => (at(), at()).prop_map(|(a, b)| Damage::Move(a, b)),
    ];
    prop::collection::vec(one, 1..4)
}

impl Damage {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let n = bytes.len() + 1;
        match self {
            Damage::Flip(at, with) if !bytes.is_empty() => {
                let at = at.index(n - 1);
                bytes[at] ^= *with;
            }
            Damage::Flip(..) => {}
            Damage::Cut(at) => bytes.truncate(at.index(n)),
            Damage::Double(a, b) => {
                let (a, b) = ordered(a.index(n), b.index(n));
                let part = bytes[a..b].to_vec();
                bytes.splice(a..a, part);
            }
            Damage::Lose(a, b) => {
                let (a, b) = ordered(a.index(n), b.index(n));
                bytes.drain(a..b.min(a + 64));
            }
            Damage::Insert(at, text) => {
                let at = at.index(n);
                bytes.splice(at..at, text.bytes());
            }
            Damage::Replace(at, value) => in_json(bytes, |json| {
                let at = at.index(count(json));
                *nth(json, &mut at.clone()).unwrap() = value.clone();
            }),
            Damage::Move(from, to) => in_json(bytes, |json| {
                let n = count(json);
                let value = nth(json, &mut from.index(n)).unwrap().clone();
                *nth(json, &mut to.index(n)).unwrap() = value;
            }),
        }
    }
}

fn ordered(a: usize, b: usize) -> (usize, usize) {
    (a.min(b), a.max(b))
}

fn in_json(bytes: &mut Vec<u8>, change: impl Fn(&mut Value)) {
    if let Ok(mut json) = serde_json::from_slice(bytes) {
        change(&mut json);
        *bytes = serde_json::to_vec(&json).unwrap();
    }
}

fn children(value: &mut Value) -> Vec<&mut Value> {
    match value {
        Value::Array(list) => list.iter_mut().collect(),
        Value::Object(map) => map.values_mut().collect(),
        _ => Vec::new(),
    }
}

fn count(value: &mut Value) -> usize {
    1 + children(value).into_iter().map(count).sum::<usize>()
}

fn nth<'a>(value: &'a mut Value, at: &mut usize) -> Option<&'a mut Value> {
    if *at == 0 {
        return Some(value);
    }
    *at -= 1;
    children(value).into_iter().find_map(|child| nth(child, at))
}

fn damaged(sound: &str, damages: &[Damage]) -> Vec<u8> {
    let mut bytes = sound.as_bytes().to_vec();
    damages.iter().for_each(|d| d.apply(&mut bytes));
    bytes
}

fn damaged_text(sound: &str, damages: &[Damage]) -> String {
    String::from_utf8_lossy(&damaged(sound, damages)).into_owned()
}

/// Every shipped YAML file below the folder.
fn shipped(folder: &str) -> Vec<(String, String)> {
    fn gather(path: &Path, all: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(path).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                gather(&path, all);
            } else if path.extension().is_some_and(|e| e == "yaml") {
                all.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let mut all = Vec::new();
    gather(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut all);
    all.sort();
    assert!(!all.is_empty(), "no YAML below {folder}");
    all
}

/// From an inventory to every format; nothing hidden stands in any of them.
fn judge_and_show(inventory: &Inventory) {
    let now = inventory.scope.ended;
    let findings = audit(inventory, &CATALOGUE, &Settings::default(), now).unwrap();
    let asked = CATALOGUE.policies.keys().cloned().collect();
    let material = Material {
        inventory,
        catalogue: &CATALOGUE,
        frameworks: &[],
        scopes: &BTreeMap::new(),
        action: |_, _| None,
        set_aside: Vec::new(),
        asked,
        waivers: None,
        now,
    };
    let report = Report::build(&material, findings);
    let options = TextOptions { color: false, width: 60, verbose: true, quiet: false };
    for written in [text::write(&report, &options), html::write(&report).unwrap(), json::write(&report).unwrap()] {
        let hidden = written.chars().find(|c| *c != '\n' && foreign::is_hidden(*c));
        assert_eq!(hidden, None);
    }
}

#[test]
fn what_is_damaged_was_sound() {
    judge_and_show(&Inventory::from_json(INVENTORY).unwrap());
    for document in DOCUMENTS {
        PolicyDocument::parse(document).unwrap();
    }
    for selectors in SELECTORS {
        serde_json::from_str::<EventSelectors>(selectors).unwrap();
    }
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn inventories(damages in damage()) {
        if let Ok(mut inventory) = Inventory::from_json(&damaged_text(INVENTORY, &damages)) {
            inventory.sort();
            let saved = inventory.to_json().unwrap();
            prop_assert_eq!(&Inventory::from_json(&saved).unwrap(), &inventory);
            judge_and_show(&inventory);
        }
    }
}

const DOCUMENTS: [&str; 3] = [
    r#"{"Version":"2012-10-17","Statement":[{"Sid":"a","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::logs","arn:aws:s3:::logs/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}"#,
    r#"{"Id":"x","Statement":[{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com","AWS":["arn:aws:iam::444455556666:root","777788889999"]},"Action":["s3:Put*","s3:Get?bject"],"NotResource":"arn:aws:s3:::logs/a*b?c","Condition":{"StringEquals":{"aws:SourceArn":["a","b"]},"NumericLessThan":{"s3:TlsVersion":1.2}}},{"Effect":"Deny","NotPrincipal":{"AWS":"*"},"NotAction":["s3:a*b*c","*"],"Resource":"*","Condition":{"StringNotEquals":{"aws:SourceArn":["a","b"]},"BoolIfExists":{"aws:SecureTransport":false}}}]}"#,
    r#"{"Statement":{"Effect":"Deny","Principal":{"AWS":"*"},"NotAction":"s3:PutObject","Resource":["arn:*:s3:::l?gs","*/*/*x*"],"Condition":{"Null":{"aws:SecureTransport":"true"},"ForAllValues:StringLike":{"aws:PrincipalArn":["*a*"]}}}}"#,
];

const SELECTORS: [&str; 2] = [
    r#"{"basic":[{"read_write_type":"All","include_management_events":true,"exclude_management_event_sources":["kms.amazonaws.com"],"data_resources":[{"type":"AWS::S3::Object","values":["arn:aws:s3","arn:aws:s3:::b/p"]}]},{"read_write_type":"WriteOnly","include_management_events":false}]}"#,
    r#"{"advanced":[{"name":"a","field_selectors":[{"field":"eventCategory","equals":["Management"]},{"field":"readOnly","equals":["false"]},{"field":"eventSource","not_equals":["kms.amazonaws.com"],"not_starts_with":["rds"],"not_ends_with":[".cn"]}]},{"field_selectors":[{"field":"eventCategory","equals":["Data"]},{"field":"resources.type","equals":["AWS::S3::Object"]},{"field":"resources.ARN","starts_with":["arn:aws:s3:::b/"],"ends_with":["x"]}]}]}"#,
];

const EVENTS: [&str; 3] = [
    r#"{"eventCategory":"Management","readOnly":"false","eventSource":"iam.amazonaws.com"}"#,
    r#"{"eventCategory":"Data","resources.type":"AWS::S3::Object","resources.ARN":"arn:aws:s3:::b/p/q"}"#,
    "{}",
];

proptest! {
    #![proptest_config(cases(1500))]

    #[test]
    fn policy_documents(which in any::<Index>(), damages in damage()) {
        if let Ok(document) = PolicyDocument::parse(&damaged_text(DOCUMENTS[which.index(DOCUMENTS.len())], &damages)) {
            denies_insecure_transport(Some(&document), "aws", "logs");
            let _ = foreign_writers(Some(&document), "aws", "logs", Some("111122223333"));
        }
    }

    #[test]
    fn event_selectors(
        which in any::<Index>(),
        damages in damage(),
        event in any::<Index>(),
        to_event in prop::option::of(damage()),
    ) {
        let selectors = damaged(SELECTORS[which.index(SELECTORS.len())], &damages);
        let event = damaged(EVENTS[event.index(EVENTS.len())], &to_event.unwrap_or_default());
        if let Ok(selectors) = serde_json::from_slice::<EventSelectors>(&selectors) {
            describe(&selectors);
            let contributors = [Contributor { selectors: Ok(&selectors), doubts: Gaps::new() }];
            let fields: BTreeMap<String, String> = serde_json::from_slice(&event).unwrap_or_default();
            records(&contributors, &Gaps::new(), &PartialEvent { fields });
        }
    }
}

/// Patterns that multiply: what a fuzzer would need long to find.
fn patterns() -> Vec<String> {
    (0..80u8).map(|i| format!("arn:aws:s3:::logs/*{}*?*a*b*c*", char::from(b'a' + i % 26))).collect()
}

#[test]
fn a_document_of_patterns_that_multiply_comes_to_an_end() {
    let document = json!({"Statement": [{"Effect": "Deny", "Principal": "*", "NotAction": patterns(), "NotResource": patterns(),
        "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]});
    let document = PolicyDocument::parse(&document.to_string()).unwrap();
    denies_insecure_transport(Some(&document), "aws", "logs");
}

/// As many values as CloudTrail takes and some more, and many times as many.
#[test]
fn selectors_of_patterns_that_multiply_come_to_an_end() {
    for (selectors, each) in [(4, 20), (10, 8), (40, 80)] {
        let some = &patterns()[..each];
        let fields: Vec<Value> = ["eventSource", "eventName", "resources.ARN", "userIdentity.arn"]
            .into_iter()
            .map(|field| json!({"field": field, "not_starts_with": some, "not_ends_with": some, "not_equals": some}))
            .collect();
        let advanced: Vec<Value> = (0..selectors).map(|_| json!({"field_selectors": fields})).collect();
        let selectors: EventSelectors = serde_json::from_value(json!({ "advanced": advanced })).unwrap();
        let contributors = [Contributor { selectors: Ok(&selectors), doubts: Gaps::new() }];
        let answer = records(&contributors, &Gaps::new(), &PartialEvent::default());
        assert_ne!(answer.truth, Truth::True);
    }
}

/// Every kind of file, whichever this one was.
fn read_yaml(text: &str, end: usize) {
    let source = || SourceFile::new("hostile.yaml", text);
    let steps = [Step::Key("cases"), Step::Item(1), Step::Key("given"), Step::Name("trails")];
    let mut file = source();
    let said = match file.parse::<PolicyFile>() {
        Ok(policy) => {
            let check = &policy.check;
            for (start, end) in [(0, check.len()), (end, end + 1), (end, 0), (check.len() + 9, usize::MAX)] {
                let _ = file.complain_within(&[Step::Key("check")], check, start, end, "m").to_string();
            }
            file.complain(&steps, "m")
        }
        Err(complaint) => complaint,
    };
    assert!(!said.to_string().is_empty());
    let mut file = source();
    let _ = file.parse::<CaseFile>().map_err(|c| c.to_string());
    let _ = file.complain(&steps, "m").to_string();
    let _ = source().parse::<Framework>().map_err(|c| c.to_string());
    let _ = Config::load(&mut source()).map_err(|c| c.to_string());
    let evidence = |name: &str| Err(name.to_string());
    let basis = Basis { catalogue: &CATALOGUE, severities: &BTreeMap::new(), evidence: &evidence };
    let _ = Register::load(&mut source(), &basis).map_err(|all| all.iter().map(ToString::to_string).collect::<String>());
}

/// No shipped file holds a waiver; this one does.
const WAIVERS: &str = r#"waivers:
  - id: W-2026-001
    policy: log-bucket-tls-only
    resources: ["arn:aws:s3:::acme-*"]
    account: "111122223333"
    frameworks: [pci-dss-4.0.1]
    owner: jane.doe@example.com
    approved_by: ciso@example.com
    reason: the archive moves in spring, ticket SEC-412
    type: compensating-control
    compensating_control: a nightly copy to another account
    created: 2026-10-20
    expires: 2027-10-20
attestations:
  - attests: { framework: pci-dss-4.0.1, requirement: "10.4.1" }
    by: soc@example.com
    statement: somebody reads the alerts every day
    date: 2026-10-15
    frequency: quarterly
"#;

proptest! {
    #![proptest_config(cases(120))]

    #[test]
    fn waivers_that_people_write(damages in damage(), end in 0_usize..200) {
        read_yaml(&damaged_text(WAIVERS, &damages), end);
    }

    #[test]
    fn files_that_people_write(cases in any::<bool>(), which in any::<Index>(), damages in damage(), end in 0_usize..200) {
        let files = shipped(if cases { "tests/policies" } else { "policies" });
        read_yaml(&damaged_text(&files[which.index(files.len())].1, &damages), end);
    }
}

proptest! {
    #![proptest_config(cases(12))]

    #[test]
    fn policies_that_do_not_fit(which in any::<Index>(), damages in damage()) {
        let files = shipped("policies");
        let (name, text) = &files[which.index(files.len())];
        let text = damaged_text(text, &damages);
        let file = || vec![SourceFile::new(name.clone(), text.clone())];
        for complaint in Catalogue::with(file(), file()).err().into_iter().flatten() {
            prop_assert!(!complaint.to_string().is_empty());
        }
    }
}

fn env(policy: &Policy) -> Env {
    Env {
        subject: policy.file.subject.noun().into(),
        parameters: policy.file.parameters.iter().map(|(name, p)| (name.clone(), p.r#type)).collect(),
        events: policy.watched.keys().cloned().collect(),
        watched_alone: policy.watched.keys().filter(|name| !policy.events.contains_key(*name)).cloned().collect(),
    }
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn expressions_and_templates(which in any::<Index>(), other in any::<Index>(), damages in damage()) {
        let inventory = Inventory::from_json(INVENTORY).unwrap();
        let policies: Vec<&Policy> = CATALOGUE.policies.values().collect();
        let policy = policies[which.index(policies.len())];
        let file = &policy.file;
        let env = env(policy);
        let parameters = policy.parameters(None);
        // An expression of another policy finds other names here.
        for source in [&file.check, &policies[other.index(policies.len())].file.check] {
            let source = damaged_text(source, &damages);
            match Program::compile(&source, &env) {
                Ok(program) => {
                    for subject in inventory.population(file.subject.noun()) {
                        let now = inventory.scope.ended;
                        let (events, watched) = (&policy.events, &policy.watched);
                        let context = Context { inventory: &inventory, subject, parameters: &parameters, events, watched, now };
                        prop_assert!(program.evaluate(context).is_ok());
                    }
                }
                Err(e) => prop_assert!(source.get(e.start..e.end).is_some(), "{:?} of {:?}", e, source),
            }
        }
        let noun = nouns().into_iter().find(|n| n.name == file.subject.noun()).unwrap();
        let names: Vec<String> = parameters.keys().cloned().collect();
        for template in [&file.message, &file.fix.cli, &file.fix.cloudformation] {
            let template = damaged_text(template, &damages);
            let Ok(texts) = message::Texts::read(&[("text", &template)], noun, &names) else { continue };
            for record in inventory.population(file.subject.noun()) {
                let cases = ["a case".to_string()];
                let subject = message::Subject { record, parameters: &parameters, counterexamples: &cases, called: "" };
                let _ = texts.about(&subject).fill("text");
            }
        }
    }
}
