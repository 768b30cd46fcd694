//! Configuration in the shape of the modules that people share: `try`, `one`, conditionals, `dynamic` blocks, modules in modules.
//! How much of it is known is counted here; what it costs, `benches/code.py` measures.

use super::{Memory, built, files, findings, read_all};
use trailproof::finding::Outcome;
use trailproof::inventory::noun::{Record, View};
use trailproof::inventory::{GapKind, Inventory};

/// The folder of shared modules.
pub(super) const MODULES: [(&str, &str); 3] = [
    (
        "modules/label/main.tf",
        r#"
variable "namespace" {
  type    = string
  default = null
}
variable "name" { type = string }
variable "attributes" {
  type    = list(string)
  default = []
}
variable "enabled" {
  type    = bool
  default = null
}
variable "context" {
  type = any
  default = {
    enabled   = true
    namespace = null
    delimiter = null
    tags      = {}
  }
}
locals {
  input = {
    enabled   = var.enabled == null ? var.context.enabled : var.enabled
    namespace = var.namespace == null ? var.context.namespace : var.namespace
    delimiter = coalesce(var.context.delimiter, "-")
  }
  normalized = { for k in ["namespace", "name"] : k =>
    k == "name" ? lower(replace(var.name, "/[^-a-zA-Z0-9]/", "")) :
    lower(coalesce(local.input[k], "none"))
  }
  parts = compact(concat([local.normalized["namespace"]], [local.normalized.name], var.attributes))
  id    = join(local.input.delimiter, local.parts)
}
output "id" { value = local.input.enabled ? local.id : "" }
output "enabled" { value = local.input.enabled }
output "tags" { value = merge(var.context.tags, { Name = local.id }) }
"#,
    ),
    (
        "modules/bucket/main.tf",
        r#"
variable "create_bucket" {
  type    = bool
  default = true
}
variable "bucket" {
  type    = string
  default = null
}
variable "versioning" {
  type    = map(string)
  default = {}
}
variable "server_side_encryption_configuration" {
  type    = any
  default = {}
}
variable "lifecycle_rule" {
  type    = any
  default = []
}
variable "attach_deny_insecure_transport_policy" {
  type    = bool
  default = false
}
variable "policy" {
  type    = string
  default = null
}
variable "block_public_acls" {
  type    = bool
  default = true
}
variable "tags" {
  type    = map(string)
  default = {}
}
data "aws_partition" "current" {}
locals {
  create        = var.create_bucket
  attach_policy = var.attach_deny_insecure_transport_policy || var.policy != null
  rules         = try(jsondecode(var.lifecycle_rule), var.lifecycle_rule)
}
resource "aws_s3_bucket" "this" {
  count  = local.create ? 1 : 0
  bucket = var.bucket
  tags   = var.tags
}
resource "aws_s3_bucket_versioning" "this" {
  count  = local.create && length(keys(var.versioning)) > 0 ? 1 : 0
  bucket = aws_s3_bucket.this[0].id
  versioning_configuration {
    status     = try(var.versioning["enabled"] ? "Enabled" : "Suspended", tobool(var.versioning["status"]) ? "Enabled" : "Suspended", title(lower(var.versioning["status"])))
    mfa_delete = try(tobool(var.versioning["mfa_delete"]) ? "Enabled" : "Disabled", null)
  }
}
resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  count  = local.create && length(keys(var.server_side_encryption_configuration)) > 0 ? 1 : 0
  bucket = aws_s3_bucket.this[0].id
  dynamic "rule" {
    for_each = try(flatten([var.server_side_encryption_configuration["rule"]]), [])
    content {
      bucket_key_enabled = try(rule.value.bucket_key_enabled, null)
      dynamic "apply_server_side_encryption_by_default" {
        for_each = try([rule.value.apply_server_side_encryption_by_default], [])
        content {
          sse_algorithm     = apply_server_side_encryption_by_default.value.sse_algorithm
          kms_master_key_id = try(apply_server_side_encryption_by_default.value.kms_master_key_id, null)
        }
      }
    }
  }
}
resource "aws_s3_bucket_lifecycle_configuration" "this" {
  count  = local.create && length(local.rules) > 0 ? 1 : 0
  bucket = aws_s3_bucket.this[0].id
  dynamic "rule" {
    for_each = local.rules
    content {
      id     = try(rule.value.id, null)
      status = try(rule.value.enabled ? "Enabled" : "Disabled", "Enabled")
      dynamic "expiration" {
        for_each = try(flatten([rule.value.expiration]), [])
        content { days = try(expiration.value.days, null) }
      }
      dynamic "noncurrent_version_expiration" {
        for_each = try(flatten([rule.value.noncurrent_version_expiration]), [])
        content { noncurrent_days = try(noncurrent_version_expiration.value.days, null) }
      }
    }
  }
}
data "aws_iam_policy_document" "deny_insecure_transport" {
  count = local.create && var.attach_deny_insecure_transport_policy ? 1 : 0
  statement {
    sid       = "denyInsecureTransport"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.this[0].arn, "${aws_s3_bucket.this[0].arn}/*"]
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
data "aws_iam_policy_document" "combined" {
  count                   = local.create && local.attach_policy ? 1 : 0
  source_policy_documents = compact([one(data.aws_iam_policy_document.deny_insecure_transport[*].json), var.policy != null ? var.policy : ""])
}
resource "aws_s3_bucket_policy" "this" {
  count  = local.create && local.attach_policy ? 1 : 0
  bucket = aws_s3_bucket.this[0].id
  policy = data.aws_iam_policy_document.combined[0].json
}
resource "aws_s3_bucket_public_access_block" "this" {
  count                   = local.create ? 1 : 0
  bucket                  = local.attach_policy ? aws_s3_bucket_policy.this[0].id : aws_s3_bucket.this[0].id
  block_public_acls       = var.block_public_acls
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}
output "s3_bucket_id" { value = try(aws_s3_bucket_policy.this[0].id, aws_s3_bucket.this[0].id, "") }
output "s3_bucket_arn" { value = try(aws_s3_bucket.this[0].arn, "") }
"#,
    ),
    (
        "modules/trail/main.tf",
        r#"
variable "name" { type = string }
variable "kms_key_arn" {
  type    = string
  default = ""
}
variable "is_multi_region_trail" {
  type    = bool
  default = true
}
variable "retention" {
  type    = number
  default = 365
}
variable "event_selector" {
  type = list(object({
    include_management_events = optional(bool, true)
    read_write_type           = optional(string, "All")
    data_resource             = optional(list(object({ type = string, values = list(string) })), [])
  }))
  default = []
}
module "label" {
  source    = "../label"
  namespace = "acme"
  name      = var.name
}
module "bucket" {
  source                                = "../bucket"
  bucket                                = "${module.label.id}-logs"
  versioning                            = { enabled = true }
  attach_deny_insecure_transport_policy = true
  tags                                  = module.label.tags
  server_side_encryption_configuration = {
    rule = {
      bucket_key_enabled = true
      apply_server_side_encryption_by_default = {
        sse_algorithm     = var.kms_key_arn == "" ? "AES256" : "aws:kms"
        kms_master_key_id = var.kms_key_arn == "" ? null : var.kms_key_arn
      }
    }
  }
  lifecycle_rule = [{ id = "logs", enabled = true, expiration = { days = var.retention } }]
}
resource "aws_cloudwatch_log_group" "this" {
  count             = module.label.enabled ? 1 : 0
  name              = "/aws/cloudtrail/${module.label.id}"
  retention_in_days = var.retention
  kms_key_id        = var.kms_key_arn != "" ? var.kms_key_arn : null
}
resource "aws_cloudtrail" "this" {
  count                      = module.label.enabled ? 1 : 0
  name                       = module.label.id
  s3_bucket_name             = module.bucket.s3_bucket_id
  kms_key_id                 = var.kms_key_arn != "" ? var.kms_key_arn : null
  is_multi_region_trail      = var.is_multi_region_trail
  enable_log_file_validation = true
  cloud_watch_logs_group_arn = "${one(aws_cloudwatch_log_group.this[*].arn)}:*"
  dynamic "event_selector" {
    for_each = var.event_selector
    content {
      include_management_events = event_selector.value.include_management_events
      read_write_type           = event_selector.value.read_write_type
      dynamic "data_resource" {
        for_each = event_selector.value.data_resource
        content {
          type   = data_resource.value.type
          values = data_resource.value.values
        }
      }
    }
  }
}
output "arn" { value = one(aws_cloudtrail.this[*].arn) }
"#,
    ),
];

