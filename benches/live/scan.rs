//! The scan as it is run, stage by stage, and the comparison of it with the floor.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use aws_credential_types::Credentials;
use trailproof::audit::{Settings, audit};
use trailproof::aws::{Options, Plan, connect};
use trailproof::policy::catalogue::Catalogue;
use trailproof::report::build::Material;
use trailproof::report::{Report, html, json};
use trailproof::source;

use super::process::{cpu, peak, usage, value};
use super::server::read_message;
use super::world;

/// How often each side is measured, the quietest of each counts; once where there are very many accounts.
const ROUNDS: usize = 3;
const VERY_MANY: usize = 1_000;

/// Reads the organization behind the port as `scan --org` does, audits it and writes its reports.
pub(crate) fn run(port: usize) {
    let options = Options {
        endpoint_url: Some(format!("http://127.0.0.1:{port}")),
        credentials: Some(Credentials::new(format!("AKIA{}", world::account(0)), "secret", None, None, "bench")),
        keep_answers: false,
        ..Options::default()
    };
    let plan = Plan { organization: true, role_name: "TrailproofAudit".into(), ..Plan::default() };
    let start = Instant::now();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let inventory = runtime.block_on(async {
        let session = connect(options).await.expect("it connects");
        source::aws::collect(&session, &plan).await.expect("it collects")
    });
    let (collected, collecting, rss) = (start.elapsed(), cpu(), peak());
    let reached = inventory.scope.accounts.iter().filter(|a| a.reached && a.gaps.is_empty()).count();
    let stage = Instant::now();
    let catalogue = Catalogue::embedded().expect("the embedded policies are right");
    let findings = audit(&inventory, &catalogue, &Settings::default(), inventory.scope.ended).expect("it can be asked");
    let audited = stage.elapsed();
    let stage = Instant::now();
    let count = findings.len();
    let unknown = findings.iter().filter(|f| f.outcome == trailproof::finding::Outcome::Unknown).count();
    let material = Material {
        inventory: &inventory,
        catalogue: &catalogue,
        frameworks: &[],
        scopes: &BTreeMap::new(),
        action: |_, _| None,
        set_aside: Vec::new(),
        asked: catalogue.policies.keys().cloned().collect::<BTreeSet<_>>(),
        waivers: None,
        now: inventory.scope.ended,
    };
    let report = Report::build(&material, findings);
    let built = stage.elapsed();
    let stage = Instant::now();
    let page = html::write(&report).expect("HTML").len();
    let page_written = stage.elapsed();
    let stage = Instant::now();
    let of_json = json::write(&report).expect("JSON").len();
    let saved = inventory.to_json().expect("JSON").len();
    let json_written = stage.elapsed();
    println!(
        "wall={:.3} cpu={collecting:.2} rss={rss:.1} calls={} whole={reached} findings={count} unknown={unknown} audit={:.3} \
         build={:.3} html={:.3} json={:.3} html_mb={:.1} json_mb={:.1} inventory_mb={:.1} all_{}",
        collected.as_secs_f64(),
        inventory.calls.len(),
        audited.as_secs_f64(),
        built.as_secs_f64(),
        page_written.as_secs_f64(),
        json_written.as_secs_f64(),
        page as f64 / 1e6,
        of_json as f64 / 1e6,
        saved as f64 / 1e6,
        usage().replace(' ', " all_"),
    );
}

