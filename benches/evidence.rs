//! What sealing and verifying cost, next to the floor: `sha256sum` over the same files.
//!
//! `cargo bench --bench evidence` writes about 3 GB below the temporary folder; TRAILPROOF_BENCH_MB makes it less. It prints one
//! run; only the ratios can be compared between machines.

#![expect(clippy::print_stdout, clippy::expect_used, reason = "a bench prints, and stops where it cannot measure")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use trailproof::evidence::{Draft, layout};

const FILES: usize = 20_000;
#[cfg(feature = "aws")]
const ACCOUNTS: usize = 100;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, role, raw, out] = arguments.as_slice()
        && role == "seal"
    {
        return seal(Path::new(raw), Path::new(out));
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let megabytes: usize = std::env::var("TRAILPROOF_BENCH_MB").ok().and_then(|v| v.parse().ok()).unwrap_or(1000);
    let raw = folder.path().join("raw");
    let bytes = synthetic(&raw, megabytes * 1_000_000 / FILES);
    let list = fs::canonicalize(&raw).expect("a folder");
    let mut floor = Command::new("sh");
    floor.args(["-c", "find . -type f -print0 | xargs -0 sha256sum >/dev/null"]).current_dir(&list);
    watched(&mut floor);
    let mut floor = Command::new("sh");
    floor.args(["-c", "find . -type f -print0 | xargs -0 sha256sum >/dev/null"]).current_dir(&list);
    let (floor, _) = watched(&mut floor);
    println!("{FILES} files, {:.0} MB", bytes as f64 / 1e6);
    println!("  floor: sha256sum                  {:9.0} ms", ms(floor));
    let out = folder.path().join("out");
    let (packed, peak) = watched(Command::new(&arguments[0]).arg("seal").arg(&raw).arg(&out));
    told("copy, hash and seal", packed, floor, peak);
    let bundle = out.join("evidence-bench");
    let mut verify = Command::new(env!("CARGO_BIN_EXE_trailproof"));
    let (verified, peak) = watched(verify.args(["evidence", "verify"]).arg(&bundle));
    told("verify, whole process", verified, floor, peak);
    let archive = folder.path().join("b.tar.gz");
    let start = Instant::now();
    trailproof::evidence::archive::write(&bundle, &archive).expect("an archive");
    let size = fs::metadata(&archive).expect("an archive").len();
    println!("  archive, {:5.0} MB                 {:9.0} ms", size as f64 / 1e6, ms(start.elapsed()));
    let mut verify = Command::new(env!("CARGO_BIN_EXE_trailproof"));
    let (verified, peak) = watched(verify.args(["evidence", "verify"]).arg(&archive));
    told("verify the archive", verified, floor, peak);
    #[cfg(feature = "aws")]
    replay(folder.path());
}

fn told(what: &str, time: Duration, floor: Duration, peak: f64) {
    let ratio = time.as_secs_f64() / floor.as_secs_f64();
    println!("  {what:<30}    {:9.0} ms  {ratio:5.2} x floor, peak {peak:.0} MB", ms(time));
}

/// Answers of one size, no two alike, as compressible as text is.
fn synthetic(raw: &Path, size: usize) -> usize {
    let mut state = 1_u64;
    for file in 0..FILES {
        let folder = raw.join(format!("calls/{:012}", file / 500));
        fs::create_dir_all(&folder).expect("a folder");
        let mut text = String::with_capacity(size + 32);
        while text.len() < size {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text.push_str(&format!("{{\"Effect\":\"Allow\",\"Sid\":\"{:08x}\"}},", state >> 32));
        }
        fs::write(folder.join(format!("s3.GetBucketPolicy.{file}.json")), &text).expect("a file");
    }
    fs::write(raw.join("recording.json"), "{}").expect("a file");
    FILES * size
}

/// Seals the folder, in a process of its own, so that its memory can be seen.
fn seal(raw: &Path, out: &Path) {
    let mut draft = Draft::begin(out).expect("a folder");
    draft.copy(raw, layout::RAW).expect("copied");
    draft.add(layout::MANIFEST, include_bytes!("../tests/it/evidence/manifest.json")).expect("written");
    draft.seal("evidence-bench", None).expect("sealed");
}

