//! The fault matrix: every operation of the table, going wrong in every way, in every scenario that calls it.
//!
//! It is made from the table of operations and from what scenarios of the emulator record, so that a new operation is in it
//! without anybody's doing: one that no scenario calls, and one of a service whose errors are not described, fail. The faults
//! are put into the recorded answers and replayed, which goes through the same collectors as a live scan; what happens on the
//! wire before an answer is an answer is asked once a service, in `wire`.

mod damage;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};
use trailproof::audit::{Settings, audit};
use trailproof::aws::{Recording, Session, operation};
use trailproof::finding::{FactRead, Finding, Outcome};
use trailproof::inventory::{CallId, Gap, Inventory, Origin, RegionOutcome};
use trailproof::policy::PolicyFile;
use trailproof::policy::catalogue::Catalogue;
use trailproof::report::Report;
use trailproof::report::build::Material;
use trailproof::source::aws::{CollectError, collect};

use self::damage::{Exchange, Fault, Files, exchanges, with_fault};
use crate::e2e_faults::only_less_is_known;
use crate::emulator::{Lab, files};

/// Accounts of the emulator that together make every call there is.
const SCENARIOS: [&str; 4] = ["good", "acme", "org", "blind"];

/// Without these it is not known who is to be read, so that the scan may end without a report.
const MAY_END: [&str; 4] = [
    "sts:GetCallerIdentity",
    "organizations:ListAccounts",
    "organizations:ListAccountsForParent",
    "organizations:ListOrganizationalUnitsForParent",
];

/// The recording of a live scan of the scenario.
fn record(scenario: &str) -> Files {
    let lab = Lab::new(if scenario == "blind" { "acme" } else { scenario });
    let folder = lab.path("recording");
    let root = format!("r-{}", &lab.account[8..]);
    let archive = format!("9{}", &lab.account[1..]);
    let mut args = vec!["--record", folder.to_str().unwrap()];
    match scenario {
        "org" => args.extend(["--org", "--ou", &root, "--log-account", &archive]),
        // Where the usual ways to a bucket's Region are closed, another one is taken.
        "blind" => {
            for operation in ["s3:ListBuckets", "s3:HeadBucket"] {
                lab.fault(json!({"operation": operation, "kind": "deny"}));
            }
        }
        _ => {}
    }
    let run = lab.scan("out", &args);
    assert!(matches!(run.code, Some(0 | 1 | 3)), "{scenario}: {}\n{}", run.stdout, run.stderr);
    files(&folder)
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(&folder).unwrap().to_str().unwrap().replace('\\', "/");
            (name, std::fs::read(&path).unwrap())
        })
        .collect()
}

/// What came of a replay.
struct Seen {
    inventory: Inventory,
    report: Report,
}

fn replay(files: &Files, catalogue: &Catalogue) -> Result<Seen, CollectError> {
    let recording = Recording::from_files(files.clone()).unwrap();
    let plan = recording.plan().clone();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let inventory = runtime.block_on(collect(&Session::replay(recording), &plan))?;
    Ok(judged(inventory, catalogue))
}

fn judged(inventory: Inventory, catalogue: &Catalogue) -> Seen {
    let now = inventory.scope.ended;
    let findings = audit(&inventory, catalogue, &Settings::default(), now).unwrap();
    let asked = catalogue.policies.keys().cloned().collect();
    let material = Material {
        inventory: &inventory,
        catalogue,
        frameworks: &[],
        scopes: &BTreeMap::new(),
        action: |_, _| None,
        set_aside: Vec::new(),
        asked,
        waivers: None,
        now,
    };
    let report = Report::build(&material, findings);
    Seen { inventory, report }
}

fn outcomes(report: &Report) -> BTreeMap<(String, String), Outcome> {
    report.findings.iter().map(|f| ((f.policy.clone(), f.subject.id.clone()), f.outcome)).collect()
}

