//! Terraform's configuration without a plan: what it comes to in the inventory, in the findings and at the end.

mod amiss;
mod shaped;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use trailproof::audit::{Settings, audit};
use trailproof::finding::{Finding, Outcome};
use trailproof::inventory::{Basis, Bucket, Fact, GapKind, Inventory, Origin, Trail};
use trailproof::policy::catalogue::Catalogue;
use trailproof::source::code::terraform::configuration::{self, Given, Read, Root};
use trailproof::source::code::{self, Options};

use crate::program::{said, trailproof};

const NOW: &str = "2026-11-02T09:30:00Z";

type Memory = BTreeMap<PathBuf, Vec<u8>>;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files(all: &[(&str, &str)]) -> Memory {
    all.iter().map(|(path, text)| (PathBuf::from(path), text.as_bytes().to_vec())).collect()
}

fn given(values: &[&str]) -> Given {
    let mut given = Given::default();
    for value in values {
        // Text is given by the command line, and what is none by a file.
        match value.split_once('=') {
            Some((name, text)) if text.starts_with(['[', '{']) => {
                given.file("given.tfvars", format!("{name} = {text}\n").as_bytes()).expect("a file of values");
            }
            _ => given.one(value).expect("a value"),
        }
    }
    given
}

fn read_all(files: &Memory, values: &[&str]) -> Read {
    let root = Root { folder: PathBuf::new(), within: PathBuf::new() };
    configuration::read(files, &root, &given(values)).expect("a folder")
}

fn read(text: &str, values: &[&str]) -> Read {
    read_all(&files(&[("main.tf", text)]), values)
}

fn built(read: &Read) -> Inventory {
    code::build(std::slice::from_ref(&read.stack), Options { complete: false, read: NOW.parse().expect("a time") })
}

pub(crate) fn inventory(text: &str, values: &[&str]) -> Inventory {
    let read = read(text, values);
    assert_eq!(read.gaps, []);
    built(&read)
}

pub(crate) fn findings(inventory: &Inventory) -> Vec<Finding> {
    let catalogue = Catalogue::embedded().expect("the embedded policies");
    audit(inventory, &catalogue, &Settings::default(), inventory.scope.ended).expect("audited")
}

fn outcome(inventory: &Inventory, policy: &str) -> Outcome {
    let all = findings(inventory);
    let found: Vec<&Finding> = all.iter().filter(|f| f.policy == policy).collect();
    assert_eq!(found.len(), 1, "{policy}: {found:?}");
    found[0].outcome
}

fn trail(inventory: &Inventory) -> &Trail {
    assert_eq!(inventory.trails.len(), 1);
    &inventory.trails[0]
}

fn bucket(inventory: &Inventory) -> &Bucket {
    assert_eq!(inventory.buckets.len(), 1, "{:?}", inventory.buckets.iter().map(|b| &b.name).collect::<Vec<_>>());
    &inventory.buckets[0]
}

const PROVIDER: &str = "provider \"aws\" {\n  region = \"eu-central-1\"\n  allowed_account_ids = [\"111122223333\"]\n}\n";

/// A trail `t` with a bucket `b`; more of each, and more beside.
fn small(of_trail: &str, of_bucket: &str, beside: &str) -> String {
    format!(
        "{PROVIDER}resource \"aws_cloudtrail\" \"t\" {{\n  name = \"main\"\n  s3_bucket_name = aws_s3_bucket.b.id\n  {of_trail}\n}}\n\
         resource \"aws_s3_bucket\" \"b\" {{\n  bucket = \"acme-logs\"\n  {of_bucket}\n}}\n{beside}\n"
    )
}

/// A folder of the repository.
fn on_disk(folder: &str, values: &[&str]) -> Read {
    fn gather(folder: &Path, below: &Path, files: &mut Memory) {
        for entry in std::fs::read_dir(folder.join(below)).expect("a folder").flatten() {
            let path = below.join(entry.file_name());
            match entry.path().is_dir() {
                true => gather(folder, &path, files),
                false => drop(files.insert(path, std::fs::read(entry.path()).expect("a file"))),
            }
        }
    }
    let mut files = Memory::new();
    gather(&root().join(folder), Path::new(""), &mut files);
    read_all(&files, values)
}

