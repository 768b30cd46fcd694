//! An account in the emulator of `tests/emulator`, and the built binary run against it.
//!
//! Every test seeds an account of its own, so that tests run side by side. What a fault or a setting is stands in `emulator.py`.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;
use trailproof::finding::Outcome;
use trailproof::report::Report;

use crate::program::trailproof;

pub(crate) const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

/// One account, and a folder for what is written about it.
pub(crate) struct Lab {
    pub(crate) account: String,
    pub(crate) access_key: String,
    pub(crate) folder: TempDir,
    /// The organization's units, name -> id.
    units: BTreeMap<String, String>,
}

/// `service:Operation` and Region, with the number of requests.
pub(crate) type Calls = BTreeMap<(String, String), u64>;

/// What one run of the binary left behind.
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    out: PathBuf,
}

/// Where the emulator listens.
///
/// Without one the tests fail: a test that is skipped unseen proves nothing.
pub(crate) fn url() -> String {
    std::env::var("TRAILPROOF_EMULATOR").unwrap_or_else(|_| {
        panic!("TRAILPROOF_EMULATOR is not set: run `tests/run`, which starts the emulator, or `tests/run FILTER` for some tests")
    })
}

fn request(method: &str, what: &str, body: &Value) -> Value {
    exchange(method, &format!("/_emulator/{what}"), "", body)
}

fn exchange(method: &str, path: &str, headers: &str, body: &Value) -> Value {
    let url = url();
    let address = url.strip_prefix("http://").unwrap();
    let body = body.to_string();
    let length = body.len();
    let head = format!("{method} {path} HTTP/1.0\r\nHost: {address}\r\n{headers}Content-Length: {length}\r\n\r\n");
    let mut stream = TcpStream::connect(address).unwrap_or_else(|e| panic!("the emulator at {url} does not answer: {e}"));
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    let (head, body) = reply.split_once("\r\n\r\n").unwrap();
    assert!(head.lines().next().unwrap().contains(" 200 "), "{method} {path}: {body}");
    if body.is_empty() { Value::Null } else { serde_json::from_str(body).unwrap() }
}

impl Lab {
    /// A fresh account with a scenario of `scenarios.py`.
    pub(crate) fn new(scenario: &str) -> Self {
        Self::with(scenario, &json!({}))
    }

    /// The same with settings, see `Account` in `world.py`.
    pub(crate) fn with(scenario: &str, settings: &Value) -> Self {
        let mut body = settings.clone();
        body["scenario"] = json!(scenario);
        let seeded = request("POST", "seed", &body);
        let text = |key: &str| seeded[key].as_str().unwrap().to_string();
        let units = serde_json::from_value(seeded["units"].clone()).unwrap_or_default();
        Lab { account: text("account"), access_key: text("access_key"), folder: tempfile::tempdir().unwrap(), units }
    }

    /// Another account of the organization, with its own credentials.
    pub(crate) fn as_member(&self, account: &str) -> Self {
        let access_key = format!("AKIA{account}TEST");
        Lab { account: account.into(), access_key, folder: tempfile::tempdir().unwrap(), units: BTreeMap::new() }
    }

    /// The id of a unit of the organization.
    pub(crate) fn unit(&self, name: &str) -> &str {
        &self.units[name]
    }

    fn post(&self, what: &str, mut body: Value) {
        if body.get("account").is_none() {
            body["account"] = json!(self.account);
        }
        request("POST", what, &body);
    }

    /// Changes settings of the account.
    pub(crate) fn set(&self, settings: Value) {
        self.post("account", settings);
    }

    /// Scripts a fault, see `Fault` in `emulator.py`.
    pub(crate) fn fault(&self, fault: Value) {
        self.post("faults", fault);
    }

    pub(crate) fn clear_faults(&self) {
        request("DELETE", &format!("faults?account={}", self.account), &json!({}));
    }