/// What the fault made wrong.
fn problems(
    before: &Seen,
    after: &Result<Seen, CollectError>,
    catalogue: &Catalogue,
    operation: &str,
    fault: Fault,
    faulted: &BTreeSet<CallId>,
) -> Vec<String> {
    let after = match after {
        Ok(after) => after,
        Err(error) => return ended(error, operation, faulted),
    };
    let mut problems = Vec::new();
    let (was, is) = (outcomes(&before.report), outcomes(&after.report));
    if fault == Fault::NotFound {
        // "There is none" is an answer, and may be a reason to fail; it is never one to pass.
        problems.extend(
            is.iter()
                .filter(|(f, o)| **o == Outcome::Pass && was.get(*f) != Some(&Outcome::Pass))
                .map(|(f, _)| format!("{f:?} turned into a pass")),
        );
    } else {
        problems.extend(only_less_is_known(&was, &is));
        problems.extend(facts_kept(&before.inventory, &after.inventory, faulted));
    }
    problems.extend(passes_kept(before, after, catalogue, faulted));
    problems.extend(unnamed(after, fault, faulted, was == is));
    problems
}

/// A scan that ends without a report says on which call.
fn ended(error: &CollectError, operation: &str, faulted: &BTreeSet<CallId>) -> Vec<String> {
    let gap = error.gap();
    let names = gap.call.as_ref().is_some_and(|call| faulted.contains(call));
    if MAY_END.contains(&operation) && names { vec![] } else { vec![format!("the scan ended: {error}")] }
}

/// Whether the policy says that one thing or another will do, so that it may pass though one of them is not known.
fn has_another_way(policy: &PolicyFile) -> bool {
    let is_union = |check: &str| ["||", ".exists(", ".filter("].iter().any(|way| check.contains(way));
    !policy.accept.is_empty() || is_union(&policy.check)
}

/// No finding passes by a fact whose call failed. Where the policy knows another way, it passes by facts of other calls.
fn passes_kept(before: &Seen, after: &Seen, catalogue: &Catalogue, faulted: &BTreeSet<CallId>) -> Vec<String> {
    let is_faulted = |origin: &Option<Origin>| matches!(origin, Some(Origin::Call(id)) if faulted.contains(id));
    let passes = |f: &&Finding| f.outcome == Outcome::Pass;
    let mut problems = Vec::new();
    for finding in after.report.findings.iter().filter(passes) {
        let healthy = before.report.findings.iter().find(|f| f.policy == finding.policy && f.subject.id == finding.subject.id);
        for fact in healthy.into_iter().flat_map(|f| &f.facts).filter(|fact| is_faulted(&fact.from)) {
            // Another call may tell the same.
            let stands_in =
                |f: &Arc<FactRead>| f.of == fact.of && f.path == fact.path && f.value == fact.value && !is_faulted(&f.from);
            let is_other =
                |f: &Arc<FactRead>| f.value.is_some() && matches!(&f.from, Some(Origin::Call(id)) if !faulted.contains(id));
            let is_accepted = finding.accepted.is_some();
            let goes_another_way = || {
                has_another_way(&catalogue.policies[&finding.policy].file)
                    && finding.facts.iter().any(is_other)
                    && (is_accepted || !finding.facts.iter().any(|f| f.value.is_some() && is_faulted(&f.from)))
            };
            if !finding.facts.iter().any(stands_in) && !goes_another_way() {
                problems.push(format!("{} of {} passes by {} of {}", finding.policy, finding.subject.id, fact.path, fact.of));
            }
        }
    }
    problems
}

/// Every fact of an inventory, by the names that lead to it.
fn facts<'a>(value: &'a Value, at: &str, found: &mut BTreeMap<String, &'a Value>) {
    match value {
        Value::Object(map) => {
            let is_fact = map.len() == 1 && map.keys().all(|key| ["known", "one_of", "unknown"].contains(&key.as_str()));
            if is_fact || map.contains_key("items") {
                found.insert(at.to_string(), value);
            }
            for (key, inner) in map {
                facts(inner, &format!("{at}.{key}"), found);
            }
        }
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                let named = ["arn", "id", "region", "name"].iter().find_map(|key| item.get(*key)?.as_str());
                facts(item, &format!("{at}[{}]", named.map_or_else(|| i.to_string(), str::to_string)), found);
            }
        }
        _ => {}
    }
}

