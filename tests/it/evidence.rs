//! Evidence bundles: what is sealed is the same every time, whatever is changed is found, and other people's tools agree.

#[cfg(feature = "aws")]
mod audits;
mod tampering;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use trailproof::evidence::manifest::{Previous, SignerInfo};
use trailproof::evidence::signature::ALGORITHM;
use trailproof::evidence::sums::{hash, hex};
use trailproof::evidence::{Draft, KeyFile, Manifest, Signer, archive, layout};

use crate::program::{said, trailproof};

/// The key of RFC 6979, A.2.5, and its fingerprint as openssl tells it.
const KEY: &str = include_str!("evidence/rfc6979.pem");
const FINGERPRINT: &str = "5a7a78cca4a0f420d9bc62bb669c3c2759e39f723d3ae10dcbe0f0815a07ecd4";

fn key() -> KeyFile {
    KeyFile::from_pem(KEY).unwrap()
}

fn manifest() -> Manifest {
    Manifest::parse(include_bytes!("evidence/manifest.json")).unwrap()
}

/// A small bundle, always the same.
fn seal(into: &Path, name: &str, mut manifest: Manifest, signer: Option<&dyn Signer>) -> PathBuf {
    let mut draft = Draft::begin(into).unwrap();
    manifest.signer = signer.map(|s| SignerInfo { key_id: s.public().fingerprint(), algorithm: ALGORITHM.into(), kms_arn: None });
    draft.add(layout::MANIFEST, &manifest.to_json().unwrap()).unwrap();
    draft.add("raw/calls/111122223333/eu-west-1/s3.GetBucketPolicy.0.json", b"{\"status\": 403}\n").unwrap();
    draft.add("raw/recording.json", b"{}\n").unwrap();
    draft.add("policies/a.yaml", b"id: a\n").unwrap();
    draft.add(layout::REPORT_JSON, b"{\"result\": \"no fails\"}\n").unwrap();
    let fingerprint = signer.map(|s| s.public().fingerprint());
    draft.add(layout::README, layout::readme(name, fingerprint.as_deref()).as_bytes()).unwrap();
    draft.seal(name, signer).unwrap().folder
}

fn signed(into: &Path) -> PathBuf {
    seal(into, "evidence-golden", manifest(), Some(&key()))
}

/// What `evidence verify` says, and how it ends.
fn verify(folder: &Path, bundle: &Path, more: &[&str]) -> (i32, String) {
    let output = trailproof(folder).args(["evidence", "verify"]).arg(bundle).args(more).output().unwrap();
    (output.status.code().unwrap(), said(&output, folder))
}

/// Every file below the folder, with its bytes.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(at) = open.pop() {
        for entry in fs::read_dir(&at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_string();
                found.push((name, fs::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

fn shell(folder: &Path, command: &str) -> (bool, String) {
    let output = Command::new("bash").args(["-c", command]).current_dir(folder).output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.success(), text)
}

#[test]
fn the_same_audit_is_the_same_bundle() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (signed(&folder.path().join("one")), signed(&folder.path().join("two")));
    assert_eq!(files(&one), files(&two));
    let sums = fs::read_to_string(one.join(layout::SUMS)).unwrap();
    let named: Vec<&str> = sums.lines().map(|l| &l[66..]).collect();
    assert_eq!(
        named,
        [
            "README.txt",
            "manifest.json",
            "policies/a.yaml",
            "raw/calls/111122223333/eu-west-1/s3.GetBucketPolicy.0.json",
            "raw/recording.json",
            "report.json",
            "signer.pub.pem"
        ]
    );
    // A deterministic signature over other bytes is another one: both change when the bundle's form does.
    let signature = fs::read(one.join(layout::SIGNATURE)).unwrap();
    insta::assert_snapshot!(format!("{sums}\nsignature {}", hex(&signature)));
    let archives = ["one.tar.gz", "two.tar.gz"].map(|name| folder.path().join(name));
    archive::write(&one, &archives[0]).unwrap();
    archive::write(&two, &archives[1]).unwrap();
    let [first, second] = archives.map(|path| fs::read(path).unwrap());
    assert_eq!(hash(&first), hash(&second));
}

#[cfg(unix)]
#[test]
fn a_bundle_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let bundle = signed(folder.path());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&bundle), 0o700);
    assert_eq!(mode(&bundle.join("raw/calls")), 0o700);
    for (name, _) in files(&bundle) {
        assert_eq!(mode(&bundle.join(&name)), 0o600, "{name}");
    }
}

