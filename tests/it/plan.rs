//! Terraform plans: what each shape of the format comes to in the inventory, in the findings and at the end.

mod left;
mod less;
mod shapes;
mod source;
mod watched;

use serde_json::{Value, json};

use trailproof::audit::{Settings, audit};
use trailproof::finding::{Finding, Outcome};
use trailproof::inventory::{Bucket, Inventory, Trail};
use trailproof::policy::catalogue::Catalogue;
use trailproof::source::code::{self, Options, Stack, terraform};

use crate::program::{said, trailproof};

const NOW: &str = "2026-11-02T09:30:00Z";

/// A plan of these changes and this configuration of the root module.
fn plan(changes: Value, root: Value) -> Value {
    json!({
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "timestamp": NOW,
        "planned_values": { "root_module": {} },
        "resource_changes": changes,
        "configuration": {
            "provider_config": { "aws": { "name": "aws", "expressions": {
                "region": { "constant_value": "eu-west-1" },
                "allowed_account_ids": { "constant_value": ["111122223333"] },
            }}},
            "root_module": root,
        },
    })
}

/// A resource that the plan makes.
fn create(address: &str, after: Value, unknown: Value) -> Value {
    json!({ "address": address, "change": { "actions": ["create"], "after": after, "after_unknown": unknown } })
}

/// A resource that is there, and stays as it is.
fn keep(address: &str, values: Value) -> Value {
    json!({ "address": address, "change": { "actions": ["no-op"], "before": values, "after": values, "after_unknown": {} } })
}