    /// The requests since the last time they were asked for.
    pub(crate) fn take_calls(&self) -> Calls {
        let what = format!("calls?account={}", self.account);
        let reply = request("GET", &what, &json!({}));
        request("DELETE", &what, &json!({}));
        let mut calls = Calls::new();
        for (operation, regions) in reply["operations"].as_object().unwrap() {
            for (region, n) in regions.as_object().unwrap() {
                calls.insert((operation.clone(), region.clone()), n.as_u64().unwrap());
            }
        }
        calls
    }

    /// How many requests have arrived.
    pub(crate) fn count_calls(&self) -> u64 {
        request("GET", &format!("calls?account={}", self.account), &json!({}))["total"].as_u64().unwrap()
    }

    /// Makes one request to a service that speaks JSON, as the account itself; null where the answer is empty.
    pub(crate) fn ask(&self, service: &str, region: &str, target: &str, body: &Value) -> Value {
        let signed = format!("AWS4-HMAC-SHA256 Credential={}/20260101/{region}/{service}/aws4_request", self.access_key);
        let headers =
            format!("X-Amz-Target: {target}\r\nAuthorization: {signed}\r\nContent-Type: application/x-amz-json-1.1\r\n");
        exchange("POST", "/", &headers, body)
    }

    /// The findings that Security Hub of the account holds.
    pub(crate) fn imported(&self) -> Vec<Value> {
        let reply = request("GET", &format!("findings?account={}", self.account), &json!({}));
        reply["findings"].as_array().unwrap().clone()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The binary with this account's credentials and nothing else of the machine's environment.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = bare(self.folder.path());
        command
            .env("AWS_ENDPOINT_URL", url())
            .env("AWS_ACCESS_KEY_ID", &self.access_key)
            .env("AWS_SECRET_ACCESS_KEY", SECRET)
            .env("AWS_REGION", "us-east-1")
            .args(args);
        command
    }

    /// `trailproof scan` of the account, its reports in the folder `out`.
    pub(crate) fn scan(&self, out: &str, args: &[&str]) -> Run {
        let folder = self.path(out);
        let mut command = self.command(&["scan", "--out"]);
        command.arg(&folder).args(args);
        Run::new(command.output().unwrap(), folder)
    }

    /// `trailproof scan` of a recording or an inventory, without credentials and without the emulator.
    pub(crate) fn judge(&self, path: &Path, out: &str) -> Run {
        let folder = self.path(out);
        let mut command = bare(self.folder.path());
        command.arg("scan").arg(path).arg("--out").arg(&folder);
        Run::new(command.output().unwrap(), folder)
    }

    /// Text with what is this account's own taken out, so that two accounts can be compared.
    pub(crate) fn anonymous(&self, text: &str) -> String {
        text.replace(&self.account, "ACCOUNT").replace(&format!("9{}", &self.account[1..]), "ARCHIVE")
    }
}

/// The binary in an environment of nothing but a home and a path.
pub(crate) fn bare(home: &Path) -> Command {
    let mut command = trailproof(home);
    command.stdin(Stdio::null());
    command
}

impl Run {
    pub(crate) fn new(output: Output, out: PathBuf) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("what the binary prints is UTF-8");
        let run = Run { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr), out };
        assert!(!run.stderr.contains("panicked at"), "the binary panicked:\n{}", run.stderr);
        run
    }

    /// Fails unless the run ended so.
    #[track_caller]
    pub(crate) fn ends_with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "\n{}\n{}", self.stdout, self.stderr);
        self
    }

    /// A file that the run wrote.
    #[track_caller]
    pub(crate) fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.out.join(name)).unwrap_or_else(|e| panic!("{name}: {e}\n{}\n{}", self.stdout, self.stderr))
    }

    #[track_caller]
    pub(crate) fn report(&self) -> Report {
        serde_json::from_str(&self.file("report.json")).unwrap()
    }
}

/// Policy and subject -> outcome.
pub(crate) fn outcomes(lab: &Lab, report: &Report) -> BTreeMap<(String, String), Outcome> {
    report.findings.iter().map(|f| ((f.policy.clone(), lab.anonymous(&f.subject.id)), f.outcome)).collect()
}

/// Every file below a folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}
