//! What happens on the wire before an answer is an answer: once a service, over HTTP, to the last try.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use aws_credential_types::Credentials;
use serde_json::json;
use trailproof::aws::{ConnectError, Options, Plan, Timeouts, connect, operation};
use trailproof::inventory::CallId;
use trailproof::policy::catalogue::Catalogue;
use trailproof::source::aws::{CollectError, collect};

use super::damage::Fault;
use super::{Seen, judged, problems};
use crate::emulator::{Lab, SECRET, url};

/// What the emulator calls each fault.
const FAULTS: [(&str, Fault); 5] = [
    ("throttle", Fault::Throttled),
    ("status", Fault::ServerError),
    ("hang", Fault::Timeout),
    ("reset", Fault::Reset),
    ("truncated", Fault::Truncated),
];

/// Nobody waits for a minute here; but a machine with much to do must answer in time where nothing is wrong.
fn patience(is_short: bool) -> Timeouts {
    let (operation, attempt) = if is_short { (3, 1) } else { (60, 15) };
    Timeouts {
        operation: Duration::from_secs(operation),
        attempt: Duration::from_secs(attempt),
        connect: Duration::from_secs(5),
        first_pause: Duration::from_millis(5),
    }
}

/// Why there is no inventory.
enum Stopped {
    Connecting(ConnectError),
    Collecting(CollectError),
}

fn scan(lab: &Lab, catalogue: &Catalogue, timeouts: Timeouts) -> Result<Seen, Stopped> {
    let options = Options {
        regions: ["us-east-1", "eu-west-1", "us-west-2"].map(String::from).into(),
        endpoint_url: Some(url()),
        credentials: Some(Credentials::new(&lab.access_key, SECRET, None, None, "test")),
        timeouts,
        ..Options::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let session = connect(options).await.map_err(Stopped::Connecting)?;
        let inventory = collect(&session, &Plan::default()).await.map_err(Stopped::Collecting)?;
        Ok(judged(inventory, catalogue))
    })
}

/// The first operation of each service that the healthy scan called.
fn first_of_each_service(before: &Seen) -> Vec<String> {
    let called: BTreeSet<&str> = before.inventory.calls.keys().map(|id| id.0.split('/').next().unwrap()).collect();
    let mut services = BTreeSet::new();
    let all = operation::ALL.iter().map(|o| (o.service, format!("{}:{}", o.service, o.name)));
    let first: Vec<String> = all.filter(|(s, o)| called.contains(o.as_str()) && services.insert(*s)).map(|(_, o)| o).collect();
    let missing: Vec<_> = operation::ALL.iter().map(|o| o.service).filter(|s| !services.contains(s)).collect();
    assert!(missing.is_empty(), "the demonstration calls nothing of {missing:?}");
    first
}

fn try_one(lab: &Lab, catalogue: &Catalogue, before: &Seen, operation: &str, kind: &str, fault: Fault) -> Vec<String> {
    lab.take_calls();
    lab.fault(json!({"operation": operation, "kind": kind, "seconds": 20}));
    let after = scan(lab, catalogue, patience(fault == Fault::Timeout));
    lab.clear_faults();
    let faulted: BTreeSet<CallId> =
        before.inventory.calls.keys().filter(|id| id.0.starts_with(&format!("{operation}/"))).cloned().collect();
    let mut wrong = match after {
        // Without knowing whose account it is nothing can be said: the scan could not be made.
        Err(Stopped::Connecting(error)) if operation == "sts:GetCallerIdentity" && !error.hint().is_empty() => vec![],
        Err(Stopped::Connecting(error)) => vec![format!("not connected: {error}")],
        Err(Stopped::Collecting(error)) => vec![format!("not collected: {error}")],
        Ok(after) => problems(before, &Ok(after), catalogue, operation, fault, &faulted),
    };
    let tries: u64 = lab.take_calls().iter().filter(|((called, _), _)| called == operation).map(|(_, n)| *n).sum();
    if fault != Fault::Timeout && tries < 2 {
        wrong.push(format!("{tries} tries"));
    }
    wrong
}

#[test]
fn a_call_that_fails_to_the_last_try_makes_nothing_but_unknowns() {
    let catalogue = Catalogue::embedded().unwrap();
    let queue = Mutex::new(None);
    let wrong = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                // The same clock for every scan, so that what depends on it can be compared.
                let lab = Lab::with("acme", &json!({"clock": jiff::Timestamp::now().as_second()}));
                let healthy = scan(&lab, &catalogue, patience(false)).map_err(|_| "the healthy scan ended").unwrap();
                let all = || {
                    first_of_each_service(&healthy).into_iter().flat_map(|o| FAULTS.map(|(kind, fault)| (o.clone(), kind, fault)))
                };
                loop {
                    let next = queue.lock().unwrap().get_or_insert_with(|| all().collect::<Vec<_>>()).pop();
                    let Some((operation, kind, fault)) = next else { break };
                    for problem in try_one(&lab, &catalogue, &healthy, &operation, kind, fault) {
                        wrong.lock().unwrap().push(format!("{operation} {kind}: {problem}"));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
