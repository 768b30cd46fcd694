//! What an audit of saved inventories costs, stage by stage, next to the floor: reading the same JSON into no types at all.
//!
//! `cargo bench --bench accounts` prints medians of one run; only the ratios can be compared between machines.

#![expect(clippy::print_stdout, clippy::expect_used, reason = "a bench prints, and stops where it cannot measure")]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::time::{Duration, Instant};

use trailproof::audit::{Settings, audit};
use trailproof::inventory::Inventory;
use trailproof::policy::catalogue::Catalogue;
use trailproof::report::build::Material;
use trailproof::report::{Report, html, json};

const ACCOUNTS: usize = 1_000;

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let program = env!("CARGO_BIN_EXE_trailproof");
    let scan = |arguments: &[&str]| {
        let start = Instant::now();
        let output =
            Command::new(program).current_dir(folder.path()).arg("scan").args(arguments).args(["-q", "--out", "report"]).output();
        let output = output.expect("the program runs");
        assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
        start.elapsed()
    };
    let whole: Vec<Duration> = (0..11).map(|_| scan(&["examples/acme-org"])).collect();
    println!("scan examples/acme-org, whole process          {:9.1} ms", ms(median(whole)));

    let one = std::fs::read_to_string(folder.path().join("report/inventory.json")).expect("the scan wrote its inventory");
    let id = Inventory::from_json(&one).expect("an inventory").accounts[0].id.clone();
    let texts: Vec<String> = (0..ACCOUNTS).map(|i| one.replace(&id, &format!("{:012}", 100_000_000_000_usize + i))).collect();
    let bytes: usize = texts.iter().map(String::len).sum();

    let floor = timed(|| {
        texts.iter().map(|t| serde_json::from_str::<serde_json::Value>(t).expect("JSON")).filter(|v| v.is_object()).count()
    });
    let read = timed(|| texts.iter().map(|t| Inventory::from_json(t).expect("an inventory").trails.len()).sum());
    let inventories: Vec<Inventory> = texts.iter().map(|t| Inventory::from_json(t).expect("an inventory")).collect();
    let catalogue = Catalogue::embedded().expect("the embedded policies are right");
    let settings = Settings::default();
    let asked: BTreeSet<String> = catalogue.policies.keys().cloned().collect();
    let judged = timed(|| {
        inventories.iter().map(|i| audit(i, &catalogue, &settings, i.scope.ended).expect("it can be asked").len()).sum()
    });
    let written = timed(|| {
        let report = |i: &Inventory| {
            let findings = audit(i, &catalogue, &settings, i.scope.ended).expect("it can be asked");
            let asked = asked.clone();
            let material = Material {
                inventory: i,
                catalogue: &catalogue,
                frameworks: &[],
                scopes: &BTreeMap::new(),
                action: |_, _| None,
                set_aside: Vec::new(),
                asked,
                waivers: None,
                now: i.scope.ended,
            };
            let report = Report::build(&material, findings);
            json::write(&report).expect("JSON").len() + html::write(&report).expect("HTML").len()
        };
        inventories.iter().take(100).map(report).sum()
    });
    println!("{ACCOUNTS} accounts, {:.1} MB of inventories", bytes as f64 / 1e6);
    println!("  floor: JSON into no types                     {:9.1} ms", ms(floor));
    println!("  read into an inventory                        {:9.1} ms  {:5.2} x floor", ms(read), ratio(read, floor));
    println!("  audit, every policy                           {:9.1} ms  {:5.2} x floor", ms(judged), ratio(judged, floor));
    println!("  audit, report.json and report.html, 100 of it {:9.1} ms", ms(written));

    let names: Vec<String> = (0..ACCOUNTS).map(|i| format!("{i}.json")).collect();
    for (name, text) in names.iter().zip(&texts) {
        std::fs::write(folder.path().join(name), text).expect("a file");
    }
    let mut command = Command::new(program);
    command.current_dir(folder.path()).arg("scan").args(&names).args(["--format", "json", "-q", "--out", "report"]);
    let (all, peak) = watched(&mut command);
    println!(
        "  scan of the {ACCOUNTS} files to report.json          {:9.1} ms  {:5.2} x floor, peak {peak:.0} MB",
        ms(all),
        ratio(all, floor)
    );
}

fn timed(mut work: impl FnMut() -> usize) -> Duration {
    median(
        (0..5)
            .map(|_| {
                let start = Instant::now();
                assert!(std::hint::black_box(work()) > 0);
                start.elapsed()
            })
            .collect(),
    )
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn ratio(time: Duration, floor: Duration) -> f64 {
    time.as_secs_f64() / floor.as_secs_f64()
}

/// Runs the command and watches its peak resident memory, in MB; 0 where the system does not tell.
fn watched(command: &mut Command) -> (Duration, f64) {
    let start = Instant::now();
    let mut child = command.stdout(std::process::Stdio::null()).spawn().expect("the program runs");
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0.0;
    loop {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        if let Some(kb) = text.lines().find_map(|l| l.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse::<f64>().ok()) {
            peak = kb / 1e3;
        }
        if child.try_wait().expect("the program can be waited for").is_some() {
            return (start.elapsed(), peak);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}
