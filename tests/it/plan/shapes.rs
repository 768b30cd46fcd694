//! Each shape in which Terraform writes a value or a reference, and what is concluded from it.

use serde_json::json;

use super::{bucket, built, config, create, findings, keep, new_bucket, outcome, plan, refers, trail, trail_values, with_trail};
use trailproof::finding::Outcome;
use trailproof::inventory::{Basis, Fact, Inventory};

const VERSIONED: &str = "log-bucket-versioning";

/// `aws_s3_bucket_versioning` that is switched on.
fn versioning(address: &str) -> serde_json::Value {
    let after = json!({ "versioning_configuration": [{ "status": "Enabled" }] });
    create(address, after, json!({ "bucket": true, "id": true, "versioning_configuration": [{ "mfa_delete": true }] }))
}

fn versioning_of(name: &str, references: &[&str]) -> serde_json::Value {
    config(
        &format!("aws_s3_bucket_versioning.{name}"),
        json!({ "bucket": refers(references), "versioning_configuration": [{ "status": { "constant_value": "Enabled" } }] }),
    )
}

fn versioned(inventory: &Inventory) -> &Fact<Option<String>> {
    &bucket(inventory).versioning
}

#[test]
fn a_plain_reference_joins_and_says_that_it_is_one() {
    let inventory = built(with_trail(
        vec![versioning("aws_s3_bucket_versioning.logs")],
        vec![versioning_of("logs", &["aws_s3_bucket.logs.id", "aws_s3_bucket.logs"])],
    ));
    assert!(matches!(&trail(&inventory).bucket, Fact::Known { basis: Basis::Referenced, .. }));
    assert_eq!(outcome(&inventory, VERSIONED, "aws_s3_bucket.logs"), Outcome::Pass);
    // MFA delete is not in the block that is written: off is the default.
    assert_eq!(bucket(&inventory).mfa_delete.known(), Some(&false));
}

#[test]
fn the_oldest_format_tells_the_resource_alone() {
    let inventory = built(with_trail(
        vec![versioning("aws_s3_bucket_versioning.logs")],
        vec![versioning_of("logs", &["aws_s3_bucket.logs"])],
    ));
    assert_eq!(outcome(&inventory, VERSIONED, "aws_s3_bucket.logs"), Outcome::Pass);
}

#[test]
fn a_known_value_joins_by_itself() {
    let mut values = trail_values();
    values["s3_bucket_name"] = json!("acme-logs");
    let inventory = built(plan(
        json!([
            create("aws_cloudtrail.main", values, json!({ "arn": true })),
            keep("aws_s3_bucket.logs", json!({ "bucket": "acme-logs", "versioning": [], "lifecycle_rule": [] })),
            keep(
                "aws_s3_bucket_versioning.any",
                json!({ "bucket": "acme-logs", "versioning_configuration": [{ "status": "Enabled" }] })
            ),
        ]),
        json!({}),
    ));
    assert!(matches!(&trail(&inventory).bucket, Fact::Known { basis: Basis::Configured, .. }));
    assert_eq!(versioned(&inventory).known(), Some(&Some("Enabled".to_string())));
    assert_eq!(bucket(&inventory).lifecycle_rules.known(), Some(&Vec::new()));
}

#[test]
fn what_is_unset_and_not_computed_is_not_there() {
    let inventory = built(with_trail(Vec::new(), Vec::new()));
    assert!(matches!(&trail(&inventory).kms_key, Fact::Known { value: None, basis: Basis::Configured, .. }));
    assert_eq!(outcome(&inventory, "trail-kms-encryption", "aws_cloudtrail.main"), Outcome::Fail);
}

#[test]
fn what_is_unset_and_computed_is_the_default_of_a_new_bucket() {
    let inventory = built(with_trail(Vec::new(), Vec::new()));
    assert!(matches!(versioned(&inventory), Fact::Known { value: None, basis: Basis::AssumedDefault, .. }));
    let encryption = &bucket(&inventory).default_encryption;
    assert!(matches!(encryption, Fact::Known { value: Some(v), basis: Basis::AssumedDefault, .. } if v == "AES256"));
}

