//! Plans that leave something out, and what is left of what they delete.

use serde_json::{Value, json};

use super::{bucket, built, config, create, keep, outcome, plan, refers, trail, trail_values};
use trailproof::finding::Outcome;
use trailproof::inventory::Fact;

/// A trail that is there and delivers to `acme-logs`.
fn there(more: Value) -> Value {
    let mut values = trail_values();
    values["s3_bucket_name"] = json!("acme-logs");
    for (name, value) in more.as_object().into_iter().flatten() {
        values[name] = value.clone();
    }
    keep("aws_cloudtrail.main", values)
}

fn deletes(address: &str, before: &Value) -> Value {
    json!({ "address": address, "change": { "actions": ["delete"], "before": before, "after": null, "after_unknown": {} } })
}

/// What is there before, by address.
fn with_prior(mut plan: Value, resources: &[(&str, &Value)]) -> Value {
    let listed: Vec<Value> = resources.iter().map(|(address, values)| json!({ "address": address, "values": values })).collect();
    plan["prior_state"] = json!({ "values": { "root_module": { "resources": listed } } });
    plan
}

/// The bucket itself still shows the retention that was there when the plan was made.
#[test]
fn a_default_retention_that_is_deleted_keeps_nothing() {
    let rule = json!([{ "default_retention": [{ "mode": "COMPLIANCE", "days": 400 }] }]);
    let lock = json!({ "bucket": "acme-logs", "object_lock_enabled": "Enabled", "rule": rule });
    let logs =
        json!({ "bucket": "acme-logs", "object_lock_configuration": [{ "object_lock_enabled": "Enabled", "rule": rule }] });
    let address = "aws_s3_bucket_object_lock_configuration.logs";
    let changes = json!([there(json!({})), keep("aws_s3_bucket.logs", logs.clone()), deletes(address, &lock)]);
    let inventory = built(with_prior(plan(changes, json!({})), &[("aws_s3_bucket.logs", &logs), (address, &lock)]));
    assert_eq!(bucket(&inventory).object_lock.known().map(|lock| lock.as_ref().and_then(|lock| lock.days)), Some(None));
    assert_eq!(outcome(&inventory, "log-bucket-object-lock", "aws_s3_bucket.logs"), Outcome::Fail);
}

/// The key itself still shows the policy that was there when the plan was made.
#[test]
fn a_key_policy_that_is_deleted_is_not_judged() {
    let arn = "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555";
    let all = r#"{"Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"kms:*","Resource":"*"}]}"#;
    let key = json!({ "arn": arn, "key_id": "11111111-2222-3333-4444-555555555555", "is_enabled": true, "policy": all });
    let policy = json!({ "key_id": "11111111-2222-3333-4444-555555555555", "policy": all });
    let changes = json!([
        there(json!({ "kms_key_id": arn })),
        keep("aws_kms_key.logs", key.clone()),
        deletes("aws_kms_key_policy.logs", &policy),
    ]);
    let prior = [("aws_kms_key.logs", &key), ("aws_kms_key_policy.logs", &policy)];
    let inventory = built(with_prior(plan(changes, json!({})), &prior));
    assert_eq!(outcome(&inventory, "key-policy-not-public", "aws_kms_key.logs"), Outcome::Unknown);
}

#[test]
fn without_the_configuration_nothing_is_left_to_the_service() {
    let mut values = trail_values();
    values["s3_bucket_name"] = json!("acme-logs");
    let unknown = json!({ "policy": true, "versioning": true, "lifecycle_rule": true });
    let changes = json!([
        create("aws_cloudtrail.main", values, json!({})),
        create("aws_s3_bucket.logs", json!({ "bucket": "acme-logs" }), unknown),
    ]);
    let mut written = plan(changes, json!({}));
    written.as_object_mut().expect("a plan").remove("configuration");
    let inventory = built(written);
    for policy in ["log-bucket-tls-only", "log-bucket-versioning", "log-bucket-retention-minimum"] {
        assert_eq!(outcome(&inventory, policy, "aws_s3_bucket.logs"), Outcome::Unknown, "{policy}");
    }
}

#[test]
fn planned_values_alone_leave_out_what_is_open() {
    let mut values = trail_values();
    values["s3_bucket_name"] = json!("acme-logs");
    values.as_object_mut().expect("values").remove("kms_key_id");
    let resources = json!([
        { "address": "aws_cloudtrail.main", "values": values },
        { "address": "aws_s3_bucket.logs", "values": { "bucket": "acme-logs" } },
    ]);
    let configs = json!({ "resources": [
        config("aws_cloudtrail.main", json!({ "kms_key_id": refers(&["aws_kms_key.elsewhere.arn", "aws_kms_key.elsewhere"]) })),
        config("aws_s3_bucket.logs", json!({ "policy": refers(&["local.policy"]) })),
    ]});
    let mut written = plan(json!([]), configs);
    written["planned_values"] = json!({ "root_module": { "resources": resources } });
    let inventory = built(written.clone());
    assert!(matches!(trail(&inventory).kms_key, Fact::Unknown(_)));
    assert_eq!(outcome(&inventory, "trail-kms-encryption", "aws_cloudtrail.main"), Outcome::Unknown);
    assert_eq!(outcome(&inventory, "log-bucket-policy-not-public", "aws_s3_bucket.logs"), Outcome::Unknown);
    written.as_object_mut().expect("a plan").remove("configuration");
    let inventory = built(written);
    assert_eq!(outcome(&inventory, "trail-kms-encryption", "aws_cloudtrail.main"), Outcome::Unknown);
}
