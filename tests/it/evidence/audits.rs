//! Audits, sealed and judged again by the built program.

use std::fs;
use std::path::{Path, PathBuf};

use trailproof::evidence::sums::{self, hash};
use trailproof::evidence::{Manifest, Signer, layout};

use super::{FINGERPRINT, KEY, files, key, shell, verify};
use crate::program::{said, trailproof};

const SETTINGS: &str = "version: 1\naccounts:\n  external_id: S3cret-External\npolicies:\n  disable:\n    - id: trail-tagged\n      reason: tags are ours\n  parameters:\n    log-bucket-retention-minimum: {}\n";

/// Packs the example; the one bundle in `out`.
fn pack(folder: &Path, out: &str, more: &[&str]) -> PathBuf {
    fs::write(folder.join("signer.pem"), KEY).unwrap();
    let mut command = trailproof(folder);
    command.args(["evidence", "pack", "examples/acme-org", "--out", out, "--sign-key", "signer.pem"]).args(more);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", said(&output, folder));
    let mut found: Vec<PathBuf> =
        fs::read_dir(folder.join(out)).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_dir()).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

#[test]
fn an_audit_is_sealed_and_judged_again() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("trailproof.yaml"), SETTINGS).unwrap();
    fs::create_dir(folder.path().join("statements")).unwrap();
    fs::write(folder.path().join("statements/access-review.txt"), "reviewed\n").unwrap();
    let more = ["--archive", "--attestation", "statements", "--retain-until", "2027-11-01", "--retain-basis", "PCI DSS 10.5.1"];
    let bundle = pack(folder.path(), "one", &more);
    let again = pack(folder.path(), "two", &[]);
    let name = bundle.file_name().unwrap().to_str().unwrap().to_string();
    assert!(name.starts_with("evidence-") && name.contains("-20261101T120000Z-"), "{name}");
    assert_eq!(again.file_name(), bundle.file_name(), "the name follows from the audit");

    let manifest = Manifest::parse(&fs::read(bundle.join(layout::MANIFEST)).unwrap()).unwrap();
    assert!(manifest.synthetic && manifest.coverage.calls > 50);
    assert_eq!(manifest.coverage.calls, manifest.coverage.ok + manifest.coverage.denied + manifest.coverage.error);
    assert!(manifest.clock.answers > 50 && manifest.clock.most_ms.unwrap() < 5_000, "{:?}", manifest.clock);
    assert!(manifest.policies.iter().any(|p| p.path == "trail-exists.yaml" && p.asked && p.built_in));
    assert!(manifest.policies.iter().any(|p| p.path == "trail-tagged.yaml" && !p.asked));
    assert_eq!(manifest.signer.unwrap().key_id, FINGERPRINT);
    assert_eq!(manifest.retention.unwrap().basis.as_deref(), Some("PCI DSS 10.5.1"));
    assert_eq!(manifest.config.unwrap().sha256, sums::hex(&hash(SETTINGS.as_bytes())));
    assert!(bundle.join("attestations/statements/access-review.txt").is_file());
    let all = files(&bundle);
    assert!(all.iter().all(|(_, bytes)| !String::from_utf8_lossy(bytes).contains("S3cret-External")), "a secret was sealed");
    // The recording is in it byte for byte.
    let example = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples/acme-org");
    for (path, bytes) in files(&example) {
        assert_eq!(fs::read(bundle.join("raw").join(&path)).unwrap(), bytes, "{path}");
    }

    for form in [bundle.clone(), bundle.with_file_name(format!("{name}.tar.gz"))] {
        let (exit, said) = verify(folder.path(), &form, &["--key", FINGERPRINT, "--replay"]);
        assert!(exit == 0 && said.contains("ok         replay: judged again from raw/"), "{said}");
    }
    // What is sealed is what a scan of the same recording reports.
    let output = trailproof(folder.path()).args(["scan", "examples/acme-org", "-q", "--out", "report"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output, folder.path()));
    for name in ["report.json", "report.html", "inventory.json"] {
        let same = fs::read(folder.path().join("report").join(name)).unwrap() == fs::read(bundle.join(name)).unwrap();
        assert!(same, "{name}");
    }
    let (is_good, said) = shell(&bundle, "sha256sum -c --strict --quiet SHA256SUMS");
    assert!(is_good, "{said}");
}