#[test]
fn what_no_resource_sets_of_a_bucket_that_is_there_is_unknown() {
    let mut values = trail_values();
    values["s3_bucket_name"] = json!("acme-logs");
    let old = json!({ "bucket": "acme-logs", "versioning": [{ "enabled": false, "mfa_delete": false }] });
    let inventory = built(plan(json!([keep("aws_cloudtrail.main", values), keep("aws_s3_bucket.logs", old)]), json!({})));
    assert!(bucket(&inventory).public_access_block.gap().is_some());
    assert_eq!(outcome(&inventory, VERSIONED, "aws_s3_bucket.logs"), Outcome::Fail, "off is off, suspended or never on");
}

/// Two buckets by `for_each`, with this reference from the versioning of each.
fn two_buckets(references: &[&str]) -> Inventory {
    let changes: Vec<_> = ["a", "b"]
        .iter()
        .flat_map(|key| {
            [
                create(&format!("aws_s3_bucket.logs[\"{key}\"]"), json!({}), {
                    let mut open = new_bucket();
                    open["bucket"] = json!(true);
                    open
                }),
                versioning(&format!("aws_s3_bucket_versioning.logs[\"{key}\"]")),
            ]
        })
        .chain([create("aws_cloudtrail.main", trail_values(), json!({ "s3_bucket_name": true }))])
        .collect();
    built(plan(
        changes.into(),
        json!({ "resources": [
            config("aws_cloudtrail.main", json!({ "s3_bucket_name": refers(&["aws_s3_bucket.logs[\"a\"].id", "aws_s3_bucket.logs[\"a\"]", "aws_s3_bucket.logs"]) })),
            config("aws_s3_bucket.logs", json!({})),
            versioning_of("logs", references),
        ]}),
    ))
}

#[test]
fn an_index_that_is_written_is_exact() {
    let of = |key: &str| {
        let instance = format!("aws_s3_bucket.logs[\"{key}\"]");
        two_buckets(&[&format!("{instance}.id"), &instance, "aws_s3_bucket.logs"])
    };
    assert_eq!(outcome(&of("a"), VERSIONED, "aws_s3_bucket.logs[\"a\"]"), Outcome::Pass);
    assert_eq!(outcome(&of("b"), VERSIONED, "aws_s3_bucket.logs[\"a\"]"), Outcome::Fail, "both are about the other bucket");
}

#[test]
fn a_lost_index_leaves_every_instance() {
    let inventory = two_buckets(&["aws_s3_bucket.logs", "each.key"]);
    let one_of = matches!(versioned(&inventory), Fact::OneOf { candidates, .. } if candidates.len() == 2);
    assert!(one_of, "{:?}", versioned(&inventory));
    assert_eq!(outcome(&inventory, VERSIONED, "aws_s3_bucket.logs[\"a\"]"), Outcome::Unknown);
}

#[test]
fn a_trail_of_several_candidates_has_the_verdict_that_they_share() {
    let buckets = ["a", "b"].map(|key| create(&format!("aws_s3_bucket.logs[\"{key}\"]"), json!({ "bucket": key }), new_bucket()));
    let mut changes = buckets.to_vec();
    changes.push(create("aws_cloudtrail.main", trail_values(), json!({ "s3_bucket_name": true })));
    let inventory = built(plan(
        changes.into(),
        json!({ "resources": [
            config("aws_cloudtrail.main", json!({ "s3_bucket_name": refers(&["aws_s3_bucket.logs", "each.key"]) })),
            config("aws_s3_bucket.logs", json!({})),
        ]}),
    ));
    assert!(matches!(&trail(&inventory).bucket, Fact::OneOf { candidates, .. } if candidates.len() == 2));
    assert_eq!(outcome(&inventory, "trail-targets-exist", "aws_cloudtrail.main"), Outcome::Pass);
    assert_eq!(inventory.buckets.len(), 2);
}

#[test]
fn a_value_of_for_each_leaves_every_instance() {
    let mut versioned = versioning_of("logs", &["each.value.id", "each.value"]);
    versioned["for_each_expression"] = refers(&["aws_s3_bucket.logs"]);
    let inventory = built(with_trail(vec![versioning("aws_s3_bucket_versioning.logs[\"x\"]")], vec![versioned]));
    assert_eq!(outcome(&inventory, VERSIONED, "aws_s3_bucket.logs"), Outcome::Pass, "there is one instance alone");
}