#[test]
fn the_examples_are_judged_by_what_they_say() {
    let good = on_disk("examples/terraform/good", &[]);
    assert_eq!(good.gaps, []);
    let inventory = built(&good);
    for policy in [
        "trail-log-file-validation",
        "trail-kms-encryption",
        "log-bucket-versioning",
        "log-bucket-object-lock",
        "log-bucket-tls-only",
        "log-bucket-confused-deputy",
        "log-bucket-kms-encryption",
        "key-rotation",
        "trail-records-s3-object-writes",
    ] {
        assert_eq!(outcome(&inventory, policy), Outcome::Pass, "{policy}");
    }
    assert_eq!(trail(&inventory).arn, "arn:aws:cloudtrail:eu-central-1:111122223333:trail/acme-audit-trail");
    let bad = on_disk("examples/terraform/bad", &[]);
    let inventory = built(&bad);
    for (policy, wanted) in [
        ("trail-log-file-validation", Outcome::Unknown),
        ("trail-kms-encryption", Outcome::Fail),
        ("log-bucket-versioning", Outcome::Fail),
        ("log-bucket-tls-only", Outcome::Fail),
        ("log-bucket-confused-deputy", Outcome::Fail),
    ] {
        assert_eq!(outcome(&inventory, policy), wanted, "{policy}");
    }
    for (value, wanted) in [("validate=true", Outcome::Pass), ("validate=false", Outcome::Fail)] {
        let inventory = built(&on_disk("examples/terraform/bad", &[value]));
        assert_eq!(outcome(&inventory, "trail-log-file-validation"), wanted, "{value}");
    }
    let inventory = built(&on_disk("examples/terraform/bad", &["validate=true", "versioning=true"]));
    assert_eq!(outcome(&inventory, "log-bucket-versioning"), Outcome::Pass);
}

/// The same code as a plan and as it is written: where both decide, they say the same.
#[test]
fn a_plan_of_the_same_code_is_judged_the_same() {
    let plan = std::fs::read_to_string(root().join("examples/terraform/plan.json")).expect("the plan");
    let stack = code::terraform::load("plan.json", serde_json::from_str(&plan).expect("JSON")).expect("a plan");
    let of_plan = findings(&code::build(&[stack], Options { complete: false, read: NOW.parse().expect("a time") }));
    let read = on_disk("examples/terraform", &[]);
    assert_eq!(read.gaps, []);
    let of_source = findings(&built(&read));
    let mut decided = 0;
    for finding in of_plan.iter().filter(|f| f.outcome != Outcome::Unknown) {
        let same: Vec<&Finding> =
            of_source.iter().filter(|f| f.policy == finding.policy && f.subject.kind == finding.subject.kind).collect();
        assert_eq!(same.len(), 1, "{}", finding.policy);
        if same[0].outcome != Outcome::Unknown {
            assert_eq!(same[0].outcome, finding.outcome, "{}", finding.policy);
            decided += 1;
        }
    }
    assert!(decided >= 30, "{decided}");
}

