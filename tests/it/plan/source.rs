//! The plan file beside the plan: places, and what an expression refers to for certain.

use std::io::{Cursor, Write};

use serde_json::{Value, json};
use zip::write::SimpleFileOptions;

use super::{NOW, config, create, new_bucket, outcome, plan, refers, trail_values};
use crate::program::{said, trailproof};
use trailproof::finding::Outcome;
use trailproof::inventory::{Basis, Fact, Inventory, Origin};
use trailproof::source::code::{self, Form, Options};

/// A plan file with these modules: key, folder, text of its `main.tf`.
fn plan_file(modules: &[(&str, &str, &str)]) -> Vec<u8> {
    let manifest: Vec<Value> = modules.iter().map(|(key, dir, _)| json!({ "Key": key, "Dir": dir })).collect();
    let mut files = vec![("tfconfig/modules.json".to_string(), json!(manifest).to_string())];
    files.extend(modules.iter().map(|(key, _, text)| (format!("tfconfig/m-{key}/main.tf"), (*text).to_string())));
    files.push(("tfplan".into(), "what only Terraform reads".into()));
    zipped(&files)
}

fn zipped(files: &[(String, String)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files {
        writer.start_file(name.as_str(), SimpleFileOptions::default()).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn built(plan: Value, file: Vec<u8>) -> Inventory {
    let files = vec![("plan.json".to_string(), Form::Plan(plan)), ("tfplan".to_string(), Form::PlanFile(file))];
    let stacks = code::load(files).unwrap();
    code::build(&stacks, Options { complete: false, read: NOW.parse().unwrap() })
}

const SOURCE: &str = r#"
locals {
  bucket = aws_s3_bucket.logs["a"].id
}

resource "aws_cloudtrail" "main" {
  name           = "main"
  s3_bucket_name = local.bucket

  enable_log_file_validation = false
}

resource "aws_s3_bucket" "logs" {
  for_each = toset(["a", "b"])
}

resource "aws_s3_bucket_versioning" "logs" {
  for_each = aws_s3_bucket.logs
  bucket   = each.value.id
  versioning_configuration {
    status = each.key == "a" ? "Enabled" : "Suspended"
  }
}

resource "aws_s3_bucket_policy" "logs" {
  for_each = toset(["a", "b"])
  bucket   = aws_s3_bucket.logs[each.key].id
  policy   = data.aws_iam_policy_document.logs[each.key].json
}

data "aws_iam_policy_document" "logs" {
  for_each = toset(["a", "b"])
  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.logs[each.key].arn, "${aws_s3_bucket.logs[each.key].arn}/*"]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}
"#;

/// The plan of the source above, as the JSON keeps it.
fn open_plan() -> Value {
    let mut values = trail_values();
    values["enable_log_file_validation"] = json!(false);
    let mut changes = vec![create("aws_cloudtrail.main", values, json!({ "arn": true, "s3_bucket_name": true }))];
    for (key, status) in [("a", "Enabled"), ("b", "Suspended")] {
        let mut open = new_bucket();
        open["bucket"] = json!(true);
        changes.push(create(&format!("aws_s3_bucket.logs[\"{key}\"]"), json!({}), open));
        changes.push(create(
            &format!("aws_s3_bucket_versioning.logs[\"{key}\"]"),
            json!({ "versioning_configuration": [{ "status": status }] }),
            json!({ "bucket": true, "versioning_configuration": [{ "mfa_delete": true }] }),
        ));
        let open = json!({ "bucket": true, "policy": true });
        changes.push(create(&format!("aws_s3_bucket_policy.logs[\"{key}\"]"), json!({}), open));
        let statement = json!({
            "sid": "TlsOnly", "effect": "Deny", "actions": ["s3:*"], "resources": [null, null],
            "principals": [{ "type": "*", "identifiers": ["*"] }],
            "condition": [{ "test": "Bool", "variable": "aws:SecureTransport", "values": ["false"] }],
        });
        changes.push(json!({
            "address": format!("data.aws_iam_policy_document.logs[\"{key}\"]"),
            "change": { "actions": ["read"], "after": { "statement": [statement] },
                        "after_unknown": { "json": true, "statement": [{ "resources": [true, true] }] } },
        }));
    }
    let by_key = |name: &str| refers(&[name, "each.key"]);
    plan(
        changes.into(),
        json!({ "resources": [
            config("aws_cloudtrail.main", json!({ "name": { "constant_value": "main" }, "s3_bucket_name": refers(&["local.bucket"]),
                "enable_log_file_validation": { "constant_value": false } })),
            config("aws_s3_bucket.logs", json!({})),
            config("aws_s3_bucket_versioning.logs", json!({ "bucket": refers(&["each.value.id", "each.value"]),
                "versioning_configuration": [{ "status": by_key("each.key") }] })),
            config("aws_s3_bucket_policy.logs", json!({ "bucket": by_key("aws_s3_bucket.logs"),
                "policy": by_key("data.aws_iam_policy_document.logs") })),
            config("data.aws_iam_policy_document.logs", json!({ "statement": [{ "resources": by_key("aws_s3_bucket.logs") }] })),
        ]}),
    )
}

#[test]
fn what_the_json_loses_the_source_tells() {
    let bucket = "aws_s3_bucket.logs[\"a\"]";
    let inventory = built(open_plan(), plan_file(&[("", ".", SOURCE)]));
    assert!(
        matches!(&inventory.trails[0].bucket, Fact::Known { basis: Basis::Configured, .. }),
        "{:?}",
        inventory.trails[0].bucket
    );
    assert_eq!(outcome(&inventory, "log-bucket-versioning", bucket), Outcome::Pass);
    assert_eq!(outcome(&inventory, "log-bucket-tls-only", bucket), Outcome::Pass);
    // Without it there is no telling, and nothing is guessed.
    let stacks = code::load(vec![("plan.json".to_string(), Form::Plan(open_plan()))]).unwrap();
    let inventory = code::build(&stacks, Options { complete: false, read: NOW.parse().unwrap() });
    assert!(inventory.trails[0].bucket.gap().is_some());
    assert!(inventory.buckets.is_empty());
}

#[test]
fn facts_and_findings_have_their_places() {
    let inventory = built(open_plan(), plan_file(&[("", ".", SOURCE)]));
    let trail = &inventory.trails[0];
    let place = |line, column| Origin::Place { file: "main.tf".into(), line, column };
    assert!(matches!(&trail.log_file_validation_enabled, Fact::Known { from, .. } if *from == place(10, 3)));
    // What is not written stands at its block.
    assert!(matches!(&trail.is_multi_region, Fact::Known { from, .. } if *from == place(6, 1)));
    let findings = super::findings(&inventory);
    let finding = findings.iter().find(|f| f.policy == "trail-log-file-validation").unwrap();
    let source = finding.subject.place.as_ref().unwrap().source.as_ref().unwrap();
    assert_eq!((source.file.as_str(), source.line, source.column), ("main.tf", 6, 1));
}

#[test]
fn modules_are_followed_by_their_keys_and_calls_are_named() {
    let module = r#"
variable "bucket" {}
resource "aws_cloudtrail" "this" {
  s3_bucket_name = var.bucket
}
"#;
    let root = r#"
resource "aws_s3_bucket" "logs" {
  for_each = toset(["a", "b"])
}
module "trail" {
  for_each = toset(["a", "b"])
  source   = "./modules/trail"
  bucket   = aws_s3_bucket.logs[each.key].id
}
"#;
    let buckets = ["a", "b"].map(|key| {
        let mut open = new_bucket();
        open["bucket"] = json!(true);
        create(&format!("aws_s3_bucket.logs[\"{key}\"]"), json!({}), open)
    });
    let trails = ["a", "b"].map(|key| {
        let open = json!({ "s3_bucket_name": true });
        create(&format!("module.trail[\"{key}\"].aws_cloudtrail.this"), trail_values(), open)
    });
    let plan = plan(
        [buckets, trails].concat().into(),
        json!({
            "resources": [config("aws_s3_bucket.logs", json!({}))],
            "module_calls": { "trail": {
                "expressions": { "bucket": refers(&["aws_s3_bucket.logs", "each.key"]) },
                "module": { "resources": [config("aws_cloudtrail.this", json!({ "s3_bucket_name": refers(&["var.bucket"]) }))] },
            }},
        }),
    );
    let inventory = built(plan, plan_file(&[("", ".", root), ("trail", "modules/trail", module)]));
    let code = inventory.code.as_ref().unwrap();
    let declared = code.declared.iter().find(|d| d.address == "module.trail[\"b\"].aws_cloudtrail.this").unwrap();
    assert_eq!(declared.place.as_ref().map(|p| (p.file.as_str(), p.line)), Some(("modules/trail/main.tf", 3)));
    assert_eq!(declared.related.first().map(|p| (p.file.as_str(), p.line)), Some(("main.tf", 5)));
    let trail = inventory.trail(&declared.id).unwrap();
    let bucket = trail.bucket.known().map(|b| code.declared("bucket", &b.0).unwrap().address.clone());
    assert_eq!(bucket.as_deref(), Some("aws_s3_bucket.logs[\"b\"]"));
}

#[test]
fn a_secret_variable_is_not_put_into_a_name() {
    let source = r#"
variable "prefix" { sensitive = true }
resource "aws_cloudtrail" "main" {
  s3_bucket_name = "${var.prefix}-logs"
}
"#;
    let mut plan = plan(
        json!([create("aws_cloudtrail.main", trail_values(), json!({ "s3_bucket_name": true }))]),
        json!({ "resources": [config("aws_cloudtrail.main", json!({ "s3_bucket_name": refers(&["var.prefix"]) }))] }),
    );
    plan["variables"] = json!({ "prefix": { "value": "hunter2" } });
    let inventory = built(plan, plan_file(&[("", ".", source)]));
    assert!(inventory.trails[0].bucket.gap().is_some());
    assert!(!inventory.to_json().unwrap().contains("hunter2"));
}

#[test]
fn plan_files_that_cannot_be_used_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("plan.json"), open_plan().to_string()).unwrap();
    let files =
        |files: &[(&str, &str)]| zipped(&files.iter().map(|(n, t)| ((*n).to_string(), (*t).to_string())).collect::<Vec<_>>());
    let large = " ".repeat(9 * 1024 * 1024);
    let cases: [(&str, Vec<u8>); 5] = [
        ("foreign", plan_file(&[("", ".", "resource \"aws_cloudtrail\" \"other\" {}\n")])),
        ("escaping", files(&[("tfconfig/m-/../../etc/main.tf", "")])),
        ("empty", files(&[("tfplan", "x")])),
        ("bomb", files(&[("tfconfig/m-/main.tf", &large)])),
        ("cut", plan_file(&[("", ".", SOURCE)])[..60].to_vec()),
    ];
    let mut all = String::new();
    for (name, bytes) in cases {
        std::fs::write(folder.path().join(name), bytes).unwrap();
        let output = trailproof(folder.path()).args(["scan", "plan.json", name]).output().unwrap();
        all.push_str(&format!("## {name}\n{}\n", said(&output, folder.path())));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn a_file_that_cannot_be_parsed_is_said_and_the_rest_is_used() {
    let deep = format!("locals {{ x = {}1{} }}\n", "(".repeat(5_000), ")".repeat(5_000));
    let file = zipped(&[
        ("tfconfig/modules.json".to_string(), json!([{ "Key": "", "Dir": "." }]).to_string()),
        ("tfconfig/m-/main.tf".to_string(), SOURCE.to_string()),
        ("tfconfig/m-/deep.tf".to_string(), deep),
        ("tfconfig/m-/broken.tf".to_string(), "resource \"x\" {".to_string()),
    ]);
    let inventory = built(open_plan(), file);
    let notes = &inventory.code.as_ref().unwrap().notes;
    assert_eq!(notes.iter().filter(|note| note.contains("could not be parsed")).count(), 2, "{notes:?}");
    assert_eq!(outcome(&inventory, "log-bucket-versioning", "aws_s3_bucket.logs[\"a\"]"), Outcome::Pass);
}

#[test]
fn a_policy_that_is_written_in_place_is_read_with_the_names_that_are_open() {
    let judged = |policy: &str| {
        let source = format!(
            "resource \"aws_cloudtrail\" \"main\" {{\n  s3_bucket_name = aws_s3_bucket.logs.id\n}}\n\
             resource \"aws_s3_bucket\" \"logs\" {{}}\n\
             resource \"aws_s3_bucket_policy\" \"logs\" {{\n  bucket = aws_s3_bucket.logs.id\n  policy = {policy}\n}}\n"
        );
        let mut open = new_bucket();
        open["bucket"] = json!(true);
        let references = ["aws_s3_bucket.logs.arn", "aws_s3_bucket.logs"];
        let plan = plan(
            json!([
                create("aws_cloudtrail.main", trail_values(), json!({ "s3_bucket_name": true })),
                create("aws_s3_bucket.logs", json!({}), open),
                create("aws_s3_bucket_policy.logs", json!({}), json!({ "bucket": true, "policy": true })),
            ]),
            json!({ "resources": [
                config("aws_cloudtrail.main", json!({ "s3_bucket_name": refers(&["aws_s3_bucket.logs.id", "aws_s3_bucket.logs"]) })),
                config("aws_s3_bucket.logs", json!({})),
                config("aws_s3_bucket_policy.logs", json!({ "bucket": refers(&["aws_s3_bucket.logs.id", "aws_s3_bucket.logs"]),
                    "policy": refers(&references) })),
            ]}),
        );
        outcome(&built(plan, plan_file(&[("", ".", &source)])), "log-bucket-tls-only", "aws_s3_bucket.logs")
    };
    let statement = |resource: &str| {
        format!(
            "jsonencode({{ Version = \"2012-10-17\", Statement = [{{ Effect = \"Deny\", Principal = \"*\", Action = \"s3:*\", \
             Resource = {resource}, Condition = {{ Bool = {{ \"aws:SecureTransport\" = \"false\" }} }} }}] }})"
        )
    };
    assert_eq!(judged(&statement("[aws_s3_bucket.logs.arn, \"${aws_s3_bucket.logs.arn}/*\"]")), Outcome::Pass);
    assert_eq!(judged(&statement("[aws_s3_bucket.logs.arn]")), Outcome::Fail);
    // A name that is written, where the bucket's own is open, may be the bucket's or another's.
    assert_eq!(judged(&statement("[\"arn:aws:s3:::acme\", \"arn:aws:s3:::acme/*\", aws_s3_bucket.logs.arn]")), Outcome::Unknown);
    // A function that is not followed says nothing.
    assert_eq!(judged(&statement("formatlist(\"%s/*\", [aws_s3_bucket.logs.arn])")), Outcome::Unknown);
    let heredoc = "<<-EOT\n    {\"Statement\":[{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"s3:*\",\"Resource\":\
                   [\"${aws_s3_bucket.logs.arn}\",\"${aws_s3_bucket.logs.arn}/*\"],\"Condition\":{\"Bool\":\
                   {\"aws:SecureTransport\":\"false\"}}}]}\n  EOT";
    assert_eq!(judged(heredoc), Outcome::Pass);
}

/// The plan's configuration keeps nothing of a dynamic block, which is why it counted as not written.
#[test]
fn a_dynamic_block_that_is_open_is_not_left_to_the_service() {
    let source = r#"
resource "aws_cloudtrail" "main" {
  s3_bucket_name = aws_s3_bucket.logs.id
}
resource "aws_s3_bucket" "logs" {
  dynamic "lifecycle_rule" {
    for_each = random_shuffle.rules.result
    content {
      enabled = true
    }
  }
}
"#;
    let configs = vec![
        config("aws_cloudtrail.main", json!({ "s3_bucket_name": refers(&["aws_s3_bucket.logs.id", "aws_s3_bucket.logs"]) })),
        config("aws_s3_bucket.logs", json!({})),
    ];
    let changes = json!([
        create("aws_cloudtrail.main", trail_values(), json!({ "arn": true, "s3_bucket_name": true })),
        create("aws_s3_bucket.logs", json!({}), new_bucket()),
    ]);
    let inventory = built(plan(changes, json!({ "resources": configs })), plan_file(&[("", ".", source)]));
    assert_eq!(outcome(&inventory, "log-bucket-retention-minimum", "aws_s3_bucket.logs"), Outcome::Unknown);
}

#[test]
fn an_attribute_that_names_another_resource_is_no_name_of_its_own() {
    let source = r#"
resource "aws_cloudtrail" "main" {
  s3_bucket_name = aws_s3_bucket.logs.id
}
resource "aws_s3_bucket" "logs" {}
resource "aws_s3_bucket" "access" {}
resource "aws_s3_bucket_logging" "logs" {
  bucket        = aws_s3_bucket.logs.id
  target_bucket = aws_s3_bucket.access.id
}
resource "aws_s3_bucket_versioning" "access" {
  bucket = aws_s3_bucket_logging.logs.target_bucket
  versioning_configuration {
    status = "Enabled"
  }
}
"#;
    let (logs, access) = (["aws_s3_bucket.logs.id", "aws_s3_bucket.logs"], ["aws_s3_bucket.access.id", "aws_s3_bucket.access"]);
    let target = ["aws_s3_bucket_logging.logs.target_bucket", "aws_s3_bucket_logging.logs"];
    let configs = vec![
        config("aws_cloudtrail.main", json!({ "s3_bucket_name": refers(&logs) })),
        config("aws_s3_bucket.logs", json!({})),
        config("aws_s3_bucket.access", json!({})),
        config("aws_s3_bucket_logging.logs", json!({ "bucket": refers(&logs), "target_bucket": refers(&access) })),
        config("aws_s3_bucket_versioning.access", json!({ "bucket": refers(&target) })),
    ];
    let changes = json!([
        create("aws_cloudtrail.main", trail_values(), json!({ "arn": true, "s3_bucket_name": true })),
        create("aws_s3_bucket.logs", json!({}), new_bucket()),
        create("aws_s3_bucket.access", json!({}), new_bucket()),
        create("aws_s3_bucket_logging.logs", json!({}), json!({ "bucket": true, "target_bucket": true })),
        create(
            "aws_s3_bucket_versioning.access",
            json!({ "versioning_configuration": [{ "status": "Enabled" }] }),
            json!({ "bucket": true })
        ),
    ]);
    let inventory = built(plan(changes, json!({ "resources": configs })), plan_file(&[("", ".", source)]));
    assert_ne!(outcome(&inventory, "log-bucket-versioning", "aws_s3_bucket.logs"), Outcome::Pass);
}

#[test]
fn what_an_override_file_changes_is_not_read_from_the_file_that_it_changes() {
    let block =
        |bucket: &str| format!("resource \"aws_cloudtrail\" \"main\" {{\n  s3_bucket_name = aws_s3_bucket.{bucket}.id\n}}\n");
    let main = format!("{}resource \"aws_s3_bucket\" \"a\" {{}}\nresource \"aws_s3_bucket\" \"b\" {{}}\n", block("a"));
    let file = zipped(&[
        ("tfconfig/modules.json".into(), json!([{ "Key": "", "Dir": "." }]).to_string()),
        ("tfconfig/m-/main.tf".into(), main),
        ("tfconfig/m-/main_override.tf".into(), block("b")),
    ]);
    let configs = vec![
        config("aws_cloudtrail.main", json!({ "s3_bucket_name": refers(&["aws_s3_bucket.b.id", "aws_s3_bucket.b"]) })),
        config("aws_s3_bucket.a", json!({})),
        config("aws_s3_bucket.b", json!({})),
    ];
    let changes = json!([
        create("aws_cloudtrail.main", trail_values(), json!({ "arn": true, "s3_bucket_name": true })),
        create("aws_s3_bucket.a", json!({}), new_bucket()),
        create("aws_s3_bucket.b", json!({}), new_bucket()),
    ]);
    let inventory = built(plan(changes, json!({ "resources": configs })), file);
    let names: Vec<&str> = inventory.buckets.iter().map(|bucket| bucket.name.as_str()).collect();
    assert_eq!(names, ["⟨aws_s3_bucket.b in plan.json⟩"]);
}

/// Terraform writes the plan file where it reads the source, and that folder need not be the top of the repository.
#[test]
fn places_are_seen_from_where_the_plan_file_was_named() {
    for (name, folder) in [("infra/live/tfplan", "infra/live/"), ("./tfplan", ""), ("/tmp/tfplan", ""), ("../tfplan", "../")] {
        let modules = [("", ".", SOURCE), ("x", "../modules/x", "")];
        let files =
            vec![("plan.json".to_string(), Form::Plan(open_plan())), (name.to_string(), Form::PlanFile(plan_file(&modules)))];
        let stacks = code::load(files).unwrap();
        let inventory = code::build(&stacks, Options { complete: false, read: NOW.parse().unwrap() });
        let place = Origin::Place { file: format!("{folder}main.tf"), line: 10, column: 3 };
        assert!(matches!(&inventory.trails[0].log_file_validation_enabled, Fact::Known { from, .. } if *from == place), "{name}");
    }
}

/// What the program says, and its report, with the plan and the source in these places.
fn of_folder(plan: &str, source: &str, paths: &[&str], made: &str) -> (String, Value) {
    of_files(plan, &[("infra/main.tf", source)], paths, made)
}

/// As [`of_folder`], with all the files of the source by their paths.
fn of_files(plan: &str, sources: &[(&str, &str)], paths: &[&str], made: &str) -> (String, Value) {
    let folder = tempfile::tempdir().unwrap();
    let mut value = open_plan();
    value["timestamp"] = json!(made);
    let sources = sources.iter().map(|(path, text)| (*path, (*text).to_string()));
    for (path, text) in sources.chain([(plan, value.to_string())]) {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let output = trailproof(folder.path()).arg("scan").args(paths).args(["--format", "json", "--out", "-"]).output().unwrap();
    let said = said(&output, folder.path());
    (said, serde_json::from_slice(&output.stdout).unwrap_or_default())
}

#[test]
fn the_folder_of_the_source_tells_it_too() {
    // A plan of tomorrow is newer than any file.
    let later = "2999-01-01T00:00:00Z";
    for (plan, paths) in [
        ("infra/plan.json", &["infra"][..]),
        ("infra/plan.json", &["infra/plan.json", "infra"]),
        ("plan.json", &["plan.json", "infra"]),
    ] {
        let (said, report) = of_folder(plan, SOURCE, paths, later);
        let findings = report["findings"].as_array().unwrap_or_else(|| panic!("{said}"));
        let of = |policy: &str| findings.iter().filter(|f| f["policy"] == policy).collect::<Vec<_>>();
        let versioning = of("log-bucket-versioning");
        assert_eq!(versioning.len(), 1, "the code was read once: {said}");
        assert_eq!(
            (&versioning[0]["outcome"], &versioning[0]["subject"]["id"]),
            (&json!("pass"), &json!("aws_s3_bucket.logs[\"a\"]")),
            "{said}"
        );
        let validation = of("trail-log-file-validation");
        assert_eq!(validation[0]["outcome"], "fail");
        assert_eq!(validation[0]["subject"]["place"]["source"]["file"], "infra/main.tf", "{said}");
    }
    // What was changed after the plan was made is not what the plan was made of.
    let (_, report) = of_folder("infra/plan.json", SOURCE, &["infra"], "2020-01-01T00:00:00Z");
    assert!(report["code"]["notes"].to_string().contains("changed after the plan was made"), "{}", report["code"]);
    assert!(report["findings"].as_array().unwrap().iter().all(|f| f["subject"]["place"]["source"].is_null()));
    // A source of something else is none of the plan's: it is code of its own, wherever it stands.
    let other = "resource \"aws_cloudtrail\" \"other\" {\n  name = \"other\"\n  s3_bucket_name = \"elsewhere\"\n}\n";
    let (_, report) = of_folder("infra/plan.json", other, &["infra"], later);
    assert!(report["code"]["notes"].to_string().contains("does not belong to"), "{}", report["code"]);
    let (said, report) = of_folder("plan.json", other, &["plan.json", "infra"], later);
    let names: Vec<&str> =
        report["trails"].as_array().unwrap_or_else(|| panic!("{said}")).iter().filter_map(|t| t["name"].as_str()).collect();
    assert!(names.contains(&"other") && names.len() == 2, "{names:?}");
}

/// A folder that is not certainly the plan's source is code of its own: left out, nobody would judge it.
#[test]
fn no_folder_is_lost_behind_a_plan() {
    let later = "2999-01-01T00:00:00Z";
    let trail = json!({ "resource": { "aws_cloudtrail": { "other": { "name": "other", "s3_bucket_name": "elsewhere" } } } });
    let trail = trail.to_string();
    let named = SOURCE.replace("\"main\"\n", "\"other\"\n");
    for sources in [
        // Two environments of one shape.
        &[("infra/main.tf", SOURCE), ("prod/main.tf", SOURCE)][..],
        // What is written as JSON is not among what the plan is held against.
        &[("infra/main.tf", SOURCE), ("infra/more.tf.json", &trail)],
        // One shape, and another trail.
        &[("infra/main.tf", &named)],
    ] {
        let mut paths: Vec<&str> = sources.iter().filter_map(|(path, _)| path.split('/').next()).collect();
        paths.dedup();
        paths.insert(0, "plan.json");
        let (said, report) = of_files("plan.json", sources, &paths, later);
        let trails = report["trails"].as_array().unwrap_or_else(|| panic!("{said}"));
        let declared = 1 + sources.len();
        assert_eq!(trails.len(), declared, "{paths:?}: {trails:#?} {said}");
    }
}