/// A bucket in a module with an output, and a trail that names the output.
fn through_module(call: &str, references: &[&str]) -> Inventory {
    built(plan(
        json!([
            create("aws_cloudtrail.main", trail_values(), json!({ "s3_bucket_name": true })),
            create(&format!("module.{call}.aws_s3_bucket.this"), json!({ "bucket": "acme-logs" }), new_bucket()),
        ]),
        json!({
            "resources": [config("aws_cloudtrail.main", json!({ "s3_bucket_name": refers(references) }))],
            "module_calls": { "logs": { "module": {
                "resources": [config("aws_s3_bucket.this", json!({}))],
                "outputs": { "bucket": { "expression": refers(&["aws_s3_bucket.this.id", "aws_s3_bucket.this"]) } },
            }}},
        }),
    ))
}

#[test]
fn outputs_of_modules_are_followed() {
    let inventory = through_module("logs", &["module.logs.bucket", "module.logs"]);
    assert_eq!(bucket(&inventory).name, "acme-logs");
    let inventory = through_module("logs[\"k.1\"]", &["module.logs[\"k.1\"].bucket", "module.logs[\"k.1\"]", "module.logs"]);
    assert_eq!(bucket(&inventory).name, "acme-logs");
}

#[test]
fn an_output_whose_name_is_lost_is_not_guessed() {
    let inventory = through_module("logs[\"k\"]", &["module.logs", "each.key"]);
    let gap = trail(&inventory).bucket.gap().expect("a gap");
    assert!(gap.message.contains("to which output"), "{gap:?}");
    assert!(gap.remedy.is_some());
}

#[test]
fn variables_of_modules_are_followed_to_their_callers() {
    let inventory = built(plan(
        json!([
            create("module.trail.aws_cloudtrail.main", trail_values(), json!({ "s3_bucket_name": true })),
            create("aws_s3_bucket.logs", json!({ "bucket": "acme-logs" }), new_bucket()),
        ]),
        json!({
            "resources": [config("aws_s3_bucket.logs", json!({}))],
            "module_calls": { "trail": {
                "expressions": { "bucket": refers(&["aws_s3_bucket.logs.id", "aws_s3_bucket.logs"]) },
                "module": { "resources": [config("aws_cloudtrail.main", json!({ "s3_bucket_name": refers(&["var.bucket"]) }))] },
            }},
        }),
    ));
    assert_eq!(bucket(&inventory).name, "acme-logs");
    assert_eq!(outcome(&inventory, VERSIONED, "aws_s3_bucket.logs"), Outcome::Fail);
}

#[test]
fn locals_end_the_way() {
    let inventory =
        built(with_trail(vec![versioning("aws_s3_bucket_versioning.logs")], vec![versioning_of("logs", &["local.bucket"])]));
    let gap = versioned(&inventory).gap().expect("a gap");
    assert!(gap.message.contains("local.bucket"), "{gap:?}");
    assert_eq!(outcome(&inventory, VERSIONED, "aws_s3_bucket.logs"), Outcome::Unknown);
}

#[test]
fn a_block_of_a_dynamic_block_is_not_guessed() {
    let after = json!({ "rule": [{ "apply_server_side_encryption_by_default": [{ "sse_algorithm": "aws:kms" }] }] });
    let open =
        json!({ "bucket": true, "rule": [{ "apply_server_side_encryption_by_default": [{ "kms_master_key_id": true }] }] });
    let address = "aws_s3_bucket_server_side_encryption_configuration.logs";
    let inventory = built(with_trail(
        vec![create(address, after, open)],
        vec![config(address, json!({ "bucket": refers(&["aws_s3_bucket.logs.id", "aws_s3_bucket.logs"]) }))],
    ));
    assert_eq!(bucket(&inventory).default_encryption.known(), Some(&Some("aws:kms".to_string())));
    assert!(bucket(&inventory).default_encryption_key.gap().is_some());
    assert_eq!(outcome(&inventory, "log-bucket-kms-encryption", "aws_s3_bucket.logs"), Outcome::Unknown);
}

#[test]
fn a_template_with_a_variable_beside_is_no_link() {
    let inventory = built(with_trail(
        vec![versioning("aws_s3_bucket_versioning.logs")],
        vec![versioning_of("logs", &["aws_s3_bucket.logs.id", "aws_s3_bucket.logs", "var.suffix"])],
    ));
    assert!(versioned(&inventory).gap().is_some());
}

