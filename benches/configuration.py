"""Terraform's configuration for `code.py`: a root module of many files, with faults planted in some."""

FILES = 400

PROVIDER = """terraform {
  required_providers { aws = { source = "hashicorp/aws", version = "~> 5.0" } }
}

provider "aws" {
  region              = "eu-west-1"
  allowed_account_ids = [var.account_id]
}

variable "account_id" {
  type    = string
  default = "111122223333"
}

variable "environment" {
  type    = string
  default = "production"
}

locals {
  prefix = "acme-${var.environment}"
  tags   = merge({ environment = var.environment }, { for k in ["team", "cost"] : k => upper(k) })
}
"""

# What a program is started on.
QUEUE = 'resource "aws_sqs_queue" "work" {\n  name = "work"\n}\n'


def bucket(number, faults):
    status = "Suspended" if "no versions" in faults else "Enabled"
    return f"""resource "aws_s3_bucket" "logs{number}" {{
  bucket = "${{local.prefix}}-logs-{number}"
  tags   = local.tags
}}

resource "aws_s3_bucket_versioning" "logs{number}" {{
  bucket = aws_s3_bucket.logs{number}.id
  versioning_configuration {{
    status = var.environment == "production" ? "{status}" : "Suspended"
  }}
}}
"""


def trail(number, faults):
    validates = "false" if "no log file validation" in faults else 'contains(["production", "staging"], var.environment)'
    key = "" if "no key" in faults else f"\n  kms_key_id                 = try(aws_kms_key.logs{number}.arn, null)"
    rotates = "false" if "the key is not rotated" in faults else "true"
    return f"""resource "aws_kms_key" "logs{number}" {{
  enable_key_rotation = {rotates}
}}

resource "aws_cloudwatch_log_group" "logs{number}" {{
  name              = format("/trail/%s/%d", local.prefix, {number})
  retention_in_days = {400 + number % 100}
}}

resource "aws_cloudtrail" "logs{number}" {{
  name                       = "${{local.prefix}}-{number}"
  s3_bucket_name             = aws_s3_bucket.logs{number}.id{key}
  cloud_watch_logs_group_arn = "${{aws_cloudwatch_log_group.logs{number}.arn}}:*"
  enable_log_file_validation = {validates}
  is_multi_region_trail      = true
  tags                       = merge(local.tags, {{ number = {number} }})

  dynamic "event_selector" {{
    for_each = var.environment == "production" ? ["All"] : []
    content {{
      read_write_type           = event_selector.value
      include_management_events = true
    }}
  }}
}}
"""


def application(number):
    queues = "\n".join(
        f'resource "aws_sqs_queue" "q{number}_{at}" {{\n  name = "${{local.prefix}}-{number}-{at}"\n  tags = local.tags\n}}\n'
        for at in range(3)
    )
    return bucket(number, ()) + "\n" + queues


def configuration(folder, every, planted):
    """Writes the files, a trail in each `every`th; the faults that are planted in them, as (file, fault)."""
    folder.mkdir()
    (folder / "providers.tf").write_text(PROVIDER)
    found = set()
    for number in range(FILES):
        name = f"stack-{number:03}.tf"
        if number % every:
            (folder / name).write_text(application(number))
            continue
        faults = planted(number)
        (folder / name).write_text(bucket(number, faults) + "\n" + trail(number, faults))
        found |= {(name, fault) for fault in faults}
    return found