#[test]
fn a_scan_seals_what_it_reports() {
    let folder = tempfile::tempdir().unwrap();
    let scan = |more: &[&str]| {
        let output = trailproof(folder.path()).args(["scan", "examples/acme-org", "-q", "--out", "report"]).args(more).output();
        let output = output.unwrap();
        (output.status.code().unwrap(), said(&output, folder.path()))
    };
    assert_eq!(scan(&["--evidence", "e"]).0, 1, "the exit code stays the scan's");
    let bundle = fs::read_dir(folder.path().join("e")).unwrap().next().unwrap().unwrap().path();
    assert_eq!(fs::read(bundle.join("report.json")).unwrap(), fs::read(folder.path().join("report/report.json")).unwrap());
    let (exit, said) = verify(folder.path(), &bundle, &["--replay"]);
    assert!(exit == 3 && said.contains("is not signed") && said.contains("ok         replay"), "{said}");
    let (exit, said) = scan(&["--evidence", "e"]);
    assert!(exit == 2 && said.contains("is there already") && said.contains("evidence is not overwritten"), "{said}");
    let (exit, said) = scan(&["--archive"]);
    assert!(exit == 2 && said.contains("--archive is about evidence, and none is asked for"), "{said}");
    let (exit, said) = scan(&["--evidence", "e2", "--sign-key", "absent.pem"]);
    assert!(exit == 2 && said.contains("absent.pem"), "{said}");
    assert!(!folder.path().join("e2").exists(), "nothing is begun with a key that is not there");
}

/// Whoever holds the key can seal another report over the same answers; judging again finds it.
#[test]
fn a_report_that_does_not_follow_from_the_answers_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = pack(folder.path(), "e", &["--policy", "trail-exists"]);
    let reseal = || {
        let listed = files(&bundle).into_iter().filter(|(name, _)| !layout::SEALS.contains(&name.as_str()));
        let sums = sums::write(&listed.map(|(name, bytes)| (name, hash(&bytes))).collect());
        fs::write(bundle.join(layout::SUMS), &sums).unwrap();
        fs::write(bundle.join(layout::SIGNATURE), key().sign(&hash(&sums)).unwrap()).unwrap();
        fs::remove_file(bundle.join(layout::SIGSTORE)).ok();
    };
    let change = |path: &str, from: &str, to: &str, words: &str| {
        let before = fs::read_to_string(bundle.join(path)).unwrap();
        assert!(before.contains(from), "{path} has no {from}");
        fs::write(bundle.join(path), before.replacen(from, to, 1)).unwrap();
        reseal();
        let (exit, said) = verify(folder.path(), &bundle, &["--key", FINGERPRINT]);
        assert_eq!(exit, 0, "the seal is sound:\n{said}");
        let (exit, said) = verify(folder.path(), &bundle, &["--key", FINGERPRINT, "--replay"]);
        assert!(exit == 1 && said.contains(words), "{path}: wanted `{words}`:\n{said}");
        fs::write(bundle.join(path), before).unwrap();
        reseal();
    };
    change("report.json", "\"outcome\": \"", "\"outcome\": \"x", "report.json came out otherwise");
    change("policies/trail-exists.yaml", "severity: ", "severity: low # ", "came out otherwise");
    change("policies/trail-exists.yaml", "check:", "chekc:", "it cannot be judged again");
    change("settings.json", "\"now\": \"2026", "\"now\": \"2027", "came out otherwise");
    change("settings.json", "\"trail-exists\"", "\"trail-exist\"", "asks `trail-exist`, which is not among");
    change("raw/recording.json", "\"account\"", "\"acount\"", "it cannot be judged again");
    assert_eq!(verify(folder.path(), &bundle, &["--key", FINGERPRINT, "--replay"]).0, 0);
}