#[test]
fn a_policy_text_with_an_open_part_says_nothing() {
    let policy = create("aws_s3_bucket_policy.logs", json!({}), json!({ "bucket": true, "id": true, "policy": true }));
    let references = ["aws_s3_bucket.logs.arn", "aws_s3_bucket.logs"];
    let expressions =
        json!({ "bucket": refers(&["aws_s3_bucket.logs.id", "aws_s3_bucket.logs"]), "policy": refers(&references) });
    let inventory = built(with_trail(vec![policy], vec![config("aws_s3_bucket_policy.logs", expressions)]));
    assert!(bucket(&inventory).policy.gap().is_some());
    assert_eq!(outcome(&inventory, "log-bucket-tls-only", "aws_s3_bucket.logs"), Outcome::Unknown);
}

/// A bucket policy from a document whose one statement has these resources.
fn from_document(resources: serde_json::Value, open: serde_json::Value) -> Inventory {
    let statement = json!({
        "sid": "TlsOnly", "effect": "Deny", "actions": ["s3:*"], "resources": resources,
        "principals": [{ "type": "*", "identifiers": ["*"] }],
        "condition": [{ "test": "Bool", "variable": "aws:SecureTransport", "values": ["false"] }],
    });
    let document = json!({
        "address": "data.aws_iam_policy_document.logs",
        "change": { "actions": ["read"], "after": { "statement": [statement] }, "after_unknown": { "json": true, "statement": [{ "resources": open }] } },
    });
    let policy = create("aws_s3_bucket_policy.logs", json!({}), json!({ "bucket": true, "policy": true }));
    let expressions = json!({
        "bucket": refers(&["aws_s3_bucket.logs.id", "aws_s3_bucket.logs"]),
        "policy": refers(&["data.aws_iam_policy_document.logs.json", "data.aws_iam_policy_document.logs"]),
    });
    built(with_trail(
        vec![document, policy],
        vec![config("aws_s3_bucket_policy.logs", expressions), config("data.aws_iam_policy_document.logs", json!({}))],
    ))
}

#[test]
fn a_document_is_put_together_from_its_statements() {
    let inventory = from_document(json!(["arn:aws:s3:::acme-logs", "arn:aws:s3:::acme-logs/*"]), json!([false, false]));
    assert_eq!(outcome(&inventory, "log-bucket-tls-only", "aws_s3_bucket.logs"), Outcome::Pass);
}

#[test]
fn a_document_with_an_open_resource_says_nothing_and_names_the_statement() {
    let inventory = from_document(json!([null, "arn:aws:s3:::acme-logs/*"]), json!([true, false]));
    let gap = bucket(&inventory).policy.gap().expect("a gap");
    assert!(gap.message.contains("statement `TlsOnly`"), "{gap:?}");
    assert_eq!(outcome(&inventory, "log-bucket-tls-only", "aws_s3_bucket.logs"), Outcome::Unknown);
}

#[test]
fn a_caller_that_the_state_tells_is_the_account() {
    let mut plan = with_trail(Vec::new(), Vec::new());
    plan["configuration"]["provider_config"]["aws"]["expressions"] = json!({ "region": { "constant_value": "eu-west-1" } });
    let unknown = built(plan.clone());
    assert!(trail(&unknown).owner_account.contains("account of plan.json"));
    plan["prior_state"] = json!({ "values": { "root_module": { "resources": [
        { "address": "data.aws_caller_identity.current", "values": { "account_id": "444455556666" } },
    ]}}});
    assert_eq!(trail(&built(plan)).owner_account, "444455556666");
}

#[test]
fn an_account_that_is_not_told_decides_nothing() {
    let mut plan = with_trail(Vec::new(), Vec::new());
    plan["configuration"]["provider_config"]["aws"]["expressions"] = json!({});
    let inventory = built(plan);
    for finding in findings(&inventory) {
        let about_accounts = ["log-archive-account-separate", "trail-home-region-allowed"].contains(&finding.policy.as_str());
        assert!(!about_accounts || finding.outcome != Outcome::Pass, "{finding:?}");
    }
    assert_eq!(outcome(&inventory, "trail-log-file-validation", "aws_cloudtrail.main"), Outcome::Pass);
}

#[test]
fn a_deleted_resource_is_gone() {
    let inventory = built(plan(
        json!([{ "address": "aws_cloudtrail.main", "change": { "actions": ["delete"], "after": null, "after_unknown": {} } }]),
        json!({}),
    ));
    assert!(inventory.trails.is_empty());
}

#[test]
fn a_sensitive_value_is_unknown() {
    let mut plan = with_trail(Vec::new(), Vec::new());
    plan["resource_changes"][0]["change"]["after_sensitive"] = json!({ "enable_log_file_validation": true });
    let inventory = built(plan);
    assert!(trail(&inventory).log_file_validation_enabled.gap().is_some());
    assert_eq!(outcome(&inventory, "trail-log-file-validation", "aws_cloudtrail.main"), Outcome::Unknown);
}