#[test]
fn what_fails_half_way_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    signed(folder.path());
    let before = fs::read_dir(folder.path()).unwrap().count();
    let mut draft = Draft::begin(folder.path()).unwrap();
    draft.add("a", b"a").unwrap();
    assert!(draft.add("a", b"b").is_err() && draft.add("../b", b"b").is_err() && draft.add(layout::SUMS, b"b").is_err());
    let error = draft.seal("evidence-golden", None).unwrap_err();
    assert!(error.to_string().ends_with("is there already"), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), before);
}

/// The commands of README.txt, by other people's programs. cosign is in few systems, and is left out where it is not.
#[test]
fn the_commands_of_the_readme_verify_the_bundle() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = signed(folder.path());
    authority(folder.path());
    stamp(folder.path(), &bundle.join(layout::SUMS), &bundle.join(layout::TIMESTAMP));
    let readme = fs::read_to_string(bundle.join(layout::README)).unwrap();
    let programs = ["sha256sum ", "find ", "openssl ", "cosign "];
    let commands: Vec<&str> = readme.lines().map(str::trim).filter(|l| programs.iter().any(|p| l.starts_with(p))).collect();
    assert_eq!(commands.len(), 6, "{commands:?}");
    let mut answers = String::new();
    for command in commands {
        if command.starts_with("cosign") && !shell(folder.path(), "command -v cosign").0 {
            assert!(readme.contains("cosign, 3.0.4 or newer, which is not part of most systems"));
            continue;
        }
        let (is_good, said) = shell(&bundle, &command.replace("tsa-ca.pem", "../ca.pem"));
        assert!(is_good, "{command}\n{said}");
        assert!(!command.starts_with("find") || said.is_empty(), "{said}");
        answers.push_str(&said);
    }
    for expected in ["report.json: OK", "Verified OK", "Verification: OK", FINGERPRINT] {
        assert!(answers.contains(expected), "{expected}: {answers}");
    }
    fs::write(bundle.join("added"), "x").unwrap();
    let find = readme.lines().find(|l| l.trim().starts_with("find ")).unwrap();
    let (is_good, said) = shell(&bundle, find);
    assert!(!is_good && said.contains("added"), "{said}");
}

/// A timestamping authority to be thrown away: `ca.pem`, and what `stamp` needs.
fn authority(folder: &Path) {
    let settings = "[tsa]\ndefault_tsa = t\n[t]\nserial = serial\nsigner_cert = tsa.pem\nsigner_key = tsa.key\nsigner_digest = sha256\n\
                    default_policy = 1.2.3.4.1\ndigests = sha256\ncerts = tsa.pem\n[x]\nextendedKeyUsage = critical,timeStamping\n";
    fs::write(folder.join("tsa.cnf"), settings).unwrap();
    fs::write(folder.join("serial"), "01\n").unwrap();
    let commands = "set -e
        openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 3650 -subj /CN=throw-away-ca
        openssl req -newkey rsa:2048 -nodes -keyout tsa.key -out tsa.csr -subj /CN=throw-away-tsa
        openssl x509 -req -in tsa.csr -CA ca.pem -CAkey ca.key -set_serial 2 -days 3650 -extfile tsa.cnf -extensions x -out tsa.pem";
    let (is_good, said) = shell(folder, commands);
    assert!(is_good, "{said}");
}

/// The authority's answer about a file.
fn stamp(folder: &Path, about: &Path, to: &Path) {
    let command = format!(
        "openssl ts -query -data '{}' -sha256 -cert -out q.tsq && openssl ts -reply -config tsa.cnf -queryfile q.tsq -out '{}'",
        about.display(),
        to.display()
    );
    let (is_good, said) = shell(folder, &command);
    assert!(is_good, "{said}");
}