/// The configuration of a resource.
fn config(address: &str, expressions: Value) -> Value {
    let (r#type, name) = address.rsplit_once('.').expect("an address");
    let (mode, r#type) = r#type.strip_prefix("data.").map_or(("managed", r#type), |rest| ("data", rest));
    json!({ "mode": mode, "type": r#type, "name": name, "provider_config_key": "aws", "expressions": expressions })
}

fn refers(to: &[&str]) -> Value {
    json!({ "references": to })
}

fn stack(plan: Value) -> Stack {
    terraform::load("plan.json", plan).expect("a plan")
}

fn built(plan: Value) -> Inventory {
    build(plan, false)
}

fn build(plan: Value, complete: bool) -> Inventory {
    code::build(&[stack(plan)], Options { complete, read: NOW.parse().expect("a time") })
}

fn findings(inventory: &Inventory) -> Vec<Finding> {
    let catalogue = Catalogue::with(Vec::new(), Vec::new()).expect("the embedded policies");
    audit(inventory, &catalogue, &Settings::default(), inventory.scope.ended).expect("audited")
}

/// What a policy says of a subject.
fn outcome(inventory: &Inventory, policy: &str, subject: &str) -> Outcome {
    let all = findings(inventory);
    let found: Vec<&Finding> = all.iter().filter(|f| f.policy == policy && f.subject.id == subject).collect();
    assert_eq!(found.len(), 1, "{policy} on {subject}: {:?}", all.iter().filter(|f| f.policy == policy).collect::<Vec<_>>());
    found[0].outcome
}

fn trail(inventory: &Inventory) -> &Trail {
    assert_eq!(inventory.trails.len(), 1);
    &inventory.trails[0]
}

fn bucket(inventory: &Inventory) -> &Bucket {
    assert_eq!(inventory.buckets.len(), 1, "{:?}", trail(inventory).bucket);
    &inventory.buckets[0]
}

/// What a new bucket of provider version 5 leaves open.
fn new_bucket() -> Value {
    let open = [
        "acl",
        "arn",
        "grant",
        "id",
        "lifecycle_rule",
        "logging",
        "object_lock_configuration",
        "object_lock_enabled",
        "policy",
        "replication_configuration",
        "server_side_encryption_configuration",
        "tags_all",
        "versioning",
    ];
    open.iter().map(|name| ((*name).to_string(), json!(true))).collect::<serde_json::Map<_, _>>().into()
}

/// A trail `main` that delivers to a new bucket `logs`, and more.
fn with_trail(more: Vec<Value>, configs: Vec<Value>) -> Value {
    let mut changes = vec![
        create("aws_cloudtrail.main", trail_values(), json!({ "arn": true, "id": true, "s3_bucket_name": true })),
        create("aws_s3_bucket.logs", json!({ "bucket": "acme-logs" }), new_bucket()),
    ];
    changes.extend(more);
    let mut all = vec![
        config("aws_cloudtrail.main", json!({ "s3_bucket_name": refers(&["aws_s3_bucket.logs.id", "aws_s3_bucket.logs"]) })),
        config("aws_s3_bucket.logs", json!({ "bucket": { "constant_value": "acme-logs" } })),
    ];
    all.extend(configs);
    plan(changes.into(), json!({ "resources": all }))
}

fn trail_values() -> Value {
    json!({
        "name": "main", "enable_logging": true, "is_multi_region_trail": true, "is_organization_trail": false,
        "include_global_service_events": true, "enable_log_file_validation": true, "event_selector": [],
        "advanced_event_selector": [], "insight_selector": [], "tags_all": {},
    })
}

fn scan(plan: &Value, arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("plan.json"), plan.to_string()).expect("written");
    let output =
        trailproof(folder.path()).arg("scan").args(arguments).args(["--format", "text", "--out", "-"]).output().expect("it ran");
    said(&output, folder.path())
}

#[test]
fn a_trail_that_is_made_is_judged() {
    let inventory = built(with_trail(Vec::new(), Vec::new()));
    let all = findings(&inventory);
    assert_eq!(trail(&inventory).arn, "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main");
    assert_eq!(outcome(&inventory, "trail-log-file-validation", "aws_cloudtrail.main"), Outcome::Pass);
    assert_eq!(outcome(&inventory, "trail-kms-encryption", "aws_cloudtrail.main"), Outcome::Fail);
    assert_eq!(outcome(&inventory, "log-bucket-versioning", "aws_s3_bucket.logs"), Outcome::Fail);
    assert_eq!(outcome(&inventory, "log-bucket-public-access-blocked", "aws_s3_bucket.logs"), Outcome::Pass);
    // What only a running account tells stays unknown, and says so.
    let delivery = all.iter().find(|f| f.policy == "trail-delivery-healthy").expect("a finding");
    assert_eq!(delivery.outcome, Outcome::Unknown);
    assert!(delivery.gaps.iter().all(|gap| gap.kind.label() == "run time"), "{:?}", delivery.gaps);
    // The finding is known by its address, and the place is the plan.
    let place = delivery.subject.place.as_ref().expect("a place");
    assert_eq!((place.file.as_str(), place.address.as_str()), ("plan.json", "aws_cloudtrail.main"));
}

#[test]
fn what_the_code_satisfies_passes_and_what_it_lacks_is_unknown_unless_it_is_all() {
    let account = "111122223333";
    let good = with_trail(Vec::new(), Vec::new());
    assert_eq!(outcome(&built(good.clone()), "trail-exists", account), Outcome::Pass);
    assert_eq!(outcome(&built(good.clone()), "trail-covers-every-region", account), Outcome::Pass);
    let mut stopped = good;
    stopped["resource_changes"][0]["change"]["after"]["enable_logging"] = json!(false);
    assert_eq!(outcome(&built(stopped.clone()), "trail-exists", account), Outcome::Unknown);
    assert_eq!(outcome(&build(stopped, true), "trail-exists", account), Outcome::Fail);
}

#[test]
fn code_without_a_trail_says_nothing_of_the_account_unless_it_is_all() {
    let bucket = plan(json!([create("aws_s3_bucket.a", json!({ "bucket": "a" }), new_bucket())]), json!({}));
    let account = "111122223333";
    for policy in ["trail-exists", "trail-covers-every-region", "account-in-organization"] {
        assert_eq!(outcome(&built(bucket.clone()), policy, account), Outcome::NotApplicable, "{policy}");
    }
    assert_eq!(outcome(&build(bucket, true), "trail-exists", account), Outcome::Fail);
}

#[test]
fn unknown_for_every_trail_is_what_the_account_is_unknown_for() {
    let mut open = with_trail(Vec::new(), Vec::new());
    open["resource_changes"][0]["change"]["after_unknown"]["enable_logging"] = json!(true);
    open["resource_changes"][0]["change"]["after"].as_object_mut().expect("values").remove("enable_logging");
    open["configuration"]["root_module"]["resources"][0]["expressions"]["enable_logging"] = refers(&["var.on"]);
    let inventory = build(open, true);
    assert_eq!(outcome(&inventory, "trail-exists", "111122223333"), Outcome::Unknown);
}

#[test]
fn a_second_plan_is_judged_before_and_after() {
    let values = |logging: bool| {
        let mut values = trail_values();
        values["enable_logging"] = json!(logging);
        values["s3_bucket_name"] = json!("acme-logs");
        values["arn"] = json!("arn:aws:cloudtrail:eu-west-1:111122223333:trail/main");
        values
    };
    let state = |versioning: bool| {
        json!({ "values": { "root_module": { "resources": [
            { "address": "aws_cloudtrail.main", "values": values(true) },
            { "address": "aws_s3_bucket.logs", "values": {
                "bucket": "acme-logs", "versioning": [{ "enabled": versioning, "mfa_delete": false }] } },
            { "address": "aws_s3_bucket_versioning.logs", "values": {
                "bucket": "acme-logs", "versioning_configuration": [{ "status": "Enabled" }] } },
        ]}}})
    };
    let mut plan = plan(
        json!([
            { "address": "aws_cloudtrail.main", "change": { "actions": ["update"], "after": values(false), "after_unknown": {} } },
            keep("aws_s3_bucket.logs", json!({ "bucket": "acme-logs", "versioning": [{ "enabled": true }] })),
            { "address": "aws_s3_bucket_versioning.logs", "change": { "actions": ["delete"], "after": null, "after_unknown": {} } },
        ]),
        json!({}),
    );
    plan["prior_state"] = state(true);
    let inventory = built(plan.clone());
    // The bucket's own block still shows what the deleted resource had set.
    assert_eq!(bucket(&inventory).versioning.known(), Some(&Some("Suspended".to_string())));
    assert_eq!(outcome(&inventory, "log-bucket-versioning", "aws_s3_bucket.logs"), Outcome::Fail);
    assert_eq!(outcome(&inventory, "logging-chain-kept", "aws_s3_bucket_versioning.logs"), Outcome::Fail);
    assert_eq!(outcome(&inventory, "logging-chain-kept", "aws_cloudtrail.main"), Outcome::Pass);
    let weaker = findings(&inventory);
    let weaker: Vec<&Finding> =
        weaker.iter().filter(|f| f.policy == "logging-chain-not-weakened" && f.outcome == Outcome::Fail).collect();
    let messages: Vec<&str> = weaker.iter().map(|f| f.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "applying the code weakens the trail aws_cloudtrail.main: the trail stops logging",
            "applying the code weakens the bucket aws_s3_bucket.logs: versioning is switched off",
        ]
    );
    let said = scan(&plan, &["plan.json"]);
    assert!(said.contains("introduced: log-bucket-versioning on aws_s3_bucket.logs"), "{said}");
    assert!(said.starts_with("exit 1\n"), "{said}");
}

#[test]
fn a_trail_that_is_replaced_is_a_finding_and_one_that_only_moves_is_none() {
    let mut values = trail_values();
    values["s3_bucket_name"] = json!("elsewhere");
    let state = json!({ "values": { "root_module": { "resources": [{ "address": "aws_cloudtrail.old", "values": values }] } } });
    let mut replaced = plan(
        json!([{ "address": "aws_cloudtrail.old", "change": { "actions": ["delete", "create"], "after": values, "after_unknown": {} } }]),
        json!({}),
    );
    replaced["prior_state"] = state.clone();
    assert_eq!(outcome(&built(replaced), "logging-chain-kept", "aws_cloudtrail.old"), Outcome::Fail);
    let mut moved = plan(
        json!([{ "address": "aws_cloudtrail.new", "previous_address": "aws_cloudtrail.old",
                 "change": { "actions": ["no-op"], "after": values, "after_unknown": {} } }]),
        json!({}),
    );
    moved["prior_state"] = state;
    assert_eq!(outcome(&built(moved), "logging-chain-kept", "aws_cloudtrail.new"), Outcome::Pass);
}

#[test]
fn two_plans_may_name_each_other() {
    let archive = plan(
        json!([create("aws_s3_bucket.archive", json!({ "bucket": "acme-archive" }), new_bucket())]),
        json!({ "resources": [config("aws_s3_bucket.archive", json!({ "bucket": { "constant_value": "acme-archive" } }))] }),
    );
    let mut values = trail_values();
    values["s3_bucket_name"] = json!("acme-archive");
    let trails = plan(json!([create("aws_cloudtrail.main", values, json!({ "arn": true }))]), json!({}));
    let stacks =
        [terraform::load("archive.json", archive).expect("a plan"), terraform::load("trail.json", trails).expect("a plan")];
    let inventory = code::build(&stacks, Options { complete: false, read: NOW.parse().expect("a time") });
    assert_eq!(outcome(&inventory, "log-bucket-versioning", "aws_s3_bucket.archive"), Outcome::Fail);
}

#[test]
fn the_example_is_scanned() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = trailproof(root)
        .args(["scan", "examples/terraform/plan.json", "--format", "text", "--out", "-"])
        .output()
        .expect("it ran");
    insta::assert_snapshot!(said(&output, root));
}

#[test]
fn run_time_alone_is_no_exit_code_of_its_own() {
    let plan = with_trail(Vec::new(), Vec::new());
    let said = scan(&plan, &["plan.json", "--policy", "trail-delivery-healthy"]);
    assert!(said.starts_with("exit 0\n"), "{said}");
    assert!(said.contains("run time"), "{said}");
}

#[test]
fn what_is_no_plan_that_can_be_used_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let cases: [(&str, &[u8]); 8] = [
        ("version.json", br#"{"format_version":"2.0","planned_values":{}}"#),
        ("state.json", br#"{"format_version":"1.0","terraform_version":"1.11.4","values":{}}"#),
        ("errored.json", br#"{"format_version":"1.2","planned_values":{},"errored":true}"#),
        ("shape.json", br#"{"format_version":"1.2","planned_values":[],"resource_changes":7}"#),
        ("encrypted.json", br#"{"meta":{},"encrypted_data":"x","encryption_version":"v0"}"#),
        ("cut.json", br#"{"format_version":"1.2","planned_values":{"#),
        ("tfplan", b"PK\x03\x04 and no more"),
        ("notes.txt", b"just a text"),
    ];
    let mut all = String::new();
    for (name, bytes) in cases {
        std::fs::write(folder.path().join(name), bytes).expect("written");
        let output = trailproof(folder.path()).args(["scan", name]).output().expect("it ran");
        all.push_str(&format!("## {name}\n{}\n", said(&output, folder.path())));
    }
    let output = trailproof(folder.path()).args(["scan", "--complete"]).output().expect("it ran");
    all.push_str(&format!("## --complete without code\n{}\n", said(&output, folder.path())));
    insta::assert_snapshot!(all);
}

#[test]
fn plans_may_be_written_in_utf_16() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = with_trail(Vec::new(), Vec::new()).to_string();
    let wide: Vec<u8> = [0xFF, 0xFE].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    std::fs::write(folder.path().join("plan.json"), wide).expect("written");
    let output = trailproof(folder.path())
        .args(["scan", "plan.json", "--policy", "trail-log-file-validation", "--format", "text", "--out", "-"])
        .output()
        .expect("it ran");
    assert_eq!(output.status.code(), Some(0), "{}", said(&output, folder.path()));
}

#[test]
fn secrets_are_in_no_output() {
    let mut plan = with_trail(Vec::new(), Vec::new());
    plan["resource_changes"][0]["change"]["after"]["s3_key_prefix"] = json!("hunter2");
    plan["resource_changes"][0]["change"]["after"]["tags_all"] = json!({ "token": "hunter2" });
    plan["resource_changes"][0]["change"]["after_sensitive"] = json!({ "s3_key_prefix": true, "tags_all": { "token": true } });
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("plan.json"), plan.to_string()).expect("written");
    let output = trailproof(folder.path())
        .args(["scan", "plan.json", "--out", "out", "-v", "--format", "text,html,json,inventory,csv,md,sarif,oscal,ocsf,junit"])
        .output()
        .expect("it ran");
    let mut all = said(&output, folder.path());
    for entry in std::fs::read_dir(folder.path().join("out")).expect("the reports") {
        all.push_str(&String::from_utf8_lossy(&std::fs::read(entry.expect("an entry").path()).expect("read")));
    }
    assert!(all.contains("aws_cloudtrail.main") && !all.contains("hunter2"));
}