#[test]
fn an_alias_of_the_provider_gives_the_region_and_shares_the_account() {
    let mut plan = with_trail(Vec::new(), Vec::new());
    plan["configuration"]["provider_config"]["aws.us"] = json!({ "name": "aws", "alias": "us", "expressions": {
        "region": { "references": ["var.region"] }, "allowed_account_ids": { "constant_value": ["111122223333"] } } });
    plan["variables"] = json!({ "region": { "value": "us-east-1" } });
    plan["configuration"]["root_module"]["resources"][0]["provider_config_key"] = json!("aws.us");
    let inventory = built(plan);
    assert_eq!(trail(&inventory).home_region, "us-east-1");
    assert_eq!(bucket(&inventory).region.known().map(String::as_str), Some("eu-west-1"));
    assert_eq!(trail(&inventory).owner_account, "111122223333");
}

#[test]
fn another_role_is_another_account() {
    let mut plan = with_trail(Vec::new(), Vec::new());
    plan["configuration"]["provider_config"]["aws.log"] = json!({ "name": "aws", "alias": "log", "expressions": {
        "assume_role": [{ "role_arn": { "constant_value": "arn:aws:iam::999999999999:role/deploy" } }] } });
    plan["configuration"]["root_module"]["resources"][1]["provider_config_key"] = json!("aws.log");
    let inventory = built(plan);
    assert_eq!(bucket(&inventory).owner_account.known().map(String::as_str), Some("999999999999"));
    assert_eq!(outcome(&inventory, "log-archive-account-separate", "aws_s3_bucket.logs"), Outcome::Pass);
}

#[test]
fn a_resource_of_which_nothing_is_told_has_no_defaults() {
    for change in [json!({ "actions": ["create"] }), json!({ "actions": ["create"], "after": {}, "after_unknown": true })] {
        let inventory = built(plan(json!([{ "address": "aws_cloudtrail.main", "change": change }]), json!({})));
        assert!(trail(&inventory).is_logging.gap().is_some());
        assert_eq!(outcome(&inventory, "trail-log-file-validation", "aws_cloudtrail.main"), Outcome::Unknown);
    }
}

#[test]
fn one_word_about_the_whole_is_one_about_each_part() {
    let mut plan = with_trail(Vec::new(), Vec::new());
    plan["resource_changes"][0]["change"]["after_sensitive"] = json!(true);
    assert!(trail(&built(plan)).is_logging.gap().is_some());
}

#[test]
fn a_reference_is_set_though_its_value_is_open() {
    let mut plan = with_trail(
        vec![create("aws_cloudwatch_log_group.trail", json!({ "name": "trail" }), json!({ "arn": true }))],
        vec![config("aws_cloudwatch_log_group.trail", json!({}))],
    );
    plan["planned_values"]["root_module"] = json!({ "resources": [{ "address": "aws_iam_role.trail", "values": {} }] });
    let open = plan["resource_changes"][0]["change"]["after_unknown"].as_object_mut().unwrap();
    open.insert("cloud_watch_logs_group_arn".into(), json!(true));
    open.insert("cloud_watch_logs_role_arn".into(), json!(true));
    let written = plan["configuration"]["root_module"]["resources"][0]["expressions"].as_object_mut().unwrap();
    let group = ["aws_cloudwatch_log_group.trail.arn", "aws_cloudwatch_log_group.trail"];
    written.insert("cloud_watch_logs_group_arn".into(), refers(&group));
    written.insert("cloud_watch_logs_role_arn".into(), refers(&["aws_iam_role.trail.arn", "aws_iam_role.trail"]));
    let inventory = built(plan.clone());
    assert_eq!(outcome(&inventory, "trail-cloud-watch-logs-integrated", "111122223333"), Outcome::Pass);
    assert_eq!(inventory.log_groups.len(), 1);
    // Where the way ends, it is not known whether a role is set at all.
    plan["configuration"]["root_module"]["resources"][0]["expressions"]["cloud_watch_logs_role_arn"] = refers(&["local.role"]);
    assert_eq!(outcome(&built(plan), "trail-cloud-watch-logs-integrated", "111122223333"), Outcome::Unknown);
}