#[test]
fn what_cannot_be_sealed_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let inventory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/hostile/inventory.json");
    fs::copy(inventory, folder.path().join("inventory.json")).unwrap();
    fs::create_dir(folder.path().join("empty")).unwrap();
    fs::write(folder.path().join("signer.pub.pem"), key().public().to_pem()).unwrap();
    let mut all = String::new();
    for arguments in [
        &["evidence", "pack", "inventory.json", "--out", "e"][..],
        &["evidence", "pack", "empty", "--out", "e"],
        &["evidence", "pack", "absent", "--out", "e"],
        &["evidence", "pack", "examples/acme-org", "--out", "inventory.json/e"],
        &["evidence", "pack", "examples/acme-org", "--out", "e", "--sign-key", "signer.pub.pem"],
        &["evidence", "pack", "examples/acme-org", "--out", "e", "--previous", "empty"],
        &["evidence", "pack", "examples/acme-org", "--out", "e", "--attestation", "absent.txt"],
        &["scan", "examples/acme-org", "examples/acme-org", "--evidence", "e"],
    ] {
        let output = trailproof(folder.path()).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", said(&output, folder.path()));
        all.push_str(&format!("## {}\n{}\n", arguments.join(" "), said(&output, folder.path())));
    }
    insta::assert_snapshot!(all);
    let left = fs::read_dir(folder.path().join("e")).map_or(0, Iterator::count);
    assert_eq!(left, 0, "something was left behind");
}

#[test]
fn bundles_link_to_those_before_them() {
    let folder = tempfile::tempdir().unwrap();
    let first = pack(folder.path(), "first", &[]);
    let second = pack(folder.path(), "second", &["--previous", first.to_str().unwrap(), "--now", "2026-11-02T00:00:00Z"]);
    let (exit, said) = verify(folder.path(), &second, &["--key", FINGERPRINT, "--chain", "first", "--max-gap", "1"]);
    assert!(exit == 0 && said.contains("chain: 2 runs linked"), "{said}");
    let (exit, said) = verify(folder.path(), &second, &["--key", FINGERPRINT, "--chain", "second"]);
    assert!(exit == 1 && said.contains("is missing"), "{said}");
    fs::write(first.join("report.json"), "{}").unwrap();
    let output = trailproof(folder.path())
        .args(["evidence", "pack", "examples/acme-org", "--out", "third", "--previous"])
        .arg(&first)
        .output()
        .unwrap();
    assert!(output.status.code() == Some(2), "a chain does not go on from what was altered");
}

/// Serves a timestamping authority of the real openssl on loopback, for as many questions as there are answers.
fn serve(folder: &Path, answers: usize, status: &'static str) -> String {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/tsr", listener.local_addr().unwrap());
    let folder = folder.to_path_buf();
    std::thread::spawn(move || {
        for _ in 0..answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = Vec::new();
            let mut block = [0; 4096];
            let body = loop {
                let n = stream.read(&mut block).unwrap();
                asked.extend_from_slice(&block[..n]);
                let Some(at) = asked.windows(4).position(|w| w == b"\r\n\r\n") else { continue };
                let head = String::from_utf8_lossy(&asked[..at]).to_string();
                let length: usize =
                    head.lines().find_map(|l| l.strip_prefix("Content-Length: ")).unwrap().trim().parse().unwrap();
                if asked.len() >= at + 4 + length {
                    break asked[at + 4..].to_vec();
                }
            };
            fs::write(folder.join("asked.tsq"), body).unwrap();
            let (is_good, said) = shell(&folder, "openssl ts -reply -config tsa.cnf -queryfile asked.tsq -out answer.tsr");
            assert!(is_good, "{said}");
            let answer = fs::read(folder.join("answer.tsr")).unwrap();
            let head = format!("HTTP/1.0 {status}\r\nContent-Type: application/timestamp-reply\r\n\r\n");
            stream.write_all(&[head.as_bytes(), &answer].concat()).unwrap();
        }
    });
    url
}

#[test]
fn an_authority_states_when_the_bundle_existed() {
    let folder = tempfile::tempdir().unwrap();
    super::authority(folder.path());
    let url = serve(folder.path(), 1, "200 OK");
    let bundle = pack(folder.path(), "e", &["--tsa", &url, "--archive"]);
    let archive = bundle.with_file_name(format!("{}.tar.gz", bundle.file_name().unwrap().to_str().unwrap()));
    for form in [&bundle, &archive] {
        let (exit, said) = verify(folder.path(), form, &["--key", FINGERPRINT, "--tsa-ca", "ca.pem"]);
        assert!(exit == 0 && said.contains("openssl says that the authority is one of"), "{said}");
    }
    let command = "openssl ts -verify -data SHA256SUMS -in SHA256SUMS.tsr -CAfile ../../ca.pem";
    let (is_good, said) = shell(&bundle, command);
    assert!(is_good && said.contains("Verification: OK"), "{said}");
}