/// A fact that a failed call gave is unknown, or comes from another call and is the same; a list that it gave is open.
fn facts_kept(before: &Inventory, after: &Inventory, faulted: &BTreeSet<CallId>) -> Vec<String> {
    let json = |inventory: &Inventory| serde_json::to_value(inventory).unwrap();
    let (before, after) = (json(before), json(after));
    let (mut was, mut is) = (BTreeMap::new(), BTreeMap::new());
    facts(&before, "", &mut was);
    facts(&after, "", &mut is);
    let from_faulted = |origin: &Value| origin["call"].as_str().is_some_and(|id| faulted.contains(&CallId(id.into())));
    let mut problems = Vec::new();
    for (at, fact) in is {
        let healthy = was.get(&at);
        let wrong = if fact.get("items").is_some() {
            let is_open = fact["gaps"].as_array().is_some_and(|gaps| !gaps.is_empty());
            let fed = |list: &Value| list["from"].as_array().into_iter().flatten().any(from_faulted);
            !is_open && (fed(fact) || healthy.is_some_and(|h| fed(h) && h["items"] != fact["items"]))
        } else if let Some(known) = fact.get("known") {
            let known_before = healthy.and_then(|h| h.get("known"));
            from_faulted(&known["from"]) || known_before.is_some_and(|k| from_faulted(&k["from"]) && k["value"] != known["value"])
        } else {
            false
        };
        if wrong {
            problems.push(format!("{at} was {} and is {fact}", healthy.map_or_else(String::new, ToString::to_string)));
        }
    }
    problems
}

/// Every gap of the inventory.
fn gaps_of(value: &Value, found: &mut Vec<Gap>) {
    match value {
        Value::Object(map) => {
            if map.contains_key("kind") && map.contains_key("message") {
                found.extend(serde_json::from_value(value.clone()));
            }
            map.values().for_each(|inner| gaps_of(inner, found));
        }
        Value::Array(items) => items.iter().for_each(|inner| gaps_of(inner, found)),
        _ => {}
    }
}

/// The report names the call as a gap. One that no finding and no scope needed leaves it in the inventory, or in the count of
/// failed calls. An answer of "there is none" may be a fact instead.
fn unnamed(after: &Seen, fault: Fault, faulted: &BTreeSet<CallId>, is_same: bool) -> Vec<String> {
    let kinds = fault.gap_kinds(!faulted.iter().any(|call| call.0.starts_with("s3:HeadBucket/")));
    let names = |gap: &Gap| kinds.contains(&gap.kind) && gap.call.as_ref().is_some_and(|call| faulted.contains(call));
    let report = &after.report;
    let roots = report.gaps.iter().flat_map(|g| std::iter::once(&g.gap).chain(&g.alike));
    let scopes = after.inventory.scope.accounts.iter().flat_map(|account| {
        let regions = account.regions.iter().filter_map(|region| match &region.outcome {
            RegionOutcome::Gap(gap) => Some(gap),
            _ => None,
        });
        account.gaps.iter().chain(regions)
    });
    if roots.chain(scopes).chain(&after.inventory.scope.gaps).any(names) {
        return vec![];
    }
    let json = serde_json::to_value(&after.inventory).unwrap();
    let mut left = Vec::new();
    gaps_of(&json, &mut left);
    left.sort();
    left.dedup();
    let failed = |call: &CallId| {
        report.operations.iter().any(|o| o.failed > 0 && call.0.starts_with(&format!("{}:{}/", o.service, o.operation)))
    };
    if is_same && (left.iter().any(names) || faulted.iter().all(failed)) {
        return vec![];
    }
    let mut answers = BTreeMap::new();
    facts(&json, "", &mut answers);
    let is_answer = |fact: &&Value| fact["known"]["from"]["call"].as_str().is_some_and(|id| faulted.contains(&CallId(id.into())));
    if fault == Fault::NotFound && answers.values().any(is_answer) {
        return vec![];
    }
    let left: Vec<_> = left.iter().map(|g| format!("{:?} {:?} {}", g.kind, g.call, g.message)).collect();
    vec![format!("no gap names the call; the gaps are {left:#?}")]
}

