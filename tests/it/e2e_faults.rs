//! Scans of a world that denies, throttles, fails, lies half way through and stops: nothing may turn into a pass.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use trailproof::finding::Outcome;
use trailproof::inventory::GapKind;
use trailproof::report::Report;

use crate::emulator::{Lab, Run, outcomes};

pub(crate) type Outcomes = BTreeMap<(String, String), Outcome>;

/// Scans a fresh account undisturbed, and then once for each fault; the faults are shared among a few accounts side by side.
fn disturb(faults: Vec<Value>, check: impl Fn(&Value, &Run, &Outcomes, &Lab) -> Vec<String> + Sync) {
    let queue = Mutex::new(faults);
    let problems = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let lab = Lab::new("acme");
                let before = outcomes(&lab, &lab.scan("undisturbed", &[]).ends_with(1).report());
                loop {
                    let Some(fault) = queue.lock().unwrap().pop() else { break };
                    lab.fault(fault.clone());
                    let run = lab.scan("disturbed", &[]);
                    lab.clear_faults();
                    problems
                        .lock()
                        .unwrap()
                        .extend(check(&fault, &run, &before, &lab).into_iter().map(|p| format!("{fault}: {p}")));
                }
            });
        }
    });
    let problems = problems.into_inner().unwrap();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// What a fault may do to findings: make them unknown, and nothing else.
pub(crate) fn only_less_is_known(before: &Outcomes, after: &Outcomes) -> Vec<String> {
    let mut problems = Vec::new();
    for (finding, outcome) in after {
        match before.get(finding) {
            Some(was) if was == outcome || *outcome == Outcome::Unknown => {}
            None if *outcome == Outcome::Unknown => {}
            was => problems.push(format!("{finding:?} turned from {was:?} to {outcome:?}")),
        }
    }
    let unknown: BTreeSet<&str> =
        after.iter().filter(|(_, o)| **o == Outcome::Unknown).map(|((policy, _), _)| policy.as_str()).collect();
    // What a policy is not about may go unseen: topics that alarms alone tell, to a policy about those of trails.
    let judged = before.iter().filter(|(_, outcome)| **outcome != Outcome::NotApplicable);
    for (policy, subject) in judged.map(|(finding, _)| finding).filter(|f| !after.contains_key(f)) {
        if !unknown.contains(policy.as_str()) {
            problems.push(format!("{policy} of {subject} vanished without an unknown"));
        }
    }
    problems
}

fn names(report: &Report, operation: &str, kinds: &[GapKind]) -> bool {
    let of_call = format!("{operation}/");
    let roots = report.gaps.iter().map(|g| &g.gap);
    let scoped = report.population.accounts.iter().flat_map(|a| &a.scope.gaps);
    roots.chain(scoped).any(|gap| kinds.contains(&gap.kind) && gap.call.as_ref().is_some_and(|c| c.0.starts_with(&of_call)))
}

fn failed_calls(report: &Report, operation: &str) -> usize {
    report.operations.iter().filter(|o| format!("{}:{}", o.service, o.operation) == operation).map(|o| o.failed).sum()
}

/// Every operation that a scan of the demonstration account calls.
fn operations() -> Vec<String> {
    let lab = Lab::new("acme");
    lab.scan("out", &[]).ends_with(1);
    let called: BTreeSet<String> = lab.take_calls().into_keys().map(|(operation, _)| operation).collect();
    assert!(called.len() > 15, "{called:?}");
    called.into_iter().collect()
}

fn judge(fault: &Value, run: &Run, before: &Outcomes, lab: &Lab, kinds: &[GapKind]) -> Vec<String> {
    let operation = fault["operation"].as_str().unwrap();
    if operation == "sts:GetCallerIdentity" {
        // Without knowing whose account it is nothing can be said: the scan could not be made.
        return if run.code == Some(2) && run.stderr.contains("hint:") {
            vec![]
        } else {
            vec![format!("ended with {:?}", run.code)]
        };
    }
    if !matches!(run.code, Some(1 | 3)) {
        return vec![format!("ended with {:?}\n{}\n{}", run.code, run.stdout, run.stderr)];
    }
    let report = run.report();
    let after = outcomes(lab, &report);
    let mut problems = only_less_is_known(before, &after);
    // A call that another one can stand in for may fail without leaving a gap, but not without a trace.
    if !names(&report, operation, kinds) && (after != *before || failed_calls(&report, operation) == 0) {
        let gaps: Vec<_> = report.gaps.iter().map(|g| (g.gap.kind, &g.gap.message, &g.gap.call)).collect();
        problems.push(format!("no gap of the kind names the call: {gaps:#?}"));
    }
    problems
}