#[test]
fn a_timestamp_is_read_and_its_authority_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = signed(folder.path());
    authority(folder.path());
    stamp(folder.path(), &bundle.join(layout::SUMS), &bundle.join(layout::TIMESTAMP));
    let (exit, said) = verify(folder.path(), &bundle, &["--key", FINGERPRINT]);
    assert!(exit == 0 && said.contains("ok         timestamp: `SHA256SUMS` existed at 20"), "{said}");
    let (exit, said) = verify(folder.path(), &bundle, &["--key", FINGERPRINT, "--tsa-ca", "ca.pem"]);
    assert!(exit == 0 && said.contains("openssl says that the authority is one of `ca.pem`"), "{said}");
    shell(folder.path(), "openssl req -x509 -newkey rsa:2048 -nodes -keyout o.key -out other.pem -days 9 -subj /CN=other");
    let (exit, said) = verify(folder.path(), &bundle, &["--key", FINGERPRINT, "--tsa-ca", "other.pem"]);
    assert!(exit == 1 && said.contains("openssl does not trust the authority"), "{said}");
}

#[test]
fn a_chain_is_followed_to_its_first_bundle() {
    let folder = tempfile::tempdir().unwrap();
    let bundles = folder.path().join("bundles");
    let mut previous = None;
    let mut all = Vec::new();
    for (n, day) in [(1, "01"), (2, "08"), (3, "22")] {
        let mut one = manifest();
        one.run_id = format!("{n}{}", &one.run_id[1..]);
        one.started = format!("2026-11-{day}T12:00:00Z").parse().unwrap();
        one.previous_bundle = previous;
        let run_id = one.run_id.clone();
        let bundle = seal(&bundles, &format!("evidence-{n}"), one, Some(&key()));
        let sums_sha256 = hex(&hash(&fs::read(bundle.join(layout::SUMS)).unwrap()));
        previous = Some(Previous { run_id, sums_sha256 });
        all.push(bundle);
    }
    let chain = |more: &[&str]| verify(folder.path(), &all[2], &[&["--key", FINGERPRINT, "--chain", "bundles"], more].concat());
    let (exit, said) = chain(&["--max-gap", "14"]);
    assert!(exit == 0 && said.contains("ok         chain: 3 runs linked, from 2026-11-01T12:00:00Z to 2026-11-22"), "{said}");
    let (exit, said) = chain(&["--max-gap", "13"]);
    assert!(exit == 1 && said.contains("are 14 days, more than 13"), "{said}");
    // An archive stands for its folder.
    archive::write(&all[1], &bundles.join("evidence-2.tar.gz")).unwrap();
    fs::remove_dir_all(&all[1]).unwrap();
    assert_eq!(chain(&[]).0, 0);
    fs::write(all[0].join("report.json"), "{}").unwrap();
    let (exit, said) = chain(&[]);
    assert!(exit == 1 && said.contains("evidence-1`: `report.json` is not as it was sealed"), "{said}");
    fs::remove_file(bundles.join("evidence-2.tar.gz")).unwrap();
    let (exit, said) = chain(&[]);
    assert!(exit == 1 && said.contains("is missing"), "{said}");
}

#[test]
fn what_cannot_be_verified_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = signed(folder.path());
    fs::write(folder.path().join("private.pem"), KEY).unwrap();
    fs::write(folder.path().join("file"), "x").unwrap();
    fs::create_dir(folder.path().join("empty")).unwrap();
    let mut all = String::new();
    for (path, more) in [
        ("absent", &[][..]),
        ("file", &[]),
        ("empty", &[]),
        (bundle.file_name().unwrap().to_str().unwrap(), &["--key", "private.pem"]),
        (bundle.file_name().unwrap().to_str().unwrap(), &["--key", "file"]),
        (bundle.file_name().unwrap().to_str().unwrap(), &["--key", "5a7a"]),
    ] {
        let (exit, said) = verify(folder.path(), Path::new(path), more);
        assert_eq!(exit, 2, "{said}");
        all.push_str(&format!("## {path} {}\n{said}\n", more.join(" ")));
    }
    insta::assert_snapshot!(all);
}