/// Everything that a variable can decide, in one configuration.
const OPEN: &str = r#"
variable "flag" { default = true }
variable "create" { default = true }
variable "status" { default = "Enabled" }
variable "names" { default = ["a"] }
variable "name" { default = "acme-logs" }
variable "rules" { default = [{ days = 400 }] }
variable "algorithm" { default = "aws:kms" }
variable "principal" { default = "cloudtrail.amazonaws.com" }
variable "source" { default = "arn:aws:cloudtrail:eu-central-1:111122223333:trail/main" }
variable "region" { default = "eu-central-1" }
variable "account" { default = "111122223333" }
variable "days" { default = 365 }
provider "aws" {
  region              = var.region
  allowed_account_ids = [var.account]
}
resource "aws_cloudtrail" "t" {
  count                      = var.create ? 1 : 0
  name                       = "main"
  s3_bucket_name             = aws_s3_bucket.b.id
  kms_key_id                 = var.flag ? aws_kms_key.k.arn : null
  enable_log_file_validation = var.flag
  is_multi_region_trail      = !var.flag
  dynamic "event_selector" {
    for_each = var.names
    content {
      read_write_type = event_selector.value == "a" ? "All" : "WriteOnly"
    }
  }
}
resource "aws_s3_bucket" "b" { bucket = var.name }
resource "aws_s3_bucket_versioning" "b" {
  bucket = aws_s3_bucket.b.id
  versioning_configuration { status = var.status }
}
resource "aws_s3_bucket_public_access_block" "b" {
  count                   = length(var.names)
  bucket                  = aws_s3_bucket.b.bucket
  block_public_acls       = var.flag
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}
resource "aws_s3_bucket_server_side_encryption_configuration" "b" {
  for_each = toset(var.names)
  bucket   = aws_s3_bucket.b.id
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm     = var.algorithm
      kms_master_key_id = try(aws_kms_key.k.arn, null)
    }
  }
}
resource "aws_s3_bucket_lifecycle_configuration" "b" {
  bucket = aws_s3_bucket.b.id
  dynamic "rule" {
    for_each = var.rules
    content {
      id     = "x"
      status = "Enabled"
      expiration { days = lookup(rule.value, "days", 30) }
    }
  }
}
data "aws_iam_policy_document" "p" {
  statement {
    effect    = var.flag ? "Deny" : "Allow"
    actions   = ["s3:*"]
    resources = ["${aws_s3_bucket.b.arn}", "${aws_s3_bucket.b.arn}/*"]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = [!var.flag]
    }
  }
  statement {
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.b.arn}/*"]
    principals {
      type        = "Service"
      identifiers = [var.principal]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = [var.source]
    }
  }
}
resource "aws_s3_bucket_policy" "b" {
  bucket = aws_s3_bucket.b.id
  policy = data.aws_iam_policy_document.p.json
}
resource "aws_kms_key" "k" {
  enable_key_rotation     = var.flag
  rotation_period_in_days = var.days
}
"#;

/// Wherever a configuration decides less, no policy says the opposite.
#[test]
fn what_is_open_is_never_decided_otherwise() {
    let names: Vec<&str> = OPEN.lines().filter_map(|line| line.strip_prefix("variable \"")?.split('"').next()).collect();
    let mut worlds: Vec<Vec<Finding>> = Vec::new();
    for values in [
        &[][..],
        &["flag=false"],
        &["create=false"],
        &["status=Suspended"],
        &["names=[]"],
        &["names=[\"b\", \"a\"]"],
        &["name=other"],
        &["rules=[]"],
        &["rules=[{}]"],
        &["algorithm=AES256"],
        &["principal=*"],
        &["source=*"],
        &["region=us-east-1"],
        &["account=444455556666"],
        &["days=90", "flag=false", "names=[]"],
    ] {
        worlds.push(findings(&inventory(OPEN, values)));
    }
    let without = |left: &[&str]| {
        let mut text = String::new();
        for line in OPEN.lines() {
            let name = line.strip_prefix("variable \"").and_then(|rest| rest.split('"').next());
            match name.filter(|name| left.contains(name)) {
                Some(name) => text.push_str(&format!("variable \"{name}\" {{}}\n")),
                None => text.push_str(&format!("{line}\n")),
            }
        }
        findings(&inventory(&text, &[]))
    };
    let mut left: Vec<Vec<&str>> = vec![names.clone()];
    for (at, one) in names.iter().enumerate() {
        left.push(vec![one]);
        left.extend(names[at + 1..].iter().step_by(3).map(|other| vec![*one, *other]));
    }
    let mut compared = 0;
    for left in left {
        let open = without(&left);
        // A world is one of those that are open where it differs in nothing else.
        for (at, world) in worlds.iter().enumerate() {
            let differs: &[&str] = match at {
                0 => &[],
                1 => &["flag"],
                2 => &["create"],
                3 => &["status"],
                4 | 5 => &["names"],
                6 => &["name"],
                7 | 8 => &["rules"],
                9 => &["algorithm"],
                10 => &["principal"],
                11 => &["source"],
                12 => &["region"],
                13 => &["account"],
                _ => &["days", "flag", "names"],
            };
            if !differs.iter().all(|name| left.contains(name)) {
                continue;
            }
            for finding in open.iter().filter(|f| f.subject.kind != "account" && f.outcome != Outcome::Unknown) {
                for same in world.iter().filter(|f| f.policy == finding.policy && f.subject.kind == finding.subject.kind) {
                    assert_eq!(
                        same.outcome, finding.outcome,
                        "{} on {} without {left:?} in world {at}",
                        finding.policy, finding.subject.id
                    );
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 500, "{compared}");
}

#[test]
fn an_open_dynamic_block_leaves_what_it_could_write_unknown() {
    let text = small(
        "",
        "dynamic \"server_side_encryption_configuration\" {\n    for_each = var.rules\n    content {\n      rule {\n        \
         apply_server_side_encryption_by_default { sse_algorithm = \"aws:kms\" }\n      }\n    }\n  }",
        "variable \"rules\" {}",
    );
    let open = inventory(&text, &[]);
    let gap = bucket(&open).default_encryption.gap().expect("it is open");
    assert!(gap.message.contains("variable `rules` has no default"), "{gap:?}");
    assert_eq!(
        gap.remedy.as_ref().map(ToString::to_string).expect("a remedy"),
        "give it with `--var rules=...`, or with `--var-file FILE`"
    );
    assert_eq!(outcome(&open, "log-bucket-kms-encryption"), Outcome::Unknown);
    let none = inventory(&text, &["rules=[]"]);
    assert_eq!(bucket(&none).default_encryption.known(), Some(&Some("AES256".to_string())));
}

#[test]
fn a_trail_that_may_not_be_made_may_not_log() {
    let text = small("count = var.create ? 1 : 0", "", "variable \"create\" {}");
    let open = inventory(&text, &[]);
    assert!(trail(&open).is_logging.gap().expect("it is open").message.contains("aws_cloudtrail.t is made is not known"));
    assert_eq!(
        open.code.as_ref().expect("code").declared.iter().find(|d| d.noun == "trail").expect("a trail").address,
        "aws_cloudtrail.t[0]"
    );
    assert_eq!(inventory(&text, &["create=false"]).trails.len(), 0);
    assert!(trail(&inventory(&text, &["create=true"])).is_logging.known().is_some());
}

#[test]
fn a_setting_that_may_not_be_made_decides_nothing() {
    let versioning = |count: &str, target: &str| {
        format!(
            "variable \"v\" {{}}\nresource \"aws_s3_bucket_versioning\" \"v\" {{\n  {count}\n  bucket = {target}\n  \
             versioning_configuration {{ status = \"Enabled\" }}\n}}\n"
        )
    };
    for (count, target) in [
        ("count = var.v ? 1 : 0", "aws_s3_bucket.b.id"),
        ("count = var.v", "aws_s3_bucket.b.id"),
        ("for_each = var.v", "each.value"),
        ("for_each = toset(var.v)", "aws_s3_bucket.b.id"),
        ("", "var.v"),
    ] {
        let open = inventory(&small("", "", &versioning(count, target)), &[]);
        assert_eq!(outcome(&open, "log-bucket-versioning"), Outcome::Unknown, "{count} {target}");
    }
    let sure = inventory(&small("", "", &versioning("", "aws_s3_bucket.b.bucket")), &[]);
    assert_eq!(outcome(&sure, "log-bucket-versioning"), Outcome::Pass);
}

#[test]
fn what_is_made_together_is_about_each_other() {
    let text = r#"
variable "create" {}
resource "aws_s3_bucket" "b" { count = var.create ? 1 : 0 }
resource "aws_s3_bucket_versioning" "b" {
  count  = var.create ? 1 : 0
  bucket = aws_s3_bucket.b[0].id
  versioning_configuration { status = "Enabled" }
}
resource "aws_cloudtrail" "t" {
  count          = var.create ? 1 : 0
  name           = "t"
  s3_bucket_name = aws_s3_bucket.b[0].id
}
"#;
    assert_eq!(outcome(&inventory(text, &[]), "log-bucket-versioning"), Outcome::Pass);
}

#[test]
fn a_policy_with_an_open_part_that_decides_is_unknown() {
    let document = |part: &str, declared: &str| {
        small(
            "",
            "",
            &format!(
                "{declared}\ndata \"aws_iam_policy_document\" \"p\" {{\n  statement {{\n    effect = \"Deny\"\n    actions = [\"s3:*\"]\n    \
                 resources = [aws_s3_bucket.b.arn, \"${{aws_s3_bucket.b.arn}}/*\"]\n    principals {{\n      type = \"*\"\n      \
                 identifiers = {part}\n    }}\n    condition {{\n      test = \"Bool\"\n      variable = \"aws:SecureTransport\"\n      \
                 values = [\"false\"]\n    }}\n  }}\n}}\nresource \"aws_s3_bucket_policy\" \"p\" {{\n  bucket = aws_s3_bucket.b.id\n  \
                 policy = data.aws_iam_policy_document.p.json\n}}\n"
            ),
        )
    };
    let closed = inventory(&document("[\"*\"]", ""), &[]);
    assert_eq!(outcome(&closed, "log-bucket-tls-only"), Outcome::Pass);
    let Fact::Known { from: Origin::Place { line, .. }, .. } = &bucket(&closed).policy else {
        panic!("{:?}", bucket(&closed).policy)
    };
    assert!(*line > 20, "{line}");
    let open = inventory(
        &document("var.who", "variable \"who\" {}").replace("\"*\"\n      identifiers", "\"AWS\"\n      identifiers"),
        &[],
    );
    assert_eq!(outcome(&open, "log-bucket-tls-only"), Outcome::Unknown);
    let gap = bucket(&open).policy.gap().expect("it is open");
    assert!(gap.message.contains("`Principal` of the policy depends on var.who"), "{gap:?}");
}

#[test]
fn documents_are_put_together() {
    let text = small(
        "",
        "",
        r#"
data "aws_iam_policy_document" "tls" {
  statement {
    sid       = "Tls"
    effect    = "Allow"
    actions   = ["s3:*"]
    resources = ["*"]
  }
  statement {
    sid       = "Kept"
    actions   = ["s3:GetBucketAcl"]
    resources = [aws_s3_bucket.b.arn]
    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }
  }
}
data "aws_iam_policy_document" "whole" {
  source_policy_documents = compact([data.aws_iam_policy_document.tls.json, ""])
  statement {
    sid       = "Tls"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.b.arn, "${aws_s3_bucket.b.arn}/*"]
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
resource "aws_s3_bucket_policy" "p" {
  bucket = aws_s3_bucket.b.id
  policy = data.aws_iam_policy_document.whole.json
}"#,
    );
    let inventory = inventory(&text, &[]);
    let policy = bucket(&inventory).policy.known().expect("known").as_ref().expect("a policy");
    assert_eq!(policy.statements.len(), 2);
    assert_eq!(outcome(&inventory, "log-bucket-tls-only"), Outcome::Pass);
}

#[test]
fn names_that_are_open_are_the_same_where_they_are_written_the_same() {
    let text = r#"
variable "name" {}
data "aws_caller_identity" "me" {}
resource "aws_s3_bucket" "b" { bucket = "${var.name}-logs" }
resource "aws_cloudtrail" "t" {
  name           = var.name
  s3_bucket_name = "${var.name}-logs"
}
resource "aws_s3_bucket_policy" "b" {
  bucket = "${var.name}-logs"
  policy = jsonencode({ Statement = [{
    Effect    = "Deny"
    Principal = "*"
    Action    = "s3:*"
    Resource  = ["arn:aws:s3:::${var.name}-logs", "arn:aws:s3:::${var.name}-logs/*"]
    Condition = { Bool = { "aws:SecureTransport" = "false" } }
  }] })
}
resource "aws_s3_bucket_versioning" "other" {
  bucket = "${var.name}-other"
  versioning_configuration { status = "Enabled" }
}
"#;
    let open = inventory(text, &[]);
    assert_eq!(outcome(&open, "log-bucket-tls-only"), Outcome::Pass);
    // It may be this very bucket, under another value.
    assert_eq!(outcome(&open, "log-bucket-versioning"), Outcome::Unknown);
    assert!(bucket(&open).name.contains("var.name"));
}

#[test]
fn aliases_of_providers_tell_where_things_are_made() {
    let all = files(&[
        (
            "main.tf",
            r#"
provider "aws" {
  region              = "eu-west-1"
  allowed_account_ids = ["111122223333"]
  default_tags { tags = { team = "security" } }
}
provider "aws" {
  alias  = "logs"
  region = "us-east-1"
  assume_role { role_arn = "arn:aws:iam::444455556666:role/deploy" }
}
module "bucket" {
  source    = "./bucket"
  providers = { aws = aws.logs }
}
resource "aws_cloudtrail" "t" {
  name           = "t"
  s3_bucket_name = module.bucket.name
  tags           = { app = "audit" }
}
resource "aws_sns_topic" "x" {
  provider = aws.logs
  name     = "x"
}"#,
        ),
        (
            "bucket/main.tf",
            "resource \"aws_s3_bucket\" \"b\" { bucket = \"acme\" }\noutput \"name\" { value = aws_s3_bucket.b.id }\n",
        ),
    ]);
    let read = read_all(&all, &[]);
    let inventory = built(&read);
    assert_eq!(trail(&inventory).arn, "arn:aws:cloudtrail:eu-west-1:111122223333:trail/t");
    let tags: Vec<String> =
        trail(&inventory).tags.known().expect("tags").iter().map(|tag| format!("{}={}", tag.key, tag.value)).collect();
    assert_eq!(tags, ["app=audit", "team=security"]);
    assert_eq!(bucket(&inventory).owner_account.known().map(String::as_str), Some("444455556666"));
    assert_eq!(bucket(&inventory).region.known().map(String::as_str), Some("us-east-1"));
    assert_eq!(outcome(&inventory, "log-archive-account-separate"), Outcome::Pass);
    let declared = &inventory.code.as_ref().expect("code").declared;
    let of_bucket = declared.iter().find(|d| d.noun == "bucket").expect("a bucket");
    assert_eq!(of_bucket.address, "module.bucket.aws_s3_bucket.b");
    assert_eq!(of_bucket.place.as_ref().map(|p| (p.file.as_str(), p.line, p.column)), Some(("bucket/main.tf", 1, 1)));
    assert_eq!(
        of_bucket.related.first().map(|p| (p.file.as_str(), p.line, p.what.as_str())),
        Some(("main.tf", 12, "called as module bucket"))
    );
}

#[test]
fn defaults_are_assumed_and_what_is_given_is_not() {
    let text = small("enable_log_file_validation = var.v", "", "variable \"v\" { default = true }");
    let basis = |inventory: &Inventory| match &trail(inventory).log_file_validation_enabled {
        Fact::Known { value: true, basis, .. } => *basis,
        other => panic!("{other:?}"),
    };
    assert_eq!(basis(&inventory(&text, &[])), Basis::AssumedDefault);
    assert_eq!(basis(&inventory(&text, &["v=true"])), Basis::Configured);
    assert_eq!(read(&text, &[]).stack.notes, ["variable v is assumed to keep its default; `--var NAME=VALUE` says otherwise"]);
}

#[test]
fn json_is_read_as_well() {
    let json = r#"{
  "provider": { "aws": { "region": "eu-central-1", "allowed_account_ids": ["111122223333"] } },
  "variable": { "name": { "type": "string", "default": "acme" } },
  "resource": {
    "aws_cloudtrail": { "t": { "name": "t", "s3_bucket_name": "${aws_s3_bucket.b.id}", "enable_log_file_validation": true } },
    "aws_s3_bucket": { "b": { "bucket": "${var.name}-logs" } },
    "aws_s3_bucket_versioning": { "b": { "bucket": "${aws_s3_bucket.b.id}", "versioning_configuration": [{ "status": "Enabled" }] } }
  }
}"#;
    let read = read_all(&files(&[("main.tf.json", json)]), &[]);
    assert_eq!(read.gaps, []);
    let inventory = built(&read);
    assert_eq!(bucket(&inventory).name, "acme-logs");
    assert_eq!(outcome(&inventory, "log-bucket-versioning"), Outcome::Pass);
    let Fact::Known { from: Origin::Place { file, line, .. }, .. } = &trail(&inventory).log_file_validation_enabled else {
        panic!()
    };
    assert_eq!((file.as_str(), *line), ("main.tf.json", 5));
}

#[test]
fn a_comment_names_a_waiver() {
    let text = format!(
        "{PROVIDER}# trailproof:waive W-2026-014, W-2\nresource \"aws_cloudtrail\" \"t\" {{\n  name = \"t\"\n  s3_bucket_name = \"b\"\n}}\n"
    );
    let read = read(&text, &[]);
    let related = &read.stack.resources[0].related;
    assert!(related[0].names_waiver("W-2026-014") && related[1].names_waiver("W-2"), "{related:?}");
    assert_eq!((related[0].file.as_str(), related[0].line, related[0].column), ("main.tf", 5, 3));
}

#[test]
fn a_comment_may_name_a_waiver_that_lets_it() {
    let waivers = |resource: &str| {
        format!(
            "waivers:\n- id: W-1\n  policy: trail-log-file-validation\n  resources: [{resource}]\n  owner: a@example.com\n  \
             approved_by: b@example.com\n  reason: The trail is replaced by that of the organization.\n  type: risk-accepted\n  \
             created: 2026-10-01\n  expires: 2026-12-01\n"
        )
    };
    let text = small("", "", "").replace("resource \"aws_cloudtrail\"", "// trailproof:waive W-1\nresource \"aws_cloudtrail\"");
    for (resource, code) in [("named-in-code", 0), ("arn:aws:cloudtrail:*:111122223333:trail/x", 1)] {
        let folder = on_a_disk(&[("main.tf", &text), ("waivers.yaml", &waivers(resource))]);
        let arguments = ["scan", ".", "--policy", "trail-log-file-validation", "--now", NOW, "--out", "reports"];
        let output = trailproof(folder.path()).args(arguments).output().expect("it runs");
        let text = said(&output, folder.path());
        assert_eq!(output.status.code(), Some(code), "{text}");
        assert_eq!(text.contains("waived"), code == 0, "{text}");
    }
}

#[test]
fn trails_of_which_it_is_not_known_how_many_there_are_decide_nothing() {
    let trail = "resource \"aws_cloudtrail\" \"t\" {\n  for_each = var.x\n  name = each.key\n  s3_bucket_name = \"b\"\n  \
                 is_multi_region_trail = true\n  enable_log_file_validation = true\n}\n";
    let open = "variable \"x\" {}\n";
    let called = format!("{PROVIDER}{open}module \"m\" {{\n  count = var.x\n  source = \"./m\"\n}}\n");
    let plain = trail.replace("  for_each = var.x\n", "").replace("each.key", "\"t\"");
    for all in [files(&[("main.tf", &format!("{PROVIDER}{open}{trail}"))]), files(&[("main.tf", &called), ("m/main.tf", &plain)])]
    {
        let read = read_all(&all, &[]);
        assert!(!read.stack.is_whole && !read.stack.hides.is_empty());
        let complete = Options { complete: true, read: NOW.parse().expect("a time") };
        let inventory = code::build(std::slice::from_ref(&read.stack), complete);
        for finding in
            findings(&inventory).iter().filter(|f| f.policy == "trail-exists" || f.policy == "trail-covers-every-region")
        {
            assert_eq!(finding.outcome, Outcome::Unknown, "{}", finding.policy);
        }
        assert_eq!(inventory.trails[0].log_file_validation_enabled.known(), Some(&true), "what is written of each is known");
    }
}

#[test]
fn values_that_cannot_be_read_leave_every_variable_open() {
    let text = small("enable_log_file_validation = var.v", "", "variable \"v\" { default = true }");
    let read = read_all(&files(&[("main.tf", &text), ("terraform.tfvars", "v = \n")]), &[]);
    assert!(read.gaps[0].message.starts_with("terraform.tfvars:1:5: "), "{:?}", read.gaps);
    assert!(trail(&built(&read)).log_file_validation_enabled.gap().is_some());
}

/// The folders of this test, on disk.
fn on_a_disk(all: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in all {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new(""))).expect("made");
        std::fs::write(path, text).expect("written");
    }
    folder
}

#[test]
fn kinds_of_gaps_tell_what_would_help() {
    let open = inventory(
        &small(
            "enable_log_file_validation = var.v\n  is_multi_region_trail = data.aws_ssm_parameter.p.value",
            "",
            "variable \"v\" {}\ndata \"aws_ssm_parameter\" \"p\" { name = \"x\" }",
        ),
        &[],
    );
    let trail = trail(&open);
    assert_eq!(trail.log_file_validation_enabled.gap().map(|gap| gap.kind), Some(GapKind::AbsentInput));
    assert_eq!(trail.is_multi_region.gap().map(|gap| gap.kind), Some(GapKind::KnownAfterApply));
}

/// A trail that is watched by one filter, its alarm and a topic.
fn watched(pattern: &str) -> Inventory {
    let text = format!(
        r#"
provider "aws" {{
  region              = "eu-west-1"
  allowed_account_ids = ["111122223333"]
}}
resource "aws_cloudtrail" "this" {{
  name                       = "audit"
  s3_bucket_name             = "audit-logs"
  is_multi_region_trail      = true
  cloud_watch_logs_group_arn = "${{aws_cloudwatch_log_group.trail.arn}}:*"
}}
resource "aws_cloudwatch_log_group" "trail" {{
  name = "/audit"
}}
locals {{
  metric = {{ namespace = "audit", name = "selectors" }}
}}
resource "aws_cloudwatch_log_metric_filter" "selectors" {{
  name           = local.metric.name
  log_group_name = aws_cloudwatch_log_group.trail.name
  pattern        = "{pattern}"
  metric_transformation {{
    namespace = local.metric.namespace
    name      = local.metric.name
    value     = "1"
  }}
}}
resource "aws_cloudwatch_metric_alarm" "selectors" {{
  alarm_name          = "selectors"
  namespace           = local.metric.namespace
  metric_name         = local.metric.name
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  alarm_actions       = [aws_sns_topic.alarms.arn]
}}
resource "aws_sns_topic" "alarms" {{
  name = "alarms"
}}
"#
    );
    inventory(&text, &[])
}

#[test]
fn who_is_told_is_followed_in_configuration() {
    let policy = "monitoring-selector-changes";
    let of = |pattern: &str| {
        let found: Vec<Finding> = findings(&watched(pattern)).into_iter().filter(|f| f.policy == policy).collect();
        assert_eq!(found.len(), 1, "{found:?}");
        found.into_iter().next().expect("one")
    };
    let told = |finding: &Finding| finding.counterexamples.iter().any(|case| case == "PutInsightSelectors is not told");
    // What other code may watch is not known, and that this filter leaves an event out is.
    let part = of("{ $.eventName = PutEventSelectors }");
    assert_eq!((part.outcome, told(&part)), (Outcome::Unknown, true), "{part:?}");
    // Where the pattern sees all of them, whether somebody confirmed a subscription is told by the account alone.
    let whole = of("{ ($.eventName = PutEventSelectors) || ($.eventName = PutInsightSelectors) }");
    assert_eq!((whole.outcome, told(&whole)), (Outcome::Unknown, false), "{whole:?}");
    assert!(!whole.chains.is_empty());
}