#[test]
fn a_denied_call_makes_nothing_but_unknowns() {
    let faults = operations().into_iter().map(|operation| json!({"operation": operation, "kind": "deny"})).collect();
    disturb(faults, |fault, run, before, lab| judge(fault, run, before, lab, &[GapKind::Denied, GapKind::OtherAccount]));
}

#[test]
fn a_denial_by_service_control_policy_is_called_so() {
    let some = [
        "cloudtrail:GetTrailStatus",
        "cloudtrail:DescribeTrails",
        "s3:GetBucketPolicy",
        "kms:DescribeKey",
        "logs:DescribeMetricFilters",
        "events:ListRules",
        "guardduty:ListDetectors",
        "securityhub:DescribeHub",
    ];
    let faults = some.into_iter().map(|operation| json!({"operation": operation, "kind": "scp"})).collect();
    disturb(faults, |fault, run, before, lab| judge(fault, run, before, lab, &[GapKind::BlockedByScp]));
}

#[test]
fn a_throttled_call_is_tried_again() {
    let lab = Lab::new("good");
    lab.fault(json!({"operation": "cloudtrail:DescribeTrails", "kind": "throttle", "times": 1}));
    lab.fault(json!({"operation": "s3:GetBucketPolicy", "kind": "status", "times": 1}));
    let run = lab.scan("out", &["--min-severity", "high"]).ends_with(0);
    assert_eq!(run.report().gaps, []);
}

#[test]
fn an_unknown_has_an_exit_code_of_its_own() {
    let lab = Lab::new("good");
    lab.fault(json!({"operation": "s3:GetBucketVersioning", "kind": "deny"}));
    let run = lab.scan("out", &["--min-severity", "medium"]).ends_with(3);
    assert!(run.stdout.contains("unknown"), "{}", run.stdout);
    assert!(run.stdout.contains("s3:GetBucketVersioning"), "the remedy names the permission:\n{}", run.stdout);
    lab.scan("out", &["--min-severity", "medium", "--allow-unknown"]).ends_with(0);
}

#[test]
fn fails_below_the_threshold_do_not_fail_the_run() {
    let lab = Lab::new("empty");
    lab.scan("out", &["--fail-on", "low"]).ends_with(1);
    let severity = lab
        .scan("out", &[])
        .ends_with(1)
        .report()
        .findings
        .iter()
        .filter(|f| f.outcome == Outcome::Fail)
        .map(|f| f.severity)
        .max()
        .unwrap();
    let expected = if severity.label() == "critical" { 1 } else { 0 };
    lab.scan("out", &["--fail-on", "critical"]).ends_with(expected);
}

#[test]
fn an_interrupted_scan_keeps_what_it_read() {
    let lab = Lab::new("acme");
    lab.set(json!({"latency_ms": 400}));
    let recording = lab.path("recording");
    let out = lab.path("out");
    let mut command = lab.command(&["scan", "--record", recording.to_str().unwrap(), "--out", out.to_str().unwrap()]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let start = Instant::now();
    while lab.count_calls() < 10 {
        assert!(start.elapsed() < Duration::from_secs(30), "the scan did not get going");
        thread::sleep(Duration::from_millis(20));
    }
    let sent = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let run = Run::new(child.wait_with_output().unwrap(), out);
    let run = run.ends_with(130);
    assert!(start.elapsed() < Duration::from_secs(20), "it went on for too long");
    let report = run.report();
    assert!(report.collected.interrupted);
    assert!(report.gaps.iter().any(|g| g.gap.kind == GapKind::Interrupted), "{:#?}", report.gaps);
    assert!(report.summary.outcomes.unknown > 0);

    lab.set(json!({"latency_ms": 0}));
    let whole = lab.scan("whole", &[]).ends_with(1).report();
    let problems = only_less_is_known(&outcomes(&lab, &whole), &outcomes(&lab, &report));
    assert!(problems.is_empty(), "{problems:#?}");

    let replayed = lab.judge(&recording, "replayed");
    assert_eq!(replayed.file("report.json"), run.file("report.json"));
}