/// Runs every fault on what it hits, and says what it made wrong.
fn try_all(scenario: &str, operations: impl Fn(&str) -> bool) {
    let catalogue = Catalogue::embedded().unwrap();
    let recorded = record(scenario);
    let before = replay(&recorded, &catalogue).unwrap();
    let all = exchanges(&recorded);
    let mut by_operation: BTreeMap<String, Vec<&Exchange>> = BTreeMap::new();
    for exchange in all.iter().filter(|e| operations(&e.operation())) {
        by_operation.entry(exchange.operation()).or_default().push(exchange);
    }
    let mut queue = Vec::new();
    for (operation, hit) in &by_operation {
        queue.extend(Fault::ALL.map(|fault| (operation, hit.clone(), fault)));
        // One call that fails among others of its kind.
        if let [.., last] = hit.as_slice()
            && hit.len() > 1
        {
            queue.push((operation, vec![*last], Fault::Denied));
        }
    }
    let n = AtomicUsize::new(0);
    let queue = Mutex::new(queue);
    let wrong = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                loop {
                    let Some((operation, hit, fault)) = queue.lock().unwrap().pop() else { break };
                    let (damaged, faulted) = with_fault(&recorded, hit.iter().copied(), fault);
                    if faulted.is_empty() {
                        continue;
                    }
                    n.fetch_add(1, Ordering::Relaxed);
                    let after = replay(&damaged, &catalogue);
                    for problem in problems(&before, &after, &catalogue, operation, fault, &faulted) {
                        wrong.lock().unwrap().push(format!("{operation} {fault:?} ({} calls): {problem}", faulted.len()));
                    }
                }
            });
        }
    });
    let mut wrong = wrong.into_inner().unwrap();
    wrong.sort();
    let n = n.into_inner();
    eprintln!("{scenario}: {n} faults");
    assert!(wrong.is_empty(), "{} things are wrong after {n} faults:\n{}", wrong.len(), wrong.join("\n"));
    assert!(n >= by_operation.len() * 7, "{n} faults of {} operations", by_operation.len());
}

fn operations_of(scenario: &str) -> BTreeSet<String> {
    exchanges(&record(scenario)).iter().map(Exchange::operation).collect()
}

/// The operations that a good account calls are all tried there; of these the other scenarios try every third one each.
fn is_of_third(operation: &str, third: usize) -> bool {
    let place = operation::ALL.iter().position(|o| format!("{}:{}", o.service, o.name) == operation);
    place.is_some_and(|place| place % 3 == third)
}

#[test]
fn every_operation_of_the_table_is_called_by_a_scenario() {
    let called: BTreeSet<String> = SCENARIOS.iter().flat_map(|s| exchanges(&record(s))).map(|e| e.operation()).collect();
    let missing: Vec<String> =
        operation::ALL.iter().map(|o| format!("{}:{}", o.service, o.name)).filter(|o| !called.contains(o)).collect();
    assert!(missing.is_empty(), "no scenario of tests/emulator/scenarios.py calls {missing:?}");
}

#[test]
fn every_list_that_comes_in_pages_has_a_second_one() {
    let paged: BTreeSet<String> =
        SCENARIOS.iter().flat_map(|s| exchanges(&record(s))).filter(Exchange::is_later_page).map(|e| e.operation()).collect();
    let expected = [
        "account:ListRegions",
        "cloudtrail:ListTrails",
        "organizations:ListAccounts",
        "organizations:ListAccountsForParent",
        "organizations:ListAWSServiceAccessForOrganization",
        "organizations:ListDelegatedAdministrators",
        "organizations:ListOrganizationalUnitsForParent",
        "logs:DescribeMetricFilters",
        "cloudwatch:DescribeAlarms",
        "cloudwatch:ListAlarmMuteRules",
        "events:ListRules",
        "events:ListTargetsByRule",
        "cloudtrail:ListEventDataStores",
    ];
    let missing: Vec<_> = expected.iter().filter(|o| !paged.contains(**o)).collect();
    assert!(missing.is_empty(), "no scenario has a second page of {missing:?}; those that have one: {paged:?}");
}

#[test]
fn faults_of_a_good_account() {
    try_all("good", |_| true);
}

#[test]
fn faults_of_the_demonstration() {
    let usual = operations_of("good");
    try_all("acme", |operation| !usual.contains(operation) || is_of_third(operation, 0));
}

#[test]
fn faults_of_an_organization() {
    let usual = operations_of("good");
    try_all("org", |operation| !usual.contains(operation) || is_of_third(operation, 1));
}

/// What is only asked where something else failed.
#[test]
fn faults_of_what_stands_in_for_a_failed_call() {
    let usual: BTreeSet<String> = exchanges(&record("acme")).iter().map(Exchange::operation).collect();
    try_all("blind", |operation| !usual.contains(operation));
}