/// Measures the scan and the floor side by side, and prints what they cost.
pub(crate) fn compare(accounts: usize, regions: usize, delays: &[u64]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let log = folder.path().join("requests");
    let mut server = Serving::start(accounts, regions);
    println!("{accounts} accounts, {regions} Regions");
    server.begin(0, true);
    let first = server.child(&["scan"]);
    server.end();
    std::fs::write(&log, server.ask("log")).expect("the log");
    let path = log.to_str().expect("a path").to_string();
    server.begin(0, false);
    let fastest = server.child(&["floor", &path]);
    let requests = value(&server.end(), "requests");
    println!(
        "  floor, no delay: {requests:.0} requests in {:.2} s, {:.0} a second; the scan itself without delay {:.2} s",
        value(&fastest, "wall"),
        requests / value(&fastest, "wall"),
        value(&first, "wall")
    );
    for delay in delays {
        let (mut floors, mut scans) = (Vec::new(), Vec::new());
        let rounds = if accounts > VERY_MANY { 1 } else { ROUNDS };
        for _ in 0..rounds {
            server.begin(delay * 1000, false);
            let floor = server.child(&["floor", &path]);
            floors.push((value(&floor, "wall"), format!("{floor} {}", server.end())));
            server.begin(delay * 1000, false);
            let scan = server.child(&["scan"]);
            scans.push((value(&scan, "wall"), format!("{scan} {}", server.end())));
        }
        let quietest = |all: Vec<(f64, String)>| all.into_iter().min_by(|a, b| a.0.total_cmp(&b.0)).expect("a round");
        let ((floor, floor_said), (scan, said)) = (quietest(floors), quietest(scans));
        let of = |name: &str| value(&said, name);
        println!("  answers after {delay} ms");
        println!(
            "    floor {floor:8.2} s, cpu {:.1} s, throttled {:.0}",
            value(&floor_said, "cpu"),
            value(&floor_said, "throttled")
        );
        println!(
            "    scan  {scan:8.2} s, cpu {:.1} s, throttled {:.0}, {:.2} x floor; {:.0} calls, at most {:.0} at a time, {:.0} accounts \
             whole",
            of("cpu"),
            of("throttled"),
            scan / floor,
            of("requests"),
            of("peak"),
            of("whole")
        );
        println!(
            "    memory {:.0} MB, {:.0} KB an account; cpu {:.2} ms a call",
            of("rss"),
            of("rss") * 1e3 / accounts as f64,
            of("cpu") * 1e3 / of("calls")
        );
        println!(
            "    then audit {:.2} s ({:.0} findings, {:.0} unknown), report {:.2} s, HTML {:.2} s ({:.1} MB), JSON {:.2} s ({:.1} MB and an \
             inventory of {:.1} MB); {:.0} MB in all",
            of("audit"),
            of("findings"),
            of("unknown"),
            of("build"),
            of("html"),
            of("html_mb"),
            of("json"),
            of("json_mb"),
            of("inventory_mb"),
            of("all_rss")
        );
    }
}

/// The server in a process of its own.
struct Serving {
    process: Child,
    port: u16,
}

impl Serving {
    fn start(accounts: usize, regions: usize) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.args(["serve", &accounts.to_string(), &regions.to_string()]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("the server starts");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("its output")).read_line(&mut line).expect("its port");
        Serving { process, port: line.trim().parse().expect("a port") }
    }

    fn ask(&mut self, what: &str) -> Vec<u8> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("the server listens");
        write!(stream, "GET /_bench/{what} HTTP/1.1\r\n\r\n").expect("the server reads");
        let mut buffer = Vec::new();
        let (head, end) = read_message(&mut stream, &mut buffer).expect("the server answers");
        buffer[head..end].to_vec()
    }

    fn begin(&mut self, microseconds: u64, log: bool) {
        self.ask(&format!("start/{microseconds}/{}", u8::from(log)));
    }

    fn end(&mut self) -> String {
        // The processor time of the server runs on from round to round, and is told apart from the clients' by its name.
        String::from_utf8_lossy(&self.ask("end")).replace("cpu=", "server_cpu=").replace("rss=", "server_rss=")
    }

    fn child(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.arg(arguments[0]).arg(self.port.to_string()).args(&arguments[1..]);
        command.env("AWS_REGION", "us-east-1").env("AWS_EC2_METADATA_DISABLED", "true").env("HOME", "/nonexistent");
        let output = command.stderr(Stdio::inherit()).output().expect("the client runs");
        assert!(output.status.success(), "{arguments:?} failed");
        // A pause, so that what the client left behind does not disturb the next one.
        std::thread::sleep(Duration::from_millis(200));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}