/// So many root modules' worth of calls, of which each fourth leaves something to a variable without a value.
fn shaped(count: usize) -> Memory {
    let mut main = String::from(
        "provider \"aws\" {\n  region = \"eu-central-1\"\n  allowed_account_ids = [\"111122223333\"]\n}\nvariable \"retention\" { type = number }\nvariable \"multi\" {\n  type = bool\n  default = true\n}\n",
    );
    for at in 0..count {
        main += &format!(
            "resource \"aws_kms_key\" \"k{at}\" {{ enable_key_rotation = true }}\nmodule \"trail{at}\" {{\n  source = \"./modules/trail\"\n  \
             name = \"Team {at}\"\n  kms_key_arn = aws_kms_key.k{at}.arn\n  is_multi_region_trail = var.multi\n  {}\n  {}\n}}\n",
            if at % 4 == 3 { "retention = var.retention" } else { "retention = 400" },
            if at % 2 == 0 {
                "event_selector = [{ data_resource = [{ type = \"AWS::S3::Object\", values = [\"arn:aws:s3\"] }] }]"
            } else {
                ""
            },
        );
    }
    let mut all = files(&MODULES);
    all.insert("main.tf".into(), main.into_bytes());
    all
}

/// The values that are known, and those that are not and that code could tell.
fn leaves(inventory: &Inventory) -> (usize, usize) {
    let (mut known, mut open) = (0, 0);
    let declared = inventory.code.iter().flat_map(|code| &code.declared).filter(|declared| declared.noun != "account");
    for record in declared.filter_map(|declared| inventory.find(&declared.noun, &declared.id)) {
        let record: &dyn Record = record;
        for field in &record.noun().fields {
            match record.read(field.name) {
                Some(View::Known { .. }) => known += 1,
                Some(View::OneOf { candidates, .. }) if candidates.is_empty() => known += 1,
                Some(View::Unknown(gap)) if gap.kind == GapKind::RunTime => {}
                Some(View::Unknown(gap)) => {
                    if std::env::var_os("SHOW").is_some() {
                        eprintln!("{}: {}", field.name, gap.message);
                    }
                    open += 1;
                }
                Some(View::OneOf { .. }) => open += 1,
                _ => {}
            }
        }
    }
    (known, open)
}

#[test]
fn most_of_what_shared_modules_write_is_known() {
    let read = read_all(&shaped(20), &[]);
    assert_eq!(read.gaps, []);
    let inventory = built(&read);
    assert_eq!((inventory.trails.len(), inventory.buckets.len(), inventory.keys.len()), (20, 20, 20));
    let (known, open) = leaves(&inventory);
    let share = known * 1000 / (known + open);
    eprintln!("{known} of {} values are known: {}.{} %", known + open, share / 10, share % 10);
    assert!(share >= 950, "{known} known, {open} open");
    let all = findings(&inventory);
    let passes = |policy: &str| all.iter().filter(|f| f.policy == policy && f.outcome == Outcome::Pass).count();
    for policy in [
        "log-bucket-versioning",
        "log-bucket-tls-only",
        "log-bucket-kms-encryption",
        "trail-kms-encryption",
        "trail-log-file-validation",
    ] {
        assert_eq!(passes(policy), 20, "{policy}");
    }
}