/// Packs a recording of many accounts, each like the example, and judges it again.
#[cfg(feature = "aws")]
fn replay(folder: &Path) {
    use serde_json::{Value, json};
    use std::collections::BTreeMap;
    use trailproof::evidence::sums::{hash, hex};

    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/acme-org");
    let mut head: Value = serde_json::from_slice(&fs::read(example.join("recording.json")).expect("a recording")).expect("JSON");
    let first = head["account"].as_str().expect("an account").to_string();
    let paths: Vec<String> = head["files"].as_object().expect("files").keys().cloned().collect();
    let texts: Vec<String> = paths.iter().map(|p| fs::read_to_string(example.join(p)).expect("a file")).collect();
    let recording = folder.join("recording");
    let (mut files, mut accounts, mut plan) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for n in 0..ACCOUNTS {
        let id = if n == 0 { first.clone() } else { format!("{:012}", 200_000_000_000_usize + n) };
        for text in texts.iter().filter(|t| n == 0 || !t.contains("\"service\": \"organizations\"")) {
            let text = of_account(text, &first, &id);
            let envelope: Value = serde_json::from_str(&text).expect("JSON");
            let of = |name: &str| envelope[name].as_str().expect("text").to_string();
            let request = envelope.get("request").map(|r| {
                let body = r.get("body").cloned().unwrap_or_else(|| json!({"text": ""}));
                json!([r["method"], r["path"], r["query"], body])
            });
            let parts = json!([of("account"), of("region"), of("service"), of("operation"), of("about"), request]);
            let key = hex(&hash(parts.to_string().as_bytes()));
            let name = format!("calls/{id}/{}/{}.{}.{}.json", of("region"), of("service"), of("operation"), &key[..12]);
            let path = recording.join(&name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(&path, &text).expect("a file");
            files.insert(name, hex(&hash(text.as_bytes())));
        }
        plan.insert(id.clone(), Value::Null);
        if n > 0 {
            accounts.insert(id, json!({"partition": "aws"}));
        }
    }
    let calls = files.len();
    head["files"] = json!(files);
    head["accounts"] = json!(accounts);
    head["plan"]["accounts"] = json!(plan);
    fs::write(recording.join("recording.json"), head.to_string()).expect("a file");
    let program = env!("CARGO_BIN_EXE_trailproof");
    let out = folder.join("replays");
    let (packed, peak) =
        watched(Command::new(program).args(["evidence", "pack"]).arg(&recording).arg("--out").arg(&out).arg("-q"));
    println!("{ACCOUNTS} accounts, {calls} calls");
    println!("  pack, whole process               {:9.0} ms, peak {peak:.0} MB", ms(packed));
    let bundle = fs::read_dir(&out).expect("packed").next().expect("a bundle").expect("a bundle").path();
    let mut verify = Command::new(program);
    let (verified, peak) = watched(verify.args(["evidence", "verify", "--replay"]).arg(&bundle));
    println!("  verify --replay, whole process    {:9.0} ms, peak {peak:.0} MB", ms(verified));
    let archive = folder.join("replay.tar.gz");
    trailproof::evidence::archive::write(&bundle, &archive).expect("an archive");
    let mut verify = Command::new(program);
    let (verified, peak) = watched(verify.args(["evidence", "verify", "--replay"]).arg(&archive));
    println!("  the same of the archive           {:9.0} ms, peak {peak:.0} MB", ms(verified));
}

/// The exchange as another account would have it, in answers of bytes too.
#[cfg(feature = "aws")]
fn of_account(text: &str, from: &str, to: &str) -> String {
    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;
    let envelope: serde_json::Value = serde_json::from_str(text).expect("JSON");
    let text = text.replace(from, to);
    let Some(coded) = envelope["body"]["base64"].as_str() else { return text };
    let mut bytes = BASE64_STANDARD.decode(coded).expect("base64");
    for at in 0..bytes.len().saturating_sub(from.len() - 1) {
        if bytes[at..].starts_with(from.as_bytes()) {
            bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        }
    }
    text.replace(coded, &BASE64_STANDARD.encode(bytes))
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Runs the command and watches its peak resident memory, in MB; 0 where the system does not tell. An unsigned bundle is 3.
fn watched(command: &mut Command) -> (Duration, f64) {
    let start = Instant::now();
    let mut child = command.stdout(Stdio::null()).spawn().expect("the program runs");
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0.0;
    loop {
        let text = fs::read_to_string(&status).unwrap_or_default();
        if let Some(kb) = text.lines().find_map(|l| l.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse::<f64>().ok()) {
            peak = kb / 1e3;
        }
        if let Some(ended) = child.try_wait().expect("the program can be waited for") {
            assert!(matches!(ended.code(), Some(0 | 3)), "{ended}");
            return (start.elapsed(), peak);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}
