//! What Trailproof has AWS do: a key of KMS signs a bundle, and Security Hub takes findings.

use std::fs;
use std::path::PathBuf;
use std::process::Output;

use serde_json::{Value, json};
use trailproof::evidence::Manifest;

use crate::emulator::Lab;

const REGION: &str = "eu-west-1";

fn key(lab: &Lab, spec: &str, usage: &str) -> String {
    let made = lab.ask("kms", REGION, "TrentService.CreateKey", &json!({"KeySpec": spec, "KeyUsage": usage}));
    made["KeyMetadata"]["Arn"].as_str().unwrap().to_string()
}

fn pack(lab: &Lab, arn: &str, out: &str) -> Output {
    lab.command(&["evidence", "pack", "examples/acme-org", "--out", out, "--sign-kms", arn]).output().unwrap()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn bundle(lab: &Lab, out: &str) -> PathBuf {
    fs::read_dir(lab.path(out)).unwrap().map(|e| e.unwrap().path()).find(|p| p.is_dir()).unwrap()
}

#[test]
fn a_key_of_kms_signs_a_bundle() {
    let lab = Lab::new("empty");
    let arn = key(&lab, "ECC_NIST_P256", "SIGN_VERIFY");
    let alias = arn.replace(arn.rsplit(':').next().unwrap(), "alias/evidence");
    let named = json!({"AliasName": "alias/evidence", "TargetKeyId": arn});
    lab.ask("kms", REGION, "TrentService.CreateAlias", &named);
    for (name, out) in [(&arn, "by-arn"), (&alias, "by-alias")] {
        let packed = pack(&lab, name, out);
        assert!(packed.status.success(), "{}", text(&packed));
        let folder = bundle(&lab, out);
        let manifest = Manifest::parse(&fs::read(folder.join("manifest.json")).unwrap()).unwrap();
        let signer = manifest.signer.unwrap();
        assert_eq!(signer.kms_arn.as_deref(), Some(arn.as_str()), "the key is named, and not its alias");
        let verify = |key: &str| {
            let output = lab.command(&["evidence", "verify"]).arg(&folder).args(["--key", key]).output().unwrap();
            (output.status.code(), text(&output))
        };
        let (code, said) = verify(&signer.key_id);
        assert_eq!(code, Some(0), "{said}");
        let (code, said) = verify(&"ab".repeat(32));
        assert_eq!(code, Some(1), "{said}");
        // The same signature, by somebody else's tool.
        let checked = std::process::Command::new("openssl")
            .args(["dgst", "-sha256", "-verify", "signer.pub.pem", "-signature", "SHA256SUMS.sig", "SHA256SUMS"])
            .current_dir(&folder)
            .output()
            .unwrap();
        assert!(checked.status.success(), "{}", text(&checked));
    }
    let calls = lab.take_calls();
    assert_eq!(calls.get(&("kms:GetPublicKey".into(), REGION.into())), Some(&2));
    assert_eq!(calls.get(&("kms:Sign".into(), REGION.into())), Some(&4), "each is tried, and then signs");
    assert!(calls.keys().all(|(name, _)| name.starts_with("kms:") || name == "sts:GetCallerIdentity"), "{calls:?}");
}

#[test]
fn what_kms_does_not_sign_is_not_sealed() {
    let lab = Lab::new("empty");
    let good = key(&lab, "ECC_NIST_P256", "SIGN_VERIFY");
    let refused = |arn: &str, words: &[&str]| {
        let packed = pack(&lab, arn, "out");
        let said = text(&packed);
        assert_eq!(packed.status.code(), Some(2), "{said}");
        assert!(said.starts_with("error: ") && said.contains("hint: "), "{said}");
        for word in words {
            assert!(said.contains(word), "`{word}` is not in:\n{said}");
        }
        assert!(!lab.path("out").exists() || fs::read_dir(lab.path("out")).unwrap().next().is_none(), "something was sealed");
    };
    refused("alias/evidence", &["not the ARN of a KMS key"]);
    refused(&key(&lab, "ECC_NIST_P384", "SIGN_VERIFY"), &["ECC_NIST_P384", "ECC_NIST_P256"]);
    refused(&key(&lab, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"), &["symmetric"]);
    refused(&format!("arn:aws:kms:{REGION}:{}:key/none", lab.account), &["NotFoundException"]);
    lab.fault(json!({"operation": "kms:Sign", "kind": "deny"}));
    refused(&good, &["kms:Sign", "AccessDeniedException", "kms:GetPublicKey and kms:Sign"]);
}

/// The findings of the report, by what they are about and came to.
fn statuses(findings: &[Value]) -> std::collections::BTreeMap<&str, usize> {
    let mut counts = std::collections::BTreeMap::new();
    for finding in findings {
        *counts.entry(finding["Compliance"]["Status"].as_str().unwrap()).or_default() += 1;
    }
    counts
}

#[test]
fn security_hub_takes_what_was_found() {
    let lab = Lab::with("acme", &json!({"security_hub": {}}));
    let run = lab.scan("out", &["--security-hub"]).ends_with(1);
    let report = run.report();
    let imported = lab.imported();
    assert_eq!(imported.len(), report.findings.len(), "{}", run.stderr);
    assert!(run.stderr.contains(&format!("Security Hub took {} findings in 1 account", imported.len())), "{}", run.stderr);
    let outcomes = &report.summary.outcomes;
    let taken = statuses(&imported);
    assert_eq!(taken.get("FAILED"), Some(&outcomes.fail).filter(|n| **n > 0));
    assert_eq!(taken.get("PASSED"), Some(&outcomes.pass).filter(|n| **n > 0));
    assert!(imported.iter().all(|f| f["AwsAccountId"] == lab.account.as_str()));
    // The next scan brings the same findings up to date, and adds none.
    lab.scan("again", &["--security-hub"]).ends_with(1);
    assert_eq!(lab.imported().len(), imported.len());
}

#[test]
fn what_security_hub_does_not_take_is_said() {
    let lab = Lab::new("acme");
    let run = lab.scan("off", &["--security-hub"]).ends_with(2);
    assert!(run.stderr.contains("is not subscribed to AWS Security Hub"), "{}", run.stderr);
    assert!(!run.report().findings.is_empty(), "the reports are written all the same");

    lab.set(json!({"security_hub": {}}));
    lab.scan("on", &["--security-hub"]).ends_with(1);
    let refused = lab.imported()[0]["Id"].as_str().unwrap().to_string();
    lab.set(json!({"security_hub": {}, "refused_findings": [refused]}));
    let run = lab.scan("but-one", &["--security-hub"]).ends_with(2);
    assert!(run.stderr.contains(&format!("{refused}: InvalidInput: Title is not valid")), "{}", run.stderr);
    assert!(run.stderr.contains("did not take 1 finding"), "{}", run.stderr);

    lab.set(json!({"security_hub": {}, "refused_findings": []}));
    lab.fault(json!({"operation": "securityhub:*", "kind": "status", "status": 503, "times": 2}));
    lab.scan("after-two-failures", &["--security-hub"]).ends_with(1);
    lab.clear_faults();
    lab.fault(json!({"operation": "securityhub:*", "kind": "deny"}));
    let run = lab.scan("denied", &["--security-hub"]).ends_with(2);
    assert!(run.stderr.contains("securityhub:BatchImportFindings") && run.stderr.contains("AccessDenied"), "{}", run.stderr);
}

#[test]
fn nothing_is_handed_over_that_was_not_read_live() {
    let lab = Lab::new("empty");
    let run = lab.command(&["scan", "examples/acme-org", "--security-hub"]).output().unwrap();
    assert_eq!(run.status.code(), Some(2));
    assert!(text(&run).contains("--security-hub is for live accounts"), "{}", text(&run));
}