#[test]
fn an_authority_that_fails_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    super::authority(folder.path());
    fs::write(folder.path().join("signer.pem"), KEY).unwrap();
    let pack_with = |url: &str, out: &str| {
        let arguments = ["evidence", "pack", "examples/acme-org", "--out", out, "--sign-key", "signer.pem", "--tsa", url];
        let output = trailproof(folder.path()).args(arguments).output().unwrap();
        (output.status.code().unwrap(), said(&output, folder.path()))
    };
    let url = serve(folder.path(), 1, "503 Service Unavailable");
    let (exit, said) = pack_with(&url, "e");
    assert!(exit == 2 && said.contains("the bundle is sealed, without a timestamp") && said.contains("503"), "{said}");
    let bundle = fs::read_dir(folder.path().join("e")).unwrap().next().unwrap().unwrap().path();
    assert_eq!(verify(folder.path(), &bundle, &["--key", FINGERPRINT]).0, 0);
    let closed = "http://127.0.0.1:1/tsr";
    let asked = trailproof(folder.path()).args(["evidence", "timestamp", "--tsa", closed]).arg(&bundle).output().unwrap();
    assert!(asked.status.code() == Some(2) && !bundle.join(layout::TIMESTAMP).exists());
    let url = serve(folder.path(), 1, "200 OK");
    let asked = trailproof(folder.path()).args(["evidence", "timestamp", "--tsa", &url]).arg(&bundle).output().unwrap();
    assert!(asked.status.success(), "{}", said_of(&asked, folder.path()));
    let (exit, said) = verify(folder.path(), &bundle, &["--key", FINGERPRINT, "--tsa-ca", "ca.pem"]);
    assert!(exit == 0, "{said}");
    let (exit, said) = pack_with("https://tsa.example/", "e2");
    assert!(exit == 2 && said.contains("is fetched by plain http://") && !folder.path().join("e2").exists(), "{said}");
}

fn said_of(output: &std::process::Output, folder: &Path) -> String {
    said(output, folder)
}

#[test]
fn addresses_are_taken_out_before_anything_is_judged() {
    use trailproof::aws::{Recording, RecordingError};
    let folder = tempfile::tempdir().unwrap();
    let example = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples/acme-org");
    let edit = |body: &mut Vec<u8>| {
        let text = String::from_utf8_lossy(body).to_string();
        let count = text.matches("<ID>cheap</ID>").count();
        *body = text.replace("<ID>cheap</ID>", "<ID>jo.doe@corp.example</ID>").into_bytes();
        count
    };
    let mut changed = Vec::new();
    let take = |path: &str, bytes: &[u8], count: usize| {
        changed.extend((count > 0).then(|| path.to_string()));
        let to = folder.path().join("recording").join(path);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::write(to, bytes).unwrap();
        Ok::<_, RecordingError>(())
    };
    Recording::load(&example).unwrap().each_file(edit, take).unwrap();
    let path = changed.remove(0);
    let seal = |out: &str, more: &[&str]| {
        let arguments = [&["evidence", "pack", "recording", "--out", out][..], more].concat();
        let output = trailproof(folder.path()).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", said(&output, folder.path()));
        fs::read_dir(folder.path().join(out)).unwrap().next().unwrap().unwrap().path()
    };
    let holds = |bundle: &Path| files(bundle).iter().any(|(_, b)| String::from_utf8_lossy(b).contains("jo.doe@corp.example"));
    assert!(holds(&seal("whole", &[])), "the address is there to be taken out");
    let bundle = seal("less", &["--redact"]);
    assert!(!holds(&bundle));
    let manifest = Manifest::parse(&fs::read(bundle.join(layout::MANIFEST)).unwrap()).unwrap();
    let redaction = manifest.redactions.iter().find(|r| r.path == format!("raw/{path}"));
    assert_eq!(redaction.map(|r| r.count), Some(1), "{:?}", manifest.redactions);
    let (exit, said) = verify(folder.path(), &bundle, &["--replay"]);
    assert!(exit == 3 && said.contains("ok         replay"), "{said}");
}