#[test]
fn rules_are_judged_without_the_account_where_it_does_not_matter() {
    let judged = |prefix: &str| {
        let address = "aws_s3_bucket_lifecycle_configuration.logs";
        let rule = json!({ "id": "old", "status": "Enabled", "filter": [{ "prefix": prefix }], "expiration": [{ "days": 30 }] });
        let mut plan = with_trail(
            vec![create(address, json!({ "rule": [rule] }), json!({ "bucket": true }))],
            vec![config(address, json!({ "bucket": refers(&["aws_s3_bucket.logs.id", "aws_s3_bucket.logs"]) }))],
        );
        plan["configuration"]["provider_config"]["aws"]["expressions"] = json!({});
        outcome(&built(plan), "log-bucket-retention-minimum", "aws_s3_bucket.logs")
    };
    assert_eq!(judged(""), Outcome::Fail);
    assert_eq!(judged("AWSLogs/"), Outcome::Fail);
    assert_eq!(judged("other/"), Outcome::Pass);
    assert_eq!(judged("AWSLogs/111122223333/"), Outcome::Unknown);
}

#[test]
fn what_a_plan_puts_off_is_not_planned() {
    let deferred = |address: &str| {
        json!([{ "reason": "provider_config_unknown", "resource_change": {
            "address": address, "mode": "managed", "type": "x", "name": "x",
            "change": { "actions": ["create"], "before": null, "after": {}, "after_unknown": {} } } }])
    };
    let mut plan = with_trail(Vec::new(), Vec::new());
    assert_eq!(outcome(&built(plan.clone()), VERSIONED, "aws_s3_bucket.logs"), Outcome::Fail, "nothing versions it");
    plan["deferred_changes"] = deferred("aws_s3_bucket_versioning.logs[*]");
    assert_eq!(outcome(&built(plan.clone()), VERSIONED, "aws_s3_bucket.logs"), Outcome::Unknown, "what is put off may");
    plan["deferred_changes"] = deferred("aws_instance.web");
    assert_eq!(outcome(&built(plan.clone()), VERSIONED, "aws_s3_bucket.logs"), Outcome::Fail, "that is about no bucket");
    plan["deferred_changes"] = deferred("aws_cloudtrail.main");
    let inventory = super::build(plan, true);
    let all = serde_json::to_string(&inventory).expect("it serializes");
    assert!(all.contains("the plan puts aws_cloudtrail.main off to a later one (provider config unknown)"), "{all}");
    let exists: Vec<Outcome> = findings(&inventory).iter().filter(|f| f.policy == "trail-exists").map(|f| f.outcome).collect();
    assert_eq!(exists, [Outcome::Unknown], "a trail that is put off is not there yet");
}

#[test]
fn a_setting_that_may_be_about_a_bucket_opens_what_is_set_for_certain() {
    let with = |status: &str| {
        let mut other = versioning("aws_s3_bucket_versioning.other");
        other["change"]["after"]["versioning_configuration"][0]["status"] = json!(status);
        built(with_trail(
            vec![versioning("aws_s3_bucket_versioning.logs"), other],
            vec![
                versioning_of("logs", &["aws_s3_bucket.logs.id", "aws_s3_bucket.logs"]),
                versioning_of("other", &["local.bucket"]),
            ],
        ))
    };
    assert_eq!(outcome(&with("Enabled"), VERSIONED, "aws_s3_bucket.logs"), Outcome::Pass, "both say the same");
    assert_eq!(outcome(&with("Suspended"), VERSIONED, "aws_s3_bucket.logs"), Outcome::Unknown, "which of the two holds is open");
}

#[test]
fn a_plan_of_a_part_is_not_all_whoever_says_so() {
    let mut plan = plan(
        json!([create("aws_s3_bucket.logs", json!({ "bucket": "acme-logs" }), new_bucket())]),
        json!({ "resources": [config("aws_s3_bucket.logs", json!({ "bucket": { "constant_value": "acme-logs" } }))] }),
    );
    let exists = |plan: &serde_json::Value, complete: bool| {
        let all = findings(&super::build(plan.clone(), complete));
        all.iter().find(|f| f.policy == "trail-exists").map(|f| f.outcome)
    };
    assert_eq!((exists(&plan, true), exists(&plan, false)), (Some(Outcome::Fail), Some(Outcome::NotApplicable)));
    plan["complete"] = json!(false);
    assert_eq!((exists(&plan, true), exists(&plan, false)), (Some(Outcome::Unknown), Some(Outcome::NotApplicable)));
}
